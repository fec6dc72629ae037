"""Rules for the pooling layers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dense_shapes.axes import Parts
from dense_shapes.rules.book import Closed, Config, rule
from dense_shapes.rules.convolution import each, pattern, slid, space, windows
from dense_shapes.steps import By, Value, apply

EXACT = 2**24
"""Up to here Keras cuts an axis without rounding: it counts cells × parts in numbers of 32 bits.

Source: _compute_static_gather_indices, keras/src/backend/tensorflow/nn.py
"""


@rule("MaxPooling1D", example={"pool_size": 2}, shapes=[(None, 6, 2)])
def max_pooling1d(config: Config, x: Value) -> Value:
    """A window slides over the steps, and keeps the largest value of each channel.

    Source: keras/src/layers/pooling/max_pooling1d.py
    """
    return pooled(config, x, By.MAX, "t")


@rule("MaxPooling2D", example={"pool_size": 2}, shapes=[(None, 4, 6, 1)])
def max_pooling2d(config: Config, x: Value) -> Value:
    """A window slides over rows and columns, and keeps the largest value of each channel.

    Source: keras/src/layers/pooling/max_pooling2d.py
    """
    return pooled(config, x, By.MAX, "h", "w")


@rule("MaxPooling3D", example={"pool_size": 2}, shapes=[(None, 2, 4, 4, 1)])
def max_pooling3d(config: Config, x: Value) -> Value:
    """A window slides over frames, rows and columns, and keeps the largest value of each channel.

    Source: keras/src/layers/pooling/max_pooling3d.py
    """
    return pooled(config, x, By.MAX, "d", "h", "w")


@rule("AveragePooling1D", example={"pool_size": 2}, shapes=[(None, 6, 2)])
def average_pooling1d(config: Config, x: Value) -> Value:
    """A window slides over the steps, and keeps the mean of each channel.

    Source: keras/src/layers/pooling/average_pooling1d.py
    """
    return pooled(config, x, By.MEAN, "t")


@rule("AveragePooling2D", example={"pool_size": 2}, shapes=[(None, 4, 6, 1)])
def average_pooling2d(config: Config, x: Value) -> Value:
    """A window slides over rows and columns, and keeps the mean of each channel.

    Source: keras/src/layers/pooling/average_pooling2d.py
    """
    return pooled(config, x, By.MEAN, "h", "w")


@rule("AveragePooling3D", example={"pool_size": 2}, shapes=[(None, 2, 4, 4, 1)])
def average_pooling3d(config: Config, x: Value) -> Value:
    """A window slides over frames, rows and columns, and keeps the mean of each channel.

    Source: keras/src/layers/pooling/average_pooling3d.py
    """
    return pooled(config, x, By.MEAN, "d", "h", "w")


@rule("GlobalMaxPooling1D", example={}, shapes=[(None, 6, 2)])
def global_max_pooling1d(config: Config, x: Value) -> Value:
    """The largest value of each channel, over all the steps.

    Source: keras/src/layers/pooling/global_max_pooling1d.py
    """
    return pooled_whole(config, x, By.MAX, "t")


@rule("GlobalMaxPooling2D", example={}, shapes=[(None, 4, 6, 1)])
def global_max_pooling2d(config: Config, x: Value) -> Value:
    """The largest value of each channel, over all rows and columns.

    Source: keras/src/layers/pooling/global_max_pooling2d.py
    """
    return pooled_whole(config, x, By.MAX, "h", "w")


@rule("GlobalMaxPooling3D", example={}, shapes=[(None, 2, 4, 4, 1)])
def global_max_pooling3d(config: Config, x: Value) -> Value:
    """The largest value of each channel, over all frames, rows and columns.

    Source: keras/src/layers/pooling/global_max_pooling3d.py
    """
    return pooled_whole(config, x, By.MAX, "d", "h", "w")


@rule("GlobalAveragePooling1D", example={}, shapes=[(None, 6, 2)])
def global_average_pooling1d(config: Config, x: Value) -> Value:
    """The mean of each channel, over all the steps.

    Source: keras/src/layers/pooling/global_average_pooling1d.py
    """
    return pooled_whole(config, x, By.MEAN, "t")


@rule("GlobalAveragePooling2D", example={}, shapes=[(None, 4, 6, 1)])
def global_average_pooling2d(config: Config, x: Value) -> Value:
    """The mean of each channel, over all rows and columns.

    Source: keras/src/layers/pooling/global_average_pooling2d.py
    """
    return pooled_whole(config, x, By.MEAN, "h", "w")


@rule("GlobalAveragePooling3D", example={}, shapes=[(None, 2, 4, 4, 1)])
def global_average_pooling3d(config: Config, x: Value) -> Value:
    """The mean of each channel, over all frames, rows and columns.

    Source: keras/src/layers/pooling/global_average_pooling3d.py
    """
    return pooled_whole(config, x, By.MEAN, "d", "h", "w")


@rule("AdaptiveAveragePooling1D", example={"output_size": 3}, shapes=[(None, 5, 2)])
def adaptive_average_pooling1d(config: Config, x: Value) -> Value | Closed:
    """The steps are cut into near-equal parts; each keeps the mean of a channel.

    Source: keras/src/layers/pooling/base_adaptive_pooling.py
    """
    return pooled_parts(config, x, By.MEAN, "t")


@rule("AdaptiveAveragePooling2D", example={"output_size": 2}, shapes=[(None, 4, 5, 1)])
def adaptive_average_pooling2d(config: Config, x: Value) -> Value | Closed:
    """Rows and columns are cut into near-equal parts; each keeps the mean of a channel.

    Source: keras/src/layers/pooling/base_adaptive_pooling.py
    """
    return pooled_parts(config, x, By.MEAN, "h", "w")


@rule("AdaptiveAveragePooling3D", example={"output_size": 2}, shapes=[(None, 2, 3, 4, 1)])
def adaptive_average_pooling3d(config: Config, x: Value) -> Value | Closed:
    """Frames, rows and columns are cut into near-equal parts; each keeps the mean of a channel.

    Source: keras/src/layers/pooling/base_adaptive_pooling.py
    """
    return pooled_parts(config, x, By.MEAN, "d", "h", "w")


@rule("AdaptiveMaxPooling1D", example={"output_size": 3}, shapes=[(None, 5, 2)])
def adaptive_max_pooling1d(config: Config, x: Value) -> Value | Closed:
    """The steps are cut into near-equal parts; each keeps the largest value of a channel.

    Source: keras/src/layers/pooling/base_adaptive_pooling.py
    """
    return pooled_parts(config, x, By.MAX, "t")


@rule("AdaptiveMaxPooling2D", example={"output_size": 2}, shapes=[(None, 4, 5, 1)])
def adaptive_max_pooling2d(config: Config, x: Value) -> Value | Closed:
    """Rows and columns are cut into near-equal parts; each keeps the largest value of a channel.

    Source: keras/src/layers/pooling/base_adaptive_pooling.py
    """
    return pooled_parts(config, x, By.MAX, "h", "w")


@rule("AdaptiveMaxPooling3D", example={"output_size": 2}, shapes=[(None, 2, 3, 4, 1)])
def adaptive_max_pooling3d(config: Config, x: Value) -> Value | Closed:
    """Frames, rows and columns are cut into near-equal parts; each keeps the largest value of a channel.

    Source: keras/src/layers/pooling/base_adaptive_pooling.py
    """
    return pooled_parts(config, x, By.MAX, "d", "h", "w")


def pooled(config: Config, x: Value, by: By, *axes: str) -> Value:
    """What a window keeps of each channel at its places on these axes; padding is not looked at."""
    over = windows(config, axes, space(config, x, axes, kind="pooling"), size="pool_size")
    return apply(slid(config, axes, "c", "c"), x, by=by, **over)


def pooled_whole(config: Config, x: Value, by: By, *axes: str) -> Value:
    """What is kept of each channel over the whole of these axes."""
    space(config, x, axes, kind="pooling")
    kept = ["1"] * len(axes) if config["keepdims"] else []
    y = apply(f"{pattern(config, axes, 'c')} -> {pattern(config, kept, 'c')}", x, by=by)
    return replace(y, names=x.names) if kept else y


def pooled_parts(config: Config, x: Value, by: By, *axes: str) -> Value | Closed:
    """What is kept of each channel in each part of these axes."""
    sizes, counts = space(config, x, axes, kind="pooling"), each(config, "output_size", axes)
    parts: dict[str, Any] = {axis: Parts(count) for axis, count in zip(axes, counts, strict=True)}
    y = apply(slid(config, axes, "c", "c"), x, by=by, **parts)
    if any(size and size * count > EXACT for size, count in zip(sizes, counts, strict=True)):
        return Closed("the axis is so long that Keras rounds the ends of its parts", (y,))
    return y
