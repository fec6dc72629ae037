"""`verify` passes where the claims hold, and leaves the model as it was."""

from __future__ import annotations

import random
import re
from contextlib import suppress
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dense_shapes as ds
from dense_shapes.rules.core import ELEMENTWISE
from dense_shapes.tables import Table
from tests.profiles import examples

layers = keras.layers
quiet_softmax = pytest.mark.filterwarnings("ignore:You are using a softmax over axis:UserWarning")


def sequential(shape: tuple[int | None, ...], *stack: Any) -> Any:
    return keras.Sequential([keras.Input(shape), *stack])


def proved(model: Any, *notes: str) -> dict[str, str]:
    """What the report says of each call, by its label; every call must have been proved.

    Before the last note there are these, and no others.
    """
    content = ds.verify(model).content
    assert isinstance(content, Table)
    assert content.notes == (*notes, "Every claim holds.")
    rows = {str(row.entries[0]): " ".join(map(str, row.entries[2:])) for row in content.rows}
    assert rows
    for facts in rows.values():
        assert facts.startswith(("as in Keras", "as run"))
    return rows


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


@settings(max_examples=examples(15), deadline=None, derandomize=True)
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
    """A common mistake, about which Keras warns: a correct layer all the same, which gives 1 or 0."""
    proved(
        sequential((3,), layers.Dense(1, name, name="one")),
        "Seen from one side only, because a change can vanish on its way: "
        "one (one number is normalised alone).",
    )


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
    x = layers.Lambda(keras.ops.sin, name="own")(x)
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
    assert facts["own"] == ("from Keras", "nothing is claimed", "", "")
    assert {"shared", "shared#2", "inside"} <= set(facts)
    why = ds.trace(everything())["own"].opaque
    assert content.notes == (f"Nothing is claimed of own: {why}.", "Every claim holds.")


def functional(*shapes: tuple[int | None, ...], call: Any) -> Any:
    """A model of what a call makes of inputs of these shapes."""
    inputs = [keras.Input(shape) for shape in shapes]
    return keras.Model(inputs, call(*inputs))


def test_several_inputs() -> None:
    rows = proved(functional((4, 3), (1, 3), call=lambda x, y: layers.Add(name="add")([x, y])))
    assert rows["add"] == "as in Keras 12/12 input 0, 3/3 input 1 12/12 within 1e-04"


def test_several_outputs() -> None:
    layer = layers.LSTM(2, return_state=True, return_sequences=True, name="lstm")
    rows = proved(functional((3, 2), call=layer))
    # three places of two units, and the two states
    assert rows["lstm"].startswith("as in Keras 6/6 input, 16/16 kernel, 16/16 recurrent_kernel")
    assert rows["lstm"].endswith("10/10 not worked out")


def test_attention_with_its_scores() -> None:
    layer = layers.MultiHeadAttention(2, 3, use_bias=False, name="attention")
    model = functional((3, 4), (2, 4), call=lambda x, y: layer(x, y, return_attention_scores=True))
    reported = "(None, 3, 4), (None, 2, 3, 3); run on zeros it is (2, 3, 4), (2, 2, 3, 2)"
    rows = proved(model, f"attention: Keras reports {reported}.")
    assert rows["attention"].startswith("as run")
    # the output is 3 x 4, and the scores of 2 heads are 3 x 2; of a kernel of 4 x 2 x 3, 16 are tried
    assert re.search(
        r"8/8 input 1, 16/24 query/kernel, .*, 16/24 attention_output/kernel", rows["attention"]
    )
    assert rows["attention"].endswith("24/24 within 1e-04")


def test_many_weights_are_counted_together() -> None:
    layer = layers.MultiHeadAttention(1, 2, name="attention")
    model = functional((3, 4), (2, 4), call=lambda x, y: layer(x, y))
    note = "(softmax does not see what is added to all its numbers)"
    content = ds.verify(model).content
    assert isinstance(content, Table)
    assert content.notes[0].endswith(f"attention {note}.")
    # 3 kernels of 4 x 1 x 2, one of 1 x 2 x 4, 3 biases of 1 x 2, one of 4: 42 numbers, 8 of each at most
    assert content.rows[-1].entries[3] == "12/12 input 0, 8/8 input 1, 42/42 of 8 weights"


def test_one_tensor_as_several_inputs() -> None:
    layer = layers.MultiHeadAttention(1, 2, use_bias=False, name="attention")
    rows = proved(functional((3, 4), call=lambda x: layer(x, x)))
    assert rows["attention"].startswith("as in Keras 12/12 input 0, 12/12 input 1")
    assert proved(functional((3,), call=lambda x: layers.Multiply()([x, x, x])))


def test_states_that_are_given() -> None:
    def call(x: Any, shown: Any, carried: Any) -> Any:
        return layers.LSTM(2, name="lstm")(x, initial_state=[shown, carried])

    rows = proved(functional((3, 2), (2,), (2,), call=call))
    assert rows["lstm"].startswith(
        "as in Keras 6/6 input 0, 2/2 input 1, 2/2 input 2, 16/16 kernel"
    )


@pytest.mark.parametrize("dtype", ["int32", "float32"])
def test_numbers_that_are_looked_up(dtype: str) -> None:
    x = keras.Input((3,), dtype=dtype)
    model = keras.Model(x, layers.Embedding(5, 2, name="table")(x))
    rows = proved(model)
    assert rows["table"] == "as in Keras 3/3 input, 10/10 embeddings 6/6 within 1e-04"


def test_operations() -> None:
    def call(x: Any, y: Any) -> Any:
        z = keras.ops.concatenate([x * 2 + 1, keras.ops.transpose(y, (0, 2, 1))], axis=1)
        z = keras.ops.softmax(keras.ops.matmul(z, keras.ops.transpose(z, (0, 2, 1))))
        return (
            keras.ops.mean(z[:, 1:, ::-1], axis=1) - keras.ops.max(keras.ops.abs(x), axis=1)[:, :1]
        )

    rows = proved(functional((2, 3), (3, 2), call=call))
    assert len(rows) == 13


@pytest.mark.parametrize("batch", [None, 1, 4])
def test_operations_on_a_batch_of_any_size(batch: int | None) -> None:
    """With a batch of one, the batch is an axis of size one like any other."""
    x = keras.Input(batch_shape=(batch, 1, 3))
    y = keras.ops.expand_dims(keras.ops.squeeze(x, 1), -1)
    proved(keras.Model(x, keras.ops.reshape(y * 3, (-1, 3, 1, 1))))


def test_layers_after_which_changes_all_but_vanish() -> None:
    stack = [
        layers.LayerNormalization(),
        layers.GRU(3, return_sequences=True),
        layers.BatchNormalization(),
        layers.GroupNormalization(1),
        layers.Dense(2, "hard_sigmoid"),
        layers.UnitNormalization(),
        layers.MaxPooling1D(2),
        layers.GlobalAveragePooling1D(),
    ]
    assert len(proved(sequential((5, 2), *stack))) == len(stack)


@pytest.mark.parametrize(("length", "weights"), [(8, 12), (100, 2)])
def test_a_long_recurrence_is_proved_with_fewer_weights(length: int, weights: int) -> None:
    layer = layers.SimpleRNN(3, name="rnn")
    notes = (
        "Seen from one side only, because a change can vanish on its way: "
        "rnn (a recurrence forgets over 100 places).",
    )
    rows = proved(sequential((length, 4), layer), *(notes if length > 8 else ()))
    assert f"{weights}/12 kernel" in rows["rnn"]


def test_the_random_numbers_of_others_are_left_alone() -> None:
    """Keras draws the seeds of a copied layer from the module `random`."""
    model = sequential((3, 2), layers.LSTM(2), layers.Dropout(0.5), layers.LayerNormalization())
    random.seed(7)
    expected = random.random()
    random.seed(7)
    ds.verify(model)
    assert random.random() == expected


def test_a_layer_that_cannot_be_copied_is_proved_itself() -> None:
    layer = layers.LayerNormalization(name="own")
    x = keras.Input((3, 4))
    model = keras.Model(x, layer(x))
    layer.get_config = lambda: {
        "name": "own",
        "axis": -1,
        "epsilon": 1e-3,
        "dtype": 5,
        "center": True,
        "scale": True,
    }
    proved(model)


def test_values_of_a_copy_that_is_not_faithful_are_not_taken() -> None:
    """A layer whose configuration does not say what it does; its values are found to be others."""
    layer = layers.LayerNormalization(name="own")
    x = keras.Input((3, 4))
    model = keras.Model(x, layer(x))
    layer.epsilon = 10.0
    config = layer.get_config()
    layer.get_config = lambda: {**config, "epsilon": 1e-3}
    with pytest.raises(ds.ClaimError, match="its values follow"):
        ds.verify(model)


def test_values_that_all_but_cancel_in_32_bits() -> None:
    """Of `x - tanh(x)` there is little left where `x` is small, and that is rounded."""
    small = keras.initializers.Constant(1e-3)
    layer = layers.Dense(1, "tanh_shrink", use_bias=False, kernel_initializer=small)
    proved(sequential((1,), layer))
