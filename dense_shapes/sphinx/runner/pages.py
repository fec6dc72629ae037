"""Which pages of a site are executed, and what there is to run on each; read as myst-nb reads them."""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

FRONT_MATTER = "dense_shapes_runner"
"""The key under which a page says more about itself: `dependencies`, `environment`, `kernel`."""
BY_MYST_NB = ("inline", "force", "auto")
"""Execution modes that a page may ask for, and that myst-nb itself must carry out."""


@dataclass(frozen=True)
class Page:
    """A page with code to run.

    `key` stands for everything on the page that can change its result; the prose is not part of it.
    """

    docname: str
    path: str
    key: str
    cells: tuple[dict[str, Any], ...]
    """For each cell: its source, whether it `runs`, whether it may raise (`raises`), and its first line."""
    kernel: str
    mode: str
    timeout: float | None
    allow_errors: bool
    in_temp: bool
    dependencies: tuple[str, ...]
    environment: tuple[str, ...]
    own_kernel: bool

    @property
    def name(self) -> str:
        """The page as messages call it: its file below the source folder."""
        return f"{self.docname}{Path(self.path).suffix}"

    def imports(self) -> list[str]:
        """What the cells themselves import: `module` or `module:part`."""
        return sorted({name for cell in self.cells for name in imports(cell["source"])})


def imports(source: str) -> Iterator[str]:
    """What a cell imports, as far as its text shows; lines that are not Python are passed over."""
    lines = (line for line in source.splitlines() if not line.lstrip().startswith(("%", "!")))
    try:
        tree = ast.parse("\n".join(lines))
    except SyntaxError:
        return
    for node in ast.walk(tree):
        match node:
            case ast.Import(names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(str(module), names, 0):
                yield module
                yield from (f"{module}:{alias.name}" for alias in names if alias.name != "*")


def fingerprint(*values: Any) -> str:
    """A name for plain data: equal for equal data, in every process."""
    text = json.dumps(values, sort_keys=True, default=_known)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _known(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    return getattr(value, "__qualname__", None) or type(value).__name__


class Survey:
    """The executed pages of a site; what a text was found to hold is remembered between builds."""

    def __init__(self, app: Any, memory: Path) -> None:
        self.app = app
        self.md_config = app.env.myst_config
        self.nb_config = app.env.mystnb_config
        self.memory = memory
        self.notebooks: dict[str, Any] = {}
        self.settings = fingerprint(self.md_config, self.nb_config)
        self.known: dict[str, Any] = {}
        if memory.exists():
            self.known = json.loads(memory.read_text("utf-8"))

    def pages(self) -> dict[str, Page]:
        """The pages with code to run, by their names in Sphinx."""
        found, known = {}, {}
        for docname in sorted(self.app.env.found_docs):
            path = Path(self.app.env.doc2path(docname))
            if self.app.config.source_suffix.get(path.suffix) != "myst-nb":
                continue
            text = path.read_text("utf-8")
            print_ = fingerprint(text, self.settings)
            if self.known.get(docname, {}).get("print") == print_:
                fields = self.known[docname]["page"]
            else:
                fields = self.read(docname, path, text)
            if fields is None or not fields.pop("loads", False):
                known[docname] = {"print": print_, "page": fields}
            if fields:
                whole: dict[str, Any] = {
                    k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()
                }
                found[docname] = Page(**whole)
        if known != self.known:
            self.memory.write_text(json.dumps(known), "utf-8")
        return found

    def notebook(self, page: Page) -> Any:
        """The page as a notebook, as myst-nb will read it."""
        if page.docname not in self.notebooks:
            text = Path(page.path).read_text("utf-8")
            self.notebooks[page.docname], _ = self.open(page.path, text)
        return self.notebooks[page.docname]

    def open(self, path: str, text: str) -> tuple[Any, Any]:
        """The notebook of a text and its configuration; (None, None) for a page without code."""
        from myst_nb.core.nb_to_tokens import nb_node_to_dict
        from myst_nb.core.read import create_nb_reader

        reader = create_nb_reader(path, self.md_config, self.nb_config, text)
        if reader is None:
            return None, None
        notebook, config = reader.read(text), self.nb_config
        kernel = notebook.metadata.get("kernelspec", {}).get("name")
        for pattern, alias in config.kernel_rgx_aliases.items():
            if kernel is not None and re.fullmatch(pattern, kernel):
                notebook.metadata["kernelspec"]["name"] = alias
                break
        if config.metadata_key in notebook.metadata:
            overrides = nb_node_to_dict(notebook.metadata[config.metadata_key])
            overrides.pop("output_folder", None)
            config = config.copy(**overrides)
        return notebook, config

    def read(self, docname: str, path: Path, text: str) -> dict[str, Any] | None:
        """The fields of a page, or None if there is nothing to run on it."""
        try:
            notebook, config = self.open(str(path), text)
        except Exception:
            return None  # myst-nb will say what is wrong with it
        if notebook is None or config.execution_mode == "off":
            return None
        if any(PurePosixPath(path.as_posix()).match(it) for it in config.execution_excludepatterns):
            return None
        self.notebooks[docname] = notebook
        lines = notebook.metadata.get("source_map") or [None] * len(notebook.cells)
        cells = [
            _cell(cell, line, text.splitlines())
            for cell, line in zip(notebook.cells, lines, strict=True)
        ]
        if not any(cell["runs"] for cell in cells):
            return None
        own = notebook.metadata.get(FRONT_MATTER) or {}
        execution = notebook.metadata.get("execution") or {}
        timeout = execution.get("timeout", config.execution_timeout)
        kernelspec = dict(notebook.metadata.get("kernelspec") or {})
        fields: dict[str, Any] = {
            "kernel": kernelspec.get("name", ""),
            "mode": config.execution_mode,
            "allow_errors": execution.get("allow_errors", config.execution_allow_errors),
            "in_temp": config.execution_in_temp,
            "dependencies": [str(one) for one in own.get("dependencies", ())],
            "environment": [str(one) for one in own.get("environment", ())],
            "own_kernel": bool(own.get("kernel", False)),
        }
        code = [{k: v for k, v in cell.items() if k != "line"} for cell in cells]
        key = fingerprint([one for one in code if one["code"]], kernelspec, fields)
        fields |= {"docname": docname, "path": str(path), "key": key, "cells": cells}
        fields |= {"timeout": timeout if timeout and timeout > 0 else None}
        return fields | {"loads": any("load" in cell.metadata for cell in notebook.cells)}


def _cell(cell: Any, line: int | None, text: list[str]) -> dict[str, Any]:
    """What the runner knows of a cell; `line` is where its source begins in the file, from 1."""
    tags = cell.metadata.get("tags", [])
    code = cell.cell_type == "code"
    runs = code and bool(cell.source.strip()) and "skip-execution" not in tags
    source = cell.source if code else ""
    if line is not None and runs:
        lines = source.splitlines()
        starts = range(line, len(text) - len(lines) + 1)
        line = next((n for n in starts if text[n : n + len(lines)] == lines), line) + 1
    return {
        "code": code,
        "source": source,
        "runs": runs,
        "raises": "raises-exception" in tags,
        "line": line,
    }
