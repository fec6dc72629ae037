"""Every error that dense_shapes raises on purpose; all of them are a `DenseShapesError`."""

from __future__ import annotations


class DenseShapesError(Exception):
    """The base of all errors of this package.

    >>> issubclass(ShapeError, DenseShapesError)
    True
    """


class ShapeError(DenseShapesError, ValueError):
    """Sizes that do not fit each other: the message names both and where each comes from."""


class ModelError(DenseShapesError, ValueError):
    """An object that cannot be traced: not a model, not built, or without a graph of layers."""


class CellError(DenseShapesError, IndexError):
    """A cell that lies outside its tensor, or has the wrong number of indices."""


class UnknownLayer(DenseShapesError, LookupError):
    """A layer name that is not in the trace, or a layer kind that no rule describes."""


class FormatError(DenseShapesError, ValueError):
    """A view that does not exist for this content, or data that is not of the documented format."""


class ClaimError(DenseShapesError, AssertionError):
    """A claim of this package that the real layer contradicts: the message names the claim."""


class NotationError(DenseShapesError, ValueError):
    """A signature that cannot be read; the message shows the place with a caret.

    `source` is the text that was read, `span` the half-open range of characters at fault.

    >>> print(NotationError("'(' is never closed", "b (h w -> b", (2, 3)))
    '(' is never closed
        b (h w -> b
          ^
    """

    def __init__(self, message: str, source: str, span: tuple[int, int]) -> None:
        start, stop = span
        caret = " " * start + "^" * max(1, stop - start)
        super().__init__(f"{message}\n    {source}\n    {caret}")
        self.source = source
        self.span = span
