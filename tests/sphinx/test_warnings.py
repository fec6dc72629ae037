"""What is wrong is a warning at its line, of our type, in our words; and the build goes on."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sphinx.conftest import Built, Site

Page = Callable[..., Built]

BODY = """\
from keras import Input, Sequential

model = Sequential()
model.add(Input((4, 5, 1)))
model.add(Dense(unit=5))
"""


def markdown(name: str, *lines: str) -> str:
    """A page with a directive in its third line."""
    return "\n".join(
        [
            "# A page",
            "",
            f"```{{{name.partition(' ')[0]}}} {name.partition(' ')[2]}".rstrip(),
            *lines,
            "```",
            "",
            "The end.",
            "",
        ]
    )


def rest(name: str, *lines: str) -> str:
    """The same in reStructuredText, where the directive is in the fourth line."""
    kind, _, argument = name.partition(" ")
    return "\n".join(
        [
            "A page",
            "======",
            "",
            f".. {kind}:: {argument}".rstrip(),
            *(f"   {line}" for line in lines),
            "",
            "The end.",
            "",
        ]
    )


WRONG = [
    ("layer-figure Dense(5)", [":inputs: 2, 3, 1"], 1, "option",
     "layer-figure has no option 'inputs'; did you mean 'input'?"),
    ("layer-figure Dense(5)", [":input: 2, three"], 1, "option",
     ":input: expected sizes without the batch, as 4,5,1; received '2, three'"),
    ("layer-figure Dense(5)", [":input: 2, 3, 1", ":cell: 1, 2, 9"], 2, "option", ":cell: "),
    ("layer-figure Dense(5)", [":input: 2, 3, 1", ":align: top"], 2, "option",
     ":align: expected one of left, center, right; received 'top'"),
    ("layer-figure models.py:classifier", [":layer: dens"], 1, "option",
     ":layer: no layer is called 'dens' in 'classifier'"),
    ("model-table models.py:segmenter", [":columns: layer, size"], 1, "option",
     ":columns: no column is called 'size'; the columns are: "),
    ("model-table", [], 0, "model", "expected a model: a file, as models.py:segmenter"),
    ("model-table Dense(5)", [], 0, "model", "'Dense(5)' does not say what its input is"),
    ("model-table models.py:segmentor", [], 0, "model",
     "models.py: the code defines no 'segmentor'; did you mean 'segmenter'?"),
    ("model-table 4 -> Conv2D(8, 2)", [], 0, "model", "layer 'conv2d' (Conv2D)"),
    ("model-table nothing.keras", [], 0, "source", "there is no file 'nothing.keras'"),
    ("model-table sub/nothing.py:it", [], 0, "source", "there is no file 'sub/nothing.py:it'"),
    ("model-figure models.py:segmenter", [":compare: nothing.py"], 1, "source",
     ":compare: there is no file 'nothing.py'"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "lines", "below", "subtype", "said"), WRONG)
@pytest.mark.parametrize("suffix", ["md", "rst"])
def test_a_warning_is_at_its_line_and_says_what_is_wrong(
    page: Page, name: str, lines: list[str], below: int, subtype: str, said: str, suffix: str
) -> None:
    text = markdown(name, *lines) if suffix == "md" else rest(name, *lines)
    built = page(text, suffix=suffix)
    first = built.warnings[0]
    line = (3 if suffix == "md" else 4) + below
    assert first.startswith(f"index.{suffix}:{line}: WARNING: {said}"), first
    assert built.warnings[-1].endswith(f"[dense_shapes.{subtype}]")
    assert len([it for it in built.warnings if "WARNING" in it]) == 1
    assert "The end." in built.page("index.html")


@pytest.mark.parametrize("suffix", ["md", "rst"])
@pytest.mark.parametrize("options", [[], [":columns: layer", ":caption: It"]])
def test_a_mistake_in_the_code_is_at_its_own_line(
    page: Page, suffix: str, options: list[str]
) -> None:
    lines = [*options, "", *BODY.splitlines()]
    text = markdown("model-table", *lines) if suffix == "md" else rest("model-table", *lines)
    line = (
        text.splitlines().index(("   " if suffix == "rst" else "") + "model.add(Dense(unit=5))") + 1
    )
    first = page(text, suffix=suffix).warnings[0]
    assert first == (
        f"index.{suffix}:{line}: WARNING: Dense has no argument 'unit'; did you mean 'units'?"
    )


def test_a_layer_that_does_not_fit_is_at_its_line(page: Page) -> None:
    body = "model = Sequential([\n  Input((4,)),\n  Conv2D(8, 2),\n])"
    built = page(markdown("model-table", *body.splitlines()))
    assert built.warnings[0].startswith("index.md:6: WARNING: layer 'conv2d' (Conv2D): ")
    assert built.warnings[-1].endswith("[dense_shapes.model]")


def test_the_role_warns_too_and_leaves_its_text(page: Page) -> None:
    built = page("# A page\n\nIs {layer-shape}`Conv2D(8, 2) on 4` one?\n")
    assert built.warnings[0].startswith("index.md:3: WARNING: layer-shape 'Conv2D(8, 2) on 4': ")
    assert built.warnings[-1].endswith("[dense_shapes.model]")
    assert "Conv2D(8," in built.page("index.html")


@pytest.mark.parametrize("types", [["dense_shapes"], ["dense_shapes.option"], ["dense_shapes.*"]])
def test_warnings_are_suppressed_by_their_type(page: Page, types: list[str]) -> None:
    text = markdown("layer-figure Dense(5)", ":input: three")
    assert page(text, suppress_warnings=types).warnings == []
    assert page(text, suppress_warnings=["dense_shapes.source"]).warnings != []


def test_a_model_is_given_once(page: Page) -> None:
    built = page(markdown("model-table models.py:head", "", "model = Sequential([])"))
    assert built.warnings == [
        "index.md:3: WARNING: the model is given twice: as the argument, and in the body "
        "[dense_shapes.option]"
    ]


# Files that nobody should trust


@pytest.mark.parametrize("kind", ["fifo", "folder", "bytes", "loop", "zip"])
def test_a_file_that_is_no_model_is_a_warning_and_nothing_waits_for_it(
    site: Site, page: Page, kind: str
) -> None:
    path = site.folder / "it.keras"
    match kind:
        case "fifo":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "bytes":
            path.write_bytes(bytes(range(256)) * 99)
        case "loop":
            path.symlink_to(path)
        case "zip":
            path.write_bytes(b"PK\3\4" + b"\0" * 99)
    built = page(markdown("model-table it.keras"))
    assert built.warnings[0].startswith("index.md:3: WARNING: ")
    assert "it.keras" in built.warnings[0]
    assert str(site.folder) not in "".join(built.warnings)
    assert built.warnings[-1].endswith("[dense_shapes.source]")


def test_a_file_outside_is_read_as_literalinclude_would(
    site: Site, page: Page, tmp_path: Path
) -> None:
    (tmp_path / "beside.py").write_text("model = Sequential([Input((3,)), Dense(2)])\n")
    built = page(markdown("model-table ../beside.py"))
    assert built.warnings == []
    assert "Total params: 8" in built.page("index.html")


def test_a_site_may_forbid_files(site: Site, page: Page) -> None:
    site.write("docutils.conf", "[general]\nfile_insertion_enabled: false\n")
    text = "A page\n======\n\n.. model-table:: models.py\n\n:layer-shape:`models.py:segmenter`\n"
    here = Path.cwd()
    os.chdir(site.folder)
    try:
        built = page(text, suffix="rst")
    finally:
        os.chdir(here)
    assert [it for it in built.warnings if "no page of this site may read files" not in it] == []
    assert len(built.warnings) == 2


def test_names_cannot_break_out_of_a_page(page: Page) -> None:
    evil = r"<script>alert(1)</script>`$x$ \input{x}"
    body = f"x = Input((3,), name={evil!r})\nmodel = Model(x, Dense(2)(x), name={evil!r})"
    for name in ("model-table", "layer-figure"):
        for builder in ("html", "latex", "text"):
            built = page(markdown(name, "", *body.splitlines()), builder)
            assert built.warnings == []
            if builder == "html":
                assert "<script>alert" not in built.page("index.html")
            if builder == "latex":
                [tex] = built.folder.glob("*.tex")
                assert r"\input{x}" not in tex.read_text("utf-8")
