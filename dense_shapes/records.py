"""A trace as JSON, and back: the format `dense-shapes/1`.

What is derived (shapes, parameters, formula, multiply-adds) is written for other programs. When it is
read, it is worked out again from the steps, and a record that contradicts itself is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from dense_shapes.axes import Shape, Window
from dense_shapes.errors import DenseShapesError, FormatError
from dense_shapes.signature import write_pattern
from dense_shapes.steps import By, Step, Value, Weight, apply
from dense_shapes.traces import Layer, Trace

FORMAT = "dense-shapes/1"
WIRING = ("name", "inputs", "outputs")
"""What a nested model keeps beside its layers."""


def to_json(trace: Trace) -> str:
    """The trace as a JSON text; `from_json` reads it back into an equal trace.

    >>> from dense_shapes.rules import call
    >>> dense = call("Dense", {"units": 5}, (None, 2, 3, 1))
    >>> trace = Trace("model", dense.inputs, (dense,), ((0, 0),))
    >>> from_json(to_json(trace)) == trace
    True
    """
    record = {"format": FORMAT, **trace_record(trace)}
    return json.dumps(record, indent=2, ensure_ascii=False)


def from_json(text: str) -> Trace:
    """The trace in a JSON text of the format `dense-shapes/1`; nothing in it is executed.

    Raises `FormatError` if the text is not of that format, or contradicts itself.

    >>> from_json('{"format": "summary/3"}')
    Traceback (most recent call last):
    dense_shapes.errors.FormatError: expected a record of format 'dense-shapes/1', received 'summary/3'
    """
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"expected JSON of format {FORMAT!r}: {error}") from None
    found = record.get("format") if isinstance(record, dict) else type(record).__name__
    if found != FORMAT:
        raise FormatError(f"expected a record of format {FORMAT!r}, received {found!r}")
    try:
        trace = read_trace(record)
        again = {"format": FORMAT, **trace_record(trace)}
    except DenseShapesError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        raise FormatError(
            f"the record is not of format {FORMAT!r}: {type(error).__name__}: {error}"
        ) from None
    if again != record:
        raise FormatError(f"the record contradicts itself at {difference(record, again)}")
    return trace


def trace_record(trace: Trace) -> dict[str, Any]:
    """A trace as plain data."""
    return {
        "name": trace.name,
        "inputs": [value_record(value) for value in trace.inputs],
        "layers": [layer_record(layer) for layer in trace.layers],
        "outputs": [list(source) for source in trace.outputs],
        "params": trace.params,
        "trainable_params": trace.trainable_params,
        "non_trainable_params": trace.non_trainable_params,
        "macs": trace.macs,
    }


def value_record(value: Value) -> dict[str, Any]:
    """A value as plain data, without the step that made it."""
    return {"shape": list(value.shape), "names": list(value.names)}


def layer_record(layer: Layer) -> dict[str, Any]:
    """A layer as plain data."""
    numbers: dict[int, int] = {}

    def number(value: Value) -> int | None:
        if isinstance(value.source, Step):
            return numbers[id(value.source)]
        return value.source

    steps = []
    for step in layer.steps:
        steps.append(step_record(step, [number(value) for value in step.inputs]))
        numbers[id(step)] = len(layer.inputs) + len(numbers)
    record = {
        "name": layer.name,
        "call": layer.number,
        "kind": layer.kind,
        "inputs": [list(value.shape) for value in layer.inputs],
        "outputs": [list(value.shape) for value in layer.outputs],
        "weights": [{**asdict(weight), "shape": list(weight.shape)} for weight in layer.weights],
        "params": layer.params,
        "trainable_params": layer.trainable_params,
        "macs": layer.macs,
        "formula": layer.formula,
        "opaque": bool(layer.opaque),
        "signature": list(layer.signatures),
        "reason": layer.opaque,
        "weight_set": layer.weight_set,
        "sources": [list(source) for source in layer.sources],
        "axes": {
            "inputs": [list(value.names) for value in layer.inputs],
            "outputs": [list(value.names) for value in layer.outputs],
        },
        "steps": steps,
        "results": [number(value) for value in layer.outputs],
    }
    if layer.inner:
        inner = trace_record(layer.inner)
        record |= {"layers": inner["layers"], "wiring": {k: inner[k] for k in WIRING}}
    return record


def step_record(step: Step, operands: list[int | None]) -> dict[str, Any]:
    """A step as plain data; its operands are numbered: the inputs of the layer, then the steps."""
    weights = step.signature.weights.items()
    return {
        "signature": step.signature.write(),
        "weights": {name: write_pattern(pattern) for name, pattern in weights},
        "given": {n: asdict(it) if isinstance(it, Window) else it for n, it in step.given.items()},
        "by": step.by.value,
        "function": step.function,
        "inputs": operands,
    }


def read_trace(record: Mapping[str, Any]) -> Trace:
    """The trace that a record describes."""
    return Trace(
        record["name"],
        tuple(
            Value(shape(value["shape"]), tuple(value["names"]), number)
            for number, value in enumerate(record["inputs"])
        ),
        tuple(read_layer(layer) for layer in record["layers"]),
        tuple((place, output) for place, output in record["outputs"]),
    )


def read_layer(record: Mapping[str, Any]) -> Layer:
    """The layer that a record describes; its steps are applied again."""
    names = record["axes"]
    inputs = tuple(
        Value(shape(sizes), tuple(axes), number)
        for number, (sizes, axes) in enumerate(zip(record["inputs"], names["inputs"], strict=True))
    )
    values = list(inputs)
    for step in record["steps"]:
        values.append(read_step(step, values))
    outputs = tuple(
        Value(shape(sizes), tuple(axes), None) if result is None else values[result]
        for sizes, axes, result in zip(
            record["outputs"], names["outputs"], record["results"], strict=True
        )
    )
    weights = tuple(Weight(w["name"], shape(w["shape"]), w["trainable"]) for w in record["weights"])
    inner = None
    if "layers" in record:
        inner = read_trace({**record["wiring"], "layers": record["layers"]})
    return Layer(
        record["name"],
        record["kind"],
        inputs,
        outputs,
        weights,
        tuple((place, output) for place, output in record["sources"]),
        record["weight_set"],
        record["call"],
        record["reason"],
        inner,
    )


def read_step(record: Mapping[str, Any], values: list[Value]) -> Value:
    """The value that a recorded step makes."""
    given = {
        name: Window(**it) if isinstance(it, dict) else int(it)
        for name, it in record["given"].items()
    }
    return apply(
        record["signature"],
        *(values[number] for number in record["inputs"]),
        by=By(record["by"]),
        function=record["function"],
        **record["weights"],
        **given,
    )


def shape(sizes: list[int | None]) -> Shape:
    """A shape from its record; only whole numbers and unknown sizes are let through."""
    if any(not (size is None or type(size) is int) for size in sizes):
        raise FormatError(f"expected a shape of whole numbers and null, received {sizes}")
    return tuple(sizes)


def difference(one: Any, other: Any, where: str = "the record") -> str:
    """The place of the first difference between two pieces of plain data."""
    match one, other:
        case (dict(), dict()) if one.keys() == other.keys():
            pairs = [(one[key], other[key], f"{where}[{key!r}]") for key in one]
        case (list(), list()) if len(one) == len(other):
            pairs = [
                (a, b, f"{where}[{n}]") for n, (a, b) in enumerate(zip(one, other, strict=True))
            ]
        case _:
            return where
    return next((difference(a, b, place) for a, b, place in pairs if a != b), where)
