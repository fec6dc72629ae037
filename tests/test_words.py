"""A layer in words: titles, descriptions, facts, and what one number is made of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dense_shapes.axes import Cell, Parts, Past, Shape, Size, Window, number
from dense_shapes.errors import CellError, UnknownLayer
from dense_shapes.rules import RULES, call, named
from dense_shapes.steps import By, Value, Weight, apply
from dense_shapes.traces import Layer
from dense_shapes.words import counted, describe, explain, noun, parameters, plain, title
from tests.models import MODEL_B, chain, nested, opaque
from tests.profiles import examples
from tests.strategies import cells, layers

DENSE = call("Dense", {"units": 5}, (None, 2, 3, 1))
CONVOLUTION = call("Conv2D", {"filters": 8, "kernel_size": (2, 2)}, (None, 4, 5, 1))
FLATTEN = call("Flatten", {}, (None, 2, 3, 1))


def made(layer: Layer, *cell: int) -> tuple[str, ...]:
    """What one number of the output is made of."""
    return explain(layer, cell=cell).lines


# Titles and numbers


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (DENSE, "Dense 'dense': (None, 2, 3, 1) → (None, 2, 3, 5), 10 parameters"),
        (FLATTEN, "Flatten 'flatten': (None, 2, 3, 1) → (None, 6), 0 parameters"),
        (
            call("Dense", {"units": 1, "use_bias": False}, (None, 1), name="one"),
            "Dense 'one': (None, 1) → (None, 1), 1 parameter",
        ),
        (
            call("Dense", {"units": 1000}, (None, 1000)),
            "Dense 'dense': (None, 1000) → (None, 1000), 1,001,000 parameters",
        ),
        (call("InputLayer", {"shape": (2,)}), "InputLayer 'inputlayer': (None, 2), 0 parameters"),
        (
            opaque("it", (None, 3), (None, None, 5)),
            "Mystery 'it': (None, 3) → (None, None, 5), 0 parameters",
        ),
    ],
)
def test_a_title_says_what_happens_to_the_shape(layer: Layer, expected: str) -> None:
    assert title(layer) == expected
    assert explain(layer).title == expected


def test_a_title_names_every_input() -> None:
    x, y = (Value((None, size), named((None, size)), n) for n, size in enumerate((2, 3)))
    layer = Layer("scores", "Scores", (x, y), (apply("b p, b q -> b p q", x, y),))
    assert title(layer) == "Scores 'scores': (None, 2) and (None, 3) → (None, 2, 3), 0 parameters"


@pytest.mark.parametrize(
    ("name", "size", "expected"),
    [
        ("h", 2, "2 rows"),
        ("w", 1, "1 column"),
        ("c", 3, "3 channels"),
        ("out", 5, "5 units"),
        ("f", 1, "1 filter"),
        ("t", None, "? steps"),
        ("feature", 1234, "1,234 features"),
        ("(h w c)", 6, "6 features"),
        ("axis3", 4, "4 on axis 3"),
        ("axis3", 1, "1 on axis 3"),
        ("head", 2, "2 heads"),
    ],
)
def test_an_axis_is_counted_in_words(name: str, size: Size, expected: str) -> None:
    assert counted(name, size) == expected
    assert expected.endswith(noun(name, size))


def test_numbers_are_written_with_commas_and_unknown_ones_as_a_question_mark() -> None:
    assert (number(1234567), number(0), number(None)) == ("1,234,567", "0", "?")


def test_numbers_of_parameters() -> None:
    assert parameters(0) == "0 parameters"
    assert parameters(1) == "1 parameter"
    assert parameters(12345) == "12,345 parameters"
    assert parameters(None) == "? parameters"


def test_a_shape_without_its_batch() -> None:
    assert (plain(()), plain((6,)), plain((None, 3))) == ("()", "(6,)", "(?, 3)")


# Descriptions


def test_a_description_is_enough_to_draw_the_picture() -> None:
    assert describe(CONVOLUTION) == (
        "The input has shape (4, 5, 1): 4 rows (slid over), 5 columns (slid over), 1 channel "
        "(contracted). The kernel has shape (2, 2, 1, 8): 2 rows (contracted), 2 columns (contracted), "
        "1 channel (contracted), 8 filters (created). The bias has shape (8,): 8 filters (created). "
        "The output has shape (3, 4, 8): 3 rows (slid over), 4 columns (slid over), 8 filters (created). "
        "The same kernel is used at each of the 12 positions."
    )
    assert describe(FLATTEN) == (
        "The input has shape (2, 3, 1): 2 rows (merged), 3 columns (merged), 1 channel (merged). "
        "The output has shape (6,): 6 features (merged)."
    )


def test_a_kernel_used_once_is_not_said_to_be_shared() -> None:
    assert "The same kernel" not in describe(call("Dense", {"units": 5}, (None, 6)))


def test_a_kernel_over_an_unknown_number_of_positions() -> None:
    text = describe(call("Dense", {"units": 5}, (None, None, 3)))
    assert "The input has shape (?, 3): ? steps (kept), 3 features (contracted)." in text
    assert text.endswith("The same kernel is used at every position.")


def test_what_is_not_drawn_is_said() -> None:
    assert describe(opaque("it", (None, 3), (None, 5))).endswith(
        "What is inside is not drawn: no rule describes layers of kind 'Mystery'."
    )
    inner = chain("inner", (None, 3), ("Dense", {"units": 2}))
    assert describe(nested("block", inner)).endswith("What is inside is not drawn: it is a model.")


def test_several_inputs_are_numbered() -> None:
    x, y = (Value((None, 2), ("b", "feature"), number) for number in (0, 1))
    layer = Layer("product", "Product", (x, y), (apply("b c, b c -> b c", x, y),))
    assert describe(layer).startswith(
        "Input 0 has shape (2,): 2 features (kept). Input 1 has shape (2,)"
    )


@pytest.mark.parametrize(
    ("source", "target"), [((12,), (4, 3)), ((2, 6), (4, 3)), ((2, 6), (3, 4)), ((4, 3), (12,))]
)
def test_no_axis_is_called_by_a_name_that_only_the_rule_of_reshape_knows(
    source: Shape, target: Shape
) -> None:
    layer = call("Reshape", {"target_shape": target}, (None, *source))
    assert "part" not in describe(layer)
    assert not [line for line in explain(layer).lines if "part0" in line or "part1" in line]


# Facts


def test_the_facts_of_a_dense_layer() -> None:
    assert explain(DENSE).lines == (
        "the batch: kept as it is",
        "2 rows: kept as it is",
        "3 columns: kept as it is",
        "1 channel: contracted: each output number sums over all of it",
        "5 units: created: it comes from the weights, not from the input",
        "parameters: (1 + 1) × 5 = 10 (kernel (1, 5), bias (5,))",
        "The same kernel is used at each of the 6 positions.",
        "multiply-adds for one sample: 30",
    )


def test_the_facts_of_a_convolution() -> None:
    assert explain(CONVOLUTION).lines == (
        "the batch: kept as it is",
        "4 rows: slid over by a window",
        "5 columns: slid over by a window",
        "1 channel: contracted: each output number sums over all of it",
        "8 filters: created: it comes from the weights, not from the input",
        "parameters: (2 × 2 × 1 + 1) × 8 = 40 (kernel (2, 2, 1, 8), bias (8,))",
        "The same kernel is used at each of the 12 positions.",
        f"multiply-adds for one sample: {3 * 4 * 8 * 2 * 2}",
    )


def test_the_facts_of_flatten() -> None:
    assert explain(FLATTEN).lines == (
        "the batch: kept as it is",
        "2 rows: merged with others into one axis",
        "3 columns: merged with others into one axis",
        "1 channel: merged with others into one axis",
    )


def test_an_axis_that_is_cut_is_not_said_to_come_out_of_a_longer_one() -> None:
    layer = call("Reshape", {"target_shape": (4, 3)}, (None, 12))
    assert "12 features: split out of a longer axis" not in explain(layer).lines


def test_the_activation_of_a_layer_does_not_change_its_facts() -> None:
    config = {"units": 5, "activation": "softmax"}
    assert explain(call("Dense", config, (None, 2, 3, 1))).lines == explain(DENSE).lines


def test_what_cannot_be_explained_is_said() -> None:
    assert explain(opaque("it", (None, 3), (None, 5))).lines == (
        "not explained: no rule describes layers of kind 'Mystery'",
    )
    inner = chain("inner", (None, 3), ("Dense", {"units": 2}))
    lines = explain(nested("block", inner)).lines
    assert lines[0] == "not explained: it is a model; ask its own layers"
    assert lines[1] == "parameters: 8 (kernel (3, 2), bias (2,))"


# One number


def test_a_number_of_a_dense_layer() -> None:
    assert made(DENSE, 1, 2, 4) == (
        "output[1, 2, 4] = input[1, 2, 0] × kernel[0, 4] + bias[4]",
        "It reads 1 of the 6 numbers of the input, 1 of the 5 numbers of the kernel, "
        "1 of the 5 numbers of the bias.",
        "The same kernel is used at each of the 6 positions.",
    )


def test_a_number_of_a_convolution() -> None:
    assert made(CONVOLUTION, 1, 2, 5)[:2] == (
        "output[1, 2, 5] = input[1, 2, 0] × kernel[0, 0, 0, 5] + input[1, 3, 0] × kernel[0, 1, 0, 5]"
        " + input[2, 2, 0] × kernel[1, 0, 0, 5] + input[2, 3, 0] × kernel[1, 1, 0, 5] + bias[5]",
        "It reads 4 of the 20 numbers of the input, 4 of the 32 numbers of the kernel, "
        "1 of the 8 numbers of the bias.",
    )


def test_a_long_sum_is_written_with_dots() -> None:
    layer = call("Dense", {"units": 1, "use_bias": False}, (None, 1000))
    assert made(layer, 0) == (
        "output[0] = input[0] × kernel[0, 0] + … + input[999] × kernel[999, 0]",
        "It reads 1,000 of the 1,000 numbers of the input, 1,000 of the 1,000 numbers of the kernel.",
    )


def test_a_number_that_is_copied() -> None:
    assert made(FLATTEN, 5) == (
        "output[5] = input[1, 2, 0]",
        "It reads 1 of the 6 numbers of the input.",
    )


def test_a_number_under_a_function() -> None:
    layer = call("Dense", {"units": 2, "use_bias": False, "activation": "relu"}, (None, 1))
    assert made(layer, 1)[:2] == ("output[1] = relu(y1[1])", "y1[1] = input[0] × kernel[0, 1]")


def test_a_number_of_softmax_is_followed_back_through_its_steps() -> None:
    layer = call("Dense", {"units": 2, "activation": "softmax"}, (None, 3, 1))
    assert made(layer, 0, 1) == (
        "output[0, 1] = y2[0, 1] / y3[0]",
        "y3[0] = y2[0, 0] + y2[0, 1]",
        "y2[0, 1] = exponential(y1[0, 1])",
        "y1[0, 1] = input[0, 0] × kernel[0, 1] + bias[1]",
        "It reads 1 of the 3 numbers of the input, 2 of the 2 numbers of the kernel, "
        "2 of the 2 numbers of the bias.",
        "The same kernel is used at each of the 3 positions.",
    )


def test_a_number_of_a_product_of_two_inputs() -> None:
    x, y = Value((None, 2, 2), ("b", "t", "d"), 0), Value((None, 3, 2), ("b", "s", "d"), 1)
    layer = Layer("scores", "Scores", (x, y), (apply("b t d, b s d -> b t s", x, y),))
    assert made(layer, 1, 2)[:2] == (
        "output[1, 2] = input 0[1, 0] × input 1[2, 0] + input 0[1, 1] × input 1[2, 1]",
        "It reads 2 of the 4 numbers of the input 0, 2 of the 6 numbers of the input 1.",
    )


def test_a_number_under_a_window_that_meets_no_cell() -> None:
    x = Value((None, 1), ("b", "h"), 0)
    window = Window(1, before=1, after=1)
    y = apply("b h -> b h' f", x, kernel="kh f", bias="f", f=1, h=window)
    weights = (Weight("kernel", (1, 1)), Weight("bias", (1,)))
    layer = Layer("window", "Window", (x,), (y,), weights)
    assert made(layer, 0, 0)[0] == "output[0, 0] = 0 + bias[0]"
    assert made(layer, 1, 0)[0] == "output[1, 0] = input[0] × kernel[0, 0] + bias[0]"


def test_a_sum_of_nothing_is_zero() -> None:
    x = Value((None, 2, 0), ("b", "t", "c"), 0)
    layer = Layer("sum", "Sum", (x,), (apply("b t c -> b t", x, by=By.SUM),))
    assert made(layer, 1)[0] == "output[1] = 0"


def test_a_layer_without_steps_passes_its_input() -> None:
    layer = call("Activation", {"activation": "linear"}, (None, 3))
    assert made(layer, 2) == ("output[2] = input[2]", "It reads 1 of the 3 numbers of the input.")


def test_a_number_of_an_input_layer_is_made_of_nothing() -> None:
    lines = made(call("InputLayer", {"shape": (2, 3)}), 1, 2)
    assert "output[1, 2]" in lines[0]


def test_a_number_of_an_input_of_unknown_size() -> None:
    lines = made(call("Dense", {"units": 5}, (None, None, 3)), 7, 4)
    assert lines[0] == (
        "output[7, 4] = input[7, 0] × kernel[0, 4] + input[7, 1] × kernel[1, 4] + "
        "input[7, 2] × kernel[2, 4] + bias[4]"
    )
    assert lines[1].startswith("It reads 3 of the ? numbers of the input, 3 of the 15 numbers")


@pytest.mark.parametrize("cell", [(2, 0, 0), (0, 0), (-1, 0, 0)])
def test_a_cell_outside_the_output_is_refused(cell: Cell) -> None:
    with pytest.raises(CellError, match=r"lies outside the output \(None, 2, 3, 5\)"):
        explain(DENSE, cell=cell)


def test_a_number_of_a_layer_without_a_rule_is_not_known() -> None:
    with pytest.raises(UnknownLayer, match="reads is not known: no rule describes"):
        explain(opaque("it", (None, 3), (None, 5)), cell=(1,))


def test_every_number_of_the_question_can_be_explained() -> None:
    for layer in MODEL_B:
        _, *sizes = layer.outputs[0].shape
        last = tuple(int(size or 1) - 1 for size in sizes)
        assert made(layer, *last)[0].startswith(f"output{list(last)} = ")


@settings(max_examples=examples(80))
@given(layers(longest=12), st.data())
def test_any_number_of_any_layer_can_be_explained(layer: Layer, data: st.DataObject) -> None:
    shape = layer.outputs[0].shape
    assume(None not in layer.inputs[0].shape[1:])  # or else which cells there are is not known
    first, *_ = explain(layer, cell=data.draw(cells(shape))).lines
    assert first.startswith("output[")


# Steps of every kind


def step_layer(value: Value, *inputs: Value) -> Layer:
    """A layer of the steps that made a value."""
    layer = Layer("it", "It", inputs, (value,))
    return replace(layer, weights=tuple(it for step in layer.steps for it in step.weights))


STEPS = Value((None, 4, 2), ("b", "t", "feature"), 0)
OTHER = Value((None, 4, 2), ("b", "t", "feature"), 1)
THIRD = Value((None, 4, 2), ("b", "t", "feature"), 2)


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (By.MEAN, "(input[0, 1] + input[1, 1] + input[2, 1] + input[3, 1]) / 4"),
        (By.MAX, "max(input[0, 1], input[1, 1], input[2, 1], input[3, 1])"),
        (By.MIN, "min(input[0, 1], input[1, 1], input[2, 1], input[3, 1])"),
        (By.SUM, "input[0, 1] + input[1, 1] + input[2, 1] + input[3, 1]"),
    ],
)
def test_a_number_that_is_reduced(by: By, expected: str) -> None:
    layer = step_layer(apply("b t c -> b c", STEPS, by=by), STEPS)
    assert made(layer, 1)[0] == f"output[1] = {expected}"


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (By.MEAN, "(input[0, 1] + … + input[4, 1]) / 5"),
        (By.MAX, "max(input[0, 1], …, input[4, 1])"),
        (By.SUM, "input[0, 1] + … + input[4, 1]"),
    ],
)
def test_many_numbers_are_written_with_dots(by: By, expected: str) -> None:
    x = Value((None, 5, 2), ("b", "t", "feature"), 0)
    layer = step_layer(apply("b t c -> b c", x, by=by), x)
    assert made(layer, 1)[0] == f"output[1] = {expected}"


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (By.SUM, "input 0[3, 1] + input 1[3, 1] + input 2[3, 1]"),
        (By.MEAN, "(input 0[3, 1] + input 1[3, 1] + input 2[3, 1]) / 3"),
        (By.MAX, "max(input 0[3, 1], input 1[3, 1], input 2[3, 1])"),
        (By.MULTIPLY, "input 0[3, 1] × input 1[3, 1] × input 2[3, 1]"),
    ],
)
def test_a_number_of_several_inputs(by: By, expected: str) -> None:
    y = apply("b t c, b t c, b t c -> b t c", STEPS, OTHER, THIRD, by=by)
    assert made(step_layer(y, STEPS, OTHER, THIRD), 3, 1)[0] == f"output[3, 1] = {expected}"


@pytest.mark.parametrize(("by", "sign"), [(By.SUBTRACT, "-"), (By.DIVIDE, "/")])
def test_a_number_of_two_inputs_of_which_the_order_matters(by: By, sign: str) -> None:
    y = apply("b t c, b t c -> b t c", STEPS, OTHER, by=by)
    lines = made(step_layer(y, STEPS, OTHER), 3, 1)
    assert lines[0] == f"output[3, 1] = input 0[3, 1] {sign} input 1[3, 1]"


def test_the_mean_or_the_largest_of_one_number_is_that_number() -> None:
    x = Value((None, 1, 2), ("b", "t", "feature"), 0)
    for by in (By.MEAN, By.MAX, By.MIN, By.SUM):
        layer = step_layer(apply("b t c -> b c", x, by=by), x)
        assert made(layer, 1)[0] == "output[1] = input[0, 1]"


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("relu", "relu(input[0, 1])"),
        ("× 0.5", "input[0, 1] × 0.5"),
        ("+ -1.0", "input[0, 1] + -1.0"),
        ("^ 2", "input[0, 1] ** 2"),
        ("at least 1e-12", "max(input[0, 1], 1e-12)"),
        ("at most 6", "min(input[0, 1], 6)"),
        ("elu(alpha=2.0)", "elu(input[0, 1], alpha=2.0)"),
        ("square", "input[0, 1] ** 2"),
        ("negative", "-input[0, 1]"),
        ("reciprocal", "1 / input[0, 1]"),
        ("the number of the bin", "the number of the bin of input[0, 1]"),
    ],
)
def test_a_function_is_written_as_arithmetic_where_it_is_that(function: str, expected: str) -> None:
    layer = step_layer(apply("... -> ...", STEPS, by=By.MAP, function=function), STEPS)
    assert made(layer, 0, 1)[0] == f"output[0, 1] = {expected}"


@pytest.mark.parametrize(
    ("function", "names", "expected"),
    [
        ("scale and shift", ("gamma", "beta"), "input[0, 1] × gamma[1] + beta[1]"),
        ("scale", ("gamma",), "input[0, 1] × gamma[1]"),
        ("shift", ("beta",), "input[0, 1] + beta[1]"),
        ("prelu", ("alpha",), "prelu(input[0, 1], alpha[1])"),
        (
            "batch normalization, ε = 0.001",
            ("gamma", "beta", "moving_mean", "moving_variance"),
            "(input[0, 1] - moving_mean[1]) / sqrt(moving_variance[1] + 0.001) × gamma[1] + beta[1]",
        ),
        (
            "batch normalization, ε = 0.5",
            ("moving_mean", "moving_variance"),
            "(input[0, 1] - moving_mean[1]) / sqrt(moving_variance[1] + 0.5)",
        ),
        ("normalization", ("mean", "variance"), "(input[0, 1] - mean[1]) / sqrt(variance[1])"),
    ],
)
def test_a_function_with_weights(function: str, names: tuple[str, ...], expected: str) -> None:
    facts: dict[str, Any] = dict.fromkeys(names, "feature")
    y = apply("b t feature -> b t feature", STEPS, by=By.MAP, function=function, **facts)
    assert made(step_layer(y, STEPS), 0, 1)[0] == f"output[0, 1] = {expected}"


def test_a_function_of_several_inputs() -> None:
    y = apply("..., ... -> ...", STEPS, OTHER, by=By.MAP, function="arctan2")
    lines = made(step_layer(y, STEPS, OTHER), 0, 1)
    assert lines[0] == "output[0, 1] = arctan2(input 0[0, 1], input 1[0, 1])"


def test_a_number_that_is_looked_up() -> None:
    x = Value((None, 3), ("b", "t"), 0)
    y = apply("b t -> b t vector", x, by=By.LOOKUP, embeddings="word vector", word=7, vector=4)
    layer = step_layer(y, x)
    assert made(layer, 2, 3) == (
        "output[2, 3] = embeddings[input[2], 3]",
        "It reads 1 of the 3 numbers of the input, 7 of the 28 numbers of the embeddings.",
        "The same embeddings are used at each of the 3 positions.",
    )
    assert explain(layer).lines[:4] == (
        "the batch: kept as it is",
        "3 steps: kept as it is",
        "4 features: created: it comes from the weights, not from the input",
        "each number of the input says which of the 7 words of the embeddings is taken",
    )


def recurrence(**facts: Any) -> Layer:
    """A simple recurrence of two units over four places, to the last of them or to all."""
    time = "t' " if facts else ""
    y = apply(
        f"b t feature -> b {time}unit",
        STEPS,
        by=By.RECUR,
        kernel="feature unit",
        recurrent_kernel="before unit",
        bias="unit",
        unit=2,
        before=2,
        **facts,
    )
    return step_layer(y, STEPS)


def test_a_number_of_a_recurrence() -> None:
    assert made(recurrence(), 1) == (
        "output[1] = a recurrence of input[0, 0], …, input[3, 1] with kernel, recurrent_kernel, bias",
        "It reads 8 of the 8 numbers of the input, 4 of the 4 numbers of the kernel, "
        "4 of the 4 numbers of the recurrent_kernel, 2 of the 2 numbers of the bias.",
        "The same kernel, recurrent_kernel and bias are used at each of the 4 places of the recurrence.",
    )
    first, reads, *_ = made(recurrence(t=Past()), 0, 1)
    assert first.startswith("output[0, 1] = a recurrence of input[0, 0], input[0, 1] with kernel")
    assert reads == (
        "It reads 2 of the 8 numbers of the input, 2 of the 4 numbers of the kernel, "
        "2 of the 4 numbers of the recurrent_kernel, 1 of the 2 numbers of the bias."
    )


@pytest.mark.parametrize(
    ("facts", "phrase"),
    [
        ({}, "contracted: gone through in order, and what comes out last is kept"),
        ({"t": Past()}, "gone through in order: each place knows all those before it"),
        (
            {"t": Past(turned=True)},
            "gone through from the end: each place knows all those after it",
        ),
    ],
)
def test_the_facts_of_a_recurrence(facts: dict[str, Any], phrase: str) -> None:
    assert explain(recurrence(**facts)).lines[:4] == (
        "the batch: kept as it is",
        f"4 steps: {phrase}",
        "2 features: contracted: each output number sums over all of it",
        "2 units: created: it comes from the weights, not from the input",
    )


def test_a_number_of_the_padding_is_zero() -> None:
    y = apply("b t c -> b t' c", STEPS, by=By.COPY, t=Window(1, before=1, after=2))
    layer = step_layer(y, STEPS)
    assert made(layer, 0, 1) == (
        "output[0, 1] = 0",
        "It reads 0 of the 8 numbers of the input.",
    )
    assert made(layer, 1, 1)[0] == "output[1, 1] = input[0, 1]"


def test_a_number_of_one_of_the_inputs_that_are_laid_end_to_end() -> None:
    y = apply("b t p, b t q -> b t (p + q)", STEPS, OTHER, by=By.COPY)
    layer = step_layer(y, STEPS, OTHER)
    assert made(layer, 3, 2) == (
        "output[3, 2] = input 1[3, 0]",
        "It reads 0 of the 8 numbers of the input 0, 1 of the 8 numbers of the input 1.",
    )
    assert explain(layer).lines == (
        "the batch: kept as it is",
        "4 steps: kept as it is",
        "2 features: joined with others, end to end",
    )


def test_what_is_copied_on_the_way_is_not_written_twice() -> None:
    # four rows, of which the second and the third are multiplied; neither copy has a line of its own
    rows = [
        apply("b t c -> b t' c", STEPS, by=By.COPY, t=Window(1, before=-n, after=n - 3))
        for n in (1, 2)
    ]
    y = apply("b 1 c, b 1 c -> b c", *rows)
    assert made(step_layer(y, STEPS), 1) == (
        "output[1] = input[1, 1] × input[2, 1]",
        "It reads 2 of the 8 numbers of the input.",
    )


def test_steps_that_another_output_needs_are_not_written() -> None:
    doubled = apply("... -> ...", STEPS, by=By.MAP, function="× 2.0")
    total = apply("b t c -> b c", doubled, by=By.SUM)
    layer = Layer("it", "It", (STEPS,), (doubled, total, STEPS))
    assert [explain(layer, cell=(3, 1), output=n).lines[0] for n in (0, 2)] == [
        "output 0[3, 1] = input[3, 1] × 2.0",
        "output 2[3, 1] = input[3, 1]",
    ]
    assert explain(layer, cell=(1,), output=1).lines == (
        "output 1[1] = output 0[0, 1] + output 0[1, 1] + output 0[2, 1] + output 0[3, 1]",
        "output 0[0, 1] = input[0, 1] × 2.0",
        "It reads 4 of the 8 numbers of the input.",
    )
    assert "Output 1 has shape (2,): 2 features (kept)." in describe(layer)
    assert title(layer).endswith("→ (None, 4, 2) and (None, 2) and (None, 4, 2), 0 parameters")


def facts_of(signature: str, *inputs: Value, **facts: Any) -> list[str]:
    """What is said of each axis but the batch."""
    value = apply(signature, *inputs, **{"by": By.COPY, **facts})
    return [line for line in explain(step_layer(value, *inputs)).lines if "batch" not in line]


def test_an_axis_that_neither_the_input_nor_the_weights_have_is_repeated() -> None:
    x = Value((None, 2), ("b", "feature"), 0)
    assert facts_of("b c -> b n c", x, n=3) == [
        "2 features: kept as it is",
        "3 along n: repeated: each of its places holds the same",
    ]


@pytest.mark.parametrize(
    ("window", "phrase"),
    [
        (Window(1, before=1, after=2), "zeros are put to it: 1 at the start and 2 at the end"),
        (Window(1, after=3), "zeros are put to it: 3 at the end"),
        (Window(1, before=-1), "places are cut off: 1 at the start"),
        (Window(1, before=-1, after=-2), "places are cut off: 1 at the start and 2 at the end"),
        (Window(1, stride=2), "one place in 2 is taken"),
        (Window(1, stride=-1, before=-3), "turned round: the last place is the first"),
        (Window(1), "kept as it is"),
    ],
)
def test_the_facts_of_places_that_are_picked(window: Window, phrase: str) -> None:
    assert facts_of("b t c -> b t' c", STEPS, t=window)[0] == f"4 steps: {phrase}"


def test_the_facts_of_other_ways_to_see_an_axis() -> None:
    up = facts_of("b t' c -> b t c", STEPS, t=Window(3, stride=3))
    assert up[0] == "4 steps: made longer: each place is repeated 3 times"
    parts = facts_of("b t c -> b t' c", STEPS, t=Parts(3), by=By.MEAN)
    assert parts[0] == "4 steps: cut into 3 parts"
    pooled = facts_of("b t c -> b t' c", STEPS, t=Window(2), by=By.MAX)
    assert pooled[0] == "4 steps: slid over by a window"
    spread = facts_of(
        "b t' c -> b t f", STEPS, t=Window(2, stride=2), kernel="kt f c", f=3, by=By.MULTIPLY
    )
    assert spread == [
        "4 steps: spread by a window: each place puts its cells into the output",
        "2 features: contracted: each output number sums over all of it",
        "3 filters: created: it comes from the weights, not from the input",
        "parameters: 2 × 3 × 2 = 12 (kernel (2, 3, 2))",
        "The same kernel is used at each of the 4 positions.",
        f"multiply-adds for one sample: {4 * 2 * 2 * 3}",
    ]


@pytest.mark.parametrize(
    ("by", "what"),
    [(By.MEAN, "the mean over"), (By.MAX, "the largest of"), (By.MIN, "the smallest of")],
)
def test_the_facts_of_an_axis_that_is_reduced(by: By, what: str) -> None:
    assert facts_of("b t c -> b c", STEPS, by=by)[0] == (
        f"4 steps: contracted: each output number is {what} all of it"
    )


def test_the_facts_of_an_axis_of_one_place() -> None:
    one = Value((None, 1, 2), ("b", "t", "feature"), 0)
    assert facts_of("b 1 c -> b c", one)[0] == "1 step: taken away: it has one place"
    lines = facts_of("b 1 c, b t c -> b t c", one, OTHER, by=By.SUM)
    assert lines[0] == "input 0: 1 step: repeated"
    assert lines[2] == "input 1: 4 steps: kept as it is"
    assert facts_of("b t c -> b 1 t c", STEPS) == [
        "4 steps: kept as it is",
        "2 features: kept as it is",
    ]


def test_the_facts_of_groups() -> None:
    config = {"filters": 4, "kernel_size": 1, "groups": 2}
    lines = explain(call("Conv2D", config, (None, 3, 3, 6))).lines
    assert lines[3:5] == (
        "6 channels: in 2 groups: each output number looks at one of them",
        "4 filters: created: it comes from the weights, not from the input",
    )


def test_an_axis_of_the_input_and_one_of_the_weights_may_be_made_into_one() -> None:
    lines = facts_of("b t c -> b t (c m)", STEPS, kernel="c m", m=3, by=By.MULTIPLY)
    assert lines[:3] == [
        "4 steps: kept as it is",
        "2 features: merged with others into one axis",
        "6 features: made of an axis of the input and one of the weights",
    ]


def test_the_facts_of_a_layer_of_many_steps_say_what_becomes_of_each_axis_in_the_end() -> None:
    # the mean is taken off, and the rest divided by its length; the time is only kept
    mean = apply("b t c -> b t", STEPS, by=By.MEAN)
    centred = apply("b t c, b t -> b t c", STEPS, mean, by=By.SUBTRACT)
    squares = apply("... -> ...", centred, by=By.MAP, function="square")
    length = apply("b t c -> b t", squares, by=By.SUM)
    y = apply("b t c, b t -> b t c", centred, length, by=By.DIVIDE)
    layer = step_layer(y, STEPS)
    assert explain(layer).lines == (
        "the batch: kept as it is",
        "4 steps: kept as it is",
        "2 features: kept, and each output number looks at all of it",
    )
    assert made(layer, 3, 1) == (
        "output[3, 1] = y2[3, 1] / y4[3]",
        "y4[3] = y3[3, 0] + y3[3, 1]",
        "y3[3, 0] = y2[3, 0] ** 2",
        "y2[3, 1] = input[3, 1] - mean[3]",
        "mean[3] = (input[3, 0] + input[3, 1]) / 2",
        "It reads 2 of the 8 numbers of the input.",
    )


def test_the_facts_of_attention_fit_on_a_screen() -> None:
    config = {"num_heads": 2, "key_dim": 4}
    layer = call("MultiHeadAttention", config, (None, 3, 4), (None, 2, 4))
    lines = explain(layer).lines
    assert lines[:5] == (
        "input 0: 3 steps: kept as it is",
        "input 0: 4 features: contracted: each output number sums over all of it",
        "input 1: 2 steps: contracted: each output number sums over all of it",
        "input 1: 4 features: contracted: each output number sums over all of it",
        "4 units: created: it comes from the weights, not from the input",
    )
    assert len(lines) < 12
    # 8 weights are too many to be named one by one; the biases of other heads than these are read too
    read = made(layer, 2, 3)[-3]
    assert read.startswith("It reads 4 of the 12 numbers of the input 0, 8 of the 8 numbers of the")
    assert read.endswith("of the 156 parameters.")
    assert lines[-3:-1] == (
        "The same query/kernel and attention_output/kernel are used at each of the 3 positions.",
        "The same key/kernel and value/kernel are used at each of the 2 positions.",
    )


def test_an_axis_that_is_merged_and_cut_again_is_cut_anew() -> None:
    layer = call("Reshape", {"target_shape": (3, 4)}, (None, 2, 6))
    assert explain(layer).lines[1] == "2 steps: laid end to end with others, and cut anew"
    # cell [2, 3] of 3 x 4 is number 11, which is cell [1, 5] of 2 x 6
    assert made(layer, 2, 3)[0] == "output[2, 3] = input[1, 5]"


@settings(max_examples=examples(60))
@given(st.sampled_from(sorted(RULES)), st.data())
def test_any_number_of_any_kind_can_be_explained(kind: str, data: st.DataObject) -> None:
    rule = RULES[kind]
    layer = call(kind, rule.example, *rule.shapes, **rule.options)
    assume(not layer.opaque)
    assert len(explain(layer).lines) < 25
    output = data.draw(st.integers(0, len(layer.outputs) - 1))
    cell = data.draw(cells(layer.outputs[output].shape))
    name = "output" if len(layer.outputs) == 1 else f"output {output}"
    lines = explain(layer, cell=cell, output=output).lines
    assert lines[0].startswith(f"{name}{list(cell)} = ")
