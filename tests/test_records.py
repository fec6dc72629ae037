"""A trace as JSON: written and read back, and refused where it is not what it says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dense_shapes.axes import Parts, Past, Window
from dense_shapes.errors import DenseShapesError, FormatError
from dense_shapes.readers import spec
from dense_shapes.records import from_json, to_json
from dense_shapes.rules import call
from dense_shapes.steps import By, Value, Weight, apply
from dense_shapes.traces import Layer, Trace
from tests.models import MODEL_A, MODEL_B, chain, nested, opaque
from tests.profiles import examples
from tests.strategies import chains

Json: TypeAlias = Any
Place: TypeAlias = tuple[str | int, ...]

SMALL = chain("m", (None, 2, 3, 1), ("Dense", {"units": 5, "activation": "softmax"}))


def everything() -> Trace:
    """A window, softmax, a model inside that is called twice, and a layer that no rule describes."""
    before = chain(
        "everything",
        (None, 4, 5, 1),
        ("Conv2D", {"filters": 2, "kernel_size": 2, "strides": 2, "padding": "same"}),
        ("Flatten", {}),
        ("Dense", {"units": 4, "activation": "softmax"}),
    )
    inner = chain("inner", (None, 4), ("Dense", {"units": 4}), path="block/")
    last = call("Dense", {"units": 2, "use_bias": False}, (None, 7), name="last")
    layers = (
        *before.layers,
        nested("block", inner, source=2),
        nested("block", inner, number=2, source=3),
        opaque("mystery", (None, 4), (None, 7), source=4),
        replace(last, sources=((5, 0),)),
    )
    return replace(before, layers=layers, outputs=((6, 0),))


def with_weights_beside() -> Trace:
    """A model that holds a weight which belongs to none of its layers."""
    free = Weight("scale", (7,), trainable=False, path="softmax/scale")
    return replace(SMALL, beside=(free,))


def two_ended_trace() -> Trace:
    """A model of two inputs with an input layer, whose second output is an input."""
    first = chain("m", (None, 3), ("Dense", {"units": 2}))
    other = replace(first.inputs[0], shape=(None, 7), source=1)
    listed = call("InputLayer", {"shape": (3,)})
    return replace(
        first,
        inputs=(first.inputs[0], other),
        layers=(listed, *first.layers),
        outputs=((1, 0), (-1, 1)),
    )


def every_step() -> Trace:
    """A model of one layer for each way to see an axis, and for each way to combine."""
    x = Value((None, 4, 2), ("b", "t", "feature"), 0)
    y = Value((None, 4, 3), ("b", "t", "feature"), 1)
    sums = apply("b t p, b t q -> b t (p + q)", x, y, by=By.COPY)
    up = apply("b t' c -> b t c", sums, by=By.COPY, t=Window(2, stride=2, after=-1))
    cut = apply("b t c -> b t' c", up, by=By.COPY, t=Window(1, before=-2, after=1))
    turned = apply("b t c -> b t' c", cut, by=By.COPY, t=Window(1, stride=-1, before=-7))
    parts = apply("b t c -> b t' c", turned, by=By.MEAN, t=Parts(3))
    scaled = apply("... c -> ... c", parts, by=By.MAP, function="scale", gamma="c")
    facts: dict[str, Any] = {"unit": 2, "before": 2, "t": Past(turned=True)}
    kernels = {"kernel": "in unit", "recurrent_kernel": "before unit"}
    run = apply("b t in -> b t' unit", scaled, by=By.RECUR, **kernels, **facts)
    looked = apply("b t u -> b t u v", run, by=By.LOOKUP, table="w v", w=5, v=2)
    mean = apply("b t u v -> b t", looked, by=By.MAX)
    total = apply("b t u v -> b t", looked, by=By.MIN)
    y2 = apply("..., ... -> ...", mean, total, by=By.SUBTRACT)
    steps = Layer("steps", "Steps", (x, y), (y2, run))
    held = [weight for step in steps.steps for weight in step.weights]
    weights = tuple(replace(it, path=f"steps/{it.name}") for it in held)
    layer = replace(steps, weights=weights, sources=((-1, 0), (-1, 1)))
    return Trace("every step", (x, y), (layer,), ((0, 0), (0, 1)))


EVERYTHING = everything()
EVERY_STEP = every_step()


def record_of(trace: Trace) -> Json:
    """A trace as plain data."""
    return json.loads(to_json(trace))


def read(record: Json) -> Trace:
    """The trace of plain data."""
    return from_json(json.dumps(record))


def leaves(record: Json, place: Place = ()) -> Iterator[tuple[Place, Json]]:
    """Every value of a record that holds no others, with its place."""
    match record:
        case dict():
            for key, value in record.items():
                yield from leaves(value, (*place, key))
        case list():
            for number, value in enumerate(record):
                yield from leaves(value, (*place, number))
        case _:
            yield place, record


def changed(record: Json, place: Place, value: Json) -> Json:
    """A copy of a record with another value at a place."""
    copy = deepcopy(record)
    inside = copy
    for key in place[:-1]:
        inside = inside[key]
    inside[place[-1]] = value
    return copy


def canonical(record: Json) -> str:
    """Plain data as text in which 1, 1.0 and true are three different things."""
    return json.dumps(record, sort_keys=True)


def accepted(record: Json) -> bool:
    """Whether a record is read; any error but those of the package is let through."""
    try:
        read(record)
    except DenseShapesError:
        return False
    return True


# There and back


@settings(max_examples=examples(60))
@given(chains())
def test_a_trace_is_read_back_as_it_was_written(trace: Trace) -> None:
    text = to_json(trace)
    again = from_json(text)
    assert again == trace
    assert to_json(again) == text


@pytest.mark.parametrize(
    "trace",
    [
        *(MODEL_A, MODEL_B, SMALL, EVERYTHING, EVERY_STEP),
        *(two_ended_trace(), with_weights_beside(), Trace("", (), (), ())),
        spec.trace("?,2,4 -> GlobalMaxPooling2D(keepdims=True)"),  # it names the axes of one cell
    ],
    ids=[
        *("A", "B", "softmax", "everything", "every step", "two ends", "weights beside", "empty"),
        "named",
    ],
)
def test_traces_that_are_read_back(trace: Trace) -> None:
    again = from_json(to_json(trace))
    assert again == trace
    assert [layer.label for layer in again.calls] == [layer.label for layer in trace.calls]
    assert (again.params, again.macs) == (trace.params, trace.macs)


def test_what_was_read_back_still_knows_what_a_cell_reads() -> None:
    again = from_json(to_json(MODEL_B))
    reads = again["conv2d_1"].reads((1, 2, 0))
    assert set(reads.of(0)) == {(h, w, c) for h in (1, 2) for w in (2, 3) for c in range(8)}


def test_the_numbers_of_a_record_are_there_for_other_programs() -> None:
    record = record_of(MODEL_B)
    assert record["format"] == "dense-shapes/1"
    assert record["params"] == record["trainable_params"] == 40 + 33 + 10 + 6
    assert record["non_trainable_params"] == 0
    assert record["macs"] == 3 * 4 * 8 * 4 + 2 * 3 * 32 + 2 * 3 * 5 + 2 * 3 * 5
    dense = record["layers"][2]
    assert {key: dense[key] for key in ("name", "kind", "call", "inputs", "outputs", "params")} == {
        "name": "dense",
        "kind": "Dense",
        "call": 1,
        "inputs": [[None, 2, 3, 1]],
        "outputs": [[None, 2, 3, 5]],
        "params": (1 + 1) * 5,
    }
    assert (dense["formula"], dense["macs"]) == ("(1 + 1) × 5", 2 * 3 * 1 * 5)
    assert dense["weights"] == [
        {"name": "kernel", "shape": [1, 5], "trainable": True, "path": "dense/kernel"},
        {"name": "bias", "shape": [5], "trainable": True, "path": "dense/bias"},
    ]
    assert dense["signature"] == ["... in -> ... out"]
    assert dense["sources"] == [[1, 0]]
    assert dense["opaque"] is False


def test_the_record_of_an_opaque_layer_says_why() -> None:
    layer = record_of(EVERYTHING)["layers"][5]
    assert layer["opaque"] is True
    assert layer["reason"] == "no rule describes layers of kind 'Mystery'"
    assert (layer["macs"], layer["steps"], layer["signature"]) == (None, [], [])


def test_the_record_of_a_nested_model_holds_its_layers() -> None:
    record = record_of(EVERYTHING)
    block = record["layers"][3]
    assert [layer["name"] for layer in block["layers"]] == ["dense"]
    assert block["wiring"]["name"] == "inner"
    # conv2d 2 x 2 x 1 x 2 + 2, dense 12 x 4 + 4, the inner dense 4 x 4 + 4 once, last 7 x 2
    assert record["params"] == 10 + 52 + 20 + 14


def test_the_order_of_keys_and_the_layout_of_the_text_do_not_matter() -> None:
    record = record_of(SMALL)
    assert from_json(json.dumps(record, sort_keys=True, indent=None)) == SMALL


def test_text_outside_ascii_is_written_as_it_is() -> None:
    trace = chain("Modell für 猫", (None, 3), ("Dense", {"units": 1}))
    assert "Modell für 猫" in to_json(trace)
    assert from_json(to_json(trace)).name == "Modell für 猫"


# Refused as a whole


@pytest.mark.parametrize(
    "text",
    ["", "{", "no json", "{'format': 1}", "[1, 2", "\ufeff{}", "[" * 100_000, '{"a":' * 100_000],
    ids=["empty", "open", "words", "quotes", "list", "mark", "deep lists", "deep objects"],
)
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match="expected JSON of format 'dense-shapes/1'"):
        from_json(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"format": "summary/3"}', "'summary/3'"),
        ('{"format": "dense-shapes/2"}', "'dense-shapes/2'"),
        ('{"format": ["dense-shapes/1"]}', "['dense-shapes/1']"),
        ("{}", "None"),
        ("[]", "'list'"),
        ("null", "'NoneType'"),
        ("1.5", "'float'"),
        ('"dense-shapes/1"', "'str'"),
    ],
)
def test_another_format_is_refused(text: str, found: str) -> None:
    with pytest.raises(FormatError) as caught:
        from_json(text)
    assert str(caught.value) == (f"expected a record of format 'dense-shapes/1', received {found}")


def error_of(text: str) -> type[Exception]:
    """The kind of error that a text is refused with, whichever it is."""
    with pytest.raises(Exception) as caught:  # noqa: PT011
        from_json(text)
    return caught.type


@pytest.mark.parametrize("depth", [1, 270, 5000])
def test_models_nested_however_deep_are_refused_where_they_contradict_themselves(
    depth: int,
) -> None:
    record = record_of(SMALL)
    [layer] = record["layers"]
    wiring: Json = {"name": "", "inputs": [], "outputs": []}
    around = json.dumps({**layer, "wiring": wiring, "layers": ["here"]})
    head, tail = around.split('"here"')
    wrong = json.dumps({**layer, "formula": "1 + 1"})
    whole_head, whole_tail = json.dumps({**record, "layers": ["here"]}).split('"here"')
    found = error_of(whole_head + head * depth + wrong + tail * depth + whole_tail)
    assert issubclass(found, DenseShapesError)


# Refused in a part


def without(record: Json, place: Place) -> Json:
    """A copy of a record without one key or one item."""
    copy = deepcopy(record)
    inside = copy
    for key in place[:-1]:
        inside = inside[key]
    del inside[place[-1]]
    return copy


def branches(record: Json, place: Place = ()) -> Iterator[Place]:
    """The place of every key and every item of a record."""
    pairs = record.items() if isinstance(record, dict) else enumerate(record)
    for key, value in pairs:
        yield (*place, key)
        if isinstance(value, dict | list):
            yield from branches(value, (*place, key))


def test_a_record_with_a_key_missing_is_refused() -> None:
    record = record_of(EVERYTHING)
    keys = [place for place in branches(record) if isinstance(place[-1], str)]
    # What a step is given is a choice; everything else must be there.
    keys = [place for place in keys if place[-2:-1] != ("given",)]
    assert len(keys) > 100
    assert [place for place in keys if accepted(without(record, place))] == []


def test_a_record_with_a_key_too_many_is_refused() -> None:
    record = record_of(EVERYTHING)
    places: list[Place] = [(), *branches(record)]
    objects = [p for p in places if isinstance(at(record, p), dict) and p[-1:] != ("given",)]
    assert [p for p in objects if accepted(changed(record, (*p, "one more"), 1))] == []


def at(record: Json, place: Place) -> Json:
    """What stands at a place of a record."""
    for key in place:
        record = record[key]
    return record


DERIVED: list[tuple[Place, str]] = [
    (("params",), "the record['params']"),
    (("trainable_params",), "the record['trainable_params']"),
    (("non_trainable_params",), "the record['non_trainable_params']"),
    (("macs",), "the record['macs']"),
    (("layers", 0, "params"), "the record['layers'][0]['params']"),
    (("layers", 0, "trainable_params"), "the record['layers'][0]['trainable_params']"),
    (("layers", 0, "macs"), "the record['layers'][0]['macs']"),
    (("layers", 0, "outputs", 0, 3), "the record['layers'][0]['outputs'][0][3]"),
]


@pytest.mark.parametrize(("place", "where"), DERIVED, ids=[where for _, where in DERIVED])
def test_a_changed_number_is_a_contradiction_at_its_place(place: Place, where: str) -> None:
    record = record_of(SMALL)
    with pytest.raises(FormatError) as caught:
        read(changed(record, place, at(record, place) + 1))
    assert str(caught.value) == f"the record contradicts itself at {where}"


def test_no_number_of_a_record_can_be_raised_by_one() -> None:
    # Every number stands in a second place too, or points at something: one more is a contradiction.
    # Only the padding is free: one more at one end may leave the number of places as it is.
    record = record_of(EVERYTHING)
    numbers = [(place, it) for place, it in leaves(record) if type(it) is int]
    fixed = [(place, it) for place, it in numbers if place[-1] not in ("before", "after")]
    assert [place for place, it in fixed if accepted(changed(record, place, it + 1))] == []


def other_types(number: int) -> list[Json]:
    """What is not a whole number, though Python may take it for one."""
    return [bool(number), float(number), number + 0.5, str(number), [number], {}]


def test_a_number_of_another_type_is_refused() -> None:
    record = record_of(EVERYTHING)
    numbers = [(place, it) for place, it in leaves(record) if type(it) is int]
    others = [(place, other) for place, it in numbers for other in other_types(it)]
    assert [(place, it) for place, it in others if accepted(changed(record, place, it))] == []


def test_a_text_of_another_type_is_refused() -> None:
    record = record_of(EVERYTHING)
    texts = [place for place, it in leaves(record) if type(it) is str]
    wrong: list[Json] = [0, 1, [], ["b"], {}]
    others = [(place, it) for place in texts for it in wrong]
    others += [(place, None) for place in texts if place[-1] != "function"]
    assert [(place, it) for place, it in others if accepted(changed(record, place, it))] == []


def test_a_number_in_the_place_of_true_and_false_is_refused() -> None:
    record = record_of(EVERYTHING)
    truths = [(place, it) for place, it in leaves(record) if type(it) is bool]
    assert truths
    assert [place for place, it in truths if accepted(changed(record, place, int(it)))] == []


@pytest.mark.parametrize("size", [True, 2.0, "2", [2]])
def test_a_size_is_a_whole_number_or_null(size: Json) -> None:
    record = changed(record_of(SMALL), ("layers", 0, "inputs", 0, 1), size)
    with pytest.raises(FormatError, match="expected a shape of whole numbers and null"):
        read(record)


def test_a_negative_size_is_refused() -> None:
    record = record_of(chain("m", (None, 2), ("Flatten", {})))
    negative = json.loads(json.dumps(record).replace("[null, 2]", "[null, -2]"))
    with pytest.raises(DenseShapesError):
        read(negative)


def test_weights_that_the_steps_do_not_have_are_refused() -> None:
    # 5 x 1 numbers are as many as 1 x 5, but the step has a kernel of 1 x 5.
    place = ("layers", 0, "weights", 0, "shape")
    record = record_of(SMALL)
    assert at(record, place) == [1, 5]
    with pytest.raises(FormatError, match="contradicts itself"):
        read(changed(record, place, [5, 1]))
    with pytest.raises(FormatError, match="contradicts itself"):
        read(changed(record, ("layers", 0, "weights", 0, "name"), "other"))


def test_wires_that_lead_nowhere_are_refused() -> None:
    wrong: list[tuple[Place, Json]] = [
        (("layers", 0, "sources", 0), [9, 0]),  # a layer that is not there
        (("layers", 0, "sources", 0), [0, 0]),  # the layer itself
        (("layers", 0, "sources", 0), [-1, 1]),  # an input that is not there
        (("layers", 1, "sources", 0), [-1, 0]),  # a value of another shape
        (("layers", 1, "sources"), []),  # fewer sources than inputs
        (("outputs", 0), [9, 0]),
        (("outputs", 0), [-2, 0]),
        (("inputs", 0, "shape", 1), 9),  # the layer that takes it has 4 rows
        (("layers", 3, "wiring", "outputs", 0), [9, 0]),
    ]
    record = record_of(EVERYTHING)
    assert [(place, it) for place, it in wrong if accepted(changed(record, place, it))] == []


def test_a_nested_model_that_is_not_what_its_inside_is_is_refused() -> None:
    inner = chain("inner", (None, 4), ("Dense", {"units": 5}), path="block/")
    record = record_of(Trace("outer", inner.inputs, (nested("block", inner),), ((0, 0),)))
    assert accepted(record)
    twice = changed(record, ("layers", 0, "outputs"), [[None, 5], [None, 5]])
    twice = changed(twice, ("layers", 0, "axes", "outputs"), [["b", "out"], ["b", "out"]])
    wrong = {
        "another output": changed(record, ("layers", 0, "outputs", 0, 1), 6),
        "another input": changed(record, ("layers", 0, "wiring", "inputs", 0, "shape", 1), 3),
        "an output too many": changed(twice, ("layers", 0, "results"), [None, None]),
        "another weight": changed(record, ("layers", 0, "weights", 0, "path"), "elsewhere"),
        "a frozen weight": changed(record, ("layers", 0, "weights", 0, "trainable"), False),
    }
    assert [what for what, it in wrong.items() if accepted(it)] == []


def test_a_shape_with_more_or_fewer_names_than_axes_is_refused() -> None:
    wrong: list[tuple[Place, Json]] = [
        (("inputs", 0, "names"), ["b"]),
        (("layers", 0, "axes", "inputs", 0), ["b", "h", "w"]),
        (("layers", 5, "axes", "outputs", 0), ["b"]),
        (("layers", 5, "axes", "inputs", 0), ["b", "feature", "c"]),
    ]
    record = record_of(EVERYTHING)
    assert [(place, it) for place, it in wrong if accepted(changed(record, place, it))] == []


WINDOW: Place = ("layers", 0, "steps", 0, "given", "h")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ((*WINDOW, "stride"), 0),
        ((*WINDOW, "dilation"), 0),
        ((*WINDOW, "size"), 0),
        ((*WINDOW, "size"), -1),
        ((*WINDOW, "before"), -1),
        ((*WINDOW, "size"), float("inf")),
        ((*WINDOW, "size"), 10**400),
        (("layers", 0, "steps", 0, "given", "f"), float("inf")),
        (("layers", 0, "steps", 0, "given", "f"), float("nan")),
        (("layers", 0, "steps", 0, "given", "f"), 0),
        (("layers", 0, "steps", 0, "by"), "magic"),
        (("layers", 0, "steps", 0, "inputs", 0), 99),
        (("layers", 0, "steps", 0, "signature"), "b (h w -> b"),
        (("layers", 0, "results", 0), 99),
    ],
)
def test_what_cannot_be_is_refused_with_an_error_of_the_package(place: Place, value: Json) -> None:
    with pytest.raises(DenseShapesError):
        read(changed(record_of(EVERYTHING), place, value))


STEP: Place = ("layers", 0, "steps")


def test_every_way_to_see_an_axis_is_written_as_plain_data() -> None:
    steps = record_of(EVERY_STEP)["layers"][0]["steps"]
    given = [step["given"].get("t") for step in steps]
    assert given[1:5] == [
        {"size": 2, "stride": 2, "dilation": 1, "before": 0, "after": -1},
        {"size": 1, "stride": 1, "dilation": 1, "before": -2, "after": 1},
        {"size": 1, "stride": -1, "dilation": 1, "before": -7, "after": 0},
        {"count": 3},
    ]
    assert given[6] == {"backwards": False, "turned": True}
    assert steps[0]["signature"] == "b t p, b t q -> b t (p + q)"
    ways = [
        "copy",
        "copy",
        "copy",
        "copy",
        "mean",
        "map",
        "recur",
        "lookup",
        "max",
        "min",
        "subtract",
    ]
    assert [step["by"] for step in steps] == ways


def test_what_was_read_back_reads_the_same_cells() -> None:
    [layer], [again] = EVERY_STEP.layers, from_json(to_json(EVERY_STEP)).layers
    for output, cell in ((0, (1,)), (1, (0, 1)), (1, (2, 0))):
        assert again.reads(cell, output=output) == layer.reads(cell, output=output)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ((*STEP, 4, "given", "t"), {"count": 0}),
        ((*STEP, 4, "given", "t"), {"count": 2}),
        ((*STEP, 4, "given", "t"), {"count": 3.0}),
        ((*STEP, 4, "given", "t"), {"count": True}),
        ((*STEP, 4, "given", "t"), {"count": 3, "more": 1}),
        ((*STEP, 4, "given", "t"), {}),
        ((*STEP, 4, "given", "t"), None),
        ((*STEP, 6, "given", "t"), {"backwards": 0, "turned": True}),
        ((*STEP, 6, "given", "t"), {"turned": True}),
        ((*STEP, 6, "by"), "lookup"),
        ((*STEP, 7, "by"), "recurrence"),
        ((*STEP, 7, "weights"), []),
        ((*STEP, 0, "by"), "walk"),
        ((*STEP, 0, "signature"), "b t (p + q), b t q -> b t p"),
        ((*STEP, 3, "given", "t", "stride"), -2),
        ((*STEP, 3, "given", "t", "stride"), 0),
        ((*STEP, 5, "function"), 1),
    ],
)
def test_a_step_of_these_that_cannot_be_is_refused(place: Place, value: Json) -> None:
    with pytest.raises(DenseShapesError):
        read(changed(record_of(EVERY_STEP), place, value))


@pytest.mark.parametrize(("signature", "shape"), [("1 -> 1", [None]), (" -> ", [])])
def test_a_step_without_a_batch_is_refused(signature: str, shape: list[None]) -> None:
    step: Json = {
        "signature": signature,
        "weights": [],
        "given": {},
        "by": "multiply",
        "function": None,
    }
    layer = {
        **record_of(SMALL)["layers"][0],
        "inputs": [shape],
        "outputs": [shape],
        "axes": {"inputs": [["b"] * len(shape)], "outputs": [["b"] * len(shape)]},
        "weights": [],
        "steps": [{**step, "inputs": [0]}],
        "results": [1],
    }
    with pytest.raises(DenseShapesError):
        read({**record_of(SMALL), "layers": [layer]})


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 9)
    | st.sampled_from((10**30, 0.5, 2.0, float("inf"), float("nan")))
    | st.text("bhwc'()1.,-> ", max_size=12)
    | st.sampled_from(("dense", "copy", "map", "sum", "divide", "kernel", "...", "1 -> 1"))
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner)
)


CHANGED = {
    "softmax": SMALL,
    "everything": EVERYTHING,
    "every step": EVERY_STEP,
    "model A": MODEL_A,
}


@settings(max_examples=examples(300))
@given(st.sampled_from(sorted(CHANGED)), st.data())
def test_a_record_changed_in_one_place_is_refused_or_written_again_as_it_is(
    name: str, data: st.DataObject
) -> None:
    record = record_of(CHANGED[name])
    place = data.draw(st.sampled_from(list(branches(record))))
    it = at(record, place)
    near = st.sampled_from([it + 1, -it, *other_types(it)]) if type(it) is int else VALUES
    mutant = changed(record, place, data.draw(near | VALUES))
    try:
        again = read(mutant)
    except DenseShapesError:
        return
    assert canonical(record_of(again)) == canonical(mutant)
