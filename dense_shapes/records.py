"""A trace as JSON, and back: the format `dense-shapes/1`.

What is derived (shapes, parameters, formula, multiply-adds) is written for other programs. When it is
read, it is worked out again from the steps, and a record that contradicts itself is refused.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, TypeVar

from dense_shapes.axes import Parts, Past, Shape, Slide, Window
from dense_shapes.errors import DenseShapesError, FormatError
from dense_shapes.signature import write_pattern
from dense_shapes.steps import By, Step, Value, Weight, apply
from dense_shapes.traces import Layer, Trace, expected

T = TypeVar("T")

FORMAT = "dense-shapes/1"
WIRING = ("name", "inputs", "outputs", "beside")
"""What a nested model keeps beside its layers."""


WRONG = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
"""What reading plain data of another form may raise."""


def to_json(trace: Trace) -> str:
    """The trace as a JSON text; `from_json` reads it back into an equal trace.

    >>> from dense_shapes.rules import call
    >>> dense = call("Dense", {"units": 5}, (None, 2, 3, 1))
    >>> trace = Trace("model", dense.inputs, (dense,), ((0, 0),))
    >>> from_json(to_json(trace)) == trace
    True
    """
    record = {"format": FORMAT, **trace_record(expected(Trace, trace))}
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
    except (TypeError, ValueError, RecursionError) as error:
        raise FormatError(f"expected JSON of format {FORMAT!r}: {error}") from None
    found = record.get("format") if isinstance(record, dict) else type(record).__name__
    if found != FORMAT:
        raise FormatError(f"expected a record of format {FORMAT!r}, received {found!r}")
    try:
        trace = read_trace(record)
        again = {"format": FORMAT, **trace_record(trace)}
        if written(again) != written(record):
            raise FormatError(f"the record contradicts itself at {difference(record, again)}")
    except DenseShapesError:
        raise
    except WRONG as error:
        raise FormatError(
            f"the record is not of format {FORMAT!r}: {type(error).__name__}: {error}"
        ) from None
    return trace


def written(data: Any) -> str:
    """Plain data as text, the same for the same data: 5, 5.0 and true are three."""
    return json.dumps(data, sort_keys=True)


def trace_record(trace: Trace) -> dict[str, Any]:
    """A trace as plain data."""
    return {
        "name": trace.name,
        "inputs": [value_record(value) for value in trace.inputs],
        "layers": [layer_record(layer) for layer in trace.layers],
        "outputs": [list(source) for source in trace.outputs],
        "beside": [weight_record(weight) for weight in trace.beside],
        "params": trace.params,
        "trainable_params": trace.trainable_params,
        "non_trainable_params": trace.non_trainable_params,
        "macs": trace.macs,
    }


def value_record(value: Value) -> dict[str, Any]:
    """A value as plain data, without the step that made it."""
    return {"shape": list(value.shape), "names": list(value.names)}


def weight_record(weight: Weight) -> dict[str, Any]:
    """A weight as plain data."""
    return {**asdict(weight), "shape": list(weight.shape)}


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
        "weights": [weight_record(weight) for weight in layer.weights],
        "params": layer.params,
        "trainable_params": layer.trainable_params,
        "macs": layer.macs,
        "formula": layer.formula,
        "opaque": bool(layer.opaque),
        "signature": list(layer.signatures),
        "reason": layer.opaque,
        "note": layer.note,
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
        "weights": [{"name": name, "pattern": write_pattern(pattern)} for name, pattern in weights],
        "given": {n: it if isinstance(it, int) else asdict(it) for n, it in step.given.items()},
        "by": step.by.value,
        "function": step.function,
        "inputs": operands,
    }


def read_trace(record: Mapping[str, Any]) -> Trace:
    """The trace that a record describes."""
    trace = Trace(
        exactly(str, record["name"]),
        tuple(read_value(it["shape"], it["names"], n) for n, it in enumerate(record["inputs"])),
        tuple(read_layer(layer) for layer in record["layers"]),
        tuple(read_source(source) for source in record["outputs"]),
        tuple(map(read_weight, record["beside"])),
    )
    check_wiring(trace)
    return trace


def read_value(shape: Any, names: Any, source: int | None) -> Value:
    """The value that a record describes."""
    value = Value(read_shape(shape), tuple(exactly(str, name) for name in names), source)
    if len(value.shape) != len(value.names):
        raise FormatError(f"expected a name for each axis of {shape}, received {names}")
    return value


def read_shape(sizes: list[Any]) -> Shape:
    """A shape; only whole numbers and unknown sizes are let through."""
    if not all(size is None or (type(size) is int and size >= 0) for size in sizes):
        raise FormatError(f"expected a shape of whole numbers and null, received {sizes}")
    return tuple(sizes)


def read_weight(record: Mapping[str, Any]) -> Weight:
    """The weight that a record describes."""
    shape, trainable = read_shape(record["shape"]), exactly(bool, record["trainable"])
    return Weight(exactly(str, record["name"]), shape, trainable, exactly(str, record["path"]))


def read_source(record: list[Any]) -> tuple[int, int]:
    """The place of a layer, and the number of its output."""
    place, output = record
    return exactly(int, place), exactly(int, output)


def read_layer(record: Mapping[str, Any]) -> Layer:
    """The layer that a record describes; its steps are applied again."""
    axes = record["axes"]
    inputs = tuple(
        read_value(shape, names, number)
        for number, (shape, names) in enumerate(zip(record["inputs"], axes["inputs"], strict=True))
    )
    values = list(inputs)
    for step in record["steps"]:
        values.append(read_step(step, values))
    outputs = tuple(
        read_output(read_value(shape, names, None), values, result)
        for shape, names, result in zip(
            record["outputs"], axes["outputs"], record["results"], strict=True
        )
    )
    inner = None
    if "layers" in record:
        inner = read_trace({**record["wiring"], "layers": record["layers"]})
    layer = Layer(
        exactly(str, record["name"]),
        exactly(str, record["kind"]),
        inputs,
        outputs,
        tuple(map(read_weight, record["weights"])),
        tuple(read_source(source) for source in record["sources"]),
        exactly(int, record["call"]),
        exactly(str, record["reason"]),
        inner,
        exactly(str, record["note"]),
    )
    made = {(weight.name, weight.shape) for step in layer.steps for weight in step.weights}
    if not layer.opaque and not made <= {(weight.name, weight.shape) for weight in layer.weights}:
        raise FormatError(f"the record contradicts itself in the weights of {layer.name!r}")
    return layer


def read_step(record: Mapping[str, Any], values: list[Value]) -> Value:
    """The value that a recorded step makes."""
    function = record["function"]
    return apply(
        exactly(str, record["signature"]),
        *(value_at(values, number) for number in record["inputs"]),
        by=By(record["by"]),
        function=None if function is None else exactly(str, function),
        **{exactly(str, it["name"]): exactly(str, it["pattern"]) for it in record["weights"]},
        **{name: read_given(it) for name, it in record["given"].items()},
    )


def read_given(record: Any) -> Any:
    """The size of an axis, or the window over it."""
    if not isinstance(record, dict):
        return exactly(int, record)
    slide: Slide
    match sorted(record):
        case ["count"]:
            slide = Parts(exactly(int, record["count"]))
            sound = slide.count > 0
        case ["backwards", "turned"]:
            slide = Past(**{name: exactly(bool, it) for name, it in record.items()})
            sound = True
        case _:
            sizes: dict[str, Any] = {
                n: None if it is None else exactly(int, it) for n, it in record.items()
            }
            slide = Window(**sizes)
            sound = min(slide.size, slide.dilation) > 0 and (slide.stride > 0 or slide.stride == -1)
    if not sound:
        raise FormatError(f"expected a window of positive numbers, received {record}")
    return slide


def read_output(recorded: Value, values: list[Value], number: Any) -> Value:
    """An output of a layer: what its steps made, under the names that the layer gives to its axes."""
    if number is None:
        return recorded
    return replace(value_at(values, number), names=recorded.names)


def value_at(values: list[Value], number: Any) -> Value:
    """One of the values that a layer has so far."""
    place = exactly(int, number)
    if not 0 <= place < len(values):
        raise FormatError(f"expected a value from 0 to {len(values) - 1}, received {place}")
    return values[place]


def check_wiring(trace: Trace) -> None:
    """Raise `FormatError` where a layer takes or gives what the others do not give or take."""
    values = {(-1, number): value.shape for number, value in enumerate(trace.inputs)}
    calls: Counter[str] = Counter()
    for place, layer in enumerate(trace.layers):
        takes, gives = ([it.shape for it in some] for some in (layer.inputs, layer.outputs))
        if [values.get(source) for source in layer.sources] != takes:
            raise FormatError(f"layer {layer.name!r} takes {takes} from where it is not given")
        calls[layer.name] += 1
        if layer.number != calls[layer.name]:
            raise FormatError(f"expected call {calls[layer.name]} of {layer.name!r}")
        values |= {(place, number): shape for number, shape in enumerate(gives)}
        if layer.inner and ends(layer.inner) != (takes, gives, layer.weights):
            raise FormatError(f"model {layer.name!r} is not what its inside is")
    if any(source not in values for source in trace.outputs):
        raise FormatError(f"an output of {trace.name!r} is not given by any of its layers")


def ends(trace: Trace) -> tuple[list[Shape], list[Shape], tuple[Weight, ...]]:
    """What a model takes, gives and holds."""
    outputs = [
        trace.layers[place].outputs[number] if place >= 0 else trace.inputs[number]
        for place, number in trace.outputs
    ]
    takes, gives = ([value.shape for value in some] for some in (trace.inputs, outputs))
    return takes, gives, trace.weights


def exactly(kind: type[T], data: Any) -> T:
    """The data, if it is of just this kind: true is no number, and 5.0 no whole one.

    >>> exactly(int, True)
    Traceback (most recent call last):
    dense_shapes.errors.FormatError: expected int, received True
    """
    if type(data) is not kind:
        raise FormatError(f"expected {kind.__name__}, received {str(data)[:60]}")
    return data


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
