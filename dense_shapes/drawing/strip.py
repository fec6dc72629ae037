"""The picture of a model: its layers from top to bottom, in columns, and beside them its tensors' ways."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from math import ceil

from dense_shapes.axes import plus
from dense_shapes.drawing.chips import LINE, Letters, flowed, shortened, tensor, text_piece, wrapped
from dense_shapes.drawing.columns import MARGIN, Row, columns, gutter
from dense_shapes.drawing.folding import Fold
from dense_shapes.drawing.metrics import WordsKind
from dense_shapes.drawing.outline import Entry, Outline, outline, total
from dense_shapes.drawing.placing import Place, placed
from dense_shapes.drawing.scene import Mark, Scene, Words, extent, moved
from dense_shapes.drawing.telling import described, headed
from dense_shapes.traces import Trace
from dense_shapes.words import parameters

WIDTH = 292.0
"""How wide a column is: it fits on a phone, and thrice on a page."""
NARROWEST = 228.0
"""The room that words have, however many lanes there are."""
SPACE = 7.0
"""How far words of several kinds stand apart in a line."""
KEY = "One letter, one colour: one axis."
"""What the chips mean, said below the picture."""


def draw(trace: Trace, *, unfold: bool | Collection[str] = (), heading: str | None = None) -> Scene:
    """The picture of a model: each layer with its parameters, each tensor with its axes.

    Where an axis comes from is followed by letter and colour. Repeated blocks are drawn once, and
    nested models as one layer; `unfold` opens all of them, or those of the layers of these names.
    `heading` replaces the title.

    Raises `UnknownLayer` if a name is that of no layer.

    >>> from dense_shapes.rules import call
    >>> dense = call("Dense", {"units": 5}, (None, 2, 3, 1))
    >>> draw(Trace("small", dense.inputs, (dense,), ((0, 0),))).title
    "Model 'small': (None, 2, 3, 1) → (None, 2, 3, 5), 1 layer, 10 parameters"
    """
    whole = outline(trace, unfold)
    letters = Letters(first=sum(len(value.shape) - 1 for value in trace.inputs))
    places = places_of(whole.entries)
    room = max(NARROWEST, WIDTH - gutter(places) - MARGIN)
    found = list(rows(whole, places, letters, room))
    return Scene(heading or headed(trace), described(whole), columns(found, room, gutter(places)))


def places_of(entries: Sequence[Entry]) -> list[Place]:
    """The places of the rows of a model."""
    return placed([entry.takes for entry in entries], [entry.node.gives for entry in entries])


def rows(whole: Outline, places: Sequence[Place], letters: Letters, room: float) -> Iterator[Row]:
    """The rows of the picture, those that head a repeated block and end it too."""
    entries = whole.entries
    labels = {source: it.node.label for it in entries for source in it.node.gives}
    before: Fold | None = None
    for entry, place in zip(entries, places, strict=True):
        if entry.fold != before:
            yield from ended(whole, before, letters, room)
            yield from begun(whole, entry.fold, room)
        before = entry.fold
        notes = [f"takes {labels[source]}" for source in place.told]
        yield row(entry, place, notes, letters, room)
    yield from ended(whole, before, letters, room)
    yield noted([*wrapped(f"Total: {total(whole.trace)}", "size", room), KEY])


def noted(lines: Sequence[str], kind: WordsKind = "size") -> Row:
    """A row of text alone."""
    top = 12 + LINE / 2
    marks = [Words(0, top + LINE * n, line, kind, "start") for n, line in enumerate(lines)]
    return Row(tuple(marks), 14 + LINE * len(lines))


def row(entry: Entry, place: Place, notes: Sequence[str], letters: Letters, room: float) -> Row:
    """The row of a node: what it is, how its parameters are counted, and what it gives."""
    bent = place.joins or place.splits
    top = 12.0 if bent else 6.0
    marks = [moved(mark, 0, top) for mark in head(entry, notes, room)]
    for one in entry.tensors:
        bottom = ceil(extent(marks)[3]) + 2
        marks += [moved(mark, 0, bottom) for mark in tensor(one, letters, room)]
    height = ceil(extent(marks)[3]) + (6 if entry.tensors else 4)
    return Row(tuple(marks), height, top + LINE / 2, place, entry.fold)


def head(entry: Entry, notes: Sequence[str], room: float) -> list[Mark]:
    """The lines that name a node, and notes below them."""
    node = entry.node
    kind = shortened(node.kind, "name", room)
    name = shortened(node.label, "size", room)
    pieces = [text_piece(kind, "name"), *([text_piece(name, "size")] if name else [])]
    lines = wrapped(entry.counted, "size", room)
    first = sum(width for width, _ in pieces) + SPACE
    if first > room and len(lines) == 1:  # beside the name, which stands in a second line
        pieces.append(text_piece(lines.pop(), "size"))
    marks = flowed(pieces, room, height=LINE, gap=SPACE)
    if node.layer is not None and node.layer.opaque:
        lines.append("its inside is not known")
    for line in (*lines, *(shortened(note, "size", room) for note in notes)):
        top = ceil(extent(marks)[3]) - 1
        marks.append(Words(0, top + LINE / 2, line, "size", "start"))
    return marks


def begun(whole: Outline, fold: Fold | None, room: float) -> Iterator[Row]:
    """The row that says how often the block below it is repeated."""
    if fold is None:
        return
    what = "layer" if fold.period == 1 else "block"
    kind = f"{what}s alike, the sizes differ" if fold.alike else f"the same {what}"
    first, last = (whole.nodes[n].label for n in (fold.start, fold.stop - 1))
    names = [shortened(name, "size", room - 20) for name in (f"{first} …", last)]
    lines = [*wrapped(" ".join(names), "size", room), in_all(whole, fold)]
    times = text_piece(f"× {fold.count}", "name")
    marks = flowed([times, text_piece(kind, "size")], room, height=LINE, gap=SPACE)
    for line in lines:
        marks.append(Words(0, ceil(extent(marks)[3]) + LINE / 2, line, "size", "start"))
    yield Row(tuple(moved(mark, 0, 8) for mark in marks), ceil(extent(marks)[3]) + 10, block=fold)


def in_all(whole: Outline, fold: Fold) -> str:
    """The parameters of all the blocks of a fold, each weight counted once."""
    nodes = [node for block in whole.blocks(fold) for node in block]
    weights = [weight for node in nodes if node.layer for weight in node.layer.weights]
    once = {weight.path or number: weight.size for number, weight in enumerate(weights)}
    return f"{parameters(plus(*once.values()))} in all"


def ended(whole: Outline, fold: Fold | None, letters: Letters, room: float) -> Iterator[Row]:
    """The row that ends a repeated block, with what the last one gives where the sizes differ."""
    if fold is None:
        return
    marks: list[Mark] = []
    if fold in whole.lasts:
        marks = [moved(mark, 0, 8) for mark in tensor(whole.lasts[fold], letters, room)]
    yield Row(tuple(marks), ceil(extent(marks)[3]) + 8 if marks else 8, block=fold)
