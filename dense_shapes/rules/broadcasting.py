"""Operations of keras.ops on two operands: tensors whose axes are aligned on the right, or a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from dense_shapes.axes import Shape, Size
from dense_shapes.errors import ShapeError, UnknownLayer
from dense_shapes.rules.book import Result
from dense_shapes.rules.core import MISADDED, MIXES, closed, misadded
from dense_shapes.rules.merging import reported
from dense_shapes.rules.reshaping import axis_names
from dense_shapes.steps import By, Value, apply

UNSEEN = "changing one number does not show what it reads"
"""Why an operation has no steps whose claims could not be proved."""

COMBINED: dict[str, By] = {
    **{"add": By.SUM, "subtract": By.SUBTRACT, "multiply": By.MULTIPLY, "divide": By.DIVIDE},
    **{"true_divide": By.DIVIDE, "maximum": By.MAX, "minimum": By.MIN, "floor_divide": By.MAP},
    **{"greater": By.MAP, "greater_equal": By.MAP, "less": By.MAP, "less_equal": By.MAP},
    **{"arctan2": By.MAP, "hypot": By.MAP, "logaddexp": By.MAP, "mod": By.MAP, "power": By.MAP},
}
"""The operations on two operands, and how they combine them."""

HIDDEN = (
    *("equal", "not_equal", "logical_and", "logical_or", "logical_xor"),
    "isclose",
)
"""Operations of which only the shape is claimed."""

MIRRORED = {
    **{"greater": "less", "less": "greater", "greater_equal": "less_equal"},
    **{"less_equal": "greater_equal"},
}
"""The operation that has its operands the other way round."""


def combined(name: str, operands: Sequence[Any]) -> Result:
    """The operation on two operands, in order."""
    match list(operands):
        case [Value() as one, Value() as other]:
            return together(name, one, other)
        case [Value() as x, int() | float() as number]:
            return with_number(name, x, int(number) if isinstance(number, bool) else number)
        case [int() | float() as number, Value() as x]:
            number = int(number) if isinstance(number, bool) else number
            return with_number(name, x, number, left=True)
    found = " and ".join(type(it).__name__ for it in operands)
    raise UnknownLayer(f"it expects two tensors, or a tensor and a number, and received {found}")


def together(name: str, one: Value, other: Value) -> Result:
    """The operation on two tensors, place by place; an axis of size 1 serves all places."""
    shape = broadcast(one.shape, other.shape)
    if mixing(one.shape, other.shape):
        return closed(MIXES, shape)
    if name in HIDDEN or name == "power":
        return closed(UNSEEN, shape)
    if name == "add" and misadded(one.shape, other.shape):
        return closed(MISADDED, shape)
    left, right, names = aligned(one, other)
    by = COMBINED[name]
    function = name if by is By.MAP else None
    signature = f"{' '.join(left)}, {' '.join(right)} -> {' '.join(names)}"
    return apply(signature, one, other, by=by, function=function)


def mixing(one: Shape, other: Shape) -> bool:
    """Whether the first axes of two shapes are not the same batch."""
    return not one or len(one) != len(other) or (one[0] == 1) != (other[0] == 1)


def aligned(one: Value, other: Value) -> tuple[list[str], list[str], list[str]]:
    """The terms of two tensors of one rank, and of what they make together."""
    names = ["b", *axis_names(one)]
    left, right = list(names), list(names)
    for place, sizes in enumerate(zip(one.shape, other.shape, strict=True)):
        if sizes[0] != sizes[1] and 1 in sizes:
            (left if sizes[0] == 1 else right)[place] = "1"
    return left, right, names


def broadcast(one: Shape, other: Shape) -> Shape:
    """The shape of two tensors together, as Keras reports it.

    Raises `ShapeError` if an axis has two sizes, neither of them 1.
    Source: `broadcast_shapes`, keras/src/ops/operation_utils.py

    >>> broadcast((None, 2, 1), (3,))
    (None, 2, 3)
    """
    rank = max(len(one), len(other))
    left, right = ((*[1] * (rank - len(shape)), *shape) for shape in (one, other))

    def common(a: Size, b: Size) -> Size:
        if a == 1 or (a is None and b != 1):
            return b
        if b not in (1, None, a):
            raise ShapeError(
                f"inputs of shape {one} and {other} do not fit: counted from the right, an axis is {a} "
                f"in one and {b} in the other"
            )
        return a

    return tuple(map(common, left, right))


def with_number(name: str, x: Value, number: float, *, left: bool = False) -> Result:
    """The operation on a tensor and a number, which stands on the left or on the right."""
    if not x.shape:
        return closed(MIXES, x.shape)
    functions = as_functions(name, number, left=left)
    if functions is None:
        return closed(UNSEEN, x.shape)
    for function in functions:
        x = apply("... -> ...", x, by=By.MAP, function=function)
    return x


def as_functions(name: str, number: float, *, left: bool) -> list[str] | None:
    """The functions of one value that the operation with a number is, one after the other.

    >>> as_functions("subtract", 1, left=True), as_functions("greater", 0, left=False)
    (['negative', '+ 1'], ['greater(x2=0)'])
    """
    match name:
        case "add":
            return [f"+ {number!r}"]
        case "subtract":
            return ["negative", f"+ {number!r}"] if left else [f"+ {-number!r}"]
        case "multiply":
            return [f"× {number!r}"] if number else None
        case "divide" | "true_divide" if number:
            return ["reciprocal", f"× {number!r}"] if left else [f"× {1 / number!r}"]
        case "power" if not left and number:
            return [f"^ {number!r}"]
        case "floor_divide" if not left and number:
            return [f"floor_divide(x2={number!r})"]
        case "maximum" | "minimum":
            return [f"at {'least' if name == 'maximum' else 'most'} {number!r}"]
        case _ if name in MIRRORED:
            return [f"{MIRRORED[name] if left else name}(x2={number!r})"]
    return None


def products(one: Value, other: Value) -> Result:
    """The last axis of one tensor meets the axis before the last of the other; those before are aligned.

    Raises `ShapeError` if the two axes differ.
    Source: `compute_matmul_output_shape`, keras/src/ops/operation_utils.py
    """
    shape = product_shape(one.shape, other.shape)
    if mixing(one.shape, other.shape) or len(one.shape) < 3:
        return closed(MIXES, shape)
    left, right, names = aligned(
        replace(one, shape=one.shape[:-2], names=one.names[:-2]),
        replace(other, shape=other.shape[:-2], names=other.names[:-2]),
    )
    mine, theirs = axis_names(one), axis_names(other)[-1]
    names = ["b", *mine[:-2]]
    while theirs in mine:
        theirs += "2"
    left = [*(term if term == "1" else names[n] for n, term in enumerate(left)), *mine[-2:]]
    right = [*(term if term == "1" else names[n] for n, term in enumerate(right)), mine[-1], theirs]
    signature = f"{' '.join(left)}, {' '.join(right)} -> {' '.join([*names, mine[-2], theirs])}"
    return reported(apply(signature, one, other), shape)


def product_shape(one: Shape, other: Shape) -> Shape:
    """The shape of a product of matrices; a tensor of one axis is a row on the left, a column on the right.

    >>> product_shape((None, 2, 3), (None, 3, 4)), product_shape((3,), (None, 3, 4))
    ((None, 2, 4), (None, 4))
    """
    if not one or not other:
        raise ShapeError("a product of matrices takes tensors of one axis at least")
    left, right = one if len(one) > 1 else (1, *one), other if len(other) > 1 else (*other, 1)
    if left[-1] != right[-2] and None not in (left[-1], right[-2]):
        raise ShapeError(
            f"the last axis of {one} has {left[-1]} cells, and the axis of {other} that it meets "
            f"{right[-2]}; they must be the same"
        )
    row = left[-2:-1] if len(one) > 1 else ()
    column = right[-1:] if len(other) > 1 else ()
    return (*broadcast(left[:-2], right[:-2]), *row, *column)
