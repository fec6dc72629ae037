"""The text of a built page, section by section: what a reader sees, the outputs of its cells included."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup, Tag

HEADINGS = ("h1", "h2", "h3", "h4")
DRAWN = re.compile(r"<(svg|style|script)\b.*?</\1>", re.S)
"""What is no text, and most of a page: without it, a page is read in a fifth of the time."""


@dataclass(frozen=True)
class Section:
    """A heading with what stands below it, up to the next heading."""

    anchor: str
    heading: str
    text: str


@cache
def sections(page: Path) -> tuple[Section, ...]:
    """The sections of a page; none if it has no article."""
    soup = BeautifulSoup(DRAWN.sub("", page.read_text(encoding="utf-8")), "html.parser")
    article = soup.find("article")
    if not isinstance(article, Tag):
        return ()
    tidy(article)
    found = []
    for section in article.find_all("section"):
        heading = section.find(HEADINGS, recursive=False)
        if isinstance(heading, Tag):
            body = "\n\n".join(filter(None, (words(it) for it in own(section))))
            found.append(Section(str(section.get("id", "")), line(heading), body))
    return tuple(found)


def tidy(article: Tag) -> None:
    """Take away what is no text, and put a picture's text alternative in its place."""
    for unwanted in article.select("a.headerlink, button, input, .ds-popup"):
        unwanted.decompose()
    for figure in article.find_all("figure"):
        label = str(figure.get("aria-label", ""))
        equation = figure.find(class_="ds-equation")
        said = [label, line(equation)] if isinstance(equation, Tag) else [label]
        figure.replace_with(make(f"[Picture: {' '.join(filter(None, said))}]"))


def make(text: str) -> Tag:
    """A paragraph with this text."""
    tag = BeautifulSoup("", "html.parser").new_tag("p")
    tag.string = text
    return tag


def own(section: Tag) -> Iterator[Tag]:
    """What stands in a section itself, and not in a section below it."""
    for child in section.find_all(True, recursive=False):
        if child.name not in ("section", "span", *HEADINGS):
            yield child


def words(element: Tag) -> str:
    """An element as plain text: code and outputs keep their lines, tables their columns."""
    if element.name == "pre":
        return str(element.get_text()).strip("\n")
    if element.name == "table":
        rows = (
            " | ".join(line(it) for it in row.find_all(("th", "td")))
            for row in element.find_all("tr")
        )
        return "\n".join(rows)
    if element.name in ("ul", "ol"):
        return "\n".join(f"- {line(it)}" for it in element.find_all("li", recursive=False))
    if element.find(("pre", "table", "ul", "ol", "p", "dl", "div")):
        parts = (words(it) for it in element.find_all(True, recursive=False))
        return "\n\n".join(filter(None, parts))
    return line(element)


def line(element: Any) -> str:
    """The text of an element in one line."""
    return re.sub(r"\s+", " ", str(element.get_text())).strip()
