"""Which layers of a model are meant, where they are named in a command or on a page."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from dense_shapes.errors import ShapeError, UnknownLayer
from dense_shapes.traces import Layer, Trace


def layers(trace: Trace, names: Sequence[str] = ()) -> list[Layer]:
    """The layers of these names; without a name, all but the inputs.

    Raises `UnknownLayer` if the model has no such layer, or none at all.
    """
    found = [trace[name] for name in names] or [it for it in trace if it.inputs] or [*trace]
    if not found:
        raise UnknownLayer(f"model {trace.name!r} has no layers")
    return found


def line(trace: Trace, names: Sequence[str] = ()) -> list[Layer]:
    """The same, if each layer takes just what the one before it gives, so that they are one picture.

    Raises `ShapeError` if one does not.
    """
    found = layers(trace, names)
    for before, after in pairwise(found):
        check_follows(trace, before, after)
    return found


def check_follows(trace: Trace, before: Layer, after: Layer) -> None:
    """Raise `ShapeError` if a layer takes anything but what the one before it gives."""
    holders = [trace]
    for holder in holders:
        holders += [layer.inner for layer in holder if layer.inner]
        if any(layer is after for layer in holder):
            places = {place for place, _ in after.sources}
            if all(place >= 0 and holder[place] is before for place in places) and places:
                return
    raise ShapeError(
        f"layer {after.label!r} does not take just what {before.label!r} gives, so the two are not "
        f"one picture; draw one layer alone, as {after.label}"
    )
