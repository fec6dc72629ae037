"""A signature with its sizes bound: shapes, weights, parameters, multiply-adds, and what a cell reads.

Cells of inputs and outputs are written without the batch: a layer treats every sample alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from itertools import product
from operator import index

from dense_shapes.axes import (
    Axis,
    Cell,
    Merge,
    Parts,
    Past,
    Pattern,
    Shape,
    Size,
    Slide,
    Sum,
    Term,
    Window,
    axes_of,
    plus,
    times,
)
from dense_shapes.binding import Given, expanded, sizes_of
from dense_shapes.cells import Box, Cells, Reads, box_of, singles, together
from dense_shapes.errors import ShapeError
from dense_shapes.signature import Signature


class By(Enum):
    """How a step combines the values that an output cell reads."""

    MULTIPLY = "multiply"
    """Inputs and the first weight are multiplied and summed; every further weight is added."""
    COPY = "copy"
    """The value is taken as it is."""
    MAP = "map"
    """A named function of the values that are read, those of the weights too, cell by cell."""
    SUM = "sum"
    """The values are added up, those of all the inputs."""
    MEAN = "mean"
    """The mean of the values, those of all the inputs."""
    MAX = "max"
    """The largest of the values, of all the inputs."""
    MIN = "min"
    """The smallest of the values, of all the inputs."""
    SUBTRACT = "subtract"
    """The second input is subtracted from the first."""
    DIVIDE = "divide"
    """The first input is divided by the second."""
    LOOKUP = "lookup"
    """The input says which row of the weight is taken."""
    RECUR = "recur"
    """A recurrence over the second axis: what came out before goes in again, with the same weights."""


WEIGHTED = (By.MULTIPLY, By.MAP, By.LOOKUP, By.RECUR)
"""The ways in which a step may combine its inputs with weights."""


@dataclass(frozen=True)
class Value:
    """A tensor that flows through a layer: its shape and the names of its axes.

    `source` is the step that made it, or the number of the layer's input that it is, or `None`
    where nothing is known of how it was made.
    """

    shape: Shape
    names: tuple[str, ...]
    source: Step | int | None = 0


@dataclass(frozen=True)
class Weight:
    """A weight of a layer, with the name and the shape that Keras gives it."""

    name: str
    shape: Shape
    trainable: bool = True
    path: str = ""
    """Which weight it is; two calls that share a weight have the same."""

    @property
    def size(self) -> Size:
        """How many numbers it holds."""
        return times(*self.shape)


@dataclass(frozen=True)
class Step:
    """A signature applied to values; `apply` makes one."""

    signature: Signature
    inputs: tuple[Value, ...]
    given: Given = field(default_factory=dict)
    by: By = By.MULTIPLY
    function: str | None = None

    @cached_property
    def bound(self) -> Signature:
        """The signature with `...` written out as one axis for each axis that it stands for."""
        return expanded(self.signature, [value.shape for value in self.inputs])

    @cached_property
    def windows(self) -> dict[str, Slide]:
        """The window that slides over each axis that has one."""
        return {name: it for name, it in self.given.items() if not isinstance(it, int)}

    @cached_property
    def sizes(self) -> dict[str, Size]:
        """The size of every axis by its name.

        Raises `ShapeError` where two sizes of one axis differ.
        """
        return sizes_of(self.bound, [value.shape for value in self.inputs], self.given)

    def shape_of(self, pattern: Pattern) -> Shape:
        """The shape of an operand with this (bound) pattern."""
        return tuple(
            (plus if isinstance(term, Sum) else times)(
                *(self.sizes[axis.name] for axis in axes_of((term,)))
            )
            for term in pattern
        )

    @cached_property
    def output(self) -> Value:
        """The value that this step makes."""
        output = self.bound.output
        return Value(self.shape_of(output), tuple(map(self.name_of, output)), self)

    @cached_property
    def names(self) -> dict[str, str]:
        """What the values that flow in call the axes of the signature."""
        return {
            str(term): name
            for pattern, value in zip(self.bound.inputs, self.inputs, strict=True)
            for term, name in zip(pattern, value.names, strict=True)
            if isinstance(term, Axis | Merge)
        }

    def name_of(self, term: Term) -> str:
        """The name of an axis of an operand: the one that came in, or else that of the signature."""
        if isinstance(term, Merge) and str(term) in self.names:
            return self.names[str(term)]
        parts = [
            self.names.get(axis.base) or self.names.get(f"{axis.base}'") or axis.base
            for axis in axes_of((term,))
        ]
        if isinstance(term, Sum):
            return parts[0] if len({*parts}) == 1 else f"({' + '.join(parts)})"
        return parts[0] if len(parts) == 1 else f"({' '.join(parts)})" if parts else "1"

    @cached_property
    def weights(self) -> tuple[Weight, ...]:
        """The weights with their shapes."""
        return tuple(
            Weight(name, self.shape_of(pattern)) for name, pattern in self.bound.weights.items()
        )

    @property
    def params(self) -> Size:
        """How many numbers the weights hold."""
        return plus(*(weight.size for weight in self.weights))

    @property
    def formula(self) -> str:
        """The number of parameters as arithmetic on the sizes; empty without weights.

        >>> x = Value((None, 2, 3, 1), ("b", "h", "w", "c"))
        >>> apply("... in -> ... out", x, kernel="in out", bias="out", out=5).source.formula
        '(1 + 1) × 5'
        """
        patterns = [[axis.name for axis in axes_of(it)] for it in self.bound.weights.values()]
        first = patterns[0] if patterns else []
        common = [name for name in first if all(name in one for one in patterns)]

        def written(names: Sequence[str]) -> str:
            sizes = ["?" if (size := self.sizes[it]) is None else str(size) for it in names]
            return " × ".join(sizes) or "1"

        if len(patterns) < 2 or not common:
            return " + ".join(map(written, patterns))
        rests = [[name for name in one if name not in common] for one in patterns]
        if not any(rests):
            return f"{len(rests)} × {written(common)}"
        return f"({' + '.join(map(written, rests))}) × {written(common)}"

    @property
    def macs(self) -> Size:
        """Multiply-adds for one sample: the loop nest, counted; taps on padding count too.

        >>> x = Value((None, 2, 3, 1), ("b", "h", "w", "c"))
        >>> apply("... in -> ... out", x, kernel="in out", bias="out", out=5).source.macs
        30
        """
        if self.by is By.RECUR:
            used = {axis for pattern in self.bound.weights.values() for axis in axes_of(pattern)}
            places = [axis.name for axis in axes_of(self.bound.inputs[0]) if axis not in used]
            matrices = [it.size for it in self.weights if not it.name.endswith("bias")]
            return times(*(self.sizes[it] for it in places if it != self.batch), plus(*matrices))
        if self.by is not By.MULTIPLY:
            return 0
        weights = list(self.bound.weights.values())
        patterns = [*self.bound.inputs, *weights[:1], self.bound.output]
        names = {axis.name for pattern in patterns for axis in axes_of(pattern)}
        names -= {self.batch, *self.windows}
        if not weights and names <= {axis.name for axis in axes_of(self.bound.output)}:
            return 0  # multiplied, and nothing added
        return times(*(self.sizes[name] for name in sorted(names)))

    @property
    def shared(self) -> Size:
        """How many output positions of one sample use the same first weight: 6 for `2 x 3`.

        Of a recurrence, how many places it runs over: each of them uses all of its weights.
        """
        if self.by is By.RECUR:
            return times(*(self.sizes[name] for name in self.recurred))
        kernel = next(iter(self.bound.weights.values()), ())
        used = set(axes_of(kernel))
        free = [axis.name for axis in axes_of(self.bound.output) if axis not in used]
        places = {name: self.sizes.get(f"{name}'", self.sizes[name]) for name in free}
        return times(*(size for name, size in places.items() if name != self.batch))

    @property
    def batch(self) -> str:
        """The name of the batch axis: the first axis of the first input."""
        return next(axes_of(self.bound.inputs[0])).name

    def reads(self, box: Box) -> Iterator[Reads]:
        """The cells that a box of output cells reads, of each input and each weight.

        It is one box of each operand, or several where the axes of the output box are merged or
        joined. A single cell is a box too: `box_of(cell)`.
        """
        if not all(map(len, box)):
            return
        if self.whole(box):
            ranges = self.ranges(box)
            if self.by is By.RECUR and any(len(ranges[name]) > 1 for name in self.recurred):
                used = {axis.name for it in self.bound.weights.values() for axis in axes_of(it)}
                ranges |= {name: range(self.size(name)) for name in used}
            inputs = tuple(Cells((self.box(it[1:], ranges),)) for it in self.bound.inputs)
            weights = {n: Cells((self.box(p, ranges),)) for n, p in self.bound.weights.items()}
            yield Reads(inputs, weights)
        else:
            pairs = zip(self.bound.output[1:], box, strict=True)
            for one in product(
                *([it] if self.apart(term, it) else singles(it) for term, it in pairs)
            ):
                yield from self.reads(one)

    @property
    def recurred(self) -> list[str]:
        """The axes over which a recurrence runs: those of its sequence that nothing else has.

        After more than one place, every unit has read what every other made of the place before.
        """
        used = {axis for pattern in self.bound.weights.values() for axis in axes_of(pattern)}
        kept = {*used, *axes_of(self.bound.output)}
        return [axis.name for axis in axes_of(self.bound.inputs[0]) if axis not in kept]

    def plain(self, term: Term) -> bool:
        """Whether a term of the output is an axis over which no window slides."""
        return isinstance(term, Axis) and not term.slides and term.name not in self.windows

    def whole(self, box: Box) -> bool:
        """Whether a box of output cells reads a box of each operand."""
        return all(map(self.apart, self.bound.output[1:], box))

    def apart(self, term: Term, indices: Sequence[int]) -> bool:
        """Whether what these indices of an axis of the output read does not depend on other axes.

        What is read is then the product of what each axis reads.
        """
        return len(indices) == 1 or isinstance(term, Axis) or self.all_of(term, indices)

    def all_of(self, term: Term, indices: Sequence[int]) -> bool:
        """Whether these are all the indices of axes that are merged, none of them seen by a window."""
        return (
            isinstance(term, Merge)
            and all(map(self.plain, term.parts))
            and len(indices) == times(*(self.sizes[axis.name] for axis in term.parts))
        )

    def ranges(self, box: Box) -> dict[str, Sequence[int]]:
        """The indices that each axis takes while the cells of a (whole) box are computed."""
        ranges: dict[str, Sequence[int]] = {self.batch: range(1)}
        for term, indices in zip(self.bound.output[1:], box, strict=True):
            if self.plain(term):
                ranges[str(term)] = indices
                continue
            if isinstance(term, Axis):
                ranges |= self.met(term, indices)
                continue
            if len(indices) > 1:
                continue  # all the cells of axes that are merged
            rest = indices[0]
            for axis in reversed(list(axes_of((term,)))):
                if isinstance(term, Sum):
                    before = self.before(term, axis)
                    inside = 0 <= rest - before < self.size(axis.name)
                    ranges[axis.name] = range(rest - before, rest - before + inside)
                    continue
                size = self.size(axis.name)
                ranges |= self.met(axis, range(rest % size, rest % size + 1))
                rest //= size
        for name in self.sizes:
            if name not in ranges:
                ranges[name] = range(self.size(name))
        return ranges

    def before(self, term: Sum, axis: Axis) -> int:
        """How many cells stand before an axis in the sum of which it is a part."""
        return sum(self.size(part.name) for part in term.parts[: term.parts.index(axis)])

    def met(self, axis: Axis, places: Sequence[int]) -> dict[str, Sequence[int]]:
        """The indices of an output axis, and of the axis and the taps that it meets at these places."""
        met: dict[str, Sequence[int]] = {axis.name: places}
        if axis.slides:
            window, length = self.windows[axis.base], self.size(axis.base)
            met[axis.base] = together([window.cells(place, length) for place in places])
            met[axis.tap] = together([window.taps(place, length) for place in places])
        elif isinstance(spread := self.windows.get(axis.name), Window):
            slid = f"{axis.name}'"
            pairs = [spread.meets(place, self.size(slid)) for place in places]
            if len(pairs) == 1:
                met[slid], met[axis.tap] = pairs[0]  # in step with each other, as `products` needs
            else:
                met[slid], met[axis.tap] = (together(one) for one in zip(*pairs, strict=True))
        return met

    def box(self, pattern: Pattern, ranges: Mapping[str, Sequence[int]]) -> Box:
        """The indices along each axis of an operand, from those of the named axes."""
        return tuple(self.indices(term, ranges) for term in pattern)

    def indices(self, term: Term, ranges: Mapping[str, Sequence[int]]) -> Sequence[int]:
        """The indices along one axis of an operand."""
        parts = list(axes_of((term,)))
        if len(parts) == 1:
            return ranges[parts[0].name]
        indices = [0]
        for axis in parts:
            size = self.size(axis.name)
            indices = [before * size + here for before in indices for here in ranges[axis.name]]
        return tuple(indices)

    def products(self, cell: Cell) -> Iterator[tuple[Cell, ...]]:
        """The products that are summed for one output cell: a cell of each factor, in turn.

        The factors are the inputs and the first weight.
        """
        ranges = self.ranges(box_of(cell))
        output = {axis.name for axis in axes_of(self.bound.output)}
        slid = {Axis(n).tap: n if f"{n}'" in output else f"{n}'" for n in self.windows}
        held = {self.batch, *output, *slid.values()}
        free = [name for name in ranges if name not in held]
        patterns = [pattern[1:] for pattern in self.bound.inputs]
        patterns += list(self.bound.weights.values())[:1]
        for picked in product(*(range(len(ranges[name])) for name in free)):
            here = dict(ranges)
            for name, at in zip(free, picked, strict=True):
                here[name] = ranges[name][at : at + 1]
                if base := slid.get(name):
                    here[base] = ranges[base][at : at + 1]
            yield tuple(
                tuple(indices[0] for indices in self.box(pattern, here)) for pattern in patterns
            )

    def size(self, name: str) -> int:
        """The size of an axis, which must be known."""
        size = self.sizes[name]
        if size is None:
            raise ShapeError(
                f"axis {name!r} of '{self.signature.write()}' has an unknown size, so its cells "
                "cannot be listed; trace the model with a concrete input shape"
            )
        return size


def apply(
    signature: str,
    *inputs: Value,
    by: By = By.MULTIPLY,
    function: str | None = None,
    **facts: str | int | Slide | None,
) -> Value:
    """Apply a signature to values, and return the value that it makes.

    A fact is the pattern of a weight (a string), the size of an axis (a whole number) or the window
    that slides over an axis; `None` leaves the fact out. A window that stands on the input side, as in
    `b h' c -> b h f`, is spread: each place of the input puts a window into the output.

    Raises `NotationError` if the signature cannot be read, `ShapeError` if the sizes do not fit.

    >>> x = Value((None, 2, 3, 1), ("b", "h", "w", "c"))
    >>> y = apply("... in -> ... out", x, kernel="in out", bias="out", out=5)
    >>> y.shape, y.names
    ((None, 2, 3, 5), ('b', 'h', 'w', 'out'))
    >>> {weight.name: weight.shape for weight in y.source.weights}
    {'kernel': (1, 5), 'bias': (5,)}
    >>> [reads] = y.source.reads(box_of((1, 2, 4)))
    >>> list(reads.inputs[0]), list(reads.weights["kernel"])
    ([(1, 2, 0)], [(0, 4)])
    """
    weights = {name: it for name, it in facts.items() if isinstance(it, str)}
    given = {
        name: it if isinstance(it, Window | Parts | Past) else index(it)
        for name, it in facts.items()
        if it is not None and not isinstance(it, str)
    }
    if weights and by not in WEIGHTED:
        raise ShapeError(f"a step by {by.value} takes no weights, received {', '.join(weights)}")
    if by is By.LOOKUP and len(weights) != 1:
        held = ", ".join(weights) or "none"
        raise ShapeError(f"a step by {by.value} takes one weight, received {held}")
    return Step(Signature.read(signature, **weights), inputs, given, by, function).output
