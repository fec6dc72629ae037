"""When Sphinx calls what: before it reads pages, while it reads them, and when it is done."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import Any

from sphinx.errors import ConfigError, SphinxError

from dense_shapes.sphinx.runner.cache import PageCache, content_name
from dense_shapes.sphinx.runner.execution import Crew, kernel_reason, own_packages, preloadable
from dense_shapes.sphinx.runner.jobs import Job, Outcome, RunnerError
from dense_shapes.sphinx.runner.pages import BY_MYST_NB, Page, Survey, fingerprint
from dense_shapes.sphinx.runner.records import Note, Present, Store
from dense_shapes.sphinx.runner.report import Report
from dense_shapes.sphinx.runner.workers import cores

SIGNS_OF_A_ROOT = ("pyproject.toml", "setup.py", "setup.cfg", ".git")


def connect(app: Any) -> None:
    """Let Sphinx call the runner."""
    runner = Runner()
    app.connect("config-inited", runner.configure, priority=900)
    app.connect("env-get-outdated", runner.run_stale)
    app.connect("env-before-read-docs", runner.fill_cache)
    app.connect("source-read", runner.choose_cache)
    app.connect("build-finished", runner.conclude)


def project_root(start: Path) -> Path:
    """The folder of the project: the nearest one above that looks like it, or this one."""
    for folder in (start, *start.parents):
        if any((folder / sign).exists() for sign in SIGNS_OF_A_ROOT):
            return folder
    return start


class Runner:
    """One build: the pages, the results that hold, and what went wrong."""

    def __init__(self) -> None:
        self.on = False
        self.report = Report()
        self.pages: dict[str, Page] = {}
        self.results: dict[str, tuple[str, dict[str, Any], float]] = {}
        """The name of the result of each page, the result, and the seconds that it took."""
        self.own_caches: dict[str, str] = {}

    # Before Sphinx reads

    def configure(self, app: Any, config: Any) -> None:
        """Let myst-nb take everything from jupyter-cache."""
        if config.dense_shapes_runner and "myst_nb" not in app.extensions:
            msg = 'dense_shapes_runner needs "myst_nb" among the extensions of conf.py'
            raise ConfigError(msg)
        self.on = bool(config.dense_shapes_runner) and config.nb_execution_mode != "off"
        if self.on:
            config.nb_execution_mode = "cache"

    def run_stale(self, app: Any, env: Any, *_: set[str]) -> list[str]:
        """Run the pages whose results no longer hold; Sphinx is to read those with another result."""
        if not self.on:
            return []
        self.app = app
        self.path = env.mystnb_config.execution_cache_path
        self.root = project_root(Path(app.srcdir))
        self.own = own_packages(self.root)
        self.present = Present(self.root)
        self.store = Store(Path(self.path, "dense_shapes"))
        self.survey = Survey(app, self.store.folder / "pages.json")
        self.pages = self.survey.pages()
        self.written = self.folders()
        stale = [
            page
            for page in self.pages.values()
            if page.mode not in BY_MYST_NB and not self.holds(page)
        ]
        try:
            if stale:
                self.execute(stale)
        except RunnerError as error:
            raise SphinxError(str(error)) from error
        before = getattr(env, "dense_shapes_results", {})
        return [
            docname
            for docname in self.pages
            if docname not in self.results or before.get(docname) != self.results[docname][0]
        ]

    def environment(self, page: Page) -> list[str]:
        """The environment variables that count for a page."""
        return [*self.app.config.dense_shapes_runner_environment, *page.environment]

    def holds(self, page: Page) -> bool:
        """Whether a result of the page holds now; it is taken if it does."""
        for note in self.store.notes(page.docname, page.key):
            changed = any(self.present.differences(note, self.environment(page)))
            if not changed and (result := self.store.result(note.result)):
                self.results[page.docname] = (note.result, result, note.seconds)
                return True
        return False

    def reason(self, page: Page, notes: list[Note]) -> str:
        """Why a page is to be run, in a line."""
        if notes:
            found = list(self.present.differences(notes[0], self.environment(page)))
            more = f" and {len(found) - 3} more" if len(found) > 3 else ""
            return "; ".join(found[:3]) + more or "its result is gone"
        return "its code changed" if self.store.knows(page.docname) else "it has not run yet"

    def execute(self, stale: list[Page]) -> None:
        """Run these pages, and keep what comes of each as soon as it is known."""
        for page in stale:
            notes = self.store.notes(page.docname, page.key)
            self.report.say(f"{page.name}: {self.reason(page, notes)}")
        self.report.total = len(stale)
        for folder in self.written:  # so that a page that looks around finds them each time
            folder.mkdir(parents=True, exist_ok=True)
        # It takes as long as a page, and is there when the packages have been imported.
        Thread(target=self.present.distributions, daemon=True).start()
        config = self.app.config
        crew = Crew(
            folder=Path(self.app.srcdir),
            root=str(self.root),
            own=self.own,
            memory=self.store.folder / "unfit.json",
            processes=config.dense_shapes_runner_processes or cores(),
            scheduler=config.dense_shapes_runner_scheduler,
            report=self.report,
        )
        names = {name for page in stale for name in page.imports()}
        names |= {name for page in stale for name in self.store.imports(page.docname)}
        folders = {self.root, *(Path(page.path).parent for page in stale)}
        with tempfile.TemporaryDirectory() as temporary:
            self.scratch = Path(temporary).resolve()
            jobs = [self.job(page, Path(temporary)) for page in stale]
            with closing(crew.outcomes(jobs, preloadable(names, self.own, folders))) as outcomes:
                for outcome in outcomes:
                    page = self.pages[outcome.docname]
                    self.take(page, outcome)
                    self.report.finished(page, outcome)

    def job(self, page: Page, temporary: Path) -> Job:
        """A page as something to run."""
        notes = self.store.notes(page.docname, page.key)
        folder = Path(page.path).parent
        if page.in_temp:
            folder = temporary / fingerprint(page.docname)
            folder.mkdir()
        return Job(
            docname=page.docname,
            name=page.name,
            folder=str(folder),
            root=str(self.root),
            own=self.own,
            cells=page.cells,
            notebook=json.dumps(self.survey.notebook(page)),
            kernel=page.kernel,
            timeout=page.timeout,
            allow_errors=page.allow_errors,
            limit=self.app.config.dense_shapes_runner_output_limit,
            seconds=notes[0].seconds if notes else 0.0,
            why=kernel_reason(page) or (notes[0].kernel if notes else ""),
        )

    def take(self, page: Page, outcome: Outcome) -> None:
        """Keep the result of a page, with what it used, if it did not fail and what it used is known."""
        kept = {
            str(index): {"execution_count": ran["execution_count"], "outputs": ran["outputs"]}
            for index, ran in sorted(outcome.cells.items())
        }
        cut = {str(index): count for index, count in outcome.cut.items()}
        result = {"cells": kept, "metadata": outcome.metadata, "cut": cut}
        name = fingerprint(page.docname, content_name(result), bool(outcome.failure))
        self.results[page.docname] = (name, result, outcome.seconds)
        if outcome.failure:
            return
        used = outcome.used
        if used is None and page.dependencies:
            used = {"python": self.present.python, "files": {}, "folders": {}}
            used |= {name: [] for name in ("packages", "metadata", "imports", "absent")}
        if used is None:
            self.report.say(
                f"{page.name}: it will run each time, because nobody sees what the kernel "
                f"{page.kernel} uses; declare its dependencies, and it will not"
            )
            return
        note = self.present.note(
            used | {kind: self.lasting(used[kind]) for kind in ("files", "folders")},
            result=name,
            seconds=outcome.seconds,
            environment=self.environment(page),
            dependencies=list(self.dependencies(page)),
            kernel="" if kernel_reason(page) else outcome.needs_kernel,
        )
        elsewhere = self.app.config.dense_shapes_runner_scheduler and not outcome.needs_kernel
        if elsewhere and (found := list(self.present.differences(note, self.environment(page)))):
            outcome.fail(None, f"it ran where things differ from here: {'; '.join(found[:3])}")
            return
        self.store.keep(page.docname, page.key, note, result)

    def folders(self) -> list[Path]:
        """The folders that a build writes: no page depends on what is in them."""
        config = self.app.env.mystnb_config
        found = (self.app.outdir, self.app.doctreedir, self.path, config.output_folder)
        folders = [Path(folder).resolve() for folder in found]
        return [it for it in folders if not Path(self.app.srcdir).is_relative_to(it)]

    def lasting(self, named: dict[str, str | None]) -> dict[str, str | None]:
        """Of files or folders, those that neither a build writes nor the temporary folder of a page holds."""
        passing = (*self.written, self.scratch)
        return {
            name: it
            for name, it in named.items()
            if not any(
                Path(os.path.normpath(self.root / name)).is_relative_to(one) for one in passing
            )
        }

    def dependencies(self, page: Page) -> Iterator[str]:
        """What a page declares, named from the root: a folder stands for all that is in it."""
        for name in page.dependencies:
            path = Path(page.path).parent / name
            for found in (path, *sorted(path.rglob("*"))):
                yield Path(os.path.relpath(found, self.root)).as_posix()

    # While it reads

    def fill_cache(self, _: Any, env: Any, docnames: list[str]) -> None:
        """Put the results of the pages that will be read where myst-nb looks for them."""
        if not self.on:
            return
        cache = PageCache(self.path)  # made here, before several processes would make it at once
        cache.remove_others()
        cache.room(len(self.pages))
        before = getattr(env, "dense_shapes_results", {})
        env.dense_shapes_results = {k: v for k, v in before.items() if k in self.pages}
        for docname in docnames:
            if docname not in self.results:
                continue
            page, (name, result, seconds) = self.pages[docname], self.results[docname]
            notebook = self.survey.notebook(page)
            if not cache.put(page.path, notebook, result, name, seconds):
                folder = hashlib.sha256(docname.encode()).hexdigest()[:16]
                self.own_caches[docname] = str(self.store.folder / "own" / folder)
                own = PageCache(self.own_caches[docname])
                own.put(page.path, notebook, result, name, seconds)
            env.dense_shapes_results[docname] = name

    def choose_cache(self, app: Any, docname: str, _: list[str]) -> None:
        """Give a page a cache of its own if another has the same code and other outputs."""
        if self.own_caches:
            path = self.own_caches.get(docname, self.path)
            app.env.mystnb_config = app.env.mystnb_config.copy(execution_cache_path=path)

    # When it is done

    def conclude(self, app: Any, exception: Exception | None) -> None:
        """Leave nothing in the cache that would be wrong the next time, and report."""
        if not self.on or not hasattr(self, "store"):
            return
        cache = PageCache(self.path)
        for page, _ in self.report.failures:
            cache.remove(self.results[page.docname][0])
        for name in cache.remove_others():
            self.report.say(f"{name}: myst-nb ran it itself; it was changed after it was read")
        for docname, (_, result, _) in self.results.items():
            cut = {int(index): count for index, count in result["cut"].items()}
            self.report.cuts += [(self.pages[docname], *one) for one in cut.items()]
        if exception is None:
            self.report.conclude(app)
