"""What lights up where a reader points: which of the drawn cells each drawn output cell reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dense_shapes.axes import Cell
from dense_shapes.cells import Cells, box_of
from dense_shapes.drawing.figure import caption_of
from dense_shapes.drawing.lights import Lights, back, lit_cells
from dense_shapes.drawing.scene import Box, Panel, Scene
from dense_shapes.errors import CellError, ShapeError, UnknownLayer
from dense_shapes.words import input_names


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
    before = [layer.label for layer in scene.layers[-2:-1]]
    try:
        for panel, output in outputs(scene):
            for place, cell in enumerate(cells[panel]):
                lit = lit_back(scene, output, cell)
                reads = [
                    () if at == panel else within(read(scene, it, lit), cells[at])
                    for at, it in enumerate(scene.panels)
                ]
                names = before or input_names(scene.layers[-1])
                words = caption_of(scene.layers[-1], cell, names, output)
                found.append(Light(panel, place, tuple(reads), words))
    except (CellError, ShapeError, UnknownLayer):
        return []
    return found


def outputs(scene: Scene) -> Iterator[tuple[int, int]]:
    """The panels of the outputs of the last layer, each with the number of its output."""
    for place, panel in enumerate(scene.panels):
        origin = panel.origin
        if origin and origin.output is not None and origin.layer == len(scene.layers) - 1:
            yield place, origin.output


def lit_back(scene: Scene, output: int, cell: Cell) -> list[Lights]:
    """What an output cell of the last layer lights in each layer."""
    lit = {output: Cells((box_of(cell),))}
    found: list[Lights] = []
    for layer in reversed(scene.layers):
        found.insert(0, back(layer, lit))
        lit = {number: found[0].of(value) for number, value in enumerate(layer.inputs)}
    return found


def read(scene: Scene, panel: Panel, lit: Sequence[Lights]) -> Cells:
    """The lit cells of a panel."""
    origin = panel.origin
    if origin is None:
        return Cells()
    return lit_cells(scene.layers[origin.layer], lit[origin.layer], origin)


def within(read: Cells, cells: Sequence[Cell]) -> tuple[int, ...]:
    """The places of those of the drawn cells that are read."""
    return tuple(place for place, cell in enumerate(cells) if cell in read)
