"""A layer's picture line by line: what goes in, the weights, and what is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dense_shapes.cells import Cells
from dense_shapes.drawing.layout import NUMBERED_WIDTH, Look
from dense_shapes.drawing.lights import Lights, lit_cells, origin_of
from dense_shapes.drawing.numbering import Numbering, numbering
from dense_shapes.drawing.panels import Sign, closed, measured, padding, tensor, weight_panel
from dense_shapes.drawing.scene import Origin, Panel, PanelKind
from dense_shapes.drawing.stages import Stage, heavy, stages
from dense_shapes.fates import followed, key
from dense_shapes.steps import By, Step, Value
from dense_shapes.traces import Layer
from dense_shapes.words import step_names

NOTES = 4
"""How many steps are named before the output, at most; of more, none is."""
SOFTMAX = ["exponential", "sum", "divide"]
SIGNS = {By.MULTIPLY: "×", By.SUM: "+", By.SUBTRACT: "−", By.DIVIDE: "÷"}
"""The sign between two inputs of a step."""


@dataclass(frozen=True)
class Shown:
    """A layer in a picture: what is lit, and what its inputs and its output are called.

    `inputs` are left out of the picture, if they stand in it already. `place` is that of the layer among
    those of the picture.
    """

    layer: Layer
    lights: Lights
    names: Sequence[str]
    output: str = "output"
    prefix: str = ""
    inputs: bool = True
    place: int = 0

    def lit(self, origin: Origin) -> Cells:
        """The lit cells of the tensor with this origin."""
        return lit_cells(self.layer, self.lights, origin)


def panels_of(shown: Shown) -> list[Panel]:
    """The panels of a layer, line by line."""
    layer = shown.layer
    if layer.opaque or layer.inner:
        stage = Stage(layer.inputs, layer.steps, layer.weights, layer.outputs)
        box = named(closed(layer), shown, layer.label)
        line = [*input_panels(shown, stage, 0), box, *result_panels(shown, stage)]
        return [replace(line[0], begins=True), *line[1:]]
    found: list[Panel] = []
    for place, stage in enumerate(stages(layer)):
        line = [
            *input_panels(shown, stage, place),
            *mean_panels(shown, stage),
            *weight_panels(shown, stage),
            *result_panels(shown, stage),
        ]
        found += [replace(line[0], begins=True), *line[1:]]
    return found


def weight_panels(shown: Shown, stage: Stage) -> list[Panel]:
    """The panels of the weights of a stage."""
    found = []
    for weight in stage.weights:
        origin = Origin(weight=weight.name)
        panel = weight_panel(shown.layer, weight, shown.lit(origin), tuple(earlier(stage)))
        found.append(named(panel, shown, weight.name, origin))
    return found


def named(panel: Panel, shown: Shown, name: str, origin: Origin | None = None) -> Panel:
    """The panel with the name by which it is found in the picture, and what it shows."""
    here = replace(origin, layer=shown.place) if origin else None
    return replace(panel, operand=f"{shown.prefix}{name}", origin=here)


def name_of(shown: Shown, value: Value) -> str:
    """What a value is called in the picture: as an output of the layer, or an input, or a step."""
    outputs = [key(output) for output in shown.layer.outputs]
    if key(value) in outputs:
        several = len(outputs) > 1
        return f"{shown.output} {outputs.index(key(value))}" if several else shown.output
    if isinstance(value.source, Step):
        return step_names(shown.layer)[id(value.source)]
    return shown.names[value.source or 0]


def input_panels(shown: Shown, stage: Stage, place: int) -> list[Panel]:
    """The panels of what goes into a stage."""
    layer = shown.layer
    if not shown.inputs and not place:
        return []
    told = followed(stage.inputs, stage.steps, stage.results).inputs
    numbers = numbering(layer)
    found = []
    for at, value in enumerate(stage.inputs):
        source = value.source
        outer = not isinstance(source, Step)
        name = shown.names[source or 0] if not isinstance(source, Step) else name_of(shown, value)
        number = None
        if numbers and not isinstance(source, Step):
            number = numbers.inputs[source or 0]
        pads, text = padding(value, stage.steps)
        origin = origin_of(layer, value, stage.steps)
        look = numbered(Look(shown.lit(origin), number, pad=text), numbers)
        measures = measured(value, told[at] if layer.steps else [], pads)
        sign = Sign(between(stage) if at else "")
        kind: PanelKind = "input" if outer else "output"
        found.append(named(tensor(kind, name, value, measures, look, sign), shown, name, origin))
    return found


def numbered(look: Look, numbers: Numbering | None) -> Look:
    """The look of cells that are as wide as the numbers in them want."""
    wide = numbers is not None and numbers.digits > 1
    return replace(look, width=NUMBERED_WIDTH) if wide else look


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
    for place, value in enumerate(stage.means):
        told = followed(stage.inputs, stage.steps, (*stage.results, value)).outputs[-1]
        name, origin = name_of(shown, value), origin_of(shown.layer, value)
        look, sign = Look(shown.lit(origin)), Sign("," if place else "→")
        panel = tensor("output", name, value, measured(value, told), look, sign)
        found.append(named(panel, shown, name, origin))
    return found


def result_panels(shown: Shown, stage: Stage) -> list[Panel]:
    """The panels of what a stage makes: values for later stages, and outputs of the layer."""
    layer = shown.layer
    told = followed(stage.inputs, stage.steps, stage.results).outputs
    numbers = numbering(layer)
    left = [(key(value), number) for number, value in enumerate(layer.outputs)]
    found = []
    for place, value in enumerate(stage.results):
        out = next((it for it in left if it[0] == key(value)), None)
        if out:
            left.remove(out)
            name = f"{shown.output} {out[1]}" if len(layer.outputs) > 1 else shown.output
            number, origin = (numbers.outputs[out[1]] if numbers else None), Origin(output=out[1])
            look = Look(shown.lit(origin), number, hollow=number is not None)
            look = numbered(look, numbers)
        else:
            name, origin = name_of(shown, value), origin_of(layer, value)
            look = Look(shown.lit(origin))
        sign = Sign(",") if place else Sign(output_sign(stage, layer), tuple(later(stage)))
        measures = measured(value, told[place] if layer.steps else [])
        found.append(
            named(tensor("output", name, value, measures, look, sign), shown, name, origin)
        )
    return found


def output_sign(stage: Stage, layer: Layer) -> str:
    """The sign before what a stage makes."""
    if not stage.inputs:
        return ""
    if layer.opaque or layer.inner:
        return "→"
    several = bool(stage.weights) or len(stage.inputs) > 1
    arithmetic = several and any(
        step.by in SIGNS and (step.weights or len(step.inputs) > 1) for step in stage.steps
    )
    return (
        "="
        if (arithmetic and not stage.means) or any(it.by is By.LOOKUP for it in stage.steps)
        else "→"
    )


def earlier(stage: Stage) -> list[str]:
    """The functions through which the inputs go before the sum of products."""
    notes: list[str] = []
    for step in stage.steps:
        if heavy(step):
            return notes
        notes += [step.function] if step.by is By.MAP and step.function else []
    return []


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
