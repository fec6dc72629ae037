"""Read a live Keras model: walk its nodes, apply the rules, and check each result against Keras.

This module reads attributes of the objects that it is handed; it imports no framework itself.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from dense_shapes.axes import Shape, compatible
from dense_shapes.errors import ClaimError, ModelError, ShapeError, UnknownLayer
from dense_shapes.rules import named, traced
from dense_shapes.steps import Value, Weight
from dense_shapes.traces import Layer, Source, Trace


def trace(model: Any) -> Trace:
    """Read a built Keras model: a `Sequential` or a functional model.

    Every output shape and every weight shape that the rules give is compared with what Keras has.
    A layer kind without a rule becomes an opaque layer, with the shapes and weights of Keras.

    Raises `ModelError` if the object is no model, is not built, or has no graph of layers, and
    `ClaimError` if a rule and Keras disagree: a wrong rule must not draw a plausible picture.

    >>> import keras
    >>> model = keras.Sequential([keras.Input((2, 3, 1)), keras.layers.Dense(5)], name="tiny")
    >>> trace(model)
    <Trace 'tiny': 1 layer, 10 parameters>
    """
    return read(model).trace


@dataclass
class Reading:
    """What is gathered while a model is read.

    `paths` names each variable of Keras, so that a shared weight is counted once.
    `calls` keeps each layer that a rule made beside the Keras layer that it speaks of.
    """

    paths: dict[int, str] = field(default_factory=dict)
    calls: list[tuple[Layer, Any]] = field(default_factory=list)
    trace: Trace = field(default_factory=lambda: Trace("", (), (), ()))


def read(model: Any) -> Reading:
    """Read a built Keras model; `trace` says what is raised."""
    inputs = tuple(
        Value(shape_of(tensor), named(shape_of(tensor)), number)
        for number, tensor in enumerate(graph_of(model).inputs)
    )
    reading = Reading()
    reading.trace = walk(model, inputs, reading)
    return reading


def graph_of(model: Any) -> Any:
    """The functional graph of a model.

    Raises `ModelError`, which says what to do, if there is none.
    """
    keras = sys.modules.get("keras")
    if keras is None or not isinstance(model, keras.Layer):
        raise ModelError(
            f"expected a built Keras model, received {type(model).__name__} {str(model)[:60]!r}; "
            "load a saved model first, with keras.saving.load_model(path)"
        )
    if not isinstance(model, keras.Model):
        raise ModelError(
            f"layer {model.name!r} is no model; put it into one: "
            "keras.Sequential([keras.Input(shape), layer])"
        )
    graph = getattr(model, "_functional", model)  # of a Sequential; a functional model is its own
    if graph is None:
        raise ModelError(
            f"model {model.name!r} is not built, so its shapes are not known yet; begin it with "
            "keras.Input(shape) and add layers, or call model.build(input_shape)"
        )
    if not has_graph(model):
        raise ModelError(
            f"model {model.name!r} is a subclass of keras.Model with a call() of its own, which has "
            "no graph of layers to read; wrap it: x = keras.Input(shape), then trace "
            "keras.Model(x, model.call(x))"
        )
    return graph


def has_graph(model: Any) -> bool:
    """Whether a Keras model keeps the graph of its layers, and computes just that graph."""
    owner = next(base for base in type(model).__mro__ if "call" in vars(base))
    graph = getattr(model, "_functional", model)
    return owner.__module__.startswith("keras.") and hasattr(graph, "_nodes_by_depth")


def walk(model: Any, inputs: tuple[Value, ...], reading: Reading) -> Trace:
    """Trace the nodes of a model from these inputs."""
    graph = graph_of(model)
    found: dict[int, tuple[Source, Value]] = {
        id(tensor): ((-1, number), value)
        for number, (tensor, value) in enumerate(zip(graph.inputs, inputs, strict=True))
    }
    layers: list[Layer] = []
    calls: dict[int, int] = {}
    for node in nodes_of(graph):
        operation = node.operation
        if node.is_input:
            if graph is model:
                _, value = found[id(node.outputs[0])]
                layers.append(input_layer(operation, value))
            continue
        sources, values = zip(*(found[id(tensor)] for tensor in node.input_tensors), strict=True)
        calls[id(operation)] = calls.get(id(operation), 0) + 1
        values = tuple(replace(value, source=number) for number, value in enumerate(values))
        layer = replace(
            read_call(node, values, reading),
            sources=sources,
            number=calls[id(operation)],
        )
        for number, (tensor, value) in enumerate(zip(node.outputs, layer.outputs, strict=True)):
            found[id(tensor)] = ((len(layers), number), value)
        layers.append(layer)
        if not layer.inner:
            reading.calls.append((layer, operation))
    outputs = tuple(found[id(tensor)][0] for tensor in graph.outputs)
    held = {weight.path for layer in layers for weight in layer.weights}
    beside = tuple(w for w in weights_of(model, reading) if w.path not in held)
    return Trace(model.name, inputs, tuple(layers), outputs, beside)


def weights_of(operation: Any, reading: Reading) -> tuple[Weight, ...]:
    """The weights of a layer or a model, as Keras has them."""
    weights = []
    for variable in getattr(operation, "weights", ()):
        path = reading.paths.get(id(variable), variable.path)
        while id(variable) not in reading.paths and path in reading.paths.values():
            path += "'"
        reading.paths[id(variable)] = path
        trainable = bool(variable.trainable)
        weights.append(Weight(variable.name, shape_of(variable), trainable, path))
    return tuple(weights)


def nodes_of(graph: Any) -> Iterator[Any]:
    """The nodes of a graph in an order in which Keras can run them, and in which it lists them."""
    places = {id(operation): place for place, operation in enumerate(graph.operations)}

    def place(node: Any) -> tuple[int, int]:
        return places[id(node.operation)], node.operation._inbound_nodes.index(node)

    for depth in sorted(graph._nodes_by_depth, reverse=True):
        yield from sorted(graph._nodes_by_depth[depth], key=place)


def input_layer(operation: Any, value: Value) -> Layer:
    """The layer of an input that Keras lists among its layers."""
    return Layer(operation.name, "InputLayer", (), (replace(value, source=None),))


def read_call(node: Any, values: tuple[Value, ...], reading: Reading) -> Layer:
    """One call of a layer, checked against Keras."""
    operation, keras = node.operation, sys.modules["keras"]
    kind, name = type(operation).__name__, operation.name
    weights = weights_of(operation, reading)
    shapes = [shape_of(tensor) for tensor in node.outputs]
    if isinstance(operation, keras.Model) and has_graph(operation):
        inner = walk(operation, values, reading)
        outputs = tuple(replace(value_at(inner, source), source=None) for source in inner.outputs)
        layer = Layer(name, kind, values, outputs, inner.weights, inner=inner)
    else:
        try:
            layer = traced(kind, config_of(node), values, name=name)
        except UnknownLayer as error:
            outputs = tuple(Value(shape, named(shape), None) for shape in shapes)
            return Layer(name, kind, values, outputs, weights, opaque=str(error))
        except ShapeError as error:
            raise ShapeError(f"layer {name!r} ({kind}): {error}") from error
    asked = [shape_of(tensor) for tensor in node.input_tensors]
    compare(layer, shapes, weights, exact=asked == [value.shape for value in values])
    return layer if layer.inner else replace(layer, weights=weights)


def config_of(node: Any) -> dict[str, Any]:
    """The configuration of a layer that does what the rule of its kind says.

    Raises `UnknownLayer` if it may do something else, or its configuration cannot be read.
    """
    operation, keras = node.operation, sys.modules["keras"]
    kind = type(operation).__name__
    if getattr(keras.layers, kind, None) is not type(operation):
        raise UnknownLayer(f"{kind} is not a layer of Keras itself")
    if getattr(operation, "lora_enabled", False):
        raise UnknownLayer("its kernel is adapted by LoRA")
    if getattr(operation, "quantization_mode", None):
        raise UnknownLayer("its weights are quantised")
    if node.arguments.kwargs.get("training"):
        raise UnknownLayer("it is called with training=True")
    activation = getattr(operation, "activation", None)
    name = getattr(activation, "__name__", "")
    if activation is not None and getattr(keras.activations, name, None) is not activation:
        raise UnknownLayer("its activation is not a function of Keras")
    try:
        return dict(operation.get_config())
    except Exception as error:
        raise UnknownLayer(f"its configuration cannot be read: {type(error).__name__}") from error


def value_at(trace: Trace, source: Source) -> Value:
    """The value that a source names."""
    place, number = source
    return trace.inputs[number] if place < 0 else trace.layers[place].outputs[number]


def compare(layer: Layer, shapes: list[Shape], weights: tuple[Weight, ...], *, exact: bool) -> None:
    """Raise `ClaimError` where a layer and Keras disagree on an output or a weight.

    Inside a nested model the call may know sizes that Keras left unknown; `exact` says it does not.
    """
    ours = [value.shape for value in layer.outputs]
    same = (
        ours == shapes if exact else len(ours) == len(shapes) and all(map(compatible, ours, shapes))
    )
    if not same:
        disagree(layer, "the output is", written(ours), written(shapes))
    held, has = (
        [(weight.name, weight.shape) for weight in them] for them in (layer.weights, weights)
    )
    if held != has and not layer.inner:
        disagree(layer, "the weights are", written(held), written(has))


def disagree(layer: Layer, what: str, ours: str, theirs: str) -> NoReturn:
    """Raise the error of a rule that Keras contradicts."""
    raise ClaimError(
        f"layer {layer.name!r} ({layer.kind}): the rule says that {what} {ours}, Keras says "
        f"{theirs}; please report this as a bug of dense_shapes"
    )


def written(things: Sequence[Any]) -> str:
    """Shapes, or named shapes, as text."""
    return ", ".join(map(str, things)) or "none"


def shape_of(tensor: Any) -> Shape:
    """The shape of a Keras tensor or variable, as plain numbers."""
    return tuple(None if size is None else int(size) for size in tensor.shape)
