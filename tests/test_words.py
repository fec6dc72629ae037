"""A layer in words: titles, descriptions, facts, and what one number is made of."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dense_shapes.axes import Cell, Shape, Size, Window, number
from dense_shapes.errors import CellError, UnknownLayer
from dense_shapes.rules import call, named
from dense_shapes.steps import By, Value, Weight, apply
from dense_shapes.traces import Layer
from dense_shapes.words import counted, describe, explain, noun, parameters, plain, title
from tests.models import MODEL_B, chain, nested, opaque
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
        "The input has shape (4, 5, 1): 4 rows, 5 columns, 1 channel. "
        "The kernel has shape (2, 2, 1, 8). The bias has shape (8,). "
        "The output has shape (3, 4, 8): 3 rows, 4 columns, 8 filters. "
        "The same kernel is used at each of the 12 positions."
    )
    assert describe(FLATTEN) == (
        "The input has shape (2, 3, 1): 2 rows, 3 columns, 1 channel. "
        "The output has shape (6,): 6 features."
    )


def test_a_kernel_used_once_is_not_said_to_be_shared() -> None:
    assert "The same kernel" not in describe(call("Dense", {"units": 5}, (None, 6)))


def test_a_kernel_over_an_unknown_number_of_positions() -> None:
    text = describe(call("Dense", {"units": 5}, (None, None, 3)))
    assert "The input has shape (?, 3): ? steps, 3 features." in text
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
    assert describe(layer).startswith("Input 0 has shape (2,): 2 features. Input 1 has shape (2,)")


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


@settings(max_examples=80)
@given(layers(longest=12), st.data())
def test_any_number_of_any_layer_can_be_explained(layer: Layer, data: st.DataObject) -> None:
    shape = layer.outputs[0].shape
    assume(None not in layer.inputs[0].shape[1:])  # or else which cells there are is not known
    first, *_ = explain(layer, cell=data.draw(cells(shape))).lines
    assert first.startswith("output[")
