"""Random layers that lay the same cells out anew."""

from __future__ import annotations

from math import prod
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from dense_shapes.axes import Shape, Size
from tests.random import Example

FORMATS = st.sampled_from((None, "channels_last", "channels_first"))


def sizes(draw: st.DrawFn, rank: int) -> list[Size]:
    """So many sizes, few cells in all; one in three times, one of them is unknown."""
    largest = (6, 6, 6, 4, 3, 2)[rank]
    found: list[Size] = [draw(st.integers(1, largest)) for _ in range(rank)]
    if found and draw(st.integers(0, 2)) == 0:
        found[draw(st.integers(0, rank - 1))] = None
    return found


@st.composite
def flattened(draw: st.DrawFn) -> Example:
    """Any input."""
    config = {"data_format": draw(FORMATS)}
    return config, [(None, *sizes(draw, draw(st.integers(0, 5))))], {}


@st.composite
def cut_anew(draw: st.DrawFn) -> Example:
    """A target with the same number of cells; one of its axes may be left to be worked out."""
    source = [draw(st.integers(1, 6)) for _ in range(draw(st.integers(1, 3)))]
    target: list[int] = []
    rest = prod(source)
    for _ in range(draw(st.integers(0, 3))):
        size = draw(st.sampled_from([size for size in range(1, rest + 1) if rest % size == 0]))
        target.append(size)
        rest //= size
    target.append(rest)
    shape: Shape = (None, *source)
    if draw(st.booleans()):
        place = draw(st.integers(0, len(target) - 1))
        target[place] = -1
        if draw(st.booleans()):
            shape = (None, None, *source[1:])
    return {"target_shape": tuple(target)}, [shape], {}


@st.composite
def permuted(draw: st.DrawFn) -> Example:
    """The axes in any order."""
    rank = draw(st.integers(1, 4))
    dims = draw(st.permutations(range(1, rank + 1)))
    return {"dims": tuple(dims)}, [(None, *sizes(draw, rank))], {}


@st.composite
def repeated(draw: st.DrawFn) -> Example:
    """One axis, repeated."""
    return {"n": draw(st.integers(1, 6))}, [(None, *sizes(draw, 1))], {}


def image(draw: st.DrawFn, config: dict[str, Any], spatial: list[Size]) -> Shape:
    """The shape of an input with these spatial axes; its channels are where `data_format` says."""
    channels = draw(st.integers(1, 2))
    if config.get("data_format") == "channels_first":
        return (None, channels, *spatial)
    return (None, *spatial, channels)


def configured(draw: st.DrawFn, count: int, *, plain: bool) -> dict[str, Any]:
    """The data format of a layer that has one: all but those over one axis, most often."""
    return {} if plain and count == 1 else {"data_format": draw(FORMATS)}


def frame(draw: st.DrawFn, count: int) -> tuple[Any, list[tuple[int, int]]]:
    """What is cut off or added at the ends of each axis: as Keras takes it, and written out."""
    each = [(draw(st.integers(0, 2)), draw(st.integers(0, 2))) for _ in range(count)]
    match draw(st.integers(0, 2)):
        case 0:
            return each[0][0], [(each[0][0], each[0][0])] * count
        case 1 if count > 1:
            return tuple(one for one, _ in each), [(one, one) for one, _ in each]
    return (each[0] if count == 1 else tuple(each)), each


@st.composite
def cropped(draw: st.DrawFn, count: int) -> Example:
    """So much cut off that something is left."""
    cropping, ends = frame(draw, count)
    config = {"cropping": cropping, **configured(draw, count, plain=True)}
    left = sizes(draw, count + 1)[:count]
    spatial = [
        None if size is None else size + sum(end) for size, end in zip(left, ends, strict=True)
    ]
    return config, [image(draw, config, spatial)], {}


@st.composite
def padded(draw: st.DrawFn, count: int) -> Example:
    """Zeros at any end."""
    padding, _ = frame(draw, count)
    config = {"padding": padding, **configured(draw, count, plain=False)}
    return config, [image(draw, config, sizes(draw, count + 1)[:count])], {}


@st.composite
def up_sampled(draw: st.DrawFn, count: int) -> Example:
    """Any factors; an image may be interpolated too."""
    factors = [draw(st.integers(1, 3)) for _ in range(count)]
    size = factors[0] if count == 1 or draw(st.booleans()) else tuple(factors)
    config = {"size": size, **configured(draw, count, plain=True)}
    if count == 2 and draw(st.integers(0, 3)) == 0:
        config["interpolation"] = draw(st.sampled_from(("bilinear", "bicubic", "nearest")))
    return config, [image(draw, config, sizes(draw, count + 1)[:count])], {}


STRATEGIES: dict[str, SearchStrategy[Example]] = {
    "Flatten": flattened(),
    "Reshape": cut_anew(),
    "Permute": permuted(),
    "RepeatVector": repeated(),
    **{f"Cropping{count}D": cropped(count) for count in (1, 2, 3)},
    **{f"ZeroPadding{count}D": padded(count) for count in (1, 2, 3)},
    **{f"UpSampling{count}D": up_sampled(count) for count in (1, 2, 3)},
}
