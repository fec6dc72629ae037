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
    Pattern,
    Shape,
    Size,
    Term,
    Window,
    axes_of,
    plus,
    times,
)
from dense_shapes.binding import Given, expanded, sizes_of
from dense_shapes.cells import Box, Cells, Reads, box_of
from dense_shapes.errors import ShapeError
from dense_shapes.signature import Signature


class By(Enum):
    """How a step combines the values that an output cell reads."""

    MULTIPLY = "multiply"
    """Inputs and the first weight are multiplied and summed; every further weight is added."""
    COPY = "copy"
    """The value is taken as it is."""
    MAP = "map"
    """A function of one value, cell by cell."""
    SUM = "sum"
    """The values are added up."""
    DIVIDE = "divide"
    """The first input is divided by the second."""


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
    def windows(self) -> dict[str, Window]:
        """The window that slides over each axis that has one."""
        return {name: it for name, it in self.given.items() if isinstance(it, Window)}

    @cached_property
    def sizes(self) -> dict[str, Size]:
        """The size of every axis by its name.

        Raises `ShapeError` where two sizes of one axis differ.
        """
        return sizes_of(self.bound, [value.shape for value in self.inputs], self.given)

    def shape_of(self, pattern: Pattern) -> Shape:
        """The shape of an operand with this (bound) pattern."""
        return tuple(
            times(*(self.sizes[axis.name] for axis in axes_of((term,)))) for term in pattern
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
            term.name: name
            for pattern, value in zip(self.bound.inputs, self.inputs, strict=True)
            for term, name in zip(pattern, value.names, strict=True)
            if isinstance(term, Axis)
        }

    def name_of(self, term: Term) -> str:
        """The name of an axis of an operand: the one that came in, or else that of the signature."""
        parts = [self.names.get(axis.base, axis.base) for axis in axes_of((term,))]
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
        patterns = list(self.bound.weights.values())
        if not patterns:
            return ""
        kernel, others = patterns[0], patterns[1:]

        def written(pattern: Pattern) -> str:
            return " × ".join(map(str, self.shape_of(pattern)))

        if others and all(other == others[0] for other in others):
            shared = [term for term in kernel if term in others[0]]
            if len(shared) == len(others[0]):
                rest = written(tuple(term for term in kernel if term not in shared))
                return f"({rest or 1} + {len(others)}) × {written(tuple(shared))}"
        return " + ".join(map(written, patterns))

    @property
    def macs(self) -> Size:
        """Multiply-adds for one sample: the loop nest, counted; taps on padding count too.

        >>> x = Value((None, 2, 3, 1), ("b", "h", "w", "c"))
        >>> apply("... in -> ... out", x, kernel="in out", bias="out", out=5).source.macs
        30
        """
        if self.by is not By.MULTIPLY:
            return 0
        patterns = [*self.bound.inputs, *list(self.bound.weights.values())[:1], self.bound.output]
        names = {axis.name for pattern in patterns for axis in axes_of(pattern)}
        names -= {self.batch, *self.windows}
        return times(*(self.sizes[name] for name in sorted(names)))

    @property
    def shared(self) -> Size:
        """How many output positions of one sample use the same first weight: 6 for `2 x 3`."""
        kernel = next(iter(self.bound.weights.values()), ())
        used = set(axes_of(kernel))
        free = [axis.name for axis in axes_of(self.bound.output) if axis not in used]
        return times(*(self.sizes[name] for name in free if name != self.batch))

    @property
    def batch(self) -> str:
        """The name of the batch axis: the first axis of the first input."""
        return next(axes_of(self.bound.inputs[0])).name

    def reads(self, box: Box) -> Iterator[Reads]:
        """The cells that a box of output cells reads, of each input and each weight.

        It is one box of each operand, or several where the axes of the output box are merged or slid
        over. A single cell is a box too: `box_of(cell)`.
        """
        if self.whole(box):
            ranges = self.ranges(box)
            yield Reads(
                tuple(Cells((self.box(pattern[1:], ranges),)) for pattern in self.bound.inputs),
                {n: Cells((self.box(p, ranges),)) for n, p in self.bound.weights.items()},
            )
        else:
            for cell in product(*box):
                yield from self.reads(box_of(cell))

    def whole(self, box: Box) -> bool:
        """Whether a box of output cells reads a box of each operand."""
        return all(
            len(indices) == 1 or (isinstance(term, Axis) and not term.slides)
            for term, indices in zip(self.bound.output[1:], box, strict=True)
        )

    def ranges(self, box: Box) -> dict[str, Sequence[int]]:
        """The indices that each axis takes while the cells of a (whole) box are computed."""
        ranges: dict[str, Sequence[int]] = {self.batch: range(1)}
        for term, indices in zip(self.bound.output[1:], box, strict=True):
            if isinstance(term, Axis) and not term.slides:
                ranges[term.name] = indices
                continue
            rest = indices[0]
            for axis in reversed(list(axes_of((term,)))):
                size = self.size(axis.name) if isinstance(term, Merge) else rest + 1
                place = rest % size
                rest //= size
                ranges[axis.name] = range(place, place + 1)
                if axis.slides:
                    window, length = self.windows[axis.base], self.size(axis.base)
                    ranges[axis.base] = window.cells(place, length)
                    ranges[axis.tap] = window.taps(place, length)
        for name in self.sizes:
            if name not in ranges:
                ranges[name] = range(self.size(name))
        return ranges

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
        slid = {Axis(name).tap: name for name in self.windows if f"{name}'" in output}
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
    **facts: str | int | Window | None,
) -> Value:
    """Apply a signature to values, and return the value that it makes.

    A fact is the pattern of a weight (a string), the size of an axis (a whole number) or the window
    that slides over an axis; `None` leaves the fact out.

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
        name: it if isinstance(it, Window) else index(it)
        for name, it in facts.items()
        if it is not None and not isinstance(it, str)
    }
    if weights and by is not By.MULTIPLY:
        raise ShapeError(f"a step by {by.value} takes no weights, received {', '.join(weights)}")
    return Step(Signature.read(signature, **weights), inputs, given, by, function).output
