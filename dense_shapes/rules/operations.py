"""Rules for the operations of keras.ops in a functional model.

The kind of an operation is `ops.` and the name of its class in snake case. Its axes count the batch,
which a signature leaves in front: an operation over the batch has its shape here, and no steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dense_shapes.axes import Past, Shape, Size, Window, plus, times
from dense_shapes.errors import ShapeError, UnknownLayer
from dense_shapes.rules.activations import mapped, sparse
from dense_shapes.rules.book import Closed, Config, Options, Result, rule
from dense_shapes.rules.broadcasting import COMBINED, HIDDEN, UNSEEN, broadcast, combined, products
from dense_shapes.rules.core import MIXES, closed, gated, outline, passed, softmax
from dense_shapes.rules.functions import (
    BLIND,
    COPIES,
    EXAMPLES,
    FUNCTIONS,
    SETTINGS,
    documented,
    settings_of,
)
from dense_shapes.rules.merging import concatenate as end_to_end
from dense_shapes.rules.merging import reported
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

REDUCED: Mapping[str, By] = {
    **{"sum": By.SUM, "mean": By.MEAN, "max": By.MAX, "min": By.MIN, "amax": By.MAX},
    **{"amin": By.MIN, "prod": By.MAP, "argmax": By.MAP, "argmin": By.MAP},
}
"""The operations that make one value of all along some axes."""

TURNED = slice(None, None, -1)
"""The key that turns an axis round."""
ALONE = "it is the same number, whatever it reads"
"""Why an operation has no steps whose output cannot change."""


def add_function(name: str) -> None:
    """Add the rule of an operation that is a function of one value."""

    def function(config: Config, x: Value) -> Result:
        if not x.shape:
            return closed(MIXES, x.shape)
        if name in COPIES:
            dtype = config.get("dtype")
            return mapped(x, "cast", {"dtype": dtype}) if dtype else passed(x)
        given = settings_of(name, config)
        if not all(it is None or isinstance(it, int | float | str) for it in given.values()):
            raise UnknownLayer("one of its arguments is no number")
        if name == "clip" and given["x_min"] >= given["x_max"]:
            return closed(ALONE, x.shape)
        return mapped(x, FUNCTIONS.get(name, name), given, SETTINGS.get(name))

    function.__name__ = name
    what = "The same values" if name in COPIES else "A function of each value"
    function.__doc__ = documented(what, name)
    rule(f"ops.{name}", example=EXAMPLES.get(name, {}), shapes=[(None, 2, 3)])(function)


for one in (*FUNCTIONS, *SETTINGS, *COPIES):
    add_function(one)


def add_combination(name: str) -> None:
    """Add the rule of an operation on two operands."""

    def function(config: Config, *operands: Any, x1: Any = None, x2: Any = None) -> Result:
        before, after = ([] if it is None else [it] for it in (x1, x2))
        return combined(name, [*before, *operands, *after])

    function.__name__ = name
    what = "Two tensors place by place, their axes aligned on the right; or a tensor and a number"
    function.__doc__ = documented(what, name)
    rule(f"ops.{name}", example={}, shapes=[(None, 2, 3), (None, 1, 3)])(function)


for one in (*COMBINED, *HIDDEN):
    add_combination(one)


def add_reduction(name: str) -> None:
    """Add the rule of an operation that makes one value of all along some axes."""

    def function(config: Config, x: Value) -> Result:
        axes, keep = axes_of(config, x), bool(config.get("keepdims"))
        if 0 in axes or not x.shape:
            return closed(MIXES, reduced_shape(x.shape, axes, keep))
        if name.startswith("arg") and times(*(x.shape[axis] for axis in axes)) == 1:
            return closed(ALONE, reduced_shape(x.shape, axes, keep))
        by = REDUCED[name]
        y = reduced(x, axes, by, keep=keep, function=name if by is By.MAP else None)
        least = config.get("initial")
        if least is None:
            return y
        bound = f"at {'least' if by is By.MAX else 'most'} {least!r}"
        return apply("... -> ...", y, by=By.MAP, function=bound)

    function.__name__ = name
    function.__doc__ = documented("One value of all those along some axes", name)
    rule(f"ops.{name}", example={"axis": 1}, shapes=[(None, 2, 3)])(function)


for one in REDUCED:
    add_reduction(one)


def add_blind(name: str, example: Options, *, reduces: bool = False) -> None:
    """Add the rule of an operation of which only the shape is claimed."""

    def function(config: Config, x: Value) -> Closed:
        if reduces:
            axes = axes_of(config, x)
            return closed(UNSEEN, reduced_shape(x.shape, axes, bool(config.get("keepdims"))))
        return closed(UNSEEN, x.shape)

    function.__name__ = name
    function.__doc__ = documented(f"Its shape only: {UNSEEN}", name)
    rule(f"ops.{name}", example=example, shapes=[(None, 2, 3)])(function)


for one in BLIND:
    add_blind(one, {})
for one in ("any", "all", "median", "count_nonzero"):
    add_blind(one, {"axis": 1}, reduces=True)


def axes_of(config: Config, x: Value) -> list[int]:
    """The axes that an operation is over, counted from the first, in order; without any, all of them.

    Raises `ShapeError` if the input has none of that number, or one is named twice.
    """
    axis, rank = config.get("axis"), len(x.shape)
    if axis is None:
        return list(range(rank))
    return sorted(place(one, rank, x.shape) for one in distinct(axis, rank))


def distinct(axis: int | Sequence[int], rank: int) -> list[int]:
    """One axis, or several, each of them once."""
    axes = [axis] if isinstance(axis, int) else list(axis)
    if len({one % (rank or 1) for one in axes}) < len(axes):
        raise ShapeError(f"axis={axis} names one of {rank} axes twice")
    return axes


def place(axis: int, rank: int, shape: Shape) -> int:
    """An axis of so many, counted from the first."""
    if not -rank <= axis < rank:
        raise ShapeError(f"there is no axis {axis} among {rank} for an input of shape {shape}")
    return axis % rank


def reduced_shape(shape: Shape, axes: Sequence[int], keep: bool) -> Shape:
    """The shape with these axes left out, or of size 1."""
    sizes = [1 if n in axes else size for n, size in enumerate(shape) if keep or n not in axes]
    return tuple(sizes)


def reduced(
    x: Value, axes: Sequence[int], by: By, *, keep: bool = False, function: str | None = None
) -> Value:
    """One value of all those along some axes."""
    names = ["b", *axis_names(x)]
    after = [
        "1" if number in axes else name
        for number, name in enumerate(names)
        if keep or number not in axes
    ]
    return apply(f"{' '.join(names)} -> {' '.join(after)}", x, by=by, function=function)


@rule("ops.var", example={"axis": 1}, shapes=[(None, 3, 2)])
def variance(config: Config, x: Value) -> Result:
    """The mean of the squared distances from the mean, along some axes.

    Source: keras/src/ops/numpy.py
    """
    axes, keep = axes_of(config, x), bool(config.get("keepdims"))
    if 0 in axes or not x.shape:
        return closed(MIXES, reduced_shape(x.shape, axes, keep))
    if times(*(x.shape[axis] for axis in axes)) == 1:
        return closed(ALONE, reduced_shape(x.shape, axes, keep))
    names = ["b", *axis_names(x)]
    rest = " ".join(name for number, name in enumerate(names) if number not in axes)
    mean = reduced(x, axes, By.MEAN)
    distance = apply(f"{' '.join(names)}, {rest} -> {' '.join(names)}", x, mean, by=By.SUBTRACT)
    square = apply("... -> ...", distance, by=By.MAP, function="square")
    return reduced(square, axes, By.MEAN, keep=keep)


@rule("ops.std", example={"axis": 1}, shapes=[(None, 3, 2)])
def deviation(config: Config, x: Value) -> Result:
    """The root of the variance along some axes.

    Source: keras/src/ops/numpy.py
    """
    y = variance(config, x)
    return apply("... -> ...", y, by=By.MAP, function="sqrt") if isinstance(y, Value) else y


@rule("ops.logsumexp", example={"axis": 1}, shapes=[(None, 3, 2)])
def logsumexp(config: Config, x: Value) -> Result:
    """The logarithm of the sum of the powers along some axes.

    Source: keras/src/ops/math.py
    """
    axes, keep = axes_of(config, x), bool(config.get("keepdims"))
    if 0 in axes or not x.shape:
        return closed(MIXES, reduced_shape(x.shape, axes, keep))
    powers = apply("... -> ...", x, by=By.MAP, function="exponential")
    total = reduced(powers, axes, By.SUM, keep=keep)
    return apply("... -> ...", total, by=By.MAP, function="log")


def add_softmax(name: str) -> None:
    """Add the rule of softmax, or of its logarithm."""

    def function(config: Config, x: Value) -> Result:
        axes = axes_of({"axis": config.get("axis", -1)}, x)
        if 0 in axes or not x.shape:
            return closed(MIXES, x.shape)
        return softmax(x, axes, log=name == "log_softmax")

    function.__name__ = name
    function.__doc__ = documented(
        "The power of each value as a part of the sum of the powers", name
    )
    rule(f"ops.{name}", example={"axis": -1}, shapes=[(None, 2, 3)])(function)


for one in ("softmax", "log_softmax"):
    add_softmax(one)


@rule("ops.sparsemax", example={}, shapes=[(None, 2, 3)])
def sparsemax(config: Config, x: Value) -> Result:
    """The values above a threshold that depends on all of them.

    Source: keras/src/ops/nn.py
    """
    return sparse(x)


@rule("ops.glu", example={}, shapes=[(None, 2, 4)])
def glu(config: Config, x: Value) -> Result:
    """The first half of an axis, each value multiplied by the sigmoid of its partner in the second.

    Source: keras/src/ops/nn.py
    """
    axis = place(config.get("axis", -1), len(x.shape), x.shape)
    if axis:
        return gated(x, axis)
    size = x.shape[0]
    return closed(MIXES, (None if size is None else size // 2, *x.shape[1:]))


def add_running(name: str, by: By) -> None:
    """Add the rule of an operation that goes along an axis, and keeps what it has so far."""

    def function(config: Config, x: Value) -> Result:
        if config.get("axis") is None:
            return closed(MIXES, (times(*x.shape),))
        axis = place(config["axis"], len(x.shape), x.shape)
        if axis == 0:
            return closed(MIXES, x.shape)
        names = axis_names(x)
        after = [f"{name}'" if number == axis else name for number, name in enumerate(names, 1)]
        facts: dict[str, Any] = {names[axis - 1]: Past()}
        how = None if by is By.SUM else "prod"
        return apply(f"{pattern(names)} -> {pattern(after)}", x, by=by, function=how, **facts)

    function.__name__ = name
    function.__doc__ = documented("One value of all those up to here along an axis", name)
    rule(f"ops.{name}", example={"axis": 1}, shapes=[(None, 3, 2)])(function)


add_running("cumsum", By.SUM)
add_running("cumprod", By.MAP)


@rule("ops.matmul", example={}, shapes=[(None, 2, 3), (None, 3, 4)])
def matmul(config: Config, *operands: Any, x1: Any = None, x2: Any = None) -> Result:
    """The last axis of the first meets the axis before the last of the second.

    Source: keras/src/ops/numpy.py
    """
    found = [it for it in (x1, *operands, x2) if it is not None]
    if len(found) != 2 or not all(isinstance(it, Value) for it in found):
        raise UnknownLayer("it expects two tensors")
    return products(*found)


@rule(
    "ops.einsum",
    example={"subscripts": "bti,bsi->bts"},
    shapes=[(None, 2, 3), (None, 4, 3)],
)
def einsum(config: Config, *operands: Any) -> Result:
    """The axes that the output does not name are contracted.

    Source: keras/src/ops/numpy.py
    """
    before, arrow, after = config["subscripts"].partition("->")
    specs = before.split(",")
    plain = all((spec or "a").isalpha() and len({*spec}) == len(spec) for spec in (*specs, after))
    if not arrow or not plain or not all(isinstance(it, Value) for it in operands):
        raise UnknownLayer(f"its equation is {config['subscripts']!r}, which is not read")
    ranks = [len(spec) for spec in specs]
    if ranks != [len(it.shape) for it in operands] or {*after} - {*before}:
        found = " and ".join(str(it.shape) for it in operands)
        raise ShapeError(f"'{config['subscripts']}' does not fit inputs of shape {found}")
    sizes: dict[str, Size] = dict.fromkeys(before, 1)
    for spec, it in zip(specs, operands, strict=True):
        for letter, size in zip(spec, it.shape, strict=True):
            [sizes[letter]] = broadcast((sizes[letter],), (size,))
    shape = tuple(sizes[letter] for letter in after)
    if len({spec[:1] for spec in (*specs, after)}) > 1 or not after:
        return closed(MIXES, shape)
    signature = f"{', '.join(map(' '.join, specs))} -> {' '.join(after)}"
    by = By.MULTIPLY if len(operands) > 1 else By.SUM if {*before} - {*after} else By.COPY
    return reported(apply(signature, *operands, by=by), shape)


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
