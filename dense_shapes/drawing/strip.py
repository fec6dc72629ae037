"""The picture of a model: its layers from top to bottom, in columns, and beside them its tensors' ways."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Literal

from dense_shapes.axes import plus
from dense_shapes.drawing.chips import LINE, Letters, flowed, shortened, tensor, text_piece, wrapped
from dense_shapes.drawing.columns import Row, columns
from dense_shapes.drawing.folding import Fold
from dense_shapes.drawing.metrics import text_width
from dense_shapes.drawing.outline import Entry, Outline, outline, total
from dense_shapes.drawing.placing import Place, placed
from dense_shapes.drawing.scene import Mark, Scene, Words, extent, moved
from dense_shapes.drawing.telling import described, headed
from dense_shapes.traces import Source, Trace
from dense_shapes.words import counted_layers, parameters

TEXT = 252.0
"""The room for words beside the lanes: with them it fits on a phone, and thrice on a page."""
KEY = "one letter, one colour: one axis"
"""What the chips mean, said below the picture."""


def draw(
    trace: Trace, *, unfold: bool | Collection[str] = (), heading: str | None = None
) -> Scene:
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
    found = list(rows(whole, letters))
    return Scene(heading or headed(trace), described(whole), columns(found, TEXT))


def rows(whole: Outline, letters: Letters) -> Iterator[Row]:
    """The rows of the picture, those that head a repeated block and end it too."""
    entries = whole.entries
    places = placed(
        [entry.takes for entry in entries], [entry.node.gives for entry in entries]
    )
    labels = {source: it.node.label for it in entries for source in it.node.gives}
    before: Fold | None = None
    for entry, place in zip(entries, places, strict=True):
        if entry.fold != before:
            yield from ended(whole, before, letters)
            yield from begun(whole, entry.fold)
        before = entry.fold
        told = [labels[source] for source in place.told]
        yield row(entry, place, told, letters)
    yield from ended(whole, before, letters)
    lines = [Words(0, 9, f"Total: {total(whole.trace)}", "size", "start")]
    lines.append(Words(0, 9 + LINE, KEY, "size", "start"))
    yield Row(tuple(moved(line, 0, 12) for line in lines), 14 + 2 * LINE)


def row(
    entry: Entry, place: Place, told: Sequence[Source], letters: Letters, room: float = TEXT
) -> Row:
    """The row of a node: what it is, how its parameters are counted, and what it gives."""
    bent = place.joins or place.splits
    top = 14.0 if bent else 8.0
    marks = [moved(mark, 0, top) for mark in head(entry, told, room)]
    for one in entry.tensors:
        bottom = extent(marks)[3] + 3
        marks += [moved(mark, 0, bottom) for mark in tensor(one, letters, room)]
    height = ceil(extent(marks)[3]) + (4 if entry.tensors else 0)
    return Row(tuple(marks), height, top + LINE / 2, place, entry.fold)


def head(entry: Entry, told: Sequence[str], room: float) -> list[Mark]:
    """The lines that name a node."""
    node = entry.node
    kind = shortened(node.kind, "name", room)
    name = shortened(node.label, "size", room)
    marks = flowed(
        [text_piece(kind, "name"), *([text_piece(name, "size")] if name else [])],
        room,
        height=LINE,
        gap=7,
    )
    lines = wrapped(entry.counted, "size", room)
    if node.layer is not None and node.layer.opaque:
        lines.append("its inside is not known")
    for one in told:
        lines.append(shortened(f"takes {one}", "size", room))
    for line in lines:
        top = extent(marks)[3]
        marks.append(Words(0, top + LINE / 2 - 1, line, "size", "start"))
    return marks


def begun(whole: Outline, fold: Fold | None) -> Iterator[Row]:
    """The row that says how often the block below it is repeated."""
    if fold is None:
        return
    first, last = whole.nodes[fold.start].label, whole.nodes[fold.stop - 1].label
    each = f"{fold.count} blocks" if fold.period > 1 else f"{fold.count} layers"
    kind = "alike, their sizes differ" if fold.alike else "the same"
    lines = [f"{each}, {kind}:"]
    lines += wrapped(f"{shortened(first, 'size', TEXT - 40)} … {shortened(last, 'size', TEXT - 40)}", "size", TEXT - 16)
    lines.append(in_all(whole, fold))
    marks: list[Mark] = [Words(0, LINE / 2, f"× {fold.count}", "name", "start")]
    start = text_width(f"× {fold.count}", "name") + 8
    marks.append(Words(start, LINE / 2, lines[0], "size", "start"))
    for number, line in enumerate(lines[1:], 1):
        marks.append(Words(0, LINE / 2 + number * LINE, line, "size", "start"))
    marks = [moved(mark, 0, 8) for mark in marks]
    yield Row(tuple(marks), 12 + LINE * len(lines), block=fold)


def in_all(whole: Outline, fold: Fold) -> str:
    """The parameters of all the blocks of a fold, each weight counted once."""
    nodes = [node for block in whole.blocks(fold) for node in block]
    weights = [weight for node in nodes if node.layer for weight in node.layer.weights]
    once = {weight.path or number: weight.size for number, weight in enumerate(weights)}
    return f"{parameters(plus(*once.values()))} in all"


def ended(whole: Outline, fold: Fold | None, letters: Letters) -> Iterator[Row]:
    """The row that ends a repeated block, with what the last one gives where the sizes differ."""
    if fold is None:
        return
    marks: list[Mark] = []
    if fold in whole.lasts:
        marks = [moved(mark, 0, 8) for mark in tensor(whole.lasts[fold], letters, TEXT)]
    yield Row(tuple(marks), ceil(extent(marks)[3]) + 8 if marks else 8, block=fold)
