"""Ways to show: one module a format, one line in `VIEWS`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from dense_shapes.errors import FormatError
from dense_shapes.reports import Piece, Report
from dense_shapes.views.csv import csv
from dense_shapes.views.html import html
from dense_shapes.views.latex import latex
from dense_shapes.views.markdown import markdown
from dense_shapes.views.page import fragment, page
from dense_shapes.views.svg import svg
from dense_shapes.views.text import text
from dense_shapes.words import Prose

Content: TypeAlias = Piece | Report

VIEWS: Mapping[str, Callable[[Piece], str]] = {
    "text": text,
    "markdown": markdown,
    "html": html,
    "latex": latex,
    "csv": csv,
    "svg": svg,
}
"""The formats, and the function that renders each."""

SUFFIXES = {
    ".txt": "text",
    ".md": "markdown",
    ".html": "html",
    ".tex": "latex",
    ".csv": "csv",
    ".svg": "svg",
}
"""The format of a file, by the end of its name."""


UNPRINTABLE = re.compile("[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML cannot hold, and a terminal would obey."""


def render(content: Content, view: str) -> str:
    """The content in a format.

    Raises `FormatError` for a format that does not exist, or that cannot hold the content.

    >>> render(Prose("A title", ("One line.",)), "pdf")
    Traceback (most recent call last):
    dense_shapes.errors.FormatError: no view is called 'pdf'; the views are: text, markdown, html, latex, \
csv, svg
    """
    if view not in VIEWS:
        raise FormatError(f"no view is called {view!r}; the views are: {', '.join(VIEWS)}")
    text = joined(content, view) if isinstance(content, Report) else VIEWS[view](content)
    return UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def document(content: Content) -> str:
    """The content as an HTML file of its own, where `html` gives a part of a page."""
    return UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", page(content))


def joined(report: Report, view: str) -> str:
    """All that a report has, in a format that can hold text and pictures.

    Raises `FormatError` for a format that cannot.
    """
    match view:
        case "html":
            return fragment(report)
        case "text" | "markdown" | "latex":
            parts = [render(Prose(report.title, ()), view)]
            for part in report.parts:
                parts += [render(Prose(part.heading, ()), view)]
                parts += [render(piece, view) for piece in part.pieces]
            return "\n\n".join(parts)
        case _:
            raise FormatError(
                f"{report.title!r} is a report; its views are: text, markdown, html, latex"
            )
