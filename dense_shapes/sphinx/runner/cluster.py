"""The same pages on the machines of a Dask scheduler: one page a task.

The machines see the project at the same place, and have the same packages; a page that used something
else than what is here fails, and says what.
"""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections.abc import Generator
from concurrent.futures import CancelledError
from pathlib import Path

from distributed import Client, as_completed
from distributed.scheduler import KilledWorker

from dense_shapes.sphinx.runner import workers
from dense_shapes.sphinx.runner.jobs import Job, Outcome, RunnerError

WARM: dict[tuple[str, int], workers.Warm] = {}
"""On a worker: its warm processes, by the build and the thread that they belong to."""
OVER: set[str] = set()
"""On a worker: the builds that are over."""
LOCK = threading.Lock()


def run_on(
    address: str, jobs: list[Job], preload: list[str], folder: Path, progress: workers.Progress
) -> Generator[Outcome]:
    """What comes of each page, as soon as it is known, from the workers of a scheduler."""
    if not jobs:
        return
    try:
        client = Client(address, timeout=30)
    except OSError as error:
        msg = f"there is no Dask scheduler at {address}: {error}"
        raise RunnerError(msg) from error
    build = uuid.uuid4().hex
    began = time.monotonic()
    with client:
        waiting = {
            client.submit(run_job, job, preload, str(folder), build, pure=False, retries=3): job
            for job in sorted(jobs, key=lambda job: -job.seconds)
        }
        try:
            for future in as_completed(list(waiting)):
                job = waiting.pop(future)
                try:
                    yield future.result()
                except KilledWorker:
                    outcome = Outcome(job.docname)
                    outcome.fail(None, "every worker that ran it died")
                    yield outcome
                seconds = time.monotonic() - began
                progress({job.name: (None, seconds) for job in waiting.values()})
        finally:
            for future in waiting:
                future.cancel()
            with contextlib.suppress(Exception):
                client.run(forget, build)


def run_job(job: Job, preload: list[str], folder: str, build: str) -> Outcome:
    """On a worker: what comes of a page."""
    key = (build, threading.get_ident())
    with LOCK:
        warm = WARM.setdefault(key, workers.Warm(preload, job.own, job.root, Path(folder)))

    def progress(_: object) -> None:
        if build in OVER:
            raise CancelledError

    try:
        (outcome,) = workers.run([job], warm, processes=1, progress=progress)
    except CancelledError:
        warm.stop()
        raise
    return outcome


def forget(build: str) -> None:
    """On a worker: end what a build has left running."""
    OVER.add(build)
    with LOCK:
        for key in [key for key in WARM if key[0] == build]:
            warm = WARM.pop(key)
            if warm.idle:
                warm.stop()
