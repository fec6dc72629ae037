"""Lanes for the tensors of a model: a layer a row, and beside the rows a line for each tensor in use.

A tensor runs down a lane from the row that gives it to the last row that takes it, as the history of
a repository is drawn. It is linear in rows and lanes, and no line ever crosses the words beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dense_shapes.traces import Source

LANES = 8
"""How many tensors are drawn side by side; of more, it is told in words where they come from."""


@dataclass(frozen=True)
class Place:
    """One row: the lane of its node, and what the lanes do there.

    `above` and `below` are the lanes that come in from the row above and go on to the row below.
    `joins` are those of them from which a line bends into the node, `splits` those into which one bends
    out of it. `told` are the values that the row takes without a line.
    """

    lane: int
    above: frozenset[int]
    below: frozenset[int]
    joins: tuple[int, ...] = ()
    splits: tuple[int, ...] = ()
    told: tuple[Source, ...] = ()


def placed(takes: Sequence[Sequence[Source]], gives: Sequence[Sequence[Source]]) -> list[Place]:
    """The place of each row, from the values that it takes and gives.

    >>> chain = placed([[], [(-1, 0)], [(0, 0)]], [[(-1, 0)], [(0, 0)], [(1, 0)]])
    >>> [(place.lane, sorted(place.below)) for place in chain]
    [(0, [0]), (0, [0]), (0, [])]
    """
    ends = {value: row for row, values in enumerate(takes) for value in values}
    lanes: list[Source | None] = [None] * LANES
    found = []
    for row, (some, given) in enumerate(zip(takes, gives, strict=True)):
        above = held(lanes)
        told = tuple(value for value in some if value not in lanes)
        known = {value: lanes.index(value) for value in some if value in lanes}
        ending = [lane for value, lane in known.items() if ends[value] == row]
        lane = min(ending, default=next((n for n in range(LANES) if lanes[n] is None), LANES))
        for one in ending:
            lanes[one] = None
        splits = []
        for value in given:
            if ends.get(value, row) <= row:
                continue
            free = [lane] * (lane < LANES and lanes[lane] is None)
            free += [n for n in range(LANES) if lanes[n] is None and n != lane]
            if free:
                lanes[free[0]] = value
                splits += [n for n in free[:1] if n != lane]
        bent = tuple(sorted(one for one in known.values() if one != lane))
        found.append(Place(lane, above, held(lanes), bent, tuple(splits), told))
    return found


def held(lanes: Sequence[Source | None]) -> frozenset[int]:
    """The lanes in use."""
    return frozenset(number for number, value in enumerate(lanes) if value is not None)
