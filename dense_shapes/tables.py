"""Tables as data; the views format them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from dense_shapes.axes import Shape, Size, number
from dense_shapes.errors import FormatError
from dense_shapes.traces import Layer, Trace

Entry: TypeAlias = str | Size | tuple[Shape, ...]


@dataclass(frozen=True)
class Column:
    """A column: its title, and the side to which it is aligned."""

    title: str
    align: Literal["left", "right"] = "left"


@dataclass(frozen=True)
class Row:
    """A row: an entry for each column, and how deep the layer is nested."""

    entries: tuple[Entry, ...]
    depth: int = 0


@dataclass(frozen=True)
class Table:
    """A title, columns, rows, and notes below them."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


COLUMNS: dict[str, tuple[Column, Callable[[Layer], Entry]]] = {
    "layer": (Column("Layer"), lambda layer: layer.label),
    "kind": (Column("Kind"), lambda layer: layer.kind),
    "input": (Column("Input"), lambda layer: tuple(value.shape for value in layer.inputs)),
    "output": (Column("Output"), lambda layer: tuple(value.shape for value in layer.outputs)),
    "params": (Column("Params", "right"), lambda layer: layer.params),
    "formula": (Column("Formula"), lambda layer: layer.formula),
    "macs": (Column("Multiply-adds", "right"), lambda layer: layer.macs),
    "signature": (Column("Signature"), lambda layer: "; ".join(layer.signatures)),
}
"""Every column that a summary can show, and what a layer has in it."""

DEFAULT = ("layer", "kind", "input", "output", "params", "formula")


def summary(
    trace: Trace, *, columns: Sequence[str] = DEFAULT, expand_nested: bool = False
) -> Table:
    """One row a layer, and below them the totals as Keras counts them.

    `columns` chooses among the keys of `COLUMNS`; `expand_nested` shows the layers of nested models.
    Raises `FormatError` for a column that does not exist.

    >>> from dense_shapes.rules import call
    >>> dense = call("Dense", {"units": 5}, (None, 2, 3, 1))
    >>> table = summary(Trace("model", dense.inputs, (dense,), ((0, 0),)), columns=["params", "formula"])
    >>> table.rows[0].entries, table.notes[0]
    ((10, '(1 + 1) × 5'), 'Total params: 10')
    """
    columns = [columns] if isinstance(columns, str) else columns
    if not columns:
        raise FormatError(f"expected at least one column; the columns are: {', '.join(COLUMNS)}")
    unknown = [key for key in columns if key not in COLUMNS]
    if unknown:
        raise FormatError(
            f"no column is called {unknown[0]!r}; the columns are: {', '.join(COLUMNS)}"
        )
    chosen = [COLUMNS[key] for key in columns]
    rows = (
        Row(tuple(entry(layer) for _, entry in chosen), depth)
        for layer, depth in listed(trace, expand_nested)
    )
    notes = [
        f"Total params: {number(trace.params)}",
        f"Trainable params: {number(trace.trainable_params)}",
        f"Non-trainable params: {number(trace.non_trainable_params)}",
    ]
    notes += [f"{layer.label}: {layer.note}" for layer in trace.calls if layer.note]
    opaque = [layer.label for layer in trace.calls if layer.opaque]
    if opaque:
        notes.append(
            f"Without a rule, shapes and parameters as they are known: {', '.join(opaque)}"
        )
    return Table(
        f"Model: {trace.name!r}", tuple(column for column, _ in chosen), tuple(rows), tuple(notes)
    )


def listed(trace: Trace, expand_nested: bool, depth: int = 0) -> Iterator[tuple[Layer, int]]:
    """The layers of a trace with their depth, those of nested models too if asked."""
    for layer in trace:
        yield layer, depth
        if layer.inner and expand_nested:
            yield from listed(layer.inner, expand_nested, depth + 1)


def written(entry: Entry) -> str:
    """An entry as text.

    >>> written(1234), written(((None, 2),)), written(None)
    ('1,234', '(None, 2)', '?')
    """
    match entry:
        case str():
            return entry
        case tuple():
            return " ".join(map(str, entry))
        case _:
            return number(entry)
