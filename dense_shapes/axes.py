"""Axes, the terms of a pattern, windows, and arithmetic with sizes that may be unknown.

A *size* is a whole number, or `None` when it is known only at run time (the batch, most often).
Unknown sizes are multiplied and added here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from dense_shapes.errors import ShapeError

Size: TypeAlias = int | None
Shape: TypeAlias = tuple[Size, ...]
Cell: TypeAlias = tuple[int, ...]


def times(*sizes: Size) -> Size:
    """The product of sizes; unknown if a factor is, unless another factor is zero.

    >>> times(2, 3), times(2, None), times(0, None), times()
    (6, None, 0, 1)
    """
    product = 1
    for size in sizes:
        product *= 1 if size is None else size
    return None if product and None in sizes else product


def plus(*sizes: Size) -> Size:
    """The sum of sizes; unknown if any of them is.

    >>> plus(2, 3), plus(2, None), plus()
    (5, None, 0)
    """
    total = 0
    for size in sizes:
        if size is None:
            return None
        total += size
    return total


def number(size: Size) -> str:
    """A size as text, with commas; an unknown one is a question mark.

    >>> number(1234), number(None)
    ('1,234', '?')
    """
    return "?" if size is None else f"{size:,}"


def compatible(one: Shape, other: Shape) -> bool:
    """Whether two shapes have the same rank, and the same size wherever both know it.

    >>> compatible((None, 2, 3), (8, 2, None)), compatible((2,), (3,))
    (True, False)
    """
    return len(one) == len(other) and all(
        a == b or a is None or b is None for a, b in zip(one, other, strict=True)
    )


@dataclass(frozen=True)
class Axis:
    """One named axis: `h`; or `h'`, which is `h` seen through a window.

    >>> Axis("h'").slides, Axis("h'").base
    (True, 'h')
    """

    name: str

    @property
    def slides(self) -> bool:
        """Whether this axis counts the places of a window."""
        return self.name.endswith("'")

    @property
    def base(self) -> str:
        """The name of the axis that the window slides over."""
        return self.name.removesuffix("'")

    @property
    def tap(self) -> str:
        """The name of the axis inside the window."""
        return f"k{self.base}"

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Merge:
    """Several axes counted as one, the last of them fastest: `(h w c)`.

    >>> str(Merge((Axis("h"), Axis("w"))))
    '(h w)'
    """

    parts: tuple[Axis, ...]

    def __str__(self) -> str:
        return f"({' '.join(map(str, self.parts))})"


@dataclass(frozen=True)
class Rest:
    """All the axes that the other terms of a pattern leave over: `...`."""

    def __str__(self) -> str:
        return "..."


@dataclass(frozen=True)
class One:
    """An axis of size one: `1`."""

    def __str__(self) -> str:
        return "1"


@dataclass(frozen=True)
class Sum:
    """Several axes laid end to end as one: `(p + q)`.

    >>> str(Sum((Axis("p"), Axis("q"))))
    '(p + q)'
    """

    parts: tuple[Axis, ...]

    def __str__(self) -> str:
        return f"({' + '.join(map(str, self.parts))})"


Term: TypeAlias = Axis | Merge | Sum | Rest | One
Pattern: TypeAlias = tuple[Term, ...]


def axes_of(pattern: Pattern) -> Iterator[Axis]:
    """The named axes of a pattern in order, those inside brackets too.

    >>> [axis.name for axis in axes_of((Axis("b"), Merge((Axis("h"), Axis("w")))))]
    ['b', 'h', 'w']
    """
    for term in pattern:
        match term:
            case Axis():
                yield term
            case Merge(parts) | Sum(parts):
                yield from parts
            case Rest() | One():
                pass


@dataclass(frozen=True)
class Window:
    """A window that slides over an axis.

    Output `o` and tap `k` meet input `stride * o + dilation * k - before`.
    `before` and `after` count the padding cells at the two ends of the axis; where they are negative,
    so many cells are cut off. A stride of -1 walks from the end.

    >>> Window(3, stride=2, before=1, after=1).slide(5)
    3
    """

    size: int
    stride: int = 1
    dilation: int = 1
    before: Size = 0
    after: Size = 0

    @classmethod
    def same(cls, length: Size, size: int, stride: int = 1, dilation: int = 1) -> Window:
        """The window of `padding="same"`: as many outputs as strides begin on the axis.

        Source: the padding of TensorFlow's convolutions, which puts the odd cell at the end.

        >>> Window.same(5, 2)
        Window(size=2, stride=1, dilation=1, before=0, after=1)
        """
        reach = dilation * (size - 1) + 1
        if stride == 1:
            need = reach - 1
        elif length is None:
            return cls(size, stride, dilation, None, None)
        else:
            need = max((-(-length // stride) - 1) * stride + reach - length, 0)
        return cls(size, stride, dilation, need // 2, need - need // 2)

    @property
    def reach(self) -> int:
        """How many cells the window covers, from its first tap to its last."""
        return self.dilation * (self.size - 1) + 1

    def slide(self, length: Size) -> Size:
        """How many places the window has on an axis of this length.

        Raises `ShapeError` if the window is longer than the padded axis.
        """
        if length is None or self.before is None or self.after is None:
            return None
        if self.stride < 0:
            return length
        room = length + self.before + self.after - self.reach
        places = room // self.stride + 1
        if places < (1 if length and not self.crops else 0):
            raise ShapeError(
                f"a window of {self.size} taps with dilation {self.dilation} does not fit on an "
                f"axis of {length} cells; make the window smaller or use padding='same'"
            )
        return places

    @property
    def crops(self) -> bool:
        """Whether the window cuts cells off the ends of the axis."""
        return self.size == 1 and min(self.before or 0, self.after or 0) < 0

    def spread(self, places: Size) -> Size:
        """How long the axis is over which the window slides, when it has so many places.

        >>> Window(2, stride=2).spread(3)
        6
        """
        if places is None or self.before is None or self.after is None:
            return None
        if self.stride < 0:
            return places
        return max(0, self.stride * (places - 1) + self.reach - self.before - self.after)

    def taps(self, place: int, length: int) -> range:
        """The taps that meet real cells, not padding, when the window is at `place`.

        >>> Window(3, before=1).taps(0, 5)
        range(1, 3)
        """
        start = self.start(place)
        first = max(0, -(start // self.dilation))
        last = (length - 1 - start) // self.dilation
        return range(first, min(self.size, last + 1))

    def cells(self, place: int, length: int) -> range:
        """The cells of the axis that the window meets at `place`.

        >>> Window(3, before=1).cells(0, 5)
        range(0, 2)
        """
        start, taps = self.start(place), self.taps(place, length)
        return range(
            start + self.dilation * taps.start,
            start + self.dilation * (taps.stop - 1) + 1 if taps else start,
            self.dilation,
        )

    def meets(self, cell: int, places: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The places from which the window meets a cell of the axis, and the tap of each that does.

        >>> Window(3, stride=2).meets(2, 9)
        ((1, 0), (0, 2))
        """
        found = []
        for tap in range(self.size):
            place, rest = divmod(cell - self.dilation * tap - self.start(0), self.stride)
            if not rest and 0 <= place < places:
                found.append((place, tap))
        return tuple(place for place, _ in found), tuple(tap for _, tap in found)

    def start(self, place: int) -> int:
        """The cell under tap 0 when the window is at `place`; negative on padding."""
        if self.before is None:
            raise ShapeError(
                "the padding of this window depends on an axis of unknown size; "
                "trace the model with a concrete input shape"
            )
        return self.stride * place - self.before


@dataclass(frozen=True)
class Parts:
    """An axis cut into a number of parts, as equal as they can be; neighbours may share cells.

    Source: adaptive pooling, keras/src/backend/tensorflow/nn.py

    >>> [list(Parts(3).cells(place, 5)) for place in range(3)]
    [[0, 1], [1, 2, 3], [3, 4]]
    """

    count: int

    def slide(self, length: Size) -> Size:  # noqa: ARG002 (every slide takes it)
        """The number of parts."""
        return self.count

    def taps(self, place: int, length: int) -> range:
        """The taps of a part: one for each of its cells."""
        return range(len(self.cells(place, length)))

    def cells(self, place: int, length: int) -> range:
        """The cells of a part."""
        return range(place * length // self.count, -(-(place + 1) * length // self.count))


@dataclass(frozen=True)
class Past:
    """Every cell of an axis up to here: what a recurrence has seen.

    `backwards` sees every cell from here on; `turned` counts its places from the end of the axis.

    >>> Past().cells(2, 5), Past(backwards=True).cells(2, 5), Past(turned=True).cells(2, 5)
    (range(0, 3), range(2, 5), range(2, 5))
    """

    backwards: bool = False
    turned: bool = False

    def slide(self, length: Size) -> Size:
        """As many places as the axis has cells."""
        return length

    def taps(self, place: int, length: int) -> range:
        """The taps at a place: one for each cell that is seen."""
        return range(len(self.cells(place, length)))

    def cells(self, place: int, length: int) -> range:
        """The cells that are seen at a place."""
        if self.turned:
            return range(length - 1 - place, length)
        return range(place, length) if self.backwards else range(place + 1)


Slide: TypeAlias = Window | Parts | Past
"""How one axis is seen through another: `h'` is `h` seen through it."""
