"""What calls in code give: of layers, of models, of functions of the code, of what libraries have."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import Any

from dense_shapes.readers.assembly import Tensor
from dense_shapes.readers.code.expressions import Expressions
from dense_shapes.readers.code.layers import Argument, Given, Library, Unknown, Written, accepted
from dense_shapes.readers.code.library import called, canonical, layer_called
from dense_shapes.readers.code.methods import Method, method
from dense_shapes.readers.code.models import Network, Stack
from dense_shapes.readers.code.operations import applied
from dense_shapes.readers.code.scopes import Function
from dense_shapes.readers.code.text import Code

FRAMES = 15
"""How deeply functions may call each other."""

KNOWN = {"builtins", "keras", "math", "numpy", "tensorflow"}
HARMLESS = re.compile("plot|display|show|print|visual|train|fit|eval|test|predict|save|summar")
"""The names of functions that add no layers to the models that they are given."""


class Returned(Exception):
    """The end of a function, with its value."""

    def __init__(self, value: Any = None) -> None:
        super().__init__()
        self.value = value


class Left(Exception):
    """The end of a turn of a loop; of the loop, if it is `broken`; perhaps only, if there is a `why`."""

    def __init__(self, *, broken: bool, why: Unknown | None = None) -> None:
        super().__init__()
        self.broken = broken
        self.why = why


class Calls(Expressions):
    """A reading that follows calls."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.frames = 0

    def run(self, body: Sequence[ast.stmt]) -> None:
        """Follow statements one after the other."""
        raise NotImplementedError

    def called(self, node: ast.Call) -> Any:
        """The value of a call."""
        thing = self.evaluate(node.func)
        given = self.given(node)
        if isinstance(given, Unknown):
            return given
        match thing:
            case Unknown():
                self.passed_on(node, given)
                return thing
            case Library():
                return self.library(node, thing, given)
            case Function():
                return self.call(thing, given)
            case Method():
                return method(thing, given)
            case Written():
                return layer_called(self.session, thing, given)
            case Stack() | Network():
                return layer_called(self.session, thing.part, given)
        raise given.place.error("this is called, and is no function, no layer and no model")

    def library(self, node: ast.Call, thing: Library, given: Given) -> Any:
        """The value of a call of something of a library."""
        if thing.path == "builtins.abs" and any(
            isinstance(it.value, Tensor) for it in given.positional
        ):
            return applied(self.session, "Absolute", [given.positional[0].value], given.place)
        found = called(self.session, thing, given)
        if isinstance(found, Unknown) and canonical(thing.path).partition(".")[0] not in KNOWN:
            self.passed_on(node, given)
        return found

    def passed_on(self, node: ast.Call, given: Given) -> None:
        """Doubt the models that are given to a function that nobody knows: it may add to them."""
        if isinstance(node.func, ast.Name) and not HARMLESS.match(node.func.id):
            why = self.unknown(
                node, f"{node.func.id} is not in the code, and may add layers to the model"
            )
            for it in given.all:
                self.doubt(it.value, "add", why)

    def given(self, node: ast.Call) -> Given | Unknown:
        """What is given to a call."""
        positional: list[Argument] = []
        for it in node.args:
            place = self.code.place(it)
            if isinstance(it, ast.Starred):
                items = self.items(it.value)
                if isinstance(items, Unknown):
                    return items
                positional += [Argument(one, place) for one in items]
            else:
                positional.append(Argument(self.evaluate(it), place))
        named: dict[str, Argument] = {}
        for keyword in node.keywords:
            value, place = self.evaluate(keyword.value), self.code.place(keyword)
            if keyword.arg is not None:
                named[keyword.arg] = Argument(value, place)
            elif isinstance(value, Unknown):
                return value
            elif isinstance(value, dict) and all(isinstance(key, str) for key in value):
                named |= {key: Argument(one, place) for key, one in value.items()}
            else:
                return self.unknown(keyword, "what is given here is not known")
        what: str = getattr(node.func, "attr", "") or getattr(node.func, "id", "this")
        return Given(what, self.code.place(node), positional, named)

    def function(self, node: ast.FunctionDef) -> Any:
        """A function of the code, or why calls of it are not followed."""
        for it in node.decorator_list:
            known = self.evaluate(it)
            if not (isinstance(known, Library) and known.path.startswith(("tensorflow", "keras"))):
                return self.unknown(it, f"what this makes of {node.name} is not known")
        if any(isinstance(it, ast.Yield | ast.YieldFrom) for it in ast.walk(node)):
            return self.unknown(node, f"{node.name} yields its values one after the other")
        return Function(node.name, node, self.scopes)

    def call(self, function: Function, given: Given) -> Any:
        """What a function of the code gives."""
        outer = self.scopes, self.depth
        if self.frames >= FRAMES:
            raise given.place.error(f"{function.name} calls itself too often to follow")
        self.frames += 1
        self.scopes = (*function.scopes, {})
        try:
            self.enter(function, given)
            if isinstance(function.node, ast.Lambda):
                return self.evaluate(function.node.body)
            self.depth = 0
            self.run(function.node.body)
        except Returned as returned:
            return returned.value
        except Left:
            pass
        finally:
            self.scopes, self.depth = outer
            self.frames -= 1
        return None

    def enter(self, function: Function, given: Given) -> None:
        """Give the parameters of a function their values."""
        it = function.node.args
        plain, only = (
            [one.arg for one in it.posonlyargs + it.args],
            [one.arg for one in it.kwonlyargs],
        )
        names, scope = [*plain, *only], self.scopes[-1]
        more = [one.value for one in given.positional[len(plain) :]]
        least = Given(given.what, given.place, given.positional[: len(plain)], given.named)
        rest: dict[str, Any] = {}
        if it.kwarg:
            rest = {key: one.value for key, one in given.named.items() if key not in names}
            kept = {key: one for key, one in given.named.items() if key in names}
            least = Given(given.what, given.place, least.positional, kept)
        if more and not it.vararg:
            raise given.place.error(f"{given.what} takes {len(plain)} arguments by position")
        found = accepted(least, names)
        defaults = dict(zip(plain[len(plain) - len(it.defaults) :], it.defaults, strict=True))
        defaults |= {n: one for n, one in zip(only, it.kw_defaults, strict=True) if one}
        for name in names:
            if name in found:
                scope[name] = found[name].value
            elif name in defaults:
                scope[name] = self.evaluate(defaults[name])
            else:
                raise given.place.error(f"{given.what} needs {name!r}, which is not given")
        if it.vararg:
            scope[it.vararg.arg] = tuple(more)
        if it.kwarg:
            scope[it.kwarg.arg] = rest
