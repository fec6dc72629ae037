"""What a display was made from, as data beside the HTML that a notebook keeps: it can be made again.

A notebook may keep the output of a cell for years. With the data, a page draws it anew, as its format
needs it and as this version of the library draws.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dense_shapes.errors import FormatError
from dense_shapes.records import FORMAT, WRONG, from_json, layer_record, read_layer, trace_record
from dense_shapes.traces import Layer, Trace

MIME = "application/vnd.dense-shapes+json"
"""The name under which a notebook keeps the data."""

LIMIT = 500_000
"""How many characters of data a display carries at most: those of a model of some 500 layers."""


@dataclass(frozen=True)
class Call:
    """The call that made a display: of which function, with which models or layers and options."""

    function: str
    given: tuple[Any, ...]
    options: Mapping[str, Any]


def record_of(call: Call) -> dict[str, Any] | None:
    """The call as plain data; nothing if it is too much.

    >>> from dense_shapes.rules import call
    >>> record = record_of(Call("draw", (call("Dense", {"units": 5}, (None, 2, 3, 1)),), {"cell": (1, 2, 4)}))
    >>> record["format"], record["function"], record["options"]
    ('dense-shapes/1', 'draw', {'cell': [1, 2, 4]})
    """
    record = {
        "format": FORMAT,
        "function": call.function,
        "given": [
            {"trace": trace_record(it)} if isinstance(it, Trace) else {"layer": layer_record(it)}
            for it in call.given
        ],
        "options": dict(call.options),
    }
    try:
        text = json.dumps(record)
    except (TypeError, ValueError):
        return None
    plain: dict[str, Any] = json.loads(text)
    return plain if len(text) <= LIMIT else None


def call_of(record: Any) -> Call:
    """The call that plain data describes; nothing in it is believed that contradicts itself.

    Raises `FormatError` if it is not of the format `dense-shapes/1`.

    >>> call_of({"format": "summary/3"})
    Traceback (most recent call last):
    dense_shapes.errors.FormatError: expected data of format 'dense-shapes/1', received 'summary/3'
    """
    found = record.get("format") if isinstance(record, dict) else type(record).__name__
    if found != FORMAT:
        raise FormatError(f"expected data of format {FORMAT!r}, received {str(found)[:60]!r}")
    try:
        given = tuple(map(thing_of, record["given"]))
        options = {str(name): tupled(it) for name, it in record["options"].items()}
        return Call(str(record["function"]), given, options)
    except WRONG as error:
        raise wrong(error) from None


def tupled(value: Any) -> Any:
    """The value of an option, with tuples in the place of lists."""
    return tuple(map(tupled, value)) if isinstance(value, list) else value


def wrong(error: Exception) -> FormatError:
    """What is said of data of another form."""
    if isinstance(error, FormatError):
        return error
    return FormatError(f"the data is not of format {FORMAT!r}: {type(error).__name__}: {error}")


def thing_of(record: Any) -> Trace | Layer:
    """The model or the layer that a record describes."""
    if "trace" in record:
        return from_json(json.dumps({"format": FORMAT, **record["trace"]}))
    layer = read_layer(record["layer"])
    if json.loads(json.dumps(layer_record(layer))) != record["layer"]:
        raise FormatError(f"the record of layer {layer.name!r} contradicts itself")
    return layer
