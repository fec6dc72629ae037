"""Random functional graphs: live, from their file, from their JSON, and from their code, against Keras."""

from __future__ import annotations

from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import dense_shapes as ds
from dense_shapes.axes import compatible
from dense_shapes.readers import archive, source
from dense_shapes.readers.keras import kind_of
from dense_shapes.readers.keras import trace as live_trace
from tests.keras.programs import Program, programs
from tests.keras.test_archive import check_same
from tests.profiles import examples

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # of softmax over one unit

graphs = settings(suppress_health_check=list(HealthCheck))


def sizes(weights: Any) -> int:
    return sum(prod(it.shape) for it in weights)


def nodes_of(model: Any) -> dict[str, list[Any]]:
    """The calls of each layer in a model of Keras, in order."""
    graph = getattr(model, "_functional", model)
    held = {id(node) for nodes in graph._nodes_by_depth.values() for node in nodes}
    every = {it.name: [n for n in it._inbound_nodes if id(n) in held] for it in graph.operations}
    if isinstance(model, keras.Sequential):  # Keras does not list its input among its layers
        every = {name: nodes for name, nodes in every.items() if not nodes[0].is_input}
    return every


def compare(trace: ds.Trace, model: Any) -> None:
    """Every call as Keras has it, those in nested models too; and the totals."""
    nodes = nodes_of(model)
    calls = {label(name, n) for name, held in nodes.items() for n in range(len(held))}
    assert {layer.label for layer in trace} == calls
    for layer in trace:
        node = nodes[layer.name][layer.number - 1]
        operation = node.operation
        assert layer.kind == kind_of(operation)
        assert not layer.note
        assert not layer.opaque or layer.kind == "LSTM"  # what a carry reads is not always said
        for ours, theirs in ((layer.inputs, node.input_tensors), (layer.outputs, node.outputs)):
            shapes = [tuple(it.shape) for it in theirs]
            assert all(map(compatible, [it.shape for it in ours], shapes))
            assert len(ours) == len(shapes)
        weights = getattr(operation, "weights", [])
        assert [(it.shape, it.trainable) for it in layer.weights] == [
            (tuple(it.shape), it.trainable) for it in weights
        ]
        assert layer.params == sizes(weights)
        if layer.inner:
            compare(layer.inner, operation)
    assert trace.params == model.count_params() == sizes(model.weights)
    assert trace.trainable_params == sizes(model.trainable_weights)
    assert trace.non_trainable_params == sizes(model.non_trainable_weights)


def label(name: str, number: int) -> str:
    """What the call of a layer with this number, from 0, is called."""
    return f"{name}#{number + 1}" if number else name


def compare_run(trace: ds.Trace, model: Any) -> None:
    """What the model gives when it runs."""
    if any(None in value.shape[1:] for value in trace.inputs):
        return  # what is as long as something else while it is not known may be longer in the end
    known = [(3, *(it or 0 for it in value.shape[1:])) for value in trace.inputs]
    given = [np.zeros(shape, "float32") for shape in known]
    outputs = keras.tree.flatten(model(given if len(given) > 1 else given[0]))
    shapes = [tuple(it.shape) for it in outputs]
    ours = ds.trace(model, input_shape=[shape[1:] for shape in known])
    claimed = [ours.inputs[n] if at < 0 else ours[at].outputs[n] for at, n in ours.outputs]
    assert [(3, *it.shape[1:]) for it in claimed] == shapes


def check(code: str, model: Any) -> None:
    """Read a model in all four ways, and compare what is read with Keras and with each other."""
    live = live_trace(model)
    compare(live, model)
    compare_run(live, model)
    with TemporaryDirectory() as folder:
        path = Path(folder, "model.keras")
        model.save(path)
        check_same(archive.trace(path), live)
    check_same(archive.read_text(model.to_json()), live)
    check_same(source.trace(code), live)


@settings(graphs, max_examples=examples(15))
@given(programs().filter(lambda program: len(program.lines) < 12))
def test_every_claim_about_a_random_graph(program: Program) -> None:
    """What each cell reads is what moves when it is changed, and the values follow."""
    assert "Every claim holds." in str(ds.verify(program.names["model"]))


@settings(graphs, max_examples=examples(100))
@given(programs())
def test_a_random_graph(program: Program) -> None:
    check(program.code, program.names["model"])


FOUND = {
    "trainable=False is not handed on to the layers in a layer": """
        frozen = layers.LSTMCell(3)
        frozen.trainable = False
        x = keras.Input((4, 5))
        cells = [layers.LSTMCell(3, trainable=False), layers.GRUCell(2)]
        backward = layers.GRU(3, go_backwards=True)
        inner = layers.TimeDistributed(layers.Dense(3), trainable=False)
        given = [
            layers.RNN(cells, return_sequences=True)(x),
            layers.RNN(frozen)(x),
            layers.TimeDistributed(layers.Dense(2), trainable=False)(x),
            layers.MultiHeadAttention(2, 3, trainable=False)(x, x),
            layers.Bidirectional(layers.LSTM(3, trainable=False), backward_layer=backward)(x),
            layers.Bidirectional(layers.LSTM(3), trainable=False)(x),
            layers.TimeDistributed(inner)(x[..., None]),
            layers.SpectralNormalization(layers.Dense(3), trainable=False)(x),
        ]
        model = keras.Model(x, given)
    """,
    "it is handed on when it is set": """
        both, each = layers.Bidirectional(layers.LSTM(3)), layers.TimeDistributed(layers.Dense(2))
        both.trainable = False
        x = keras.Input((4, 5))
        model = keras.Model(x, [both(x), each(x)])
        each.trainable = False
    """,
}


@pytest.mark.parametrize("what", FOUND)
def test_what_was_found(what: str) -> None:
    code = f"import keras\nfrom keras import layers\n{dedent(FOUND[what])}"
    names: dict[str, Any] = {}
    exec(code, names)
    check(code, names["model"])
