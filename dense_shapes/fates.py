"""What becomes of each axis of a layer, followed through all its steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

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


class Told(NamedTuple):
    """What becomes of an axis: its role, one word for it, and a phrase."""

    role: Role
    word: str
    phrase: str


def told(role: Role) -> Told:
    """What a role means that needs no more words.

    >>> told(Role.MERGED)
    Told(role=<Role.MERGED: 'merged'>, word='merged', phrase='merged with others into one axis')
    """
    return Told(role, role.value, ROLES[role])


LOOKED_AT = Told(Role.CONTRACTED, "mixed", "kept, and each output number looks at all of it")
"""What becomes of an axis that a step contracts, and that comes out all the same."""
CUT_ANEW = Told(Role.MERGED, "cut anew", "laid end to end with others, and cut anew")
"""What becomes of an axis that is merged by one step and split by another."""
BROADCAST = Told(Role.KEPT, "broadcast", "repeated")
"""What becomes of an axis of one place that meets a longer one."""
NEW = Told(Role.KEPT, "new", "new: it has one place")
"""What is said of an axis of one place that only the output has."""
REPEATED = Told(Role.KEPT, "repeated", "repeated: each of its places holds the same")
"""What is said of an axis of the output that neither the inputs nor the weights have."""
BOTH = Told(Role.MERGED, "merged", "made of an axis of the input and one of the weights")
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
    told: Told
    batch: bool = False

    @property
    def phrase(self) -> str:
        """What becomes of it, as a phrase."""
        return self.told.phrase


@dataclass(frozen=True)
class Followed:
    """What is told of each axis of each value that goes into some steps, and of each that comes out.

    `made` says of each axis that comes out whether it is new: the inputs do not have it.
    """

    inputs: list[list[Told]]
    outputs: list[list[Told]]
    made: list[list[bool]]


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
    found = followed(layer.inputs, layer.steps, layer.outputs)
    for number, (value, some) in enumerate(zip(layer.inputs, found.inputs, strict=True)):
        for place, it in enumerate(zip(value.names, value.shape, some, strict=True)):
            yield Fate(number, *it, batch=not place)
    for value, some, made in zip(layer.outputs, found.outputs, found.made, strict=True):
        for name, size, one, new in zip(value.names, value.shape, some, made, strict=True):
            if new:
                yield Fate(None, name, size, one)


def followed(inputs: Sequence[Value], steps: Sequence[Step], outputs: Sequence[Value]) -> Followed:
    """What becomes of each axis of these inputs through these steps, as seen from both ends."""
    known = {
        key(value): [Descent({(number, place)}) for place in range(len(value.shape))]
        for number, value in enumerate(inputs)
    }
    seen: dict[Ancestor, list[Told]] = {
        (number, place): [] for number, it in enumerate(inputs) for place in range(len(it.shape))
    }

    def descent(value: Value) -> list[Descent]:
        return known.get(key(value), [Descent() for _ in value.shape])

    for step in steps:
        known[id(step)] = handed_on(step, [descent(value) for value in step.inputs], seen)
    ends = [descent(value) for value in outputs]
    kept = {ancestor for end in ends for one in end for ancestor in one.ancestors}
    sums = {at: summed_up(some, kept=at in kept) for at, some in seen.items()}
    pairs = [
        [arrived(one, name, seen, sums) for one, name in zip(end, value.names, strict=True)]
        for end, value in zip(ends, outputs, strict=True)
    ]
    return Followed(
        [
            [sums[number, place] for place in range(len(it.shape))]
            for number, it in enumerate(inputs)
        ],
        [[told for told, _ in some] for some in pairs],
        [[made for _, made in some] for some in pairs],
    )


def key(value: Value) -> int | None:
    """What tells a value from others: the step that made it, or the number of an input."""
    return id(value.source) if isinstance(value.source, Step) else value.source


def arrived(
    one: Descent, name: str, seen: dict[Ancestor, list[Told]], sums: dict[Ancestor, Told]
) -> tuple[Told, bool]:
    """What is told of an axis that comes out, and whether the inputs do not have it."""
    roles = [it.role for ancestor in one.ancestors for it in seen[ancestor]]
    if one.mixed and Role.MERGED in roles:
        return BOTH, True
    if one.mixed or (one.weights and not one.ancestors):
        return told(Role.CREATED), True
    if not one.ancestors:
        return (NEW, False) if name == "1" else (REPEATED, True)
    found = [sums[ancestor] for ancestor in sorted(one.ancestors)]
    changed = [it for it in found if it.role is not Role.KEPT]
    return (changed or [told(Role.KEPT)])[0], False


def handed_on(
    step: Step, inputs: list[list[Descent]], seen: dict[Ancestor, list[Told]]
) -> list[Descent]:
    """Where each axis of the output of a step comes from, and what the step does to the others."""
    names: dict[str, Descent] = {}
    for number, (pattern, some) in enumerate(zip(step.bound.inputs, inputs, strict=True)):
        for term, descent in zip(pattern, some, strict=True):
            axes = list(axes_of((term,)))
            for axis in axes:
                names[axis.name] = names.get(axis.name, Descent()) | descent
            for ancestor in descent.ancestors:
                seen[ancestor].append(role_of(step, number, term))
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


def role_of(step: Step, number: int, term: Term) -> Told:
    """What a step does to an axis of one of its inputs."""
    if isinstance(term, One):
        if step.by is By.COPY:
            return Told(Role.CONTRACTED, "taken away", CONTRACTED[By.COPY])
        return BROADCAST
    *others, axis = axes_of((term,))
    role = step.bound.role(axis, number)
    roles = {step.bound.role(it, number) for it in others}
    if role is Role.CONTRACTED and roles - {Role.CONTRACTED}:
        groups = size_of(times(*(step.sizes[it.name] for it in others)))
        phrase = f"in {groups} groups: each output number looks at one of them"
        return Told(Role.SPLIT, f"in {groups} groups", phrase)
    if role is Role.CONTRACTED:
        if step.by is By.RECUR and axis.name in step.recurred:
            return Told(role, "walked", CONTRACTED[By.RECUR])
        how = ROLES[role] if step.by is By.RECUR else CONTRACTED.get(step.by, ROLES[role])
        return Told(role, role.value, how)
    slide = step.windows.get(axis.base)
    if role in (Role.SLID, Role.SPREAD) and slide:
        return seen_through(slide, step.by, spread=role is Role.SPREAD)
    return told(role)


def told_of(step: Step, name: str, term: Term) -> Told | None:
    """What becomes of an axis of a weight of a step; nothing if the axis has no name."""
    roles = [step.bound.role(axis, name) for axis in axes_of((term,))]
    if not roles:
        return None
    if step.by is By.LOOKUP and roles[-1] is Role.CONTRACTED:
        return Told(roles[-1], "looked up", "looked up: one of its places is taken")
    return told(roles[-1])


def seen_through(slide: Slide, by: By, *, spread: bool) -> Told:
    """What becomes of an axis that is seen through a window."""
    match slide:
        case Parts(count):
            parts = f"cut into {count:,} part{'' if count == 1 else 's'}"
            return Told(Role.SLID, parts, parts)
        case Past(turned=True) | Past(backwards=True):
            phrase = "gone through from the end: each place knows all those after it"
            return Told(Role.SLID, "walked back", phrase)
        case Past():
            phrase = "gone through in order: each place knows all those before it"
            return Told(Role.SLID, "walked", phrase)
        case Window() if spread and by is By.COPY and slide.size == slide.stride:
            phrase = f"made longer: each place is repeated {slide.size:,} times"
            return Told(Role.SPREAD, "repeated", phrase)
        case Window(size=1, dilation=1) if by is By.COPY and not spread:
            return picked(slide)
    return told(Role.SPREAD if spread else Role.SLID)


def picked(window: Window) -> Told:
    """What becomes of an axis of which some places are taken, and zeros put at its ends."""
    if window.stride < 0:
        return Told(Role.SLID, "turned round", "turned round: the last place is the first")
    ends = [("start", window.before or 0), ("end", window.after or 0)]
    padded = [f"{size:,} at the {end}" for end, size in ends if size > 0]
    cropped = [f"{-size:,} at the {end}" for end, size in ends if size < 0]
    parts = [f"zeros are put to it: {' and '.join(padded)}"] if padded else []
    parts += [f"places are cut off: {' and '.join(cropped)}"] if cropped else []
    parts += [f"one place in {window.stride:,} is taken"] if window.stride > 1 else []
    if not parts:
        return told(Role.KEPT)._replace(role=Role.SLID)
    words = ["padded"] * bool(padded) + ["cropped"] * bool(cropped) + ["thinned"]
    return Told(Role.SLID, words[0], "; ".join(parts))


def summed_up(roles: list[Told], *, kept: bool) -> Told:
    """All that becomes of an axis of an input, in one."""
    changed = [it for it in roles if it.role is not Role.KEPT]
    contracted = [it for it in changed if it.role is Role.CONTRACTED]
    slid = [it for it in changed if it.role in (Role.SLID, Role.SPREAD)]
    if contracted:
        return (slid or [LOOKED_AT] if kept else contracted)[0]
    if {Role.MERGED, Role.SPLIT} <= {it.role for it in changed}:
        return CUT_ANEW
    broadcast = [it for it in roles if it is BROADCAST]
    return changed[-1] if changed else (broadcast or [told(Role.KEPT)])[0]
