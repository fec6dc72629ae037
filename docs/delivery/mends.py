"""What the theme leaves out for those who read with a keyboard or by ear."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

WORDS = {"en": ("Site", "This page"), "zh_CN": ("网站", "本页")}
"""What the two columns beside a page are about."""


def mended(html: str, language: str) -> str:
    """A page in which every box that may scroll is reached, and no two landmarks have the same name."""
    site, page = WORDS[language]
    changes = {
        "<pre>": '<pre tabindex="0">',
        'class="caption" role="heading"': 'class="caption" role="heading" aria-level="2"',
        '<aside class="sidebar-drawer"': f'<aside aria-label="{site}" class="sidebar-drawer"',
        '<aside class="toc-drawer': f'<aside aria-label="{page}" class="toc-drawer',
        '<div class="table-wrapper': '<div tabindex="0" class="table-wrapper',
        '<meta name="viewport" content="width=device-width, initial-scale=1" />': "",  # the second
    }
    for old, new in changes.items():
        html = html.replace(old, new)
    return html


class Unnamed(SphinxPostTransform):
    """Takes from the box that the theme puts around a table the id that is the table's own."""

    formats = ("html",)
    default_priority = 501  # the theme's is 500

    def run(self, **_: Any) -> None:
        """Look at every box."""
        for box in self.document.findall(nodes.container):
            if "table-wrapper" in box["classes"]:
                box["ids"] = []


def write(app: Any, error: Exception | None) -> None:
    """Mend every page."""
    if error or app.builder.name != "html":
        return
    for path in Path(app.outdir).rglob("*.html"):
        html = path.read_text(encoding="utf-8")
        path.write_text(mended(html, app.config.language), encoding="utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Mend when all pages are there."""
    app.add_post_transform(Unnamed)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
