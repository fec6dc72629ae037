"""The pictures of models that everybody knows, drawn from the live model."""

from __future__ import annotations

from typing import Any

import keras
import pytest

import dense_shapes
from dense_shapes.drawing.outline import outline
from dense_shapes.drawing.scene import Scene
from tests.test_models_drawn import assert_lawful, boxes, words

# Of each model: how often its repeated blocks are repeated, and of how many layers they are; `alike`
# says that their sizes differ. Source: the papers' tables and keras/src/applications/*.py
MODELS: dict[str, list[tuple[int, int, bool]]] = {
    # blocks 2 to 3, 2 to 4, 2 to 6 and 2 to 3 of the four stages: three times Conv, BatchNormalization,
    # two ReLU between, Add, ReLU
    "ResNet50": [(2, 10, False), (3, 10, False), (5, 10, False), (2, 10, False)],
    # what follows the first block of the stages with 3, 4, 3 and 3 blocks
    "MobileNetV2": [(2, 9, False), (3, 9, False), (2, 9, False), (2, 9, False)],
    # 6, 12, 24 and 16 layers with 32 channels more each
    "DenseNet121": [(6, 7, True), (12, 7, True), (24, 7, True), (16, 7, True)],
    # three modules on 35 x 35, four on 17 x 17, two on 8 x 8
    "InceptionV3": [(3, 23, True), (4, 32, True), (2, 31, True)],
    "EfficientNetB0": [(2, 15, False), (2, 15, False), (3, 15, False)],
    "VGG16": [],
}


@pytest.fixture(scope="module", params=list(MODELS))
def named(request: pytest.FixtureRequest) -> tuple[str, Any]:
    """A model without weights, and its name."""
    return request.param, getattr(keras.applications, request.param)(weights=None)


def test_a_known_model_is_readable(named: tuple[str, Any]) -> None:
    name, model = named
    trace = dense_shapes.trace(model)
    picture = dense_shapes.draw(trace)
    assert isinstance(picture.content, Scene)
    assert_lawful(picture.content)
    whole = outline(trace)
    assert [(it.count, it.period, it.alike) for it in whole.folds] == MODELS[name]
    saved = sum((count - 1) * period for count, period, _ in MODELS[name])
    assert len(boxes(picture.content, "node")) == len(model.layers) - saved
    assert f"Total: {model.count_params():,} parameters" in words(picture.content)
    assert len(picture.to("svg")) < 160_000
