"""Read a saved Keras model: a `.keras` file, or the JSON in it, with `zipfile` and `json` alone.

No framework is needed and nothing in the file is executed. A file may come from anywhere: what it
says is believed only where it is of the right kind, and no more is read than a model can need.
"""

from __future__ import annotations

import io
import json
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dense_shapes.errors import (
    DenseShapesError,
    FormatError,
    MisfitError,
    ModelError,
    NotationError,
)
from dense_shapes.readers.saved import model_of
from dense_shapes.readers.wiring import first_line
from dense_shapes.records import from_json
from dense_shapes.traces import Trace

LIMIT = 1 << 25
"""How many bytes of JSON are read at most: 32 MiB. Those of large models have one or two."""

VALUES = 1 << 21
"""How many values that JSON may hold: as many as that of a model so long has. Each takes 100 bytes or so."""

LISTING = 1 << 20
"""How long the list of the members of a file may be, in bytes. A `.keras` file has three members."""

CONFIG = "config.json"
"""The member of a `.keras` file that says what the model is made of."""

DIGITS = 20
"""How many digits a whole number in a file may have."""

PIECE = 1 << 16

BROKEN = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError),
    *(NotImplementedError, RuntimeError, ValueError, OverflowError),
)
"""What `zipfile` raises where a file is not what it should be."""

CONVERT = (
    "only Keras can read it; convert it: "
    'keras.saving.load_model(path).save("model.keras"), then read model.keras'
)


def trace(path: str | os.PathLike[str]) -> Trace:
    """Read a saved model: a `.keras` file, its `config.json`, or the text of `model.to_json()`.

    A file of the format `dense-shapes/1` is read too. Nothing in the file is executed: a layer that is
    not one of Keras itself is opaque, and so is a Lambda.

    Raises `FormatError` if the file cannot be read or contradicts itself, `ModelError` if it holds no
    model with a graph of layers, `ShapeError` if its layers do not fit each other, and `UnknownLayer` if
    the output shape of an opaque layer is written nowhere.

    Source: keras/src/saving/saving_lib.py

    >>> trace("model.h5")
    Traceback (most recent call last):
    dense_shapes.errors.FormatError: 'model.h5' cannot be read: No such file or directory
    """
    name = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(name, str):
        raise ModelError(f"expected the path of a saved model, received {type(path).__name__}")
    return read_text(*content(name))


def read_text(text: str, where: str = "the text") -> Trace:
    """Read a model from JSON: the text of `model.to_json()`, or of the format `dense-shapes/1`.

    `where` is what an error calls the text; `trace` says what is raised.

    >>> dense = {"class_name": "Dense", "config": {"name": "dense", "units": 5}}
    >>> config = {"name": "tiny", "layers": [dense], "build_input_shape": [None, 2, 3, 1]}
    >>> read_text(json.dumps({"class_name": "Sequential", "config": config}))
    <Trace 'tiny': 1 layer, 10 parameters>
    """
    if not isinstance(text, str):
        raise ModelError(f"expected JSON text, received {type(text).__name__}")
    try:
        record = parsed(text)
        form = record.get("format") if isinstance(record, dict) else None
        if isinstance(form, str) and form.startswith("dense-shapes/"):
            return from_json(text)
        return model_of(record).trace()
    except MisfitError as error:
        raise MisfitError(
            f"{where}: {error.reason}",
            origins=error.origins,
            keras=error.keras,
            ways=error.ways,
        ) from None
    except NotationError as error:
        raise FormatError(f"{where}: {first_line(error)}") from None
    except DenseShapesError as error:
        raise type(error)(f"{where}: {error}") from None
    except RecursionError:
        raise FormatError(f"{where}: it is nested too deeply") from None


def parsed(text: str) -> Any:
    """The plain data of a JSON text.

    Raises `FormatError` if the text is too long or holds too much, or is no JSON.
    """
    if len(text) > LIMIT:
        raise FormatError(f"expected at most {LIMIT:,} bytes of JSON, received {len(text):,}")
    values = sum(map(text.count, ",[{"))
    if values > VALUES:
        raise FormatError(f"expected at most {VALUES:,} values in JSON, received {values:,} or so")
    try:
        return json.loads(text, parse_int=whole)
    except RecursionError:
        raise
    except ValueError as error:
        shown = f"{text[:40]!r}" if text.strip() else "nothing"
        raise FormatError(
            f"expected a .keras file or JSON, received {shown}: {str(error)[:200]}"
        ) from None


def whole(digits: str) -> int:
    """A whole number; a long one would take long to read."""
    if len(digits) > DIGITS:
        raise ValueError(f"a number has {len(digits):,} digits")
    return int(digits)


def content(name: str) -> tuple[str, str]:
    """The JSON text in a file, and what an error calls it.

    Raises `FormatError` if there is none.
    """
    with opened(name) as file:
        start = file.read(8)
        file.seek(0)
        if start == b"\x89HDF\r\n\x1a\n":
            raise FormatError(f"{name!r} is an HDF5 file; {CONVERT}")
        if start.startswith((b"PK\3\4", b"PK\5\6")):
            where = f"{CONFIG} in {name!r}"
            data = member(file, name)
        else:
            where = f"{name!r}"
            size = os.fstat(file.fileno()).st_size
            if size > LIMIT:
                raise FormatError(
                    f"{where}: expected at most {LIMIT:,} bytes of JSON, it has {size:,}"
                )
            data = limited(file.read, where)
    try:
        return data.decode("utf-8-sig"), where
    except UnicodeDecodeError:
        raise FormatError(
            f"{where}: expected a .keras file or JSON, received neither: it begins with {data[:8]!r}"
        ) from None


class Sparing(io.BufferedReader):
    """A file of which no more is read at once than the list of members may have."""

    def read(self, size: int | None = -1) -> bytes:
        """So many bytes, or all that are left, if they are not too many."""
        data = super().read(LISTING + 1 if size is None or not 0 <= size <= LISTING else size)
        if len(data) > LISTING:
            raise FormatError("its list of members is longer than that of any .keras file")
        return data


def opened(name: str) -> Sparing:
    """A regular file, open for reading; nothing else is opened, so that nothing waits for it.

    Raises `FormatError` if there is no such file, or it is something else.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        check_regular(name, Path(name).stat().st_mode)
        raw = io.FileIO(name, opener=lambda path, _: os.open(path, flags))
        try:
            check_regular(name, os.fstat(raw.fileno()).st_mode)
        except BaseException:
            raw.close()
            raise
    except DenseShapesError:
        raise
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise FormatError(f"{name!r} cannot be read: {why}") from None
    return Sparing(raw)


def check_regular(name: str, mode: int) -> None:
    """Raise `FormatError` if this is not the mode of a regular file."""
    if stat.S_ISDIR(mode):
        what = "a folder; name a file in it"
        if Path(name, CONFIG).is_file():
            what = f"a folder; read the {CONFIG} in it"
        elif Path(name, "saved_model.pb").is_file():
            what = f"a SavedModel; {CONVERT}"
        raise FormatError(f"{name!r} is {what}")
    if not stat.S_ISREG(mode):
        raise FormatError(f"{name!r} is no regular file")


def member(file: Sparing, name: str) -> bytes:
    """The configuration in a `.keras` file.

    Raises `FormatError` if there is none, or several, or it cannot be read.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            found = [one for one in archive.infolist() if one.filename == CONFIG]
            if len(found) != 1:
                others = ", ".join(f"{one[:40]!r}" for one in archive.namelist()[:5]) or "none"
                raise FormatError(f"expected one member {CONFIG!r}, found {len(found)} ({others})")
            check_member(found[0])
            with archive.open(found[0]) as config:
                return limited(config.read, CONFIG)
    except DenseShapesError as error:
        raise FormatError(f"{name!r}: {error}") from None
    except BROKEN as error:
        why = first_line(error) or type(error).__name__
        raise FormatError(f"{name!r} begins as a .keras file, and cannot be read: {why}") from None


def check_member(config: zipfile.ZipInfo) -> None:
    """Raise `FormatError` for a member that would not be read as Keras reads it, or takes too long."""
    if config.flag_bits & 1:
        raise FormatError(f"{CONFIG} is encrypted")
    if config.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise FormatError(f"{CONFIG} is compressed by method {config.compress_type}, not by zlib")
    if config.file_size > LIMIT:
        raise FormatError(
            f"expected {CONFIG} of at most {LIMIT:,} bytes, it has {config.file_size:,}"
        )


def limited(read: Callable[[int], bytes], where: str) -> bytes:
    """All that can be read, piece by piece.

    Raises `FormatError` as soon as it is too much.
    """
    data = bytearray()
    while piece := read(PIECE):
        data += piece
        if len(data) > LIMIT:
            raise FormatError(f"{where}: expected at most {LIMIT:,} bytes of JSON")
    return bytes(data)
