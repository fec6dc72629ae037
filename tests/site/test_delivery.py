"""What reaches readers beside the pages: addresses, cards, plain text, the zip; and how heavy it is."""

from __future__ import annotations

import gzip
import os
import re
import struct
import zipfile
from functools import cache
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree

import html5lib
import pytest

SITE = Path(os.environ.get("SITE", "docs/_build/html"))
PAGES = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html"))
MADE = ("genindex", "py-modindex", "search", "404")
"""Pages that nobody wrote."""
WRITTEN = [page for page in PAGES if Path(page).stem not in MADE]
ROOT = os.environ.get("SITE_URL") or "https://dense-shapes.example/"
KILOBYTE = 1024


@cache
def parsed(page: str) -> html5lib.HTMLParser:
    """A page, with the faults that the parser met."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    parser.tree_ = parser.parse((SITE / page).read_text("utf-8"))
    return parser


def tags(page: str, tag: str, **wanted: str) -> list[ElementTree.Element]:
    """The elements of a page with these attributes."""
    found = parsed(page).tree_.iter(tag)
    return [it for it in found if all(it.get(name) == value for name, value in wanted.items())]


def content(page: str, name: str) -> str:
    """What a page says of itself under this name. There must be one."""
    (tag,) = tags(page, "meta", property=name) or tags(page, "meta", name=name)
    return tag.get("content", "")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_valid_html(page: str) -> None:
    known = {"expected-doctype-but-got-eof"}
    faults = [fault for _, fault, _ in parsed(page).errors if fault not in known]
    assert faults == []
    ids = [it.get("id") for it in parsed(page).tree_.iter() if it.get("id")]
    assert len(ids) == len(set(ids)), [it for it in ids if ids.count(it) > 1]


def test_invalid_html_would_be_found() -> None:
    parser = html5lib.HTMLParser()
    parser.parse("<!doctype html><title>x</title><p></b></p>")
    assert parser.errors


@pytest.mark.parametrize("page", WRITTEN)
def test_a_page_says_what_it_is(page: str) -> None:
    address = (
        ROOT + re.sub(r"(^|/)index\.html$", r"\1", page) if "layers" not in page else ROOT + page
    )
    (canonical,) = tags(page, "link", rel="canonical")
    assert canonical.get("href") == content(page, "og:url") == address
    assert len(content(page, "description")) > 20
    assert content(page, "og:title")
    assert content(page, "og:image") == f"{ROOT}_static/card.png"
    languages = {it.get("hreflang") for it in tags(page, "link", rel="alternate")}
    assert languages == {"en", "zh-Hans"}


def test_no_two_pages_have_the_same_title() -> None:
    for folder in ("", "zh/"):
        pages = [page for page in WRITTEN if page.startswith("zh/") == bool(folder)]
        titles = ["".join(next(iter(tags(page, "title"))).itertext()) for page in pages]
        assert len(titles) == len(set(titles))


@pytest.mark.parametrize("page", [page for page in PAGES if Path(page).stem != "404"])
def test_a_page_leads_to_itself_in_the_other_language(page: str) -> None:
    (link,) = [it for it in tags(page, "a", rel="alternate") if it.get("hreflang")]
    other = (SITE / page).parent / link.get("href", "")
    expected = page.removeprefix("zh/") if page.startswith("zh/") else f"zh/{page}"
    assert other.resolve() == (SITE / expected).resolve()
    assert other.is_file()


@pytest.mark.parametrize("page", WRITTEN)
def test_a_page_says_from_what_it_was_made(page: str) -> None:
    (footer,) = tags(page, "p", **{"class": "provenance"})
    text = "".join(footer.itertext())
    assert f"Keras {version('keras')}" in text
    assert f"NumPy {version('numpy')}" in text
    assert re.search(r"[0-9a-f]{7,} (of|。)|\d{4}-\d\d-\d\d|without its history|不含提交历史", text)


@pytest.mark.parametrize("page", WRITTEN)
def test_formulas_are_drawn_by_the_browser_itself(page: str) -> None:
    text = (SITE / page).read_text("utf-8")
    assert "MathJax" not in text
    assert not re.search(
        r"\\[(\[]", re.sub(r"<(pre|script|style).*?</\1>", "", text, flags=re.DOTALL)
    )


def test_there_are_formulas() -> None:
    math = "{http://www.w3.org/1998/Math/MathML}math"
    assert tags("parameters.html", math)
    assert tags("zh/one-number.html", math)


def test_the_map_has_every_page() -> None:
    tree = ElementTree.parse(SITE / "sitemap.xml")
    space = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    listed = {it.text for it in tree.iter(f"{space}loc")}
    shown = {re.sub(r"^(zh/)?index\.html$", r"\1", page) for page in WRITTEN}
    assert listed == {ROOT + page for page in shown}


def test_the_card_has_the_size_that_is_announced() -> None:
    data = (SITE / "_static" / "card.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", data[16:24]) == (1200, 630)
    assert len(data) < 100 * KILOBYTE


def test_the_plain_text_has_what_the_cells_printed() -> None:
    text = (SITE / "llms-full.txt").read_text("utf-8")
    for printed in (
        "rank 6: (7, 2, 1, 2, 3, 4) -> (7, 2, 1, 2, 3, 5)",  # an output of axes.md
        "Total params: 89 (356.00 B)",  # Keras itself, in flatten.md
        "expected min_ndim=2, found ndim=1",  # an error, in questions.md
        "The output has shape (2, 3, 5)",  # a picture, in words
        "dense | Dense | (None, 2, 3, 1) | (None, 2, 3, 5) | 10 | (1 + 1) × 5",  # a table
    ):
        assert printed in text


def test_the_list_for_machines_leads_somewhere() -> None:
    text = (SITE / "llms.txt").read_text("utf-8")
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert len(links) > 15
    assert all((SITE / link).is_file() for link in links)


def test_the_zip_has_the_whole_site() -> None:
    with zipfile.ZipFile(SITE / "dense_shapes-site.zip") as archive:
        packed = {name.partition("/")[2] for name in archive.namelist()}
    files = {path.relative_to(SITE).as_posix() for path in SITE.rglob("*") if path.is_file()}
    assert packed == files - {"dense_shapes-site.zip"}


def test_the_page_for_a_wrong_address_needs_no_other_file() -> None:
    assert not tags("404.html", "script")
    assert not [it for it in tags("404.html", "link") if it.get("rel") == "stylesheet"]


def asked(page: str) -> set[Path]:
    """The files that a browser asks for when it opens a page."""
    folder = (SITE / page).parent
    links = [it for it in tags(page, "link") if it.get("rel") in ("stylesheet", "shortcut icon")]
    names = [
        *(it.get("href", "") for it in links),
        *(it.get("src", "") for it in tags(page, "script")),
    ]
    names += [it.get("src", "") for it in tags(page, "img")]
    return {SITE / page, *(folder / name.partition("?")[0] for name in names if name)}


@pytest.mark.parametrize("page", ["index.html", "zh/index.html"])
def test_the_home_page_is_light(page: str) -> None:
    files = asked(page)
    assert len(files) <= 15
    sent = sum(len(gzip.compress(path.read_bytes())) for path in files)
    assert sent <= 150 * KILOBYTE


@pytest.mark.parametrize("page", PAGES)
def test_no_page_moves_while_it_loads(page: str) -> None:
    """Every picture has its size in the page."""
    for tag in ("img", "iframe", "video"):
        assert all(it.get("width") and it.get("height") for it in tags(page, tag))
