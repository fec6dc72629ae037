"""Displays as nodes: figures, tables and shapes, which every builder writes its own way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from html import escape
from typing import Any, assert_never

from docutils import nodes
from sphinx import addnodes

from dense_shapes.axes import Shape
from dense_shapes.display import Display
from dense_shapes.drawing.scene import Scene
from dense_shapes.errors import FormatError
from dense_shapes.reports import Report
from dense_shapes.sphinx.nodes import Parts, hover, picture
from dense_shapes.tables import Entry, Table, written
from dense_shapes.traces import Layer
from dense_shapes.words import Prose

STYLE = re.compile(r"<style>(.*?)</style>\n?", re.S)
SCRIPT = re.compile(r"<script>(.*?)</script>\n?", re.S)
PANEL = re.compile(r"<svg\b.*?</svg>", re.S)
LABEL = re.compile(r'(<figure class="ds-figure" aria-label=")[^"]*')

INDENT = "\N{NO-BREAK SPACE}" * 3
"""What stands before the name of a layer of a nested model, once for each model around it."""


def parts_of(html: str) -> Parts:
    """The parts of HTML that brings its style sheet and its script with it."""
    styles, scripts = tuple(STYLE.findall(html)), tuple(SCRIPT.findall(html))
    return Parts(SCRIPT.sub("", STYLE.sub("", html)), styles, scripts)


def node_of(display: Display, *, alt: str = "") -> nodes.container:
    """The node of any display; `alt` replaces what a picture says of itself."""
    match display.content:
        case Table() as content:
            return table(content)
        case Prose() as content:
            return prose(content)
        case Scene():
            return drawn(display, alt)
        case Report():
            raise FormatError(f"{display.content.title!r} is a page of its own, and no part of one")
        case _ as never:
            assert_never(never)


def drawn(display: Display, alt: str = "") -> picture:
    """The node of a picture."""
    parts = parts_of(display.to("html"))
    if alt:
        label = escape(alt)
        parts = replace(parts, body=LABEL.sub(lambda found: found[1] + label, parts.body, count=1))
    node = picture(parts=parts, display=replace(display, call=None), kinds=kinds_of(display))
    scene = display.content
    assert isinstance(scene, Scene)
    said = [alt] if alt else [*scene.description.splitlines(), scene.caption]
    for line in filter(None, [scene.title, *said]):
        node += fixed(nodes.paragraph, line)
    return node


def kinds_of(display: Display) -> tuple[str, ...]:
    """The kinds of the layers in a picture, for an extension that says more of them."""
    call = display.call
    if call is None:
        return ()
    some: list[Layer] = []
    for thing in call.given:
        if isinstance(thing, Layer):
            some.append(thing)
        elif (name := call.options.get("layer")) and call.options.get("depth", 1) == 1:
            some.append(thing[name])
        else:
            some.extend(thing.calls)
    return tuple(dict.fromkeys(layer.kind for layer in some))


def prose(content: Prose) -> nodes.container:
    """Lines of text below a title."""
    node = nodes.container(classes=["ds-prose"])
    title = fixed(nodes.paragraph, "")
    title += nodes.strong("", content.title)
    node += title
    node.extend(fixed(nodes.paragraph, line) for line in content.lines)
    return node


def fixed(kind: Any, text: str) -> Any:
    """A node of text that nobody translates: it is made of numbers and names."""
    return kind(text, text, translatable=False, support_smartquotes=False)


# Tables


def table(
    content: Table, *, caption: str = "", title: Sequence[nodes.Node] = ()
) -> nodes.container:
    """A table with its title or a caption above, and its notes below it."""
    widths = [
        max(len(column.title), 1, *(longest(row.entries[n]) for row in content.rows))
        for n, column in enumerate(content.columns)
    ]
    group = nodes.tgroup(cols=len(widths))
    group += [nodes.colspec(colwidth=width) for width in widths]
    heads = [cell(column.title, column.align, head=True) for column in content.columns]
    group += nodes.thead("", nodes.row("", *heads))
    group += nodes.tbody("", *(body_row(content, n) for n in range(len(content.rows))))
    whole = nodes.table(classes=["ds-layers", "colwidths-auto"])
    named = caption or content.title
    whole += nodes.title(
        named, "", *(title or [nodes.Text(named)]), support_smartquotes=bool(caption)
    )
    whole += group
    spec = addnodes.tabular_col_spec(spec=column_spec(content, widths))
    return nodes.container("", spec, whole, *notes(content), classes=["ds-summary"])


def notes(content: Table) -> Iterator[nodes.Element]:
    """The notes below a table."""
    if content.notes:
        block = nodes.line_block(classes=["ds-notes"])
        block += [fixed(nodes.line, note) for note in content.notes]
        yield block


def body_row(content: Table, number: int) -> nodes.row:
    """A row; a layer of a nested model is set in."""
    row, found = content.rows[number], nodes.row()
    for place, (column, entry) in enumerate(zip(content.columns, row.entries, strict=True)):
        found += cell(entry, column.align, before=INDENT * row.depth if not place else "")
    return found


def cell(entry: Entry, align: str, *, before: str = "", head: bool = False) -> nodes.entry:
    """A cell; a shape is code, so that it is read as one, and heads alone are translated."""
    short = isinstance(entry, tuple) or len(written(entry)) <= SHORT
    found = nodes.entry(classes=["ds-right"] * (align == "right") + ["ds-short"] * short)
    if isinstance(entry, tuple):
        for shape in entry:
            line = fixed(nodes.paragraph, "")
            line += literal(str(shape))
            found += line
    else:
        text = before + written(entry)
        found += nodes.paragraph(text, text) if head else fixed(nodes.paragraph, text)
    return found


def literal(text: str) -> nodes.literal:
    """Text as code."""
    return nodes.literal(text, text, classes=["ds-shape"])


def longest(entry: Entry) -> int:
    """How many characters the longest line of a cell has, the quotes around code included."""
    if isinstance(entry, tuple):
        return max((len(str(shape)) + 2 for shape in entry), default=0)
    return len(written(entry))


SHORT = 40
"""How long the text of a cell is at most that is not folded in a narrow window."""
LONG = 30
"""Of a table with more rows, LaTeX breaks the page, and does not find the widths of its columns."""


def column_spec(content: Table, widths: Sequence[int]) -> str:
    """How LaTeX sets the columns: as wide as they must be, and numbers to the right."""
    if len(content.rows) < LONG:
        return "".join("R" if column.align == "right" else "T" for column in content.columns)
    total = sum(widths)
    ragged = {"left": "raggedright", "right": "raggedleft"}
    return "".join(
        rf">{{\{ragged[column.align]}\arraybackslash}}\X{{{width}}}{{{total}}}"
        for column, width in zip(content.columns, widths, strict=True)
    )


# Shapes in the text


def shown(shapes: Sequence[Shape], display: Display) -> hover:
    """The shapes that a model gives, without the batch, with its picture."""
    text = " and ".join(str(shape[1:]) for shape in shapes)
    parts = parts_of(display.to("html"))
    panels = PANEL.findall(parts.body.partition('<p class="ds-equation"')[0])
    title = f"<strong>{escape(display.content.title)}</strong>"
    body = f'{title}<span class="ds-panels">{"".join(panels)}</span>'
    node: hover = hover(parts=Parts(body, parts.styles))
    node += literal(text)
    return node
