"""The panels of a layer's picture: a tensor each, with its name and shape above, its axes measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, floor

from dense_shapes.axes import Axis, Size, Term, Window, axes_of
from dense_shapes.cells import Cells
from dense_shapes.drawing.layout import CELL_HEIGHT, Look, Measure, grid
from dense_shapes.drawing.roles import NAMES
from dense_shapes.drawing.scene import Box, Mark, Panel, PanelKind, Words, extent, moved
from dense_shapes.fates import Told, key, told_of
from dense_shapes.signature import Role
from dense_shapes.steps import By, Step, Value, Weight
from dense_shapes.traces import Layer
from dense_shapes.words import counted, counted_term, parameters, plain

GAP = 16.0
"""The room between a sign and the tensor after it."""


@dataclass(frozen=True)
class Sign:
    """What joins a tensor to the one before: a sign, and below it what is done beside it."""

    text: str = ""
    notes: tuple[str, ...] = ()


def measured(
    value: Value, told: Sequence[Told], pads: dict[int, Window] | None = None
) -> list[Measure]:
    """The axes of a value after the batch, with what becomes of them and the padding at their ends."""
    found = []
    for place, (name, size) in enumerate(zip(value.names[1:], value.shape[1:], strict=True), 1):
        it = told[place] if told else None
        measure = Measure(size, counted(name, size))
        if it:
            measure = replace(measure, role=NAMES[it.role], word=it.word)
        if it and it.word.startswith("walked"):
            measure = replace(measure, walk=-1 if it.word == "walked back" else 1)
        if window := (pads or {}).get(place):
            ends = max(window.before or 0, 0), max(window.after or 0, 0)
            measure = replace(measure, before=ends[0], after=ends[1])
        found.append(measure)
    return found


def padding(value: Value, steps: Sequence[Step]) -> tuple[dict[int, Window], str]:
    """The windows over the axes of a value that meet padding, and what the padding counts as."""
    for step in steps:
        for pattern, taken in zip(step.bound.inputs, step.inputs, strict=True):
            if key(taken) != key(value) or step.by is By.COPY:
                continue
            slides = [
                (place, window)
                for place, term in enumerate(pattern)
                if isinstance(term, Axis)
                and isinstance(window := step.windows.get(term.name), Window)
                and Axis(f"{term.name}'") in axes_of(step.bound.output)
            ]
            found = {place: it for place, it in slides if max(it.before or 0, it.after or 0) > 0}
            if found:
                return found, "0" if step.by is By.MULTIPLY else ""
    return {}, ""


def tensor(
    kind: PanelKind,
    name: str,
    value: Value,
    measures: Sequence[Measure],
    look: Look,
    sign: Sign,
) -> Panel:
    """The panel of an input, an output or a value between; its batch is not drawn."""
    shape = value.shape[1:]
    marks = grid(
        measures, range(len(shape) - 1, -1, -1), look, framed=len(shape) > 1, down=len(shape) == 2
    )
    return panel(kind, name, plain(shape), marks, sign)


def weight_panel(layer: Layer, weight: Weight, lit: Cells, notes: tuple[str, ...] = ()) -> Panel:
    """The panel of a weight: a matrix, or positions of a window, once for each axis it creates.

    `notes` say what is done before the weight is used.
    """
    held = [step for step in layer.steps if weight.name in step.bound.weights]
    if not held:
        measures = [Measure(size, "") for size in weight.shape]
        marks = grid(measures, range(len(weight.shape)), Look(lit), down=len(weight.shape) == 2)
        marks.append(below(marks, "kept, not read in use"))
        return panel("bias", weight.name, str(weight.shape), marks, Sign(","))
    step, rank = held[0], len(weight.shape)
    pattern = step.bound.weights[weight.name]
    told = [told_of(step, weight.name, term) for term in pattern]
    made = [it is None or it.role is Role.CREATED for it in told]
    outer = [n for n in range(rank) if rank > 2 and made[n]]
    inner = [n for n in range(rank) if n not in outer]
    pairs = zip(pattern, weight.shape, strict=True)
    measures = [measured_weight(step, weight.name, term, size) for term, size in pairs]
    marks = grid(measures, [*outer, *inner][::-1], Look(lit), framed=rank > 2, down=len(inner) == 2)
    marks.append(below(marks, parameters(weight.size)))
    first = next(iter(step.bound.weights)) == weight.name
    recurs = step.by is By.RECUR and not weight.name.endswith("bias")
    if (first or recurs) and (where := shared_at(step)):
        marks.append(below(marks, "the same at"))
        marks.append(below(marks, f"all {where}"))
    return panel(
        "kernel" if first else "bias",
        weight.name,
        str(weight.shape),
        marks,
        sign_of(step, first, notes),
    )


def shared_at(step: Step) -> str:
    """Where the first weight of a step is used again; empty if it is used once."""
    what = {By.MULTIPLY: "positions", By.RECUR: "steps"}.get(step.by)
    if what is None or step.shared == 1:
        return ""
    return what if step.shared is None else f"{step.shared:,} {what}"


def sign_of(step: Step, first: bool, notes: tuple[str, ...]) -> Sign:
    """The sign before a weight."""
    match step.by:
        case By.MULTIPLY:
            return Sign("×", notes) if first else Sign("+")
        case By.LOOKUP:
            return Sign("→", ("names", "a row"))
    return Sign(",")


def measured_weight(step: Step, name: str, term: Term, size: Size) -> Measure:
    """An axis of a weight, with what becomes of it."""
    it = told_of(step, name, term)
    return Measure(
        size, counted_term(step, term, size), NAMES[it.role] if it else "", it.word if it else ""
    )


def closed(layer: Layer) -> Panel:
    """The panel of a layer whose inside is not known, or not drawn: a closed box."""
    lines = [layer.kind, parameters(layer.params)]
    width = max(Words(0, 0, line, "size").extent[2] for line in lines) * 2 + 32
    height = 2 * CELL_HEIGHT + 16
    marks: list[Mark] = [Box(0, -height / 2, width, height, "closed")]
    for number, line in enumerate(lines):
        marks.append(Words(width / 2, 20 * number - 10, line, "size"))
    return panel("closed", layer.label, "not drawn inside", marks, Sign("→"))


def below(marks: list[Mark], text: str) -> Words:
    """A line of text below the marks, in the middle of them."""
    _, _, _, bottom = extent(marks)
    return Words(middle(marks), bottom + 12, text, "size")


def middle(marks: list[Mark]) -> float:
    """The x in the middle of the cells, or of everything if there are none."""
    left, _, right, _ = extent([mark for mark in marks if isinstance(mark, Box)] or marks)
    return (left + right) / 2


def panel(kind: PanelKind, name: str, shape: str, marks: list[Mark], sign: Sign) -> Panel:
    """A panel with its name and shape above, and the sign that joins it to the one before."""
    head, centre = floor(extent(marks)[1]), middle(marks)
    marks = [
        Words(centre, head - 29, name, "name"),
        Words(centre, head - 12, shape, "shape"),
        *marks,
    ]
    if sign.text:
        notes = [Words(0, 23 + 16 * number, note, "size") for number, note in enumerate(sign.notes)]
        group = [Words(0, 0, sign.text, "sign"), *notes]
        shift = extent(marks)[0] - GAP / 2 - extent(group)[2]
        marks += [moved(mark, shift, 0) for mark in group]
    left, top, right, bottom = extent(marks)
    marks = [moved(mark, -left, 0) for mark in marks]
    return Panel(kind, name, ceil(right - left), floor(top), ceil(bottom), tuple(marks))
