"""What we say that Keras says is what Keras says."""

from __future__ import annotations

import re
from typing import Any

import keras
import numpy as np
import pytest

import dense_shapes as ds
from dense_shapes.errors import MisfitError
from dense_shapes.lessons import RECURRENT, check, ranks
from dense_shapes.readers.assembly import Part, call, placeholder
from dense_shapes.rules import RULES

layers = keras.layers

# The layers before, the layer that does not take what they give, and the shape of the input.
MISFITS: dict[str, tuple[tuple[int | None, ...], list[tuple[str, dict[str, Any]]]]] = {
    "no batch": ((5,), [("Dense", {"units": 3})]),
    "no batch for a window": ((None, 28, 28), [("Conv2D", {"filters": 3, "kernel_size": 2})]),
    "no steps": ((None, 28), [("LSTM", {"units": 3})]),
    "no steps any more": ((None, 4, 2), [("LSTM", {"units": 3}), ("GRU", {"units": 3})]),
    "steps where none are wanted": ((None, 4, 2), [("RepeatVector", {"n": 3})]),
    "flattened too early": (
        (None, 8, 8, 1),
        [("Flatten", {}), ("Conv2D", {"filters": 3, "kernel_size": 2})],
    ),
    "an unknown last axis": ((None, None), [("Dense", {"units": 3})]),
    "an unknown size, flattened": (
        (None, None, None, 3),
        [("Flatten", {}), ("Dense", {"units": 3})],
    ),
    "channels first": ((None, 3, 32, 32), [("Conv2D", {"filters": 3, "kernel_size": 5})]),
    "channels first, pooled": ((None, 3, 32, 32), [("MaxPooling2D", {"pool_size": 5})]),
    "pooling over too few axes": ((None, 5, 5), [("GlobalAveragePooling2D", {})]),
    "one input for a sum": ((None, 3), [("Add", {})]),
    "one input to join": ((None, 3), [("Concatenate", {})]),
    "one input for a product": ((None, 3), [("Dot", {"axes": 1})]),
    "groups": ((None, 8, 8, 3), [("Conv2D", {"filters": 4, "kernel_size": 3, "groups": 2})]),
}


def ours(name: str) -> MisfitError:
    """The error that we raise."""
    shape, stack = MISFITS[name]
    x = placeholder(shape, "x")

    def run(x: Any) -> Any:
        for kind, config in stack:
            x = call(Part(kind, kind.lower(), config), [x]).outputs[0]
        return x

    with pytest.raises(MisfitError) as caught:
        run(x)
    return caught.value


@pytest.mark.parametrize("name", MISFITS)
def test_keras_says_so(name: str) -> None:
    shape, stack = MISFITS[name]
    x = keras.Input(batch_shape=shape)

    def run(x: Any) -> Any:
        for kind, config in stack:
            x = getattr(layers, kind)(**config)(x)
        return x

    with pytest.raises(ValueError, match=re.escape(ours(name).keras)):
        run(x)


@pytest.mark.parametrize("name", MISFITS)
def test_there_is_a_way_out_and_the_first_line_says_where(name: str) -> None:
    error, (_, stack) = ours(name), MISFITS[name]
    first, *rest = str(error).split("\n")
    assert first.startswith(f"layer '{stack[-1][0].lower()}' ({stack[-1][0]}): ")
    assert 1 <= len(error.ways) <= 3
    assert error.origins
    assert all(line.startswith("    ") for line in rest)


def test_two_inputs_that_do_not_fit() -> None:
    shapes = [(None, 3, 4), (None, 3, 5)]
    for kind in ("Add", "Concatenate"):
        config: dict[str, Any] = {"axis": 1} if kind == "Concatenate" else {}
        with pytest.raises(MisfitError) as caught:
            call(Part(kind, "it", config), [[placeholder(shape, "x") for shape in shapes]])
        with pytest.raises(ValueError, match=re.escape(caught.value.keras)):
            getattr(layers, kind)(**config)([keras.Input(shape[1:]) for shape in shapes])
        assert len(caught.value.ways) == 2


def test_a_layer_that_is_shared_by_inputs_of_two_sizes() -> None:
    part, dense = Part("Dense", "dense", {"units": 3}), layers.Dense(3)
    call(part, [placeholder((None, 784), "x")])
    dense(keras.Input((784,)))
    with pytest.raises(
        MisfitError, match=r"its kernel has shape \(784, 3\) since its first call"
    ) as it:
        call(part, [placeholder((None, 783), "y")])
    with pytest.raises(ValueError, match=re.escape(it.value.keras)):
        dense(keras.Input((783,)))


@pytest.mark.parametrize("kind", RULES)
def test_the_ranks_are_those_of_keras(kind: str) -> None:
    if kind in (
        "InputLayer",
        "CustomScaleLayer",
        "LayerScale",
        "StochasticDepth",
    ) or kind.startswith("ops."):
        return
    rule = RULES[kind]
    asked = ranks(kind)
    layer = getattr(layers, kind, None) or layers.GroupQueryAttention
    if asked is None:
        return
    spec = layer(**rule.example).input_spec
    spec = spec[0] if isinstance(spec, list) else spec
    assert (getattr(spec, asked[0])) == asked[1]


# Data and targets


def model(*stack: Any, shape: tuple[int, ...]) -> Any:
    return keras.Sequential([keras.Input(shape), *stack])


@pytest.mark.parametrize(
    ("shape", "data"),
    [
        ((10, 8), (32, 80)),
        ((10, 8), (10, 8)),
        ((80,), (80,)),
        ((6, 6, 1), (2, 6, 6)),
        ((3,), (4, 3, 1)),
        ((3,), (4, 3)),
        ((2, 3), (4, 5, 3)),
        ((2, 3), (4, 3, 2)),
    ],
)
@pytest.mark.parametrize("functional", [False, True])
def test_data_suits_a_model_where_keras_takes_it(
    shape: tuple[int, ...], data: tuple[int, ...], functional: bool
) -> None:
    one = model(layers.Dense(2), shape=shape)
    if functional:
        one = keras.Model(one.inputs[0], one.outputs[0])
    lines = check(ds.trace(one), data=data)
    if len(lines) > 1:
        assert lines[2].startswith("What helps: ")
    if len(lines) > 1 and "says nothing" not in lines[1]:
        said = lines[1].removeprefix("Keras says: ").partition(", but")[0]
        with pytest.raises(ValueError, match=re.escape(said)):
            one(np.zeros(data, "float32"))
    elif data[-1] != 2:
        one(np.zeros(data, "float32"))


def test_a_target_without_positions_is_broadcast() -> None:
    one = model(layers.LSTM(4, return_sequences=True), layers.Dense(1, name="last"), shape=(45, 2))
    lines = check(ds.trace(one), target=(118, 1))
    assert lines[0] == "the target (118, 1) does not suit the output (None, 45, 1)"
    assert "each of the 45 positions" in lines[1]
    assert "return_sequences=False" in lines[3]
    one.compile("sgd", "mse")
    history = one.fit(np.zeros((6, 45, 2)), np.zeros((6, 1)), verbose=0)
    assert np.isfinite(history.history["loss"][0])
    assert ds.trace(one)["lstm"].kind in RECURRENT


def test_a_target_that_suits() -> None:
    one = ds.trace(model(layers.Dense(1), shape=(3,)))
    for target in ((5, 1), (5,)):
        assert check(one, target=target) == [f"the target {target} suits the output (None, 1)"]
