"""Pictures in a page light up what a cell reads: by mouse, by touch, by keys, and in words."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from dense_shapes.axes import Cell
from dense_shapes.display import Display, draw, report
from dense_shapes.traces import Layer
from dense_shapes.views.html import figure
from dense_shapes.views.lights import HINT, script
from tests.models import MODEL_A, MODEL_B, chain, opaque

Lit: TypeAlias = dict[str, set[Cell]]

DENSE, CONV = MODEL_B["dense"], MODEL_B["conv2d"]
FLAT = MODEL_A["flatten"], MODEL_A["dense"]
PHONE = {"width": 360, "height": 740}
HEAD = (
    '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>it</title>'
    '<meta name="viewport" content="width=device-width">'
)
LIT = """() => [...document.querySelectorAll(".ds-panels svg")].flatMap(svg =>
    [...svg.querySelectorAll(".cell.lit")].map(it =>
        [svg.querySelector(".name").textContent, it.dataset.cell]))"""


def opened(chromium: Any, folder: Path, *shown: Display | str, **options: Any) -> Any:
    """A page with these pictures, which must be silent."""
    parts = [it if isinstance(it, str) else it.to("html") for it in shown]
    (folder / "page.html").write_text(HEAD + "".join(parts), encoding="utf-8")
    page = chromium.new_context(**options).new_page()
    page.set_default_timeout(120_000)  # a busy machine is no fault
    page.faults = []
    page.on("console", lambda message: page.faults.append(message.text))
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.goto((folder / "page.html").as_uri())
    return page


def cell_of(page: Any, panel: str, cell: Cell) -> Any:
    """A drawn cell of a panel."""
    place = ",".join(map(str, cell))
    inside = page.locator(".ds-panels svg", has=page.locator(f'.name:text-is("{panel}")'))
    return inside.locator(f'[data-cell="{place}"]')


def lit(page: Any) -> Lit:
    """The lit cells of a page by the names of their panels."""
    assert page.faults == []
    found: Lit = {}
    for panel, cell in page.evaluate(LIT):
        found.setdefault(panel, set()).add(tuple(map(int, cell.split(","))))
    return found


def said(page: Any) -> str:
    """What the live region of a page says."""
    text: str = page.locator(".ds-equation[aria-live=polite]").inner_text()
    return text


def read_by(layer: Layer, cell: Cell) -> Lit:
    """What an output cell reads, and itself."""
    reads = layer.reads(cell)
    found = {"input": set(reads.of(0)), "output": {cell}}
    return found | {weight.name: set(reads.of(weight.name)) for weight in layer.weights}


def cells_of(layer: Layer) -> list[Cell]:
    """Every output cell of a small layer with three axes after the batch."""
    rows, columns, last = (size or 0 for size in layer.outputs[0].shape[1:])
    return [(r, c, n) for r in range(rows) for c in range(columns) for n in range(last)]


@pytest.mark.parametrize("cell", [(0, 0, 0), (1, 1, 3)])
def test_an_output_cell_lights_what_it_reads(chromium: Any, tmp_path: Path, cell: Cell) -> None:
    page = opened(chromium, tmp_path, draw(DENSE))
    cell_of(page, "output", cell).hover()
    assert lit(page) == read_by(DENSE, cell)
    row, column, unit = cell
    assert said(page) == (
        f"output[{row}, {column}, {unit}] = "
        f"input[{row}, {column}, 0] × kernel[0, {unit}] + bias[{unit}]"
    )


def test_every_drawn_output_cell_lights_what_it_reads(chromium: Any, tmp_path: Path) -> None:
    page = opened(chromium, tmp_path, draw(DENSE))
    for cell in cells_of(DENSE):
        cell_of(page, "output", cell).dispatch_event("pointerover", {"bubbles": True})
        assert lit(page) == read_by(DENSE, cell)


@pytest.mark.parametrize(
    ("panel", "cell", "count"), [("input", (1, 2, 0), 5), ("kernel", (0, 4), 6), ("bias", (0,), 6)]
)
def test_another_cell_lights_the_outputs_that_read_it(
    chromium: Any, tmp_path: Path, panel: str, cell: Cell, count: int
) -> None:
    page = opened(chromium, tmp_path, draw(DENSE))
    cell_of(page, panel, cell).hover()
    users = {it for it in cells_of(DENSE) if cell in read_by(DENSE, it)[panel]}
    assert len(users) == count
    assert lit(page) == {panel: {cell}, "output": users}
    name = f"{panel}{list(cell)}"
    assert said(page) == f"{name} is read by {count} of the 30 numbers of the output"


def test_only_what_is_drawn_is_counted_where_cells_are_left_out(
    chromium: Any, tmp_path: Path
) -> None:
    page = opened(chromium, tmp_path, draw(CONV))
    cell_of(page, "kernel", (0, 1, 0, 1)).hover()
    # 3 x 4 positions x 3 of the 8 filters are drawn; the weight is used at each of the 12 positions.
    assert said(page) == "kernel[0, 1, 0, 1] is read by 12 of the 36 drawn numbers of the output"
    assert lit(page)["output"] == {(row, column, 1) for row in range(3) for column in range(4)}


def test_a_light_goes_back_through_layers_that_follow_each_other(
    chromium: Any, tmp_path: Path
) -> None:
    page = opened(chromium, tmp_path, draw(*FLAT))
    cell_of(page, "output", (3,)).hover()
    found = lit(page)
    assert found["flatten"] == {(place,) for place in range(6)}
    assert found["input"] == {(row, column, 0) for row in range(2) for column in range(3)}
    assert found["kernel"] == {(place, 3) for place in range(6)}
    cell_of(page, "input", (1, 0, 0)).hover()
    assert lit(page) == {"input": {(1, 0, 0)}, "output": {(unit,) for unit in range(5)}}


def test_the_drawn_light_comes_back(chromium: Any, tmp_path: Path) -> None:
    page = opened(chromium, tmp_path, draw(DENSE, cell=(1, 2, 4)))
    drawn, words = lit(page), said(page)
    cell_of(page, "output", (0, 0, 0)).hover()
    assert lit(page) != drawn
    page.mouse.move(0, 0)
    assert lit(page) == drawn == read_by(DENSE, (1, 2, 4))
    assert said(page) == words


def test_a_tap_lights_a_cell_until_another_place_is_tapped(chromium: Any, tmp_path: Path) -> None:
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    page = opened(chromium, tmp_path, draw(DENSE), **phone)
    assert said(page) == HINT
    cell_of(page, "output", (1, 1, 3)).tap()
    assert lit(page) == read_by(DENSE, (1, 1, 3))
    cell_of(page, "output", (0, 1, 3)).tap()
    assert lit(page) == read_by(DENSE, (0, 1, 3))
    page.locator("figcaption").tap()
    assert lit(page) == {}
    assert said(page) == HINT


def test_the_keys_walk_along_the_axes(chromium: Any, tmp_path: Path) -> None:
    page = opened(chromium, tmp_path, draw(DENSE, cell=(0, 0, 4)))
    page.keyboard.press("Tab")
    for key, cell in [
        ("ArrowLeft", (0, 0, 3)),
        ("ArrowDown", (1, 0, 3)),
        ("ArrowDown", (1, 0, 3)),  # the last row
        ("ArrowRight", (1, 0, 4)),
        ("ArrowRight", (1, 1, 0)),  # the next position
        ("ArrowUp", (0, 1, 0)),
        ("ArrowUp", (0, 1, 0)),
    ]:
        page.keyboard.press(key)
        assert lit(page) == read_by(DENSE, cell), key
    page.keyboard.press("Escape")
    assert lit(page) == read_by(DENSE, (0, 0, 4))
    page.keyboard.press("ArrowRight")
    assert lit(page) == read_by(DENSE, (0, 1, 1))


def test_the_keys_go_on_into_the_next_tensor(chromium: Any, tmp_path: Path) -> None:
    page = opened(chromium, tmp_path, draw(DENSE, cell=(0, 0, 0)))
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowLeft")
    assert lit(page)["bias"] == {(4,)}
    page.keyboard.press("ArrowRight")
    assert lit(page) == read_by(DENSE, (0, 0, 0))


def test_a_picture_is_one_stop_of_the_tab_key(chromium: Any, tmp_path: Path) -> None:
    page = opened(chromium, tmp_path, draw(DENSE), draw(CONV), '<a href="#">end</a>')
    for _ in range(3):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "end"
    page.keyboard.press("Shift+Tab")
    label = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert label == "output[0, 0, 0]"


def test_what_is_lit_is_said_to_assistive_technology(chromium: Any, tmp_path: Path) -> None:
    page = opened(chromium, tmp_path, draw(DENSE))
    cell_of(page, "output", (1, 2, 4)).focus()
    chosen = page.get_by_role("option", selected=True)
    names = [it.get_attribute("aria-label") for it in chosen.all()]
    assert names == ["input[1, 2, 0]", "kernel[0, 4]", "bias[4]", "output[1, 2, 4]"]


def test_a_script_that_stands_there_several_times_does_its_work_once(
    chromium: Any, tmp_path: Path
) -> None:
    again = f"<script>{script()}</script>"
    page = opened(chromium, tmp_path, draw(DENSE), draw(DENSE), again, again)
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")  # listened to twice, it would go two cells
    assert lit(page)["output"] == {(0, 0, 1)}


def test_a_strict_page_allows_it(chromium: Any, tmp_path: Path) -> None:
    policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-it'"
    page = opened(
        chromium,
        tmp_path,
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        figure(draw(DENSE).content, alone=False),  # type: ignore[arg-type]
        f'<script nonce="it">{script()}</script>',
    )
    cell_of(page, "output", (1, 2, 4)).focus()
    assert lit(page) == read_by(DENSE, (1, 2, 4))


def test_without_a_script_everything_is_still_there(chromium: Any, tmp_path: Path) -> None:
    page = opened(chromium, tmp_path, draw(DENSE, cell=(1, 2, 4)), java_script_enabled=False)
    assert page.locator(".cell").count() == 6 + 5 + 5 + 30
    assert page.locator(".ds-panels .cell.lit").count() == 4
    assert page.locator(".ds-equation").inner_text().startswith("output[1, 2, 4] = ")


def test_a_closed_box_does_not_light_up(chromium: Any, tmp_path: Path) -> None:
    page = opened(chromium, tmp_path, draw(opaque("mystery", (None, 3), (None, 5))))
    cell_of(page, "output", (2,)).hover()
    assert lit(page) == {}
    assert page.locator(".ds-equation").count() == 0


def test_nothing_moves(chromium: Any, tmp_path: Path) -> None:
    text = draw(DENSE).to("html")
    assert not re.search(r"transition|animation|@keyframes", text)
    page = opened(chromium, tmp_path, text)
    before = page.locator(".ds-figure").bounding_box()
    cell_of(page, "output", (1, 2, 4)).hover()
    assert page.locator(".ds-figure").bounding_box() == before


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_report_is_read_on_a_phone(chromium: Any, tmp_path: Path, scheme: str) -> None:
    report(MODEL_B).save(tmp_path / "report.html")
    page = chromium.new_context(viewport=PHONE, color_scheme=scheme).new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((tmp_path / "report.html").as_uri())
    assert asked == [(tmp_path / "report.html").as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    boxes = [it.bounding_box() for it in page.locator("figure svg").all()]
    assert len(boxes) > 12
    assert all(box["x"] + box["width"] <= PHONE["width"] for box in boxes)
    figure = page.locator("figure", has_text="Dense 'dense':")
    figure.locator(".ds-kernel [data-cell]").first.hover()
    assert figure.locator(".ds-output .cell.lit").count() == 6


def test_what_is_folded_is_printed(chromium: Any, tmp_path: Path) -> None:
    spec = ("Dense", {"units": 2})
    report(chain("long", (None, 3), *[spec] * 12)).save(tmp_path / "report.html")
    page = chromium.new_page()
    page.goto((tmp_path / "report.html").as_uri())
    last = page.locator("figure").last
    assert not last.is_visible()
    page.emulate_media(media="print")
    assert last.is_visible()


def test_a_name_runs_nothing(chromium: Any, tmp_path: Path) -> None:
    from dataclasses import replace

    evil = "</script><script>console.log(1)</script><img src=x onerror=console.log(2)>"
    layers = [replace(layer, name=evil) for layer in FLAT]
    page = opened(chromium, tmp_path, draw(*layers))
    page.locator(".ds-panels svg").nth(1).locator("[data-cell]").first.hover()
    assert said(page) == f"{evil}[0] is read by 5 of the 5 numbers of the output"
    assert page.faults == []
    assert page.locator("img").count() == 0


RUN = """([target, html]) => {
    target.innerHTML = html;
    for (const old of target.querySelectorAll("script")) {
        const script = document.createElement("script");
        for (const {name, value} of old.attributes) script.setAttribute(name, value);
        script.textContent = old.textContent;
        old.replaceWith(script);
    }
}"""
"""How JupyterLab and VS Code show HTML: they put it into their page, and make its scripts anew."""
DARK = "color: rgb(220, 221, 222); background: rgb(17, 17, 17)"


def jupyter(page: Any, html: str) -> Any:
    """The output of a cell in a dark page of JupyterLab, or in the one frame of VS Code."""
    page.set_content(f'{HEAD}<body style="{DARK}"><div id="cell"></div>')
    page.evaluate(f"html => ({RUN})([document.getElementById('cell'), html])", html)
    return page.main_frame


def colab(page: Any, html: str) -> Any:
    """The output of a cell in a dark page of Colab: a frame of its own, which is written at once."""
    page.set_content(f"{HEAD}<body><iframe></iframe>")
    page.evaluate(
        """html => {
            const inner = document.querySelector("iframe").contentDocument;
            inner.open(); inner.write(html); inner.close();
        }""",
        f'{HEAD}<html theme="dark"><body style="{DARK}">{html}',
    )
    return page.frames[1]


@pytest.mark.parametrize("host", [jupyter, colab])
def test_a_notebook_shows_it_live_and_in_its_own_colours(chromium: Any, host: Any) -> None:
    page = chromium.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    bundle = draw(DENSE, cell=(1, 2, 4))._repr_mimebundle_()
    frame = host(page, bundle["text/html"])
    output = frame.locator(".ds-panels svg", has=frame.locator('.name:text-is("output")'))
    text = "getComputedStyle(document.querySelector('.ds-panels .name')).fill"
    assert frame.evaluate(text) == "rgb(220, 221, 222)"
    output.locator('[data-cell="0,1,3"]').hover()
    assert {(panel, cell) for panel, cell in frame.evaluate(LIT)} == {
        ("input", "0,1,0"),
        ("kernel", "0,3"),
        ("bias", "3"),
        ("output", "0,1,3"),
    }
    assert faults == []
