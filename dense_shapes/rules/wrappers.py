"""Rules that call rules: TimeDistributed, Bidirectional, SpectralNormalization."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from dense_shapes.axes import Axis, Pattern, Rest, Window, axes_of
from dense_shapes.errors import ShapeError, UnknownLayer
from dense_shapes.rules.book import (
    Closed,
    Config,
    Result,
    Stored,
    carried,
    is_trained,
    layer_of,
    rule,
    traced,
    values_in,
)
from dense_shapes.rules.gates import owned_by_keras, serialized
from dense_shapes.signature import Signature
from dense_shapes.steps import By, Step, Value, Weight, apply
from dense_shapes.traces import Layer


@rule(
    "TimeDistributed",
    example={"layer": serialized("Dense", units=2)},
    shapes=[(None, 3, 4)],
)
def time_distributed(config: Config, x: Value) -> Result:
    """The layer inside is applied to each place of the second axis, with the same weights.

    Source: keras/src/layers/rnn/time_distributed.py
    """
    if len(x.shape) < 3:
        raise ShapeError(
            "TimeDistributed expects at least 3 axes (batch, time, and what the layer inside takes), "
            f"and received {len(x.shape)}: {x.shape}"
        )
    one = Value((x.shape[0], *x.shape[2:]), (x.names[0], *x.names[2:]))
    inner = inside(config["layer"], [one])
    if len(inner.outputs) != 1:
        raise UnknownLayer("the layer inside has several outputs")
    if inner.opaque:
        [made] = inner.outputs
        shape = (made.shape[0], x.shape[1], *made.shape[1:])
        value = Value(shape, (x.names[0], x.names[1], *made.names[1:]), None)
        return Closed(inner.opaque, (value,), inner.weights)
    name = free_name(x.names[1], inner.steps)
    outputs = rebuilt(inner, [x], lambda signature: lifted(signature, name))
    return Stored(outputs, inner.weights)


@rule(
    "Bidirectional",
    example={"layer": serialized("SimpleRNN", units=2)},
    shapes=[(None, 3, 2)],
)
def bidirectional(config: Config, x: Value, *states: Value, initial_state: Any = ()) -> Result:
    """One recurrence runs from the beginning and one from the end; their outputs are put together.

    Source: keras/src/layers/rnn/bidirectional.py
    """
    given = list(values_in([list(states), initial_state]))
    half = len(given) // 2
    forward = renamed(config["layer"], "forward", [x, *given[:half]])
    there = config.get("backward_layer") or turned(config["layer"])
    if goes_backwards(config["layer"]) == goes_backwards(there):
        raise ShapeError("the two layers of Bidirectional must run in opposite directions")
    backward = renamed(there, "backward", [x, *given[half:]])
    y, back = forward.outputs[0], backward.outputs[0]
    if len(back.shape) == len(x.shape):
        back = turned_round(back)
    ys = together(config.get("merge_mode", "concat"), y, back)
    outputs = (*ys, *forward.outputs[1:], *backward.outputs[1:])
    weights = (*forward.weights, *backward.weights)
    why = forward.opaque or backward.opaque
    return Closed(why, outputs, weights) if why else Stored(outputs, weights)


def goes_backwards(config: Any) -> bool:
    """Whether the recurrence of a configuration runs from the end."""
    known(config)
    return bool(config.get("config", {}).get("go_backwards"))


def turned(config: Any) -> Any:
    """The configuration of the same layer, running the other way."""
    return {**config, "config": {**config.get("config", {}), "go_backwards": True}}


def turned_round(sequence: Value) -> Value:
    """A sequence with its last place first."""
    length = sequence.shape[1]
    window = Window(1, stride=-1, before=None if length is None else 1 - length)
    return apply("b t ... -> b t' ...", sequence, by=By.COPY, t=window)


def together(mode: str | None, forward: Value, backward: Value) -> tuple[Value, ...]:
    """What comes from the beginning and what comes from the end, put together."""
    match mode:
        case "concat":
            pattern, by = "... p, ... q -> ... (p + q)", By.COPY
        case "sum":
            pattern, by = "..., ... -> ...", By.SUM
        case "ave":
            pattern, by = "..., ... -> ...", By.MEAN
        case "mul":
            pattern, by = "..., ... -> ...", By.MULTIPLY
        case None:
            return forward, backward
        case _:
            raise UnknownLayer(f"no rule describes merge_mode={mode!r}")
    return (apply(pattern, forward, backward, by=by),)


@rule(
    "SpectralNormalization",
    example={"layer": serialized("Dense", units=2)},
    shapes=[(None, 3)],
)
def spectral_normalization(config: Config, x: Value) -> Result:
    """The layer inside; training divides its kernel by the largest singular value.

    The vector from which that value is found is kept, and used in training alone.
    Source: keras/src/layers/normalization/spectral_normalization.py
    """
    inner = inside(config["layer"], [x])
    kernels = [it for it in inner.weights if it.name in ("kernel", "embeddings")]
    if not kernels:
        raise ShapeError("SpectralNormalization takes a layer with a kernel or with embeddings")
    kernel = kernels[0]
    vector = Weight("vector_u", (1, kernel.shape[-1]), trainable=False)
    weights = (kernel, vector, *(weight for weight in inner.weights if weight is not kernel))
    if inner.opaque:
        return Closed(inner.opaque, inner.outputs, weights)
    return Stored(inner.outputs, weights)


def known(config: Any) -> str:
    """The kind of the layer in a configuration.

    Raises `UnknownLayer` if it is not one of Keras's own.
    """
    kind = config.get("class_name") if isinstance(config, Mapping) else None
    if kind is None or not owned_by_keras(config):
        raise UnknownLayer(f"the layer inside it, {kind or config!r}, is not one of Keras's own")
    return str(kind)


def inside(config: Any, values: Sequence[Value]) -> Layer:
    """The layer of a nested configuration on these values; its inputs are numbered from 0.

    Raises `UnknownLayer` if no rule describes it.
    """
    kind, own = known(config), config.get("config", {})
    if kind == "Sequential":
        return chained(own["layers"], *values)
    layer = traced(kind, own, values, name="")
    if is_trained(kind, own):
        return layer
    return replace(layer, weights=tuple(replace(it, trainable=False) for it in layer.weights))


def chained(configs: Sequence[Any], x: Value) -> Layer:
    """Layers each of which takes what the one before gives, as one layer."""
    y, why, weights = x, "", list[Weight]()
    for number, config in enumerate(configs, 1):
        if known(config) == "InputLayer":
            continue
        inner = renamed(config, config.get("config", {}).get("name") or f"layer{number}", [y])
        if len(inner.outputs) != 1:
            raise UnknownLayer(f"layer {number} inside it has several outputs")
        y, why = carried(inner.outputs[0]), why or inner.opaque
        weights += inner.weights
    held = tuple(weights)
    result = Closed(why, (y,), held) if why else Stored((y,), held)
    return layer_of("", "Sequential", (x,), result)


def renamed(config: Any, prefix: str, values: Sequence[Value]) -> Layer:
    """The layer of a nested configuration on these values, its weights named with a prefix."""
    inner = inside(config, values)

    def change(signature: Signature) -> Signature:
        weights = {f"{prefix}/{name}": it for name, it in signature.weights.items()}
        return replace(signature, weights=weights)

    outputs = inner.outputs if inner.opaque else rebuilt(inner, values, change)
    weights = tuple(replace(it, name=f"{prefix}/{it.name}") for it in inner.weights)
    return replace(inner, outputs=outputs, weights=weights)


def rebuilt(
    layer: Layer, values: Sequence[Value], change: Callable[[Signature], Signature]
) -> tuple[Value, ...]:
    """The outputs of a layer, made anew from other values, by its steps with other signatures."""
    done: dict[int, Value] = {}

    def again(value: Value) -> Value:
        source = value.source
        if isinstance(source, Step):
            return done[id(source)]
        return value if source is None else values[source]

    for step in layer.steps:
        inputs = tuple(map(again, step.inputs))
        done[id(step)] = replace(step, signature=change(step.signature), inputs=inputs).output
    return tuple(map(again, layer.outputs))


def lifted(signature: Signature, name: str) -> Signature:
    """The signature with one more axis after the batch, at each place of which it does the same.

    >>> lifted(Signature.read("b t feature -> b feature"), "frame").write()
    'b frame t feature -> b frame feature'
    >>> lifted(Signature.read("... in -> ... out"), "frame").write()
    '... in -> ... out'
    """

    def wider(pattern: Pattern) -> Pattern:
        if pattern[0] == Rest():
            return pattern
        return pattern[0], Axis(name), *pattern[1:]

    return Signature(
        tuple(map(wider, signature.inputs)), wider(signature.output), signature.weights
    )


def free_name(wanted: str, steps: Sequence[Step]) -> str:
    """A name for an axis that no step has yet: the one that is wanted, if it serves."""
    used = {name for step in steps for name in names_of(step.signature)}
    choices = [wanted] if wanted.isidentifier() else []
    choices += ["time", *(f"time{number}" for number in range(2, len(used) + 3))]
    return next(name for name in choices if name not in used)


def names_of(signature: Signature) -> Iterator[str]:
    """The names of the axes of a signature, and of those inside its windows."""
    for pattern in (*signature.inputs, signature.output, *signature.weights.values()):
        for axis in axes_of(pattern):
            yield from (axis.base, axis.tap)
