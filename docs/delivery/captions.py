"""What stands below each picture: that it was checked against Keras, and where the check is."""

from __future__ import annotations

from typing import Any

import catalogue
from docutils import nodes

from dense_shapes.sphinx.nodes import picture

WORDS = {"en": ("Checked against Keras: ", ", "), "zh_CN": ("已与 Keras 核对：", "、")}
MANY = 8
"""How many kinds of layers are named below a picture at most; a page of links helps nobody."""


def add(app: Any, doctree: nodes.document, docname: str) -> None:
    """Say below each picture of which kinds its layers are, each with the way to its proof.

    In the catalogue, the proof itself stands there.
    """
    before, between = WORDS[app.config.language]
    for node in list(doctree.findall(picture)):
        places = [(kind, catalogue.place(kind)) for kind in node["kinds"]]
        known = [(kind, place) for kind, place in places if place and place[0] != docname][:MANY]
        if not known:
            continue
        line = nodes.paragraph("", before, classes=["checked"], translatable=False)
        for number, (kind, (page, anchor)) in enumerate(known):
            uri = app.builder.get_relative_uri(docname, page)
            line += nodes.Text(between if number else "")
            line += nodes.reference("", kind, refuri=f"{uri}#{anchor}", internal=True)
        if isinstance(node.parent, nodes.figure):
            node.parent.append(nodes.legend("", line))
        else:
            node.parent.insert(node.parent.index(node) + 1, line)


def setup(app: Any) -> dict[str, bool]:
    """Add the lines when a page is complete."""
    app.connect("doctree-resolved", add)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
