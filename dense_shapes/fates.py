"""What becomes of each axis of a layer, followed through all its steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from dense_shapes.axes import Axis, One, Parts, Past, Size, Slide, Term, Window, axes_of, times
from dense_shapes.axes import number as size_of
from dense_shapes.signature import Role
from dense_shapes.steps import By, Step, Value
from dense_shapes.traces import Layer

Ancestor: TypeAlias = tuple[int, int]
"""An axis of an input of the layer: the number of the input, and the place of the axis."""

ROLES = {
    Role.KEPT: "kept as it is",
    Role.CONTRACTED: "contracted: each output number sums over all of it",
    Role.CREATED: "created: it comes from the weights, not from the input",
    Role.MERGED: "merged with others into one axis",
    Role.SPLIT: "split into several axes",
    Role.JOINED: "joined with others, end to end",
    Role.SLID: "slid over by a window",
    Role.SPREAD: "spread by a window: each place puts its cells into the output",
}
"""What each role means, as a phrase."""

CONTRACTED = {
    By.MEAN: "contracted: each output number is the mean over all of it",
    By.MAX: "contracted: each output number is the largest of all of it",
    By.MIN: "contracted: each output number is the smallest of all of it",
    By.RECUR: "contracted: gone through in order, and what comes out last is kept",
    By.COPY: "taken away: it has one place",
}
"""What it means that an axis is contracted, where it is not summed over."""

LOOKED_AT = "kept, and each output number looks at all of it"
"""What becomes of an axis that a step contracts, and that comes out all the same."""
CUT_ANEW = "laid end to end with others, and cut anew"
"""What becomes of an axis that is merged by one step and split by another."""
REPEATED = "repeated: each of its places holds the same"
"""What is said of an axis of the output that neither the inputs nor the weights have."""
BOTH = "made of an axis of the input and one of the weights"
"""What is said of an axis of the output that an input and a weight make together."""


@dataclass(frozen=True)
class Fate:
    """What becomes of one axis.

    `number` says which input has it, and is `None` for an axis that only the output has. `batch` says
    that it is the batch.
    """

    number: int | None
    name: str
    size: Size
    phrase: str
    batch: bool = False


@dataclass
class Descent:
    """Where an axis comes from: axes of the inputs, or of the weights, or some of both."""

    ancestors: set[Ancestor] = field(default_factory=set)
    weights: bool = False
    mixed: bool = False

    def __or__(self, other: Descent) -> Descent:
        mixed = self.mixed or other.mixed
        return Descent(self.ancestors | other.ancestors, self.weights or other.weights, mixed)


def fates(layer: Layer) -> Iterator[Fate]:
    """What becomes of each axis of each input, and where the other axes of the outputs come from.

    >>> from dense_shapes.rules import call
    >>> for fate in fates(call("Dense", {"units": 5}, (None, 2, 1))): print(fate.name, fate.phrase)
    b kept as it is
    t kept as it is
    feature contracted: each output number sums over all of it
    out created: it comes from the weights, not from the input
    """
    known: dict[int, list[Descent]] = {}
    seen: dict[Ancestor, list[tuple[Role, str]]] = {}
    for number, value in enumerate(layer.inputs):
        known[number] = [Descent({(number, place)}) for place in range(len(value.shape))]
        seen |= {(number, place): [] for place in range(len(value.shape))}

    def descent(value: Value) -> list[Descent]:
        key = id(value.source) if isinstance(value.source, Step) else value.source
        return [Descent() for _ in value.shape] if key is None else known[key]

    for step in layer.steps:
        known[id(step)] = handed_on(step, [descent(value) for value in step.inputs], seen)
    ends = [descent(value) for value in layer.outputs]
    kept = {ancestor for end in ends for one in end for ancestor in one.ancestors}
    for number, value in enumerate(layer.inputs):
        for place, (name, size) in enumerate(zip(value.names, value.shape, strict=True)):
            phrase = summed_up(seen[number, place], kept=(number, place) in kept)
            yield Fate(number, name, size, phrase, batch=not place)
    for value, end in zip(layer.outputs, ends, strict=True):
        for name, size, one in zip(value.names, value.shape, end, strict=True):
            roles = [role for ancestor in one.ancestors for role, _ in seen[ancestor]]
            if one.mixed and Role.MERGED in roles:
                yield Fate(None, name, size, BOTH)
            elif one.mixed or (one.weights and not one.ancestors):
                yield Fate(None, name, size, ROLES[Role.CREATED])
            elif not one.ancestors and name != "1":
                yield Fate(None, name, size, REPEATED)


def handed_on(
    step: Step, inputs: list[list[Descent]], seen: dict[Ancestor, list[tuple[Role, str]]]
) -> list[Descent]:
    """Where each axis of the output of a step comes from, and what the step does to the others."""
    names: dict[str, Descent] = {}
    for number, (pattern, some) in enumerate(zip(step.bound.inputs, inputs, strict=True)):
        for term, descent in zip(pattern, some, strict=True):
            axes = list(axes_of((term,)))
            for axis in axes:
                names[axis.name] = names.get(axis.name, Descent()) | descent
            told = role_of(step, number, term)
            for ancestor in descent.ancestors:
                seen[ancestor].append(told)
    held = {axis.name for it in step.bound.weights.values() for axis in axes_of(it)}

    def made(axis: Axis) -> Descent:
        found = Descent(weights=axis.name in held and axis.name not in names)
        for name in (axis.name, axis.base, f"{axis.name}'"):
            found |= names.get(name, Descent())
        return found

    ends = []
    for term in step.bound.output:
        parts, end = [made(axis) for axis in axes_of((term,))], Descent()
        for part in parts:
            end |= part
        alone = any(part.weights and not part.ancestors for part in parts)
        end.mixed |= alone and bool(end.ancestors)
        ends.append(end)
    return ends


def role_of(step: Step, number: int, term: Term) -> tuple[Role, str]:
    """What a step does to an axis of one of its inputs, and the phrase for it."""
    if isinstance(term, One):
        role = Role.CONTRACTED if step.by is By.COPY else Role.KEPT
        return role, CONTRACTED[By.COPY] if role is Role.CONTRACTED else "repeated"
    *others, axis = axes_of((term,))
    role = step.bound.role(axis, number)
    told = {step.bound.role(it, number) for it in others}
    if role is Role.CONTRACTED and told - {Role.CONTRACTED}:
        groups = times(*(step.sizes[it.name] for it in others))
        return Role.SPLIT, f"in {size_of(groups)} groups: each output number looks at one of them"
    if role is Role.CONTRACTED:
        summed = step.by is By.RECUR and axis.name not in step.recurred
        return role, ROLES[role] if summed else CONTRACTED.get(step.by, ROLES[role])
    slide = step.windows.get(axis.base)
    if role in (Role.SLID, Role.SPREAD) and slide:
        return role, seen_through(slide, step.by, spread=role is Role.SPREAD)
    return role, ROLES[role]


def seen_through(slide: Slide, by: By, *, spread: bool) -> str:
    """What becomes of an axis that is seen through a window."""
    match slide:
        case Parts(count):
            return f"cut into {count:,} part{'' if count == 1 else 's'}"
        case Past(turned=True) | Past(backwards=True):
            return "gone through from the end: each place knows all those after it"
        case Past():
            return "gone through in order: each place knows all those before it"
        case Window() if spread and by is By.COPY and slide.size == slide.stride:
            return f"made longer: each place is repeated {slide.size:,} times"
        case Window(size=1, dilation=1) if by is By.COPY and not spread:
            return picked(slide)
    return ROLES[Role.SPREAD if spread else Role.SLID]


def picked(window: Window) -> str:
    """What becomes of an axis of which some places are taken, and zeros put at its ends."""
    if window.stride < 0:
        return "turned round: the last place is the first"
    ends = [("start", window.before or 0), ("end", window.after or 0)]
    padded = [f"{size:,} at the {end}" for end, size in ends if size > 0]
    cropped = [f"{-size:,} at the {end}" for end, size in ends if size < 0]
    parts = [f"zeros are put to it: {' and '.join(padded)}"] if padded else []
    parts += [f"places are cut off: {' and '.join(cropped)}"] if cropped else []
    parts += [f"one place in {window.stride:,} is taken"] if window.stride > 1 else []
    return "; ".join(parts) or ROLES[Role.KEPT]


def summed_up(roles: list[tuple[Role, str]], *, kept: bool) -> str:
    """One phrase for all that becomes of an axis of an input."""
    told = [(role, phrase) for role, phrase in roles if role is not Role.KEPT]
    contracted = [phrase for role, phrase in told if role is Role.CONTRACTED]
    slid = [phrase for role, phrase in told if role in (Role.SLID, Role.SPREAD)]
    if contracted:
        return (slid or [LOOKED_AT] if kept else contracted)[0]
    if {Role.MERGED, Role.SPLIT} <= {role for role, _ in told}:
        return CUT_ANEW
    repeated = [phrase for _, phrase in roles if phrase == "repeated"]
    return told[-1][1] if told else (repeated or [ROLES[Role.KEPT]])[0]
