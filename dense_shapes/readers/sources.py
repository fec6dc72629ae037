"""One way in for all that may describe a model: a file, JSON, Keras code, or a line of layers."""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from dense_shapes.axes import Shape
from dense_shapes.errors import FormatError, ModelError
from dense_shapes.readers import archive, spec
from dense_shapes.readers import source as code_reader
from dense_shapes.readers.assembly import Graph
from dense_shapes.readers.code.layers import kind_of
from dense_shapes.traces import Trace

Form: TypeAlias = Literal["json", "code", "spec"]

STDIN = "-"
"""What stands for standard input."""
WORD = re.compile(r"\s*(?:->\s*)?([A-Za-z]\w*)")
PATH = re.compile(r"\.\w{1,5}$|[/\\]")
"""What only the name of a file has, where a text is no code and no layers."""
ZIP = b"PK\3\4"


@dataclass(frozen=True)
class Source:
    """A text that describes a model, and where it is from.

    `where` is what an error calls it, and `path` the file, if it is from one. `name` is that of the
    model, if the text is code and it is said.
    """

    text: str
    where: str
    path: str = ""
    name: str = ""

    @property
    def form(self) -> Form:
        """What kind of text it is.

        >>> Source("Dense(5)", "").form, Source("model = Sequential()", "").form, Source("{}", "").form
        ('spec', 'code', 'json')
        """
        if self.text.lstrip().startswith("{"):
            return "json"
        return "spec" if spec.looks_like_spec(self.text) or is_layers(self.text) else "code"

    @property
    def saved(self) -> bool:
        """Whether it is from a `.keras` file."""
        return self.where.startswith(f"{archive.CONFIG} in ")


def read(source: str, *, input_shape: Shape | None = None) -> Trace:
    """The model that is meant by a text or the name of a file; `-` stands for standard input.

    `models.py:segmenter` is what `models.py` calls `segmenter`: a model, a layer, a function without
    arguments. `input_shape`, the batch first, is for a model that does not say what its input is.

    Raises `FormatError` if there is no such file, or it cannot be read; and what the readers raise.

    >>> read("4,5,1 -> Conv2D(8, 2)")
    <Trace 'sequential': 1 layer, 40 parameters>
    >>> read("Dense(5)", input_shape=(None, 2, 3, 1))
    <Trace 'sequential': 1 layer, 10 parameters>
    """
    return trace(found(source), input_shape=input_shape)


def found(source: str) -> Source:
    """The text that is meant.

    Raises `FormatError` if there is none.
    """
    if source == STDIN:
        return Source(typed(), "standard input")
    if is_file(source):
        return Source(*archive.content(source), source)
    path, colon, name = source.rpartition(":")
    if colon and name.isidentifier() and is_file(path):
        return named(Source(*archive.content(path), path, name))
    return written(source)


def written(source: str) -> Source:
    """A text that describes a model itself, and is not the name of a file.

    Raises `FormatError` if it describes none.
    """
    given = Source(source, "the text")
    if not source.strip():
        raise FormatError("expected a model, received nothing")
    if given.form == "code" and not code_reader.looks_like_code(source):
        missing = f"there is no file {source[:200]!r}"
        if PATH.search(source):
            raise FormatError(missing)
        raise FormatError(
            f"{missing}, and it is no model itself: expected a file, Keras code, JSON, or layers such as "
            "'4,5,1 -> Conv2D(8, 2) -> Dense(5)'"
        )
    return given


def named(source: Source) -> Source:
    """The source, if it can hold several models by their names.

    Raises `FormatError` if it cannot.
    """
    if source.form != "code":
        raise FormatError(
            f"{source.where} is no code, and holds one model; leave out :{source.name}"
        )
    return source


def is_file(source: str) -> bool:
    """Whether there is something of this name; a text is never too long or too odd to ask."""
    try:
        return os.path.lexists(source)
    except ValueError:
        return False


def typed() -> str:
    """The text on standard input.

    Raises `FormatError` if it is too long, or no text.
    """
    data = sys.stdin.buffer.read(archive.LIMIT + 1)
    if len(data) > archive.LIMIT:
        raise FormatError(f"standard input: expected at most {archive.LIMIT:,} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        hint = "; give a .keras file by its name" if data.startswith(ZIP) else ""
        raise FormatError(f"standard input: expected text in UTF-8{hint}") from None


def is_layers(text: str) -> bool:
    """Whether a text is layers that follow each other, without the shape of their input.

    >>> is_layers("Conv2D(8, 2) -> Dense(5)"), is_layers("model.add(Dense(5))")
    (True, False)
    """
    first = WORD.match(text)
    return bool(first and kind_of(first[1]) and (first[1] != "Input" and "\n" not in text.strip()))


def trace(source: Source, *, input_shape: Shape | None = None) -> Trace:
    """The model that a text describes."""
    match source.form:
        case "json":
            text = source.text if input_shape is None else fed(source.text, input_shape)
            model = archive.read_text(text, source.where)
        case "spec":
            model = spec.trace(with_shape(source.text, input_shape))
        case "code":
            model = code_reader.trace(source.text, input_shape=input_shape, name=source.name)
    check_input(model, input_shape)
    return model


def graph(source: Source, *, input_shape: Shape | None = None) -> Graph:
    """The layers that code or a spec calls, with what each is given."""
    if source.form == "code":
        return code_reader.graph(source.text, input_shape=input_shape, name=source.name)
    layers = spec.Spec.read(with_shape(source.text, input_shape))
    parts = [f"Input({code_of(layers.shape)})", *map(code_of, layers.layers)]
    return code_reader.graph(f"model = Sequential([{', '.join(parts)}])")


def code_of(value: Any) -> str:
    """A value of a spec as code.

    >>> code_of(spec.Spec.read("4,5 -> TimeDistributed(Flatten)").layers[0])
    'TimeDistributed(layer=Flatten())'
    """
    match value:
        case spec.Layer():
            given = (f"{name}={code_of(it)}" for name, it in value.arguments.items())
            return f"{value.kind}({', '.join(given)})"
        case tuple():
            return f"({''.join(f'{code_of(it)}, ' for it in value)})"
        case list():
            return f"[{', '.join(map(code_of, value))}]"
        case dict():
            return f"{{{', '.join(f'{key!r}: {code_of(it)}' for key, it in value.items())}}}"
    return repr(value)


def with_shape(text: str, input_shape: Shape | None) -> str:
    """A spec with the shape of its input before it, if it has none.

    Raises `ModelError` if it has none, and none is given.

    >>> with_shape("Dense(5)", (None, 2, None, 1))
    '2,?,1 -> Dense(5)'
    """
    if not is_layers(text):
        return text
    layers = text.strip().removeprefix("->").strip()
    if input_shape is None:
        raise ModelError(
            f"{layers[:60]!r} does not say what its input is; write the shape before it, without the "
            f"batch: '4,5,1 -> {layers[:60]}'"
        )
    sizes = ",".join("?" if size is None else str(size) for size in input_shape[1:]) or "()"
    return f"{sizes} -> {layers}"


def fed(text: str, input_shape: Shape) -> str:
    """The JSON of a model with the shape of its input in it, if it is a `Sequential` without one."""
    try:
        record = archive.parsed(text)
    except (FormatError, RecursionError):
        return text  # and the reader will say why
    if not isinstance(record, dict) or record.get("class_name") != "Sequential":
        return text
    known = record.get("build_config")
    if isinstance(known, dict) and known.get("input_shape"):
        return text
    return json.dumps({**record, "build_config": {"input_shape": list(input_shape)}})


def check_input(model: Trace, input_shape: Shape | None) -> None:
    """Raise `ModelError` if the input of a model is not what it was said to be."""
    shapes = [value.shape for value in model.inputs]
    if input_shape is not None and shapes != [input_shape]:
        has = " and ".join(map(str, shapes)) or "nothing"
        raise ModelError(
            f"model {model.name!r} says itself that it takes {has}, and {input_shape} is given as the "
            "shape of its input"
        )
