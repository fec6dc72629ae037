"""Rows of a model in columns: where each stands, and the lanes of the tensors beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from dense_shapes.drawing.folding import Fold
from dense_shapes.drawing.placing import Place
from dense_shapes.drawing.scene import Box, Edge, Mark, Panel, moved

LANE, NODE, BEND = 12.0, 9.0, 12.0
"""How far lanes stand apart, how wide a node is, and how high the bend of a line is."""
MARGIN = 6.0
"""The room at the left and the right of a column."""
FULL, HIGHEST = 620.0, 1150.0
"""How high a picture is before it gets a second column, and how high a column may be."""
ACROSS = 3
"""How many columns stand side by side."""


@dataclass(frozen=True)
class Row:
    """A row of the picture: its words from x = 0 and y = 0, and how high it is.

    `middle` is where its node stands; a row without a `place` has no node, and lanes pass it by.
    `block` says to which repeated block it belongs, `ground` what is laid under it.
    """

    marks: tuple[Mark, ...]
    height: float
    middle: float = 0.0
    place: Place | None = None
    block: Fold | None = None


def columns(rows: Sequence[Row], text: float) -> tuple[Panel, ...]:
    """The rows as panels, one a column, with this room for words."""
    lanes = max((highest(row.place) for row in rows if row.place), default=0) + 1
    gutter = MARGIN + LANE * lanes + 4
    width = ceil(gutter + text + MARGIN)
    found, running = [], frozenset[int]()
    for number, some in enumerate(cut(rows)):
        height = sum(row.height for row in some)
        marks = [*grounds(some, width), *ways(some, running), *nodes(some)]
        y = 0.0
        for row in some:
            marks += [moved(mark, gutter, y) for mark in row.marks]
            y += row.height
            running = row.place.below if row.place else running
        found.append(Panel("model", f"column {number + 1}", width, 0, ceil(height), tuple(marks)))
    return tuple(found)


def highest(place: Place) -> int:
    """The last lane that is in use at a row."""
    return max(place.lane, *place.above, *place.below, 0)


def cut(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """The rows in columns of about one height: one, or as many as stand side by side, or more."""
    whole = sum(row.height for row in rows)
    count = min(ACROSS, ceil(whole / FULL))
    if whole / count > HIGHEST:
        count = ceil(whole / HIGHEST)
    column: list[Row] = []
    done = filled = 0.0
    for row in rows:
        full = filled + row.height / 2 > (whole - done) / count and count > 1
        if column and (full or filled + row.height > 1.25 * HIGHEST):
            yield column
            done, count, column, filled = done + filled, max(1, count - 1), [], 0.0
        column.append(row)
        filled += row.height
    if column:
        yield column


def lane_x(lane: int) -> float:
    """Where a lane stands."""
    return MARGIN + LANE * lane + LANE / 2


def grounds(rows: Sequence[Row], width: float) -> Iterator[Box]:
    """What is laid under the rows of a repeated block."""
    y, start = 0.0, 0.0
    for number, row in enumerate(rows):
        if row.block and (not number or rows[number - 1].block != row.block):
            start = y
        y += row.height
        last = number == len(rows) - 1
        if row.block and (last or rows[number + 1].block != row.block):
            yield Box(2, start + 2, width - 4, y - start - 4, "block")


def nodes(rows: Sequence[Row]) -> Iterator[Box]:
    """The nodes of the rows."""
    y = 0.0
    for row in rows:
        if row.place:
            x = lane_x(row.place.lane)
            yield Box(x - NODE / 2, y + row.middle - NODE / 2, NODE, NODE, "node")
        y += row.height


def ways(rows: Sequence[Row], running: frozenset[int]) -> Iterator[Edge]:
    """The lines of the lanes: straight down as far as they go, and bent into the nodes and out."""
    began = {lane: 0.0 for lane in running}
    y = 0.0
    for row in rows:
        place, middle = row.place, y + row.middle
        y += row.height
        if place is None:
            continue
        for lane in sorted(place.above | place.below | {place.lane}):
            x, comes, goes = lane_x(lane), lane in place.above, lane in place.below
            meets = lane == place.lane
            turns = lane in place.joins
            into = middle if meets else middle - BEND
            if turns:
                yield Edge(x, middle - BEND, lane_x(place.lane), middle)
            if lane in place.splits:
                yield Edge(lane_x(place.lane), middle, x, middle + BEND)
            if comes and (not goes or lane in place.splits or (meets and not goes)):
                yield from line(x, began.pop(lane), into)
            if goes and lane not in began:
                began[lane] = middle + (0 if meets else BEND)
    for lane, start in sorted(began.items()):
        yield from line(lane_x(lane), start, y)


def line(x: float, start: float, end: float) -> Iterator[Edge]:
    """A line straight down, if it has any length."""
    if end > start:
        yield Edge(x, start, x, end)
