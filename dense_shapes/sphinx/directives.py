"""The directives `layer-figure`, `model-figure` and `model-table`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ClassVar, TypeVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

from dense_shapes import display, selection, tables, typed
from dense_shapes.axes import Shape
from dense_shapes.display import Display
from dense_shapes.errors import DenseShapesError
from dense_shapes.readers import sources as readers
from dense_shapes.readers.code.layers import nearest
from dense_shapes.sphinx import sources
from dense_shapes.sphinx.builders import LOGGER, TYPE, note_use
from dense_shapes.sphinx.contents import node_of, table
from dense_shapes.traces import Trace

T = TypeVar("T")

OPTION = re.compile(r"\s*:?([\w-]+):.*")
"""A line that gives an option, in reStructuredText or in either way of Markdown."""
SIDES = ("left", "center", "right")


class Refused(Exception):
    """Why a directive shows nothing: what is wrong, of which kind, and in which line."""

    def __init__(self, message: str, subtype: str, line: int) -> None:
        super().__init__(message)
        self.subtype = subtype
        self.line = line


class Shown(SphinxDirective):
    """A directive that shows a model or a layer; its form is that of `deferred.Deferred`."""

    known: ClassVar[tuple[str, ...]] = ()
    common: ClassVar[tuple[str, ...]] = ("input", "caption", "name", "align", "class")

    def run(self) -> list[nodes.Node]:
        """The nodes, or a warning and none."""
        note_use(self.env)
        try:
            self.check_options()
            return self.made()
        except Refused as why:
            return self.warn(why)
        except Exception as error:  # a mistake of ours must not end the build of a site
            LOGGER.debug("%s", self.name, exc_info=True)
            message = f"{self.name} fails, which is a mistake in dense_shapes: {error!r}"
            return self.warn(Refused(message, "internal", self.lineno))

    def warn(self, why: Refused) -> list[nodes.Node]:
        """A warning, and nothing on the page."""
        source, line = self.state_machine.get_source_and_line(why.line)
        LOGGER.warning("%s", why, type=TYPE, subtype=why.subtype, location=f"{source}:{line}")
        return []

    def made(self) -> list[nodes.Node]:
        """What is shown."""
        raise NotImplementedError

    # What is given

    def check_options(self) -> None:
        """Refuse an option that the directive does not have."""
        names = (*self.known, *self.common)
        for name in self.options:
            if name not in names:
                hint = nearest(name, names) or f"; it has: {', '.join(names)}"
                message = f"{self.name} has no option {name!r}{hint}"
                raise Refused(message, "option", self.line_of(name))

    def option(self, name: str, kind: Callable[[str], T]) -> T | None:
        """The value of an option, if it is given."""
        if name not in self.options:
            return None
        with self.blaming(name):
            return kind(self.options[name] or "")

    @contextmanager
    def blaming(self, name: str) -> Iterator[None]:
        """Say of what goes wrong that it is the fault of an option, if that is given."""
        try:
            yield
        except DenseShapesError as error:
            if name not in self.options:
                raise Refused(str(error), "model", self.lineno) from None
            raise Refused(f":{name}: {error}", "option", self.line_of(name)) from None

    def trace(self, shape: Shape | None) -> Trace:
        """The model that is shown: of the argument, or of the code in the body."""
        text = " ".join(self.arguments).strip()
        if text and any(line.strip() for line in self.content):
            message = "the model is given twice: as the argument, and in the body"
            raise Refused(message, "option", self.lineno)
        if text:
            return self.read(text, shape)
        try:
            given = sources.body(list(self.content))
            return readers.trace(given.source, input_shape=shape)
        except DenseShapesError as error:
            message = str(error)
            if error.line:
                message = message.removeprefix(f"line {error.line}: ")
            raise Refused(message, "model", self.line_in_body(error.line)) from None

    def read(self, text: str, shape: Shape | None, name: str = "") -> Trace:
        """The model that a text means, of the argument or of an option; a file is found from the page."""
        line, before = (self.line_of(name), f":{name}: ") if name else (self.lineno, "")
        allowed = self.state.document.settings.file_insertion_enabled
        given = None
        try:
            given = sources.meant(text, self.env, files=allowed)
            return readers.trace(given.source, input_shape=shape)
        except sources.Unread as error:
            raise Refused(f"{before}{error}", "source", line) from None
        except DenseShapesError as error:
            message = given.told(error) if given else str(error)
            raise Refused(f"{before}{message}", "model", line) from None

    # Where it is given

    def line_of(self, name: str) -> int:
        """The line in which an option is given."""
        first: int = self.lineno
        lines = self.block_text.splitlines()
        if lines and self.name not in lines[0]:
            first += 1  # some versions of myst-parser leave out the line with the name
        found = (n for n, line in enumerate(lines) if OPTION.sub(r"\1", line) == name)
        return next((first + n for n in found), self.lineno)

    def line_in_body(self, number: int | None) -> int:
        """The line of the page that is a line of the body."""
        first: int = self.lineno
        items = self.content.items
        if not number or not items:
            return first
        inner: int = items[min(number, len(items)) - 1][1]
        if items[0][1]:  # reStructuredText counts from the top of the page
            return inner + 1
        offset: int = self.content_offset
        return first + offset + number

    # What is shown

    def framed(self, made: Display) -> list[nodes.Node]:
        """The nodes of a picture, with its caption."""
        align = self.align()
        node = node_of(made, alt=self.options.get("alt", ""))
        node["classes"] += self.classes()
        self.set_source_info(node)
        for child in node.findall(nodes.paragraph):
            self.set_source_info(child)
        caption = self.options.get("caption")
        if not caption:
            if align:
                node["align"] = align
            self.add_name(node)
            return [node]
        figure = nodes.figure("", node)
        if align:
            figure["align"] = align
        figure += nodes.caption(caption, "", *self.parsed(caption))
        self.set_source_info(figure)
        self.set_source_info(figure[-1])
        self.add_name(figure)
        return [figure]

    def parsed(self, text: str) -> list[nodes.Node]:
        """The nodes of a line of text with markup."""
        found, messages = self.parse_inline(text, lineno=self.line_of("caption"))
        return [*found, *messages]

    def align(self) -> str:
        """The side to which it is aligned."""
        side = str(self.options.get("align", "")).strip()
        if side and side not in SIDES:
            message = f":align: expected one of {', '.join(SIDES)}; received {side!r}"
            raise Refused(message, "option", self.line_of("align"))
        return side

    def classes(self) -> list[str]:
        """The classes that the page gives it."""
        text = self.options.get("class", "")
        try:
            return list(directives.class_option(text)) if text else []
        except ValueError as error:
            raise Refused(f":class: {error}", "option", self.line_of("class")) from None


class LayerFigure(Shown):
    """The picture of a layer, cell by cell; or of several layers that follow each other."""

    known = ("cell", "layer", "depth", "alt")

    def made(self) -> list[nodes.Node]:
        """The picture."""
        shape = self.option("input", typed.shape)
        cell = self.option("cell", typed.spot)
        names = self.option("layer", typed.parts) or []
        depth = self.option("depth", typed.count) or 1
        trace = self.trace(shape)
        with self.blaming("layer"):
            layers = selection.line(trace, names)
        with self.blaming("cell"):
            if depth > 1:
                last = names[-1] if names else layers[-1].label
                return self.framed(display.draw(trace, layer=last, cell=cell, depth=depth))
            return self.framed(display.draw(*layers, cell=cell))


class ModelFigure(Shown):
    """The picture of a model; or of two, with what differs marked."""

    known = ("compare", "unfold", "alt")

    def made(self) -> list[nodes.Node]:
        """The picture."""
        shape = self.option("input", typed.shape)
        other = self.options.get("compare", "").strip()
        trace = self.trace(shape)
        if not other:
            with self.blaming("input"):
                return self.framed(display.draw(trace, unfold="unfold" in self.options))
        alone = readers.is_layers(other)  # layers do not say what their input is
        second = self.read(other, shape if alone else None, "compare")
        with self.blaming("compare"):
            return self.framed(display.compare(trace, second, unfold="unfold" in self.options))


class ModelTable(Shown):
    """The table of a model."""

    known = ("columns", "expand-nested")

    def made(self) -> list[nodes.Node]:
        """The table, and its notes."""
        shape = self.option("input", typed.shape)
        columns = self.option("columns", typed.parts) or tables.DEFAULT
        align, classes = self.align(), self.classes()
        trace = self.trace(shape)
        with self.blaming("columns"):
            expand = "expand-nested" in self.options
            content = tables.summary(trace, columns=columns, expand_nested=expand)
        caption = self.options.get("caption", "")
        title = self.parsed(caption) if caption else ()
        found = table(content, caption=caption, title=title)
        for child in found.findall(nodes.Element):
            self.set_source_info(child)
        [whole] = found.findall(nodes.table)
        whole["classes"] += classes
        if align:
            whole["align"] = align
        self.add_name(whole)
        return [found]
