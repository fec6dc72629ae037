"""What is said while pages run, and at the end."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from sphinx.util import logging

from dense_shapes.sphinx.runner.jobs import Outcome
from dense_shapes.sphinx.runner.pages import Page

LOGGER = logging.getLogger(__name__)
KIND = {"type": "dense_shapes", "subtype": "runner"}
SLOWEST = 5


@dataclass
class Report:
    """Says which pages run and why, how far they are, and in the end which failed and which were slow."""

    total: int = 0
    ended: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    failures: list[tuple[Page, Outcome]] = field(default_factory=list)
    cuts: list[tuple[Page, int, int]] = field(default_factory=list)
    width: int = 0
    last: float = 0.0
    began: bool = False

    @property
    def live(self) -> bool:
        """Whether a line that changes can be seen: on a terminal, and not in CI."""
        return sys.stdout.isatty() and not os.environ.get("CI")

    def say(self, line: str) -> None:
        """Say a line."""
        if not self.began:
            self.began = True
            LOGGER.info("")  # Sphinx has left its own line open
        self.wipe()
        LOGGER.info("%s", line)

    def progress(self, running: dict[str, tuple[int | None, float]]) -> None:
        """Show which pages run, with their seconds, on a line that is written over."""
        if not self.live or time.monotonic() - self.last < 0.2:
            return
        self.last = time.monotonic()
        names = ", ".join(f"{name} {seconds:.0f} s" for name, (_, seconds) in running.items())
        line = f"running {names} · {self.ended} of {self.total} done"[:100]
        LOGGER.info("\r%s", line.ljust(self.width), nonl=True)
        self.width = len(line)

    def wipe(self) -> None:
        """Remove the line that is written over."""
        if self.width:
            LOGGER.info("\r%s\r", " " * self.width, nonl=True)
            self.width = 0

    def finished(self, page: Page, outcome: Outcome) -> None:
        """Say that a page has run."""
        self.ended += 1
        self.seconds[page.name] = outcome.seconds
        how = "failed" if outcome.failure else "ran"
        self.say(f"[{self.ended}/{self.total}] {page.name} {how} in {outcome.seconds:.1f} s")
        if outcome.failure:
            self.failures.append((page, outcome))

    def conclude(self, app: Any) -> None:
        """Say what was slow and what went wrong; a failed page makes the build fail."""
        self.wipe()
        if len(self.seconds) > 1:
            slowest = sorted(self.seconds.items(), key=lambda it: -it[1])[:SLOWEST]
            width = max(len(name) for name, _ in slowest)
            LOGGER.info("the slowest pages:")
            for name, seconds in slowest:
                LOGGER.info("  %s %6.1f s", name.ljust(width), seconds)
        for page, cell, count in self.cuts:
            message = "cell %d: %s characters of its output were cut off"
            where = (page.docname, page.cells[cell]["line"])
            LOGGER.warning(message, number(page, cell), f"{count:,}", location=where, **KIND)
        for page, outcome in self.failures:
            where = (page.docname, line(page, outcome))
            LOGGER.warning("%s", sentence(page, outcome), location=where, **KIND)
        if self.failures:
            names = ", ".join(page.name for page, _ in self.failures)
            LOGGER.info("%d of %d pages failed: %s", len(self.failures), self.total, names)
            app.statuscode = 1


def number(page: Page, cell: int) -> int:
    """The number of a cell among the code cells of its page, from 1."""
    return sum(one["code"] for one in page.cells[: cell + 1])


def line(page: Page, outcome: Outcome) -> int | None:
    """The line of the source file at which a page failed, if it is known."""
    failure = outcome.failure
    if failure is None or failure.cell is None or page.cells[failure.cell]["line"] is None:
        return None
    start: int = page.cells[failure.cell]["line"]
    return start + (failure.line or 1) - 1


def sentence(page: Page, outcome: Outcome) -> str:
    """What is said of a page that failed."""
    failure = outcome.failure
    assert failure is not None
    where = "" if failure.cell is None else f"cell {number(page, failure.cell)}: "
    lines = [f"{where}{failure.what}"]
    if failure.tail:
        lines += ["the last lines of output:", *(f"    {it}" for it in failure.tail.splitlines())]
    return "\n".join(lines)
