"""The picture of a layer: `input · kernel + bias = output`, cell by cell, with one cell lit."""

from __future__ import annotations

from dense_shapes.axes import Cell, axes_of
from dense_shapes.cells import Cells, Reads
from dense_shapes.drawing.layout import CELL_HEIGHT, grid
from dense_shapes.drawing.scene import Box, Mark, Panel, PanelKind, Scene, Words, extent, moved
from dense_shapes.signature import Role
from dense_shapes.steps import By, Value
from dense_shapes.traces import Layer
from dense_shapes.words import counted, describe, input_names, made_of, parameters, plain, title

GAP = 16.0
"""The room between a sign and the tensor after it."""


def draw(layer: Layer, *, cell: Cell | None = None, heading: str | None = None) -> Scene:
    """The annotated picture of a layer.

    With `cell`, an index for each axis of the output after the batch, that output cell is lit, and
    everything that it reads. `heading` replaces the title.

    Raises `CellError` if the cell lies outside the output, `UnknownLayer` if no rule describes the
    layer and a cell is asked for.

    >>> from dense_shapes.rules import call
    >>> scene = draw(call("Dense", {"units": 5}, (None, 2, 3, 1)), cell=(1, 2, 4))
    >>> [panel.name for panel in scene.panels]
    ['input', 'kernel', 'bias', 'output']
    >>> scene.caption
    'output[1, 2, 4] = input[1, 2, 0] × kernel[0, 4] + bias[4]'
    """
    reads, lit, caption = Reads((), {}), Cells(), ""
    if cell is not None:
        reads = layer.reads(tuple(cell))
        lit = Cells((tuple((index,) for index in cell),))
        caption = next(made_of(layer, tuple(cell)))
    panels = []
    for number, (name, value) in enumerate(zip(input_names(layer), layer.inputs, strict=True)):
        read = reads.inputs[number] if reads.inputs else Cells()
        panels.append(tensor("input", name, value, read, "," if number else ""))
    if layer.opaque or layer.inner:
        panels.append(closed(layer))
    else:
        for number, weight in enumerate(layer.weights):
            read = reads.weights.get(weight.name, Cells())
            panels.append(weight_panel(layer, number, read))
    for number, value in enumerate(layer.outputs):
        name = "output" if len(layer.outputs) == 1 else f"output {number}"
        panels.append(tensor("output", name, value, lit, output_sign(layer), later(layer)))
    return Scene(heading or title(layer), describe(layer), tuple(panels), caption)


def output_sign(layer: Layer) -> str:
    """The sign before the output."""
    if not layer.inputs:
        return ""
    copies = all(step.by is By.COPY for step in layer.steps)
    return "→" if layer.opaque or layer.inner or copies else "="


def later(layer: Layer) -> list[str]:
    """What is done to the sum before it is the output: the functions of the later steps."""
    return [
        step.function or step.by.value
        for step in layer.steps
        if step.by in (By.MAP, By.SUM, By.DIVIDE)
    ]


def tensor(
    kind: PanelKind, name: str, value: Value, lit: Cells, sign: str, notes: list[str] | None = None
) -> Panel:
    """The panel of an input or an output; its batch is not drawn."""
    shape = value.shape[1:]
    labels = list(map(counted, value.names[1:], shape))
    order = range(len(shape) - 1, -1, -1)
    marks = grid(shape, labels, order, lit, framed=len(shape) > 1)
    return panel(kind, name, plain(shape), marks, sign, notes or [])


def weight_panel(layer: Layer, number: int, lit: Cells) -> Panel:
    """The panel of a weight: a matrix, or positions of a window, once for each axis it creates."""
    weight = layer.weights[number]
    step = next(step for step in layer.steps if weight.name in step.bound.weights)
    pattern, roles = step.bound.weights[weight.name], step.bound.roles(weight.name)
    names = [next(reversed(list(axes_of((term,))))).name for term in pattern]
    outer = [n for n, name in enumerate(names) if roles[name] is Role.CREATED]
    inner = [n for n in range(len(names)) if n not in outer]
    order = [*outer, *inner][::-1] if len(names) > 2 else range(len(names) - 1, -1, -1)
    labels = list(map(counted, names, weight.shape))
    marks = grid(weight.shape, labels, list(order), lit, framed=len(names) > 2)
    marks.append(below(marks, parameters(weight.size)))
    kind: PanelKind = "bias" if number else "kernel"
    return panel(kind, weight.name, str(weight.shape), marks, "+" if number else "·", [])


def closed(layer: Layer) -> Panel:
    """The panel of a layer whose inside is not known, or not drawn: a closed box."""
    lines = [layer.kind, parameters(layer.params)]
    width = max(Words(0, 0, line, "size").extent[2] for line in lines) * 2 + 32
    height = 2 * CELL_HEIGHT + 16
    marks: list[Mark] = [Box(0, -height / 2, width, height, "closed")]
    for number, line in enumerate(lines):
        marks.append(Words(width / 2, 20 * number - 10, line, "size"))
    return panel("closed", layer.label, "not drawn inside", marks, "→", [])


def below(marks: list[Mark], text: str) -> Words:
    """A line of text below the marks, in the middle of them."""
    _, _, _, bottom = extent(marks)
    return Words(middle(marks), bottom + 12, text, "size")


def middle(marks: list[Mark]) -> float:
    """The x in the middle of the cells, or of everything if there are none."""
    left, _, right, _ = extent([mark for mark in marks if isinstance(mark, Box)] or marks)
    return (left + right) / 2


def panel(
    kind: PanelKind, name: str, shape: str, marks: list[Mark], sign: str, notes: list[str]
) -> Panel:
    """A panel with its name and shape above, and the sign that joins it to the one before."""
    _, top, _, _ = extent(marks)
    centre = middle(marks)
    marks = [Words(centre, top - 29, name, "name"), Words(centre, top - 12, shape, "shape"), *marks]
    if sign:
        below = [Words(0, 18 + 16 * number, note, "size") for number, note in enumerate(notes)]
        group = [Words(0, 0, sign, "sign"), *below]
        shift = extent(marks)[0] - GAP / 2 - extent(group)[2]
        marks += [moved(mark, shift, 0) for mark in group]
    left, top, right, bottom = extent(marks)
    marks = [moved(mark, -left, 0) for mark in marks]
    return Panel(kind, name, right - left, top, bottom, tuple(marks))
