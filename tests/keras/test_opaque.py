"""What no rule describes: shown as a closed box with the numbers of Keras, never guessed."""

from __future__ import annotations

from functools import partial
from typing import Any

import keras
import numpy as np
import pytest

import dense_shapes as ds
from dense_shapes.rules import OPAQUE, RULES

layers = keras.layers


class Tripled(keras.Layer):  # type: ignore[misc]
    """A layer of the user's own, with a weight."""

    def build(self, shape: Any) -> None:
        self.scale = self.add_weight(shape=(shape[-1],), name="scale")

    def call(self, x: Any) -> Any:
        return keras.ops.concatenate([x, x, x * self.scale], axis=-1)


class Dense(keras.layers.Dense):  # type: ignore[misc]
    """It is called Dense, and built like one, and reads another axis."""

    def call(self, x: Any, training: Any = None) -> Any:
        return super().call(keras.ops.flip(x, axis=1))


class Renamed(keras.layers.Dense):  # type: ignore[misc]
    """A subclass under another name."""


def softmax(x: Any) -> Any:
    """A function of the user's own, over another axis than the function of Keras of that name."""
    return keras.activations.softmax(x, axis=1)


def relu(x: Any) -> Any:
    """A function of the user's own that looks at many values at a time."""
    return keras.ops.cumsum(x, axis=-1)


class Scaled:
    """A function of the user's own that is an object."""

    def __call__(self, x: Any) -> Any:
        return 2 * x

    def get_config(self) -> dict[str, Any]:
        return {}


def traced(layer: Any, shape: tuple[int | None, ...] = (4, 4, 3)) -> tuple[Any, ds.Layer]:
    """A layer of Keras in a model, and what the trace says of it."""
    model = keras.Sequential([keras.Input(shape), layer])
    return model, ds.trace(model)[0]


def assert_opaque(layer: Any, shape: tuple[int | None, ...] = (4, 4, 3)) -> None:
    """The shapes and weights of Keras, a note below the table, a closed box, no arrows."""
    model, found = traced(layer, shape)
    assert found.opaque
    assert found.steps == ()
    assert found.macs is None
    assert found.formula == ""
    assert [value.shape for value in found.outputs] == [tuple(layer.output.shape)]
    assert [(w.name, w.shape, w.trainable) for w in found.weights] == [
        (w.name, tuple(w.shape), w.trainable) for w in layer.weights
    ]
    assert found.params == layer.count_params()
    trace = ds.trace(model)
    assert trace.params == model.count_params()
    note = str(ds.summary(trace)).splitlines()[-1]
    assert note == f"Without a rule, shapes and parameters as they are known: {layer.name}"
    picture = ds.draw(found)
    assert '<rect class="closed"' in picture.to("svg")
    assert found.kind in picture.to("svg")
    assert f"{layer.name!r}" in str(ds.explain(found))
    for view in (ds.draw, ds.explain):
        with pytest.raises(ds.UnknownLayer) as caught:
            view(found, cell=(0,) * (len(layer.output.shape) - 1))
        assert "\n" not in str(caught.value)
        assert f"{found.kind} {layer.name!r}" in str(caught.value)
    assert "nothing is claimed" in str(ds.verify(model))
    assert ds.from_json(ds.to_json(trace)) == trace


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("AutoContrast", {}),
        ("RandomFlip", {}),
        ("RandomZoom", {"height_factor": 0.1}),
        ("Resizing", {"height": 2, "width": 3}),
        ("Solarization", {}),
    ],
)
def test_layer_of_which_a_rule_knows_the_shapes_alone(kind: str, arguments: dict[str, Any]) -> None:
    assert kind in RULES
    assert_opaque(getattr(layers, kind)(**arguments))


@pytest.mark.filterwarnings("ignore:The object being serialized includes a `lambda`:UserWarning")
@pytest.mark.parametrize(
    "layer",
    [layers.Lambda(lambda x: 2 * x, output_shape=(4, 4, 3)), layers.CategoryEncoding(3)],
    ids=["Lambda", "CategoryEncoding"],
)
def test_layer_that_is_opaque_by_decision(layer: Any) -> None:
    assert_opaque(layer)
    _, found = traced(layer)
    assert found.opaque == OPAQUE[type(layer).__name__]


def test_custom_layer() -> None:
    assert_opaque(Tripled())
    _, found = traced(Tripled())
    assert found.outputs[0].shape == (None, 4, 4, 9)
    assert found.params == 3


@pytest.mark.parametrize("kind", [Dense, Renamed])
def test_subclass_of_a_known_layer(kind: Any) -> None:
    assert_opaque(kind(3))
    _, found = traced(kind(3))
    assert found.kind == kind.__name__
    assert "is not a layer of Keras itself" in found.opaque


def test_custom_model_inside_a_model() -> None:
    class Inside(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(2)

        def call(self, x: Any) -> Any:
            return self.dense(x)

    inside, x = Inside(), keras.Input((3,))
    model = keras.Model(x, inside(x))
    found = ds.trace(model)[1]
    assert found.opaque
    assert found.params == ds.trace(model).params == model.count_params() == 3 * 2 + 2


def test_graph_inside_a_model_that_is_not_what_it_computes() -> None:
    class Doubled(keras.Sequential):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return 2 * super().call(x)

    inside, x = Doubled([keras.Input((3,)), layers.Dense(2)]), keras.Input((3,))
    assert ds.trace(keras.Model(x, inside(x)))[1].opaque


@pytest.mark.parametrize(
    "function",
    [softmax, relu, partial(keras.activations.relu, max_value=3), Scaled(), layers.LeakyReLU()],
    ids=["named softmax", "named relu", "partial", "object", "layer"],
)
@pytest.mark.parametrize("kind", ["Dense", "Conv2D", "Activation"])
def test_activation_of_the_users_own(kind: str, function: Any) -> None:
    """Its name says nothing of what it reads."""
    if kind == "Activation":
        assert_opaque(layers.Activation(function))
    elif kind == "Dense":
        assert_opaque(layers.Dense(4, activation=function))
    else:
        assert_opaque(layers.Conv2D(4, 2, activation=function))


@pytest.mark.filterwarnings("ignore:The object being serialized includes a `lambda`:UserWarning")
def test_activation_that_is_a_lambda() -> None:
    assert_opaque(layers.Dense(4, activation=lambda x: x[..., ::-1]))


@pytest.mark.filterwarnings("ignore:The object being serialized includes a `lambda`:UserWarning")
@pytest.mark.parametrize("function", [lambda x: 2 * x, layers.LeakyReLU(), Scaled()])
def test_reason_is_a_sentence(function: Any) -> None:
    """It is read in the picture's text alternative and in errors: no configuration, no code in base 64."""
    _, found = traced(layers.Dense(4, activation=function))
    assert len(found.opaque) < 150
    assert "{" not in found.opaque


def test_activation_without_a_rule() -> None:
    assert_opaque(layers.Dense(4, activation="sparsemax"))


def test_dense_with_adapters() -> None:
    """LoRA gives a Dense four weights, of which one is not trained."""
    model, found = traced(layers.Dense(5, lora_rank=2))
    assert not found.opaque
    assert [(it.name, it.shape, it.trainable) for it in found.weights] == [
        (it.name, tuple(it.shape), it.trainable) for it in model.layers[0].weights
    ]
    assert found.formula == "(3 + 1) × 5 + 3 × 2 + 2 × 5"
    assert found.params == model.count_params() == 20 + 6 + 10
    assert found.trainable_params == model.count_params() - 3 * 5
    assert "6/6 lora_kernel_a, 10/10 lora_kernel_b" in str(ds.verify(model))


def test_conv2d_with_adapters() -> None:
    assert_opaque(layers.Conv2D(5, 2, lora_rank=2))


def test_quantized_dense() -> None:
    layer = layers.Dense(6, name="dense")
    model, _ = traced(layer)
    layer.quantize("int8")
    found = ds.trace(model)["dense"]
    assert found.opaque
    assert {w.name: w.shape for w in found.weights} == {
        w.name: tuple(w.shape) for w in layer.weights
    }


def test_operations_of_keras_ops() -> None:
    x = keras.Input((2, 3))
    y = keras.ops.reshape(x, (-1, 6)) + 1
    y = layers.Dense(4, name="dense")(y)
    model = keras.Model(x, keras.ops.split(keras.ops.concatenate([y, y], axis=-1), 2, axis=-1))
    trace = ds.trace(model)
    assert [(layer.kind, bool(layer.opaque)) for layer in trace] == [
        ("InputLayer", False),
        ("ops.reshape", False),  # the function of keras.ops, not the layer
        ("ops.add", False),
        ("Dense", False),
        ("ops.concatenate", False),
        ("ops.split", False),
    ]
    shapes = [[value.shape for value in layer.outputs] for layer in trace]
    assert shapes == [
        [(None, 2, 3)],
        [(None, 6)],
        [(None, 6)],
        [(None, 4)],
        [(None, 8)],
        [(None, 4), (None, 4)],
    ]
    assert trace.params == model.count_params() == (6 + 1) * 4
    assert trace.macs == 6 * 4
    assert "nothing is claimed" not in str(ds.verify(model))
    assert ds.from_json(ds.to_json(trace)) == trace


def test_several_outputs() -> None:
    x = keras.Input((4, 3))
    model = keras.Model(x, layers.LSTM(2, return_state=True, name="lstm")(x))
    lstm = ds.trace(model)["lstm"]
    assert [value.shape for value in lstm.outputs] == [(None, 2)] * 3
    assert lstm.params == model.count_params()
    assert not lstm.opaque
    assert [lstm.reads((1,), output=number).inputs for number in range(3)] == [
        lstm.reads((1,)).inputs
    ] * 3


def test_opaque_layers_run_as_they_are() -> None:
    """`verify` claims nothing of them, so it does not run them: this one would fail."""

    class Broken(keras.Layer):  # type: ignore[misc]
        def compute_output_shape(self, shape: Any) -> Any:
            return shape

        def call(self, x: Any) -> Any:
            raise AssertionError("it was run")

    model, _ = traced(Broken())
    with pytest.raises(AssertionError, match="it was run"):
        model(np.zeros((1, 4, 4, 3)))
    assert "nothing is claimed" in str(ds.verify(model))
