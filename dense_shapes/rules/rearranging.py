"""What the operations of keras.ops do that lay the cells of a tensor out anew."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from dense_shapes.axes import Shape, Size, times
from dense_shapes.errors import ShapeError, UnknownLayer
from dense_shapes.rules.book import Closed, Config, Result
from dense_shapes.rules.core import MIXES, closed, outline, passed
from dense_shapes.rules.merging import concatenate as end_to_end
from dense_shapes.rules.reshaping import axis_names, pattern
from dense_shapes.rules.slicing import WHOLE, Key, shape_taken, taken, whole
from dense_shapes.steps import By, Value, apply


def cut_anew(source: Shape, target: Sequence[int]) -> Shape:
    """The shape that is asked for, with its -1 worked out as Keras reports it.

    Raises `ShapeError` if the cells do not fill it.

    >>> cut_anew((None, 6), (-1, 2, 3)), cut_anew((4, 6), (-1, 3))
    ((None, 2, 3), (8, 3))
    """
    cells, known = times(*source), times(*(size for size in target if size != -1))
    free = None if None in source or not known or not cells else cells // known
    shape = tuple(free if size == -1 else size for size in target)
    filled = times(*shape)
    if list(target).count(-1) > 1 or (None not in source and filled != cells):
        raise ShapeError(f"an input of shape {source} cannot be cut into the shape {tuple(target)}")
    return shape


def each_for_itself(source: Shape, shape: Shape) -> bool:
    """Whether the cells of each sample are cut anew without those of the others.

    >>> each_for_itself((None, 6), (None, 2, 3)), each_for_itself((None, 6), (None, 3))
    (True, False)
    """
    before, after = times(*source[1:]), times(*shape[1:])
    return bool(source and shape and before) and before == after


def permuted(x: Value, order: Sequence[int]) -> Result:
    """The axes in another order.

    Raises `ShapeError` if it does not name each of them once.
    """
    if sorted(order) != list(range(len(x.shape))):
        raise ShapeError(f"{list(order)} does not name each axis of {x.shape} once")
    if order[:1] != [0]:
        return closed(MIXES, tuple(x.shape[axis] for axis in order))
    names = axis_names(x)
    after = pattern([names[axis - 1] for axis in order[1:]])
    return apply(f"{pattern(names)} -> {after}", x, by=By.COPY)


def indexed(x: Value, keys: Sequence[Key]) -> Result:
    """What the keys take, one for each axis and each new axis."""
    shape = shape_taken(keys, x.shape)
    return taken(x, keys) if x.shape and whole(keys[0], None) else closed(MIXES, shape)


def several(x: Value, axis: int, keys: Sequence[Key]) -> Result:
    """An output for each key along an axis."""
    rank = len(x.shape)
    every = [[key if n == axis else WHOLE for n in range(rank)] for key in keys]
    if axis == 0:
        return Closed(MIXES, tuple(outline(shape_taken(one, x.shape)) for one in every))
    return tuple(taken(x, one) for one in every)


def parted(sections: int | Sequence[int], size: int) -> list[Key]:
    """The parts of an axis: so many of one size, or cut at these places.

    >>> parted(2, 6), parted([1, 3], 4)
    ([slice(0, 3, None), slice(3, 6, None)], [slice(0, 1, None), slice(1, 3, None), slice(3, 4, None)])
    """
    if isinstance(sections, int):
        if sections < 1 or size % sections:
            raise ShapeError(f"an axis of {size} cells cannot be cut into {sections} equal parts")
        ends = [size // sections * number for number in range(sections + 1)]
    else:
        ends = [0, *sections, size]
    if sorted(ends) != ends:
        raise ShapeError(f"an axis of {size} cells cannot be cut at {ends[1:-1]}, in this order")
    return [slice(start, stop) for start, stop in pairwise(ends)]


def parted_shapes(sections: int | Sequence[int], shape: Shape, axis: int) -> list[Shape]:
    """The shapes of the parts of an axis of unknown size, as Keras reports them."""
    if isinstance(sections, int):
        lengths: list[Size] = [None] * sections
    else:
        lengths = [stop - start for start, stop in pairwise([0, *sections])] + [None]
    return [(*shape[:axis], length, *shape[axis + 1 :]) for length in lengths]


def rolled(x: Value, axis: int, shift: int) -> Value:
    """The value with one axis turned by so many cells."""
    size, rank = x.shape[axis] or 0, len(x.shape)
    if not size or not shift % size:
        return passed(x)
    start = size - shift % size
    parts = [slice(start, None), slice(start)]
    first, second = (taken(x, [key if n == axis else WHOLE for n in range(rank)]) for key in parts)
    y = end_to_end({"axis": axis}, first, second)
    assert isinstance(y, Value)
    return y


def tensors(xs: Sequence[Any]) -> list[Value]:
    """The tensors in a list, which holds nothing else.

    Raises `UnknownLayer` if it holds a constant.
    """
    values = [x for x in xs if isinstance(x, Value)]
    if not values or len(values) < len(xs):
        raise UnknownLayer("a constant stands among its inputs")
    return values


def frame(config: Config, rank: int) -> list[Any]:
    """How many cells are put before and after each axis.

    Raises `ShapeError` if there are not as many as axes.
    """
    width = config["pad_width"]
    if isinstance(width, int):
        return [width] * rank
    pairs = [width] if isinstance(width[0], int) else list(width)
    pairs = pairs * rank if len(pairs) == 1 else pairs
    if len(pairs) != rank:
        raise ShapeError(f"pad_width has {len(pairs)} entries for an input of {rank} axes")
    return [list(pair) * 2 if len(pair) == 1 else pair for pair in pairs]
