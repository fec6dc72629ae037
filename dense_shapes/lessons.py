"""Errors that teach: what Keras says where shapes do not fit, and the ways out.

Nothing here decides whether a shape fits: the rules do. This says what it means.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dense_shapes.axes import Shape, Size, compatible
from dense_shapes.errors import MisfitError, ModelError
from dense_shapes.traces import Layer, Trace

MERGING = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
LISTED = (*MERGING, "Concatenate", "Dot")
"""The layers that take their inputs in a list."""
RECURRENT = ("SimpleRNN", "LSTM", "GRU", "RNN", "Bidirectional")
CHANNELS = (1, 3, 4)
"""How many channels an image has."""
BROADCAST = "Keras 3 may say nothing: it broadcasts the target, and compares every position with it"


def ranks(kind: str) -> tuple[str, int] | None:
    """What Keras asks of the rank of the input of a layer kind: `ndim` or `min_ndim`, and how many.

    Source: the `input_spec` of each layer; a test compares them.

    >>> ranks("Dense"), ranks("LSTM"), ranks("MaxPooling2D"), ranks("Reshape")
    (('min_ndim', 2), ('ndim', 3), ('ndim', 4), None)
    """
    match kind:
        case "Dense":
            return "min_ndim", 2
        case "RepeatVector":
            return "ndim", 2
        case "SimpleRNN" | "LSTM" | "GRU":
            return "ndim", 3
    spatial = next((int(part) for part in "123" if f"{part}D" in kind), None)
    if spatial is None or kind.startswith(("Adaptive", "SpatialDropout")):
        return None
    if kind.startswith("ConvLSTM"):
        return "ndim", spatial + 3
    return ("min_ndim" if "Conv" in kind else "ndim"), spatial + 2


def misfit(
    kind: str,
    name: str,
    config: Mapping[str, Any],
    shapes: Sequence[Shape],
    reason: str,
    origins: Sequence[tuple[str, str]] = (),
) -> MisfitError:
    """The error of a layer that does not take inputs of these shapes, for the reason that its rule gives.

    `origins` are the name and the kind of the layer that made each input.

    >>> error = misfit("Dense", "dense", {"units": 5}, [(5,)], "the input has no axis but the batch")
    >>> print(error.keras)
    expected min_ndim=2, found ndim=1. Full shape received: (5,)
    """
    where = [
        f"{shape} comes from {'the input' if made == 'InputLayer' else made} {label!r}"
        for shape, (label, made) in zip(shapes, origins, strict=False)
    ]
    made = [made for _, made in origins]
    return MisfitError(
        f"layer {name!r} ({kind}): {reason}",
        origins=where,
        keras=keras_says(kind, config, shapes),
        ways=tuple(dict.fromkeys(ways(kind, config, shapes, made)))[:3],
    )


def keras_says(kind: str, config: Mapping[str, Any], shapes: Sequence[Shape]) -> str:
    """What the message of Keras says of it, as far as it is known; else nothing."""
    shape, wanted = (shapes[0] if shapes else ()), ranks(kind)
    if wanted and misranked(wanted, shape):
        return f"expected {wanted[0]}={wanted[1]}, found ndim={len(shape)}. Full shape received: {shape}"
    if kind == "Dense" and shape[-1:] == (None,):
        return (
            "Shapes used to initialize variables must be fully-defined (no `None` dimensions). "
            f"Received: shape={(None, config.get('units'))}"
        )
    if kind in LISTED and len(shapes) == 1:
        received = f"Received: input_shape={shape}"
        if kind in MERGING:
            return f"A merge layer should be called on a list of inputs. {received}"
        count = "2 inputs" if kind == "Dot" else "at least 1 input"
        return f"A `{kind}` layer should be called on a list of {count}. {received}"
    if kind in MERGING:
        return "Inputs have incompatible shapes. Received shapes " + " and ".join(
            str(one[1:]) for one in shapes[:2]
        )
    if kind == "Concatenate":
        return (
            "A `Concatenate` layer requires inputs with matching shapes except for the concatenation "
            f"axis. Received: input_shape={list(shapes)}"
        )
    if (wanted and "Pooling" in kind) or "Conv" in kind:
        groups = config.get("groups") or 1
        channels = shape[channel_axis(config)]
        if channels is not None and channels % groups:
            return "The number of input channels must be evenly divisible by the number of groups."
        return "Computed output size would be zero or negative."
    return ""


def misranked(wanted: tuple[str, int], shape: Shape) -> bool:
    """Whether a shape has not the rank that is wanted."""
    word, rank = wanted
    return len(shape) < rank if word == "min_ndim" else len(shape) != rank


def channel_axis(config: Mapping[str, Any]) -> int:
    """Which axis holds the channels."""
    return 1 if config.get("data_format") == "channels_first" else -1


def ways(
    kind: str, config: Mapping[str, Any], shapes: Sequence[Shape], made: Sequence[str]
) -> Iterator[str]:
    """The ways out, the most likely first."""
    shape, wanted = (shapes[0] if shapes else ()), ranks(kind)
    before = made[0] if made else ""
    if wanted and misranked(wanted, shape):
        yield from ranked(kind, wanted[1], shape, before)
    elif kind == "Dense" and shape[-1:] == (None,):
        dimensions = len(shape) - 2
        if before in ("Flatten", "Reshape"):
            yield f"GlobalAveragePooling2D() in the place of {before}: it takes any size"
        yield "give every axis of the input a size: keras.Input((height, width, channels))"
        if dimensions > 0:
            yield "let another axis be the last: Permute"
    elif kind in LISTED and len(shapes) == 1:
        yield f"give it a list: {kind}()([x, y])"
    elif kind in MERGING:
        yield "bring one of them to the size of the other, with Dense or Conv2D(..., 1)"
        yield "Concatenate: it joins other sizes along one axis"
    elif kind == "Concatenate":
        yield "choose the axis on which they differ: Concatenate(axis=...)"
        yield "bring the others to one size: pooling, Cropping or ZeroPadding"
    elif wanted:
        yield from windowed(kind, config, shape)
    elif kind == "Reshape":
        yield "a target shape with the same number of cells; one of its sizes may be -1"
    elif kind == "TimeDistributed":
        yield "leave TimeDistributed out: there are no steps"
        yield f"make one step: Reshape({(1, *shape[1:])})"


def ranked(kind: str, rank: int, shape: Shape, before: str) -> Iterator[str]:
    """The ways out where an input has the wrong number of axes."""
    given = shape[1:]
    if kind == "Dense":
        yield "put the batch first: x[np.newaxis], or leave it out in keras.Input((5,))"
        return
    if len(shape) < rank:
        if before in RECURRENT:
            yield "return_sequences=True in the recurrent layer before: it gives every step"
        if kind in RECURRENT:
            yield f"one step: Reshape({(1, *given)}); or one feature: Reshape({(*given, 1)})"
            yield "the same at each step: RepeatVector(steps)"
        elif len(shape) == rank - 1:
            yield f"a channel axis: Reshape({(*given, 1)}), or keras.Input({(*given, 1)})"
        if before in ("Flatten", "GlobalAveragePooling2D", "GlobalMaxPooling2D"):
            yield f"take {before} out, or put it after this layer"
        return
    if kind in RECURRENT:
        yield "one feature axis: TimeDistributed(Flatten())"
    if kind == "RepeatVector":
        yield "return_sequences=False in the recurrent layer before, or Flatten()"
    yield (
        "the layer for more axes, such as Conv2D for Conv1D"
        if "Conv" in kind
        else "fewer axes: Reshape"
    )


def windowed(kind: str, config: Mapping[str, Any], shape: Shape) -> Iterator[str]:
    """The ways out where a window or the channels do not fit."""
    if len(shape) > 3 and config.get("data_format") != "channels_first":
        first, *rest = shape[1:]
        if first in CHANNELS and all(size is None or size > 4 for size in rest):
            order = (*range(2, len(shape)), 1)
            yield (
                f"{shape[1:]} looks like channels first: Permute({order}), or "
                "data_format='channels_first'"
            )
    if config.get("padding", "valid") == "valid" and kind != "Dense":
        yield "padding='same': the output keeps the size of the input"
    yield "a smaller window or smaller strides; or less pooling before"


# Data and targets


def check(
    trace: Trace, *, data: Sequence[Size] | None = None, target: Sequence[Size] | None = None
) -> list[str]:
    """Whether arrays of these shapes, the batch first, suit a model; and if not, what happens.

    `data` is what is given to `fit` or `predict`, `target` is what the output is compared with.

    Raises `ModelError` for a model with several inputs or outputs.

    >>> from dense_shapes.rules import call
    >>> dense = call("Dense", {"units": 1}, (None, 10, 8))
    >>> model = Trace("model", dense.inputs, (dense,), ((0, 0),))
    >>> for line in check(model, data=(32, 80)): print(line)
    the data (32, 80) does not suit the input (None, 10, 8)
    Keras says: Expected shape (None, 10, 8), but input has incompatible shape (32, 80)
    What helps: it has 80 numbers for each sample, as the input has: x.reshape(-1, 10, 8)
    """
    lines: list[str] = []
    if data is not None:
        wanted = only(trace, "input", [value.shape for value in trace.inputs])
        functional = any(layer.kind == "InputLayer" for layer in trace)
        lines += fed(wanted, tuple(data), functional=functional)
    if target is not None:
        lines += compared(trace, tuple(target))
    return lines


def only(trace: Trace, what: str, shapes: Sequence[Shape]) -> Shape:
    """The one shape among these."""
    if len(shapes) != 1:
        raise ModelError(
            f"model {trace.name!r} has {len(shapes)} {what}s; data and targets are compared with one"
        )
    return shapes[0]


def fed(wanted: Shape, data: Shape, *, functional: bool) -> Iterator[str]:
    """What happens when data of this shape is given to an input, of a functional model or a sequential.

    Source: Functional.input_spec and _adjust_input_rank, keras/src/models/functional.py
    """
    if compatible(wanted, data):
        yield f"the data {data} suits the input {wanted}"
        return
    if data[-1:] == (1,) and compatible(wanted, data[:-1]):
        yield f"Keras drops the last axis of the data {data}: then it suits the input {wanted}"
        return
    if wanted[-1:] == (1,) and compatible(wanted[:-1], data):
        yield f"Keras adds a last axis of size 1 to the data {data}: then it suits the input {wanted}"
        return
    yield f"the data {data} does not suit the input {wanted}"
    if functional and not compatible(wanted[: len(data)], data[: len(wanted)]):
        yield f"Keras says: expected shape={wanted}, found shape={data}"
    elif len(wanted) != len(data):
        yield f"Keras says: Expected shape {wanted}, but input has incompatible shape {data}"
    else:
        yield "Keras says nothing here: a sequential model leaves it to its layers"
    inner, given = wanted[1:], data[1:]
    if compatible(inner, data):
        yield "What helps: it is one sample; put the batch first: x[np.newaxis]"
    elif len(inner) == len(given) and sorted(map(str, inner)) == sorted(map(str, given)):
        order = (0, *(1 + given.index(size) for size in inner))
        if len({*given}) == len(given):
            yield f"What helps: the axes stand in another order: np.transpose(x, {order})"
    elif None not in inner and None not in given and product(inner) == product(given):
        sizes = ", ".join(map(str, inner))
        yield (
            f"What helps: it has {product(inner):,} numbers for each sample, as the input has: "
            f"x.reshape(-1, {sizes})"
        )
    else:
        yield f"What helps: keras.Input({given}) declares what the data has"


def product(sizes: Shape) -> int:
    """The product of known sizes."""
    total = 1
    for size in sizes:
        total *= size or 0
    return total


def compared(trace: Trace, target: Shape) -> Iterator[str]:
    """What happens when the output of a model is compared with a target of this shape.

    Source: sparse_categorical_crossentropy, keras/src/ops/nn.py, for the numbers of classes
    """
    layer, output = last(trace)
    given = only(trace, "output", [output])
    inner, count = given[:-1], given[-1]
    wanted = (*(target[:1] or (None,)), *given[1:])
    if compatible(given, target) or (count == 1 and compatible(inner, target)):
        yield f"the target {target} suits the output {given}"
        return
    if inner and any(compatible(it, target) for it in (inner, (*inner, 1))):
        classes = "" if count is None else f", 0 to {count - 1}"
        yield (
            f"the target {target} suits the output {given} with sparse_categorical_crossentropy: each "
            f"entry is the number of a class{classes}"
        )
        yield f"with another loss: a target of shape {wanted}"
        return
    yield f"the target {target} does not suit the output {given}"
    if len(target) < len(given) > 2:
        positions = " × ".join("?" if it is None else str(it) for it in given[1:-1])
        has = "one entry" if target[1:] in ((), (1,)) else f"an entry of shape {target[1:]}"
        yield (
            f"The output has {count} number{'' if count == 1 else 's'} at each of the "
            f"{positions} positions, the target has {has} for a sample"
        )
        said = (
            f'Keras 2 said: "expected ... to have {len(given)} dimensions, but got array with shape '
            f'{target}"'
        )
        yield f"{BROADCAST}; {said}" if count == 1 else said
        yield f"What helps: {reduced(trace, layer)}"
        yield f"or: a target for every position, of shape {wanted}"
    else:
        yield f"What helps: a target of shape {wanted}"


def last(trace: Trace) -> tuple[Layer | None, Shape]:
    """The layer that makes the output of a model, and the shape of the output."""
    shapes = [
        trace.layers[place].outputs[number].shape if place >= 0 else trace.inputs[number].shape
        for place, number in trace.outputs
    ]
    shape = only(trace, "output", shapes)
    place, _ = trace.outputs[0]
    return (trace.layers[place] if place >= 0 else None), shape


def reduced(trace: Trace, layer: Layer | None) -> str:
    """How to get one output for a sample."""
    recurrent = [
        it for it in trace.layers if it.kind in RECURRENT and len(it.outputs[0].shape) == 3
    ]
    name = layer.label if layer else trace.name
    if recurrent:
        return (
            f"return_sequences=False in {recurrent[-1].label!r}: it gives the last step alone, and "
            f"{name!r} one answer for a sample"
        )
    rank = len(layer.inputs[0].shape) if layer and layer.inputs else 0
    pooling = f"GlobalAveragePooling{rank - 2}D()" if 3 <= rank <= 5 else "a mean"
    return f"Flatten() or {pooling} before {name!r}"
