"""What lights up where a reader points: exactly what the layer reads, in little room, and only text."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from dense_shapes.axes import Cell
from dense_shapes.drawing.figure import draw
from dense_shapes.drawing.pointing import Light, drawn, lights
from dense_shapes.drawing.scene import Box, Origin, Scene
from dense_shapes.rules import RULES, call
from dense_shapes.traces import Layer
from dense_shapes.views import lights as module
from dense_shapes.views import render
from dense_shapes.views.lights import LARGEST, data, runs, script
from tests.models import MODEL_A, MODEL_B, chain, nested, opaque
from tests.profiles import examples
from tests.strategies import layers

DENSE = MODEL_B["dense"]
EVIL = "</script><script>alert(1)</script><!-- & é"


def decoded(scene: Scene) -> list[Light]:
    """The lights as the script finds them in the data of a figure."""
    found: dict[str, Any] = json.loads(data(scene))
    sets = [
        tuple(
            at
            for start, more in zip(it[::2], it[1::2], strict=True)
            for at in range(start, start + more)
        )
        for it in found["sets"]
    ]
    count = len(scene.panels)
    places = [
        (panel, place)
        for panel in found["outs"]
        for place in range(len(drawn(scene.panels[panel])))
    ]
    lit = []
    for (panel, place), (form, *row) in zip(places, found["rows"], strict=True):
        parts, numbers = found["forms"][form], [*row[count:], ""]
        words = "".join(f"{part}{number}" for part, number in zip(parts, numbers, strict=True))
        lit.append(Light(panel, place, tuple(sets[it] for it in row[:count]), words))
    return lit


def cells_at(scene: Scene, panel: int, places: tuple[int, ...]) -> set[Cell]:
    """The cells of a panel at these places."""
    cells = drawn(scene.panels[panel])
    return {cells[place] for place in places}


@settings(max_examples=examples(60))
@given(layers(12))
def test_every_light_is_what_the_layer_reads_of_the_drawn_cells(layer: Layer) -> None:
    scene = draw(layer)
    operands = [*range(len(layer.inputs)), *(weight.name for weight in layer.weights)]
    for light in lights(scene):
        cell = drawn(scene.panels[light.panel])[light.place]
        reads = layer.reads(cell, output=light.panel - len(operands))
        for panel, operand in enumerate(operands):
            shown = set(drawn(scene.panels[panel]))
            expected = {it for it in shown if it in reads.of(operand)}
            assert cells_at(scene, panel, light.reads[panel]) == expected
        assert all(it == () for it in light.reads[len(operands) :])


@settings(max_examples=examples(60))
@given(layers(12))
def test_the_data_of_a_figure_holds_every_light_and_every_word(layer: Layer) -> None:
    scene = draw(layer)
    if not data(scene):
        return
    assert decoded(scene) == lights(scene)


def test_each_drawn_output_cell_has_a_light() -> None:
    found = lights(draw(DENSE))
    assert len(found) == 2 * 3 * 5
    assert [light.place for light in found] == list(range(30))
    for light in found:
        row, rest = divmod(light.place, 15)
        column, unit = divmod(rest, 5)
        assert light.reads == ((3 * row + column,), (unit,), (unit,), ())
        assert light.words == draw(DENSE, cell=(row, column, unit)).caption


def test_the_words_of_a_light_are_those_of_the_picture_that_is_drawn_lit() -> None:
    for names, count in ((("conv2d",), 3 * 4 * 3), (("flatten", "dense"), 5)):
        chosen = [MODEL_A[name] for name in names]
        scene = draw(*chosen)
        found = lights(scene)
        assert len(found) == count
        for light in found:
            cell = drawn(scene.panels[light.panel])[light.place]
            assert light.words == draw(*chosen, cell=cell).caption


def test_a_light_goes_back_through_every_layer() -> None:
    scene = draw(MODEL_B["conv2d"], MODEL_B["conv2d_1"])
    names = [panel.name for panel in scene.panels]
    assert names == ["input", "kernel", "bias", "conv2d", "kernel", "bias", "output"]
    # The output (2, 3) sees 2 x 2 of the first layer's output, which see 3 x 3 of the 4 x 5 image.
    [*_, last] = lights(scene)
    window = {(row, column, 0) for row in (1, 2, 3) for column in (2, 3, 4)}
    assert cells_at(scene, 0, last.reads[0]) == window
    middle = {cell for cell in drawn(scene.panels[3]) if cell[0] in (1, 2) and cell[1] in (2, 3)}
    assert cells_at(scene, 3, last.reads[3]) == middle
    assert last.reads[1] == tuple(range(len(drawn(scene.panels[1]))))


def test_each_output_of_a_layer_with_several_has_its_lights() -> None:
    layer = call("LSTM", {"units": 2, "return_sequences": True, "return_state": True}, (None, 3, 1))
    scene = draw(layer)
    found = lights(scene)
    assert len({light.panel for light in found}) == 3
    assert len(found) == 3 * 2 + 2 + 2
    first = found[0]
    assert first.words.startswith("output 0[0, 0] = ")
    # The first step of the sequence reads the first step of the input, the last state reads all.
    assert cells_at(scene, 0, first.reads[0]) == {(0, 0)}
    assert cells_at(scene, 0, found[-1].reads[0]) == {(0, 0), (1, 0), (2, 0)}


@pytest.mark.parametrize(
    "layer",
    [
        opaque("it", (None, 3), (None, 5)),
        nested("block", chain("inner", (None, 3), ("Dense", {"units": 2}))),
    ],
    ids=["opaque", "nested"],
)
def test_what_is_not_known_does_not_light_up(layer: Layer) -> None:
    assert lights(draw(layer)) == []
    assert data(draw(layer)) == ""
    assert "<script" not in render(draw(layer), "html")


# How much it takes


def test_a_picture_of_a_large_layer_stays_small() -> None:
    large = call("Conv2D", {"filters": 8, "kernel_size": (2, 2)}, (None, 640, 959, 8))
    small = call("Conv2D", {"filters": 8, "kernel_size": (2, 2)}, (None, 6, 9, 8))
    for cell in (None, (100, 100, 4)):
        text = render(draw(large, cell=cell), "html")
        assert len(text.encode()) < 60_000
        assert data(draw(large, cell=cell))
    assert len(lights(draw(large))) <= len(lights(draw(small)))


@settings(max_examples=examples(40))
@given(layers(300))
def test_the_data_of_no_figure_is_long(layer: Layer) -> None:
    assert len(data(draw(layer))) <= LARGEST * 1.1  # a sign that is escaped counts six


def test_data_that_would_be_too_long_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert data(draw(DENSE))
    monkeypatch.setattr(module, "LARGEST", 100)
    assert data(draw(DENSE)) == ""


def test_a_deep_chain_of_wide_windows_lights_up_too() -> None:
    # Each output sees a wider part of each layer before it: tens of thousands of cells.
    deep = chain(
        "deep", (None, 60, 60, 8), *[("Conv2D", {"filters": 8, "kernel_size": (9, 9)})] * 4
    )
    scene = draw(*deep)
    [*_, last] = lights(scene)
    # 4 windows of 9 x 9 reach 33 x 33, up to the last row and column.
    shown = cells_at(scene, 0, last.reads[0])
    assert shown == {it for it in drawn(scene.panels[0]) if min(it[:2]) >= 60 - 33}


def test_attention_lights_up_line_by_line() -> None:
    rule = RULES["MultiHeadAttention"]
    scene = draw(call("MultiHeadAttention", rule.example, *rule.shapes))
    for light in lights(scene):
        cell = drawn(scene.panels[light.panel])[light.place]
        lit = draw(call("MultiHeadAttention", rule.example, *rule.shapes), cell=cell)
        for panel, places in zip(lit.panels, light.reads, strict=True):
            boxes = [it for it in panel.marks if isinstance(it, Box) and it.cell is not None]
            expected = tuple(at for at, box in enumerate(boxes) if box.lit)
            assert places == (() if panel.origin == Origin(output=0) else expected)


def test_runs_stand_for_places() -> None:
    assert runs(()) == []
    assert runs((3,)) == [3, 1]
    assert runs((0, 1, 2, 5, 7, 8)) == [0, 3, 5, 1, 7, 2]


# Only text


def test_a_name_cannot_leave_the_data() -> None:
    html5lib = pytest.importorskip("html5lib")
    layers = [replace(MODEL_A[name], name=EVIL) for name in ("flatten", "dense")]
    text = render(draw(*layers), "html")
    tree = html5lib.parseFragment(text, namespaceHTMLElements=False)
    found, code = tree.iter("script")
    assert json.loads(found.text)["names"][1] == EVIL
    assert code.text == script()
    assert text.count("</script>") == 2
    assert "alert(1)</" not in text


def test_the_script_needs_no_escapes_and_asks_nobody() -> None:
    assert not set("<&") & set(script())
    for word in (
        "eval",
        "Function",
        "fetch",
        "XMLHttp",
        "import",
        "http",
        "innerHTML",
        "document.write",
    ):
        assert word not in script()


def test_the_script_is_small() -> None:
    assert len(script()) <= 4_000
