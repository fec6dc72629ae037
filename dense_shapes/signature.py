"""The notation of axis signatures: read it, write it, and say what happens to each axis.

    signature = pattern {"," pattern} "->" pattern
    pattern   = {term}
    term      = name | name "'" | "..." | "1" | "(" name {name} ")" | "(" name {"+" name} ")"

A signature knows names only. Sizes are bound to it in `dense_shapes.steps`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from dense_shapes.axes import Axis, Merge, One, Pattern, Rest, Sum, Term, axes_of
from dense_shapes.errors import NotationError

TOKEN = re.compile(r"\s*(?:(?P<known>->|\.\.\.|[^\W\d]\w*'?|1(?!\w)|[(),+])|(?P<other>\S))")


class Role(Enum):
    """What a step does to an axis, as seen from one of its operands."""

    KEPT = "kept"
    CONTRACTED = "contracted"
    CREATED = "created"
    MERGED = "merged"
    SPLIT = "split"
    JOINED = "joined"
    SLID = "slid over"
    SPREAD = "spread"


class Token(NamedTuple):
    """A piece of notation and where it stands."""

    text: str
    span: tuple[int, int]


@dataclass(frozen=True)
class Signature:
    """What a step does to the axes of its inputs and weights, by name.

    >>> dense = Signature.read("... in -> ... out", kernel="in out", bias="out")
    >>> dense.write()
    '... in -> ... out'
    >>> {axis: role.value for axis, role in dense.roles(0).items()}
    {'...': 'kept', 'in': 'contracted'}
    >>> {axis: role.value for axis, role in dense.roles("output").items()}
    {'...': 'kept', 'out': 'created'}
    >>> {axis: role.value for axis, role in dense.roles("kernel").items()}
    {'in': 'contracted', 'out': 'created'}
    """

    inputs: tuple[Pattern, ...]
    output: Pattern
    weights: Mapping[str, Pattern]

    @classmethod
    def read(cls, text: str, **weights: str) -> Signature:
        """Read a signature, and the patterns of its weights by their names.

        Raises `NotationError`, which points at the place.

        >>> Signature.read("b h w c - b h w")
        Traceback (most recent call last):
        dense_shapes.errors.NotationError: '-' is not part of the notation
            b h w c - b h w
                    ^
        """
        tokens = tokenize(text)
        arrows = [token for token in tokens if token.text == "->"]
        if len(arrows) != 1:
            span = arrows[1].span if arrows else (len(text), len(text))
            raise NotationError(f"expected one '->', found {len(arrows)}", text, span)
        where = tokens.index(arrows[0])
        inputs = tuple(read_pattern(part, text) for part in split(tokens[:where]))
        signature = cls(
            inputs,
            read_pattern(tokens[where + 1 :], text),
            {name: read_pattern(tokenize(pattern), pattern) for name, pattern in weights.items()},
        )
        if Rest() in signature.output and not any(Rest() in pattern for pattern in inputs):
            dots = tokens[where:][[token.text for token in tokens[where:]].index("...")]
            raise NotationError("'...' stands on the right only", text, dots.span)
        return signature

    def write(self) -> str:
        """The signature as text; reading it gives the signature back.

        >>> Signature.read("b  h w c->b (h w c)").write()
        'b h w c -> b (h w c)'
        """
        return f"{', '.join(map(write_pattern, self.inputs))} -> {write_pattern(self.output)}"

    def roles(self, operand: int | str) -> dict[str, Role]:
        """The role of each axis of an input (by number), a weight (by name) or `"output"`."""
        pattern = self.operand(operand)
        roles: dict[str, Role] = {}
        for term in pattern:
            if term == Rest():
                roles["..."] = Role.KEPT if term in self.output else Role.CONTRACTED
            for axis in axes_of((term,)):
                roles[axis.name] = self.role(axis, operand)
        return roles

    def operand(self, operand: int | str) -> Pattern:
        """The pattern of an input (by number), a weight (by name) or `"output"`."""
        if isinstance(operand, int):
            return self.inputs[operand]
        return self.output if operand == "output" else self.weights[operand]

    def role(self, axis: Axis, operand: int | str) -> Role:
        """The role of one axis as seen from one operand."""
        output = list(axes_of(self.output))
        slid = Axis(f"{axis.name}'")
        if operand == "output":
            if axis.slides:
                return Role.SLID
            if any(slid in axes_of(pattern) for pattern in self.inputs):
                return Role.SPREAD
        elif isinstance(operand, int):
            if slid in output:
                return Role.SLID
            if axis.slides and Axis(axis.base) in output:
                return Role.SPREAD
        if axis not in output:
            return Role.CONTRACTED
        if any(isinstance(term, Sum) and axis in term.parts for term in self.output):
            return Role.JOINED
        merged_out = in_brackets(axis, self.output)
        holders = [pattern for pattern in self.inputs if axis in axes_of(pattern)]
        if not holders:
            return Role.CREATED
        merged_in = any(in_brackets(axis, pattern) for pattern in holders)
        if merged_out == merged_in:
            return Role.KEPT
        return Role.MERGED if merged_out else Role.SPLIT


def in_brackets(axis: Axis, pattern: Pattern) -> bool:
    """Whether the axis stands inside a bracket of more than one axis."""
    return any(
        isinstance(term, Merge) and len(term.parts) > 1 and axis in term.parts for term in pattern
    )


def write_pattern(pattern: Pattern) -> str:
    """A pattern as text.

    >>> write_pattern((Rest(), Axis("in")))
    '... in'
    """
    return " ".join(map(str, pattern))


def tokenize(text: str) -> list[Token]:
    """Cut a signature into its pieces, each with its place."""
    tokens = []
    for match in TOKEN.finditer(text):
        if other := match["other"]:
            raise NotationError(f"{other!r} is not part of the notation", text, match.span("other"))
        tokens.append(Token(match["known"], match.span("known")))
    return tokens


def split(tokens: list[Token]) -> list[list[Token]]:
    """Cut a list of tokens at its commas."""
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if token.text == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def read_pattern(tokens: list[Token], source: str) -> Pattern:
    """Read the terms of one pattern.

    Raises `NotationError` if a bracket does not match, or an axis stands twice.
    """
    terms: list[Term] = []
    inside: list[Axis] | None = None
    opened, signs = (0, 0), 0
    seen: set[str] = set()
    for text, span in tokens:
        if text in seen:
            raise NotationError(f"axis {text!r} stands twice in one pattern", source, span)
        match text:
            case "(" if inside is None:
                inside, opened, signs = [], span, 0
            case "+" if inside and signs < len(inside) and (signs or len(inside) == 1):
                signs += 1
            case ")" if inside and (not signs or signs == len(inside) - 1):
                terms.append(Sum(tuple(inside)) if signs else Merge(tuple(inside)))
                inside = None
            case "(" | ")" | "->" | "," | "..." | "+":
                if text != "..." or inside is not None:
                    raise NotationError(f"{text!r} is not expected here", source, span)
                terms.append(Rest())
                seen.add(text)
            case "1":
                if inside is not None:
                    raise NotationError("'1' is not expected in a bracket", source, span)
                terms.append(One())
            case name:
                if inside and signs and signs != len(inside):
                    raise NotationError("expected '+' or ')'", source, span)
                seen.add(name)
                (terms if inside is None else inside).append(Axis(name))
    if inside is not None:
        raise NotationError("'(' is never closed", source, opened)
    return tuple(terms)
