"""Rules for the activation layers and the layers that act in training only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dense_shapes.errors import ShapeError
from dense_shapes.rules.book import Config, Result, rule
from dense_shapes.rules.core import MIXES, activate, closed, passed, softmax
from dense_shapes.rules.reshaping import axis_names
from dense_shapes.steps import By, Value, apply


@rule("Activation", example={"activation": "softmax"}, shapes=[(None, 2, 3, 4)])
def activation(config: Config, x: Value) -> Result:
    """A function of each value, or (softmax) of all the values of the last axis.

    Keras reports the shape of the input for `glu` too, which halves the last axis.
    Source: keras/src/layers/activations/activation.py
    """
    function = config["activation"]
    if function == "sparsemax":
        return sparse(x)
    if function in ("softmax", "log_softmax", "glu") and len(x.shape) < 2:
        return closed(MIXES, x.shape)
    return activate(function, x)


@rule("ReLU", example={"max_value": 6.0}, shapes=[(None, 2, 3)])
def relu(config: Config, x: Value) -> Value:
    """A function of each value: what is below a threshold is cut off or flattened, and what is too large.

    Source: keras/src/layers/activations/relu.py
    """
    plain = {"negative_slope": 0.0, "max_value": None, "threshold": 0.0}
    return mapped(x, "relu", {key: config[key] for key in plain}, plain)


@rule("LeakyReLU", example={"negative_slope": 0.3}, shapes=[(None, 2, 3)])
def leaky_relu(config: Config, x: Value) -> Value:
    """A function of each value: a negative one is made small.

    Source: keras/src/layers/activations/leaky_relu.py
    """
    return mapped(x, "leaky_relu", {"negative_slope": config["negative_slope"]})


@rule("ELU", example={}, shapes=[(None, 2, 3)])
def elu(config: Config, x: Value) -> Value:
    """A function of each value: a negative one nears `-alpha`.

    Source: keras/src/layers/activations/elu.py
    """
    return mapped(x, "elu", {"alpha": config["alpha"]}, {"alpha": 1.0})


@rule("PReLU", example={"shared_axes": [1]}, shapes=[(None, 3, 2)])
def prelu(config: Config, x: Value) -> Value:
    """A function of each value: a negative one is multiplied by a weight at its place.

    The weight has size 1 along the shared axes. Keras takes 1 off each of their numbers, so that -1
    is the axis before the last.
    Source: keras/src/layers/activations/prelu.py
    """
    shared = config["shared_axes"] or []
    names = axis_names(x)
    terms = list(names)
    for axis in [shared] if isinstance(shared, int) else shared:
        if not -len(terms) <= axis - 1 < len(terms):
            raise ShapeError(
                f"shared_axes names axis {axis}, and the input {x.shape} has none such"
            )
        terms[axis - 1] = "1"
    for term, size in zip(terms, x.shape[1:], strict=True):
        if size is None and term != "1":
            raise ShapeError(
                f"the weight has a number for each place, and the size of an axis of {x.shape} is "
                "unknown; share that axis, or give it a size"
            )
    pattern = " ".join(["b", *names])
    alpha = " ".join(terms)
    return apply(f"{pattern} -> {pattern}", x, by=By.MAP, function="prelu", alpha=alpha)


@rule("Softmax", example={"axis": -1}, shapes=[(None, 2, 4)])
def softmax_layer(config: Config, x: Value, mask: Any = None) -> Result:
    """The power of each value as a part of the sum of the powers along one axis, or several.

    Source: keras/src/layers/activations/softmax.py
    """
    if mask is not None:
        return closed("a mask says which values it looks at", x.shape)
    axis = config["axis"]
    axes = places(x, [axis] if isinstance(axis, int) else axis)
    if 0 in axes:
        return closed(MIXES, x.shape)
    return softmax(x, axes)


def places(x: Value, axes: list[int]) -> list[int]:
    """The axes counted from the first, in order.

    Raises `ShapeError` if there is none of that number, or one is named twice, or none at all.
    """
    rank = len(x.shape)
    found = sorted({axis % rank for axis in axes if -rank <= axis < rank}) if rank else []
    if len(found) < len(axes) or not axes:
        raise ShapeError(
            f"expected axes from {-rank} to {rank - 1}, each once, for an input of shape {x.shape}; "
            f"received {axes}"
        )
    return found


def mapped(
    x: Value, function: str, given: Mapping[str, Any], plain: Mapping[str, Any] | None = None
) -> Value:
    """A named function of each value; what is not plain about it stands behind its name.

    >>> mapped(Value((None, 2), ("b", "c")), "elu", {"alpha": 2.0}).source.function
    'elu(alpha=2.0)'
    """
    told = [f"{key}={it!r}" for key, it in given.items() if plain is None or it != plain[key]]
    name = f"{function}({', '.join(told)})" if told else function
    return apply("... -> ...", x, by=By.MAP, function=name)


def sparse(x: Value) -> Result:
    """The values above a threshold, which depends on all of them; most are zero."""
    return closed(
        "it sets most values to zero, and to which of them that happens depends on all", x.shape
    )


TRAINING: Mapping[str, tuple[dict[str, Any], int | None, str]] = {
    "Dropout": ({"rate": 0.5}, None, "some are set to zero and the others scaled"),
    "SpatialDropout1D": ({"rate": 0.5}, 3, "whole channels are set to zero and the others scaled"),
    "SpatialDropout2D": ({"rate": 0.5}, 4, "whole channels are set to zero and the others scaled"),
    "SpatialDropout3D": ({"rate": 0.5}, 5, "whole channels are set to zero and the others scaled"),
    "GaussianDropout": ({"rate": 0.5}, None, "each is multiplied by a random number"),
    "GaussianNoise": ({"stddev": 0.5}, None, "a random number is added to each"),
    "AlphaDropout": ({"rate": 0.5}, None, "some are set to one low value and the others scaled"),
    "ActivityRegularization": ({"l1": 0.01}, None, "their sizes add to the loss"),
}
"""What passes values as they are in use: an example, how many axes it takes, what it does in training."""


def add_training_layer(kind: str, example: Config, rank: int | None, what: str) -> None:
    """Add the rule of a layer that acts in training only."""

    def quiet(config: Config, x: Value, training: Any = None) -> Result:
        if rank not in (None, len(x.shape)):
            raise ShapeError(
                f"it expects {rank} axes with the batch, and received {len(x.shape)}: {x.shape}"
            )
        if training and "Regularization" not in kind:
            return closed("it is called with training=", x.shape)
        return passed(x)

    file = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.rstrip("123D"))
    quiet.__name__ = kind
    quiet.__doc__ = f"""In use, a value passes as it is; in training, {what}.

    Source: keras/src/layers/regularization/{file.lower()}.py
    """
    shape = (None, *(2, 3, 2, 2)[: (rank or 4) - 1])
    rule(kind, example=example, shapes=[shape])(quiet)


for one, facts in TRAINING.items():
    add_training_layer(one, *facts)
