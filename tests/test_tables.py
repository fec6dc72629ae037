"""Tables as data: columns, rows, depth and totals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from dense_shapes.errors import FormatError
from dense_shapes.tables import COLUMNS, Entry, Table, summary, written
from dense_shapes.traces import Trace
from tests.models import MODEL_A, MODEL_B, chain, nested, opaque


def column(key: str, trace: Trace = MODEL_B) -> list[Entry]:
    """What stands in a column of the summary of a trace."""
    return [entry for row in summary(trace, columns=[key]).rows for entry in row.entries]


def outer() -> Trace:
    """A model of a nested model of a nested model, and a layer without a rule."""
    deep = chain("deep", (None, 4), ("Dense", {"units": 4}), path="block/deep/")
    block = replace(deep, name="block", layers=(nested("deep", deep), *deep.layers))
    layers = (nested("block", block), opaque("mystery", (None, 4), (None, 4), source=0))
    return Trace("outer", deep.inputs, layers, ((1, 0),))


def test_the_columns_that_there_are() -> None:
    assert list(COLUMNS) == [
        "layer",
        "kind",
        "input",
        "output",
        "params",
        "formula",
        "macs",
        "signature",
    ]
    titles = [shown.title for shown, _ in COLUMNS.values()]
    assert titles == [
        "Layer",
        "Kind",
        "Input",
        "Output",
        "Params",
        "Formula",
        "Multiply-adds",
        "Signature",
    ]


def test_numbers_stand_at_the_right_and_all_else_at_the_left() -> None:
    right = {key for key, (shown, _) in COLUMNS.items() if shown.align == "right"}
    assert right == {"params", "macs"}


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("layer", ["conv2d", "conv2d_1", "dense", "dense_1"]),
        ("kind", ["Conv2D", "Conv2D", "Dense", "Dense"]),
        (
            "input",
            [((None, 4, 5, 1),), ((None, 3, 4, 8),), ((None, 2, 3, 1),), ((None, 2, 3, 5),)],
        ),
        (
            "output",
            [((None, 3, 4, 8),), ((None, 2, 3, 1),), ((None, 2, 3, 5),), ((None, 2, 3, 1),)],
        ),
        ("params", [2 * 2 * 8 + 8, 2 * 2 * 8 + 1, 5 + 5, 5 + 1]),
        (
            "formula",
            ["(2 × 2 × 1 + 1) × 8", "(2 × 2 × 8 + 1) × 1", "(1 + 1) × 5", "(5 + 1) × 1"],
        ),
        ("macs", [3 * 4 * 8 * 4, 2 * 3 * 32, 2 * 3 * 5, 2 * 3 * 5]),
        (
            "signature",
            ["b h w c -> b h' w' f"] * 2 + ["... in -> ... out"] * 2,
        ),
    ],
)
def test_what_stands_in_each_column(key: str, expected: list[Entry]) -> None:
    assert column(key) == expected


def test_the_columns_shown_unless_others_are_asked_for() -> None:
    table = summary(MODEL_B)
    titles = [shown.title for shown in table.columns]
    assert titles == ["Layer", "Kind", "Input", "Output", "Params", "Formula"]
    assert all(len(row.entries) == len(titles) for row in table.rows)


def test_columns_stand_in_the_order_in_which_they_are_asked_for() -> None:
    table = summary(MODEL_B, columns=["macs", "layer"])
    assert [shown.title for shown in table.columns] == ["Multiply-adds", "Layer"]
    assert table.rows[2].entries == (30, "dense")


def test_a_table_has_at_least_one_column() -> None:
    with pytest.raises(FormatError, match="expected at least one column; the columns are: layer, "):
        summary(MODEL_B, columns=[])


@pytest.mark.parametrize("columns", [["sizes"], ["layer", "sizes"], ("Layer",), [""]])
def test_a_column_that_does_not_exist_is_refused(columns: Sequence[str]) -> None:
    with pytest.raises(FormatError) as caught:
        summary(MODEL_B, columns=columns)
    assert str(caught.value) == (
        f"no column is called {columns[-1]!r}; the columns are: "
        "layer, kind, input, output, params, formula, macs, signature"
    )


def test_the_title_and_the_totals() -> None:
    table = summary(MODEL_A)
    assert table.title == "Model: 'A'"
    assert table.notes == (
        "Total params: 114",
        "Trainable params: 114",
        "Non-trainable params: 0",
    )


def test_totals_are_written_with_commas_and_split_by_training() -> None:
    trace = chain("big", (None, 1000), ("Dense", {"units": 2000}))
    frozen = replace(trace["dense"].weights[1], trainable=False)
    layer = replace(trace["dense"], weights=(trace["dense"].weights[0], frozen))
    table = summary(replace(trace, layers=(layer,)))
    assert table.notes == (
        "Total params: 2,002,000",
        "Trainable params: 2,000,000",
        "Non-trainable params: 2,000",
    )


def test_a_shared_layer_has_a_row_for_each_call_and_is_counted_once() -> None:
    trace = chain("shared", (None, 4), ("Dense", {"units": 4}))
    again = replace(trace["dense"], number=2, sources=((0, 0),))
    table = summary(replace(trace, layers=(*trace.layers, again)), columns=["layer", "params"])
    assert [row.entries for row in table.rows] == [("dense", 20), ("dense#2", 20)]
    assert table.notes[0] == "Total params: 20"


def test_a_nested_model_is_one_row() -> None:
    table = summary(outer(), columns=["layer", "params"])
    assert [(row.entries, row.depth) for row in table.rows] == [
        (("block", 20), 0),
        (("mystery", 0), 0),
    ]


def test_a_nested_model_is_laid_open_when_asked() -> None:
    table = summary(outer(), columns=["layer"], expand_nested=True)
    assert [(row.entries[0], row.depth) for row in table.rows] == [
        ("block", 0),
        ("deep", 1),
        ("dense", 2),
        ("dense", 1),
        ("mystery", 0),
    ]
    assert table.notes[0] == "Total params: 20"


def test_a_layer_without_a_rule_is_named_below_the_table() -> None:
    assert summary(outer()).notes[-1] == (
        "Without a rule, shapes and parameters as they are known: mystery"
    )
    assert column("macs", outer())[-1] is None
    assert column("formula", outer()) == ["", ""]
    assert column("signature", outer()) == ["", ""]


def test_the_steps_of_a_layer_share_one_entry() -> None:
    trace = chain("m", (None, 3), ("Dense", {"units": 2, "activation": "relu"}))
    assert column("signature", trace) == ["... in -> ... out; ... -> ..."]


def test_an_empty_model_is_an_empty_table() -> None:
    table = summary(Trace("empty", (), (), ()))
    assert isinstance(table, Table)
    assert (table.rows, table.notes[0]) == ((), "Total params: 0")


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("text", "text"),
        ("", ""),
        (1234, "1,234"),
        (0, "0"),
        (None, "?"),
        (((None, 2),), "(None, 2)"),
        (((None, 2), (None,)), "(None, 2) (None,)"),
        ((), ""),
    ],
)
def test_an_entry_as_text(entry: Entry, expected: str) -> None:
    assert written(entry) == expected
