"""One reading of code: its names and what they mean, and what is not known."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

from dense_shapes.errors import DenseShapesError
from dense_shapes.readers.code import literals
from dense_shapes.readers.code.layers import Named, Unknown, nearest
from dense_shapes.readers.code.library import named
from dense_shapes.readers.code.models import Stack
from dense_shapes.readers.code.session import Session, Stop
from dense_shapes.readers.code.text import Code
from dense_shapes.readers.code.vocabulary import ALIASES
from dense_shapes.rules import arguments

STEPS = 50_000
"""How many statements and expressions are followed at most."""

Scope = dict[str, Any]
"""The names of a function, or of the whole text, and their values."""


@dataclass(frozen=True)
class Missing(Unknown):
    """A name that the code does not define."""


@dataclass(frozen=True, eq=False)
class Function(Named):
    """A function of the code, and the scopes in which it was defined."""

    node: ast.FunctionDef | ast.Lambda
    scopes: tuple[Scope, ...]

    @property
    def required(self) -> int:
        """How many arguments it needs."""
        arguments = self.node.args
        named = sum(it is None for it in arguments.kw_defaults)
        return len(arguments.posonlyargs + arguments.args) - len(arguments.defaults) + named


class Reading:
    """What is known so far: the values of the names, and the models that are made of them.

    `first` is the first mistake that was met.
    """

    def __init__(self, code: Code) -> None:
        self.code = code
        self.session = Session()
        self.top: Scope = {"__name__": "__main__"}
        self.scopes: tuple[Scope, ...] = (self.top,)
        self.steps = 0
        self.first: DenseShapesError | None = None

    def unknown(self, node: ast.AST, message: str) -> Unknown:
        """What cannot be known, for a reason that is told at a place."""
        return Unknown(self.code.place(node).error(message))

    def mistake(self, error: DenseShapesError) -> Unknown:
        """What is unknown because of a mistake in the code."""
        self.first = self.first or error
        return Unknown(error)

    def spend(self, node: ast.AST, steps: int = 1) -> None:
        """Count a step; end the reading if there are too many."""
        self.steps += steps
        if self.steps > STEPS:
            raise Stop(self.code.place(node).error("the code takes too many steps to follow"))

    def doubt(self, thing: Any, changed: Any, why: Unknown) -> None:
        """Doubt a thing of which it is not known whether it was changed."""
        match thing:
            case Stack() if changed in ("add", "pop"):
                thing.doubt = thing.doubt or why.error
            case list() if changed in literals.METHODS[list] or isinstance(changed, ast.expr):
                thing[:] = [why]
            case dict() if changed == "update" or isinstance(changed, ast.expr):
                thing.clear()
                thing[0] = why

    def bind(self, name: str, value: Any) -> None:
        """Give a name a value."""
        scope = self.scopes[-1]
        if f"global {name}" in scope:
            scope = next((it for it in reversed(self.scopes[:-1]) if name in it), self.top)
        scope.pop(name, None)  # the last that was bound is the last in order
        scope[name] = value

    def look(self, name: str) -> Any:
        """The value of a name, if the code gives it one."""
        return next((it[name] for it in reversed(self.scopes) if name in it), None)

    def value(self, node: ast.Name) -> Any:
        """The value of a name, or what it means in Keras or Python."""
        for scope in reversed(self.scopes):
            if node.id in scope:
                return scope[node.id]
        found = named(node.id)
        if found:
            return found
        layers = [*arguments(), *ALIASES] if node.id[:1].isupper() else []
        hint = nearest(node.id, layers)
        hint = hint or ": the code does not say what it is; write its value in its place"
        return Missing(self.code.place(node).error(f"{node.id!r} is not known{hint}"))
