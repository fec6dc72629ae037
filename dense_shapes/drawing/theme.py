"""How a picture looks: the style sheet of the SVG and HTML views.

Text and lines take the colour of the text around the picture, and fills are translucent, so that it
fits a light page and a dark one. A page may set the custom properties to colours of its own.
"""

from __future__ import annotations

from dense_shapes.drawing.metrics import SIZES
from dense_shapes.drawing.roles import pen_rules

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
        *(f".ds .{kind}{{font-size:{size:g}px}}" for kind, size in SIZES.items()),
        ".ds .name,.ds .title{font-weight:600}",
        ".ds .shape,.ds .caption,.ds .number{font-family:ui-monospace,'DejaVu Sans Mono',monospace}",
        ".ds .cell,.ds .closed,.ds .key{stroke:currentColor;stroke-opacity:.65}",
        ".ds .frame{fill:none;stroke:currentColor;stroke-opacity:.75;stroke-dasharray:2 3}",
        ".ds .ruler{fill:none;stroke:currentColor;stroke-opacity:.55}",
        *pen_rules(),
        ".ds .pad{fill:none;stroke:currentColor;stroke-opacity:.5;stroke-dasharray:2 2}",
        *(f".ds-{kind} .cell{{fill:var(--ds-{kind},{fill})}}" for kind, fill in FILLS.items()),
        ".ds .closed{fill:currentColor;fill-opacity:.08}",
        ".ds-lit .cell:not(.lit){fill-opacity:.5;stroke-opacity:.4}",
        ".ds .lit{fill:var(--ds-lit,#e4572e);stroke-width:2.5;stroke-opacity:1}",
        ".ds .hollow{stroke-dasharray:2 2}.ds .hollow:not(.lit){fill:none!important}",
        ".ds .lit+.number{fill:#fff;font-weight:700}",
        "@media print{.ds rect{print-color-adjust:exact;-webkit-print-color-adjust:exact}"
        ".ds .lit{fill:none}.ds-lit .cell:not(.lit){fill-opacity:1;stroke-opacity:.65}"
        ".ds .lit+.number{fill:currentColor}}",
        "@media(forced-colors:active){.ds .cell{fill:Canvas;stroke:CanvasText}"
        ".ds .lit{fill:Highlight}.ds .lit+.number{fill:HighlightText}}",
    ]
)
"""The rules for a picture, wherever it stands."""

ALONE = ":root{color:#1b1f24}@media(prefers-color-scheme:dark){:root{color:#e6edf3}}"
"""The colour of text where a picture is a file of its own, with no page around it."""

FIGURE = (
    ".ds-figure{margin:1em 0}.ds-figure figcaption{font-weight:600;margin:0 0 .4em}"
    ".ds-panels{line-height:0}.ds-panels+.ds-panels{margin-top:14px}"
    ".ds-panels svg{max-width:100%;height:auto;overflow:visible;margin:0 8px 10px 0}"
    ".ds-figure .ds-equation{margin:.5em 0 0;font-family:ui-monospace,'DejaVu Sans Mono',monospace;"
    "font-size:.85em;overflow-wrap:anywhere}"
    ".ds-equation svg{vertical-align:-.1em;margin-right:.5em}"
)
"""The rules for a picture in a page, where its tensors wrap below each other."""
