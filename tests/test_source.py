"""Pasted Keras code: what is followed, what is said where it cannot be, and that nothing is executed."""

from __future__ import annotations

import re
import time
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dense_shapes.axes import Shape
from dense_shapes.errors import (
    DenseShapesError,
    MisfitError,
    ModelError,
    NotationError,
    ShapeError,
    UnknownLayer,
)
from dense_shapes.readers.source import graph, looks_like_code, trace
from dense_shapes.rules import arguments
from dense_shapes.traces import Trace
from tests.profiles import examples

Rows = list[tuple[str, Shape, int]]


def rows(found: Trace) -> Rows:
    """The name, the output and the parameters of each layer."""
    return [(layer.label, layer.outputs[0].shape, layer.params or 0) for layer in found]


def said(code: str, kind: type[DenseShapesError] = NotationError) -> list[str]:
    """The lines of the error that code raises."""
    with pytest.raises(kind) as caught:
        trace(dedent(code).strip("\n"))
    return str(caught.value).split("\n")


TWO: Rows = [("dense", (None, 4), (3 + 1) * 4), ("dense_1", (None, 2), (4 + 1) * 2)]
"""What every style of the same small model must give."""

STYLES = {
    "list": "model = Sequential([Input((3,)), Dense(4), Dense(2)])",
    "added": "m = Sequential()\nm.add(Dense(4, input_shape=(3,)))\nm.add(Dense(2))",
    "dimension": "m = keras.models.Sequential()\nm.add(Dense(4, input_dim=3))\nm.add(Dense(2))",
    "tuple": "model = tf.keras.Sequential((layers.Input([3]), layers.Dense(4), layers.Dense(2)))",
    "unpacked": "a, b = [Dense(n) for n in (4, 2)]\nm = Sequential([Input((3,)), *(a, b)])",
    "no imports": "nn = L.Sequential([kl.Input((3,)), tfl.Dense(4)])\nnn.add(my.Dense(2))",
    "tensorflow 1": """
        from tensorflow.python.keras.layers import Dense, InputLayer
        from tensorflow.contrib.keras.api.keras.models import Sequential
        model = Sequential([InputLayer(input_shape=(3,)), Dense(4), Dense(2)])
    """,
    "old places": """
        from keras.layers.core import Dense as D
        from keras.engine.input_layer import Input
        import keras.models as M
        model = M.Sequential([Input((3,)), D(4), D(2)])
    """,
    "prompts": """
        Python 3.11.4 (main)
        >>> import keras
        >>> model = keras.Sequential([
        ...     keras.Input((3,)),
        ...     keras.layers.Dense(4),
        ... ])
        >>> model.add(keras.layers.Dense(2))
        >>> model.summary()
        Model: "sequential"
        ┃ Layer (type) ┃
    """,
    "notebook": """
        In [3]: %matplotlib inline
        In [4]: model = Sequential([Input((3,)),
           ...:                     Dense(4)])
        In [5]: model.add(Dense(2))
        In [6]: model.count_params()
        Out[6]: 26
    """,
    "prompts at some lines": """
        >>> m = Sequential()
        >>> m.add(Dense(4,
        ...     input_shape=(3,)))
        m.add(Dense(2))
        m.count_params()
        26
    """,
    "prompts in a text": """
        def build():
            '''Builds it.

            >>> build().count_params()
            26
            '''
            return Sequential([Input((3,)), Dense(4), Dense(2)])
    """,
    "markdown": "```python\nmodel = Sequential([Input((3,)), Dense(4), Dense(2)])\n```",
    "magic": "!pip install keras\n%load_ext x\nmodel = Sequential([Input((3,)), Dense(4), Dense(2)])",
    "indented": "\n      # deep\n    m = Sequential([Input((3,))])\n    m.add(Dense(4))\n    m.add(Dense(2))",
    "first line lost its indentation": "m = Sequential([Input((3,))])\n\n    m.add(Dense(4))\n"
    "    m.add(Dense(2))",
    "web page": "model =\u00a0Sequential([Input((3,)),\u200b Dense(4), Dense(2)])\r\nmodel.summary()\r\n",
    "tabs": "def build():\n\tm = Sequential([Input((3,)), Dense(4)])\n\tm.add(Dense(2))\n\treturn m",
    "function": """
        def build_model():
            model = Sequential()
            model.add(Input((3,)))
            for units in (4, 2):
                model.add(Dense(units))
            return model
    """,
    "function called": """
        def build(shape, *, units=4, **rest):
            '''Builds it.'''
            m = Sequential([Input(shape), Dense(units, **rest)])
            m.add(Dense(2))
            return m
        net = build((3,), activation="relu")
    """,
    "function of functions": """
        def hidden(n):
            return Dense(n)
        def main():
            build(hidden)
        def build(make):
            m = Sequential([Input((3,)), make(4), make(n=2)])
            m.compile("adam", "mse")
    """,
    "function that adds": """
        def add(model, *sizes):
            for size in sizes: model.add(Dense(size))
        m = Sequential([Input((3,))])
        add(m, 4, 2)
    """,
    "global": "def f():\n  global m\n  m = Sequential([Input((3,)), Dense(4), Dense(2)])\nf()",
    "lambda": "d = lambda n=2: Dense(n)\nm = Sequential([Input((3,)), d(4), d()])",
    "arithmetic": "n = 2\nm = Sequential([Input((2 ** 2 - 1,)), Dense(28 // 7), Dense(-(-n))])",
    "functions of Python": """
        sizes = dict(first=4, second=int(min(9.7, 2.5)))
        m = Sequential([Input((len("abc"),))])
        for i, n in enumerate(sorted(sizes.values(), reverse=False) if False else sizes.values()):
            m.add(Dense(max(n, 0)))
    """,
    "conditions": """
        m = Sequential([Input((3,))])
        if __name__ == "__main__" and not False:
            m.add(Dense(4))
        else:
            m.add(Dense(5))
        m.add(Dense(2 if 1 < 2 <= 2 else 3))
    """,
    "loops": """
        m, n = Sequential([Input((3,))]), 8
        while True:
            n //= 2
            if n < 2: break
            m.add(Dense(n))
        for n in range(9):
            continue
    """,
    "try": """
        try:
            from keras import layers
        except ImportError:
            layers = None
        with tf.device("/cpu:0"):
            m = Sequential([Input((3,)), layers.Dense(4)])
        m.add(Dense(2))
    """,
    "what changes nothing": """
        import matplotlib.pyplot as plt
        from sklearn.model_selection import train_test_split
        X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2)
        print("shapes", X_train.shape)
        assert len(X_train) == 3
        m = Sequential([Input((3,)), Dense(4, kernel_initializer=init, dtype=tf.float32)])
        m.add(Dense(2, kernel_regularizer=keras.regularizers.l2(0.01), weights=[w]))
        m.compile(optimizer=keras.optimizers.Adam(learning_rate=LR), loss="mse", metrics=["mae"])
        history = m.fit(X_train, y_train, epochs=EPOCHS, callbacks=[EarlyStopping()])
        for epoch in range(EPOCHS):
            loss = m.train_on_batch(X, y)
            losses.append(loss)
        if verbose:
            m.summary()
        plot_model(m)
        plt.plot(history.history["loss"])
        m.save("model.h5")
    """,
    "two models": """
        a = Sequential([Input((5,)), Dense(1)], name="first")
        keras.backend.clear_session()
        b = Sequential([Input((3,)), Dense(4), Dense(2)])
    """,
    "called model": """
        keep = Sequential([Input((3,)), Dense(4), Dense(2)])
        model = keep
        other = Sequential([Input((5,)), Dense(1)])
    """,
    "built": "m = Sequential([Dense(4), Dense(2)])\nm.build((None, 3))",
    "built by name": "m = Sequential([Dense(4), Dense(2)])\nm.build(input_shape=[None, 3])",
    "popped": "m = Sequential([Input((3,)), Dense(4), Dense(2), Dense(7)])\nm.pop()",
}


@pytest.mark.parametrize("style", STYLES)
def test_styles(style: str) -> None:
    code = STYLES[style]
    found = trace(code if style == "indented" else dedent(code).strip("\n"))
    assert rows(found) == TWO


TENSORS = {
    "reassigned": "x = i = Input((3,))\nx = Dense(4)(x)\nx = Dense(2)(x)\nm = Model(i, x)",
    "by name": "i = Input((3,))\nh = Dense(4)(i)\nm = keras.Model(outputs=Dense(2)(h), inputs=i)",
    "old names": "i = Input(shape=(3,))\nh = Dense(4)(i)\nm = Model(input=i, output=Dense(2)(h))",
    "lists": "i = Input((3,))\nh = Dense(4)(i)\nm = Model([i], [Dense(2)(h)])",
    "no model": "i = Input((3,))\nh = Dense(4)(i)\ny = Dense(2)(h)",
    "tensorflow": "i = tf.keras.Input([3])\nh = Dense(4)(i)\nm = tf.keras.models.Model(i, Dense(2)(h))",
    "an outer model": """
        i = Input((3,))
        inner = Model(i, Dense(4)(i))
        m = Model(inner.input, Dense(2)(inner.output))
    """,
}


@pytest.mark.parametrize("style", TENSORS)
def test_functional_styles(style: str) -> None:
    assert rows(trace(dedent(TENSORS[style]))) == [("input_layer", (None, 3), 0), *TWO]


def test_data_of_which_the_shape_is_known() -> None:
    found = trace(
        dedent("""
        (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
        x_train = x_train.reshape(len(x_train), 28, -1, 1).astype("float32") / 255.0
        X = np.zeros((5, 9))
        model = Sequential()
        model.add(Conv2D(2, 3, input_shape=x_train.shape[1:]))
        model.add(Flatten())
        model.add(Dense(X.shape[1]))
        """)
    )
    assert rows(found) == [
        ("conv2d", (None, 26, 26, 2), (3 * 3 * 1 + 1) * 2),
        ("flatten", (None, 26 * 26 * 2), 0),
        ("dense", (None, 9), (26 * 26 * 2 + 1) * 9),
    ]


def test_a_layer_called_on_data() -> None:
    found = trace(
        "x = np.random.rand(4, 10, 128)\ny = keras.layers.Conv1D(32, 3)(x)\nprint(y.shape)"
    )
    assert rows(found)[1:] == [("conv1d", (4, 8, 32), (3 * 128 + 1) * 32)]
    found = trace("m = Sequential([Dense(2)])\nm(np.ones((5, 3)))")
    assert rows(found) == [("dense", (5, 2), (3 + 1) * 2)]


OLD: dict[str, Rows] = {
    "Convolution2D(8, 3, 2, border_mode='same', subsample=(2, 2), input_shape=(6, 6, 1))": [
        ("conv2d", (None, 3, 3, 8), (3 * 2 * 1 + 1) * 8)
    ],
    "Convolution2D(nb_filter=8, nb_row=3, nb_col=2, input_shape=(6, 6, 1), dim_ordering='tf')": [
        ("conv2d", (None, 4, 5, 8), (3 * 2 * 1 + 1) * 8)
    ],
    "Convolution1D(nb_filter=8, filter_length=3, input_dim=2, input_shape=(6, 2))": [
        ("conv1d", (None, 4, 8), (3 * 2 + 1) * 8)
    ],
    "LSTM(4, input_length=6, input_dim=2, inner_activation='sigmoid', consume_less='gpu')": [
        ("lstm", (None, 4), 4 * (2 + 4 + 1) * 4)
    ],
    "SimpleRNN(4, batch_input_shape=(7, 6, 2), stateful=True)": [
        ("simple_rnn", (7, 4), (2 + 4 + 1) * 4)
    ],
    "Embedding(50, 8, input_length=6)": [("embedding", (None, 6, 8), 50 * 8)],
    "Dense(output_dim=4, init='uniform', bias=False, W_regularizer=l2(1), input_dim=3)": [
        ("dense", (None, 4), 3 * 4)
    ],
    "Dense(4, batch_size=8, input_shape=(3,))": [("dense", (8, 4), (3 + 1) * 4)],
    "Dropout(p=0.5, input_shape=(3,))": [("dropout", (None, 3), 0)],
    "AveragePooling2D(input_shape=(6, 6, 1))": [("average_pooling2d", (None, 3, 3, 1), 0)],
    "MaxPooling1D(pool_length=3, stride=1, border_mode='valid', input_shape=(6, 2))": [
        ("max_pooling1d", (None, 4, 2), 0)
    ],
    "LeakyReLU(alpha=0.3, input_shape=(3,))": [("leaky_re_lu", (None, 3), 0)],
    "GlobalAvgPool2D(input_shape=(6, 6, 2))": [("global_average_pooling2d", (None, 2), 0)],
}


@pytest.mark.parametrize("layer", OLD)
def test_old_arguments(layer: str) -> None:
    assert rows(trace(f"model = Sequential()\nmodel.add({layer})")) == OLD[layer]


def test_old_merge() -> None:
    found = trace(
        "a, b = Input((3,)), Input((5,))\nx = merge([a, b], mode='concat', concat_axis=-1)\n"
        "model = Model(input=[a, b], output=Dense(2)(x))"
    )
    assert rows(found)[2:] == [("concatenate", (None, 8), 0), ("dense", (None, 2), (8 + 1) * 2)]


def test_input_shape_for_a_model_that_does_not_say_it() -> None:
    code = "model = Sequential([Dense(4), Dense(2)])"
    assert rows(trace(code, input_shape=(None, 3))) == TWO
    assert said(code, ModelError)[0].startswith("line 1: model 'sequential' does not say")


def test_graph() -> None:
    found = graph(
        "model = Sequential([Input((3,)), TimeDistributed(Dense(2))])" * 0 or STYLES["list"]
    )
    assert [it.shape for it in found.inputs] == [(None, 3)]
    assert found.outputs[0].call.part.config == {"units": 2}


def test_configurations_have_the_form_of_keras() -> None:
    code = "i = Input((5, 3))\nmodel = Model(i, {layer}(i))"

    def config(layer: str) -> Any:
        return graph(code.replace("{layer}", layer)).outputs[0].call.part.config

    dense = {"name": "dense", "units": 4, "activation": "relu"}
    nested = {
        "module": "keras.layers",
        "class_name": "Dense",
        "config": dense,
        "registered_name": None,
    }
    assert config("TimeDistributed(Dense(4, tf.nn.relu))") == {"layer": nested}
    assert config("Conv1D(8, (2,), padding='SAME', activation=keras.activations.tanh)") == {
        "filters": 8,
        "kernel_size": (2,),
        "padding": "same",
        "activation": "tanh",
    }
    assert config("RNN([GRUCell(4), LSTMCell(2)])")["cell"][1]["class_name"] == "LSTMCell"


ERRORS = {
    "Dense(unit=5)": ("Dense has no argument 'unit'; did you mean 'units'?", "unit=5"),
    "Dense()": ("Dense needs 'units', which is not given", "Dense()"),
    "Dense(5, units=5)": ("Dense is given two values for 'units'", "units=5"),
    "Dense(5.0)": ("units of Dense must be a positive whole number, not 5.0", "5.0"),
    "Dense(10 / 2)": ("units of Dense must be a positive whole number, not 5.0", "10 / 2"),
    "Dense(-1)": ("units of Dense must be a positive whole number, not -1", "-1"),
    "Dense(True)": ("units of Dense must be a positive whole number, not True", "True"),
    "Dense('relu')": ("units of Dense must be a positive whole number, not 'relu'", "'relu'"),
    "Dense(5, 'Relu')": ("Keras has no activation 'Relu'; did you mean 'relu'?", "'Relu'"),
    "Dense(5, name='a/b')": ("name of Dense must be a text without '/', not 'a/b'", "name='a/b'"),
    "Dense(5, input_shape=(10))": (
        "a shape is a tuple: write (10,) and not 10",
        "input_shape=(10)",
    ),
    "Dense(5, input_shape=(1.5,))": (
        "a size is a whole number or None, not 1.5",
        "input_shape=(1.5,)",
    ),
    "LSTM(5, input_length='x', input_dim=3)": (
        "a size is a whole number or None, not 'x'",
        "input_length='x'",
    ),
    "Conv2D(8, (2, 2, 2))": ("kernel_size of Conv2D must be 2 numbers, not (2, 2, 2)", "(2, 2, 2)"),
    "Conv2D(8, 0)": ("kernel_size of Conv2D must be positive whole numbers, not 0", "0"),
    "Conv2D(8, 2, padding='sane')": (
        "padding of Conv2D must be one of valid, same, causal, not 'sane'",
        "padding='sane'",
    ),
    "Dense(n)": (
        "'n' is not known: the code does not say what it is; write its value in its place",
        "n",
    ),
    "Dense(X.shape[1])": (
        "'X' is not known: the code does not say what it is; write its value in its place",
        "X",
    ),
    "Dense(9**9**9)": ("this is not worked out: the number is too large", "9**9**9"),
    "Dense(int('x'))": (
        "int is not worked out: invalid literal for int() with base 10: 'x'",
        "int('x')",
    ),
    "Dens(5)": ("'Dens' is not known; did you mean 'Dense'?", "Dens"),
    "layers.Dens(5)": ("Keras has no layer 'Dens'; did you mean 'Dense'?", "layers.Dens(5)"),
    "Dense(5)(4)": ("layer 'dense' is called without a tensor", "Dense(5)(4)"),
    "TimeDistributed(Sequential([Dense(5)]))": (
        "a layer around the whole model 'sequential_1' is not read",
        "Sequential([Dense(5)])",
    ),
    "Convolution2D(8, 3, 3)": (
        "Convolution2D with two numbers for the kernel is Keras 1",
        "Convolution2D(8, 3, 3)",
    ),
    "VGG16(weights=None)": ("'VGG16' is not known", "VGG16"),
    "keras.applications.VGG16()": (
        "what is in VGG16 is not in the code",
        "keras.applications.VGG16()",
    ),
    "load_model('x.h5')": ("a file is not loaded by code that is only read", "load_model('x.h5')"),
    "torch.nn.Linear(3, 4)": ("'torch' is not known", "torch"),
    "Dense": ("a Sequential takes layers, not 'Dense': write it with brackets", "Dense"),
    "5": ("a Sequential takes layers, not 5", "5"),
    "[Dense(4)]": (
        "a Sequential takes layers, not a list: put them into one flat list",
        "[Dense(4)]",
    ),
}


@pytest.mark.parametrize("layer", ERRORS)
def test_errors_point_at_the_place(layer: str) -> None:
    message, there = ERRORS[layer]
    first, line, caret = said(f"model = Sequential()\nmodel.add({layer})\nmodel.summary()")
    assert first.startswith(f"line 2: {message}")
    assert line == f"    model.add({layer})"
    assert line[caret.index("^") : len(caret)] == there


def test_errors_of_layers_that_do_not_fit() -> None:
    lines = said(
        """
        model = Sequential([Input((28, 28))])
        model.add(Dense(3))
        model.add(
            Conv2D(3, 3),
        )
        """,
        ShapeError,
    )
    assert lines[0].startswith("line 4: layer 'conv2d' (Conv2D): ")
    assert lines[1:3] == ["        Conv2D(3, 3),", "        ^^^^^^^^^^^^"]
    lines = said(
        "d = Dense(3)\nx, y = Input((4,)), Input((5,))\nmodel = Model([x, y], [d(x), d(y)])",
        ShapeError,
    )
    assert lines[0].startswith("line 3: layer 'dense' (Dense): its kernel has shape (4, 3)")
    assert lines[2] == " " * lines[2].index("^") + "^" * len("d(y)")
    lines = said("model = Sequential([Input((None, None, 2)), Flatten(), Dense(3)])", ShapeError)
    assert "unknown" in lines[0]


def test_errors_of_models() -> None:
    assert said("x = 1", ModelError)[0].startswith("the code builds no model")
    assert said("", ModelError)[0].startswith("the code builds no model")
    assert said("model = Sequential()", ModelError)[0] == "line 1: model 'sequential' has no layers"
    lines = said("def make(a, b=1, *, c): return Sequential()", ModelError)
    assert lines[0].startswith("make is defined and never called, and needs 2 arguments")
    lines = said("x, y = Input((3,)), Input((3,))\nmodel = Model(x, Dense(2)(y))", ShapeError)
    assert "does not begin with 'input_layer_1'" in lines[0]
    lines = said("x = Input((3,))\nmodel = Model(x, Dense(2))")
    assert "the outputs of a model are tensors, not the layer 'dense'" in lines[0]
    lines = said(
        "model = Sequential([Input((3,)), Dense(2, name='a'), Dense(2, name='a')])", ModelError
    )
    assert "two layers of the model are called 'a'" in lines[0]
    lines = said("model = Sequential([Input((3,)), Dense(2)])\nmodel.build((None, 4))", ModelError)
    assert "takes inputs of (None, 3); it cannot be built for (None, 4)" in lines[0]


def test_layers_that_no_rule_describes() -> None:
    code = "x = Input((3,))\nmodel = Model(x, {layer}(x))"
    lines = said(code.replace("{layer}", "Lambda(lambda x: x * 2)"), UnknownLayer)
    assert lines[0].startswith("line 2: layer 'lambda' (Lambda): ")
    lines = said(code.replace("{layer}", "Dense(3, activation=lambda x: x)"), UnknownLayer)
    assert lines[0].startswith("line 2: layer 'dense' (Dense): ")
    assert "'<lambda>'" in lines[0]
    lines = said(f"class Mine(Layer):\n    pass\n{code.replace('{layer}', 'Mine()')}")
    assert lines[0] == "line 1: Mine is a class of the code's own, and what it does is not read"


DOUBTS = {
    "a loop": "for i in range(N):\n    model.add(Dense(3))",
    "a condition": "if flag:\n    model.add(BatchNormalization())",
    "a condition in a loop": "for i in range(3):\n    if flag: break\n    model.add(Dense(3))",
    "a function": "def f():\n    model.add(Dense(3))\nif flag:\n    f()",
    "a function that is not there": "add_block(model)",
    "a popped layer": "while flag:\n    model.pop()",
    "a number": "n = 3\nif flag:\n    n = 4\nmodel.add(Dense(n))",
    "a list": "sizes = [3]\nif flag:\n    sizes.append(4)\nfor n in sizes: model.add(Dense(n))",
    "an item": "sizes = [3]\nsizes[k] = 4\nmodel.add(Dense(sizes[0]))",
    "a dictionary": "d = {'units': 3}\nif flag:\n    d['units'] = 4\nmodel.add(Dense(**d))",
    "a function with two ends": "def f(x):\n  if x: return 3\n  return 4\nmodel.add(Dense(f(flag)))",
    "an error": "def f(x):\n  if x > 2: raise ValueError\n  return 4\nmodel.add(Dense(f(3)))",
    "a match": "match flag:\n    case 1:\n        model.add(Dense(3))",
    "a decorated function": "@odd\ndef f(): return 3\nmodel.add(Dense(f()))",
    "a generator": "def f():\n    yield 3\nfor n in f(): model.add(Dense(n))",
    "whether it is trained": "model.layers[0].trainable = flag",
}


@pytest.mark.parametrize("doubt", DOUBTS)
def test_what_is_not_known_is_no_guess(doubt: str) -> None:
    lines = said(f"model = Sequential([Input((3,)), Dense(2)])\n{DOUBTS[doubt]}")
    assert re.match(r"line \d", lines[0])


def test_what_is_not_known_and_not_needed_is_passed_over() -> None:
    found = trace(
        dedent("""
        broken = Sequential([Dense(unit=3)])
        other = Dense(n)(Input((3,)))
        if flag:
            other = Dense(5)
        model = Sequential([Input((3,)), Dense(4), Dense(2)], name="mine")
        """)
    )
    assert found.name == "mine"
    assert [layer.outputs[0].shape for layer in found] == [(None, 4), (None, 2)]


HOSTILE = {
    "brackets": "(" * 100_000,
    "signs": "x = " + "-" * 500_000 + "1",
    "sums": "x = " + "+".join(["1"] * 100_000),
    "attributes": "x" + ".a" * 100_000,
    "calls": "x" + "()" * 100_000,
    "too long": "#" * (1 << 21),
    "lines": "\n" * 500_000 + "model = Sequential(",
    "arguments": f"model = Dense({','.join(f'a{n}=1' for n in range(20_000))})",
    "characters": f"model = Dense(é={'é' * 100_000}, b='{'ü' * 100_000}', c=1)",
    "null": "model = \x00",
    "surrogate": "model = Dense('\ud800')",
    "written surrogate": "model = Sequential([Dense(3, unit='\\ud800')])",
    "control characters": "\x0cmodel = 3\x1c\x85\u2028",
    "escapes": "x = '\\d'\ny = '\\N{nothing}'",
    "number": f"x = {'9' * 100_000}",
    "powers": "x = 9**9**9\ny = 2**64**64\nz = (10**18)**64\nmodel = Dense(z)",
    "shifts": "model = Dense(1 << 10**9)",
    "texts": "a = 'x' * 9999\nb = [a] * 9999\nmodel = a.join(b) + str(b) + '%s' % b",
    "doubled text": "a = 'x'\nfor i in range(99): a += a\nmodel = Sequential(a)",
    "doubled list": "a = [1]\nfor i in range(99): a = [a, a]\nmodel = Sequential(a)",
    "formats": "a = '%1000000000d' % 5\nb = f'{5:1000000000}'\nc = '{:>999999999}'.format(3)\nmodel = a",
    "looking into": "model = '{0.__class__}'.format(1)",
    "deep tuple": "t = ()\nfor i in range(9999): t = (t,)\nmodel = {t: 1}",
    "list in itself": "a = []\na.append(a)\nmodel = Sequential(a)",
    "model in itself": "a = Sequential([Input((3,)), Dense(3)])\na.add(a)\nmodel = a",
    "models in each other": "a = Sequential([Dense(3)])\nb = Sequential([a])\na.add(b)\nmodel = a",
    "recursion": "def f(x): return f(x)\nmodel = f(3)",
    "two recursions": "def f(x): return g(g(x))\ndef g(x): return f(f(x))\nmodel = f(3)",
    "many layers": "model = Sequential([Input((3,))])\nfor i in range(9999): model.add(Dense(3))",
    "nested models": """
x = Input((3,))
m = Model(x, Dense(3)(x))
for i in range(40):
    x = Input((3,))
    m = Model(x, m(m(x)))
""",
    "loops in loops": "for a in range(9999):\n  for b in range(9999): pass",
    "generators": "model = sum(1 for a in range(9999) for b in range(9999))",
    "long range": "for i in range(10**18): pass\nmodel = list(range(10**12))",
    "while": "while True:\n  while True:\n    while True: x = 1",
    "many axes": "model = Sequential([Input((2,) * 9999), Flatten()])",
    "large sizes": "model = Sequential([Input((10**18, 10**18)), Flatten()])",
    "long equation": "model = Sequential([Input((3,)), EinsumDense('a' * 9000 + '->b', 3)])",
    "class": "class A:\n  x = open('/etc/passwd')\nmodel = A()",
    "asynchronous": "async def f(): await x\nmodel = await f()",
    "inside": "model = keras.__class__.__mro__[1].__subclasses__()[0]()",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_code_is_an_error(name: str) -> None:
    start = time.perf_counter()
    with pytest.raises(DenseShapesError) as caught:
        trace(HOSTILE[name])
    assert time.perf_counter() - start < 60  # it takes a few seconds at most
    assert len(str(caught.value).encode()) < 3000


def test_nothing_is_executed(tmp_path: Path) -> None:
    there = tmp_path / "it was executed"
    touch = f"__import__('pathlib').Path({str(there)!r}).touch()"
    for code in (
        touch,
        f"(lambda: {touch})()",
        f"model = Sequential([Input((3,)), Dense({touch})])",
        f"def f(x={touch}):\n    {touch}\n    return x\nmodel = f()",
        f"@{touch}\ndef f(): pass\nf()",
        f"class A:\n    {touch}\nmodel = A()",
        f"exec({touch!r})\neval({touch!r})\nopen({str(there)!r}, 'w')",
        f"import pathlib\npathlib.Path({str(there)!r}).touch()",
        f"from pathlib import Path\nf'{{Path({str(there)!r}).touch()}}'",
        f"(x := {touch})\nx[{touch}] = {touch}\nwith {touch}: pass",
    ):
        with pytest.raises(DenseShapesError):
            trace(code)
        assert not there.exists()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("model.add(Dense(5))", True),
        ("import keras", True),
        ("x = 5", True),
        ("a\nb", True),
        ("model.keras", False),
        ("my models/a model (1).keras", False),
        ("", False),
    ],
)
def test_looks_like_code(text: str, code: bool) -> None:
    assert looks_like_code(text) is code


SOURCES = [dedent(code) for code in (*STYLES.values(), *TENSORS.values(), *DOUBTS.values())]
WORDS = sorted({word for code in SOURCES for word in re.findall(r"\w+|[^\w\s]|\n *", code)})
KEYWORDS = sorted({name for it in arguments().values() for name in it.names})
ANYTHING = st.one_of(
    st.sampled_from([*WORDS, *arguments(), *KEYWORDS]),
    st.sampled_from(["None", "-1", "1e999", "()", "[]", "{}", "...", "''", "\x00", "\ud800", "1j"]),
    st.text(max_size=3),
)
fuzz = settings(max_examples=examples(300), suppress_health_check=[HealthCheck.too_slow])


def only_errors_of_ours(text: str) -> None:
    """Read a text; whatever it is, it is a model or an error of this package."""
    try:
        trace(text)
    except DenseShapesError as error:
        str(error).encode()


@fuzz
@given(st.text())
def test_any_text(text: str) -> None:
    only_errors_of_ours(text)


@fuzz
@given(st.data())
def test_any_change_of_code(data: st.DataObject) -> None:
    words = re.findall(r"\w+|[^\w\s]|\s+", data.draw(st.sampled_from(SOURCES)))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(words)))
        stop = min(len(words), start + data.draw(st.integers(0, 2)))
        words[start:stop] = data.draw(st.lists(ANYTHING, max_size=2))
    only_errors_of_ours("".join(words))


@fuzz
@given(st.data())
def test_any_argument(data: st.DataObject) -> None:
    """Whatever a layer is given, on whatever input."""
    kind = data.draw(st.sampled_from([*arguments()]))
    value = st.one_of(
        st.integers(-2, 9),
        st.floats(),
        st.booleans(),
        st.none(),
        st.sampled_from(["relu", "same", "causal", "channels_first", "sum", "ab,bc->ac", "x"]),
    )
    values = st.recursive(value, lambda it: st.lists(it, max_size=3).map(tuple), max_leaves=5)
    given = [repr(it) for it in data.draw(st.lists(values, max_size=3))]
    names = data.draw(st.lists(st.sampled_from(arguments()[kind].names or ("name",)), max_size=3))
    given += [f"{name}={data.draw(values)!r}" for name in dict.fromkeys(names)]
    shape = data.draw(st.lists(st.none() | st.integers(0, 7), max_size=5))
    only_errors_of_ours(
        "inf = nan = 1e999\n"
        f"model = Sequential([Input({tuple(shape)}), {kind}({', '.join(given)}), Flatten(), Dense(2)])"
    )


def test_a_lambda_whose_output_shape_is_written_down() -> None:
    found = trace("m = Sequential([Input((3,)), Lambda(lambda x: x, output_shape=(4,)), Dense(2)])")
    assert found["lambda"].opaque
    assert [layer.outputs[0].shape for layer in found] == [(None, 4), (None, 2)]
    assert found["dense"].params == (4 + 1) * 2
    with pytest.raises(UnknownLayer, match="say output_shape=, or load the model in Keras"):
        trace("m = Sequential([Input((3,)), Lambda(lambda x: x), Dense(2)])")


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("MultiHeadAttention(2, 3)", "expects query, value, and received 1"),
        ("Add()", "a list of inputs"),
    ],
)
def test_a_layer_of_several_inputs_that_is_given_one(kind: str, wanted: str) -> None:
    with pytest.raises(MisfitError, match=wanted):
        trace(f"x = Input((4, 5))\nm = Model(x, {kind}(x))")
