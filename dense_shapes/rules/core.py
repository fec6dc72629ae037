"""Rules for the core layers: those that multiply by a kernel, and those that pass their input on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from dense_shapes.axes import Shape, Window
from dense_shapes.errors import ShapeError, UnknownLayer
from dense_shapes.rules.adaptation import adapted, quantization, quantized
from dense_shapes.rules.book import RULES, Closed, Config, Result, Stored, arguments, named, rule
from dense_shapes.rules.reshaping import axis_names
from dense_shapes.steps import By, Step, Value, Weight, apply

ELEMENTWISE = (
    *("celu", "elu", "exponential", "gelu", "hard_shrink", "hard_sigmoid", "hard_silu"),
    *("hard_swish", "hard_tanh", "leaky_relu", "log_sigmoid", "mish", "relu", "relu6", "selu"),
    *("sigmoid", "silu", "soft_shrink", "softplus", "softsign", "sparse_plus", "sparse_sigmoid"),
    *("squareplus", "swish", "tanh", "tanh_shrink"),
)
"""The activations of Keras that look at one value at a time, and need nothing else."""

MIXES = "it mixes the samples of the batch"
"""Why an operation over the batch has no steps: a signature speaks of one sample."""

MISADDED = "Keras on TensorFlow may take what it adds for a bias of another axis that is as long"
"""Why a sum has no steps in which TensorFlow can add along the wrong axis."""


@rule("InputLayer", example={"shape": (2, 3, 1)}, shapes=[])
def input_layer(config: Config) -> Value:
    """An input has the shape that it was declared with; nothing is computed.

    Source: keras/src/layers/core/input_layer.py
    """
    shape = config.get("batch_shape") or (config.get("batch_size"), *config["shape"])
    return Value(tuple(shape), named(tuple(shape)), None)


@rule("Identity", example={}, shapes=[(None, 2, 3)])
def identity(config: Config, *inputs: Value) -> Result:
    """Every value passes as it is.

    Source: keras/src/layers/core/identity.py
    """
    outputs = tuple(passed(x) for x in inputs)
    return outputs if len(outputs) > 1 else outputs[0]


def passed(x: Value) -> Value:
    """The same values."""
    return apply("... -> ...", x, by=By.COPY)


@rule("Masking", example={"mask_value": 0.0}, shapes=[(None, 3, 2)])
def masking(config: Config, x: Value) -> Result:
    """A value passes; a step whose features all are the mask value becomes zero, and is masked.

    So whether a value passes depends on the whole step. But as long as a step has another number in it,
    changing one value changes that value alone, and this is what is claimed.
    Source: keras/src/layers/core/masking.py
    """
    if len(x.shape) < 2:
        return closed(MIXES, x.shape)
    return apply("... -> ...", x, by=By.MAP, function="masked")


@rule("Dense", example={"units": 5}, shapes=[(None, 2, 3, 1)])
def dense(config: Config, x: Value, training: Any = None) -> Result:
    """Each output unit reads the whole of the last axis; every axis before it is left alone.

    With `lora_rank` two small matrices stand beside the kernel, which is no longer trained.
    Source: keras/src/layers/core/dense.py
    """
    size, units = last_size(x), config["units"]
    how, rank = quantization(config), config.get("lora_rank")
    bias = "out" if config.get("use_bias", True) else None
    if how:
        shape = (units,) if bias else None
        weights = quantized(
            how, (size, units), shape, rank, rows=size, columns=units, scale=(units,)
        )
        return outlined(config, how.reason, (*x.shape[:-1], units), weights)
    y = apply("... in -> ... out", x, kernel="in out", bias=bias, out=units)
    if not rank:
        return activate(config["activation"], y)
    low = apply("... in -> ... rank", x, lora_kernel_a="in rank", rank=rank)
    delta = apply("... rank -> ... out", low, lora_kernel_b="rank out", out=units)
    return beside(config, y, low, delta)


def last_size(x: Value) -> int:
    """The size of the last axis, which a kernel must know.

    Raises `ShapeError` if there is none beside the batch, or its size is not known.
    """
    if len(x.shape) < 2:
        raise ShapeError(
            f"it expects the batch and at least one axis more, and received {x.shape}; give one "
            "number for each sample an axis of its own: (None, 1)"
        )
    size = x.shape[-1]
    if size is None:
        raise ShapeError(
            f"the kernel has a row for each cell of the last axis, whose size is unknown in {x.shape}; "
            "give the input a known last axis"
        )
    return size


def beside(config: Config, y: Value, low: Value, delta: Value) -> Stored:
    """The layer in which a kernel made `y` and the two matrices of LoRA `low`, and from it `delta`."""
    first, *rest = weights_of(y)
    weights = (replace(first, trainable=False), *rest, *weights_of(low), *weights_of(delta))
    return Stored((activate(config.get("activation"), adapted(config, y, delta)),), weights)


def weights_of(y: Value) -> tuple[Weight, ...]:
    """The weights of the step that made a value."""
    return y.source.weights if isinstance(y.source, Step) else ()


def misadded(one: Shape, other: Shape) -> bool:
    """Whether Keras on TensorFlow may add the second tensor along another axis than that it has.

    It takes a tensor with one axis longer than 1 for a bias: of the last axis of the first tensor if
    that is as long, else of the second. A batch of one sample, or of as many as an axis has cells, is
    enough: `ops.add` of (3, 3) and (3, 1) is that of (3, 3) and (3,).
    Source: add, keras/src/backend/tensorflow/numpy.py

    >>> misadded((None, 3), (None, 3)), misadded((None, 3), (None, 1)), misadded((None, 2, 2), (2, 1))
    (False, True, True)
    """
    wide = (*[1] * (len(one) - len(other)), *other)
    some = sorted({1, 2, *(size for size in (*one, *other) if size is not None)})

    def sizes(place: int) -> list[tuple[int, int]]:
        mine, theirs = one[place], wide[place]
        if (mine is None and theirs in (None, 1)) or (not place and len(other) == len(one)):
            return [(size, 1 if theirs == 1 else size) for size in some]
        if theirs is None and mine == 1:
            return [(1, size) for size in some]
        return [(mine or theirs or 0, mine or 0 if theirs is None else theirs)]

    return any(
        taken_for_bias(*zip(*found, strict=True)) for found in product(*map(sizes, range(len(one))))
    )


def taken_for_bias(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether Keras on TensorFlow adds the second tensor along another axis, for these very sizes.

    >>> taken_for_bias((3, 3), (3, 1)), taken_for_bias((2, 3), (2, 1))
    (True, False)
    """
    axes = [place for place, size in enumerate(other) if size > 1]
    if len(axes) != 1 or len(one) < 2:
        return False
    size = other[axes[0]]
    last = one[-1] == size
    return size in (one[1], one[-1]) and axes[0] != (len(one) - 1 if last else 1)


def outlined(config: Config, reason: str, shape: Shape, weights: tuple[Weight, ...]) -> Closed:
    """A layer of which only the shape before its activation is known, and its weights."""
    return closed(reason, activate(config.get("activation"), outline(shape)).shape, weights)


def outline(shape: Shape) -> Value:
    """A value of this shape of which nothing else is known."""
    return Value(shape, named(shape), None)


def closed(reason: str, shape: Shape, weights: tuple[Weight, ...] = ()) -> Closed:
    """A layer with one output of this shape, of which nothing more is claimed."""
    return Closed(reason, (outline(shape),), weights)


def activate(function: Any, x: Value) -> Value:
    """The activation function of a layer, as steps; it is a name, or a dictionary that stands for one.

    Raises `UnknownLayer` if it is a function whose reads are not known.
    """
    match function:
        case None | "linear":
            return x
        case "softmax" | "log_softmax" if len(x.shape) > 1:
            return softmax(x, [len(x.shape) - 1], log=function == "log_softmax")
        case "glu" if len(x.shape) > 1:
            return gated(x, len(x.shape) - 1)
        case str() if function in ELEMENTWISE:
            return apply("... -> ...", x, by=By.MAP, function=function)
        case Mapping():
            return activate_as(function, x)
    name = repr(function) if isinstance(function, str) else "that it has"
    where = " over the batch" if len(x.shape) < 2 else ""
    raise UnknownLayer(f"no rule describes the activation {name}{where}")


def activate_as(function: Mapping[str, Any], x: Value) -> Value:
    """The activation that a dictionary names, as a file writes a function or a layer of Keras down."""
    match dict(function):
        case {
            "module": "builtins" | "keras.activations",
            "class_name": "function",
            "config": str(it),
        }:
            return activate(it, x)
        case {"module": "keras.activations", "class_name": str(it)}:
            return activate(it, x)
        case {"module": "keras.layers", "class_name": str(kind), "config": Mapping() as config} if (
            kind in ("ReLU", "LeakyReLU", "ELU", "Softmax", "Activation")
        ):
            result = RULES[kind].function({**arguments()[kind].optional, **config}, x)
            if isinstance(result, Value):
                return result
    raise UnknownLayer(
        f"no rule describes the activation {function.get('class_name')!r} that it has"
    )


def softmax(x: Value, axes: Sequence[int], *, log: bool = False) -> Value:
    """The power of each value as a part of the sum of the powers along some axes."""
    names = ["b", *axis_names(x)]
    powers = apply("... -> ...", x, by=By.MAP, function="exponential")
    if list(axes) == [len(names) - 1]:
        before, after = "... c", "..."
    else:
        before = " ".join(names)
        after = " ".join(name for number, name in enumerate(names) if number not in axes)
    total = apply(f"{before} -> {after}", powers, by=By.SUM)
    y = apply(f"{before}, {after} -> {before}", powers, total, by=By.DIVIDE)
    return apply("... -> ...", y, by=By.MAP, function="log") if log else y


def gated(x: Value, axis: int) -> Value:
    """The first half of an axis, each value multiplied by the sigmoid of its partner in the second.

    Raises `ShapeError` if the axis cannot be halved.
    Source: keras/src/backend/tensorflow/nn.py
    """
    size, names = x.shape[axis], ["b", *axis_names(x)]
    if size is not None and size % 2:
        raise ShapeError(f"glu halves an axis of {size} cells in {x.shape}; make it even")
    half = None if size is None else -(size // 2)
    name, before = names[axis], " ".join(names)
    after = " ".join(f"{it}'" if it == name else it for it in names)
    cuts: list[dict[str, Any]] = [{name: Window(1, after=half)}, {name: Window(1, before=half)}]
    first, second = (apply(f"{before} -> {after}", x, by=By.COPY, **cut) for cut in cuts)
    gate = apply("... -> ...", second, by=By.MAP, function="sigmoid")
    return apply("..., ... -> ...", first, gate)
