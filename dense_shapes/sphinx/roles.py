"""The role `layer-shape`."""

from __future__ import annotations

from docutils import nodes
from sphinx.util.docutils import SphinxRole

from dense_shapes import display, selection, typed
from dense_shapes.axes import Shape
from dense_shapes.errors import DenseShapesError
from dense_shapes.readers import sources as readers
from dense_shapes.sphinx import sources
from dense_shapes.sphinx.builders import LOGGER, TYPE, note_use
from dense_shapes.sphinx.contents import shown
from dense_shapes.traces import Trace


class LayerShape(SphinxRole):
    """The shape that a layer gives, `Dense(5) on 2, 3, 1`, with its picture where one points at it."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """The shape, or the text as it stands and a warning."""
        note_use(self.env)
        text, on, sizes = self.text.rpartition(" on ")
        try:
            shape = typed.shape(sizes) if on else None
            allowed = self.inliner.document.settings.file_insertion_enabled
            given = sources.meant(text if on else sizes, self.env, files=allowed)
            trace = readers.trace(given.source, input_shape=shape)
            made = display.draw(*selection.line(trace))
            return [shown(results(trace), made)], []
        except (DenseShapesError, sources.Unread) as error:
            subtype = "source" if isinstance(error, sources.Unread) else "model"
            message = f"{self.name} {self.text!r}: {error}"
            LOGGER.warning("%s", message, type=TYPE, subtype=subtype, location=self.get_location())
            return [nodes.literal(self.text, self.text)], []


def results(trace: Trace) -> list[Shape]:
    """The shapes of the outputs of a model."""
    return [
        trace.layers[place].outputs[number].shape if place >= 0 else trace.inputs[number].shape
        for place, number in trace.outputs
    ]
