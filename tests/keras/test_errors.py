"""What a user reads who hands over the wrong thing: one sentence that says what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import dense_shapes as ds

layers = keras.layers


class Subclassed(keras.Model):  # type: ignore[misc]
    """A model with a call() of its own."""

    def __init__(self) -> None:
        super().__init__(name="subclassed")
        self.dense = layers.Dense(2, name="dense")

    def call(self, x: Any) -> Any:
        return self.dense(x)


def tiny() -> Any:
    """(None, 2, 3) -> (None, 2, 4) -> (None, 8)."""
    return keras.Sequential(
        [keras.Input((2, 3)), layers.Dense(4, name="dense"), layers.Flatten(name="flat")],
        name="tiny",
    )


def message(error: Exception) -> str:
    """The message, which must be one line of readable length."""
    text = str(error)
    assert "\n" not in text
    assert len(text) < 300
    return text


def refusal(model: Any) -> str:
    with pytest.raises(ds.ModelError) as caught:
        ds.trace(model)
    with pytest.raises(ds.ModelError) as again:
        ds.verify(model)
    assert str(caught.value) == str(again.value)
    return message(caught.value)


@pytest.mark.parametrize(
    ("thing", "words"),
    [
        (None, "NoneType"),
        (np.zeros((3, 3)), "ndarray"),
        (keras.Sequential, "type"),
        ([], "list '[]'"),
        ({"units": 5}, "dict"),
    ],
    ids=str,
)
def test_no_model(thing: Any, words: str) -> None:
    text = refusal(thing)
    assert text.startswith("expected a Keras model, received ")
    assert words in text
    assert "the path of a saved one" in text


def test_bare_layer() -> None:
    text = refusal(layers.Dense(5, name="bare"))
    assert "'bare' is no model" in text
    assert "ds.trace(layer, input_shape=(4, 5, 1))" in text
    assert ds.trace(layers.Dense(5), input_shape=(4, 5, 1))[0].params == (1 + 1) * 5


@pytest.mark.parametrize("path", ["notes.txt", Path("model.keras")])
def test_no_file(path: Any) -> None:
    for view in (ds.trace, ds.verify):
        with pytest.raises(ds.FormatError) as caught:
            view(path)
        assert message(caught.value) == f"there is no file {str(path)!r}"


def test_text_that_is_no_model() -> None:
    with pytest.raises(ds.ModelError, match="the code builds no model; expected something like"):
        ds.trace("two\nlines")


def test_symbolic_tensor() -> None:
    assert refusal(keras.Input((3,))).startswith("expected a Keras model, received KerasTensor")


@pytest.mark.parametrize("stack", [[], [layers.Dense(5)], [layers.Dense(5), layers.Dense(1)]])
def test_unbuilt_sequential(stack: list[Any]) -> None:
    text = refusal(keras.Sequential(stack, name="early"))
    assert "model 'early' is not built" in text
    assert "keras.Input(shape)" in text
    assert "model.build(input_shape)" in text


def test_unbuilt_sequential_once_it_is_built() -> None:
    model = keras.Sequential([layers.Dense(5, name="dense")])
    refusal(model)
    model.build((None, 3))
    assert ds.trace(model)["dense"].outputs[0].shape == (None, 5)


def test_subclassed_model() -> None:
    text = refusal(Subclassed())
    assert "'subclassed' is a subclass of keras.Model with a call() of its own" in text
    assert "keras.Model(x, model.call(x))" in text


def test_subclassed_model_that_has_run() -> None:
    model = Subclassed()
    model(np.zeros((1, 3)))
    assert "no graph of layers" in refusal(model)


def test_advice_for_a_subclassed_model_works() -> None:
    model, x = Subclassed(), keras.Input((3,))
    trace = ds.trace(keras.Model(x, model.call(x)))
    assert trace["dense"].outputs[0].shape == (None, 2)
    assert trace.params == 3 * 2 + 2


class Doubled(keras.Model):  # type: ignore[misc]
    """A functional model whose call() does more than its graph."""

    def call(self, x: Any) -> Any:
        return 2 * super().call(x)


class DoubledSequential(keras.Sequential):  # type: ignore[misc]
    """The same for a Sequential."""

    def call(self, x: Any) -> Any:
        return 2 * super().call(x)


def test_graph_that_is_not_what_the_model_computes() -> None:
    x = keras.Input((3,))
    for model in (
        Doubled(x, layers.Dense(2)(x), name="twice"),
        DoubledSequential([keras.Input((3,)), layers.Dense(2)], name="twice"),
    ):
        assert "'twice'" in refusal(model)


def test_layer_name_that_does_not_exist() -> None:
    with pytest.raises(ds.UnknownLayer) as caught:
        ds.trace(tiny())["dens"]
    text = message(caught.value)
    assert "no layer is called 'dens' in 'tiny'" in text
    assert "its layers are: dense, flat" in text


@pytest.mark.parametrize("name", ["dense#2", "dense/kernel", "", "/", "Dense"])
def test_other_layer_names_that_do_not_exist(name: str) -> None:
    with pytest.raises(ds.UnknownLayer, match="no layer is called"):
        ds.trace(tiny())[name]


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ((2, 0), "index 2 on an axis of size 2, whose cells are 0 to 1"),
        ((0, 4), "index 4 on an axis of size 4, whose cells are 0 to 3"),
        ((-1, 0), "index -1 on an axis of size 2"),
        ((0, -4), "index -4 on an axis of size 4"),
        ((0,), "expected 2 indices, one for each axis after the batch, received 1"),
        ((0, 1, 2), "expected 2 indices, one for each axis after the batch, received 3"),
        ((), "received 0"),
    ],
)
def test_cell_outside_the_output(cell: tuple[int, ...], words: str) -> None:
    layer = ds.trace(tiny())["dense"]
    for view in (ds.draw, ds.explain):
        with pytest.raises(ds.CellError) as caught:
            view(layer, cell=cell)
        text = message(caught.value)
        assert f"cell {cell} lies outside the output (None, 2, 4)" in text
        assert words in text


def test_cell_of_an_axis_without_cells() -> None:
    model = keras.Sequential([keras.Input((0, 3)), layers.Dense(4)])
    with pytest.raises(ds.CellError, match="axis of size 0") as caught:
        ds.explain(ds.trace(model)[0], cell=(0, 0))
    assert "0 to -1" not in message(caught.value)


def test_cell_of_a_flattened_unknown_size() -> None:
    model = keras.Sequential([keras.Input((None, 3)), layers.Flatten(name="flat")])
    flat = ds.trace(model)["flat"]
    for view in (ds.draw, ds.explain):
        with pytest.raises(ds.ShapeError, match="trace the model with a concrete input shape") as e:
            view(flat, cell=(4,))
        message(e.value)


def test_cell_of_an_unknown_size_that_can_be_told() -> None:
    """Dense leaves the unknown axis alone, so its cells are known all the same."""
    model = keras.Sequential([keras.Input((None, 1)), layers.Dense(4, name="dense")])
    dense, equation = ds.trace(model)["dense"], "input[99, 0] × kernel[0, 3] + bias[3]"
    assert f"output[99, 3] = {equation}" in str(ds.draw(dense, cell=(99, 3)))
    assert f"output[99, 3] = {equation}" in str(ds.explain(dense, cell=(99, 3)))
    with pytest.raises(ds.CellError, match="index -1"):
        ds.explain(dense, cell=(-1, 3))


def test_cell_from_numpy() -> None:
    """`np.unravel_index` and `np.argmax` give integers of NumPy; they are read and written as numbers."""
    layer = ds.trace(tiny())["dense"]
    cell: Any = np.unravel_index(6, (2, 4))
    assert cell == (1, 2)
    assert str(ds.explain(layer, cell=cell)) == str(ds.explain(layer, cell=(1, 2)))
    picture, plain = ds.draw(layer, cell=cell), ds.draw(layer, cell=(1, 2))
    assert str(picture) == str(plain)
    assert picture.to("svg") == plain.to("svg")


def test_cell_of_an_input() -> None:
    """An Input has no equation, but a user who asks for one gets an answer or a plain refusal."""
    x = keras.Input((2, 3), name="image")
    layer = ds.trace(keras.Model(x, layers.Dense(4)(x)))["image"]
    for view in (ds.draw, ds.explain):
        try:
            text = str(view(layer, cell=(1, 2)))
        except ds.DenseShapesError as error:
            text = message(error)
        assert "image" in text


def test_column_that_does_not_exist() -> None:
    with pytest.raises(ds.FormatError, match="no column is called 'weights'"):
        ds.summary(ds.trace(tiny()), columns=["layer", "weights"])
