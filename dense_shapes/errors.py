"""Every error that dense_shapes raises on purpose; all of them are a `DenseShapesError`."""

from __future__ import annotations

from collections.abc import Sequence


class DenseShapesError(Exception):
    """The base of all errors of this package.

    `line` is the number of the line at fault in the text that was read, if it has several.

    >>> issubclass(ShapeError, DenseShapesError)
    True
    """

    line: int | None = None


class ShapeError(DenseShapesError, ValueError):
    """Sizes that do not fit each other: the message names both and where each comes from."""


class MisfitError(ShapeError):
    """A layer that does not take its inputs: what is wrong, what Keras says of it, and what helps.

    `reason` is one line; `origins` says where each input comes from, `keras` is the message of Keras,
    and `ways` are the ways out.

    >>> print(MisfitError("layer 'dense' (Dense) takes no (None,)", keras="found ndim=1", ways=["batch it"]))
    layer 'dense' (Dense) takes no (None,)
        Keras says: found ndim=1
        What helps: batch it
    """

    def __init__(
        self,
        reason: str,
        *,
        origins: Sequence[str] = (),
        keras: str = "",
        ways: Sequence[str] = (),
    ) -> None:
        said = [f"Keras says: {keras}"] if keras else []
        helps = [f"{'or:' if n else 'What helps:'} {way}" for n, way in enumerate(ways)]
        super().__init__("\n    ".join([reason, *origins, *said, *helps]))
        self.reason = reason
        self.origins = tuple(origins)
        self.keras = keras
        self.ways = tuple(ways)

    def __reduce__(self) -> tuple[object, ...]:
        return _again, (self.reason, self.origins, self.keras, self.ways)


def _again(reason: str, origins: Sequence[str], keras: str, ways: Sequence[str]) -> MisfitError:
    """The error that was pickled."""
    return MisfitError(reason, origins=origins, keras=keras, ways=ways)


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
