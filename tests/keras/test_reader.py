"""Graphs of every kind, read from live Keras models; conftest.py builds them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import keras
import numpy as np
import pytest

import dense_shapes as ds
from dense_shapes.readers.keras import kind_of
from dense_shapes.tables import COLUMNS

layers = keras.layers
Build = Callable[[str], Any]


def count(variables: Any) -> int:
    return sum(int(np.prod(one.shape)) for one in variables)


def test_totals_are_those_of_keras(any_model: Any) -> None:
    trace = ds.trace(any_model)
    assert trace.params == any_model.count_params()
    assert trace.trainable_params == count(any_model.trainable_weights)
    assert trace.non_trainable_params == count(any_model.non_trainable_weights)
    total, trained, not_trained = str(ds.summary(trace)).split("Total params: ")[1].split("\n")[:3]
    assert total == f"{any_model.count_params():,}"
    assert trained == f"Trainable params: {count(any_model.trainable_weights):,}"
    assert not_trained == f"Non-trainable params: {count(any_model.non_trainable_weights):,}"


def test_rows_are_the_operations_of_keras(any_model: Any) -> None:
    graph: Any = getattr(any_model, "_functional", any_model)
    operations = {one.name: one for one in graph.operations}
    calls = {layer.name: 0 for layer in ds.trace(any_model)}
    for layer in ds.trace(any_model):
        calls[layer.name] += 1
        operation = operations[layer.name]
        assert layer.kind == kind_of(operation)
        assert layer.number == calls[layer.name]
        if isinstance(operation, keras.Layer):
            assert layer.params == operation.count_params()
    hidden = [one.name for one in graph.operations if isinstance(one, layers.InputLayer)]
    if not isinstance(any_model, keras.Sequential):  # whose input Keras does not list
        hidden = []
    assert sorted(calls) == sorted(name for name in operations if name not in hidden)


def test_rows_stand_in_the_order_of_keras(any_model: Any) -> None:
    """A table that is compared with `model.summary()` is read line by line."""
    graph: Any = getattr(any_model, "_functional", any_model)
    rows = list(dict.fromkeys(layer.name for layer in ds.trace(any_model)))
    assert rows == [one.name for one in graph.operations if one.name in rows]


def test_shapes_are_those_of_keras(any_model: Any) -> None:
    trace = ds.trace(any_model)
    inputs = [tuple(one.shape) for one in keras.tree.flatten(any_model.inputs)]
    assert [value.shape for value in trace.inputs] == inputs
    outputs = [
        trace.inputs[number] if place < 0 else trace[place].outputs[number]
        for place, number in trace.outputs
    ]
    expected = [tuple(one.shape) for one in keras.tree.flatten(any_model.outputs)]
    assert [value.shape for value in outputs] == expected


def test_sources_come_first_and_have_the_shape(any_model: Any) -> None:
    trace = ds.trace(any_model)
    for here, layer in enumerate(trace):
        assert len(layer.sources) == len(layer.inputs)
        for (place, number), value in zip(layer.sources, layer.inputs, strict=True):
            assert place < here
            source = trace.inputs if place < 0 else trace[place].outputs
            assert source[number].shape == value.shape


def test_json_and_back(any_model: Any) -> None:
    trace = ds.trace(any_model)
    again = ds.from_json(ds.to_json(trace))
    assert again == trace
    assert ds.to_json(again) == ds.to_json(trace)
    for expand in (True, False):
        assert str(ds.summary(again, expand_nested=expand)) == str(
            ds.summary(trace, expand_nested=expand)
        )


def test_same_trace_twice(any_model: Any) -> None:
    assert ds.trace(any_model) == ds.trace(any_model)


def test_every_view_of_every_layer(any_model: Any) -> None:
    trace = ds.trace(any_model)
    for expand in (True, False):
        table = ds.summary(trace, columns=list(COLUMNS), expand_nested=expand)
        for view in ("text", "markdown", "html"):
            assert table.to(view)
    for layer in (*trace, *trace.calls):
        ElementTree.fromstring(ds.draw(layer).to("svg"))
        for shown in (ds.draw(layer), ds.explain(layer)):
            for view in ("text", "markdown", "html"):
                assert shown.to(view)


def test_every_claim_holds(any_model: Any) -> None:
    assert str(ds.verify(any_model)).endswith("Every claim holds.")


def test_shared_layer(build: Build) -> None:
    model = build("shared_layer")
    trace = ds.trace(model)
    assert [layer.label for layer in trace] == ["input_layer", "dense", "dense#2"]
    assert trace["dense"].params == trace["dense#2"].params == (3 + 1) * 3
    assert trace.params == model.count_params() == 12
    assert trace["dense"].weights == trace["dense#2"].weights == trace.weights
    assert trace.macs == 2 * (4 * 3 * 3)  # each call is work, though the weights are one set
    text = str(ds.summary(trace))
    assert "dense#2" in text
    assert "Total params: 12\n" in text


def test_shared_layer_on_other_sizes(build: Build) -> None:
    trace = ds.trace(build("shared_layer_on_other_sizes"))
    shapes = {layer.label: layer.outputs[0].shape for layer in trace if layer.kind == "Conv2D"}
    assert shapes == {"conv": (None, 4, 4, 2), "conv#2": (None, 3, 2, 2)}
    assert trace.params == (3 * 3 * 1 + 1) * 2


def test_nested_model(build: Build) -> None:
    model = build("nested")
    trace = ds.trace(model)
    assert [layer.label for layer in trace] == ["block", "dense"]
    assert trace["block"].params == model.get_layer("block").count_params() == (4 + 1) * 3 + 4 * 2
    assert trace["block/dense"].outputs[0].shape == (None, 3)
    assert trace["dense"].outputs[0].shape == (None, 1)
    with pytest.raises(ds.UnknownLayer, match="ask one of its own layers"):
        ds.explain(trace["block"], cell=(0,))
    assert '<rect class="closed"' in ds.draw(trace["block"]).to("svg")


def test_nested_model_called_twice(build: Build) -> None:
    model = build("nested_twice")
    trace = ds.trace(model)
    assert [layer.label for layer in trace][1:] == ["block", "block#2", "flatten"]
    # inside, the size is known that the block left open
    assert trace["block/dense"].outputs[0].shape == (None, 5, 4)
    assert trace["block#2/dense"].outputs[0].shape == (None, 5, 4)
    assert trace.params == model.count_params() == (4 + 1) * 4
    told = str(ds.explain(trace["block#2/dense"], cell=(4, 0)))
    assert "output[4, 0] = input[4, 0] × kernel[0, 0]" in told


def test_layers_of_one_name_in_several_models_are_not_confused(build: Build) -> None:
    trace = ds.trace(build("nested_in_nested"))
    formulas = {
        name: trace[name].formula for name in ("dense", "middle/dense", "middle/inner/dense")
    }
    assert formulas == {
        "dense": "(3 + 1) × 1",
        "middle/dense": "(4 + 1) × 3",
        "middle/inner/dense": "(3 + 1) × 4",
    }
    assert trace.params == (3 + 1) * 1 + (4 + 1) * 3 + (3 + 1) * 4
    assert trace["middle#2/inner/dense"].weights == trace["middle/inner/dense"].weights
    assert len({layer.weights for layer in trace.calls if layer.kind == "Dense"}) == 3


def test_expand_nested(build: Build) -> None:
    trace = ds.trace(build("nested_in_nested"))
    folded = str(ds.summary(trace)).splitlines()
    unfolded = str(ds.summary(trace, expand_nested=True)).splitlines()
    assert [line.split("  ")[0] for line in folded[4:-4]] == [
        "input_layer_2",
        "middle",
        "middle#2",
        "dense",
    ]
    body = [line[: len(line) - len(line.lstrip())] + line.split()[0] for line in unfolded[4:-4]]
    block = ["  input_layer_1", "  inner", "    dense", "  dense"]
    assert body == ["input_layer_2", "middle", *block, "middle#2", *block, "dense"]
    assert folded[-3:] == unfolded[-3:]


def test_frozen_layer(build: Build) -> None:
    model = build("frozen_layer")
    trace = ds.trace(model)
    frozen = (3 + 1) * 4
    assert trace["frozen"].params == frozen
    assert trace["frozen"].trainable_params == 0
    assert trace.non_trainable_params == frozen + 2 * 2  # two of the four weights of the last layer
    model.get_layer("frozen").trainable = True
    assert ds.trace(model)["frozen"].trainable_params == frozen
    assert trace["frozen"].trainable_params == 0  # a trace is a value: it does not change


def test_frozen_block(build: Build) -> None:
    trace = ds.trace(build("frozen_block"))
    assert trace["block"].trainable_params == 0
    assert trace.trainable_params == (4 + 1) * 2


def test_branches(build: Build) -> None:
    trace = ds.trace(build("branches"))
    names = [layer.label for layer in trace]
    sources = {
        layer.label: [names[place] if place >= 0 else "input" for place, _ in layer.sources]
        for layer in trace
    }
    assert sources == {
        "x": [],
        "a": ["input"],
        "b": ["input"],
        "add": ["a", "b"],
        "join": ["a", "add", "a"],
        "dot": ["a", "b"],
    }
    assert [names[place] for place, _ in trace.outputs] == ["join", "b", "dot"]
    assert not any(layer.opaque for layer in trace)
    assert trace["join"].outputs[0].shape == (None, 2, 12)
    assert trace.macs == 2 * (2 * 3 * 4) + 4 * 4 * 2  # two Dense, and a sum of 2 for each of 4 × 4


def test_tied_weights_are_counted_once(build: Build) -> None:
    model = build("tied_weights")
    assert ds.trace(model).params == model.count_params() == (3 + 1) * 3


def test_models_that_share_a_layer_do_not_disturb_each_other() -> None:
    shared = layers.Dense(3, name="shared")
    one = keras.Sequential([keras.Input((4, 5)), shared, layers.Flatten()], name="one")
    before = ds.trace(one)
    x = keras.Input((7, 2, 5))
    other = keras.Model(x, shared(shared(x)[..., :1] * np.ones(5, "float32")), name="other")
    after = ds.trace(other)
    assert ds.trace(one) == before
    assert [layer.label for layer in before] == ["shared", "flatten"]
    assert before["shared"].outputs[0].shape == (None, 4, 3)
    assert after["shared#2"].outputs[0].shape == (None, 7, 2, 3)
    assert before.params == after.params == (5 + 1) * 3
    shared(keras.Input((1, 5)))  # a call that is in no model
    assert ds.trace(one) == before
    assert ds.trace(other) == after


def test_odd_names(build: Build) -> None:
    trace = ds.trace(build("odd_names"))
    for layer in trace:
        assert trace[layer.name] is layer
        text, svg = str(ds.summary(trace)), ElementTree.fromstring(ds.draw(layer).to("svg"))
        assert layer.name in text
        assert repr(layer.name) in (svg.get("aria-label") or "")
    assert "<i>]]>&" in str(ds.summary(trace))


def test_names_are_no_markup(build: Build) -> None:
    """A name goes into a page as text, whatever it is made of."""
    trace = ds.trace(build("odd_names"))
    pages = [ds.summary(trace).to("html")]
    for layer in trace:
        pages += [ds.draw(layer).to("html"), ds.draw(layer).to("svg"), ds.explain(layer).to("html")]
    for page in pages:
        tags: list[str] = []
        parser = HTMLParser()
        parser.handle_starttag = lambda tag, attrs, tags=tags: tags.append(tag)  # type: ignore[method-assign,misc]
        parser.feed(page)
        assert tags
        assert "i" not in tags
        assert tags.count("script") in ((0, 2) if "figure" in tags else (0,))  # ours, and its data


@contextmanager
def recursion_limit(limit: int) -> Iterator[None]:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(limit)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def test_thousand_layers() -> None:
    inputs = x = keras.Input((2,))
    for _ in range(1000):
        x = layers.Dense(2)(x)
    with recursion_limit(20_000):  # Keras itself needs it, to build such a model
        model = keras.Model(inputs, x)
    trace = ds.trace(model)
    assert len(trace) == 1001
    assert trace.params == 1000 * (2 + 1) * 2
    assert trace.macs == 1000 * 2 * 2
    assert ds.from_json(ds.to_json(trace)) == trace
    assert "Total params: 6,000" in str(ds.summary(trace))
    assert len(trace["dense_999"].sources) == 1


def test_many_calls_of_one_layer() -> None:
    dense = layers.Dense(2, name="dense")
    inputs = x = keras.Input((2,))
    for _ in range(50):
        x = dense(x)
    trace = ds.trace(keras.Model(inputs, x))
    assert [layer.number for layer in trace if layer.kind == "Dense"] == list(range(1, 51))
    assert trace.params == (2 + 1) * 2
    assert trace["dense#50"].sources == ((49, 0),)
