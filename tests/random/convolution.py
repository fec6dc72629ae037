"""Random convolutions.

Two kinds are left out. With `padding="same"`, an output padding of 0 and windows of even length, the
output has no room for the last place, and Keras accepts the layer but cannot run it. With channels
first, where the last axis is as long as the filters are many, Keras on TensorFlow adds the bias along
that axis: it takes the bias for one of channels last (add, keras/src/backend/tensorflow/numpy.py).
"""

from __future__ import annotations

from functools import partial
from math import prod
from typing import Any, TypeAlias

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from dense_shapes.axes import Shape, Size
from dense_shapes.rules import call
from tests.random import Example

Numbers: TypeAlias = int | tuple[int, ...]

TAPS = {1: 4, 2: 3, 3: 2}
"""How long a window may be, by the number of axes that it slides over."""
SIZES = {1: 6, 2: 5, 3: 3}
"""How long these axes may be; a dilated window may need longer ones."""
MOST = 200
"""How many cells an output may have."""
COMMON: dict[str, SearchStrategy[Any]] = {
    "use_bias": st.booleans(),
    "activation": st.sampled_from([None, "linear", "relu"]),
}


def numbers(axes: int, most: int) -> SearchStrategy[Numbers]:
    """One number for all axes, or one for each."""
    one = st.integers(1, most)
    return one | st.tuples(*[one] * axes)


def each(value: Numbers, axes: int) -> tuple[int, ...]:
    """A number for each axis."""
    return (value,) * axes if isinstance(value, int) else value


@st.composite
def windows(draw: DrawFn, axes: int, *, both: bool = False) -> dict[str, Any]:
    """The arguments of a window that slides over so many axes.

    Keras takes strides and dilation together (`both`) only where each channel is read alone.
    """
    dilated = draw(st.booleans())
    return {
        "kernel_size": draw(numbers(axes, TAPS[axes])),
        "strides": draw(numbers(axes, 3)) if both or not dilated else 1,
        "dilation_rate": draw(numbers(axes, 2)) if dilated else 1,
        "padding": draw(st.sampled_from(["valid", "same"])),
    }


def reaches(config: dict[str, Any], axes: int) -> list[int]:
    """How many cells the window covers of each axis."""
    taps, dilation = (each(config[key], axes) for key in ("kernel_size", "dilation_rate"))
    return [apart * (many - 1) + 1 for many, apart in zip(taps, dilation, strict=True)]


@st.composite
def spaces(draw: DrawFn, least: list[int], most: int) -> list[Size]:
    """The sizes of the axes between batch and channels, some of them unknown."""
    unknown = st.sampled_from([False, False, False, False, True])
    sizes = [draw(st.integers(size, max(size, most))) for size in least]
    return [None if draw(unknown) else size for size in sizes]


@st.composite
def laid_out(draw: DrawFn, config: dict[str, Any], sizes: list[Size], channels: int) -> Example:
    """An example with the channels first or last."""
    layout = draw(st.sampled_from([None, "channels_last", "channels_first"]))
    first = layout == "channels_first"
    shape: Shape = (None, channels, *sizes) if first else (None, *sizes, channels)
    return {**config, "data_format": layout}, [shape], {}


@st.composite
def convolutions(draw: DrawFn, axes: int) -> Example:
    """Conv1D, Conv2D, Conv3D."""
    config, groups = draw(windows(axes)), draw(st.integers(1, 3))
    if axes == 1 and draw(st.booleans()):
        config["padding"] = "causal"
    least = reaches(config, axes) if config["padding"] == "valid" else [1] * axes
    config |= {"filters": groups * draw(st.integers(1, 2)), "groups": groups}
    config |= draw(st.fixed_dictionaries(COMMON))
    sizes = draw(spaces(least, SIZES[axes]))
    return draw(laid_out(config, sizes, groups * draw(st.integers(1, 2))))


@st.composite
def depthwise(draw: DrawFn, axes: int, *, pointwise: bool = False) -> Example:
    """DepthwiseConv1D, DepthwiseConv2D; and with filters SeparableConv1D, SeparableConv2D.

    No window lies on padding alone: the filters would read nothing but zeros, and no change of their
    weights would be seen. Nor does an activation hide a small change.
    """
    config = draw(windows(axes, both=True)) | draw(st.fixed_dictionaries(COMMON))
    valid = config["padding"] == "valid"
    least = reaches(config, axes) if valid else list(each(config["dilation_rate"], axes))
    config["depth_multiplier"] = draw(st.integers(1, 3))
    if pointwise:
        config |= {"filters": draw(st.integers(1, 3)), "activation": None}
    sizes = draw(spaces(least, SIZES[axes]))
    return draw(laid_out(config, sizes, draw(st.integers(1, 3))))


@st.composite
def transposed(draw: DrawFn, axes: int) -> Example:
    """Conv1DTranspose, Conv2DTranspose, Conv3DTranspose."""
    config = draw(windows(axes))
    same = config["padding"] == "same"
    strides = each(config["strides"], axes)
    least = [1 if same and reach % 2 == 0 else 0 for reach in reaches(config, axes)]
    fits = all(low < stride for low, stride in zip(least, strides, strict=True))
    if fits and draw(st.booleans()):
        pairs = zip(least, strides, strict=True)
        padding = tuple(draw(st.integers(low, stride - 1)) for low, stride in pairs)
        config["output_padding"] = padding
    config |= {"filters": draw(st.integers(1, 2))}
    config |= draw(st.fixed_dictionaries(COMMON))
    sizes = draw(spaces([1] * axes, {1: 5, 2: 3, 3: 2}[axes]))
    return draw(laid_out(config, sizes, draw(st.integers(1, 2))))


def sound(kind: str, example: Example) -> bool:
    """Whether Keras adds the bias to the filters, and the output is not too large to prove."""
    config, shapes, _ = example
    [output] = call(kind, config, *shapes).outputs
    first = config["data_format"] == "channels_first"
    astray = first and config["use_bias"] and output.shape[1] == output.shape[-1] != 1
    return not astray and prod(size or 1 for size in output.shape) < MOST


KINDS: dict[str, SearchStrategy[Example]] = {
    **{f"Conv{axes}D": convolutions(axes) for axes in (1, 2, 3)},
    **{f"DepthwiseConv{axes}D": depthwise(axes) for axes in (1, 2)},
    **{f"SeparableConv{axes}D": depthwise(axes, pointwise=True) for axes in (1, 2)},
    **{f"Conv{axes}DTranspose": transposed(axes) for axes in (1, 2, 3)},
}
STRATEGIES: dict[str, SearchStrategy[Example]] = {
    kind: strategy.filter(partial(sound, kind)) for kind, strategy in KINDS.items()
}
