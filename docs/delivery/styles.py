"""One style sheet in the place of six, and no script that a page does not use: fewer requests."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

UNUSED = ("doctools", "sphinx_highlight", "translations", "require", "embed-amd")
"""Scripts that only Sphinx's own search and the widgets of notebooks need."""


def join(app: Any, pagename: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Name one style sheet and the scripts that are left."""
    if app.builder.format != "html":
        return
    files = [str(getattr(it, "filename", it)) for it in context["css_files"]]
    app.sheets = [name.partition("?")[0] for name in files]
    context["css_files"] = [f"_static/all.css?v={digest(app)}"]
    context["script_files"] = [
        script
        for script in context["script_files"]
        if not any(word in str(getattr(script, "filename", script)) for word in UNUSED)
    ]


def digest(app: Any) -> str:
    """A short name for the content of the site's own style sheet, so that browsers fetch a new one."""
    text = Path(app.srcdir, "_static", "site.css").read_bytes()
    return hashlib.sha256(text).hexdigest()[:8]


def write(app: Any, error: Exception | None) -> None:
    """Write the sheets one after another, without comments and indents."""
    sheets = getattr(app, "sheets", None)
    if error or not sheets:
        return
    texts = [Path(app.outdir, name).read_text(encoding="utf-8") for name in sheets]
    small = re.sub(r"/\*.*?\*/", "", "\n".join(texts), flags=re.DOTALL)
    small = re.sub(r"\s*\n\s*", "\n", small)
    Path(app.outdir, "_static", "all.css").write_text(small.strip() + "\n", encoding="utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Come after everyone who adds a sheet."""
    app.connect("html-page-context", join, priority=900)
    app.connect("build-finished", write, priority=900)  # Furo writes its colours of code last
    return {"parallel_read_safe": True, "parallel_write_safe": False}
