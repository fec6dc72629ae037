"""Where the marks of a picture lie: nothing outside its panel, no words over others, real cells only."""

from __future__ import annotations

import re
from itertools import combinations, pairwise
from random import Random

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from dense_shapes.axes import Cell, Shape, times
from dense_shapes.cells import Cells
from dense_shapes.drawing.figure import draw
from dense_shapes.drawing.layout import LIMITS, Measure, indices
from dense_shapes.drawing.metrics import SIZES, text_width
from dense_shapes.drawing.scene import Box, Line, Mark, Panel, Scene, Words, aligned, extent, moved
from dense_shapes.drawing.sheet import WIDEST, rows
from dense_shapes.errors import ShapeError
from dense_shapes.rules import call
from dense_shapes.traces import Layer
from dense_shapes.views import render
from tests.models import MODEL_A, MODEL_B, chain, nested, opaque
from tests.profiles import examples
from tests.strategies import cells, layers

EPSILON = 1e-6


def boxes(panel: Panel) -> list[Box]:
    """The cells of a panel."""
    return [mark for mark in panel.marks if isinstance(mark, Box) and mark.kind == "cell"]


def lit(panel: Panel) -> set[Cell]:
    """The lit cells of a panel."""
    return {box.cell for box in boxes(panel) if box.lit and box.cell is not None}


def shown(panel: Panel) -> set[Cell]:
    """All the cells of a panel that are drawn."""
    return {box.cell for box in boxes(panel) if box.cell is not None}


def overlap(one: Mark, other: Mark) -> bool:
    """Whether two marks cover some place together."""
    left, top, right, bottom = one.extent
    other_left, other_top, other_right, other_bottom = other.extent
    across = min(right, other_right) - max(left, other_left)
    down = min(bottom, other_bottom) - max(top, other_top)
    return across > EPSILON and down > EPSILON


def outside(panel: Panel) -> list[Mark]:
    """The marks that stand out of their panel."""
    found = []
    for mark in panel.marks:
        left, top, right, bottom = mark.extent
        inside = left >= -EPSILON and right <= panel.width + EPSILON
        if not (inside and top >= panel.top - EPSILON and bottom <= panel.bottom + EPSILON):
            found.append(mark)
    return found


def clashes(panel: Panel) -> list[tuple[str, str]]:
    """The pairs of words of a panel that lie over each other."""
    words = [mark for mark in panel.marks if isinstance(mark, Words)]
    return [(one.text, other.text) for one, other in combinations(words, 2) if overlap(one, other)]


def operands(layer: Layer) -> list[tuple[str, Shape]]:
    """The name and the shape of every tensor of the picture of a layer with a rule."""
    return [
        *(("input", value.shape[1:]) for value in layer.inputs),
        *((weight.name, weight.shape) for weight in layer.weights),
        *(("output", value.shape[1:]) for value in layer.outputs),
    ]


def inside(cell: Cell, shape: Shape) -> bool:
    """Whether a cell is one of a tensor of this shape."""
    return len(cell) == len(shape) and all(
        index >= 0 and (size is None or index < size)
        for index, size in zip(cell, shape, strict=True)
    )


@st.composite
def asked(draw_: st.DrawFn, longest: int = 300) -> tuple[Layer, Cell | None]:
    """A layer, and a cell of its output to light, or none."""
    layer = draw_(layers(longest))
    cell = draw_(st.none() | cells(layer.outputs[0].shape))
    event(layer.kind)
    try:
        draw(layer, cell=cell)
    except ShapeError:  # the cells of an axis of unknown size cannot be listed
        event("unknown size")
        cell = None
    return layer, cell


def picture(asked_for: tuple[Layer, Cell | None]) -> Scene:
    """The picture of a layer with its lit cell."""
    layer, cell = asked_for
    return draw(layer, cell=cell)


@settings(max_examples=examples(150))
@given(asked())
def test_every_mark_lies_inside_its_panel(it: tuple[Layer, Cell | None]) -> None:
    scene = picture(it)
    assert [outside(panel) for panel in scene.panels] == [[]] * len(scene.panels)


@settings(max_examples=examples(150))
@given(asked())
def test_no_words_of_a_panel_lie_over_others(it: tuple[Layer, Cell | None]) -> None:
    scene = picture(it)
    assert [clashes(panel) for panel in scene.panels] == [[]] * len(scene.panels)


@settings(max_examples=examples(40))
@given(asked(longest=15))
def test_no_words_lie_over_a_cell_or_a_line(it: tuple[Layer, Cell | None]) -> None:
    scene = picture(it)
    for panel in scene.panels:
        lines = [mark for mark in panel.marks if isinstance(mark, Line)]
        others: list[Mark] = [*boxes(panel), *lines]
        words = [it for it in panel.marks if isinstance(it, Words) and it.kind != "number"]
        over = [(one.text, other) for one in words for other in others if overlap(one, other)]
        assert over == []


@settings(max_examples=examples(150))
@given(asked())
def test_the_cells_drawn_are_real_and_each_is_drawn_once(it: tuple[Layer, Cell | None]) -> None:
    layer, scene = it[0], picture(it)
    assert [panel.name for panel in scene.panels] == [name for name, _ in operands(layer)]
    for panel, (_, shape) in zip(scene.panels, operands(layer), strict=True):
        assert all(inside(cell, shape) for cell in shown(panel))
        assert len(boxes(panel)) == len(shown(panel))


@settings(max_examples=examples(150))
@given(asked())
def test_dots_stand_where_cells_are_left_out_and_nowhere_else(
    it: tuple[Layer, Cell | None],
) -> None:
    layer, scene = it[0], picture(it)
    for panel, (_, shape) in zip(scene.panels, operands(layer), strict=True):
        dots = [mark for mark in panel.marks if isinstance(mark, Words) and mark.kind == "dots"]
        count = times(*shape)
        assert bool(dots) == (count is None or len(shown(panel)) < count)


@settings(max_examples=examples(150))
@given(asked())
def test_the_lit_cells_are_those_of_the_drawn_ones_that_are_read(
    it: tuple[Layer, Cell | None],
) -> None:
    layer, cell = it
    scene = picture(it)
    if cell is None:
        assert not any(lit(panel) for panel in scene.panels)
        return
    reads = layer.reads(cell)
    expected = [
        *(reads.of(number) for number in range(len(layer.inputs))),
        *(reads.of(weight.name) for weight in layer.weights),
        Cells((tuple((index,) for index in cell),)),
    ]
    for panel, read in zip(scene.panels, expected, strict=True):
        assert lit(panel) == {drawn for drawn in shown(panel) if drawn in read}
        # What is read is seen: a long axis is cut, but never so that nothing lit is left.
        assert bool(lit(panel)) == any(True for _ in read)


@settings(max_examples=examples(60))
@given(asked())
def test_no_picture_is_too_wide_or_too_long(it: tuple[Layer, Cell | None]) -> None:
    scene = picture(it)
    svg = render(scene, "svg")
    width = re.search(r' width="([\d.]+)"', svg)
    assert width
    assert float(width[1]) <= 2000
    assert len(svg) <= 1_000_000


def test_a_tensor_of_six_axes_after_the_batch_is_not_too_wide_either() -> None:
    layer = call("Dropout", {"rate": 0.5}, (None, 2, 2, 3, 1, 3, 5))
    scene = draw(layer, cell=(0, 0, 1, 0, 1, 2))
    assert max(panel.width for panel in scene.panels) <= 2000


@settings(max_examples=examples(60))
@given(asked())
def test_panels_lie_in_rows_one_after_the_other(it: tuple[Layer, Cell | None]) -> None:
    scene = picture(it)
    laid = list(rows(scene.panels))
    assert [panel for row in laid for panel in row] == list(scene.panels)
    for row in laid:
        assert len(row) == 1 or sum(panel.width for panel in row) <= WIDEST


# One picture, by hand


def test_the_picture_of_a_dense_layer() -> None:
    scene = draw(MODEL_B["dense"], cell=(1, 2, 4))
    assert [panel.kind for panel in scene.panels] == ["input", "kernel", "bias", "output"]
    assert [len(boxes(panel)) for panel in scene.panels] == [2 * 3, 5, 5, 2 * 3 * 5]
    assert [lit(panel) for panel in scene.panels] == [{(1, 2, 0)}, {(0, 4)}, {(4,)}, {(1, 2, 4)}]
    assert scene.caption == "output[1, 2, 4] = input[1, 2, 0] × kernel[0, 4] + bias[4]"


def test_cells_lie_in_the_order_of_their_indices() -> None:
    scene = draw(MODEL_B["dense"])
    at = {box.cell: (box.x, box.y) for box in boxes(scene.panels[-1])}
    (x, y), (right, same_row), (_, lower) = at[0, 0, 0], at[0, 1, 0], at[1, 0, 0]
    assert right > x
    assert same_row == y
    assert lower > y
    vector = [at[0, 0, unit] for unit in range(5)]
    assert [place[1] for place in vector] == [y] * 5
    assert all(before[0] < after[0] for before, after in pairwise(vector))
    assert vector[-1][0] < right


def test_no_two_cells_of_a_tensor_overlap() -> None:
    for layer in (*MODEL_A, *MODEL_B):
        for panel in draw(layer).panels:
            extents = [(box.x, box.y, box.width, box.height) for box in boxes(panel)]
            for (x, y, width, height), (a, b, _, _) in combinations(extents, 2):
                assert abs(a - x) >= width - EPSILON or abs(b - y) >= height - EPSILON


def test_every_axis_of_the_picture_is_named_with_its_size() -> None:
    texts = [
        [mark.text for mark in panel.marks if isinstance(mark, Words) and mark.kind == "size"]
        for panel in draw(MODEL_B["dense"]).panels
    ]
    assert {"1 channel", "3 columns", "2 rows"} <= set(texts[0])
    assert {"5 units", "5 parameters"} <= set(texts[1])
    assert {"5 units", "3 columns", "2 rows"} <= set(texts[3])


def test_a_kernel_says_at_how_many_positions_it_is_the_same() -> None:
    texts = [
        " ".join(mark.text for mark in panel.marks if isinstance(mark, Words))
        for panel in draw(MODEL_B["dense"]).panels
    ]
    assert "the same at all 6 positions" in texts[1]
    alone = draw(MODEL_A["dense"]).panels[1]
    assert "positions" not in " ".join(m.text for m in alone.marks if isinstance(m, Words))


def test_a_layer_that_is_not_known_inside_is_a_closed_box() -> None:
    inner = chain("inner", (None, 3), ("Dense", {"units": 2}))
    for layer in (opaque("it", (None, 3), (None, 5)), nested("block", inner)):
        scene = draw(layer)
        assert [panel.kind for panel in scene.panels] == ["input", "closed", "output"]
        assert [clashes(panel) for panel in scene.panels] == [[]] * 3
        assert [outside(panel) for panel in scene.panels] == [[]] * 3


def test_the_functions_that_follow_the_sum_are_named_before_the_output() -> None:
    layer = call("Dense", {"units": 2, "activation": "softmax"}, (None, 3))
    scene = draw(layer)
    texts = [mark.text for mark in scene.panels[-1].marks if isinstance(mark, Words)]
    assert {"=", "softmax"} <= set(texts)
    assert [clashes(panel) for panel in scene.panels] == [[]] * len(scene.panels)


def test_copies_are_joined_by_an_arrow_and_products_by_an_equals_sign() -> None:
    def signs(layer: Layer) -> list[str]:
        marks = [mark for panel in draw(layer).panels for mark in panel.marks]
        return [mark.text for mark in marks if isinstance(mark, Words) and mark.kind == "sign"]

    assert signs(MODEL_B["dense"]) == ["×", "+", "="]
    assert signs(MODEL_A["flatten"]) == ["→"]
    assert signs(call("InputLayer", {"shape": (2,)})) == []


def test_layers_that_follow_each_other_are_lit_through() -> None:
    scene = draw(MODEL_B["conv2d_1"], MODEL_B["dense"], cell=(1, 2, 4))
    names = [panel.name for panel in scene.panels]
    assert names == ["input", "kernel", "bias", "conv2d_1", "kernel", "bias", "output"]
    window = {(h, w, c) for h in (1, 2) for w in (2, 3) for c in range(8)}
    assert lit(scene.panels[0]) == window & shown(scene.panels[0])
    assert [lit(panel) for panel in scene.panels[2:]] == [
        {(0,)},
        {(1, 2, 0)},
        {(0, 4)},
        {(4,)},
        {(1, 2, 4)},
    ]


def test_the_equation_of_a_chain_names_the_layer_before() -> None:
    scene = draw(MODEL_A["flatten"], MODEL_A["dense"], cell=(4,))
    assert scene.caption == (
        "output[4] = flatten[0] × kernel[0, 4] + … + flatten[5] × kernel[5, 4] + bias[4]"
    )


def test_layers_are_lit_through_also_where_nothing_is_read() -> None:
    # Two taps 5 apart on 3 cells, padded by 2 and 3: place 0 meets cells -2 and 3, so none at all.
    apart = {"filters": 1, "kernel_size": (2, 1), "dilation_rate": (5, 1), "padding": "same"}
    trace = chain("m", (None, 3, 1, 1), ("Dense", {"units": 1}), ("Conv2D", apart))
    assert list(trace["conv2d"].reads((0, 0, 0)).of(0)) == []
    alone = draw(trace["conv2d"], cell=(0, 0, 0))
    assert [len(lit(panel)) for panel in alone.panels] == [0, 0, 1, 1]
    scene = draw(trace["dense"], trace["conv2d"], cell=(0, 0, 0))
    assert [len(lit(panel)) for panel in scene.panels] == [0, 0, 0, 0, 0, 1, 1]


# The parts


@given(st.integers(0, 400), st.sampled_from(LIMITS))
def test_a_short_axis_is_drawn_whole_and_a_long_one_from_both_ends(size: int, limit: int) -> None:
    found = indices(Measure(size, ""), Cells(), 0, limit)
    assert list(found) == sorted(set(found))
    assert set(found) <= set(range(size))
    if size <= limit:
        assert len(found) == size
    else:
        assert {found[0], found[-1]} == ({0, size - 1} if limit > 1 else {0})
        assert len(found) <= limit


def test_the_lit_cells_of_a_long_axis_are_drawn() -> None:
    lit_cells = Cells(((range(40, 60),),))
    assert indices(Measure(100, ""), lit_cells, 0, 6) == (0, 1, 40, 41, 59, 99)
    assert indices(Measure(None, ""), lit_cells, 0, 6) == (0, 1, 40, 41, 59)
    assert indices(Measure(None, ""), Cells(), 0, 6) == (0, 1)


def test_marks_move_as_a_whole() -> None:
    assert moved(Box(1, 2, 3, 4, "cell"), 10, 20) == Box(11, 22, 3, 4, "cell")
    assert moved(Line(1, 2, 5, 2), 10, 20) == Line(11, 22, 15, 22)
    assert moved(Words(1, 2, "it", "size"), 10, 20) == Words(11, 22, "it", "size")


@pytest.mark.parametrize(
    ("anchor", "left", "right"), [("start", 0, 1), ("middle", -0.5, 0.5), ("end", -1, 0)]
)
def test_words_stand_at_their_anchor(anchor: str, left: float, right: float) -> None:
    width = text_width("some words", "size")
    mark = Words(100, 0, "some words", "size", anchor)  # type: ignore[arg-type]
    found_left, _, found_right, _ = mark.extent
    assert (found_left, found_right) == pytest.approx((100 + left * width, 100 + right * width))


@given(st.text(max_size=20), st.text(min_size=1, max_size=5))
def test_longer_text_is_wider(text: str, more: str) -> None:
    for kind in SIZES:
        assert text_width(text + more, kind) > text_width(text, kind) >= 0


@given(st.text("iW…c ×0", max_size=30), st.randoms())
def test_the_width_of_a_text_does_not_depend_on_the_order_of_its_letters(
    text: str, random: Random
) -> None:
    # The sum must be exact: Python 3.12 adds fractions more exactly than 3.11 does, and a picture
    # must be the same bytes under both.
    shuffled = "".join(random.sample(text, len(text)))
    for kind in SIZES:
        assert text_width(shuffled, kind) == text_width(text, kind)


def test_an_extent_holds_all_the_marks() -> None:
    marks = [Words(0, 0, "it", "size"), Words(50, 90, "it", "size", "end")]
    left, top, right, bottom = extent(marks)
    assert (left, bottom) == (marks[0].extent[0], marks[1].extent[3])
    assert (top, right) == (marks[0].extent[1], marks[1].extent[2])


def test_aligned_panels_have_the_same_top_and_bottom() -> None:
    panels = draw(MODEL_B["dense"]).panels
    found = aligned(panels)
    assert {(panel.top, panel.bottom) for panel in found} == {
        (min(panel.top for panel in panels), max(panel.bottom for panel in panels))
    }
    assert [panel.marks for panel in found] == [panel.marks for panel in panels]
