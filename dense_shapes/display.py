"""The public functions, whose results show themselves: in a terminal, in a notebook, in a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

from dense_shapes import data as stored
from dense_shapes import lessons, reports, tables, words
from dense_shapes.axes import Cell, Size
from dense_shapes.drawing import comparison, figure, strip
from dense_shapes.drawing.depth import draw_back
from dense_shapes.drawing.lights import Spot
from dense_shapes.drawing.scene import Scene
from dense_shapes.errors import DenseShapesError, FormatError, UnknownLayer
from dense_shapes.records import WRONG
from dense_shapes.traces import Layer, Trace, expected
from dense_shapes.views import SUFFIXES, Content, document, mpl, render

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class Display:
    """A table, a picture or an explanation that can show itself.

    `print` gives text; a notebook shows HTML and SVG; `save` writes a file.
    """

    content: Content
    call: stored.Call | None = field(default=None, compare=False)
    """The call that made it, if it can be made again."""

    def __str__(self) -> str:
        return self.to("text")

    __repr__ = __str__

    def to(self, view: str) -> str:
        """The content as `text`, `markdown`, `html` or `latex`; a table also as `csv`, a picture as `svg`.

        Raises `FormatError` for a format that does not exist or cannot hold the content.
        """
        return render(self.content, view)

    def figure(self, *, ax: Axes | None = None) -> Figure:
        """The picture as a figure of Matplotlib, which can be changed; with `ax`, drawn into these axes.

        Each cell is a rectangle whose gid is its name, `output[1, 2, 4]`; lengths are pixels of the
        picture. Text is as large as the axes allow when the picture is drawn, so give axes their size
        first. To write a file that is the same bytes every time, use `save`; or, of a figure that was
        changed, `with matplotlib.rc_context(dense_shapes.views.mpl.SETTINGS)` around its `savefig`, with
        `metadata={"CreationDate": None}` for PDF and `{"Date": None}` for SVG.

        Raises `FormatError` for a table or prose, and if Matplotlib is not installed.
        """
        return mpl.figure(self.content, ax)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the content to a file, in the format that the end of its name says: `.svg`, `.html`, `.tex`.

        An `.html` file is a whole document that needs nothing else, where `to("html")` is a part for a
        page that exists. A picture can be `.png`, `.pdf` and `.pgf` too; Matplotlib draws these, and for
        `.pgf` LaTeX measures the text. Every file is the same bytes each time.

        Raises `FormatError` for an ending that names no format, for a format that cannot hold the
        content, and if what draws it is not installed.
        """
        path = Path(path)
        if path.suffix in mpl.ENDINGS:
            path.write_bytes(mpl.printed(self.content, path.suffix))
            return
        if path.suffix not in SUFFIXES:
            endings = ", ".join([*SUFFIXES, *mpl.ENDINGS])
            raise FormatError(f"expected a file that ends in {endings}, received {path.name!r}")
        view = SUFFIXES[path.suffix]
        text = document(self.content) if view == "html" else self.to(view)
        path.write_text(text.rstrip("\n") + "\n", encoding="utf-8")

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """What a notebook may choose from. LaTeX would take Markdown first, so there is none.

        Beside the text, the HTML and the SVG stands the data from which a page makes it again.
        """
        bundle: dict[str, Any] = {"text/plain": self.to("text"), "text/html": self.to("html")}
        if isinstance(self.content, Scene):
            bundle["image/svg+xml"] = self.to("svg")
        record = stored.record_of(self.call) if self.call else None
        if record is not None:
            bundle[stored.MIME] = record
        return bundle


P = ParamSpec("P")


def remembered(function: Callable[P, Display]) -> Callable[P, Display]:
    """The function, whose displays know how they were made."""

    @wraps(function)
    def call(*given: P.args, **options: P.kwargs) -> Display:
        made = function(*given, **options)
        return replace(made, call=stored.Call(function.__name__, given, options))

    return call


def again(record: Any) -> Display:
    """The display that was made by the call that is kept in this data.

    Raises `FormatError` if the data is not of the format `dense-shapes/1`, and what the call raises.

    >>> import dense_shapes as ds
    >>> table = ds.summary(ds.trace("2,3,1 -> Dense(5)"), columns=["layer", "params"])
    >>> again(table._repr_mimebundle_()["application/vnd.dense-shapes+json"]) == table
    True
    """
    call = stored.call_of(record)
    functions = {it.__name__: it for it in (summary, draw, compare, explain, check)}
    if call.function not in functions:
        raise FormatError(
            f"nothing is made by {call.function[:60]!r}, but by {', '.join(functions)}"
        )
    function: Any = functions[call.function]
    try:
        made: Display = function(*call.given, **call.options)
        return made
    except DenseShapesError:
        raise
    except WRONG as error:
        raise stored.wrong(error) from None


@remembered
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


@remembered
def draw(
    *layers: Layer | Trace,
    layer: str | None = None,
    cell: Spot | None = None,
    depth: int = 1,
    title: str | None = None,
    unfold: bool | Collection[str] = (),
) -> Display:
    r"""The picture of a model, or of a layer: `input × kernel + bias = output`, cell by cell.

    Of a model, each layer is drawn with its parameters and each tensor with its axes, whose letters
    and colours say where they come from. Blocks that are repeated are drawn once, and nested models as
    one layer; `unfold` opens all of them, or those of the layers of these names.

    Of several layers, each must take what the one before gives; they are drawn as one picture.
    With `cell`, an index for each axis of the output after the batch, that output cell is lit, and
    everything that it reads. A cell of another tensor is written with the name that the tensor has in
    the picture: `("kernel", (0, 3))` is lit with every output that uses it, and `("input", (1, 2, 0))`
    with every output that it reaches. `title` replaces the title.

    With a trace and `layer`, that layer is drawn, and `depth` says how many layers, counted from it
    back on the longest way: what the output cell reads is lit in all of them.

    Raises `CellError` if there is no such cell, `UnknownLayer` if no rule describes a layer and a cell
    is asked for, or if a name is that of no layer, `ShapeError` if the layers do not follow each other.

    >>> import dense_shapes as ds
    >>> from dense_shapes.rules import call
    >>> dense = call("Dense", {"units": 5}, (None, 2, 3, 1))
    >>> picture = ds.draw(dense, cell=(1, 2, 4))
    >>> picture.to("svg").count("<rect class=\"cell lit\"")
    4
    >>> ds.draw(dense, cell=("kernel", (0, 3))).content.caption
    'kernel[0, 3] is used by 6 of the 30 outputs'
    """
    if layer is not None:
        trace = expected(Trace, layers[0] if len(layers) == 1 else layers)
        if depth != 1:
            return Display(draw_back(trace, layer, cell=cell, depth=depth, heading=title))
        layers = (trace[layer],)
    if len(layers) == 1 and isinstance(layers[0], Trace):
        if cell is not None:
            raise UnknownLayer(
                f"cell {cell} is one of a layer, received a model; say which: ds.draw(trace, layer='name')"
            )
        return Display(strip.draw(layers[0], unfold=unfold, heading=title))
    some = tuple(expected(Layer, one) for one in layers)
    return Display(figure.draw(*some, cell=cell, heading=title))


@remembered
def compare(a: Trace, b: Trace, *, unfold: bool = False, title: str | None = None) -> Display:
    """The picture of two models side by side, aligned row by row, and what differs marked.

    Long stretches that are the same in both are drawn as one row; `unfold` draws all of their layers,
    and those of nested models. `title` replaces the title.

    >>> import dense_shapes as ds
    >>> from dense_shapes.readers import spec
    >>> a, b = (spec.trace(f"4,5,1 -> {between}Dense(5)") for between in ("Flatten -> ", ""))
    >>> print(str(ds.compare(a, b)).splitlines()[0])
    sequential and sequential: 0 layers the same, 1 differs, 1 only in the first
    """
    one, other = expected(Trace, a), expected(Trace, b)
    return Display(comparison.compare(one, other, unfold=unfold, heading=title))


def report(trace: Trace) -> Display:
    """All about a model in one place: its table, and each of its layers drawn and explained.

    Saved as `.html`, it is one file that needs no network, in which a reader can point at each cell to
    see what it reads. The layers of a long model are folded.

    >>> import keras, dense_shapes as ds
    >>> model = keras.Sequential([keras.Input((2, 3, 1)), keras.layers.Dense(5, name="five")], name="m")
    >>> text = ds.report(ds.trace(model)).to("html")
    >>> text.count("<table>"), text.count("<figure")
    (1, 1)
    """
    return Display(reports.report(expected(Trace, trace)))


@remembered
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


@remembered
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
