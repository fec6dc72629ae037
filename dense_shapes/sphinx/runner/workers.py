"""The pages that run now: each in a fork of the warm process, until it ends, fails, hangs or dies."""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection, Pipe, wait
from multiprocessing.reduction import send_handle
from pathlib import Path
from typing import Any, Self

from dense_shapes.sphinx.runner.jobs import LANGUAGE, Job, Outcome, RunnerError
from dense_shapes.sphinx.runner.server import START, stop

PACKAGES = Path(__file__).parents[3]
"""Where this package lies."""
Progress = Callable[[dict[str, tuple[int | None, float]]], None]
"""Told of the pages that run: their cell and their seconds."""


def can_fork() -> bool:
    """Whether pages can be forked here."""
    return hasattr(os, "fork") and sys.platform != "win32"


def cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass
class Running:
    """A page that runs."""

    job: Job
    line: Connection
    began: float
    outcome: Outcome
    pid: int | None = None
    cell: int | None = None
    deadline: float = float("inf")
    ended: bool = False
    done: bool = False

    def expect(self) -> None:
        """Give the page its time from now on."""
        if self.job.timeout is not None:
            self.deadline = time.monotonic() + self.job.timeout

    def listen(self) -> None:
        """Take what the page has said."""
        try:
            while self.line.poll():
                self.hear(json.loads(self.line.recv_bytes()))
        except (EOFError, ConnectionResetError):
            self.ended = True

    def hear(self, message: dict[str, Any]) -> None:
        """Take one thing that the page has said."""
        match message["event"]:
            case "cell":
                self.cell = message["cell"]
                self.expect()
            case "ran":
                self.outcome.cells[message["cell"]] = message
            case "kernel":
                self.done = True
                self.outcome.needs_kernel = message["reason"]
            case "crash":
                self.done = True
                self.outcome.fail(self.cell, f"the runner failed:\n{message['traceback']}")
            case "done":
                self.done = True
                self.outcome.used = message["used"]
                version = platform.python_version()
                self.outcome.metadata = {"language_info": {**LANGUAGE, "version": version}}
                if failure := message["failure"]:
                    self.outcome.fail(self.cell, failure["what"], line=failure["line"])


class Warm:
    """The warm process, seen from outside."""

    def __init__(self, preload: Iterable[str], own: Iterable[str], root: str, folder: Path) -> None:
        self.preload = list(preload)
        self.root = root
        self.own = list(own)
        self.folder = folder
        self.unfit: dict[str, str] = {}
        self.process: subprocess.Popen[bytes] | None = None
        self.idle = True
        self.control: Connection

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it; what turns out not to be fit for a fork is left to the pages."""
        while True:
            said = self._start()
            if not said["unfit"]:
                return
            self.unfit |= said["unfit"]
            self.stop()
            names = [it for it in self.preload if it.partition(":")[0] not in self.unfit]
            self.preload = names if names != self.preload else []

    def _start(self) -> dict[str, Any]:
        self.control, theirs = Pipe()
        with tempfile.TemporaryFile() as errors:
            self.process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-c", START, str(PACKAGES), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                cwd=self.folder,
            )
            theirs.close()
            try:
                settings = {"preload": self.preload, "own": self.own, "root": self.root}
                self.control.send_bytes(json.dumps(settings).encode())
                said: dict[str, Any] = json.loads(self.control.recv_bytes())
            except (EOFError, ConnectionResetError, BrokenPipeError):
                self.process.wait()
                if self.preload:
                    return {"unfit": {"": "the process that imported everything died"}}
                errors.seek(0)
                msg = f"pages cannot be run:\n{errors.read().decode(errors='replace')}"
                raise RunnerError(msg) from None
        return said

    def run(self, job: Job) -> Running:
        """Start a page."""
        assert self.process is not None
        ours, theirs = Pipe(duplex=False)
        message = {k: v for k, v in asdict(job).items() if k != "notebook"}
        self.control.send_bytes(json.dumps(message).encode())
        send_handle(self.control, theirs.fileno(), self.process.pid)
        theirs.close()
        return Running(job, ours, time.monotonic(), Outcome(job.docname))

    def stop(self) -> None:
        """End it; it ends its children before."""
        if self.process is not None:
            self.control.close()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                stop(self.process.pid)
                self.process.wait()
            self.process = None


def run(
    jobs: Iterable[Job], warm: Warm, *, processes: int, progress: Progress
) -> Generator[Outcome]:
    """What comes of each page, as soon as it is known; so many run at a time, the longest first."""
    pending = deque(sorted(jobs, key=lambda job: -job.seconds))
    running: dict[str, Running] = {}
    if not pending:
        return
    warm.idle = False
    try:
        if warm.process is None:
            warm.start()
        while pending or running:
            while pending and len(running) < processes:
                job = pending.popleft()
                running[job.docname] = warm.run(job)
                running[job.docname].expect()
            lines = [one.line for one in running.values() if not one.ended]
            ready = wait([warm.control, *lines], timeout=0.2)
            for one in running.values():
                if one.line in ready:
                    one.listen()
            if warm.control in ready and not _hear(warm, running):
                yield from _all_died(running)
                warm.stop()
                warm.start()
            _kill_the_late(running)
            for one in [one for one in running.values() if one.done]:
                yield _finished(running, one)
            now = time.monotonic()
            progress({one.job.name: (one.cell, now - one.began) for one in running.values()})
    finally:
        for one in running.values():
            if one.pid is not None:
                stop(one.pid)
        warm.idle = True


def _hear(warm: Warm, running: dict[str, Running]) -> bool:
    """Take what the warm process says of its children; False if it is dead."""
    try:
        while warm.control.poll():
            message = json.loads(warm.control.recv_bytes())
            if message["event"] == "started":
                if message["docname"] in running:
                    running[message["docname"]].pid = message["pid"]
                continue
            for one in [one for one in running.values() if one.pid == message["pid"]]:
                one.listen()
                if not one.done:
                    one.done = True
                    one.outcome.fail(
                        one.cell, f"the process of the page died: {_death(message['code'])}"
                    )
    except (EOFError, ConnectionResetError):
        return False
    return True


def _death(code: int) -> str:
    """How a process ended, in words."""
    return signal.Signals(-code).name if code < 0 else f"exit status {code}"


def _all_died(running: dict[str, Running]) -> Generator[Outcome]:
    """The pages that went down with the warm process."""
    for one in list(running.values()):
        one.outcome.fail(one.cell, "the process that the page was forked from died")
        yield _finished(running, one)


def _kill_the_late(running: dict[str, Running]) -> None:
    """End the pages whose cell has had its time."""
    now = time.monotonic()
    for one in running.values():
        if now > one.deadline and not one.done and one.pid is not None:
            stop(one.pid)
            one.done = True
            one.outcome.fail(
                one.cell, f"the cell ran longer than {one.job.timeout:g} s and was killed"
            )


def _finished(running: dict[str, Running], one: Running) -> Outcome:
    """Close the books on a page; what it may have left running is ended."""
    del running[one.job.docname]
    one.line.close()
    if one.pid is not None:
        stop(one.pid)
    one.outcome.seconds = time.monotonic() - one.began
    return one.outcome
