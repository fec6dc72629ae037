"""Plain text, for a terminal or a log."""

from __future__ import annotations

from typing import assert_never

from dense_shapes.drawing.scene import Scene
from dense_shapes.tables import Table, written
from dense_shapes.views.sketch import UNICODE, sketch
from dense_shapes.words import Prose


def text(content: Table | Scene | Prose) -> str:
    """A table in columns, prose line by line, and a picture as a sketch with its description.

    >>> print(text(Prose("A title", ("One line.",))))
    A title
      One line.
    """
    match content:
        case Table():
            return table(content)
        case Scene():
            lines = ["".join(text for text, _ in line) for line in sketch(content)]
            caption = [f"{UNICODE['lit']} {content.caption}"] if content.caption else []
            drawn = ["", *lines, ""] if lines else []
            return "\n".join([content.title, *drawn, *caption, content.description])
        case Prose():
            return "\n".join([content.title, *(f"  {line}" for line in content.lines)])
        case _ as never:
            assert_never(never)


def table(content: Table) -> str:
    """A table in columns, two spaces apart."""
    lines = [[column.title for column in content.columns]]
    for row in content.rows:
        first, *rest = map(written, row.entries)
        lines.append(["  " * row.depth + first, *rest])
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    sides = [str.rjust if column.align == "right" else str.ljust for column in content.columns]
    head, *body = (
        "  ".join(side(cell, width) for side, cell, width in zip(sides, line, widths, strict=True))
        for line in lines
    )
    rule = "─" * len(head)
    whole = [content.title, rule, head, rule, *body, rule, *content.notes]
    return "\n".join(line.rstrip() for line in whole)
