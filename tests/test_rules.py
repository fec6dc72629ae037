"""The rule book: every rule on its example, and each family against arithmetic written out."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate, product
from math import ceil, prod
from operator import mul
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dense_shapes.axes import Cell, Shape
from dense_shapes.errors import ShapeError, UnknownLayer
from dense_shapes.rules import RULES, call, named
from dense_shapes.rules.reshaping import common_factors, grouped, resolved
from dense_shapes.traces import Layer
from tests.models import MODEL_B
from tests.profiles import examples

# What `get_config()` of Keras 3.15 adds to the arguments of a layer, where a rule may look at it.
CONVOLUTION = {
    "strides": (1, 1),
    "padding": "valid",
    "data_format": "channels_last",
    "dilation_rate": (1, 1),
    "groups": 1,
    "activation": "linear",
    "use_bias": True,
}
FILLED_IN: dict[str, Mapping[str, Any]] = {
    "Dense": {"activation": "linear", "use_bias": True, "kernel_regularizer": None},
    "Conv2D": CONVOLUTION,
    "Flatten": {"data_format": "channels_last"},
    "Dropout": {"seed": None, "noise_shape": None},
    "InputLayer": {"sparse": False, "ragged": False, "optional": False},
}

# The output of each example, by hand.
OUTPUTS: dict[str, Shape] = {
    "InputLayer": (None, 2, 3, 1),
    "Dense": (None, 2, 3, 5),
    "Activation": (None, 2, 3, 4),
    "Dropout": (None, 2, 3, 2),
    "Conv2D": (None, 3, 4, 8),
    "Flatten": (None, 6),
    "Reshape": (None, 3, 4),
}


def configured(kind: str) -> dict[str, Any]:
    """The configuration of an example as `get_config()` gives it."""
    common = {"name": "it", "trainable": True, "dtype": "float32"}
    return {**common, **FILLED_IN.get(kind, {}), **RULES[kind].example}


def cells(shape: Shape) -> list[Cell]:
    """All the cells of a shape after the batch, row by row."""
    return list(product(*(range(size or 0) for size in shape[1:])))


def read_by(layer: Layer, cell: Cell) -> list[Cell]:
    """The cells of the one input that an output cell reads."""
    return list(layer.reads(cell).of(0))


@pytest.mark.parametrize("kind", RULES)
def test_every_rule_applies_to_its_example(kind: str) -> None:
    rule = RULES[kind]
    layer = call(kind, configured(kind), *rule.shapes, name="it", **rule.options)
    assert (layer.name, layer.kind) == ("it", kind)
    assert [weight.path for weight in layer.weights] == [f"it/{w.name}" for w in layer.weights]
    assert [value.shape for value in layer.inputs] == list(rule.shapes)
    if kind in OUTPUTS:
        assert [value.shape for value in layer.outputs] == [OUTPUTS[kind]]
    if layer.opaque:
        return
    for cell in cells(layer.outputs[0].shape):
        for value, read in zip(layer.inputs, layer.reads(cell).inputs, strict=True):
            assert set(read) <= set(cells(value.shape))


@pytest.mark.parametrize("kind", [kind for kind in RULES if not kind.startswith("ops.")])
def test_every_rule_takes_what_keras_may_leave_out(kind: str) -> None:
    rule = RULES[kind]
    short, full = (
        call(kind, config, *rule.shapes, **rule.options)
        for config in (rule.example, configured(kind))
    )
    assert short == full


@pytest.mark.parametrize("kind", RULES)
def test_every_rule_says_what_it_does_and_where_keras_says_it(kind: str) -> None:
    text = RULES[kind].function.__doc__ or ""
    assert text.splitlines()[0].endswith(".")
    assert "Source: keras/src/" in text


def test_a_kind_without_a_rule_is_refused() -> None:
    with pytest.raises(UnknownLayer) as caught:
        call("Mystery", {}, (None, 2))
    assert str(caught.value) == "no rule describes layers of kind 'Mystery'"


def test_the_axes_of_an_input_are_named_as_keras_names_them() -> None:
    assert named((None,)) == ("b",)
    assert named((None, 2, 3)) == ("b", "t", "feature")
    assert named((None, 2, 3, 1)) == ("b", "h", "w", "c")
    assert named((None, 1, 1, 1, 1, 1)) == ("b", "axis1", "axis2", "axis3", "axis4", "axis5")


def test_a_layer_is_named_after_its_kind_unless_it_has_a_name() -> None:
    assert call("Dense", {"units": 1}, (None, 2)).name == "dense"
    assert call("Dense", {"units": 1}, (None, 2), name="five").name == "five"


# Core


def test_an_input_layer_has_the_shape_that_keras_saved() -> None:
    saved = call("InputLayer", {"batch_shape": [8, 2, 3, 1]})
    assert saved.outputs[0].shape == (8, 2, 3, 1)
    assert (saved.params, saved.macs, saved.steps) == (0, 0, ())


@pytest.mark.parametrize(
    ("bias", "params", "formula"), [(True, (3 + 1) * 5, "(3 + 1) × 5"), (False, 3 * 5, "3 × 5")]
)
def test_a_dense_layer_works_on_the_last_axis(bias: bool, params: int, formula: str) -> None:
    layer = call("Dense", {"units": 5, "use_bias": bias}, (None, 7, 2, 3))
    assert layer.outputs[0].shape == (None, 7, 2, 5)
    assert (layer.params, layer.formula, layer.macs) == (params, formula, 7 * 2 * 3 * 5)


def test_a_dense_layer_needs_an_axis_after_the_batch() -> None:
    with pytest.raises(ShapeError):
        call("Dense", {"units": 5}, (None,))


@pytest.mark.parametrize("function", ["softmax", "log_softmax"])
def test_softmax_reads_the_whole_last_axis(function: str) -> None:
    layer = call("Activation", {"activation": function}, (None, 2, 3))
    assert layer.outputs[0].shape == (None, 2, 3)
    for row, column in cells((None, 2, 3)):
        assert read_by(layer, (row, column)) == [(row, 0), (row, 1), (row, 2)]


@pytest.mark.parametrize("function", ["softmax", "log_softmax"])
def test_softmax_without_an_axis_after_the_batch_is_closed(function: str) -> None:
    # It would read the other samples, and no cell of ours can say so.
    layer = call("Activation", {"activation": function}, (None,))
    assert layer.opaque == "it mixes the samples of the batch"
    assert layer.outputs[0].shape == (None,)


def test_softmax_after_dense_reads_the_whole_kernel() -> None:
    layer = call("Dense", {"units": 2, "activation": "softmax"}, (None, 2, 3))
    reads = layer.reads((1, 0))
    assert list(reads.of(0)) == [(1, 0), (1, 1), (1, 2)]
    assert list(reads.of("kernel")) == cells((None, 3, 2))
    assert list(reads.of("bias")) == [(0,), (1,)]


@pytest.mark.parametrize("function", ["relu", "sigmoid", "gelu", "tanh"])
def test_an_activation_looks_at_one_value_at_a_time(function: str) -> None:
    layer = call("Activation", {"activation": function}, (None, 2, 3))
    for cell in cells((None, 2, 3)):
        assert read_by(layer, cell) == [cell]


@pytest.mark.parametrize("function", [None, "linear"])
def test_no_activation_is_no_step(function: str | None) -> None:
    assert call("Activation", {"activation": function}, (None, 2, 3)).steps == ()
    assert len(call("Dense", {"units": 2, "activation": function}, (None, 3)).steps) == 1


@pytest.mark.parametrize(
    ("kind", "config", "shape"),
    [
        ("Dense", {"units": 2}, (None, 3)),
        ("Conv2D", {"filters": 2, "kernel_size": 1}, (None, 3, 3, 1)),
        ("Activation", {}, (None, 3)),
    ],
)
@pytest.mark.parametrize("function", ["mystery", {"class_name": "Mine", "config": {}}, max])
def test_an_activation_whose_reads_are_not_known_is_refused(
    kind: str, config: dict[str, Any], shape: Shape, function: object
) -> None:
    with pytest.raises(UnknownLayer, match="no rule describes the activation"):
        call(kind, {**config, "activation": function}, shape)


def test_dropout_passes_every_value_as_it_is() -> None:
    layer = call("Dropout", {"rate": 0.5}, (None, None, 3))
    assert layer.outputs[0].shape == (None, None, 3)
    assert (layer.params, layer.macs) == (0, 0)
    assert read_by(layer, (9, 2)) == [(9, 2)]


# Reshaping


def flat(cell: Cell, shape: Shape) -> int:
    """The number of a cell, counted row by row: the last axis fastest."""
    number = 0
    for index, size in zip(cell, shape[1:], strict=True):
        number = number * (size or 0) + index
    return number


def keeps_row_major_order(layer: Layer) -> bool:
    """Whether each output cell reads exactly the input cell with the same number."""
    before, after = layer.inputs[0].shape, layer.outputs[0].shape
    numbers = [
        (flat(cell, after), [flat(one, before) for one in read_by(layer, cell)])
        for cell in cells(after)
    ]
    return numbers == [(number, [number]) for number in range(len(cells(before)))]


SMALL = st.lists(st.integers(1, 4), min_size=1, max_size=4)


@st.composite
def regroupings(draw: st.DrawFn) -> tuple[Shape, Shape]:
    """Two shapes with the same number of cells, whose axes are neighbouring factors put together."""
    factors = draw(st.lists(st.sampled_from((1, 2, 2, 3)), min_size=1, max_size=5))

    def shape() -> Shape:
        sizes = [factors[0]]
        for factor in factors[1:]:
            if draw(st.booleans()):
                sizes.append(factor)
            else:
                sizes[-1] *= factor
        return tuple(sizes)

    return shape(), shape()


@st.composite
def recuts(draw: st.DrawFn) -> tuple[Shape, Shape]:
    """Two shapes with the same number of cells, whose axes need not fit into each other."""
    one, other = draw(SMALL), draw(SMALL)
    assume(prod(one) * prod(other) <= 150)
    return (*one, prod(other)), (*draw(st.permutations(other)), prod(one))


@settings(max_examples=examples(50))
@given(regroupings() | recuts())
def test_reshape_keeps_the_cells_in_row_major_order(shapes: tuple[Shape, Shape]) -> None:
    source, target = shapes
    layer = call("Reshape", {"target_shape": target}, (None, *source))
    assert layer.outputs[0].shape == (None, *target)
    assert (layer.params, layer.macs) == (0, 0)
    assert keeps_row_major_order(layer)


@settings(max_examples=examples(50))
@given(SMALL)
def test_flatten_keeps_the_cells_in_row_major_order(sizes: list[int]) -> None:
    layer = call("Flatten", {}, (None, *sizes))
    assert layer.outputs[0].shape == (None, prod(sizes))
    assert keeps_row_major_order(layer)


@settings(max_examples=examples(50))
@given(regroupings())
def test_common_factors_make_up_both_shapes_in_order(shapes: tuple[Shape, Shape]) -> None:
    def ends(sizes: Shape | list[int]) -> set[int]:
        """How many cells lie before each cut, counted from the right."""
        return {1, *accumulate((int(size or 1) for size in reversed(sizes)), mul)}

    source, target = shapes
    factors = common_factors(source, target)
    assert factors is not None
    assert ends(factors) == ends(source) | ends(target)
    assert 1 not in factors


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ((4, 6), (8, 3), [4, 2, 3]),
        ((2, 6), (12,), [2, 6]),
        ((12,), (2, 1, 6), [2, 6]),
        ((1,), (), []),
        ((6, 4), (4, 6), None),  # 4 cells end after 4 and after 6, and 6 is not a multiple of 4
        ((None, 6), (2, 3), None),
        ((0, 2), (0, 3), None),
    ],
)
def test_common_factors(source: Shape, target: Shape, expected: list[int] | None) -> None:
    assert common_factors(source, target) == expected


def test_a_shape_is_written_with_its_factors() -> None:
    names = ["x0", "x1", "x2"]
    assert grouped(names, [4, 2, 3], (8, 1, 3)) == "(x0 x1) 1 x2"
    assert grouped(names, [4, 2, 3], (4, 6)) == "x0 (x1 x2)"
    assert grouped([], [], (1, 1)) == "1 1"


@pytest.mark.parametrize(
    ("target", "source", "expected"),
    [
        ((-1, 4), (2, 6), (3, 4)),
        ((2, -1, 3), (12,), (2, 2, 3)),
        ((-1,), (2, 3, 1), (6,)),
        ((-1, 4), (None, 6), (None, 4)),
        ((3, 4), (None, 6), (3, 4)),
        ((), (1, 1), ()),
    ],
)
def test_minus_one_is_worked_out_from_the_number_of_cells(
    target: tuple[int, ...], source: Shape, expected: Shape
) -> None:
    assert resolved(target, source) == expected
    assert (
        call("Reshape", {"target_shape": target}, (None, *source)).outputs[0].shape[1:] == expected
    )


@pytest.mark.parametrize(
    ("target", "source"), [((5, 2), (2, 6)), ((5, -1), (12,)), ((2, 6, 2), (2, 6)), ((), (2,))]
)
def test_cells_that_do_not_fill_the_target_are_refused(
    target: tuple[int, ...], source: Shape
) -> None:
    with pytest.raises(ShapeError) as caught:
        call("Reshape", {"target_shape": target}, (None, *source))
    count = prod(size for size in source if size is not None)
    assert str(caught.value) == (
        f"{count} cells of shape {source} cannot be cut into the target shape {target}"
    )


def test_reshape_takes_a_target_read_from_json() -> None:
    layer = call("Reshape", {"target_shape": [3, 4]}, (None, 2, 6))
    assert layer.outputs[0].shape == (None, 3, 4)


@pytest.mark.parametrize(
    ("source", "target"), [((2, 0), (0, 5)), ((0, 3), (0, 3)), ((0,), (4, 0)), ((3, 0), (0,))]
)
def test_reshape_takes_an_empty_tensor(source: Shape, target: Shape) -> None:
    # Keras: Reshape((0, 5)) makes (None, 0, 5) of (None, 2, 0).
    layer = call("Reshape", {"target_shape": target}, (None, *source))
    assert layer.outputs[0].shape == (None, *target)


def test_reshape_to_no_axes_takes_an_input_of_unknown_size() -> None:
    # Keras: Reshape(()) makes (None,) of (None, None); at run time the size must be 1.
    layer = call("Reshape", {"target_shape": ()}, (None, None))
    assert layer.outputs[0].shape == (None,)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((None,), (None, 1)), ((None, 3), (None, 3)), ((None, None, 3), (None, None))],
)
def test_flatten_gives_one_axis_after_the_batch(shape: Shape, expected: Shape) -> None:
    assert call("Flatten", {}, shape).outputs[0].shape == expected


def test_flatten_moves_the_channels_of_channels_first_to_the_end() -> None:
    channels, rows, columns = 2, 3, 4
    shape = (None, channels, rows, columns)
    layer = call("Flatten", {"data_format": "channels_first"}, shape)
    assert layer.outputs[0].shape == (None, 24)
    expected = [(c, h, w) for h in range(rows) for w in range(columns) for c in range(channels)]
    assert [read_by(layer, (number,)) for number in range(24)] == [[cell] for cell in expected]


def test_flatten_of_channels_first_without_rows_keeps_the_order() -> None:
    layer = call("Flatten", {"data_format": "channels_first"}, (None, 3))
    assert [read_by(layer, (number,)) for number in range(3)] == [[(0,)], [(1,)], [(2,)]]


# Convolution


def image(rows: int, columns: int, channels: int, *, first: bool = False) -> Shape:
    """The shape of a batch of images."""
    return (None, channels, rows, columns) if first else (None, rows, columns, channels)


def test_the_convolutions_of_the_question() -> None:
    first = call("Conv2D", {"filters": 8, "kernel_size": [2, 2]}, (None, 4, 5, 1))
    assert first.outputs[0].shape == (None, 4 - 1, 5 - 1, 8)
    assert (first.params, first.formula) == (2 * 2 * 1 * 8 + 8, "(2 × 2 × 1 + 1) × 8")
    second = call("Conv2D", {"filters": 1, "kernel_size": 2}, (None, 3, 4, 8))
    assert second.outputs[0].shape == (None, 2, 3, 1)
    assert (second.params, second.formula) == (2 * 2 * 8 * 1 + 1, "(2 × 2 × 8 + 1) × 1")
    assert second.macs == (2 * 3 * 1) * (2 * 2 * 8)


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize(
    ("padding", "rows", "columns"),
    # valid: (7 - 3) // 2 + 1 and (6 - 3) // 1 + 1; same: ceil(7 / 2) and ceil(6 / 1)
    [("valid", 3, 4), ("same", 4, 6)],
)
def test_padding_strides_groups_and_data_format(
    padding: str, rows: int, columns: int, first: bool
) -> None:
    config = {
        "filters": 8,
        "kernel_size": 3,
        "strides": (2, 1),
        "padding": padding,
        "groups": 2,
        "data_format": "channels_first" if first else "channels_last",
    }
    layer = call("Conv2D", config, image(7, 6, 4, first=first))
    assert layer.outputs[0].shape == image(rows, columns, 8, first=first)
    weights = {weight.name: weight.shape for weight in layer.weights}
    assert weights == {"kernel": (3, 3, 4 // 2, 8), "bias": (8,)}
    assert layer.params == 3 * 3 * 2 * 8 + 8
    assert layer.macs == (rows * columns * 8) * (3 * 3 * 2)


@pytest.mark.parametrize("first", [False, True])
def test_a_filter_reads_the_channels_of_its_group(first: bool) -> None:
    config = {
        "filters": 6,
        "kernel_size": 1,
        "groups": 3,
        "data_format": "channels_first" if first else "channels_last",
    }
    layer = call("Conv2D", config, image(2, 2, 6, first=first))
    # Filter 3 is the second of group 1, which has the channels 2 and 3.
    cell, expected = ((3, 0, 1), [(2, 0, 1), (3, 0, 1)])
    if not first:
        cell, expected = ((0, 1, 3), [(0, 1, 2), (0, 1, 3)])
    assert read_by(layer, cell) == expected
    assert list(layer.reads(cell).of("kernel")) == [(0, 0, 0, 3), (0, 0, 1, 3)]


@settings(max_examples=examples(60))
@given(
    st.integers(1, 8),
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(1, 2),
    st.data(),
)
def test_same_padding_reads_around_the_place(
    length: int, taps: int, stride: int, dilation: int, data: st.DataObject
) -> None:
    config = {
        "filters": 1,
        "kernel_size": (taps, 1),
        "strides": (stride, stride),
        "dilation_rate": (dilation, 1),
        "padding": "same",
    }
    layer = call("Conv2D", config, (None, length, 1, 1))
    places = ceil(length / stride)
    assert layer.outputs[0].shape == (None, places, 1, 1)
    place = data.draw(st.integers(0, places - 1))
    padding = max((places - 1) * stride + dilation * (taps - 1) + 1 - length, 0)
    met = [place * stride + dilation * tap - padding // 2 for tap in range(taps)]
    assert read_by(layer, (place, 0, 0)) == [(row, 0, 0) for row in met if 0 <= row < length]


def test_an_image_of_unknown_size() -> None:
    config = {"filters": 4, "kernel_size": 3, "padding": "same", "strides": 2}
    layer = call("Conv2D", config, (None, None, None, 3))
    assert layer.outputs[0].shape == (None, None, None, 4)
    assert layer.params == (3 * 3 * 3 + 1) * 4
    assert layer.macs is None


def test_a_convolution_with_an_activation_is_two_steps() -> None:
    config = {"filters": 2, "kernel_size": 1, "activation": "relu"}
    layer = call("Conv2D", config, (None, 2, 2, 1))
    assert layer.signatures == ("b h w c -> b h' w' f", "... -> ...")
    assert layer.outputs[0].shape == (None, 2, 2, 2)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("shape", [(None, 4, 1), (None, 4, 5, 6, 1), (None,)])
def test_a_convolution_of_the_wrong_rank_is_refused(shape: Shape, data_format: str) -> None:
    config = {"filters": 1, "kernel_size": 2, "data_format": data_format}
    with pytest.raises(ShapeError) as caught:
        call("Conv2D", config, shape)
    assert str(caught.value) == (
        "a convolution over 2 axes expects 4 axes (batch, 2 to slide over, channels), and received "
        f"{len(shape)}: {shape}"
    )


def test_filters_that_cannot_be_cut_into_groups_are_refused() -> None:
    with pytest.raises(ShapeError) as caught:
        call("Conv2D", {"filters": 5, "kernel_size": 1, "groups": 2}, (None, 2, 2, 4))
    assert str(caught.value) == "5 filters cannot be cut into 2 equal groups"


def test_channels_that_cannot_be_cut_into_groups_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"'\(g c\)' is 3 in input 0 .* parts of 2"):
        call("Conv2D", {"filters": 4, "kernel_size": 1, "groups": 2}, (None, 2, 2, 3))


def test_a_window_larger_than_the_image_is_refused() -> None:
    with pytest.raises(ShapeError, match="a window of 3 taps with dilation 1 does not fit on an"):
        call("Conv2D", {"filters": 1, "kernel_size": 3}, (None, 4, 2, 1))


def test_what_the_filters_made_is_called_channels_by_the_next_layer() -> None:
    first, second, *_ = MODEL_B
    assert first.outputs[0].names == ("b", "h", "w", "f")
    assert second.inputs[0].names == ("b", "h", "w", "c")


def test_a_bias_that_keras_adds_along_another_axis_is_no_claim_of_ours() -> None:
    # keras.ops.add takes the 6 numbers of the bias for those of the last axis, which is 6 long too.
    config = {"filters": 6, "kernel_size": 1, "data_format": "channels_first"}
    assert call("Conv2D", config, (None, 4, 5, 6)).opaque.startswith("Keras adds the bias along")
    assert not call("Conv2D", config, (None, 4, 6, 5)).opaque
    assert not call("Conv2D", {**config, "use_bias": False}, (None, 4, 5, 6)).opaque
