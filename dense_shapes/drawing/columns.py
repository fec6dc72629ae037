"""Rows of a model in columns: where each stands, and the lanes of the tensors beside them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import ceil
from typing import Literal

from dense_shapes.drawing.folding import Fold
from dense_shapes.drawing.placing import Place
from dense_shapes.drawing.scene import Box, Edge, Mark, Panel, moved

LANE, NODE, BEND = 12.0, 9.0, 12.0
"""How far lanes stand apart, how wide a node is, and how high the bend of a line is."""
MARGIN = 6.0
"""The room at the left and the right of a column."""
FULL, HIGHEST = 800.0, 880.0
"""How high a picture is before it gets a second column, and how high a column may be: a printed page."""
ACROSS = 3
"""How many columns stand side by side."""


@dataclass(frozen=True)
class Row:
    """A row of the picture: its words from x = 0 and y = 0, and how high it is.

    `middle` is where its node stands; a row without a `place` has no node, and lanes pass it by.
    `block` says to which repeated block it belongs, `ground` how it differs in a comparison.
    """

    marks: tuple[Mark, ...]
    height: float
    middle: float = 0.0
    place: Place | None = None
    block: Fold | None = None
    ground: Literal["", "changed", "missing"] = ""


def columns(
    rows: Sequence[Row], room: float, left: float, starts: Sequence[int] | None = None
) -> tuple[Panel, ...]:
    """The rows as panels, one a column, with so much room for words and for the lanes at their left.

    `starts` are the first rows of the columns.
    """
    width = ceil(left + room + MARGIN)
    found, running = [], frozenset[int]()
    for number, (start, stop) in enumerate(pairwise([*(starts or breaks(rows)), len(rows)]), 1):
        some = rows[start:stop]
        height = sum(row.height for row in some)
        marks: list[Mark] = [*grounds(some, width), *ways(some, running), *nodes(some)]
        y = 0.0
        for row in some:
            marks += [moved(mark, left, y) for mark in row.marks]
            y += row.height
            running = row.place.below if row.place else running
        found.append(Panel("model", f"column {number}", width, 0, ceil(height), tuple(marks)))
    return tuple(found)


def gutter(places: Sequence[Place]) -> float:
    """The room that the lanes need at the left of the words."""
    lanes = max((max(it.lane, *it.above, *it.below, 0) for it in places), default=0) + 1
    return MARGIN + LANE * lanes + 4


def breaks(rows: Sequence[Row], across: int = ACROSS) -> list[int]:
    """The rows with which a column begins: one column, or as many as stand side by side, or more.

    They are about equally high, and end rather where few lanes run on and no repeated block is cut.
    """
    tops = [0.0, *accumulate(row.height for row in rows)]
    count = min(across, ceil(tops[-1] / FULL))
    if count and tops[-1] / count > HIGHEST:
        count = ceil(tops[-1] / HIGHEST)
    found = [0]
    while count > 1 and found[-1] < len(rows) - 1:
        wanted = tops[found[-1]] + (tops[-1] - tops[found[-1]]) / count

        def cost(number: int, wanted: float = wanted) -> float:
            before, row = rows[number - 1], rows[number]
            lanes = len(before.place.below) if before.place else 0
            inside = before.block is not None and before.block == row.block
            return abs(tops[number] - wanted) + 30 * lanes + 60 * inside

        near = range(
            max(found[-1] + 1, bisect_left(tops, wanted - 120)),
            min(len(rows), bisect_left(tops, wanted + 120) + 1),
        )
        found.append(min(near, key=cost, default=found[-1] + 1))
        count -= 1
    return found


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
        if row.ground:
            yield Box(2, y - row.height + 2, width - 4, row.height - 4, row.ground)


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
    began = dict.fromkeys(running, 0.0)
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
            if comes and (meets or not goes or lane in place.splits):
                yield from line(x, began.pop(lane), into)
            if goes and lane not in began:
                began[lane] = middle + (0 if meets else BEND)
    for lane, start in sorted(began.items()):
        yield from line(lane_x(lane), start, y)


def line(x: float, start: float, end: float) -> Iterator[Edge]:
    """A line straight down, if it has any length."""
    if end > start:
        yield Edge(x, start, x, end)
