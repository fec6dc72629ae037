"""A picture drawn by Matplotlib, for print and slides; Matplotlib is loaded when one is drawn."""

from __future__ import annotations

import io
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, assert_never

from dense_shapes.drawing.metrics import SIZES
from dense_shapes.drawing.roles import PENS, mixed
from dense_shapes.drawing.scene import (
    TICK,
    Box,
    Edge,
    Line,
    Mark,
    PanelKind,
    RoleName,
    Scene,
    Words,
)
from dense_shapes.drawing.sheet import sheet
from dense_shapes.drawing.theme import (
    BOLD,
    CHANGED,
    CLOSED,
    DASHES,
    DIMMED,
    DIMMED_STROKE,
    EDGE,
    FILLS,
    GROUND,
    HOLLOW,
    INK,
    LIT,
    LIT_WIDTH,
    MISSING,
    MODEL_STROKES,
    MONOSPACED,
    STROKES,
    TONES,
)
from dense_shapes.errors import FormatError
from dense_shapes.reports import Piece, Report
from dense_shapes.views import UNPRINTABLE
from dense_shapes.views.latex import escaped

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SETTINGS: dict[Any, Any] = {
    "pdf.fonttype": 42,
    "pgf.rcfonts": False,
    "savefig.bbox": None,
    "savefig.facecolor": "auto",
    "savefig.transparent": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "dense_shapes",
}
"""Under these settings, a file that Matplotlib writes is the same bytes every time, with its fonts."""

ENDINGS = (".png", ".pdf", ".pgf")
"""The files that Matplotlib writes for us."""
SHARPNESS = 192
"""How many dots an inch has in a PNG: two for each pixel."""
CENTRE = 0.35
"""How far the baseline of DejaVu Sans lies below the middle of a line, in heights of the text."""


def figure(scene: Piece | Report, ax: Axes | None = None) -> Figure:
    """The whole picture as a figure of Matplotlib, or drawn into axes that are given.

    Each cell is a rectangle of its own, whose gid is its name: `output[1, 2, 4]`.

    Raises `FormatError` for a table or prose, and if Matplotlib is not installed.

    >>> from dense_shapes.drawing.figure import draw
    >>> from dense_shapes.rules import call
    >>> found = figure(draw(call("Dense", {"units": 5}, (None, 2, 3, 1))))
    >>> len(found.findobj(lambda it: it.get_gid() == "kernel[0, 4]"))
    1
    """
    if not isinstance(scene, Scene):
        raise FormatError(f"{scene.title!r} is no picture; its views are: text, markdown, html")
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise FormatError(
            f"Matplotlib draws this, and is not installed: pip install 'dense_shapes[print]' ({error})"
        ) from None
    whole = sheet(scene)
    if ax is None:
        made = Figure(figsize=(whole.width / 96, whole.height / 96))
        ax = made.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, whole.width), ylim=(whole.height, 0), aspect="equal")
    ax.set_axis_off()
    root = ax.get_figure(root=True)
    assert root is not None, "axes that are drawn into are those of a figure"
    page = ax.get_window_extent()
    points = min(page.width / whole.width, page.height / whole.height) * 72 / root.dpi
    lit = bool(scene.caption)
    for mark in whole.lines:
        ax.add_artist(artist(mark, None, 0, 0, points, lit=lit))
    names: Counter[str] = Counter()
    for x, y, panel in whole.panels:
        names[panel.name] += 1
        name = panel.name if names[panel.name] == 1 else f"{panel.name} ({names[panel.name]})"
        for mark in panel.marks:
            drawn = artist(mark, panel.kind, x, y - panel.top, points, lit=lit)
            if isinstance(mark, Box) and mark.cell is not None:
                drawn.set_gid(plain(f"{name}{list(mark.cell)}"))
            ax.add_artist(drawn)
    return root


def artist(
    mark: Mark, kind: PanelKind | None, dx: float, dy: float, points: float, *, lit: bool
) -> Artist:
    """One mark, moved by `dx` and `dy`; a pixel is so many points; `lit` says whether a cell is lit."""
    match mark:
        case Box():
            return rectangle(mark, kind, dx, dy, points, lit=lit)
        case Line():
            return ruler(mark, dx, dy, points)
        case Edge():
            return edge(mark, dx, dy, points)
        case Words():
            return words(mark, dx, dy, points)
        case _ as never:
            assert_never(never)


def rectangle(
    box: Box, kind: PanelKind | None, dx: float, dy: float, points: float, *, lit: bool
) -> Artist:
    """A box as a patch."""
    from matplotlib.patches import FancyBboxPatch, Rectangle

    dimmed = lit and box.kind == "cell" and not box.lit
    strokes = {**STROKES, **MODEL_STROKES}
    stroke = DIMMED_STROKE if dimmed else strokes["lit" if box.lit else box.kind]
    fill = LIT.rgba if box.lit else filled(box, kind)
    if dimmed and fill:
        fill = *fill[:3], fill[3] * DIMMED
    style: dict[str, Any] = {
        "facecolor": fill or "none",
        "edgecolor": (*INK.rgba[:3], stroke),
        "linewidth": points * (LIT_WIDTH if box.lit else 1),
        "linestyle": dashed(box),
        "zorder": 2.5 if box.lit else 2,
        "clip_on": False,
    }
    x, y = box.x + dx, box.y + dy
    if box.kind in ("cell", "key", "pad", "small"):
        return Rectangle((x, y), box.width, box.height, **style)
    return FancyBboxPatch(
        (x, y), box.width, box.height, boxstyle="round,pad=0,rounding_size=4", **style
    )


def filled(box: Box, kind: PanelKind | None) -> tuple[float, float, float, float] | None:
    """The colour inside a box that is not lit, if it has one."""
    if box.tone is not None:
        return TONES[box.tone].rgba
    match box.kind:
        case "frame" | "pad" | "missing" | "small":
            return None
        case "cell" if box.hollow:
            return None
        case "cell" if kind in FILLS:
            return FILLS[kind].rgba
        case "changed":
            return *LIT.rgba[:3], CHANGED
        case "node":
            return INK.rgba
        case "block":
            return *INK.rgba[:3], GROUND
        case "cell" | "closed" | "key" | "chip":
            return *INK.rgba[:3], CLOSED
        case _ as never:
            assert_never(never)


def dashed(box: Box) -> Any:
    """How the border of a box is drawn."""
    if box.kind in ("frame", "missing"):
        return (0, DASHES if box.kind == "frame" else MISSING)
    return (0, HOLLOW) if box.kind == "pad" or box.hollow else "solid"


def ink(role: RoleName) -> tuple[float, float, float]:
    """The colour of a line or a word with this role."""
    red, green, blue = (
        round(part / 255, 3) for part in mixed(role, (INK.red, INK.green, INK.blue))
    )
    return red, green, blue


def ruler(line: Line, dx: float, dy: float, points: float) -> Artist:
    """A dimension line with its ticks."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    pen = PENS[line.role or "kept"]
    start, end = (line.x + dx, line.y + dy), (line.to_x + dx, line.to_y + dy)
    tick = (0.0, TICK) if line.y == line.to_y else (TICK, 0.0)
    corners = [start, end]
    for x, y in (start, end):
        corners += [(x - tick[0], y - tick[1]), (x + tick[0], y + tick[1])]
    return PathPatch(
        Path(corners, [Path.MOVETO, Path.LINETO] * 3),
        fill=False,
        edgecolor=(*ink(line.role), 1.0 if pen.colour else STROKES["ruler"]),
        linewidth=points * (pen.width if pen.colour else 1),
        linestyle=(0, [length / pen.width for length in pen.dashes]) if pen.dashes else "solid",
        capstyle="butt",
        clip_on=False,
    )


def edge(way: Edge, dx: float, dy: float, points: float) -> Artist:
    """The way of a tensor: a line, or a curve that leaves and arrives straight down."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    (x, y), (to_x, to_y) = (way.x + dx, way.y + dy), (way.to_x + dx, way.to_y + dy)
    half = (y + to_y) / 2
    return PathPatch(
        Path([(x, y), (x, half), (to_x, half), (to_x, to_y)], [Path.MOVETO, *[Path.CURVE4] * 3]),
        fill=False,
        edgecolor=(*INK.rgba[:3], MODEL_STROKES["edge"]),
        linewidth=points * EDGE,
        capstyle="butt",
        clip_on=False,
    )


def words(text: Words, dx: float, dy: float, points: float) -> Artist:
    """A line of text."""
    from matplotlib.text import Text

    size = SIZES[text.kind]
    return Text(
        text.x + dx,
        text.y + dy + CENTRE * size,
        plain(text.text),
        color=ink(text.role),
        family="DejaVu Sans Mono" if text.kind in MONOSPACED else "DejaVu Sans",
        weight="bold" if text.kind in BOLD else "normal",
        size=size * points,
        ha={"start": "left", "middle": "center", "end": "right"}[text.anchor],
        va="baseline",
        parse_math=False,  # a layer may be called $x$
        zorder=3,
    )


def plain(text: str) -> str:
    """A text as one line, without what cannot be drawn."""
    return UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", re.sub("[\t\n\x85]", " ", text))


def printed(scene: Piece | Report, suffix: str) -> bytes:
    """The picture as a file: `.png`, `.pdf` or `.pgf`, the same bytes every time.

    Raises `FormatError` for a table or prose, if Matplotlib is not installed, and for `.pgf` if LaTeX is
    not installed, since it measures the text.
    """
    drawn = figure(scene)
    from matplotlib import rc_context
    from matplotlib.text import Text

    about: dict[str, dict[str, Any]] = {
        ".png": {"dpi": SHARPNESS, "metadata": {"Title": scene.title}},
        ".pdf": {"metadata": {"Title": scene.title, "CreationDate": None}},
        ".pgf": {},
    }
    if suffix == ".pgf":  # LaTeX reads every text as code, and a layer may be called \\input{it}
        for text in drawn.findobj(Text):
            text.set_text(escaped(text.get_text()))
    file = io.BytesIO()
    with rc_context(SETTINGS):
        try:
            drawn.savefig(file, format=suffix[1:], **about[suffix])
        except (OSError, RuntimeError, ValueError) as error:
            if suffix != ".pgf":
                raise
            raise FormatError(f"LaTeX measures the text of a .pgf file: {error}") from None
    return file.getvalue()
