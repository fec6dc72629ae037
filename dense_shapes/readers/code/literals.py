"""Arithmetic with what code writes out: numbers, texts, lists. Bounded, so that it always ends."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

MAGNITUDE = 10**18
"""No whole number is larger."""

LENGTH = 10_000
"""No text, list or dictionary is longer."""

DEPTH = 40
"""No list is nested deeper."""

BINARY: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
UNARY: Mapping[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
}
COMPARED: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda one, many: one in many,
    ast.NotIn: lambda one, many: one not in many,
}
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "abs": abs,
    "bool": bool,
    "dict": dict,
    "enumerate": lambda *them: list(enumerate(*them)),
    "float": float,
    "int": int,
    "len": len,
    "list": list,
    "max": max,
    "min": min,
    "range": range,
    "reversed": lambda them: list(reversed(them)),
    "round": round,
    "sorted": sorted,
    "str": str,
    "sum": sum,
    "tuple": tuple,
    "zip": lambda *them: list(zip(*them, strict=False)),
    "math.ceil": math.ceil,
    "math.floor": math.floor,
    "math.log2": math.log2,
    "math.prod": math.prod,
    "math.sqrt": math.sqrt,
    "numpy.ceil": math.ceil,
    "numpy.floor": math.floor,
    "numpy.log2": math.log2,
    "numpy.prod": math.prod,
    "numpy.sqrt": math.sqrt,
}
"""The functions that are worked out, where all that they are given is known."""

METHODS: Mapping[type, frozenset[str]] = {
    str: frozenset({"format", "join", "lower", "upper"}),
    list: frozenset({"append", "copy", "extend", "insert", "pop", "reverse"}),
    dict: frozenset({"copy", "get", "items", "keys", "update", "values"}),
}
"""The methods that are worked out."""

FIELD = re.compile(
    r"%(?:%|0?\d?\d?(?:\.\d)?[dsif])|\{\w{0,20}(?::[0<>^]?\d?\d?(?:\.\d)?[dfs]?)?\}|[^%{}]"
)
SPEC = re.compile(r"[0<>^]?\d?\d?(?:\.\d)?[dfs]?")


def binary(kind: type[ast.operator], one: Any, other: Any) -> Any:
    """What an operator makes of two plain values.

    Raises `ValueError` if the result would be too large, or the operator is not worked out.

    >>> binary(ast.Mult, 28, 28), binary(ast.Mod, "dense_%d", 3)
    (784, 'dense_3')
    """
    if kind not in BINARY:
        raise ValueError("this operator is not worked out")
    if kind is ast.Pow and not (abs(one) <= MAGNITUDE and abs(other) <= 64):
        raise ValueError("the number is too large")
    if kind is ast.Mult and not isinstance(one, int | float | complex):
        one, other = other, one
    longer = kind is ast.Mult and isinstance(one, int) and hasattr(other, "__len__")
    if longer and len(other) * one > LENGTH:
        raise ValueError("the list is too long")
    if kind is ast.Mod and isinstance(one, str):
        safe(one)
    return bounded(BINARY[kind](one, other))


def function(name: str, arguments: list[Any], keywords: Mapping[str, Any]) -> Any:
    """What a function of `FUNCTIONS` makes of plain values."""
    if (keywords and name != "dict") or (name == "str" and not plain(arguments)):
        raise ValueError("this is not worked out")
    if any(callable(it) or type(it).__module__ != "builtins" for it in arguments):
        raise ValueError("this is not worked out")
    for it in arguments:
        bounded(it)
    return bounded(FUNCTIONS[name](*arguments, **keywords))


def plain(things: Iterable[Any]) -> bool:
    """Whether they are all numbers, texts or nothing."""
    return all(isinstance(it, str | int | float | None) for it in things)


def method(thing: Any, name: str, arguments: list[Any], keywords: Mapping[str, Any]) -> Any:
    """What a method of `METHODS` makes of plain values; lists and dictionaries may change."""
    if name == "format":
        safe(thing)
    if name == "join":
        bounded(arguments[0])
        if any(len(it) > 100 for it in arguments[0]):
            raise ValueError("the text is too long")
    result = getattr(thing, name)(*arguments, **keywords)
    if name in ("items", "keys", "values"):
        result = list(result)
    bounded(thing)
    return bounded(result)


def key(value: Any) -> Any:
    """A value as a key: a number, a text, or a flat tuple of such.

    >>> key((1, "a"))
    (1, 'a')
    """
    if isinstance(value, tuple) and not plain(value):
        raise TypeError("this is no key")
    if not isinstance(value, tuple | str | int | float | None):
        raise TypeError("this is no key")
    return value


def formatted(value: Any, spec: str) -> str:
    """A plain value as a part of a text, in a simple format."""
    if not SPEC.fullmatch(spec) or not isinstance(value, str | int | float | None):
        raise ValueError("this format is not worked out")
    return str(bounded(format(value, spec)))


def safe(text: str) -> None:
    """Raise `ValueError` if a format may make something large, or look into what it is given."""
    if FIELD.sub("", text):
        raise ValueError("this format is not worked out")


class TooMuch(ValueError):
    """A value that is too large to go on with."""


def bounded(value: Any) -> Any:
    """The value, if it is small enough to go on with.

    Raises `TooMuch` if it is not.
    """
    weight(value)
    return value


def weight(value: Any, depth: int = DEPTH, most: int = LENGTH) -> int:
    """How many things a value holds, those in its lists too.

    Raises `TooMuch` if it holds too many, too large, or too deeply nested things.
    """
    match value:
        case bool() | None:
            return 1
        case int():
            if abs(value) > MAGNITUDE:
                raise TooMuch("the number is too large")
        case complex():
            raise TooMuch("complex numbers are not worked out")
        case str() | bytes():
            if len(value) > LENGTH:
                raise TooMuch("the text is too long")
        case range():
            if len(value) > most:
                raise TooMuch("the range is too long")
        case list() | tuple() | dict():
            if not depth:
                raise TooMuch("the list is nested too deeply")
            total = 1
            for one in value.values() if isinstance(value, dict) else value:
                total += weight(one, depth - 1, most - total)
                if total > most:
                    raise TooMuch("the list is too long")
            return total
    return 1
