"""What a builder needs beside the nodes: a style sheet on the pages that show something, PDF figures."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

import dense_shapes
from dense_shapes.errors import FormatError
from dense_shapes.sphinx.nodes import hover, picture, printed

TYPE = "dense_shapes"
"""The type of every warning; a site suppresses them by `dense_shapes`, or by `dense_shapes.model`."""
LOGGER = logging.getLogger(__name__)
FOLDER = "dense_shapes"
"""Where the figures for print are kept, in the folder of the doctrees."""

CSS = (
    ".ds-shown{overflow-x:auto;--ds-side:left}"
    "figure.align-default>.ds-shown,figure.align-center>.ds-shown,.ds-shown.align-center"
    "{--ds-side:center}"
    "figure.align-right>.ds-shown,.ds-shown.align-right{--ds-side:right}"
    ".ds-shown .ds-figure figcaption,.ds-shown .ds-equation{text-align:var(--ds-side)}"
    ".ds-shown .ds-panels{text-align:var(--ds-side)}"
    ".ds-figure .ds-panels svg:last-child{margin-bottom:10px}"  # some themes take it away
    "div.ds-summary.ds-summary{width:fit-content;max-width:100%;margin:1em auto}"  # themes widen boxes
    ".ds-summary table{margin-bottom:.5em}.ds-summary .ds-notes{font-size:.9em;margin:0}"
    "table.ds-layers .ds-right,table.ds-layers .ds-right p{text-align:right}"
    "table.ds-layers .ds-right{font-variant-numeric:tabular-nums}"
    "table.ds-layers .ds-short,table.ds-layers code{white-space:nowrap}"
    "table.ds-layers td:not(.ds-short){min-width:16em}"
    ".ds-hover{cursor:help;border-bottom:1px dotted}"
    ".ds-popup{display:none;position:fixed;inset:auto 4vw 1rem;margin:auto;z-index:1000;"
    "width:max-content;max-width:min(92vw,60rem);max-height:80vh;overflow:auto;box-sizing:border-box;"
    "padding:.75rem;border:1px solid;border-radius:.25rem;background:Canvas;color:CanvasText;"
    "font-size:1rem;cursor:auto}"
    ".ds-popup .ds-panels{display:block;margin-top:.5rem}"
    ".ds-hover:hover>.ds-popup,.ds-hover:focus-within>.ds-popup{display:block}"
    ".ds-hover.ds-off>.ds-popup{display:none}"
    "@media print{.ds-popup{display:none!important}.ds-hover{border:0}}"
)
"""The look of what the style sheet of a picture does not know: tables, and shapes in the text."""

SCRIPT = """\
for (const it of document.querySelectorAll(".ds-hover")) {
  const popup = it.querySelector(".ds-popup");
  const show = () => {
    it.classList.remove("ds-off");
    popup.style = "";
    const word = it.getBoundingClientRect(), box = popup.getBoundingClientRect();
    const below = word.bottom + box.height < innerHeight, above = word.top > box.height;
    if (innerWidth < 768 || !(below || above)) return;
    const left = Math.max(8, Math.min(word.left, document.documentElement.clientWidth - box.width - 8));
    const top = below ? word.bottom : word.top - box.height;
    popup.style = `inset: ${top}px auto auto ${left}px; margin: 0`;
  };
  it.addEventListener("mouseenter", show);
  it.addEventListener("focus", show);
  addEventListener("keydown", (event) => event.key === "Escape" && it.classList.add("ds-off"));
}
"""
"""Puts a picture that is shown beside its word, where there is room; Escape hides it."""
READY = "addEventListener('DOMContentLoaded', () => {{\n{}\n}});"
"""A script in the head of a page runs when all of the page is there."""


@cache
def library() -> str:
    """What tells one state of this library from any other: what draws and counts, byte by byte."""
    folder = Path(dense_shapes.__file__).parent
    files = sorted(it for it in folder.rglob("*") if it.suffix in (".py", ".js", ".css"))
    digest = sha256()
    for file in files:
        digest.update(f"{file.relative_to(folder).as_posix()}\0".encode())
        digest.update(sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def note_use(env: Any) -> None:
    """Remember that the page that is read shows what this state of the library makes."""
    env.metadata[env.docname][TYPE] = library()


def outdated(_: Any, env: Any, *__: Iterable[str]) -> list[str]:
    """The pages that show what another state of the library made."""
    return [name for name, known in env.metadata.items() if known.get(TYPE, library()) != library()]


# HTML


def add_style(app: Any, _: str, __: str, context: dict[str, Any], doctree: Any) -> None:
    """Put the style sheet and the scripts into the head of a page, if it shows something of ours."""
    if doctree is None:
        return
    found = [it["parts"] for kind in (picture, hover) for it in doctree.findall(kind)]
    tables = any("ds-layers" in it["classes"] for it in doctree.findall(nodes.table))
    if not found and not tables:
        return
    styles = dict.fromkeys([CSS, *(style for parts in found for style in parts.styles)])
    context["metatags"] += "".join(f"\n<style>{style}</style>" for style in styles)
    if app.builder.name == "epub":
        return
    scripts = dict.fromkeys(script for parts in found for script in parts.scripts)
    if next(doctree.findall(hover), None):
        scripts[SCRIPT] = None
    for script in scripts:
        app.add_js_file(None, body=READY.format(script))


# LaTeX


class Printed(SphinxPostTransform):
    """Puts a PDF in the place of each picture where LaTeX writes the page."""

    default_priority = 50
    formats = ("latex",)

    def run(self, **_: Any) -> None:
        """Replace the pictures; without Matplotlib, by their words."""
        for node in list(self.document.findall(picture)):
            try:
                file = self.file(node)
            except FormatError as error:
                LOGGER.warning(str(error), type=TYPE, subtype="print", location=node, once=True)
                continue
            image = printed(uri=str(file), candidates={"*": str(file)}, alt=node.astext())
            image["classes"] += node["classes"]
            if "align" in node:
                image["align"] = node["align"]
            self.env.images.add_file(self.env.docname, str(file))
            target = [nodes.target(ids=node["ids"])] if node["ids"] else []
            node.replace_self([*target, image])

    def file(self, node: picture) -> Path:
        """The figure as a PDF file, drawn if it was not yet.

        Raises `FormatError` if Matplotlib is not installed.
        """
        display = node["display"]
        name = sha256(f"{library()} {display.to('svg')}".encode()).hexdigest()[:20]
        file = Path(self.env.doctreedir, FOLDER, f"figure-{name}.pdf")
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            half = file.with_name(f"{name}-{os.getpid()}.pdf")
            display.save(half)
            half.replace(file)
        return file
