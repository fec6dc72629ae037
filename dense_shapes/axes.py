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


Term: TypeAlias = Axis | Merge | Rest | One
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
            case Merge(parts):
                yield from parts
            case Rest() | One():
                pass


@dataclass(frozen=True)
class Window:
    """A window that slides over an axis.

    Output `o` and tap `k` meet input `stride * o + dilation * k - before`.
    `before` and `after` count the padding cells at the two ends of the axis.

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

    def slide(self, length: Size) -> Size:
        """How many places the window has on an axis of this length.

        Raises `ShapeError` if the window is longer than the padded axis.
        """
        if length is None or self.before is None or self.after is None:
            return None
        room = length + self.before + self.after - self.dilation * (self.size - 1) - 1
        places = room // self.stride + 1
        if places < (1 if length else 0):
            raise ShapeError(
                f"a window of {self.size} taps with dilation {self.dilation} does not fit on an "
                f"axis of {length} cells; make the window smaller or use padding='same'"
            )
        return places

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

    def start(self, place: int) -> int:
        """The cell under tap 0 when the window is at `place`; negative on padding."""
        if self.before is None:
            raise ShapeError(
                "the padding of this window depends on an axis of unknown size; "
                "trace the model with a concrete input shape"
            )
        return self.stride * place - self.before
