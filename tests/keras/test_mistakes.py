"""What a user hands in by mistake: each gets one sentence that says what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import pytest

import dense_shapes as ds


def traced(model: Any) -> Any:
    """The trace of a model, of no type that could be checked before the test runs."""
    return ds.trace(model)


@pytest.fixture
def model() -> Any:
    return keras.Sequential([keras.Input((2, 3)), keras.layers.Dense(5, name="five")])


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (ds.summary, "expected a Trace, received Sequential; make one: trace = ds.trace(model)"),
        (ds.to_json, "expected a Trace, received Sequential; make one: trace = ds.trace(model)"),
        (ds.draw, "expected a Layer, received Sequential; make one: ds.trace(model)"),
        (ds.explain, "expected a Layer, received Sequential; make one: ds.trace(model)"),
        (lambda it: ds.explain(traced(it)), "expected a Layer, received Trace"),
        (
            lambda it: ds.draw(traced(it), cell=(0, 0)),
            "cell (0, 0) is one of a layer, received a model",
        ),
        (lambda it: ds.summary(traced(it)["five"]), "expected a Trace, received Layer"),
        (lambda it: traced(it)[None], "expected the name of a layer or its number"),
        (lambda it: ds.from_json(it), "expected JSON of format 'dense-shapes/1'"),
    ],
)
def test_a_mistake_is_answered_with_what_to_do(
    model: Any, mistake: Callable[[Any], object], message: str
) -> None:
    with pytest.raises(ds.DenseShapesError) as error:
        mistake(model)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_one_column_may_be_given_by_its_name(model: Any) -> None:
    assert str(ds.summary(ds.trace(model), columns="params")).splitlines()[4].strip() == "20"
