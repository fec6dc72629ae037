"""Sets of cells: what a step reads, held without listing it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from operator import index
from typing import TypeAlias

from dense_shapes.axes import Cell, Shape
from dense_shapes.errors import CellError

Box: TypeAlias = tuple[Sequence[int], ...]


@dataclass(frozen=True)
class Cells:
    """A set of cells, held as boxes: one sequence of indices for each axis.

    >>> cells = Cells(((range(1, 3), range(1)),))
    >>> list(cells), (2, 0) in cells, len(cells)
    ([(1, 0), (2, 0)], True, 2)
    """

    boxes: tuple[Box, ...] = ()

    def __contains__(self, cell: Cell) -> bool:
        return any(
            len(box) == len(cell) and all(map(lambda axis, index: index in axis, box, cell))
            for box in self.boxes
        )

    def __iter__(self) -> Iterator[Cell]:
        if len(self.boxes) == 1:
            return product(*self.boxes[0])
        return iter(sorted({cell for box in self.boxes for cell in product(*box)}))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def merged(boxes: Iterable[Box]) -> Cells:
    """The cells of these boxes, held in as few boxes as is found: neighbours are put together.

    >>> merged([((0,), (0, 1)), ((1,), (0, 1)), ((0,), (1,))])
    Cells(boxes=((range(0, 2), range(0, 2)), (range(0, 1), range(1, 2))))
    """
    found = tuple(dict.fromkeys(tuple(together([one]) for one in box) for box in boxes))
    for axis in range(len(found[0]) if found else 0):
        groups: dict[Box, list[Sequence[int]]] = {}
        for box in found:
            groups.setdefault((*box[:axis], *box[axis + 1 :]), []).append(box[axis])
        found = tuple((*it[:axis], together(some), *it[axis:]) for it, some in groups.items())
    return Cells(found)


def together(parts: Sequence[Sequence[int]]) -> Sequence[int]:
    """All the indices of several sequences in order; a range if there is no gap between them.

    >>> together([range(0, 2), range(1, 4)]), together([(5, 0)])
    (range(0, 4), (0, 5))
    """
    if len(parts) == 1 and isinstance(parts[0], range):
        return parts[0]
    found = sorted({index for part in parts for index in part})
    if found and found[-1] - found[0] == len(found) - 1:
        return range(found[0], found[-1] + 1)
    return tuple(found)


def singles(indices: Sequence[int]) -> list[range]:
    """A range for each index.

    >>> singles((1, 3))
    [range(1, 2), range(3, 4)]
    """
    return [range(index, index + 1) for index in indices]


@dataclass(frozen=True)
class Reads:
    """What one output cell reads: the cells of each input and of each weight."""

    inputs: tuple[Cells, ...]
    weights: Mapping[str, Cells]

    def of(self, operand: int | str) -> Cells:
        """The cells of an input (by number) or a weight (by name)."""
        return self.inputs[operand] if isinstance(operand, int) else self.weights[operand]


def checked(cell: Cell, shape: Shape, of: str = "output", *, batch: bool = True) -> Cell:
    """A cell, written without the batch, as plain whole numbers.

    `of` names the tensor that has this shape, and `batch` says that the batch is in it.

    Raises `CellError` if it is no cell of a tensor of this shape.

    >>> checked((1, 2, 5), (None, 2, 3, 5))
    Traceback (most recent call last):
    dense_shapes.errors.CellError: cell (1, 2, 5) lies outside the output (None, 2, 3, 5): \
index 5 on an axis of size 5, whose cells are 0 to 4
    """
    sizes, after = (shape[1:], " after the batch") if batch else (shape, "")
    try:
        plain = tuple(map(index, cell))
    except TypeError:
        raise CellError(
            f"expected a cell as {len(sizes)} whole numbers, one for each axis of the {of} "
            f"{shape}{after}, received {cell!r}"
        ) from None
    where = f"cell {plain} lies outside the {of} {shape}"
    if len(plain) != len(sizes):
        raise CellError(
            f"{where}: expected {len(sizes)} indices, one for each axis{after}, received {len(plain)}"
        )
    for place, size in zip(plain, sizes, strict=True):
        if place < 0 or (size is not None and place >= size):
            limits = f"whose cells are 0 to {size - 1}" if size else "counted from 0"
            if size == 0:
                limits = "which has no cells"
            raise CellError(f"{where}: index {place} on an axis of size {size}, {limits}")
    return plain


def box_of(cell: Cell) -> Box:
    """The box that holds one cell.

    >>> box_of((1, 2))
    (range(1, 2), range(2, 3))
    """
    return tuple(range(index, index + 1) for index in cell)
