"""Pasted text as a syntax tree, in which every node knows its place in what was pasted."""

from __future__ import annotations

import ast
import re
import warnings
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import TypeVar

from dense_shapes.errors import DenseShapesError, MisfitError, NotationError

Tree = TypeVar("Tree", ast.Module, ast.Expression)
Error = TypeVar("Error", bound=DenseShapesError)

SIZE = 1 << 18
"""How many characters are read at most."""

WIDTH = 100
"""How much of a long line an error shows."""

MESSAGE = 600
"""How much of what a rule says an error shows: it may quote what is very long."""

NO_FILE = ""
"""The name of the file that Python is told: where it finds a mistake, it opens it to show the line."""

LINE_END = re.compile(r"\r\n|\r|\n")
PROMPT = re.compile(r"\s*(?:>>>|\.\.\.:?|In ?\[\d*\]:)(?: |$)")
FIRST_PROMPT = re.compile(r"\s*(?:>>>|In ?\[\d*\]:)(?: |$)")

INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u00a0"), " ")
"""What a web page puts in the place of a space."""

BESIDE = re.compile(r"\s*(?:[%!]|```|Out ?\[\d*\]:)")


@dataclass(frozen=True)
class Place:
    """Where something stands: the number of its line (0: the text is one line), the line, a span.

    >>> print(Place(3, "Dense(unit=5)", (6, 10)).error("no argument 'unit'"))
    line 3: no argument 'unit'
        Dense(unit=5)
              ^^^^
    """

    number: int
    line: str
    span: tuple[int, int]

    def error(self, message: str) -> NotationError:
        """An error that points at this place."""
        line, span = self.shown
        return self.placed(NotationError(f"{self.prefix}{message}", line, span))

    def told(self, error: DenseShapesError) -> DenseShapesError:
        """An error that a rule raises, with this place in its message."""
        if isinstance(error, NotationError):
            return self.error(short(str(error).partition("\n")[0]))
        if isinstance(error, MisfitError):
            reason = str(self.error(short(error.reason)))
            keras, ways = short(error.keras), [short(way) for way in error.ways]
            return self.placed(MisfitError(reason, origins=error.origins, keras=keras, ways=ways))
        return self.placed(type(error)(str(self.error(short(str(error))))))

    def placed(self, error: Error) -> Error:
        """The error, which knows its line from now on."""
        error.line = self.number or None
        return error

    @property
    def prefix(self) -> str:
        """The number of the line, as an error begins with it."""
        return f"line {self.number}: " if self.number else ""

    @property
    def shown(self) -> tuple[str, tuple[int, int]]:
        """The part of the line around the span, safe to print, and the span in it."""
        start, stop = self.span
        first = 0 if stop <= WIDTH else max(0, start - WIDTH // 4)
        line = self.line[first : first + WIDTH]
        line = "".join(one if one.isprintable() else " " for one in line)
        stop = max(start + 1, min(stop, first + max(1, len(line))))
        return line, (start - first, stop - first)


NOWHERE = Place(0, "", (0, 0))
"""The place of what is written nowhere."""


def short(text: str) -> str:
    """The text, if it is not very long; else its beginning."""
    return text if len(text) <= MESSAGE else f"{text[:MESSAGE]}…"


@dataclass(frozen=True)
class Code:
    """A text and what stands where in it.

    `numbered` says whether errors name the line.
    """

    text: str
    numbered: bool = True

    @cached_property
    def lines(self) -> list[str]:
        """The lines, as Python counts them."""
        return LINE_END.split(self.text)

    @cached_property
    def starts(self) -> dict[int, list[int]]:
        """Where each character of a line begins in the bytes in which Python counts columns."""
        return {}

    def column(self, line: int, offset: int) -> int:
        """The number of the character at an offset of a line in bytes."""
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        if text.isascii():
            return offset
        if line not in self.starts:
            sizes = (len(one.encode("utf-8", "replace")) for one in text)
            self.starts[line] = [0, *accumulate(sizes)]
        return bisect_left(self.starts[line], offset)

    def at(self, line: int, start: int, stop: int) -> Place:
        """A span of characters of a line; lines count from 1."""
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        return Place(line if self.numbered else 0, text, (start, stop))

    def place(self, node: ast.AST) -> Place:
        """The place of a node: of one that takes several lines, what is on the first."""
        line, start = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        first = self.column(line, start)
        if getattr(node, "end_lineno", line) != line:
            return self.at(line, first, max(first + 1, len(self.lines[line - 1])))
        return self.at(line, first, self.column(line, getattr(node, "end_col_offset", start + 1)))


def read(code: str) -> tuple[Code, ast.Module]:
    r"""The code in pasted text, without prompts, and its syntax tree.

    Raises `NotationError`, which points at the place, if it is not Python.

    >>> read(">>> 1 + 1\n= 2")[0].lines
    ['1 + 1', '']
    """
    if len(code) > SIZE:
        raise NotationError(
            f"the text has {len(code):,} characters, and at most {SIZE:,} are read",
            f"{code[:40]!r}",
            (0, 1),
        )
    lines = LINE_END.split(code.translate(INVISIBLE).expandtabs(8))
    ways = [cleaned(lines)]
    if any(FIRST_PROMPT.match(line) for line in lines):
        ways += [cleaned([PROMPT.sub("", line) for line in lines])]
        ways += [cleaned([unprompted(line) for line in lines])]
    ways.append(first_shifted(ways[-1]))
    wrong = []
    for text in map(Code, ways):
        try:
            return text, parsed(text, lambda text: ast.parse(text, NO_FILE))
        except NotationError as error:
            wrong.append(error)
    raise wrong[-2]


def parsed(code: Code, parse: Callable[[str], Tree], wrong: str = "this is not Python") -> Tree:
    """The syntax tree of a text.

    Raises `NotationError` whatever is wrong with the text.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return parse(code.text)
    except SyntaxError as error:
        line, start = error.lineno or 1, (error.offset or 1) - 1
        stop = (error.end_offset or 0) - 1 if error.end_lineno == line else 0
        line = min(max(line, 1), len(code.lines))
        start = min(max(start, 0), len(code.lines[line - 1]))
        place = code.at(line, start, max(stop, start + 1))
        raise place.error(f"{wrong}: {error.msg}") from None
    except (ValueError, OverflowError) as error:
        raise code.at(1, 0, 1).error(f"{wrong}: {error}") from None
    except (RecursionError, MemoryError):
        raise code.at(1, 0, 1).error("the code is nested too deeply to be read") from None


def cleaned(lines: list[str]) -> str:
    """Pasted lines as code: magic commands and the like are left out, and the indentation of all.

    The lines keep their numbers.
    """
    lines = ["" if BESIDE.match(line) else line for line in lines]
    filled = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    indent = len(filled[0]) - len(filled[0].lstrip(" ")) if filled else 0
    if all(line.startswith(" " * indent) for line in filled):
        lines = [line.lstrip(" ") if line[:indent].strip() else line[indent:] for line in lines]
    return "\n".join(lines)


def unprompted(line: str) -> str:
    """A line of a session at a prompt: what was typed; of the output between the prompts, nothing."""
    found = PROMPT.match(line)
    return line[found.end() :] if found else ""


def first_shifted(text: str) -> str:
    """The text with its first line moved to the indentation of the next, which copying may lose."""
    lines = text.split("\n")
    filled = [place for place, line in enumerate(lines) if line.strip()]
    if len(filled) > 1:
        second = lines[filled[1]]
        indent = second[: len(second) - len(second.lstrip())]
        lines[filled[0]] = indent + lines[filled[0]].lstrip()
    return cleaned(lines)
