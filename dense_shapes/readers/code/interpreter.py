"""Follow code by its syntax tree, statement by statement. Nothing is executed.

What cannot be followed is passed over, and everything that it might change is doubted.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from dense_shapes.readers.code.calls import Calls, Left, Returned
from dense_shapes.readers.code.layers import Library, Unknown
from dense_shapes.readers.code.scopes import Function

TURNS = 500
"""How often a `while` loop is followed at most."""


class Interpreter(Calls):
    """A reading that follows statements."""

    def read(self, body: Sequence[ast.stmt]) -> None:
        """Follow the statements of a whole text."""
        with suppress(Returned, Left):
            self.run(body)

    def run(self, body: Sequence[ast.stmt]) -> None:
        """Follow statements one after the other."""
        for statement in body:
            self.spend(statement)
            self.execute(statement)

    def execute(self, node: ast.stmt) -> None:
        """Follow one statement."""
        match node:
            case ast.Expr(value):
                self.evaluate(value)
            case ast.Assign(targets, value):
                found = self.evaluate(value)
                for target in targets:
                    self.assign(target, found)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self.assign(target, self.evaluate(value))
            case ast.AugAssign(target, op, value):
                both = ast.copy_location(ast.BinOp(target, op, value), node)
                self.assign(target, self.evaluate(both))
            case ast.Import() | ast.ImportFrom():
                self.bring(node)
            case ast.FunctionDef():
                self.bind(node.name, self.function(node))
            case ast.AsyncFunctionDef() | ast.ClassDef():
                what = "a class" if isinstance(node, ast.ClassDef) else "an asynchronous function"
                why = f"{node.name} is {what} of the code's own, and what it does is not read"
                self.bind(node.name, self.unknown(node, why))
            case ast.If(test, body, orelse):
                self.choose(node, self.truth(test), body, orelse)
            case ast.For() | ast.While():
                self.loop(node)
            case ast.With(items, body):
                for item in items:
                    why = self.evaluate(item.context_expr)
                    if item.optional_vars:
                        unknown = self.unknown(item, "what 'with' gives is not known")
                        self.assign(
                            item.optional_vars, why if isinstance(why, Unknown) else unknown
                        )
                self.run(body)
            case ast.Try(body, _, orelse, finalbody):
                for part in (body, orelse, finalbody):
                    self.run(part)
            case ast.Return(value):
                raise Returned(self.evaluate(value) if value else None)
            case ast.Raise():
                raise Returned(self.unknown(node, "the code raises an error here"))
            case ast.Break() | ast.Continue():
                raise Left(broken=isinstance(node, ast.Break))
            case ast.Global(names) | ast.Nonlocal(names):
                for name in names:
                    self.scopes[-1][f"global {name}"] = True
            case ast.Delete(targets):
                for target in targets:
                    if isinstance(target, ast.Name):
                        self.scopes[-1].pop(target.id, None)
            case ast.Pass() | ast.Assert() | ast.AnnAssign():
                pass
            case _:
                self.forget(node, self.unknown(node, "this statement is not followed"))

    def bring(self, node: ast.Import | ast.ImportFrom) -> None:
        """Follow an import: a name for something of a library."""
        for alias in node.names:
            if isinstance(node, ast.ImportFrom):
                home = "." * node.level + (node.module or "")
                if alias.name != "*":
                    self.bind(alias.asname or alias.name, Library(f"{home}.{alias.name}"))
            elif alias.asname:
                self.bind(alias.asname, Library(alias.name))
            else:
                name = alias.name.partition(".")[0]
                self.bind(name, Library(name))

    def choose(
        self, node: ast.stmt, test: Any, body: Sequence[ast.stmt], orelse: Sequence[ast.stmt]
    ) -> None:
        """Follow the branch that the test says, or neither if it is not known."""
        if isinstance(test, Unknown):
            self.forget(node, test)
        else:
            self.run(body if test else orelse)

    def loop(self, node: ast.For | ast.While) -> None:
        """Follow a loop, if it is known how often it runs."""
        for why in self.turns(node):
            if isinstance(why, Unknown):
                self.forget(node, why)
                return
            try:
                self.run(node.body)
            except Left as left:
                if left.why:
                    self.forget(node, left.why)
                if left.broken:
                    return
        self.run(node.orelse)

    def turns(self, node: ast.For | ast.While) -> Iterator[Unknown | None]:
        """The turns of a loop, its variables bound; or what is not known of it."""
        if isinstance(node, ast.For):
            items = self.items(node.iter)
            if isinstance(items, Unknown):
                yield items
                return
            for item in items:
                self.spend(node)
                self.assign(node.target, item)
                yield None
            return
        for _ in range(TURNS):
            test = self.truth(node.test)
            if isinstance(test, Unknown):
                yield test
            elif test:
                yield None
                continue
            return
        yield self.unknown(node, "this loop takes too many turns to follow")

    def forget(self, node: ast.AST, why: Unknown) -> None:
        """Doubt everything that code changes of which it is not known whether it runs."""
        self.doubt_in(node, why, set())
        leaves = None
        for it in ast.walk(node):
            match it:
                case ast.Name(name, ast.Store() | ast.Del()):
                    self.bind(name, why)
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                    self.bind(name, why)
                case ast.Return():
                    raise Returned(why)
                case ast.Break() | ast.Continue() if not isinstance(node, ast.For | ast.While):
                    leaves = it
        if leaves:
            raise Left(broken=True, why=why)

    def doubt_in(self, node: ast.AST, why: Unknown, seen: set[int]) -> None:
        """Doubt the models and lists that code changes, and the functions that it calls."""
        seen.add(id(node))
        for it in ast.walk(node):
            self.spend(it)
            match it:
                case ast.Attribute(ast.Name(name), changed) | ast.Subscript(
                    ast.Name(name), changed
                ):
                    self.doubt(self.look(name), changed, why)
                case ast.Name(name):
                    found = self.look(name)
                    if isinstance(found, Function) and id(found.node) not in seen:
                        self.doubt_in(found.node, why, seen)
