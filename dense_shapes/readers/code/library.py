"""What the names of Keras and its neighbours mean where code calls them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dense_shapes.axes import Shape
from dense_shapes.errors import DenseShapesError
from dense_shapes.readers.assembly import Tensor, tensors_in
from dense_shapes.readers.code import literals
from dense_shapes.readers.code.layers import (
    Argument,
    Given,
    Library,
    Unknown,
    Written,
    accepted,
    kind_of,
    nearest,
    shape_from,
)
from dense_shapes.readers.code.models import Network, Stack, network, new_stack, train
from dense_shapes.readers.code.operations import operation
from dense_shapes.readers.code.session import Session
from dense_shapes.readers.code.vocabulary import ALIASES, RECURRENT
from dense_shapes.rules import arguments

KERAS = re.compile(
    r"^(?:tensorflow\.(?:python\.|contrib\.|compat\.v\d\.)?keras|tf_keras|keras)"
    r"(?:\.(?:api|src|_v\d|keras))*(?=\.|$)"
)
"""Under what names Keras is found."""

MODULES: Mapping[str, str] = {
    **{name: f"keras.{name}" for name in ("activations", "applications", "backend", "callbacks")},
    **{name: f"keras.{name}" for name in ("constraints", "datasets", "initializers", "layers")},
    **{name: f"keras.{name}" for name in ("losses", "metrics", "models", "ops", "optimizers")},
    **{name: f"keras.{name}" for name in ("regularizers", "random", "utils")},
    "K": "keras.backend",
    "keras": "keras",
    "math": "math",
    "np": "numpy",
    "numpy": "numpy",
    "tensorflow": "tensorflow",
    "tf": "tensorflow",
}
"""The modules that code has under these names, where it leaves its imports out."""

MODELS = ("Model", "Sequential", "Functional")
INPUTS = ("Input", "InputLayer")
FORMS: Mapping[str, str] = {
    **{name: name.capitalize() for name in ("add", "average", "concatenate", "dot", "maximum")},
    **{name: name.capitalize() for name in ("minimum", "multiply", "subtract")},
}
"""The functions that make a merging layer and call it at once."""

MERGES: Mapping[str, str] = {
    **{"sum": "Add", "mul": "Multiply", "concat": "Concatenate", "ave": "Average"},
    **{"dot": "Dot", "max": "Maximum"},
}
"""The modes of `merge` in Keras 1."""

NO_LAYERS = {
    *("activations", "backend", "callbacks", "constraints", "datasets", "initializers", "losses"),
    *("metrics", "ops", "optimizers", "random", "regularizers", "utils"),
}
"""The parts of Keras in which a name means no layer."""

INPUT = ("shape", "batch_size", "dtype", "sparse", "ragged", "batch_shape", "name", "tensor")
OLD_MODEL = {"input": "inputs", "output": "outputs"}
OLD_INPUT = {"batch_input_shape": "batch_shape", "input_shape": "shape", "input_tensor": "tensor"}

CALLED: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys((*RECURRENT, "Bidirectional"), ("initial_state", "mask", "training")),
    **dict.fromkeys(("Dropout", "GaussianNoise", "SpatialDropout2D", "Dense"), ("training",)),
    **dict.fromkeys(("BatchNormalization", "Functional", "Sequential"), ("training", "mask")),
}
"""What the calls of some layers take by position after their input."""

ARRAYS = {"empty", "ones", "zeros", "normal", "rand", "randn", "random", "random_sample", "uniform"}
"""The functions that make an array, whose shape is what is given to them."""

DATA: Mapping[str, tuple[Shape, ...]] = {
    "boston_housing": ((404, 13), (404,), (102, 13), (102,)),
    "california_housing": ((16512, 8), (16512,), (4128, 8), (4128,)),
    "cifar10": ((50000, 32, 32, 3), (50000, 1), (10000, 32, 32, 3), (10000, 1)),
    "cifar100": ((50000, 32, 32, 3), (50000, 1), (10000, 32, 32, 3), (10000, 1)),
    "fashion_mnist": ((60000, 28, 28), (60000,), (10000, 28, 28), (10000,)),
    "mnist": ((60000, 28, 28), (60000,), (10000, 28, 28), (10000,)),
}
"""The shapes of the data sets of Keras: what they train on, its labels, what they test on, its labels."""


@dataclass(frozen=True)
class Array:
    """An array of data, of which the shape is known."""

    shape: Shape


def canonical(path: str) -> str:
    """The name of something of Keras as it is without detours.

    >>> canonical("tensorflow.keras.layers.Dense"), canonical("numpy.zeros")
    ('keras.layers.Dense', 'numpy.zeros')
    """
    return KERAS.sub("keras", path)


def named(name: str) -> Library | None:
    """What a name means that code does not define: something of Keras, or of Python."""
    if name in MODULES:
        return Library(MODULES[name])
    if name in MODELS or name in INPUTS:
        return Library(f"keras.{name}")
    if kind_of(name) or name in FORMS or name == "merge":
        return Library(f"keras.layers.{name}")
    if name == "load_model":
        return Library("keras.models.load_model")
    if name in literals.FUNCTIONS or name in ("print", "super", "isinstance", "type"):
        return Library(f"builtins.{name}")
    return None


def called(session: Session, thing: Library, given: Given) -> Any:
    """What a call of something of a library gives.

    Raises `DenseShapesError` for arguments that it does not take, or if it is not read here.
    """
    path = canonical(thing.path)
    root, _, rest = path.partition(".")
    if root == "keras":
        return keras_called(session, thing, rest.split("."), given)
    if root == "tensorflow" and any(tensors_in([it.value for it in given.all])):
        return operation(session, rest, given)
    if root in ("numpy", "tensorflow") and thing.name in ARRAYS:
        return array(given)
    name = path.removeprefix("builtins.")
    if name in literals.FUNCTIONS:
        return worked_out(name, given)
    return not_read(thing, given)


def keras_called(session: Session, thing: Library, parts: list[str], given: Given) -> Any:
    """What a call of something of Keras gives."""
    name, kind = thing.name, kind_of(thing.name)
    if name in INPUTS:
        return input_of(session, given)
    if name in MODELS:
        return model(session, given, sequential if name == "Sequential" else functional)
    if name == "clear_session":
        session.counts.clear()
        return None
    if parts[0] in ("ops", "activations") and any(tensors_in([it.value for it in given.all])):
        return operation(session, ".".join(parts), given)
    if kind and parts[0] not in NO_LAYERS:
        return session.layer(kind, given)
    if parts[0] == "layers" and name in FORMS:
        return merged(session, FORMS[name], given)
    if parts[0] == "layers" and name == "merge":
        return old_merged(session, given)
    if name == "load_data" and parts[0] == "datasets" and parts[1] in DATA:
        one, two, three, four = (Array(shape) for shape in DATA[parts[1]])
        return ((one, two), (three, four))
    if name in ARRAYS:
        return array(given)
    return not_read(thing, given)


def not_read(thing: Library, given: Given) -> Unknown:
    """What something of a library gives that is not read.

    Raises `NotationError` for a layer that Keras does not have.
    """
    why = f"what {thing.path} gives is not known: it is not executed here"
    if thing.path.partition(".")[0] in ("torch", "flax", "jax", "pytorch_lightning"):
        why = f"{thing.path} is no part of Keras, and only Keras code is read"
    elif thing.name[:1].isupper() and canonical(thing.path).startswith("keras.layers."):
        hint = nearest(thing.name, [*arguments(), *ALIASES])
        raise given.place.error(f"Keras has no layer {thing.name!r}{hint}")
    elif ".applications." in thing.path:
        why = f"what is in {thing.name} is not in the code; load the model in Keras, and trace that"
    elif thing.name == "load_model":
        why = "a file is not loaded by code that is only read; trace the file itself"
    return Unknown(given.place.error(why))


def input_of(session: Session, given: Given) -> Tensor:
    """A new input of a model."""
    found = accepted(given, (*INPUT, "optional"), OLD_INPUT)
    batch = found["batch_size"].value if "batch_size" in found else None
    name = found["name"].value if "name" in found else None
    for it in (batch, name):
        if isinstance(it, Unknown):
            raise it.error
    if "tensor" in found and isinstance(found["tensor"].value, Tensor):
        return found["tensor"].value
    if "batch_shape" in found and found["batch_shape"].value is not None:
        shape = shape_from(found["batch_shape"])
    elif "shape" in found and found["shape"].value is not None:
        shape = shape_from(Argument((batch,), given.place)) + shape_from(found["shape"])
    else:
        raise given.place.error(f"{given.what} needs 'shape', which is not given")
    if not (name is None or isinstance(name, str)):
        raise found["name"].place.error("the name of an input is a text")
    return session.input(shape, name, given.place)


def model(
    session: Session, given: Given, make: Callable[[Session, Given], Stack | Network]
) -> Stack | Network:
    """A new model; the session keeps it, and keeps in mind that it could not be made."""
    try:
        made = make(session, given)
    except DenseShapesError as error:
        session.models.append(Unknown(error))
        raise
    session.models.append(made)
    trainable = given.named.get("trainable")
    if trainable and trainable.value is False:
        train(made.part, False)
    return made


def sequential(session: Session, given: Given) -> Stack:
    """A new `Sequential`."""
    found = accepted(given, ("layers", "trainable", "name"))
    layers = found.get("layers", Argument(None, given.place))
    if isinstance(layers.value, Unknown):
        raise layers.value.error
    if not (layers.value is None or isinstance(layers.value, list | tuple)):
        raise layers.place.error("Sequential takes its layers in a list: Sequential([…])")
    items = layers.value or []
    stack = new_stack(session, model_name(found), given.place)
    for item in items:
        stack.add(getattr(item, "part", item), layers.place, rebuild=False)
    if items:
        stack.rebuild()
    return stack


def functional(session: Session, given: Given) -> Network:
    """A new functional model."""
    found = accepted(given, ("inputs", "outputs", "name", "trainable"), OLD_MODEL)
    for name in ("inputs", "outputs"):
        if name not in found:
            raise given.place.error(f"{given.what} needs {name!r}, which are not given")
    return network(session, found["inputs"], found["outputs"], model_name(found), given.place)


def model_name(found: Mapping[str, Argument]) -> str | None:
    """The name that is given to a model."""
    name = found["name"].value if "name" in found else None
    if isinstance(name, Unknown):
        raise name.error
    if not (name is None or isinstance(name, str)):
        raise found["name"].place.error("the name of a model is a text")
    return name


def merged(session: Session, kind: str, given: Given) -> Any:
    """A merging layer, made and called at once."""
    if not given.positional and "inputs" not in given.named:
        raise given.place.error(f"{given.what} needs 'inputs', which are not given")
    named = dict(given.named)
    first = named.pop("inputs") if "inputs" in named else given.positional[0]
    rest = [it for it in given.positional if it is not first]
    if kind == "Dot" and not rest:
        named.setdefault("axes", Argument(-1, given.place))
    part = session.layer(kind, Given(given.what, given.place, rest, named))
    return layer_called(session, part, Given(given.what, given.place, [first]))


def old_merged(session: Session, given: Given) -> Any:
    """What `merge` of Keras 1 gives."""
    found = accepted(given, ("inputs", "mode", "concat_axis", "dot_axes", "output_shape", "name"))
    mode = found["mode"].value if "mode" in found else "sum"
    if mode not in MERGES or "inputs" not in found:
        raise given.place.error(f"merge with this mode is not read; it may be {', '.join(MERGES)}")
    named = {"name": found["name"]} if "name" in found else {}
    for old, new in (("concat_axis", "axis"), ("dot_axes", "axes")):
        if old in found:
            named[new] = found[old]
    return merged(session, MERGES[mode], Given(given.what, given.place, [found["inputs"]], named))


def layer_called(session: Session, part: Written, given: Given) -> Any:
    """What a layer, or a model, gives for these inputs."""
    options = {name: inputs_of(session, it) for name, it in given.named.items()}
    positional = []
    names = CALLED.get(part.kind, ())
    for number, it in enumerate(given.positional):
        name = names[number - 1] if 0 < number <= len(names) else ""
        if name:
            options[name] = inputs_of(session, it)
        else:
            positional.append(inputs_of(session, it))
    for name in ("inputs", "sequences", "x"):
        if name in options and not positional:
            positional = [options.pop(name)]
    if not any(tensors_in([positional, options])):
        raise given.place.error(
            f"layer {part.name!r} is called without a tensor; give it one, as Input((4, 5, 1))"
        )
    tensors = session.called(part, positional, options, given.place)
    if part.owner:
        return part.owner.packed(tensors)
    return tensors[0] if len(tensors) == 1 else list(tensors)


def inputs_of(session: Session, given: Argument) -> Any:
    """What is given to the call of a layer, with a tensor for each array."""
    value, place = given
    match value:
        case Unknown(error):
            raise error
        case Array(shape):
            return session.input(shape, "input_layer", place)
        case list() | tuple():
            return [inputs_of(session, Argument(one, place)) for one in value]
        case dict():
            return {key: inputs_of(session, Argument(one, place)) for key, one in value.items()}
        case Tensor() | str() | int() | float() | None | slice():
            return value
    raise place.error("a layer is called on tensors: layer(x), where x = Input((4, 5, 1))")


def array(given: Given) -> Array:
    """An array of the shape that is given."""
    values = [it.value for it in given.positional]
    shape: Any = next(
        (given.named[it].value for it in ("shape", "size") if it in given.named), None
    )
    if shape is None:
        shape = (
            values[0] if len(values) == 1 and isinstance(values[0], tuple | list) else tuple(values)
        )
    shape = (shape,) if isinstance(shape, int) else shape
    if not isinstance(shape, tuple | list) or not all(type(it) is int and it >= 0 for it in shape):
        raise given.place.error("the shape of this array is not known")
    return Array(tuple(shape))


def worked_out(name: str, given: Given) -> Any:
    """What a function of Python gives for what is known."""
    for it in given.all:
        if isinstance(it.value, Unknown):
            raise it.value.error
    values = [it.value for it in given.positional]
    if name == "len" and len(values) == 1 and isinstance(values[0], Array) and values[0].shape:
        return values[0].shape[0]
    try:
        named = {key: it.value for key, it in given.named.items()}
        return literals.function(name, values, named)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise given.place.error(f"{name} is not worked out: {str(error)[:100]}") from None
