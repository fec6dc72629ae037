"""Rules for the layers that lay the same cells out anew."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from operator import index, mul
from typing import Any

from dense_shapes.axes import Shape, Size, Window, times
from dense_shapes.errors import ShapeError
from dense_shapes.rules.book import Closed, Config, rule
from dense_shapes.steps import By, Value, apply


@rule("Flatten", example={}, shapes=[(None, 2, 3, 1)])
def flatten(config: Config, x: Value) -> Value:
    """All the axes after the batch become one; the last of them runs fastest.

    With `data_format="channels_first"` the channels are moved to the end first.
    Source: keras/src/layers/reshaping/flatten.py
    """
    rest = axis_names(x)
    order = rest
    if config.get("data_format") == "channels_first" and len(rest) > 1:
        order = [*rest[1:], rest[0]]
    return apply(f"b {' '.join(rest)} -> b {bracket(order)}", x, by=By.COPY)


@rule("Reshape", example={"target_shape": (3, 4)}, shapes=[(None, 2, 6)])
def reshape(config: Config, x: Value) -> Value:
    """The same cells in the same order, cut anew.

    Source: keras/src/layers/reshaping/reshape.py
    """
    asked = tuple(-1 if size is None else index(size) for size in config["target_shape"])
    source, target = x.shape[1:], resolved(asked, x.shape[1:])
    factors = common_factors(source, target)
    if factors is None:
        names = axis_names(x)
        flat = apply(f"b {' '.join(names)} -> b {bracket(names)}", x, by=By.COPY)
        return cut(flat, target)
    places = {end: f"axis{place}" for place, end in enumerate(ends(target), 1)}
    names = [places.get((before, after), f"part{after}") for before, after in ends(factors)]
    before, after = grouped(names, factors, source), grouped(names, factors, target)
    sizes: dict[str, Any] = dict(zip(names, factors, strict=True))
    return apply(f"b {before} -> b {after}", x, by=By.COPY, **sizes)


@rule("Permute", example={"dims": (2, 1)}, shapes=[(None, 2, 3)])
def permute(config: Config, x: Value) -> Value:
    """The axes after the batch change places; every cell keeps its value.

    Source: keras/src/layers/reshaping/permute.py
    """
    dims, names = list(map(index, config["dims"])), axis_names(x)
    if sorted(dims) != list(range(1, len(names) + 1)):
        raise ShapeError(
            f"dims={tuple(dims)} does not name each of the {len(names)} axes after the batch of an "
            f"input of shape {x.shape} once"
        )
    after = [names[dim - 1] for dim in dims]
    return apply(f"{pattern(names)} -> {pattern(after)}", x, by=By.COPY)


@rule("RepeatVector", example={"n": 3}, shapes=[(None, 2)])
def repeat_vector(config: Config, x: Value) -> Value:
    """Every sample is repeated `n` times, along a new axis after the batch.

    Source: keras/src/layers/reshaping/repeat_vector.py
    """
    if len(x.shape) != 2:
        raise ShapeError(f"expected an input of two axes (batch, features), received {x.shape}")
    [feature] = axis_names(x)
    new = "t" if feature != "t" else "n"
    sizes: dict[str, Any] = {new: index(config["n"])}
    if sizes[new] < 1:
        raise ShapeError(f"expected a whole number from 1 as n, received {sizes[new]}")
    return apply(f"b {feature} -> b {new} {feature}", x, by=By.COPY, **sizes)


@rule("Cropping1D", example={"cropping": (1, 2)}, shapes=[(None, 6, 2)])
def cropping1d(config: Config, x: Value) -> Value:
    """Steps are cut off both ends of a sequence.

    Source: keras/src/layers/reshaping/cropping1d.py
    """
    return cropped(config, x, 1)


@rule("Cropping2D", example={"cropping": ((1, 0), (1, 2))}, shapes=[(None, 3, 5, 1)])
def cropping2d(config: Config, x: Value) -> Value:
    """Rows and columns are cut off the edges of an image.

    Source: keras/src/layers/reshaping/cropping2d.py
    """
    return cropped(config, x, 2)


@rule("Cropping3D", example={"cropping": ((0, 1), (1, 0), (1, 1))}, shapes=[(None, 2, 3, 4, 1)])
def cropping3d(config: Config, x: Value) -> Value:
    """Frames, rows and columns are cut off the faces of a volume.

    Source: keras/src/layers/reshaping/cropping3d.py
    """
    return cropped(config, x, 3)


@rule("ZeroPadding1D", example={"padding": (1, 2)}, shapes=[(None, 3, 2)])
def zero_padding1d(config: Config, x: Value) -> Value:
    """Steps of zeros are added at both ends of a sequence.

    Source: keras/src/layers/reshaping/zero_padding1d.py
    """
    return padded(config, x, 1)


@rule("ZeroPadding2D", example={"padding": ((1, 0), (1, 2))}, shapes=[(None, 2, 3, 1)])
def zero_padding2d(config: Config, x: Value) -> Value:
    """Rows and columns of zeros are added at the edges of an image.

    Source: keras/src/layers/reshaping/zero_padding2d.py
    """
    return padded(config, x, 2)


@rule("ZeroPadding3D", example={"padding": ((0, 1), (1, 0), (1, 1))}, shapes=[(None, 1, 2, 2, 1)])
def zero_padding3d(config: Config, x: Value) -> Value:
    """Frames, rows and columns of zeros are added at the faces of a volume.

    Source: keras/src/layers/reshaping/zero_padding3d.py
    """
    return padded(config, x, 3)


@rule("UpSampling1D", example={"size": 2}, shapes=[(None, 3, 2)])
def up_sampling1d(config: Config, x: Value) -> Value:
    """Every step of a sequence is repeated `size` times in a row.

    Source: keras/src/layers/reshaping/up_sampling1d.py
    """
    return repeated(config, x, 1)


@rule("UpSampling2D", example={"size": (2, 3)}, shapes=[(None, 2, 2, 1)])
def up_sampling2d(config: Config, x: Value) -> Value | Closed:
    """Every row and every column of an image is repeated `size` times in a row.

    With another `interpolation` than "nearest", a cell is a weighted mean of its neighbours.
    Source: keras/src/layers/reshaping/up_sampling2d.py
    """
    y = repeated(config, x, 2)
    if config["interpolation"].lower() == "nearest":
        return y
    return Closed(f"its cells are interpolated ({config['interpolation']}), not copied", (y,))


@rule("UpSampling3D", example={"size": (1, 2, 2)}, shapes=[(None, 2, 1, 2, 1)])
def up_sampling3d(config: Config, x: Value) -> Value:
    """Every frame, row and column of a volume is repeated `size` times in a row.

    Source: keras/src/layers/reshaping/up_sampling3d.py
    """
    return repeated(config, x, 3)


def cropped(config: Config, x: Value, count: int) -> Value:
    """The input without the cells at the ends of each of its spatial axes."""
    windows: dict[str, Any] = {}
    for (name, size), (before, after) in zip(
        spatial(config, x, count), ends_of(config["cropping"], count, "cropping"), strict=True
    ):
        if size is not None and before + after >= size:
            raise ShapeError(
                f"cropping={config['cropping']} cuts {before} + {after} cells off axis {name!r}, which "
                f"has {size} in the input {x.shape}; nothing would be left"
            )
        if before or after:
            windows[name] = Window(1, before=-before, after=-after)
    return slid(x, windows)


def padded(config: Config, x: Value, count: int) -> Value:
    """The input with cells of zero at the ends of each of its spatial axes."""
    frame = zip(
        spatial(config, x, count), ends_of(config["padding"], count, "padding"), strict=True
    )
    windows = {
        name: Window(1, before=before, after=after)
        for (name, _), (before, after) in frame
        if before or after
    }
    return slid(x, windows)


def slid(x: Value, windows: dict[str, Any]) -> Value:
    """The cells of the input that the windows meet, each of which covers one."""
    names = axis_names(x)
    after = [f"{name}'" if name in windows else name for name in names]
    return apply(f"{pattern(names)} -> {pattern(after)}", x, by=By.COPY, **windows)


def repeated(config: Config, x: Value, count: int) -> Value:
    """The input with every cell of its spatial axes several times in a row."""
    size, names = config["size"], axis_names(x)
    factors = [size] * count if isinstance(size, int) else list(size) if count > 1 else []
    if len(factors) != count or min(factors) < 1:
        raise ShapeError(
            f"expected a whole number from 1 for each of the {count} axes as size, received {size}"
        )
    windows: dict[str, Any] = {
        name: Window(factor, stride=factor)
        for (name, _), factor in zip(spatial(config, x, count), factors, strict=True)
        if factor > 1
    }
    before = [f"{name}'" if name in windows else name for name in names]
    return apply(f"{pattern(before)} -> {pattern(names)}", x, by=By.COPY, **windows)


def spatial(config: Config, x: Value, count: int) -> list[tuple[str, Size]]:
    """The names and the sizes of the axes that are neither the batch nor the channels."""
    if len(x.shape) != count + 2:
        raise ShapeError(
            f"expected {count + 2} axes (batch, {count} to work on, channels), received "
            f"{len(x.shape)}: {x.shape}"
        )
    first = 1 if config.get("data_format") == "channels_first" else 0
    return list(zip(axis_names(x), x.shape[1:], strict=True))[first : first + count]


def ends_of(value: Any, count: int, argument: str) -> list[tuple[int, int]]:
    """The number of cells at the two ends of each axis, from one for all, one each or two each.

    >>> ends_of((1, 2), 1, "padding"), ends_of((1, (0, 2)), 2, "padding")
    ([(1, 2)], [(1, 1), (0, 2)])
    """
    each = [value] * count if count == 1 or isinstance(value, int) else list(value)
    pairs = [(one, one) if isinstance(one, int) else tuple(map(index, one)) for one in each]
    found: list[tuple[int, int]] = [(pair[0], pair[1]) for pair in pairs if len(pair) == 2]
    if len(found) != len(pairs) or len(found) != count or min(map(min, found)) < 0:
        raise ShapeError(
            f"expected two whole numbers from 0 for each of the {count} axes as {argument}, received "
            f"{value}"
        )
    return found


def pattern(names: Sequence[str]) -> str:
    """The pattern of a value with these axes after the batch."""
    return " ".join(["b", *names])


def cut(flat: Value, target: Shape) -> Value:
    """One flat axis, cut into axes of these sizes; at most one of them may be unknown."""
    names = [f"axis{number}" for number in range(1, len(target) + 1)]
    sizes: dict[str, Any] = dict(zip(names, target, strict=True))
    return apply(f"b {bracket(names)} -> b {' '.join(names)}", flat, by=By.COPY, **sizes)


def bracket(names: list[str]) -> str:
    """These axes as one; without any, an axis of size one."""
    return f"({' '.join(names)})" if names else "1"


def ends(shape: Sequence[Size]) -> list[tuple[int, int]]:
    """For each axis, the product of the sizes before it, and with it.

    >>> ends((4, 2, 3))
    [(1, 4), (4, 8), (8, 24)]
    """
    return list(pairwise(accumulate((size or 1 for size in shape), mul, initial=1)))


def axis_names(x: Value) -> list[str]:
    """Names for the axes after the batch: those they have, or plain ones if these do not serve."""
    names = list(x.names[1:])
    if len({*names, "b"}) == len(names) + 1 and all(name.isidentifier() for name in names):
        return names
    return [f"axis{number}" for number in range(1, len(names) + 1)]


def resolved(target: tuple[int, ...], source: Shape) -> Shape:
    """The target shape with its -1 worked out from the number of cells.

    Raises `ShapeError` if the cells do not fill the target.

    >>> resolved((-1, 4), (2, 6)), resolved((-1, 4), (None, 6))
    ((3, 4), (None, 4))
    """
    if target.count(-1) > 1 or min(target, default=0) < -1:
        raise ShapeError(
            f"expected sizes as target shape, of which one may be -1 for what is left, received {target}"
        )
    cells, known = times(*source), times(*(size for size in target if size != -1))
    free = None if cells is None or not known else cells // known
    shape = tuple(free if size == -1 else size for size in target)
    filled = times(*shape)
    if cells is not None and filled is not None and cells != filled:
        raise ShapeError(
            f"{cells} cells of shape {source} cannot be cut into the target shape {target}"
        )
    return shape


def common_factors(source: Shape, target: Shape) -> list[int] | None:
    """The sizes of the finest axes that make up both shapes in order, or `None` if there are none.

    >>> common_factors((4, 6), (8, 3)), common_factors((6, 4), (4, 6))
    ([4, 2, 3], None)
    """
    if None in source or None in target or 0 in source:
        return None
    cuts = {1}
    for shape in (source, target):
        cuts |= set(accumulate((size or 1 for size in reversed(shape)), mul))
    ends = sorted(cuts)
    if any(big % small for small, big in pairwise(ends)):
        return None
    return [big // small for small, big in pairwise(ends)][::-1]


def grouped(names: list[str], factors: list[int], shape: Shape) -> str:
    """The pattern of a shape whose axes are products of neighbouring factors.

    >>> grouped(["x0", "x1", "x2"], [4, 2, 3], (8, 1, 3))
    '(x0 x1) 1 x2'
    """
    terms, rest = [], list(zip(names, factors, strict=True))
    for size in shape:
        parts, found = [], 1
        while found != size:
            name, factor = rest.pop(0)
            parts.append(name)
            found *= factor
        terms.append(f"({' '.join(parts)})" if len(parts) > 1 else parts[0] if parts else "1")
    return " ".join(terms)
