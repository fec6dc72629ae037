"""Every activation of Keras: a rule that holds, or an opaque layer."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import numpy as np
import pytest

import dense_shapes as ds
from dense_shapes.rules.core import ELEMENTWISE

KNOWN = ("linear", "softmax", "log_softmax", "glu", *ELEMENTWISE)
"""The activations that a rule describes."""
quiet_softmax = pytest.mark.filterwarnings("ignore:You are using a softmax over axis:UserWarning")


def sequential(shape: tuple[int | None, ...], layer: Any) -> Any:
    return keras.Sequential([keras.Input(shape), layer])


def takes_one_value(name: str) -> bool:
    """Whether `keras.activations` has a function of this name that Activation can call."""
    function = getattr(keras.activations, name)
    if not inspect.isfunction(function) or name in ("get", "serialize", "deserialize"):
        return False
    needed = [
        it for it in inspect.signature(function).parameters.values() if it.default is it.empty
    ]
    return len(needed) == 1


NAMES = [name for name in dir(keras.activations) if name[0] != "_" and takes_one_value(name)]


def test_every_activation_is_looked_at() -> None:
    assert {"relu", "softmax", "glu", "sparsemax", "linear"} < set(NAMES)
    assert {*ELEMENTWISE} <= {*NAMES, "threshold"}


@pytest.mark.parametrize("name", NAMES)
def test_activation(name: str) -> None:
    """A rule, which holds on the real function; or an opaque layer. Never a wrong rule."""
    layer = keras.layers.Activation(name)
    model = sequential((2, 3, 4), layer)
    claimed = ds.trace(model)[0]
    assert bool(claimed.opaque) == (name not in KNOWN)
    ran = layer(np.zeros((1, 2, 3, 4), "float32"))  # Keras says of glu that it keeps the shape
    assert [value.shape[1:] for value in claimed.outputs] == [tuple(ran.shape[1:])]
    assert bool(claimed.note) == (ran.shape[1:] != layer.output.shape[1:])
    assert claimed.params == 0
    report = str(ds.verify(model))
    assert ("nothing is claimed" not in report) == (name in KNOWN)
    assert report.endswith("Every claim holds.")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(), (None,), (None, 5), (2, 3, None)])
@quiet_softmax
def test_activation_on_other_shapes(name: str, shape: tuple[int | None, ...]) -> None:
    model = sequential(shape, keras.layers.Activation(name))
    expected = tuple(model.layers[0].output.shape)
    if name == "glu" and shape and shape[-1] == 5:
        with pytest.raises(ValueError, match="must be divisible by 2"):
            model(np.zeros((2, 2, 5), "float32"))
        with pytest.raises(ds.MisfitError, match="glu halves an axis"):
            ds.trace(model)
        return
    claimed = ds.trace(model)[0]
    assert [value.shape for value in claimed.outputs] == [expected]


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise(name: str) -> None:
    """Changing one cell moves no other cell of the real function, and moves that cell."""
    function = getattr(keras.activations, name)
    further = [0.5, 0.0] if name == "threshold" else []
    base = np.random.default_rng(3).uniform(-2, 2, (2, 3, 4)).astype("float32")
    before = np.asarray(function(base, *further))
    assert before.shape == base.shape
    for cell in np.ndindex(base.shape):
        other, moved = base.copy(), np.zeros(base.shape, bool)
        for value in (-9.0, 9.0):
            other[cell] = value
            moved |= np.asarray(function(other, *further)) != before
        assert np.argwhere(moved).tolist() == [list(cell)]
