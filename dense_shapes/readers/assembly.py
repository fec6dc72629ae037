"""Put a model together from calls of layers that are known by kind and configuration alone.

What a file or a line of code says becomes a graph of calls here; the rules give its shapes. No layer
is made, and no framework is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dense_shapes.axes import Past, Shape, compatible
from dense_shapes.errors import ClaimError, MisfitError, ShapeError, UnknownLayer
from dense_shapes.lessons import LISTED, misfit
from dense_shapes.rules import named, traced
from dense_shapes.steps import Value, Weight
from dense_shapes.traces import Layer, Source, Trace

AXES = 64
"""How many axes a tensor may have. Source: NumPy has no more."""

SIZES = 2**63
"""No axis is so long."""

WEIGHTLESS = (
    *("CategoryEncoding", "Equalization", "HashedCrossing", "Hashing", "IntegerLookup", "Lambda"),
    *("MaxNumBoundingBoxes", "MelSpectrogram", "Pipeline", "StringLookup", "TextVectorization"),
)
"""The kinds without a rule to which Keras gives no weights."""


@dataclass(eq=False)
class Part:
    """A layer before it is called: what a file or a line of code says of it.

    `opaque` says why no rule may speak of it, and is empty if one may. `graph` is what a nested model
    is made of. `calls` are the calls that have been made, in order.
    """

    kind: str
    name: str
    config: Mapping[str, Any] = field(default_factory=dict)
    opaque: str = ""
    graph: Graph | None = None
    trainable: bool = True
    calls: list[Call] = field(default_factory=list)
    path: str = ""
    """Which weights it has: parts of one path share them. If empty, the names of the models that it is
    in and its own."""


@dataclass(frozen=True)
class Foreign:
    """An argument of a call that is no plain data, so that no rule can be given it: `an array`."""

    what: str


@dataclass(frozen=True, eq=False)
class Tensor:
    """A tensor of the graph: its value, the call that made it, and which output of the call it is."""

    value: Value
    call: Call
    number: int

    @property
    def shape(self) -> Shape:
        """Its shape, the batch first."""
        return self.value.shape


@dataclass(eq=False)
class Call:
    """One call of a part: its arguments, in which tensors may stand, and the layer that it makes."""

    part: Part
    inputs: Sequence[Any]
    options: Mapping[str, Any]
    layer: Layer
    number: int

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """The tensors that it takes, in the order in which Keras counts them."""
        return tuple(tensors_in([list(self.inputs), dict(self.options)]))

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """The tensors that it gives."""
        return tuple(map(self.output, range(len(self.layer.outputs))))

    def output(self, number: int) -> Tensor:
        """One of the tensors that it gives."""
        return Tensor(self.layer.outputs[number], self, number)


def placeholder(shape: Shape, name: str) -> Tensor:
    """The input of a model: a tensor of this shape, the batch first.

    >>> placeholder((None, 2, 3, 1), "x").shape
    (None, 2, 3, 1)
    """
    value = Value(shape, named(shape), None)
    part = Part("InputLayer", name, {"batch_shape": shape})
    call = Call(part, (), {}, Layer(name, "InputLayer", (), (value,)), 1)
    part.calls.append(call)
    return Tensor(value, call, 0)


def call(
    part: Part,
    inputs: Sequence[Any],
    options: Mapping[str, Any] | None = None,
    *,
    shapes: Sequence[Shape | None] | None = None,
) -> Call:
    """Call a part; tensors may stand in lists and dictionaries in its inputs and options.

    `shapes` is what is written down somewhere about its outputs (`None` where one is not): an opaque
    part takes them over, and those of any other part are compared with them.

    Raises `ShapeError` if the inputs do not fit, `UnknownLayer` if no rule describes the part and its
    output shapes are not written down, `ClaimError` if the rule and what is written down disagree.

    >>> x = placeholder((None, 2, 3, 1), "x")
    >>> call(Part("Dense", "dense", {"units": 5}), [x]).outputs[0].shape
    (None, 2, 3, 5)
    """
    made = Call(part, inputs, dict(options or {}), Layer("", "", (), ()), len(part.calls) + 1)
    origins = [(it.call.part.name, it.call.part.kind) for it in made.tensors]
    taken, beside = values_of((inputs, made.options))
    made.layer = layer_of(part, taken, beside, shapes, origins)
    check_weights(part, made.layer, origins)
    part.calls.append(made)
    return made


def check_weights(part: Part, layer: Layer, origins: Sequence[tuple[str, str]]) -> None:
    """Raise `MisfitError` if a part is called again, and would need other weights."""
    if not part.calls or part.calls[0].layer.inner or layer.opaque:
        return
    first = part.calls[0].layer
    if first.opaque:
        return
    for held, needed in zip(first.weights, layer.weights, strict=True):
        if held.shape != needed.shape:
            was, now = (" and ".join(str(it.shape) for it in one.inputs) for one in (first, layer))
            raise MisfitError(
                f"layer {part.name!r} ({part.kind}): its {held.name} has shape {held.shape} since its "
                f"first call, on {was}; for {now} it must be {needed.shape}",
                origins=[f"{now} comes from {label!r}" for label, _ in origins[:1]],
                keras=f"expected axis -1 of input shape to have value {first.inputs[0].shape[-1]}, but "
                f"received input with shape {layer.inputs[0].shape}",
                ways=["a second layer, with weights of its own", "bring both inputs to one size"],
            )


def layer_of(
    part: Part,
    inputs: Any,
    options: Mapping[str, Any],
    shapes: Sequence[Shape | None] | None = None,
    origins: Sequence[tuple[str, str]] = (),
    *,
    prefix: str = "",
) -> Layer:
    """The layer that a part makes of these values; `prefix` names the models that it is in."""
    path = part.path or f"{prefix}{part.name}"
    if part.graph:
        layer = nested(part, part.graph, tuple(found(Value, [inputs, options])), path)
    else:
        try:
            if part.opaque:
                raise UnknownLayer(part.opaque)
            for thing in found(Foreign, [inputs, options]):
                raise UnknownLayer(f"it is called with {thing.what} beside its inputs")
            if part.kind in LISTED and isinstance(inputs[0] if len(inputs) == 1 else None, Value):
                raise ShapeError(
                    f"it expects a list of inputs, and received one: {inputs[0].shape}"
                )
            layer = traced(part.kind, part.config, inputs, options, name=part.name)
        except UnknownLayer as error:
            layer = opaque(part, tuple(found(Value, [inputs, options])), shapes, str(error))
        except ShapeError as error:
            taken = [value.shape for value in found(Value, [inputs, options])]
            raise misfit(part.kind, part.name, part.config, taken, str(error), origins) from error
    if not part.trainable:
        weights = tuple(replace(weight, trainable=False) for weight in layer.weights)
        layer = replace(layer, weights=weights)
    if not layer.inner:
        weights = tuple(replace(it, path=f"{path}/{it.name}") for it in layer.weights)
        layer = replace(layer, weights=weights)
    check_sizes(layer)
    ours = [value.shape for value in layer.outputs]
    if shapes is not None and not all(
        mine is None or theirs is None or compatible(mine, theirs)
        for mine, theirs in zip(ours, shapes, strict=False)
    ):
        raise ClaimError(
            f"layer {part.name!r} ({part.kind}): the rule says that the output is {ours}, the file "
            f"says {list(shapes)}; if nobody has changed the file, please report this as a bug of "
            "dense_shapes"
        )
    return layer


def opaque(
    part: Part, inputs: tuple[Value, ...], shapes: Sequence[Shape | None] | None, why: str
) -> Layer:
    """A layer of which only the output shapes are known; most often, what weights it has is not."""
    if shapes is None and part.kind == "Lambda" and part.config.get("output_shape"):
        shapes = [declared(part.config["output_shape"])]
    known = [shape for shape in shapes or () if shape is not None]
    if shapes is None or len(known) < len(shapes):
        raise UnknownLayer(
            f"layer {part.name!r} ({part.kind}): {why}, and the shape of its output is not written "
            f"down; {'say output_shape=, or ' if part.kind == 'Lambda' else ''}load the model in Keras, and "
            "trace that"
        )
    inputs = tuple(replace(value, source=number) for number, value in enumerate(inputs))
    outputs = tuple(Value(shape, named(shape), None) for shape in known)
    bare = not part.opaque and (part.kind in WEIGHTLESS or part.kind.startswith("ops."))
    weights = () if bare else (Weight("unknown", (None,)),)
    return Layer(part.name, part.kind, inputs, outputs, weights, opaque=why)


def declared(shape: Any) -> Shape | None:
    """The shape that a Lambda is said to give, the batch first; nothing if it is said by a function.

    >>> declared((4, None)), declared({"class_name": "__lambda__"})
    ((None, 4, None), None)
    """
    plain = isinstance(shape, list | tuple) and all(it is None or type(it) is int for it in shape)
    return (None, *shape) if plain else None


def check_sizes(layer: Layer) -> None:
    """Raise `ShapeError` for an output or a weight that no tensor can hold, and for half numbers."""
    shapes = [it.shape for it in layer.outputs] + [it.shape for it in layer.weights]
    sizes = [size for shape in shapes for size in shape if size is not None]
    slides = [slide for step in layer.steps for slide in step.windows.values()]
    known = [it for slide in slides if not isinstance(slide, Past) for it in vars(slide).values()]
    expected = ""
    if any(type(it) is not int for it in (*sizes, *known) if it is not None):
        expected = "whole numbers"
    elif any(len(shape) > AXES for shape in shapes):
        expected = f"at most {AXES} axes"
    elif not all(0 <= size < SIZES for size in sizes):
        expected = "axes of 0 to 2**63 - 1 cells"
    if expected:
        raise ShapeError(
            f"layer {layer.name!r} ({layer.kind}): expected {expected} in its outputs, weights and windows"
        )


def nested(part: Part, graph: Graph, inputs: tuple[Value, ...], path: str) -> Layer:
    """A call of a model as a layer."""
    inner = graph.trace(inputs, prefix=f"{path}/")
    inputs = inner.inputs
    ends = (at(inner, source) for source in inner.outputs)
    outputs = tuple(replace(value, source=None) for value in ends)
    return Layer(part.name, part.kind, inputs, outputs, inner.weights, inner=inner)


def at(trace: Trace, source: Source) -> Value:
    """The value that a source names."""
    place, number = source
    return trace.inputs[number] if place < 0 else trace.layers[place].outputs[number]


@dataclass(frozen=True, eq=False)
class Graph:
    """A model: everything between its inputs and its outputs, as Keras orders it.

    `kind` is `Functional` or `Sequential`; only the first lists its inputs among its layers.
    """

    name: str
    kind: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    def trace(self, values: tuple[Value, ...] | None = None, *, prefix: str = "") -> Trace:
        """The trace of the model, with other inputs than its own if it is called with them.

        >>> x = placeholder((None, 2, 3, 1), "x")
        >>> y = call(Part("Dense", "dense", {"units": 5}), [x]).outputs
        >>> Graph("model", "Sequential", (x,), y).trace()
        <Trace 'model': 1 layer, 10 parameters>
        """
        own = tuple(replace(it.value, source=number) for number, it in enumerate(self.inputs))
        given = own if values is None else values
        if len(given) != len(own):
            raise ShapeError(
                f"model {self.name!r} takes {len(own)} inputs, and is called with {len(given)}"
            )
        for mine, theirs in zip(own, given, strict=True):
            if not compatible(mine.shape, theirs.shape):
                raise ShapeError(
                    f"model {self.name!r} takes {mine.shape}, and is called with {theirs.shape}"
                )
        given = tuple(replace(value, source=number) for number, value in enumerate(given))
        known: dict[tuple[int, int], tuple[Source, Value]] = {
            (id(it.call), it.number): ((-1, number), given[number])
            for number, it in enumerate(self.inputs)
        }
        layers: list[Layer] = []
        numbers: dict[int, int] = {}
        for one in ordered(self.inputs, self.outputs):
            if not one.tensors:
                if self.kind != "Sequential":
                    _, value = known[id(one), 0]
                    layers.append(replace(one.layer, outputs=(replace(value, source=None),)))
                continue
            numbers[id(one.part)] = numbers.get(id(one.part), 0) + 1
            pairs = [known[id(it.call), it.number] for it in one.tensors]
            layer = one.layer
            if values is not None:
                new = iter([value for _, value in pairs])
                inputs, options = swapped((list(one.inputs), dict(one.options)), new)
                shapes = [it.shape for it in layer.outputs] if layer.opaque else None
                layer = layer_of(one.part, inputs, options, shapes, prefix=prefix)
            layer = replace(
                layer,
                sources=tuple(source for source, _ in pairs),
                number=numbers[id(one.part)],
            )
            for number, value in enumerate(layer.outputs):
                known[id(one), number] = ((len(layers), number), value)
            layers.append(layer)
        outputs = tuple(known[id(it.call), it.number][0] for it in self.outputs)
        return Trace(self.name, given, tuple(layers), outputs)


def ordered(inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> list[Call]:
    """The calls between these tensors, in the order in which Keras lists them.

    Raises `ShapeError` if an output does not come from the inputs.
    Source: map_graph, keras/src/ops/function.py
    """
    ends = {(id(it.call), it.number) for it in inputs}
    done, first = walked(ends, outputs)
    depths: dict[int, int] = {}
    parts: dict[int, int] = {}
    for one in reversed(done):
        depth = max(depths.get(id(one), 0), parts.get(id(one.part), 0))
        depths[id(one)] = parts[id(one.part)] = depth
        for it in one.tensors:
            depths[id(it.call)] = max(depth + 1, depths.get(id(it.call), 0))
    held = {id(one) for one in done}
    for it in inputs:
        if id(it.call) not in held and not it.call.tensors:
            depths[id(it.call)], parts[id(it.call.part)], first[id(it.call.part)] = 0, 0, -1
            done.append(it.call)
    places = sorted(parts, key=lambda part: (-parts[part], first[part]))
    rank = {part: place for place, part in enumerate(places)}
    return sorted(done, key=lambda one: (-depths[id(one)], rank[id(one.part)], one.number))


def walked(
    ends: set[tuple[int, int]], outputs: Sequence[Tensor]
) -> tuple[list[Call], dict[int, int]]:
    """The calls behind the outputs, each after those it needs, and when each part was first seen."""
    done: dict[int, Call] = {}
    first: dict[int, int] = {}
    stack = [(it, False) for it in reversed(outputs)]
    while stack:
        it, finished = stack.pop()
        one = it.call
        if finished:
            done[id(one)] = one
            continue
        if id(one) in done or (one.tensors and (id(one), it.number) in ends):
            continue
        if not one.tensors and (id(one), it.number) not in ends:
            raise ShapeError(
                f"the model does not begin with {one.part.name!r}, but its outputs need it; name it "
                "among the inputs of the model"
            )
        first.setdefault(id(one.part), len(first))
        stack.append((it, True))
        stack.extend((before, False) for before in reversed(one.tensors))
    return list(done.values()), first


def tensors_in(thing: Any) -> Iterator[Tensor]:
    """Every tensor in nested lists and dictionaries, in order."""
    return found(Tensor, thing)


def found(kind: Any, thing: Any) -> Iterator[Any]:
    """Everything of a kind in nested lists, tuples and (by their sorted keys) dictionaries."""
    match thing:
        case kind():
            yield thing
        case list() | tuple():
            for one in thing:
                yield from found(kind, one)
        case dict():
            for key in sorted(thing):
                yield from found(kind, thing[key])


def values_of(thing: Any) -> Any:
    """The same nest, with the value of each tensor in its place."""
    return swapped(thing, iter([it.value for it in tensors_in(thing)]))


def swapped(thing: Any, values: Iterator[Value]) -> Any:
    """The same nest, with the next of the values in the place of each tensor."""
    match thing:
        case Tensor():
            return next(values)
        case list() | tuple():
            return [swapped(one, values) for one in thing]
        case dict():
            return {key: swapped(thing[key], values) for key in sorted(thing)}
    return thing
