"""The receptive field of one output number, any number of layers back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dense_shapes.axes import Cell
from dense_shapes.display import draw
from dense_shapes.drawing.depth import before, draw_back
from dense_shapes.drawing.scene import Scene, lines
from dense_shapes.errors import CellError, ModelError, UnknownLayer
from dense_shapes.rules import named, traced
from dense_shapes.steps import Value
from dense_shapes.traces import Layer, Source, Trace
from tests.models import MODEL_A, MODEL_B, chain, nested, opaque
from tests.test_drawing import clashes, lit, outside, shown


def graph(
    *shapes: tuple[int | None, ...], **layers: tuple[str, dict[str, object], list[Source]]
) -> Trace:
    """A trace of these inputs, and of layers by their names: kind, configuration, sources."""
    inputs = tuple(Value(shape, named(shape), number) for number, shape in enumerate(shapes))
    made: list[Layer] = []
    for name, (kind, config, sources) in layers.items():
        values = [
            replace(inputs[n] if at < 0 else made[at].outputs[n], source=place)
            for place, (at, n) in enumerate(sources)
        ]
        made.append(replace(traced(kind, config, values, name=name), sources=tuple(sources)))
    return Trace("m", inputs, tuple(made), ((len(made) - 1, 0),))


def residual() -> Trace:
    """Two convolutions over three taps, and what goes into them added to what comes out."""
    taps = {"filters": 1, "kernel_size": 3, "padding": "same", "use_bias": False}
    return graph(
        (None, 9, 1),
        first=("Conv1D", taps, [(-1, 0)]),
        second=("Conv1D", taps, [(0, 0)]),
        third=("Conv1D", taps, [(1, 0)]),
        add=("Add", {}, [(0, 0), (2, 0)]),
    )


def named_panels(scene: Scene) -> dict[str, set[Cell]]:
    """The lit cells of the panels of a picture by their addresses."""
    return {panel.operand: lit(panel) for panel in scene.panels}


def test_one_number_of_model_b_down_to_the_image() -> None:
    scene = draw_back(MODEL_B, "dense_1", cell=(0, 1, 0), depth=4)
    found = named_panels(scene)
    # Two windows of 2 x 2 reach 3 x 3: output (0, 1) reads rows 0 to 2 and columns 1 to 3 of 4 x 5.
    assert found["conv2d/input"] == {(row, column, 0) for row in range(3) for column in range(1, 4)}
    assert found["conv2d_1/conv2d_1"] == {(0, 1, 0)}
    assert found["dense/dense"] == {(0, 1, unit) for unit in range(5)}
    assert found["dense_1/output"] == {(0, 1, 0)}
    assert scene.caption.endswith("Through 4 layers it depends on 9 of the 20 numbers of input.")
    assert [len(line) for line in lines(scene.panels)] == [4, 3, 3, 3]
    for panel in scene.panels:
        assert outside(panel) == []
        assert clashes(panel) == []


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_smaller_depth_begins_at_a_later_layer(depth: int) -> None:
    scene = draw_back(MODEL_B, "dense_1", cell=(0, 1, 0), depth=depth)
    first = ["dense", "conv2d_1", "conv2d"][depth - 1]
    assert scene.panels[0].name == first
    assert len(lines(scene.panels)) == depth
    counts = {1: "5 of the 30", 2: "1 of the 6", 3: "32 of the 96"}
    assert f"depends on {counts[depth]} numbers of {first}" in scene.caption


def test_a_depth_beyond_the_model_is_the_whole_model() -> None:
    assert draw_back(MODEL_A, "dense", cell=(2,), depth=99) == draw_back(
        MODEL_A, "dense", cell=(2,), depth=4
    )
    scene = draw_back(MODEL_A, "dense", cell=(2,), depth=4)
    # Flatten gives Dense all the positions: so it reads the whole image.
    assert scene.caption.endswith("it depends on 20 of the 20 numbers of input.")


def test_branches_that_meet_are_read_through_both() -> None:
    trace = residual()
    scene = draw_back(trace, "add", cell=(4, 0), depth=4)
    found = named_panels(scene)
    # On the longest way 3 windows of 3 taps reach 7 places, 1 to 7; the shortcut reads 3, 3 to 5.
    assert found["first/input"] == {(place, 0) for place in range(1, 8)} & shown(scene.panels[0])
    assert found["first/first"] == {(place, 0) for place in range(2, 7)}
    assert found["add/third"] == {(4, 0)}
    assert found["add/first"] == {(4, 0)}
    assert "depends on 7 of the 9 numbers of input" in scene.caption


def test_a_layer_is_drawn_when_all_those_after_it_are() -> None:
    trace = residual()
    names = [[trace[place].name for place in before(trace, 3, depth)] for depth in range(1, 5)]
    assert names == [
        ["add"],
        ["third", "add"],
        ["second", "third", "add"],
        ["first", "second", "third", "add"],
    ]


def test_two_inputs_are_counted_each() -> None:
    trace = graph(
        (None, 3),
        (None, 2),
        one=("Dense", {"units": 2}, [(-1, 0)]),
        both=("Concatenate", {}, [(0, 0), (-1, 1)]),
        last=("Dense", {"units": 1}, [(1, 0)]),
    )
    scene = draw_back(trace, "last", cell=(0,), depth=3)
    assert scene.caption.endswith(
        "3 of the 3 numbers of input 0 and 2 of the 2 numbers of input 1."
    )
    assert draw_back(trace, "both", cell=(3,), depth=2).caption.endswith(
        "depends on 0 of the 3 numbers of input 0 and 1 of the 2 numbers of input 1."
    )


def test_a_nested_model_is_a_closed_box_that_is_read_through() -> None:
    inner = chain("inner", (None, 3, 2), ("Dense", {"units": 4}))
    block = nested("block", inner)
    dense = replace(
        traced("Dense", {"units": 2}, [replace(block.outputs[0], source=0)], name="last"),
        sources=((0, 0),),
    )
    trace = Trace("outer", inner.inputs, (block, dense), ((1, 0),))
    scene = draw_back(trace, "last", cell=(1, 0), depth=2)
    assert [panel.kind for panel in scene.panels][:3] == ["input", "closed", "output"]
    assert lit(scene.panels[0]) == {(1, 0), (1, 1)}
    inside = draw_back(trace, "block/dense", cell=(1, 0), depth=5)
    assert lit(inside.panels[0]) == {(1, 0), (1, 1)}


def test_a_layer_that_is_not_known_stops_it() -> None:
    mystery = opaque("it", (None, 3), (None, 5))
    dense = replace(
        traced("Dense", {"units": 2}, [replace(mystery.outputs[0], source=0)], name="last"),
        sources=((0, 0),),
    )
    trace = Trace("m", mystery.inputs, (mystery, dense), ((1, 0),))
    assert len(draw_back(trace, "last", cell=(1,), depth=1).panels) == 4
    assert len(draw_back(trace, "last", depth=2).panels) == 6
    with pytest.raises(UnknownLayer, match="what a cell of Mystery 'it' reads is not known"):
        draw_back(trace, "last", cell=(1,), depth=2)


def test_bad_questions_are_answered() -> None:
    with pytest.raises(ModelError, match="expected a depth of at least 1, received 0"):
        draw_back(MODEL_B, "dense", cell=(0, 0, 0), depth=0)
    with pytest.raises(CellError, match="a cell of the output can be lit, not of 'kernel'"):
        draw_back(MODEL_B, "dense", cell=("kernel", (0, 0)), depth=2)
    with pytest.raises(UnknownLayer, match="no layer is called 'dens' in 'B'"):
        draw_back(MODEL_B, "dens", cell=(0, 0, 0), depth=2)


def test_the_public_function_takes_a_trace_and_a_layer() -> None:
    picture = draw(MODEL_B, layer="dense_1", cell=(0, 1, 0), depth=4)
    assert picture.content == draw_back(MODEL_B, "dense_1", cell=(0, 1, 0), depth=4)
    assert (
        draw(MODEL_B, layer="dense", cell=(0, 1, 0)).content
        == draw(MODEL_B["dense"], cell=(0, 1, 0)).content
    )
    with pytest.raises(ModelError, match="expected a Trace, received Layer"):
        draw(MODEL_B["dense"], layer="dense")


def test_a_deep_chain_of_large_images_is_read_fast() -> None:
    taps = {"filters": 16, "kernel_size": 3, "padding": "same"}
    trace = chain("deep", (None, 400, 300, 3), *[("Conv2D", taps)] * 40, ("Flatten", {}))
    scene = draw_back(trace, "conv2d_39", cell=(200, 150, 0), depth=40)
    # 40 windows of 3 x 3 reach 81 x 81 places of 3 channels.
    assert scene.caption.endswith(f"depends on {81 * 81 * 3:,} of the 360,000 numbers of input.")
