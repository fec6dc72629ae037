"""A model as a trace: looking layers up, counting each weight set once, and reading through a layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from dense_shapes.axes import Cell, Shape
from dense_shapes.cells import box_of
from dense_shapes.errors import CellError, UnknownLayer
from dense_shapes.rules import call, named
from dense_shapes.steps import By, Step, Value, Weight, apply
from dense_shapes.traces import Layer, Trace
from tests.models import MODEL_A, MODEL_B, chain, nested, opaque

DENSE = ("Dense", {"units": 4})


def shared() -> Trace:
    """One dense layer (4 x 4 + 4 = 20 parameters) that is called twice."""
    first = chain("shared", (None, 3, 4), DENSE)
    second = replace(first["dense"], number=2, sources=((0, 0),))
    return replace(first, layers=(first["dense"], second), outputs=((1, 0),))


def block(path: str = "block/") -> Trace:
    """An inner model of two dense layers: (3 x 4 + 4) + (4 x 2 + 2) = 26 parameters."""
    return chain("inner", (None, 5, 3), DENSE, ("Dense", {"units": 2}), path=path)


def around(*layers: Layer) -> Trace:
    """A trace of these layers, one after the other."""
    chained = tuple(
        replace(layer, sources=((number - 1, 0),)) for number, layer in enumerate(layers)
    )
    return Trace("outer", layers[0].inputs, chained, ((len(layers) - 1, 0),))


def test_the_two_models_of_the_question() -> None:
    rows = [(layer.label, layer.outputs[0].shape, layer.params) for layer in MODEL_A]
    assert rows == [
        ("conv2d", (None, 3, 4, 8), (2 * 2 * 1 + 1) * 8),
        ("conv2d_1", (None, 2, 3, 1), (2 * 2 * 8 + 1) * 1),
        ("flatten", (None, 6), 0),
        ("dense", (None, 5), (6 + 1) * 5),
        ("dense_1", (None, 1), (5 + 1) * 1),
    ]
    assert MODEL_A.params == 40 + 33 + 0 + 35 + 6 == 114
    rows = [(layer.label, layer.outputs[0].shape, layer.params) for layer in MODEL_B]
    assert rows == [
        ("conv2d", (None, 3, 4, 8), 40),
        ("conv2d_1", (None, 2, 3, 1), 33),
        ("dense", (None, 2, 3, 5), (1 + 1) * 5),
        ("dense_1", (None, 2, 3, 1), (5 + 1) * 1),
    ]
    assert MODEL_B.params == 40 + 33 + 10 + 6 == 89


def test_multiply_adds_are_added_up_over_the_calls() -> None:
    first = (3 * 4 * 8) * (2 * 2 * 1)
    second = (2 * 3 * 1) * (2 * 2 * 8)
    assert [layer.macs for layer in MODEL_B] == [first, second, 2 * 3 * 1 * 5, 2 * 3 * 5 * 1]
    assert MODEL_B.macs == first + second + 30 + 30


def test_a_layer_is_found_by_its_name_or_its_place() -> None:
    assert MODEL_B["dense_1"] is MODEL_B.layers[3]
    assert MODEL_B[0] is MODEL_B.layers[0]
    assert MODEL_B[-1] is MODEL_B.layers[3]
    assert (list(MODEL_B), len(MODEL_B)) == (list(MODEL_B.layers), 4)


def test_a_place_past_the_end_is_an_index_error_as_of_a_list() -> None:
    with pytest.raises(IndexError):
        MODEL_B[4]


@pytest.mark.parametrize("name", ["dens", "dense#2", "", "dense/dense", "/dense", "Dense"])
def test_an_unknown_name_is_refused_with_those_that_exist(name: str) -> None:
    with pytest.raises(UnknownLayer) as caught:
        MODEL_B[name]
    assert str(caught.value) == (
        f"no layer is called {name!r} in 'B'; its layers are: conv2d, conv2d_1, dense, dense_1"
    )


def test_a_trace_and_a_layer_show_themselves_in_a_line() -> None:
    assert repr(MODEL_B) == "<Trace 'B': 4 layers, 89 parameters>"
    one = chain("one", (None, 3), DENSE)
    assert repr(one) == "<Trace 'one': 1 layer, 16 parameters>"
    assert repr(MODEL_B["dense"]) == (
        "<Layer 'dense': Dense, (None, 2, 3, 1) -> (None, 2, 3, 5), 10 parameters>"
    )


def test_the_second_call_of_a_layer_has_a_label_of_its_own() -> None:
    trace = shared()
    assert [layer.label for layer in trace] == ["dense", "dense#2"]
    assert trace["dense"].number == 1
    assert trace["dense#2"].number == 2


def test_shared_weights_are_counted_once_but_work_at_every_call() -> None:
    trace = shared()
    assert [layer.params for layer in trace] == [20, 20]
    assert trace.params == trace.trainable_params == 20
    assert trace.weights == trace["dense"].weights
    assert trace.macs == 2 * (3 * 4 * 4)


def test_a_layer_of_a_nested_model_is_found_by_its_path() -> None:
    inner = block()
    trace = around(nested("block", inner))
    assert trace["block"].inner is inner
    assert trace["block/dense"] is inner["dense"]
    assert trace["block/dense_1"] is inner["dense_1"]


def test_a_path_may_go_through_a_second_call_and_several_models() -> None:
    middle = around(nested("deep", block("mid/deep/")))
    trace = around(nested("mid", middle), nested("mid", middle, number=2))
    assert trace["mid#2/deep/dense_1"] is trace["mid/deep/dense_1"]
    assert trace["mid#2"].label == "mid#2"


def test_an_unknown_name_inside_a_nested_model_names_that_model() -> None:
    trace = around(nested("block", block()))
    with pytest.raises(UnknownLayer, match="no layer is called 'nope' in 'inner'"):
        trace["block/nope"]
    with pytest.raises(UnknownLayer, match="no layer is called 'dense/x' in 'inner'"):
        trace["block/dense/x"]


def test_the_parameters_of_a_nested_model_are_those_of_its_layers() -> None:
    trace = around(nested("block", block()))
    assert [layer.params for layer in block()] == [(3 + 1) * 4, (4 + 1) * 2]
    assert trace["block"].params == trace.params == 16 + 10
    assert trace["block"].macs == trace.macs == 5 * 3 * 4 + 5 * 4 * 2
    assert trace["block"].formula == ""


def test_a_nested_model_that_is_called_twice_is_counted_once() -> None:
    square = chain("inner", (None, 4), DENSE, path="block/")
    trace = around(nested("block", square), nested("block", square, number=2))
    assert [layer.params for layer in trace] == [20, 20]
    assert trace.params == 20
    assert trace.macs == 2 * (4 * 4)
    assert [layer.label for layer in trace.calls] == ["dense", "dense"]


def test_a_layer_shared_between_a_model_and_its_nested_model_is_counted_once() -> None:
    square = chain("inner", (None, 4), DENSE)
    trace = around(square["dense"], nested("block", square))
    assert trace.params == 20


def test_one_weight_shared_between_two_layers_is_counted_once() -> None:
    # Two layers with a kernel of their own (4 x 4 each) and one bias of 4 between them.
    first, second = chain("tied", (None, 4), DENSE, DENSE).layers
    kernel, bias = second.weights
    tied = replace(second, weights=(kernel, replace(bias, path=first.weights[1].path)))
    trace = around(first, tied)
    assert [layer.params for layer in trace] == [20, 20]
    assert trace.params == 16 + 16 + 4
    assert [weight.path for weight in trace.weights] == [
        "dense/kernel",
        "dense/bias",
        "dense_1/kernel",
    ]


def test_a_weight_without_a_path_is_one_of_its_own() -> None:
    weights = (Weight("kernel", (4, 4)), Weight("kernel", (4, 4)))
    trace = around(replace(opaque("it", (None, 4), (None, 4)), weights=weights))
    assert trace.params == 2 * 16


def test_weights_beside_the_layers_are_counted_too() -> None:
    one = chain("one", (None, 4), DENSE)
    free = Weight("scale", (7,), trainable=False, path="one/scale")
    trace = replace(one, beside=(free, one.layers[0].weights[1]))
    assert (trace.params, trace.trainable_params, trace.non_trainable_params) == (27, 20, 7)
    assert trace.layers[0].params == 20


def test_weights_that_training_does_not_change() -> None:
    dense = call("Dense", {"units": 5}, (None, 3))
    frozen = replace(dense, weights=tuple(replace(w, trainable=False) for w in dense.weights))
    other = call("Dense", {"units": 2}, (None, 5), name="other")
    trace = around(frozen, other)
    assert (frozen.params, frozen.trainable_params) == (20, 0)
    assert trace.params == 20 + 12
    assert trace.trainable_params == 12
    assert trace.non_trainable_params == 20


def test_counts_are_unknown_where_a_weight_has_an_unknown_size() -> None:
    weights = (Weight("kernel", (3, 5)), Weight("mystery", (None,), trainable=False))
    layer = replace(opaque("it", (None, 3), (None, 5)), weights=weights)
    trace = around(layer)
    assert trace.params is None
    assert trace.trainable_params == 15
    assert trace.non_trainable_params is None


def test_a_layer_without_a_rule_has_unknown_work() -> None:
    trace = around(opaque("it", (None, 3), (None, 4)), call("Dense", {"units": 1}, (None, 4)))
    assert trace["it"].macs is None
    assert trace.macs is None
    assert trace["it"].formula == ""
    assert trace.params == 4 + 1


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (opaque("it", (None, 3), (None, 5)), "no rule describes layers of kind 'Mystery'"),
        (nested("it", block()), "it is a model; ask one of its own layers"),
    ],
)
def test_what_is_not_known_is_not_read(layer: Layer, reason: str) -> None:
    with pytest.raises(UnknownLayer) as caught:
        layer.reads((0,) * (len(layer.outputs[0].shape) - 1))
    assert str(caught.value).startswith(f"what a cell of {layer.kind} 'it' reads is not known: ")
    assert str(caught.value).endswith(reason)


@pytest.mark.parametrize("cell", [(2, 0, 0), (0, 0), (0, 0, -1), ()])
def test_a_cell_outside_the_output_is_refused(cell: Cell) -> None:
    with pytest.raises(CellError, match="lies outside the output"):
        MODEL_B["dense"].reads(cell)


def test_a_cell_is_any_sequence_of_whole_numbers() -> None:
    # NumPy has whole numbers of its own; they count as such, and come back as plain ones.
    one = type("Whole", (), {"__index__": lambda self: 1})()
    reads = MODEL_B["dense"].reads((one, 2, 4))
    assert list(reads.of(0)) == [(1, 2, 0)]
    assert {type(index) for cell in reads.of(0) for index in cell} == {int}


@pytest.mark.parametrize("cell", [(1, 2, 4.0), ("1", 2, 4), "124", 5, None, (None, 0, 0)])
def test_what_is_no_cell_is_refused(cell: Any) -> None:
    with pytest.raises(CellError, match="expected a cell as 3 whole numbers, one for each axis"):
        MODEL_B["dense"].reads(cell)


def test_the_steps_of_softmax_come_once_each_and_in_order() -> None:
    layer = call("Dense", {"units": 2, "activation": "softmax"}, (None, 3))
    dense, powers, total, divide = layer.steps
    assert [step.by for step in layer.steps] == [By.MULTIPLY, By.MAP, By.SUM, By.DIVIDE]
    assert powers.inputs[0].source is dense
    assert total.inputs[0].source is powers
    assert [value.source for value in divide.inputs] == [powers, total]
    assert layer.signatures == (
        "... in -> ... out",
        "... -> ...",
        "... c -> ...",
        "... c, ... -> ... c",
    )


def test_a_layer_of_very_many_steps_is_read_without_recursion() -> None:
    count = 3000
    start = value = Value((None, 2), ("b", "feature"), 0)
    for _ in range(count):
        value = apply("... -> ...", value, by=By.COPY)
    layer = Layer("long", "Copies", (start,), (value,))
    assert len(layer.steps) == count
    assert list(layer.reads((1,)).of(0)) == [(1,)]


def test_a_layer_reads_through_all_its_steps() -> None:
    # Row sums of the input, then each twice the sum of two neighbours: cell 1 reads rows 1 and 2.
    x = Value((None, 4, 3), named((None, 4, 3)), 0)
    sums = apply("b t c -> b t", x, by=By.SUM)
    split = apply("b (p q) -> b p q", sums, by=By.COPY, q=2)
    layer = Layer("sums", "Sums", (x,), (apply("b p q -> b p", split, by=By.SUM),))
    expected = [(row, column) for row in (2, 3) for column in range(3)]
    assert list(layer.reads((1,)).of(0)) == expected


def test_an_input_that_a_cell_does_not_depend_on_is_read_nowhere() -> None:
    x, y = (Value((None, 3), named((None, 3)), number) for number in (0, 1))
    layer = Layer("first", "First", (x, y), (apply("b c -> b c", x, by=By.COPY),))
    reads = layer.reads((2,))
    assert [list(cells) for cells in reads.inputs] == [[(2,)], []]


def test_an_input_that_is_used_twice_is_read_in_both_places() -> None:
    x = Value((None, 2, 2), ("b", "p", "q"), 0)
    turned = apply("b p q -> b q p", x, by=By.COPY)
    layer = Layer("both", "Both", (x,), (apply("b p q, b p q -> b p q", x, turned),))
    assert list(layer.reads((0, 1)).of(0)) == [(0, 1), (1, 0)]


def test_each_output_is_read_for_itself() -> None:
    x = Value((None, 2, 3), ("b", "t", "c"), 0)
    rows, columns = apply("b t c -> b t", x, by=By.SUM), apply("b t c -> b c", x, by=By.SUM)
    layer = Layer("two", "Two", (x,), (rows, columns))
    assert list(layer.reads((1,)).of(0)) == [(1, 0), (1, 1), (1, 2)]
    assert list(layer.reads((1,), output=1).of(0)) == [(0, 1), (1, 1)]
    with pytest.raises(CellError):
        layer.reads((2,))
    assert len(layer.steps) == 2


def test_a_value_of_unknown_source_is_read_nowhere() -> None:
    layer = call("InputLayer", {"shape": (2,)})
    reads = layer.reads((1,))
    assert (reads.inputs, reads.weights) == ((), {})


@pytest.mark.parametrize(
    "composed",
    [lambda x: apply("... -> ...", x, by=By.MAP, function="relu"), lambda x: x],
    ids=["with a function", "alone"],
)
def test_a_layer_of_one_step_reads_as_the_step(composed: Callable[[Value], Value]) -> None:
    shape: Shape = (None, 2, 3)
    x = Value(shape, named(shape), 0)
    dense = apply("... in -> ... out", x, kernel="in out", bias="out", out=4)
    assert isinstance(dense.source, Step)
    weights = dense.source.weights
    layer = Layer("dense", "Dense", (x,), (composed(dense),), weights)
    [step_reads] = dense.source.reads(box_of((1, 3)))
    reads = layer.reads((1, 3))
    assert list(reads.of(0)) == list(step_reads.of(0)) == [(1, 0), (1, 1), (1, 2)]
    assert list(reads.of("kernel")) == list(step_reads.of("kernel"))


def test_where_a_weight_is_not_known_no_total_is() -> None:
    # A custom layer in a file: nobody knows whether training changes what it holds.
    unknown = Weight("unknown", (None,), True, "mine/unknown")
    frozen = Weight("mean", (3,), False, "norm/mean")
    trace = Trace("m", (), (), (), (unknown, frozen))
    totals = (trace.params, trace.trainable_params, trace.non_trainable_params)
    assert totals == (None, None, None)
