"""What layers, models, tensors and plain values have under a name in code, and what their methods do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dense_shapes.readers.assembly import Tensor
from dense_shapes.readers.code import literals
from dense_shapes.readers.code.layers import Argument, Given, Unknown, Written, accepted, shape_from
from dense_shapes.readers.code.library import Array
from dense_shapes.readers.code.models import Network, Stack, train
from dense_shapes.readers.code.session import Stop

BUILT_FROM = ("input", "inputs", "output", "outputs", "input_shape", "output_shape")


@dataclass(frozen=True)
class Method:
    """A method of something, before it is called."""

    owner: Any
    name: str


def attribute(thing: Any, name: str) -> Any:
    """What a thing has under a name; `NotImplemented` if that is not known.

    Raises `DenseShapesError` where it asks for a model that is not known.
    """
    match thing:
        case Tensor() if name == "shape":
            return thing.shape
        case Tensor() if name == "ndim":
            return len(thing.shape)
        case Array(shape) if name in ("shape", "ndim"):
            return shape if name == "shape" else len(shape)
        case Written() | Stack() | Network():
            return layer_attribute(thing, name)
        case str() | list() | dict() if name in literals.METHODS[type(thing)]:
            return Method(thing, name)
        case Array():
            return Method(thing, name)
    return NotImplemented


def layer_attribute(thing: Written | Stack | Network, name: str) -> Any:
    """What a layer or a model has under a name."""
    part = thing if isinstance(thing, Written) else thing.part
    if name == "name":
        return part.name
    if name == "trainable":
        return part.trainable
    if name == "layers" and not isinstance(thing, Written):
        return layers(thing)
    if name in BUILT_FROM:
        if isinstance(thing, Written):
            if not thing.calls:
                return NotImplemented
            tensors = thing.calls[0].tensors if name.startswith("in") else thing.calls[0].outputs
        else:
            graph = thing.graph()
            tensors = graph.inputs if name.startswith("in") else graph.outputs
        if name.endswith("shape"):
            return tensors[0].shape if len(tensors) == 1 else [it.shape for it in tensors]
        return tensors[0] if len(tensors) == 1 and not name.endswith("s") else list(tensors)
    return Method(thing, name)


def layers(model: Stack | Network) -> list[Any]:
    """The layers of a model, as Keras lists them."""
    if isinstance(model, Stack):
        return [getattr(it, "owner", None) or it for it in model.items]
    found: dict[int, Any] = {}
    for one in model.calls:
        if not one.part.kind.startswith("ops."):
            found[id(one.part)] = getattr(one.part, "owner", None) or one.part
    return [*found.values()]


def set_attribute(thing: Any, name: str, value: Any) -> None:
    """Give a layer or a model another name, or say whether it is trained.

    What else is set of it changes no shape.
    """
    if not isinstance(thing, Written | Stack | Network):
        return
    part = thing if isinstance(thing, Written) else thing.part
    if name in ("name", "_name") and isinstance(value, str):
        part.name = value
    if name == "trainable":
        if isinstance(value, Unknown):
            raise Stop(value.error)
        train(part, bool(value))


def method(bound: Method, given: Given) -> Any:
    """What a method gives.

    Raises `DenseShapesError` for what it does not take, or if it is not read here.
    """
    thing, name = bound.owner, bound.name
    values = [it.value for it in given.positional]
    match thing:
        case Stack() if name == "add":
            if not given.all:
                raise given.place.error("add needs a layer")
            item = given.all[0]
            thing.add(getattr(item.value, "part", item.value), item.place)
            return None
        case Stack() if name == "pop":
            thing.pop()
            return None
        case Stack() if name == "build":
            built(thing, given)
            return None
        case Stack() | Network() if name == "get_layer":
            return layer_of(thing, given)
        case Array() if name in ("astype", "copy"):
            return thing
        case Array() if name == "reshape":
            return reshaped(thing, values, given)
        case str() | list() | dict():
            for it in values:
                if isinstance(it, Unknown) and not isinstance(thing, list):
                    raise it.error
            return literals.method(
                thing, name, values, {k: it.value for k, it in given.named.items()}
            )
    return Unknown(given.place.error(f"what {name!r} gives is not known: nothing is executed here"))


def built(stack: Stack, given: Given) -> None:
    """Build a model for inputs of a shape."""
    found = accepted(given, ("input_shape",))
    if "input_shape" not in found or found["input_shape"].value is None:
        return
    shape = found["input_shape"]
    try:
        value = shape.value
        if (
            isinstance(value, list | tuple)
            and len(value) == 1
            and isinstance(value[0], list | tuple)
        ):
            shape = Argument(value[0], shape.place)
        stack.build(shape_from(shape), given.place)
    except ValueError as error:
        stack.why = stack.why or error  # type: ignore[assignment]
        raise


def layer_of(model: Stack | Network, given: Given) -> Any:
    """The layer of a model by its name or its number."""
    found = accepted(given, ("name", "index"))
    every = layers(model)
    if "index" in found:
        return every[literals.key(found["index"].value)]
    for it in every:
        if isinstance(it, Unknown):
            return it
        if "name" in found and getattr(it, "part", it).name == found["name"].value:
            return it
    raise given.place.error("the model has no layer of this name")


def reshaped(array: Array, values: list[Any], given: Given) -> Array:
    """An array in another shape."""
    shape = values[0] if len(values) == 1 and isinstance(values[0], tuple | list) else values
    if not all(type(it) is int for it in shape) or [*shape].count(-1) > 1:
        raise given.place.error("the shape of this array is not known")
    total, rest = 1, 1
    for size in array.shape:
        total *= size or 0
    for size in shape:
        rest *= 1 if size == -1 else size
    if -1 in shape and (rest == 0 or total % rest):
        raise given.place.error("the array has no such shape")
    return Array(tuple(total // rest if size == -1 else size for size in shape))
