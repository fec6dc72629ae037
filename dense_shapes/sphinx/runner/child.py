"""A page in a process of its own, forked from the warm one."""

from __future__ import annotations

import builtins
import getpass
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

import comm

from dense_shapes.sphinx.runner.shell import IPKernelApp, Recorder
from dense_shapes.sphinx.runner.usage import Watch, top

Send = Callable[[dict[str, Any]], None]


def run_page(job: dict[str, Any], app: IPKernelApp, watch: Watch, send: Send) -> None:
    """Run the cells of a page, and send what happens: `cell`, `ran`, and `done` or `kernel`."""
    os.chdir(job["folder"])
    own = top(__name__)
    for name in [name for name in sys.modules if name.startswith(own) and top(name) == own]:
        del sys.modules[name]  # a page that documents this package imports, and uses, its own
    watch.begin()
    app.start_page(job["limit"])
    watch.hide(app.shell)
    reseed()
    need_kernel(send)
    failure = None
    before: dict[int, dict[str, Any]] = {}
    for index, cell in enumerate(job["cells"]):
        if not cell["runs"]:
            continue
        send({"event": "cell", "cell": index})
        ran, failure = run_cell(cell, app.shell, allow_errors=job["allow_errors"])
        before[index] = ran
        changed = list(before) if app.shell.recorder.updated else [index]
        for one in changed:
            send({"event": "ran", "cell": one, **before[one]})
        if failure:
            break
    send({"event": "done", "failure": failure, "used": watch.report()})


def run_cell(
    cell: dict[str, Any], shell: Any, *, allow_errors: bool
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The outputs of a cell as a notebook keeps them, and what is to be said if it failed."""
    recorder: Recorder = shell.recorder
    outputs: list[dict[str, Any]] = []
    recorder.begin(outputs)
    number = shell.execution_count
    result = shell.run_cell(cell["source"], store_history=True)
    cut = recorder.end()
    ran = {"execution_count": number, "outputs": outputs, "cut": cut}
    error = result.error_before_exec or result.error_in_exec
    if (error is None and not shell.failed_display) or allow_errors or cell["raises"]:
        return ran, None
    return ran, {
        "kind": "error",
        "what": f"{type(error).__name__}: {error}" if error else "its value cannot be displayed",
        "line": error_line(error, number),
    }


def error_line(error: BaseException | None, number: int) -> int | None:
    """The line of a cell, from 1, in which an error arose."""
    if isinstance(error, SyntaxError):
        return error.lineno
    frames = traceback.walk_tb(error.__traceback__) if error else ()
    lines = [line for frame, line in frames if f"-input-{number}-" in frame.f_code.co_filename]
    return lines[-1] if lines else None


def reseed() -> None:
    """Give the page random numbers of its own; Python's own are reseeded by the fork."""
    if numbers := sys.modules.get("numpy.random"):
        numbers.seed()


def need_kernel(send: Send) -> None:
    """Leave a page that asks for input or for a widget to an ordinary kernel."""

    def needs(reason: str) -> Callable[..., Any]:
        def leave(*_: Any, **__: Any) -> None:
            send({"event": "kernel", "reason": reason})
            os._exit(0)

        return leave

    builtins.input = needs("it calls input()")
    getpass.getpass = needs("it asks for a password")
    comm.create_comm = needs("it makes a widget")
