"""Running numbers in the cells of a layer that only copies: they show the way of each cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, product

from dense_shapes.axes import Cell, times
from dense_shapes.steps import By, Value
from dense_shapes.traces import Layer

MOST = 100
"""How many cells are numbered: so many that a number fits in a cell."""

Number = Callable[[Cell], str]
"""The text inside a cell; empty if it is a copy of none."""


@dataclass(frozen=True)
class Numbering:
    """The numbers in the cells of each input and of each output."""

    inputs: Sequence[Number]
    outputs: Sequence[Number]
    digits: int
    """How many digits the longest number has."""


def numbering(layer: Layer) -> Numbering | None:
    """The numbers in the cells of a layer that only copies; `None` if they would show nothing.

    The cells of the inputs are numbered in order, and a cell of an output has the number of that of
    which it is a copy. Nothing is shown where there are many cells, or each stays where it is.

    >>> from dense_shapes.rules import call
    >>> turned = numbering(call("Permute", {"dims": (2, 1)}, (None, 2, 3)))
    >>> [turned.outputs[0](cell) for cell in [(0, 0), (0, 1), (1, 0)]]
    ['0', '3', '1']
    """
    counts = [times(*value.shape[1:]) for value in layer.inputs]
    known = [count for count in counts if count is not None]
    every = [times(*value.shape[1:]) for value in layer.outputs]
    if not layer.steps or any(step.by is not By.COPY for step in layer.steps):
        return None
    if len(known) < len(counts) or None in every or sum(known) > MOST:
        return None
    starts = [0, *accumulate(known)]
    inputs = [counted(value, start) for value, start in zip(layer.inputs, starts, strict=False)]
    outputs = [copied(layer, inputs, number) for number in range(len(layer.outputs))]
    if len(inputs) == len(outputs) == 1 and stays(layer, inputs[0], outputs[0]):
        return None
    return Numbering(inputs, outputs, digits=len(str(sum(known) - 1)))


def counted(value: Value, start: int) -> Number:
    """The running number of each cell of a value."""

    def number(cell: Cell) -> str:
        place = 0
        for index, size in zip(cell, value.shape[1:], strict=True):
            place = place * (size or 1) + index
        return str(start + place)

    return number


def copied(layer: Layer, inputs: Sequence[Number], output: int) -> Number:
    """The number of the cell of which each cell of an output is a copy."""

    def number(cell: Cell) -> str:
        reads = layer.reads(cell, output=output).inputs
        found = [inputs[n](at) for n, cells in enumerate(reads) for at in cells]
        return found[0] if len(found) == 1 else ""

    return number


def stays(layer: Layer, before: Number, after: Number) -> bool:
    """Whether every cell of the one input is at the same place in the one output."""
    shape = layer.outputs[0].shape[1:]
    if layer.inputs[0].shape[1:] != shape:
        return False
    cells = product(*(range(size or 0) for size in shape))
    return all(before(cell) == after(cell) for cell in cells)
