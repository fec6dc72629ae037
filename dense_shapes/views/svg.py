"""A scene as one SVG: valid XML, no ids, the same bytes every time."""

from __future__ import annotations

from typing import assert_never
from xml.sax.saxutils import escape, quoteattr

from dense_shapes.drawing.scene import Box, Line, Mark, Panel, Scene, Words
from dense_shapes.drawing.sheet import sheet
from dense_shapes.drawing.theme import ALONE, STYLE
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
    body = [f"<style>{ALONE}{STYLE}</style>", *map(mark, whole.lines), *groups]
    label = f"{scene.title}. {scene.description} {scene.caption}".strip()
    return element(label, whole.width, whole.height, body, lit=bool(scene.caption)) + "\n"


def panel_svg(panel: Panel, *, lit: bool) -> str:
    """One tensor as an SVG of its own, for a page where tensors wrap."""
    label = " ".join(it.text for it in panel.marks if isinstance(it, Words) and it.kind != "dots")
    return element(label, panel.width, panel.height, [group(panel, 0, 0)], lit=lit)


def element(label: str, width: float, height: float, body: list[str], *, lit: bool) -> str:
    """An `svg` element with a text alternative."""
    size = f'viewBox="0 0 {number(width)} {number(height)}" width="{number(width)}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="ds{" ds-lit" if lit else ""}" role="img" '
        f'aria-label={quoteattr(label)} {size} height="{number(height)}">\n'
        + "\n".join(body)
        + "\n</svg>"
    )


def group(panel: Panel, x: float, y: float) -> str:
    """The marks of a panel, with its left top corner at this place."""
    place = f' transform="translate({number(x)} {number(y - panel.top)})"'
    marks = "\n".join(map(mark, panel.marks))
    return f'<g class="ds-{panel.kind}"{place}>\n{marks}\n</g>'


def mark(it: Mark) -> str:
    """One mark as an element."""
    match it:
        case Box():
            rounded = "" if it.kind in ("cell", "key") else ' rx="4"'
            index = f' data-cell="{",".join(map(str, it.cell))}"' if it.cell is not None else ""
            return (
                f'<rect class="{it.kind}{" lit" if it.lit else ""}" x="{number(it.x)}" '
                f'y="{number(it.y)}" width="{number(it.width)}" height="{number(it.height)}"'
                f"{rounded}{index}/>"
            )
        case Line():
            return f'<path class="ruler" d="{ruler(it)}"/>'
        case Words():
            anchor = f' text-anchor="{it.anchor}"' if it.anchor != "start" else ""
            return (
                f'<text class="{it.kind}" x="{number(it.x)}" y="{number(it.y)}"{anchor}>'
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


def number(value: float) -> str:
    """A length with at most two decimals.

    >>> number(3.0), number(2 / 3)
    ('3', '0.67')
    """
    return f"{round(value, 2):g}"
