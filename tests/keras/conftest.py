"""What every test against Keras starts from, and models of every kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

layers = keras.layers


@pytest.fixture(autouse=True)
def fresh() -> None:
    """Layer names that count from the start, and the same random numbers in every test."""
    keras.utils.clear_session(free_memory=False)
    keras.utils.set_random_seed(0)


def sequential(shape: tuple[int | None, ...], *stack: Any, name: str | None = None) -> Any:
    return keras.Sequential([keras.Input(shape), *stack], name=name)


def shared_layer() -> Any:
    dense, x = layers.Dense(3, name="dense"), keras.Input((4, 3))
    return keras.Model(x, dense(dense(x)), name="shared")


def shared_layer_on_other_sizes() -> Any:
    conv = layers.Conv2D(2, 3, padding="same", strides=2, name="conv")
    large, small = keras.Input((8, 8, 1), name="large"), keras.Input((5, 4, 1), name="small")
    return keras.Model([large, small], [conv(large), conv(small)])


def nested() -> Any:
    block = sequential(
        (4,), layers.Dense(3, name="dense"), layers.Dense(2, name="last"), name="block"
    )
    return sequential((4,), block, layers.Dense(1, name="dense"))


def nested_twice() -> Any:
    block = sequential((None, 4), layers.Dense(4, name="dense"), name="block")
    x = keras.Input((5, 4))
    return keras.Model(x, layers.Flatten()(block(block(x))))


def nested_in_nested() -> Any:
    inner = sequential((None, 3), layers.Dense(4, name="dense"), name="inner")
    x = keras.Input((5, 3))
    middle = keras.Model(x, layers.Dense(3, name="dense")(inner(x)), name="middle")
    x = keras.Input((5, 3))
    return keras.Model(x, layers.Dense(1, name="dense")(middle(middle(x))), name="outer")


def nested_and_also_alone() -> Any:
    dense = layers.Dense(3, name="dense")
    block = sequential((3,), dense, name="block")
    x = keras.Input((3,))
    return keras.Model(x, dense(block(x)))


def frozen_layer() -> Any:
    frozen = layers.Dense(4, trainable=False, name="frozen")
    return sequential((3,), frozen, layers.Dense(2), layers.BatchNormalization())


def frozen_block() -> Any:
    block = sequential((3,), layers.Dense(4), layers.BatchNormalization(), name="block")
    block.trainable = False
    return sequential((3,), block, layers.Dense(2))


def branches() -> Any:
    x = keras.Input((2, 3), name="x")
    a, b = layers.Dense(4, name="a")(x), layers.Dense(4, name="b")(x)
    added = layers.Add(name="add")([a, b])
    joined, product = (
        layers.Concatenate(name="join")([a, added, a]),
        layers.Dot(1, name="dot")([a, b]),
    )
    return keras.Model(x, [joined, b, product], name="branches")


def dictionaries() -> Any:
    x = {name: keras.Input((2, 3), name=name) for name in ("left", "right")}
    y = layers.Subtract()([x["left"], x["right"]])
    return keras.Model(x, {"out": layers.Dense(3)(y), "between": y})


def operations() -> Any:
    x = keras.Input((2, 3))
    return keras.Model(x, layers.Dense(4)(keras.ops.reshape(x, (-1, 6)) + 1) * 2)


def cut_out_of_another() -> Any:
    x = keras.Input((2, 3))
    first = layers.Dense(4, name="first")(x)
    second = layers.Dense(5, name="second")(first)
    keras.Model(x, second)
    return keras.Model(first, second)


def headless() -> Any:
    whole = sequential((4, 4, 1), layers.Conv2D(2, 2), layers.Flatten(name="flat"), layers.Dense(3))
    return keras.Model(whole.inputs, whole.get_layer("flat").output)


def several_outputs() -> Any:
    x = keras.Input((4, 3))
    y, *states = layers.LSTM(2, return_state=True, name="lstm")(x)
    return keras.Model(x, [layers.Dense(1)(y), *states])


def attention() -> Any:
    x = keras.Input((4, 3))
    return keras.Model(x, layers.MultiHeadAttention(2, 2)(query=x, value=x, key=x))


def tied_weights() -> Any:
    dense, x = layers.Dense(3, name="dense"), keras.Input((2, 3))
    return keras.Model(x, dense(layers.TimeDistributed(dense, name="each")(x)))


def weights_beside_the_graph() -> Any:
    class Model(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            x = keras.Input((3,))
            super().__init__(x, layers.Dense(2)(x))
            self.extra = self.add_weight(shape=(7,), name="extra")
            self.counter = self.add_weight(shape=(), name="counter", trainable=False)

    return Model()


def built_afterwards() -> Any:
    model = keras.Sequential([keras.Sequential([layers.Dense(2)]), layers.Dense(1)])
    model.build((None, 3))
    return model


def built_by_data() -> Any:
    model = keras.Sequential([layers.Flatten(), layers.Dense(1)])
    model(np.zeros((2, 3, 3), "float32"))
    return model


def fixed_batch() -> Any:
    x = keras.Input(batch_shape=(4, 2, 3))
    return keras.Model(x, layers.Flatten()(layers.Dense(5)(x)))


def nothing_but_an_input() -> Any:
    x = keras.Input((3,), name="x")
    return keras.Model(x, x)


def odd_names() -> Any:
    return sequential(
        (2, 6),
        layers.Dense(4, name="<script>"),
        layers.Reshape((4, 2), name="b (h w) -> b h w, ä"),
        layers.Flatten(name="&amp;'\""),
        layers.Dense(3, name="dense#2"),
        name="<i>]]>&",
    )


BUILDERS: dict[str, Callable[[], Any]] = {
    one.__name__: one
    for one in (
        shared_layer,
        shared_layer_on_other_sizes,
        nested,
        nested_twice,
        nested_in_nested,
        nested_and_also_alone,
        frozen_layer,
        frozen_block,
        branches,
        dictionaries,
        operations,
        cut_out_of_another,
        headless,
        several_outputs,
        attention,
        tied_weights,
        weights_beside_the_graph,
        built_afterwards,
        built_by_data,
        fixed_batch,
        nothing_but_an_input,
        odd_names,
    )
}


@pytest.fixture
def build(fresh: None) -> Callable[[str], Any]:
    """Builds a model of this file by its name."""
    return lambda name: BUILDERS[name]()


@pytest.fixture(params=BUILDERS)
def any_model(request: pytest.FixtureRequest, fresh: None) -> Any:
    """Each model of this file in turn."""
    return BUILDERS[request.param]()
