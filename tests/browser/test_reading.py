"""The site as it is used: searched, printed, zoomed, without a mouse, without scripts, by everyone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import SITE

Visit = Callable[..., Any]
QUESTIONS = json.loads((Path(__file__).parent.parent / "questions.json").read_text("utf-8"))
KINDS = [
    "index.html",
    "axes.html",
    "one-number.html",
    "questions.html",
    "glossary.html",
    "other-libraries.html",
    "layers/index.html",
    "layers/core.html",
    "reference.html",
    "search.html?q=(None,+2,+3,+5)",
    "genindex.html",
    "404.html",
    "zh/index.html",
    "zh/questions.html",
]
"""A page of each kind."""
EVERY = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html"))
ANSWERS = {
    "so-57690048": ("index.html", "questions.html", "flatten.html"),
    "keras-9813": ("questions.html",),
}
"""Pages that answer a question, where it is not the page of questions alone."""


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault(visit: Visit, name: str, scheme: str) -> None:
    page = visit(name, color_scheme=scheme)
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("name", EVERY)
def test_no_page_scrolls_sideways_on_the_smallest_screen(visit: Visit, name: str) -> None:
    page = visit(name, width=320, height=640)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def results(page: Any) -> list[str]:
    """The addresses that a search found, in order."""
    links = page.locator("#found a")
    return [link.get_attribute("href") for link in links.all()]


@pytest.mark.parametrize("question", [pytest.param(it, id=it["id"]) for it in QUESTIONS])
def test_a_question_is_found_in_the_first_three(visit: Visit, question: dict[str, Any]) -> None:
    page = visit("search.html")
    page.locator("#query").fill(question["question"])
    found = results(page)[:3]
    heading = page.locator(f'a[href="{question["url"]}"]')
    assert heading.count() == 0  # the search page itself links to no source
    answer = visit("questions.html").locator(f'section:has(> p a[href="{question["url"]}"])').last
    anchor = f"questions.html#{answer.get_attribute('id')}"
    assert anchor in found or set(ANSWERS.get(question["id"], ())) & set(found)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("(None, 2, 3, 5)", "index.html"),
        ("(None,2,3,5)", "index.html"),
        ("expected min_ndim=2, found ndim=1", "axes.html#rank-1-an-error"),
        (
            "Expected shape (None, 10, 8), but input has incompatible shape (32, 80)",
            "questions.html#",
        ),
        ("Shapes used to initialize variables must be fully-defined", "axes.html#what-is-none"),
        ("EinsumDense", "other-axis.html#einsumdense-name-the-axes"),
        ("TimeDistributed", "eight-ways.html#timedistributed"),
    ],
)
def test_shapes_and_error_messages_are_found(visit: Visit, query: str, wanted: str) -> None:
    page = visit("search.html")
    page.locator("#query").fill(query)
    assert any(found.startswith(wanted) for found in results(page)[:3]), results(page)[:5]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("只作用于最后一个轴", "index.html"),
        ("参数量怎么算", "parameters.html"),
        ("展平", "flatten"),
        ("广播", "broadcasting.html"),
        ("(None, 2, 3, 5)", "index.html"),
    ],
)
def test_chinese_is_found(visit: Visit, query: str, wanted: str) -> None:
    page = visit("zh/search.html")
    page.locator("#query").fill(query)
    assert any(found.startswith(wanted) for found in results(page)[:3]), results(page)[:5]


def test_the_search_says_when_nothing_is_found(visit: Visit) -> None:
    page = visit("search.html?q=qwertyuiop")
    assert results(page) == []
    assert page.locator("#said").text_content() == "Nothing was found."


def test_the_search_works_from_a_folder(chromium: Any) -> None:
    page = chromium.new_page()
    page.goto((SITE / "search.html").as_uri() + "?q=(None, 2, 3, 5)")
    assert results(page)
    page.close()


def test_the_search_field_of_every_page_leads_to_results(visit: Visit) -> None:
    page = visit("layers/index.html")
    page.locator(".sidebar-search").fill("Flatten")
    page.locator(".sidebar-search").press("Enter")
    page.wait_for_selector("#found a")
    page.locator("#found a").first.click()
    assert page.locator("h1").count() == 1


@pytest.mark.parametrize("name", ["index.html", "axes.html", "zh/index.html"])
def test_a_page_is_complete_without_scripts(visit: Visit, name: str) -> None:
    page = visit(name, java_script_enabled=False)
    figure = page.locator("figure svg rect").first
    assert figure.is_visible()
    assert page.locator(".sidebar-tree a").first.is_visible()
    assert not page.locator("article :is(p, pre, table, h2)").filter(visible=False).count()


def test_the_search_page_says_that_it_needs_scripts(visit: Visit) -> None:
    page = visit("search.html", java_script_enabled=False)
    assert "needs JavaScript" in page.locator("noscript").inner_text()


def test_the_first_key_skips_to_the_content(visit: Visit) -> None:
    page = visit("axes.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent").strip() == "Skip to content"
    page.keyboard.press("Enter")
    assert page.url.endswith("#furo-main-content")


def test_every_box_that_scrolls_is_reached_by_keyboard(visit: Visit) -> None:
    page = visit("questions.html", width=360)
    unreachable = page.evaluate(
        """[...document.querySelectorAll("article *")].filter(it =>
            it.scrollWidth > it.clientWidth + 1
            && ["auto", "scroll"].includes(getComputedStyle(it).overflowX)
            && it.tabIndex < 0 && !it.querySelector("a, button, [tabindex]")).length"""
    )
    assert unreachable == 0


def test_the_theme_is_switched_and_kept(visit: Visit) -> None:
    page = visit("index.html")
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    for _ in range(2):
        page.locator(".theme-toggle-content .theme-toggle").click()
    themes = page.evaluate("[document.body.dataset.theme, localStorage.getItem('theme')]")
    assert themes[0] == themes[1]
    page.evaluate("document.body.dataset.theme = 'dark'")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before


@pytest.mark.parametrize("name", ["index.html", "flatten.html", "questions.html", "zh/index.html"])
def test_a_page_prints(visit: Visit, name: str, tmp_path: Path) -> None:
    page = visit(name)
    page.emulate_media(media="print")
    for hidden in (".sidebar-drawer", ".copybtn", ".related-pages", ".mobile-header"):
        assert not page.locator(hidden).filter(visible=True).count()
    page.pdf(path=tmp_path / "page.pdf", format="A4", print_background=True)
    data = (tmp_path / "page.pdf").read_bytes()
    assert data.startswith(b"%PDF-")
    assert len(data) > 20_000


def test_nothing_moves_for_those_who_asked_for_it(visit: Visit) -> None:
    page = visit("index.html", reduced_motion="reduce")
    moving = page.evaluate(
        """[...document.querySelectorAll("*")].filter(it =>
            getComputedStyle(it).transitionDuration.split(",").some(time => parseFloat(time) > 0)).length"""
    )
    assert moving == 0


@pytest.mark.parametrize("width", [1280, 412])
def test_the_home_page_asks_for_little(visit: Visit, width: int) -> None:
    page = visit("index.html", width, 823)
    asked = page.evaluate("performance.getEntriesByType('resource').length")
    assert asked + 1 <= 15
    shift = page.evaluate(
        """new Promise(done => { let sum = 0;
            new PerformanceObserver(list => list.getEntries().forEach(it => sum += it.value))
                .observe({type: "layout-shift", buffered: true});
            setTimeout(() => done(sum), 500); })"""
    )
    assert shift == 0


def test_keras_prints_its_summary_unwrapped_on_a_phone(visit: Visit) -> None:
    page = visit("flatten.html", width=360)
    boxes = page.locator("pre").filter(has_text='Model: "without"').first
    lines = boxes.inner_text().splitlines()
    assert any(line.startswith("┃ Layer (type)") and line.rstrip().endswith("┃") for line in lines)
    assert boxes.evaluate("it => getComputedStyle(it).whiteSpace") == "pre"
    size = boxes.evaluate("it => parseFloat(getComputedStyle(it).fontSize)")
    assert size >= 11
