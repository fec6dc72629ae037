"""Laws of every figure: the example of every rule, and random layers of every kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from random import Random
from time import process_time
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from dense_shapes.axes import Cell, Shape
from dense_shapes.cells import Cells
from dense_shapes.drawing.figure import draw
from dense_shapes.drawing.lights import Spot, count, tensors
from dense_shapes.drawing.scene import Box, Line, Panel, Scene, Words, lines
from dense_shapes.errors import DenseShapesError, ShapeError
from dense_shapes.readers.keras import filled
from dense_shapes.rules import RULES, call, named, traced
from dense_shapes.steps import Value
from dense_shapes.traces import Layer
from dense_shapes.views import render
from tests.profiles import examples
from tests.random import Example
from tests.test_drawing import boxes, clashes, lit, outside, overlap, shown

LARGE = 50
"""An index on an axis of unknown size is below this."""


def strategies() -> Iterator[tuple[str, st.SearchStrategy[Example]]]:
    """The random layers of each kind, from the files of the families."""
    for path in sorted((Path(__file__).parent / "random").glob("[a-z]*.py")):
        yield from import_module(f"tests.random.{path.stem}").STRATEGIES.items()


STRATEGIES = dict(strategies())


def example(kind: str) -> Layer:
    """The example of a rule."""
    rule = RULES[kind]
    return call(kind, rule.example, *rule.shapes, **rule.options)


@st.composite
def random_layers(draw_: st.DrawFn) -> Layer:
    """A random layer of any kind."""
    operations = [kind for kind in sorted(STRATEGIES) if kind.startswith("ops.")]
    others = [kind for kind in sorted(STRATEGIES) if not kind.startswith("ops.")]
    kind = draw_(st.sampled_from(draw_(st.sampled_from((operations, others, others, others)))))
    config, shapes, options = draw_(STRATEGIES[kind])
    values = [Value(shape, named(shape), number) for number, shape in enumerate(shapes)]
    args = filled(list(options["args"]), values) if "args" in options else values
    kwargs = {key: it for key, it in options.items() if key != "args"}
    try:
        return traced(kind, config, args, filled(kwargs, values), name="it")
    except (DenseShapesError, TypeError, KeyError, IndexError, AttributeError):
        return example("Dense")  # it is no layer that Keras would take


def spots(layer: Layer, random: Random) -> Iterator[Spot]:
    """A cell of each tensor of a layer, if its inside is known."""
    if layer.opaque or layer.inner or not layer.steps:
        return
    for name, it in tensors(layer).items():
        shape: Shape = it.shape if it.side == "weight" else it.shape[1:]
        if 0 not in shape:
            yield name, tuple(random.randrange(LARGE if size is None else size) for size in shape)


def pictures(layer: Layer, random: Random) -> Iterator[Scene]:
    """A layer as it is, and with a cell of each tensor lit."""
    yield draw(layer)
    for spot in spots(layer, random):
        try:
            yield draw(layer, cell=spot)
        except ShapeError:
            assert any(None in value.shape[1:] for value in (*layer.inputs, *layer.outputs))


def check(scene: Scene) -> None:
    """The laws of one picture."""
    for panel in scene.panels:
        assert outside(panel) == []
        assert clashes(panel) == []
        assert covered(panel) == []
        drawn = [box.cell for box in boxes(panel)]
        assert len(drawn) == len(set(drawn))
    assert [panel for line in lines(scene.panels) for panel in line] == list(scene.panels)
    svg = render(scene, "svg")
    assert svg == render(scene, "svg")
    width = ET.fromstring(svg).get("width")
    assert width is not None
    assert float(width) <= 2000
    assert len(svg) < 150_000


def covered(panel: Panel) -> list[tuple[str, object]]:
    """The words of a panel that lie over a cell or a line; a number lies in its cell."""
    words = [it for it in panel.marks if isinstance(it, Words) and it.kind != "number"]
    others = [it for it in panel.marks if isinstance(it, Line) or it in boxes(panel)]
    return [(one.text, it) for one in words for it in others if overlap(one, it)]


@pytest.mark.parametrize("kind", RULES)
def test_the_figure_of_every_rule_keeps_the_laws(kind: str) -> None:
    for scene in pictures(example(kind), Random(0)):
        check(scene)


@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(random_layers(), st.randoms(use_true_random=False))
def test_random_layers_of_every_kind_keep_the_laws(layer: Layer, random: Random) -> None:
    event(layer.kind)
    for scene in pictures(layer, random):
        check(scene)


@pytest.mark.parametrize("kind", RULES)
def test_every_axis_has_a_role_or_the_box_is_closed(kind: str) -> None:
    layer = example(kind)
    scene = draw(layer)
    if layer.opaque or not layer.steps:
        assert layer.opaque == "" or any(panel.kind == "closed" for panel in scene.panels)
        return
    for panel in scene.panels:
        for mark in panel.marks:
            assert not isinstance(mark, Line) or mark.role
        roles = [it for it in panel.marks if isinstance(it, Words) and it.kind == "role"]
        assert len(roles) == len([it for it in panel.marks if isinstance(it, Line)])


@pytest.mark.parametrize("kind", RULES)
def test_the_description_names_every_tensor_of_the_picture(kind: str) -> None:
    scene = draw(example(kind))
    text = scene.description.lower()
    for panel in scene.panels:
        assert panel.name.lower() in text or panel.kind == "closed"


# Big axes

BIG = call("Conv2D", {"filters": 64, "kernel_size": 3, "padding": "same"}, (None, 640, 959, 8))
SMALL = call("Conv2D", {"filters": 64, "kernel_size": 3, "padding": "same"}, (None, 9, 9, 8))


@pytest.mark.parametrize(
    "spot", [None, (300, 14, 31), (639, 958, 63), ("kernel", (0, 1, 3, 5)), ("input", (1, 1, 3))]
)
def test_a_big_image_is_small_as_a_file(spot: Spot | None) -> None:
    scene = draw(BIG, cell=spot)
    check(scene)
    assert len(render(scene, "svg").encode()) < 60_000


def timed(layer: Layer) -> float:
    """The least processor time in which a layer is drawn."""
    times = []
    for _ in range(5):
        start = process_time()
        render(draw(layer, cell=(4, 4, 5)), "svg")
        times.append(process_time() - start)
    return min(times)


def test_a_big_image_is_drawn_in_the_time_of_a_small_one() -> None:
    assert timed(BIG) < 5 * timed(SMALL)


def test_no_cell_is_counted_that_is_not_there() -> None:
    for panel in draw(BIG, cell=(0, 0, 0)).panels:
        shapes: dict[str, Shape] = {"input": (640, 959, 8), "kernel": (3, 3, 8, 64)}
        shape = {**shapes, "bias": (64,), "output": (640, 959, 64)}[panel.name]
        for cell in shown(panel):
            assert all(0 <= at < (size or 0) for at, size in zip(cell, shape, strict=True))


# What is lit, by hand

DENSE = call("Dense", {"units": 5}, (None, 2, 3, 1))


def test_one_weight_lights_every_output_that_uses_it() -> None:
    scene = draw(DENSE, cell=("kernel", (0, 3)))
    assert scene.caption == "kernel[0, 3] is used by 6 of the 30 outputs"
    found = {panel.name: lit(panel) for panel in scene.panels}
    outputs: set[Cell] = {(row, column, 3) for row in range(2) for column in range(3)}
    assert found == {"input": set(), "kernel": {(0, 3)}, "bias": set(), "output": outputs}


def test_one_input_lights_every_output_that_it_reaches() -> None:
    scene = draw(DENSE, cell=("input", (1, 2, 0)))
    assert scene.caption == "input[1, 2, 0] reaches 5 of the 30 outputs"
    assert lit(scene.panels[-1]) == {(1, 2, unit) for unit in range(5)}
    assert lit(scene.panels[1]) == set()


def test_a_count_is_exact_where_the_image_is_large() -> None:
    # Row 0 of the kernel meets every row of the image but lies on padding for the first: 639 x 959.
    scene = draw(BIG, cell=("kernel", (0, 1, 3, 5)))
    assert (
        scene.caption == f"kernel[0, 1, 3, 5] is used by 612,801 of the {640 * 959 * 64:,} outputs"
    )
    assert 639 * 959 == 612_801


def test_a_count_that_would_take_too_long_is_left_out() -> None:
    assert count(Cells(((range(10**9), range(10**9)),))) == 10**18
    assert count(Cells(((range(10**9),), (range(5, 10**9),)))) is None
    assert count(Cells(((range(5),), (range(3, 8),)))) == 8


def test_a_tensor_that_is_not_there_is_refused() -> None:
    with pytest.raises(DenseShapesError) as caught:
        draw(DENSE, cell=("kernels", (0, 3)))
    assert str(caught.value) == (
        "layer 'dense' has no tensor that is called 'kernels'; it has: input, kernel, bias, output"
    )
    with pytest.raises(DenseShapesError, match=re.escape("lies outside the kernel (1, 5)")):
        draw(DENSE, cell=("kernel", (0, 5)))
    with pytest.raises(DenseShapesError, match="expected a cell as 2 whole numbers"):
        draw(DENSE, cell=("kernel", "ab"))  # type: ignore[arg-type]
    with pytest.raises(DenseShapesError, match="a cell of the output can be lit, not of 'input'"):
        draw(DENSE, call("Flatten", {}, (None, 2, 3, 5)), cell=("input", (0, 0, 0)))


# Padding, numbers, arrows


def pads(panel: Panel) -> int:
    """How many cells of padding are drawn."""
    return len([it for it in panel.marks if isinstance(it, Box) and it.kind == "pad"])


def test_the_padding_of_a_convolution_is_drawn() -> None:
    config = {"filters": 2, "kernel_size": 3, "padding": "same"}
    scene = draw(call("Conv2D", config, (None, 4, 5, 1)))
    # A ring around 4 x 5 cells: 6 x 7 - 4 x 5.
    assert [pads(panel) for panel in scene.panels] == [22, 0, 0, 0]
    texts = [
        it.text for it in scene.panels[0].marks if isinstance(it, Words) and it.kind == "number"
    ]
    assert texts == ["0"] * 22
    assert "Padding is put to the 4 rows of input: 1 before and 1 after." in scene.description


def test_the_padding_of_a_causal_convolution_is_before_the_steps() -> None:
    config = {"filters": 2, "kernel_size": 3, "padding": "causal", "dilation_rate": 2}
    panel = draw(call("Conv1D", config, (None, 6, 1))).panels[0]
    padding = [it for it in panel.marks if isinstance(it, Box) and it.kind == "pad"]
    assert len(padding) == 4
    assert max(it.y for it in padding) < min(box.y for box in boxes(panel))


def test_padding_never_takes_the_place_of_cells() -> None:
    config = {"filters": 2, "kernel_size": 3, "padding": "same"}
    panel = draw(call("Conv3D", config, (None, 3, 4, 4, 1))).panels[0]
    assert pads(panel) == 0
    assert len(boxes(panel)) == 48
    assert [it.text for it in panel.marks if isinstance(it, Words) and it.kind == "role"] == [
        *("contracted", "slid over, padded", "slid over, padded", "slid over, padded"),
    ]


def numbers(panel: Panel) -> list[str]:
    """The numbers in the cells of a panel, in the order of the cells."""
    return [it.text for it in panel.marks if isinstance(it, Words) and it.kind == "number"]


def test_the_way_of_each_cell_is_numbered() -> None:
    before, after = draw(call("Permute", {"dims": (2, 1)}, (None, 2, 3))).panels
    assert numbers(before) == ["0", "1", "2", "3", "4", "5"]
    assert numbers(after) == ["0", "3", "1", "4", "2", "5"]
    one, other, joined = draw(call("Concatenate", {}, (None, 2, 2), (None, 2, 1))).panels
    assert numbers(one) + numbers(other) == ["0", "1", "2", "3", "4", "5"]
    assert numbers(joined) == ["0", "1", "4", "2", "3", "5"]


def test_a_cell_that_is_a_copy_of_none_is_hollow() -> None:
    _, after = draw(call("ZeroPadding1D", {"padding": 1}, (None, 2, 1))).panels
    assert [box.hollow for box in boxes(after)] == [True, False, False, True]


@pytest.mark.parametrize("shape", [(None, 2, 3), (None, 200, 3)])
def test_what_stays_where_it_is_or_is_too_much_is_not_numbered(shape: Shape) -> None:
    assert all(numbers(panel) == [] for panel in draw(call("Dropout", {"rate": 0.1}, shape)).panels)


def test_a_walked_axis_has_arrows() -> None:
    def arrows(**config: object) -> list[list[str]]:
        layer = call("LSTM", {"units": 2, **config}, (None, 3, 2))
        marks = [panel.marks for panel in draw(layer).panels]
        return [
            [it.text for it in some if isinstance(it, Words) and it.kind == "arrow"]
            for some in marks
        ]

    assert arrows() == [["↓", "↓"], [], [], [], []]
    assert arrows(return_sequences=True)[-1] == ["↓", "↓"]


# Several lines


def test_attention_shows_its_scores() -> None:
    scene = draw(example("MultiHeadAttention"), cell=(2, 2))
    names = [[panel.name for panel in line] for line in lines(scene.panels)]
    assert names == [
        ["input 0", "query/kernel", "query/bias", "query"],
        ["input 1", "key/kernel", "key/bias", "key"],
        ["query", "key", "scores"],
        ["input 1", "value/kernel", "value/bias", "value"],
        ["scores", "value", "y9"],
        ["y9", "attention_output/kernel", "attention_output/bias", "output"],
    ]
    # Scores (2 heads, 3 queries, 2 keys): the third query, with both keys, in both heads.
    scores = lines(scene.panels)[2][-1]
    assert lit(scores) == {(head, 2, key) for head in range(2) for key in range(2)}


def test_a_normalisation_shows_the_mean_that_cells_share() -> None:
    scene = draw(call("LayerNormalization", {}, (None, 2, 3)), cell=(1, 2))
    found = {panel.name: lit(panel) for panel in scene.panels}
    assert found["mean"] == found["variance"] == {(1,)}
    assert found["input"] == {(1, 0), (1, 1), (1, 2)}


def test_a_direction_that_is_not_read_is_dark_in_its_line() -> None:
    layer = call("Bidirectional", RULES["Bidirectional"].example, *RULES["Bidirectional"].shapes)
    forward, backward, _ = lines(draw(layer, cell=(3,)).panels)
    assert [lit(panel) for panel in forward] == [set()] * len(forward)
    assert lit(backward[0]) == {(step, feature) for step in range(3) for feature in range(2)}
