"""Where the marks of a layer's picture go: positions keep their place, each holds a little vector.

The last axis of a tensor lies inside each position; the axis before it runs across, the one before
that down, and further axes repeat the block across and down in turn. A matrix of weights is drawn as
a matrix. Long axes are cut: the first cells, dots, the lit ones, dots, the last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product

from dense_shapes.axes import Shape, Size
from dense_shapes.cells import Cells
from dense_shapes.drawing.scene import Box, Line, Mark, Words

CELL_WIDTH, CELL_HEIGHT = 15.0, 20.0
FRAME = 4.0
DOTS = 22.0
WIDEST, HIGHEST = 330.0, 340.0
"""The largest tensor that is drawn without cutting its axes further: it suits a phone."""
LIMITS = (12, 8, 6, 4, 3, 2, 1)
"""The longest axis that is drawn whole; the first limit that fits is taken."""


@dataclass(frozen=True)
class Ruler:
    """One axis of a drawn tensor: which indices are shown, and where each of them begins.

    `axis` is its place in a cell's indices. `across` says whether it runs from left to right.
    """

    axis: int
    size: Size
    label: str
    across: bool
    shown: tuple[int, ...]
    starts: tuple[float, ...]
    length: float

    @property
    def breaks(self) -> Iterator[float]:
        """Where dots stand for the cells that are left out."""
        for (index, _), (after, start) in pairwise(zip(self.shown, self.starts, strict=True)):
            if after != index + 1:
                yield start - DOTS / 2
        if self.open:
            yield self.length - DOTS / 2

    @property
    def open(self) -> bool:
        """Whether cells are left out after the last one that is shown."""
        return self.size is None or (bool(self.shown) and self.shown[-1] < self.size - 1)


def grid(
    shape: Shape, labels: Sequence[str], order: Sequence[int], lit: Cells, *, framed: bool = False
) -> list[Mark]:
    """The cells, frames, dots and dimension lines of a tensor, centred on y = 0.

    `order` lists its axes, the innermost first. `framed` draws a frame around each position.
    """
    for limit in LIMITS:
        rulers = ruled(shape, labels, order, lit, limit, framed)
        width, height = spanned(rulers, framed)
        if width <= WIDEST and height <= HIGHEST:
            break
    top = -height / 2
    return [
        *boxes(rulers, lit, framed, top),
        *dots(rulers, framed, top),
        *sizes(rulers, framed, top),
    ]


def ruled(
    shape: Shape, labels: Sequence[str], order: Sequence[int], lit: Cells, limit: int, framed: bool
) -> list[Ruler]:
    """The rulers of a tensor, the innermost first."""
    rulers: list[Ruler] = []
    for level, axis in enumerate(order):
        across = level != 1 if len(order) == 2 else level in (0, 1) or level % 2 == 1
        width, height = spanned(rulers, framed)
        child = width if across else height
        shown = indices(shape[axis], lit, axis, limit)
        starts, end = [], 0.0
        for number, index in enumerate(shown):
            if number:
                end += DOTS if index != shown[number - 1] + 1 else room(level, framed)
            starts.append(end)
            end += child
        ruler = Ruler(axis, shape[axis], labels[axis], across, shown, tuple(starts), end)
        rulers.append(replace(ruler, length=end + DOTS) if ruler.open else ruler)
    return rulers


def room(level: int, framed: bool) -> float:
    """The room between neighbours along an axis: cells touch, positions do not, blocks stand apart."""
    if level == 0 or not framed:
        return 0.0
    return FRAME if level < 3 else 4 * FRAME


def spanned(rulers: Sequence[Ruler], framed: bool) -> tuple[float, float]:
    """The width and height of a block of cells with these axes."""
    width, height = CELL_WIDTH, CELL_HEIGHT
    for level, ruler in enumerate(rulers):
        if ruler.across:
            width = ruler.length
        else:
            height = ruler.length
        if level == 0 and framed:
            width, height = width + 2 * FRAME, height + 2 * FRAME
    return width, height


def indices(size: Size, lit: Cells, axis: int, limit: int) -> tuple[int, ...]:
    """The indices of an axis that are drawn: all, or the first, the lit and the last ones.

    Where there is no room for that, the last is left out.
    """
    if size is not None and size <= limit:
        return tuple(range(size))
    head = {0, 1} if limit > 2 else {0}
    last = set() if size is None or limit < 2 else {size - 1}
    for box in (*lit.boxes[:2], *lit.boxes[-1:]):
        wanted = box[axis]
        last |= {*wanted[:2], *wanted[-1:]}
    return tuple(sorted(head | last))


def boxes(rulers: Sequence[Ruler], lit: Cells, framed: bool, top: float) -> Iterator[Box]:
    """The cells, and the frame around each position."""
    pad = FRAME if framed else 0.0
    width, height = spanned(rulers[:1], framed)
    for x, y, place in places(rulers[1:], 0.0, top):
        if framed:
            yield Box(x, y, width, height, "frame")
        for dx, _, inner in places(rulers[:1], 0.0, 0.0):
            found = {**place, **inner}
            cell = tuple(found[axis] for axis in sorted(found))
            lights = cell in lit
            yield Box(x + pad + dx, y + pad, CELL_WIDTH, CELL_HEIGHT, "cell", cell, lights)


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
    """The dots that stand for cells left out."""
    for level, ruler in enumerate(rulers):
        width, height = spanned(rulers[:level], framed)
        pad = FRAME if framed and not level else 0.0
        for x, y, _ in places(rulers[level + 1 :], 0.0, top):
            for at in ruler.breaks:
                if ruler.across:
                    yield Words(x + pad + at, y + pad + height / 2, "…", "dots")
                else:
                    yield Words(x + width / 2, y + at, "⋮", "dots")


def sizes(rulers: Sequence[Ruler], framed: bool, top: float) -> Iterator[Mark]:
    """The dimension lines with their labels: above the first vector, below, and at the left."""
    _, height = spanned(rulers, framed)
    pad = FRAME if framed else 0.0
    below, left = top + height + 8, -10.0
    for level, ruler in enumerate(rulers):
        if level == 0:
            yield Line(pad, top - 6, pad + ruler.length, top - 6)
            yield Words(pad + ruler.length / 2, top - 18, ruler.label, "size")
        elif ruler.across:
            yield Line(0.0, below, ruler.length, below)
            yield Words(ruler.length / 2, below + 13, ruler.label, "size")
            below += 28
        else:
            label = Words(left - 6, top + ruler.length / 2, ruler.label, "size", "end")
            yield Line(left, top, left, top + ruler.length)
            yield label
            left = label.extent[0] - 12
