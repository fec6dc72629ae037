"""The public functions, whose results show themselves: in a terminal, in a notebook, in a file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dense_shapes import lessons, tables, words
from dense_shapes.axes import Cell, Size
from dense_shapes.drawing import figure
from dense_shapes.drawing.scene import Scene
from dense_shapes.errors import FormatError
from dense_shapes.traces import Layer, Trace, expected
from dense_shapes.views import SUFFIXES, Content, render


@dataclass(frozen=True, repr=False)
class Display:
    """A table, a picture or an explanation that can show itself.

    `print` gives text; a notebook shows HTML and SVG; `save` writes a file.
    """

    content: Content

    def __str__(self) -> str:
        return self.to("text")

    __repr__ = __str__

    def to(self, view: str) -> str:
        """The content as `text`, `markdown`, `html` or `latex`; a table also as `csv`, a picture as `svg`.

        Raises `FormatError` for a format that does not exist or cannot hold the content.
        """
        return render(self.content, view)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the content to a file, in the format that the end of its name says: `.svg`, `.html`, `.tex`.

        Raises `FormatError` for an ending that names no format.
        """
        path = Path(path)
        if path.suffix not in SUFFIXES:
            raise FormatError(
                f"expected a file that ends in {', '.join(SUFFIXES)}, received {path.name!r}"
            )
        path.write_text(self.to(SUFFIXES[path.suffix]).rstrip("\n") + "\n", encoding="utf-8")

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """What a notebook may choose from. LaTeX would take Markdown first, so there is none."""
        bundle = {"text/plain": self.to("text"), "text/html": self.to("html")}
        if isinstance(self.content, Scene):
            bundle["image/svg+xml"] = self.to("svg")
        return bundle


def summary(
    trace: Trace, *, columns: Sequence[str] = tables.DEFAULT, expand_nested: bool = False
) -> Display:
    """A table of a model: one row a layer, and the totals as Keras counts them.

    `columns` chooses among `layer`, `kind`, `input`, `output`, `params`, `formula`, `macs` and
    `signature`. `expand_nested` shows the layers of nested models too.

    Raises `FormatError` for a column that does not exist.

    >>> import keras, dense_shapes as ds
    >>> model = keras.Sequential([keras.Input((2, 3, 1)), keras.layers.Dense(5, name="five")], name="m")
    >>> print(ds.summary(ds.trace(model)))
    Model: 'm'
    ───────────────────────────────────────────────────────────────────
    Layer  Kind   Input            Output           Params  Formula
    ───────────────────────────────────────────────────────────────────
    five   Dense  (None, 2, 3, 1)  (None, 2, 3, 5)      10  (1 + 1) × 5
    ───────────────────────────────────────────────────────────────────
    Total params: 10
    Trainable params: 10
    Non-trainable params: 0
    """
    trace = expected(Trace, trace)
    return Display(tables.summary(trace, columns=columns, expand_nested=expand_nested))


def draw(*layers: Layer, cell: Cell | None = None, title: str | None = None) -> Display:
    r"""The annotated picture of a layer: `input × kernel + bias = output`, cell by cell.

    Of several layers, each must take what the one before gives; they are drawn as one picture.
    With `cell`, an index for each axis of the output after the batch, that output cell is lit, and
    everything that it reads. `title` replaces the title.

    Raises `CellError` if the cell lies outside the output, `UnknownLayer` if no rule describes the
    layer and a cell is asked for, `ShapeError` if the layers do not follow each other.

    >>> import dense_shapes as ds
    >>> from dense_shapes.rules import call
    >>> picture = ds.draw(call("Dense", {"units": 5}, (None, 2, 3, 1)), cell=(1, 2, 4))
    >>> picture.to("svg").count("<rect class=\"cell lit\"")
    4
    """
    layers = tuple(expected(Layer, layer) for layer in layers)
    return Display(figure.draw(*layers, cell=cell, heading=title))


def explain(layer: Layer, *, cell: Cell | None = None) -> Display:
    """What a layer does to the shape, in words; or what one number of its output is made of.

    `cell` is an index for each axis of the output after the batch.

    Raises `CellError` if the cell lies outside the output, `UnknownLayer` if no rule describes the
    layer and a cell is asked for.

    >>> import dense_shapes as ds
    >>> from dense_shapes.rules import call
    >>> print(ds.explain(call("Flatten", {}, (None, 2, 3, 1)), cell=(5,)))
    Flatten 'flatten': (None, 2, 3, 1) → (None, 6), 0 parameters
      output[5] = input[1, 2, 0]
      It reads 1 of the 6 numbers of the input.
    """
    return Display(words.explain(expected(Layer, layer), cell=cell))


def check(
    trace: Trace, *, data: Sequence[Size] | None = None, target: Sequence[Size] | None = None
) -> Display:
    """Whether arrays of these shapes, the batch first, suit a model; and if not, what happens.

    `data` is what is given to `fit` or `predict`, `target` is what the output is compared with.

    Raises `ModelError` for a model with several inputs or outputs.

    >>> import keras, dense_shapes as ds
    >>> model = keras.Sequential([keras.Input((10, 8)), keras.layers.Dense(1)], name="m")
    >>> print(ds.check(ds.trace(model), data=(10, 8)))
    Model 'm'
      the data (10, 8) does not suit the input (None, 10, 8)
      Keras says: Expected shape (None, 10, 8), but input has incompatible shape (10, 8)
      What helps: it is one sample; put the batch first: x[np.newaxis]
    """
    lines = lessons.check(expected(Trace, trace), data=data, target=target)
    return Display(words.Prose(f"Model {trace.name!r}", tuple(lines)))
