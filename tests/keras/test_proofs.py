"""`verify` passes where the claims hold, and leaves the model as it was."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dense_shapes as ds
from dense_shapes.rules import RULES
from dense_shapes.rules.core import ELEMENTWISE
from dense_shapes.tables import Table

layers = keras.layers
quiet_softmax = pytest.mark.filterwarnings("ignore:You are using a softmax over axis:UserWarning")


def sequential(shape: tuple[int | None, ...], *stack: Any) -> Any:
    return keras.Sequential([keras.Input(shape), *stack])


def proved(model: Any) -> dict[str, str]:
    """What the report says of each call, by its label; every call must have been proved."""
    content = ds.verify(model).content
    assert isinstance(content, Table)
    assert content.notes == ("Every claim holds.",)
    rows = {str(row.entries[0]): " ".join(map(str, row.entries[2:])) for row in content.rows}
    assert rows
    for facts in rows.values():
        assert facts.startswith("as in Keras")
    return rows


@pytest.mark.parametrize("kind", sorted(RULES))
def test_example_of_every_rule(kind: str) -> None:
    rule = RULES[kind]
    layer = getattr(layers, kind)(**rule.example)
    if rule.shapes:
        inputs = [keras.Input(shape[1:]) for shape in rule.shapes]
        output = layer(inputs[0] if len(inputs) == 1 else inputs)
    else:  # the layer is an input itself
        inputs = [layer.output]
        output = layers.Activation("relu")(layer.output)
    model = keras.Model(inputs, output)
    assert kind in [one.kind for one in ds.trace(model)]
    proved(model)


CONVOLUTIONS = [
    {"kernel_size": 3, "strides": 2},
    {"kernel_size": (2, 3), "strides": (3, 1), "padding": "same"},
    {"kernel_size": 2, "padding": "same"},
    {"kernel_size": (4, 1), "padding": "same", "activation": "relu"},
    {"kernel_size": 1, "strides": 3, "padding": "same"},
    {"kernel_size": 2, "dilation_rate": (2, 3)},
    {"kernel_size": (3, 2), "dilation_rate": 2, "padding": "same"},
    {"kernel_size": 2, "groups": 2},
    {"kernel_size": (2, 1), "groups": 4, "strides": 2, "padding": "same"},
    {"kernel_size": 2, "use_bias": False, "activation": "softmax"},
]


@pytest.mark.parametrize("arguments", CONVOLUTIONS, ids=str)
def test_conv2d(arguments: dict[str, Any]) -> None:
    proved(sequential((7, 6, 4), layers.Conv2D(8, bias_initializer="ones", **arguments)))


@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    size=st.tuples(st.integers(3, 6), st.integers(3, 6)),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    strides=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.sampled_from(["valid", "same"]),
    groups=st.integers(1, 2),
)
def test_random_conv2d(
    size: tuple[int, int],
    kernel: tuple[int, int],
    strides: tuple[int, int],
    padding: str,
    groups: int,
) -> None:
    layer = layers.Conv2D(2 * groups, kernel, strides=strides, padding=padding, groups=groups)
    proved(sequential((*size, 2 * groups), layer))


@pytest.mark.parametrize("shape", [(3,), (4, 3), (2, 4, 3), (2, 2, 2, 3), (1, 2, 1, 2, 3)])
@pytest.mark.parametrize("use_bias", [True, False])
def test_dense(shape: tuple[int, ...], use_bias: bool) -> None:
    proved(sequential(shape, layers.Dense(4, use_bias=use_bias)))


@pytest.mark.parametrize(
    "activation",
    ["linear", "softmax", "log_softmax", *(name for name in ELEMENTWISE if name != "threshold")],
)
def test_dense_with_every_activation(activation: str) -> None:
    proved(sequential((3, 4), layers.Dense(5, activation, bias_initializer="random_normal")))


@pytest.mark.parametrize("shape", [(), (6,), (2, 3), (2, 3, 4), (2, 3, 2, 2)])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_flatten(shape: tuple[int, ...], data_format: str) -> None:
    proved(sequential(shape, layers.Flatten(data_format=data_format)))


@pytest.mark.parametrize("target", [(24,), (4, 6), (3, 8), (2, 1, 12), (-1, 2), (6, -1)])
def test_reshape(target: tuple[int, ...]) -> None:
    proved(sequential((2, 3, 4), layers.Reshape(target)))
    proved(sequential((6, 4), layers.Reshape(target)))


@pytest.mark.parametrize("axes", [(None, None, 3), (None, 5, 3), (5, None, 3)], ids=str)
def test_unknown_sizes(axes: tuple[int | None, ...]) -> None:
    stack = [
        layers.Conv2D(4, 3, padding="same", strides=2),
        layers.Conv2D(2, (2, 1)),
        layers.Dense(3, "softmax"),
        layers.Activation("relu"),
        layers.Dropout(0.5),
        layers.Flatten(),
    ]
    assert len(proved(sequential(axes, *stack))) == len(stack)


def test_unknown_sizes_that_small_guesses_do_not_fit() -> None:
    proved(sequential((None, None, 1), layers.Conv2D(1, 11)))


@pytest.mark.parametrize(
    ("shape", "target"),
    [((None,), (-1, 4)), ((None,), (-1, 3)), ((None, None), (-1, 7)), ((None, 3), (6,))],
    ids=str,
)
def test_reshape_of_unknown_sizes(shape: tuple[int | None, ...], target: tuple[int, ...]) -> None:
    """Keras builds and runs each of these, whatever size the proof has to find for it."""
    proved(sequential(shape, layers.Reshape(target)))


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("layer", [layers.Dense, layers.Conv2D, layers.Flatten])
def test_fixed_batch(batch: int, layer: Any) -> None:
    arguments = {layers.Dense: (5,), layers.Conv2D: (5, 2), layers.Flatten: ()}[layer]
    x = keras.Input(batch_shape=(batch, 4, 3, 2))
    proved(keras.Model(x, layer(*arguments)(x)))


@pytest.mark.parametrize(
    "dtype", ["float32", "float64", "float16", "bfloat16", "mixed_float16", "mixed_bfloat16"]
)
@pytest.mark.parametrize("kind", ["Dense", "Conv2D", "Flatten", "Activation"])
def test_other_types_of_number(dtype: str, kind: str) -> None:
    arguments: dict[str, dict[str, Any]] = {
        "Dense": {"units": 5, "activation": "softmax"},
        "Conv2D": {"filters": 4, "kernel_size": 2, "padding": "same", "activation": "tanh"},
        "Flatten": {},
        "Activation": {"activation": "softmax"},
    }
    proved(sequential((5, 4, 3), getattr(layers, kind)(dtype=dtype, **arguments[kind])))


def test_integer_inputs() -> None:
    x = keras.Input((2, 3), dtype="int32")
    proved(keras.Model(x, layers.Dense(4)(layers.Flatten()(x))))


def test_large_layers_are_sampled() -> None:
    model = sequential((32, 32, 3), layers.Flatten(name="flat"), layers.Dense(1000, name="dense"))
    rows = proved(model)
    cells, kernel = 32 * 32 * 3, 32 * 32 * 3 * 1000
    tried = {
        name: int(match[1])
        for name in rows
        if (match := re.search(rf"(\d+)/{cells:,} input", rows[name]))
    }
    assert set(tried) == {"flat", "dense"}
    assert all(100 < count < cells for count in tried.values())
    assert re.search(rf"\d+/{kernel:,} kernel, \d+/1,000 bias", rows["dense"])
    assert re.search(r"\d+/1,000 within", rows["dense"])


def test_small_layers_are_not_sampled() -> None:
    rows = proved(sequential((2, 3, 1), layers.Dense(5, name="dense")))
    assert rows["dense"].startswith("as in Keras 6/6 input, 5/5 kernel, 5/5 bias 30/30")


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_large_weights(name: str) -> None:
    """Sums of hundreds, as in a model whose pixels run to 255: Keras computes them without overflow."""
    wide = keras.initializers.RandomNormal(stddev=300, seed=1)
    proved(sequential((64,), layers.Dense(5, name, kernel_initializer=wide)))


@quiet_softmax
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_of_one_unit(name: str) -> None:
    """A common mistake, about which Keras warns: a correct layer all the same."""
    proved(sequential((3,), layers.Dense(1, name)))


@pytest.mark.parametrize("shape", [(0, 3), (2, 0, 3)])
def test_no_cells(shape: tuple[int, ...]) -> None:
    proved(sequential(shape, layers.Dense(4), layers.Activation("relu"), layers.Flatten()))


def test_layer_that_this_machine_cannot_run() -> None:
    """TensorFlow has no such convolution on a CPU; that is no crash of ours."""
    model = sequential((3, 5, 5), layers.Conv2D(4, 2, data_format="channels_first", name="conv"))
    with suppress(ds.DenseShapesError):
        ds.verify(model)


def everything() -> Any:
    """Shared, frozen, nested and opaque layers, and a dropout with a state of its own."""
    shared = layers.Dense(3, "tanh", name="shared")
    block = sequential((3,), layers.Dense(3, name="inside"), layers.Dropout(0.5, seed=3))
    inputs = keras.Input((4, 3))
    x = shared(shared(inputs))
    x = layers.BatchNormalization()(x)
    x = layers.Dense(3, trainable=False, bias_initializer="random_normal")(x)
    x = layers.Flatten()(x)
    x = block(layers.Dense(3)(x))
    return keras.Model(inputs, [x, block(x)])


def test_model_is_left_as_it_was() -> None:
    model = everything()
    before = [np.asarray(one).tobytes() for one in model.variables]
    state, calls = np.random.get_state(), len(model.layers[1]._inbound_nodes)
    flags = [one.trainable for one in model.weights]
    ds.verify(model)
    assert [np.asarray(one).tobytes() for one in model.variables] == before
    assert [one.trainable for one in model.weights] == flags
    assert len(model.layers[1]._inbound_nodes) == calls
    assert str(np.random.get_state()) == str(state)


def test_same_report_twice() -> None:
    model = everything()
    assert str(ds.verify(model)) == str(ds.verify(model))


def test_report_of_opaque_layers() -> None:
    content = ds.verify(everything()).content
    assert isinstance(content, Table)
    facts = {str(row.entries[0]): row.entries[2:] for row in content.rows}
    assert facts["batch_normalization"][:2] == ("from Keras", "no rule: nothing is claimed")
    assert {"shared", "shared#2", "inside"} <= set(facts)
