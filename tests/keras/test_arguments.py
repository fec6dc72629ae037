"""The arguments that the readers know are those of the layers of Keras."""

from __future__ import annotations

import inspect
import json
from typing import Any

import keras

from dense_shapes.rules import arguments

ABSTRACT = ("Layer", "Wrapper", "InputSpec")


def classes() -> dict[str, Any]:
    """Every class of layers that Keras exports, by its own name."""
    found = {name: getattr(keras.layers, name) for name in dir(keras.layers)}
    return {
        it.__name__: it
        for name, it in found.items()
        if inspect.isclass(it) and issubclass(it, keras.Layer) and name not in ABSTRACT
    }


def test_every_layer_of_keras_is_known() -> None:
    assert set(arguments()) == set(classes())


def test_the_arguments_are_those_of_keras() -> None:
    for kind, layer in classes().items():
        named = [
            it
            for it in list(inspect.signature(layer.__init__).parameters.values())[1:]
            if it.kind is it.POSITIONAL_OR_KEYWORD
        ]
        known = arguments()[kind]
        assert known.names == tuple(it.name for it in named), kind
        assert known.required == tuple(it.name for it in named if it.default is it.empty), kind
        for it in named[len(known.required) :]:
            default = json.loads(json.dumps(it.default))  # a tuple is a list there
            assert known.optional[it.name] == default, (kind, it.name)
