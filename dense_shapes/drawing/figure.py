"""The picture of a layer: `input × kernel + bias = output`, cell by cell, with one cell lit."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import ceil, floor

from dense_shapes.axes import Cell, Size, Term, axes_of
from dense_shapes.cells import Cells, Reads, box_of, checked
from dense_shapes.drawing.layout import CELL_HEIGHT, grid
from dense_shapes.drawing.scene import Box, Mark, Panel, PanelKind, Scene, Words, extent, moved
from dense_shapes.errors import ShapeError
from dense_shapes.signature import Role
from dense_shapes.steps import By, Step, Value
from dense_shapes.traces import Layer
from dense_shapes.words import counted, describe, input_names, made_of, parameters, plain, title

NOTES = 4
"""How many steps are named before the output, at most; of more, none is."""
GAP = 16.0
"""The room between a sign and the tensor after it."""


def draw(*layers: Layer, cell: Cell | None = None, heading: str | None = None) -> Scene:
    """The annotated picture of a layer, or of layers each of which takes what the one before gives.

    With `cell`, an index for each axis of the last output after the batch, that output cell is lit,
    and everything that it reads. `heading` replaces the title.

    Raises `CellError` if the cell lies outside the output, `UnknownLayer` if no rule describes the
    layer and a cell is asked for, `ShapeError` if a layer does not take what the one before gives.

    >>> from dense_shapes.rules import call
    >>> scene = draw(call("Dense", {"units": 5}, (None, 2, 3, 1)), cell=(1, 2, 4))
    >>> [panel.name for panel in scene.panels]
    ['input', 'kernel', 'bias', 'output']
    >>> scene.caption
    'output[1, 2, 4] = input[1, 2, 0] × kernel[0, 4] + bias[4]'
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
    lit = Cells() if cell is None else Cells((box_of(checked(cell, last.outputs[0].shape)),))
    names = [layers[-2].label] if len(layers) > 1 else input_names(last)
    caption = "" if cell is None else next(made_of(last, cell, names))
    panels: list[Panel] = []
    for layer in reversed(layers):
        name = "output" if layer is last else layer.label
        reads = None if cell is None else union(layer, [layer.reads(one) for one in lit])
        panels = [*operands(layer, reads), *results(layer, name, lit), *panels]
        lit = reads.inputs[0] if reads and reads.inputs else lit
    first = layers[0]
    inputs = [
        tensor(
            "input", name, value, reads.inputs[number] if reads else Cells(), "," if number else ""
        )
        for number, (name, value) in enumerate(zip(input_names(first), first.inputs, strict=True))
    ]
    description = " ".join(describe(layer) for layer in layers)
    return Scene(heading or title(last), description, (*inputs, *panels), caption, layers)


def operands(layer: Layer, reads: Reads | None) -> list[Panel]:
    """The panels between the input of a layer and its output."""
    if layer.opaque or layer.inner:
        return [closed(layer)]
    return [
        weight_panel(layer, number, reads.weights[weight.name] if reads else Cells())
        for number, weight in enumerate(layer.weights)
    ]


def results(layer: Layer, name: str, lit: Cells) -> list[Panel]:
    """The panels of the outputs of a layer."""
    several = len(layer.outputs) > 1
    return [
        tensor(
            "output",
            f"{name} {number}" if several else name,
            value,
            Cells() if number else lit,
            output_sign(layer) if not number else ",",
            [] if number else later(layer),
        )
        for number, value in enumerate(layer.outputs)
    ]


def union(layer: Layer, reads: Sequence[Reads]) -> Reads:
    """All the cells of the operands of a layer that several of its output cells read."""

    def together(operand: int | str) -> Cells:
        boxes = (box for read in reads for box in read.of(operand).boxes)
        return Cells(tuple(dict.fromkeys(boxes)))

    return Reads(
        tuple(together(number) for number in range(len(layer.inputs))),
        {weight.name: together(weight.name) for weight in layer.weights},
    )


def output_sign(layer: Layer) -> str:
    """The sign before the output."""
    if not layer.inputs:
        return ""
    copies = all(step.by is By.COPY for step in layer.steps)
    return "→" if layer.opaque or layer.inner or copies else "="


def later(layer: Layer) -> list[str]:
    """What is done to the sum before it is the output: the steps after the last that has weights."""
    weighted = [place for place, step in enumerate(layer.steps, 1) if step.weights]
    rest = layer.steps[weighted[-1] if weighted else 0 :]
    if len(rest) > NOTES:
        return []
    return [
        step.function or step.by.value
        for step in rest
        if step.by not in (By.COPY, By.MULTIPLY, By.SUBTRACT)
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
    held = [step for step in layer.steps if weight.name in step.bound.weights]
    if not held:
        marks = grid(weight.shape, ["" for _ in weight.shape], range(len(weight.shape)), lit)
        marks.append(below(marks, "kept, not read in use"))
        return panel("bias", weight.name, str(weight.shape), marks, ",", [])
    step, rank = held[0], len(weight.shape)
    pattern, roles = step.bound.weights[weight.name], step.bound.roles(weight.name)
    created = [
        any(roles[axis.name] is Role.CREATED for axis in list(axes_of((term,)))[-1:])
        for term in pattern
    ]
    outer = [n for n in range(rank) if rank > 2 and created[n]]
    inner = [n for n in range(rank) if n not in outer]
    labels = [
        counted_term(step, term, size) for term, size in zip(pattern, weight.shape, strict=True)
    ]
    marks = grid(weight.shape, labels, [*outer, *inner][::-1], lit, framed=rank > 2)
    marks.append(below(marks, parameters(weight.size)))
    first = next(iter(step.bound.weights)) == weight.name
    if step.by is By.MULTIPLY and (step.shared is None or step.shared > 1):
        positions = "positions" if step.shared is None else f"{step.shared:,} positions"
        marks.append(below(marks, "the same at"))
        marks.append(below(marks, f"all {positions}"))
    sign = "," if step.by is not By.MULTIPLY else "×" if first else "+"
    kind: PanelKind = "kernel" if first else "bias"
    return panel(kind, weight.name, str(weight.shape), marks, sign, [])


def counted_term(step: Step, term: Term, size: Size) -> str:
    """The label of an axis of a weight."""
    axes = list(axes_of((term,)))
    return counted(step.name_of(axes[-1]), size) if axes else ""


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
        below = [Words(0, 23 + 16 * number, note, "size") for number, note in enumerate(notes)]
        group = [Words(0, 0, sign, "sign"), *below]
        shift = extent(marks)[0] - GAP / 2 - extent(group)[2]
        marks += [moved(mark, shift, 0) for mark in group]
    left, top, right, bottom = extent(marks)
    marks = [moved(mark, -left, 0) for mark in marks]
    return Panel(kind, name, ceil(right - left), floor(top), ceil(bottom), tuple(marks))
