"""The Sphinx extension: figures and tables of layers and models, and pages that run when they must.

`extensions = ["dense_shapes.sphinx"]` is all that a site needs; with myst-nb, the runner of pages is
switched on by `dense_shapes_runner = True`.
"""

from __future__ import annotations

from typing import Any

from dense_shapes import __version__


def setup(app: Any) -> dict[str, Any]:
    """Add what the extension has to a site."""
    from dense_shapes.sphinx import directives, runner

    directives.setup(app)
    runner.setup(app)
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": True}
