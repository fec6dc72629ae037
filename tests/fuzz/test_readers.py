"""Whatever is read, it is a model or an error of ours, in bounded time and memory, and nothing is executed.

Each example is read in a process of its own, see `guard.py`. A hundred examples of each kind are tried
in every run; `nox -s fuzz` tries many thousands.
"""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dense_shapes.records import to_json
from dense_shapes.rules import RULES, arguments, call
from dense_shapes.traces import Trace
from tests import test_archive, test_source, test_spec
from tests.fuzz import mutations
from tests.fuzz.guard import check, outcome
from tests.models import MODEL_A

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="each example is read in a fork")

fuzz = settings(suppress_health_check=list(HealthCheck))


# Text


SPECS = [
    test_spec.QUESTION,
    "?,None,3 -> LSTM(5, return_sequences=True) -> Dense(28*28 - 2**3, name='it')",
    *(f"2,3 -> {layer} -> Flatten" for layer in test_spec.LAYERS),
    *(text for text in test_spec.ERRORS if text),
]
CODE = [
    *(dedent(it) for it in (*test_source.STYLES.values(), *test_source.TENSORS.values())),
    *(f"model = Sequential()\nmodel.add({it})" for it in (*test_source.OLD, *test_source.ERRORS)),
    *(f"model = Sequential([Input((3,)), Dense(2)])\n{it}" for it in test_source.DOUBTS.values()),
    *(dedent(it) for it in test_source.HOSTILE.values() if len(it) < 1000),
]
KINDS = sorted(arguments())
NAMES = sorted({name for it in arguments().values() for name in it.names})
WORDS = st.sampled_from(
    [
        *mutations.NUMBERS,
        *mutations.ODD,
        *KINDS,
        *NAMES,
        "x",
        "model",
        "->",
        ",",
        "=",
        "(",
        ")",
        "*",
    ]
)


@fuzz
@given(mutations.texts(SPECS, WORDS))
def test_a_spec(text: str) -> None:
    check(outcome("spec", text))


@fuzz
@given(mutations.code(CODE, WORDS | st.sampled_from(mutations.CODE)))
def test_code(text: str) -> None:
    check(outcome("source", text))


@fuzz
@given(mutations.code([*CODE, *SPECS], WORDS) | st.text())
def test_any_text(text: str) -> None:
    check(outcome("any", text))


# Files


def plain(record: Any) -> Any:
    """A record as JSON gives it back."""
    return json.loads(json.dumps(record))


def of_kind(kind: str) -> Any:
    """The record of a model with a layer of this kind: the example of its rule."""
    rule = RULES[kind]
    names = [f"x{number}" for number in range(len(rule.shapes))]
    inputs = [
        test_archive.layer("InputLayer", name, batch_shape=shape)
        for name, shape in zip(names, rule.shapes, strict=True)
    ]
    taken = [test_archive.tensor(n, shape=it) for n, it in zip(names, rule.shapes, strict=True)]
    operation = kind.startswith("ops.")
    module = "keras.src.ops.numpy" if operation else "keras.layers"
    name = kind.removeprefix("ops.").title().replace("_", "") if operation else kind
    given = [taken] if len(taken) > 1 else taken
    config = {key: it for key, it in rule.example.items() if key != "name"}
    layer = test_archive.layer(name, "y", given, module=module, **config)
    ends = [[it, 0, 0] for it in names]
    return plain(test_archive.functional([*inputs, layer], ["y", 0, 0], ends))


MODELS = [plain(it) for it in (test_archive.A, test_archive.WHOLE, test_archive.deep(4, calls=2))]
MODELS += [of_kind(kind) for kind in RULES if kind != "InputLayer"]


def traced(kind: str) -> Any:
    """The record of a trace of one layer."""
    layer = call(kind, RULES[kind].example, *RULES[kind].shapes)
    return json.loads(to_json(Trace("model", layer.inputs, (layer,), ((0, 0),))))


TRACES = [json.loads(to_json(MODEL_A)), *map(traced, ("LSTM", "Softmax", "Conv1D", "Attention"))]


@fuzz
@given(mutations.records(MODELS))
def test_a_record(record: Any) -> None:
    check(outcome("json", json.dumps(record)))


@fuzz
@given(mutations.records(TRACES))
def test_a_record_of_a_trace(record: Any) -> None:
    check(outcome("json", json.dumps(record)))


@fuzz
@given(mutations.texts([json.dumps(it) for it in MODELS[:3]], WORDS))
def test_json_text(text: str) -> None:
    check(outcome("json", text))


def zipped(path: Path, **options: Any) -> bytes:
    return test_archive.packed(path, json.dumps(test_archive.A), **options).read_bytes()


@fuzz
@given(data=st.data(), method=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
def test_a_file_of_changed_bytes(
    data: st.DataObject, method: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "model.keras"
    path.write_bytes(data.draw(mutations.spoilt(zipped(path, compression=method))))
    found = check(outcome("archive", str(path)))
    assert "\n" not in found.said
