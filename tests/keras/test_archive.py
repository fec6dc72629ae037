"""What is read from a saved model is what is read from the live one."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from dense_shapes import Trace, from_json, to_json
from dense_shapes.errors import ModelError, UnknownLayer
from dense_shapes.readers import archive
from dense_shapes.readers.keras import trace as live_trace
from tests.keras.conftest import BUILDERS, sequential
from tests.profiles import is_slow

layers, ops, applications = keras.layers, keras.ops, keras.applications
register = keras.saving.register_keras_serializable("dense_shapes_tests")

UNSHARED = ("nested_and_also_alone", "tied_weights")
"""The models with a layer in two places that `model.to_json()` writes as two, and that Keras cannot
load from a file."""


def facts(trace: Trace, blurred: set[str]) -> dict[str, Any]:
    """All that both readers must agree on; nothing of the weights of the blurred layers."""
    rows = [
        {
            "call": (it.name, it.kind, it.number, it.sources, bool(it.opaque), it.signatures),
            "inputs": [value.shape for value in it.inputs],
            "outputs": [value.shape for value in it.outputs],
            "weights": [(w.name, w.shape, w.trainable) for w in it.weights],
            "numbers": (it.params, it.trainable_params, it.macs, it.formula),
            "inner": facts(it.inner, blurred) if it.inner else None,
        }
        for it in trace
    ]
    for row, it in zip(rows, trace, strict=True):
        if it.label in blurred:
            row |= {"weights": None, "numbers": None}
    totals = (trace.params, trace.trainable_params, trace.non_trainable_params, trace.macs)
    return {
        "name": trace.name,
        "inputs": [value.shape for value in trace.inputs],
        "outputs": trace.outputs,
        "layers": rows,
        "totals": None if blurred else totals,
    }


def check_same(ours: Trace, theirs: Trace) -> None:
    """Compare what was read from a file with what was read from the live model."""
    blurred = {it.label for it in ours.calls if any(w.name == "unknown" for w in it.weights)}
    assert facts(ours, blurred) == facts(theirs, blurred)
    assert from_json(to_json(ours)) == ours


def saved(model: Any, folder: Path) -> Path:
    path = folder / "model.keras"
    model.save(path)
    return path


def check_file(model: Any, folder: Path) -> Trace:
    """Compare the file of a model, and its text, with the model."""
    path, expected = saved(model, folder), live_trace(model)
    ours = archive.trace(path)
    check_same(ours, expected)
    check_same(archive.read_text(model.to_json()), expected)
    config = folder / "config.json"
    with zipfile.ZipFile(path) as file:
        config.write_bytes(file.read("config.json"))
    assert archive.trace(config) == ours
    return ours


@pytest.mark.filterwarnings("ignore:.*The object being serialized includes a .lambda.")
@pytest.mark.parametrize("name", BUILDERS)
def test_the_models_of_all_tests(name: str, tmp_path: Path) -> None:
    model = BUILDERS[name]()
    path, expected = saved(model, tmp_path), live_trace(model)
    if type(model).__module__ not in ("keras.src.models.functional", "keras.src.models.sequential"):
        with pytest.raises(ModelError, match="none of Keras itself"):
            archive.trace(path)
        return
    try:
        ours = archive.trace(path)
    except UnknownLayer:
        assert any(it.opaque for it in expected.calls)
        return
    check_same(ours, expected)
    theirs = keras.models.model_from_json(model.to_json())
    check_same(archive.read_text(model.to_json()), live_trace(theirs))
    assert (ours.params == archive.read_text(model.to_json()).params) == (name not in UNSHARED)
    if name not in UNSHARED:
        check_same(ours, live_trace(keras.saving.load_model(path)))


# Models of more kinds


def masked() -> Any:
    x = keras.Input((5,))
    return keras.Model(x, layers.LSTM(3)(layers.Embedding(9, 4, mask_zero=True)(x)))


def encoder_and_decoder() -> Any:
    source, target = keras.Input((None, 4)), keras.Input((None, 6))
    _, *states = layers.LSTM(3, return_state=True)(source)
    y, *_ = layers.LSTM(3, return_sequences=True, return_state=True)(target, initial_state=states)
    return keras.Model([source, target], layers.Dense(6, activation="softmax")(y))


def states_by_place() -> Any:
    x = keras.Input((5, 4))
    _, *states = layers.LSTM(3, return_state=True)(x)
    return keras.Model(x, layers.LSTM(3)(x, states))


def slices() -> Any:
    x = keras.Input((5, 4))
    y = x[:, 1:3]
    return keras.Model(x, layers.Dense(2)(y[..., None] + y[:, 0, 0][:, None, None, None]))


def arrays() -> Any:
    x = keras.Input((5, 4))
    return keras.Model(x, layers.Dense(2)(x * np.ones((5, 1), "float32")))


def wrappers() -> Any:
    frozen = layers.Dense(2, trainable=False)
    both = layers.Bidirectional(layers.LSTM(3, return_sequences=True))
    return sequential((5, 4), both, layers.TimeDistributed(frozen), layers.GlobalMaxPooling1D())


def cells() -> Any:
    return sequential((5, 3), layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)]), layers.Dense(1))


def frozen_functional_block() -> Any:
    x, y = keras.Input((3,)), keras.Input((3,))
    block = keras.Model(x, layers.Dense(4)(x), name="block")
    block.trainable = False
    return keras.Model(y, layers.Dense(2)(block(y)))


def thawed_inside_a_frozen_block() -> Any:
    model = frozen_functional_block()
    model.get_layer("block").layers[-1].trainable = True
    return model


def block_that_is_also_an_output() -> Any:
    x, y = keras.Input((4, 3)), keras.Input((4, 3))
    block = keras.Model(x, layers.Flatten()(x), name="block")
    once = block(y)
    return keras.Model(y, [block(y), layers.Dense(2)(once), once])


def two_in_and_two_out() -> Any:
    a, b, c, d = (keras.Input((size,)) for size in (3, 4, 3, 4))
    block = keras.Model([a, b], [layers.Dense(2)(a), layers.Dense(3)(b)])
    (y, z), (u, v) = block([c, d]), block([c, d])
    return keras.Model([c, d], [layers.Add()([y, u]), z, v])


def dictionary_inside() -> Any:
    a, b = keras.Input((3,), name="b"), keras.Input((4,), name="a")
    block = keras.Model({"b": a, "a": b}, layers.Concatenate()([layers.Dense(2)(a), b]))
    p, q = keras.Input((4,), name="p"), keras.Input((3,), name="q")
    return keras.Model([p, q], block({"a": p, "b": q}))


def functional_in_sequential() -> Any:
    x = keras.Input((4, 4, 1))
    return keras.Sequential([keras.Model(x, layers.Conv2D(2, 2)(x)), layers.Flatten()])


def sizes_known_when_called() -> Any:
    x, y = keras.Input((None, None, 3)), keras.Input((8, 8, 3))
    pooled = layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3, padding="same")(x))
    return keras.Model(y, keras.Model(x, pooled)(y))


def called_for_training() -> Any:
    x = keras.Input((3,))
    return keras.Model(x, layers.Dropout(0.5)(layers.BatchNormalization()(x), training=True))


def scores_of_another_length() -> Any:
    query, value = keras.Input((5, 4)), keras.Input((7, 4))
    attention = layers.MultiHeadAttention(2, 3)
    return keras.Model([query, value], attention(query, value, return_attention_scores=True))


def dots_in_an_equation() -> Any:
    x = keras.Input((5, 6, 4))
    return keras.Model(
        x, layers.Flatten()(layers.EinsumDense("...b,bc->...c", output_shape=(7,))(x))
    )


def adapted() -> Any:
    model = sequential((4,), layers.Dense(3), layers.Dense(2))
    model.layers[0].enable_lora(2)
    model.layers[1].quantize("int8")
    return model


def prepared() -> Any:
    text = layers.TextVectorization(output_sequence_length=5, vocabulary=["a", "b"])
    x = keras.Input((1,), dtype="string")
    return keras.Model(x, layers.Embedding(4, 2)(text(x)))


def normalized() -> Any:
    layer = layers.Normalization()
    layer.adapt(np.ones((4, 3)))
    fixed = layers.Normalization(mean=[1.0, 2.0, 3.0], variance=[1.0, 1.0, 1.0])
    return sequential((3,), layer, fixed, layers.Dense(1))


@pytest.mark.parametrize(
    "build",
    [
        *(masked, encoder_and_decoder, states_by_place, slices, arrays, wrappers, cells),
        *(frozen_functional_block, thawed_inside_a_frozen_block, block_that_is_also_an_output),
        *(two_in_and_two_out, dictionary_inside, functional_in_sequential),
        *(sizes_known_when_called, called_for_training, scores_of_another_length),
        *(dots_in_an_equation, adapted, prepared, normalized),
    ],
)
def test_models_of_more_kinds(build: Callable[[], Any], tmp_path: Path) -> None:
    check_file(build(), tmp_path)


def test_a_block_in_two_places(tmp_path: Path) -> None:
    x, y, z = (keras.Input((3,)) for _ in range(3))
    block = keras.Model(x, layers.Dense(3)(x), name="block")
    other = keras.Model(y, layers.Dense(3)(block(y)), name="other")
    model = keras.Model(z, block(other(z)))
    check_same(archive.trace(saved(model, tmp_path)), live_trace(model))
    assert archive.trace(saved(model, tmp_path)).params == 2 * (3 + 1) * 3


# Layers that are never executed


@register
class Twice(keras.layers.Layer):  # type: ignore[misc]
    def call(self, x: Any) -> Any:
        return ops.concatenate([x, x], -1)


@register
class Dense(keras.layers.Dense):  # type: ignore[misc]
    pass


@register
class Graph(keras.Model):  # type: ignore[misc]
    pass


def with_custom_layers() -> Any:
    x = keras.Input((4, 3))
    return keras.Model(x, layers.Flatten()(Dense(5)(Twice()(x))))


def with_a_lambda() -> Any:
    return sequential((4, 3), layers.Lambda(lambda x: x[:, :2]), layers.Dense(2))


@pytest.mark.filterwarnings("ignore:.*The object being serialized includes a .lambda.")
@pytest.mark.parametrize("build", [with_custom_layers, with_a_lambda])
def test_layers_that_are_never_executed(build: Callable[[], Any], tmp_path: Path) -> None:
    assert any(it.opaque for it in check_file(build(), tmp_path))


@pytest.mark.filterwarnings("ignore:.*The object being serialized includes a .lambda.")
def test_a_shape_that_is_written_nowhere(tmp_path: Path) -> None:
    for last in (layers.Lambda(lambda x: x), Twice()):
        model = sequential((4, 3), last)
        with pytest.raises(
            UnknownLayer, match=r"is not written down; (say output_shape=, or )?load"
        ):
            archive.trace(saved(model, tmp_path))
        assert len(live_trace(model)) == 1


def test_a_model_of_a_class_of_its_own(tmp_path: Path) -> None:
    """Its class may have a call() of its own, which a file does not show."""
    x, y = keras.Input((4, 3)), keras.Input((4, 3))
    model = Graph(x, layers.Flatten()(x), name="graph")
    with pytest.raises(ModelError, match="'Graph', which is none of Keras itself"):
        archive.trace(saved(model, tmp_path))
    inside = model(y)
    outside = keras.Model(y, [layers.Dense(2)(inside), inside])
    trace = archive.trace(saved(outside, tmp_path))
    assert trace["graph"].opaque
    expected = [value.shape for it in live_trace(outside) for value in it.outputs]
    assert [value.shape for it in trace for value in it.outputs] == expected


def test_a_model_that_is_not_built() -> None:
    model = keras.Sequential([layers.Dense(2)], name="mine")
    with pytest.raises(ModelError, match="'mine' is not built"):
        archive.read_text(model.to_json())


# Large models


SMALL = ("MobileNetV2", "EfficientNetB0", "ResNet50")
LARGE = (
    *("DenseNet121", "NASNetMobile", "Xception", "InceptionV3", "VGG16", "ConvNeXtTiny"),
    *("MobileNetV3Small", "EfficientNetV2B0", "ResNet50V2", "MobileNet", "InceptionResNetV2"),
)
SLOW = pytest.mark.skipif(not is_slow(), reason="all the large models are tried in a slow session")


@pytest.mark.parametrize("name", [*SMALL, *(pytest.param(name, marks=SLOW) for name in LARGE)])
def test_large_models(name: str) -> None:
    size = 75 if name in ("Xception", "InceptionV3", "InceptionResNetV2") else 64
    model = getattr(applications, name)(weights=None, input_shape=(size, size, 3), classes=7)
    check_same(archive.read_text(model.to_json()), live_trace(model))
