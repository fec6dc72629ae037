"""A report of a model: its picture, its table, and each of its layers drawn and explained."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from dense_shapes.axes import Cell
from dense_shapes.drawing import figure, strip
from dense_shapes.drawing.scene import Scene
from dense_shapes.errors import ShapeError, UnknownLayer
from dense_shapes.tables import Table, summary
from dense_shapes.traces import Layer, Trace
from dense_shapes.words import Prose, explain

Piece: TypeAlias = Table | Scene | Prose


@dataclass(frozen=True)
class Part:
    """A heading and what stands under it; `folded` says whether a reader opens it, where that can be."""

    heading: str
    pieces: tuple[Piece, ...]
    folded: bool = False


@dataclass(frozen=True)
class Report:
    """A title and the parts."""

    title: str
    parts: tuple[Part, ...]


FEW = 8
"""How many layers are shown open, at most."""


def report(trace: Trace) -> Report:
    """The report of a model; the layers of nested models have their parts after them.

    >>> from dense_shapes.rules import call
    >>> dense = call("Dense", {"units": 5}, (None, 2, 3, 1))
    >>> made = report(Trace("m", dense.inputs, (dense,), ((0, 0),)))
    >>> made.title, [part.heading for part in made.parts]
    ("Model 'm'", ['The model', 'dense: Dense'])
    """
    layers = list(every(trace))
    whole = Part("The model", (*pictures(trace), summary(trace, expand_nested=True)))
    parts = (
        Part(f"{name}: {layer.kind}", tuple(pieces(layer)), folded=len(layers) > FEW)
        for name, layer in layers
    )
    return Report(f"Model {trace.name!r}", (whole, *parts))


def pictures(trace: Trace) -> Iterator[Scene]:
    """The picture of the whole model, if that is more than one layer."""
    if len([layer for layer in trace if layer.inputs]) > 1:
        yield strip.draw(trace)


def every(trace: Trace, before: str = "") -> Iterator[tuple[str, Layer]]:
    """Every layer with the name by which the trace knows it, those of nested models after them."""
    for layer in trace:
        name = f"{before}{layer.label}"
        if layer.inputs or not layer.opaque:
            yield name, layer
        if layer.inner:
            yield from every(layer.inner, f"{name}/")


def pieces(layer: Layer) -> Iterator[Piece]:
    """The picture of a layer, with its last number lit where that is known, and what it does."""
    try:
        yield figure.draw(layer, cell=last_cell(layer))
    except (ShapeError, UnknownLayer):
        yield figure.draw(layer)
    yield Prose("What it does", explain(layer).lines)


def last_cell(layer: Layer) -> Cell:
    """The last cell of the output; the first on an axis of unknown size."""
    return tuple((size or 1) - 1 for size in layer.outputs[0].shape[1:])
