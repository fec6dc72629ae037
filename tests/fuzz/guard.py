"""Read what may be hostile in a process of its own, which has only so much time and memory.

A server is started once. For each request it forks a child, which reads and answers; a child that
takes too long or too much is killed by the system, whatever it does. What the child does beside
computing (opens a file, runs code, imports a module) is seen by an audit hook, and told.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import time
import traceback
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

SECONDS = 20
"""How long reading may take, in seconds of processor time; a child is killed after three times as many."""

MEMORY = 256 << 20
"""How much memory reading may take, in bytes; a child gets no more than four times as much."""

SHORT = 100
"""How many layers a model may have whose JSON is written and read back too."""

ROOT = Path(__file__).parents[2]

WARM = [
    ("spec", "4,5,1 -> Conv2D(8, 2) -> TimeDistributed(Dense(5, 'relu')) -> LSTM(2)"),
    ("source", ">>> model = Sequential([Input((4, 5)), Dense(n)])\nx = 5"),
    ("source", "i = Input((3,))\nmodel = Model(i, keras.ops.mean(Dense(4)(i)[:, 1:], axis=0))"),
    ("any", "no such file"),
    ("any", '{"class_name": "Sequential", "config": {"name": 3}}'),
    ("any", "4 -> Dens(5)"),
    ("archive", "/no such file"),
    ("json", '{"format": "dense-shapes/1"}'),
]
"""What is read before the first request, so that no module is loaded later."""


@dataclass(frozen=True)
class Outcome:
    """What came of reading.

    `said` is the error of ours, with its kind; `wrong` the traceback of any other, or how the process
    ended; `beside` what the process did beside computing. `memory` is how much more it held than before.
    """

    said: str = ""
    wrong: str = ""
    seconds: float = 0.0
    memory: int = 0
    beside: tuple[str, ...] = ()


def outcome(reader: str, text: str) -> Outcome:
    """What comes of reading a text, or the file of this name, with this reader.

    >>> outcome("spec", "4 -> Dense(5)")  # doctest: +SKIP
    Outcome(said='', wrong='', seconds=0.001, memory=0, beside=())
    """
    given = server()
    assert given.stdin is not None
    assert given.stdout is not None
    given.stdin.write(json.dumps([reader, text]) + "\n")
    given.stdin.flush()
    answer = json.loads(given.stdout.readline())
    return Outcome(**{**answer, "beside": tuple(answer["beside"])})


def check(found: Outcome) -> Outcome:
    """The same, after checking that reading came to a good end."""
    assert not found.wrong
    assert not found.beside
    assert found.seconds < SECONDS
    assert found.memory < MEMORY
    return found


@cache
def server() -> subprocess.Popen[str]:
    """The server, started when it is first needed; it ends when nobody asks any more."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, "-u", "-X", "utf8", "-c", "from tests.fuzz import guard; guard.serve()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": path},
    )


def serve() -> None:
    """Answer requests, a line each, until there are no more."""
    readers = readers_by_name()
    for reader, text in WARM:
        read(readers[reader], text)
    with TemporaryDirectory() as folder:
        path = Path(folder, "model.keras")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("config.json", "{}")
        read(readers["archive"], str(path))
    gc.freeze()
    for line in sys.stdin:
        reader, text = json.loads(line)
        here, there = os.pipe()
        child = os.fork()
        if not child:
            os.close(here)
            answer(readers[reader], text, there)
        os.close(there)
        with open(here, "rb") as pipe:  # noqa: PTH123
            told = pipe.read()
        _, status = os.waitpid(child, 0)
        if not told:
            end = f"killed by signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else "ended"
            told = json.dumps({"wrong": end, "beside": []}).encode()
        print(told.decode(), flush=True)


def answer(reader: Callable[[str], Any], text: str, pipe: int) -> None:
    """Read within limits, tell what came of it, and end the process."""
    limits()
    before, begun = most(), time.process_time()
    seen = watched(text)
    said, wrong = read(reader, text)
    beside = seen()
    told: dict[str, Any] = {"said": said, "wrong": wrong, "beside": beside}
    told |= {"seconds": round(time.process_time() - begun, 3), "memory": most() - before}
    os.write(pipe, json.dumps(told).encode()[: 1 << 15])
    os._exit(0)


def limits() -> None:
    """Limit this process: its time, the memory that it asks for, and the files that it writes."""
    import resource  # which Windows does not have, nor processes that fork

    resource.setrlimit(resource.RLIMIT_CPU, (3 * SECONDS, 3 * SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform == "linux":
        held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (held + 4 * MEMORY, held + 4 * MEMORY))


def most() -> int:
    """The most memory that this process has held so far, in bytes."""
    import resource

    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held if sys.platform == "darwin" else held * 1024


def watched(text: str) -> Callable[[], list[str]]:
    """Begin to watch what this process does beside computing; what is returned ends it, and tells.

    It may open the file of this name to read it. It may make a syntax tree, which is the event
    `compile`: to run it would be `exec`. `inspect.signature` looks into the rules.
    """
    seen: list[str] = []
    watching = [True]

    def hook(event: str, args: Any) -> None:
        match event:
            case "compile" | "builtins.id":
                harmless = True
            case "object.__getattr__":
                harmless = args[1] in ("__code__", "__defaults__", "__kwdefaults__")
            case "open":
                # where Python finds a mistake in code, it opens its file: that of code without a name
                harmless = args[0] in (text, "") and not args[2] & (os.O_WRONLY | os.O_RDWR)
            case _:
                harmless = False
        if watching[0] and not harmless:
            seen.append(f"{event} {args!r}"[:200])

    def end() -> list[str]:
        watching[0] = False
        return seen[:10]

    sys.addaudithook(hook)
    return end


def read(reader: Callable[[str], Any], text: str) -> tuple[str, str]:
    """Read a text; the error of ours that it makes, and the traceback of any other."""
    from dense_shapes.errors import DenseShapesError

    try:
        reader(text)
    except DenseShapesError as error:
        said = f"{type(error).__name__}: {error}"
        return said.encode("utf-8", "surrogatepass").decode("utf-8", "replace")[:4000], ""
    except BaseException:
        return "", traceback.format_exc()[-4000:]
    return "", ""


def readers_by_name() -> dict[str, Callable[[str], Any]]:
    """The readers; of what is read, the summary and the JSON are made too."""
    import dense_shapes as ds
    from dense_shapes.readers import archive, source, spec

    def used(reader: Callable[[str], ds.Trace]) -> Callable[[str], None]:
        def wrapped(text: str) -> None:
            trace = reader(text)
            str(ds.summary(trace, expand_nested=True)).encode()
            if len(trace) <= SHORT:
                text = ds.to_json(trace)
                assert ds.to_json(ds.from_json(text)) == text

        return wrapped

    every: dict[str, Callable[[str], ds.Trace]] = {"any": ds.trace, "archive": archive.trace}
    every |= {"json": archive.read_text, "source": source.trace, "spec": spec.trace}
    return {name: used(reader) for name, reader in every.items()}
