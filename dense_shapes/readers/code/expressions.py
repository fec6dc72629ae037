"""The values of expressions, as far as they can be known. Nothing is executed.

A value is plain data, a tensor, a layer, a model, a function of the code, or something of a library
by its name. Everything else is an `Unknown`, which says why; it goes on through all that is made of it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from types import EllipsisType
from typing import Any

from dense_shapes.errors import DenseShapesError
from dense_shapes.readers.assembly import Tensor
from dense_shapes.readers.code import literals
from dense_shapes.readers.code.layers import (
    Library,
    Unknown,
    kind_of,
)
from dense_shapes.readers.code.library import (
    FORMS,
    INPUTS,
    MODELS,
    Array,
    named,
)
from dense_shapes.readers.code.methods import attribute, set_attribute
from dense_shapes.readers.code.models import Network, Stack
from dense_shapes.readers.code.operations import OPERATORS, applied
from dense_shapes.readers.code.scopes import Function, Missing, Reading
from dense_shapes.readers.code.text import Code

DEPTH = 100
"""How deeply expressions may be nested."""

WEIGHED = 50
"""How many things in a list are looked at in the time of a step."""

KNOWN = {"builtins", "keras", "math", "numpy", "tensorflow"}
HARMLESS = re.compile("plot|display|show|print|visual|train|fit|eval|test|predict|save|summar")
"""The names of functions that add no layers to the models that they are given."""


def index(key: Any) -> Any:
    """What stands in brackets after a tensor, as Keras takes it.

    Raises `TypeError` for what is not read there.
    """
    match key:
        case int() | slice() | EllipsisType() | None:
            return key
        case Library() if key.name == "newaxis":
            return None
        case tuple():
            return tuple(map(index, key))
    raise TypeError("only numbers and slices are read in the brackets after a tensor")


class Expressions(Reading):
    """A reading that works out expressions."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.depth = 0

    def called(self, node: ast.Call) -> Any:
        """The value of a call."""
        raise NotImplementedError

    def evaluate(self, node: ast.expr) -> Any:
        """The value of an expression."""
        self.spend(node)
        self.depth += 1
        try:
            if self.depth > DEPTH:
                return self.unknown(node, "this is nested too deeply to follow")
            value = self.found(node)
            if isinstance(value, list | tuple | dict):
                self.spend(node, literals.weight(value) // WEIGHED)
            return value
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            if isinstance(error, DenseShapesError):
                return self.mistake(error)
            if isinstance(error, literals.TooMuch):
                self.spend(node, literals.LENGTH // WEIGHED)
            return self.unknown(node, f"this is not worked out: {str(error)[:100]}")
        finally:
            self.depth -= 1

    def found(self, node: ast.expr) -> Any:
        """The value of an expression; what it raises says why it is not known."""
        match node:
            case ast.Constant(value):
                return literals.bounded(value)
            case ast.Name():
                return self.value(node)
            case ast.Attribute(owner, name):
                return self.member(node, self.evaluate(owner), name)
            case ast.Call():
                return self.called(node)
            case ast.Tuple(elts) | ast.List(elts):
                items = self.listed(elts)
                return literals.bounded(tuple(items) if isinstance(node, ast.Tuple) else items)
            case ast.Dict(keys, values):
                return self.dictionary(keys, values)
            case ast.BinOp(left, op, right):
                return self.binary(node, op, self.evaluate(left), self.evaluate(right))
            case ast.UnaryOp(op, operand):
                return self.unary(node, op, self.evaluate(operand))
            case ast.Compare() | ast.BoolOp():
                return self.compared(node)
            case ast.IfExp(test, body, orelse):
                truth = self.truth(test)
                return (
                    truth
                    if isinstance(truth, Unknown)
                    else self.evaluate(body if truth else orelse)
                )
            case ast.Subscript(owner, where):
                return self.item(node, self.evaluate(owner), self.evaluate(where))
            case ast.Slice(lower, upper, step):
                ends = [self.evaluate(it) if it else None for it in (lower, upper, step)]
                unknown = next((it for it in ends if isinstance(it, Unknown)), None)
                return unknown or slice(*ends)
            case ast.JoinedStr(parts):
                return literals.bounded("".join(map(self.text, parts)))
            case ast.ListComp(element, generators) | ast.GeneratorExp(element, generators):
                return self.comprehended(generators, element)
            case ast.Lambda():
                return Function("<lambda>", node, self.scopes)
            case ast.NamedExpr(target, value):
                found = self.evaluate(value)
                self.assign(target, found)
                return found
        raise self.code.place(node).error("this expression is not followed")

    def member(self, node: ast.expr, thing: Any, name: str) -> Any:
        """What a thing has under a name."""
        match thing:
            case Library(path):
                return Library(f"{path}.{name}")
            case Missing():
                known = kind_of(name) or name in FORMS or name in MODELS or name in INPUTS
                return named(name) if known else thing
            case Unknown():
                return thing
        found = attribute(thing, name)
        if found is NotImplemented:
            raise self.code.place(node).error(f"what {name!r} is here is not known")
        return found

    def listed(self, nodes: Sequence[ast.expr]) -> list[Any]:
        """The values of expressions, those with a star unpacked."""
        values: list[Any] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                items = self.items(node.value)
                values.extend([items] if isinstance(items, Unknown) else items)
                if len(values) > literals.LENGTH:
                    raise literals.TooMuch("the list is too long")
            else:
                values.append(self.evaluate(node))
        return values

    def items(self, node: ast.expr) -> Sequence[Any] | Unknown:
        """What a loop over an expression takes, one after the other."""
        value = self.evaluate(node)
        if isinstance(value, Unknown):
            return value
        if not isinstance(value, list | tuple | range | str | dict):
            return self.unknown(node, "what this loops over is not known")
        literals.bounded(value)
        items = list(value)
        lost = [it for it in items if isinstance(it, Unknown)]
        return lost[0] if len(items) == 1 and lost else items

    def dictionary(self, keys: Sequence[ast.expr | None], values: Sequence[ast.expr]) -> Any:
        """The value of a dictionary that is written out."""
        found: dict[Any, Any] = {}
        for key, value in zip(keys, values, strict=True):
            one = self.evaluate(value)
            if key is None:
                if not isinstance(one, dict):
                    return one if isinstance(one, Unknown) else self.unknown(value, "no dictionary")
                found |= one
            else:
                found[literals.key(self.evaluate(key))] = one
        return literals.bounded(found)

    def binary(self, node: ast.AST, op: ast.operator, one: Any, other: Any) -> Any:
        """What an operator makes of two values."""
        for it in (one, other):
            if isinstance(it, Unknown):
                return it
        if isinstance(one, Tensor) or isinstance(other, Tensor):
            if type(op) not in OPERATORS:
                raise self.code.place(node).error("this operator is not read between tensors")
            return applied(self.session, OPERATORS[type(op)], [one, other], self.code.place(node))
        if isinstance(one, Array) and isinstance(other, int | float):
            return one
        return literals.binary(type(op), one, other)

    def unary(self, node: ast.expr, op: ast.unaryop, value: Any) -> Any:
        """What an operator makes of one value."""
        if isinstance(value, Unknown):
            return value
        if isinstance(value, Tensor) and isinstance(op, ast.USub):
            return applied(self.session, "Negative", [value], self.code.place(node))
        return literals.bounded(literals.UNARY[type(op)](value))

    def truth(self, node: ast.expr) -> Any:
        """Whether a condition holds."""
        value = self.evaluate(node)
        if isinstance(value, Unknown):
            return value
        if isinstance(value, str | int | float | list | tuple | dict | None):
            return bool(value)
        if isinstance(value, Stack | Network | Function):
            return True
        return self.unknown(node, "whether this holds is not known")

    def compared(self, node: ast.Compare | ast.BoolOp) -> Any:
        """The value of a comparison, or of several conditions."""
        if isinstance(node, ast.BoolOp):
            value: Any = None
            for it in node.values:
                value = self.evaluate(it)
                truth = value if isinstance(value, Unknown) else bool(value)
                if isinstance(truth, Unknown) or truth == isinstance(node.op, ast.Or):
                    break
            return value
        values = [self.evaluate(it) for it in (node.left, *node.comparators)]
        for it in values:
            if isinstance(it, Unknown):
                return it
            if isinstance(it, Tensor | Array | Library):
                raise TypeError("a comparison of tensors is not read")
        pairs = zip(node.ops, values, values[1:], strict=False)
        return all(literals.COMPARED[type(op)](one, other) for op, one, other in pairs)

    def item(self, node: ast.expr, thing: Any, key: Any) -> Any:
        """What stands in a thing at a place."""
        for it in (thing, key):
            if isinstance(it, Unknown):
                return it
        if isinstance(thing, list | tuple | dict | str | range):
            return thing[key if isinstance(key, slice) else literals.key(key)]
        if isinstance(thing, Tensor):
            return applied(self.session, "GetItem", [thing, index(key)], self.code.place(node))
        raise TypeError("nothing is known of its parts")

    def text(self, node: ast.expr) -> str:
        """A part of an f-string."""
        match node:
            case ast.Constant(str() as value):
                return value
            case ast.FormattedValue(value, -1, spec):
                written = self.evaluate(spec) if spec else ""
                return literals.formatted(self.known(value), written)
        raise ValueError("this format is not worked out")

    def known(self, node: ast.expr) -> Any:
        """The value of an expression; if it is not known, the error of that is raised."""
        value = self.evaluate(node)
        if isinstance(value, Unknown):
            raise value.error
        return value

    def comprehended(self, generators: Sequence[ast.comprehension], element: ast.expr) -> Any:
        """The list that a comprehension makes."""
        found: list[Any] = []
        outer = self.scopes

        def walk(rest: Sequence[ast.comprehension]) -> None:
            if not rest:
                found.append(self.evaluate(element))
                if len(found) > literals.LENGTH:
                    raise ValueError("the list is too long")
                return
            items = self.items(rest[0].iter)
            if isinstance(items, Unknown):
                raise items.error
            for item in items:
                self.spend(element)
                self.assign(rest[0].target, item)
                tests = [self.truth(it) for it in rest[0].ifs]
                for test in tests:
                    if isinstance(test, Unknown):
                        raise test.error
                if all(tests):
                    walk(rest[1:])

        self.scopes = (*outer, {})
        try:
            walk(generators)
        finally:
            self.scopes = outer
        return literals.bounded(found)

    def assign(self, target: ast.expr, value: Any) -> None:
        """Give what stands on the left of an assignment its value."""
        match target:
            case ast.Name(name):
                self.bind(name, value)
            case ast.Tuple(elts) | ast.List(elts):
                self.unpack(target, elts, value)
            case ast.Starred(inner):
                self.assign(inner, value)
            case ast.Attribute(owner, name):
                set_attribute(self.evaluate(owner), name, value)
            case ast.Subscript(owner, where):
                thing, key = self.evaluate(owner), self.evaluate(where)
                try:
                    if not isinstance(thing, list | dict) or isinstance(key, Unknown):
                        raise TypeError
                    thing[literals.key(key)] = value
                    literals.bounded(thing)
                except (LookupError, TypeError, ValueError):
                    self.doubt(thing, where, self.unknown(target, "what changes here is not known"))

    def unpack(self, target: ast.expr, names: Sequence[ast.expr], value: Any) -> None:
        """Give each of several names its part of a value."""
        parts: list[Any]
        if isinstance(value, list | tuple | range | str):
            parts = list(value)
            stars = [n for n, it in enumerate(names) if isinstance(it, ast.Starred)]
            if stars and len(parts) >= len(names) - 1:
                stop = stars[0] + len(parts) - len(names) + 1
                parts[stars[0] : stop] = [parts[stars[0] : stop]]
        else:
            parts = []
        if len(parts) != len(names):
            why = self.unknown(target, f"this is not {len(names)} values")
            parts = [value if isinstance(value, Unknown) else why] * len(names)
        for name, part in zip(names, parts, strict=True):
            self.assign(name, part)
