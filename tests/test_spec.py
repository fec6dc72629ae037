"""The shortest form of a model: read, written, traced, and what is said where it is wrong."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dense_shapes.axes import Shape
from dense_shapes.errors import (
    DenseShapesError,
    ModelError,
    NotationError,
    ShapeError,
    UnknownLayer,
)
from dense_shapes.readers.spec import Layer, Spec, looks_like_spec, trace
from dense_shapes.rules import RULES, arguments
from tests.profiles import examples

QUESTION = "4,5,1 -> Conv2D(8, 2) -> Conv2D(1, 2) -> Flatten -> Dense(5) -> Dense(1)"


def said(text: str, kind: type[DenseShapesError] = NotationError) -> list[str]:
    """The lines of the error that a spec raises."""
    with pytest.raises(kind) as caught:
        trace(text)
    return str(caught.value).split("\n")


def test_question() -> None:
    found = trace(QUESTION)
    assert found.name == "sequential"
    assert [value.shape for value in found.inputs] == [(None, 4, 5, 1)]
    assert [(layer.name, layer.outputs[0].shape, layer.params) for layer in found] == [
        ("conv2d", (None, 3, 4, 8), (2 * 2 * 1 + 1) * 8),
        ("conv2d_1", (None, 2, 3, 1), (2 * 2 * 8 + 1) * 1),
        ("flatten", (None, 6), 0),
        ("dense", (None, 5), (6 + 1) * 5),
        ("dense_1", (None, 1), (5 + 1) * 1),
    ]
    assert found.params == 114
    assert trace(QUESTION.replace("Flatten -> ", "")).params == 89
    assert trace(QUESTION.replace("->", "→")) == found


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("4,5,1", (4, 5, 1)),
        (" 4 , 5 ,1 , ", (4, 5, 1)),
        ("(4, 5, 1)", (4, 5, 1)),
        ("7", (7,)),
        ("(7,)", (7,)),
        ("?,None,3", (None, None, 3)),
        ("0,3", (0, 3)),
        ("()", ()),
        ("\n4,\n5\n", (4, 5)),
    ],
)
def test_shapes(text: str, shape: Shape) -> None:
    assert Spec.read(f"{text}-> Flatten").shape == shape


LAYERS: dict[str, tuple[Layer, str]] = {
    "Flatten": (Layer("Flatten"), "Flatten"),
    "Flatten ( )": (Layer("Flatten"), "Flatten"),
    "Dense(5,)": (Layer("Dense", {"units": 5}), "Dense(5)"),
    "Dense(units=5)": (Layer("Dense", {"units": 5}), "Dense(5)"),
    "Dense(5, 'relu', False)": (
        Layer("Dense", {"units": 5, "activation": "relu", "use_bias": False}),
        "Dense(5, activation='relu', use_bias=False)",
    ),
    "Conv2D(kernel_size=(2, 2), filters=8)": (
        Layer("Conv2D", {"kernel_size": (2, 2), "filters": 8}),
        "Conv2D(8, (2, 2))",
    ),
    "Dense(\n  5,\n  name='a -> b',\n)": (
        Layer("Dense", {"units": 5, "name": "a -> b"}),
        "Dense(5, name='a -> b')",
    ),
    'MaxPool2D((2, 2), padding="same")': (
        Layer("MaxPooling2D", {"pool_size": (2, 2), "padding": "same"}),
        "MaxPooling2D(pool_size=(2, 2), padding='same')",
    ),
    "Dense(28*28 - 2**3, name='it\\'s \"it\"')": (
        Layer("Dense", {"units": 776, "name": 'it\'s "it"'}),
        "Dense(776, name='it\\'s \"it\"')",
    ),
    "Reshape((-1, +3))": (Layer("Reshape", {"target_shape": (-1, 3)}), "Reshape((-1, 3))"),
    "Reshape((6,))": (Layer("Reshape", {"target_shape": (6,)}), "Reshape((6,))"),
    "ReLU(6, negative_slope=.5)": (
        Layer("ReLU", {"max_value": 6, "negative_slope": 0.5}),
        "ReLU(max_value=6, negative_slope=0.5)",
    ),
    "TimeDistributed(Dense(5, 'relu'))": (
        Layer("TimeDistributed", {"layer": Layer("Dense", {"units": 5, "activation": "relu"})}),
        "TimeDistributed(Dense(5, activation='relu'))",
    ),
    "Bidirectional(TimeDistributed(Flatten), None)": (
        Layer(
            "Bidirectional",
            {"layer": Layer("TimeDistributed", {"layer": Layer("Flatten")}), "merge_mode": None},
        ),
        "Bidirectional(TimeDistributed(Flatten), merge_mode=None)",
    ),
    "RNN([GRUCell(2), LSTMCell(3)])": (
        Layer("RNN", {"cell": [Layer("GRUCell", {"units": 2}), Layer("LSTMCell", {"units": 3})]}),
        "RNN([GRUCell(2), LSTMCell(3)])",
    ),
    "EinsumDense('abc,cd->abd', (None, 4))": (
        Layer("EinsumDense", {"equation": "abc,cd->abd", "output_shape": (None, 4)}),
        "EinsumDense('abc,cd->abd', (None, 4))",
    ),
    "BatchNormalization(axis=[1, 2], dtype={'a': (1,)})": (
        Layer("BatchNormalization", {"axis": [1, 2]}),
        "BatchNormalization(axis=[1, 2])",
    ),
}


@pytest.mark.parametrize("text", LAYERS)
def test_layers(text: str) -> None:
    layer, written = LAYERS[text]
    spec = Spec.read(f"2,3 -> {text} -> Flatten")
    assert spec.layers == (layer, Layer("Flatten"))
    assert layer.write() == written
    assert spec.write() == f"2,3 -> {written} -> Flatten"
    assert Spec.read(spec.write()) == spec


def test_a_spec_put_together_by_hand() -> None:
    spec = Spec((4, None, 1), (Layer("Conv2D", {"filters": 8, "kernel_size": 2}), Layer("ReLU")))
    assert spec.write() == "4,?,1 -> Conv2D(8, 2) -> ReLU"
    assert spec.trace() == trace(spec.write())
    assert Spec((), (Layer("Flatten"),)).write() == "() -> Flatten"
    with pytest.raises(NotationError, match="no argument 'unit'") as caught:
        Spec((3,), (Layer("Dense", {"units": 2}), Layer("Dense", {"unit": 5}))).trace()
    assert "    3 -> Dense(2) -> Dense(unit=5)\n" in str(caught.value)


def test_names() -> None:
    found = trace("4,3 -> LSTM(2, return_sequences=True) -> Dense(3, name='b') -> Dense(3) -> ReLU")
    assert [layer.name for layer in found] == ["lstm", "b", "dense", "re_lu"]


def test_wrappers() -> None:
    found = trace("?,3 -> TimeDistributed(Dense(4)) -> Bidirectional(SimpleRNN(2))")
    assert [layer.outputs[0].shape for layer in found] == [(None, None, 4), (None, 4)]
    assert found.params == (3 + 1) * 4 + 2 * (4 + 2 + 1) * 2


ERRORS: dict[str, tuple[str, str]] = {
    "": ("expected '->' and a layer", " "),
    "4,5,1": ("expected '->' and a layer", " "),
    "4,5 - Dense(5)": ("expected '->' and a layer", " "),
    "-> Dense(5)": ("expected the shape of the input: whole numbers, None or ?, as 4,5,1", "-"),
    "4,,5 -> Dense(5)": (
        "expected the shape of the input: whole numbers, None or ?, as 4,5,1",
        ",",
    ),
    "4 5 -> Dense(5)": (
        "expected the shape of the input: whole numbers, None or ?, as 4,5,1",
        "4 5",
    ),
    "4,-5 -> Dense(5)": (
        "expected the shape of the input: whole numbers, None or ?, as 4,5,1",
        "-5",
    ),
    "4,5 → Dense(unit=5)": ("Dense has no argument 'unit'; did you mean 'units'?", "unit=5"),
    "4,5.0 -> Dense(5)": (
        "expected the shape of the input: whole numbers, None or ?, as 4,5,1",
        "5.0",
    ),
    "4,x -> Dense(5)": ("expected the shape of the input: whole numbers, None or ?, as 4,5,1", "x"),
    "4,² -> Dense(5)": ("expected the shape of the input: whole numbers, None or ?, as 4,5,1", "²"),
    "9999999999999999999 -> Flatten": (
        "expected the shape of the input: whole numbers, None or ?, as 4,5,1",
        "9999999999999999999",
    ),
    "(4,5 -> Dense(5)": ("'(' is never closed", "("),
    "4 ->": ("expected a layer", " "),
    "4 -> -> Dense(5)": ("expected a layer", "-"),
    "4 -> Dense(5": ("'(' is never closed", "("),
    "4 -> Dense(5 -> Flatten": ("'(' is never closed", "("),
    "4 -> Dense(5))": ("')' closes nothing", ")"),
    "4 -> Dense(5]": ("']' closes nothing", "]"),
    "4 -> Dense('5)": (
        "this is no layer: unterminated string",
        "'",
    ),
    "4 -> Dense(5 5)": ("this is no layer: invalid syntax", "5 5"),
    "4 -> Dense(5), Dense(3)": ("expected a layer, as Dense(5)", "D"),
    "4 -> 5": ("expected a layer, as Dense(5)", "5"),
    "4 -> Dense(5) # it": ("'#' is not part of the notation", "#"),
    "4 -> Dens(5)": ("Keras has no layer 'Dens'; did you mean 'Dense'?", "Dens"),
    "4 -> dense(5)": ("Keras has no layer 'dense'; did you mean 'Dense'?", "dense"),
    "4 -> Dense": ("Dense needs 'units', which is not given", "Dense"),
    "4 -> Dense(unit=5)": ("Dense has no argument 'unit'; did you mean 'units'?", "unit=5"),
    "4 -> Dense(5, relu)": ("'relu' is not known; a text is written in quotes: 'relu'", "relu"),
    "4 -> Dense(5, 'rel')": ("Keras has no activation 'rel'; did you mean 'relu'?", "'rel'"),
    "4 -> Dense(5, input_shape=(4,))": (
        "the shape of the input stands before the first '->'",
        "input_shape=(4,)",
    ),
    "4 -> Dense(*[5])": ("stars are not part of the notation", "*[5]"),
    "4 -> Dense(**{})": ("stars are not part of the notation", "**{}"),
    "4 -> Dense(x := 5)": (
        "expected a layer, a number, a text, or several of them in brackets",
        "x := 5",
    ),
    "4 -> keras.layers.Dense(5)": (
        "expected a layer, a number, a text, or several of them in brackets",
        "keras.layers.Dense(5)",
    ),
    "4 -> Dense(1 / 0)": ("this is not worked out: division by zero", "1 / 0"),
    "4 -> Dense(9 ** 9 ** 9)": ("this is not worked out: the number is too large", "9 ** 9 ** 9"),
    "4 -> Dropout(1e999)": ("the number is too large", "1e999"),
    "4 -> Dense(5, name='é', unit=1)": (
        "Dense has no argument 'unit'; did you mean 'units'?",
        "unit=1",
    ),
}


@pytest.mark.parametrize("text", ERRORS)
def test_errors_point_at_the_place(text: str) -> None:
    message, there = ERRORS[text]
    first, line, caret = said(text)
    assert first.startswith(message)
    assert line == f"    {text}"
    assert f"{line} "[caret.index("^") : len(caret)] == there


def test_errors_of_several_lines_say_which() -> None:
    lines = said("4,5,1\n-> Conv2D(8, 2)\n->  Conv2D(8,\n 2, strdes=3)")
    assert lines[0] == "line 4: Conv2D has no argument 'strdes'; did you mean 'strides'?"
    assert lines[1:] == ["     2, strdes=3)", "        ^^^^^^^^"]
    lines = said("4,5,1 ->\r\n\r\n  Conv2D(8, 9)", ShapeError)
    assert lines[0].startswith("line 3: layer 'conv2d' (Conv2D): ")
    assert lines[1:3] == ["      Conv2D(8, 9)", "      ^^^^^^^^^^^^"]


def test_errors_of_layers_that_do_not_fit() -> None:
    lines = said("4,5 -> Dense(3) -> Conv2D(8, 2)", ShapeError)
    assert lines[0].startswith("layer 'conv2d' (Conv2D): ")
    assert lines[2].index("^") == len("    4,5 -> Dense(3) -> ")
    lines = said("4 -> Lambda(None)", UnknownLayer)
    assert lines[0].startswith("layer 'lambda' (Lambda): ")
    lines = said("4 -> ReLU(name='a') -> ReLU(name='a')", ModelError)
    assert lines[0].startswith("two layers of the model are called 'a'")


HOSTILE = {
    "brackets": "4 -> Dense(" + "(" * 100_000,
    "many layers": "4" + "->Flatten" * 100_000,
    "layers in layers": "4 -> " + "TimeDistributed(" * 39 + "Dense(5)" + ")" * 39,
    "signs": "4 -> Dense(" + "-" * 500_000 + "5)",
    "sums": "4 -> Dense(" + "+".join(["1"] * 100_000) + ")",
    "powers": "4 -> Dense((10**18)**64)",
    "lists": "4 -> Dense([[0] * 9999] * 9999)",
    "texts": "4 -> Dense('a' * 9999 * 9999)",
    "too long": "4 -> Dense(5)" + " " * (1 << 20),
    "many sizes": ",".join(["4"] * 100_000) + " -> Flatten -> Dense(3)",
    "null": "4 -> Dense(\x00)",
    "surrogate": "4 -> Dense('\ud800')",
    "surrogates": "\ud800 -> \ud800",
    "digits": f"4 -> Dense({'9' * 10_000})",
    "escapes": "4 -> Dense('\\N{nothing}')",
    "call": "4 -> __import__('os').system('true')",
    "function": "4 -> Dense((lambda: 5)())",
    "comprehension": "4 -> Dense([x for x in y])",
    "format": "4 -> Dense('%1000000000d' % 5)",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_specs_are_errors(name: str) -> None:
    start = time.perf_counter()
    with pytest.raises(DenseShapesError) as caught:
        trace(HOSTILE[name])
    assert time.perf_counter() - start < 30  # it takes a second or two
    assert len(str(caught.value).encode()) < 3000


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        (QUESTION, True),
        ("(4, 5) -> Dense(5)", True),
        ("?,3->LSTM(5)", True),
        ("None,3\n-> LSTM(5)", True),
        ("4,x -> Dens(5)", True),
        ("-1 -> Dense(5)", True),
        ("-> Dense(5)", True),
        ("4,5,1", False),
        ("model.keras", False),
        ("4.keras", False),
        ("def build() -> Model:\n    return model", False),
        ("x: int = f(lambda: 4)  # 4 -> 5", False),
        ("", False),
    ],
)
def test_looks_like_spec(text: str, spec: bool) -> None:
    assert looks_like_spec(text) is spec


PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**18), 10**18),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5).filter(lambda text: not re.search("[\ud800-\udfff]", text)),
)
NESTED = st.recursive(
    PLAIN, lambda it: st.lists(it, max_size=3) | st.lists(it, max_size=3).map(tuple), max_leaves=5
)
FREE = ("mask_value", "rate", "function", "target_shape", "dims", "axes", "axis", "value_range")
"""Arguments of which any plain value can be read; whether a layer takes it is seen when it is called."""


@st.composite
def layers(draw: st.DrawFn) -> Layer:
    kind = draw(st.sampled_from([*arguments()]))
    about = arguments()[kind]
    counted = {name: draw(st.integers(1, 9)) for name in about.required if name not in FREE}
    free = [name for name in about.names if name in FREE]
    names = draw(st.permutations([*counted, *free]))
    return Layer(kind, {name: counted.get(name, draw(NESTED)) for name in names})


@given(
    st.lists(st.none() | st.integers(0, 10**17), max_size=4),
    st.lists(layers(), min_size=1, max_size=3),
)
def test_written_and_read_again(shape: list[Any], found: list[Layer]) -> None:
    spec = Spec(tuple(shape), tuple(found))
    assert Spec.read(spec.write()) == spec


fuzz = settings(max_examples=examples(300), suppress_health_check=[HealthCheck.too_slow])


def only_errors_of_ours(text: str) -> None:
    """Trace a text; whatever it is, it is a model or an error of this package."""
    try:
        trace(text)
    except DenseShapesError as error:
        str(error).encode()


@fuzz
@given(st.text())
def test_any_text(text: str) -> None:
    only_errors_of_ours(text)
    only_errors_of_ours(f"2,3 -> {text} -> Dense(5)")


@fuzz
@given(st.data())
def test_any_change_of_a_spec(data: st.DataObject) -> None:
    words = re.findall(r"->|\w+|.", f"{QUESTION} -> TimeDistributed(Dense(5, 'relu'), name='a')")
    change = st.sampled_from([*words, *RULES, "None", "-", "\n", "#", "*", "'", "1e9", "[]", "{}"])
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(words)))
        stop = min(len(words), start + data.draw(st.integers(0, 2)))
        words[start:stop] = data.draw(st.lists(change | st.text(max_size=2), max_size=2))
    only_errors_of_ours("".join(words))
