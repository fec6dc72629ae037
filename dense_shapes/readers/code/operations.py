"""The functions of `keras.ops`, and the operators, where code calls them on tensors."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from dense_shapes.readers.assembly import Tensor, tensors_in
from dense_shapes.readers.code.layers import (
    Argument,
    Given,
    Unknown,
    Written,
    accepted,
    nearest,
    plain,
)
from dense_shapes.readers.code.session import Session
from dense_shapes.readers.code.text import Place

OPERATORS: Mapping[type[ast.operator], str] = {
    ast.Add: "Add",
    ast.Sub: "Subtract",
    ast.Mult: "Multiply",
    ast.Div: "TrueDivide",
    ast.FloorDiv: "FloorDivide",
    ast.Mod: "Mod",
    ast.Pow: "Power",
    ast.MatMult: "Matmul",
}
"""The operation that each operator is. Source: keras/src/backend/common/keras_tensor.py"""

TENSORFLOW: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "add": ("add", {"x": "x1", "y": "x2"}),
    "concat": ("concatenate", {"values": "xs"}),
    "expand_dims": ("expand_dims", {"input": "x"}),
    "linalg.matmul": ("matmul", {"a": "x1", "b": "x2"}),
    "matmul": ("matmul", {"a": "x1", "b": "x2"}),
    "multiply": ("multiply", {"x": "x1", "y": "x2"}),
    "nn.relu": ("relu", {"features": "x"}),
    "nn.sigmoid": ("sigmoid", {}),
    "nn.softmax": ("softmax", {"logits": "x"}),
    "nn.tanh": ("tanh", {}),
    "reduce_max": ("max", {"input_tensor": "x"}),
    "reduce_mean": ("mean", {"input_tensor": "x"}),
    "reduce_min": ("min", {"input_tensor": "x"}),
    "reduce_sum": ("sum", {"input_tensor": "x"}),
    "reshape": ("reshape", {"tensor": "x", "shape": "newshape"}),
    "squeeze": ("squeeze", {"input": "x"}),
    "stack": ("stack", {"values": "x"}),
    "subtract": ("subtract", {"x": "x1", "y": "x2"}),
    "transpose": ("transpose", {"a": "x", "perm": "axes"}),
}
"""The functions of TensorFlow that are read, those of `keras.ops` that do the same, and the names of
their arguments there."""


PARTED = ("ArraySplit", "Split", "Unstack")
MANY = 1_000
"""Into how many parts a tensor may be cut at most."""

RENAMED: Mapping[str, str] = {"exponential": "exp", "swish": "silu"}
"""The activations that are operations of another name."""


@cache
def operations() -> dict[str, Any]:
    """The functions of `keras.ops`: the class of each, its parameters, and which of them are inputs.

    Source: keras/src/ops; a test compares them.

    >>> operations()["mean"]["parameters"]
    [['x'], ['axis', None], ['keepdims', False]]
    """
    found: dict[str, Any] = json.loads(
        Path(__file__).with_name("operations.json").read_text("utf-8")
    )
    return found


def operation(session: Session, path: str, given: Given) -> Any:
    """What a function of `keras.ops`, or of TensorFlow, gives for tensors.

    Raises `NotationError` if it is not read here, `ShapeError` if the tensors do not fit.
    """
    name, renamed = TENSORFLOW.get(path, ("", {}))
    if path.startswith("ops."):
        name = path.removeprefix("ops.").removeprefix("numpy.").removeprefix("nn.")
    if path.startswith("activations."):
        short = path.removeprefix("activations.")
        name = path if path in operations() else RENAMED.get(short, short)
    tensors = [*tensors_in([it.value for it in given.all])]
    if name == "shape" and len(tensors) == 1:
        return tensors[0].shape
    if name == "linear" and len(tensors) == 1:
        return tensors[0]
    if name == "einsum":
        return einsum(session, given)
    if name not in operations():
        hint = nearest(name, list(operations())) if path.startswith("ops.") else ""
        raise given.place.error(f"{given.what} is not read here{hint}")
    about = operations()[name]
    parameters = {it[0]: it[1:] for it in about["parameters"]}
    found = accepted(given, list(parameters), renamed)
    for it in found.values():
        if isinstance(it.value, Unknown):
            raise it.value.error
    for parameter, default in parameters.items():
        if parameter not in found and not default:
            raise given.place.error(f"{given.what} needs {parameter!r}, which is not given")
    inputs = [found[it].value if it in found else parameters[it][0] for it in about["inputs"]]
    config = {
        it: plain(found[it]) if it in found else default[0]
        for it, default in parameters.items()
        if it not in about["inputs"]
    }
    while inputs and inputs[-1] is None:
        inputs.pop()
    return applied(session, about["class"], inputs, given.place, config)


def einsum(session: Session, given: Given) -> Any:
    """What `keras.ops.einsum` gives."""
    if not given.positional or not isinstance(given.positional[0].value, str) or given.named:
        raise given.place.error("einsum takes its subscripts as a text, then tensors")
    inputs = [it.value for it in given.positional[1:]]
    return applied(
        session, "Einsum", inputs, given.place, {"subscripts": given.positional[0].value}
    )


def applied(
    session: Session,
    kind: str,
    inputs: Sequence[Any],
    place: Place,
    config: Mapping[str, Any] | None = None,
) -> Any:
    """What an operation, by the name of its class, gives for these inputs."""
    if not any(tensors_in(list(inputs))):
        raise place.error(f"{kind} is called without a tensor, and nothing is computed here")
    if kind in PARTED and parts_of(inputs[0], config or {}) > MANY:
        raise place.error(f"more than {MANY:,} parts of a tensor are not followed")
    for it in inputs:
        if not isinstance(it, Tensor) and not isinstance(it, list | tuple):
            plain(Argument(it, place))
    part = Written(f"ops.{snake(kind)}", session.name(kind), config or {}, place=place)
    tensors = session.called(part, inputs, {}, place)
    return tensors[0] if len(tensors) == 1 else list(tensors)


def parts_of(tensor: Any, config: Mapping[str, Any]) -> int:
    """Into how many parts an operation cuts a tensor, if it is not told where."""
    count = config.get("indices_or_sections", config.get("num"))
    axis = config.get("axis", 0)
    if count is None and isinstance(tensor, Tensor) and isinstance(axis, int):
        sizes = tensor.shape[axis:][:1]
        count = sizes[0] if sizes else 0
    return count if isinstance(count, int) else 0


def snake(name: str) -> str:
    """The name of a function for that of its class.

    >>> snake("ExpandDims"), snake("Log10")
    ('expand_dims', 'log10')
    """
    return re.sub(r"(?<=[a-z0-9])([A-Z])(?![A-Z0-9]*$)", r"_\1", name).lower()
