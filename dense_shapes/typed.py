"""What people type for a shape, a cell or a list, on a command line or in a directive."""

from __future__ import annotations

import re

from dense_shapes.axes import Cell, Shape
from dense_shapes.errors import FormatError


def shape(text: str) -> Shape:
    """The shape that is written without its batch; `None` and `?` are unknown sizes.

    Raises `FormatError` if it is none.

    >>> shape("4,5,1"), shape("(?, 1)")
    ((None, 4, 5, 1), (None, None, 1))
    """
    found = parts(text)
    if not all(part in ("None", "?") or re.fullmatch("[0-9]{1,9}", part) for part in found):
        raise FormatError(f"expected sizes without the batch, as 4,5,1; received {text!r}")
    return (None, *(int(part) if part.isdecimal() else None for part in found))


def cell(text: str) -> Cell:
    """The cell that is written as its indices.

    Raises `FormatError` if it is none.

    >>> cell("1, 2, 4")
    (1, 2, 4)
    """
    if not all(re.fullmatch("-?[0-9]{1,9}", part) for part in parts(text)):
        raise FormatError(
            "expected an index for each axis of the output after the batch, as 1,2,4; "
            f"received {text!r}"
        )
    return tuple(map(int, parts(text)))


def count(text: str) -> int:
    """A number of things.

    Raises `FormatError` if it is none.

    >>> count("3")
    3
    """
    if not re.fullmatch("[1-9][0-9]{0,3}", text.strip()):
        raise FormatError(f"expected a whole number from 1, received {text!r}")
    return int(text)


def spot(text: str) -> Cell | tuple[str, Cell]:
    """The cell of the output that is written as its indices, or that of the tensor of a name.

    Raises `FormatError` if it is none.

    >>> spot("1, 2, 4"), spot("kernel:0, 3")
    ((1, 2, 4), ('kernel', (0, 3)))
    """
    name, colon, indices = text.rpartition(":")
    return (name.strip(), cell(indices)) if colon else cell(text)


def parts(text: str) -> list[str]:
    """What stands between commas, in brackets or without.

    >>> parts("(1, 2, 4)"), parts("(5,)")
    (['1', '2', '4'], ['5'])
    """
    inner = text.strip().removeprefix("(").removesuffix(")").strip()
    return [part.strip() for part in inner.removesuffix(",").split(",")]
