"""Make the real Keras model of what was read, so that it can be proved.

A saved model is loaded by Keras itself, in safe mode. A model that was read from code or from a line
of layers is put together anew: layers of Keras itself, from plain data. Nothing that was read is
executed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from typing import Any, TypeVar

from dense_shapes.axes import Shape
from dense_shapes.errors import ClaimError, DenseShapesError, ModelError
from dense_shapes.readers import keras as reader
from dense_shapes.readers import sources
from dense_shapes.readers.assembly import Call, Graph, Part, Tensor, ordered
from dense_shapes.readers.code.operations import operations, snake
from dense_shapes.readers.sources import Source
from dense_shapes.rules import arguments
from dense_shapes.traces import Layer, Trace

T = TypeVar("T")

CODE = {"FlaxLayer", "JaxLayer", "Lambda", "TFSMLayer", "TorchModuleWrapper"}
"""The layers of Keras that run code which they are given."""
CUSTOM = (
    "Keras loads it in safe mode, without code of its own: a model with custom layers or functions, or "
    "with Lambda, cannot be verified from a file; load it yourself, then ds.verify(model)"
)

WEIGHTS = "its layers can be verified without its weights: unzip -p {!r} config.json | dense-shapes verify -"
LINE = 160
"""How much of the first line of an error of Keras is shown, in characters."""


def model_of(source: Source, *, input_shape: Shape | None = None) -> Any:
    """The Keras model of what was read; it has new weights, unless it is a `.keras` file.

    Raises `ModelError` if it cannot be made of plain data, `ClaimError` if Keras refuses what a rule
    takes.
    """
    import keras

    keras.utils.set_random_seed(0)
    if source.saved:
        return loaded(source.path)
    if source.form != "json":
        return assembled(sources.graph(source, input_shape=input_shape))
    model = configured(source.text)
    if input_shape is not None and not model.built:
        built(
            partial(model.build, input_shape), f"Keras does not build the model for {input_shape}"
        )
    return model


def same(source: Source, *, input_shape: Shape | None = None) -> Any:
    """The Keras model of what was read, if it was read as Keras has it.

    Raises `ClaimError` if it was not, and what `model_of` raises.
    """
    ours = sources.trace(source, input_shape=input_shape)
    model = model_of(source, input_shape=input_shape)
    check_same(ours, reader.trace(model))
    return model


def loaded(path: str) -> Any:
    """The Keras model in a `.keras` file.

    Raises `ModelError` if Keras does not load it safely.
    """
    import keras

    return built(
        lambda: keras.saving.load_model(path, compile=False, safe_mode=True),
        f"Keras does not load {path!r}",
        lambda said: CUSTOM if re.search("[Ll]ambda|deserializ", said) else WEIGHTS.format(path),
    )


def configured(text: str) -> Any:
    """The Keras model of the text of `model.to_json()`, or of `config.json`, with new weights.

    Raises `ModelError` if Keras does not make it safely.
    """
    import keras

    record = {**json.loads(text), "compile_config": None}
    if "class_name" not in record:
        raise ModelError(
            "what `show --format json` wrote does not say how to make the layers, so they cannot be run; "
            "verify the .keras file or the code that it was made of"
        )
    return built(
        lambda: keras.saving.deserialize_keras_object(record, safe_mode=True),
        "Keras does not make the model of this JSON",
        lambda _: CUSTOM,
    )


def built(make: Callable[[], T], what: str, hint: Callable[[str], str] | None = None) -> T:
    """What is made; whatever Keras raises is a `ModelError` of one line."""
    try:
        return make()
    except DenseShapesError:
        raise
    except Exception as error:
        then = f"; {hint(str(error))}" if hint else ""
        raise ModelError(f"{what}: {first_line(error)}{then}") from error


def assembled(graph: Graph) -> Any:
    """The Keras model of a graph, with new weights.

    Raises `ModelError` if a layer cannot be made of plain data, and `ClaimError` if Keras refuses inputs
    that a rule takes.
    """
    return Assembly().model(graph, graph.name)


@dataclass
class Assembly:
    """The layers that have been made, by the part that each was made of."""

    made: dict[int, Any] = field(default_factory=dict)

    def model(self, graph: Graph, name: str) -> Any:
        """The model of a graph."""
        import keras

        tensors = {(id(it.call), it.number): start_of(it) for it in graph.inputs}
        starts = list(tensors.values())
        stack = keras.Sequential(starts, name=name) if graph.kind == "Sequential" else None
        for one in ordered(graph.inputs, graph.outputs):
            if not one.tensors:
                continue
            layer = self.layer(one.part)
            if stack is not None:
                accepted(one, partial(stack.add, layer))
                continue
            inputs, options = put_in([list(one.inputs), dict(one.options)], tensors)
            outputs = accepted(one, partial(layer, *inputs, **options))
            for number, tensor in enumerate(keras.tree.flatten(outputs)):
                tensors[id(one), number] = tensor
                if one.part.kind.startswith(
                    "ops."
                ):  # Keras names it, maybe as another layer is named
                    tensor._keras_history.operation.name = one.part.name
        ends = [tensors[id(it.call), it.number] for it in graph.outputs if stack is None]
        return keras.Model(starts, ends, name=name) if stack is None else stack

    def layer(self, part: Part) -> Any:
        """The layer of a part: the same one each time."""
        if id(part) not in self.made:
            what = f"Keras does not make layer {part.name!r} ({part.kind})"
            if part.graph:
                layer = built(partial(self.model, part.graph, part.name), what)
            else:
                layer = built(partial(layer_of, part), what)
            if not part.trainable:
                layer.trainable = False
            self.made[id(part)] = layer
        return self.made[id(part)]


def start_of(tensor: Tensor) -> Any:
    """The input of a model."""
    import keras

    part = tensor.call.part
    dtype = part.config.get("dtype")
    given = {"dtype": dtype} if isinstance(dtype, str) else {}
    return built(
        partial(keras.Input, batch_shape=tensor.shape, name=part.name, **given),
        f"Keras does not make input {part.name!r}",
    )


def layer_of(part: Part) -> Any:
    """A layer of Keras itself, made of the plain data that was read.

    Raises `ModelError` if it runs code of its own.
    """
    import keras

    if part.kind.startswith("ops."):
        return operation_of(part)
    if part.opaque or part.kind in CODE or part.kind not in arguments():
        raise ModelError(
            f"layer {part.name!r} ({part.kind}) is not made of plain data, so it is not made here; "
            "build the model yourself, then ds.verify(model)"
        )
    config = {key: it for key, it in part.config.items() if is_plain(it)}
    classes = {getattr(it, "__name__", ""): name for name, it in vars(keras.layers).items()}
    record = {
        "module": "keras.layers",
        "class_name": classes.get(part.kind, part.kind),
        "config": {**config, "name": part.name},
        "registered_name": None,
    }
    return keras.saving.deserialize_keras_object(record, safe_mode=True)


def operation_of(part: Part) -> Callable[..., Any]:
    """The function of Keras that calls an operation."""
    import keras

    for name, about in operations().items():
        inputs = about["inputs"]
        named = {it[0] for it in about["parameters"]} - {*inputs}
        if part.kind == f"ops.{snake(about['class'])}" and named == {*part.config}:
            home = keras if name.startswith("activations.") else keras.ops
            function = attrgetter(name)(home)
            return lambda *given: function(**dict(zip(inputs, given, strict=False)), **part.config)
    if part.kind == "ops.einsum":
        return partial(keras.ops.einsum, part.config["subscripts"])
    raise ModelError(f"operation {part.kind!r} is not a function of keras.ops")


def accepted(one: Call, make: Callable[[], T]) -> T:
    """What a call gives; that Keras refuses its inputs contradicts the rule."""
    try:
        return make()
    except DenseShapesError:
        raise
    except Exception as error:
        taken = " and ".join(str(it.shape) for it in one.tensors)
        raise ClaimError(
            f"layer {one.part.name!r} ({one.part.kind}): the rule says that it takes {taken}, Keras says "
            f"{first_line(error)}; please report this as a bug of dense_shapes"
        ) from error


def put_in(thing: Any, tensors: Mapping[tuple[int, int], Any]) -> Any:
    """The same nest with the tensor of Keras in the place of each of ours."""
    match thing:
        case Tensor():
            return tensors[id(thing.call), thing.number]
        case list() | tuple():
            return [put_in(one, tensors) for one in thing]
        case dict():
            return {key: put_in(one, tensors) for key, one in thing.items()}
    return thing


def is_plain(thing: Any) -> bool:
    """Whether a value of a configuration is plain data.

    >>> is_plain([1, {"a": None}]), is_plain(print)
    (True, False)
    """
    match thing:
        case None | bool() | int() | float() | str():
            return True
        case list() | tuple():
            return all(map(is_plain, thing))
        case dict():
            return all(isinstance(key, str) and is_plain(one) for key, one in thing.items())
    return False


def first_line(error: Exception) -> str:
    """What an error says, in one line; of the many that Keras writes, the one that names a class."""
    text = str(error).strip()
    named = re.search(r"Could not locate \w+ '[^']*'", text)
    line = named[0] if named else text.partition("\n")[0] or type(error).__name__
    return line if len(line) <= LINE else f"{line[:LINE]}…"


def check_same(ours: Trace, theirs: Trace) -> None:
    """Raise `ClaimError` where what was read is not what the live model is.

    What a live model holds is proved; so what was read holds too.
    """
    if len(ours) != len(theirs):
        raise ClaimError(
            f"model {ours.name!r}: it was read as {len(ours)} calls of layers, in Keras it has "
            f"{len(theirs)}; please report this as a bug of dense_shapes"
        )
    for mine, live in zip(ours, theirs, strict=True):
        for what, one, other in zip(
            ("kind", "inputs", "sources", "outputs", "weights", "steps"),
            facts(mine, mine.opaque),
            facts(live, mine.opaque),
            strict=True,
        ):
            if one != other:
                raise ClaimError(
                    f"layer {mine.label!r} ({mine.kind}): its {what} were read as {one}, in Keras they "
                    f"are {other}; please report this as a bug of dense_shapes"
                )
        if mine.inner and live.inner:
            check_same(mine.inner, live.inner)


def facts(layer: Layer, opaque: str) -> tuple[object, ...]:
    """What is compared of a layer; of an opaque one, only what goes in and out."""
    shapes = [[value.shape for value in values] for values in (layer.inputs, layer.outputs)]
    weights = [(weight.shape, weight.trainable) for weight in layer.weights if not opaque]
    steps = [(it.signature.write(), dict(it.given), it.by, it.function) for it in layer.steps]
    return layer.kind, shapes[0], layer.sources, shapes[1], weights, [] if opaque else steps
