"""What is lit in a picture: what a cell reads, step by step back, or what it reaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import TypeAlias

from dense_shapes.axes import Cell, Shape
from dense_shapes.cells import Box, Cells, box_of, checked, merged
from dense_shapes.drawing.scene import Origin
from dense_shapes.errors import CellError, UnknownLayer
from dense_shapes.fates import key
from dense_shapes.reaches import reached
from dense_shapes.steps import Step, Value
from dense_shapes.traces import Layer
from dense_shapes.words import input_names

Spot: TypeAlias = Cell | tuple[str, Cell]
"""A cell to light: one of the output, or one of the tensor with this name."""
LISTED = 200_000
"""How many cells are listed to count them, at most."""


@dataclass(frozen=True)
class Lights:
    """The lit cells of a layer: of its values by their keys, of its weights and of its outputs.

    `through` says which cells of a value are lit because of a step that reads it.
    """

    values: Mapping[int, Cells] = field(default_factory=dict)
    weights: Mapping[str, Cells] = field(default_factory=dict)
    outputs: Mapping[int, Cells] = field(default_factory=dict)
    through: Mapping[tuple[int, int], Sequence[Box]] | None = None

    def of(self, value: Value) -> Cells:
        """The lit cells of a value inside the layer."""
        where = key(value)
        return Cells() if where is None else self.values.get(where, Cells())

    def by(self, value: Value, steps: Sequence[Step]) -> Cells:
        """The cells of a value that are lit because of these steps."""
        where = key(value)
        if where is None or self.through is None:
            return self.of(value)
        return merged(box for step in steps for box in self.through.get((id(step), where), ()))

    def of_weight(self, name: str) -> Cells:
        """The lit cells of a weight."""
        return self.weights.get(name, Cells())

    def of_output(self, number: int) -> Cells:
        """The lit cells of an output."""
        return self.outputs.get(number, Cells())


def lit_cells(layer: Layer, lights: Lights, origin: Origin) -> Cells:
    """The lit cells of the tensor of a layer that a panel shows."""
    if origin.weight is not None:
        return lights.of_weight(origin.weight)
    if origin.output is not None:
        value, cells = layer.outputs[origin.output], lights.of_output(origin.output)
        asked = {key(layer.outputs[it]) for it, some in lights.outputs.items() if some.boxes}
        return cells if cells.boxes or key(value) in asked else lights.of(value)
    place = origin.value
    if place is None:
        return Cells()
    value = layer.inputs[-1 - place] if place < 0 else layer.steps[place].output
    if origin.steps:
        return lights.by(value, [layer.steps[it] for it in origin.steps])
    return lights.of(value)


def origin_of(layer: Layer, value: Value, steps: Sequence[Step] = ()) -> Origin:
    """The origin of a panel of a value inside a layer, of which these steps read."""
    places = {id(step): place for place, step in enumerate(layer.steps)}
    inside = isinstance(value.source, Step)
    place = places[id(value.source)] if inside else -1 - int(value.source or 0)  # type: ignore[arg-type]
    return Origin(value=place, steps=tuple(places[id(step)] for step in steps))


@dataclass(frozen=True)
class Named:
    """A tensor of a layer's picture, as a user names it."""

    side: str
    operand: int | str
    shape: Shape


def tensors(layer: Layer) -> dict[str, Named]:
    """Every tensor of which a cell can be lit, by its name in the picture."""
    several = len(layer.outputs) > 1
    found = {
        name: Named("input", number, value.shape)
        for number, (name, value) in enumerate(zip(input_names(layer), layer.inputs, strict=True))
    }
    found |= {weight.name: Named("weight", weight.name, weight.shape) for weight in layer.weights}
    return found | {
        f"output {number}" if several else "output": Named("output", number, value.shape)
        for number, value in enumerate(layer.outputs)
    }


def named_spot(layer: Layer, spot: Spot) -> tuple[str, Named, Cell]:
    """The tensor that a spot is in, by its name, and the cell.

    Raises `CellError` if the picture has no such tensor, or the tensor no such cell.
    """
    name, cell = spot if is_named(spot) else ("", spot)
    found = tensors(layer)
    name = name or next(it for it, one in found.items() if one.side == "output")
    if name not in found:
        raise CellError(
            f"layer {layer.label!r} has no tensor that is called {name!r}; it has: {', '.join(found)}"
        )
    one = found[name]
    return name, one, checked(cell, one.shape, name, batch=one.side != "weight")  # type: ignore[arg-type]


def is_named(spot: object) -> bool:
    """Whether a spot says in which tensor it is."""
    return isinstance(spot, tuple | list) and len(spot) == 2 and isinstance(spot[0], str)


def known(layer: Layer) -> None:
    """Raise `UnknownLayer` if it is not known what the cells of a layer read."""
    if layer.opaque or layer.inner:
        why = layer.opaque or "it is a model; ask one of its own layers"
        raise UnknownLayer(f"what a cell of {layer.kind} {layer.label!r} reads is not known: {why}")


def forth(layer: Layer, operand: int | str, cell: Cell) -> Lights:
    """A cell of an input (by number) or of a weight (by name), and all that it reaches."""
    known(layer)
    found = reached(layer, operand, cell)
    weights = {operand: Cells((box_of(cell),))} if isinstance(operand, str) else {}
    return Lights(found.values, weights, dict(enumerate(found.outputs)))


def back(layer: Layer, outputs: Mapping[int, Cells]) -> Lights:
    """These cells of the outputs (by number), and all that they read.

    Raises `UnknownLayer` if no rule describes the layer.

    >>> from dense_shapes.rules import call
    >>> dense = call("Dense", {"units": 5}, (None, 2, 3, 1))
    >>> lights = back(dense, {0: Cells((box_of((1, 2, 4)),))})
    >>> list(lights.of(dense.inputs[0])), list(lights.of_weight("kernel"))
    ([(1, 2, 0)], [(0, 4)])
    """
    known(layer)
    wanted: dict[int, list[Box]] = {}
    through: dict[tuple[int, int], list[Box]] = {}
    weights: dict[str, list[Box]] = {weight.name: [] for weight in layer.weights}

    def want(value: Value, boxes: Sequence[Box]) -> None:
        if (where := key(value)) is not None:
            wanted.setdefault(where, []).extend(boxes)

    for number, cells in outputs.items():
        want(layer.outputs[number], cells.boxes)
    for step in reversed(layer.steps):
        for box in merged(wanted.get(id(step), [])).boxes:
            for reads in step.reads(box):
                for value, cells in zip(step.inputs, reads.inputs, strict=True):
                    want(value, cells.boxes)
                    through.setdefault((id(step), key(value) or 0), []).extend(cells.boxes)
                for name, cells in reads.weights.items():
                    weights[name].extend(cells.boxes)
    values = {where: merged(boxes) for where, boxes in wanted.items()}
    held = {name: merged(boxes) for name, boxes in weights.items()}
    return Lights(values, held, outputs, through)


def count(cells: Cells) -> int | None:
    """How many cells there are; `None` where that takes too long."""
    sizes = [prod(map(len, box)) for box in cells.boxes]
    if len(sizes) < 2:
        return sum(sizes)
    return len(cells) if sum(sizes) <= LISTED else None
