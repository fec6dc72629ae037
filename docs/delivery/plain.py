"""`llms.txt` and `llms-full.txt`: the site as plain text, with what its cells printed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .article import Section, sections
from .search import LEFT_OUT

SUMMARY = (
    "What does a layer do to the shape of a tensor, and why? Dense works on the last axis only: "
    "Dense(5) on (None, 2, 3, 1) gives (None, 2, 3, 5) with (1 + 1) × 5 = 10 parameters. "
    "Every number below was printed by code that ran when the site was built."
)


def write(app: Any, error: Exception | None) -> None:
    """Write both files, in the order of the menu."""
    if error or app.builder.name != "html" or app.config.language != "en":
        return
    pages = {name: sections(Path(app.outdir, f"{name}.html")) for name in ordered(app)}
    listed = [
        f"- [{parts[0].heading}]({name}.html): {first(parts)}" for name, parts in pages.items()
    ]
    head = f"# dense_shapes\n\n> {SUMMARY}\n"
    index = [
        head,
        "The whole text, with outputs: [llms-full.txt](llms-full.txt)\n",
        "## Pages\n",
        *listed,
    ]
    full = [head, *(as_text(parts) for parts in pages.values())]
    Path(app.outdir, "llms.txt").write_text("\n".join(index) + "\n", encoding="utf-8")
    Path(app.outdir, "llms-full.txt").write_text("\n\n".join(full) + "\n", encoding="utf-8")


def ordered(app: Any) -> list[str]:
    """The pages in the order of the menu."""
    names, waiting = [], [app.config.root_doc]
    while waiting:
        name = waiting.pop(0)
        if name not in names and name in app.env.found_docs:
            names.append(name)
            waiting = [*app.env.toctree_includes.get(name, []), *waiting]
    return [name for name in names if name not in LEFT_OUT]


def first(parts: tuple[Section, ...]) -> str:
    """The first paragraph of a page."""
    return parts[0].text.partition("\n")[0]


def as_text(parts: tuple[Section, ...]) -> str:
    """A page as text: its sections below each other."""
    marks = ["##", *["###"] * len(parts)]
    return "\n\n".join(
        f"{mark} {it.heading}\n\n{it.text}" for mark, it in zip(marks, parts, strict=False)
    )


def setup(app: Any) -> dict[str, bool]:
    """Write when all pages are there."""
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
