"""The built site: where it leads, what it asks for, and the pictures of the question in it."""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urldefrag
from xml.etree.ElementTree import Element

import html5lib
import pytest

import dense_shapes
from dense_shapes.rules import OPAQUE, arguments

SITE = Path(os.environ.get("SITE", "docs/_build/html"))
PAGES = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html"))
SVG = "{http://www.w3.org/2000/svg}"
ASKS = {"link": "href", "script": "src", "img": "src", "source": "src", "iframe": "src"}
"""The elements for which a browser asks a host, and the attribute that names it."""


def read(page: str) -> Element:
    """A page as a tree, parsed as a browser would."""
    return parsed(SITE / page)


@cache
def parsed(path: Path) -> Element:
    """A file as a tree; many tests look at each, and parsing takes long."""
    tree: Element = html5lib.parse(path.read_text("utf-8"), namespaceHTMLElements=False)
    return tree


@cache
def anchors(path: Path) -> set[str | None]:
    """What a link into a page may point at."""
    return {element.get("id") for element in parsed(path).iter()}


def words(element: Element) -> str:
    """The text inside an element."""
    return "".join(element.itertext())


def numbers(page: str) -> list[list[str]]:
    """The rows of all the tables of a page."""
    return [[words(cell).strip() for cell in row] for row in read(page).iter("tr")]


def test_the_site_has_every_page() -> None:
    expected = {"index", "flatten", "one-number", "parameters", "eight-ways", "reference"}
    expected |= {
        "any-model",
        "when-shapes-do-not-fit",
        "where-keras-surprises",
        "command-line",
        "extension",
    }
    expected |= {"spec", "json", "architecture", "changelog"}
    assert {f"{name}.html" for name in expected} <= set(PAGES)


def test_the_reference_has_every_public_name() -> None:
    ids = {element.get("id", "") for element in read("reference.html").iter()}
    described = {name.rpartition(".")[2] for name in ids if name.startswith("dense_shapes.")}
    assert set(dense_shapes.__all__) <= described


@pytest.mark.parametrize("page", PAGES)
def test_a_page_asks_no_other_host(page: str) -> None:
    for element in read(page).iter():
        address = element.get(ASKS.get(str(element.tag), ""), "")
        is_meta = element.tag == "link" and element.get("rel") in ("canonical", "alternate")
        assert is_meta or not re.match(r"(https?:)?//", address), address
        assert not re.search(r"url\(['\"]?(https?:)?//", element.get("style", ""))


def test_no_style_sheet_or_script_asks_another_host() -> None:
    for path in [*SITE.rglob("*.css"), *SITE.rglob("*.js")]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"(@import|url\(|fetch\(|import\()\s*['\"]?(https?:)?//", text), path


def test_a_foreign_host_would_be_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bad.html").write_text('<script src="//cdn.example/x.js"></script>')
    monkeypatch.setattr(f"{__name__}.SITE", tmp_path)
    with pytest.raises(AssertionError):
        test_a_page_asks_no_other_host("bad.html")


@pytest.mark.parametrize("page", PAGES)
def test_every_internal_link_leads_somewhere(page: str) -> None:
    for link in read(page).iter("a"):
        address = link.get("href", "")
        if re.match(r"[a-z]+:", address) or not address:
            continue
        path, anchor = urldefrag(unquote(address))
        target = (Path(page).parent / path).as_posix() if path else page
        assert (SITE / target).is_file(), f"{page} links to {address}"
        if anchor and target.endswith(".html"):
            assert anchor in anchors(SITE / target), f"{page} links to {address}"


@pytest.mark.parametrize("page", PAGES)
def test_no_page_shows_an_error(page: str) -> None:
    text = words(read(page))
    assert "Traceback (most recent call last)" not in text or page.endswith("reference.html")
    assert "<Figure" not in text


def test_the_catalogue_has_every_layer_of_keras() -> None:
    """Each with what is known of it, or the reason why it is opaque."""
    rows = {row[0]: row[1] for row in numbers("layers/index.html") if len(row) == 2}
    for kind in arguments():
        assert rows[kind] == "everything" or ": " in rows[kind]
        assert kind not in OPAQUE or rows[kind] == f"opaque: {OPAQUE[kind]}"
    covered = len([kind for kind in arguments() if rows[kind] == "everything"])
    assert f"Of {covered}, rules say everything" in words(read("layers/index.html"))


def test_the_home_page_has_the_numbers_of_both_models() -> None:
    rows = numbers("index.html")
    for row in (
        ["Dense(5)", "(None, 2, 3, 5)", "10"],
        ["Total", "", "89"],
        ["Flatten", "(None, 6)", "0"],
        ["Dense(5)", "(None, 5)", "35"],
        ["Total", "", "114"],
    ):
        assert row in rows


@pytest.mark.parametrize("page", ["index.html", "flatten.html"])
def test_the_pictures_of_both_models_are_in_the_page(page: str) -> None:
    figures = list(read(page).iter("figure"))
    labels = [figure.get("aria-label", "") for figure in figures]
    assert any("The output has shape (2, 3, 5)" in label for label in labels)
    assert any("The kernel has shape (6, 5)" in label for label in labels)
    cells = {"(2, 3, 5)": 30, "(6, 5)": 30}
    for shape, count in cells.items():
        drawn = [
            svg
            for figure in figures
            for svg in figure.iter(SVG + "svg")
            if f" {shape} " in svg.get("aria-label", "")
        ]
        assert drawn
        assert all(len(cells_of(svg)) == count for svg in drawn)


def cells_of(svg: Element) -> list[Element]:
    """The cells of a drawn tensor."""
    return [rect for rect in svg.iter(SVG + "rect") if rect.get("data-cell")]


def test_the_lit_cells_of_the_home_page_are_those_of_the_equation() -> None:
    figure = next(read("index.html").iter("figure"))
    lit = [
        rect.get("data-cell")
        for svg in figure.iter(SVG + "svg")
        for rect in cells_of(svg)
        if "lit" in rect.get("class", "")
    ]
    # By the meaning of Dense: output[r, c, u] reads input[r, c, :], kernel[:, u] and bias[u].
    assert lit == ["0,1,0", "0,3", "3", "0,1,3"]
    assert "output[0, 1, 3] = input[0, 1, 0] × kernel[0, 3] + bias[3]" in words(figure)


def test_keras_itself_speaks_on_the_page_that_compares() -> None:
    text = words(read("flatten.html"))
    assert "Total params: 89 (356.00 B)" in text
    assert "Total params: 114 (456.00 B)" in text
    assert "dense (Dense)" in text


def checks(page: str) -> list[Element]:
    """The lines of a page that say where its pictures were checked."""
    return [it for it in read(page).iter("p") if it.get("class") == "checked"]


def section(path: Path, name: str) -> Element:
    """The section of a page that has this name, or holds it at its top."""
    sections = [it for it in parsed(path).iter("section") if it.get("id") == name]
    holders = [it for it in parsed(path).iter("section") if any(x.get("id") == name for x in it)]
    return [*sections, *holders][0]


def test_a_picture_says_where_it_was_checked_and_the_check_is_there() -> None:
    assert len(checks("index.html")) == 3
    for page in PAGES:
        for link in (link for line in checks(page) for link in line.iter("a")):
            target, _, name = link.get("href", "").partition("#")
            said = words(section((SITE / page).parent / target, name))
            assert "Every claim holds." in said, (page, name)
