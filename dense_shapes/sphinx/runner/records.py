"""What was used when a page ran, and its result; and whether that still holds."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from dense_shapes.sphinx.runner.usage import INSTALLED, digest, is_installed, listing, site_folders

KEPT = 20
"""How many states of the same page are remembered."""
TOOLS = ("ipython", "matplotlib-inline")
"""Packages that shape the outputs of every page."""


@dataclass(frozen=True)
class Note:
    """What a page used while it ran, and the name of the result that it gave.

    Files and folders are named from the root of the project; their values are digests.
    """

    result: str
    seconds: float
    python: str
    files: dict[str, str | None]
    folders: dict[str, str | None]
    distributions: dict[str, str]
    environment: dict[str, str | None]
    imports: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    """The packages that were looked for and are not installed."""
    kernel: str = ""
    """Why the page needs an ordinary kernel, if it does."""


class Present:
    """The state of things now: each file, package and variable is looked at once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.digest = cache(self._digest)
        self.listing = cache(self._listing)
        self.version = cache(self._version)
        self.is_installed = cache(is_installed)
        self.distributions = cache(importlib.metadata.packages_distributions)
        self.python = f"{platform.python_implementation()} {platform.python_version()}"

    def _digest(self, name: str) -> str | None:
        if name.startswith(INSTALLED):
            rest = name.removeprefix(INSTALLED)
            found = (digest(folder + rest) for folder in site_folders())
            return next((one for one in found if one), None)
        return digest(str(self.root / name))

    def _listing(self, name: str) -> str | None:
        return listing(str(self.root / name))

    def _version(self, name: str) -> str:
        """The version of a distribution, and a digest of its files: a version may be built again."""
        try:
            found = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            return "missing"
        record = found.read_text("RECORD") or ""
        files = [it for it in record.splitlines() if ".dist-info/" not in it and it[:2] != ".."]
        kept = "\n".join(sorted(it for it in files if not it.endswith(",,")))
        return f"{found.version} {hashlib.sha256(kept.encode()).hexdigest()[:12]}"

    def variable(self, name: str) -> str | None:
        """A digest of an environment variable, which may be a secret; None if it is not set."""
        value = os.environ.get(name)
        return None if value is None else hashlib.sha256(value.encode()).hexdigest()

    def owners(self, packages: list[str], metadata: Iterable[str]) -> dict[str, str]:
        """The distributions, with their versions, of these packages and folders of metadata."""
        by_package = self.distributions() if packages else {}
        names = {one for package in packages for one in by_package.get(package, ())}
        names |= {re.sub(r"-[^-]*\.(dist|egg)-info$", "", folder) for folder in metadata} - {""}
        return {name: self.version(name) for name in sorted({*names, *TOOLS}, key=str.lower)}

    def note(
        self,
        used: dict[str, Any],
        *,
        result: str,
        seconds: float,
        environment: Iterable[str],
        dependencies: Iterable[str],
        kernel: str = "",
    ) -> Note:
        """What is to be written down of a page that has run, from what its process reported."""
        names = set(dependencies)
        folders = {name for name in names if (self.root / name).is_dir()}
        return Note(
            result=result,
            seconds=round(seconds, 3),
            python=used["python"],
            files=used["files"] | {name: self.digest(name) for name in sorted(names - folders)},
            folders=used["folders"] | {name: self.listing(name) for name in sorted(folders)},
            distributions=self.owners(used["packages"], used["metadata"]),
            environment={name: self.variable(name) for name in sorted(set(environment))},
            imports=tuple(used["imports"]),
            absent=tuple(used["absent"]),
            kernel=kernel,
        )

    def differences(self, note: Note, environment: Iterable[str]) -> Iterator[str]:
        """Everything that is not as it was when the note was written, each as a short sentence."""
        if note.python != self.python:
            yield f"{note.python} is now {self.python}"
        for name, was in note.files.items():
            now = self.digest(name)
            if now != was:
                how = "is gone" if now is None else "is new" if was is None else "changed"
                yield f"{name.removeprefix(INSTALLED)} {how}"
        for name, was in note.folders.items():
            if self.listing(name) != was:
                yield f"the files in {name} changed"
        for name, version in note.distributions.items():
            was, now = version.split()[0], self.version(name).split()[0]
            if was != now:
                yield f"{name} {was} is now {now}"
            elif version != self.version(name):
                yield f"{name} {was} is another build now"
        for name in filter(self.is_installed, note.absent):
            yield f"{name} is installed now"
        for name in sorted({*environment, *note.environment}):
            if self.variable(name) != note.environment.get(name):
                yield f"the environment variable {name} changed"


class Store:
    """Notes and results in a folder; everything is written whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notes_folder = folder / "notes"
        self.results_folder = folder / "results"
        for one in (self.notes_folder, self.results_folder):
            one.mkdir(parents=True, exist_ok=True)

    def notes(self, docname: str, key: str) -> list[Note]:
        """What is remembered of a page with this content, the latest first."""
        path = self._notes_path(docname, key)
        if not path.exists():
            return []
        return [
            Note(**fields | {name: tuple(fields[name]) for name in ("imports", "absent")})
            for fields in json.loads(path.read_text("utf-8"))
            if "absent" in fields  # an older version has not looked as closely
        ]

    def keep(self, docname: str, key: str, note: Note, result: dict[str, Any]) -> None:
        """Remember a result and what it was made with."""
        _write(self._result_path(note.result), json.dumps(result))
        notes = [note, *(one for one in self.notes(docname, key) if one != note)]
        _write(self._notes_path(docname, key), json.dumps([asdict(one) for one in notes[:KEPT]]))
        kept = {one.result for one in notes[:KEPT]}
        for one in notes[KEPT:]:
            if one.result not in kept:
                self._result_path(one.result).unlink(missing_ok=True)

    def result(self, name: str) -> dict[str, Any] | None:
        """A result by its name, or None if it was lost."""
        path = self._result_path(name)
        found: dict[str, Any] | None = (
            json.loads(path.read_text("utf-8")) if path.exists() else None
        )
        return found

    def _notes_path(self, docname: str, key: str) -> Path:
        page = hashlib.sha256(docname.encode()).hexdigest()[:16]
        return self.notes_folder / f"{page}-{key}.json"

    def _result_path(self, name: str) -> Path:
        return self.results_folder / f"{name}.json"

    def imports(self, docname: str) -> set[str]:
        """What a page has imported whenever it ran; empty if it never did."""
        page = hashlib.sha256(docname.encode()).hexdigest()[:16]
        records = [json.loads(it.read_text("utf-8")) for it in self.notes_folder.glob(f"{page}-*")]
        return {name for notes in records for note in notes for name in note["imports"]}

    def knows(self, docname: str) -> bool:
        """Whether anything is remembered of a page, whatever its content was."""
        page = hashlib.sha256(docname.encode()).hexdigest()[:16]
        return any(self.notes_folder.glob(f"{page}-*.json"))


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.write_text(text, "utf-8")
    part.replace(path)
