"""The picture of a model: what stands in it, where, and that it is the model and nothing else."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

import dense_shapes
from dense_shapes.axes import Shape
from dense_shapes.drawing.chips import Letters
from dense_shapes.drawing.columns import MARGIN, columns, gutter
from dense_shapes.drawing.outline import Entry, Outline, outline
from dense_shapes.drawing.placing import LANES, Place, placed
from dense_shapes.drawing.scene import Box, Edge, Mark, Panel, Scene, Words
from dense_shapes.drawing.sheet import WIDEST
from dense_shapes.drawing.sheet import rows as rows_of_panels
from dense_shapes.drawing.strip import places_of, rows
from dense_shapes.drawing.theme import TONES, Paint
from dense_shapes.errors import ModelError, UnknownLayer
from dense_shapes.fates import Descent, Told, handed_on
from dense_shapes.origins import Strand, origins
from dense_shapes.readers import assembly, spec
from dense_shapes.readers.assembly import Graph, Part
from dense_shapes.rules import RULES, call
from dense_shapes.steps import Step, Value
from dense_shapes.traces import Layer, Source, Trace
from dense_shapes.views import render
from tests.models import MODEL_A, MODEL_B, chain, nested, opaque
from tests.profiles import examples
from tests.strategies import chains, graphs
from tests.test_drawing import clashes, outside, overlap

SVG = "{http://www.w3.org/2000/svg}"
MODELS = chains() | graphs()
LAWS = settings(max_examples=examples(60), suppress_health_check=[HealthCheck.too_slow])


def scene(trace: Trace, *, unfold: bool = False) -> Scene:
    """The picture of a model."""
    content = dense_shapes.draw(trace, unfold=unfold).content
    assert isinstance(content, Scene)
    return content


def compared(a: Trace, b: Trace, *, unfold: bool = False) -> Scene:
    """The picture of two models."""
    content = dense_shapes.compare(a, b, unfold=unfold).content
    assert isinstance(content, Scene)
    return content


def words(picture: Scene) -> list[str]:
    """All the words of a picture in the order in which they are read."""
    return [
        mark.text for panel in picture.panels for mark in panel.marks if isinstance(mark, Words)
    ]


def boxes(picture: Scene, kind: str) -> list[Box]:
    """The rectangles of a kind."""
    marks = [mark for panel in picture.panels for mark in panel.marks]
    return [mark for mark in marks if isinstance(mark, Box) and mark.kind == kind]


def spec_of(text: str) -> Trace:
    """A model in its shortest form."""
    return spec.trace(text)


# Laws of every picture


def faults(panel: Panel) -> list[object]:
    """Marks outside the panel, words over words, lines or nodes, and words that a chip's edge cuts."""
    texts = [mark for mark in panel.marks if isinstance(mark, Words)]
    lines = [mark for mark in panel.marks if isinstance(mark, Edge)]
    chips = [it for it in panel.marks if isinstance(it, Box) and it.kind == "chip"]
    solid: list[Mark] = [
        it for it in panel.marks if isinstance(it, Box) and it.kind in ("node", "small")
    ]
    over = [(one.text, it) for one in texts for it in (*lines, *solid) if overlap(one, it)]
    across = [
        (one.text, chip)
        for one in texts
        for chip in chips
        if overlap(one, chip)
        and not (chip.x <= one.extent[0] and one.extent[2] <= chip.x + chip.width)
    ]
    crowded = [(a, b) for a, b in combinations(chips, 2) if overlap(a, b)]
    return [*outside(panel), *clashes(panel), *over, *across, *crowded]


def assert_lawful(picture: Scene) -> None:
    """Every law that a picture of a model keeps, wherever it is shown."""
    assert [faults(panel) for panel in picture.panels] == [[]] * len(picture.panels)
    for row in rows_of_panels(picture.panels, 2 if picture.paired else 0):
        assert sum(panel.width + 12 for panel in row) <= max(WIDEST + 12, row[0].width + 12)
    root = ET.fromstring(render(picture, "svg"))
    assert float(root.attrib["width"]) <= 2000
    ET.fromstring(re.sub(r"<style>.*?</style>", "", render(picture, "html"), flags=re.DOTALL))


@LAWS
@given(MODELS, st.booleans())
def test_every_mark_has_its_place_and_touches_no_other(trace: Trace, unfold: bool) -> None:
    assert_lawful(scene(trace, unfold=unfold))


@LAWS
@given(MODELS, MODELS)
def test_every_mark_of_a_comparison_has_its_place(a: Trace, b: Trace) -> None:
    assert_lawful(compared(a, b))


@LAWS
@given(MODELS)
def test_the_bytes_are_the_same_every_time(trace: Trace) -> None:
    again = dense_shapes.from_json(dense_shapes.to_json(trace))
    for view in ("svg", "html", "text", "markdown"):
        assert dense_shapes.draw(trace).to(view) == dense_shapes.draw(again).to(view)


# The picture is the model


def labels(whole: Outline) -> list[str]:
    """The layers that are drawn or stand in a fold, in order."""
    found = []
    for entry in whole.entries:
        found.append(entry.node.label)
        fold = entry.fold
        last = fold and entry.node is whole.nodes[fold.start + fold.period - 1]
        if fold and last:
            found += [node.label for node in whole.nodes[fold.start + fold.period : fold.stop]]
    return found


@LAWS
@given(MODELS)
def test_every_layer_is_in_the_picture_once_or_counted_in_a_fold(trace: Trace) -> None:
    whole, picture = outline(trace), scene(trace)
    event(f"{len(whole.folds)} folds")
    drawn = [label for label in labels(whole) if "start_" not in label and label]
    assert Counter(drawn) == Counter(it.label for it in trace if it.kind != "InputLayer")
    assert len(boxes(picture, "node")) == len(whole.entries)
    read = words(picture)
    named = [entry.node.label for entry in whole.entries if entry.node.label]
    places = [read.index(label) for label in named]
    assert places == sorted(places)
    for fold in whole.folds:
        assert f"× {fold.count}" in read


@LAWS
@given(MODELS)
def test_the_parameters_of_the_picture_are_those_of_the_model(trace: Trace) -> None:
    assert f"Total: {trace.params:,} parameter{'' if trace.params == 1 else 's'}" in words(
        scene(trace)
    )
    whole = outline(trace, unfold=True)
    last = r"(?:= |^)([\d,]+)(?: parameters?)?$"
    counted = [re.search(last, it.counted) for it in whole.entries]
    assert sum(int(it[1].replace(",", "")) for it in counted if it) == trace.params


def taken(places: list[Place], entries: list[Entry]) -> list[set[Source]]:
    """What each row takes, read from its lanes and the words beside them."""
    running: dict[int, Source] = {}
    found = []
    for place, entry in zip(places, entries, strict=True):
        assert running.keys() == place.above
        lanes = [*place.joins, *([place.lane] if place.lane in place.above else [])]
        found.append({*(running[lane] for lane in lanes), *place.told})
        running = {lane: value for lane, value in running.items() if lane in place.below}
        new = [it for it in (place.lane, *place.splits) if it in place.below]
        running |= dict(
            zip(new, [it for it in entry.node.gives if is_used(it, entries)], strict=False)
        )
    return found


def is_used(source: Source, entries: list[Entry]) -> bool:
    """Whether a row takes a value."""
    return any(source in entry.takes for entry in entries)


@LAWS
@given(MODELS)
def test_the_lanes_say_what_each_row_takes(trace: Trace) -> None:
    entries = list(outline(trace).entries)
    assert taken(places_of(entries), entries) == [set(entry.takes) for entry in entries]


def linked(panel: Panel) -> set[tuple[int, int]]:
    """Which node leads to which, found by following the lines of a panel back from each node."""
    nodes = [it for it in panel.marks if isinstance(it, Box) and it.kind == "node"]
    centre = {(it.x + it.width / 2, it.y + it.height / 2): n for n, it in enumerate(nodes)}
    lines = [it for it in panel.marks if isinstance(it, Edge)]
    found = set()
    for (x, y), number in centre.items():
        todo = [it for it in lines if (it.to_x, it.to_y) == (x, y)]
        while todo:
            edge = todo.pop()
            if (edge.x, edge.y) in centre:
                found.add((centre[edge.x, edge.y], number))
                continue
            todo += [
                it
                for it in lines
                if it is not edge
                and it.to_x == edge.x
                and it.y < edge.y <= it.to_y
                and (it.x == it.to_x or it.to_y == edge.y)
            ]
    return found


@LAWS
@given(MODELS)
def test_the_lines_lead_from_each_layer_to_those_that_take_its_values(trace: Trace) -> None:
    whole = outline(trace)
    places = places_of(whole.entries)
    some = list(rows(whole, places, Letters(first=3), 252))
    [panel] = columns(some, 252, gutter(places), [0])
    maker = {it: n for n, entry in enumerate(whole.entries) for it in entry.node.gives}
    told = {(maker[it], n) for n, place in enumerate(places) for it in place.told}
    wanted = {(maker[it], n) for n, entry in enumerate(whole.entries) for it in entry.takes}
    assert linked(panel) == wanted - told


def test_what_finds_no_lane_is_told_in_words() -> None:
    x = assembly.placeholder((None, 4), "x")
    parts = [Part("Dense", f"branch_{n}", {"units": 2}) for n in range(LANES + 3)]
    branches = [assembly.call(part, [x]).outputs[0] for part in parts]
    end = assembly.call(Part("Concatenate", "all"), [branches]).outputs
    trace = Graph("wide", "Functional", (x,), end).trace()
    picture = scene(trace)
    assert_lawful(picture)
    assert len([text for text in words(picture) if text.startswith("takes branch_")]) >= 3


# Where an axis comes from


def strands(trace: Trace, label: str, axis: int) -> list[Strand]:
    """What an axis of the first output of a layer is made of."""
    place = next(n for n, layer in enumerate(trace) if layer.label == label)
    return list(origins(trace)[place, 0][axis].strands)


def test_six_features_are_two_times_three_times_one() -> None:
    rows_, columns_, channel = strands(MODEL_A, "flatten", 1)
    assert [it.size for it in (rows_, columns_, channel)] == [2, 3, 1]
    assert [rows_] == [*strands(MODEL_A, "conv2d_1", 1)]
    assert [columns_] == [*strands(MODEL_A, "conv2d_1", 2)]
    assert [channel] == [*strands(MODEL_A, "conv2d_1", 3)]
    assert rows_.origin == strands(MODEL_A, "conv2d", 1)[0].origin == (-1, 1)
    assert channel.origin != strands(MODEL_A, "conv2d", 3)[0].origin


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        # rows a and columns b stay, and each layer with weights makes its own features
        ("4,5,1 -> Conv2D(8, 2) -> Dense(5)", "abc abd abe"),
        ("4,5,6 -> MaxPooling2D(2) -> BatchNormalization -> GlobalAveragePooling2D", "abc abc c"),
        ("4,5,6 -> Permute((2, 1, 3)) -> Flatten", "abc bac bac"),
        # cut as it was put together, and cut anew
        ("4,5 -> Flatten -> Reshape((4, 5))", "ab ab ab"),
        ("4,6 -> Flatten -> Reshape((6, 4))", "ab ab cd"),
        ("12,3 -> Reshape((4, 3, 3))", "ab aab"),
        ("8 -> RepeatVector(3) -> LSTM(5)", "a ba c"),
        ("6,8 -> LSTM(5, return_sequences=True)", "ab ac"),
        ("5,6,8 -> DepthwiseConv2D(2) -> DepthwiseConv2D(2, depth_multiplier=2)", "abc abc abcd"),
        ("9 -> Embedding(7, 3)", "a ab"),
    ],
)
def test_the_letters_follow_the_axes(text: str, letters: str) -> None:
    whole = outline(spec_of(text))
    known = Letters(first=1)
    found = [
        "".join(known.of(strand.origin)[0] for made in it.made[1:] for strand in made.strands)
        for entry in whole.entries
        for it in entry.tensors
    ]
    assert " ".join(found) == letters


def test_a_residual_connection_keeps_the_older_letter() -> None:
    x = assembly.placeholder((None, 7, 4), "x")
    y = assembly.call(Part("Dense", "dense", {"units": 4}), [x]).outputs[0]
    end = assembly.call(Part("Add", "add"), [[y, x]]).outputs
    trace = Graph("model", "Functional", (x,), end).trace()
    assert strands(trace, "dense", 2)[0].origin == (1, 0)
    assert strands(trace, "add", 2)[0].origin == (-1, 2)


def ancestors(layer: Layer) -> list[list[set[tuple[int, int]]]]:
    """The axes of the inputs from which each axis of each output comes, as `fates` follows them."""
    seen: dict[tuple[int, int], list[Told]] = {}
    known: dict[int, list[Descent]] = {}
    for number, value in enumerate(layer.inputs):
        places = [(number, place) for place in range(len(value.shape))]
        seen |= {place: [] for place in places}
        known[number] = [Descent({place}) for place in places]

    def descent(value: Value) -> list[Descent]:
        key = id(value.source) if isinstance(value.source, Step) else value.source
        return [Descent() for _ in value.shape] if key is None else known[key]

    for step in layer.steps:
        known[id(step)] = handed_on(step, [descent(value) for value in step.inputs], seen)
    return [[one.ancestors for one in descent(value)] for value in layer.outputs]


@pytest.mark.parametrize("kind", RULES)
def test_no_axis_has_the_letter_of_one_that_it_does_not_come_from(kind: str) -> None:
    rule = RULES[kind]
    layer = call(kind, rule.example, *rule.shapes, **rule.options)
    sources = tuple((-1, number) for number in range(len(layer.inputs)))
    outputs = tuple((0, number) for number in range(len(layer.outputs)))
    trace = Trace("model", layer.inputs, (replace(layer, sources=sources),), outputs)
    assert_lawful(scene(trace))
    made = origins(trace)
    born = {
        strand.origin: (number, place)
        for number in range(len(layer.inputs))
        for place, axis in enumerate(made[-1, number])
        for strand in axis.strands
    }
    for number, axes in enumerate(ancestors(layer)):
        for axis, known in zip(made[0, number], axes, strict=True):
            assert {born[it.origin] for it in axis.strands if it.origin in born} <= known


def test_colours_are_never_the_only_sign() -> None:
    picture = scene(MODEL_A)
    for panel in picture.panels:
        chips = [it for it in panel.marks if isinstance(it, Box) and it.kind == "chip"]
        letters = [it for it in panel.marks if isinstance(it, Words) and it.kind == "letter"]
        assert chips
        assert len(chips) == len(letters)
        tones: dict[str, int | None] = {}
        for chip, letter in zip(chips, letters, strict=True):
            assert overlap(chip, letter)
            assert tones.setdefault(letter.text, chip.tone) == chip.tone


def test_the_letters_go_on_after_z() -> None:
    letters = Letters(first=2)
    found = [letters.of((n, 0)) for n in range(60)]
    assert len({letter for letter, _ in found}) == 60
    assert [found[n][0] for n in (0, 25, 26, 52)] == ["a", "z", "aa", "ba"]
    assert {tone for _, tone in found[2:]} == {*range(2, 8)}


# Folding


def residual(name: str, blocks: int, shape: Shape = (None, 7, 4)) -> Trace:
    """A model of so many blocks, each Dense(3), Dense(4), Add."""
    x = start = assembly.placeholder(shape, "x")
    for number in range(blocks):
        y = assembly.call(Part("Dense", f"up_{number}", {"units": 3}), [x]).outputs[0]
        y = assembly.call(Part("Dense", f"down_{number}", {"units": 4}), [y]).outputs[0]
        x = assembly.call(Part("Add", f"add_{number}"), [[x, y]]).outputs[0]
    return Graph(name, "Functional", (start,), (x,)).trace()


def test_a_block_that_is_repeated_is_drawn_once() -> None:
    trace = residual("deep", 5)
    [fold] = outline(trace).folds
    assert (fold.period, fold.count, fold.alike) == (3, 5, False)
    read = words(scene(trace))
    assert "× 5" in read
    # Dense(3) on 4: (4 + 1) x 3 = 15, Dense(4) on 3: (3 + 1) x 4 = 16
    assert f"{5 * (15 + 16)} parameters in all" in read
    assert [text for text in read if re.match("(up|down|add)_[0-9]$", text)] == [
        "up_0",
        "down_0",
        "add_0",
    ]
    assert len(boxes(scene(trace), "block")) == 1


@pytest.mark.parametrize("unfold", [True, "down_3", ["down_3"]])
def test_a_fold_is_opened_by_request(unfold: bool | str | list[str]) -> None:
    picture = dense_shapes.draw(residual("deep", 5), unfold=unfold).content
    assert isinstance(picture, Scene)
    assert len(boxes(picture, "node")) == 1 + 15
    assert not any(text.startswith("× ") for text in words(picture))


def test_a_few_blocks_are_not_folded() -> None:
    assert outline(residual("shallow", 2)).folds == ()


def test_a_block_whose_inside_is_used_elsewhere_is_not_folded() -> None:
    x = start = assembly.placeholder((None, 4), "x")
    held = []
    for number in range(9):
        x = assembly.call(Part("Dense", f"dense_{number}", {"units": 4}), [x]).outputs[0]
        held.append(x)
    end = assembly.call(Part("Concatenate", "skip"), [[held[4], x]]).outputs
    trace = Graph("skip", "Functional", (start,), end).trace()
    assert outline(trace).folds == ()
    deep = Graph("deep", "Functional", (start,), (x,)).trace()
    assert [(fold.period, fold.count) for fold in outline(deep).folds] == [(1, 9)]


def test_layers_that_only_look_alike_are_not_folded() -> None:
    sizes = " -> ".join(f"Dense({units})" for units in (9, 8, 7, 6, 5, 4, 3, 2, 1))
    assert outline(spec_of(f"4 -> {sizes}")).folds == ()
    relu, tanh = "Dense(4, 'relu')", "Dense(4, 'tanh')"
    mixed = [relu, relu, tanh, relu, tanh, tanh, tanh, relu, tanh, relu]
    assert outline(spec_of(f"4 -> {' -> '.join(mixed)}")).folds == ()


def test_blocks_that_grow_are_folded_as_alike_and_the_last_size_is_told() -> None:
    x = start = assembly.placeholder((None, 7, 7, 4), "x")
    for number in range(6):
        y = assembly.call(
            Part("Conv2D", f"conv_{number}", {"filters": 8, "kernel_size": 1}), [x]
        ).outputs[0]
        y = assembly.call(
            Part("Conv2D", f"grow_{number}", {"filters": 2, "kernel_size": 1}), [y]
        ).outputs[0]
        x = assembly.call(Part("Concatenate", f"join_{number}"), [[x, y]]).outputs[0]
    trace = Graph("dense", "Functional", (start,), (x,)).trace()
    [fold] = outline(trace).folds
    assert (fold.period, fold.count, fold.alike) == (3, 6, True)
    read = words(scene(trace))
    assert "blocks alike, the sizes differ" in read
    assert "(None, 7, 7, 16)" in read  # 4 + 6 x 2
    # conv_n reads 4 + 2n channels: (4 + 2n + 1) x 8, grow: (8 + 1) x 2 = 18
    assert f"{sum((5 + 2 * n) * 8 + 18 for n in range(6))} parameters in all" in read


def test_a_thousand_layers_are_one_picture() -> None:
    trace = chain("deep", (None, 4), *[("Dense", {"units": 4})] * 1000)
    text = dense_shapes.draw(trace).to("svg")
    assert "× 1000" in text
    assert len(text) < 10_000
    whole = scene(trace, unfold=True)
    assert len(boxes(whole, "node")) == 1001
    assert max(sum(p.width for p in row) for row in rows_of_panels(whole.panels)) <= WIDEST
    assert max(panel.height for panel in whole.panels) <= 1100


# Nested models, shared layers, several ends


def test_a_nested_model_is_one_layer_with_its_total_and_opened_by_request() -> None:
    inner = chain("inner", (None, 2, 3, 5), ("Dense", {"units": 7}), ("Dense", {"units": 5}))
    layer = nested("block", inner)
    trace = Trace("outer", layer.inputs, (layer,), ((0, 0),))
    # (5 + 1) x 7 = 42 and (7 + 1) x 5 = 40
    assert "2 layers, 82 parameters" in words(scene(trace))
    for unfold in (True, ["block"], ["block/dense_1"]):
        picture = dense_shapes.draw(trace, unfold=unfold).content
        assert isinstance(picture, Scene)
        read = words(picture)
        assert "block/dense" in read
        assert "block/dense_1" in read
        assert "Total: 82 parameters" in read


def test_a_shared_layer_is_counted_once_and_makes_the_same_axis() -> None:
    left, right = (assembly.placeholder((None, 3, 4), name) for name in ("left", "right"))
    shared = Part("Dense", "shared", {"units": 5})
    one, other = (assembly.call(shared, [it]).outputs[0] for it in (left, right))
    end = assembly.call(Part("Concatenate", "join"), [[one, other]]).outputs
    trace = Graph("twins", "Functional", (left, right), end).trace()
    read = words(scene(trace))
    assert "(4 + 1) × 5 = 25" in read
    assert "the same 25 parameters as shared" in read
    assert "Total: 25 parameters" in read
    first, second = strands(trace, "join", 2)
    assert first == second
    assert [text for text in read if " or " in text] == ["0: left or right", "1: left or right"]


def test_every_output_is_named() -> None:
    x = assembly.placeholder((None, 4), "x")
    ends = [
        assembly.call(Part("Dense", f"end_{n}", {"units": n + 1}), [x]).outputs[0] for n in range(2)
    ]
    read = words(scene(Graph("two", "Functional", (x,), tuple(ends)).trace()))
    assert [read[read.index(name) + 1] for name in ("output 0", "output 1")] == [
        "(None, 1)",
        "(None, 2)",
    ]


def test_an_opaque_layer_says_so() -> None:
    layer = opaque("mystery", (None, 4), (None, 5))
    read = words(scene(Trace("model", layer.inputs, (layer,), ((0, 0),))))
    assert "its inside is not known" in read


# In words


def test_the_text_alternative_is_enough_to_draw_the_model() -> None:
    text = str(dense_shapes.draw(MODEL_A))
    assert text.replace("; (None", ";\n(None").split("\n") == [
        "Model 'A': (None, 4, 5, 1) → (None, 1), 5 layers, 114 parameters",
        "Input: (None, 4, 5, 1): 4 rows, 5 columns, 1 channel.",
        "Conv2D 'conv2d': (2 × 2 × 1 + 1) × 8 = 40 parameters;",
        "(None, 3, 4, 8): 3 rows, 4 columns, 8 filters.",
        "Conv2D 'conv2d_1': (2 × 2 × 8 + 1) × 1 = 33 parameters;",
        "(None, 2, 3, 1): 2 rows, 3 columns, 1 filter.",
        "Flatten 'flatten': (None, 6): 6 features = 2 × 3 × 1.",
        "Dense 'dense': (6 + 1) × 5 = 35 parameters;",
        "(None, 5): 5 units.",
        "Dense 'dense_1': (5 + 1) × 1 = 6 parameters; output (None, 1): 1 unit.",
    ]


@LAWS
@given(graphs())
def test_the_words_name_every_row_and_what_it_takes(trace: Trace) -> None:
    whole = outline(trace)
    lines = str(dense_shapes.draw(trace)).split("\n")
    names = {it: entry.node.label for entry in whole.entries for it in entry.node.gives}
    before: Entry | None = None
    for entry in whole.entries:
        [line] = [it for it in lines if it.startswith(f"{entry.node.kind} {entry.node.label!r}")]
        if before is None or set(entry.takes) != set(before.node.gives):
            assert all(repr(names[it]) in line for it in entry.takes)
        before = entry


def test_a_hostile_name_stays_text() -> None:
    layer = chain("<script>", (None, 4), ("Dense", {"units": 5}))
    evil = Trace("]]>&\x00<script>alert(1)</script>", layer.inputs, layer.layers, layer.outputs)
    for view in ("svg", "html"):
        text = dense_shapes.draw(evil).to(view)
        assert "<script" not in text
        ET.fromstring(re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL))


def test_a_very_long_name_is_shortened_in_the_picture_and_whole_in_words() -> None:
    trace = chain("model", (None, 4), ("Dense", {"units": 5}))
    name = "x" * 300
    long = Trace(
        "model",
        trace.inputs,
        tuple(type(it)(**{**vars(it), "name": name}) for it in trace),
        trace.outputs,
    )
    picture = scene(long)
    assert_lawful(picture)
    assert name not in words(picture)
    assert name in picture.description


# Comparison


def test_the_models_of_the_question_differ_in_flatten_and_after_it() -> None:
    picture = compared(MODEL_A, MODEL_B)
    assert picture.title == "A and B: 2 layers the same, 2 differ, 1 only in A"
    left, right = (words(Scene("", "", (panel,))) for panel in picture.panels)
    assert "+ not in B" in left
    assert "no Flatten here" in right
    assert "≠ in B: (1 + 1) × 5 = 10" in left
    assert "≠ in A: (6 + 1) × 5 = 35" in right
    assert ("Total: 114 parameters" in left, "Total: 89 parameters" in right) == (True, True)
    assert len(boxes(picture, "changed")) == 3 + 2
    assert len(boxes(picture, "missing")) == 1
    assert picture.description.startswith(
        "Flatten 'flatten' is in A alone.\nDense 'dense' in A differs"
    )


def nodes_at(panel: Panel) -> list[tuple[str, float]]:
    """The kinds of the layers of a panel, and how high each stands."""
    names = [it for it in panel.marks if isinstance(it, Words) and it.kind == "name"]
    return [(it.text, it.y) for it in names]


@LAWS
@given(chains(), chains())
def test_rows_that_belong_together_stand_side_by_side(a: Trace, b: Trace) -> None:
    picture = compared(a, b, unfold=True)
    pairs = list(zip(picture.panels[::2], picture.panels[1::2], strict=True))
    for one, other in pairs:
        assert (one.height, one.width) == (other.height, other.width)
        assert len(boxes(Scene("", "", (one,)), "missing")) + len(nodes_at(one)) == len(
            boxes(Scene("", "", (other,)), "missing")
        ) + len(nodes_at(other))


@LAWS
@given(MODELS)
def test_a_model_differs_in_nothing_from_itself(trace: Trace) -> None:
    picture = compared(trace, trace)
    assert boxes(picture, "changed") == boxes(picture, "missing") == []
    assert "0 differ" in picture.title
    assert "only" not in picture.title


def test_what_is_the_same_for_long_is_one_row() -> None:
    deep, deeper = residual("deep", 8), residual("deeper", 9)
    picture = compared(deep, deeper)
    assert "3 only in deeper" in picture.title
    assert any(re.fullmatch(r"\d+ layers", text) for text in words(picture))
    assert len(boxes(picture, "node")) < 30
    assert len(boxes(compared(deep, deeper, unfold=True), "node")) == 1 + 24 + 1 + 27


# What cannot be drawn


def test_a_cell_is_one_of_a_layer() -> None:
    with pytest.raises(UnknownLayer, match=r"is one of a layer, received a model; say which: "):
        dense_shapes.draw(MODEL_A, cell=(0,))


def test_a_name_of_no_layer_cannot_be_opened() -> None:
    with pytest.raises(UnknownLayer, match="no layer is called 'nothing' in 'A'"):
        dense_shapes.draw(MODEL_A, unfold=["nothing"])


def test_only_models_can_be_compared() -> None:
    with pytest.raises(ModelError, match="expected a Trace, received Layer"):
        dense_shapes.compare(MODEL_A, MODEL_B["dense"])  # type: ignore[arg-type]


def test_a_model_without_layers_is_drawn() -> None:
    empty = Trace("empty", MODEL_A.inputs, (), ((-1, 0),))
    assert_lawful(scene(empty))
    assert_lawful(compared(empty, MODEL_A))
    assert_lawful(scene(Trace("nothing", (), (), ())))


def test_places_of_a_split_and_a_merge() -> None:
    # x goes to two rows and to the third; y and z to the third
    x, y, z = (0, 0), (1, 0), (2, 0)
    found = placed([[], [x], [x], [y, z]], [[x], [y], [z], [(3, 0)]])
    assert [(it.lane, it.joins) for it in found] == [(0, ()), (1, (0,)), (0, ()), (0, (1,))]
    assert MARGIN > 0


def luminance(colour: Sequence[float]) -> float:
    """The relative luminance of a colour. Source: WCAG 2.2, www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    parts = [part / 255 for part in colour]
    red, green, blue = (
        it / 12.92 if it <= 0.04045 else ((it + 0.055) / 1.055) ** 2.4 for it in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("tone", TONES, ids=lambda it: it.css)
@pytest.mark.parametrize(
    ("ink", "page"),
    [
        ((0x1B, 0x1F, 0x24), (255, 255, 255)),
        ((0xE6, 0xED, 0xF3), (0x0D, 0x11, 0x17)),
        ((0xCF, 0xD0, 0xD0), (0x13, 0x14, 0x16)),
    ],
    ids=["light", "dark", "Furo's dark"],
)
def test_words_on_a_chip_can_be_read(
    tone: Paint, ink: tuple[int, ...], page: tuple[int, ...]
) -> None:
    colour, alpha = (tone.red, tone.green, tone.blue), tone.cover
    ground = [alpha * over + (1 - alpha) * under for over, under in zip(colour, page, strict=True)]
    dark, light = sorted((luminance(ink), luminance(ground)))
    assert (light + 0.05) / (dark + 0.05) >= 4.5
