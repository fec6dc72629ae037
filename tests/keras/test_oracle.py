"""Random layers of every kind: what the rules say against what Keras says."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dense_shapes as ds
from dense_shapes.rules import call
from dense_shapes.rules.core import ELEMENTWISE
from tests.profiles import examples

SIZES = st.integers(1, 5)
MAYBE = st.one_of(SIZES, st.none())
"""A size that may be unknown."""
KNOWN = ("linear", "softmax", "log_softmax", *ELEMENTWISE)
"""The activations that a rule describes."""
ACTIVATIONS = st.sampled_from([None, *(name for name in KNOWN if name != "threshold")])
random_cases = settings(max_examples=examples(40), deadline=None, derandomize=True)
quiet_softmax = pytest.mark.filterwarnings("ignore:You are using a softmax over axis:UserWarning")


def sequential(shape: Sequence[int | None], *layers: Any) -> Any:
    return keras.Sequential([keras.Input(tuple(shape)), *layers])


def shape_of(tensor: Any) -> tuple[int | None, ...]:
    return tuple(tensor.shape)


def count(variables: Any) -> int:
    return sum(int(np.prod(one.shape)) for one in variables)


def check(model: Any, *, opaque: Sequence[str] = ()) -> None:
    """The rules (which never see Keras) and the trace, against a model of Keras."""
    trace = ds.trace(model)
    for claimed in trace:
        layer = model.get_layer(claimed.name)
        assert [shape_of(layer.output)] == [value.shape for value in claimed.outputs]
        assert claimed.params == layer.count_params()
        assert claimed.trainable_params == count(layer.trainable_weights)
        assert bool(claimed.opaque) == (claimed.name in opaque)
        if claimed.kind == "InputLayer" or claimed.opaque:
            continue
        rule = call(claimed.kind, layer.get_config(), shape_of(layer.input))
        assert [shape_of(layer.output)] == [value.shape for value in rule.outputs]
        assert [(w.name, w.shape) for w in rule.weights] == [
            (w.name, shape_of(w)) for w in layer.weights
        ]
    assert trace.params == model.count_params()
    assert trace.trainable_params == count(model.trainable_weights)
    assert trace.non_trainable_params == count(model.non_trainable_weights)


@random_cases
@given(
    leading=st.lists(MAYBE, max_size=4),
    last=SIZES,
    units=st.integers(1, 6),
    bias=st.booleans(),
    activation=ACTIVATIONS,
    trainable=st.booleans(),
)
@quiet_softmax
def test_dense(
    leading: list[int | None],
    last: int,
    units: int,
    bias: bool,
    activation: str | None,
    trainable: bool,
) -> None:
    layer = keras.layers.Dense(units, activation, use_bias=bias, trainable=trainable)
    check(sequential([*leading, last], layer))


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[list[int | None], dict[str, Any]]:
    """The shape of an input, and the arguments of a Conv2D that fits it."""
    pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))
    kernel, groups = draw(pairs), draw(st.integers(1, 3))
    dilated = draw(st.booleans())
    strides, dilation = ((1, 1), draw(pairs)) if dilated else (draw(pairs), (1, 1))
    padding = draw(st.sampled_from(["valid", "same"]))
    sizes: list[int | None] = []
    for taps, apart in zip(kernel, dilation, strict=True):
        least = 1 if padding == "same" else apart * (taps - 1) + 1
        sizes.append(draw(st.one_of(st.integers(least, least + 4), st.none())))
    channels = groups * draw(st.integers(1, 2))
    data_format = draw(st.sampled_from(["channels_last", "channels_first"]))
    shape = [*sizes, channels] if data_format == "channels_last" else [channels, *sizes]
    return shape, {
        "filters": groups * draw(st.integers(1, 3)),
        "kernel_size": kernel,
        "strides": strides,
        "dilation_rate": dilation,
        "padding": padding,
        "groups": groups,
        "data_format": data_format,
        "use_bias": draw(st.booleans()),
        "activation": draw(ACTIVATIONS),
    }


@settings(random_cases, max_examples=examples(120))
@given(convolutions())
@quiet_softmax
def test_conv2d(case: tuple[list[int | None], dict[str, Any]]) -> None:
    shape, arguments = case
    model = sequential(shape, keras.layers.Conv2D(**arguments))
    _, filters, *_, last = shape_of(model.outputs[0])
    # where the last axis may be as long as there are filters, Keras adds the bias along it
    first = arguments["data_format"] == "channels_first" and arguments["use_bias"]
    confused = first and filters != 1 and last in (None, filters)
    check(model, opaque=[model.layers[0].name] if confused else [])


@random_cases
@given(
    sizes=st.lists(MAYBE, max_size=5),
    data_format=st.sampled_from([None, "channels_last", "channels_first"]),
)
def test_flatten(sizes: list[int | None], data_format: str | None) -> None:
    check(sequential(sizes, keras.layers.Flatten(data_format=data_format)))


@random_cases
@given(
    sizes=st.lists(SIZES, min_size=1, max_size=5),
    data_format=st.sampled_from([None, "channels_last", "channels_first"]),
)
def test_flatten_moves_cells_as_claimed(sizes: list[int], data_format: str | None) -> None:
    check_moves(sizes, keras.layers.Flatten(data_format=data_format))


def cuts(cells: int) -> st.SearchStrategy[list[int]]:
    """The ways to lay out so many cells, axes of size one among them."""

    def further(found: list[int]) -> st.SearchStrategy[list[int]]:
        rest = cells // prod(found)
        if len(found) == 4:
            return st.just([*found, rest])
        sizes = [size for size in range(1, rest + 1) if rest % size == 0]
        longer = st.sampled_from(sizes).flatmap(lambda size: further([*found, size]))
        return st.one_of(st.just([*found, rest]), longer)

    return further([])


@st.composite
def reshapes(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """A shape, and another shape of as many cells."""
    cells = draw(st.sampled_from([1, 2, 6, 12, 24, 36, 60]))
    return draw(cuts(cells)), draw(cuts(cells))


@settings(random_cases, max_examples=examples(80))
@given(shapes=reshapes(), where=st.one_of(st.none(), st.integers(0, 4)))
def test_reshape(shapes: tuple[list[int], list[int]], where: int | None) -> None:
    source, target = shapes
    if where is not None:
        target = [-1 if place == where else size for place, size in enumerate(target)]
    check(sequential(source, keras.layers.Reshape(tuple(target))))
    check_moves(source, keras.layers.Reshape(tuple(target)))


@random_cases
@given(
    leading=st.lists(MAYBE, max_size=3),
    target=st.lists(SIZES, max_size=3),
    where=st.integers(0, 3),
)
def test_reshape_of_unknown_sizes(leading: list[int | None], target: list[int], where: int) -> None:
    target.insert(min(where, len(target)), -1)
    # the last size is a multiple of the known part of the target, so that it can be cut
    source = [*leading, None, prod(target) * -6]
    check(sequential(source, keras.layers.Reshape(tuple(target))))


def test_reshape_of_an_unknown_size_into_a_known_shape() -> None:
    model = sequential((None, 3), keras.layers.Reshape((6,)))
    assert shape_of(model.layers[0].output) == (None, 6)
    check(model)


def test_reshape_to_no_axes_and_back() -> None:
    check(sequential((1, 1), keras.layers.Reshape(()), keras.layers.Reshape((1, 1, 1))))


def test_reshape_without_cells() -> None:
    check(sequential((0, 3), keras.layers.Reshape((3, 0))))


@pytest.mark.parametrize("target", [(3, 8), (4, 6), (-1, 8)])
def test_reshape_with_sizes_of_numpy(target: tuple[int, ...]) -> None:
    """A target that was worked out with NumPy, as in `Reshape(np.array(image.shape) // 2)`."""
    check(sequential((6, 4), keras.layers.Reshape(np.array(target))))


@random_cases
@given(sizes=st.lists(MAYBE, max_size=5), rate=st.sampled_from([0.0, 0.5, 0.9]))
def test_dropout(sizes: list[int | None], rate: float) -> None:
    check(sequential(sizes, keras.layers.Dropout(rate)))


def test_dropout_moves_cells_as_claimed() -> None:
    check_moves([2, 3, 4], keras.layers.Dropout(0.5))


@random_cases
@given(sizes=st.lists(MAYBE, max_size=5), batch=MAYBE)
def test_input(sizes: list[int | None], batch: int | None) -> None:
    x = keras.Input(batch_shape=(batch, *sizes))
    model = keras.Model(x, keras.layers.Dropout(0.5)(x))
    check(model)
    claimed = ds.trace(model)[0]
    assert claimed.kind == "InputLayer"
    assert claimed.outputs[0].shape == (batch, *sizes)
    rule = call("InputLayer", model.layers[0].get_config())
    assert rule.outputs[0].shape == (batch, *sizes)


def check_moves(sizes: list[int], layer: Any) -> None:
    """Each output cell holds the very number that stands in the one input cell that it reads."""
    claimed = ds.trace(sequential(sizes, layer))[0]
    x = np.arange(prod(sizes), dtype="float32").reshape(sizes)
    y = np.asarray(layer(x[np.newaxis]))[0]
    for cell in np.ndindex(y.shape):
        [read] = claimed.reads(cell).inputs[0]
        assert x[read] == y[cell]


def fitting(shape: tuple[int | None, ...]) -> list[Any]:
    """Layers that take an input of this shape."""
    make = keras.layers
    layers = [
        make.Activation("softmax"),
        make.Activation("sparsemax"),
        make.Activation("relu"),
        make.Dropout(0.5),
        make.Flatten(),
        make.Flatten(data_format="channels_first"),
        make.Reshape((-1,)),
        make.Reshape((1, -1)),
    ]
    known = [size for size in shape if size is not None]
    if known == list(shape):
        layers += [make.Reshape((*shape[::-1], 1)), make.Reshape((-1, known[-1]))]
    if shape and shape[-1] is not None:
        layers += [make.Dense(3), make.Dense(1, use_bias=False), make.Dense(4, "softmax")]
        layers.append(make.Dense(2, "tanh", trainable=False))
    if len(shape) == 3 and shape[-1] is not None:
        layers.append(make.Conv2D(4, (2, 3), padding="same", strides=2))
        layers.append(make.Conv2D(2, 3, padding="same", dilation_rate=2, activation="relu"))
        if all(size is None or size >= 2 for size in shape[:2]):
            layers.append(make.Conv2D(3, 2, trainable=False))
    return layers


@settings(random_cases, max_examples=examples(60))
@given(st.data())
@quiet_softmax
def test_chain(data: st.DataObject) -> None:
    first = data.draw(st.lists(st.one_of(st.integers(3, 8), st.none()), min_size=1, max_size=3))
    inputs = x = keras.Input((*first, data.draw(SIZES)))
    opaque = []
    for _ in range(data.draw(st.integers(1, 6))):
        layer = data.draw(st.sampled_from(fitting(shape_of(x)[1:])))
        x = layer(x)
        if layer.get_config().get("activation") == "sparsemax":
            opaque.append(layer.name)
    model = keras.Model(inputs, x)
    check(model, opaque=opaque)
    trace = ds.trace(model)
    assert [layer.name for layer in trace] == [layer.name for layer in model.layers]
    assert ds.from_json(ds.to_json(trace)) == trace
