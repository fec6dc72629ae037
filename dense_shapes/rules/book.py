"""The table of rules, and how a rule becomes a layer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from inspect import Parameter, signature
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

from dense_shapes.axes import Shape
from dense_shapes.errors import ShapeError, UnknownLayer
from dense_shapes.steps import Value, Weight
from dense_shapes.traces import Layer

Config: TypeAlias = Mapping[str, Any]
Options: TypeAlias = Mapping[str, Any]

NAMES = {
    2: ("b", "feature"),
    3: ("b", "t", "feature"),
    4: ("b", "h", "w", "c"),
    5: ("b", "d", "h", "w", "c"),
}
"""What Keras calls the axes of an input of each rank, where the data format is channels last."""

FROZEN = {"moving_mean", "moving_variance", "mean", "variance", "count", "vector_u"}
"""The weights that training never changes, by the last part of their names."""

HOLDING = (
    *("Bidirectional", "GroupedQueryAttention", "MultiHeadAttention", "RNN"),
    *("SpectralNormalization", "StackedRNNCells", "TimeDistributed"),
)
"""The kinds whose weights are those of layers in them."""

HELD = ("layer", "backward_layer", "cell", "cells", "layers")
"""Where a configuration has the layers in a layer."""


@dataclass(frozen=True)
class Closed:
    """What a rule returns that knows the shapes and the weights of a layer, but not what its cells read."""

    reason: str
    outputs: tuple[Value, ...]
    weights: tuple[Weight, ...] = ()


@dataclass(frozen=True)
class Stored:
    """What a rule returns whose steps do not read each weight just once: all the weights, in order."""

    outputs: tuple[Value, ...]
    weights: tuple[Weight, ...]


Result: TypeAlias = Value | tuple[Value, ...] | Stored | Closed
RuleFunction: TypeAlias = Callable[..., Result]


@dataclass(frozen=True)
class Rule:
    """The rule of a layer kind, with an example for its tests and its catalogue page.

    `shapes` are the inputs of the example, the batch first, and `options` what its call is given
    beside them.
    """

    kind: str
    function: RuleFunction
    example: Config
    shapes: tuple[Shape, ...]
    options: Options


RULES: dict[str, Rule] = {}

OPAQUE: dict[str, str] = {}
"""The layer kinds that are opaque by decision, and why."""


def rule(
    kind: str, *, example: Config, shapes: list[Shape], options: Options | None = None
) -> Callable[[RuleFunction], RuleFunction]:
    """Register the rule of a layer kind.

    A rule reads like the layer's own `call()`: it takes the configuration, then a value for each
    input, and by keyword what the layer may be called with. It returns the output, or all the outputs
    in a tuple, or `Stored` where a weight is read twice or never, or `Closed` where only the shapes and
    weights are known.

    `example` is the arguments of a layer, `shapes` the shapes of its inputs, the batch first, and
    `options` what else its call is given.
    """

    def register(function: RuleFunction) -> RuleFunction:
        RULES[kind] = Rule(kind, function, example, tuple(shapes), options or {})
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


def carried(value: Value, *, first: bool = False) -> Value:
    """A value as the next layer sees it: what a filter made is a channel.

    `first` says that the layer takes the channels for the first axis after the batch.
    """
    names = tuple("c" if name in ("f", "(g f)", "(c m)") else name for name in value.names)
    if first and len(names) > 2 and names == named(value.shape):
        names = (names[0], names[-1], *names[1:-1])
    return replace(value, names=names)


@dataclass(frozen=True)
class Arguments:
    """The arguments of a layer in the order in which Keras takes them: first those without a default."""

    required: tuple[str, ...]
    optional: Mapping[str, Any]

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, in order."""
        return (*self.required, *self.optional)


@cache
def arguments() -> dict[str, Arguments]:
    """The arguments of every layer of Keras, by its kind.

    Source: the signatures of the classes of `keras.layers`; a test compares them.

    >>> arguments()["Dense"].names[:3], arguments()["Dense"].optional["use_bias"]
    (('units', 'activation', 'use_bias'), True)
    """
    text = Path(__file__).with_name("arguments.json").read_text("utf-8")
    return {
        kind: Arguments(tuple(it["required"]), it["optional"])
        for kind, it in json.loads(text).items()
    }


def call(kind: str, config: Config, *shapes: Shape, name: str = "", **options: Any) -> Layer:
    """Apply the rule of a layer kind to inputs of these shapes, the batch first.

    Raises `UnknownLayer` if the kind has no rule, `ShapeError` if the inputs do not fit.

    >>> call("Flatten", {}, (None, 2, 3, 1)).outputs[0].shape
    (None, 6)
    >>> call("Lambda", {}, (None, 2))
    Traceback (most recent call last):
    dense_shapes.errors.UnknownLayer: it runs a function of its own, which is never executed here
    """
    values = tuple(Value(shape, named(shape), n) for n, shape in enumerate(shapes))
    layer = traced(kind, config, values, options, name=name or kind.lower())
    return replace(layer, sources=tuple((-1, number) for number in range(len(values))))


def traced(
    kind: str, config: Config, inputs: Sequence[Any], options: Options | None = None, *, name: str
) -> Layer:
    """The layer that the rule of `kind` makes of these inputs, called with these options.

    Both may hold values in lists. The inputs of the layer are all the values in them, in the order
    in which Keras counts them.
    """
    if kind not in RULES:
        raise UnknownLayer(OPAQUE.get(kind) or f"no rule describes layers of kind {kind!r}")
    rule = RULES[kind]
    counter = count()
    first = config.get("data_format") == "channels_first"

    def numbered(thing: Any) -> Any:
        match thing:
            case Value():
                return replace(carried(thing, first=first), source=next(counter))
            case list() | tuple():
                return [numbered(one) for one in thing]
            case dict():
                return {key: numbered(thing[key]) for key in sorted(thing)}
        return thing

    flat: list[Any] = []
    for thing in numbered(inputs):
        flat.extend(thing if isinstance(thing, list) and any(values_in(thing)) else [thing])
    given = numbered(dict(options or {}))
    values = tuple(values_in([flat, given]))
    known, why = accepted(rule, given)
    defaults = arguments()[kind].optional if kind in arguments() else {}
    check_count(kind, rule, flat, known)
    result = rule.function({**defaults, **config}, *flat, **known)
    layer = layer_of(name, kind, values, result)
    return closed(layer, why) if why else layer


def check_count(kind: str, rule: Rule, inputs: Sequence[Any], options: Options) -> None:
    """Raise `ShapeError` if a rule takes more inputs, or fewer, than these."""
    _, *taken = signature(rule.function).parameters.values()
    if any(it.kind is Parameter.VAR_POSITIONAL for it in taken):
        return
    taken = [it for it in taken if it.kind is not Parameter.KEYWORD_ONLY]
    missing = [it.name for it in taken[len(inputs) :] if it.default is it.empty]
    missing = [name for name in missing if name not in options]
    if missing or len(inputs) > len(taken):
        names = ", ".join(it.name for it in taken if it.default is it.empty)
        raise ShapeError(f"{kind} expects {names or 'no input'}, and received {len(inputs)}")


def accepted(rule: Rule, options: Options) -> tuple[dict[str, Any], str]:
    """The options that a rule knows, and what is said if there are others."""
    given = {key: it for key, it in options.items() if it is not None and it is not False}
    parameters = signature(rule.function).parameters.values()
    keywords = {it.name for it in parameters if it.kind is not Parameter.VAR_POSITIONAL}
    unknown = [key for key in given if key not in keywords]
    why = f"it is called with {unknown[0]}=" if unknown else ""
    return {key: it for key, it in given.items() if key in keywords}, why


def values_in(thing: Any) -> Iterator[Value]:
    """Every value in nested lists and dictionaries, in order."""
    match thing:
        case Value():
            yield thing
        case list():
            for one in thing:
                yield from values_in(one)
        case dict():
            for one in thing.values():
                yield from values_in(one)


def layer_of(name: str, kind: str, inputs: tuple[Value, ...], result: Result) -> Layer:
    """The layer that has this result."""
    if isinstance(result, Closed):
        outputs = tuple(replace(value, source=None) for value in result.outputs)
        layer = Layer(name, kind, inputs, outputs, result.weights, opaque=result.reason)
    elif isinstance(result, Stored):
        layer = Layer(name, kind, inputs, result.outputs, result.weights)
    else:
        outputs = result if isinstance(result, tuple) else (result,)
        layer = Layer(name, kind, inputs, outputs)
    weights = layer.weights or tuple(it for step in layer.steps for it in step.weights)
    return replace(layer, weights=tuple(owned(weight, name) for weight in weights))


def is_trained(kind: str, config: Config) -> bool:
    """Whether training changes the weights of a layer that is made with this configuration.

    Keras does not hand `trainable=False` on to the layers in a layer; what these are given counts.
    Source: keras/src/layers/layer.py

    >>> is_trained("Dense", {"trainable": False}), is_trained("TimeDistributed", {"trainable": False})
    (False, True)
    """
    return kind in HOLDING or config.get("trainable") is not False


def layers_in(config: Any) -> int:
    """How many layers a configuration holds, those in these too.

    >>> cell = {"class_name": "GRUCell", "config": {"units": 2}}
    >>> layers_in({"cell": {"class_name": "StackedRNNCells", "config": {"cells": [cell, cell]}}})
    3
    """
    found = 0
    for it in map(config.get, HELD) if isinstance(config, Mapping) else ():
        for one in it if isinstance(it, list | tuple) else [it]:
            if isinstance(one, Mapping):
                found += 1 + layers_in(one.get("config"))
    return found


def owned(weight: Weight, name: str) -> Weight:
    """A weight as a part of the layer of this name."""
    frozen = weight.name.rpartition("/")[2] in FROZEN
    return replace(weight, path=f"{name}/{weight.name}", trainable=weight.trainable and not frozen)


def closed(layer: Layer, reason: str) -> Layer:
    """The layer without its steps: its shapes and weights alone."""
    outputs = tuple(replace(value, source=None) for value in layer.outputs)
    return replace(layer, outputs=outputs, opaque=layer.opaque or reason)
