"""The shortest form of a model: the shape of its input, and the layers that follow each other.

    4,5,1 -> Conv2D(8, 2) -> Conv2D(1, 2) -> Flatten -> Dense(5) -> Dense(1)

Its grammar, in which spaces and line ends mean nothing:

    spec      = shape "->" layer { "->" layer }
    shape     = [ "(" ] [ size { "," size } [ "," ] ] [ ")" ]
    size      = digits | "None" | "?"
    layer     = kind [ "(" [ argument { "," argument } [ "," ] ] ")" ]
    argument  = [ name "=" ] value
    value     = layer | number | text | "True" | "False" | "None" | tuple | list | dictionary

An arrow may be written → too. The shape is that of one sample: the batch is not written, and not
known. Kinds and arguments are those of `keras.layers`, in the order in which Keras takes them. Numbers
may be worked out: `28 * 28`. The brackets after a kind may be left out where the layer needs no argument.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dense_shapes.axes import Shape, Size
from dense_shapes.errors import DenseShapesError
from dense_shapes.readers.code import literals
from dense_shapes.readers.code.layers import (
    Argument,
    Given,
    Written,
    kind_of,
    layer_arguments,
    nearest,
)
from dense_shapes.readers.code.models import new_stack, traced_model
from dense_shapes.readers.code.session import CALLS, Session, Stop
from dense_shapes.readers.code.text import NO_FILE, NOWHERE, SIZE, Code, Place, parsed
from dense_shapes.readers.code.vocabulary import ALIASES, SHAPES
from dense_shapes.rules import arguments
from dense_shapes.traces import Trace

DEPTH = 40
"""How deeply values may be nested."""

PIECE = re.compile(
    r"->|→|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|[()\[\]{}#]|[^'\"()\[\]{}#→-]+|.", re.S
)
ARROWS = ("->", "→")
BRACKETS = {")": "(", "]": "[", "}": "{"}
START = re.compile(r"\s*(?:[-+\d(?,]|None\b|->|→)")


@dataclass(frozen=True, kw_only=True)
class Piece(Code):
    """A part of a text between two arrows, in brackets of its own: its places are those in the text."""

    whole: Code
    line: int
    start: int

    def at(self, line: int, start: int, stop: int) -> Place:
        """A span of characters of a line; the first character of the first is the added bracket."""
        shift = self.start - 1 if line == 1 else 0
        first = max(start + shift, self.start if line == 1 else 0)
        return self.whole.at(self.line + line - 1, first, max(first + 1, stop + shift))

    @property
    def here(self) -> Place:
        """The place where it begins."""
        body = self.text[1:-2]
        blank = body[: len(body) - len(body.lstrip())]
        column = len(blank) - blank.rfind("\n") - 1 if "\n" in blank else len(blank) + 1
        return self.at(1 + blank.count("\n"), column, column + 1)


@dataclass(frozen=True)
class Layer:
    """A layer of a spec: its kind, and what it is given by the names of its arguments."""

    kind: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    place: Place = field(default=NOWHERE, compare=False, repr=False)

    def write(self) -> str:
        """The layer as text: what it needs by position, the rest by name.

        >>> Layer("Conv2D", {"filters": 8, "kernel_size": 2, "padding": "same"}).write()
        "Conv2D(8, 2, padding='same')"
        """
        needed = arguments()[self.kind].required
        given = [it for it in needed if it in self.arguments]
        first = given if given == list(needed[: len(given)]) else []
        parts = [text_of(self.arguments[it]) for it in first]
        parts += [f"{it}={text_of(one)}" for it, one in self.arguments.items() if it not in first]
        return f"{self.kind}({', '.join(parts)})" if parts else self.kind


@dataclass(frozen=True)
class Spec:
    """The shape of an input without its batch, and layers that follow each other.

    >>> spec = Spec.read("4,5,1 -> Conv2D(8, (2, 2), padding='same') -> Flatten() -> Dense(5)")
    >>> spec.write()
    "4,5,1 -> Conv2D(8, (2, 2), padding='same') -> Flatten -> Dense(5)"
    """

    shape: Shape
    layers: tuple[Layer, ...] = ()

    @classmethod
    def read(cls, text: str) -> Spec:
        """Read a spec.

        Raises `NotationError`, which points at the place.

        >>> Spec.read("4,5,1 -> Dens(5)")
        Traceback (most recent call last):
        dense_shapes.errors.NotationError: Keras has no layer 'Dens'; did you mean 'Dense'?
            4,5,1 -> Dens(5)
                     ^^^^
        """
        shape, *pieces = list(pieces_of(text))
        if not pieces:
            raise shape.at(1, len(text) + 1, len(text) + 2).error("expected '->' and a layer")
        return cls(shape_of(shape), tuple(layer_of(piece) for piece in pieces))

    def write(self) -> str:
        """The spec as text; reading it gives the spec back."""
        sizes = ",".join("?" if size is None else str(size) for size in self.shape) or "()"
        return " -> ".join([sizes, *(layer.write() for layer in self.layers)])

    def trace(self) -> Trace:
        """The trace of the model.

        Raises `DenseShapesError` where a layer does not fit its input; it points at the layer.
        """
        if any(layer.place is NOWHERE for layer in self.layers):
            return Spec.read(self.write()).trace()
        session = Session()
        start = session.input((None, *self.shape), None, NOWHERE)
        layers = [made(session, layer) for layer in self.layers]
        where = self.layers[0].place if self.layers else NOWHERE
        stack = new_stack(session, None, where)
        for layer in (start, *layers):
            stack.add(layer, where, rebuild=False)
        try:
            stack.rebuild()
            return traced_model(stack)
        except Stop as error:
            raise error.error from None


def trace(text: str) -> Trace:
    """Read a model in its shortest form; the layers are named as Keras would name them.

    Raises `NotationError` where the text is no spec, `ShapeError` where a layer does not fit its
    input, `UnknownLayer` for a layer that no rule describes; each points at the place.

    >>> trace("4,5,1 -> Conv2D(8, 2) -> Dense(5)")
    <Trace 'sequential': 2 layers, 85 parameters>
    >>> trace("2,3,1 -> Dense(unit=5)")
    Traceback (most recent call last):
    dense_shapes.errors.NotationError: Dense has no argument 'unit'; did you mean 'units'?
        2,3,1 -> Dense(unit=5)
                       ^^^^^^
    """
    return Spec.read(text).trace()


def looks_like_spec(text: str) -> bool:
    """Whether a text is rather a spec than code or the name of a file.

    >>> looks_like_spec("4,5,1 -> Dense(5)"), looks_like_spec("def build() -> Model: ...")
    (True, False)
    """
    return any(arrow in text for arrow in ARROWS) and bool(START.match(text))


def pieces_of(text: str) -> Iterator[Piece]:
    """What stands between the arrows.

    Raises `NotationError` for a bracket that is not closed, or not opened.
    """
    text = re.sub(r"\r\n?", "\n", text)
    code = Code(text[:SIZE], numbered="\n" in text.strip())
    if len(text) > SIZE:
        raise code.at(1, 0, 1).error(f"the text is longer than {SIZE:,} characters")
    line, begun = 1, 0  # the number of the line, and where it begins
    first, column, after = 1, 0, 0  # the same for the piece, and where that begins
    opened: list[tuple[str, Place]] = []
    count = 0

    def closed() -> None:
        if opened:
            raise opened[-1][1].error(f"{opened[-1][0]!r} is never closed")

    def piece(stop: int) -> Piece:
        inner = f"({text[after:stop]}\n)"
        return Piece(inner, code.numbered, whole=code, line=first, start=column)

    for found in PIECE.finditer(text):
        it, start = found[0], found.start()
        place = code.at(line, start - begun, start - begun + len(it))
        if it in ("(", "[", "{"):
            opened.append((it, place))
            if len(opened) > DEPTH:
                raise place.error("the brackets are nested too deeply")
        elif it in BRACKETS and (not opened or opened.pop()[0] != BRACKETS[it]):
            raise place.error(f"{it!r} closes nothing")
        elif it == "#":
            raise place.error("'#' is not part of the notation")
        elif it in ARROWS:
            closed()
            count += 1
            if count > CALLS:
                raise place.error(f"more than {CALLS:,} layers are not read")
            yield piece(start)
            first, column, after = line, found.end() - begun, found.end()
        line += it.count("\n")
        begun = start + it.rindex("\n") + 1 if "\n" in it else begun
    closed()
    yield piece(len(text))


def shape_of(piece: Piece) -> Shape:
    """The shape of the input.

    Raises `NotationError` if it is none.
    """
    text = body = piece.text[1:-2]
    start = 1
    if text.strip().startswith("(") and text.strip().endswith(")"):
        start += text.index("(") + 1
        body = text[text.index("(") + 1 : text.rindex(")")]
        if not body.strip():
            return ()
    parts = body.split(",")
    if len(parts) > 1 and not parts[-1].strip():
        parts.pop()
    sizes: list[Size] = []
    for part in parts:
        word = part.strip()
        if not re.fullmatch(r"[0-9]{1,18}|None|\?", word):
            first = start + len(part) - len(part.lstrip())
            place = piece.at(1, first, first + len(word))
            raise place.error("expected the shape of the input: whole numbers, None or ?, as 4,5,1")
        sizes.append(int(word) if word.isdigit() else None)
        start += len(part) + 1
    return tuple(sizes)


def layer_of(piece: Piece) -> Layer:
    """The layer that is written in a piece.

    Raises `NotationError` if there is none.
    """
    if not piece.text[1:-2].strip():
        raise piece.here.error("expected a layer")
    tree = parsed(piece, lambda text: ast.parse(text, NO_FILE, "eval"), "this is no layer")
    found = value_of(piece, tree.body, DEPTH)
    if not isinstance(found, Layer):
        raise piece.here.error("expected a layer, as Dense(5)")
    return found


def value_of(code: Piece, node: ast.expr, depth: int) -> Any:
    """The value that is written: a number, a text, nothing, several of them, or a layer.

    Raises `NotationError` if it is none of these.
    """
    place = code.place(node)

    def inner(node: ast.expr) -> Any:
        return value_of(code, node, depth - 1)

    if not depth:
        raise place.error("this is nested too deeply")
    try:
        match node:
            case ast.Constant(str() | int() | float() | None as value):
                if value in (math.inf, -math.inf):
                    raise place.error("the number is too large")
                return literals.bounded(value)
            case ast.Tuple(elts):
                return tuple(map(inner, elts))
            case ast.List(elts):
                return list(map(inner, elts))
            case ast.Dict(keys, values) if None not in keys:
                return {
                    literals.key(inner(key)): inner(value)
                    for key, value in zip(keys, values, strict=True)
                    if key
                }
            case ast.UnaryOp(ast.USub() | ast.UAdd() as op, operand):
                return literals.bounded(literals.UNARY[type(op)](inner(operand)))
            case ast.BinOp(left, op, right):
                numbers = inner(left), inner(right)
                if not all(isinstance(it, int | float) for it in numbers):
                    raise place.error("only numbers are worked out")
                return literals.binary(type(op), *numbers)
            case ast.Call(ast.Name(name) as func):
                given = given_of(code, node, name, inner)
                return layer_from(name, given, code.place(func))
            case ast.Name(name) if kind_of(name):
                return layer_from(name, Given(name, place), place)
    except DenseShapesError:
        raise
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise place.error(f"this is not worked out: {str(error)[:100]}") from None
    if isinstance(node, ast.Name):
        raise place.error(f"{node.id!r} is not known; a text is written in quotes: '{node.id}'")
    raise place.error("expected a layer, a number, a text, or several of them in brackets")


def given_of(code: Piece, node: ast.Call, name: str, inner: Callable[[ast.expr], Any]) -> Given:
    """What is given to a layer."""
    for it in (*node.args, *node.keywords):
        if isinstance(it, ast.Starred) or getattr(it, "arg", "") is None:
            raise code.place(it).error("stars are not part of the notation")
    positional = [Argument(inner(it), code.place(it)) for it in node.args]
    named = {str(it.arg): Argument(inner(it.value), code.place(it)) for it in node.keywords}
    return Given(name, code.place(node), positional, named)


def layer_from(name: str, given: Given, place: Place) -> Layer:
    """The layer of this kind that is given this.

    Raises `NotationError` if Keras has no such layer, or it does not take this.
    """
    kind = kind_of(name)
    if kind is None:
        raise place.error(f"Keras has no layer {name!r}{nearest(name, [*arguments(), *ALIASES])}")
    found = layer_arguments(kind, given)
    for it in SHAPES:
        if it in found and it not in arguments()[kind].names:
            raise found[it].place.error("the shape of the input stands before the first '->'")
    return Layer(kind, {key: it.value for key, it in found.items()}, given.place)


def made(session: Session, layer: Layer) -> Written:
    """The layer as a part of a model, with those that it holds."""

    def inner(value: Any) -> Any:
        match value:
            case Layer():
                return made(session, value)
            case tuple() | list():
                return [inner(one) for one in value]
            case dict():
                return {key: inner(one) for key, one in value.items()}
        return value

    named = {key: Argument(inner(it), layer.place) for key, it in layer.arguments.items()}
    return session.layer(layer.kind, Given(layer.kind, layer.place, (), named))


def text_of(value: Any) -> str:
    """A value as a spec writes it."""
    match value:
        case Layer():
            return value.write()
        case list():
            return f"[{', '.join(map(text_of, value))}]"
        case tuple():
            return f"({', '.join(map(text_of, value))}{',' if len(value) == 1 else ''})"
        case dict():
            return "{" + ", ".join(f"{key!r}: {text_of(it)}" for key, it in value.items()) + "}"
    return repr(value)
