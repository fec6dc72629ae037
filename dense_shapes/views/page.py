"""A whole HTML document in one file, which asks no host for anything."""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path
from typing import assert_never

from dense_shapes.drawing import theme
from dense_shapes.drawing.scene import Scene
from dense_shapes.drawing.theme import FIGURE
from dense_shapes.reports import Part, Piece, Report
from dense_shapes.tables import Table
from dense_shapes.views.html import figure, html
from dense_shapes.views.lights import script
from dense_shapes.words import Prose


@cache
def style() -> str:
    """The style sheet of a page, without the lines that are empty."""
    lines = Path(__file__).with_name("page.css").read_text(encoding="utf-8").splitlines()
    return "\n".join(filter(None, map(str.strip, lines)))


def page(content: Piece | Report) -> str:
    r"""The content as a document: for a wide window and a narrow one, light and dark, and for paper.

    >>> text = page(Prose("A <title>", ("One line.",)))
    >>> text[:32], text.count("A &lt;title&gt;"), text.count("<script")
    ('<!DOCTYPE html>\n<html lang="en">', 2, 0)
    """
    match content:
        case Report():
            body = document(content)
        case Table() | Scene() | Prose():
            body = piece(content)
        case _ as never:
            assert_never(never)
    scripts = f"<script>{script()}</script>\n" if 'type="application/json"' in body else ""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{escape(' '.join(content.title.split()))}</title>\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>\n{style()}\n{drawn(content)}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n{scripts}</body>\n</html>"
    )


def drawn(content: Piece | Report) -> str:
    """The rules for the pictures in a page."""
    if isinstance(content, Report):
        pieces = [piece for part in content.parts for piece in part.pieces]
    else:
        pieces = [content]
    return theme.style(*(it for it in pieces if isinstance(it, Scene))) + FIGURE


def piece(content: Piece) -> str:
    """A table, a picture or prose, without what the page has already."""
    return figure(content, alone=False) if isinstance(content, Scene) else html(content)


def fragment(content: Report) -> str:
    """A report for the inside of a page: its parts, one style sheet and one script."""
    body = document(content)
    return f"<style>{drawn(content)}</style>\n{body}\n<script>{script()}</script>"


def document(content: Report) -> str:
    """The title and the parts of a report."""
    return "\n".join([f"<h1>{escape(content.title)}</h1>", *map(section, content.parts)])


def section(part: Part) -> str:
    """A part under its heading; a layer can be folded."""
    inside = "\n".join(map(piece, part.pieces))
    heading = f"<h2>{escape(part.heading)}</h2>"
    opened = "" if part.folded else " open"
    return f"<details{opened}>\n<summary>{heading}</summary>\n{inside}\n</details>"
