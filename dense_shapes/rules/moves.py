"""Rules for the operations of keras.ops that move values: reshape, transpose, slice, split, join, repeat."""

from __future__ import annotations

from typing import Any

from dense_shapes.axes import Window, plus, times
from dense_shapes.errors import ShapeError, UnknownLayer
from dense_shapes.rules.book import Closed, Config, Result, rule
from dense_shapes.rules.core import MIXES, closed, outline, passed
from dense_shapes.rules.merging import concatenate as end_to_end
from dense_shapes.rules.operations import axes_of, distinct, place
from dense_shapes.rules.rearranging import (
    cut_anew,
    each_for_itself,
    frame,
    indexed,
    parted,
    parted_shapes,
    permuted,
    rolled,
    several,
    tensors,
)
from dense_shapes.rules.reshaping import axis_names, pattern, reshape, slid
from dense_shapes.rules.slicing import WHOLE, Key, keys_of, taken
from dense_shapes.steps import By, Value, apply

TURNED = slice(None, None, -1)
"""The key that turns an axis round."""


@rule("ops.reshape", example={"newshape": (-1, 3, 4)}, shapes=[(None, 2, 6)])
def reshaped(config: Config, x: Value) -> Result:
    """The same cells in the same order, cut anew, and every sample for itself.

    Source: keras/src/ops/numpy.py
    """
    asked = config["newshape"]
    target = [asked] if isinstance(asked, int) else list(asked)
    if not all(isinstance(size, int) for size in target):
        raise UnknownLayer("a size of its new shape is not known")
    shape = cut_anew(x.shape, target)
    if not each_for_itself(x.shape, shape):
        return closed(MIXES, shape)
    if target[0] != -1:
        return closed("it fixes the number of samples", shape)
    return reshape({"target_shape": target[1:]}, x)


@rule("ops.ravel", example={}, shapes=[(None, 2, 3)])
def ravel(config: Config, x: Value) -> Result:
    """All the cells of all the samples in one row.

    Source: keras/src/ops/numpy.py
    """
    return closed(MIXES, (times(*x.shape),)) if len(x.shape) != 1 else passed(x)


@rule("ops.transpose", example={"axes": (0, 2, 1)}, shapes=[(None, 2, 3)])
def transpose(config: Config, x: Value) -> Result:
    """The axes change places; every cell keeps its value.

    Source: keras/src/ops/numpy.py
    """
    axes, rank = config.get("axes"), len(x.shape)
    order = [*range(rank)][::-1] if axes is None else [place(it, rank, x.shape) for it in axes]
    return permuted(x, order)


@rule("ops.swapaxes", example={"axis1": 1, "axis2": 2}, shapes=[(None, 2, 3)])
def swapaxes(config: Config, x: Value) -> Result:
    """Two axes change places.

    Source: keras/src/ops/numpy.py
    """
    rank = len(x.shape)
    one, other = (place(config[axis], rank, x.shape) for axis in ("axis1", "axis2"))
    order = list(range(rank))
    order[one], order[other] = other, one
    return permuted(x, order)


@rule("ops.moveaxis", example={"source": 1, "destination": -1}, shapes=[(None, 2, 3, 4)])
def moveaxis(config: Config, x: Value) -> Result:
    """Some axes go to other places, and the others close up.

    Source: keras/src/ops/numpy.py
    """
    rank = len(x.shape)
    old, new = (
        [place(it, rank, x.shape) for it in distinct(config[key], rank)]
        for key in ("source", "destination")
    )
    if len(old) != len(new):
        raise ShapeError(f"source names {len(old)} axes, and destination {len(new)}")
    moves = dict(zip(new, old, strict=True))
    rest = iter([axis for axis in range(rank) if axis not in old])
    return permuted(x, [moves[axis] if axis in moves else next(rest) for axis in range(rank)])


@rule("ops.expand_dims", example={"axis": -1}, shapes=[(None, 2, 3)])
def expand_dims(config: Config, x: Value) -> Result:
    """New axes of size 1.

    Source: keras/src/ops/numpy.py
    """
    axis = config.get("axis")
    count = len(axis) if isinstance(axis, list | tuple) else 1
    rank = len(x.shape) + count
    new = [place(it, rank, x.shape) for it in distinct(-1 if axis is None else axis, rank)]
    return indexed(x, [None if axis in new else WHOLE for axis in range(rank)])


@rule("ops.squeeze", example={"axis": 2}, shapes=[(None, 2, 1)])
def squeeze(config: Config, x: Value) -> Result:
    """Some axes of size 1 are left out.

    Without `axis`, all of them are; and when the model is run on a single sample, the axis of the batch
    is left out too, which Keras does not report.
    Source: keras/src/ops/numpy.py
    """
    if config.get("axis") is None:
        shape = tuple(size for size in x.shape if size != 1)
        return closed("it leaves out the axis of the batch too, if there is one sample", shape)
    axes = axes_of(config, x)
    if wrong := [axis for axis in axes if x.shape[axis] != 1]:
        raise ShapeError(
            f"axis {wrong[0]} of {x.shape} cannot be left out: expected size 1, received "
            f"{x.shape[wrong[0]]}"
        )
    return indexed(x, [0 if axis in axes else WHOLE for axis in range(len(x.shape))])


@rule(
    "ops.get_item",
    example={},
    shapes=[(None, 4, 3)],
    options={"key": [slice(None), slice(1, None), 0]},
)
def get_item(config: Config, x: Value, key: Any = ()) -> Result:
    """What stands between square brackets: places, ranges, new axes and dots.

    Source: keras/src/ops/numpy.py
    """
    return indexed(x, keys_of(key, x.shape))


@rule("ops.flip", example={"axis": 1}, shapes=[(None, 3, 2)])
def flip(config: Config, x: Value) -> Result:
    """Some axes run the other way round.

    Source: keras/src/ops/numpy.py
    """
    axes = axes_of(config, x)
    return indexed(x, [TURNED if n in axes else WHOLE for n in range(len(x.shape))])


@rule("ops.split", example={"indices_or_sections": 2, "axis": 1}, shapes=[(None, 4, 2)])
def split(config: Config, x: Value) -> Result:
    """An axis is cut into parts, each of which is an output.

    Source: keras/src/ops/numpy.py
    """
    axis = place(config.get("axis", 0), len(x.shape), x.shape)
    size, sections = x.shape[axis], config["indices_or_sections"]
    if size is None:
        shapes = parted_shapes(sections, x.shape, axis)
        reason = "where a part begins depends on an axis of unknown size" if axis else MIXES
        return Closed(reason, tuple(map(outline, shapes)))
    return several(x, axis, parted(sections, size))


@rule("ops.unstack", example={"axis": 1}, shapes=[(None, 3, 2)])
def unstack(config: Config, x: Value) -> Result:
    """Every place of an axis is an output.

    Source: keras/src/ops/core.py
    """
    axis = place(config.get("axis", 0), len(x.shape), x.shape)
    count = x.shape[axis] if config.get("num") is None else config["num"]
    if count is None or x.shape[axis] not in (None, count):
        raise ShapeError(
            f"axis {axis} of {x.shape} has not a known number of places, or not {count}"
        )
    return several(x, axis, list(range(count)))


@rule("ops.roll", example={"shift": 1, "axis": 1}, shapes=[(None, 3, 2)])
def roll(config: Config, x: Value) -> Result:
    """What leaves an axis at one end enters it at the other.

    Source: keras/src/ops/numpy.py
    """
    shift, axis = config["shift"], config.get("axis")
    if axis is None:
        return closed(MIXES, x.shape)
    shifts = [shift] if isinstance(shift, int) else list(shift)
    axes = [place(it, len(x.shape), x.shape) for it in distinct(axis, len(x.shape))]
    shifts = shifts * len(axes) if len(shifts) == 1 else shifts
    if len(shifts) != len(axes):
        raise ShapeError(f"{len(shifts)} shifts do not fit {len(axes)} axes")
    if 0 in axes or not all(isinstance(x.shape[axis], int) for axis in axes):
        return closed(MIXES if 0 in axes else "an axis that turns has an unknown size", x.shape)
    for by, number in zip(shifts, axes, strict=True):
        x = rolled(x, number, by)
    return x


@rule("ops.concatenate", example={"axis": 1}, shapes=[(None, 2, 3), (None, 1, 3)])
def concatenate(config: Config, *xs: Any) -> Result:
    """The inputs are laid end to end along an axis.

    Source: keras/src/ops/numpy.py
    """
    values = tensors(xs)
    axis, shape = (
        place(config.get("axis", 0), len(values[0].shape), values[0].shape),
        values[0].shape,
    )
    if axis == 0:
        return closed(MIXES, (plus(*(it.shape[0] for it in values)), *shape[1:]))
    return end_to_end({"axis": axis}, *values)


@rule("ops.stack", example={"axis": 1}, shapes=[(None, 2), (None, 2)])
def stack(config: Config, *xs: Any) -> Result:
    """The inputs are laid beside each other along a new axis.

    Source: keras/src/ops/numpy.py
    """
    values = tensors(xs)
    rank = len(values[0].shape)
    axis = place(config.get("axis", 0), rank + 1, values[0].shape)
    if axis == 0:
        return closed(MIXES, (len(values), *values[0].shape))
    keys: list[Key] = [WHOLE] * rank
    wide = [taken(x, [*keys[:axis], None, *keys[axis:]]) for x in values]
    return end_to_end({"axis": axis}, *wide)


@rule("ops.repeat", example={"repeats": 2, "axis": 1}, shapes=[(None, 2, 3)])
def repeat(config: Config, x: Value) -> Result:
    """Every cell of an axis several times in a row.

    Source: keras/src/ops/numpy.py
    """
    axis, repeats = config.get("axis"), config["repeats"]
    counts = [repeats] if isinstance(repeats, int) else list(repeats)
    if axis is None:
        total = plus(*counts) if len(counts) > 1 else times(*x.shape, counts[0])
        return closed(MIXES, (total,))
    axis = place(axis, len(x.shape), x.shape)
    size = x.shape[axis]
    if len(counts) > 1 and size not in (None, len(counts)):
        raise ShapeError(f"{len(counts)} repeats do not fit an axis of {size} cells in {x.shape}")
    longer = None if size is None else times(size, counts[0]) if len(counts) == 1 else plus(*counts)
    if axis == 0 or len(counts) > 1:
        shape = (*x.shape[:axis], longer, *x.shape[axis + 1 :])
        return closed("every cell has its own number of repeats" if axis else MIXES, shape)
    names = axis_names(x)
    before = [f"{name}'" if number == axis else name for number, name in enumerate(names, 1)]
    facts: dict[str, Any] = {names[axis - 1]: Window(counts[0], stride=counts[0])}
    return apply(f"{pattern(before)} -> {pattern(names)}", x, by=By.COPY, **facts)


@rule("ops.tile", example={"repeats": (1, 2, 1)}, shapes=[(None, 2, 3)])
def tile(config: Config, x: Value) -> Result:
    """The whole of an axis several times, one after the other.

    Source: keras/src/ops/numpy.py
    """
    repeats = config["repeats"]
    counts = [repeats] if isinstance(repeats, int) else list(repeats)
    rank = max(len(counts), len(x.shape))
    counts = [1] * (rank - len(counts)) + counts
    if len(counts) > len(x.shape) or not counts or counts[0] != 1:
        whole_shape = (1,) * (rank - len(x.shape)) + x.shape
        return closed(MIXES, tuple(map(times, whole_shape, counts)))
    names, facts, after = axis_names(x), dict[str, Any](), []
    for number, (name, count) in enumerate(zip(names, counts[1:], strict=True), 1):
        after.append(f"(n{number} {name})" if count != 1 else name)
        facts |= {f"n{number}": count} if count != 1 else {}
    return apply(f"{pattern(names)} -> {pattern(after)}", x, by=By.COPY, **facts)


@rule("ops.pad", example={"pad_width": ((0, 0), (1, 2))}, shapes=[(None, 3)])
def pad(config: Config, x: Value, constant_values: Any = None) -> Result:
    """Zeros before and after an axis.

    Source: keras/src/ops/numpy.py
    """
    widths = [
        [one] * 2 if isinstance(one, int) else list(one) for one in frame(config, len(x.shape))
    ]
    shape = tuple(plus(size, *width) for size, width in zip(x.shape, widths, strict=True))
    if any(widths[0]):
        return closed(MIXES, shape)
    if constant_values or config.get("mode", "constant") != "constant":
        return closed("it pads with something else than zeros", shape)
    pairs = zip(axis_names(x), widths[1:], strict=True)
    moves: dict[str, Any] = {name: Window(1, 1, 1, *width) for name, width in pairs if any(width)}
    return slid(x, moves) if moves else passed(x)


@rule("ops.resize", example={"size": (4, 4)}, shapes=[(None, 2, 2, 1)])
def resize(config: Config, x: Value) -> Closed:
    """An image with other numbers of rows and columns.

    Source: keras/src/ops/image.py
    """
    if len(x.shape) not in (3, 4):
        raise ShapeError(f"an image has three axes, or four with the batch; received {x.shape}")
    shape, place = list(x.shape), -2 if config.get("data_format") == "channels_first" else -3
    shape[place : (place + 2) or None] = config["size"]
    return closed("it weighs the pixels that are near, by how near they are", tuple(shape))
