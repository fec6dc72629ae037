"""The Sphinx extension: `extensions = ["myst_nb", "dense_shapes.sphinx"]`."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

PARTS = ("dense_shapes.sphinx.directives", "dense_shapes.sphinx.runner")


def setup(app: Any) -> dict[str, Any]:
    """Add every part of the extension to a Sphinx application."""
    for part in PARTS:
        if importlib.util.find_spec(part):
            importlib.import_module(part).setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
