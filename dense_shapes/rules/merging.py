"""Rules for the layers that bring several inputs together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from operator import index

from dense_shapes.axes import Shape, Size, plus
from dense_shapes.errors import ShapeError
from dense_shapes.rules.book import Closed, Config, rule
from dense_shapes.rules.normalization import EPSILON, of_length_one, places, without
from dense_shapes.rules.reshaping import axis_names, pattern
from dense_shapes.steps import By, Value, apply

UNSURE = "an axis is known in one input and unknown in another, and Keras does not take them for the same"
"""Why a layer is closed of which Keras says less than its inputs do."""


@rule("Add", example={}, shapes=[(None, 2, 3), (None, 2, 3)])
def add(config: Config, *inputs: Value) -> Value | Closed:
    """The inputs are added up, cell by cell; an axis of size one is repeated.

    An input with fewer axes lacks those right after the batch.
    Source: keras/src/layers/merging/base_merge.py
    """
    return merged(By.SUM, inputs)


@rule("Subtract", example={}, shapes=[(None, 2, 3), (None, 2, 3)])
def subtract(config: Config, *inputs: Value) -> Value | Closed:
    """The second input is subtracted from the first, cell by cell; an axis of size one is repeated.

    Source: keras/src/layers/merging/subtract.py
    """
    return merged(By.SUBTRACT, two(inputs))


@rule("Multiply", example={}, shapes=[(None, 2, 3), (None, 1, 3)])
def multiply(config: Config, *inputs: Value) -> Value | Closed:
    """The inputs are multiplied, cell by cell; an axis of size one is repeated.

    Source: keras/src/layers/merging/multiply.py
    """
    return merged(By.MULTIPLY, inputs)


@rule("Average", example={}, shapes=[(None, 2, 3), (None, 2, 3)])
def average(config: Config, *inputs: Value) -> Value | Closed:
    """The mean of the inputs, cell by cell; an axis of size one is repeated.

    Source: keras/src/layers/merging/average.py
    """
    return merged(By.MEAN, inputs)


@rule("Maximum", example={}, shapes=[(None, 2, 3), (None, 2, 3)])
def maximum(config: Config, *inputs: Value) -> Value | Closed:
    """The largest of the inputs, cell by cell; an axis of size one is repeated.

    Source: keras/src/layers/merging/maximum.py
    """
    return merged(By.MAX, inputs)


@rule("Minimum", example={}, shapes=[(None, 2, 3), (None, 2, 3)])
def minimum(config: Config, *inputs: Value) -> Value | Closed:
    """The smallest of the inputs, cell by cell; an axis of size one is repeated.

    Source: keras/src/layers/merging/minimum.py
    """
    return merged(By.MIN, inputs)


@rule("Concatenate", example={}, shapes=[(None, 2, 3), (None, 2, 2)])
def concatenate(config: Config, *inputs: Value) -> Value | Closed:
    """The inputs are laid end to end along one axis; all their other axes are the same.

    Source: keras/src/layers/merging/concatenate.py
    """
    first = some(inputs)[0]
    if len({len(value.shape) for value in inputs}) > 1:
        raise ShapeError(f"expected inputs with as many axes, received {listed(inputs)}")
    [axis] = places(index(config["axis"]), first)
    joined = plus(*(value.shape[axis] for value in inputs))
    shape = (*first.shape[:axis], joined, *first.shape[axis + 1 :])
    if not axis:
        agreed(inputs)
        y = replace(first, shape=shape)
        return Closed("it lays samples end to end, and a signature treats every sample alike", (y,))
    names = axis_names(first)
    parts = [f"{names[axis - 1]}{number}" for number in range(1, len(inputs) + 1)]
    patterns = [pattern([*names[: axis - 1], part, *names[axis:]]) for part in parts]
    end = f"({' + '.join(parts)})" if len(parts) > 1 else parts[0]
    output = pattern([*names[: axis - 1], end, *names[axis:]])
    return reported(apply(f"{', '.join(patterns)} -> {output}", *inputs, by=By.COPY), shape)


@rule("Dot", example={"axes": -1}, shapes=[(None, 3, 2), (None, 4, 2)])
def dot(config: Config, *inputs: Value) -> Value | Closed:
    """Every vector of the first input is multiplied with every vector of the second, and summed.

    With `normalize`, the vectors are divided by their lengths first.
    Source: keras/src/layers/merging/dot.py
    """
    axes = config["axes"]
    pair = [axes, axes] if isinstance(axes, int) else axes
    first, second = two(inputs)
    (one,), (other,) = (places(axis, value) for axis, value in zip(pair, inputs, strict=True))
    if not one or not other:
        raise ShapeError(f"axes={axes} names the batch, along which nothing can be summed")
    if first.shape[one] != second.shape[other]:
        raise ShapeError(
            f"axis {one} is {first.shape[one]} in input 0 {first.shape}, and axis {other} is "
            f"{second.shape[other]} in input 1 {second.shape}; they must be the same"
        )
    mine, theirs = axis_names(first), axis_names(second)
    theirs = [f"{name}2" if name in mine else name for name in theirs]
    theirs[other - 1] = mine[one - 1]
    left, right = without(mine, [one]), without(theirs, [other])
    if config["normalize"]:
        first = of_length_one(first, mine, left, EPSILON)
        second = of_length_one(second, theirs, right, EPSILON)
    output = pattern([*left, *right] or ["1"])
    y = apply(f"{pattern(mine)}, {pattern(theirs)} -> {output}", first, second)
    return reported(y, (inputs[0].shape[0], *y.shape[1:]))


def merged(by: By, inputs: Sequence[Value]) -> Value | Closed:
    """The inputs combined cell by cell, with their axes set side by side from the last one on."""
    names = axis_names(max(some(inputs), key=lambda value: len(value.shape)))
    sizes: dict[str, list[Size]] = {name: [] for name in names}
    for value in inputs:
        for name, size in zip(reversed(names), reversed(value.shape[1:]), strict=False):
            sizes[name].append(size)

    def term(name: str, size: Size) -> str:
        return "1" if size == 1 and {*sizes[name]} != {1} else name

    patterns = []
    for value in inputs:
        own = names[len(names) + 1 - len(value.shape) :]
        patterns.append(pattern(list(map(term, own, value.shape[1:]))))
    y = apply(f"{', '.join(patterns)} -> {pattern(names)}", *inputs, by=by)
    return reported(y, (y.shape[0], *map(broadcast, sizes.values())))


def broadcast(sizes: Sequence[Size]) -> Size:
    """The size that Keras gives an axis which has these sizes in the inputs.

    >>> broadcast([1, 3, 3]), broadcast([1, 1]), broadcast([3, None])
    (3, 1, None)
    """
    return None if None in sizes else next((size for size in sizes if size != 1), 1)


def reported(y: Value, shape: Shape) -> Value | Closed:
    """The value, if Keras reports this shape too; closed, if it leaves an axis unknown."""
    return y if y.shape == shape else Closed(UNSURE, (replace(y, shape=shape),))


def agreed(inputs: Sequence[Value]) -> None:
    """Raise `ShapeError` if the inputs differ in an axis after the batch."""
    for axis, sizes in enumerate(zip(*(value.shape[1:] for value in inputs), strict=True), 1):
        if len({*sizes} - {None}) > 1:
            raise ShapeError(f"axis {axis} differs among the inputs: {listed(inputs)}")


def some(inputs: Sequence[Value]) -> Sequence[Value]:
    """The inputs, of which there must be one at least."""
    if not inputs:
        raise ShapeError("expected a list of at least one input, received none")
    return inputs


def two(inputs: Sequence[Value]) -> Sequence[Value]:
    """The inputs, of which there must be two."""
    if len(inputs) != 2:
        raise ShapeError(f"expected a list of two inputs, received {len(inputs)}: {listed(inputs)}")
    return inputs


def listed(inputs: Sequence[Value]) -> str:
    """The shapes of the inputs as text."""
    return ", ".join(str(value.shape) for value in inputs) or "none"
