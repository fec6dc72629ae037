"""The nodes of pictures, and of shapes with a picture, and what HTML makes of them.

They are known to every build of a site, so this module imports nothing that draws.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from docutils import nodes

DATA = re.compile(r"<script\b.*?</script>\n?", re.S)


class picture(nodes.container):  # noqa: N801
    """A picture, and in it the same in words, for a builder that has no pictures.

    Its attribute `kinds` names the kinds of the layers that it shows.
    """


class hover(nodes.inline):  # noqa: N801
    """A shape in the text, with a picture where a reader points at it."""


@dataclass(frozen=True)
class Parts:
    """A picture as HTML, and what it needs once a page: style sheets and scripts."""

    body: str
    styles: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()


class printed(nodes.image):  # noqa: N801
    """A picture as a file for print; LaTeX puts what it shows in words behind it."""


# What HTML makes of them


def visit_picture(self: Any, node: picture) -> None:
    """Write a picture into a page, and leave out the words that stand for it."""
    align = [f"align-{node['align']}"] if "align" in node else []
    self.body.append(self.starttag(node, "div", CLASS=" ".join(["ds-shown", *align])))
    self.body.append(body_for(self, node["parts"]))
    self.body.append("</div>\n")
    raise nodes.SkipNode


def body_for(self: Any, parts: Parts) -> str:
    """The HTML of a picture; a book runs no scripts, and has no use for their data."""
    return DATA.sub("", parts.body) if self.builder.name == "epub" else parts.body


def visit_hover(self: Any, node: hover) -> None:
    """Write a shape into a page; its picture is described once, wherever else it is shown."""
    key = f"ds-{sha256(node['parts'].body.encode()).hexdigest()[:12]}"
    node["key"] = key
    if self.builder.name == "epub":
        return
    self.body.append(f'<span class="ds-hover" tabindex="0" aria-describedby="{key}">')


def depart_hover(self: Any, node: hover) -> None:
    """Write the picture of a shape."""
    if self.builder.name == "epub":
        return
    known = self.__dict__.setdefault("dense_shapes_keys", set())
    name = "" if node["key"] in known else f' id="{node["key"]}"'
    known.add(node["key"])
    self.body.append(
        f'<span class="ds-popup" role="tooltip"{name}>{node["parts"].body}</span></span>'
    )


# What LaTeX makes of a picture

INCLUDED = re.compile(r"\\sphinxincludegraphics(\[[^]]*\])?\{\{[^}]*\}[^}]*\}")


def visit_printed(self: Any, node: printed) -> None:
    """Write an image, and the words that a PDF reader says in its place."""
    start = len(self.body)
    self.visit_image(node)
    text = "".join(self.body[start:])
    said = self.encode(" ".join(node["alt"].replace("→", "to").split()))
    before = f"\\BeginAccSupp{{method=pdfstringdef,unicode,Alt={{{said}}}}}"
    self.body[start:] = [INCLUDED.sub(lambda it: f"{before}{it[0]}\\EndAccSupp{{}}", text)]


def depart_printed(self: Any, node: printed) -> None:
    """Nothing is left to write."""
