"""Markdown, as GitHub reads it."""

from __future__ import annotations

import re
from typing import assert_never

from dense_shapes.drawing.scene import Scene
from dense_shapes.tables import Table, written
from dense_shapes.words import Prose


def markdown(content: Table | Scene | Prose) -> str:
    r"""A pipe table, a list, or of a picture its description.

    >>> print(markdown(Prose("A title", ("One *line*.",))))
    **A title**
    <BLANKLINE>
    - One \*line\*.
    """
    match content:
        case Table():
            return table(content)
        case Scene():
            said = [escaped(line) for line in content.description.split("\n")]
            told = "\n".join(f"- {line}" for line in said) if len(said) > 1 else said[0]
            parts = [f"**{escaped(content.title)}**", told]
            return "\n\n".join([*parts, *([f"`{content.caption}`"] if content.caption else [])])
        case Prose():
            lines = "\n".join(f"- {escaped(line)}" for line in content.lines)
            return f"**{escaped(content.title)}**\n\n{lines}"
        case _ as never:
            assert_never(never)


def table(content: Table) -> str:
    """A pipe table with its title above and its notes below."""
    lines = [
        [column.title for column in content.columns],
        ["---:" if column.align == "right" else ":---" for column in content.columns],
    ]
    for row in content.rows:
        first, *rest = (escaped(written(entry)) for entry in row.entries)
        lines.append(["&emsp;" * row.depth + first, *rest])
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    notes = "  \n".join(map(escaped, content.notes))
    return f"**{escaped(content.title)}**\n\n{body}\n\n{notes}"


def escaped(text: str) -> str:
    r"""Text in which nothing is Markdown or HTML.

    >>> print(escaped("<b> a_b | `c`"))
    \<b\> a\_b \| \`c\`
    """
    return re.sub(r"([\\`*_{}\[\]<>|#~&])", r"\\\1", " ".join(text.split()))
