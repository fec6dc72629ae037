"""What the commands are given: the values of their options, and what a shell completes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from dense_shapes.errors import DenseShapesError

if TYPE_CHECKING:
    from dense_shapes.axes import Cell, Shape
    from dense_shapes.traces import Trace

F = TypeVar("F", bound=Callable[..., Any])


# The values of the options


def read(text: str | None, kind: str) -> Any:
    """What was typed, read as what it should be."""
    from dense_shapes import typed

    try:
        return None if text is None else getattr(typed, kind)(text)
    except DenseShapesError as error:
        raise click.BadParameter(str(error)) from None


def sizes(_: click.Context, __: click.Parameter, text: str | None) -> Shape | None:
    """The shape that is written as `4,5,1`; `None` and `?` are unknown sizes."""
    found: Shape | None = read(text, "shape")
    return found


def indices(_: click.Context, __: click.Parameter, text: str | None) -> Cell | None:
    """The cell that is written as `1,2,4`."""
    found: Cell | None = read(text, "cell")
    return found


def spot(_: click.Context, __: click.Parameter, text: str | None) -> Cell | tuple[str, Cell] | None:
    """The cell that is written as `1,2,4`, or with the name of its tensor as `kernel:0,3`."""
    found: Cell | tuple[str, Cell] | None = read(text, "spot")
    return found


def listed(_: click.Context, __: click.Parameter, text: str | None) -> list[str] | None:
    """What is written with commas between."""
    found: list[str] | None = read(text, "parts")
    return found


# What a shell is told when it completes a word


def files(_: click.Context, __: click.Parameter, word: str) -> list[CompletionItem]:
    """Any file."""
    return [CompletionItem(word, type="file")]


def columns(_: click.Context, __: click.Parameter, word: str) -> list[CompletionItem]:
    """The columns that are not in the list yet, after those that are."""
    from dense_shapes.tables import COLUMNS

    before, comma, last = word.rpartition(",")
    rest = [name for name in COLUMNS if name not in before.split(",")]
    return [CompletionItem(f"{before}{comma}{it}") for it in rest if it.startswith(last)]


def labels(context: click.Context, _: click.Parameter, word: str) -> list[CompletionItem]:
    """The layers of the source, if it is a file; a name that a shell would act upon is left out."""
    from dense_shapes.readers import sources

    # Where the value of an option is missing, click leaves the arguments as they are.
    given = [context.params.get("source"), *context.args]
    source = next((it for it in given if it and sources.is_file(it)), None)
    if source is None:
        return []
    try:
        trace = sources.read(source, input_shape=context.params.get("input_shape"))
    except (DenseShapesError, OSError):
        return []
    safe = [label for label in labels_of(trace) if re.fullmatch(r"[\w./][\w./#-]*", label)]
    return [CompletionItem(label) for label in safe if label.startswith(word)]


def labels_of(trace: Trace, before: str = "") -> Iterator[str]:
    """How each layer of a model is called, those of nested models too."""
    for layer in trace:
        yield f"{before}{layer.label}"
        if layer.inner:
            yield from labels_of(layer.inner, f"{before}{layer.label}/")


# What the commands take


def model(command: F) -> F:
    """The argument and the option that say which model is meant."""
    shape = click.option(
        "--input-shape",
        callback=sizes,
        metavar="SIZES",
        help="The shape of the input without the batch, as 4,5,1, for a SOURCE that does not say it.",
    )
    return click.argument("source", shell_complete=files)(shape(command))


layer_option = click.option(
    "--layer",
    "names",
    multiple=True,
    metavar="NAME",
    shell_complete=labels,
    help="A layer, as `show` calls it: dense, dense#2 (its second call), block/dense.",
)
cell_option = click.option(
    "--cell",
    callback=indices,
    metavar="INDICES",
    help="One number of the output, as 1,2,4: an index for each axis after the batch.",
)


spot_option = click.option(
    "--cell",
    callback=spot,
    metavar="CELL",
    help="One number to light: of the output, as 1,2,4 (an index for each axis after the batch), or "
    "of another tensor of the picture with its name, as kernel:0,3 or input:1,2,0.",
)
depth_option = click.option(
    "--depth",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="How many layers to draw, counted from the layer back on the longest way.",
)


def examples(*lines: str, title: str = "Examples:") -> str:
    """Examples as they stand at the end of a help page."""
    return "\n".join(["\b", title, *(f"  {line}" for line in lines)])
