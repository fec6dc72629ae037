"""Questions that people asked, with their models: what we say is what Keras says, and what was answered.

Each entry of `questions.json` names its source. Its `expect` was found by running Keras, and here
Keras is run again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import dense_shapes as ds
from dense_shapes.readers import source

QUESTIONS = json.loads((Path(__file__).parent.parent / "questions.json").read_text("utf-8"))
MODELS = [
    pytest.param(one, id=f"{question['id']}{f'-{number}' if number else ''}")
    for question in QUESTIONS
    for number, one in enumerate([question, *question.get("model_alt", [])])
]


def run(code: str, name: str) -> Any:
    """The function of this name, from the code of an entry."""
    space: dict[str, Any] = {}
    exec(code, space)
    return space[name]


def seen(trace: ds.Trace) -> list[tuple[str, str, list[int | None], int | None]]:
    """What an entry says of each layer."""
    return [(it.name, it.kind, list(it.outputs[0].shape), it.params) for it in trace]


def wanted(entry: dict[str, Any]) -> list[tuple[str, str, list[int | None], int]]:
    return [(it["name"], it["class"], it["output_shape"], it["params"]) for it in entry["expect"]]


def outputs(trace: ds.Trace) -> list[list[int | None]]:
    return [list(trace.layers[place].outputs[number].shape) for place, number in trace.outputs]


def test_there_are_eighteen() -> None:
    assert len(QUESTIONS) == 18


@pytest.mark.parametrize("entry", MODELS)
def test_the_live_model_is_what_was_answered(entry: dict[str, Any]) -> None:
    trace = ds.trace(run(entry["model"], "build")())
    assert seen(trace) == wanted(entry)
    assert trace.params == entry["expect_total_params"]
    assert outputs(trace) == entry["expect_outputs"]
    assert not any(layer.opaque or layer.note for layer in trace)


@pytest.mark.parametrize("entry", MODELS)
def test_the_pasted_code_is_what_was_answered(entry: dict[str, Any]) -> None:
    trace = source.trace(entry["model"])
    assert seen(trace) == wanted(entry)
    assert trace.params == entry["expect_total_params"]
    assert outputs(trace) == entry["expect_outputs"]


@pytest.mark.parametrize(
    "entry", [pytest.param(it, id=it["id"]) for it in QUESTIONS if "probe" in it]
)
def test_keras_still_does_what_was_answered(entry: dict[str, Any]) -> None:
    build = run(entry["model"], "build")
    expected = entry["probe_result"]
    if isinstance(expected, float):  # a largest difference; sums may be rounded in another order
        expected = pytest.approx(expected, abs=1e-6)
    assert run(entry["probe"], "probe")(build) == expected
