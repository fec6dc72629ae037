"""Two models side by side, aligned as a diff aligns two texts, with what differs marked."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import groupby

from dense_shapes.axes import plus
from dense_shapes.drawing.chips import Letters, shortened, wrapped
from dense_shapes.drawing.columns import Row, breaks, columns, gutter
from dense_shapes.drawing.folding import exact
from dense_shapes.drawing.model import Node
from dense_shapes.drawing.outline import Entry, Outline, outline, total
from dense_shapes.drawing.scene import Scene
from dense_shapes.drawing.strip import noted, places_of, row
from dense_shapes.drawing.telling import described, headed, named
from dense_shapes.traces import Trace
from dense_shapes.words import counted_layers, parameters

ROOM = 270.0
"""The room for words in a column: two stand on a page, and one on a phone."""
CONTEXT, LONG = 2, 8
"""How many equal rows are drawn beside a difference, and how many in a row are all drawn."""


@dataclass(frozen=True)
class Pair:
    """A row of each model; one of them is missing where only the other has the layer."""

    left: Entry | None
    right: Entry | None
    same: bool = False


def compare(a: Trace, b: Trace, *, unfold: bool = False, heading: str | None = None) -> Scene:
    """The picture of two models, row by row beside each other, and what differs marked.

    Long stretches that are the same are drawn as one row; `unfold` draws all of them, and nested
    models too.

    >>> from dense_shapes.rules import call
    >>> one, two = (call("Dense", {"units": units}, (None, 2, 3, 1)) for units in (5, 7))
    >>> compare(*(Trace(name, it.inputs, (it,), ((0, 0),)) for name, it in (("A", one), ("B", two)))).title
    'A and B: 0 layers the same, 1 differs'
    """
    left, right = (outline(trace, unfold, folding=False) for trace in (a, b))
    pairs = list(aligned(left.entries, right.entries))
    shown = pairs if unfold else list(brief(pairs, left, right))
    names = called(a, b)
    lefts = drawn(left, shown, names)
    rights = drawn(right, [Pair(it.right, it.left, it.same) for it in shown], names[::-1])
    heights = [max(one.height, other.height) for one, other in zip(lefts, rights, strict=True)]
    sides = [
        [replace(it, height=h) for it, h in zip(some, heights, strict=True)]
        for some in (lefts, rights)
    ]
    starts = breaks(sides[0], across=1)
    margin = max(gutter([it.place for it in some if it.place]) for some in sides)
    both = [columns(some, ROOM, margin, starts) for some in sides]
    panels = tuple(panel for pair in zip(*both, strict=True) for panel in pair)
    title = heading or titled(a, b, pairs)
    return Scene(title, told((left, right), names, pairs), panels, paired=True)


def called(a: Trace, b: Trace) -> tuple[str, str]:
    """What the two models are called."""
    return (a.name, b.name) if a.name != b.name else ("the first", "the second")


def aligned(left: Sequence[Entry], right: Sequence[Entry]) -> Iterator[Pair]:
    """The rows of two models, those of one kind side by side where they can be."""
    for kind, some, others in matched(left, right, sameness):
        if kind == "equal":
            yield from (Pair(a, b, same=True) for a, b in zip(some, others, strict=True))
            continue
        for inner, mine, theirs in matched(some, others, lambda entry: entry.node.kind):
            if inner == "equal":
                yield from (Pair(a, b) for a, b in zip(mine, theirs, strict=True))
            else:
                yield from (Pair(a, None) for a in mine)
                yield from (Pair(None, b) for b in theirs)


def matched(
    left: Sequence[Entry], right: Sequence[Entry], key: Callable[[Entry], Hashable]
) -> Iterator[tuple[str, Sequence[Entry], Sequence[Entry]]]:
    """The stretches of two sequences that are equal, and those that are not."""
    one, other = (list(map(key, some)) for some in (left, right))
    for kind, a, to_a, b, to_b in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        yield kind, left[a:to_a], right[b:to_b]


def sameness(entry: Entry) -> Hashable:
    """What is the same in two rows that do not differ."""
    values = tuple((it.shape, it.names) for it in entry.node.values)
    return entry.node.kind, values, None if entry.node.layer is None else exact(entry.node)


def brief(pairs: Sequence[Pair], left: Outline, right: Outline) -> Iterator[Pair]:
    """The pairs, of a long stretch that is the same only the first and the last ones."""
    for same, group in groupby(pairs, key=lambda pair: pair.same):
        some = list(group)
        if not same or len(some) <= LONG:
            yield from some
            continue
        middle = some[CONTEXT:-CONTEXT]
        yield from some[:CONTEXT]
        yield Pair(
            together([it.left for it in middle if it.left], left),
            together([it.right for it in middle if it.right], right),
            same=True,
        )
        yield from some[-CONTEXT:]


def together(entries: Sequence[Entry], whole: Outline) -> Entry:
    """Rows as one: it takes what any of them takes from outside, and gives what is taken outside."""
    inside = {source for entry in entries for source in entry.node.gives}
    others = [it for it in whole.entries if not inside.intersection(it.node.gives)]
    used = {source for it in others for source in it.takes} | {*whole.trace.outputs}
    takes = dict.fromkeys(it for entry in entries for it in entry.takes if it not in inside)
    gives = tuple(it for entry in entries for it in entry.node.gives if it in used)
    weights = {w.path: w for it in entries if it.node.layer for w in it.node.layer.weights}
    count = parameters(plus(*(weight.size for weight in weights.values())))
    node = Node(-1, counted_layers(len(entries)), "the same in both", tuple(takes), gives, ())
    return Entry(node, node.takes, count, ())


def drawn(whole: Outline, pairs: Sequence[Pair], names: tuple[str, str]) -> list[Row]:
    """The rows of the model that is the left one of the pairs; `names` are its own and the other's."""
    letters = Letters(first=sum(len(value.shape) - 1 for value in whole.trace.inputs))
    places = iter(places_of([pair.left for pair in pairs if pair.left]))
    labels = {source: it.node.label for it in whole.entries for source in it.node.gives}
    found = [noted([shortened(names[0], "name", ROOM)], "name")]
    for pair in pairs:
        entry, theirs = pair.left, pair.right
        if entry is None:
            assert theirs is not None
            missing = shortened(f"no {theirs.node.kind} here", "size", ROOM)
            found.append(replace(noted([missing]), ground="missing"))
            continue
        place = next(places)
        notes = [f"takes {labels[source]}" for source in place.told]
        if not pair.same:
            notes.append(difference(entry, theirs, names[1]))
        one = row(entry, place, notes, letters, ROOM)
        found.append(one if pair.same else replace(one, ground="changed"))
    return [*found, noted(wrapped(f"Total: {total(whole.trace)}", "size", ROOM))]


def difference(mine: Entry, theirs: Entry | None, other: str) -> str:
    """How a row differs from the one of the other model."""
    if theirs is None:
        return f"+ not in {other}"
    if mine.counted != theirs.counted:
        return f"≠ in {other}: {theirs.counted or 'no parameters'}"
    shapes = [[value.shape for value in it.node.values] for it in (mine, theirs)]
    return f"≠ in {other}: {'another output' if shapes[0] != shapes[1] else 'another input or way'}"


def titled(a: Trace, b: Trace, pairs: Sequence[Pair]) -> str:
    """How many layers are the same, how many differ, and how many only one of the models has."""
    same = sum(pair.same for pair in pairs if layered(pair))
    differ = sum(
        bool(pair.left and pair.right) and not pair.same for pair in pairs if layered(pair)
    )
    parts = [f"{counted_layers(same)} the same", f"{differ} differ{'s' if differ == 1 else ''}"]
    facing = [[it.right for it in pairs], [it.left for it in pairs]]
    for name, others in zip(called(a, b), facing, strict=True):
        if missing := sum(it is None for it in others):
            parts.append(f"{missing} only in {name}")
    return f"{a.name} and {b.name}: {', '.join(parts)}"


def layered(pair: Pair) -> bool:
    """Whether a pair is one of layers, not of inputs."""
    return any(entry and entry.node.layer for entry in (pair.left, pair.right))


def told(sides: tuple[Outline, Outline], names: tuple[str, str], pairs: Sequence[Pair]) -> str:
    """The differences in words, and then each model."""
    lines = []
    for pair in pairs:
        match pair:
            case Pair(Entry() as left, Entry() as right, False):
                lines.append(
                    f"{named(left)} in {names[0]} differs from {named(right)} in {names[1]}."
                )
            case Pair(Entry() as left, None):
                lines.append(f"{named(left)} is in {names[0]} alone.")
            case Pair(None, Entry() as right):
                lines.append(f"{named(right)} is in {names[1]} alone.")
    for side, name in zip(sides, names, strict=True):
        lines += [f"This is {name}. {headed(side.trace)}.", described(side)]
    return "\n".join(lines)
