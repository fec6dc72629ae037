"""How a picture looks: the style sheet of the SVG and HTML views.

Text and lines take the colour of the text around the picture, and fills are translucent, so that it
fits a light page and a dark one. A page may set the custom properties to colours of its own.
"""

from __future__ import annotations

from dense_shapes.drawing.metrics import SIZES
from dense_shapes.drawing.scene import Scene

FILLS = {
    "input": "rgb(40 140 230/.38)",
    "kernel": "rgb(240 160 0/.42)",
    "bias": "rgb(205 90 165/.38)",
    "output": "rgb(0 160 110/.36)",
}

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
        ".ds .name,.ds .title{font-weight:600}",
        ".ds .shape,.ds .caption{font-family:ui-monospace,'DejaVu Sans Mono',monospace}",
        ".ds .cell,.ds .closed,.ds .key{stroke:currentColor;stroke-opacity:.65}",
        ".ds .frame{fill:none;stroke:currentColor;stroke-opacity:.75;stroke-dasharray:2 3}",
        ".ds .ruler{fill:none;stroke:currentColor;stroke-opacity:.55}",
        *(f".ds-{kind} .cell{{fill:var(--ds-{kind},{fill})}}" for kind, fill in FILLS.items()),
        ".ds .closed{fill:currentColor;fill-opacity:.08}",
        ".ds-lit .cell:not(.lit){fill-opacity:.5;stroke-opacity:.4}",
        ".ds .lit{fill:var(--ds-lit,#e4572e);stroke-width:2.5;stroke-opacity:1}",
        "@media print{.ds rect{print-color-adjust:exact;-webkit-print-color-adjust:exact}}",
        "@media(forced-colors:active){.ds .cell{fill:Canvas;stroke:CanvasText}"
        ".ds .lit{fill:Highlight}}",
    ]
)
"""The rules for a picture, wherever it stands."""

TONES = (
    *("rgb(0 114 178/.34)", "rgb(230 159 0/.40)", "rgb(0 158 115/.34)", "rgb(204 121 167/.42)"),
    *("rgb(86 180 233/.38)", "rgb(213 94 0/.34)", "rgb(150 130 20/.36)", "rgb(120 90 200/.34)"),
)
"""The colours that say where an axis comes from, those of Okabe and Ito first; each chip has a letter
too. Source: jfly.uni-koeln.de/color, chosen so that colour-blind readers tell them apart."""

MODEL = "".join(
    [
        f".ds .letter{{font-size:{SIZES['letter']:g}px;font-weight:700}}",
        *(f".ds .tone{n}{{fill:var(--ds-tone-{n},{fill})}}" for n, fill in enumerate(TONES)),
        ".ds .chip,.ds .small{stroke:currentColor;stroke-opacity:.45}",
        ".ds .small{stroke-width:.75}.ds .small:not([class*=tone]){fill:none}",
        ".ds .node{fill:currentColor}.ds .edge{fill:none;stroke:currentColor;stroke-opacity:.6;"
        "stroke-width:1.5}",
        ".ds .block{fill:currentColor;fill-opacity:.07}",
        ".ds .changed,.ds .missing{fill:var(--ds-lit,#e4572e);fill-opacity:.1;stroke:currentColor;"
        "stroke-opacity:.8}.ds .missing{fill:none;stroke-dasharray:3 4;stroke-opacity:.5}",
        ".ds-pairs{max-width:860px}@media print{.ds-panels svg{break-inside:avoid}}",
        "@media(forced-colors:active){.ds .chip,.ds .small{fill:Canvas;stroke:CanvasText}}",
    ]
)
"""The further rules for a model."""

ALONE = ":root{color:#1b1f24}@media(prefers-color-scheme:dark){:root{color:#e6edf3}}"
"""The colour of text where a picture is a file of its own, with no page around it."""

FIGURE = (
    ".ds-figure{margin:1em 0}.ds-figure figcaption{font-weight:600;margin:0 0 .4em}"
    ".ds-panels{display:flex;flex-wrap:wrap;align-items:flex-start;gap:8px}"
    ".ds-panels svg{max-width:100%;height:auto;overflow:visible}"
    ".ds-figure .ds-equation{margin:.5em 0 0;font-family:ui-monospace,'DejaVu Sans Mono',monospace;"
    "font-size:.85em;overflow-wrap:anywhere}"
    ".ds-equation svg{vertical-align:-.1em;margin-right:.5em}"
)
"""The rules for a picture in a page, where its tensors wrap below each other."""


def style(scene: Scene) -> str:
    """The rules for the marks that a scene has."""
    return STYLE + MODEL if any(panel.kind == "model" for panel in scene.panels) else STYLE
