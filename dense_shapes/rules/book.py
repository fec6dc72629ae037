"""The table of rules, and how a rule becomes a layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from dense_shapes.axes import Shape
from dense_shapes.errors import UnknownLayer
from dense_shapes.steps import Value
from dense_shapes.traces import Layer

Config: TypeAlias = Mapping[str, Any]
RuleFunction: TypeAlias = Callable[..., Value]

NAMES = {
    2: ("b", "feature"),
    3: ("b", "t", "feature"),
    4: ("b", "h", "w", "c"),
    5: ("b", "d", "h", "w", "c"),
}
"""What Keras calls the axes of an input of each rank, where the data format is channels last."""


@dataclass(frozen=True)
class Rule:
    """The rule of a layer kind, with an example for its tests and its catalogue page."""

    kind: str
    function: RuleFunction
    example: Config
    shapes: tuple[Shape, ...]


RULES: dict[str, Rule] = {}


def rule(
    kind: str, *, example: Config, shapes: list[Shape]
) -> Callable[[RuleFunction], RuleFunction]:
    """Register the rule of a layer kind.

    `example` is the arguments of a layer and `shapes` the shapes of its inputs, the batch first.
    """

    def register(function: RuleFunction) -> RuleFunction:
        RULES[kind] = Rule(kind, function, example, tuple(shapes))
        return function

    return register


def named(shape: Shape) -> tuple[str, ...]:
    """The names of the axes of an input that no layer has named.

    >>> named((None, 2, 3, 1))
    ('b', 'h', 'w', 'c')
    >>> named((None, 1, 1, 1, 1, 1))
    ('b', 'axis1', 'axis2', 'axis3', 'axis4', 'axis5')
    """
    plain = ("b", *(f"axis{number}" for number in range(1, len(shape))))
    return NAMES.get(len(shape), plain)[: len(shape)]


def carried(value: Value) -> Value:
    """A value as the next layer sees it: what a filter made is a channel."""
    return replace(value, names=tuple("c" if name == "f" else name for name in value.names))


def call(kind: str, config: Config, *shapes: Shape, name: str = "") -> Layer:
    """Apply the rule of a layer kind to inputs of these shapes, the batch first.

    Raises `UnknownLayer` if the kind has no rule, `ShapeError` if the inputs do not fit.

    >>> call("Flatten", {}, (None, 2, 3, 1)).outputs[0].shape
    (None, 6)
    >>> call("Lambda", {}, (None, 2))
    Traceback (most recent call last):
    dense_shapes.errors.UnknownLayer: no rule describes layers of kind 'Lambda'
    """
    inputs = tuple(Value(shape, named(shape), n) for n, shape in enumerate(shapes))
    layer = traced(kind, config, inputs, name=name or kind.lower())
    return replace(layer, sources=tuple((-1, number) for number in range(len(inputs))))


def traced(kind: str, config: Config, inputs: tuple[Value, ...], *, name: str) -> Layer:
    """The layer that the rule of `kind` makes of these inputs."""
    if kind not in RULES:
        raise UnknownLayer(f"no rule describes layers of kind {kind!r}")
    inputs = tuple(map(carried, inputs))
    layer = Layer(name, kind, inputs, (RULES[kind].function(config, *inputs),))
    weights = tuple(
        replace(weight, path=f"{name}/{weight.name}")
        for step in layer.steps
        for weight in step.weights
    )
    return replace(layer, weights=weights)
