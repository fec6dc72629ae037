"""What a cell reaches: the cells of the outputs that read it. The other way round than `reads`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from dense_shapes.axes import Axis, Cell, Merge, One, Pattern, Sum, Term, Window, axes_of
from dense_shapes.cells import Box, Cells, box_of, merged, singles, together
from dense_shapes.steps import By, Step, Value
from dense_shapes.traces import Layer

Ranges = dict[str, Sequence[int]]


@dataclass(frozen=True)
class Reached:
    """The cells that something reaches: of each value inside a layer, and of each output.

    `values` holds those of each value by its key: the number of an input, or the id of a step.
    """

    values: Mapping[int, Cells]
    outputs: tuple[Cells, ...]


def reached(layer: Layer, operand: int | str, cell: Cell) -> Reached:
    """What a cell of an input (by number) or a weight (by name) reaches, through all the steps.

    The layer must be described by a rule, and the sizes on the way known.

    >>> from dense_shapes.rules import call
    >>> dense = call("Dense", {"units": 5}, (None, 2, 3, 1))
    >>> list(reached(dense, "kernel", (0, 3)).outputs[0])
    [(0, 0, 3), (0, 1, 3), (0, 2, 3), (1, 0, 3), (1, 1, 3), (1, 2, 3)]
    >>> len(reached(dense, 0, (1, 2, 0)).outputs[0])
    5
    """
    start = box_of(cell)
    values: dict[int, Cells] = {operand: Cells((start,))} if isinstance(operand, int) else {}
    for step in layer.steps:
        boxes: list[Box] = []
        for number, value in enumerate(step.inputs):
            for box in lit(value, values).boxes:
                boxes += reaches(step, number, box)
        if isinstance(operand, str) and operand in step.bound.weights:
            boxes += reaches(step, operand, start)
        if boxes:
            values[id(step)] = merged(boxes)
    return Reached(values, tuple(lit(value, values) for value in layer.outputs))


def lit(value: Value, values: Mapping[int, Cells]) -> Cells:
    """The cells of a value among those of all values."""
    key = id(value.source) if isinstance(value.source, Step) else value.source
    return Cells() if key is None else values.get(key, Cells())


def reaches(step: Step, operand: int | str, box: Box) -> Iterator[Box]:
    """The boxes of output cells that read a box of an input or a weight of a step.

    It is the converse of `Step.reads`: each axis of the operand says which of its own places, or of
    those of a window over it, come out.
    """
    pattern = (
        step.bound.inputs[operand][1:] if isinstance(operand, int) else step.bound.weights[operand]
    )
    for found in bound(step, pattern, box):
        if step.by is By.RECUR:
            yield from recurred(step, found)
        else:
            yield from made(step, found)


def bound(step: Step, pattern: Pattern, box: Box) -> Iterator[Ranges]:
    """The indices of the named axes of an operand for a box of it; several where axes are merged."""
    choices = []
    for term, indices in zip(pattern, box, strict=True):
        known = isinstance(term, Axis | One) or step.all_of(term, indices)
        choices.append([indices] if known else singles(indices))
    for one in product(*choices):
        ranges: Ranges = {}
        if all(
            taken(step, term, indices, ranges) for term, indices in zip(pattern, one, strict=True)
        ):
            yield ranges


def taken(step: Step, term: Term, indices: Sequence[int], ranges: Ranges) -> bool:
    """Put the indices of one axis of an operand into the ranges; false if no named axis has them."""
    match term:
        case Axis(name):
            ranges[name] = indices
        case Merge(parts) if len(indices) == 1:
            rest = indices[0]
            for axis in reversed(parts):
                rest, place = divmod(rest, step.size(axis.name))
                ranges[axis.name] = range(place, place + 1)
        case Sum(parts):
            rest = indices[0]
            for axis in parts:
                inside = 0 <= rest < step.size(axis.name)
                ranges[axis.name] = range(rest, rest + 1) if inside else ()
                rest -= step.size(axis.name)
        case _:
            pass
    return len(indices) > 0


def made(step: Step, ranges: Ranges) -> Iterator[Box]:
    """The box of output cells that these indices of the axes of an operand go into."""
    held = [held_by(step, term, ranges) for term in step.bound.output[1:]]
    if all(map(len, held)):
        yield tuple(held)


def held_by(step: Step, term: Term, ranges: Ranges) -> Sequence[int]:
    """The indices along one axis of the output."""
    match term:
        case One():
            return range(1)
        case Sum(parts):
            known = [axis for axis in parts if axis.name in ranges] or list(parts)
            pairs = [(step.before(term, axis), places_of(step, axis, ranges)) for axis in known]
            return together([[before + place for place in some] for before, some in pairs])
    axes = list(axes_of((term,)))
    if len(axes) == 1:
        return places_of(step, axes[0], ranges)
    found = [0]
    for axis in axes:
        size, places = step.size(axis.name), places_of(step, axis, ranges)
        found = [before * size + place for before in found for place in places]
    return tuple(found)


def places_of(step: Step, axis: Axis, ranges: Ranges) -> Sequence[int]:
    """The indices of an axis of the output, of which the operand may have the base and the taps."""
    if axis.name in ranges:
        return ranges[axis.name]
    every = range(step.size(axis.name))
    if axis.slides:
        slide, length = step.windows[axis.base], step.size(axis.base)
        if axis.base not in ranges and axis.tap not in ranges:
            return every
        meets = {it: (slide.cells(it, length), slide.taps(it, length)) for it in every}
        return pairs_in(meets, ranges.get(axis.base), ranges.get(axis.tap))
    if isinstance(window := step.windows.get(axis.name), Window):
        slid = f"{axis.name}'"
        if slid not in ranges and axis.tap not in ranges:
            return every
        spread = {it: window.meets(it, step.size(slid)) for it in every}
        return pairs_in(spread, ranges.get(slid), ranges.get(axis.tap))
    return every


def pairs_in(
    meets: Mapping[int, tuple[Sequence[int], Sequence[int]]],
    cells: Sequence[int] | None,
    taps: Sequence[int] | None,
) -> Sequence[int]:
    """The places at which a window meets one of these cells with one of these taps."""

    def met(pair: tuple[Sequence[int], Sequence[int]]) -> bool:
        return any(
            (cells is None or cell in cells) and (taps is None or tap in taps)
            for cell, tap in zip(*pair, strict=True)
        )

    return together([[place for place, pair in meets.items() if met(pair)]])


def recurred(step: Step, ranges: Ranges) -> Iterator[Box]:
    """The same for a recurrence: after more than one place, everything has gone into every unit."""
    used = {axis.name for it in step.bound.weights.values() for axis in axes_of(it)}
    freed = {name: it for name, it in ranges.items() if name not in used}
    over = [
        axis for axis in axes_of(step.bound.output) if axis.base in step.recurred and axis.slides
    ]
    if not over:
        several = any(step.size(name) > 1 for name in step.recurred)
        yield from made(step, freed if several else ranges)
        return
    [axis] = over
    slide, length = step.windows[axis.base], step.size(axis.base)
    for place in places_of(step, axis, ranges):
        here = freed if len(slide.cells(place, length)) > 1 else ranges
        yield from made(step, {**here, axis.name: range(place, place + 1)})
