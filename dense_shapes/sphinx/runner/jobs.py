"""A page to run, and what came of it, as plain data that can be sent to another process or machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


class RunnerError(Exception):
    """Pages cannot be run at all: the message says why."""


@dataclass(frozen=True)
class Job:
    """A page to run: its cells, where, and within which limits."""

    docname: str
    name: str
    """What messages call it."""
    folder: str
    root: str
    own: tuple[str, ...]
    """The packages of the project itself."""
    cells: tuple[dict[str, Any], ...]
    notebook: str
    """The page as a notebook in JSON, for an ordinary kernel."""
    kernel: str
    """The name of the kernel; empty for the usual one."""
    timeout: float | None
    allow_errors: bool
    limit: int
    """How many characters a cell may write to a stream."""
    seconds: float
    """How long it took the last time; 0 if that is not known."""
    why: str = ""
    """Why it needs an ordinary kernel; empty if it does not."""


@dataclass(frozen=True)
class Failure:
    """Why a page has no result: in which cell (from 0), and what happened."""

    cell: int | None
    what: str
    line: int | None = None
    """The line within the cell, from 1."""
    tail: str = ""
    """The last lines of output."""
    traceback: str = ""


@dataclass
class Outcome:
    """What came of a page; `used` is what its process reported, or None if it did not come to that."""

    docname: str
    cells: dict[int, dict[str, Any]] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    used: dict[str, Any] | None = None
    seconds: float = 0.0
    failure: Failure | None = None
    needs_kernel: str = ""

    @property
    def cut(self) -> dict[int, int]:
        """How many characters of which cells were cut off."""
        found = {index: sum(cell.get("cut", {}).values()) for index, cell in self.cells.items()}
        return {index: count for index, count in found.items() if count}

    def fail(self, cell: int | None, what: str, *, line: int | None = None) -> None:
        """Note that the page failed, and why."""
        outputs = [one for ran in self.cells.values() for one in ran["outputs"]]
        errors = [one for one in outputs if one["output_type"] == "error"]
        trace = "\n".join(errors[-1]["traceback"]) if errors and line is not None else ""
        self.failure = Failure(cell, what, line, tail(outputs), trace)


def tail(outputs: list[dict[str, Any]], count: int = 5) -> str:
    """The last lines that were written."""
    text = "".join(one["text"] for one in outputs if one["output_type"] == "stream")
    return "\n".join(text.splitlines()[-count:])


LANGUAGE: dict[str, Any] = {
    "name": "python",
    "mimetype": "text/x-python",
    "codemirror_mode": {"name": "ipython", "version": 3},
    "pygments_lexer": "ipython3",
    "nbconvert_exporter": "python",
    "file_extension": ".py",
}
"""What ipykernel says of its language, but for the version."""
