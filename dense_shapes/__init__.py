"""What a layer does to the shape of a tensor, and why: tables, pictures and proofs for Keras models.

>>> import keras, dense_shapes as ds
>>> model = keras.Sequential([keras.Input((2, 3, 1)), keras.layers.Dense(5, name="dense")])
>>> ds.trace(model)["dense"]
<Layer 'dense': Dense, (None, 2, 3, 1) -> (None, 2, 3, 5), 10 parameters>

Importing the package loads nothing but the standard library; what a name needs is loaded when the
name is first used.
"""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing for this would cost more than all the rest
if TYPE_CHECKING:
    from dense_shapes.display import Display, check, compare, draw, explain, report, summary
    from dense_shapes.errors import (
        CellError,
        ClaimError,
        DenseShapesError,
        FormatError,
        MisfitError,
        ModelError,
        NotationError,
        ShapeError,
        UnknownLayer,
    )
    from dense_shapes.proofs import verify
    from dense_shapes.readers.anything import trace
    from dense_shapes.records import from_json, to_json
    from dense_shapes.traces import Layer, Trace

__version__ = "0.1.0"

__all__ = [
    "CellError",
    "ClaimError",
    "DenseShapesError",
    "Display",
    "FormatError",
    "Layer",
    "MisfitError",
    "ModelError",
    "NotationError",
    "ShapeError",
    "Trace",
    "UnknownLayer",
    "check",
    "compare",
    "draw",
    "explain",
    "from_json",
    "report",
    "summary",
    "to_json",
    "trace",
    "verify",
]

HOMES = {
    "display": ("Display", "check", "compare", "draw", "explain", "report", "summary"),
    "errors": (
        "CellError",
        "ClaimError",
        "DenseShapesError",
        "FormatError",
        "MisfitError",
        "ModelError",
        "NotationError",
        "ShapeError",
        "UnknownLayer",
    ),
    "proofs": ("verify",),
    "readers.anything": ("trace",),
    "records": ("from_json", "to_json"),
    "traces": ("Layer", "Trace"),
}
"""The module in which each public name lives."""


def __getattr__(name: str) -> object:
    from importlib import import_module

    for home, names in HOMES.items():
        if name in names:
            return getattr(import_module(f"dense_shapes.{home}"), name)
    raise AttributeError(f"module 'dense_shapes' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
