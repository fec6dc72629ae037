"""How a picture looks: colours and strokes as data, and the style sheet that is made from them.

Text and lines take the colour of the text around the picture, and fills are translucent, so that it
fits a light page and a dark one. A page may set the custom properties to colours of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from dense_shapes.drawing.metrics import SIZES
from dense_shapes.drawing.roles import pen_rules
from dense_shapes.drawing.scene import Scene


@dataclass(frozen=True)
class Paint:
    """A colour: red, green and blue up to 255, and how much of it covers what lies below.

    >>> paint = Paint(40, 140, 230, 0.38)
    >>> paint.css, paint.rgba
    ('rgb(40 140 230/.38)', (0.157, 0.549, 0.902, 0.38))
    """

    red: int
    green: int
    blue: int
    cover: float = 1.0

    @property
    def css(self) -> str:
        """The colour as a style sheet writes it."""
        if self.cover == 1:
            return f"#{self.red:02x}{self.green:02x}{self.blue:02x}"
        return f"rgb({self.red} {self.green} {self.blue}/{short(self.cover)})"

    @property
    def rgba(self) -> tuple[float, float, float, float]:
        """The colour as four numbers from 0 to 1."""
        red, green, blue = (round(part / 255, 3) for part in (self.red, self.green, self.blue))
        return red, green, blue, self.cover


def short(number: float) -> str:
    """A number as a style sheet writes it, without a zero before the point."""
    return f"{number:g}".removeprefix("0") or "0"


FILLS = {
    "input": Paint(40, 140, 230, 0.38),
    "kernel": Paint(240, 160, 0, 0.42),
    "bias": Paint(205, 90, 165, 0.38),
    "output": Paint(0, 160, 110, 0.36),
}
"""The colour of the cells of each kind of panel."""
LIT = Paint(228, 87, 46)
"""The colour of a lit cell."""
INK, INK_DARK = Paint(27, 31, 36), Paint(230, 237, 243)
"""The colour of text and lines on a light page and on a dark one, where no page sets it."""

STROKES = {
    "cell": 0.65,
    "closed": 0.65,
    "key": 0.65,
    "frame": 0.75,
    "pad": 0.5,
    "ruler": 0.55,
    "lit": 1.0,
}
"""How much of the ink the lines of each kind have."""
MODEL_STROKES = {
    **{"chip": 0.45, "small": 0.45, "node": 0.0, "block": 0.0, "changed": 0.8, "missing": 0.5},
    "edge": 0.6,
}
"""The same for the marks of a model."""
LIT_WIDTH = 2.5
"""How wide the border of a lit cell is; every other line is 1 wide."""
CLOSED = 0.08
"""How much of the ink the inside of a closed box has."""
DIMMED, DIMMED_STROKE = 0.5, 0.4
"""How much is left of the fill, and of the border, of a cell where others are lit."""
DASHES, HOLLOW = (2, 3), (2, 2)
"""The dashes of a frame, and of a cell with nothing in it: drawn, left out."""
BOLD, MONOSPACED = ("name", "title", "letter"), ("shape", "caption", "number")
"""The kinds of text that are bold, and those whose letters are all as wide."""


def classes(kinds: tuple[str, ...]) -> str:
    """A selector for these kinds of marks."""
    return ",".join(f".ds .{kind}" for kind in kinds)


STYLE = "".join(
    [
        ".ds{color:inherit}",
        ".ds text{fill:currentColor;font-family:system-ui,'DejaVu Sans',sans-serif;"
        "dominant-baseline:central}",
        *(
            f".ds .{kind}{{font-size:{size:g}px}}"
            for kind, size in SIZES.items()
            if kind != "letter"
        ),
        f"{classes(BOLD)}{{font-weight:600}}",
        f"{classes(MONOSPACED)}{{font-family:ui-monospace,'DejaVu Sans Mono',monospace}}",
        f".ds .cell,.ds .closed,.ds .key{{stroke:currentColor;stroke-opacity:{short(STROKES['cell'])}}}",
        f".ds .frame{{fill:none;stroke:currentColor;stroke-opacity:{short(STROKES['frame'])};"
        f"stroke-dasharray:{' '.join(map(str, DASHES))}}}",
        f".ds .ruler{{fill:none;stroke:currentColor;stroke-opacity:{short(STROKES['ruler'])}}}",
        *pen_rules(),
        f".ds .pad,.ds .hollow{{stroke:currentColor;stroke-dasharray:{' '.join(map(str, HOLLOW))}}}",
        f".ds .pad{{fill:none;stroke-opacity:{short(STROKES['pad'])}}}",
        *(f".ds-{kind} .cell{{fill:var(--ds-{kind},{fill.css})}}" for kind, fill in FILLS.items()),
        f".ds .closed{{fill:currentColor;fill-opacity:{short(CLOSED)}}}",
        f".ds-lit .cell:not(.lit){{fill-opacity:{short(DIMMED)};stroke-opacity:{short(DIMMED_STROKE)}}}",
        f".ds .lit{{fill:var(--ds-lit,{LIT.css});stroke-width:{LIT_WIDTH:g};stroke-opacity:1}}",
        ".ds .hollow:not(.lit){fill:none!important}",
        ".ds .number{pointer-events:none}.ds .lit+.number{fill:#fff;font-weight:700}",
        "@media print{.ds rect{print-color-adjust:exact;-webkit-print-color-adjust:exact}"
        ".ds .lit{fill:none}.ds-lit .cell:not(.lit){fill-opacity:1;stroke-opacity:.65}"
        ".ds .lit+.number{fill:currentColor}}",
        "@media(forced-colors:active){.ds .cell{fill:Canvas;stroke:CanvasText}"
        ".ds .lit{fill:Highlight}.ds .lit+.number{fill:HighlightText}}",
    ]
)
"""The rules for a picture, wherever it stands."""

TONES = (
    Paint(0, 114, 178, 0.34),
    Paint(230, 159, 0, 0.4),
    Paint(0, 158, 115, 0.34),
    Paint(204, 121, 167, 0.42),
    Paint(86, 180, 233, 0.38),
    Paint(213, 94, 0, 0.34),
    Paint(150, 130, 20, 0.36),
    Paint(120, 90, 200, 0.34),
)
"""The colours that say where an axis comes from, those of Okabe and Ito first; each chip has a letter
too. Source: jfly.uni-koeln.de/color, chosen so that colour-blind readers tell them apart."""

EDGE, GROUND, CHANGED, MISSING = 1.5, 0.07, 0.1, (3, 4)
"""How wide the way of a tensor is, how much ink the ground of a block has, how much of the colour of lit
cells a row has that differs, and the dashes of one that is missing."""

MODEL = "".join(
    [
        f".ds .letter{{font-size:{SIZES['letter']:g}px;font-weight:700}}",
        *(f".ds .tone{n}{{fill:var(--ds-tone-{n},{fill.css})}}" for n, fill in enumerate(TONES)),
        *(
            f".ds .{kind}{{stroke:currentColor;stroke-opacity:{short(stroke)}}}"
            for kind, stroke in MODEL_STROKES.items()
            if stroke
        ),
        ".ds .small{stroke-width:.75}.ds .small:not([class*=tone]){fill:none}",
        f".ds .node{{fill:currentColor}}.ds .edge{{fill:none;stroke-width:{EDGE:g}}}",
        f".ds .block{{fill:currentColor;fill-opacity:{short(GROUND)}}}",
        f".ds .changed{{fill:var(--ds-lit,{LIT.css});fill-opacity:{short(CHANGED)}}}",
        f".ds .missing{{fill:none;stroke-dasharray:{' '.join(map(str, MISSING))}}}",
        ".ds-pairs{max-width:860px}@media print{.ds-panels svg{break-inside:avoid}}",
        "@media(forced-colors:active){.ds .chip,.ds .small{fill:Canvas;stroke:CanvasText}}",
    ]
)
"""The further rules for a model."""

ALONE = (
    f":root{{color:{INK.css}}}@media(prefers-color-scheme:dark){{:root{{color:{INK_DARK.css}}}}}"
)
"""The colour of text where a picture is a file of its own, with no page around it."""

FIGURE = (
    ".ds-figure{margin:1em 0}.ds-figure figcaption{font-weight:600;margin:0 0 .4em}"
    ".ds-panels{line-height:0}.ds-panels+.ds-panels{margin-top:14px}"
    ".ds-panels svg{max-width:100%;height:auto;overflow:visible;margin:0 8px 10px 0}"
    ".ds-figure .ds-equation{margin:.5em 0 0;font-family:ui-monospace,'DejaVu Sans Mono',monospace;"
    "font-size:.85em;overflow-wrap:anywhere}"
    ".ds-equation svg{vertical-align:-.1em;margin-right:.5em}"
    ".ds-picture:not(:has(.lit))+.ds-equation svg{display:none}"
    ".ds-on .ds-equation{min-height:3em}.ds-on [data-cell]{cursor:pointer}"
    ".ds-on [data-cell]:focus{outline:2px solid;outline-offset:2px}"
)
"""The rules for a picture in a page, where its tensors wrap below each other."""


def style(*scenes: Scene) -> str:
    """The rules for the marks that these scenes have."""
    kinds = {panel.kind for scene in scenes for panel in scene.panels}
    return STYLE + MODEL if "model" in kinds else STYLE
