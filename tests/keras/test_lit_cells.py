"""The pictures, proved: the cells that are lit in the SVG are those that move, or are moved, in Keras.

The SVG is parsed, and nothing but it is believed: which cells it shows and which of them are lit, panel
by panel. Then the cells of the real layer are changed, one at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import prod
from typing import TypeAlias
from xml.etree import ElementTree as ET

import keras
import numpy as np
import pytest

from dense_shapes.axes import Cell, Shape
from dense_shapes.cells import Cells
from dense_shapes.display import draw
from dense_shapes.drawing import figure
from dense_shapes.drawing.lights import Lights, Spot, back, forth
from dense_shapes.errors import ModelError
from dense_shapes.probes import Probe
from dense_shapes.rules import RULES
from dense_shapes.sampling import sample
from dense_shapes.traces import Layer
from dense_shapes.words import input_names
from tests.keras.test_every_kind import KINDS, Case

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning"),
]

SVG = "{http://www.w3.org/2000/svg}"
INPUTS, WEIGHTS, OUTPUTS = 60, 3, 3
"""How many cells are changed of each input and of each weight, and how many outputs are lit."""
TRIALS = 8
"""How often a change that was not seen is tried again, with other numbers everywhere else."""

Output: TypeAlias = tuple[int, Cell]
Operand: TypeAlias = int | str


@dataclass
class Panel:
    """The cells of one tensor in an SVG: all that are shown, and those of them that are lit."""

    shown: set[Cell] = field(default_factory=set)
    lit: set[Cell] = field(default_factory=set)


def panels(layer: Layer, spot: Spot) -> dict[str, Panel]:
    """What the SVG of a layer shows, by the names of the tensors; a tensor may stand there twice."""
    tree = ET.fromstring(draw(layer, cell=spot).to("svg"))
    found: dict[str, Panel] = {}
    for group in tree.iter(f"{SVG}g"):
        panel = found.setdefault(group.attrib["data-operand"], Panel())
        for rect in group.iter(f"{SVG}rect"):
            if (text := rect.get("data-cell")) is not None:
                cell = tuple(map(int, text.split(","))) if text else ()
                panel.shown.add(cell)
                if "lit" in rect.attrib["class"].split():
                    panel.lit.add(cell)
    return found


@dataclass
class Moves:
    """The outputs of a real layer that move when a cell of an operand is changed."""

    layer: Layer
    probe: Probe
    seen: dict[tuple[Operand, Cell], set[Output]] = field(default_factory=dict)

    def of(self, operand: Operand, cells: list[Cell], trial: int) -> None:
        """Change each of these cells once more, and note what moves."""
        numbers = self.probe.trial(trial)
        for push in numbers.pushes:
            moves = self.probe.moves(operand, cells, numbers, push)
            for cell, moved in zip(cells, moves, strict=True):
                outputs = self.seen.setdefault((operand, cell), set())
                for number, array in enumerate(moved):
                    outputs |= {(number, tuple(it)) for it in np.argwhere(array).tolist()}


def operands(layer: Layer) -> Iterator[tuple[Operand, str, Shape, int]]:
    """Every operand of a layer: what the probe calls it, its name, its shape, how many cells are tried."""
    for number, (name, value) in enumerate(zip(input_names(layer), layer.inputs, strict=True)):
        yield number, name, value.shape[1:], INPUTS
    for weight in layer.weights:
        yield weight.name, weight.name, weight.shape, WEIGHTS


def output_name(layer: Layer, number: int) -> str:
    """What an output is called in the picture."""
    return f"output {number}" if len(layer.outputs) > 1 else "output"


def claims(
    layer: Layer, tried: dict[Operand, list[Cell]]
) -> Iterator[tuple[Operand, Cell, Output, bool]]:
    """What the pictures say: whether an output reads a cell of an operand, as far as both are shown."""
    names = {operand: name for operand, name, _, _ in operands(layer)}
    rng = np.random.default_rng(0)
    for number, value in enumerate(layer.outputs):
        for at in sample(tuple(value.shape[1:]), OUTPUTS, rng):  # type: ignore[arg-type]
            found = panels(layer, (output_name(layer, number), at))
            assert found[output_name(layer, number)].lit == {at}
            for operand, cells in tried.items():
                panel = found[names[operand]]
                for cell in panel.shown & set(cells):
                    yield operand, cell, (number, at), cell in panel.lit
    for operand, cells in tried.items():
        for cell in cells[:OUTPUTS]:
            found = panels(layer, (names[operand], cell))
            assert found[names[operand]].lit == {cell}
            for number in range(len(layer.outputs)):
                panel = found[output_name(layer, number)]
                for at in panel.shown:
                    yield operand, cell, (number, at), at in panel.lit


def compare(kind: str) -> None:
    """Compare the pictures of the example of a rule with its layer."""
    rule = RULES[kind]
    case = Case(kind, dict(rule.example), rule.shapes, dict(rule.options))
    case.called([keras.Input(batch_shape=shape) for shape in case.shapes])
    claimed = case.ruled(case.shapes)
    if not claimed.steps:
        pytest.skip("no picture says what its cells read")
    proof = case.proof(claimed)
    layer, rng = proof.layer, np.random.default_rng(0)
    moves = Moves(layer, proof.probe)
    tried = {
        operand: sample(tuple(shape), most, rng)  # type: ignore[arg-type]
        for operand, _, shape, most in operands(layer)
        if prod(it or 0 for it in shape)
    }
    said = list(claims(layer, tried))
    assert said
    missing = [(operand, cell) for operand, cells in tried.items() for cell in cells]
    for trial in range(TRIALS):
        for operand, cells in tried.items():
            some = [cell for cell in cells if (operand, cell) in missing]
            if some:
                moves.of(operand, some, trial)
        for operand, cell, output, lit in said:
            assert lit or output not in moves.seen[operand, cell], (operand, cell, output)
        missing = [
            (operand, cell)
            for operand, cell, output, lit in said
            if lit and output not in moves.seen[operand, cell]
        ]
        if not missing:
            return
    assert all(proof.probe.vanishing(operand) for operand, _ in missing), missing


@pytest.mark.parametrize("kind", KINDS)
def test_the_lit_cells_are_those_that_move(kind: str) -> None:
    try:
        compare(kind)
    except ModelError:
        pytest.skip("Keras does not run it here")


# Wrong pictures


def test_a_picture_with_a_light_that_is_missing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def dark(layer: Layer, outputs: Mapping[int, Cells]) -> Lights:
        lights = back(layer, outputs)
        return replace(lights, weights={**lights.weights, "bias": Cells()})

    monkeypatch.setattr(figure, "back", dark)
    with pytest.raises(AssertionError, match="bias"):
        compare("Dense")


def test_a_picture_with_a_light_too_many_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def bright(layer: Layer, operand: int | str, cell: Cell) -> Lights:
        lights = forth(layer, operand, cell)
        every = Cells((tuple(map(range, layer.outputs[0].shape[1:])),))  # type: ignore[arg-type]
        return replace(lights, outputs={0: every})

    monkeypatch.setattr(figure, "forth", bright)
    with pytest.raises(AssertionError, match=r"\(0, "):
        compare("Dense")


def test_a_cell_drawn_with_the_number_of_its_neighbour_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def shifted(layer: Layer, outputs: Mapping[int, Cells]) -> Lights:
        lights = back(layer, outputs)
        [box] = lights.values[0].boxes
        moved = tuple(
            tuple((index + 1) % (size or 1) for index in indices)
            for indices, size in zip(box, layer.inputs[0].shape[1:], strict=True)
        )
        return replace(lights, values={0: Cells((moved,))}, through=None)

    monkeypatch.setattr(figure, "back", shifted)
    with pytest.raises(AssertionError):
        compare("Conv2D")
