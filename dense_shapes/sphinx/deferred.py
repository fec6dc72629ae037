"""The directives and the role as a site registers them; what draws is imported when a page first has one.

A build in which no page is read again would spend a fifth of its time on these imports.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective, SphinxRole


class AnyOption(dict[str, Callable[[str], str]]):
    """The options of a directive: every one is let through, so that we say ourselves what is wrong."""

    def __bool__(self) -> bool:
        return True

    def __getitem__(self, name: str) -> Callable[[str | None], str]:
        kind: Callable[[str | None], str] = directives.unchanged
        return kind


class Deferred(SphinxDirective):
    """A directive that leaves all but its form to its namesake in `dense_shapes.sphinx.directives`."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[Any] = AnyOption()

    def run(self) -> list[nodes.Node]:
        """The nodes that the class makes."""
        from dense_shapes.sphinx import directives as ours

        kind: type[SphinxDirective] = getattr(ours, type(self).__name__)
        given = (self.name, self.arguments, self.options, self.content, self.lineno)
        where = (self.content_offset, self.block_text, self.state, self.state_machine)
        made: list[nodes.Node] = kind(*given, *where).run()
        return made


class LayerFigure(Deferred):
    """The picture of a layer, or of layers that follow each other."""


class ModelFigure(Deferred):
    """The picture of a model, or of two."""


class ModelTable(Deferred):
    """The table of a model."""


class LayerShape(SphinxRole):
    """The shape that a layer gives."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """The nodes that the role of the same name makes."""
        from dense_shapes.sphinx import roles

        given = (self.name, self.rawtext, self.text, self.lineno, self.inliner)
        role = roles.LayerShape()
        made: tuple[list[nodes.Node], list[nodes.system_message]]
        made = role(*given, self.options, self.content)
        return made
