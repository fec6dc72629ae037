"""Rules for the operations of keras.ops in a functional model.

The kind of an operation is `ops.` and the name of its class in snake case. Its axes count the batch,
which a signature leaves in front: an operation over the batch has its shape here, and no steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dense_shapes.axes import Past, Shape, Size, times
from dense_shapes.errors import ShapeError, UnknownLayer
from dense_shapes.rules.activations import mapped, sparse
from dense_shapes.rules.book import Closed, Config, Options, Result, rule
from dense_shapes.rules.broadcasting import COMBINED, HIDDEN, UNSEEN, broadcast, combined, products
from dense_shapes.rules.core import MIXES, closed, gated, passed, softmax
from dense_shapes.rules.functions import (
    BLIND,
    COPIES,
    EXAMPLES,
    FUNCTIONS,
    SETTINGS,
    documented,
    settings_of,
)
from dense_shapes.rules.merging import reported
from dense_shapes.rules.reshaping import axis_names, pattern
from dense_shapes.steps import By, Value, apply

REDUCED: Mapping[str, By] = {
    **{"sum": By.SUM, "mean": By.MEAN, "max": By.MAX, "min": By.MIN, "amax": By.MAX},
    **{"amin": By.MIN, "prod": By.MAP, "argmax": By.MAP, "argmin": By.MAP},
}
"""The operations that make one value of all along some axes."""

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
