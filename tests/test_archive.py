"""Saved models are read without a framework: hand-written files, old ones, and hostile ones."""

from __future__ import annotations

import json
import marshal
import os
import subprocess
import sys
import zipfile
from base64 import b64encode
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dense_shapes
from dense_shapes.errors import (
    DenseShapesError,
    FormatError,
    ModelError,
    ShapeError,
    UnknownLayer,
)
from dense_shapes.readers import archive, fields, saved, wiring
from dense_shapes.records import to_json
from dense_shapes.rules import RULES, arguments
from tests.models import MODEL_A

PACKAGE = Path(dense_shapes.__file__).parent
Record = dict[str, Any]


# Files, written by hand as Keras writes them


def tensor(name: str, call: int = 0, output: int = 0, shape: Any = (None, 4)) -> Record:
    config = {"shape": shape, "dtype": "float32", "keras_history": [name, call, output]}
    return {"class_name": "__keras_tensor__", "config": config}


def layer(kind: str, name: str, *calls: Any, module: Any = "keras.layers", **config: Any) -> Record:
    """A layer; each call is its arguments in a list, or (arguments, keywords)."""
    nodes = [it if isinstance(it, tuple) else (it, {}) for it in calls]
    return {
        "module": module,
        "class_name": kind,
        "config": {"name": name, **config},
        "registered_name": None,
        "name": name,
        "inbound_nodes": [{"args": args, "kwargs": kwargs} for args, kwargs in nodes],
    }


def start(name: str = "x", *shape: Any) -> Record:
    return layer("InputLayer", name, batch_shape=[None, *(shape or (4,))])


def functional(
    layers: list[Any], outputs: Any, inputs: Any = ("x", 0, 0), *calls: Any, name: str = "model"
) -> Record:
    ends = {"layers": layers, "input_layers": inputs, "output_layers": outputs}
    return layer("Functional", name, *calls, module="keras.src.models.functional", **ends)


def sequential(*layers: Record, name: str = "model", **config: Any) -> Record:
    return layer("Sequential", name, module="keras", layers=list(layers), **config)


def old(kind: str, name: str, *calls: Any, **config: Any) -> Record:
    """A layer as Keras 2 wrote it."""
    record = {"class_name": kind, "config": {"name": name, **config}, "name": name}
    return {**record, "inbound_nodes": list(calls)}


def read(record: Any) -> dense_shapes.Trace:
    return archive.read_text(json.dumps(record))


def outcome(thing: Any) -> dense_shapes.Trace | str:
    """The trace, or what an error of ours says; any other error is a mistake."""
    try:
        return archive.trace(thing) if isinstance(thing, Path) else read(thing)
    except DenseShapesError as error:
        return str(error)


def packed(path: Path, text: str, **options: Any) -> Path:
    with zipfile.ZipFile(path, "w", **options) as file:
        file.writestr("metadata.json", '{"keras_version": "3.15.1"}')
        file.writestr("config.json", text)
        file.writestr("model.weights.h5", b"\x89HDF\r\n\x1a\n")
    return path


CONVOLUTIONS = (
    layer("Conv2D", "conv2d", filters=8, kernel_size=[2, 2], activation="relu"),
    layer("Conv2D", "conv2d_1", filters=1, kernel_size=[2, 2]),
)
HEAD = (layer("Dense", "dense", units=5), layer("Dense", "dense_1", units=1))
A = sequential(start("x", 4, 5, 1), *CONVOLUTIONS, layer("Flatten", "flatten"), *HEAD)
B = sequential(start("x", 4, 5, 1), *CONVOLUTIONS, *HEAD)
DENSE = layer("Dense", "d", [tensor("x")], units=3)
PLAIN = functional([start(), DENSE], ["d", 0, 0])


# What is read


def test_the_model_of_the_question() -> None:
    a, b = read(A), read(B)
    assert [it.outputs[0].shape for it in a] == [
        *((None, 3, 4, 8), (None, 2, 3, 1), (None, 6)),
        *((None, 5), (None, 1)),
    ]
    assert [it.params for it in a] == [40, 33, 0, 35, 6]
    assert (a.params, b.params) == (114, 89)
    assert b["dense"].outputs[0].shape == (None, 2, 3, 5)
    assert b["dense"].signatures == ("... in -> ... out",)


def test_every_way_in(tmp_path: Path) -> None:
    expected, text = read(A), json.dumps(A)
    bare = tmp_path / "config.json"
    bare.write_text(text)
    marked = tmp_path / "marked.json"
    marked.write_text(text, "utf-8-sig")
    stored = packed(tmp_path / "stored.keras", text)
    deflated = packed(tmp_path / "small.keras", text, compression=zipfile.ZIP_DEFLATED)
    for path in (bare, marked, stored, deflated, str(stored)):
        assert archive.trace(path) == expected
    ours = tmp_path / "trace.json"
    ours.write_text(to_json(MODEL_A), "utf-8")
    assert archive.trace(ours) == archive.read_text(to_json(MODEL_A)) == MODEL_A


def test_a_functional_model_lists_its_input() -> None:
    trace = read(PLAIN)
    assert [(it.name, it.kind) for it in trace] == [("x", "InputLayer"), ("d", "Dense")]
    assert trace["d"].sources == ((-1, 0),)
    assert trace.params == (4 + 1) * 3


def test_shared_layer() -> None:
    shared = layer("Dense", "d", [tensor("x")], [tensor("d")], units=4)
    trace = read(functional([start(), shared], ["d", 1, 0]))
    assert [it.label for it in trace] == ["x", "d", "d#2"]
    assert trace.outputs == ((2, 0),)
    assert trace.params == (4 + 1) * 4


def test_layers_may_stand_in_any_order() -> None:
    chain = [
        layer("Dense", f"d{n}", [tensor(f"d{n - 1}" if n else "x")], units=4) for n in range(9)
    ]
    one, other = (
        read(functional([start(), *layers], ["d8", 0, 0])) for layers in (chain, chain[::-1])
    )
    assert one == other
    assert [it.name for it in one] == ["x", *(f"d{n}" for n in range(9))]


@pytest.mark.parametrize(
    ("inputs", "outputs", "first", "last"),
    [
        ([["x", 0, 0], ["y", 0, 0]], [["e", 0, 0], ["d", 0, 0]], 4, 6),
        ([["y", 0, 0], ["x", 0, 0]], [["d", 0, 0], ["e", 0, 0]], 5, 3),
        ({"b": ["x", 0, 0], "a": ["y", 0, 0]}, {"z": ["d", 0, 0], "k": ["e", 0, 0]}, 5, 6),
        ({"a": [["x", 0, 0]], "b": {"c": ["y", 0, 0]}}, [[["e", 0, 0]], ["d", 0, 0]], 4, 6),
    ],
)
def test_several_inputs_and_outputs(inputs: Any, outputs: Any, first: int, last: int) -> None:
    e = layer("Dense", "e", [tensor("y", shape=[None, 5])], units=6)
    trace = read(functional([start(), start("y", 5), DENSE, e], outputs, inputs))
    assert trace.inputs[0].shape == (None, first)
    place, _ = trace.outputs[0]
    assert trace[place].outputs[0].shape == (None, last)


def test_several_inputs_of_a_layer() -> None:
    a = layer("Dense", "a", [tensor("x")], units=2)
    b = layer("Dense", "b", [tensor("x")], units=3)
    both = layer("Concatenate", "c", [[tensor("b", shape=[None, 3]), tensor("a", shape=[None, 2])]])
    trace = read(functional([start(), a, b, both], ["c", 0, 0]))
    assert [it.shape for it in trace["c"].inputs] == [(None, 3), (None, 2)]
    assert trace["c"].outputs[0].shape == (None, 3 + 2)


def test_tensors_by_name() -> None:
    x, y = tensor("x", shape=[None, 5, 4]), tensor("y", shape=[None, 7, 4])
    given = {"query": x, "value": y, "use_causal_mask": False}
    attention = layer("MultiHeadAttention", "a", ([], given), num_heads=2, key_dim=3)
    inputs = [["x", 0, 0], ["y", 0, 0]]
    trace = read(functional([start("x", 5, 4), start("y", 7, 4), attention], ["a", 0, 0], inputs))
    assert trace["a"].outputs[0].shape == (None, 5, 4)
    # queries, keys and values of 2 heads of 3 each, and back
    assert trace.params == 3 * (4 + 1) * 2 * 3 + (2 * 3 + 1) * 4


def test_operations() -> None:
    part = {"start": 1, "stop": None, "step": None}
    key = [
        {"class_name": "__ellipsis__", "config": {}},
        {"class_name": "__slice__", "config": part},
    ]
    module = "keras.src.ops.numpy"
    get = layer("GetItem", "get_item", [tensor("x"), key], module=module)
    add = layer("ExpandDims", "more", [tensor("get_item", shape=[None, 3])], module=module, axis=1)
    trace = read(functional([start(), get, add], ["more", 0, 0]))
    assert [it.kind for it in trace] == ["InputLayer", "ops.get_item", "ops.expand_dims"]
    assert [it.outputs[0].shape for it in trace] == [(None, 4), (None, 3), (None, 1, 3)]


def test_arguments_as_keras_was_given_them() -> None:
    part = {"start": 1, "stop": None, "step": -2}
    node = {
        "args": [
            [{"class_name": "__slice__", "config": part}, {"class_name": "__ellipsis__"}],
            2.5,
        ],
        "kwargs": {"a": {"b": tensor("x", 1, 2, [None, 3])}, "c": [None, True, "text"]},
    }
    args, kwargs = fields.arguments_of(node, lambda ref: ref, {"x"}, "a call")
    assert args == [[slice(1, None, -2), ...], 2.5]
    assert kwargs == {"a": {"b": ("x", 1, 2, (None, 3))}, "c": [None, True, "text"]}


@pytest.mark.parametrize("name", ["__tensor__", "__numpy__", "DTypePolicy"])
def test_a_call_with_more_than_plain_data_is_opaque(name: str) -> None:
    constant = {"class_name": name, "config": {"value": [1.0], "dtype": "float32"}}
    add = layer("Add", "add", [tensor("x"), constant], module="keras.src.ops.numpy")
    after = layer("Dense", "d", [tensor("add")], units=3)
    trace = read(functional([start(), add, after], ["d", 0, 0]))
    assert "beside its inputs" in trace["add"].opaque
    assert trace["add"].outputs[0].shape == (None, 4)
    assert trace.params == (4 + 1) * 3  # an operation has no weights


def test_nested_models() -> None:
    inner = layer("Dense", "d", [tensor("x", shape=[None, None, 4])], units=4)
    ends = [start("x", None, 4), inner], ["d", 0, 0], ["x", 0, 0]
    calls = [[tensor("x", shape=[None, 5, 4])], [tensor("block", shape=[None, 5, 4])]]
    block = functional(*ends, *calls, name="block")
    after = layer("Flatten", "flat", [tensor("block", 1, shape=[None, 5, 4])])
    outputs = [
        ["flat", 0, 0],
        ["block", 2, 0],
    ]  # where a model ends, a functional one counts from 1
    trace = read(functional([start("x", 5, 4), block, after], outputs))
    assert [it.label for it in trace] == ["x", "block", "block#2", "flat"]
    assert trace["block#2/d"].outputs[0].shape == (None, 5, 4)
    assert trace["flat"].outputs[0].shape == (None, 20)
    assert trace.outputs == ((3, 0), (2, 0))
    assert trace.params == (4 + 1) * 4
    assert dense_shapes.from_json(to_json(trace)) == trace


def test_layers_of_one_name_in_several_models_have_weights_of_their_own() -> None:
    def block(name: str, *layers: Record) -> Record:
        last = layers[-1]["name"] if layers else "x"
        dense = layer("Dense", "d", [tensor(last)], units=4)
        return functional(
            [start(), *layers, dense], ["d", 0, 0], ["x", 0, 0], [tensor("x")], name=name
        )

    trace = read(block("outer", block("middle", block("inner"))))
    assert trace.params == 3 * (4 + 1) * 4
    assert {it.path for it in trace.weights} == {
        *("d/kernel", "d/bias", "middle/d/kernel", "middle/d/bias"),
        *("middle/inner/d/kernel", "middle/inner/d/bias"),
    }
    assert dense_shapes.from_json(to_json(trace)) == trace


def test_inputs_of_a_nested_model_by_name() -> None:
    """A dictionary is matched by the names of the inputs, however its keys are sorted."""
    wide = layer("Dense", "w", [tensor("b", shape=[None, 3])], units=2)
    narrow = layer("Dense", "n", [tensor("a", shape=[None, 5])], units=7)
    layers = [start("b", 3), start("a", 5), wide, narrow]
    given = {"a": tensor("y", shape=[None, 5]), "b": tensor("x", shape=[None, 3])}
    block = functional(
        layers, [["w", 0, 0], ["n", 0, 0]], [["b", 0, 0], ["a", 0, 0]], [given], name="block"
    )
    outputs, inputs = [["block", 1, 0], ["block", 1, 1]], [["x", 0, 0], ["y", 0, 0]]
    trace = read(functional([start("x", 3), start("y", 5), block], outputs, inputs))
    assert [it.shape for it in trace["block"].outputs] == [(None, 2), (None, 7)]


@pytest.mark.parametrize(
    "place",
    [
        {"build_input_shape": [None, 2, 3, 1]},
        {"build_config": {"input_shape": [None, 2, 3, 1]}},
        {"batch_input_shape": [None, 2, 3, 1]},
        {"build_input_shape": {"class_name": "TensorShape", "items": [None, 2, 3, 1]}},
    ],
)
def test_where_a_sequential_model_has_its_input_shape(place: Record) -> None:
    dense = layer("Dense", "dense", units=5)
    record = sequential(dense)
    if "batch_input_shape" in place:
        dense["config"] |= place
    elif "build_config" in place:
        record |= place
    else:
        record["config"] |= place
    assert read(record)["dense"].outputs[0].shape == (None, 2, 3, 5)


@pytest.mark.parametrize("record", [sequential(*HEAD), sequential(start()), sequential()])
def test_a_sequential_model_that_is_not_built(record: Record) -> None:
    with pytest.raises(ModelError, match="the file has no input_shape"):
        read(record)


def test_what_is_not_trained() -> None:
    wrapped = layer("Dense", "inner", units=2, trainable=False)
    trace = read(
        sequential(
            start("x", 5, 4),
            layer("Dense", "frozen", units=4, trainable=False),
            layer("TimeDistributed", "each", layer=wrapped, trainable=True),
            layer("Dense", "free", units=3, trainable=True),
        )
    )
    assert trace.trainable_params == (2 + 1) * 3
    assert trace.non_trainable_params == (4 + 1) * 4 + (4 + 1) * 2


# Layers that are used in several places


def numbered(record: Record, number: int) -> Record:
    return {**record, "shared_object_id": number}


def test_a_numbered_layer_is_counted_once() -> None:
    blocks = [
        sequential(start(), numbered(layer("Dense", "d", units=4), 7), name=name)
        for name in ("one", "two")
    ]
    assert read(sequential(start(), *blocks)).params == (4 + 1) * 4
    for block in blocks:
        del block["config"]["layers"][1]["shared_object_id"]
    assert read(sequential(start(), *blocks)).params == 2 * (4 + 1) * 4


def test_keras_loses_the_number_of_the_first_use_inside_a_nested_model() -> None:
    dense = layer("Dense", "d", units=4)
    other = layer("Dense", "d", units=4, use_bias=False)
    block = sequential(start(), dense, name="block")
    assert read(sequential(start(), block, numbered(dense, 7))).params == (4 + 1) * 4
    assert read(sequential(start(), block, numbered(other, 7))).params == (4 + 1) * 4 + 4 * 4


@pytest.mark.parametrize("first", ["wrapper", "layer"])
def test_a_layer_that_is_also_in_a_wrapper(first: str) -> None:
    dense = layer("Dense", "d", units=4)
    each = layer("TimeDistributed", "each", layer=dense)
    alone = numbered(dense, 7)
    if first == "layer":
        each, alone = layer("TimeDistributed", "each", layer=alone), dense
    layers = (each, alone) if first == "wrapper" else (alone, each)
    trace = read(sequential(start("x", 5, 4), *layers))
    assert trace.params == (4 + 1) * 4


# Layers that no rule describes


def test_nothing_is_known_of_a_class_of_another_module() -> None:
    for module in ("mine", None, "kerasx.layers", "os"):
        mine = layer("Dense", "m", [tensor("x")], module=module, units=9)
        after = layer("Dense", "d", [tensor("m", shape=[None, 6])], units=3)
        trace = read(functional([start(), mine, after], ["d", 0, 0]))
        assert trace["m"].opaque == "Dense is not a layer of Keras itself"
        assert trace["m"].outputs[0].shape == (None, 6)
        assert trace["m"].params is trace.params is None
        assert trace["d"].params == (6 + 1) * 3


def test_a_registered_class_is_none_of_keras() -> None:
    mine = {**layer("Dense", "m", [tensor("x")], units=9), "registered_name": "mine>Dense"}
    after = layer("Dense", "d", [tensor("m", shape=[None, 6])], units=3)
    assert read(functional([start(), mine, after], ["d", 0, 0]))["m"].opaque


def test_an_opaque_layer_in_a_sequential_model() -> None:
    mine = layer("Mine", "m", module="mine")
    after = {**layer("Dense", "d", units=3), "build_config": {"input_shape": [None, 6]}}
    assert read(sequential(start(), mine, after))["m"].outputs[0].shape == (None, 6)
    with pytest.raises(UnknownLayer, match=r"'m' .*is not written down; load the model"):
        read(sequential(start(), mine, numbered(after, 7)))  # it may have been built elsewhere


def test_an_opaque_layer_inside_a_nested_model() -> None:
    mine = layer("Mine", "m", module="mine")
    after = {**layer("Dense", "d", units=3), "build_config": {"input_shape": [None, 6]}}
    block = sequential(start(), mine, after, name="block")
    trace = read(sequential(start(), block, layer("Dense", "last", units=2)))
    assert trace["block/m"].outputs[0].shape == (None, 6)
    assert trace["last"].params == (3 + 1) * 2


def test_a_model_of_a_class_of_its_own() -> None:
    record = {**PLAIN, "class_name": "Mine", "module": "mine"}
    with pytest.raises(ModelError, match="class 'Mine', which is none of Keras itself"):
        read(record)
    block = {**functional([start(), DENSE], ["d", 0, 0], ["x", 0, 0], [tensor("x")], name="block")}
    block |= {"class_name": "Mine", "module": "mine"}
    after = layer("Dense", "d", [tensor("block", shape=[None, 6])], units=3)
    for output in (["d", 0, 0], ["block", 1, 0]):  # as a functional model, it counts from 1
        trace = read(functional([start(), block, after], [["d", 0, 0], output]))
        assert trace["block"].opaque
        assert trace["block"].inner is None


def test_a_lambda_with_an_output_shape() -> None:
    trace = read(sequential(start(), layer("Lambda", "l", function={}, output_shape=[7, 2])))
    assert trace["l"].outputs[0].shape == (None, 7, 2)
    assert trace.params == 0


def test_nothing_in_a_file_is_executed(tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    code = compile(f"open({str(trap)!r}, 'w').close()", "<lambda>", "exec")
    function = {
        "class_name": "__lambda__",
        "config": {"code": b64encode(marshal.dumps(code)).decode()},
    }
    hidden = layer("Lambda", "l", [tensor("x")], function=function)
    module = "this" if "this" not in sys.modules else "antigravity"
    mine = layer("system", "m", [tensor("l")], module=module, units=3)
    after = layer("Dense", "d", [tensor("m")], units=3, activation=function)
    last = layer("Dense", "e", [tensor("d", shape=[None, 3])], units=3)
    trace = read(functional([start(), hidden, mine, after, last], ["e", 0, 0]))
    assert [bool(it.opaque) for it in trace] == [False, True, True, True, False]
    assert not trap.exists()
    assert module not in sys.modules


# What the file itself says of the shapes


def test_a_file_that_contradicts_itself() -> None:
    after = layer("Dense", "e", [tensor("d", shape=[None, 7])], units=2)
    with pytest.raises(
        FormatError, match=r"'d' \(Dense\): the rule says .*\(None, 3\).*\(None, 7\)"
    ):
        read(functional([start(), DENSE, after], ["e", 0, 0]))


def test_where_keras_is_known_to_write_down_another_shape() -> None:
    layers = [
        start("x", 5, 6, 4),
        layer("Activation", "glu", [tensor("x", shape=[None, 5, 6, 4])], activation="glu"),
        layer("Dense", "d", [tensor("glu", shape=[None, 5, 6, 4])], units=2),
        layer("Flatten", "f", [tensor("d", shape=[None, 5, 6, 4])]),  # and what follows from it
    ]
    trace = read(functional(layers, ["f", 0, 0]))
    assert trace["glu"].outputs[0].shape == (None, 5, 6, 2)
    assert trace["glu"].note == "Keras reports (None, 5, 6, 4)"
    assert trace["f"].outputs[0].shape == (None, 5 * 6 * 2)


# Keras 2


def test_sequential_models_of_keras_2() -> None:
    layers = [old("Dense", "a", units=3, batch_input_shape=[None, 4]), old("Dense", "b", units=2)]
    expected = (4 + 1) * 3 + (3 + 1) * 2
    begin = old("InputLayer", "a_input", batch_input_shape=[None, 4])
    for config in (
        layers,
        {"name": "sequential", "layers": layers},
        {"name": "sequential", "layers": [begin, *layers]},
    ):
        record = {"class_name": "Sequential", "config": config, "keras_version": "2.2.4"}
        assert read(record).params == expected
        assert [it.name for it in read(record)] == ["a", "b"]


def test_functional_models_of_keras_2() -> None:
    layers = [
        old("InputLayer", "x", batch_input_shape=[None, 4]),
        old("Dense", "d", [["x", 0, 0, {}]], [["d", 0, 0, {}]], units=4),
        old("BatchNormalization", "n", [["d", 1, 0, {"training": False}]], axis=[1]),
        old("Add", "add", [["n", 0, 0, {}], ["d", 0, 0, {}]]),
        old("Reshape", "r", [["add", 0, 0]], target_shape=[2, 2]),
        old("MultiHeadAttention", "m", ["r", 0, 0, {"value": ["r", 0, 0]}], num_heads=1, key_dim=2),
    ]
    ends = {"input_layers": [["x", 0, 0]], "output_layers": [["m", 0, 0]]}
    trace = read({"class_name": "Model", "config": {"name": "m", "layers": layers, **ends}})
    assert [it.label for it in trace] == ["x", "d", "d#2", "n", "add", "r", "m"]
    assert trace["add"].sources == ((3, 0), (1, 0))
    assert trace.params == (4 + 1) * 4 + 4 * 4 + 4 * (2 + 1) * 2
    assert trace.non_trainable_params == 2 * 4


@pytest.mark.parametrize(
    ("begin", "first"),
    [(old("InputLayer", "x", batch_input_shape=[None, 4]), 1), (None, 0)],
)
def test_nested_models_of_keras_2(begin: Record | None, first: int) -> None:
    """A nested model that was built before it was called counts its calls from 1."""
    block = {
        **old("Sequential", "block", [["x", 0, 0, {}]], [["block", first, 0, {}]]),
        "config": {
            "name": "block",
            "layers": [*([begin] if begin else []), old("Dense", "d", units=4)],
            "build_input_shape": [None, 4],
        },
    }
    layers = [
        old("InputLayer", "x", batch_input_shape=[None, 4]),
        block,
        old("Concatenate", "c", [["block", first, 0, {}], ["block", first + 1, 0, {}]], axis=-1),
    ]
    ends = {"input_layers": [["x", 0, 0]], "output_layers": [["c", 0, 0], ["block", first + 1, 0]]}
    trace = read({"class_name": "Functional", "config": {"name": "m", "layers": layers, **ends}})
    assert [it.label for it in trace] == ["x", "block", "block#2", "c"]
    assert trace["c"].sources == ((1, 0), (2, 0))
    assert trace.outputs == ((3, 0), (2, 0))


def test_operations_of_keras_2() -> None:
    """Their shapes are written down only where the next layer was built."""
    operation = old(
        "TFOpLambda", "tf.math.multiply", ["x", 0, 0, {"y": 2.0}], function="math.multiply"
    )
    after = {**old("Dense", "d", [["tf.math.multiply", 0, 0, {}]], units=3)}
    ends = {"input_layers": [["x", 0, 0]], "output_layers": [["d", 0, 0]]}
    layers = [old("InputLayer", "x", batch_input_shape=[None, 4]), operation, after]
    record = {"class_name": "Functional", "config": {"name": "m", "layers": layers, **ends}}
    with pytest.raises(UnknownLayer, match=r"'tf\.math\.multiply'"):
        read(record)
    after["build_config"] = {"input_shape": [None, 4]}
    assert read(record)["d"].params == (4 + 1) * 3


# Hostile text


def deep(levels: int, calls: int = 1) -> Record:
    """Models in models; with two calls in each, the work doubles with every level."""
    record = functional([start(), DENSE | {"config": {"name": "d", "units": 4}}], ["d", 0, 0])
    for level in range(levels):
        name = f"m{level}"
        record["config"] |= {"name": name}
        nodes = [[tensor("x")], *([tensor(name, n)] for n in range(calls - 1))]
        record |= {"name": name, "inbound_nodes": [{"args": it, "kwargs": {}} for it in nodes]}
        record = functional([start(), record], [name, calls, 0], name="outer")
    return record


def changed(record: Record, *path: str | int, to: Any) -> Record:
    """A copy of a record with something else in one place."""
    record = deepcopy(record)
    here: Any = record
    for key in path[:-1]:
        here = here[key]
    here[path[-1]] = to
    return record


LAYER = ("config", "layers", 1)
HISTORY = (*LAYER, "inbound_nodes", 0, "args", 0, "config", "keras_history")
SHAPE = (*LAYER, "inbound_nodes", 0, "args", 0, "config", "shape")
INPUT = ("config", "layers", 0, "config", "batch_shape")
set_to: Callable[..., Record] = partial(changed, PLAIN)

RECORDS: dict[str, tuple[Any, type[DenseShapesError], str]] = {
    "null": (None, FormatError, "received null"),
    "a number": (3, FormatError, "received 3"),
    "a list": ([1, 2], FormatError, "received a list of 2"),
    "empty": ({}, FormatError, "'class_name' and 'config'.*received an object"),
    "metadata": ({"keras_version": "3"}, FormatError, "one with 'keras_version'"),
    "class: 3": ({"class_name": 3}, FormatError, "'class_name' of the model to be text"),
    "class: empty": ({"class_name": ""}, FormatError, "1 to 1,000 characters"),
    "class: long": ({"class_name": "x" * 2000}, FormatError, "1 to 1,000 characters"),
    "a layer": (DENSE, ModelError, "expected a model, received a layer of kind 'Dense'"),
    "module: 3": ({**PLAIN, "module": 3}, ModelError, "none of Keras itself"),
    "our format": ({"format": "dense-shapes/9"}, FormatError, "'dense-shapes/9'"),
    "format: 3": ({"format": 3}, FormatError, "one with 'format'"),
    "config: null": (set_to("config", to=None), FormatError, "'config' of a Functional model"),
    "layers: 3": (set_to("config", "layers", to=3), FormatError, "'layers' .* a list, received 3"),
    "layers: [null]": (set_to(*LAYER, to=None), FormatError, "to be an object, received null"),
    "layers: [[]]": (set_to(*LAYER, to=[]), FormatError, "received a list of 0"),
    "name: []": (set_to("config", "name", to=["m"]), FormatError, "'name' .*received a list of 1"),
    "name: half": (set_to(*LAYER, "name", to="\ud800"), FormatError, "half a character"),
    "no name": (set_to(*LAYER, to={"class_name": "Dense"}), FormatError, "'config' .*null"),
    "twice": (set_to("config", "layers", to=[start(), DENSE, DENSE]), FormatError, "called 'd'"),
    "layer: null": (set_to(*LAYER, "config", to=None), FormatError, "'config' of a layer"),
    "nodes: {}": (set_to(*LAYER, "inbound_nodes", to={}), FormatError, "'inbound_nodes'"),
    "nodes: [3]": (set_to(*LAYER, "inbound_nodes", to=[3]), FormatError, "a call of 'd'"),
    "nodes: [[]]": (set_to(*LAYER, "inbound_nodes", to=[[]]), FormatError, "1 to 4,096 tensors"),
    "nodes: old": (set_to(*LAYER, "inbound_nodes", to=[[[3, 0, 0]]]), FormatError, "received 3"),
    "no tensors": (
        set_to(*LAYER, "inbound_nodes", to=[{"args": [1], "kwargs": {}}]),
        FormatError,
        "1 to 4,096 tensors in a call of 'd', found 0",
    ),
    "many tensors": (
        set_to(*LAYER, "inbound_nodes", to=[{"args": [[tensor("x")] * 5000], "kwargs": {}}]),
        FormatError,
        "1 to 4,096 tensors in a call of 'd', found 5,000",
    ),
    "kwargs: []": (
        set_to(*LAYER, "inbound_nodes", to=[{"args": [tensor("x")], "kwargs": []}]),
        FormatError,
        "'kwargs' of a call of 'd' to be an object",
    ),
    "an input is called": (
        set_to("config", "layers", 0, "inbound_nodes", to=[{"args": [], "kwargs": {}}]),
        FormatError,
        "'x' is called as if it were a layer",
    ),
    "history: null": (set_to(*HISTORY, to=None), FormatError, "received null"),
    "history: short": (set_to(*HISTORY, to=["x", 0]), FormatError, "received a list of 2"),
    "history: floats": (set_to(*HISTORY, to=["x", 0.0, 0]), FormatError, "layer, call, output"),
    "history: no layer": (set_to(*HISTORY, to=["y", 0, 0]), FormatError, "takes 'y', and no layer"),
    "history: call": (
        set_to(*HISTORY, to=["x", 1, 0]),
        FormatError,
        "call 1 of 'x' does not exist",
    ),
    "history: output": (set_to(*HISTORY, to=["x", 0, 9]), FormatError, "output 9 of call 0"),
    "history: negative": (set_to(*HISTORY, to=["x", -1, 0]), FormatError, "call -1 of 'x'"),
    "history: itself": (set_to(*HISTORY, to=["d", 0, 0]), FormatError, "'d' waits for a call"),
    "history: later": (set_to(*HISTORY, to=["d", 3, 0]), FormatError, "'d' waits for a call"),
    "history: far": (set_to(*HISTORY, to=["d", 0, 10**15]), FormatError, "'d' waits for a call"),
    "far output": (
        functional([start(), DENSE, layer("Add", "e", [tensor("d", 0, 10**15)])], ["e", 0, 0]),
        FormatError,
        "gives more than 4,096 tensors",
    ),
    "a circle": (
        functional(
            [
                start(),
                layer("Dense", "a", [tensor("b")], units=4),
                layer("Dense", "b", [tensor("a")], units=4),
            ],
            ["a", 0, 0],
        ),
        FormatError,
        "'a' waits for a call that is not in the file, or that waits for it in turn",
    ),
    "shape: null": (set_to(*SHAPE, to=None), FormatError, "'shape' of a tensor in a call of 'd'"),
    "shape: text": (set_to(*SHAPE, to="4"), FormatError, "to be a shape, received '4'"),
    "input: null": (set_to(*INPUT, to=None), FormatError, "the shape of input 'x' .*null"),
    "input: 2.5": (set_to(*INPUT, to=[None, 2.5]), FormatError, r"received \[null, 2.5\]"),
    "input: true": (set_to(*INPUT, to=[True]), FormatError, r"received \[True\]"),
    "input: nan": (set_to(*INPUT, to=[float("nan")]), FormatError, r"received \[nan\]"),
    "input: -1": (set_to(*INPUT, to=[None, -1]), FormatError, r"received \[null, -1\]"),
    "input: huge": (set_to(*INPUT, to=[None, 2**63]), FormatError, "to be a shape"),
    "input: many axes": (set_to(*INPUT, to=[1] * 65), FormatError, "received a list of 65"),
    "input: none": (set_to(*INPUT, to=[]), ShapeError, "'d' .Dense."),
    "begin: null": (set_to("config", "input_layers", to=None), FormatError, "'input_layers'.*null"),
    "begin: []": (set_to("config", "input_layers", to=[]), FormatError, "'input_layers'"),
    "begin: text": (set_to("config", "input_layers", to="x00"), FormatError, "'input_layers'"),
    "begin: unknown": (
        set_to("config", "input_layers", to=["y", 0, 0]),
        FormatError,
        "'y', and no",
    ),
    "begin: not all": (
        functional([start(), start("y"), DENSE], ["d", 0, 0], ["y", 0, 0]),
        ShapeError,
        "the model does not begin with 'x'",
    ),
    "end: {}": (set_to("config", "output_layers", to={}), FormatError, "'output_layers'"),
    "end: deep": (set_to("config", "output_layers", to=[[[["d", 0]]]]), FormatError, "'output_"),
    "end: nowhere": (
        set_to("config", "output_layers", to=["d", 1, 0]),
        FormatError,
        "call 1 of 'd'",
    ),
    "units: text": (set_to(*LAYER, "config", "units", to="3"), FormatError, "cannot be read"),
    "units: 2.5": (set_to(*LAYER, "config", "units", to=2.5), FormatError, "cannot be read"),
    "units: null": (set_to(*LAYER, "config", "units", to=None), DenseShapesError, "'d'"),
    "units: -3": (set_to(*LAYER, "config", "units", to=-3), ShapeError, "0 to 2"),
    "units: huge": (set_to(*LAYER, "config", "units", to=2**63), ShapeError, "0 to 2"),
    "units: missing": (
        set_to(*LAYER, "config", to={"name": "d"}),
        FormatError,
        "KeyError: 'units'",
    ),
    "deep": (deep(40), FormatError, "nested more than 32 deep"),
    "doubling": (deep(32, calls=2), FormatError, "more than 1,000 calls of layers"),
    "many layers": (
        sequential(start(), *(layer("Flatten", f"f{n}") for n in range(1001))),
        FormatError,
        "has 1,002 layers, and at most 1,000 are read",
    ),
    "many calls": (
        functional(
            [
                start(),
                layer("Flatten", "f", [tensor("x")], *([tensor("f", n)] for n in range(1000))),
            ],
            ["f", 1000, 0],
        ),
        FormatError,
        "more than 1,000 calls of layers",
    ),
    "growing": (
        sequential(
            start("x", 4, 4), *(layer("UpSampling1D", f"u{n}", size=2**40) for n in range(300))
        ),
        ShapeError,
        "'u1' .* 0 to 2",
    ),
    "many axes": (
        sequential(start(), layer("Reshape", "r", target_shape=[1] * 2000 + [4])),
        ShapeError,
        "at most 64 axes",
    ),
    "sequential: {}": (changed(sequential(), "config", "layers", to={}), FormatError, "'layers'"),
    "sequential: [null]": (sequential(None), FormatError, "a layer of model 'model'"),  # type: ignore[arg-type]
    "sequential: twice": (sequential(start(), DENSE, DENSE), FormatError, "are called 'd'"),
    "sequential: shape": (sequential(DENSE, build_input_shape="4"), FormatError, "a shape"),
    "wrapper: null": (
        sequential(start("x", 5, 4), layer("TimeDistributed", "t", layer=None)),
        DenseShapesError,
        "'t' .TimeDistributed.: ",
    ),
    "wrapper: {}": (
        sequential(start("x", 5, 4), layer("TimeDistributed", "t", layer={})),
        FormatError,
        "the layer in 't'",
    ),
}


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer calls than are allowed, so that the tests are quick."""
    for module in (saved, wiring):
        monkeypatch.setattr(module, "CALLS", 1000)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("which", RECORDS)
def test_a_hostile_record(which: str, tmp_path: Path) -> None:
    record, kind, message = RECORDS[which]
    with pytest.raises(kind, match=message) as caught:
        read(record)
    first, *rest = str(caught.value).splitlines()
    assert first.startswith("the text: ")
    assert len(first) < 600
    assert all(line.startswith("    ") for line in rest)  # of a MisfitError: what helps
    path = packed(tmp_path / "model.keras", json.dumps(record))
    with pytest.raises(kind, match=message) as caught:
        archive.trace(path)
    assert str(caught.value).startswith(f"config.json in {str(path)!r}: ")


TEXTS = {
    "nothing": ("", "received nothing"),
    "blank": (" \n", "received nothing"),
    "code": ("import keras", "received 'import keras': Expecting value"),
    "half": (json.dumps(A)[:-20], "Expecting"),
    "brackets": ("[" * 100_000, "nested too deeply|more than"),
    "objects": ('{"a":' * 100_000, "nested too deeply|more than"),
    "closed": ("[" * 100_000 + "]" * 100_000, "nested too deeply|received a list"),
    "digits": ("[" + "9" * 1_000_000 + "]", "a number has 1,000,000 digits"),
    "an exponent": ("[1e" + "9" * 100_000 + "]", "received a list of 1"),
    "long": (" " * (archive.LIMIT + 1), f"at most {archive.LIMIT:,} bytes"),
    "many values": ("[" + "[]," * archive.VALUES + "[]]", f"at most {archive.VALUES:,} values"),
    "a control": ('{"class_name": "a\0"}', "Invalid control character"),
}


@pytest.mark.parametrize("which", TEXTS)
def test_hostile_text(which: str) -> None:
    text, message = TEXTS[which]
    with pytest.raises(FormatError, match=message) as caught:
        archive.read_text(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("thing", [None, b"{}", {}, 3])
def test_what_is_no_text_and_no_path(thing: Any) -> None:
    with pytest.raises(ModelError, match="expected JSON text"):
        archive.read_text(thing)
    with pytest.raises(ModelError, match="expected the path of a saved model"):
        archive.trace(thing)


SETTINGS: tuple[Any, ...] = (
    *(None, -1, 0, 2.5, 10**15, "x"),
    *([], [None], [1] * 100, {"class_name": "Dense"}),
)
VALUES: tuple[Any, ...] = (
    *SETTINGS,
    *(True, 2**64, float("nan"), "", "\ud800", "a\nb"),
    *([[]], [1, 2], {}, {"a": 1}, ["x", 0, 0], ["d", 0, 7]),
    {"class_name": "Dense", "config": None},
    {"class_name": "__slice__", "config": {"start": "a"}},
    {"class_name": "__keras_tensor__", "config": {}},
)


@pytest.mark.parametrize("kind", [kind for kind in RULES if kind != "InputLayer"])
def test_a_rule_survives_any_configuration(kind: str) -> None:
    rule = RULES[kind]
    plain = arguments()[kind].optional if kind in arguments() else {}
    config = json.loads(json.dumps({**plain, **rule.example}))
    names = [f"x{number}" for number in range(len(rule.shapes))]
    taken = [tensor(name, shape=shape) for name, shape in zip(names, rule.shapes, strict=True)]
    inputs = [
        layer("InputLayer", name, batch_shape=shape)
        for name, shape in zip(names, rule.shapes, strict=True)
    ]
    module = "keras.src.ops.numpy" if kind.startswith("ops.") else "keras.layers"
    name = kind.removeprefix("ops.").title().replace("_", "") if kind.startswith("ops.") else kind
    for key in config:
        for value in SETTINGS:
            given = {it: value if it == key else config[it] for it in config if it != "name"}
            one = layer(name, "y", [taken] if len(taken) > 1 else taken, module=module)
            one["config"] |= given
            begin = [[it, 0, 0] for it in names]
            assert outcome(functional([*inputs, one], ["y", 0, 0], begin))


BLOCK = functional([start(), DENSE], ["d", 0, 0], ["x", 0, 0], [tensor("x")], name="block")
WHOLE = functional(
    [
        start(),
        BLOCK,
        layer("Reshape", "r", [tensor("block", shape=[None, 3])], target_shape=[3, 1]),
        layer("LSTM", "l", [tensor("r", shape=[None, 3, 1])], units=2, return_state=True),
        layer("Concatenate", "c", [[tensor("l", 0, n, [None, 2]) for n in range(3)]]),
        layer("Add", "a", [tensor("c", shape=[None, 6]), 1], module="keras.src.ops.numpy"),
    ],
    [["a", 0, 0], ["block", 1, 0]],
)


def places(data: Any) -> list[tuple[str | int, ...]]:
    """The path to everything inside plain data."""
    pairs: Any = ()
    if isinstance(data, dict | list):
        pairs = data.items() if isinstance(data, dict) else enumerate(data)
    return [path for key, it in pairs for path in [(key,), *((key, *rest) for rest in places(it))]]


PLACES = places(json.loads(json.dumps(WHOLE)))


def test_the_whole_model_is_sound() -> None:
    assert read(WHOLE).params == (4 + 1) * 3 + 4 * (1 + 2 + 1) * 2


@given(
    st.lists(
        st.tuples(st.sampled_from(PLACES), st.sampled_from(VALUES) | st.sampled_from(PLACES)),
        min_size=1,
        max_size=3,
    )
)
def test_a_model_in_which_anything_is_anything(changes: list[tuple[Any, Any]]) -> None:
    record = json.loads(json.dumps(WHOLE))
    for path, value in changes:
        if isinstance(value, tuple):  # what stands elsewhere in the model
            it: Any = WHOLE
            for key in value:
                it = it[key]
            value = it
        try:
            record = changed(record, *path, to=value)
        except (LookupError, TypeError):
            continue  # an earlier change took the place away
    it = outcome(record)
    assert it.startswith("the text: ") if isinstance(it, str) else to_json(it)


# Hostile files


def test_files_that_are_none(tmp_path: Path) -> None:
    folder, loop = tmp_path / "folder", tmp_path / "loop"
    folder.mkdir()
    loop.symlink_to(loop)
    for path, message in [
        (tmp_path / "missing.keras", "No such file"),
        (tmp_path / "a\0b", "null"),
        (loop, "cannot be read"),
        (folder, "is a folder; name a file in it"),
        (Path(os.devnull), "is no regular file"),
    ]:
        with pytest.raises(FormatError, match=message):
            archive.trace(path)
    (folder / "saved_model.pb").touch()
    with pytest.raises(FormatError, match="is a SavedModel; only Keras can read it; convert it"):
        archive.trace(folder)
    (folder / "config.json").write_text(json.dumps(A))
    with pytest.raises(FormatError, match=r"read the config\.json in it"):
        archive.trace(folder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = tmp_path / "model.keras"
    os.mkfifo(pipe)
    with pytest.raises(FormatError, match="is no regular file"):
        archive.trace(pipe)
    before = packed(tmp_path / "before.keras", json.dumps(A)).stat()
    with monkeypatch.context() as patch:  # it was a file when it was looked at
        patch.setattr(Path, "stat", lambda self: before)
        with pytest.raises(FormatError, match="is no regular file"):
            archive.trace(pipe)


def test_a_link_to_a_file_is_read(tmp_path: Path) -> None:
    link = tmp_path / "link.keras"
    link.symlink_to(packed(tmp_path / "model.keras", json.dumps(A)))
    assert archive.trace(link).params == 114


def test_hdf5(tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    with pytest.raises(FormatError, match=r'load_model\(path\)\.save\("model\.keras"\)'):
        archive.trace(path)


CONTENTS = {
    "empty": (b"", "received nothing"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(9), "received neither: it begins with"),
    "a pickle": (b"\x80\x04\x95" + bytes(9), "received neither"),
    "an empty zip": (
        b"PK\5\6" + bytes(18),
        r"expected one member 'config\.json', found 0 \(none\)",
    ),
    "a zip that begins": (b"PK\3\4" + bytes(100), "cannot be read: File is not a zip file"),
    "utf-16": (json.dumps(A).encode("utf-16"), "received neither"),
}


@pytest.mark.parametrize("which", CONTENTS)
def test_a_file_of_something_else(which: str, tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    data, message = CONTENTS[which]
    path.write_bytes(data)
    with pytest.raises(FormatError, match=message) as caught:
        archive.trace(path)
    assert repr(str(path)) in str(caught.value)


def test_members(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    for names, message in [
        (["metadata.json", "../config.json", "/config.json"], "found 0 .*'../config.json'"),
        (["model/config.json"], "found 0"),
        (["config.json", "config.json"], "found 2"),
    ]:
        with zipfile.ZipFile(path, "w") as file:
            for name in dict.fromkeys(names):
                file.writestr(name, json.dumps(A))
            if names.count("config.json") > 1:
                file.filelist.append(file.filelist[0])  # as another program may write it
        with pytest.raises(FormatError, match=message):
            archive.trace(path)


def test_a_member_that_leads_out_is_left_alone(tmp_path: Path) -> None:
    path = packed(tmp_path / "model.keras", json.dumps(A))
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("../../evil", "x")
    before = sorted(tmp_path.parent.rglob("evil"))
    assert archive.trace(path).params == 114
    assert sorted(tmp_path.parent.rglob("evil")) == before == []


def test_an_encrypted_member(tmp_path: Path) -> None:
    path = packed(tmp_path / "model.keras", json.dumps(A))
    data = bytearray(path.read_bytes())
    data[data.rindex(b"PK\1\2", 0, data.rindex(b"config.json")) + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(FormatError, match=r"config\.json is encrypted"):
        archive.trace(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_compression_that_cannot_be_unpacked_piece_by_piece(tmp_path: Path, method: int) -> None:
    path = packed(tmp_path / "model.keras", json.dumps(A), compression=method)
    with pytest.raises(FormatError, match=f"compressed by method {method}"):
        archive.trace(path)


def test_a_zip_bomb(tmp_path: Path) -> None:
    path = packed(
        tmp_path / "model.keras", " " * (archive.LIMIT + 1), compression=zipfile.ZIP_DEFLATED
    )
    assert path.stat().st_size < archive.LIMIT // 500
    with pytest.raises(FormatError, match=f"{archive.LIMIT:,} bytes, it has {archive.LIMIT + 1:,}"):
        archive.trace(path)


def test_a_zip_bomb_that_lies_about_its_size(tmp_path: Path) -> None:
    path = packed(
        tmp_path / "model.keras", " " * (archive.LIMIT + 1), compression=zipfile.ZIP_DEFLATED
    )
    data = bytearray(path.read_bytes())
    size = (archive.LIMIT + 1).to_bytes(4, "little")
    assert data.count(size) == 2
    path.write_bytes(data.replace(size, (10).to_bytes(4, "little")))
    with pytest.raises(FormatError):
        archive.trace(path)


def test_a_bare_file_that_is_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(archive, "limited")  # it is not read to know that
    path = tmp_path / "config.json"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # a hole, which takes no room
    with pytest.raises(FormatError, match=f"at most {archive.LIMIT:,} bytes.* it has {1 << 40:,}"):
        archive.trace(path)


def test_a_long_list_of_members(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as file:
        for number in range(30):
            file.writestr(f"{number:0>40000}", "")
    with pytest.raises(FormatError, match="list of members is longer"):
        archive.trace(path)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_file_that_is_cut_off_or_damaged(tmp_path: Path, compression: int) -> None:
    whole = packed(
        tmp_path / "whole.keras", json.dumps(PLAIN), compression=compression
    ).read_bytes()
    path, expected = tmp_path / "model.keras", read(PLAIN)
    for length in range(0, len(whole), 13):
        path.write_bytes(whole[:length])
        with pytest.raises(FormatError):
            archive.trace(path)
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        it = outcome(path)
        assert repr(str(path)) in it if isinstance(it, str) else it == expected


# Nothing else is needed


ALONE = """
import json, sys
from dense_shapes.readers import archive
trace = archive.trace(sys.argv[1])
assert trace.params == 114
heavy = {"numpy", "keras", "tensorflow", "h5py", "tf_keras", "torch", "jax"}
print(json.dumps(sorted(heavy & {name.partition(".")[0] for name in sys.modules})))
"""


def test_a_saved_model_is_read_without_a_framework(tmp_path: Path) -> None:
    path = packed(tmp_path / "model.keras", json.dumps(A))
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(path)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []
