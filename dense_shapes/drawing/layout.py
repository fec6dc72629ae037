"""Where the marks of a layer's picture go: positions keep their place, each holds a little vector.

The last axis of a tensor lies inside each position; the axis before it runs across, the one before
that down, and further axes repeat the block across and down in turn. A matrix of weights is drawn as
a matrix. Long axes are cut: the first cells, dots, the lit ones, dots, the last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product
from math import prod

from dense_shapes.axes import Cell, Size
from dense_shapes.cells import Cells
from dense_shapes.drawing.scene import Box, Line, Mark, RoleName, Words

CELL_WIDTH, CELL_HEIGHT = 13.0, 20.0
NUMBERED_WIDTH = 18.0
"""The width of a cell with a number of two digits in it."""
FRAME = 4.0
DOTS_ACROSS, DOTS_DOWN = 13.0, 16.0
"""The room for dots, and for the arrows along an axis that is walked."""
WIDEST, HIGHEST = 312.0, 344.0
"""The largest tensor that is drawn without cutting its axes further: it suits a phone."""
LIMITS = (12, 8, 6, 4, 3, 2, 1)
"""The longest axis that is drawn whole; the longest axis is cut until the tensor fits."""


@dataclass(frozen=True)
class Measure:
    """One axis of a tensor as its dimension line shows it: its size, and what becomes of it.

    `before` and `after` are cells of padding at its ends. `walk` is 1 where its places are gone
    through in order, and -1 where they are gone through from the end.
    """

    size: Size
    label: str
    role: RoleName = ""
    word: str = ""
    before: int = 0
    after: int = 0
    walk: int = 0

    def real(self, index: int) -> bool:
        """Whether an index is that of a cell, and not of padding."""
        return index >= 0 and (self.size is None or index < self.size)


@dataclass(frozen=True)
class Ruler:
    """One axis of a drawn tensor: which indices are shown, and where each of them begins.

    `axis` is its place in a cell's indices. `across` says whether it runs from left to right. An index
    outside the axis is one of its padding.
    """

    axis: int
    measure: Measure
    across: bool
    shown: tuple[int, ...]
    starts: tuple[float, ...]
    child: float

    @property
    def dots(self) -> float:
        """The room for dots."""
        return DOTS_ACROSS if self.across else DOTS_DOWN

    @property
    def length(self) -> float:
        """How long the whole is, the dots at its end included."""
        end = self.starts[-1] + self.child if self.shown else 0.0
        return end + (self.dots if self.open else 0.0)

    @property
    def span(self) -> tuple[float, float]:
        """Where its cells begin and end, the padding left out."""
        real = [
            start
            for it, start in zip(self.shown, self.starts, strict=True)
            if self.measure.real(it)
        ]
        if self.open or not real:
            return (real[0] if real else 0.0), self.length
        return real[0], real[-1] + self.child

    @property
    def breaks(self) -> Iterator[float]:
        """Where dots stand for the cells that are left out."""
        for (index, _), (after, start) in pairwise(zip(self.shown, self.starts, strict=True)):
            if after != index + 1:
                yield start - self.dots / 2
        if self.open:
            yield self.length - self.dots / 2

    @property
    def walked(self) -> Iterator[float]:
        """Where arrows stand between neighbours that are gone through in order."""
        for (index, _), (after, start) in pairwise(zip(self.shown, self.starts, strict=True)):
            if self.measure.walk and after == index + 1:
                yield start - self.dots / 2

    @property
    def open(self) -> bool:
        """Whether cells are left out after the last one that is shown."""
        size = self.measure.size
        return size is None or (bool(self.shown) and self.shown[-1] < size - 1)


NONE = Cells()


@dataclass(frozen=True)
class Look:
    """What is shown of the cells beside their places.

    `lit` are the lit cells. `number` gives the text inside a cell, and `hollow` says that a cell without
    a number is a copy of none. `pad` is the text inside a cell of padding. `width` is that of a cell.
    """

    lit: Cells = NONE
    number: Callable[[Cell], str] | None = None
    hollow: bool = False
    pad: str = ""
    width: float = CELL_WIDTH


def grid(
    measures: Sequence[Measure],
    order: Sequence[int],
    look: Look,
    *,
    framed: bool = False,
    down: bool = False,
) -> list[Mark]:
    """The cells, frames, dots and dimension lines of a tensor, centred on y = 0.

    `order` lists its axes, the innermost first. `framed` draws a frame around each position. `down`
    says that the second axis runs down; those after it run across and down in turn.
    """
    ways = [True, not down]
    while len(ways) < len(order):
        ways.append(not ways[-1])
    axes = list(zip(order, ways, strict=False))
    rulers = fitted(measures, axes, look, framed)
    bare = [unpadded(measure) for measure in measures]
    without = fitted(bare, axes, look, framed)
    if real_cells(rulers) < real_cells(without):
        rulers = without  # there is no room for padding
    _, height = spanned(rulers, framed, look.width)
    top = -height / 2
    return [
        *boxes(rulers, look, framed, top),
        *dots(rulers, framed, top),
        *sizes(rulers, framed, top),
    ]


def unpadded(measure: Measure) -> Measure:
    """An axis whose padding is said, and not drawn."""
    if not measure.before and not measure.after:
        return measure
    return replace(measure, before=0, after=0, word=f"{measure.word}, padded")


def real_cells(rulers: Sequence[Ruler]) -> int:
    """How many cells are shown that are no padding."""
    return prod(sum(map(ruler.measure.real, ruler.shown)) for ruler in rulers)


def fitted(
    measures: Sequence[Measure], axes: Sequence[tuple[int, bool]], look: Look, framed: bool
) -> list[Ruler]:
    """The rulers of a tensor, the innermost first; the longest axis is cut until it fits.

    `axes` says of each whether it runs across.
    """
    limits = {axis: LIMITS[0] for axis, _ in axes}
    while True:
        rulers = ruled(measures, axes, look, limits, framed)
        width, height = spanned(rulers, framed, look.width)
        long = [
            ruler
            for ruler in rulers
            if (width > WIDEST if ruler.across else height > HIGHEST)
            and limits[ruler.axis] > LIMITS[-1]
        ]
        if not long:
            return rulers
        longest = max(long, key=lambda ruler: len(ruler.shown))
        limits[longest.axis] = next(it for it in LIMITS if it < limits[longest.axis])


def ruled(
    measures: Sequence[Measure],
    axes: Sequence[tuple[int, bool]],
    look: Look,
    limits: dict[int, int],
    framed: bool,
) -> list[Ruler]:
    """The rulers of a tensor whose axes are cut at these limits, the innermost first."""
    rulers: list[Ruler] = []
    for level, (axis, across) in enumerate(axes):
        width, height = spanned(rulers, framed, look.width)
        child = width if across else height
        shown = indices(measures[axis], look.lit, axis, limits[axis])
        starts, end = [], 0.0
        for number, index in enumerate(shown):
            if number:
                far = DOTS_ACROSS if across else DOTS_DOWN
                near = far if measures[axis].walk else room(level, framed)
                end += far if index != shown[number - 1] + 1 else near
            starts.append(end)
            end += child
        rulers.append(Ruler(axis, measures[axis], across, shown, tuple(starts), child))
    return rulers


def room(level: int, framed: bool) -> float:
    """The room between neighbours along an axis: cells touch, positions do not, blocks stand apart."""
    if level == 0 or not framed:
        return 0.0
    return FRAME if level < 3 else 3 * FRAME


def spanned(rulers: Sequence[Ruler], framed: bool, width: float) -> tuple[float, float]:
    """The width and height of a block of cells with these axes; `width` is that of a cell."""
    height = CELL_HEIGHT
    for level, ruler in enumerate(rulers):
        if ruler.across:
            width = ruler.length
        else:
            height = ruler.length
        if level == 0 and framed:
            width, height = width + 2 * FRAME, height + 2 * FRAME
    return width, height


def indices(measure: Measure, lit: Cells, axis: int, limit: int) -> tuple[int, ...]:
    """The indices of an axis that are drawn: all, or the first, the lit and the last ones.

    Where there is no room for that, the last is left out. Of the padding at each end the cells next to
    the axis and farthest from it are drawn.
    """
    size, before, after = measure.size, measure.before, measure.after
    if size is not None and before + size + after <= limit:
        return tuple(range(-before, size + after))
    if size is not None and size <= limit:
        found = set(range(size))
    else:
        found = {0, 1} if limit > 2 else {0}
        found |= set() if size is None or limit < 2 else {size - 1}
        for box in (*lit.boxes[:2], *lit.boxes[-1:]):
            wanted = box[axis]
            found |= {*wanted[: 2 if limit > 2 else 1], *(wanted[-1:] if limit > 1 else ())}
        if lit.boxes:
            found |= {it + 1 for it in found if it + 2 in found}  # dots are as wide as one cell
    if before:
        found |= {-before, -1}
    if after and size is not None and size - 1 in found:
        found |= {size, size + after - 1}
    return tuple(sorted(found))


def boxes(rulers: Sequence[Ruler], look: Look, framed: bool, top: float) -> Iterator[Mark]:
    """The cells, and the frame around each position."""
    pad = FRAME if framed else 0.0
    width, height = spanned(rulers[:1], framed, look.width)
    measures = {ruler.axis: ruler.measure for ruler in rulers}
    for x, y, place in places(rulers[1:], 0.0, top):
        if not all(measures[axis].real(index) for axis, index in place.items()):
            yield Box(x, y, width, height, "pad")
            yield from inside(look.pad, x + width / 2, y + height / 2)
            continue
        if framed:
            yield Box(x, y, width, height, "frame")
        for dx, _, inner in places(rulers[:1], 0.0, 0.0):
            found = {**place, **inner}
            cell = tuple(found[axis] for axis in sorted(found))
            at = x + pad + dx, y + pad, look.width, CELL_HEIGHT
            middle = at[0] + look.width / 2, at[1] + CELL_HEIGHT / 2
            if not all(measures[axis].real(index) for axis, index in inner.items()):
                yield Box(*at, "pad")
                yield from inside(look.pad, *middle)
                continue
            text = look.number(cell) if look.number else ""
            yield Box(*at, "cell", cell, cell in look.lit, look.hollow and not text)
            yield from inside(text, *middle)


def inside(text: str, x: float, y: float) -> Iterator[Words]:
    """The text inside a cell, if there is any."""
    if text:
        yield Words(x, y, text, "number")


def places(
    rulers: Sequence[Ruler], x: float, y: float
) -> Iterator[tuple[float, float, dict[int, int]]]:
    """Every shown place along these axes in row-major order: where it is, and its indices."""
    outer_first = rulers[::-1]
    for picked in product(*(range(len(ruler.shown)) for ruler in outer_first)):
        pairs = list(zip(outer_first, picked, strict=True))
        yield (
            x + sum(ruler.starts[number] for ruler, number in pairs if ruler.across),
            y + sum(ruler.starts[number] for ruler, number in pairs if not ruler.across),
            {ruler.axis: ruler.shown[number] for ruler, number in pairs},
        )


def dots(rulers: Sequence[Ruler], framed: bool, top: float) -> Iterator[Words]:
    """The dots that stand for cells left out, and the arrows between places gone through in order."""
    for level, ruler in enumerate(rulers):
        width, height = spanned(rulers[:level], framed, rulers[0].child)
        pad = FRAME if framed and not level else 0.0
        for x, y, place in places(rulers[level + 1 :], 0.0, top):
            if not all(it.measure.real(place[it.axis]) for it in rulers[level + 1 :]):
                continue
            middle = x + width / 2, y + pad + height / 2
            for at in ruler.breaks:
                if ruler.across:
                    yield Words(x + pad + at, middle[1], "…", "dots")
                else:
                    yield Words(middle[0], y + at, "⋮", "dots")
            for at in ruler.walked:
                if ruler.across:
                    arrow = "→" if ruler.measure.walk > 0 else "←"
                    yield Words(x + pad + at, middle[1], arrow, "arrow")
                else:
                    arrow = "↓" if ruler.measure.walk > 0 else "↑"
                    yield Words(middle[0], y + at, arrow, "arrow")


def sizes(rulers: Sequence[Ruler], framed: bool, top: float) -> Iterator[Mark]:
    """The dimension lines with their labels: above the first vector, below, and at the left.

    An axis of one place that has no name is not measured.
    """
    _, height = spanned(rulers, framed, CELL_WIDTH)
    pad = FRAME if framed else 0.0
    below, left = top + height + 8, -10.0
    for level, ruler in enumerate(rulers):
        if not ruler.measure.label:
            continue
        outer = [it for it in rulers[level + 1 :] if it.across is ruler.across]
        offset = sum(it.span[0] for it in outer) + (0.0 if level else pad)
        start, end = (offset + it for it in ruler.span)
        role = ruler.measure.role
        if level == 0:
            yield Line(start, top - 6, end, top - 6, role)
            yield from label(ruler.measure, (start + end) / 2, top - 10, "above")
        elif ruler.across:
            yield Line(start, below, end, below, role)
            yield from label(ruler.measure, (start + end) / 2, below + 4, "below")
            below += 44 if ruler.measure.word else 28
        else:
            yield Line(left, top + start, left, top + end, role)
            words = list(label(ruler.measure, left - 6, top + (start + end) / 2, "left"))
            yield from words
            left = min(it.extent[0] for it in words) - 12


def label(measure: Measure, x: float, y: float, side: str) -> Iterator[Words]:
    """The size of an axis, and below it the word for its role."""
    word, anchor = measure.word, "end" if side == "left" else "middle"
    lines = [(measure.label, "size", 16.0), *([(word, "role", 15.0)] if word else [])]
    total = sum(height for _, _, height in lines)
    top = {"above": y - total, "below": y, "left": y - total / 2}[side]
    for text, kind, height in lines:
        role: RoleName = measure.role if kind == "role" else ""
        yield Words(x, top + height / 2, text, kind, anchor, role)  # type: ignore[arg-type]
        top += height
