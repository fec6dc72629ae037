"""The models of `keras.applications`, live and from the file that they are saved to.

The smallest model of each family runs always, on small pictures; in a slow session, every model on the
pictures that it is made for.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import keras
import pytest

import dense_shapes as ds
from dense_shapes.readers.keras import kind_of
from tests.profiles import is_slow

# The smallest model of each family, and the smallest pictures that it takes.
SMALLEST = {
    "VGG16": 32,
    "ResNet50": 32,
    "ResNet50V2": 32,
    "InceptionV3": 75,
    "InceptionResNetV2": 75,
    "Xception": 71,
    "MobileNet": 32,
    "MobileNetV2": 32,
    "MobileNetV3Small": 32,
    "DenseNet121": 32,
    "NASNetMobile": 32,
    "EfficientNetB0": 32,
    "EfficientNetV2B0": 32,
    "ConvNeXtTiny": 32,
}
EVERY = [
    name
    for name, it in vars(keras.applications).items()
    if inspect.isfunction(it) and name[0].isupper()
]
SLOW = is_slow()


def build(name: str) -> Any:
    """The model of this name, with random weights."""
    make = getattr(keras.applications, name)
    if SLOW:
        return make(weights=None)
    size = SMALLEST[name]
    return make(weights=None, input_shape=(size, size, 3), classes=7)


def compare(trace: ds.Trace, model: Any) -> None:
    """Every layer as Keras has it: its name, kind, shapes, weights and parameters; and the totals."""
    assert [(layer.name, layer.kind) for layer in trace] == [
        (layer.name, kind_of(layer)) for layer in model.operations
    ]
    for layer, real in zip(trace, model.operations, strict=True):
        assert not layer.note
        assert [value.shape for value in layer.outputs] == [
            tuple(it.shape) for it in real._inbound_nodes[-1].outputs
        ], layer.name
        assert [(it.shape, it.trainable) for it in layer.weights] == [
            (tuple(it.shape), it.trainable) for it in getattr(real, "weights", ())
        ], layer.name
        if isinstance(real, keras.Layer):
            assert layer.params == real.count_params(), layer.name
    assert trace.params == model.count_params()
    trained = sum(int(keras.ops.size(it)) for it in model.trainable_weights)
    assert trace.trainable_params == trained
    frozen = sum(int(keras.ops.size(it)) for it in model.non_trainable_weights)
    assert trace.non_trainable_params == frozen


@pytest.mark.parametrize("name", EVERY if SLOW else SMALLEST)
def test_live_and_from_its_file(name: str, tmp_path: Path) -> None:
    model = build(name)
    live = ds.trace(model)
    compare(live, model)
    assert not [layer.label for layer in live.calls if layer.opaque]
    path = tmp_path / f"{name}.keras"
    model.save(path)
    saved = ds.trace(path)
    compare(saved, model)
    assert [layer.signatures for layer in saved] == [layer.signatures for layer in live]
    assert saved.macs == live.macs


def test_every_family_has_its_smallest_model_here() -> None:
    families = {
        "VGG", "ResNet", "ResNetV2", "InceptionV", "InceptionResNetV2", "Xception", "MobileNet",
        "MobileNetV2", "MobileNetV3", "DenseNet", "NASNet", "EfficientNetB", "EfficientNetV2",
        "ConvNeXt",
    }  # fmt: skip
    assert len(families) == len(SMALLEST)
    assert set(SMALLEST) <= set(EVERY)
    for name in EVERY:
        assert any(name.startswith(family) for family in families), name
