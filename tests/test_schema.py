"""The JSON Schema of the format `dense-shapes/1`: it takes what is written, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dense_shapes.errors import DenseShapesError
from dense_shapes.records import FORMAT, from_json, to_json
from dense_shapes.rules import RULES, call
from dense_shapes.steps import By
from dense_shapes.traces import Trace
from tests.models import MODEL_A, MODEL_B, chain, opaque
from tests.profiles import examples
from tests.strategies import chains
from tests.test_records import (
    EVERYTHING,
    SMALL,
    VALUES,
    Json,
    Place,
    at,
    branches,
    changed,
    leaves,
    record_of,
    two_ended_trace,
    with_weights_beside,
    without,
)

TEXT = files("dense_shapes").joinpath("schema", "dense-shapes-1.schema.json").read_text("utf-8")
SCHEMA: Json = json.loads(TEXT)
Validator: Callable[[Any], Any] = import_module("jsonschema").Draft202012Validator
CHECK = Validator(SCHEMA)


def valid(record: Json) -> bool:
    """Whether the schema takes a record."""
    return bool(CHECK.is_valid(record))


def wrongs(record: Json) -> list[str]:
    """What the schema has against a record, and where."""
    return [f"{list(error.path)}: {error.message[:80]}" for error in CHECK.iter_errors(record)]


# What is written


def test_the_schema_is_one_of_draft_2020_12() -> None:
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Validator.check_schema(SCHEMA)  # type: ignore[attr-defined]


def test_the_schema_names_the_format_and_all_the_ways_to_combine() -> None:
    assert SCHEMA["properties"]["format"]["const"] == FORMAT
    assert SCHEMA["$defs"]["step"]["properties"]["by"]["enum"] == [by.value for by in By]


def properties(schema: Json) -> Iterator[tuple[str, Json]]:
    """Every property that a schema names, however deep."""
    for key, it in schema.items():
        yield from it.items() if key == "properties" else ()
        yield from properties(it) if isinstance(it, dict) else ()


def test_every_field_and_every_kind_of_value_is_described() -> None:
    fields = list(properties({key: SCHEMA[key] for key in ("properties", "$defs")}))
    assert {"format", "params", "steps", "by", "turned"} <= {name for name, _ in fields}
    for name, it in [*fields, *SCHEMA["$defs"].items()]:
        if it.keys() == {"const"}:  # of a condition
            continue
        described = it.get("description") or it.keys() == {"$ref"} or it.get("minLength")
        assert described, name


@pytest.mark.parametrize(
    "trace",
    [
        *(MODEL_A, MODEL_B, SMALL, EVERYTHING),
        *(two_ended_trace(), with_weights_beside(), Trace("", (), (), ())),
    ],
    ids=["A", "B", "softmax", "everything", "two ends", "weights beside", "empty"],
)
def test_what_is_written_is_taken(trace: Trace) -> None:
    assert wrongs(record_of(trace)) == []


@settings(max_examples=examples(60))
@given(chains())
def test_what_is_written_of_any_model_is_taken(trace: Trace) -> None:
    assert wrongs(record_of(trace)) == []


@pytest.mark.parametrize("kind", RULES)
def test_what_is_written_of_the_example_of_each_rule_is_taken(kind: str) -> None:
    rule = RULES[kind]
    # A value among the options of an example is written as its shape; its rule is tried without.
    options: dict[str, Any] = {
        key: it for key, it in rule.options.items() if isinstance(it, bool | str)
    }
    layer = call(kind, rule.example, *rule.shapes, **options)
    inputs = tuple(replace(value, source=number) for number, value in enumerate(layer.inputs))
    assert wrongs(record_of(Trace(kind, inputs, (layer,), ((0, 0),)))) == []


def test_a_note_is_text_and_always_there() -> None:
    record = record_of(SMALL)
    place: Place = ("layers", 0, "note")
    assert valid(changed(record, place, "Keras reports another shape"))
    assert not valid(changed(record, place, 5))
    del record["layers"][0]["note"]
    assert not valid(record)
    with pytest.raises(DenseShapesError):
        from_json(json.dumps(record))


# What is not


def objects(record: Json) -> list[Place]:
    """The place of every object in a record, but what a step is given: there any key may stand."""
    places: list[Place] = [(), *branches(record)]
    return [p for p in places if isinstance(at(record, p), dict) and p[-1:] != ("given",)]


def test_a_key_missing_is_refused() -> None:
    record = record_of(EVERYTHING)
    keys = [place for place in branches(record) if isinstance(place[-1], str)]
    keys = [place for place in keys if place[-2:-1] != ("given",) and place[-1] != "note"]
    assert len(keys) > 100
    assert [place for place in keys if valid(without(record, place))] == []


def test_a_key_too_many_is_refused() -> None:
    record = record_of(EVERYTHING)
    places = objects(record)
    assert len(places) > 50
    assert [place for place in places if valid(changed(record, (*place, "one more"), 1))] == []


def test_a_value_of_another_type_is_refused() -> None:
    record = record_of(EVERYTHING)
    wrong: dict[type, list[Json]] = {
        int: [True, 0.5, "1", [1], {}],
        str: [0, True, [], {}],
        bool: [0, 1, None, "true", []],
    }
    others = [(place, it) for place, old in leaves(record) for it in wrong.get(type(old), [])]
    assert len(others) > 500
    assert [(place, it) for place, it in others if valid(changed(record, place, it))] == []


STEP: Place = ("layers", 0, "steps", 0)
MUTATIONS: dict[str, tuple[Place, Json]] = {
    "another format": (("format",), "dense-shapes/2"),
    "a negative size": (("layers", 0, "inputs", 0, 1), -1),
    "a negative count": (("params",), -1),
    "call nought": (("layers", 0, "call"), 0),
    "a source of three numbers": (("layers", 0, "sources", 0), [-1, 0, 0]),
    "a source of one number": (("layers", 0, "sources", 0), [-1]),
    "a source before the inputs": (("layers", 0, "sources", 0), [-2, 0]),
    "no arrow": ((*STEP, "signature"), "b h w c"),
    "two arrows": ((*STEP, "signature"), "b -> b -> b"),
    "an unknown way to combine": ((*STEP, "by"), "magic"),
    "an operand that is not there": ((*STEP, "inputs", 0), None),
    "a window of no taps": ((*STEP, "given", "h", "size"), 0),
    "a stride of nought": ((*STEP, "given", "h", "stride"), 0),
    "a stride of -2": ((*STEP, "given", "h", "stride"), -2),
    "no parts": ((*STEP, "given", "h"), {"count": 0}),
    "parts with a window": ((*STEP, "given", "h"), {"count": 2, "size": 2}),
    "half of a past": ((*STEP, "given", "h"), {"turned": True}),
    "opaque without a reason": (("layers", 0, "opaque"), True),
    "a reason without opaque": (("layers", 0, "reason"), "it is secret"),
    "an opaque layer that says why not": (("layers", 5, "reason"), ""),
}


@pytest.mark.parametrize("what", MUTATIONS)
def test_what_cannot_be_is_refused(what: str) -> None:
    place, value = MUTATIONS[what]
    assert not valid(changed(record_of(EVERYTHING), place, value))


@pytest.mark.parametrize(
    "given",
    [
        3,
        {"count": 2},
        {"backwards": False, "turned": True},
        {"size": 1, "stride": -1, "dilation": 1, "before": -4, "after": None},
    ],
)
def test_every_kind_of_fact_is_taken(given: Json) -> None:
    assert valid(changed(record_of(EVERYTHING), (*STEP, "given", "h"), given))


def test_a_nested_model_has_layers_and_wiring_or_neither() -> None:
    record = record_of(EVERYTHING)
    assert not valid(without(record, ("layers", 3, "layers")))
    assert not valid(without(record, ("layers", 3, "wiring")))
    assert valid(without(without(record, ("layers", 3, "layers")), ("layers", 3, "wiring")))


@settings(max_examples=examples(200))
@given(st.sampled_from([SMALL, EVERYTHING]), st.data())
def test_what_the_library_reads_the_schema_takes(trace: Trace, data: st.DataObject) -> None:
    record = record_of(trace)
    place = data.draw(st.sampled_from(list(branches(record))))
    mutant = changed(record, place, data.draw(VALUES))
    try:
        from_json(json.dumps(mutant))
    except DenseShapesError:
        return
    assert wrongs(mutant) == []


def test_an_opaque_model_is_taken_as_it_is_written() -> None:
    layer = opaque("mystery", (None, 3), (None, None))
    trace = chain("m", (None, 3), ("Dense", {"units": 3}))
    trace = replace(trace, layers=(replace(layer, sources=((-1, 0),)),))
    assert from_json(to_json(trace)) == trace
    assert wrongs(record_of(trace)) == []
