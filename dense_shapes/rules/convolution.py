"""Rules for the convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dense_shapes.axes import Shape, Size, Window
from dense_shapes.errors import ShapeError, UnknownLayer
from dense_shapes.rules.book import Closed, Config, rule
from dense_shapes.rules.core import activate
from dense_shapes.steps import Step, Value, Weight, apply


@rule("Conv1D", example={"filters": 4, "kernel_size": 3}, shapes=[(None, 6, 2)])
def conv1d(config: Config, x: Value) -> Value | Closed:
    """A window slides over the steps; at each place every filter reads all it covers.

    With `padding="causal"` it covers a step and those before it.
    Source: keras/src/layers/convolutional/conv1d.py
    """
    return convolved(config, x, "t")


@rule("Conv2D", example={"filters": 8, "kernel_size": (2, 2)}, shapes=[(None, 4, 5, 1)])
def conv2d(config: Config, x: Value) -> Value | Closed:
    """A window slides over rows and columns; at each place every filter reads all it covers.

    Source: keras/src/layers/convolutional/base_conv.py
    """
    return convolved(config, x, "h", "w")


@rule("Conv3D", example={"filters": 2, "kernel_size": 2}, shapes=[(None, 3, 4, 4, 1)])
def conv3d(config: Config, x: Value) -> Value | Closed:
    """A window slides over frames, rows and columns; at each place every filter reads all it covers.

    Source: keras/src/layers/convolutional/base_conv.py
    """
    return convolved(config, x, "d", "h", "w")


@rule("DepthwiseConv1D", example={"kernel_size": 3}, shapes=[(None, 6, 2)])
def depthwise_conv1d(config: Config, x: Value) -> Value:
    """A window slides over the steps; each channel is read alone, through a kernel of its own.

    Source: keras/src/layers/convolutional/base_depthwise_conv.py
    """
    bias = config["use_bias"]
    return activate(config["activation"], apart(config, x, "t", bias=bias))


@rule("DepthwiseConv2D", example={"kernel_size": 2}, shapes=[(None, 4, 5, 3)])
def depthwise_conv2d(config: Config, x: Value) -> Value:
    """A window slides over rows and columns; each channel is read alone, through a kernel of its own.

    Source: keras/src/layers/convolutional/base_depthwise_conv.py
    """
    bias = config["use_bias"]
    return activate(config["activation"], apart(config, x, "h", "w", bias=bias))


@rule("SeparableConv1D", example={"filters": 4, "kernel_size": 3}, shapes=[(None, 6, 2)])
def separable_conv1d(config: Config, x: Value) -> Value:
    """A window slides over the steps, each channel alone; then every filter reads all the channels.

    Source: keras/src/layers/convolutional/base_separable_conv.py
    """
    return separated(config, x, "t")


@rule("SeparableConv2D", example={"filters": 4, "kernel_size": 2}, shapes=[(None, 4, 5, 3)])
def separable_conv2d(config: Config, x: Value) -> Value:
    """A window slides over rows and columns, each channel alone; then every filter reads all the channels.

    Source: keras/src/layers/convolutional/base_separable_conv.py
    """
    return separated(config, x, "h", "w")


@rule(
    "Conv1DTranspose", example={"filters": 2, "kernel_size": 3, "strides": 2}, shapes=[(None, 3, 2)]
)
def conv1d_transpose(config: Config, x: Value) -> Value:
    """Each step puts a window, weighted, into a longer axis; where windows meet they are added.

    Source: keras/src/layers/convolutional/base_conv_transpose.py
    """
    return transposed(config, x, "t")


@rule(
    "Conv2DTranspose",
    example={"filters": 2, "kernel_size": 2, "strides": 2},
    shapes=[(None, 2, 3, 1)],
)
def conv2d_transpose(config: Config, x: Value) -> Value:
    """Each pixel puts a window, weighted, into a larger image; where windows meet they are added.

    Source: keras/src/layers/convolutional/base_conv_transpose.py
    """
    return transposed(config, x, "h", "w")


@rule(
    "Conv3DTranspose",
    example={"filters": 1, "kernel_size": 2, "strides": 2},
    shapes=[(None, 2, 2, 2, 1)],
)
def conv3d_transpose(config: Config, x: Value) -> Value:
    """Each cell puts a window, weighted, into a larger space; where windows meet they are added.

    Source: keras/src/layers/convolutional/base_conv_transpose.py
    """
    return transposed(config, x, "d", "h", "w")


def convolved(config: Config, x: Value, *axes: str) -> Value | Closed:
    """A convolution over these axes."""
    filters, groups = config["filters"], config["groups"]
    inside, made = ("c", "f") if groups == 1 else ("(g c)", "(g f)")
    over = windows(config, axes, space(config, x, axes))
    if groups < 1 or filters % groups:
        raise ShapeError(f"{filters} filters cannot be cut into {groups} equal groups")
    y = apply(
        slid(config, axes, inside, made),
        x,
        kernel=f"{taps(axes)} c {made}",
        bias=made if config["use_bias"] else None,
        f=filters // groups,
        g=groups if groups > 1 else None,
        **over,
    )
    if config.get("lora_rank"):
        return adapted(config, y)
    if config["data_format"] == "channels_first" and config["use_bias"]:
        return activate(config["activation"], y) if well_added(y) else misadded(y)
    return activate(config["activation"], y)


def well_added(y: Value) -> bool:
    """Whether Keras adds a bias of the first axis along this axis: not if the last is as long.

    Source: add, keras/src/backend/tensorflow/numpy.py
    """
    filters, last = y.shape[1], y.shape[-1]
    return filters == 1 or (last is not None and filters != last)


def misadded(y: Value) -> Closed:
    """A convolution of which Keras may add the bias along another axis than that of the filters."""
    assert isinstance(y.source, Step)
    why = "Keras adds the bias along the last axis where it is as long as there are filters"
    return Closed(why, (y,), y.source.weights)


def adapted(config: Config, y: Value) -> Closed:
    """A convolution whose kernel stands still while the product of two small ones is added to it."""
    assert isinstance(y.source, Step)
    kernel, *bias = y.source.weights
    rank, filters = config["lora_rank"], config["filters"]
    weights = [
        Weight("kernel", kernel.shape, trainable=False),
        *bias,
        Weight("lora_kernel_a", (*kernel.shape[:-1], rank)),
        Weight("lora_kernel_b", (rank, filters)),
    ]
    return Closed(f"the kernel is adapted by two others (lora_rank={rank})", (y,), tuple(weights))


def apart(
    config: Config, x: Value, *axes: str, kernel: str = "kernel", bias: bool = False
) -> Value:
    """A convolution over these axes of each channel alone."""
    several = config["depth_multiplier"] > 1
    made = "(c m)" if several else "c"
    weights: dict[str, Any] = {kernel: f"{taps(axes)} c {'m' if several else '1'}"}
    if bias:
        weights["bias"] = made
    return apply(
        slid(config, axes, "c", made),
        x,
        m=config["depth_multiplier"] if several else None,
        **weights,
        **windows(config, axes, space(config, x, axes)),
    )


def separated(config: Config, x: Value, *axes: str) -> Value:
    """A convolution of each channel alone, and then one over all the channels of each place."""
    y = apply(
        f"{pattern(config, axes, 'c')} -> {pattern(config, axes, 'f')}",
        apart(config, x, *axes, kernel="depthwise_kernel"),
        pointwise_kernel=f"{'1 ' * len(axes)}c f",
        bias="f" if config["use_bias"] else None,
        f=config["filters"],
    )
    return activate(config["activation"], y)


def transposed(config: Config, x: Value, *axes: str) -> Value:
    """A convolution over these axes the other way round: what is read there is made here."""
    space(config, x, axes)
    facts = [each(config, key, axes) for key in ("kernel_size", "strides", "dilation_rate")]
    facts.append(each(config, "output_padding", axes, least=0))
    over: dict[str, Any] = {
        axis: spread(config["padding"], *numbers)
        for axis, *numbers in zip(axes, *facts, strict=True)
    }
    y = apply(
        f"{pattern(config, axes, 'c', mark=True)} -> {pattern(config, axes, 'f')}",
        x,
        kernel=f"{taps(axes)} f c",
        bias="f" if config["use_bias"] else None,
        f=config["filters"],
        **over,
    )
    return activate(config["activation"], y)


def spread(padding: str, size: int, stride: int, dilation: int, extra: Size) -> Window:
    """The window that a transposed convolution puts into its output at each place of its input.

    `extra` is its output padding. It is the window with which a convolution would come back from the
    output to the input, so that `same` padding cuts off what that convolution pads.

    Source: keras/src/backend/common/backend_utils.py, and the padding of TensorFlow's convolutions.

    >>> spread("same", 3, 2, 1, None)
    Window(size=3, stride=2, dilation=1, before=0, after=1)
    """
    reach = dilation * (size - 1) + 1
    match padding.lower():
        case "valid":
            more = max(stride - reach, 0) if extra is None else extra
            return Window(size, stride, dilation, 0, -more)
        case "same":
            cut = reach - stride if extra is None else reach - reach % 2 - extra
            before = max(cut, 0) // 2
            return Window(size, stride, dilation, before, cut - before)
    raise UnknownLayer(f"no rule describes a transposed convolution with padding={padding!r}")


def windows(
    config: Config, axes: Sequence[str], sizes: Shape, *, size: str = "kernel_size"
) -> dict[str, Any]:
    """The window over each axis, by its name; `size` is what the configuration calls its size."""
    strides = size if config["strides"] is None else "strides"
    facts = [each(config, key, axes) for key in (size, strides, "dilation_rate")]
    return {
        axis: window(config["padding"], *numbers)
        for axis, *numbers in zip(axes, sizes, *facts, strict=True)
    }


def window(padding: str, length: Size, size: int, stride: int, dilation: int) -> Window:
    """The window over an axis of this length.

    >>> window("causal", 5, 3, 1, 2)
    Window(size=3, stride=1, dilation=2, before=4, after=0)
    """
    match padding.lower():
        case "valid":
            return Window(size, stride, dilation)
        case "same":
            return Window.same(length, size, stride, dilation)
        case "causal":
            return Window(size, stride, dilation, before=dilation * (size - 1))
    raise UnknownLayer(f"no rule describes padding={padding!r}")


def space(config: Config, x: Value, axes: Sequence[str], *, kind: str = "convolution") -> Shape:
    """The sizes of the axes that a layer of this kind slides over.

    Raises `ShapeError` if the input has more or fewer axes.
    """
    count = len(axes)
    if len(x.shape) != count + 2:
        raise ShapeError(
            f"a {kind} over {count} {'axis' if count == 1 else 'axes'} expects {count + 2} axes "
            f"(batch, {count} to slide over, channels), and received {len(x.shape)}: {x.shape}"
        )
    return x.shape[2:] if config["data_format"] == "channels_first" else x.shape[1:-1]


def each(config: Config, key: str, axes: Sequence[str], *, least: int = 1) -> Sequence[Any]:
    """What the configuration says of each axis: one number for all of them, or one for each.

    Raises `ShapeError` if there are more or fewer numbers than axes, or one is too small.
    """
    value = config.get(key, 1)
    values = list(value) if isinstance(value, list | tuple) else [value] * len(axes)
    if len(values) != len(axes) or any(one is not None and one < least for one in values):
        raise ShapeError(
            f"{key} must be a whole number of at least {least}, or {len(axes)} of them, one for each "
            f"axis; it is {value}"
        )
    return values


def pattern(config: Config, axes: Sequence[str], channels: str, *, mark: bool = False) -> str:
    """The pattern of a tensor in the order of the data format; `mark` for the places of a window.

    >>> pattern({"data_format": "channels_first"}, ["h", "w"], "f", mark=True)
    "b f h' w'"
    """
    between = " ".join(f"{axis}'" if mark else axis for axis in axes)
    first = config["data_format"] == "channels_first"
    return f"b {channels} {between}" if first else f"b {between} {channels}"


def slid(config: Config, axes: Sequence[str], before: str, after: str) -> str:
    """The signature of windows that slide over these axes, with the channels before and after."""
    return f"{pattern(config, axes, before)} -> {pattern(config, axes, after, mark=True)}"


def taps(axes: Sequence[str]) -> str:
    """The axes inside a window.

    >>> taps(["h", "w"])
    'kh kw'
    """
    return " ".join(f"k{axis}" for axis in axes)
