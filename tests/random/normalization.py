"""Random normalisations."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from dense_shapes.axes import Shape, Size
from tests.random import Example

EPSILONS = st.sampled_from((1e-3, 1e-6, 0.25))


def shape(draw: st.DrawFn, known: list[int], rank: int) -> Shape:
    """A shape of so many axes after the batch; those that are not `known` may have no size."""
    largest = (6, 6, 5, 4, 3)[rank]
    sizes: list[Size] = [draw(st.integers(1, largest)) for _ in range(rank)]
    free = [place for place in range(rank) if place + 1 not in known]
    if free and draw(st.integers(0, 3)) == 0:
        sizes[draw(st.sampled_from(free))] = None
    return (None, *sizes)


def one_axis(draw: st.DrawFn) -> tuple[int, int, int]:
    """A rank after the batch, an axis as Keras takes it, and its place."""
    rank = draw(st.integers(1, 4))
    place = draw(st.integers(1, rank))
    return rank, place - draw(st.sampled_from((0, rank + 1))), place


def some_axes(draw: st.DrawFn) -> tuple[int, Any, list[int]]:
    """A rank after the batch, one axis or several as Keras takes them, and their places."""
    if draw(st.booleans()):
        rank, axis, place = one_axis(draw)
        return rank, axis, [place]
    rank = draw(st.integers(1, 4))
    order = draw(st.permutations(range(1, rank + 1)))
    places = list(order[: draw(st.integers(1, rank))])
    signs = st.sampled_from((0, rank + 1))
    shift = draw(signs)
    mixed = draw(st.booleans())
    return rank, [place - (draw(signs) if mixed else shift) for place in places], places


def switches(draw: st.DrawFn) -> dict[str, Any]:
    """Whether there are weights, and an epsilon."""
    return {
        "center": draw(st.booleans()),
        "scale": draw(st.booleans()),
        "epsilon": draw(EPSILONS),
    }


@st.composite
def batch(draw: st.DrawFn) -> Example:
    """Any axis; now and then with `renorm`."""
    rank, axis, place = one_axis(draw)
    renorm = draw(st.integers(0, 9)) == 0
    return {"axis": axis, "renorm": renorm, **switches(draw)}, [shape(draw, [place], rank)], {}


@st.composite
def layer(draw: st.DrawFn) -> Example:
    """Any axes; their sizes are known if there are weights along them."""
    rank, axis, places = some_axes(draw)
    config = {"axis": axis, **switches(draw)}
    if draw(st.integers(0, 4)) == 0:
        config["rms_scaling"] = True
    weighted = config["center"] or config["scale"] or "rms_scaling" in config
    return config, [shape(draw, places if weighted else [], rank)], {}


@st.composite
def groups(draw: st.DrawFn) -> Example:
    """Any axis, and any number of groups that it can be cut into."""
    rank, axis, place = one_axis(draw)
    count, each = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    found = list(shape(draw, [place], rank))
    found[place] = count * each
    config = {"groups": draw(st.sampled_from((count, -1, 1))), "axis": axis, **switches(draw)}
    return config, [tuple(found)], {}


@st.composite
def root_mean_square(draw: st.DrawFn) -> Example:
    """Any axes, most often the last ones, on which alone Keras can put the scale."""
    rank, axis, places = some_axes(draw)
    if draw(st.integers(0, 3)):
        first = draw(st.integers(1, rank))
        places = list(range(first, rank + 1))
        axis = [place - rank - 1 for place in places] if len(places) > 1 else -1
    return {"axis": axis, "epsilon": draw(EPSILONS)}, [shape(draw, places, rank)], {}


@st.composite
def unit(draw: st.DrawFn) -> Example:
    """Any axes."""
    rank, axis, _ = some_axes(draw)
    return {"axis": axis}, [shape(draw, [], rank)], {}


@st.composite
def layer_scale(draw: st.DrawFn) -> Example:
    """A number for each channel, or one for all."""
    rank = draw(st.integers(1, 4))
    found = shape(draw, [rank], rank)
    length = draw(st.sampled_from((found[-1], found[-1], 1)))
    return {"init_values": 0.5, "projection_dim": length}, [found], {}


@st.composite
def stochastic_depth(draw: st.DrawFn) -> Example:
    """Any input."""
    return {"drop_path_rate": 0.5}, [shape(draw, [], draw(st.integers(1, 4)))], {}


@st.composite
def custom_scale(draw: st.DrawFn) -> Example:
    """Two inputs of one shape."""
    found = shape(draw, [], draw(st.integers(1, 4)))
    return {"scale": draw(st.sampled_from((0.5, 0.25)))}, [found, found], {}


STRATEGIES: dict[str, SearchStrategy[Example]] = {
    "BatchNormalization": batch(),
    "LayerNormalization": layer(),
    "GroupNormalization": groups(),
    "RMSNormalization": root_mean_square(),
    "UnitNormalization": unit(),
    "LayerScale": layer_scale(),
    "StochasticDepth": stochastic_depth(),
    "CustomScaleLayer": custom_scale(),
}
