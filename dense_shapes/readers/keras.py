"""Read a live Keras model: walk its nodes, apply the rules, and check each result against Keras.

This module reads attributes of the objects that it is handed; it imports no framework itself.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from inspect import signature
from typing import Any, NamedTuple, NoReturn

from dense_shapes.axes import Shape, compatible
from dense_shapes.errors import ClaimError, MisfitError, ModelError, ShapeError, UnknownLayer
from dense_shapes.lessons import misfit
from dense_shapes.rules import named, traced
from dense_shapes.steps import Value, Weight
from dense_shapes.traces import Layer, Source, Trace

Shapes = Sequence[int | None] | Sequence[Sequence[int | None]]
"""The shape of an input without the batch, or one for each input."""
GUESS = 6
"""What an axis of unknown size is set to when a layer is run on zeros to decide who is right."""
UNNAMED = re.compile(r"variable(_\d+)?")
"""What Keras calls a weight to which nobody gave a name."""
PLAIN = (int, float, str, bool, slice, type(None), type(Ellipsis))
"""What a rule may be given beside tensors."""


def trace(model: Any, *, input_shape: Shapes | None = None) -> Trace:
    """Read a built Keras model, or a single layer on an input of this shape.

    Every output shape and every weight shape that the rules give is compared with what Keras has.
    Where the two differ, the layer is run on zeros, and what it then gives is right.
    A layer kind without a rule becomes an opaque layer, with the shapes and weights of Keras.

    `input_shape` is the shape of the input without the batch, or a list of one for each input. A layer
    needs it; a model may be read with other sizes than it was made with.

    Raises `ModelError` if the object is no model, is not built, or has no graph of layers,
    `ShapeError` if the inputs do not fit, and `ClaimError` if a rule and Keras disagree, and Keras is
    right: a wrong rule must not draw a plausible picture.

    >>> import keras
    >>> model = keras.Sequential([keras.Input((2, 3, 1)), keras.layers.Dense(5)], name="tiny")
    >>> trace(model)
    <Trace 'tiny': 1 layer, 10 parameters>
    >>> trace(keras.layers.Dense(5, name="five"), input_shape=(2, 3, 1))["five"].outputs[0].shape
    (None, 2, 3, 5)
    """
    return read(model, input_shape).trace


class Place(NamedTuple):
    """Where in the arguments of a call an input of the layer stands."""

    number: int


@dataclass(frozen=True)
class Call:
    """A layer that a rule made, the Keras layer that it speaks of, and the arguments of the call."""

    layer: Layer
    operation: Any
    args: Sequence[Any]
    kwargs: dict[str, Any]


@dataclass
class Reading:
    """What is gathered while a model is read.

    `paths` names each variable of Keras, so that a shared weight is counted once; `taken` are these names.
    `bare` leaves the
    input layers out, which were put before a layer that was given alone.
    """

    paths: dict[int, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    calls: list[Call] = field(default_factory=list)
    trace: Trace = field(default_factory=lambda: Trace("", (), (), ()))
    bare: bool = False


def read(model: Any, input_shape: Shapes | None = None) -> Reading:
    """Read a built Keras model or a layer; `trace` says what is raised."""
    shapes = None if input_shape is None else batched(input_shape)
    bare = shapes is not None and not is_model(model)
    if shapes is not None:
        model = modelled(model, shapes)
    graph = graph_of(model)
    own = [shape_of(tensor) for tensor in graph.inputs]
    if shapes is not None and not (len(own) == len(shapes) and all(map(compatible, own, shapes))):
        raise ShapeError(
            f"model {model.name!r} takes {written(own)}, and was given {written(shapes)}"
        )
    known = [
        tuple(a if a is not None else b for a, b in zip(one, other, strict=True))
        for one, other in zip(shapes or own, own, strict=True)
    ]
    inputs = tuple(Value(it, named(it), number) for number, it in enumerate(known))
    reading = Reading(bare=bare)
    reading.trace = walk(model, inputs, reading)
    return reading


def batched(shapes: Shapes) -> list[Shape]:
    """The shape of each input, with an unknown batch.

    Raises `ModelError` for what is no shape.

    >>> batched((2, 3)), batched([(2,), (3,)])
    ([(None, 2, 3)], [(None, 2), (None, 3)])
    """

    def plain(shape: Any) -> bool:
        sound = (it is None or (type(it) is int and it >= 0) for it in shape)
        return isinstance(shape, list | tuple) and all(sound)

    if isinstance(shapes, list | tuple):
        if plain(shapes):
            return [(None, *shapes)]
        if all(isinstance(shape, list | tuple) and plain(shape) for shape in shapes):
            return [(None, *shape) for shape in shapes]
    raise ModelError(
        f"expected the shape of the input without the batch, as (4, 5, 1), received {shapes!r}"
    )


def is_model(thing: Any) -> bool:
    """Whether a thing is a Keras model."""
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(thing, keras.Model)


def modelled(thing: Any, shapes: list[Shape]) -> Any:
    """The thing itself, if it is a model with a graph; else a model of a copy of it."""
    keras = sys.modules.get("keras")
    if keras is None or not isinstance(thing, keras.Layer):
        return thing
    if is_model(thing) and (
        not isinstance(thing, keras.Sequential) or getattr(thing, "_functional", None)
    ):
        return thing
    try:
        copy = type(thing).from_config(thing.get_config())
        if isinstance(copy, keras.Sequential):
            copy.build(shapes[0])
            return copy
        inputs = [keras.Input(batch_shape=it, name=f"input_{n}") for n, it in enumerate(shapes)]
        merges = len(inputs) > 1 and "inputs" in signature(copy.call).parameters
        outputs = copy(inputs) if merges else copy(*inputs)
        return keras.Model(inputs, outputs, name=thing.name)
    except Exception as error:
        kind, said = type(thing).__name__, first_line(error)
        reason = f"it does not take {written(shapes)}"
        known = misfit(kind, thing.name, thing.get_config(), shapes, reason)
        raise MisfitError(known.reason, keras=said, ways=known.ways) from error


def first_line(error: Exception) -> str:
    """The first line of what an error says."""
    return str(error).strip().partition("\n")[0][:200] or type(error).__name__


def graph_of(model: Any) -> Any:
    """The functional graph of a model.

    Raises `ModelError`, which says what to do, if there is none.
    """
    keras = sys.modules.get("keras")
    if keras is None or not isinstance(model, keras.Layer):
        raise ModelError(
            f"expected a Keras model, received {type(model).__name__} {str(model)[:60]!r}; a layer with "
            "its input_shape will do too, the path of a saved one, Keras code, or '4,5,1 -> Dense(5)'"
        )
    if not isinstance(model, keras.Model):
        raise ModelError(
            f"layer {model.name!r} is no model; say on what it works: "
            "ds.trace(layer, input_shape=(4, 5, 1))"
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
            if graph is model and not reading.bare:
                _, value = found[id(node.outputs[0])]
                layers.append(input_layer(operation, value))
            continue
        sources, values = zip(*(found[id(tensor)] for tensor in node.input_tensors), strict=True)
        calls[id(operation)] = calls.get(id(operation), 0) + 1
        values = tuple(replace(value, source=number) for number, value in enumerate(values))
        args, kwargs = arguments_of(node)
        layer = replace(
            read_call(node, values, reading, args, kwargs),
            sources=sources,
            number=calls[id(operation)],
        )
        for number, (tensor, value) in enumerate(zip(node.outputs, layer.outputs, strict=True)):
            found[id(tensor)] = ((len(layers), number), value)
        layers.append(layer)
        if not layer.inner:
            reading.calls.append(Call(layer, operation, args, kwargs))
    outputs = tuple(found[id(tensor)][0] for tensor in graph.outputs)
    held = {weight.path for layer in layers for weight in layer.weights}
    beside = tuple(w for w in weights_of(model, reading) if w.path not in held)
    return Trace(model.name, inputs, tuple(layers), outputs, beside)


def weights_of(operation: Any, reading: Reading) -> tuple[Weight, ...]:
    """The weights of a layer or a model, as Keras has them."""
    weights = []
    for variable in getattr(operation, "weights", ()):
        if id(variable) not in reading.paths:
            path = variable.path
            while path in reading.taken:
                path += "'"
            reading.paths[id(variable)] = path
            reading.taken.add(path)
        path = reading.paths[id(variable)]
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


def read_call(
    node: Any, values: tuple[Value, ...], reading: Reading, args: Sequence[Any], kwargs: Any
) -> Layer:
    """One call of a layer, checked against Keras."""
    operation, keras = node.operation, sys.modules["keras"]
    kind, name = kind_of(operation), operation.name
    weights = weights_of(operation, reading)
    shapes = [shape_of(tensor) for tensor in node.outputs]
    if isinstance(operation, keras.Model) and has_graph(operation):
        inner = walk(operation, values, reading)
        outputs = tuple(replace(value_at(inner, source), source=None) for source in inner.outputs)
        layer = Layer(name, kind, values, outputs, inner.weights, inner=inner)
    else:
        try:
            given = placed(args, values), placed(kwargs, values)
            layer = traced(kind, config_of(node, kind), *given, name=name)
        except UnknownLayer as error:
            outputs = tuple(Value(shape, named(shape), None) for shape in shapes)
            return Layer(name, kind, values, outputs, weights, opaque=str(error))
        except ShapeError as error:
            taken = [value.shape for value in values]
            raise misfit(kind, name, operation.get_config(), taken, str(error)) from error
    asked = [shape_of(tensor) for tensor in node.input_tensors]
    layer = compared(layer, node, shapes, exact=asked == [value.shape for value in values])
    if layer.inner:
        return layer
    held = [(weight.name.rpartition("/")[2], weight.shape) for weight in layer.weights]
    has = [(weight.name, weight.shape) for weight in weights]
    if [shape for _, shape in held] != [shape for _, shape in has] or any(
        mine != theirs and not UNNAMED.fullmatch(theirs)
        for (mine, _), (theirs, _) in zip(held, has, strict=True)
    ):
        disagree(layer, "the weights are", written(held), written(has))
    owned = zip(layer.weights, weights, strict=True)
    return replace(layer, weights=tuple(replace(it, name=ours.name) for ours, it in owned))


def kind_of(operation: Any) -> str:
    """The kind of a layer, or of an operation: `Dense`, `ops.expand_dims`.

    >>> import keras
    >>> kind_of(keras.layers.Dense(5))
    'Dense'
    """
    name = type(operation).__name__
    if not isinstance(operation, sys.modules["keras"].Layer):
        return "ops." + snake(name)
    return name


def snake(name: str) -> str:
    """The name of a function for that of a class.

    >>> snake("ExpandDims"), snake("Conv2D")
    ('expand_dims', 'conv2d')
    """
    return re.sub(r"(?<=[a-z0-9])([A-Z])(?![A-Z0-9]*$)", r"_\1", name).lower()


def arguments_of(node: Any) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a call, with a `Place` wherever an input of the layer stands."""
    tensor = sys.modules["keras"].KerasTensor
    count = iter(range(len(node.input_tensors)))

    def marked(thing: Any) -> Any:
        match thing:
            case tensor():
                return Place(next(count))
            case list() | tuple():
                return [marked(one) for one in thing]
            case dict():
                return {key: marked(thing[key]) for key in sorted(thing)}
        return thing

    return marked(node.arguments.args), marked(node.arguments.kwargs)


def placed(thing: Any, values: tuple[Value, ...]) -> Any:
    """The arguments of a call, with a value in each `Place`.

    Raises `UnknownLayer` for an array: a rule is given plain data only.
    """
    match thing:
        case Place(number):
            return values[number]
        case list():
            return [placed(one, values) for one in thing]
        case dict():
            return {key: placed(one, values) for key, one in thing.items()}
        case _ if isinstance(thing, PLAIN):
            return thing
    raise UnknownLayer(f"it is called with {type(thing).__name__} beside its inputs")


def config_of(node: Any, kind: str) -> dict[str, Any]:
    """The configuration of a layer that does what the rule of its kind says.

    Raises `UnknownLayer` if it may do something else, or its configuration cannot be read.
    """
    operation, keras = node.operation, sys.modules["keras"]
    home = type(operation).__module__
    if not home.startswith("keras.src."):
        raise UnknownLayer(f"{kind} is not a layer of Keras itself")
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


def compared(layer: Layer, node: Any, shapes: list[Shape], *, exact: bool) -> Layer:
    """The layer, if Keras agrees on its outputs, or is wrong about them.

    Inside a nested model the call may know sizes that Keras left unknown; `exact` says it does not.
    Raises `ClaimError` where they disagree, and the layer run on zeros shows that Keras is right.
    """
    ours = [value.shape for value in layer.outputs]
    if ours == shapes or (
        not exact and len(ours) == len(shapes) and all(map(compatible, ours, shapes))
    ):
        return layer
    ran, again = zeros(layer, node)
    if ran is None or ran != again:
        disagree(layer, "the output is", written(ours), written(shapes))
    return replace(
        layer, note=f"Keras reports {written(shapes)}; run on zeros it is {written(ran)}"
    )


def zeros(layer: Layer, node: Any) -> tuple[list[Shape] | None, list[Shape]]:
    """The output shapes of the layer run on zeros, and what the rule says for the same inputs."""
    operation, keras = node.operation, sys.modules["keras"]
    shapes = [tuple(it or GUESS for it in (2, *value.shape[1:])) for value in layer.inputs]
    values = tuple(Value(it, named(it), number) for number, it in enumerate(shapes))
    args, kwargs = arguments_of(node)
    try:
        given = placed(args, values), placed(kwargs, values)
        ours = traced(layer.kind, config_of(node, layer.kind), *given, name=layer.name)
        arrays = [
            keras.ops.zeros(shape, keras.backend.standardize_dtype(tensor.dtype))
            for shape, tensor in zip(shapes, node.input_tensors, strict=True)
        ]
        outputs = operation(*filled(args, arrays), **filled(kwargs, arrays))
    except Exception:
        return None, []
    ran: list[Shape] = [tuple(map(int, it.shape)) for it in keras.tree.flatten(outputs)]
    return ran, [value.shape for value in ours.outputs]


def filled(thing: Any, arrays: Sequence[Any]) -> Any:
    """The arguments of a call, with an array in each `Place`."""
    match thing:
        case Place(number):
            return arrays[number]
        case list():
            return [filled(one, arrays) for one in thing]
        case dict():
            return {key: filled(one, arrays) for key, one in thing.items()}
    return thing


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
