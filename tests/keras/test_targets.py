"""What we say of a target, and of a layer about which Keras is wrong, is what happens in Keras."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

import dense_shapes as ds
from dense_shapes.lessons import check

layers = keras.layers


def fitted(shape: tuple[int, ...], target: tuple[int, ...], loss: str) -> Any:
    """A model with ten numbers at each position, after it was fitted to a target of this shape."""
    model = keras.Sequential([keras.Input(shape), layers.Dense(10, activation="softmax")])
    model.compile("sgd", loss)
    model.fit(np.zeros((6, *shape)), np.zeros(target), verbose=0)
    return model


@pytest.mark.parametrize(
    ("shape", "target"), [((8,), (6,)), ((8,), (6, 1)), ((4, 8), (6, 4)), ((4, 8), (6, 4, 1))]
)
def test_a_target_may_be_the_numbers_of_classes(
    shape: tuple[int, ...], target: tuple[int, ...]
) -> None:
    model = fitted(shape, target, "sparse_categorical_crossentropy")
    first, second = check(ds.trace(model), target=target)
    assert first == (
        f"the target {target} suits the output {model.output_shape} with "
        "sparse_categorical_crossentropy: each entry is the number of a class, 0 to 9"
    )
    assert second == f"with another loss: a target of shape {(6, *model.output_shape[1:])}"


@pytest.mark.parametrize(
    ("shape", "target"), [((8,), (6, 3)), ((4, 8), (6,)), ((4, 8), (6, 1)), ((4, 8), (6, 10))]
)
def test_a_target_that_suits_neither_way(shape: tuple[int, ...], target: tuple[int, ...]) -> None:
    model = keras.Sequential([keras.Input(shape), layers.Dense(10, activation="softmax")])
    lines = check(ds.trace(model), target=target)
    assert lines[0] == f"the target {target} does not suit the output {model.output_shape}"
    assert any(line.startswith("What helps: ") for line in lines)
    for loss in ("categorical_crossentropy", "sparse_categorical_crossentropy"):
        with pytest.raises(ValueError, match="Argument"):
            fitted(shape, target, loss)


def test_a_target_or_data_without_any_axis() -> None:
    trace = ds.trace("4,8 -> Dense(10)")
    assert check(trace, target=())[0] == "the target () does not suit the output (None, 4, 10)"
    assert check(trace, data=())[0] == "the data () does not suit the input (None, 4, 8)"


def test_a_proof_says_where_keras_is_wrong() -> None:
    layer = layers.EinsumDense("...x,xy->...y", output_shape=5, name="einsum")
    table: Any = ds.verify(layer, input_shape=(2, 3, 7)).content
    [row] = table.rows
    assert row.entries[2] == "as run"
    assert table.notes == (
        "einsum: Keras reports (None, 3, 2, 5); run on zeros it is (2, 2, 3, 5).",
        "Every claim holds.",
    )
    # Keras itself: what it reports, and what it computes.
    again = layers.EinsumDense("...x,xy->...y", output_shape=5)
    assert again(keras.Input((2, 3, 7))).shape == (None, 3, 2, 5)
    assert again(np.zeros((2, 2, 3, 7))).shape == (2, 2, 3, 5)
