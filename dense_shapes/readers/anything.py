"""The public way in: a live model, a layer, a file, code, or a line of layers."""

from __future__ import annotations

import os
from typing import Any

from dense_shapes.axes import Shape
from dense_shapes.errors import FormatError, ModelError
from dense_shapes.readers import keras, sources
from dense_shapes.traces import Trace


def trace(model: Any, *, input_shape: keras.Shapes | None = None) -> Trace:
    """Read a model: what every layer does to the shape.

    `model` is one of these:

    - a built Keras model, or a layer with the `input_shape` on which it works;
    - the path of a `.keras` file, of its `config.json`, or of what `model.to_json()` or `to_json`
      wrote; it is read without Keras, and nothing in it is executed;
    - Keras code as text, as people paste it into questions; it is not executed either;
    - a line of layers: `"4,5,1 -> Conv2D(8, 2) -> Dense(5)"`.

    `input_shape` is the shape of the input without the batch, or a list of one for each input.

    Every output shape and every weight shape of a live model is compared with what Keras has. Where
    a rule and Keras disagree, the layer is run on zeros to decide; if it is Keras that is wrong, the
    `note` of the layer says so.

    Raises `ModelError` if the model is not built or has no graph of layers, `FormatError` for a file
    that cannot be read, `NotationError` for code or a line that cannot be read, `MisfitError` where a
    layer does not take its input, and `ClaimError` if a rule is wrong: then nothing is drawn.

    >>> import dense_shapes as ds
    >>> ds.trace("2,3,1 -> Dense(5)")["dense"]
    <Layer 'dense': Dense, (None, 2, 3, 1) -> (None, 2, 3, 5), 10 parameters>
    >>> import keras
    >>> ds.trace(keras.layers.Dense(5, name="five"), input_shape=(2, 3, 1))["five"].params
    10
    """
    if not isinstance(model, str | os.PathLike):
        return keras.trace(model, input_shape=input_shape)
    source, shape = text_of(model, input_shape)
    return sources.trace(source, input_shape=shape)


def text_of(
    model: str | os.PathLike[str], input_shape: keras.Shapes | None
) -> tuple[sources.Source, Shape | None]:
    """The text that a path or a text means, and the shape of its input with an unknown batch.

    Raises `FormatError` if there is no such file, `ModelError` for more than one shape.
    """
    shape = None
    if input_shape is not None:
        shapes = keras.batched(input_shape)
        if len(shapes) != 1:
            raise ModelError("a text or a file takes one input_shape, for its one input")
        [shape] = shapes
    if isinstance(model, os.PathLike):
        path = os.fspath(model)
        if not isinstance(path, str) or not sources.is_file(path):
            raise FormatError(f"there is no file {os.fsdecode(path)!r}")
        return sources.found(path), shape
    if model == sources.STDIN:
        raise FormatError("expected a model, received '-'; standard input is for the command line")
    return sources.found(model), shape
