"""Wrong rules, planted one at a time: `trace` or `verify` refuses each, and names the claim."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras
import pytest

import dense_shapes as ds
from dense_shapes.axes import Window
from dense_shapes.rules import RULES
from dense_shapes.rules.core import activate
from dense_shapes.steps import By, Value, apply

layers = keras.layers
Plant = Callable[[str, Callable[..., Value]], None]


def sequential(shape: tuple[int | None, ...], *stack: Any) -> Any:
    return keras.Sequential([keras.Input(shape), *stack])


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> Plant:
    """Puts a wrong function in the place of a rule, for one test."""

    def planted(kind: str, wrong: Callable[..., Value]) -> None:
        monkeypatch.setitem(RULES, kind, replace(RULES[kind], function=wrong))

    return planted


def caught(model: Any, *words: str) -> str:
    """The message of the claim that does not hold, which has all these words in it."""
    with pytest.raises(ds.ClaimError) as error:
        ds.verify(model)
    message = str(error.value)
    assert "\n" not in message
    for word in words:
        assert word in message
    return message


def test_wrong_output_shape(plant: Plant) -> None:
    def wrong(config: Any, x: Value) -> Value:
        units = config["units"] + 1
        return apply("... in -> ... out", x, kernel="in out", bias="out", out=units)

    plant("Dense", wrong)
    with pytest.raises(ds.ClaimError) as error:
        ds.trace(sequential((2, 3, 1), layers.Dense(5, name="five")))
    for word in ("layer 'five' (Dense)", "the output is", "(None, 2, 3, 6)", "(None, 2, 3, 5)"):
        assert word in str(error.value)


def test_wrong_rank(plant: Plant) -> None:
    plant("Dense", lambda config, x: apply("b ... in -> b in", x, by=By.SUM))
    with pytest.raises(ds.ClaimError, match=re.escape("(None, 3), Keras says (None, 2, 5)")):
        ds.trace(sequential((2, 3), layers.Dense(5)))


def test_size_claimed_unknown(plant: Plant) -> None:
    plant("Flatten", lambda config, x: Value((None, None), ("b", "all"), 0))
    with pytest.raises(ds.ClaimError, match=re.escape("(None, None), Keras says (None, 6)")):
        ds.trace(sequential((2, 3), layers.Flatten()))


@pytest.mark.parametrize(
    ("kernel", "bias", "wrong_weight"),
    [
        ("out in", "out", "('kernel', (5, 3))"),
        ("in out", "in", "('bias', (3,))"),
        ("in out", None, "says that the weights are ('kernel', (3, 5)), Keras"),
        ("out", "out", "('kernel', (5,))"),
    ],
)
def test_wrong_weight_shape(plant: Plant, kernel: str, bias: str | None, wrong_weight: str) -> None:
    plant(
        "Dense",
        lambda config, x: apply("... in -> ... out", x, kernel=kernel, bias=bias, out=5),
    )
    with pytest.raises(ds.ClaimError) as error:
        ds.trace(sequential((2, 3), layers.Dense(5, name="five")))
    for word in ("layer 'five' (Dense)", "the weights are", wrong_weight):
        assert word in str(error.value)
    assert "Keras says ('kernel', (3, 5)), ('bias', (5,))" in str(error.value)


def test_weights_in_another_order(plant: Plant) -> None:
    plant(
        "Dense", lambda config, x: apply("... in -> ... out", x, bias="out", kernel="in out", out=5)
    )
    with pytest.raises(ds.ClaimError, match=r"says that the weights are \('bias', \(5,\)\)"):
        ds.trace(sequential((2, 3), layers.Dense(5)))


CLAIM = re.compile(
    r"layer '\w+' \(\w+\): the claim that output\[[\d, ]+\] (reads|does not read) "
    r"(input|kernel|bias)\[[\d, ]+\] does not hold: it (moved|did not move)"
)


def test_flatten_that_reads_in_another_order(plant: Plant) -> None:
    plant("Flatten", lambda config, x: apply("b h w c -> b (w h c)", x, by=By.COPY))
    message = caught(sequential((3, 3, 2), layers.Flatten(name="flat")), "layer 'flat' (Flatten)")
    assert CLAIM.fullmatch(message)
    assert "input[" in message


def test_flatten_that_forgets_the_data_format(plant: Plant) -> None:
    plant("Flatten", lambda config, x: apply("b c h w -> b (c h w)", x, by=By.COPY))
    assert "Every claim holds." in str(ds.verify(sequential((2, 3, 3), layers.Flatten())))
    model = sequential((2, 3, 3), layers.Flatten(data_format="channels_first"))
    assert CLAIM.fullmatch(caught(model, "input["))


def test_large_flatten_that_reads_in_another_order(plant: Plant) -> None:
    """Where the cells are sampled the wrong order is found too."""
    plant("Flatten", lambda config, x: apply("b h w c -> b (w h c)", x, by=By.COPY))
    assert CLAIM.fullmatch(caught(sequential((32, 32, 3), layers.Flatten()), "input["))


def test_dense_that_contracts_another_axis(plant: Plant) -> None:
    plant(
        "Dense", lambda config, x: apply("b t u -> b out u", x, kernel="t out", bias="out", out=4)
    )
    model = sequential((4, 4), layers.Dense(4, name="square"))
    assert CLAIM.fullmatch(caught(model, "layer 'square' (Dense)"))


def test_dense_with_its_kernel_transposed(plant: Plant) -> None:
    plant(
        "Dense",
        lambda config, x: apply("... in -> ... out", x, kernel="out in", bias="out", out=4),
    )
    assert CLAIM.fullmatch(caught(sequential((2, 4), layers.Dense(4)), "kernel["))


def test_dense_with_its_bias_on_another_axis(plant: Plant) -> None:
    plant(
        "Dense", lambda config, x: apply("b t in -> b t out", x, kernel="in out", bias="t", out=4)
    )
    assert CLAIM.fullmatch(caught(sequential((4, 4), layers.Dense(4)), "bias["))


def test_conv2d_shifted_by_its_padding(plant: Plant) -> None:
    def shifted(config: Any, x: Value) -> Value:
        facts: dict[str, Any] = {"kernel": "kh kw c f", "bias": "f", "f": config["filters"]}
        facts |= dict.fromkeys(("h", "w"), Window(2, before=1, after=0))  # Keras: before=0, after=1
        return apply("b h w c -> b h' w' f", x, **facts)

    plant("Conv2D", shifted)
    model = sequential((4, 4, 1), layers.Conv2D(2, 2, padding="same", name="conv"))
    assert CLAIM.fullmatch(caught(model, "layer 'conv' (Conv2D)", "input["))


def test_conv2d_with_another_dilation(plant: Plant) -> None:
    """Three taps side by side on five padded cells, claimed as every second of seven."""

    def wrong(config: Any, x: Value) -> Value:
        facts: dict[str, Any] = {"kernel": "kh kw c f", "bias": "f", "f": config["filters"]}
        facts |= dict.fromkeys(("h", "w"), Window(3, dilation=2, before=2, after=2))
        return apply("b h w c -> b h' w' f", x, **facts)

    plant("Conv2D", wrong)
    assert CLAIM.fullmatch(caught(sequential((5, 5, 1), layers.Conv2D(2, 3, padding="same"))))


def test_conv2d_that_forgets_its_groups(plant: Plant) -> None:
    """The shapes are those of the groups, but filters and channels meet the wrong way round."""

    def wrong(config: Any, x: Value) -> Value:
        facts: dict[str, Any] = {"kernel": "kh kw c (f g)", "bias": "(f g)", "f": 2, "g": 2}
        return apply("b h w (c g) -> b h' w' (f g)", x, h=Window(2), w=Window(2), **facts)

    plant("Conv2D", wrong)
    model = sequential((3, 3, 4), layers.Conv2D(4, 2, groups=2))
    assert CLAIM.fullmatch(caught(model))


def test_reads_that_are_too_many(plant: Plant) -> None:
    plant("Activation", lambda config, x: activate("softmax", x))
    message = caught(sequential((2, 3), layers.Activation("relu")), "reads input[", "did not move")
    assert CLAIM.fullmatch(message)


def test_reads_that_are_too_few(plant: Plant) -> None:
    plant("Activation", lambda config, x: activate("sigmoid", x))
    message = caught(sequential((2, 3), layers.Activation("softmax")), "does not read input[")
    assert CLAIM.fullmatch(message)


def test_reshape_that_turns_the_cells(plant: Plant) -> None:
    plant("Reshape", lambda config, x: apply("b h w -> b w h", x, by=By.COPY))
    model = sequential((2, 3), layers.Reshape((3, 2)))
    assert CLAIM.fullmatch(caught(model, "input["))


VALUES = "the claim that its values follow"


def test_activation_dropped(plant: Plant) -> None:
    plant(
        "Dense",
        lambda config, x: apply("... in -> ... out", x, kernel="in out", bias="out", out=4),
    )
    model = sequential((2, 3), layers.Dense(4, "relu", name="four"))
    caught(model, "layer 'four' (Dense)", VALUES, "... in -> ... out", "of the largest value")


def test_activation_dropped_from_conv2d(plant: Plant) -> None:
    rule: Any = RULES["Conv2D"].function
    plant("Conv2D", lambda config, x: rule({**config, "activation": None}, x))
    caught(sequential((4, 4, 1), layers.Conv2D(3, 2, activation="tanh")), VALUES)


def test_another_activation(plant: Plant) -> None:
    rule: Any = RULES["Dense"].function
    plant("Dense", lambda config, x: rule({**config, "activation": "tanh"}, x))
    caught(sequential((3,), layers.Dense(4, "sigmoid")), VALUES)


def test_logarithm_dropped(plant: Plant) -> None:
    plant("Activation", lambda config, x: activate("softmax", x))
    caught(sequential((3,), layers.Activation("log_softmax")), VALUES)


@pytest.mark.parametrize("initializer", ["glorot_uniform", "ones", "zeros"])
def test_conv2d_with_rows_and_columns_of_the_kernel_exchanged(
    plant: Plant, initializer: str
) -> None:
    """Each output reads the whole kernel of its filter either way: only its values can tell.

    They must tell whatever numbers the kernel happens to have: "ones" and "zeros" hide the fault.
    """

    def wrong(config: Any, x: Value) -> Value:
        facts: dict[str, Any] = {"kernel": "kw kh c f", "bias": "f", "f": config["filters"]}
        return apply("b h w c -> b h' w' f", x, h=Window(2), w=Window(2), **facts)

    plant("Conv2D", wrong)
    layer = layers.Conv2D(2, 2, kernel_initializer=initializer)
    caught(sequential((4, 4, 1), layer), VALUES)


@pytest.mark.parametrize(
    ("real", "claimed"), [("sigmoid", "tanh"), ("relu6", "relu"), ("hard_silu", "silu")]
)
def test_function_that_is_another(plant: Plant, real: str, claimed: str) -> None:
    """`relu6` and `relu` are the same up to 6: the proof has to look further than that."""
    plant("Activation", lambda config, x: activate(claimed, x))
    caught(sequential((2, 3), layers.Activation(real)), VALUES)


@pytest.mark.parametrize("by", [By.SUM, By.COPY])
def test_values_combined_in_another_way(plant: Plant, by: By) -> None:
    """`explain` would write a sum, or one cell, where the layer multiplies by its kernel."""

    def wrong(config: Any, x: Value) -> Value:
        return apply("... in -> ... out", x, by=by, kernel="in out", bias="out", out=5)

    plant("Dense", wrong)
    with pytest.raises(ds.DenseShapesError) as error:
        ds.verify(sequential((2, 3), layers.Dense(5, name="five")))
    assert "five" in str(error.value)


def test_sum_in_the_place_of_a_copy(plant: Plant) -> None:
    """A copy of one cell and a sum of one cell are the same number, so this rule is not wrong."""
    plant("Flatten", lambda config, x: apply("b h w -> b (h w)", x, by=By.SUM))
    assert "Every claim holds." in str(ds.verify(sequential((2, 3), layers.Flatten())))


def test_fault_in_one_of_many_layers(plant: Plant) -> None:
    rule: Any = RULES["Dense"].function
    plant(
        "Dense",
        lambda config, x: rule(
            {**config, "activation": None if config["units"] == 7 else "relu"}, x
        ),
    )
    inside = sequential((4,), layers.Dense(7, "relu", name="fault"))
    model = sequential((3,), layers.Dense(4, "relu"), inside, layers.Dense(2, "relu"))
    caught(model, "layer 'fault' (Dense)", VALUES)
