"""Blocks of layers that are repeated one after the other, found in the order of a model's nodes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from dense_shapes.drawing.model import Node
from dense_shapes.traces import Layer, Source

LONGEST = 256
"""The longest block that is looked for: it keeps the search linear in the layers."""
LEAST = 6
"""How many layers less there must be to draw; a shorter fold would hide more than it saves."""
LEAST_ALIKE = 10
"""The same for blocks whose sizes differ."""


@dataclass(frozen=True)
class Fold:
    """A block of `period` nodes from `start` on, `count` times; `alike` if only its sizes differ."""

    start: int
    period: int
    count: int
    alike: bool = False

    @property
    def stop(self) -> int:
        """The number of the first node after all the blocks."""
        return self.start + self.period * self.count

    @property
    def saved(self) -> int:
        """How many nodes are not drawn."""
        return self.period * (self.count - 1)


def folds(
    nodes: Sequence[Node], outputs: Collection[Source], opened: Collection[str] = ()
) -> list[Fold]:
    """The repeated blocks that are drawn once each; `opened` names layers whose blocks are not."""
    graph = Graph(nodes, outputs)
    found = list(runs([exact(node) for node in nodes], graph, LEAST, alike=False))
    found += runs([loose(node) for node in nodes], graph, LEAST_ALIKE, alike=True)
    found.sort(key=lambda run: (-run[0].saved, run[0].alike, run[0].period, run[0].start))
    taken: list[Fold] = []
    free = [node.label not in opened for node in nodes]
    for fold, slack in found:
        if not all(free[fold.start : fold.stop + slack]):
            continue
        fits = next((it for it in graph.shifts(fold, slack) if graph.stands_alone(it)), None)
        if fits and (not fits.alike or graph.merges(fits)):
            taken.append(fits)
            free[fits.start : fits.stop] = [False] * (fits.stop - fits.start)
    return sorted(taken, key=lambda fold: fold.start)


def exact(node: Node) -> object:
    """What is the same in two layers that a picture shows alike."""
    layer = node.layer
    if layer is None:
        return node.gives
    inside = (layer.inner.name,) if layer.inner else ()
    return (*loose(node), shapes(layer), layer.opaque, inside)


def loose(node: Node) -> tuple[object, ...]:
    """What is the same in two layers that differ in the size of their last axes alone."""
    layer = node.layer
    if layer is None:
        return (node.gives,)
    positions = [shape[:-1] for shape in shapes(layer)[0]]
    windows = [weight.shape[:-2] for weight in layer.weights]
    steps = [(it.by, it.function, tuple(it.windows.values())) for it in layer.steps]
    return layer.kind, str(positions), str(windows), str(steps), len(layer.sources)


def shapes(layer: Layer) -> tuple[tuple[tuple[int | None, ...], ...], ...]:
    """The shapes of the inputs and outputs together, and those of the weights."""
    values = (*layer.inputs, *layer.outputs)
    return tuple(it.shape for it in values), tuple(it.shape for it in layer.weights)


class Graph:
    """The nodes by number: what each takes, and who takes what it gives."""

    def __init__(self, nodes: Sequence[Node], outputs: Collection[Source]) -> None:
        maker = {source: number for number, node in enumerate(nodes) for source in node.gives}
        self.takes = [[(maker[source], source[1]) for source in node.takes] for node in nodes]
        self.users: list[list[int]] = [[] for _ in nodes]
        for number, some in enumerate(self.takes):
            for one, _ in some:
                self.users[one].append(number)
        for source in outputs:
            self.users[maker[source]].append(len(nodes))
        self.crossing = [0] * (len(nodes) + 2)
        for number, some_users in enumerate(self.users):
            self.crossing[number + 1] += bool(some_users)
            self.crossing[max(some_users, default=number) + 1] -= bool(some_users)
        for before in range(len(nodes) + 1):
            self.crossing[before + 1] += self.crossing[before]

    def same(self, one: int, other: int) -> bool:
        """Whether two nodes take what stands at the same distance, or the same thing far above."""
        mine, theirs = self.takes[one], self.takes[other]
        return len(mine) == len(theirs) and all(
            n == m and (one - a == other - b or a == b)
            for (a, n), (b, m) in zip(mine, theirs, strict=True)
        )

    def shifts(self, fold: Fold, slack: int) -> Iterator[Fold]:
        """The fold, moved within its run: to where the fewest tensors enter it, the latest first."""
        starts = range(fold.start + slack, fold.start - 1, -1)
        best = sorted(starts, key=lambda start: self.crossing[start])[:3]
        yield from (Fold(start, fold.period, fold.count, fold.alike) for start in best)

    def stands_alone(self, fold: Fold) -> bool:
        """Whether each block gives its last value alone, and to the next block alone."""
        for number in range(fold.start, fold.stop):
            block, place = divmod(number - fold.start, fold.period)
            first = fold.start + block * fold.period
            last, final = place == fold.period - 1, block == fold.count - 1
            limit = first + fold.period * (1 if not last else 2)
            if any(user >= limit for user in self.users[number]) and not (last and final):
                return False
            if any(fold.start <= one < first - 1 for one, _ in self.takes[number]):
                return False
        return True

    def merges(self, fold: Fold) -> bool:
        """Whether tensors meet in a block."""
        block = range(fold.start, fold.start + fold.period)
        return any(len(self.takes[number]) > 1 for number in block)


def runs(
    tokens: Sequence[object], graph: Graph, least: int, *, alike: bool
) -> Iterator[tuple[Fold, int]]:
    """Every longest run of equal blocks, and by how many nodes it could begin later."""
    numbers: dict[object, int] = {}
    known = [numbers.setdefault(token, len(numbers)) for token in tokens]
    places: dict[int, list[int]] = {}
    for place, token in enumerate(known):
        places.setdefault(token, []).append(place)
    near = {b - a for some in places.values() for a, b in pairwise(some)}
    for period in sorted(near & {*range(1, LONGEST + 1)}):
        length = 0
        for place in range(len(known) - period + 1):
            after = place + period
            if after < len(known) and known[place] == known[after] and graph.same(place, after):
                length += 1
                continue
            fold = Fold(place - length, period, length // period + 1, alike)
            if length >= period and fold.saved >= least:
                yield fold, length % period
            length = 0
