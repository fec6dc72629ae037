"""What lights up where a reader points: which of the drawn cells each drawn output cell reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from dense_shapes.axes import Cell
from dense_shapes.cells import Cells, Reads
from dense_shapes.drawing.figure import union
from dense_shapes.drawing.scene import Box, Panel, Scene
from dense_shapes.errors import CellError, ShapeError, UnknownLayer
from dense_shapes.traces import Layer
from dense_shapes.words import made_of

MOST = 20_000
"""How many times the cells of a layer are asked what they read, at most; then a picture stays as it is."""

Operand: TypeAlias = tuple[int, int | str]
"""A layer by its place in the picture, and one of its inputs by number or of its weights by name."""


@dataclass(frozen=True)
class Light:
    """One drawn output cell: its panel and its place there, what it reads, and its equation.

    `reads` has the places of the cells that it reads for each panel, in the order in which the cells
    of a panel are drawn.
    """

    panel: int
    place: int
    reads: tuple[tuple[int, ...], ...]
    words: str


def drawn(panel: Panel) -> list[Cell]:
    """The cells of a panel in the order in which they are drawn."""
    return [
        mark.cell
        for mark in panel.marks
        if isinstance(mark, Box) and mark.kind == "cell" and mark.cell is not None
    ]


def lights(scene: Scene) -> list[Light]:
    """A light for each drawn output cell; none if what the cells read cannot be told.

    >>> from dense_shapes.drawing.figure import draw
    >>> from dense_shapes.rules import call
    >>> *_, last = lights(draw(call("Dense", {"units": 5}, (None, 2, 3, 1))))
    >>> last
    Light(panel=3, place=29, reads=((5,), (4,), (4,), ()), \
words='output[1, 2, 4] = input[1, 2, 0] × kernel[0, 4] + bias[4]')
    """
    found: list[Light] = []
    cells = [drawn(panel) for panel in scene.panels]
    held = operands(scene)
    asked = Asked(scene.layers)
    names = [layer.label for layer in scene.layers[-2:-1]]
    try:
        for panel, output in outputs(scene):
            for place, cell in enumerate(cells[panel]):
                reads = asked.back(cell, output)
                lit = (
                    within(reads[it[0]].of(it[1]), there) if it else ()
                    for it, there in zip(held, cells, strict=True)
                )
                equation = next(made_of(scene.layers[-1], cell, names, output=output))
                found.append(Light(panel, place, tuple(lit), equation))
    except (CellError, ShapeError, UnknownLayer):
        return []
    return found


def within(read: Cells, cells: Sequence[Cell]) -> tuple[int, ...]:
    """The places of those of the drawn cells that are read."""
    return tuple(place for place, cell in enumerate(cells) if cell in read)


def operands(scene: Scene) -> list[Operand | None]:
    """What each panel holds; nothing for a closed box, and for the outputs of the last layer."""
    held: list[Operand | None] = []
    number = inputs = outputs = 0
    for panel in scene.panels:
        match panel.kind:
            case "input":
                held.append((0, inputs))
                inputs += 1
            case "kernel" | "bias":
                held.append((number, panel.name))
            case "output":
                between = number + 1 < len(scene.layers) and not outputs
                held.append((number + 1, 0) if between else None)
                outputs += 1
                if outputs == len(scene.layers[number].outputs):
                    number, outputs = number + 1, 0
            case "closed":
                held.append(None)
            case _ as never:
                assert_never(never)
    return held


def outputs(scene: Scene) -> Iterator[tuple[int, int]]:
    """The panels of the outputs of the last layer, each with the number of its output."""
    if scene.layers:
        count = len(scene.layers[-1].outputs)
        first = len(scene.panels) - count
        yield from ((first + number, number) for number in range(count))


class Asked:
    """What cells read, through layers that follow each other; each cell is asked once."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = layers
        self.known: dict[tuple[int, Cell, int], Reads] = {}

    def back(self, cell: Cell, output: int) -> list[Reads]:
        """What an output cell of the last layer reads of the operands of every layer.

        Raises `ShapeError` if this would take too long.
        """
        found: list[Reads] = []
        wanted: Cells | list[Cell] = [cell]
        for number in reversed(range(len(self.layers))):
            reads = [self.one(number, it, output) for it in wanted]
            layer, output = self.layers[number], 0
            found.append(union(layer, reads))
            wanted = found[-1].inputs[0] if layer.inputs else []
        return found[::-1]

    def one(self, number: int, cell: Cell, output: int) -> Reads:
        """What one cell of an output of a layer reads."""
        key = number, cell, output
        if key not in self.known:
            if len(self.known) >= MOST:
                raise ShapeError(f"more than {MOST:,} cells would have to be asked")
            self.known[key] = self.layers[number].reads(cell, output=output)
        return self.known[key]
