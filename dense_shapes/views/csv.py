"""CSV, for a spreadsheet or another program: the rows of a table, and nothing else."""

from __future__ import annotations

import io
from csv import writer
from typing import assert_never

from dense_shapes.drawing.scene import Scene
from dense_shapes.errors import FormatError
from dense_shapes.tables import Entry, Table, written
from dense_shapes.words import Prose

ACTIVE = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet would work out instead of showing it."""


def csv(content: Table | Scene | Prose) -> str:
    """A table with its column titles and without its title and notes; numbers are plain.

    An unknown number is an empty field. A text that a spreadsheet would take for a formula begins
    with an apostrophe: a layer may be called anything.

    Raises `FormatError` for a picture or prose.

    Source of the apostrophe: https://owasp.org/www-community/attacks/CSV_Injection

    >>> from dense_shapes.tables import Column, Row
    >>> row = Row(("dense", 5000, ((None, 2, 3, 1),)))
    >>> print(csv(Table("it", (Column("Layer"), Column("Params"), Column("Input")), (row,))))
    Layer,Params,Input
    dense,5000,"(None, 2, 3, 1)"
    """
    match content:
        case Table():
            return table(content)
        case Scene() | Prose():
            raise FormatError(
                f"{content.title!r} is no table; its views are: text, markdown, html, latex"
            )
        case _ as never:
            assert_never(never)


def table(content: Table) -> str:
    """The column titles and the rows; a nested layer is set in by its depth."""
    out = io.StringIO()
    lines = writer(out, lineterminator="\n")
    lines.writerow([column.title for column in content.columns])
    for row in content.rows:
        first, *rest = map(field, row.entries)
        lines.writerow(["  " * row.depth + first, *rest])
    return out.getvalue().removesuffix("\n")


def field(entry: Entry) -> str:
    """An entry as a field.

    >>> field(1234), field(None), field("=1+1")
    ('1234', '', "'=1+1")
    """
    match entry:
        case int():
            return str(entry)
        case None:
            return ""
        case _:
            text = written(entry)
            return f"'{text}" if text.startswith(ACTIVE) else text
