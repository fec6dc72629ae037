"""The picture of a layer: `input × kernel + bias = output`, cell by cell, with one cell lit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from dense_shapes.axes import number, times
from dense_shapes.cells import Cells, box_of
from dense_shapes.drawing.lights import Lights, Spot, back, count, forth, named_spot
from dense_shapes.drawing.lines import Shown, panels_of
from dense_shapes.drawing.panels import (
    padding,
)
from dense_shapes.drawing.scene import Panel, Scene
from dense_shapes.drawing.stages import Stage, stages
from dense_shapes.errors import CellError, ShapeError
from dense_shapes.fates import key
from dense_shapes.steps import Step, Value
from dense_shapes.traces import Layer
from dense_shapes.words import (
    counted,
    describe,
    enumerated,
    input_names,
    made_of,
    sized,
    step_names,
    title,
)

WHERE = 4
"""How many equations are written beside that of the lit cell, at most; of more, none is."""


def draw(*layers: Layer, cell: Spot | None = None, heading: str | None = None) -> Scene:
    """The annotated picture of a layer, or of layers each of which takes what the one before gives.

    With `cell`, an index for each axis of the last output after the batch, that output cell is lit,
    and everything that it reads. A cell of another tensor is written with its name, as
    `("kernel", (0, 3))` or `("input", (1, 2, 0))`: it is lit, and every output that it reaches.
    `heading` replaces the title.

    Raises `CellError` if there is no such cell, `UnknownLayer` if no rule describes the layer and a
    cell is asked for, `ShapeError` if a layer does not take what the one before gives.

    >>> from dense_shapes.rules import call
    >>> dense = call("Dense", {"units": 5}, (None, 2, 3, 1))
    >>> scene = draw(dense, cell=(1, 2, 4))
    >>> [panel.name for panel in scene.panels]
    ['input', 'kernel', 'bias', 'output']
    >>> scene.caption
    'output[1, 2, 4] = input[1, 2, 0] × kernel[0, 4] + bias[4]'
    >>> draw(dense, cell=("kernel", (0, 3))).caption
    'kernel[0, 3] is used by 6 of the 30 outputs'
    """
    if not layers:
        raise ShapeError("expected a layer to draw, received none")
    for before, after in pairwise(layers):
        if [value.shape for value in before.outputs] != [value.shape for value in after.inputs]:
            raise ShapeError(
                f"layer {after.label!r} does not take what {before.label!r} gives: "
                f"{before!r}, then {after!r}"
            )
    last = layers[-1]
    names = [input_names(layers[0]), *([layer.label] for layer in layers[:-1])]
    lights, caption = lit_through(layers, names, cell)
    panels: list[Panel] = []
    for place, layer in enumerate(layers):
        name = "output" if layer is last else layer.label
        prefix = f"{layer.label}/" if len(layers) > 1 else ""
        shown = Shown(layer, lights[place], names[place], name, prefix, not place, place)
        made = panels_of(shown)
        if panels and not layers[place - 1].weights:  # what only moves cells is no line of its own
            made[0] = replace(made[0], begins=False)
        panels += made
    description = " ".join(map(described, layers))
    return Scene(heading or title(last), description, tuple(panels), caption, layers)


def described(layer: Layer) -> str:
    """The picture of a layer in words: its tensors, the values between, and the padding."""
    sentences = [describe(layer)]
    found = [] if layer.opaque or layer.inner else stages(layer)
    calls = step_names(layer)

    def called(value: Value) -> str:
        if isinstance(value.source, Step):
            return calls[id(value.source)]
        return input_names(layer)[value.source or 0]

    for stage in found:
        makers = [*map(called, stage.inputs), *(weight.name for weight in stage.weights)]
        for value in (*stage.means, *stage.results):
            if all(key(value) != key(output) for output in layer.outputs):
                made = "is made on the way" if stage.means else f"is made of {enumerated(makers)}"
                sentences.append(f"{called(value)}, which {sized(value).rstrip('.')}, {made}.")
        if len(found) > 1 and stage is found[-1]:
            sentences.append(f"What comes out is made of {enumerated(makers)}.")
        for value in stage.inputs:
            for place, window in padding(value, stage.steps)[0].items():
                noun = counted(value.names[place], value.shape[place])
                sentences.append(
                    f"Padding is put to the {noun} of {called(value)}: {window.before} before and "
                    f"{window.after} after."
                )
    return " ".join(sentences)


def lit_through(
    layers: Sequence[Layer], names: Sequence[Sequence[str]], spot: Spot | None
) -> tuple[list[Lights], str]:
    """What is lit in each of layers that follow each other, and the caption that says so."""
    if spot is None:
        return [Lights() for _ in layers], ""
    last = layers[-1]
    name, found, cell = named_spot(last, spot)
    if found.side != "output":
        if len(layers) > 1:
            raise CellError(f"of several layers, a cell of the output can be lit, not of {name!r}")
        forward = forth(last, found.operand, cell)
        return [forward], reached_by(last, forward, f"{name}{list(cell)}", found.side == "input")
    at = int(found.operand)
    lit = {at: Cells((box_of(cell),))}
    lights: list[Lights] = []
    for layer in reversed(layers):
        lights.insert(0, back(layer, lit))
        lit = {place: lights[0].of(value) for place, value in enumerate(layer.inputs)}
    return lights, caption_of(last, cell, names[-1], at)


def caption_of(layer: Layer, cell: Sequence[int], names: Sequence[str], output: int) -> str:
    """The equation of the lit output cell, and of the values in it that the picture does not show."""
    lines = [it for it in made_of(layer, tuple(cell), names, output=output) if " = " in it]
    first, *rest = lines
    seen = [name for stage in stages(layer) for name in drawn_names(layer, stage)]
    found, wanted = list[str](), first
    for line in rest:
        name = line.partition("[")[0]
        if name not in seen and f"{name}[" in wanted:
            found.append(line)
            wanted += line
    return f"{first}, where {', '.join(found)}" if 0 < len(found) <= WHERE else first


def drawn_names(layer: Layer, stage: Stage) -> list[str]:
    """What the values between are called that a stage shows."""
    calls = step_names(layer)
    values = (*stage.inputs, *stage.means, *stage.results)
    return [calls[id(it.source)] for it in values if isinstance(it.source, Step)]


def reached_by(layer: Layer, lights: Lights, spot: str, of_input: bool) -> str:
    """How many outputs a lit cell of an input or a weight reaches, as far as that is known."""
    verb = "reaches" if of_input else "is used by"
    counts = [count(lights.of_output(number)) for number in range(len(layer.outputs))]
    totals = [times(*value.shape[1:]) for value in layer.outputs]
    total = sum(it for it in totals if it is not None)
    if None in counts or None in totals:
        return f"{spot} {verb} the lit outputs, and others that are not drawn"
    found = sum(it for it in counts if it is not None)
    noun = "output" if total == 1 else "outputs"
    return f"{spot} {verb} {number(found)} of the {number(total)} {noun}"
