"""The hostile cases that were thought of: each is answered in bounded time and memory, nothing executed.

Files: a zip bomb, one that lies about its size, a list of members without end, members called
`../config.json` or twice the same, an encrypted member, a compression that cannot be unpacked piece by
piece; a configuration of a terabyte; a folder, a pipe, a device, a loop of links, a name with NUL; HDF5,
a pickle, UTF-16, half a file, and a file with any byte changed (`tests/test_archive.py`).

JSON: nested without end, more values than memory, numbers of a million digits, 1e999 and NaN, keys that
occur twice, half characters, control characters, a BOM; layers that wait for themselves, that call one
another without end, models in models whose work doubles with each, layers that hold layers and are
called often, tensors and axes by the thousand; Lambdas with bytecode, classes of other modules, names of
modules that would do something when imported (`tests/test_archive.py`, and below).

Code: `9**9**9`, shifts, texts and lists that double, `[[1] * 10**9]`, ranges without end, loops in loops,
`while True`, recursion, comprehensions and generators, lists that hold themselves, chains of attributes,
calls and brackets; f-strings and formats that look into objects or fill gigabytes; lambdas, decorators,
defaults, walrus, star imports, classes, `__class__.__mro__`, `exec`, `eval`, `open`, `__import__`; names
and texts with NUL, half characters, escapes, other encodings, CRLF, form feeds, BOMs
(`tests/test_source.py`, and below). Specs: the same, and a million layers (`tests/test_spec.py`).

The tables of those files are read here once more, in a process that is watched (`guard.py`).
"""

from __future__ import annotations

import json
import os
import zipfile
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dense_shapes.readers import archive
from tests import test_archive, test_source, test_spec
from tests.fuzz.guard import check, outcome
from tests.test_archive import A, functional, layer, numbered, sequential, start, tensor

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="each case is read in a fork")

MEGABYTE = 1 << 20


@pytest.mark.parametrize("name", test_source.HOSTILE)
def test_code_of_the_other_table(name: str) -> None:
    assert check(outcome("source", test_source.HOSTILE[name])).said


@pytest.mark.parametrize("name", test_spec.HOSTILE)
def test_spec_of_the_other_table(name: str) -> None:
    assert check(outcome("spec", test_spec.HOSTILE[name])).said


@pytest.mark.parametrize("name", test_archive.TEXTS)
def test_text_of_the_other_table(name: str) -> None:
    assert check(outcome("json", test_archive.TEXTS[name][0])).said


# Files


def bomb(path: Path, *, claimed: int | None = None, size: int = archive.LIMIT * 4) -> None:
    """A file whose configuration is large when it is unpacked; what it says of its size may be a lie."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        file.writestr("config.json", " " * size)
    if claimed is not None:
        data = path.read_bytes()
        old, new = (number.to_bytes(4, "little") for number in (size, claimed))
        path.write_bytes(data.replace(old, new))


def hole(path: Path) -> None:
    """A configuration of a terabyte, which takes no room."""
    with path.open("wb") as file:
        file.write(b"{")
        file.truncate(1 << 40)


def large_weights(path: Path) -> None:
    """A sound file with a gigabyte of weights, which nobody needs."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("config.json", json.dumps(A))
        with file.open("model.weights.h5", "w") as member:
            for _ in range(64):
                member.write(bytes(MEGABYTE))


def endless_members(path: Path) -> None:
    """A sound file with a hundred thousand members."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("config.json", json.dumps(A))
        for number in range(30_000):
            file.writestr(f"../{number}", "")


FILES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "a zip bomb": (bomb, f"at most {archive.LIMIT:,} bytes"),
    "a zip bomb that says it is small": (lambda path: bomb(path, claimed=10), "cannot be read"),
    "a zip bomb that says it is just small enough": (
        lambda path: bomb(path, size=archive.LIMIT + 7, claimed=archive.LIMIT),
        "cannot be read",
    ),
    "a terabyte": (hole, f"it has {1 << 40:,}"),
    "many members": (endless_members, "list of members is longer"),
    "large weights": (large_weights, ""),
    "a folder": (Path.mkdir, "is a folder"),
    "a pipe": (lambda path: os.mkfifo(path), "is no regular file"),
    "a loop of links": (lambda path: path.symlink_to(path), "cannot be read"),
    "a link to a device": (lambda path: path.symlink_to("/dev/zero"), "is no regular file"),
    "latin-1": (lambda path: path.write_bytes('{"é": 1}'.encode("latin-1")), "received neither"),
    "utf-16": (lambda path: path.write_bytes(json.dumps(A).encode("utf-16")), "received neither"),
    "a BOM": (lambda path: path.write_bytes(json.dumps(A).encode("utf-8-sig")), ""),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file(name: str, tmp_path: Path) -> None:
    make, message = FILES[name]
    path = tmp_path / "model.keras"
    make(path)
    for reader in ("archive", "any"):
        found = check(outcome(reader, str(path)))
        assert message in found.said
        assert bool(found.said) == bool(message)
        assert found.memory < 3 * archive.LIMIT  # what is unpacked, and as much again as text


def test_what_is_too_large_is_not_read(tmp_path: Path) -> None:
    for make in (bomb, hole):
        path = tmp_path / make.__name__
        make(path)
        assert check(outcome("archive", str(path))).memory < MEGABYTE * 2


def test_a_large_file_that_is_small_when_packed(tmp_path: Path) -> None:
    """A few kilobytes of brackets, which would be a gigabyte of lists."""
    text = f"[{'[],' * (archive.LIMIT // 3 - 10)}[]]"
    path = test_archive.packed(tmp_path / "m.keras", text, compression=zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 100_000
    found = check(outcome("archive", str(path)))
    assert "values in JSON" in found.said
    assert found.memory < 3 * archive.LIMIT


# JSON


def many(kind: str, calls: int, **config: Any) -> Any:
    """A layer on five places of four numbers, called so often."""
    taken = [[tensor("x", shape=[None, 5, 4])]] * calls
    return functional([start("x", 5, 4), layer(kind, "y", *taken, **config)], ["y", 0, 0])


def cell(number: int) -> Any:
    return layer("GRUCell", f"c{number}", units=2)


def parts(count: int) -> Any:
    """A tensor that is cut into so many, which are then put together."""
    module = "keras.src.ops.numpy"
    cut = {"indices_or_sections": count, "axis": 1}
    one = layer("Split", "s", [tensor("x", shape=[None, count])], module=module, **cut)
    all_of_them = [tensor("s", 0, number, [None, 1]) for number in range(count)]
    return functional([start("x", count), one, layer("Add", "a", [all_of_them])], ["a", 0, 0])


def twins(count: int) -> Any:
    """Models with a layer each that says it is another, which has a very long configuration."""
    first = numbered(layer("Dense", "d", units=4, long=[0] * 200_000), 0)
    others = [numbered(layer("Dense", "d", units=4), number) for number in range(1, count)]
    models = [sequential(start(), it, name=f"m{n}") for n, it in enumerate([first, *others])]
    return sequential(start(), *models)


CODE = b64encode(compile("open('/tmp/sprung', 'w')", "", "exec").co_code).decode()
LAMBDA = {"class_name": "__lambda__", "config": {"code": CODE}}

RECORDS: dict[str, tuple[Any, str]] = {
    "a hundred cells, called a thousand times": (
        many("RNN", 1000, cell=[cell(number) for number in range(100)], return_sequences=True),
        "calls of layers",
    ),
    "a thousand layers, called a thousand times": (
        many(
            "TimeDistributed",
            1000,
            layer=sequential(*(layer("ReLU", f"r{n}") for n in range(1000))),
        ),
        "calls of layers",
    ),
    "a list of means": (many("Normalization", 3000, mean=[0.0] * 100_000, variance=[1.0]), ""),
    "a tensor in a thousand parts": (parts(1000), ""),
    "twins of a very long layer": (twins(500), ""),
    "many axes": (
        sequential(start("x", *[2] * 60), *(layer("Dense", f"d{n}", units=2) for n in range(200))),
        "",
    ),
    "bytecode": (many("Lambda", 1, function=LAMBDA), ""),
    "bytecode as an activation": (many("Dense", 1, units=2, activation=LAMBDA), ""),
    "a class of another module": (many("os.system", 1, units=2), ""),
}


@pytest.mark.parametrize("name", RECORDS)
def test_a_record(name: str) -> None:
    record, message = RECORDS[name]
    found = check(outcome("json", json.dumps(record)))
    assert message in found.said


TEXTS = {
    "a key that occurs twice": json.dumps(A)[:-1] + ', "config": {"name": "other"}}',
    "NaN": json.dumps(A).replace("8", "NaN"),
    "infinity": json.dumps(A).replace("8", "-Infinity"),
    "1e999": json.dumps(A).replace("8", "1e999"),
    "half characters": json.dumps(A).replace("conv2d", "\\udc00"),
    "CRLF": json.dumps(A, indent=1).replace("\n", "\r\n").replace("8", "-8"),
    "NUL": json.dumps(A).replace("conv2d", "\\u0000").replace("8", "-8"),
    "two texts": json.dumps(A) * 2,
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_text(name: str) -> None:
    assert check(outcome("json", TEXTS[name])).said


# Code


SPRING = "__import__('pathlib').Path('/tmp/sprung').touch()"

SOURCES: dict[str, str] = {
    # Numbers
    "powers of powers": "model = Dense((((10 ** 18) ** 64) ** 64) ** 64)",
    "negative powers": "model = Dense(2 ** -10 ** 18 + 0.5 ** 10 ** 18 + (-8) ** 0.5)",
    "floats that overflow": "model = Dense(int(1e308 * 1e308))",
    "digits": f"model = Dense(int('{'9' * 9999}'))",
    # Lists and texts
    "a list times a billion": "model = Sequential([[1] * 10 ** 9])",
    "a list of lists times a billion": "model = Sequential([[[1] * 99] * 99] * 10 ** 9)",
    "an ellipsis times a billion": "model = Sequential([...] * 10 ** 9)",
    "negative times": "a = [1] * -10 ** 18\nmodel = Sequential(a * -1)",
    "tuples in each other": "t = ()\nfor i in range(9999): t = (t, t)\nmodel = {t: 1}",
    "long lists again and again": "a = [1] * 9999\nfor i in range(9999): a + a[:1]\nmodel = a",
    "long lists compared": "a, b = [1] * 9999, [1] * 9999\nfor i in range(9999): a == b\nmodel = a",
    "long lists sorted": "a = list(range(9999))\nfor i in range(9999): sorted(a)\nmodel = a",
    "long lists kept": "a = [1] * 9999\nb = [a.copy() for i in range(9999)]\nmodel = b",
    "many long lists": "\n".join(f"v{n} = [0] * 9999" for n in range(9999)) + "\nmodel = v0",
    "lists unpacked": f"a = [1] * 9\nfor i in range(9999): b = [{'*a, ' * 900}]\nmodel = b",
    "dictionaries": "d = {}\nfor i in range(9999): d[i] = d\nmodel = {**d, **d}",
    "a list in itself, twice": "a = []\na.append(a)\na.append(a)\na == a\nmodel = str(a)",
    # Loops and functions
    "nested comprehensions": "model = [[[1 for a in range(999)] for b in range(999)] for c in range(999)]",
    "a loop over a loop": "a = [1]\nfor i in a: a.append(i)\nmodel = a",
    "functions that doubt each other": "\n".join(
        f"def f{n}():\n  for i in q: f{(n + 1) % 50}(); f{(n + 2) % 50}()" for n in range(50)
    )
    + "\nif q:\n  f0()\nmodel = 3",
    "many doubts": "def f():\n" + "  x = 1\n" * 5000 + "for i in range(9999):\n  if q: f()\nmodel = 3",
    "lambdas in lambdas": f"model = {'lambda: ' * 80}3",
    "functions in functions": "".join(f"{' ' * n}def f{n}():\n" for n in range(90)) + " " * 90 + "pass",
    # Layers and models
    "layers of one name": "for i in range(9999): Dense(3, name='a')\nmodel = Sequential()",
    "cells": "model = Sequential([Input((5, 4)), RNN([GRUCell(2)] * 9999)])",
    "cells, often": "c = [GRUCell(4)] * 999\nmodel = Sequential([Input((5, 4))])\n"
    "for i in range(999): model.add(RNN(c, return_sequences=True))",
    "parts of tensors": "x = i = Input((900,))\nfor k in range(900):\n"
    "  x = keras.ops.concatenate(keras.ops.split(x, 900, axis=1), axis=1)\nmodel = Model(i, x)",
    "places of tensors": "x = i = Input((900, 2))\nfor k in range(900):\n"
    "  x = keras.ops.stack(keras.ops.unstack(x, 900, axis=1), axis=1)\nmodel = Model(i, x)",
    "sums of tensors": "x = i = Input((4,))\nfor k in range(900): x = Add()([x] * 9999)\nmodel = Model(i, x)",
    "many models of many layers": "x = i = Input((3,))\nfor k in range(900): x = Dense(3)(x)\n"
    "for k in range(999): model = Model(i, x)",
    "many copies of many layers": "i = Input((3,))\nx = a = Dense(3)(i)\n"
    "for k in range(900): x = Dense(3)(x)\nfor k in range(999): model = Model(a, x)",
    "the layers of a model, often": "x = i = Input((3,))\nfor k in range(900): x = Dense(3)(x)\n"
    "model = Model(i, x)\nfor k in range(9999): model.layers",
    # What would be executed
    "a class with an __init__": f"class A(Layer):\n  def __init__(self): {SPRING}\nmodel = A()",
    "a star import": "from antigravity import *\nfrom this import *\nimport antigravity\nmodel = fly()",
    "a default": f"def f(x={SPRING}): return x\nmodel = f()",
    "a walrus": f"(model := {SPRING})",
    "an f-string": f"model = f'{{{SPRING}}}'",
    "an f-string with a format": "model = f'{3:{9999999999}}' + f'{3!r:>{10 ** 9}}'",
    "a comprehension": f"model = [{SPRING} for x in range(9)]",
    "a key": f"model = {{{SPRING}: 1}}",
    "a lambda": f"model = (lambda: {SPRING})()",
    "bytecode of a Lambda": f"model = Lambda(marshal.loads({CODE!r}))(Input((3,)))",
    "a model from a file": "model = keras.models.load_model('/etc/passwd', safe_mode=False)",
    "what a method gives away": "model = 'x'.format.__self__.__class__.__base__.__subclasses__()",
    "an attribute of a text": "model = '{0.__init__.__globals__}'.format(Dense)",
    # Characters
    "a cookie": "# -*- coding: utf-7 -*-\nmodel = +AFs-Dense(3)",
    "CRLF": "model = Sequential([\r\nInput((3,)),\r\nDense(unit=3)\r\n])",
    "old line ends": "model = Sequential(\rDense(unit=3))",
    "a BOM": "\ufeffmodel = Sequential([Dense(unit=3)])",
    "NUL in a text": "model = Sequential([Dense(3, name='\\x00', unit=4)])",
    "other digits": "model = Sequential([Dense(٣)])",
    "a name that is normalised": "ｍｏｄｅｌ = Sequential([Ｄｅｎｓｅ(unit=3)])",
    "right to left": "model = Dense('\u202e', \u202e)",
    "a mistake, and a file of that name": "= x",
    "many mistakes": "\n".join(f"Dens{n}(3)" for n in range(999)) + "\nmodel = Dens(3)",
}  # fmt: skip


@pytest.mark.parametrize("name", SOURCES)
def test_some_code(name: str) -> None:
    assert check(outcome("source", SOURCES[name])).said
    assert not Path("/tmp/sprung").exists()


SPECS = {
    "1e9 layers": "4" + " -> Flatten" * (1 << 16),
    "1e9 units": "4 -> Dense(1e9)",
    "powers": "4 -> Dense(9 ** 9 ** 9)",
    "lists": "4 -> Dense([[1] * 10 ** 9] * 10 ** 9)",
    "many lists": f"4 -> Dense({'[[1] * 99] * 99, ' * 900})",
    "cells": f"5,4 -> RNN([{'GRUCell(2), ' * 3000}])",
    "axes": ",".join("2" * 9999) + " -> Dense(3)",
    "a billion axes": "2," * 99 + " -> Flatten -> Dense(unit=3)",
    "CRLF": "4\r\n -> Dense(unit=3)",
    "a BOM": "\ufeff4 -> Dense(unit=3)",
    "NUL": "4 -> Dense(3, name='\x00', unit=3)",
    "walrus": f"4 -> Dense(x := {SPRING})",
    "an f-string": f"4 -> Dense(f'{{{SPRING}}}')",
    "a lambda": f"4 -> Dense((lambda: {SPRING})())",
    "a comprehension": f"4 -> Dense([{SPRING} for x in range(10 ** 9)])",
    "an import": f"4 -> Dense({SPRING})",
    "attributes": "4 -> Dense(x" + ".a" * 9999 + ")",
    "an arrow in a text": "4 -> Dense('->' -> '->')",
}


@pytest.mark.parametrize("name", SPECS)
def test_a_spec(name: str) -> None:
    assert check(outcome("spec", SPECS[name])).said
