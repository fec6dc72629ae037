"""What a notebook keeps of a display, made again as the builder of a page needs it.

myst-nb finds this by the entry point `myst_nb.mime_renderers`; a page that has nothing of ours never
loads it.
"""

from __future__ import annotations

from typing import Any, ClassVar

from docutils import nodes

from dense_shapes.data import MIME
from dense_shapes.display import again
from dense_shapes.errors import DenseShapesError
from dense_shapes.sphinx.builders import LOGGER, TYPE, note_use
from dense_shapes.sphinx.contents import node_of


class Renderer:
    """Renders our data before any other format of an output."""

    mime_priority_overrides: ClassVar[list[tuple[str, str, int]]] = [("*", MIME, 1)]

    @staticmethod
    def handle_mime(renderer: Any, data: Any, inline: bool) -> list[nodes.Element] | None:
        """The nodes of an output, or none: then the next best format is shown."""
        if data.mime_type != MIME:
            return None
        env = getattr(renderer.renderer, "sphinx_env", None)
        if inline or env is None or "dense_shapes.sphinx" not in env.config.extensions:
            return []
        note_use(env)
        try:
            return [node_of(again(data.content))]
        except DenseShapesError as error:
            place = f"{env.doc2path(env.docname)}:{data.line or 1}"
            LOGGER.warning("%s", error, type=TYPE, subtype="data", location=place)
            return []
