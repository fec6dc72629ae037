"""Random changes to what is sound: to text word by word, to plain data place by place, to bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

LENGTH = 30_000
"""How many characters a changed text has at most; what is larger is among the hostile cases."""

WORD = re.compile(r"->|\w+|\n *|[^\w\s]|\s")

NUMBERS = (
    *("0", "-1", "1", "2", "3", "7", "1.5", "1e9", "1e308", "1e999", "-0.0", "1j", "0x7f", "1_000"),
    *("2**63", "10**18", "9**9**9", "1<<99", "999999999999999999999", "nan", "inf", "True", "None"),
)
"""Numbers, as text may write them."""

ODD = (
    *(
        "\x00",
        "\ud800",
        "\ufeff",
        "\u2028",
        "\x85",
        "\r",
        "\r\n",
        "\t",
        "\x0c",
        "é",
        "字",
        "🙂",
        "²",
    ),
    *(
        "'",
        '"',
        '"""',
        "\\",
        "\\\n",
        "#",
        "`",
        "$",
        "!",
        "?",
        "%s",
        "{}",
        "{0.__class__}",
        "%99999d",
    ),
)
"""Characters, and pieces of text, that a reader may stumble over."""

CODE = (
    *(
        "lambda x: x",
        "lambda *a, **k: a",
        "(x := 3)",
        "[x for x in range(9)]",
        "{**x}",
        "*x",
        "**x",
    ),
    *("f'{x}'", "f'{x:{x}}'", "x[::2]", "x[..., None]", "x.shape[1:]", "x if x else 3", "not x"),
    *(
        "[[1] * 9] * 9",
        "x * 99",
        "x + x",
        "x @ x",
        "x == x",
        "x in x",
        "x is x",
        "await x",
        "yield x",
    ),
    *(
        "range(10**9)",
        "sum(range(9))",
        "'a' * 9999",
        "'%s' % x",
        "','.join(x)",
        "sorted(x)",
        "zip(x, x)",
    ),
    *("getattr(x, 'y')", "__import__('os').system('true')", "open('/etc/passwd')", "eval('1')"),
    *(
        "keras.ops.split(x, 99)",
        "keras.ops.reshape(x, (-1,))",
        "x.pop()",
        "x.append(x)",
        "x.add(x)",
    ),
)
"""Expressions."""

BLOCKS = (
    *(
        "for i in range(99):",
        "for x in x:",
        "while True:",
        "while x:",
        "if x:",
        "if True:",
        "else:",
    ),
    *(
        "try:",
        "except Exception:",
        "finally:",
        "with x as y:",
        "def f(x=3, *a, **k):",
        "class A(x):",
    ),
    *(
        "async def f():",
        "match x:",
        "lambda: 0",
        "global x",
        "from x import *",
        "import os as keras",
    ),
)
"""What may stand before a line, and make those after it its own."""

FRAMES = (
    *(("(", ")"), ("[", "]"), ("{", "}"), ("[*", "]"), ("-", ""), ("not ", ""), ("lambda: ", "")),
    *(
        ("Dense(", ")"),
        ("TimeDistributed(", ")"),
        ("f'{", "}'"),
        ("Sequential([", "])"),
        ("", ".x"),
    ),
    *(("", "()"), ("", "[0]"), ("", " + 1"), ("", "**2"), ("", ", "), ("", " -> ")),
)
"""What may be put around a piece of text, once or many times."""


@st.composite
def texts(draw: DrawFn, seeds: Sequence[str], words: SearchStrategy[str]) -> str:
    """One of the texts after some changes: words replaced, left out, put in, repeated or framed."""
    pieces = WORD.findall(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(pieces)))
        stop = min(len(pieces), start + draw(st.sampled_from([0, 1, 1, 2, 4, 9, 30])))
        pieces[start:stop] = changed(draw, pieces[start:stop], seeds, words)
        if sum(map(len, pieces)) > LENGTH:
            break
    return "".join(pieces)[:LENGTH]


def changed(
    draw: DrawFn, pieces: list[str], seeds: Sequence[str], words: SearchStrategy[str]
) -> list[str]:
    """Some words after one change."""
    match draw(st.integers(0, 6)):
        case 0:
            return []
        case 1:
            return pieces * draw(st.sampled_from([2, 3, 9, 40, 300]))
        case 2:
            before, after = draw(st.sampled_from(FRAMES))
            many = draw(st.sampled_from([1, 1, 2, 9, 50, 300]))
            return [before * many, *pieces, after * many]
        case 3:
            other = WORD.findall(draw(st.sampled_from(seeds)))
            start = draw(st.integers(0, len(other)))
            return [*pieces, *other[start : start + draw(st.integers(1, 40))]]
        case 4:
            return [*pieces, draw(st.text(max_size=3))]
    return draw(st.lists(words, max_size=3))


@st.composite
def code(draw: DrawFn, seeds: Sequence[str], words: SearchStrategy[str]) -> str:
    """Code after some changes, among them to its lines: repeated, moved, or put into a block."""
    lines = draw(texts(seeds, words)).split("\n")
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(lines)))
        stop = min(len(lines), start + draw(st.integers(0, 4)))
        some = lines[start:stop]
        match draw(st.integers(0, 3)):
            case 0:
                some = [draw(st.sampled_from(BLOCKS)), *(f" {line}" for line in some or ["pass"])]
            case 1:
                some = some * draw(st.sampled_from([2, 9, 99]))
            case 2:
                some = draw(st.sampled_from(seeds)).split("\n")
            case _:
                some = [
                    f"{draw(st.sampled_from(['>>> ', '... ', 'In [3]: ', ' ']))}{it}" for it in some
                ]
        lines[start:stop] = some
    return "\n".join(lines)[:LENGTH]


# Plain data


PLAIN: tuple[Any, ...] = (
    *(
        None,
        True,
        0,
        -1,
        2.5,
        10**15,
        2**64,
        float("nan"),
        float("inf"),
        -0.0,
        "",
        "x",
        "\ud800",
        "a/b",
    ),
    *(
        [],
        [None],
        [[]],
        [1, 2],
        [1] * 99,
        {},
        {"a": 1},
        ["x", 0, 0],
        "relu",
        "same",
        "../x",
        "a\0b",
        "é",
    ),
    {"class_name": "Dense", "config": {"units": 3}, "module": "keras.layers"},
    {"class_name": "__lambda__", "config": {"code": "4wAAAA=="}},
    {"class_name": "function", "module": "os", "config": "system", "registered_name": "system"},
    {
        "class_name": "__keras_tensor__",
        "config": {"shape": [None, 4], "keras_history": ["x", 0, 0]},
    },
)
"""Values that may stand anywhere in plain data."""


def places(data: Any) -> list[tuple[str | int, ...]]:
    """The path to everything inside plain data."""
    found: list[tuple[str | int, ...]] = []
    todo: list[tuple[tuple[str | int, ...], Any]] = [((), data)]
    while todo:
        path, it = todo.pop()
        inside: Any = (
            it.items() if isinstance(it, dict) else enumerate(it if isinstance(it, list) else ())
        )
        for key, one in inside:
            found.append((*path, key))
            todo.append(((*path, key), one))
    return found


def at(data: Any, path: Sequence[str | int]) -> Any:
    """What stands at a path."""
    for key in path:
        data = data[key]
    return data


@st.composite
def records(draw: DrawFn, seeds: Sequence[Any]) -> Any:
    """One of the records after some changes: values replaced, left out, repeated, or put elsewhere."""
    record = deepcopy(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 5))):
        paths = places(record)
        if not paths:
            break
        *path, key = draw(st.sampled_from(paths))
        owner = at(record, path)
        match draw(st.integers(0, 5)):
            case 0:
                del owner[key]
            case 1:
                owner[key] = deepcopy(at(record, draw(st.sampled_from(paths))))
            case 2:
                owner[key] = [
                    deepcopy(owner[key]) for _ in range(draw(st.sampled_from([1, 2, 50])))
                ]
            case 3 if isinstance(owner, list) and isinstance(key, int):
                owner[key:key] = [
                    deepcopy(owner[key]) for _ in range(draw(st.sampled_from([1, 9])))
                ]
            case 4:
                other = draw(st.sampled_from(seeds))
                owner[key] = deepcopy(at(other, draw(st.sampled_from([(), *places(other)]))))
            case _:
                owner[key] = deepcopy(
                    draw(st.sampled_from(PLAIN) | st.integers() | st.text(max_size=3))
                )
        if len(json.dumps(record)) > 20 * LENGTH:
            break
    return record


# Bytes


@st.composite
def spoilt(draw: DrawFn, whole: bytes) -> bytes:
    """The bytes of a file after some changes: numbers set, pieces left out, repeated or put in."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)) | st.integers(max(0, len(data) - 100), len(data)))
        stop = min(len(data), start + draw(st.integers(0, 8)))
        choices: list[Callable[[], bytes]] = [
            lambda: b"",
            lambda: bytes(data[start:stop]) * draw(st.integers(2, 50)),  # noqa: B023
            lambda: draw(st.binary(max_size=8)),
            lambda: b"\xff" * (stop - start),  # noqa: B023
            lambda: bytes(stop - start),  # noqa: B023
            lambda: draw(
                st.sampled_from(
                    [b"PK\3\4", b"PK\1\2", b"PK\5\6", b"PK\6\6", b"../", b"\x89HDF\r\n"]
                )
            ),
        ]
        data[start:stop] = draw(st.sampled_from(choices))()
    return bytes(data)
