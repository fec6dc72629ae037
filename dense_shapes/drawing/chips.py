"""A tensor of a model: a chip for each axis, with the colour and the letter of where it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil, prod

from dense_shapes.axes import Size, number
from dense_shapes.drawing.metrics import WordsKind, text_width
from dense_shapes.drawing.outline import Tensor
from dense_shapes.drawing.scene import Box, Mark, Words, extent, moved
from dense_shapes.drawing.theme import TONES
from dense_shapes.origins import Made, Origin
from dense_shapes.words import counted

CHIP, LINE = 20.0, 18.0
"""How high a chip and a line of text are."""
LETTER, PAD, GAP = 18.0, 6.0, 4.0
STRANDS = 4
"""How many parts of an axis are drawn; of more, the first ones and the last."""
SMALL_CELLS, SMALL_HEIGHT = 130, 70.0
SMALL = (6.0, 9.0)
"""The width and the height of a small cell, and how many of them, and how high, are drawn."""


@dataclass
class Letters:
    """The letter and the colour of each origin, in the order in which they are first drawn.

    The axes of the inputs, `first` of them, keep their colours to themselves.
    """

    first: int
    known: dict[Origin, int] = field(default_factory=dict)

    def of(self, origin: Origin) -> tuple[str, int]:
        """The letter of an origin, and the number of its colour.

        >>> letters = Letters(first=2)
        >>> [letters.of((n, 0)) for n in (0, 1, 2, 1)]
        [('a', 0), ('b', 1), ('c', 2), ('b', 1)]
        """
        place = self.known.setdefault(origin, len(self.known))
        held = min(self.first, len(TONES) - 3)
        tone = place if place < len(TONES) else held + (place - held) % (len(TONES) - held)
        return lettered(place), tone


def lettered(place: int) -> str:
    """The letter of a place: a to z, then aa, ab, as the columns of a spreadsheet.

    >>> lettered(0), lettered(25), lettered(26), lettered(27)
    ('a', 'z', 'aa', 'ab')
    """
    text, place = "", place + 1
    while place:
        place, rest = divmod(place - 1, 26)
        text = chr(ord("a") + rest) + text
    return text


def shortened(text: str, kind: WordsKind, room: float) -> str:
    """The text, with dots in its middle where it is too long.

    >>> shortened("a_name_that_is_long", "size", 80)
    'a_na…long'
    """
    text = " ".join(text.split())
    if text_width(text, kind) <= room:
        return text
    kept = len(text) - 1
    while kept > 1 and text_width(cut(text, kept), kind) > room:
        kept -= max(1, kept // 16)
    return cut(text, kept)


def cut(text: str, kept: int) -> str:
    """So many characters of a text, the first and the last, with dots between."""
    return f"{text[: kept - kept // 2]}…{text[len(text) - kept // 2 :]}"


def wrapped(text: str, kind: WordsKind, room: float) -> list[str]:
    """The text in lines that are no longer than this; a word that is longer is shortened."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else ""
        if lines and text_width(longer, kind) <= room:
            lines[-1] = longer
        else:
            lines.append(shortened(word, kind, room))
    return lines


Piece = tuple[float, list[Mark]]
"""Some marks and how wide they are together; their left is 0, and their middle at y = 0."""


def flowed(
    pieces: Iterable[Piece], room: float, *, height: float, gap: float = GAP, leading: float = 0.0
) -> list[Mark]:
    """The pieces side by side, in a new line where one is full; the top of the first line is 0."""
    marks: list[Mark] = []
    x, y = 0.0, height / 2
    for width, some in pieces:
        if x and x + width > room:
            x, y = 0.0, y + height + leading
        marks += [moved(mark, x, y) for mark in some]
        x += width + gap
    return marks


def text_piece(text: str, kind: WordsKind) -> Piece:
    """A piece of text."""
    return text_width(text, kind), [Words(0, 0, text, kind, "start")]


def chip(letter: str, tone: int, text: str) -> Piece:
    """The chip of an axis, or of a part of one: its letter and its size."""
    room = max(LETTER, text_width(letter, "letter") + 2 * PAD - 2)
    width = room + text_width(text, "size") + PAD
    return width, [
        Box(0, -CHIP / 2, width, CHIP, "chip", tone=tone),
        Words(room / 2 + 1, 0, letter, "letter"),
        Words(room, 0, text, "size", "start"),
    ]


def axis_pieces(name: str, size: Size, made: Made, letters: Letters) -> Iterator[Piece]:
    """An axis: one chip; or its size, and a chip for each of the parts that it is made of."""
    text = counted(name, size)
    strands = made.strands
    if not made.sign:
        yield chip(*letters.of(strands[0].origin), text)
        return
    yield text_piece(f"{text} =", "size")
    shown = [*strands] if len(strands) <= STRANDS else [*strands[: STRANDS - 1], strands[-1]]
    for place, strand in enumerate(shown):
        if place and len(strands) > STRANDS and strand is strands[-1]:
            yield text_piece(f"{made.sign} … {made.sign}", "size")
        elif place:
            yield text_piece(made.sign, "size")
        yield chip(*letters.of(strand.origin), number(strand.size))
    if len(strands) > STRANDS:
        yield text_piece(f"({len(strands)} parts)", "size")


def tensor(it: Tensor, letters: Letters, room: float) -> list[Mark]:
    """A tensor without its batch: its shape, the chips of its axes, and its cells if they are few."""
    value = it.value
    lines = [text_piece(line, "shape") for line in wrapped(str(value.shape), "shape", room)]
    label = [text_piece(it.label, "size")] if it.label else []
    marks = flowed([*label, *lines], room, height=LINE, gap=8)
    axes = list(zip(value.names, value.shape, it.made, strict=True))[1:]
    pieces: list[Piece] = []
    for name, size, one in axes:
        parts = list(axis_pieces(name, size, one, letters))
        pieces += parts if len(parts) > 1 else [fitting(parts[0], room)]
    if not axes:
        pieces = [text_piece("one number", "size")]
    top = ceil(extent(marks)[3]) + 2
    marks += [moved(mark, 0, top) for mark in flowed(pieces, room, height=CHIP, leading=GAP)]
    tones = [letters.of(one.age)[1] if not one.sign else None for _, _, one in axes]
    bottom = ceil(extent(marks)[3]) + 4
    return [*marks, *(moved(mark, 0, bottom) for mark in small(value.shape[1:], tones, room))]


def fitting(piece: Piece, room: float) -> Piece:
    """The chip, its text cut where it is wider than there is room."""
    width, marks = piece
    match marks:
        case [Box() as box, Words() as letter, Words() as text] if width > room:
            short = shortened(text.text, "size", room - text.x - PAD)
            return room, [
                Box(box.x, box.y, room, CHIP, "chip", tone=box.tone),
                letter,
                Words(text.x, 0, short, "size", "start"),
            ]
    return piece


def small(shape: Sequence[Size], tones: Sequence[int | None], room: float) -> Iterator[Box]:
    """The cells of a small tensor: positions in their place, in each the vector of the last axis."""
    known = [size for size in shape if size]
    if len(known) != len(shape) or not 1 <= len(shape) <= 3 or prod(known) > SMALL_CELLS:
        return
    *outer, last = known
    rows, columns = [1, 1, *outer][-2:] if len(shape) != 2 else (outer[0], 1)
    width, height = SMALL
    step = last * width + (5 if columns > 1 else 0)
    down = height + (4 if columns > 1 else 0)
    if columns * step > room or rows * down > SMALL_HEIGHT:
        return
    for row in range(rows):
        for column in range(columns):
            for place in range(last):
                x = 1 + column * step + place * width
                yield Box(x, 1 + row * down, width, height, "small", tone=tones[-1])
