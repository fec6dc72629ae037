"""What is written to a terminal: colours where they are wanted, and lines that are not too long."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from shutil import get_terminal_size
from typing import TextIO, TypeAlias, assert_never

from dense_shapes.drawing.scene import Scene
from dense_shapes.reports import Report
from dense_shapes.tables import Table, written
from dense_shapes.views import UNPRINTABLE, Content
from dense_shapes.views.sketch import ASCII, UNICODE, Span, sketch
from dense_shapes.words import Prose

Line: TypeAlias = Sequence[Span]
"""A line as pieces of text, each with how it is shown: a key of `STYLES`."""

STYLES = {
    "title": "\x1b[1m",
    "head": "\x1b[36m",
    "dim": "\x1b[2m",
    "plain": "",
    "name": "\x1b[1m",
    "input": "\x1b[36m",
    "kernel": "\x1b[33m",
    "bias": "\x1b[35m",
    "output": "\x1b[32m",
    "lit": "\x1b[1;31m",
}
"""What switches a style on; a terminal shows it up to `RESET`."""
RESET = "\x1b[0m"

GAP = 2
"""How many spaces stand between two columns."""
INDENT = 4
"""How far the second line of a row is set in, where a row is folded."""
PLAIN = {"─": "-", "×": "x", "→": "->", "…": "...", "—": "-", "–": "-", "⋮": ":"}
"""What stands for a sign that a terminal cannot show."""


def width_of(stream: TextIO) -> int | None:
    """How many characters a line may have: what COLUMNS says, or the width of a terminal.

    `None`, which is any number, where the output is no terminal and COLUMNS is not set.
    """
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return int(columns)
    return get_terminal_size().columns if stream.isatty() else None


def colourful(stream: TextIO) -> bool:
    """Whether to write in colour: on a terminal, unless the environment says otherwise.

    Source: https://no-color.org and https://force-color.org; NO_COLOR is the stronger, as in Python.
    """
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def encoding_of(stream: TextIO) -> str:
    """The encoding of the output; ASCII on a terminal that says it shows no more.

    It says so by TERM=dumb, or by the locale C or POSIX. Python takes these for UTF-8, and sets LC_CTYPE
    to C.UTF-8 itself (PEP 538), so what is asked for must be looked up in the environment.
    """
    whole, letters, lang = map(os.environ.get, ("LC_ALL", "LC_CTYPE", "LANG"))
    asked = whole or (letters if letters != "C.UTF-8" else None) or lang
    plain = asked in ("C", "POSIX") or os.environ.get("TERM") == "dumb"
    if plain and stream.isatty() and not os.environ.get("PYTHONIOENCODING"):
        return "ascii"
    return stream.encoding or "utf-8"


def printable(text: str, encoding: str) -> str:
    """The text with other signs for those that cannot be written in an encoding.

    >>> printable("(1 + 1) × 5 → ä", "ascii")
    '(1 + 1) x 5 -> ?'
    """
    text = UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)

    def plain(sign: str) -> str:
        try:
            sign.encode(encoding)
        except UnicodeEncodeError:
            return PLAIN.get(sign, "?")
        return sign

    return "".join(map(plain, text))


def shown(
    content: Content,
    *,
    width: int | None = None,
    colour: bool = False,
    encoding: str = "utf-8",
    dim: Iterable[int] = (),
) -> str:
    """The content as text for a terminal; `dim` are the numbers of the rows that are held back.

    >>> print(shown(Prose("A title", ("One line that is long.",)), width=16))
    A title
      One line that
        is long.
    """
    lines = list(lines_of(content, width, set(dim), encoding))
    return "\n".join("".join(styled(*span, colour, encoding) for span in line) for line in lines)


def styled(text: str, style: str, colour: bool, encoding: str) -> str:
    """A piece of text as it is written."""
    text = printable(text, encoding)
    return f"{STYLES[style]}{text}{RESET}" if colour and STYLES[style] and text else text


def lines_of(content: Content, width: int | None, dim: set[int], encoding: str) -> Iterator[Line]:
    """The lines of any content."""
    match content:
        case Table():
            yield from table(content, width, dim)
        case Prose():
            yield from wrapped(content.title, width, "", "title")
            for line in content.lines:
                yield from wrapped(line, width, "  ")
        case Scene():
            yield from wrapped(content.title, width, "", "title")
            yield from picture(content, width, encoding)
        case Report():
            for part in content.parts:
                for piece in part.pieces:
                    yield from (*lines_of(piece, width, dim, encoding), [])
        case _ as never:
            assert_never(never)


def wrapped(text: str, width: int | None, before: str = "", style: str = "plain") -> Iterator[Line]:
    """A line, folded at its spaces if it is too long."""
    whole = f"{before}{text}"
    if width is None or len(whole) <= width:
        yield [(whole, style)]
        return
    room = max(width, len(before) + 8)
    after = f"{before}  "
    for line in textwrap.wrap(text, room, initial_indent=before, subsequent_indent=after):
        yield [(line, style)]


def picture(scene: Scene, width: int | None, encoding: str) -> Iterator[Line]:
    """A sketch of a picture, its equation and its description."""

    def clean(text: str) -> str:
        return printable(text, encoding)

    lines = list(sketch(scene, width, clean))
    if lines:
        yield from ([], *lines, [])
    if scene.caption:
        lit = UNICODE["lit"] if clean(UNICODE["lit"]) == UNICODE["lit"] else ASCII["lit"]
        yield from wrapped(f"{lit} {scene.caption}", width)
    for line in scene.description.split("\n"):
        yield from wrapped(line, width)


def table(content: Table, width: int | None, dim: set[int]) -> Iterator[Line]:
    """A table in columns; where they do not all fit, each row stands on several lines."""
    rows = [[column.title for column in content.columns]]
    for row in content.rows:
        first, *rest = (" ".join(written(entry).splitlines()) for entry in row.entries)
        rows.append(["  " * row.depth + first, *rest])
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    sides = [str.rjust if column.align == "right" else str.ljust for column in content.columns]
    groups = list(grouped(widths, width))
    head, *body = (
        [
            (
                INDENT if group[0] else 0,
                (" " * GAP).join(sides[n](row[n], widths[n]) for n in group),
            )
            for group in groups
        ]
        for row in rows
    )
    longest = max(indent + len(text) for indent, text in head)
    rule = [("─" * min(longest, width or longest), "plain")]
    yield from wrapped(content.title, width, "", "title")
    yield rule
    yield from folded(head, width, "head")
    yield rule
    for number, lines in enumerate(body):
        yield from folded(lines, width, "dim" if number in dim else "plain")
    yield rule
    for note in content.notes:
        yield from wrapped(note, width)


def grouped(widths: Sequence[int], width: int | None) -> Iterator[list[int]]:
    """The columns, by their numbers, that stand in one line: as many as fit.

    >>> list(grouped([10, 10, 10, 10], 24)), list(grouped([10, 10, 10, 10], None))
    ([[0, 1], [2], [3]], [[0, 1, 2, 3]])
    """
    group: list[int] = []
    used = 0
    for number, size in enumerate(widths):
        if group and width is not None and used + GAP + size > width:
            yield group
            group = []
        used = used + GAP + size if group else size + (INDENT if number else 0)
        group.append(number)
    yield group


def folded(lines: Sequence[tuple[int, str]], width: int | None, style: str) -> Iterator[Line]:
    """The lines of a row, each set in so far; a further line with nothing in it is left out."""
    for indent, text in lines:
        if text.strip() or not indent:
            yield from wrapped(text.rstrip(), width, " " * indent, style)
