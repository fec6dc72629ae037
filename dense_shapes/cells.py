"""Sets of cells: what a step reads, held without listing it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
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


@dataclass(frozen=True)
class Reads:
    """What one output cell reads: the cells of each input and of each weight."""

    inputs: tuple[Cells, ...]
    weights: Mapping[str, Cells]

    def of(self, operand: int | str) -> Cells:
        """The cells of an input (by number) or a weight (by name)."""
        return self.inputs[operand] if isinstance(operand, int) else self.weights[operand]


def check_cell(cell: Cell, shape: Shape) -> None:
    """Raise `CellError` if a cell, written without the batch, lies outside a shape.

    >>> check_cell((1, 2, 5), (None, 2, 3, 5))
    Traceback (most recent call last):
    dense_shapes.errors.CellError: cell (1, 2, 5) lies outside the output (None, 2, 3, 5): \
index 5 on an axis of size 5, whose cells are 0 to 4
    """
    where = f"cell {tuple(cell)} lies outside the output {shape}"
    if len(cell) != len(shape) - 1:
        raise CellError(
            f"{where}: expected {len(shape) - 1} indices, one for each axis after the batch, "
            f"received {len(cell)}"
        )
    for index, size in zip(cell, shape[1:], strict=True):
        if index < 0 or (size is not None and index >= size):
            limits = f"0 to {size - 1}" if size else "counted from 0"
            raise CellError(
                f"{where}: index {index} on an axis of size {size}, whose cells are {limits}"
            )


def box_of(cell: Cell) -> Box:
    """The box that holds one cell.

    >>> box_of((1, 2))
    (range(1, 2), range(2, 3))
    """
    return tuple(range(index, index + 1) for index in cell)
