"""Rules for the normalisations, as they are in use: nothing is learned, and no value dropped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import index
from typing import Any

from dense_shapes.axes import Shape, Size
from dense_shapes.errors import ShapeError
from dense_shapes.rules.book import Closed, Config, rule
from dense_shapes.rules.reshaping import axis_names, pattern
from dense_shapes.steps import By, Value, Weight, apply

EPSILON = 1e-7
"""What Keras adds where a layer has no epsilon of its own: `keras.config.epsilon()`."""

TRAINING = ("moving_stddev", "renorm_mean", "renorm_stddev")
"""The weights of a batch normalisation with `renorm` that are read in training only."""


@rule("BatchNormalization", example={}, shapes=[(None, 2, 3, 2)])
def batch_normalization(config: Config, x: Value) -> Value | Closed:
    """Each channel is moved and stretched by four numbers of its own; the batch plays no part in use.

    Source: keras/src/layers/normalization/batch_normalization.py
    """
    [place] = places(config["axis"], x)
    held = [*optional(config), "moving_mean", "moving_variance"]
    weights = {name: lengths(x, [place]) for name in held}
    if config["renorm"]:
        weights |= dict.fromkeys(TRAINING, weights["moving_mean"])
        return closed(x, weights, "with renorm, some of its weights are read in training only")
    if not place:
        return closed(x, weights, "each of its weights belongs to a sample of the batch")
    names = axis_names(x)
    facts: dict[str, Any] = dict.fromkeys(held, names[place - 1])
    name = f"batch normalization, ε = {config['epsilon']!r}"
    return apply(f"{pattern(names)} -> {pattern(names)}", x, by=By.MAP, function=name, **facts)


@rule("LayerNormalization", example={}, shapes=[(None, 2, 3)])
def layer_normalization(config: Config, x: Value) -> Value | Closed:
    """Along an axis, the mean is subtracted and the spread divided by; then each place is scaled.

    Source: keras/src/ops/nn.py, _layer_normalization
    """
    over, order = places(config["axis"], x), in_keras_order(config["axis"], x)
    rms = config.get("rms_scaling", False)
    held = optional({"scale": config["scale"] or rms, "center": config["center"] and not rms})
    weights = {name: lengths(x, order) for name in held}
    if 0 in over:
        return closed(x, weights, "it takes the mean over the samples of the batch")
    if weights and lengths(x, order) != lengths(x, over):
        return closed(x, weights, "its axes are not in order, and Keras cuts its weights anew")
    names = axis_names(x)
    whole, kept = pattern(names), pattern(without(names, over))
    centred = minus_mean(x, whole, kept)
    root = root_mean_square(centred, whole, kept, config["epsilon"])
    y = apply(f"{whole}, {kept} -> {whole}", x if rms else centred, root, by=By.DIVIDE)
    return scaled(y, names, dict.fromkeys(held, " ".join(names[place - 1] for place in over)))


@rule("GroupNormalization", example={"groups": 2}, shapes=[(None, 1, 2, 4)])
def group_normalization(config: Config, x: Value) -> Value | Closed:
    """A sample is normalised in groups of neighbouring channels; then each channel is scaled.

    Source: keras/src/layers/normalization/group_normalization.py
    """
    [place] = places(config["axis"], x)
    [channels] = lengths(x, [place])
    groups = channels if config["groups"] == -1 else index(config["groups"])
    if not 0 < groups <= channels or channels % groups:
        raise ShapeError(
            f"axis {place} is {channels} in the input {x.shape}, which cannot be cut into {groups} "
            "equal groups"
        )
    held = optional(config)
    if not place:
        return closed(x, dict.fromkeys(held, (channels,)), "its groups are samples of the batch")
    names = axis_names(x)
    channel = names[place - 1]
    parts, kept, sizes = list(names), [channel] if groups > 1 else [], dict[str, Any]()
    if 1 < groups < channels:
        group = "g" if "g" not in names else "group"
        parts[place - 1], kept, sizes = f"({group} {channel})", [group], {group: groups}
    whole, left = pattern(parts), pattern(kept)
    centred = minus_mean(x, whole, left, **sizes)
    root = root_mean_square(centred, whole, left, config["epsilon"], **sizes)
    y = apply(f"{whole}, {left} -> {whole}", centred, root, by=By.DIVIDE, **sizes)
    return scaled(y, names, dict.fromkeys(held, channel))


@rule("RMSNormalization", example={}, shapes=[(None, 2, 3)])
def rms_normalization(config: Config, x: Value) -> Value | Closed:
    """Along an axis, every value is divided by the root of the mean square; then each place is scaled.

    Source: keras/src/ops/nn.py, _rms_normalization
    """
    over = places(config["axis"], x)
    shape = lengths(x, in_keras_order(config["axis"], x))
    if 0 in over:
        return closed(x, {"scale": shape}, "it takes the mean over the samples of the batch")
    names = axis_names(x)
    scale = at_the_end(names, x, shape)
    if scale is None:
        why = f"Keras multiplies its scale {shape} with the last axes of {x.shape}: they do not fit"
        return closed(x, {"scale": shape}, why)
    whole, kept = pattern(names), pattern(without(names, over))
    root = root_mean_square(x, whole, kept, config["epsilon"])
    y = apply(f"{whole}, {kept} -> {whole}", x, root, by=By.DIVIDE)
    return scaled(y, names, {"scale": scale})


@rule("UnitNormalization", example={}, shapes=[(None, 2, 3)])
def unit_normalization(config: Config, x: Value) -> Value | Closed:
    """Along an axis, every value is divided by the length of the vector: the root of the squares' sum.

    Source: keras/src/ops/nn.py, _normalize
    """
    over = places(config["axis"], x)
    if 0 in over:
        return closed(x, {}, "it sums over the samples of the batch")
    names = axis_names(x)
    return of_length_one(x, names, without(names, over), epsilon=1e-12)


@rule("LayerScale", example={"init_values": 1e-6, "projection_dim": 2}, shapes=[(None, 2, 3, 2)])
def layer_scale(config: Config, x: Value) -> Value:
    """Each channel is multiplied by a number of its own.

    Source: keras/src/applications/convnext.py, LayerScale
    """
    names, shape = axis_names(x), (index(config["projection_dim"]),)
    gamma = at_the_end(names, x, shape)
    if gamma is None:
        raise ShapeError(
            f"expected an input whose last axis is as long as gamma {shape}, received {x.shape}"
        )
    return scaled(x, names, {"gamma": gamma})


@rule("CustomScaleLayer", example={"scale": 0.5}, shapes=[(None, 2, 3, 2), (None, 2, 3, 2)])
def custom_scale_layer(config: Config, x: Value, y: Value) -> Value:
    """The second input, scaled, is added to the first.

    Source: keras/src/applications/inception_resnet_v2.py, CustomScaleLayer
    """
    return apply("..., ... -> ...", x, mapped(y, f"× {config['scale']!r}"), by=By.SUM)


@rule("StochasticDepth", example={"drop_path_rate": 0.5}, shapes=[(None, 2, 3)])
def stochastic_depth(config: Config, x: Value) -> Value:
    """In use, a value passes as it is; in training, all of them are dropped from time to time.

    Source: keras/src/applications/convnext.py, StochasticDepth
    """
    return apply("... -> ...", x, by=By.COPY)


def places(axis: Any, x: Value) -> list[int]:
    """The places of the axes that a layer names, in order, counted from the batch.

    Raises `ShapeError` if the input has no such axis, or one is named twice.

    >>> places([-1, 1], Value((None, 2, 3, 4), ("b", "h", "w", "c")))
    [1, 3]
    """
    rank = len(x.shape)
    named = [axis] if isinstance(axis, int) else list(map(index, axis))
    if not all(-rank <= one < rank for one in named):
        raise ShapeError(f"axis={axis} is no axis of an input of {rank} axes, {x.shape}")
    found = sorted(one % rank for one in named)
    if len({*found}) != len(found):
        raise ShapeError(f"axis={axis} names an axis of the input {x.shape} twice")
    return found


def in_keras_order(axis: Any, x: Value) -> list[int]:
    """The same places in the order in which Keras keeps them: it sorts the numbers as they are given.

    >>> in_keras_order([1, -1], Value((None, 2, 3, 4), ("b", "h", "w", "c")))
    [3, 1]
    """
    return (
        [axis % len(x.shape)] if isinstance(axis, int) else [n % len(x.shape) for n in sorted(axis)]
    )


def lengths(x: Value, at: Sequence[int]) -> tuple[int, ...]:
    """The sizes of the axes at these places, which must be known: they are those of a weight."""
    sizes = []
    for place in at:
        size = x.shape[place]
        if size is None:
            raise ShapeError(
                f"axis {place} of the input {x.shape} has an unknown size, and the weights of the layer "
                "must be as long as it is; say how long it is"
            )
        sizes.append(size)
    return tuple(sizes)


def without(names: Sequence[str], over: Sequence[int]) -> list[str]:
    """The names of the axes after the batch that are not at these places."""
    return [name for place, name in enumerate(names, 1) if place not in over]


def optional(config: Config) -> list[str]:
    """The names of the weights for scale and shift that a layer has, in the order of Keras."""
    return [name for name, key in (("gamma", "scale"), ("beta", "center")) if config[key]]


def closed(x: Value, weights: Mapping[str, Shape], reason: str) -> Closed:
    """A layer that keeps the shape of its input, and whose cells are not known."""
    held = tuple(Weight(name, shape, name not in TRAINING) for name, shape in weights.items())
    return Closed(reason, (x,), held)


def minus_mean(x: Value, whole: str, kept: str, **sizes: Any) -> Value:
    """The input, less its mean over the axes that are not kept."""
    mean = apply(f"{whole} -> {kept}", x, by=By.MEAN, **sizes)
    return apply(f"{whole}, {kept} -> {whole}", x, mean, by=By.SUBTRACT, **sizes)


def root_mean_square(x: Value, whole: str, kept: str, epsilon: float | None, **sizes: Any) -> Value:
    """The root of the mean of the squares, and of a little more, over the axes that are not kept."""
    square = mapped(x, "square")
    mean = apply(f"{whole} -> {kept}", square, by=By.MEAN, **sizes)
    return mapped(mapped(mean, f"+ {EPSILON if epsilon is None else float(epsilon)!r}"), "sqrt")


def of_length_one(x: Value, names: Sequence[str], kept: Sequence[str], epsilon: float) -> Value:
    """The input, divided by its length over the axes that are not kept."""
    whole, left = pattern(names), pattern(kept)
    length = mapped(apply(f"{whole} -> {left}", mapped(x, "square"), by=By.SUM), "sqrt")
    length = mapped(length, f"at least {epsilon!r}")
    return apply(f"{whole}, {left} -> {whole}", x, length, by=By.DIVIDE)


def mapped(x: Value, function: str) -> Value:
    """A function of each value."""
    return apply("... -> ...", x, by=By.MAP, function=function)


def scaled(x: Value, names: Sequence[str], weights: Mapping[str, str]) -> Value:
    """The value, scaled by the first weight and shifted by `beta`, if it has them."""
    if not weights:
        return x
    function = " and ".join("shift" if name == "beta" else "scale" for name in weights)
    facts: dict[str, Any] = dict(weights)
    return apply(f"{pattern(names)} -> {pattern(names)}", x, by=By.MAP, function=function, **facts)


def at_the_end(names: Sequence[str], x: Value, shape: Shape) -> str | None:
    """The pattern of a weight of this shape that is multiplied with the last axes of the input.

    A size of one is repeated; `None` if the two do not fit.

    >>> x = Value((None, 2, 3), ("b", "t", "feature"))
    >>> at_the_end(["t", "feature"], x, (1, 3)), at_the_end(["t", "feature"], x, (2,))
    ('1 feature', None)
    """
    first = len(names) - len(shape)
    ends: list[tuple[str, Size]] = list(zip(names, x.shape[1:], strict=True))[max(first, 0) :]
    if first < 0 or not all(mine in (1, size) for mine, (_, size) in zip(shape, ends, strict=True)):
        return None
    return " ".join(
        name if mine == size else "1" for mine, (name, size) in zip(shape, ends, strict=True)
    )
