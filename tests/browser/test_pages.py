"""The built site as readers see it: in Chromium, on a laptop and on a phone, light and dark."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

SITE = Path(os.environ.get("SITE", "docs/_build/html")).resolve()
PAGES = sorted(path.name for path in SITE.glob("*.html"))
LAPTOP = {"width": 1366, "height": 650}
"""A small laptop: 1366 × 768, less the bars of the browser."""
PHONE = {"width": 360, "height": 740}


PATIENCE = 120_000
"""For how many milliseconds a page is waited for: a busy machine is no fault."""


def opened(chromium: Any, name: str, viewport: dict[str, int], **options: Any) -> Any:
    """A page of the site, which must be silent and ask no host."""
    page = chromium.new_context(viewport=viewport, **options).new_page()
    page.set_default_timeout(PATIENCE)
    faults: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto((SITE / name).as_uri())
    assert not faults
    assert all(url.startswith(("file:", "data:")) for url in asked), asked
    return page


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_a_page_is_silent_and_does_not_scroll_sideways(
    chromium: Any, name: str, scheme: str, viewport: dict[str, int]
) -> None:
    page = opened(chromium, name, viewport, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


@pytest.mark.parametrize(("width", "height"), [(1280, 680), (1366, 650), (1536, 730), (1920, 940)])
def test_the_answer_stands_on_the_first_screen_of_a_laptop(
    chromium: Any, width: int, height: int
) -> None:
    page = opened(chromium, "index.html", {"width": width, "height": height})
    for selector in (
        "h1",
        "h1 + p",
        *(
            f"#{model} {part}"
            for model in ("without", "with")
            for part in ("h2", "figure", "table", "> p")
        ),
    ):
        for box in (it.bounding_box() for it in page.locator(selector).all()):
            assert box["y"] >= 0
            assert box["y"] + box["height"] <= height, selector


@pytest.mark.parametrize("viewport", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_no_words_of_a_picture_touch_or_leave_it(chromium: Any, viewport: dict[str, int]) -> None:
    for name in ("index.html", "flatten.html", "one-number.html", "parameters.html"):
        page = opened(chromium, name, viewport)
        faults = page.evaluate(
            """() => [...document.querySelectorAll("figure svg")].flatMap(svg => {
                const outer = svg.getBoundingClientRect();
                const boxes = [...svg.querySelectorAll("text")].map(
                    it => [it.textContent, it.getBoundingClientRect()]);
                const apart = (a, b) => a.right <= b.left || b.right <= a.left
                    || a.bottom <= b.top + 2 || b.bottom <= a.top + 2;
                const out = boxes.filter(([, b]) => b.left < outer.left - 1 || b.right > outer.right + 1
                    || b.top < outer.top - 2 || b.bottom > outer.bottom + 2).map(([text]) => text);
                const touching = boxes.flatMap(([text, a], i) => boxes.slice(i + 1)
                    .filter(([, b]) => !apart(a, b)).map(([other]) => `${text} / ${other}`));
                return [...out, ...touching];
            })"""
        )
        assert faults == [], name


def test_the_pictures_of_a_phone_stay_inside_its_width(chromium: Any) -> None:
    page = opened(chromium, "index.html", PHONE)
    boxes = [it.bounding_box() for it in page.locator("figure svg").all()]
    assert boxes
    assert all(box["x"] + box["width"] <= PHONE["width"] for box in boxes)


def test_a_picture_is_as_dark_as_its_page(chromium: Any) -> None:
    colours = set()
    for scheme in ("light", "dark"):
        page = opened(chromium, "index.html", LAPTOP, color_scheme=scheme)
        text = page.locator("figure svg text").first
        fill = text.evaluate("it => getComputedStyle(it).fill")
        assert fill == page.evaluate("getComputedStyle(document.querySelector('#without')).color")
        colours.add(fill)
    assert len(colours) == 2
