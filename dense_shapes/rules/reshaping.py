"""Rules for the layers that lay the same cells out anew."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from operator import index, mul
from typing import Any

from dense_shapes.axes import Shape, Size, times
from dense_shapes.errors import ShapeError
from dense_shapes.rules.book import Config, rule
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
    source, target = x.shape[1:], resolved(tuple(map(index, config["target_shape"])), x.shape[1:])
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
