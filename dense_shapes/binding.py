"""Bind sizes to a signature: write out its `...`, and find the size of every axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from dense_shapes.axes import (
    Axis,
    Merge,
    Parts,
    Past,
    Pattern,
    Rest,
    Shape,
    Size,
    Slide,
    Sum,
    Term,
    Window,
    axes_of,
    times,
)
from dense_shapes.errors import ShapeError
from dense_shapes.signature import Signature

Given: TypeAlias = Mapping[str, int | Slide]


def expanded(signature: Signature, shapes: Sequence[Shape]) -> Signature:
    """The signature with `...` written out as one axis for each axis that it stands for.

    Raises `ShapeError` if the inputs have too few axes, or do not begin with the same one.

    >>> expanded(Signature.read("... in -> ... out"), [(None, 2, 3)]).write()
    '...0 ...1 in -> ...0 ...1 out'
    """
    if len(shapes) != len(signature.inputs):
        raise ShapeError(
            f"'{signature.write()}' takes {len(signature.inputs)} inputs, received {len(shapes)}"
        )
    counts = {
        len(shape) - len(pattern) + 1
        for pattern, shape in zip(signature.inputs, shapes, strict=True)
        if Rest() in pattern
    }
    if len(counts) > 1 or min(counts, default=0) < 0:
        found = " and ".join(map(str, shapes))
        raise ShapeError(f"inputs of shape {found} do not fit '{signature.write()}'")
    rest = tuple(Axis(f"...{number}") for number in range(max(counts, default=0)))

    def expand(pattern: Pattern) -> Pattern:
        terms: list[Term] = []
        for term in pattern:
            terms.extend(rest if term == Rest() else (term,))
        return tuple(terms)

    bound = Signature(
        tuple(map(expand, signature.inputs)),
        expand(signature.output),
        {name: expand(pattern) for name, pattern in signature.weights.items()},
    )
    firsts = {pattern[:1] for pattern in (*bound.inputs, bound.output)}
    if len(firsts) > 1 or not all(
        isinstance(term, Axis) for term in next(iter(firsts)) or [Rest()]
    ):
        raise ShapeError(
            f"every input and the output of '{signature.write()}' must begin with the same axis, "
            "the batch"
        )
    return bound


def sizes_of(signature: Signature, shapes: Sequence[Shape], given: Given) -> dict[str, Size]:
    """The size of every axis of an expanded signature, by its name.

    Raises `ShapeError` where two sizes of one axis differ, or an axis has none.

    >>> sizes_of(Signature.read("b t p, b t q -> b t"), [(None, 2, 3), (None, 4, 3)], {})
    Traceback (most recent call last):
    dense_shapes.errors.ShapeError: axis 't' is 2 in input 0 (None, 2, 3) and 4 in input 1 (None, 4, 3)
    """
    sizes: dict[str, Size] = {}
    origins: dict[str, str] = {}

    def set_size(name: str, size: Size, origin: str) -> None:
        known = sizes.get(name)
        if known is not None and size is not None and known != size:
            raise ShapeError(f"axis {name!r} is {known} in {origins[name]} and {size} in {origin}")
        if known is None:
            sizes[name], origins[name] = size, origin

    for name, it in given.items():
        if isinstance(it, Window):
            set_size(f"k{name}", it.size, "the window")
        elif isinstance(it, int):
            set_size(name, it, "the configuration")
    brackets: list[tuple[Merge, Size, str]] = []
    for number, (pattern, shape) in enumerate(zip(signature.inputs, shapes, strict=True)):
        origin = f"input {number} {shape}"
        if len(pattern) != len(shape):
            raise ShapeError(
                f"'{signature.write()}' expects an input of {len(pattern)} axes with the batch, "
                f"and received {len(shape)}: {shape}"
            )
        for term, size in zip(pattern, shape, strict=True):
            match term:
                case Axis(name):
                    set_size(name, size, origin)
                case Merge():
                    brackets.append((term, size, origin))
                case Sum():
                    raise ShapeError(f"'{term}' may stand on the right of '->' only")
                case _ if size not in (1, None):
                    raise ShapeError(f"an axis of size 1 is {size} in {origin}")
    for bracket, size, origin in brackets:
        for name, part in solve(bracket, size, origin, sizes).items():
            set_size(name, part, origin)
    for axis in axes_of(signature.output):
        window, slid = given.get(axis.base), f"{axis.base}'"
        if axis.slides and isinstance(window, Window | Parts | Past) and axis.base in sizes:
            set_size(slid, window.slide(sizes[axis.base]), "the window")
        elif not axis.slides and isinstance(window, Window) and slid in sizes:
            set_size(axis.name, window.spread(sizes[slid]), "the window")
    for pattern in (signature.output, *signature.weights.values()):
        for axis in axes_of(pattern):
            if axis.name not in sizes:
                missing = f"apply(..., {axis.base}={'Window(...)' if axis.slides else '...'})"
                if axis.base in given:
                    missing = f"an input with axis {axis.base!r}"
                raise ShapeError(
                    f"axis {axis.name!r} of '{signature.write()}' has no size; give it: {missing}"
                )
    return sizes


def solve(bracket: Merge, size: Size, origin: str, sizes: Mapping[str, Size]) -> dict[str, Size]:
    """The size of the one axis of a bracket that nothing else has set.

    Raises `ShapeError` if the bracket cannot be cut into whole axes.
    """
    unset = [axis.name for axis in bracket.parts if axis.name not in sizes]
    known = times(*(sizes[axis.name] for axis in bracket.parts if axis.name in sizes))
    if len(unset) > 1:
        raise ShapeError(
            f"'{bracket}' of size {size} can be cut in many ways; give {unset[0]!r} a size"
        )
    if size is None or known is None or (unset and known == 0):
        return dict.fromkeys(unset)
    if size % known if unset else size != known:
        raise ShapeError(
            f"'{bracket}' is {size} in {origin}, which cannot be cut into parts of {known}"
        )
    return {name: size // known for name in unset}  # noqa: C420 (known may be 0 if none is unset)
