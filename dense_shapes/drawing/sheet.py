"""Where the panels of a picture lie if it is one sheet: rows of tensors, the title above them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dense_shapes.drawing.scene import Box, Mark, Panel, Scene, Words, aligned, lines

WIDEST = 900.0
"""Where a row of tensors is full, in pixels."""
GAP, MARGIN, LINE = 12.0, 8.0, 20.0
CAPTION = 90
"""How many characters of the title or the caption stand in a line."""


@dataclass(frozen=True)
class Sheet:
    """A whole picture: its size, its panels with their left top corners, and the lines of text."""

    width: float
    height: float
    panels: tuple[tuple[float, float, Panel], ...]
    lines: tuple[Mark, ...]


def sheet(scene: Scene) -> Sheet:
    """The whole picture, with its title above and its caption below.

    >>> from dense_shapes.drawing.figure import draw
    >>> from dense_shapes.rules import call
    >>> found = sheet(draw(call("Dense", {"units": 5}, (None, 2, 3, 1))))
    >>> [panel.name for _, _, panel in found.panels], len(found.lines)
    (['input', 'kernel', 'bias', 'output'], 1)
    """
    y, width = MARGIN, 0.0
    panels: list[tuple[float, float, Panel]] = []
    texts: list[Mark] = []
    for line in textwrap.wrap(scene.title, CAPTION) or [""]:
        texts.append(Words(MARGIN, y + 10, line, "title", "start"))
        y += LINE
    y += 6
    for line_of_panels in lines(scene.panels):
        for row in map(aligned, rows(line_of_panels, 2 if scene.paired else 0)):
            x = MARGIN
            for panel in row:
                panels.append((x, y, panel))
                x += panel.width + GAP
            y += row[0].height + GAP
            width = max(width, x - GAP)
        y += GAP
    y -= GAP
    whole = scene.caption.replace(", ", ",\u00a0").replace(" × ", "\u00a0×\u00a0")
    for number, line in enumerate(textwrap.wrap(whole, CAPTION)):
        if not number:
            texts.append(Box(MARGIN + 1, y + 2, 10, 10, "key", lit=True))
        texts.append(Words(MARGIN + 20, y + 8, line, "caption", "start"))
        y += LINE
    width = max(width, *(line.extent[2] for line in texts)) + MARGIN
    return Sheet(width, y + MARGIN - GAP, tuple(panels), tuple(texts))


def rows(panels: Sequence[Panel], most: int = 0) -> Iterator[list[Panel]]:
    """The panels, a new row begun where one is full, or has this many (0: any)."""
    row: list[Panel] = []
    for panel in panels:
        full = sum(one.width + GAP for one in row) + panel.width > WIDEST
        if row and (full or len(row) == most):
            yield row
            row = []
        row.append(panel)
    if row:
        yield row
