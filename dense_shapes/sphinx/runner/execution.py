"""The pages that have to run: where, and with what imported before."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import tomllib
from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from dense_shapes.sphinx.runner import workers
from dense_shapes.sphinx.runner.jobs import Job, Outcome
from dense_shapes.sphinx.runner.kernels import Kernels, is_ours
from dense_shapes.sphinx.runner.pages import Page
from dense_shapes.sphinx.runner.report import Report
from dense_shapes.sphinx.runner.usage import installed_folders, top


@dataclass(frozen=True)
class Crew:
    """Who runs the pages: how many processes, and on which machines."""

    folder: Path
    """Where the pages lie."""
    root: str
    own: tuple[str, ...]
    """The packages of the project itself."""
    memory: Path
    """A file that remembers what must not be imported before a fork."""
    processes: int
    scheduler: str
    report: Report

    def outcomes(self, jobs: Iterable[Job], preload: Iterable[str]) -> Generator[Outcome]:
        """What comes of each page, as soon as it is known."""
        todo = {job.docname: job for job in jobs}
        unfit = json.loads(self.memory.read_text("utf-8")) if self.memory.exists() else {}
        names = [name for name in preload if name.partition(":")[0] not in unfit]
        for outcome in self.forked([job for job in todo.values() if not job.why], names, unfit):
            if outcome.needs_kernel:
                job = todo[outcome.docname]
                todo[outcome.docname] = replace(job, why=outcome.needs_kernel)
            else:
                yield outcome
        for job in todo.values():
            if job.why:
                self.report.say(f"{job.name}: an ordinary kernel runs it, because {job.why}")
        kernels = Kernels().run(
            [job for job in todo.values() if job.why],
            processes=self.processes,
            progress=self.report.progress,
        )
        with closing(kernels):
            for outcome in kernels:
                outcome.needs_kernel = todo[outcome.docname].why
                yield outcome

    def forked(
        self, jobs: list[Job], preload: list[str], unfit: dict[str, str]
    ) -> Generator[Outcome]:
        """What comes of the pages that can be forked, here or on the machines of a scheduler."""
        if self.scheduler:
            from dense_shapes.sphinx.runner.cluster import run_on

            progress = self.report.progress
            with closing(run_on(self.scheduler, jobs, preload, self.folder, progress)) as found:
                yield from found
            return
        with workers.Warm(preload, self.own, self.root, self.folder) as warm:
            run = workers.run(jobs, warm, processes=self.processes, progress=self.report.progress)
            with closing(run):
                yield from run
        for name, reason in warm.unfit.items():
            self.report.say(f"{name or 'nothing'} is not imported before the pages: {reason}")
        if warm.unfit:
            named = {name: why for name, why in warm.unfit.items() if name}
            self.memory.write_text(json.dumps({**unfit, **named}), "utf-8")


def kernel_reason(page: Page) -> str:
    """Why a page needs an ordinary kernel, as far as it can be known before it runs; empty if not."""
    if page.own_kernel:
        return "it asks for one"
    if not is_ours(page.kernel):
        return f"it asks for the kernel {page.kernel}"
    return "" if workers.can_fork() else "processes cannot be forked here"


def own_packages(root: Path) -> tuple[str, ...]:
    """The packages of the project, if it says what it is called and is installed."""
    try:
        name = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["name"]
        files = importlib.metadata.files(name) or ()
    except (OSError, KeyError, tomllib.TOMLDecodeError, importlib.metadata.PackageNotFoundError):
        return ()
    tops = {file.parts[0].removesuffix(".py") for file in files if file.suffix == ".py"}
    return tuple(sorted(tops - {".."}))


def preloadable(names: Iterable[str], own: Iterable[str], folders: Iterable[Path]) -> list[str]:
    """Those of the imports that are installed, so that they are nobody's work in progress."""
    installed = installed_folders()
    fit: dict[str, bool] = {}
    for package in {top(name.partition(":")[0]) for name in names}:
        if package in own:
            fit[package] = False
            continue
        shadows = (folder / f"{package}{end}" for folder in folders for end in ("", ".py"))
        fit[package] = not any(it.exists() for it in shadows) and _is_below(package, installed)
    return sorted(name for name in names if fit[top(name.partition(":")[0])])


def _is_below(package: str, folders: tuple[str, ...]) -> bool:
    """Whether a package, with all its parts, lies in these folders."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return False
    if spec is None:
        return False
    places = list(spec.submodule_search_locations or ()) or [spec.origin or ""]
    return all(os.path.realpath(place).startswith(folders) for place in places)
