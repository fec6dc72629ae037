"""Models put together by hand from the rules, as a reader puts them together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from dense_shapes.axes import Shape
from dense_shapes.rules import named, traced
from dense_shapes.steps import Value
from dense_shapes.traces import Layer, Trace

Spec: TypeAlias = tuple[str, Mapping[str, Any]]
"""The kind of a layer and its configuration."""


def chain(name: str, shape: Shape, *specs: Spec, path: str = "") -> Trace:
    """A trace whose layers each take the output of the one before; named as Keras names them."""
    value = Value(shape, named(shape), 0)
    layers: list[Layer] = []
    for number, (kind, config) in enumerate(specs):
        same = sum(layer.kind == kind for layer in layers)
        label = kind.lower() + (f"_{same}" if same else "")
        layer = traced(kind, config, (replace(value, source=0),), name=label)
        weights = tuple(replace(weight, path=f"{path}{weight.path}") for weight in layer.weights)
        layers.append(replace(layer, sources=((number - 1, 0),), weights=weights))
        value = layer.outputs[0]
    inputs = (Value(shape, named(shape), 0),)
    return Trace(name, inputs, tuple(layers), ((len(layers) - 1, 0),))


def nested(name: str, inner: Trace, *, number: int = 1, source: int = -1) -> Layer:
    """A call of a model inside a model, as the Keras reader makes it."""
    place, which = inner.outputs[0]
    output = replace(inner.layers[place].outputs[which], source=None)
    return Layer(
        name,
        "Sequential",
        inner.inputs,
        (output,),
        inner.weights,
        ((source, 0),),
        number=number,
        inner=inner,
    )


def opaque(name: str, before: Shape, after: Shape, *, source: int = -1) -> Layer:
    """A layer that no rule describes, as the Keras reader makes it."""
    return Layer(
        name,
        "Mystery",
        (Value(before, named(before), 0),),
        (Value(after, named(after), None),),
        sources=((source, 0),),
        opaque="no rule describes layers of kind 'Mystery'",
    )


CONVOLUTIONS: tuple[Spec, ...] = (
    ("Conv2D", {"filters": 8, "kernel_size": (2, 2)}),
    ("Conv2D", {"filters": 1, "kernel_size": (2, 2)}),
)
HEAD: tuple[Spec, ...] = (("Dense", {"units": 5}), ("Dense", {"units": 1}))

MODEL_A = chain("A", (None, 4, 5, 1), *CONVOLUTIONS, ("Flatten", {}), *HEAD)
"""The model of the question, with its Flatten: 114 parameters."""

MODEL_B = chain("B", (None, 4, 5, 1), *CONVOLUTIONS, *HEAD)
"""The same without Flatten: 89 parameters."""
