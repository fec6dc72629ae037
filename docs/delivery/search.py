"""A search of our own: shapes and error messages are words in it, and it works from a folder too.

Sphinx's own search leaves numbers and short words out, so it cannot find "(None, 2, 3, 5)".
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .article import sections

WORDS = {
    "en": {
        "title": "Search",
        "label": "A shape, an error message, or words",
        "button": "Search",
        "none": "Nothing was found.",
        "found": "Sections found:",
        "script": "The search needs JavaScript. Every page is in the menu, the words are in the glossary.",
    },
    "zh_CN": {
        "title": "搜索",
        "label": "形状、报错信息或关键词",
        "button": "搜索",
        "none": "没有找到结果。",
        "found": "找到的章节：",
        "script": "搜索需要 JavaScript。所有页面都列在菜单中，术语见术语表。",
    },
}
LEFT_OUT = {"genindex", "py-modindex", "search", "404", "changelog"}


def start(app: Any) -> None:
    """Put our page in the place of Sphinx's."""
    app.builder.search = False
    app.config.html_additional_pages["search"] = "search.html"


def tell(app: Any, pagename: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Give the words of the page to its template."""
    if pagename == "search":
        context["finding"] = WORDS[app.config.language]
        context["title"] = WORDS[app.config.language]["title"]


def write(app: Any, error: Exception | None) -> None:
    """Write the text of all pages into one script, which the search page alone loads."""
    if error or app.builder.name != "html":
        return
    found = []
    for name in sorted(app.env.found_docs - LEFT_OUT):
        parts = sections(Path(app.outdir, f"{name}.html"))
        for part in parts:
            where = f"{name}.html#{part.anchor}" if part is not parts[0] else f"{name}.html"
            found.append([where, parts[0].heading, part.heading, part.text])
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    Path(app.outdir, "_static", "pages.js").write_text(f"var PAGES={text};\n", encoding="utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Write the index when all pages are there."""
    app.connect("builder-inited", start)
    app.connect("html-page-context", tell)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
