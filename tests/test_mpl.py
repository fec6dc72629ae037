"""Pictures drawn by Matplotlib: the marks of the scene, the same bytes, and text that is only text."""

from __future__ import annotations

import builtins
import io
import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings

from dense_shapes.display import draw, explain, summary
from dense_shapes.drawing.scene import Box, Line, Scene, Words
from dense_shapes.drawing.sheet import sheet
from dense_shapes.drawing.theme import FILLS, LIT
from dense_shapes.errors import FormatError
from dense_shapes.rules import call
from dense_shapes.traces import Layer
from dense_shapes.views import mpl
from tests.models import MODEL_B, opaque
from tests.profiles import examples
from tests.strategies import layers

pytest.importorskip("matplotlib")

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, PathPatch, Rectangle
from matplotlib.text import Text

FOLDER = Path(__file__).parent / "images"
DENSE = MODEL_B["dense"]
PICTURE = draw(DENSE, cell=(1, 2, 4))
EVIL = r"<script>$x_1$\input{it}#%&'\"" + "\x1b[31m"
PICTURES = {
    "dense": PICTURE,
    "conv2d": draw(MODEL_B["conv2d"], cell=(1, 2, 5)),
    "unlit": draw(DENSE),
    "closed": draw(opaque("mystery", (None, 3), (None, 5))),
    "elided": draw(call("Dense", {"units": 100}, (None, 640, 959, 8)), cell=(600, 3, 50)),
}


def scene_of(picture: Any) -> Scene:
    assert isinstance(picture.content, Scene)
    return picture.content


def drawn(figure: Figure, kind: type) -> list[Any]:
    """The artists of this very class that are in the axes of a figure."""
    [axes] = figure.axes
    return [it for it in axes.get_children() if type(it) is kind and it is not axes.patch]


def marks(scene: Scene) -> list[Any]:
    """All the marks of a picture."""
    whole = sheet(scene)
    return [*whole.lines, *(mark for *_, panel in whole.panels for mark in panel.marks)]


@pytest.mark.parametrize("name", PICTURES)
def test_every_mark_of_the_scene_is_drawn_once(name: str) -> None:
    check_drawn(scene_of(PICTURES[name]))


@settings(max_examples=examples(15))
@given(layers(30))
def test_every_mark_of_any_scene_is_drawn_once(layer: Layer) -> None:
    check_drawn(scene_of(draw(layer)))


def check_drawn(scene: Scene) -> None:
    """Fail if the figure has other marks than the scene."""
    figure, given_marks = mpl.figure(scene), marks(scene)
    boxes = [mark for mark in given_marks if isinstance(mark, Box)]
    square = [box for box in boxes if box.kind in ("cell", "key", "pad")]
    # Rectangles hold also the invisible title texts and the background; cells and keys are the rest.
    assert len(drawn(figure, Rectangle)) == len(square)
    assert len(drawn(figure, FancyBboxPatch)) == len(boxes) - len(square)
    assert len(drawn(figure, PathPatch)) == sum(isinstance(mark, Line) for mark in given_marks)
    texts = [mark.text for mark in given_marks if isinstance(mark, Words)]
    assert Counter(it.get_text() for it in drawn(figure, Text) if it.get_text()) == Counter(texts)
    names = [it.get_gid() for it in drawn(figure, Rectangle) if it.get_gid()]
    assert len(set(names)) == len(names) == sum(box.cell is not None for box in boxes)


def test_the_lit_cells_are_those_that_are_read() -> None:
    figure = PICTURE.figure()
    lit = {
        it.get_gid()
        for it in drawn(figure, Rectangle)
        if it.get_facecolor() == pytest.approx(LIT.rgba) and it.get_gid()
    }
    # output[1, 2, 4] = input[1, 2, 0] × kernel[0, 4] + bias[4]
    assert lit == {"input[1, 2, 0]", "kernel[0, 4]", "bias[4]", "output[1, 2, 4]"}


def test_the_colours_are_those_of_the_style_sheet() -> None:
    style = PICTURES["unlit"].to("svg")
    for it in drawn(PICTURES["unlit"].figure(), Rectangle):
        kind = it.get_gid().partition("[")[0]
        assert it.get_facecolor() == pytest.approx(FILLS[kind].rgba)
        assert f"--ds-{kind},{FILLS[kind].css}" in style


@pytest.mark.parametrize("name", PICTURES)
def test_no_text_leaves_the_figure_or_touches_another(name: str) -> None:
    figure = PICTURES[name].figure()
    figure.draw_without_rendering()
    page = figure.bbox
    texts = [it for it in drawn(figure, Text) if it.get_text()]
    boxes = [(it.get_text(), it.get_window_extent()) for it in texts]
    for text, box in boxes:
        assert page.x0 <= box.x0 < box.x1 <= page.x1, text
        assert page.y0 <= box.y0 < box.y1 <= page.y1, text
    for place, (text, box) in enumerate(boxes):
        for other, another in boxes[:place]:
            assert not box.padded(-1).overlaps(another.padded(-1)), (text, other)


def test_it_draws_into_the_axes_of_the_user() -> None:
    figure = Figure(figsize=(6, 8))
    first, second = figure.subplots(2)
    first.plot([1, 2])
    assert PICTURE.figure(ax=second) is figure
    assert len(first.lines) == 1
    figure.draw_without_rendering()
    inside = second.get_window_extent().padded(1)
    texts = [it for it in second.get_children() if isinstance(it, Text) and it.get_text()]
    assert len(texts) > 10
    for it in texts:
        box = it.get_window_extent()
        assert inside.x0 <= box.x0 < box.x1 <= inside.x1, it.get_text()


def test_a_figure_can_be_changed() -> None:
    figure = PICTURE.figure()
    [cell] = figure.findobj(lambda it: it.get_gid() == "kernel[0, 3]")
    assert isinstance(cell, Rectangle)
    cell.set_facecolor("black")
    before = mpl.printed(PICTURE.content, ".png")
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=mpl.SHARPNESS)
    assert file.getvalue() != before


# Files


@pytest.mark.parametrize("suffix", [".png", ".pdf"])
def test_two_processes_write_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    code = (
        "from dense_shapes.display import draw\nfrom tests.models import MODEL_B\nimport sys\n"
        "draw(MODEL_B['dense'], cell=(1, 2, 4)).save(sys.argv[1])"
    )
    files = [tmp_path / f"{seed}{suffix}" for seed in (1, 2)]
    for seed, path in enumerate(files):
        env = {**os.environ, "PYTHONHASHSEED": str(seed), "TZ": ["UTC", "Asia/Tokyo"][seed]}
        root = Path(__file__).parent.parent
        subprocess.run([sys.executable, "-c", code, path], env=env, cwd=root, check=True)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_the_settings_make_an_svg_the_same_each_time() -> None:
    def written() -> bytes:
        file = io.BytesIO()
        with rc_context(mpl.SETTINGS):
            PICTURE.figure().savefig(file, format="svg", metadata={"Date": None})
        return file.getvalue()

    first = written()
    assert first == written()
    assert ET.fromstring(first).tag == "{http://www.w3.org/2000/svg}svg"


def test_the_fonts_of_a_pdf_are_embedded_as_truetype(tmp_path: Path) -> None:
    PICTURE.save(tmp_path / "it.pdf")
    data = (tmp_path / "it.pdf").read_bytes()
    assert b"/FontFile2" in data
    assert b"/Subtype /Type3" not in data
    assert b"CreationDate" not in data


@pytest.mark.parametrize("name", ["dense", "conv2d"])
def test_an_image_looks_as_it_did(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    from matplotlib.testing.compare import compare_images

    path, found = FOLDER / f"{name}.png", tmp_path / f"{name}.png"
    PICTURES[name].save(found)
    if request.config.getoption("--update-golden"):
        shutil.copy(found, path)
    assert path.exists(), f"{path} is missing; write it with --update-golden, and look at it"
    assert compare_images(str(path), str(found), tol=2) is None


def test_another_picture_would_be_seen(tmp_path: Path) -> None:
    from matplotlib.testing.compare import compare_images

    draw(DENSE, cell=(1, 2, 3)).save(tmp_path / "it.png")
    assert compare_images(str(FOLDER / "dense.png"), str(tmp_path / "it.png"), tol=2)


# Names that mean something elsewhere


def test_a_name_is_drawn_as_it_is() -> None:
    picture = draw(replace(DENSE, name=EVIL))
    figure = picture.figure()
    figure.draw_without_rendering()
    title = "".join(it.get_text() for it in drawn(figure, Text) if "Dense" in it.get_text())
    assert "$x_1$" in title
    assert "\x1b" not in title
    file = io.BytesIO()
    figure.savefig(file, format="svg")
    assert not [it for it in ET.fromstring(file.getvalue()).iter() if it.tag.endswith("script")]


@pytest.mark.skipif(not shutil.which("xelatex"), reason="LaTeX is not installed")
def test_a_pgf_is_read_by_latex_and_runs_no_command_of_a_name(tmp_path: Path) -> None:
    draw(replace(DENSE, name=EVIL), cell=(1, 2, 4)).save(tmp_path / "it.pgf")
    (tmp_path / "page.tex").write_text(
        r"\documentclass[landscape]{article}\usepackage{pgf}\begin{document}\input{it.pgf}\end{document}"
    )
    command = ["xelatex", "-halt-on-error", "-interaction=nonstopmode", "page.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "Missing character" not in done.stdout
    first = (tmp_path / "it.pgf").read_bytes()
    draw(replace(DENSE, name=EVIL), cell=(1, 2, 4)).save(tmp_path / "it.pgf")
    assert (tmp_path / "it.pgf").read_bytes() == first


# What cannot be drawn


def test_a_pgf_without_latex_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    mpl_pgf = pytest.importorskip("matplotlib.backends.backend_pgf")
    mpl_pgf.LatexManager._get_cached_or_new_impl.cache_clear()
    with pytest.raises(FormatError, match=r"LaTeX measures the text of a \.pgf file: .*xelatex"):
        PICTURE.save(tmp_path / "it.pgf")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shown", [summary(MODEL_B), explain(DENSE)], ids=["table", "prose"])
def test_what_is_no_picture_is_not_drawn(shown: Any, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="is no picture"):
        shown.figure()
    with pytest.raises(FormatError, match="is no picture"):
        shown.save(tmp_path / "it.png")
    assert list(tmp_path.iterdir()) == []


def test_without_matplotlib_the_error_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any, **more: Any) -> Any:
        if name.partition(".")[0] == "matplotlib":
            raise ModuleNotFoundError("No module named 'matplotlib'")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    for act in (PICTURE.figure, lambda: PICTURE.save(tmp_path / "it.pdf")):
        with pytest.raises(FormatError, match=r"pip install 'dense_shapes\[print\]'"):
            act()
    assert list(tmp_path.iterdir()) == []
