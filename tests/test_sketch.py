"""The sketch of a picture: every drawn cell is one sign, the lit ones are seen without colour."""

from __future__ import annotations

import io
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dense_shapes import terminal
from dense_shapes.axes import Cell
from dense_shapes.drawing.figure import draw
from dense_shapes.drawing.scene import Box, Scene
from dense_shapes.errors import ShapeError
from dense_shapes.rules import call
from dense_shapes.terminal import printable, shown
from dense_shapes.traces import Layer
from dense_shapes.views.sketch import ASCII, UNICODE, Canvas, columns, sketch
from tests.models import MODEL_B, nested, opaque
from tests.profiles import examples
from tests.strategies import cells, layers

DENSE = MODEL_B["dense"]
CELLS = UNICODE["cell"] + UNICODE["lit"]


def lines_of(scene: Scene, width: int | None = None) -> list[str]:
    """The lines of a sketch as text."""
    return ["".join(text for text, _ in line) for line in sketch(scene, width)]


def plain(text: str) -> str:
    """What a terminal for ASCII shows."""
    return printable(text, "ascii")


@st.composite
def pictures(draw_: st.DrawFn) -> Scene:
    """Pictures of any layer, lit or not."""
    layer: Layer = draw_(layers(30))
    cell: Cell | None = draw_(st.none() | cells(layer.outputs[0].shape))
    try:
        return draw(layer, cell=cell)
    except ShapeError:  # the cells of an axis of unknown size cannot be listed
        return draw(layer)


@settings(max_examples=examples(100))
@given(pictures())
def test_every_cell_is_one_sign_and_the_lit_ones_are_others(scene: Scene) -> None:
    boxes = [it for panel in scene.panels for it in panel.marks if isinstance(it, Box)]
    boxes = [box for box in boxes if box.kind == "cell"]
    signs = Counter("".join(lines_of(scene, 400)))
    assert signs[UNICODE["lit"]] == sum(box.lit for box in boxes)
    assert signs[UNICODE["cell"]] == sum(not box.lit for box in boxes)


@settings(max_examples=examples(100))
@given(pictures(), st.integers(20, 100))
def test_no_line_is_too_long_or_ends_in_space(scene: Scene, width: int) -> None:
    for line in lines_of(scene, width):
        assert columns(line) <= width
        assert line == line.rstrip()


def test_the_cells_stand_in_the_rows_and_columns_of_the_tensor() -> None:
    for row in range(2):
        for column in range(3):
            for unit in range(5):
                scene = draw(DENSE, cell=(row, column, unit))
                last = [line for line in lines_of(scene) if CELLS[0] * 3 in line][-2:]
                positions = [
                    [part for part in line.split() if set(part) <= set(CELLS)][-3:] for line in last
                ]
                assert [[len(part) for part in line] for line in positions] == [[5] * 3] * 2
                lit = [
                    (r, c, place)
                    for r, line in enumerate(positions)
                    for c, part in enumerate(line)
                    for place, sign in enumerate(part)
                    if sign == UNICODE["lit"]
                ]
                assert lit == [(row, column, unit)]


def test_neighbours_stand_above_each_other() -> None:
    first, second = lines_of(draw(DENSE), 40)[-3:-1]
    assert [place for place, sign in enumerate(first) if sign in CELLS] == [
        place for place, sign in enumerate(second) if sign in CELLS
    ]


def test_every_text_of_the_picture_is_in_the_sketch() -> None:
    text = "\n".join(lines_of(draw(DENSE, cell=(1, 2, 4)), 60))
    for expected in (
        "input",
        "(2, 3, 1)",
        "2 rows",
        "3 columns",
        "1 channel",
        "5 units",
        "×",
        "+",
        "=",
    ):
        assert expected in text
    assert text.index("input") < text.index("kernel") < text.index("bias") < text.index("output")


def test_a_large_tensor_is_cut_as_in_the_picture() -> None:
    layer = call("Conv2D", {"filters": 8, "kernel_size": (2, 2)}, (None, 640, 959, 8))
    lines = lines_of(draw(layer, cell=(100, 100, 4)), 80)
    assert len(lines) < 40
    assert any("…" in line for line in lines)
    assert any("⋮" in line for line in lines)


def test_a_layer_that_is_not_drawn_inside_has_its_words() -> None:
    inner = nested("block", MODEL_B)
    for layer in (opaque("mystery", (None, 3), (None, 5)), inner):
        text = "\n".join(lines_of(draw(layer), 80))
        assert "not drawn inside" in text
        assert layer.label in text
        assert layer.kind in text


def test_where_a_tensor_has_no_room_there_are_only_words() -> None:
    scene = draw(DENSE, cell=(1, 2, 4))
    assert lines_of(scene, 10) == []
    text = shown(scene, width=10)
    assert UNICODE["cell"] not in text
    assert "".join(text.split()).startswith("Dense'dense'")


def test_a_letter_that_needs_two_columns_gets_them() -> None:
    canvas = Canvas()
    canvas.put(0, 0, "猫e\u0301x")
    canvas.put(0, 4, "|")
    canvas.put(1, 4, "|")
    assert ["".join(text for text, _ in line) for line in canvas.lines] == ["猫e\u0301x|", "    |"]


# A terminal


def test_a_terminal_for_ascii_gets_plain_signs_in_the_same_places() -> None:
    scene = draw(DENSE, cell=(1, 2, 4))
    simple = ["".join(text for text, _ in line) for line in sketch(scene, 80, plain)]
    assert "".join(simple).isascii()
    signs = (name for name in UNICODE if len(UNICODE[name]) == 1)
    table = {ord(UNICODE[name]): ASCII[name] for name in signs} | {ord("×"): "x"}
    assert simple == [line.translate(table) for line in lines_of(scene, 80)]
    assert "".join(simple).count(ASCII["lit"]) == 4
    assert shown(scene, width=80, encoding="ascii").isascii()


def test_colours_change_nothing_else() -> None:
    scene = draw(DENSE, cell=(1, 2, 4))
    coloured = shown(scene, width=80, colour=True)
    assert coloured.count("\x1b[1;31m■\x1b[0m") == 4
    for style in terminal.STYLES.values():
        coloured = coloured.replace(style, "") if style else coloured
    assert coloured.replace(terminal.RESET, "") == shown(scene, width=80)


class Screen(io.TextIOWrapper):
    """A terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, "utf-8"),
        ({"LANG": "C"}, "ascii"),
        ({"LANG": "POSIX"}, "ascii"),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, "ascii"),  # what Python makes of LANG=C
        ({"LANG": "C", "LC_CTYPE": "de_DE.UTF-8"}, "utf-8"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "C"}, "ascii"),
        ({"LANG": "C", "LC_ALL": "en_US.UTF-8"}, "utf-8"),
        ({"LANG": "C.UTF-8"}, "utf-8"),
        ({"TERM": "dumb"}, "ascii"),
        ({"TERM": "dumb", "PYTHONIOENCODING": "utf-8"}, "utf-8"),
    ],
)
def test_when_a_terminal_asks_for_ascii(
    monkeypatch: pytest.MonkeyPatch, env: dict[str, str], expected: str
) -> None:
    for name in ("LC_ALL", "LC_CTYPE", "LANG", "TERM", "PYTHONIOENCODING"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert terminal.encoding_of(Screen(io.BytesIO(), "utf-8")) == expected
    assert terminal.encoding_of(io.TextIOWrapper(io.BytesIO(), "utf-8")) == "utf-8"
