"""The Sphinx extension: figures and tables of layers and models, and pages that run when they must.

`extensions = ["dense_shapes.sphinx"]` is all that a site needs; with myst-nb, the runner of pages is
switched on by `dense_shapes_runner = True`.
"""

from __future__ import annotations

from typing import Any

from dense_shapes import __version__


def setup(app: Any) -> dict[str, Any]:
    """Add what the extension has to a site: directives, a role, their nodes, and the runner."""
    from dense_shapes.sphinx import builders, deferred, nodes, runner

    app.add_directive("layer-figure", deferred.LayerFigure)
    app.add_directive("model-figure", deferred.ModelFigure)
    app.add_directive("model-table", deferred.ModelTable)
    app.add_role("layer-shape", deferred.LayerShape())
    app.add_node(nodes.picture, html=(nodes.visit_picture, None))
    app.add_node(nodes.hover, html=(nodes.visit_hover, nodes.depart_hover))
    app.add_node(nodes.printed, latex=(nodes.visit_printed, nodes.depart_printed))
    app.add_latex_package("accsupp")
    app.add_post_transform(builders.Printed)
    app.connect("env-get-outdated", builders.outdated)
    app.connect("html-page-context", builders.add_style)
    runner.setup(app)
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": True}
