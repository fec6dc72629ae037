"""The way to an unmodified myst-nb: results lie in its jupyter-cache before it reads a page."""

from __future__ import annotations

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from sqlalchemy import event

MARK = "dense_shapes"
"""The key, in the data of a record, of the name of our result."""


def executed(notebook: Any, result: dict[str, Any]) -> Any:
    """A notebook with the outputs of a result."""
    notebook = copy.deepcopy(notebook)
    for index, ran in result["cells"].items():
        cell = notebook.cells[int(index)]
        cell.execution_count = ran["execution_count"]
        cell.outputs = [nbformat.from_dict(output) for output in ran["outputs"]]
    notebook.metadata.update(nbformat.from_dict(result["metadata"]))
    return notebook


class PageCache:
    """A jupyter-cache that holds, of each page that is read, the result that holds now and no other."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.cache = get_cache(path)
        # It can be made again at any time, so that there is no reason to wait for the disk.
        engine = self.cache.db
        event.listen(engine, "connect", lambda db, _: db.execute("PRAGMA synchronous = OFF"))
        engine.dispose()
        self.records = {one.hashkey: one for one in self.cache.list_cache_records()}
        self.given: dict[str, str] = {}

    def room(self, pages: int) -> None:
        """Make sure that so many pages fit."""
        if self.cache.get_cache_limit() < 2 * pages:
            self.cache.change_cache_limit(2 * pages)

    def put(
        self, path: str, notebook: Any, result: dict[str, Any], name: str, seconds: float
    ) -> bool:
        """Put a result where myst-nb will find it; False if another page needs the place for another."""
        _, key = self.cache.create_hashed_notebook(notebook)
        content = content_name(result)
        if key in self.given:
            return self.given[key] == content
        self.given[key] = content
        record = self.records.get(key)
        if record is None or (record.data or {}).get(MARK) != name:
            data = {"execution_seconds": seconds, MARK: name}
            bundle = CacheBundleIn(executed(notebook, result), path, data=data)
            self.cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
        return True

    def remove_others(self) -> list[str]:
        """Remove what is not ours, because nobody knows what it was made with; and say whose it was."""
        found = [one for one in self.cache.list_cache_records() if MARK not in (one.data or {})]
        for record in found:
            self.cache.remove_cache(record.pk)
        return [Path(one.uri).name for one in found]

    def remove(self, name: str) -> None:
        """Remove a result that must not be found again."""
        for record in self.cache.list_cache_records():
            if (record.data or {}).get(MARK) == name:
                self.cache.remove_cache(record.pk)


def content_name(result: dict[str, Any]) -> str:
    """A name for what a result shows: the same for the same outputs."""
    text = json.dumps(result, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
