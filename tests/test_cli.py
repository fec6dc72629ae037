"""The command line: right answers on standard output, one error on standard error, an exit status."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from click.shell_completion import get_completion_class
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dense_shapes
from dense_shapes import cli, tables, terminal, views
from dense_shapes.errors import ClaimError, ModelError
from dense_shapes.readers import rebuild, sources
from dense_shapes.readers.assembly import Part
from dense_shapes.readers.spec import Layer as SpecLayer
from dense_shapes.readers.spec import Spec
from dense_shapes.records import from_json, to_json
from dense_shapes.rules import RULES, arguments
from dense_shapes.steps import By, Value, apply
from dense_shapes.traces import Trace
from dense_shapes.views import document
from dense_shapes.words import Prose, explain
from tests.models import MODEL_B, chain, nested, opaque
from tests.profiles import examples
from tests.strategies import chains

ROOT = Path(dense_shapes.__file__).parents[1]
SPEC = "4,5,1 -> Conv2D(8, 2) -> Conv2D(1, 2) -> Dense(5) -> Dense(1)"
KERAS = find_spec("keras") is not None
WITH_KERAS = pytest.mark.skipif(not KERAS, reason="Keras is not installed")
POSIX = pytest.mark.skipif(os.name != "posix", reason="this is about POSIX")

CODE = """
import keras
from keras import layers

model = keras.Sequential([
    keras.Input((4, 5, 1)),
    layers.Conv2D(8, (2, 2)),
    layers.Conv2D(1, (2, 2)),
    layers.Dense(5),
    layers.Dense(1),
])
"""


def layer_config(kind: str, **config: Any) -> dict[str, Any]:
    """A layer as a saved model has it."""
    return {"module": "keras.layers", "class_name": kind, "config": config, "registered_name": None}


LAYERS = [
    layer_config("InputLayer", name="input_layer", batch_shape=[None, 4, 5, 1], dtype="float32"),
    layer_config("Conv2D", name="conv2d", filters=8, kernel_size=[2, 2]),
    layer_config("Conv2D", name="conv2d_1", filters=1, kernel_size=[2, 2]),
    layer_config("Dense", name="dense", units=5),
    layer_config("Dense", name="dense_1", units=1),
]
CONFIG = {
    "module": "keras",
    "class_name": "Sequential",
    "config": {"name": "B", "trainable": True, "layers": LAYERS},
    "registered_name": None,
}
"""Model B as Keras saves it, with what its layers have by default left out."""
METADATA = {"keras_version": "3.15.1", "date_saved": "2026-01-01@00:00:00"}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with model B in every form, in which the command runs; no terminal, no colours."""
    with zipfile.ZipFile(tmp_path / "model.keras", "w") as archive:
        archive.writestr("config.json", json.dumps(CONFIG))
        archive.writestr("metadata.json", json.dumps(METADATA))
    (tmp_path / "config.json").write_text(json.dumps(CONFIG), "utf-8")
    (tmp_path / "model.json").write_text(to_json(MODEL_B), "utf-8")
    (tmp_path / "model.py").write_text(CODE, "utf-8")
    (tmp_path / "model.txt").write_text(SPEC, "utf-8")
    monkeypatch.chdir(tmp_path)
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "PYTHONIOENCODING", "LC_ALL", "LC_CTYPE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("TERM", "xterm")
    return tmp_path


@dataclass(frozen=True)
class Result:
    """How the command ended, and what it wrote."""

    status: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in this process."""

    def ran(*arguments: str, stdin: str | bytes = "") -> Result:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), "utf-8"))
        capfdbinary.readouterr()
        status = cli.main(arguments)
        out, err = (text.decode() for text in capfdbinary.readouterr())
        return Result(status, out, err)

    return ran


def command(*arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """Run the command in a process of its own."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), **options.pop("env", {})}
    return subprocess.run(
        [sys.executable, "-m", "dense_shapes", *arguments],
        env=env,
        capture_output=True,
        timeout=300,
        check=False,
        **options,
    )


def answered(result: Result) -> str:
    """What was written, where nothing went wrong."""
    assert (result.status, result.err) == (0, "")
    return result.out


def refused(result: Result, status: int = 2) -> str:
    """What was said, where there was no answer: on standard error, and without a traceback."""
    assert (result.status, result.out) == (status, "")
    assert "Traceback" not in result.err
    assert result.err.endswith("\n")
    return result.err


# show


SOURCES = ["model.keras", "config.json", "model.json", "model.py", "model.txt", SPEC, CODE]


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_of_a_model_gives_the_same_numbers(run: Run, source: str) -> None:
    out = answered(run("show", source, "--columns", "kind,input,output,params,formula"))
    title, *rest = out.splitlines()
    assert title.startswith("Model: ")
    # Model B: (2 x 2 x 1 + 1) x 8 = 40, (2 x 2 x 8 + 1) x 1 = 33, (1 + 1) x 5 = 10, (5 + 1) x 1 = 6.
    assert rest[2:9] == [
        "─" * len(rest[0]),
        "Conv2D  (None, 4, 5, 1)  (None, 3, 4, 8)      40  (2 × 2 × 1 + 1) × 8",
        "Conv2D  (None, 3, 4, 8)  (None, 2, 3, 1)      33  (2 × 2 × 8 + 1) × 1",
        "Dense   (None, 2, 3, 1)  (None, 2, 3, 5)      10  (1 + 1) × 5",
        "Dense   (None, 2, 3, 5)  (None, 2, 3, 1)       6  (5 + 1) × 1",
        "─" * len(rest[0]),
        "Total params: 89",
    ]


@pytest.mark.parametrize("source", ["config.json", "model.json", "model.py", "model.txt"])
def test_standard_input_is_read_as_a_file_is(run: Run, source: str) -> None:
    text = Path(source).read_text("utf-8")
    assert answered(run("show", "-", stdin=text)) == answered(run("show", source))


def test_a_byte_order_mark_does_not_matter(run: Run) -> None:
    out = answered(run("show", "-", stdin=b"\xef\xbb\xbf" + SPEC.encode()))
    assert out == answered(run("show", SPEC))


@pytest.mark.parametrize("view", ["text", "markdown", "html", "latex", "csv"])
def test_a_table_is_written_in_each_format(run: Run, view: str) -> None:
    out = answered(run("show", "model.json", "--format", view))
    assert out == views.render(tables.summary(MODEL_B), view) + "\n"


def test_json_is_the_whole_model_and_is_read_again(run: Run) -> None:
    out = answered(run("show", "model.json", "--format", "json"))
    assert from_json(out) == MODEL_B
    assert answered(run("show", "-", "--format", "json", stdin=out)) == out


def test_the_formats_are_those_of_tables_and_json() -> None:
    tables_only = [view for view in views.VIEWS if view != "svg"]
    assert [*cli.FORMATS] == [*tables_only, "json"]


def test_the_columns_are_chosen_and_ordered(run: Run) -> None:
    out = answered(run("show", SPEC, "--columns", "macs, params,layer", "--format", "csv"))
    assert [row[:2] for row in csv.reader(io.StringIO(out))] == [
        ["Multiply-adds", "Params"],
        [str(3 * 4 * 8 * 4), "40"],
        [str(2 * 3 * 32), "33"],
        [str(2 * 3 * 5), "10"],
        [str(2 * 3 * 5), "6"],
    ]


def test_nested_layers_are_shown_where_they_are_asked_for(run: Run) -> None:
    inner = chain("inner", (None, 4), ("Dense", {"units": 4}), path="block/")
    trace = Trace("outer", inner.inputs, (nested("block", inner),), ((0, 0),))
    text = to_json(trace)
    assert "  dense  Dense" not in answered(run("show", "-", stdin=text))
    assert "  dense  Dense" in answered(run("show", "-", "--expand-nested", stdin=text))


@pytest.mark.parametrize("shape", ["2,3,1", "(2, 3, 1)", " 2, 3,1 "])
def test_an_input_shape_can_be_given(run: Run, shape: str) -> None:
    out = answered(run("show", "Dense(5)", "--input-shape", shape, "--columns", "output,params"))
    assert "(None, 2, 3, 5)      10" in out


@pytest.mark.parametrize(
    ("shape", "output"), [("None,1", "(None, None, 5)"), ("?, 1", "(None, None, 5)")]
)
def test_a_size_of_the_input_may_be_unknown(run: Run, shape: str, output: str) -> None:
    assert output in answered(run("show", "Dense(5)", "--input-shape", shape))


def test_an_input_shape_for_code_that_does_not_say_it(run: Run) -> None:
    code = "model = keras.Sequential([keras.layers.Dense(5)])"
    assert "(None, 2, 3, 5)" in answered(run("show", code, "--input-shape", "2,3,1"))


@pytest.mark.parametrize("source", [SPEC, "model.keras", "model.py"])
def test_an_input_shape_is_for_a_source_without_one(run: Run, source: str) -> None:
    assert answered(run("show", source, "--input-shape", "4,5,1")) == answered(run("show", source))
    err = refused(run("show", source, "--input-shape", "4,5,2"))
    assert "(None, 4, 5, 1)" in err
    assert "(None, 4, 5, 2)" in err


# draw


@pytest.mark.parametrize(
    ("name", "view"),
    [
        ("it.svg", "svg"),
        ("it.html", "html"),
        ("it.md", "markdown"),
        ("it.txt", "text"),
        ("it.tex", "latex"),
    ],
)
def test_a_picture_is_written_to_a_file(run: Run, name: str, view: str) -> None:
    arguments = ("draw", "model.json", "--layer", "dense", "--cell", "1,2,4", "-o", name)
    assert answered(run(*arguments)) == ""
    picture = dense_shapes.draw(MODEL_B["dense"], cell=(1, 2, 4))
    text = document(picture.content) if view == "html" else picture.to(view)
    assert Path(name).read_text("utf-8") == text.rstrip("\n") + "\n"


@pytest.mark.parametrize("output", [(), ("-o", "-")])
def test_a_picture_goes_to_standard_output_as_svg(run: Run, output: Sequence[str]) -> None:
    out = answered(run("draw", "model.json", "--layer", "dense", *output))
    assert ET.fromstring(out).tag == "{http://www.w3.org/2000/svg}svg"
    assert out == dense_shapes.draw(MODEL_B["dense"]).to("svg")


@pytest.mark.parametrize(("output", "start"), [((), "Dense 'dense': "), (("-o", "-"), "<svg ")])
def test_a_terminal_shows_a_picture_as_a_sketch(
    run: Run, monkeypatch: pytest.MonkeyPatch, output: Sequence[str], start: str
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    out = answered(run("draw", "model.json", "--layer", "dense", "--cell", "1,2,4", *output))
    assert out.startswith(start)
    assert "output[1, 2, 4] = input[1, 2, 0]" in out.replace("\n  ", " ").replace("\u00a0", " ")
    assert ("□□□□■" in out) is not bool(output)


def test_a_terminal_for_ascii_shows_a_plain_sketch(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    out = answered(run("draw", "model.json", "--layer", "dense", "--cell", "1,2,4"))
    assert out.isascii()
    assert "oooo#" in out


@pytest.mark.parametrize(("options", "unfold"), [((), False), (("--unfold",), True)])
def test_a_model_is_drawn_as_a_model(run: Run, options: Sequence[str], unfold: bool) -> None:
    deep = f"4 -> {' -> '.join(['Dense(4)'] * 9)}"
    for source in ("model.keras", deep):
        out = answered(run("draw", source, *options))
        assert out == dense_shapes.draw(sources.read(source), unfold=unfold).to("svg")
    assert ("× 9" in out) is not unfold


@pytest.mark.parametrize("source", ["2,3,1 -> Dense(5)", "x = Input((2, 3, 1)); y = Dense(5)(x)"])
def test_a_model_of_one_layer_is_drawn_cell_by_cell(run: Run, source: str) -> None:
    layer = sources.read(source)[-1]
    assert answered(run("draw", source)) == dense_shapes.draw(layer).to("svg")


def test_a_model_with_a_cell_is_the_picture_of_all_its_layers(run: Run) -> None:
    out = answered(run("draw", "model.keras", "--cell", "0,0,0"))
    assert out == dense_shapes.draw(*sources.read("model.keras"), cell=(0, 0, 0)).to("svg")


def test_a_cell_of_any_tensor_is_lit(run: Run) -> None:
    out = answered(run("draw", "model.json", "--layer", "dense", "--cell", "kernel:0,3"))
    assert out == dense_shapes.draw(MODEL_B["dense"], cell=("kernel", (0, 3))).to("svg")
    assert "kernel[0, 3] is used by 6 of the 30 outputs" in out


def test_what_a_number_reads_any_number_of_layers_back(run: Run) -> None:
    arguments = ("--layer", "dense_1", "--cell", "0,1,0", "--depth", "4")
    out = answered(run("draw", "model.json", *arguments))
    expected = dense_shapes.draw(MODEL_B, layer="dense_1", cell=(0, 1, 0), depth=4)
    assert out == expected.to("svg")
    assert answered(run("draw", "model.json", *arguments[2:])) == out


def test_an_html_file_of_a_model_is_a_report(run: Run) -> None:
    assert answered(run("draw", "model.json", "-o", "it.html")) == ""
    dense_shapes.report(MODEL_B).save("expected.html")
    assert Path("it.html").read_bytes() == Path("expected.html").read_bytes()
    answered(run("draw", "model.json", "--layer", "dense", "-o", "one.html"))
    dense_shapes.draw(MODEL_B["dense"]).save("expected.html")
    assert Path("one.html").read_bytes() == Path("expected.html").read_bytes()


def test_several_layers_are_one_picture_where_they_follow_each_other(run: Run) -> None:
    out = answered(run("draw", "model.json", "--layer", "dense", "--layer", "dense_1"))
    assert out == dense_shapes.draw(MODEL_B["dense"], MODEL_B["dense_1"]).to("svg")
    err = refused(run("draw", "model.json", "--layer", "conv2d", "--layer", "dense"))
    assert "layer 'dense' does not take just what 'conv2d' gives" in err


def test_branches_of_the_same_shape_are_not_one_picture(run: Run) -> None:
    # Both take the input: drawn as one chain, the picture would be wrong.
    both = chain("both", (None, 3), ("Dense", {"units": 3}), ("Dense", {"units": 3}))
    record = json.loads(to_json(both))
    record["layers"][1]["sources"] = [[-1, 0]]
    layers = ("--layer", "dense", "--layer", "dense_1")
    err = refused(run("draw", "-", *layers, stdin=json.dumps(record)))
    assert err == (
        "dense-shapes: layer 'dense_1' does not take just what 'dense' gives, so the two are not one "
        "picture; draw one layer alone, as dense_1\n"
    )
    assert answered(run("draw", "-", stdin=json.dumps(record))).count('<rect class="node"') == 3


# explain


def test_every_layer_is_explained(run: Run) -> None:
    out = answered(run("explain", "model.json"))
    parts = [views.render(explain(layer), "text") for layer in MODEL_B]
    assert out == "\n\n".join(parts) + "\n"


def test_one_number_of_one_layer_is_explained(run: Run) -> None:
    out = answered(run("explain", "model.json", "--layer", "dense", "--cell", "(1, 2, 4)"))
    assert out.splitlines()[1] == "  output[1, 2, 4] = input[1, 2, 0] × kernel[0, 4] + bias[4]"
    # A model of one layer needs no name.
    again = answered(run("explain", "2,3,1 -> Dense(5)", "--cell", "1,2,4"))
    assert again.splitlines()[1:] == out.splitlines()[1:]


def test_a_model_that_does_not_fit_is_a_lesson_and_no_failure(run: Run) -> None:
    wrong = "28,28 -> Conv2D(8, 3)"
    first, *rest = answered(run("explain", wrong)).splitlines()
    assert "expected min_ndim=4, found ndim=3" in " ".join(rest)
    assert "What helps: a channel axis: Reshape((28, 28, 1))" in " ".join(rest)
    assert all(line.startswith("  ") for line in rest)
    err = refused(run("show", wrong))
    assert err.startswith(f"dense-shapes: {first.strip()}\n")


# What is refused


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "missing.keras"), "there is no file 'missing.keras'"),
        (("show", "folder/missing.json"), "there is no file 'folder/missing.json'"),
        (("show", "nonsense"), "nonsense"),
        (("show", ""), "expected a model"),
        (("show", "."), "'.' is a folder"),
        (("show", "\0"), "dense-shapes: "),
        (("show", "x" * 5000), "dense-shapes: "),
        (("show", "{"), "expected"),
        (("show", "{}"), "dense-shapes: "),
        (("show", "2,3 -> Dens(5)"), "did you mean 'Dense'?"),
        (("show", "2,3 -> Dense(5"), "'(' is never closed"),
        (("show", "Dense(5)"), "shape"),
        (("show", "import os"), "dense-shapes: "),
        (("show", SPEC, "--columns", "sizes"), "no column is called 'sizes'; the columns are: layer,"),
        (("show", SPEC, "--columns", ""), "the columns are: layer,"),
        (("show", SPEC, "--format", "pdf"), "'pdf' is not one of 'text', 'markdown'"),
        (("show", SPEC, "--input-shape", "big"), "expected sizes without the batch, as 4,5,1"),
        (("show", SPEC, "--input-shape", "-1"), "expected sizes without the batch, as 4,5,1"),
        (("show",), "Missing argument 'SOURCE'"),
        (("show", SPEC, "more"), "unexpected extra argument"),
        (("shew", SPEC), "No such command 'shew'"),
        (("show", SPEC, "--colour"), "No such option"),
        (("explain", SPEC, "--layer", "dens"), "no layer is called 'dens'"),
        (("explain", SPEC, "--layer", "dense", "--cell", "1,2"), "expected 3 indices"),
        (("explain", SPEC, "--layer", "dense", "--cell", "1,2,5"), "index 5 on an axis of size 5"),
        (("explain", SPEC, "--layer", "dense", "--cell", "-1,2,3"), "index -1"),
        (("explain", SPEC, "--layer", "dense", "--cell", "x"), "expected an index for each axis"),
        (("explain", SPEC, "--cell", "1,2,4"), "say which: --layer dense_1"),
        (("draw", SPEC, "--layer", "dens"), "no layer is called 'dens'"),
        (("draw", SPEC, "--layer", "dense", "--cell", "9,9,9"), "index 9 on an axis of size 2"),
        (("draw", SPEC, "--layer", "dense", "--cell", "k:0"), "no tensor that is called 'k'; it has: "),
        (
            ("draw", SPEC, "--layer", "dense", "--layer", "dense_1", "--depth", "2"),
            "say which: --layer dense_1",
        ),
        (("draw", SPEC, "-o", "it.gif"), "expected a file that ends in .txt, .md, .html,"),
        (("draw", SPEC, "-o", "it.csv"), "is no table"),
        (("draw", SPEC, "-o", "missing/it.svg"), "missing/it.svg"),
        (("completion", "tcsh"), "'tcsh' is not one of 'bash', 'zsh', 'fish'"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered(run: Run, here: Path, arguments: Sequence[str], said: str) -> None:
    before = sorted(here.iterdir())
    err = refused(run(*arguments))
    assert said in err
    assert sorted(here.iterdir()) == before


ONE_LINE = [
    ("show", "missing.keras"),
    ("show", "{"),
    ("show", SPEC, "--columns", "sizes"),
    ("explain", SPEC, "--layer", "dens"),
    ("explain", SPEC, "--layer", "dense", "--cell", "1,2,5"),
    ("draw", SPEC, "-o", "missing/it.svg"),
]


@pytest.mark.parametrize("arguments", ONE_LINE)
def test_an_error_is_one_line(run: Run, arguments: Sequence[str]) -> None:
    err = refused(run(*arguments))
    assert err.startswith("dense-shapes: ")
    assert err.count("\n") == 1


def test_an_error_in_a_line_of_layers_points_at_the_place(run: Run) -> None:
    first, line, caret = refused(run("show", "2,3 -> Dens(5)")).splitlines()
    assert first.startswith("dense-shapes: ")
    assert line == "    2,3 -> Dens(5)"
    assert caret == "           ^^^^"


def test_bytes_that_are_no_text_are_refused(run: Run) -> None:
    Path("it.py").write_bytes(b"\xff\xfe\x00")
    assert "it.py" in refused(run("show", "it.py"))
    assert "standard input" in refused(run("show", "-", stdin=b"\xff\xfe\x00"))
    archive = Path("model.keras").read_bytes()
    assert "standard input" in refused(run("show", "-", stdin=archive))


@POSIX
def test_a_file_that_may_not_be_read_or_written(run: Run, here: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read and write everything")
    Path("model.keras").chmod(0)
    assert "Permission denied" in refused(run("show", "model.keras"))
    (here / "closed").mkdir(mode=0o500)
    assert "Permission denied" in refused(run("draw", SPEC, "-o", "closed/it.svg"))


def test_a_file_name_does_not_control_the_terminal(run: Run) -> None:
    err = refused(run("show", "\x1b[31mred.keras"))
    assert "\x1b" not in err


def test_a_claim_that_fails_is_another_exit_status(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(source: str, *, input_shape: object) -> Trace:
        raise ClaimError("layer 'dense' (Dense): the rule says 5, the file says 6")

    monkeypatch.setattr(sources, "read", read)
    for name in ("show", "draw", "explain"):
        err = refused(run(name, "model.keras"), status=1)
        assert err == "dense-shapes: layer 'dense' (Dense): the rule says 5, the file says 6\n"


WORDS = [
    *(
        "->",
        "Dense(5)",
        "4,5,1",
        "Conv2D(8, 2)",
        "LSTM(3)",
        "Flatten",
        "Sequential(",
        "Model",
        "Input",
    ),
    *(
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        "=",
        "-",
        "#",
        "\\",
        '"',
        "'",
        "\n",
        "\t",
        "\0",
        "→",
        "猫",
    ),
    *("keras.", "model", ".add(", "import os", "1", "None", "--cell", "x"),
]


@settings(max_examples=examples(150), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join) | st.text(max_size=20))
def test_any_text_is_answered_or_refused(run: Run, text: str) -> None:
    result = run("explain", "--", text)
    assert result.status in (0, 2)
    assert bool(result.err) == (result.status == 2)
    assert "Traceback" not in result.err


# Standard output


@settings(max_examples=examples(60))
@given(chains())
def test_a_wide_terminal_shows_what_the_text_view_shows(trace: Trace) -> None:
    table = tables.summary(trace, columns=[*tables.COLUMNS])
    assert terminal.shown(table) == views.render(table, "text")
    assert terminal.shown(table, width=10_000) == views.render(table, "text")


@pytest.mark.parametrize("content", [Prose("A title", ("One.", "Two.")), explain(MODEL_B["dense"])])
def test_prose_is_shown_as_the_text_view_shows_it(content: Prose) -> None:
    assert terminal.shown(content) == views.render(content, "text")


@settings(max_examples=examples(60))
@given(chains(), st.integers(20, 120))
def test_a_narrow_terminal_loses_nothing(trace: Trace, width: int) -> None:
    table = tables.summary(trace, columns=[*tables.COLUMNS])
    text = terminal.shown(table, width=width)
    assert all(len(line) <= width for line in text.splitlines())
    assert all(line and line == line.rstrip() for line in text.splitlines())
    whole = re.sub(r"\s", "", text)
    for row in table.rows:
        for entry in row.entries:
            assert re.sub(r"\s", "", tables.written(entry)) in whole


def test_a_table_in_sixty_columns(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert answered(run("show", "model.json")).splitlines() == [
        "Model: 'B'",
        "─" * 58,
        "Layer     Kind    Input            Output           Params",
        "    Formula",
        "─" * 58,
        "conv2d    Conv2D  (None, 4, 5, 1)  (None, 3, 4, 8)      40",
        "    (2 × 2 × 1 + 1) × 8",
        "conv2d_1  Conv2D  (None, 3, 4, 8)  (None, 2, 3, 1)      33",
        "    (2 × 2 × 8 + 1) × 1",
        "dense     Dense   (None, 2, 3, 1)  (None, 2, 3, 5)      10",
        "    (1 + 1) × 5",
        "dense_1   Dense   (None, 2, 3, 5)  (None, 2, 3, 1)       6",
        "    (5 + 1) × 1",
        "─" * 58,
        "Total params: 89",
        "Trainable params: 89",
        "Non-trainable params: 0",
    ]


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "env", "expected"),
    [
        (Screen(), {}, True),
        (io.StringIO(), {}, False),
        (Screen(), {"NO_COLOR": "1"}, False),
        (Screen(), {"NO_COLOR": ""}, True),
        (Screen(), {"TERM": "dumb"}, False),
        (io.StringIO(), {"FORCE_COLOR": "1"}, True),
        (io.StringIO(), {"FORCE_COLOR": ""}, False),
        (Screen(), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_when_there_are_colours(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, env: dict[str, str], expected: bool
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert terminal.colourful(stream) is expected


def test_how_wide_the_output_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "get_terminal_size", lambda: os.terminal_size((72, 20)))
    assert terminal.width_of(io.StringIO()) is None
    assert terminal.width_of(Screen()) == 72
    for columns, expected in (("60", 60), ("0", 72), ("wide", 72), ("", 72)):
        monkeypatch.setenv("COLUMNS", columns)
        assert terminal.width_of(Screen()) == expected


BOLD, CYAN, DIM, RESET = "\x1b[1m", "\x1b[36m", "\x1b[2m", "\x1b[0m"


def test_colours_are_few_and_switched_off_again(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    first = chain("m", (None, 3), ("Dense", {"units": 3}))
    trace = Trace(
        "m", first.inputs, (*first, opaque("odd", (None, 3), (None, 5), source=0)), ((1, 0),)
    )
    plain = answered(run("show", "-", stdin=to_json(trace)))
    assert "\x1b" not in plain
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = answered(run("show", "-", stdin=to_json(trace)))
    title, rule, head, _, dense, odd, *_ = coloured.splitlines()
    assert title == f"{BOLD}Model: 'm'{RESET}"
    assert head.startswith(f"{CYAN}Layer")
    assert odd.startswith(f"{DIM}odd")
    assert "\x1b" not in rule + dense
    assert coloured.count("\x1b") == 6
    assert re.sub(r"\x1b\[\d+m", "", coloured) == plain


def test_a_name_does_not_control_the_terminal(run: Run) -> None:
    trace = chain("\x1b[31m\x07", (None, 3), ("Dense", {"units": 3}))
    record = json.loads(to_json(trace))
    record["layers"][0]["name"] = "\x1b[2J\r\x9b1m"
    out = answered(run("show", "-", stdin=json.dumps(record)))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", out)


def test_a_name_of_several_lines_stays_in_its_row(run: Run) -> None:
    record = json.loads(to_json(MODEL_B))
    record["layers"][0]["name"] = "a\n─────\nTotal params: 0"
    out = answered(run("show", "-", stdin=json.dumps(record)))
    assert "\nTotal params: 0" not in out
    assert len(out.splitlines()) == len(answered(run("show", "model.json")).splitlines())


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_terminal_that_cannot_show_every_sign(encoding: str) -> None:
    result = command("show", SPEC, env={"PYTHONIOENCODING": encoding})
    assert (result.returncode, result.stderr) == (0, b"")
    times = "x" if encoding == "ascii" else "×"
    text = result.stdout.decode(encoding)
    assert f"(2 {times} 2 {times} 1 + 1) {times} 8" in text
    assert "-----------" in text


@pytest.mark.parametrize("view", ["html", "json", "markdown"])
def test_what_a_program_reads_is_utf_8_everywhere(view: str) -> None:
    result = command("show", SPEC, "--format", view, env={"PYTHONIOENCODING": "ascii"})
    assert (result.returncode, result.stderr) == (0, b"")
    assert "(2 × 2 × 1 + 1) × 8" in result.stdout.decode("utf-8")


def test_an_error_with_a_sign_that_the_terminal_cannot_show() -> None:
    result = command("show", "猫.keras", env={"PYTHONIOENCODING": "ascii"})
    assert result.returncode == 2
    assert result.stderr == b"dense-shapes: there is no file '?.keras'\n"


def test_half_a_character_is_no_failure(run: Run) -> None:
    record = json.loads(to_json(MODEL_B))
    record["name"] = "\ud800"
    for view in cli.FORMATS:
        out = answered(run("show", "-", "--format", view, stdin=json.dumps(record)))
        if view == "json":
            assert json.loads(out)["name"] == "\ud800"


@POSIX
@pytest.mark.parametrize(
    "arguments", [("show", "deep.json"), ("--help",), ("show", "deep.json", "--format", "csv")]
)
def test_a_reader_who_goes_away_is_no_failure(arguments: Sequence[str]) -> None:
    trace = chain("deep", (None, 3), *[("Dense", {"units": 3})] * 2000)
    Path("deep.json").write_text(to_json(trace), "utf-8")
    read, write = os.pipe()
    os.close(read)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with os.fdopen(write, "wb") as stdout:
        result = subprocess.run(
            [sys.executable, "-m", "dense_shapes", *arguments],
            env=env,
            stdout=stdout,
            stderr=subprocess.PIPE,
            check=False,
            timeout=300,
        )
    assert result.stderr == b""
    assert result.returncode == -signal.SIGPIPE


@POSIX
def test_ctrl_c_is_no_failure() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WAITING],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err.strip()) == (130, b"", b"")


WAITING = """
import sys
from dense_shapes import cli
from dense_shapes.readers import sources
print("ready", flush=True)
sys.argv[1:] = ["show", "-"]
cli.run()
"""


# Help, version, and what is loaded


COMMANDS = ["show", "draw", "explain", "verify", "completion"]


def test_the_commands() -> None:
    assert list(cli.cli.commands) == COMMANDS


def test_the_help_lists_the_commands_in_order_and_in_whole_sentences(run: Run) -> None:
    body = answered(run("--help")).partition("Commands:\n")[2].partition("\n\n")[0]
    assert [line.split()[0] for line in body.splitlines()] == COMMANDS
    assert all(line.endswith(".") and not line.endswith("..") for line in body.splitlines())


@pytest.mark.parametrize("arguments", [(), *((name,) for name in COMMANDS)])
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_command_has_a_help(run: Run, arguments: Sequence[str], option: str) -> None:
    out = answered(run(*arguments, option))
    assert out.startswith(f"Usage: {' '.join(['dense-shapes', *arguments])} [OPTIONS]")
    assert all(len(line) <= 100 for line in out.splitlines())
    assert out.isascii()


def test_the_version(run: Run) -> None:
    assert answered(run("--version")) == f"dense-shapes {dense_shapes.__version__}\n"


def test_the_help_names_every_column(run: Run) -> None:
    out = " ".join(answered(run("show", "--help")).split())
    assert ", ".join(tables.COLUMNS) in out


LOADED = """
import json, sys
from dense_shapes import cli
statuses = [cli.main(arguments) for arguments in {runs}]
heavy = {{"numpy", "keras", "tensorflow", "matplotlib", "sphinx", "IPython"}}
print(json.dumps([statuses, sorted(heavy & set(sys.modules))]))
"""


def test_nothing_but_verify_needs_a_framework() -> None:
    runs = [["--help"], ["show", "model.keras"], ["show", SPEC], ["explain", "model.py"]]
    runs += [["draw", "model.json", "-o", "it.svg"], ["show", "model.txt", "--format", "html"]]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    code = LOADED.format(runs=runs)
    result = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, check=True, timeout=300
    )
    last = result.stdout.decode().splitlines()[-1]
    assert json.loads(last) == [[0] * len(runs), []]


def test_the_help_loads_no_reader_and_no_rule() -> None:
    code = "import sys; from dense_shapes import cli; cli.main(['--help']); print(*sys.modules)"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, check=True, timeout=300
    )
    names = result.stdout.decode().splitlines()[-1].split()
    ours = sorted(name for name in names if name.startswith("dense_shapes"))
    assert ours == ["dense_shapes", *(f"dense_shapes.{it}" for it in ("cli", "errors", "options"))]


def test_the_package_names_the_command() -> None:
    path = ROOT / "pyproject.toml"
    if not path.exists():
        pytest.skip("the package is installed")
    scripts = tomllib.loads(path.read_text("utf-8"))["project"]["scripts"]
    assert scripts == {"dense-shapes": "dense_shapes.cli:run"}
    assert callable(cli.run)


def test_the_module_runs_as_the_command_does() -> None:
    result = command("--version")
    assert result.stdout.decode().strip() == f"dense-shapes {dense_shapes.__version__}"


def pages() -> Iterator[tuple[str, str]]:
    """The help of each command, by its name."""
    top = cli.cli.make_context("dense-shapes", [], resilient_parsing=True)
    yield "", cli.cli.get_help(top)
    for name, one in cli.cli.commands.items():
        context = one.make_context(name, [], parent=top, resilient_parsing=True)
        yield name, one.get_help(context)


EXAMPLES = [
    (name, line.strip())
    for name, page in pages()
    for line in page.partition("Examples:")[2].splitlines()
    if line.strip()
]


def test_every_command_shows_examples() -> None:
    assert {name for name, _ in EXAMPLES} == {"", *COMMANDS} - {"completion"}
    assert all("dense-shapes" in line for _, line in EXAMPLES)


@POSIX
@pytest.mark.parametrize(("name", "line"), EXAMPLES, ids=[line for _, line in EXAMPLES])
def test_an_example_of_the_help_works(here: Path, name: str, line: str) -> None:
    if " verify " in line:
        if not KERAS:
            pytest.skip("Keras is not installed")
        saved(CODE, "model.keras")
    with in_shell(here) as env:
        result = subprocess.run(
            ["sh", "-ec", line], env=env, capture_output=True, check=False, timeout=300
        )
    assert result.returncode == 0, result.stderr.decode()
    written = [path for path in here.iterdir() if path.suffix in (".svg", ".html", ".csv")]
    assert result.stdout or written


@contextlib.contextmanager
def in_shell(folder: Path) -> Iterator[dict[str, str]]:
    """An environment in which `dense-shapes` is a command."""
    script = folder / "bin" / "dense-shapes"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m dense_shapes "$@"\n', "utf-8")
    script.chmod(0o755)
    path = f"{script.parent}{os.pathsep}{os.environ['PATH']}"
    yield {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    shutil.rmtree(script.parent)


# Completion


def completed(*words: str) -> list[tuple[str, str]]:
    """What is offered for the last of the words."""
    kind = get_completion_class("bash")
    assert kind is not None
    complete = kind(cli.cli, {}, "dense-shapes", "_DENSE_SHAPES_COMPLETE")
    return [(item.type, item.value) for item in complete.get_completions([*words[:-1]], words[-1])]


def plain(*words: str) -> list[tuple[str, str]]:
    """Words that are offered."""
    return [("plain", word) for word in words]


def test_what_is_completed() -> None:
    assert completed("sh") == plain("show")
    assert completed("show", "mod") == [("file", "mod")]
    assert completed("show", "model.keras", "--format", "") == plain(*cli.FORMATS)
    assert completed("show", "model.keras", "--format", "ma") == plain("markdown")
    assert completed("show", "model.keras", "--columns", "") == plain(*tables.COLUMNS)
    assert completed("show", "model.keras", "--columns", "layer,k") == plain("layer,kind")
    assert ("plain", "layer,layer") not in completed("show", "it", "--columns", "layer,")
    assert completed("completion", "") == plain("bash", "zsh", "fish")
    assert ("plain", "--cell") in completed("draw", "model.keras", "--c")


def test_the_layers_of_a_file_are_completed() -> None:
    assert completed("draw", "model.keras", "--layer", "de") == plain("dense", "dense_1")
    assert completed("explain", "model.json", "--layer", "c") == plain("conv2d", "conv2d_1")
    assert completed("draw", "missing.keras", "--layer", "") == []
    assert completed("draw", SPEC, "--layer", "") == []
    assert completed("draw", "--layer", "") == []


def test_a_layer_whose_name_a_shell_would_act_upon_is_not_offered() -> None:
    inner = chain("inner", (None, 4), ("Dense", {"units": 4}), path="block/")
    layers = [nested("block", inner, source=number - 1) for number in range(5)]
    names = ["block", "$(touch it)", "a b", "`it`", "-o"]
    record = json.loads(to_json(Trace("outer", inner.inputs, tuple(layers[:1]), ((0, 0),))))
    [first] = record["layers"]
    record["layers"] = [
        {**first, "name": name, "sources": [[number - 1, 0]]} for number, name in enumerate(names)
    ]
    record |= {"outputs": [[4, 0]], "macs": 5 * record["macs"]}
    Path("odd.json").write_text(json.dumps(record), "utf-8")
    assert completed("draw", "odd.json", "--layer", "") == plain("block", "block/dense")


@pytest.mark.parametrize("shell", cli.SHELLS)
def test_a_script_for_each_shell(run: Run, shell: str) -> None:
    out = run("completion", shell).out
    assert "dense-shapes" in out
    assert "_DENSE_SHAPES_COMPLETE" in out
    if interpreter := shutil.which(shell):
        check = subprocess.run([interpreter, "-n"], input=out.encode(), check=False)
        assert check.returncode == 0


@POSIX
@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
def test_bash_completes_with_the_script(here: Path) -> None:
    script = """
    eval "$(dense-shapes completion bash)"
    COMP_WORDS=(dense-shapes draw model.keras --layer de) COMP_CWORD=4
    _dense_shapes_completion dense-shapes
    printf '%s\\n' "${COMPREPLY[@]}"
    """
    with in_shell(here) as env:
        result = subprocess.run(
            ["bash", "-ec", script], env=env, capture_output=True, check=True, timeout=300
        )
    assert result.stdout.decode().split() == ["dense", "dense_1"]


# verify


def test_without_keras_it_is_said_how_to_get_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)
    err = refused(run("verify", SPEC))
    assert err.count("\n") == 1
    assert "verify runs the real layers, and needs Keras" in err
    assert "pip install 'dense_shapes[keras]'" in err


FUNCTIONAL = """
x = keras.Input((6, 4), name="x")
dense = layers.Dense(3, name="twice")
a, b = dense(x), layers.Dense(3, trainable=False)(x)
y = layers.Concatenate()([dense(layers.Dense(4)(a)), layers.Subtract()([a, b])])
block = keras.Sequential([keras.Input((6, 6)), layers.Conv1D(2, 3), layers.Flatten()], name="block")
model = keras.Model(x, [block(y), layers.LSTM(2)(y)], name="functional")
"""
CUSTOM = """
class Mine(layers.Layer):
    def call(self, x):
        return x

model = keras.Sequential([keras.Input((4,)), Mine(), layers.Dense(2)])
"""
LAMBDA = """
touch = layers.Lambda(lambda x: __import__("pathlib").Path("it").touch() or x)
model = keras.Sequential([keras.Input((4,)), touch, layers.Dense(2)])
"""


def saved(code: str, path: str) -> Any:
    """The model that this code, which is ours, builds; and a file with it."""
    import keras

    keras.utils.clear_session(free_memory=False)
    names: dict[str, Any] = {"keras": keras, "layers": keras.layers}
    exec(code, names)
    names["model"].save(path)
    return names["model"]


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keras, which has said all that it says when it is loaded."""
    for name, value in cli.QUIET.items():
        monkeypatch.setenv(name, value)
    import keras

    keras.utils.clear_session(free_memory=False)


@WITH_KERAS
@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("code", [CODE, FUNCTIONAL], ids=["sequential", "functional"])
@pytest.mark.parametrize("form", ["keras", "json", "code"])
def test_every_claim_is_checked_whatever_the_source_is(run: Run, code: str, form: str) -> None:
    model = saved(code, "real.keras")
    Path("real.json").write_text(model.to_json(), "utf-8")
    source = {"keras": "real.keras", "json": "real.json", "code": code}[form]
    out = answered(run("verify", source))
    assert out.startswith("Proof of ")
    assert "\nEvery claim holds.\n" in out
    for layer in (it for it in dense_shapes.trace(model).calls if it.inputs):
        assert re.search(rf"^{re.escape(layer.label)} +{layer.kind} +as in Keras +[1-9]", out, re.M)


@WITH_KERAS
@pytest.mark.usefixtures("quiet")
def test_layers_in_a_line_are_verified(run: Run) -> None:
    out = answered(run("verify", "TimeDistributed(Flatten) -> Dense(2)", "--input-shape", "3,2,2"))
    assert "12/12 input" in out
    assert "\nEvery claim holds.\n" in out


@WITH_KERAS
@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("code", [CUSTOM, LAMBDA], ids=["custom", "lambda"])
def test_a_file_with_code_of_its_own_is_not_loaded(run: Run, code: str) -> None:
    saved(code, "odd.keras")
    Path("it").unlink(missing_ok=True)
    err = refused(run("verify", "odd.keras"))
    assert err.count("\n") == 1
    assert "Keras loads it in safe mode, without code of its own" in err
    assert not Path("it").exists()


@WITH_KERAS
@pytest.mark.usefixtures("quiet")
def test_code_is_never_executed(run: Run) -> None:
    code = f"open('it', 'w').write('x')\n{CODE}\nopen('it', 'w').write('x')\n"
    for name in ("show", "draw", "explain", "verify"):
        answered(run(name, code))
    assert not Path("it").exists()


@WITH_KERAS
@pytest.mark.usefixtures("quiet")
def test_what_cannot_be_run_cannot_be_verified(run: Run) -> None:
    assert "does not say how to make the layers" in refused(run("verify", "model.json"))
    Path("no.keras").write_bytes(Path("model.keras").read_bytes())  # it has no weights
    assert "Keras does not load 'no.keras'" in refused(run("verify", "no.keras"))


@WITH_KERAS
@pytest.mark.usefixtures("quiet")
def test_a_model_that_was_read_otherwise_than_keras_has_it_is_a_broken_claim(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = chain("B", (None, 4, 5, 1), ("Conv2D", {"filters": 7, "kernel_size": 2}))
    monkeypatch.setattr(sources, "trace", lambda source, input_shape: wrong)
    err = refused(run("verify", "4,5,1 -> Conv2D(8, 2)"), status=1)
    assert "layer 'conv2d' (Conv2D): its outputs were read as [(None, 3, 4, 7)]" in err
    err = refused(run("verify", "4,5,1 -> Conv2D(8, 2) -> Flatten"), status=1)
    assert "it was read as 1 calls of layers, in Keras it has 2" in err


@WITH_KERAS
@pytest.mark.usefixtures("quiet")
def test_inputs_that_keras_refuses_are_a_broken_claim(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def conv2d(config: Any, x: Value) -> Value:
        return apply("... -> ...", x, by=By.COPY)

    monkeypatch.setitem(RULES, "Conv2D", replace(RULES["Conv2D"], function=conv2d))
    err = refused(run("verify", "4,5 -> Conv2D(8, 2)"), status=1)
    assert "the rule says that it takes (None, 4, 5), Keras says" in err


LINES = {
    kind: Spec(rule.shapes[0][1:], (SpecLayer(kind, rule.example),)).write()
    for kind, rule in RULES.items()
    if len(rule.shapes) == 1
    and kind in arguments()
    and not any(isinstance(it, dict) for it in rule.example.values())
}
"""A line for each rule whose example takes one input and holds no other layer."""


@WITH_KERAS
@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("kind", LINES)
def test_a_line_with_the_example_of_a_rule_is_what_keras_makes_of_it(kind: str) -> None:
    source = sources.found(LINES[kind])
    model = rebuild.model_of(source)
    rebuild.check_same(sources.trace(source), dense_shapes.trace(model))


@WITH_KERAS
@pytest.mark.usefixtures("quiet")
def test_operations_are_called_again_under_their_own_names() -> None:
    code = """
x = keras.Input((4, 3))
y = layers.Add()([x, x])
model = keras.Model(x, keras.ops.relu(x + y))
"""
    source = sources.found(code)
    model = rebuild.model_of(source)
    rebuild.check_same(sources.trace(source), dense_shapes.trace(model))
    names = [layer.label for layer in dense_shapes.trace(model)]
    assert names == [layer.label for layer in sources.trace(source)]


@WITH_KERAS
@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("Lambda", {"function": "x"}),
        ("Mine", {}),
        ("TFSMLayer", {"filepath": "it"}),
        ("ops.map", {}),
    ],
)
def test_only_layers_of_plain_data_are_made(kind: str, config: dict[str, Any]) -> None:
    with pytest.raises(ModelError):
        rebuild.layer_of(Part(kind, "it", config))
