"""The Sphinx extension: figures and tables of layers and models, in every format of Sphinx.

`extensions = ["dense_shapes.sphinx"]` is all that a site needs.
"""

from __future__ import annotations

from typing import Any

from dense_shapes import __version__


def setup(app: Any) -> dict[str, Any]:
    """Add what the extension has to a site."""
    from dense_shapes.sphinx import directives

    directives.setup(app)
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": True}
