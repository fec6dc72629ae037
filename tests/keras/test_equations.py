"""The equations that `explain` writes, worked out as they stand, against the real layers."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dense_shapes as ds
from tests.profiles import examples


@st.composite
def small_convolutions(draw: st.DrawFn) -> dict[str, Any]:
    """The arguments of a Conv2D whose sums are short enough to be written out."""
    groups = draw(st.integers(1, 2))
    one_way = draw(st.booleans())
    return {
        "filters": groups * 2,
        "kernel_size": draw(st.sampled_from([(1, 1), (2, 2), (1, 3), (3, 1), (4, 1)])),
        "strides": draw(st.sampled_from([(1, 1), (2, 1), (2, 3)])) if one_way else (1, 1),
        "dilation_rate": (1, 1) if one_way else draw(st.sampled_from([(1, 1), (1, 2), (2, 1)])),
        "padding": draw(st.sampled_from(["valid", "same"])),
        "groups": groups,
        "use_bias": draw(st.booleans()),
    }


@settings(max_examples=examples(40), deadline=None, derandomize=True)
@given(arguments=small_convolutions())
def test_equations_of_conv2d_are_true(arguments: dict[str, Any]) -> None:
    layer = keras.layers.Conv2D(**arguments, bias_initializer="random_normal")
    check_equations((5, 6, arguments["groups"]), layer)


@pytest.mark.parametrize("shape", [(3,), (2, 4), (2, 1, 3), (2, 1, 2, 3)])
@pytest.mark.parametrize("use_bias", [True, False])
def test_equations_of_dense_are_true(shape: tuple[int, ...], use_bias: bool) -> None:
    layer = keras.layers.Dense(3, use_bias=use_bias, bias_initializer="random_normal")
    check_equations(shape, layer)


@pytest.mark.parametrize("name", ["tanh", "softmax", "log_softmax"])
def test_equations_of_dense_with_an_activation_are_true(name: str) -> None:
    layer = keras.layers.Dense(4, activation=name, bias_initializer="random_normal")
    check_equations((2, 3), layer)


def check_equations(shape: tuple[int, ...], layer: Any) -> None:
    """Work out every equation of `explain` as it is written, and compare with the real layer."""
    model = keras.Sequential([keras.Input(shape), layer])
    claimed = ds.trace(model)[0]
    x = np.random.default_rng(5).normal(size=shape).astype("float32")
    y = np.asarray(model(x[np.newaxis]))[0]
    numbers = {"input": x, "output": y, "exponential": np.exp, "log": np.log, "tanh": np.tanh}
    numbers |= {weight.name: np.asarray(weight) for weight in layer.weights}
    if isinstance(layer, keras.layers.Dense) and layer.use_bias:  # what lies between its steps
        total = x @ numbers["kernel"] + numbers["bias"]
        powers = np.exp(total)
        sums = powers.sum(-1)
        numbers |= {"y1": total, "y2": powers, "y3": sums, "y4": powers / sums[..., np.newaxis]}
    for cell in product(*map(range, y.shape)):
        told = str(ds.explain(claimed, cell=cell))
        equations = re.findall(r"^  (\w+\[[\d, ]+\]) = (.*)$", told, re.MULTILINE)
        assert equations[0][0] == f"output{list(cell)}"
        assert len(equations) == max(1, len(claimed.steps))
        for left, right in equations:
            expected = worked_out(left, numbers)
            assert worked_out(right, numbers) == pytest.approx(expected, abs=1e-5)


def worked_out(text: str, numbers: dict[str, Any]) -> float:
    return float(eval(text.replace("×", "*"), {**numbers}))
