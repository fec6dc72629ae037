"""A scene as one SVG: valid XML, no ids, the same bytes every time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import assert_never
from xml.sax.saxutils import escape, quoteattr

from dense_shapes.drawing.scene import Box, Edge, Line, Mark, Panel, Scene, Words
from dense_shapes.drawing.sheet import sheet
from dense_shapes.drawing.theme import ALONE, style
from dense_shapes.errors import FormatError
from dense_shapes.tables import Table
from dense_shapes.words import Prose


def svg(scene: Table | Scene | Prose) -> str:
    """The whole picture, with its title above and its caption below.

    Raises `FormatError` for a table or prose.

    >>> from dense_shapes.drawing.figure import draw
    >>> from dense_shapes.rules import call
    >>> print(svg(draw(call("Dense", {"units": 5}, (None, 2, 3, 1))))[:38])
    <svg xmlns="http://www.w3.org/2000/svg
    """
    if not isinstance(scene, Scene):
        raise FormatError(f"{scene.title!r} is no picture; its views are: text, markdown, html")
    whole = sheet(scene)
    groups = [group(panel, x, y) for x, y, panel in whole.panels]
    body = [f"<style>{ALONE}{style(scene)}</style>", *map(mark, whole.lines), *groups]
    label = " ".join(f"{scene.title}. {scene.description} {scene.caption}".split())
    return element(label, whole.width, whole.height, body, lit=bool(scene.caption)) + "\n"


def panel_svg(panel: Panel, *, lit: bool) -> str:
    """One tensor as an SVG of its own, for a page where tensors wrap."""
    label = " ".join(it.text for it in panel.marks if isinstance(it, Words) and it.kind != "dots")
    body = [group(panel, 0, 0)]
    return element(label, panel.width, panel.height, body, lit=lit, below=panel.bottom)


def element(
    label: str, width: float, height: float, body: list[str], *, lit: bool, below: float = 0
) -> str:
    """An `svg` element with a text alternative, of which so much hangs below the line of the text."""
    style = f' style="vertical-align:{number(-below)}px"' if below else ""
    size = f'viewBox="0 0 {number(width)} {number(height)}" width="{number(width)}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="ds{" ds-lit" if lit else ""}" role="img" '
        f'aria-label={quoteattr(label)} {size} height="{number(height)}"{style}>\n'
        + "\n".join(body)
        + "\n</svg>"
    )


def group(panel: Panel, x: float, y: float) -> str:
    """The marks of a panel, with its left top corner at this place."""
    place = f' transform="translate({number(x)} {number(y - panel.top)})"'
    marks = "\n".join(elements(panel.marks))
    operand = f" data-operand={quoteattr(panel.operand or panel.name)}"
    return f'<g class="ds-{panel.kind}"{operand}{place}>\n{marks}\n</g>'


def elements(marks: Sequence[Mark]) -> Iterator[str]:
    """The marks as elements; the small cells of one tensor are one path."""
    for small, some in groupby(marks, key=lambda it: isinstance(it, Box) and it.kind == "small"):
        if not small:
            yield from map(mark, some)
            continue
        cells = [it for it in some if isinstance(it, Box)]
        tone = "" if cells[0].tone is None else f" tone{cells[0].tone}"
        yield f'<path class="small{tone}" d="{"".join(map(cell, cells))}"/>'


def cell(it: Box) -> str:
    """A small cell as a part of a path."""
    x, y, width, height = map(number, (it.x, it.y, it.width, it.height))
    return f"M{x} {y}h{width}v{height}h-{width}z"


def mark(it: Mark) -> str:
    """One mark as an element."""
    match it:
        case Box():
            rounded = "" if it.kind in ("cell", "key", "pad") else ' rx="4"'
            tone = "" if it.tone is None else f" tone{it.tone}"
            states = f"{tone}{' lit' if it.lit else ''}{' hollow' if it.hollow else ''}"
            index = f' data-cell="{",".join(map(str, it.cell))}"' if it.cell is not None else ""
            return (
                f'<rect class="{it.kind}{states}" x="{number(it.x)}" '
                f'y="{number(it.y)}" width="{number(it.width)}" height="{number(it.height)}"'
                f"{rounded}{index}/>"
            )
        case Line():
            role = f" {it.role}" if it.role else ""
            return f'<path class="ruler{role}" d="{ruler(it)}"/>'
        case Edge():
            return f'<path class="edge" d="{bend(it)}"/>'
        case Words():
            anchor = f' text-anchor="{it.anchor}"' if it.anchor != "start" else ""
            role = f" {it.role}" if it.role else ""
            return (
                f'<text class="{it.kind}{role}" x="{number(it.x)}" y="{number(it.y)}"{anchor}>'
                f"{escape(it.text)}</text>"
            )
        case _ as never:
            assert_never(never)


def ruler(line: Line) -> str:
    """The path of a dimension line with its ticks."""
    x, y, to_x, to_y = map(number, (line.x, line.y, line.to_x, line.to_y))
    if line.y == line.to_y:
        return f"M{x} {y}m0 -3v6m0 -3H{to_x}m0 -3v6"
    return f"M{x} {y}m-3 0h6m-3 0V{to_y}m-3 0h6"


def bend(edge: Edge) -> str:
    """The path of an edge: a line, or a curve that leaves and arrives straight down."""
    x, y, to_x, to_y, half = map(
        number, (edge.x, edge.y, edge.to_x, edge.to_y, (edge.y + edge.to_y) / 2)
    )
    return f"M{x} {y}V{to_y}" if x == to_x else f"M{x} {y}C{x} {half} {to_x} {half} {to_x} {to_y}"


def number(value: float) -> str:
    """A length with at most two decimals.

    >>> number(3.0), number(2 / 3)
    ('3', '0.67')
    """
    return f"{round(value, 2):g}"
