"""HTML fragments for a page: a real table, paragraphs, or a figure whose tensors wrap."""

from __future__ import annotations

from html import escape
from typing import assert_never

from dense_shapes.drawing.scene import Scene, lines
from dense_shapes.drawing.theme import FIGURE, style
from dense_shapes.tables import Entry, Table, written
from dense_shapes.views.lights import data, script
from dense_shapes.views.svg import panel_svg
from dense_shapes.words import Prose

KEY = (
    '<svg class="ds" viewBox="0 0 12 12" width="12" height="12" role="img" aria-label="Lit:">'
    '<rect class="key lit" x="1.5" y="1.5" width="9" height="9"/></svg>'
)
"""The sign of a lit cell, before the equation that says what it is made of."""


def html(content: Table | Scene | Prose) -> str:
    """The content as a fragment of HTML that stands by itself.

    >>> print(html(Prose("A title", ("One <line>.",))))
    <div class="ds-prose"><p><strong>A title</strong></p><p>One &lt;line&gt;.</p></div>
    """
    match content:
        case Table():
            return table(content)
        case Scene():
            return figure(content)
        case Prose():
            lines = "".join(f"<p>{escape(line)}</p>" for line in content.lines)
            title = f"<p><strong>{escape(content.title)}</strong></p>"
            return f'<div class="ds-prose">{title}{lines}</div>'
        case _ as never:
            assert_never(never)


def table(content: Table) -> str:
    """A table with a caption, column heads, and its notes below."""
    heads = "".join(
        f'<th scope="col"{aligns(column.align)}>{escape(column.title)}</th>'
        for column in content.columns
    )
    rows = []
    for row in content.rows:
        cells = [
            f"<td{aligns(column.align)}>{'&emsp;' * row.depth if first else ''}{entry_html(entry)}</td>"
            for column, entry, first in zip(
                content.columns, row.entries, [True, *[False] * len(row.entries)], strict=False
            )
        ]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    notes = "<br>".join(map(escape, content.notes))
    return (
        f'<div class="ds-table" tabindex="0" role="group" aria-label="{escape(content.title)}">\n'
        f"<table>\n<caption>{escape(content.title)}</caption>\n"
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n" + "\n".join(rows) + "\n</tbody>\n</table>\n"
        f"<p>{notes}</p>\n</div>"
    )


def aligns(side: str) -> str:
    """The attribute of a cell that is aligned to the right."""
    return ' style="text-align:right"' if side == "right" else ""


def entry_html(entry: Entry) -> str:
    """An entry of a table; shapes are code, so that they do not break inside."""
    if isinstance(entry, tuple):
        return "<br>".join(f"<code>{escape(str(shape))}</code>" for shape in entry)
    return escape(written(entry))


def figure(scene: Scene, *, alone: bool = True) -> str:
    """A figure: an SVG for each tensor, so that a narrow page puts them below each other.

    It lights up where a reader points, if its page runs scripts. `alone` says whether it brings the
    style sheet and the script with it, or stands in a page that has them.
    """
    lit, paired = bool(scene.caption), " ds-pairs" if scene.paired else ""
    flows = ("\n".join(panel_svg(panel, lit=lit) for panel in line) for line in lines(scene.panels))
    panels = "\n".join(f'<div class="ds-panels{paired}">\n{flow}\n</div>' for flow in flows)
    known = data(scene)
    equation = f'<p class="ds-equation">{KEY}<span>{escape(scene.caption)}</span></p>\n'
    rules = f"<style>{style(scene)}{FIGURE}</style>\n" if alone else ""
    knows = f'<script type="application/json">{known}</script>\n' if known else ""
    lights = f"<script>{script()}</script>\n" if known and alone else ""
    label = escape(" ".join(f"{scene.title}. {scene.description}".split()))
    return (
        f'<figure class="ds-figure" aria-label="{label}">\n{rules}'
        f'<figcaption>{escape(scene.title)}</figcaption>\n<div class="ds-picture">\n'
        f"{panels}\n</div>\n"
        f"{equation if known or scene.caption else ''}{knows}{lights}</figure>"
    )
