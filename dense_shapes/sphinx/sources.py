"""The model that a page means: in a file beside it, in the page itself, or a line of layers."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from dense_shapes.errors import DenseShapesError, FormatError
from dense_shapes.readers import source as code_reader
from dense_shapes.readers import sources
from dense_shapes.readers.sources import Source


@dataclass(frozen=True)
class Given:
    """A text that describes a model; `file` is what the page calls the file, `path` where it is."""

    source: Source
    file: str = ""
    path: str = ""

    def told(self, error: DenseShapesError) -> str:
        """What is wrong, with the name of the file as the page writes it."""
        message = str(error)
        if not self.path:
            return message
        message = message.replace(repr(self.path), repr(self.file)).replace(self.path, self.file)
        return message if self.file in message else f"{self.file}: {message}"


class Unread(Exception):
    """A file that cannot be read, and why."""


def meant(text: str, env: Any, *, files: bool = True) -> Given:
    """What is meant by the argument of a directive; a file is noted as one on which the page depends.

    `files` says whether the page may read files.

    Raises `FormatError` if a text describes no model, and `Unread` if a file cannot be read.
    """
    file, _, name = text.rpartition(":")
    for written, of in ((file, name), (text, "")):
        if (of.isidentifier() or written == text) and looks_like_file(written, env):
            return read(written, of, env, files=files)
    return Given(sources.written(text))


def read(file: str, name: str, env: Any, *, files: bool) -> Given:
    """The model of this name in a file, or the one that it holds.

    Raises `Unread` if it cannot be read.
    """
    relative, path = place_of(file, env)
    given = Given(Source("", ""), file, path)
    if not files:
        raise Unread(f"{file}: no page of this site may read files (file_insertion_enabled)")
    env.note_dependency(relative)
    try:
        return replace(given, source=sources.found(f"{path}:{name}" if name else path))
    except DenseShapesError as error:
        raise Unread(given.told(error)) from None


def place_of(file: str, env: Any) -> tuple[str, str]:
    """Where a file is: from the folder of the sources, and on this machine.

    Raises `Unread` if it is nowhere.
    """
    try:
        relative, path = env.relfn2path(file)
    except (OSError, RuntimeError, ValueError):  # a link to itself, or a name that is too long
        raise Unread(f"{file[:200]!r} cannot be read: its path leads nowhere") from None
    return relative, path


def looks_like_file(text: str, env: Any) -> bool:
    """Whether a text is the name of a file: there is one, or nothing else looks like this."""
    if not text or "\n" in text or "\0" in text:
        return False
    with suppress(Unread):
        if sources.is_file(place_of(text, env)[1]):
            return True
    describes = Source(text, "").form != "code" or code_reader.looks_like_code(text)
    return bool(sources.PATH.search(text)) and not describes


def body(lines: list[str]) -> Given:
    """What is meant by the content of a directive.

    Raises `FormatError` if there is none.
    """
    text = "\n".join(lines)
    if not text.strip():
        raise FormatError(
            "expected a model: a file, as models.py:segmenter or model.keras; layers, as "
            "4,5,1 -> Dense(5); or Keras code in the body"
        )
    return Given(Source(text, "the code"))
