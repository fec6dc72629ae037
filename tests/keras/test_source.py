"""Pasted code, read without executing it, against the same code executed by Keras."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping
from operator import attrgetter
from typing import Any

import keras
import pytest
from keras.src.utils import naming

from dense_shapes.axes import Shape
from dense_shapes.errors import UnknownLayer
from dense_shapes.readers import keras as live
from dense_shapes.readers import source, spec
from dense_shapes.readers.code.layers import kind_of
from dense_shapes.readers.code.library import FORMS, INPUT
from dense_shapes.readers.code.operations import OPERATORS, operations, snake
from dense_shapes.readers.code.session import snake_case
from dense_shapes.readers.code.vocabulary import ACTIVATIONS, ALIASES
from dense_shapes.rules import RULES, arguments
from dense_shapes.traces import Layer, Trace

STYLES = {
    "question": """
import keras
nn = keras.Sequential()
nn.add(keras.layers.Conv2D(8, kernel_size=(2, 2), input_shape=(4, 5, 1)))
nn.add(keras.layers.Conv2D(1, kernel_size=(2, 2)))
nn.add(keras.layers.Dense(5))
nn.add(keras.layers.Dense(1))
model = nn
""",
    "list": """
from keras import layers
import keras
model = keras.Sequential([
    layers.Input((4, 5, 1)),
    layers.Conv2D(8, 2, activation="relu"),
    layers.Flatten(),
    layers.Dense(5, "relu"),
    layers.Dense(1, activation=keras.activations.sigmoid),
])
model.compile(optimizer="adam", loss="mse")
model.summary(print_fn=lambda *_, **__: None)
""",
    "as": """
from keras import layers as L, models
from keras.models import Sequential, Model
model = models.Sequential(name="mine")
model.add(L.InputLayer(shape=(10, 3), name="start"))
model.add(L.LSTM(4, return_sequences=True))
model.add(L.TimeDistributed(L.Dense(2)))
model.add(L.Bidirectional(L.GRU(3), merge_mode="concat"))
""",
    "star": """
from keras.layers import *
from keras.models import *
model = Sequential()
model.add(Dense(32, input_dim=7, kernel_initializer="he_normal"))
model.add(BatchNormalization())
model.add(LeakyReLU(0.1))
model.add(Dropout(0.5))
model.add(Dense(3, activation="softmax", use_bias=False))
""",
    "functional": """
from keras import Input, Model
from keras.layers import Dense, concatenate, add
a = Input(shape=(4,), name="a")
b = Input((4,))
x = Dense(8, activation="relu")(a)
x = Dense(8)(x)
y = Dense(8)(b)
z = add([x, y])
z = concatenate([z, x], axis=-1)
out = Dense(1, name="out")(z)
model = Model(inputs=[a, b], outputs=[out, y], name="two")
""",
    "dictionaries": """
import keras
from keras import layers
inputs = {"first": keras.Input((3,), name="first"), "second": keras.Input((5,), name="second")}
x = layers.Concatenate()([inputs["second"], inputs["first"]])
model = keras.Model(inputs, {"p": layers.Dense(1)(x), "c": layers.Dense(2)(x)})
""",
    "shared": """
import keras
from keras import layers
dense = layers.Dense(4)
a, b = keras.Input((4,)), keras.Input((4,))
x, y = dense(a), dense(b)
model = keras.Model([a, b], layers.Subtract()([dense(x), y]))
""",
    "nested": """
import keras
from keras import layers
inner = keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.Dense(2)])
i = keras.Input((4,))
outer = keras.Model(i, layers.Dense(1)(inner(i)))
j = keras.Input((4,))
model = keras.Model(j, [outer(j), inner(j)])
""",
    "nested unbuilt": """
import keras
from keras import layers
inner = keras.Sequential([layers.Dense(3), layers.Dense(2)], name="inner")
i = keras.Input((6, 4))
x = inner(i)
model = keras.Model(i, layers.Flatten()(x))
""",
    "models in a stack": """
import keras
from keras import layers
base = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(2, 3)])
model = keras.Sequential([base, layers.GlobalAveragePooling2D()])
model.add(layers.Dense(3))
""",
    "several outputs": """
import keras
from keras import layers
i = keras.Input((5, 2))
sequence, h, c = layers.LSTM(3, return_sequences=True, return_state=True)(i)
x, *states = layers.LSTM(3, return_state=True)(sequence, initial_state=[h, c])
model = keras.Model(i, [x, states[0], states[-1]])
""",
    "attention": """
import keras
from keras import layers
x = inputs = keras.Input(shape=(10, 16))
for i in range(2):
    y = layers.MultiHeadAttention(num_heads=2, key_dim=8, dropout=0.1)(x, x)
    y = layers.Dropout(0.1)(y)
    x = layers.LayerNormalization(epsilon=1e-6)(x + y)
    y = layers.Dense(32, activation="gelu", name=f"up_{i}")(x)
    y = layers.Dense(x.shape[-1])(y)
    x = layers.LayerNormalization(epsilon=1e-6)(layers.Add()([x, y]))
x = layers.GlobalAveragePooling1D()(x)
outputs = layers.Dense(2, activation="softmax")(x)
model = keras.Model(inputs, outputs)
""",
    "functions": """
import keras
from keras import layers

def block(x, filters, *, strides=1, name="block"):
    '''A block of a residual network.'''
    y = layers.Conv2D(filters, 3, padding="same", strides=strides, name=name + "_conv")(x)
    y = layers.BatchNormalization()(y)
    if strides != 1 or x.shape[-1] != filters:
        x = layers.Conv2D(filters, 1, strides=strides)(x)
    return layers.ReLU()(layers.Add()([x, y]))

def build_model(shape, classes=10, widths=(4, 8)):
    i = x = keras.Input(shape)
    for n, width in enumerate(widths):
        x = block(x, width, strides=1 + n, name="block%d" % n)
    x = layers.GlobalAvgPool2D()(x)
    return keras.Model(i, layers.Dense(classes)(x))

model = build_model((8, 8, 3), classes=2 * 5)
model.summary(print_fn=lambda *_, **__: None)
""",
    "lists and loops": """
import keras
from keras import layers
units = [2 ** n for n in range(5, 2, -1)]
hidden = [layers.Dense(u, activation="relu") for u in units if u != 16]
model = keras.Sequential([layers.Input((28 * 28,))] + hidden + [layers.Dense(10)])
i = 0
while i < 2:
    model.add(layers.Dense(3 - i))
    i += 1
""",
    "keywords": """
import keras
from keras import layers
common = dict(padding="same", activation="relu")
conv = {**common, "kernel_size": 3}
model = keras.Sequential([layers.Input((9, 9, 2))])
model.add(layers.Conv2D(filters=4, **conv))
model.add(layers.MaxPool2D(2))
model.add(layers.Conv2D(*[8, (2, 2)], **common))
model.add(layers.MaxPooling2D((2, 2), strides=1, padding="same"))
""",
    "build": """
import keras
from keras import layers
model = keras.Sequential([layers.Embedding(50, 8), layers.Conv1D(4, 3), layers.Dense(2)])
model.build((None, 12))
""",
    "build by name": """
import keras
from keras import layers
model = keras.Sequential()
model.add(layers.Dense(4))
model.add(layers.Dense(2))
model.build(input_shape=(None, 3))
""",
    "build by a call": """
import keras, numpy as np
from keras import layers
model = keras.Sequential([layers.Dense(4), layers.Dense(2)])
y = model(np.zeros((5, 3)))
""",
    "operators": """
import keras
from keras import layers, ops
i = keras.Input((4, 6))
a = layers.Dense(6)(i)
b = -a * 2 + i / 3.0
c = b[:, 0]
d = ops.mean(b, axis=1, keepdims=True)
e = ops.concatenate([b, d], axis=1)
f = ops.expand_dims(c, 1) @ ops.transpose(e, (0, 2, 1))
g = ops.reshape(f, (-1, 5))
model = keras.Model(i, [g, abs(b)])
""",
    "part of a model": """
import keras
from keras import layers
base = keras.Sequential([layers.Input((6,)), layers.Dense(4, name="deep"), layers.Dense(3)])
x = base.get_layer("deep").output
x = layers.Dense(2)(x)
model = keras.Model(base.inputs, x)
""",
    "outputs of a model": """
import keras
from keras import layers
i = keras.Input((6,))
base = keras.Model(i, layers.Dense(4)(i))
x = layers.Dense(2)(base.output)
model = keras.Model(inputs=base.inputs, outputs=[x, base.layers[-1].output])
""",
    "frozen": """
import keras
from keras import layers
base = keras.Sequential([layers.Input((6,)), layers.Dense(4), layers.BatchNormalization()])
base.trainable = False
model = keras.Sequential([base, layers.Dense(3, trainable=False), layers.Dense(2)])
for layer in model.layers[2:]:
    layer.trainable = False
model.layers[-1].trainable = True
""",
    "pop": """
import keras
from keras import layers
model = keras.Sequential([layers.Input((6,)), layers.Dense(4), layers.Dense(2)])
model.pop()
model.add(layers.Dense(7))
""",
    "names": """
import keras
from keras import layers
layers.Dense(1)
s = keras.Sequential([layers.Input((3,)), layers.Dense(2)])
m = keras.Model(s.inputs, layers.Dense(2)(s.outputs[0]))
keras.backend.clear_session()
i = keras.Input((3,))
model = keras.Model(i, layers.ReLU()(layers.Dense(1)(i)))
""",
    "annotations": """
import keras
width: int = 3
i: keras.KerasTensor = keras.Input((4,))
dense: keras.Layer
(dense := keras.layers.Dense(width))
model: keras.Model = keras.Model(i, dense(i) if width > 2 else i)
""",
    "cells": """
import keras
from keras import layers
model = keras.Sequential([
    layers.Input((5, 3)),
    layers.RNN(layers.LSTMCell(4), return_sequences=True),
    layers.RNN([layers.GRUCell(4), layers.GRUCell(2)]),
])
""",
    "activations": """
import keras
from keras import layers
model = keras.Sequential([
    layers.Input((5, 3)),
    layers.Dense(4, activation=keras.activations.relu),
    layers.Activation("tanh"),
    layers.Activation(keras.activations.softmax),
    layers.Softmax(),
    layers.PReLU(),
])
""",
    "tensorflow": """
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers as L
from tensorflow.keras.models import Sequential
model = Sequential([
    tf.keras.Input(shape=(12, 12, 3)),
    L.Conv2D(4, 3, strides=(2, 2)),
    tf.keras.layers.MaxPooling2D(),
    keras.layers.Flatten(),
    L.Dense(2, activation="softmax"),
])
model.compile(optimizer=tf.keras.optimizers.Adam(1e-3), loss="mse", metrics=["accuracy"])
""",
    "try and with": """
import keras
try:
    from keras import layers
except ImportError:
    from tensorflow.keras import layers
with keras.name_scope("scope"):
    model = keras.Sequential([layers.Input((3,)), layers.Dense(2)])
if __name__ == "__main__":
    model.add(layers.Dense(1))
""",
    "batch": """
import keras
from keras import layers
i = keras.Input(batch_shape=(8, 5, 2))
j = keras.Input((5, 2), batch_size=8)
model = keras.Model([i, j], layers.LSTM(3, stateful=True)(layers.Average()([i, j])))
""",
    "u-net": """
import keras
from keras import layers
i = keras.Input((16, 16, 1))
skips = []
x = i
for filters in (4, 8):
    x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    skips.append(x)
    x = layers.MaxPooling2D(2)(x)
for filters, skip in zip((8, 4), reversed(skips)):
    x = layers.Conv2DTranspose(filters, 2, strides=2)(x)
    x = layers.concatenate([x, skip])
    x = layers.UpSampling2D(1)(x)
model = keras.Model(i, layers.Conv2D(1, 1, activation="sigmoid")(x))
""",
}


def executed(code: str) -> Trace:
    """The trace of the model that Keras builds of this code (our own, above), in a fresh session."""
    keras.utils.clear_session(free_memory=False)
    names: dict[str, Any] = {"__name__": "__main__"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(code, names)
    return live.trace(names["model"])


def facts(trace: Trace) -> Any:
    """All that a trace says, in a form that shows a difference."""
    return {
        "name": trace.name,
        "inputs": [it.shape for it in trace.inputs],
        "outputs": trace.outputs,
        "params": (trace.params, trace.trainable_params),
        "layers": [layer_facts(layer) for layer in trace],
    }


def layer_facts(layer: Layer) -> Any:
    """All that a trace says of a layer."""
    return {
        "layer": (layer.label, layer.kind, layer.opaque),
        "shapes": ([it.shape for it in layer.inputs], [it.shape for it in layer.outputs]),
        "axes": [it.names for it in layer.outputs],
        "weights": [(it.shape, it.trainable) for it in layer.weights],
        "signatures": layer.signatures,
        "sources": layer.sources,
        "inner": facts(layer.inner) if layer.inner else None,
    }


@pytest.mark.parametrize("style", STYLES)
def test_the_reader_sees_the_model_that_keras_builds(style: str) -> None:
    code = STYLES[style]
    assert facts(source.trace(code)) == facts(executed(code))


def test_a_model_that_begins_in_the_middle() -> None:
    """Keras calls the new input after a counter that nothing else shows."""
    code = """
import keras
from keras import layers
i = keras.Input((6,))
x = layers.Dense(4)(i)
y = layers.Dense(5)(x)
z = layers.Add()([y, layers.Dense(5, name="side")(x)])
model = keras.Model([x], [z, y])
"""
    ours, theirs = facts(source.trace(code)), facts(executed(code))
    for found in (ours, theirs):
        assert found["layers"][0]["layer"][1:] == ("InputLayer", "")
        del found["layers"][0]["layer"]
    assert ours == theirs


CHAINS = {
    "4,5,1 -> Conv2D(8, 2) -> Conv2D(1, 2) -> Flatten -> Dense(5) -> Dense(1)": """
model = Sequential([Input((4, 5, 1)), Conv2D(8, 2), Conv2D(1, 2), Flatten(), Dense(5), Dense(1)])
""",
    "?,3 -> LSTM(4, return_sequences=True) -> TimeDistributed(Dense(2, 'relu'))": """
model = Sequential([Input((None, 3)), LSTM(4, return_sequences=True),
                    TimeDistributed(Dense(2, "relu"))])
""",
    "(8, 8, 2) -> MaxPool2D -> ReLU(6) -> Dense(3, name='a', trainable=False)": """
model = Sequential([Input((8, 8, 2)), MaxPool2D(), ReLU(6), Dense(3, name="a", trainable=False)])
""",
}


@pytest.mark.parametrize("chain", CHAINS)
def test_a_spec_is_the_model_that_keras_builds(chain: str) -> None:
    star = "from keras import *\nfrom keras.layers import *\n"
    assert facts(spec.trace(chain)) == facts(executed(star + CHAINS[chain]))


def written(value: Any) -> str:
    """A value of an example as code: a serialized layer as the call that makes it."""
    match value:
        case {"class_name": kind, "config": config}:
            return f"layers.{kind}({keywords(config)})"
        case list() | tuple():
            return f"[{', '.join(map(written, value))}]"
    return repr(value)


def keywords(config: Mapping[str, Any]) -> str:
    """The arguments of a layer as code."""
    return ", ".join(f"{name}={written(it)}" for name, it in config.items())


def example(kind: str, shapes: tuple[Shape, ...]) -> str:
    """A model of one layer, the example of its rule, as code."""
    names = ", ".join(f"x{number}" for number in range(len(shapes)))
    lines = [f"x{n} = keras.Input(batch_shape={shape})" for n, shape in enumerate(shapes)]
    given = keywords(RULES[kind].example)
    kind = "GroupQueryAttention" if kind == "GroupedQueryAttention" else kind
    signature = inspect.signature(getattr(keras.layers, kind).call)
    merges = len(shapes) > 1 and next(iter([*signature.parameters][1:])) == "inputs"
    call = f"layers.{kind}({given})({f'[{names}]' if merges else names})"
    lines += [f"y = {call}", f"model = keras.Model([{names}], y)"]
    return "\n".join(["import keras", "from keras import layers", *lines])


LAYERS = [kind for kind in RULES if kind in arguments() and RULES[kind].shapes]


@pytest.mark.parametrize("kind", [kind for kind in LAYERS if not RULES[kind].options])
def test_every_layer_can_be_written(kind: str) -> None:
    if kind.endswith("Cell") or kind == "StackedRNNCells":
        pytest.skip("a cell is called with its states")
    code = example(kind, RULES[kind].shapes)
    assert facts(source.trace(code)) == facts(executed(code))


OPERATIONS = [kind.removeprefix("ops.") for kind in RULES if kind.startswith("ops.")]


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_can_be_written(name: str) -> None:
    if name in ("get_item", "mish"):
        pytest.skip("it is no function of keras.ops")
    rule = RULES[f"ops.{name}"]
    names = [f"x{number}" for number in range(len(rule.shapes))]
    tensors = f"[{', '.join(names)}]" if name in ("concatenate", "stack") else ", ".join(names)
    given = [tensors, keywords(rule.example)]
    if name == "einsum":
        given = [repr(rule.example["subscripts"]), tensors]
    kind = "int32" if name.startswith("bitwise") else "float32"
    code = "\n".join(
        [
            "import keras",
            *(
                f"x{n} = keras.Input(batch_shape={shape}, dtype={kind!r})"
                for n, shape in enumerate(rule.shapes)
            ),
            f"y = keras.ops.{'image.' * (name == 'resize')}{name}({', '.join(filter(None, given))})",
            f"model = keras.Model([{', '.join(names)}], y)",
        ]
    )
    expected = executed(code)
    try:
        found = source.trace(code)
    except UnknownLayer:
        assert expected.layers[-1].opaque  # Keras knows its shape, and no rule does
    else:
        assert facts(found) == facts(expected)


CALLABLE = sorted({*ACTIVATIONS} - {"hard_silu", "hard_swish", "mish", "sparsemax", "threshold"})


@pytest.mark.parametrize("name", CALLABLE)
def test_an_activation_is_called_on_a_tensor(name: str) -> None:
    code = f"""
import keras
from keras import layers
x = keras.Input((2, 4))
model = keras.Model(x, keras.activations.{name}(layers.Dense(4)(x)))
"""
    assert facts(source.trace(code)) == facts(executed(code))


def test_names_of_layers_are_those_of_keras() -> None:
    layers = {name: it for name, it in vars(keras.layers).items() if inspect.isclass(it)}
    for name, it in layers.items():
        assert kind_of(name) in (it.__name__, None)
        assert kind_of(name) or name in ("Layer", "Wrapper", "InputSpec")
    for name, kind in ALIASES.items():
        if name in layers:
            assert layers[name].__name__ == kind
        else:
            assert name.startswith("Deconvolution")
    assert set(FORMS) < set(dir(keras.layers))


def test_layers_are_named_as_keras_names_them() -> None:
    for kind in arguments():
        assert snake_case(kind) == naming.to_snake_case(kind)


def test_activations_are_those_of_keras() -> None:
    functions = {name for name, it in vars(keras.activations).items() if callable(it)}
    assert set(ACTIVATIONS) == functions - {"deserialize", "get", "serialize"}


def test_an_input_takes_what_it_takes_in_keras() -> None:
    assert [*inspect.signature(keras.Input).parameters] == [*INPUT, "optional"]


@pytest.mark.parametrize("name", operations())
def test_operations_take_what_they_take_in_keras(name: str) -> None:
    about = operations()[name]
    home = keras.activations if name.startswith("activations.") else keras.ops
    function = attrgetter(name.removeprefix("activations."))(home)
    parameters = inspect.signature(function).parameters.values()
    assert [it[0] for it in about["parameters"]] == [it.name for it in parameters]
    for (_, *default), it in zip(about["parameters"], parameters, strict=True):
        found = [] if it.default is it.empty else [it.default]
        assert default == [list(one) if isinstance(one, tuple) else one for one in found]


def test_operators_are_those_of_keras() -> None:
    x = keras.KerasTensor((None, 4, 4))
    made = [x + x, x - x, x * x, x / x, x // x, x % x, x**x, x @ x]
    kinds = [type(it._keras_history.operation).__name__ for it in made]
    assert kinds == [*OPERATORS.values()]
    assert [live.kind_of(it._keras_history.operation) for it in made] == [
        f"ops.{snake(kind)}" for kind in kinds
    ]
