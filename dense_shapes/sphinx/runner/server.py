"""The warm process: it imports what the pages import, and forks a child for each of them.

It has one thread and runs nothing but imports, so that a fork of it is as good as a new process.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import signal
import threading
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from multiprocessing.reduction import recv_handle
from typing import Any

from dense_shapes.sphinx.runner.usage import Watch

Send = Callable[[dict[str, Any]], None]
START = """
import sys
sys.path[0] = sys.argv[1]
from dense_shapes.sphinx.runner.server import serve
del sys.path[0]
serve(int(sys.argv[2]))
"""
"""What the warm process runs; its arguments are where this package lies, and its end of the line."""


def serve(number: int) -> None:
    """Answer on a connection until it is closed; then end, and all the children with it."""
    gc.disable()  # what is imported stays; to look for garbage in it, here or in a fork, is for nothing
    control = Connection(number)
    settings = json.loads(control.recv_bytes())
    watch = Watch(settings["own"])
    watch.install()
    watch.start(settings["root"])
    from dense_shapes.sphinx.runner.child import run_page
    from dense_shapes.sphinx.runner.shell import IPKernelApp

    app = IPKernelApp.instance()
    app.prepare()
    unfit = preload(settings["preload"])
    watch.settle()
    gc.freeze()
    say(control, {"event": "ready", "unfit": unfit})
    if not unfit:
        Server(control, lambda job, send: run_page(job, app, watch, send)).run()


def say(connection: Connection, message: dict[str, Any]) -> None:
    """Send a message; whoever does not listen any more is not told."""
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.send_bytes(json.dumps(message).encode())


def preload(names: list[str]) -> dict[str, str]:
    """Import all of this, and say what must not be imported before a fork, and why."""
    for name in names:
        module, _, part = name.partition(":")
        printed = io.StringIO()
        with contextlib.suppress(Exception), contextlib.redirect_stdout(printed):
            __import__(module, {"__name__": "warm"}, {}, [part] if part else [], 0)
        if threading.active_count() > 1:
            return {module: "it starts threads when it is imported"}
        if printed.getvalue():
            return {module: "it prints when it is imported"}
    return {}


class Server:
    """Forks a child for each page that is asked for, and says how each ended."""

    def __init__(self, control: Connection, run_page: Callable[[Any, Send], None]) -> None:
        self.control = control
        self.run_page = run_page
        self.children: set[int] = set()
        self.wake, write = os.pipe()
        for end in (self.wake, write):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)

    def run(self) -> None:
        """Serve until the other side is gone."""
        try:
            while True:
                ready = wait([self.control, self.wake])
                self.reap()
                if self.control in ready:
                    self.fork(json.loads(self.control.recv_bytes()))
        except (EOFError, ConnectionResetError):
            for pid in self.children:
                stop(pid)

    def reap(self) -> None:
        """Say which children have ended."""
        with contextlib.suppress(BlockingIOError):
            os.read(self.wake, 4096)
        for pid in list(self.children):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self.children.remove(pid)
                code = os.waitstatus_to_exitcode(status)
                say(self.control, {"event": "ended", "pid": pid, "code": code})

    def fork(self, job: dict[str, Any]) -> None:
        """Start a page; what it says goes down a line of its own."""
        line = Connection(recv_handle(self.control))
        pid = os.fork()
        if pid == 0:
            self.become_page(job, line)
        line.close()
        self.children.add(pid)
        say(self.control, {"event": "started", "docname": job["docname"], "pid": pid})

    def become_page(self, job: dict[str, Any], line: Connection) -> None:
        """Run a page, in the child, and never come back."""
        code = 1
        try:
            os.setsid()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self.control.close()
            gc.enable()
            self.run_page(job, lambda message: say(line, message))
            code = 0
        except BaseException:
            say(line, {"event": "crash", "traceback": traceback.format_exc()})
        finally:
            os._exit(code)


def stop(pid: int) -> None:
    """End a page and the processes that it started."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)
