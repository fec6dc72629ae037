"""Parts of a tensor, as windows that cut cells off, turn an axis round, or leave cells out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from dense_shapes.axes import Shape, Size, Window
from dense_shapes.errors import ShapeError, UnknownLayer
from dense_shapes.rules.reshaping import axis_names, slid
from dense_shapes.steps import By, Value, apply

Key: TypeAlias = int | slice | None
"""A place, a range of places, or a new axis."""

WHOLE = slice(None)


def keys_of(key: Any, shape: Shape) -> list[Key]:
    """What stands between the square brackets, with a key for every axis.

    Raises `UnknownLayer` for a key that is no number, range, new axis or dots, `ShapeError` if there are
    too many of them.

    >>> keys_of([slice(None), ..., None, 0], (None, 2, 3))
    [slice(None, None, None), slice(None, None, None), None, 0]
    """
    keys = list(key) if isinstance(key, list | tuple) else [key]
    for one in keys:
        ends = (one.start, one.stop, one.step) if isinstance(one, slice) else (one,)
        plain = all(end is None or type(end) is int for end in ends)
        if not plain and one is not Ellipsis:
            raise UnknownLayer(f"it is called with a key of {type(one).__name__}")
    missing = len(shape) - sum(one is not None and one is not Ellipsis for one in keys)
    dots = [number for number, one in enumerate(keys) if one is Ellipsis]
    if missing < 0 or len(dots) > 1:
        raise ShapeError(f"{len(keys)} keys are too many for an input of shape {shape}")
    place = dots[0] if dots else len(keys)
    return [*keys[:place], *[WHOLE] * missing, *keys[place + 1 :]]


def whole(key: Key, size: Size) -> bool:
    """Whether a key takes an axis as it is."""
    if not isinstance(key, slice):
        return False
    if size is None:
        return (key.start or 0, key.stop, key.step or 1) == (0, None, 1)
    return range(*key.indices(size)) == range(size)


def shape_taken(keys: Sequence[Key], shape: Shape) -> Shape:
    """The shape of what the keys take, as Keras reports it.

    >>> shape_taken([slice(None), None, 0, slice(1, None)], (None, 2, 3))
    (None, 1, 2)
    """
    sizes, found = iter(shape), list[Size]()
    for key in keys:
        if key is None:
            found.append(1)
            continue
        size = next(sizes)
        if isinstance(key, slice):
            found.append(None if size is None else len(range(*key.indices(size))))
        elif size is not None and not -size <= key < size:
            raise ShapeError(f"place {key} is outside an axis of {size} cells in {shape}")
    return tuple(found)


def taken(x: Value, keys: Sequence[Key]) -> Value:
    """What the keys take of a value, the first of them the whole batch."""
    names = ["b", *axis_names(x)]
    turned: dict[str, Any] = {}
    cut: dict[str, Any] = {}
    before, after, axes = [], [], iter(zip(names, x.shape, strict=True))
    for key in keys:
        if key is None:
            after.append("1")
            continue
        name, size = next(axes)
        before.append(name if isinstance(key, slice) else "1")
        if isinstance(key, slice):
            after.append(name)
        turn, window = windows(key, size)
        turned |= {name: turn} if turn else {}
        cut |= {name: window} if window else {}
    for moves in (turned, cut):
        if moves:
            x = slid(x, moves)
    if all(isinstance(key, slice) for key in keys):
        return x if turned or cut else apply("... -> ...", x, by=By.COPY)
    return apply(f"{' '.join(before)} -> {' '.join(after)}", x, by=By.COPY)


def windows(key: int | slice, size: Size) -> tuple[Window | None, Window | None]:
    """The window that turns an axis round, and the one that then cuts it; `None` where not needed.

    >>> windows(slice(1, None), 5)
    (None, Window(size=1, stride=1, dilation=1, before=-1, after=0))
    >>> windows(slice(None, None, -1), 5)
    (Window(size=1, stride=-1, dilation=1, before=-4, after=0), None)
    """
    if size is None:
        return unbounded(key)
    if isinstance(key, int):
        key = slice(key % size, key % size + 1)
    places = range(*key.indices(size))
    turn = None
    if places.step < 0 and len(places) > 1:
        turn = Window(1, stride=-1, before=1 - size)
        places = range(size - 1 - places.start, size - places.stop - 1, -places.step)
    if places == range(size):
        return turn, None
    if not places:
        return None, Window(1, after=-size)
    stride = places.step if len(places) > 1 else 1
    return turn, Window(1, stride, before=-places[0], after=places[-1] + 1 - size)


def unbounded(key: int | slice) -> tuple[Window | None, Window | None]:
    """The same for an axis whose size is not known, where only the end from which is counted is."""
    if isinstance(key, int):
        return None, Window(1, before=None if key < 0 else -key, after=key + 1 if key < 0 else None)
    step = key.step or 1
    if step < 0:
        cut = (
            None
            if (key.start, key.stop, step) == (None, None, -1)
            else Window(1, -step, 1, None, None)
        )
        return Window(1, stride=-1, before=None), cut
    if whole(key, None):
        return None, None
    start, stop = key.start or 0, key.stop
    before = None if start < 0 else -start
    after = 0 if stop is None else stop if stop < 0 else None
    return None, Window(1, step, before=before, after=after)
