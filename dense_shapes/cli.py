"""The command line: `dense-shapes show | draw | explain | verify`.

What a command needs is imported when it runs, so that the help comes at once, and only `verify`
loads Keras.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
from click.shell_completion import get_completion_class

from dense_shapes import __version__
from dense_shapes.errors import (
    ClaimError,
    DenseShapesError,
    FormatError,
    MisfitError,
    ModelError,
    UnknownLayer,
)
from dense_shapes.options import (
    cell_option,
    columns,
    depth_option,
    examples,
    layer_option,
    listed,
    model,
    spot_option,
)

if TYPE_CHECKING:
    from dense_shapes.axes import Cell, Shape
    from dense_shapes.drawing.lights import Spot
    from dense_shapes.traces import Layer
    from dense_shapes.views import Content

NAME = "dense-shapes"
FORMATS = ("text", "markdown", "html", "latex", "csv", "json")
"""What `show` can write."""
SHELLS = ("bash", "zsh", "fish")
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}
"""What keeps TensorFlow from talking on standard error, and makes its sums the same on every run."""
BROKEN, BAD, INTERRUPTED = 1, 2, 130
"""The exit status where a claim does not hold, where the input is not good, and after Ctrl-C."""


# What the commands share


def write(content: Content, *, dim: Sequence[int] = ()) -> None:
    """Write to standard output, for those who read it there."""
    from dense_shapes.terminal import colourful, encoding_of, shown, width_of

    text = shown(
        content,
        width=width_of(sys.stdout),
        colour=colourful(sys.stdout),
        encoding=encoding_of(sys.stdout),
        dim=dim,
    )
    click.echo(text, color=True)


def write_file(text: str) -> None:
    """Write to standard output what another program reads: in UTF-8, wherever we are."""
    click.echo(text.removesuffix("\n").encode("utf-8", "backslashreplace"))


# The commands


class InOrder(click.Group):
    """A group that lists its commands in the order in which they are written."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The names of the commands."""
        return list(self.commands)


@click.group(
    cls=InOrder,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=examples(
        "dense-shapes show '4,5,1 -> Conv2D(8, 2) -> Dense(5)'",
        "dense-shapes explain '2,3,1 -> Dense(5)' --cell 1,2,4",
        "dense-shapes draw model.keras --layer dense --cell 1,2,4 -o dense.svg",
        "dense-shapes verify model.keras",
    ),
)
@click.version_option(__version__, prog_name=NAME, message="%(prog)s %(version)s")
def cli() -> None:
    """What a layer does to the shape of a tensor, and why.

    SOURCE is a model: a file (.keras, config.json, what model.to_json() or `show --format json`
    wrote, or Python with Keras code), - for standard input, a piece of code, or layers such as
    '4,5,1 -> Dense(5)'. It is read and never executed; only `verify` needs Keras.

    The exit status is 0 with an answer, 1 if a claim does not hold on the real layers, and 2 if
    there is no answer: the source cannot be read, a shape does not fit, a layer does not exist.
    """


@cli.command(
    epilog=examples(
        "dense-shapes show model.keras",
        "dense-shapes show model.py --columns layer,output,signature",
        "dense-shapes show 'Dense(5)' --input-shape 2,3,1",
        "dense-shapes show model.keras --format csv > model.csv",
        "cat model.json | dense-shapes show - --format markdown",
    )
)
@model
@click.option(
    "--format",
    "view",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="How the table is written; json holds all that is known of the model.",
)
@click.option(
    "--columns",
    "chosen",
    callback=listed,
    shell_complete=columns,
    metavar="NAMES",
    help="Which columns, with commas between: layer, kind, input, output, params, formula, macs, "
    "signature.",
)
@click.option("--expand-nested", is_flag=True, help="Show the layers of nested models too.")
def show(
    source: str,
    input_shape: Shape | None,
    view: str,
    chosen: list[str] | None,
    expand_nested: bool,
) -> None:
    """Show a model as a table.

    It has the shapes of each layer, and says how its parameters are counted. In a narrow terminal a
    row stands on several lines. Text is written in the encoding of the terminal, every other format
    in UTF-8.
    """
    from dense_shapes import tables, views
    from dense_shapes.readers import sources
    from dense_shapes.records import to_json

    trace = sources.read(source, input_shape=input_shape)
    names = tables.DEFAULT if chosen is None else chosen
    table = tables.summary(trace, columns=names, expand_nested=expand_nested)
    match view:
        case "json":
            write_file(to_json(trace))
        case "text":
            rows = enumerate(tables.listed(trace, expand_nested))
            write(table, dim=[number for number, (layer, _) in rows if layer.opaque])
        case _:
            write_file(views.render(table, view))


@cli.command(
    epilog=examples(
        "dense-shapes draw model.keras --layer dense --cell 1,2,4 -o dense.svg",
        "dense-shapes draw '2,3,1 -> Flatten() -> Dense(5)' --cell 4 -o flatten.html",
        "dense-shapes draw '2,3,1 -> Dense(5)' --cell kernel:0,3 > dense.svg",
        "dense-shapes draw model.keras --layer dense_1 --cell 0,1,0 --depth 4 -o field.svg",
        "dense-shapes draw model.keras -o model.html",
    )
)
@model
@layer_option
@spot_option
@depth_option
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(),
    help="The file to write: .svg, .html, .png, .pdf, .pgf, .md, .tex or .txt. Without it, or for -, "
    "the SVG goes to standard output; without it, a terminal shows a sketch.",
)
@click.option(
    "--unfold",
    is_flag=True,
    help="Draw repeated blocks as often as they are, and nested models whole.",
)
def draw(
    source: str,
    input_shape: Shape | None,
    names: Sequence[str],
    cell: Spot | None,
    depth: int,
    output: str | None,
    unfold: bool,
) -> None:
    """Draw a model, or a layer cell by cell.

    The picture of a model has each layer with its parameters, and each tensor with its axes. That of
    a layer has its input, kernel, bias and output; with --cell, that number of the output is lit, and
    everything that it reads; or a number of the kernel or the input, and every output that it reaches.
    Several layers, each of which takes what the one before gives, are one picture; with --cell but
    without --layer, all of them are. With --depth, the layers before the one that is named are drawn
    too. An HTML file of a whole model has its table too, and each layer in a picture of its own, in
    which one can point at each cell.
    """
    from dense_shapes import display, selection
    from dense_shapes.readers import sources

    trace = sources.read(source, input_shape=input_shape)
    if output is not None and output.endswith(".html") and not names and cell is None:
        display.report(trace).save(output)
        return
    layers = selection.layers(trace, names)
    if depth > 1:
        picture = display.draw(trace, layer=one_name(names, layers), cell=cell, depth=depth)
    elif names or cell is not None or len(layers) == 1:
        picture = display.draw(*selection.line(trace, names), cell=cell)
    else:
        picture = display.draw(trace, unfold=unfold)
    if output is not None and output != "-":
        picture.save(output)
    elif output is None and sys.stdout.isatty():
        write(picture.content)
    else:
        write_file(picture.to("svg"))


def one_name(names: Sequence[str], layers: Sequence[Layer]) -> str:
    """The name of the layer that is named; of the last one without names.

    Raises `UnknownLayer` if several are named.
    """
    if len(names) > 1:
        raise UnknownLayer(f"--depth counts from one layer; say which: --layer {names[-1]}")
    return names[0] if names else layers[-1].label


@cli.command(
    epilog=examples(
        "dense-shapes explain model.keras",
        "dense-shapes explain model.keras --layer dense",
        "dense-shapes explain '4,5,1 -> Conv2D(8, 2)' --cell 1,2,5",
        "dense-shapes explain '10 -> LSTM(4)'",
    )
)
@model
@layer_option
@cell_option
def explain(
    source: str, input_shape: Shape | None, names: Sequence[str], cell: Cell | None
) -> None:
    """Explain in words what each layer does to the shape.

    With --cell: what one number of the output of a layer is made of. If a layer does not take what
    it is given: what is wrong, and what helps.
    """
    from dense_shapes import selection, words
    from dense_shapes.readers import sources

    try:
        trace = sources.read(source, input_shape=input_shape)
    except MisfitError as error:
        title, *lines = str(error).split("\n")
        write(words.Prose(title, tuple(line.removeprefix("    ") for line in lines)))
        return
    layers = selection.layers(trace, names)
    if cell is not None and len(layers) > 1:
        raise UnknownLayer(f"--cell is a cell of one layer; say which: --layer {layers[-1].label}")
    for number, layer in enumerate(layers):
        if number:
            click.echo()
        write(words.explain(layer, cell=cell))


@cli.command(
    epilog=examples(
        "dense-shapes verify model.keras",
        "dense-shapes verify '4,5,1 -> Conv2D(8, 2) -> Dense(5)'",
    )
)
@model
def verify(source: str, input_shape: Shape | None) -> None:
    """Check every claim on the real layers of Keras.

    A .keras file is loaded by Keras in safe mode, so custom layers and functions cannot be. Code and
    lines of layers are not executed: the layers that they name are made anew, from what they are
    given. What is checked is then: that the model was read as Keras has it, and that each claim holds
    on its layers.
    """
    from dense_shapes.readers import sources

    given = sources.found(source)
    sources.trace(given, input_shape=input_shape)  # what cannot be read is said before Keras loads
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    try:
        from dense_shapes import proofs
        from dense_shapes.readers import rebuild

        model = rebuild.same(given, input_shape=input_shape)
    except ImportError as error:
        raise ModelError(
            "verify runs the real layers, and needs Keras and what it computes with: "
            f"pip install 'dense_shapes[keras]' tensorflow (or jax, or torch); {error}"
        ) from None
    write(proofs.verify(model).content)


@cli.command(
    epilog=examples(
        'eval "$(dense-shapes completion bash)"   # in ~/.bashrc',
        'eval "$(dense-shapes completion zsh)"    # in ~/.zshrc',
        "dense-shapes completion fish | source    # in ~/.config/fish/config.fish",
        title="One line, where your shell begins:",
    )
)
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Write the script with which a shell completes words."""
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(cli, {}, NAME, "_DENSE_SHAPES_COMPLETE").source())


# The program


def failed(error: Exception, status: int) -> int:
    """Say on standard error what went wrong; return the exit status."""
    from dense_shapes.terminal import printable

    click.echo(f"{NAME}: {printable(str(error), sys.stderr.encoding or 'utf-8')}", err=True)
    return status


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, and return its exit status.

    >>> main(["show", "2,3,1 -> Dense(5)", "--columns", "kind,output,params"])
    Model: 'sequential'
    ──────────────────────────────
    Kind   Output           Params
    ──────────────────────────────
    Dense  (None, 2, 3, 5)      10
    ──────────────────────────────
    Total params: 10
    Trainable params: 10
    Non-trainable params: 0
    0
    """
    try:
        status = cli.main(arguments, prog_name=NAME, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return INTERRUPTED
    except ClaimError as error:
        return failed(error, BROKEN)
    except DenseShapesError as error:
        return failed(error, BAD)
    except OSError as error:
        return failed(FormatError(f"{error.filename!r}: {error.strerror}"), BAD)
    return status or 0


def run() -> None:
    """Run the program, and end as others do where nobody reads its output any more."""
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(main())
