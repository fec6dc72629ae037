"""A page in an ordinary Jupyter kernel: where forking is impossible, and for what a fork cannot do."""

from __future__ import annotations

import contextlib
import inspect
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from dense_shapes.sphinx.runner import usage
from dense_shapes.sphinx.runner.jobs import Job, Outcome
from dense_shapes.sphinx.runner.workers import Progress

BEGIN = """
import sys as _sys, types as _types
_sys.modules["_dense_shapes_usage"] = _module = _types.ModuleType("_dense_shapes_usage")
_source = {source!r}
exec(compile(_source, "<dense_shapes usage>", "exec"), _module.__dict__)
_module.watch = _module.Watch({own!r})
_module.watch.install()
_module.watch.hide(get_ipython())
_module.watch.start({root!r})
_module.watch.settle()
_module.watch.begin()
del _sys, _types, _module, _source
"""
END = "__import__('json').dumps(__import__('sys').modules['_dense_shapes_usage'].watch.report())"


def is_ours(name: str) -> bool:
    """Whether the kernel of this name is the Python that runs Sphinx, as far as its description says."""
    if not name:
        return True
    try:
        spec = KernelSpecManager().get_kernel_spec(name)
    except NoSuchKernel:
        return name == "python3"
    python = os.path.basename(sys.executable)  # noqa: PTH119
    pythons = ("python", f"python{sys.version_info[0]}", python, sys.executable)
    return spec.argv[0] in pythons and "ipykernel_launcher" in spec.argv and not spec.env


class WatchedClient(NotebookClient):
    """Runs a notebook in a kernel that notes what it uses."""

    job: Job
    used: dict[str, Any] | None = None

    async def async_start_new_kernel_client(self) -> Any:
        """Start to watch before the first cell."""
        client = await super().async_start_new_kernel_client()
        if is_ours(self.job.kernel):
            code = BEGIN.format(
                source=inspect.getsource(usage), root=self.job.root, own=self.job.own
            )
            await self.ask(client, code, {})
        return client

    async def ask(self, client: Any, code: str, wanted: dict[str, str]) -> dict[str, Any]:
        """Run code that no cell shows, and give the values that are wanted."""
        message = client.execute(code, silent=True, store_history=False, user_expressions=wanted)
        while True:
            reply = await client.get_shell_msg(timeout=60)
            if reply["parent_header"].get("msg_id") == message:
                found: dict[str, Any] = reply["content"].get("user_expressions") or {}
                return found

    async def async_execute_cell(self, cell: Any, cell_index: int, **options: Any) -> Any:
        """Run a cell; after the last one, ask what was used."""
        done = await super().async_execute_cell(cell, cell_index, **options)
        if cell_index == len(self.nb.cells) - 1 and is_ours(self.job.kernel):
            answer = await self.ask(self.kc, "pass", {"used": END})
            text = answer["used"]["data"]["text/plain"]
            self.used = json.loads(eval(text, {"__builtins__": {}}))  # noqa: S307 - a string literal
        return done


class Kernels:
    """The pages that run in ordinary kernels, each watched by a thread."""

    def __init__(self) -> None:
        self.clients: dict[str, WatchedClient] = {}
        self.cells: dict[str, tuple[int | None, float]] = {}
        self.lock = threading.Lock()

    def run(self, jobs: Iterable[Job], *, processes: int, progress: Progress) -> Generator[Outcome]:
        """What comes of each page, as soon as it is known."""
        with ThreadPoolExecutor(processes) as pool:
            waiting = {pool.submit(self.run_page, job) for job in jobs}
            try:
                while waiting:
                    done, waiting = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
                    for future in done:
                        yield future.result()
                    now = time.monotonic()
                    running = {
                        name: (cell, now - began) for name, (cell, began) in self.cells.items()
                    }
                    progress(running)
            finally:
                for future in waiting:
                    future.cancel()
                self.stop()

    def stop(self) -> None:
        """End every kernel that runs."""
        for client in list(self.clients.values()):
            with contextlib.suppress(Exception):
                pid = client.km.provisioner.pid
                if hasattr(os, "killpg"):
                    os.killpg(pid, signal.SIGKILL)
                else:
                    os.kill(pid, signal.SIGTERM)

    def run_page(self, job: Job) -> Outcome:
        """What comes of a page."""
        notebook = nbformat.reads(job.notebook, as_version=4)
        outcome = Outcome(job.docname)
        began = time.monotonic()
        self.cells[job.name] = (None, began)
        client = WatchedClient(
            notebook,
            timeout=None if job.timeout is None else int(job.timeout),
            allow_errors=job.allow_errors,
            resources={"metadata": {"path": job.folder}},
            on_cell_start=lambda **at: self.at(job, at["cell_index"], began),
        )
        client.job = job
        self.clients[job.docname] = client
        try:
            client.execute()
        except CellTimeoutError:
            late = f"the cell ran longer than {job.timeout:g} s and was killed"
            self.end(outcome, client, job, late, 0)
        except CellExecutionError as error:
            self.end(outcome, client, job, f"{error.ename}: {error.evalue}", 1)
        except DeadKernelError:
            self.end(outcome, client, job, "the kernel died", 0)
        except Exception as error:
            self.end(outcome, client, job, f"{type(error).__name__}: {error}", 0)
        else:
            self.end(outcome, client, job, "", 0)
        del self.clients[job.docname], self.cells[job.name]
        outcome.used = client.used
        outcome.seconds = time.monotonic() - began
        return outcome

    def at(self, job: Job, cell: int, began: float) -> None:
        """Note which cell runs."""
        self.cells[job.name] = (cell, began)

    def end(self, outcome: Outcome, client: Any, job: Job, failed: str, line: int) -> None:
        """Take the outputs of a page that has ended, and say how it failed if it did."""
        wanted = ("language_info", "widgets")
        outcome.metadata = {k: client.nb.metadata[k] for k in wanted if k in client.nb.metadata}
        for index, cell in enumerate(client.nb.cells):
            if job.cells[index]["runs"] and cell.get("execution_count") is not None:
                kept = limited(json.loads(json.dumps(cell.outputs)), job.limit)
                outcome.cells[index] = {"execution_count": cell.execution_count, **kept}
        if failed:
            outcome.fail(self.cells[job.name][0], failed, line=line or None)


def limited(outputs: list[dict[str, Any]], limit: int) -> dict[str, Any]:
    """The outputs of a cell without what its streams hold beyond the limit, and how much that was."""
    cut: dict[str, int] = {}
    for name in ("stdout", "stderr"):
        streams = [one for one in outputs if one.get("name") == name]
        total, room = sum(len(one["text"]) for one in streams), limit
        for one in streams:
            one["text"] = one["text"][:room]
            room -= len(one["text"])
        if total > limit:
            cut[name] = total - limit
            streams[-1]["text"] += f"\n[cut: {limit:,} of {total:,} characters are shown]\n"
    return {"outputs": outputs, "cut": cut}
