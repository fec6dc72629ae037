"""A step worked out with NumPy, from its signature and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from dense_shapes.axes import Axis, Pattern, Slide, Sum, Window, axes_of
from dense_shapes.steps import By, Step

Array: TypeAlias = NDArray[np.float64]
Functions: TypeAlias = Mapping[str, Callable[..., Array]]


class NotWorkedOut(Exception):
    """A step whose values are not known here: a recurrence, or a function without a known name."""


PADDING = {By.MAX: -np.inf, By.MIN: np.inf}
"""What stands on padding; zero where it is not said."""
REDUCED: Mapping[By, Callable[..., Any]] = {By.MAX: np.max, By.MIN: np.min}
"""How the cells that are read become one; they are added where it is not said."""
JOINED: Mapping[By, Callable[..., Any]] = {By.MAX: np.maximum, By.MIN: np.minimum}
"""How the values of two inputs become one."""
FUNCTIONS: Functions = {
    "exponential": np.exp,
    "log": np.log,
    "square": np.square,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "reciprocal": lambda array: 1 / array,
    "negative": np.negative,
    "sin": np.sin,
    "cos": np.cos,
}
"""The functions of one value that need nothing but NumPy."""
NUMBERED: Mapping[str, Callable[..., Any]] = {
    "×": np.multiply,
    "+": np.add,
    "^": np.power,
    "at least": np.maximum,
    "at most": np.minimum,
}
"""What a function does with the number that stands in its name: `× 0.5`, `+ 0.001`, `^ 2`."""
WITH_NUMBER = re.compile(r"(.+) (\S+)")
"""A function and its number."""
SMALLEST = 1e-7
"""What a deviation is at the least where it is divided by: `keras.config.epsilon()`."""
WITH_EPSILON = re.compile(r"batch normalization, ε = (\S+)")
"""The function of a batch normalisation in use."""


@dataclass(frozen=True)
class Named:
    """An array and the name of each of its axes."""

    array: Array
    names: tuple[str, ...]

    def on(self, names: Sequence[str]) -> Array:
        """The array with these axes in order, of size one where it has none.

        >>> Named(np.zeros((2, 3)), ("t", "b")).on(["b", "c", "t"]).shape
        (3, 1, 2)
        """
        if not {*self.names} <= {*names}:
            raise NotWorkedOut
        order = sorted(range(len(self.names)), key=lambda place: names.index(self.names[place]))
        sizes = dict(zip(self.names, self.array.shape, strict=True))
        return self.array.transpose(order).reshape([sizes.get(name, 1) for name in names])


def evaluate(
    step: Step, inputs: Sequence[Array], weights: Mapping[str, Array], functions: Functions
) -> Array:
    """The output of a step: its inputs seen through their windows, and combined as it says.

    `inputs` have the batch first, of any size; `functions` gives functions beside those known here.
    Raises `NotWorkedOut` where what the step computes is not known.

    >>> from dense_shapes.steps import Value, apply
    >>> x = Value((None, 2, 3), ("b", "t", "feature"))
    >>> step = apply("... in -> ... out", x, kernel="in out", out=1).source
    >>> evaluate(step, [np.ones((1, 2, 3))], {"kernel": np.ones((3, 1))}, {}).tolist()
    [[[3.0], [3.0]]]
    """
    batch = len(inputs[0])
    output = step.bound.output
    sizes = [size or 0 for size in step.output.shape[1:]]
    if any(isinstance(term, Sum) for term in output):
        return joined(step, inputs)
    names = [axis.name for axis in axes_of(output)]
    array = combined(step, inputs, weights, functions, names)
    whole = [batch, *(step.size(name) for name in names[1:])]
    return np.broadcast_to(array, whole).reshape([batch, *sizes])


def combined(
    step: Step,
    inputs: Sequence[Array],
    weights: Mapping[str, Array],
    functions: Functions,
    names: Sequence[str],
) -> Array:
    """The values of a step on the named axes of its output; of size one where they do not differ."""
    bound = step.bound
    held = [opened(step, np.asarray(weights[n]), pattern) for n, pattern in bound.weights.items()]
    match step.by:
        case By.MULTIPLY:
            return multiplied(step, inputs, held, names)
        case By.COPY if len(inputs) > 1:
            raise NotWorkedOut
        case By.COPY | By.SUM | By.MAX | By.MIN:
            found = [reduced(step, number, one, names) for number, one in enumerate(inputs)]
            return folded(JOINED.get(step.by, np.add), found)
        case By.MEAN:
            found = [reduced(step, number, one, names) for number, one in enumerate(inputs)]
            ones = [np.ones((1, *one.shape[1:])) for one in inputs]
            counts = [reduced(step, number, one, names) for number, one in enumerate(ones)]
            return np.asarray(folded(np.add, found) / folded(np.add, counts))
        case By.SUBTRACT | By.DIVIDE if len(inputs) == 2:
            one, other = (reduced(step, n, it, names, plain=True) for n, it in enumerate(inputs))
            return one - other if step.by is By.SUBTRACT else one / other
        case By.MAP:
            found = [reduced(step, n, one, names, plain=True) for n, one in enumerate(inputs)]
            parts = [weight.on(names) for weight in held]
            return mapped(step, found, dict(zip(bound.weights, parts, strict=True)), functions)
        case By.LOOKUP if len(inputs) == len(held) == 1:
            return looked_up(opened(step, inputs[0], bound.inputs[0]), held[0], names)
        case By.SUBTRACT | By.DIVIDE | By.LOOKUP | By.RECUR:
            raise NotWorkedOut
        case _ as never:
            assert_never(never)


def opened(step: Step, array: Array, pattern: Pattern) -> Named:
    """An operand with an axis of its own for each name."""
    names = tuple(axis.name for axis in axes_of(pattern))
    sizes = [len(array) if name == step.batch else step.size(name) for name in names]
    return Named(array.reshape(sizes), names)


def folded(how: Callable[..., Any], arrays: Sequence[Array]) -> Array:
    """The arrays made into one, two at a time."""
    found = arrays[0]
    for array in arrays[1:]:
        found = how(found, array)
    return found


def reduced(
    step: Step, number: int, array: Array, names: Sequence[str], *, plain: bool = False
) -> Array:
    """An input on these axes, every other axis of it reduced; a `plain` one must have no other."""
    pad, reduce = PADDING.get(step.by, 0.0), REDUCED.get(step.by, np.sum)
    one = opened(step, array, step.bound.inputs[number])
    if plain and any(windows(step, one.names)):
        raise NotWorkedOut
    one = seen(step, one, pad, reduce)
    rest = tuple(place for place, name in enumerate(one.names) if name not in names)
    if plain or not rest:
        return one.on(names)
    kept = tuple(name for name in one.names if name in names)
    return Named(reduce(one.array, axis=rest, initial=pad), kept).on(names)


def seen(step: Step, one: Named, padding: float, reduce: Callable[..., Any] | None = None) -> Named:
    """An input seen through the windows of a step; the taps of each are reduced, or a new axis."""
    for (before, after), cells in windows(step, one.names):
        place = one.names.index(before)
        array, names = windowed(one.array, place, cells, padding), [after]
        if reduce:
            array = reduce(array, axis=place + 1, initial=padding)
        else:
            names.append(Axis(Axis(before).base).tap)
        one = Named(array, (*one.names[:place], *names, *one.names[place + 1 :]))
    return one


def multiplied(
    step: Step, inputs: Sequence[Array], weights: Sequence[Named], names: Sequence[str]
) -> Array:
    """The inputs and the first weight, multiplied and summed; the further weights are added."""
    pairs = zip(inputs, step.bound.inputs, strict=True)
    factors = [seen(step, opened(step, array, pattern), 0.0) for array, pattern in pairs]
    factors += weights[:1]
    numbers: dict[str, int] = {}
    parts: list[Any] = []
    for one in factors:
        parts += [one.array, [numbers.setdefault(name, len(numbers)) for name in one.names]]
    kept = tuple(name for name in names if name in numbers)
    product = np.einsum(*parts, [numbers[name] for name in kept], optimize=True)
    array = Named(np.asarray(product), kept).on(names)
    for weight in weights[1:]:
        array = array + weight.on(names)
    return array


def mapped(
    step: Step, arrays: Sequence[Array], weights: Mapping[str, Array], functions: Functions
) -> Array:
    """A named function of the values at the same place."""
    name, held = step.function or "", {n.rpartition("/")[2]: it for n, it in weights.items()}
    if len(arrays) != 1:
        if weights or name not in functions:
            raise NotWorkedOut
        return np.asarray(functions[name](*arrays), "float64")
    [array], rest = arrays, list(held.values())
    if epsilon := WITH_EPSILON.fullmatch(name):
        array = array - held["moving_mean"]
        array = array / np.sqrt(held["moving_variance"] + float(epsilon[1]))
        return array * held.get("gamma", 1.0) + held.get("beta", 0.0)
    match name, len(rest):
        case "scale and shift", 2:
            return array * rest[0] + rest[1]
        case "scale", 1:
            return array * rest[0]
        case "shift", 1:
            return array + rest[0]
        case "normalization", 2:
            return (array - held["mean"]) / np.maximum(np.sqrt(held["variance"]), SMALLEST)
        case "prelu", 1:
            return np.maximum(array, 0) + rest[0] * np.minimum(array, 0)
        case _ if rest:
            raise NotWorkedOut
    if (number := WITH_NUMBER.fullmatch(name)) and number[1] in NUMBERED:
        return np.asarray(NUMBERED[number[1]](array, float(number[2])))
    function = FUNCTIONS.get(name) or functions.get(name)
    if function is None:
        raise NotWorkedOut
    return np.asarray(function(array), "float64")


def looked_up(numbers: Named, weight: Named, names: Sequence[str]) -> Array:
    """The rows of a weight that the numbers name."""
    rows = [name for name in weight.names if name not in names]
    if len(rows) != 1 or {*weight.names} & {*numbers.names}:
        raise NotWorkedOut
    table = np.moveaxis(weight.array, weight.names.index(rows[0]), 0)
    rest = tuple(name for name in weight.names if name != rows[0])
    return Named(table[numbers.array.astype(int)], (*numbers.names, *rest)).on(names)


def joined(step: Step, inputs: Sequence[Array]) -> Array:
    """The inputs laid end to end."""
    if step.by is not By.COPY or step.windows:
        raise NotWorkedOut
    terms = step.bound.output
    found = np.zeros([len(inputs[0]), *(size or 0 for size in step.output.shape[1:])])
    for array, pattern in zip(inputs, step.bound.inputs, strict=True):
        one, place, names = opened(step, array, pattern), [], list[str]()
        for term, size in zip(terms, found.shape, strict=True):
            if not isinstance(term, Sum):
                place.append(slice(size))
                names += [axis.name for axis in axes_of((term,))]
                continue
            parts = [axis for axis in term.parts if axis.name in one.names]
            if len(parts) != 1:
                raise NotWorkedOut
            [part] = parts
            start = step.before(term, part)
            place.append(slice(start, start + step.size(part.name)))
            names.append(part.name)
        inside = found[tuple(place)]
        sizes = [len(array), *(step.size(name) for name in names[1:])]
        inside[...] = np.broadcast_to(one.on(names), sizes).reshape(inside.shape)
    return found


def windows(step: Step, names: Sequence[str]) -> Iterable[tuple[tuple[str, str], NDArray[np.int_]]]:
    """For each axis that is seen through a window: its name, what it is seen as, and the cells.

    The cells are a table, a row for each place and a column for each tap; on padding stands the number
    of the cell after the last.
    """
    output = {axis.name for axis in axes_of(step.bound.output)}
    for name, slide in step.windows.items():
        slid = f"{name}'"
        if name in names and slid in output:
            length = step.size(name)
            pairs = [
                (slide.cells(place, length), slide.taps(place, length))
                for place in range(step.size(slid))
            ]
            yield (name, slid), table(pairs, slide, length)
        elif slid in names and name in output and isinstance(slide, Window):
            places = step.size(slid)
            found = [slide.meets(cell, places) for cell in range(step.size(name))]
            yield (slid, name), table(found, slide, places)


def table(
    pairs: Sequence[tuple[Sequence[int], Sequence[int]]], slide: Slide, padding: int
) -> NDArray[np.int_]:
    """The cells that are met at each place, in the column of the tap that meets them."""
    longest = max((len(taps) for _, taps in pairs), default=0)
    width = slide.size if isinstance(slide, Window) else longest
    cells = np.full((len(pairs), width), padding)
    for row, (met, taps) in zip(cells, pairs, strict=True):
        row[list(taps)] = list(met)
    return cells


def windowed(array: Array, axis: int, cells: NDArray[np.int_], padding: float) -> Array:
    """The array with `axis` turned into two: the places of a window, and its taps.

    >>> windowed(np.array([5.0, 6.0]), 0, np.array([[0, 1], [1, 2]]), 0.0).tolist()
    [[5.0, 6.0], [6.0, 0.0]]
    """
    length = array.shape[axis]
    if (cells == length).any():
        edge = np.full(
            [1 if place == axis else size for place, size in enumerate(array.shape)], padding
        )
        array = np.concatenate([array, edge], axis)
    return np.asarray(np.take(array, cells, axis))
