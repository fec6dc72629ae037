"""The two models of the question: our table against the table that Keras prints, and the story of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import keras
import numpy as np
import pytest

import dense_shapes as ds
from dense_shapes.tables import Table, written


def model_a() -> Any:
    """The model that its author meant."""
    return keras.Sequential(
        [
            keras.Input((4, 5, 1)),
            keras.layers.Conv2D(8, (2, 2), name="conv2d"),
            keras.layers.Conv2D(1, (2, 2), name="conv2d_1"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(5, name="dense"),
            keras.layers.Dense(1, name="dense_1"),
        ],
        name="question",
    )


def model_b() -> Any:
    """The model that its author wrote: the same without Flatten."""
    return keras.Sequential(
        [
            keras.Input((4, 5, 1)),
            keras.layers.Conv2D(8, (2, 2), name="conv2d"),
            keras.layers.Conv2D(1, (2, 2), name="conv2d_1"),
            keras.layers.Dense(5, name="dense"),
            keras.layers.Dense(1, name="dense_1"),
        ],
        name="question",
    )


ROWS_A = [
    ("conv2d", "Conv2D", "(None, 3, 4, 8)", 40),
    ("conv2d_1", "Conv2D", "(None, 2, 3, 1)", 33),
    ("flatten", "Flatten", "(None, 6)", 0),
    ("dense", "Dense", "(None, 5)", 35),
    ("dense_1", "Dense", "(None, 1)", 6),
]
ROWS_B = [
    ("conv2d", "Conv2D", "(None, 3, 4, 8)", 40),
    ("conv2d_1", "Conv2D", "(None, 2, 3, 1)", 33),
    ("dense", "Dense", "(None, 2, 3, 5)", 10),
    ("dense_1", "Dense", "(None, 2, 3, 1)", 6),
]
BOTH = pytest.mark.parametrize(
    ("build", "rows", "total"), [(model_a, ROWS_A, 114), (model_b, ROWS_B, 89)], ids=["A", "B"]
)


def our_table(model: Any) -> Table:
    content = ds.summary(ds.trace(model)).content
    assert isinstance(content, Table)
    return content


def our_rows(table: Table) -> list[tuple[str, str, str, int]]:
    titles = [column.title for column in table.columns]
    rows = [dict(zip(titles, row.entries, strict=True)) for row in table.rows]
    return [
        (str(row["Layer"]), str(row["Kind"]), written(row["Output"]), int(str(row["Params"])))
        for row in rows
    ]


def printed(model: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """What `model.summary()` prints."""
    monkeypatch.setenv("COLUMNS", "200")
    parts: list[str] = []
    model.summary(print_fn=parts.append, line_length=120)
    return "\n".join(parts)


def printed_rows(text: str) -> list[tuple[str, str, str, int]]:
    rows = []
    for line in text.splitlines():
        if line.startswith("│"):
            label, shape, params = (cell.strip() for cell in line.strip("│").split("│"))
            name, kind = label.removesuffix(")").split(" (")
            rows.append((name, kind, shape, int(params.replace(",", ""))))
    return rows


def printed_totals(text: str) -> list[str]:
    return [
        match[1] for match in re.finditer(r"^ ((?:\S+ )?params: [\d,]+) \(", text, re.MULTILINE)
    ]


@BOTH
def test_table_of_keras(build: Any, rows: Any, total: int, monkeypatch: pytest.MonkeyPatch) -> None:
    model = build()
    text = printed(model, monkeypatch)
    assert len(printed_rows(text)) == len(rows)
    assert our_rows(our_table(model)) == printed_rows(text)
    assert list(our_table(model).notes) == [
        f"Total params: {total}",
        f"Trainable params: {total}",
        "Non-trainable params: 0",
    ]
    assert list(our_table(model).notes) == printed_totals(text)


@BOTH
def test_numbers_of_the_question(build: Any, rows: Any, total: int) -> None:
    model = build()
    assert our_rows(our_table(model)) == rows
    trace = ds.trace(model)
    assert trace.params == total == model.count_params()
    assert trace.trainable_params == total
    assert trace.non_trainable_params == 0


@BOTH
def test_formulas_come_to_the_numbers_of_keras(build: Any, rows: Any, total: int) -> None:
    model = build()
    for layer in ds.trace(model):
        if layer.formula:
            arithmetic = layer.formula.replace("×", "*")
            assert re.fullmatch(r"[0-9 ()+*]+", arithmetic)
            assert eval(arithmetic) == model.get_layer(layer.name).count_params()
        else:
            assert model.get_layer(layer.name).count_params() == 0


def test_formulas_are_those_of_the_field() -> None:
    formulas = {layer.name: layer.formula for layer in ds.trace(model_a())}
    assert formulas == {
        "conv2d": "(2 × 2 × 1 + 1) × 8",
        "conv2d_1": "(2 × 2 × 8 + 1) × 1",
        "flatten": "",
        "dense": "(6 + 1) × 5",
        "dense_1": "(5 + 1) × 1",
    }
    assert ds.trace(model_b())["dense"].formula == "(1 + 1) × 5"


def test_multiply_adds_are_those_of_the_loops() -> None:
    macs = {layer.name: layer.macs for layer in ds.trace(model_a())}
    # places × filters × taps × channels; then units × inputs
    assert macs == {
        "conv2d": 3 * 4 * 8 * 2 * 2 * 1,
        "conv2d_1": 2 * 3 * 1 * 2 * 2 * 8,
        "flatten": 0,
        "dense": 5 * 6,
        "dense_1": 1 * 5,
    }
    assert ds.trace(model_b())["dense"].macs == (2 * 3) * 5 * 1


def test_story_of_the_readme(tmp_path: Path) -> None:
    model = model_b()
    trace = ds.trace(model)
    assert "Total params: 89" in str(ds.summary(trace))
    dense = trace["dense"]
    ds.draw(dense, cell=(1, 2, 4)).save(tmp_path / "dense.svg")
    picture = ElementTree.parse(tmp_path / "dense.svg")
    lit = [
        box.get("data-cell")
        for box in picture.iter("{http://www.w3.org/2000/svg}rect")
        if box.get("class") == "cell lit"
    ]
    assert lit == ["1,2,0", "0,4", "4", "1,2,4"]  # input, kernel, bias, output
    told = str(ds.explain(dense, cell=(1, 2, 4)))
    assert "input[1, 2, 0] × kernel[0, 4] + bias[4]" in told
    assert "Every claim holds." in str(ds.verify(model))


def test_explanation_without_a_cell() -> None:
    told = str(ds.explain(ds.trace(model_b())["dense"]))
    assert "(None, 2, 3, 1) → (None, 2, 3, 5), 10 parameters" in told
    assert ": contracted" in told
    assert "2 rows: kept" in told
    assert "3 columns: kept" in told
    assert "5 units: created" in told
    assert "each of the 6 positions" in told


def test_equation_is_true_on_the_real_layer() -> None:
    model = model_b()
    layer = model.get_layer("dense")
    rng = np.random.default_rng(7)
    layer.set_weights([rng.normal(size=(1, 5)), rng.normal(size=5)])
    x = rng.normal(size=(2, 3, 1)).astype("float32")
    kernel, bias = layer.get_weights()
    output = np.asarray(layer(x[np.newaxis]))[0]
    told = str(ds.explain(ds.trace(model)["dense"], cell=(1, 2, 4)))
    left, right = "output[1, 2, 4]", "input[1, 2, 0] × kernel[0, 4] + bias[4]"
    assert f"{left} = {right}" in told
    numbers = {"input": x, "kernel": kernel, "bias": bias}
    assert output[1, 2, 4] == pytest.approx(eval(right.replace("×", "*"), numbers), rel=1e-6)
    assert output[1, 2, 4] == pytest.approx(x[1, 2, 0] * kernel[0, 4] + bias[4], rel=1e-6)


@BOTH
def test_report_of_verify(build: Any, rows: Any, total: int) -> None:
    report = str(ds.verify(build()))
    assert report.endswith("Every claim holds.")
    for name, *_ in rows:
        assert re.search(rf"^{name} .*as in Keras", report, re.MULTILINE)
