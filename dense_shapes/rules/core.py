"""Rules for the core layers: Input, Dense, Activation, Dropout."""

from __future__ import annotations

from typing import Any

from dense_shapes.errors import UnknownLayer
from dense_shapes.rules.book import Config, named, rule
from dense_shapes.steps import By, Value, apply

ELEMENTWISE = (
    *("celu", "elu", "exponential", "gelu", "hard_shrink", "hard_sigmoid", "hard_silu"),
    *("hard_swish", "hard_tanh", "leaky_relu", "log_sigmoid", "mish", "relu", "relu6", "selu"),
    *("sigmoid", "silu", "soft_shrink", "softplus", "softsign", "sparse_plus", "sparse_sigmoid"),
    *("squareplus", "swish", "tanh", "tanh_shrink", "threshold"),
)
"""The activations of Keras that look at one value at a time."""


@rule("InputLayer", example={"shape": (2, 3, 1)}, shapes=[])
def input_layer(config: Config) -> Value:
    """An input has the shape that it was declared with; nothing is computed.

    Source: keras/src/layers/core/input_layer.py
    """
    shape = config.get("batch_shape") or (None, *config["shape"])
    return Value(tuple(shape), named(tuple(shape)), None)


@rule("Dense", example={"units": 5}, shapes=[(None, 2, 3, 1)])
def dense(config: Config, x: Value) -> Value:
    """Each output unit reads the whole of the last axis; every axis before it is left alone.

    Source: keras/src/layers/core/dense.py
    """
    bias = "out" if config.get("use_bias", True) else None
    y = apply("... in -> ... out", x, kernel="in out", bias=bias, out=config["units"])
    return activate(config.get("activation"), y)


@rule("Activation", example={"activation": "softmax"}, shapes=[(None, 2, 3, 4)])
def activation(config: Config, x: Value) -> Value:
    """A function of each value, or (softmax) of all the values of the last axis.

    Source: keras/src/layers/activations/activation.py
    """
    return activate(config["activation"], x)


@rule("Dropout", example={"rate": 0.5}, shapes=[(None, 2, 3, 4)])
def dropout(config: Config, x: Value) -> Value:
    """In use, a value passes as it is; in training, some are set to zero and the others scaled.

    Source: keras/src/layers/regularization/dropout.py
    """
    return apply("... -> ...", x, by=By.COPY)


def activate(function: Any, x: Value) -> Value:
    """The activation function of a layer, as steps.

    Raises `UnknownLayer` if it is a function whose reads are not known.
    """
    if function in (None, "linear"):
        return x
    if function in ("softmax", "log_softmax") and len(x.shape) > 1:
        powers = apply("... -> ...", x, by=By.MAP, function="exponential")
        total = apply("... c -> ...", powers, by=By.SUM)
        y = apply("... c, ... -> ... c", powers, total, by=By.DIVIDE)
        return y if function == "softmax" else apply("... -> ...", y, by=By.MAP, function="log")
    if isinstance(function, str) and function in ELEMENTWISE:
        return apply("... -> ...", x, by=By.MAP, function=function)
    name = repr(function) if isinstance(function, str) else "that it has"
    where = " over the batch" if len(x.shape) < 2 else ""
    raise UnknownLayer(f"no rule describes the activation {name}{where}")
