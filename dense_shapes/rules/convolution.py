"""Rules for the convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dense_shapes.axes import Size, Window
from dense_shapes.errors import ShapeError
from dense_shapes.rules.book import Config, rule
from dense_shapes.rules.core import activate
from dense_shapes.steps import Value, apply


@rule("Conv2D", example={"filters": 8, "kernel_size": (2, 2)}, shapes=[(None, 4, 5, 1)])
def conv2d(config: Config, x: Value) -> Value:
    """A window slides over rows and columns; at each place every filter reads all it covers.

    Source: keras/src/layers/convolutional/base_conv.py
    """
    return convolve(config, x, "h", "w")


def convolve(config: Config, x: Value, *spatial: str) -> Value:
    """A convolution over the named spatial axes."""
    groups = config.get("groups", 1)
    channels, filters = ("c", "f") if groups == 1 else ("(g c)", "(g f)")
    before, after = " ".join(spatial), " ".join(f"{axis}'" for axis in spatial)
    if config.get("data_format") == "channels_first":
        signature, sizes = f"b {channels} {before} -> b {filters} {after}", x.shape[2:]
    else:
        signature, sizes = f"b {before} {channels} -> b {after} {filters}", x.shape[1:-1]
    if len(x.shape) != len(spatial) + 2:
        raise ShapeError(
            f"a convolution over {len(spatial)} axes expects {len(spatial) + 2} axes (batch, "
            f"{len(spatial)} to slide over, channels), and received {len(x.shape)}: {x.shape}"
        )
    if config["filters"] % groups:
        raise ShapeError(f"{config['filters']} filters cannot be cut into {groups} equal groups")
    over: dict[str, Any] = dict(zip(spatial, windows(config, sizes), strict=True))
    taps = " ".join(f"k{axis}" for axis in spatial)
    y = apply(
        signature,
        x,
        kernel=f"{taps} c {filters}",
        bias=filters if config.get("use_bias", True) else None,
        f=config["filters"] // groups,
        g=groups if groups > 1 else None,
        **over,
    )
    return activate(config.get("activation"), y)


def windows(config: Config, sizes: Sequence[Size]) -> list[Window]:
    """The window over each spatial axis."""
    count = len(sizes)
    kernels, strides, dilations = (
        spread(config.get(key, 1), count) for key in ("kernel_size", "strides", "dilation_rate")
    )
    if config.get("padding", "valid") == "same":
        return [
            Window.same(*facts) for facts in zip(sizes, kernels, strides, dilations, strict=True)
        ]
    return [Window(*facts) for facts in zip(kernels, strides, dilations, strict=True)]


def spread(value: int | Sequence[int], count: int) -> Sequence[int]:
    """One number for each axis, from one for all or one for each."""
    return [value] * count if isinstance(value, int) else value
