"""A picture as a sketch of characters: each cell is one, and all stand where the picture has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, groupby
from typing import TypeAlias
from unicodedata import combining, east_asian_width

from dense_shapes.drawing.layout import CELL_HEIGHT, DOTS_ACROSS, DOTS_DOWN, FRAME
from dense_shapes.drawing.scene import Box, Line, Panel, Scene, Words

Span: TypeAlias = tuple[str, str]
"""A piece of a line, and how it is shown: the kind of a panel, `lit`, `name`, `dim` or `plain`."""

UNICODE = {
    **{
        "cell": "□",
        "lit": "■",
        "pad": "·",
        "…": " … ",
        "⋮": "⋮",
        "top": "┌",
        "side": "│",
        "foot": "└",
    },
    **{"→": " → ", "←": " ← ", "↓": "↓", "↑": "↑"},
}
ASCII = {
    **{
        "cell": "o",
        "lit": "#",
        "pad": ".",
        "…": "...",
        "⋮": ":",
        "top": ",",
        "side": "|",
        "foot": "'",
    },
    **{"→": " > ", "←": " < ", "↓": "v", "↑": "^"},
}
"""The signs of a sketch, and those where a terminal has no others."""
NEAR, FAR = 5.0, 16.0
"""From how many pixels on the room between two cells is a space, and two spaces or an empty line."""
INSIDE, ACROSS = ("dots", "arrow"), ("…", "→", "←")
"""The kinds of text between cells, and which of them run across."""
GAP = 2
"""How many spaces stand between two tensors."""
WIDE = 100
"""How long a line may be where nobody says it."""


@dataclass
class Canvas:
    """Characters at rows and columns, which may be negative; row 0 is that of the signs."""

    held: dict[tuple[int, int], Span] = field(default_factory=dict)

    def put(self, row: int, column: int, text: str, style: str = "plain") -> None:
        """Write a text; what needs two columns gets two."""
        for sign in text:
            wide = columns(sign)
            if wide or (row, column - 1) not in self.held:
                self.held[row, column] = sign, style
                if wide == 2:
                    self.held[row, column + 1] = "", style
                column += wide
            else:
                before, _ = self.held[row, column - 1]
                self.held[row, column - 1] = before + sign, style

    def paste(self, other: Canvas, row: int, column: int) -> None:
        """Write all of another canvas, its row 0 and its first column here."""
        first = other.sides[0]
        for (down, across), span in other.held.items():
            self.held[row + down, column + across - first] = span

    @property
    def sides(self) -> tuple[int, int]:
        """The first column, and the one after the last."""
        across = [column for _, column in self.held] or [0]
        return min(across), max(across) + 1

    @property
    def width(self) -> int:
        """How many columns there are."""
        return self.sides[1] - self.sides[0]

    @property
    def rows(self) -> range:
        """The rows from the first to the last."""
        down = [row for row, _ in self.held] or [0]
        return range(min(down), max(down) + 1)

    @property
    def lines(self) -> Iterator[list[Span]]:
        """The lines as spans, without spaces at their ends."""
        first, after = self.sides
        for row in self.rows:
            spans = [self.held.get((row, column), (" ", "plain")) for column in range(first, after)]
            while spans and not spans[-1][0].strip():
                spans.pop()
            yield [
                ("".join(sign for sign, _ in some), style)
                for style, some in groupby(spans, key=lambda span: span[1])
            ]


def columns(text: str) -> int:
    """How many columns a terminal needs for a text.

    >>> columns("(2, 3)"), columns("猫")
    (6, 2)
    """
    return sum(0 if combining(it) else 2 if east_asian_width(it) in "WF" else 1 for it in text)


def sketch(
    scene: Scene, width: int | None = None, clean: Callable[[str], str] = str
) -> Iterator[list[Span]]:
    """The tensors of a picture as lines; the next tensors stand below where `width` is full.

    Where a tensor is wider than that, there is no sketch, and none of a model. `clean` is what is done
    to a text before it can be shown; if it changes the signs of a sketch, plain ones are taken.

    >>> from dense_shapes.drawing.figure import draw
    >>> from dense_shapes.rules import call
    >>> for line in sketch(draw(call("Flatten", {}, (None, 2, 3)), cell=(4,))):
    ...     print("".join(text for text, _ in line))
                      input                  output
                      (2, 3)                 (6,)
                      3 features, merged     6 features, merged
    2 steps, merged ┌ □□□                 →  □□□□■□
                    └ □■□
    """
    if any(panel.kind == "model" for panel in scene.panels):
        return
    signs = UNICODE if all(clean(sign) == sign for sign in UNICODE.values()) else ASCII
    room = WIDE if width is None else width
    blocks = {}
    for number, panel in enumerate(scene.panels):
        blocks[number] = sketched(panel, signs, clean)
        if blocks[number].width > room:
            blocks[number] = sketched(panel, signs, clean, beside=False)
    if any(block.width > room for block in blocks.values()):
        return
    row: list[Canvas] = []
    for number, panel in enumerate(scene.panels):
        full = sum(it.width + GAP for it in row) + blocks[number].width > room
        if row and (full or panel.begins):
            yield from chain(joined(row), [[]])
            row = []
        row.append(blocks[number])
    yield from joined(row)


def joined(blocks: Sequence[Canvas]) -> Iterator[list[Span]]:
    """Blocks beside each other."""
    whole, column = Canvas(), 0
    for block in blocks:
        whole.paste(block, 0, column)
        column += block.width + GAP
    return whole.lines


def sketched(
    panel: Panel, signs: dict[str, str], clean: Callable[[str], str], *, beside: bool = True
) -> Canvas:
    """One tensor; `beside` says whether the sizes of axes that run down stand at its left."""
    canvas = Canvas()
    texts = labels(panel)
    boxes = [mark for mark in panel.marks if isinstance(mark, Box) and mark.kind == "cell"]
    if not boxes:
        return closed([text for text, _ in texts], clean)
    down = cells(canvas, panel, signs)
    left, top = min(box.x for box in boxes), min(box.y for box in boxes)
    mark = next((text for text, _ in texts if text.kind == "sign"), None)
    notes = [text for text, _ in texts if mark and text.kind == "size" and text.x == mark.x]
    above, below = list[Words](), list[Words]()
    for text, line in texts:
        if text in (mark, *notes):
            continue
        if beside and line and text.anchor == "end" and text.extent[2] <= left:
            rows = range(down.at(line.y + 5), down.at(line.to_y - 5) + 1)
            bracket(canvas, clean(text.text), rows, signs)
        else:
            (above if text.y < top or text.anchor == "end" else below).append(text)
    listed(canvas, above, canvas.rows[0] - len(above), clean)
    listed(canvas, below, canvas.rows[-1] + 1, clean)
    if mark:
        group = [clean(it.text) for it in (mark, *notes)]
        column = canvas.sides[0] - GAP - max(map(columns, group))
        for row, written in enumerate(group):
            canvas.put(row, column, written, "plain" if row else "name")
    return canvas


def labels(panel: Panel) -> list[tuple[Words, Line | None]]:
    """The texts of a panel, each with the dimension line before it; a role is put to its size."""
    line: Line | None = None
    found: list[tuple[Words, Line | None]] = []
    for mark in panel.marks:
        match mark:
            case Line():
                line = mark
            case Words(kind="role", text=text) if found:
                size, of = found.pop()
                found.append((replace(size, text=f"{size.text}, {text}"), of))
            case Words(kind="dots" | "arrow" | "number"):
                pass
            case Words():
                found.append((mark, line if mark.kind == "size" else None))
    return found


def cells(canvas: Canvas, panel: Panel, signs: dict[str, str]) -> Slots:
    """Write the cells of a panel and what is between them; return in which rows they stand."""
    boxes = [mark for mark in panel.marks if isinstance(mark, Box) and mark.kind == "cell"]
    pads = [mark for mark in panel.marks if isinstance(mark, Box) and mark.kind == "pad"]
    inside = [mark for mark in panel.marks if isinstance(mark, Words) and mark.kind in INSIDE]
    level = [(it.x - DOTS_ACROSS / 2, it.x + DOTS_ACROSS / 2) for it in inside if it.text in ACROSS]
    upright = [
        (it.y - DOTS_DOWN / 2, it.y + DOTS_DOWN / 2) for it in inside if it.text not in ACROSS
    ]
    wide = apart(
        [(it.x, it.x + it.width) for it in boxes], [(it.x, it.x + it.width) for it in pads]
    )
    high = apart(
        [(it.y, it.y + it.height) for it in boxes], [(it.y, it.y + it.height) for it in pads]
    )
    across = Slots.of(wide, level, (NEAR, FAR), 3)
    down = Slots.of(high, upright, (FAR,), 1)
    down = down.moved(-((down.places[0] + down.places[-1]) // 2))
    for pad in pads:
        y, x = pad.y + pad.height / 2, pad.x + pad.width / 2
        canvas.put(down.at(y), across.at(x), signs["pad"], "dim")
    for box in boxes:
        sign, style = ("lit", "lit") if box.lit else ("cell", panel.kind)
        canvas.put(down.at(box.y + 1), across.at(box.x + 1), signs[sign], style)
    for mark in inside:
        canvas.put(down.at(mark.y), across.at(mark.x), signs[mark.text], "dim")
    return down


def apart(
    cells: Iterable[tuple[float, float]], pads: Iterable[tuple[float, float]]
) -> list[tuple[float, float]]:
    """Where cells stand, and those places of padding where no cell stands."""
    found = list(dict.fromkeys(cells))
    for start, end in dict.fromkeys(pads):
        if not any(start < there and here < end for here, there in found):
            found.append(
                (start + FRAME, end - FRAME) if end - start > CELL_HEIGHT else (start, end)
            )
    return found


@dataclass(frozen=True)
class Slots:
    """Which column, or row, belongs to a length in pixels: where each slot ends, and where it stands."""

    ends: tuple[float, ...]
    places: tuple[int, ...]

    @classmethod
    def of(
        cls,
        cells: Iterable[tuple[float, float]],
        dots: Iterable[tuple[float, float]],
        rooms: Sequence[float],
        wide: int,
    ) -> Slots:
        """A slot for each place where cells, or dots of this width, stand; rooms between them stay."""
        wanted = dict.fromkeys(cells, 1) | dict.fromkeys(dots, wide)
        ends: list[float] = []
        places: list[int] = []
        at = 0
        for (start, end), size in sorted(wanted.items()):
            room = start - ends[-1] if ends else 0.0
            at += sum(room >= limit for limit in rooms)
            ends.append(end)
            places.append(at)
            at += size
        return cls(tuple(ends), tuple(places))

    def moved(self, by: int) -> Slots:
        """The same slots at other places."""
        return Slots(self.ends, tuple(place + by for place in self.places))

    def at(self, length: float) -> int:
        """The place of the first slot that does not end before this length; or the last."""
        found = (place for end, place in zip(self.ends, self.places, strict=True) if end > length)
        return next(found, self.places[-1])


def bracket(canvas: Canvas, label: str, rows: range, signs: dict[str, str]) -> None:
    """A size at the left of what is drawn, with a bracket along these rows."""
    column = canvas.sides[0] - 2
    for row in rows:
        canvas.put(row, column, signs["side"], "dim")
    if len(rows) > 1:
        canvas.put(rows[0], column, signs["top"], "dim")
        canvas.put(rows[-1], column, signs["foot"], "dim")
    canvas.put((rows[0] + rows[-1]) // 2, column - 1 - columns(label), label)


def listed(canvas: Canvas, texts: Sequence[Words], row: int, clean: Callable[[str], str]) -> None:
    """Texts below each other, from this row on, where the cells begin."""
    for number, text in enumerate(sorted(texts, key=lambda it: it.y)):
        canvas.put(row + number, 0, clean(text.text), "name" if text.kind == "name" else "plain")


def closed(texts: Sequence[Words], clean: Callable[[str], str]) -> Canvas:
    """A layer that is not drawn inside: what is said of it, one below the other."""
    canvas = Canvas()
    sign = [it for it in texts if it.kind == "sign"]
    rest = [it for it in texts if it.kind != "sign"]
    listed(canvas, rest, -len(rest) // 2, clean)
    for text in sign:
        canvas.put(0, -GAP - columns(clean(text.text)), clean(text.text), "name")
    return canvas
