"""The picture of a layer: `input × kernel + bias = output`, cell by cell, with one cell lit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from dense_shapes.axes import number, times
from dense_shapes.cells import Cells, box_of
from dense_shapes.drawing.layout import Look
from dense_shapes.drawing.lights import Lights, Spot, back, count, forth, named_spot
from dense_shapes.drawing.panels import (
    Sign,
    closed,
    measured,
    padding,
    running_numbers,
    tensor,
    weight_panel,
)
from dense_shapes.drawing.scene import Panel, PanelKind, Scene
from dense_shapes.drawing.stages import Stage, heavy, stages
from dense_shapes.errors import CellError, ShapeError
from dense_shapes.fates import followed, key
from dense_shapes.steps import By, Step, Value
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

NOTES = 4
"""How many steps are named before the output, at most; of more, none is."""
SOFTMAX = ["exponential", "sum", "divide"]
SIGNS = {By.MULTIPLY: "×", By.SUM: "+", By.SUBTRACT: "−", By.DIVIDE: "÷"}
"""The sign between two inputs of a step."""


@dataclass(frozen=True)
class Shown:
    """A layer in a picture: what is lit, and what its inputs and its output are called.

    `inputs` are left out of the picture, if they stand in it already.
    """

    layer: Layer
    lights: Lights
    names: Sequence[str]
    output: str = "output"
    prefix: str = ""
    inputs: bool = True


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
        shown = Shown(layer, lights[place], names[place], name, prefix, inputs=not place)
        panels += panels_of(shown)
    description = " ".join(map(described, layers))
    return Scene(heading or title(last), description, tuple(panels), caption)


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
            if all(value != output for output in layer.outputs):
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
    return f"{first}, where {', '.join(found)}" if 0 < len(found) <= NOTES else first


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


def panels_of(shown: Shown) -> list[Panel]:
    """The panels of a layer, line by line."""
    layer = shown.layer
    if layer.opaque or layer.inner:
        return [
            *input_panels(shown, whole(layer), 0),
            closed(layer),
            *result_panels(shown, whole(layer)),
        ]
    found: list[Panel] = []
    for place, stage in enumerate(stages(layer)):
        line = [
            *input_panels(shown, stage, place),
            *mean_panels(shown, stage),
            *(
                named(
                    weight_panel(layer, weight, shown.lights.of_weight(weight.name)),
                    shown,
                    weight.name,
                )
                for weight in stage.weights
            ),
            *result_panels(shown, stage),
        ]
        found += [replace(line[0], begins=True), *line[1:]]
    return found


def whole(layer: Layer) -> Stage:
    """A layer as one stage."""
    return Stage(layer.inputs, layer.steps, layer.weights, layer.outputs)


def named(panel: Panel, shown: Shown, name: str) -> Panel:
    """The panel with the name by which it is found in the picture."""
    return replace(panel, operand=f"{shown.prefix}{name}")


def input_panels(shown: Shown, stage: Stage, place: int) -> list[Panel]:
    """The panels of what goes into a stage."""
    layer = shown.layer
    if not shown.inputs and not place:
        return []
    told = followed(stage.inputs, stage.steps, stage.results).inputs
    calls = step_names(layer)
    numbers, _ = running_numbers(layer) if len(layer.steps) and not place else ([], [])
    found = []
    for at, value in enumerate(stage.inputs):
        source = value.source
        outer = not isinstance(source, Step)
        name = calls[id(source)] if isinstance(source, Step) else shown.names[source or 0]
        numbering = None if isinstance(source, Step) or not numbers else numbers[source or 0]
        pads, text = padding(value, stage.steps)
        look = Look(shown.lights.by(value, stage.steps), numbering, pad=text)
        measures = measured(value, told[at] if layer.steps else [], pads)
        sign = Sign(between(stage) if at else "")
        kind: PanelKind = "input" if outer else "output"
        found.append(named(tensor(kind, name, value, measures, look, sign), shown, name))
    return found


def between(stage: Stage) -> str:
    """The sign between the inputs of a stage."""
    keys = {key(value) for value in stage.inputs}
    for step in stage.steps:
        if len(keys & {key(value) for value in step.inputs}) > 1:
            return SIGNS.get(step.by, ",")
    return ","


def mean_panels(shown: Shown, stage: Stage) -> list[Panel]:
    """The panels of the means on the way, each cell of which many cells share."""
    found = []
    calls = step_names(shown.layer)
    for place, value in enumerate(stage.means):
        told = followed(stage.inputs, stage.steps, (*stage.results, value)).outputs[-1]
        name = calls[key(value) or 0]
        look = Look(shown.lights.of(value))
        sign = Sign("," if place else "→")
        found.append(
            named(tensor("output", name, value, measured(value, told), look, sign), shown, name)
        )
    return found


def result_panels(shown: Shown, stage: Stage) -> list[Panel]:
    """The panels of what a stage makes."""
    layer = shown.layer
    told = followed(stage.inputs, stage.steps, stage.results).outputs
    _, looks = running_numbers(layer)
    calls = step_names(layer)
    outs = list(enumerate(layer.outputs))
    found = []
    for place, value in enumerate(stage.results):
        output = next((it for it in outs if it[1] is value or it[1] == value), None)
        look = Look(shown.lights.of(value))
        name = calls.get(key(value) or 0, "")
        if output:
            outs.remove(output)
            several = len(layer.outputs) > 1
            name = f"{shown.output} {output[0]}" if several else shown.output
            look = replace(
                looks[output[0]] if looks else Look(), lit=shown.lights.of_output(output[0])
            )
        sign = Sign(",") if place else Sign(output_sign(stage, layer), tuple(later(stage)))
        measures = measured(value, told[place] if layer.steps else [])
        found.append(named(tensor("output", name, value, measures, look, sign), shown, name))
    return found


def output_sign(stage: Stage, layer: Layer) -> str:
    """The sign before what a stage makes."""
    if not stage.inputs:
        return ""
    if layer.opaque or layer.inner:
        return "→"
    arithmetic = any(
        step.by in SIGNS and (step.weights or len(step.inputs) > 1) for step in stage.steps
    )
    return (
        "="
        if (arithmetic and not stage.means) or any(it.by is By.LOOKUP for it in stage.steps)
        else "→"
    )


def later(stage: Stage) -> list[str]:
    """What is done beside the sum before it is the result, in order."""
    weighted = [place for place, step in enumerate(stage.steps, 1) if heavy(step)]
    rest = stage.steps[weighted[-1] if weighted else 0 :]
    signed = not weighted and between(stage) in SIGNS.values()
    notes = [
        note
        for step in rest[signed:]
        if step.by not in (By.COPY, By.MULTIPLY, By.SUBTRACT)
        for note in (step.function or step.by.value).split(", ")
    ]
    for place in range(len(notes)):
        if notes[place : place + 3] == SOFTMAX:
            notes[place : place + 3] = ["softmax"]
    return notes if len(notes) <= NOTES else []
