"""Where each axis of a model comes from, followed from layer to layer.

An axis is born with an input of the model, or made by the weights of a layer. It keeps its origin as
long as a layer keeps it, slides over it, or adds to it; where axes of two origins meet, as in a
residual connection, the older one stays. Axes that are merged or joined are strands of one axis.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from dense_shapes.axes import Axis, Merge, One, Size, Sum, Term, axes_of, plus, times
from dense_shapes.steps import Step, Value
from dense_shapes.traces import Layer, Source, Trace

Origin: TypeAlias = tuple[int, int]
"""Where an axis was born: the position of the layer (-1: an input of the model), and a number there."""
Fresh: TypeAlias = Callable[[Size], "Made"]
"""What gives an axis of this size with an origin of its own."""


@dataclass(frozen=True)
class Strand:
    """A part of an axis that comes from one place."""

    origin: Origin
    size: Size


@dataclass(frozen=True)
class Made:
    """What an axis is made of: one strand, the product of several, or several end to end."""

    strands: tuple[Strand, ...]
    sign: Literal["", "×", "+"] = ""

    @property
    def age(self) -> Origin:
        """The oldest of its origins."""
        return min(strand.origin for strand in self.strands)


def origins(trace: Trace, same: Sequence[int] = ()) -> dict[Source, tuple[Made, ...]]:
    """What every axis of every value of a model is made of, the batch too, by the value's source.

    `same[position]` names a layer whose axes are taken for those of the layer there, as in a block
    that is drawn once for several.

    >>> from dense_shapes.rules import call
    >>> flatten = call("Flatten", {}, (None, 2, 3, 1))
    >>> found = origins(Trace("model", flatten.inputs, (flatten,), ((0, 0),)))
    >>> [strand.size for strand in found[0, 0][1].strands], found[0, 0][1].sign
    ([2, 3, 1], '×')
    """
    first: dict[str, int] = {}
    made = {
        (-1, number): tuple(
            Made((Strand((-1, 64 * number + place), size),)) for place, size in axes
        )
        for number, value in enumerate(trace.inputs)
        for axes in [list(enumerate(value.shape))]
    }
    for position, layer in enumerate(trace.layers):
        shared = first.setdefault(layer.name, position)
        fresh = counter(same[position] if same and shared == position else shared)
        inputs = [made[source] for source in layer.sources]
        made |= {(position, n): it for n, it in enumerate(through(layer, inputs, fresh))}
    return made


def counter(position: int) -> Fresh:
    """What gives new axes at a position of the trace, numbered from 0."""
    counted = Counter[int]()

    def fresh(size: Size) -> Made:
        counted[position] += 1
        return Made((Strand((position, counted[position] - 1), size),))

    return fresh


def through(
    layer: Layer, inputs: Sequence[tuple[Made, ...]], fresh: Fresh
) -> list[tuple[Made, ...]]:
    """What the axes of the outputs of a layer are made of."""
    if layer.inner:
        return inside(layer.inner, inputs, fresh)
    known: dict[int, tuple[Made, ...]] = dict(enumerate(inputs))

    def of(value: Value) -> tuple[Made, ...]:
        key = id(value.source) if isinstance(value.source, Step) else value.source
        if key is None or key not in known:
            return tuple(map(fresh, value.shape))
        return known[key]

    for step in layer.steps:
        known[id(step)] = after(step, [of(value) for value in step.inputs], fresh)
    return [of(value) for value in layer.outputs]


def inside(
    trace: Trace, inputs: Sequence[tuple[Made, ...]], fresh: Fresh
) -> list[tuple[Made, ...]]:
    """What the axes of the outputs of a nested model are made of."""
    made: dict[Source, tuple[Made, ...]] = {(-1, n): it for n, it in enumerate(inputs)}
    for position, layer in enumerate(trace.layers):
        found = through(layer, [made[source] for source in layer.sources], fresh)
        made |= {(position, n): it for n, it in enumerate(found)}
    return [made[source] for source in trace.outputs]


def after(step: Step, inputs: Sequence[tuple[Made, ...]], fresh: Fresh) -> tuple[Made, ...]:
    """What the axes of the output of a step are made of."""
    names: dict[str, Made] = {}
    for pattern, some in zip(step.bound.inputs, inputs, strict=True):
        for term, made in zip(pattern, some, strict=True):
            for axis, part in parted(step, term, made, fresh):
                met = names.get(axis.name, part)
                names[axis.name] = min(met, part, key=lambda it: it.age)

    def found(axis: Axis) -> Made | None:
        for name in (axis.name, axis.base, f"{axis.name}'"):
            if name in names:
                return resized(names[name], step.sizes[axis.name], fresh)
        return None

    def made_of(term: Term) -> Made:
        if isinstance(term, Axis):
            return found(term) or fresh(step.sizes[term.name])
        parts = [(step.sizes[axis.name], found(axis)) for axis in axes_of((term,))]
        if isinstance(
            term, Merge
        ):  # a new axis of one place, as in a depthwise kernel, says nothing
            parts = [(size, it) for size, it in parts if it or size != 1] or parts
        sign: Literal["×", "+"] = "+" if isinstance(term, Sum) else "×"
        return laid([it or fresh(size) for size, it in parts], sign, fresh)

    return tuple(fresh(1) if isinstance(term, One) else made_of(term) for term in step.bound.output)


def parted(step: Step, term: Term, made: Made, fresh: Fresh) -> Iterator[tuple[Axis, Made]]:
    """The axes of a term of an input, and what each is made of."""
    axes = list(axes_of((term,)))
    if isinstance(term, Axis):
        yield term, made
        return
    sizes = [step.sizes[axis.name] for axis in axes]
    sign = "+" if isinstance(term, Sum) else "×"
    whole = made.sign == sign and [strand.size for strand in made.strands] == sizes
    for number, (axis, size) in enumerate(zip(axes, sizes, strict=True)):
        if whole:
            yield axis, Made((made.strands[number],))
        elif made.sign:
            yield axis, fresh(size)
        else:
            yield axis, Made((Strand(made.strands[0].origin, size),))


def resized(made: Made, size: Size, fresh: Fresh) -> Made:
    """The axis, of this size now; several strands that are seen through a window are a new axis."""
    if made.sign:
        return made if length(made) == size else fresh(size)
    return Made((Strand(made.strands[0].origin, size),))


def length(made: Made) -> Size:
    """How long an axis is."""
    return (plus if made.sign == "+" else times)(*(strand.size for strand in made.strands))


def laid(parts: Sequence[Made], sign: Literal["×", "+"], fresh: Fresh) -> Made:
    """Several axes as one."""
    if len(parts) == 1:
        return parts[0]
    strands: list[Strand] = []
    for part in parts:
        alike = part.sign in ("", sign)
        strands += part.strands if alike else fresh(length(part)).strands
    if sign == "×" and len({strand.origin for strand in strands}) == 1:
        return Made((Strand(strands[0].origin, length(Made(tuple(strands), "×"))),))
    return Made(tuple(strands), sign)
