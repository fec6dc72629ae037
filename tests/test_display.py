"""What the public functions give: it prints itself, shows itself in a notebook, and saves itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dense_shapes.display import Display, draw, explain, summary
from dense_shapes.errors import CellError, FormatError, ShapeError, UnknownLayer
from dense_shapes.rules import call
from dense_shapes.views import document
from dense_shapes.words import Prose
from tests.models import MODEL_A, MODEL_B, opaque

DENSE = MODEL_B["dense"]
SHOWN = {
    "table": summary(MODEL_B),
    "picture": draw(DENSE, cell=(1, 2, 4)),
    "prose": explain(DENSE),
    "explained cell": explain(DENSE, cell=(1, 2, 4)),
}
EACH = pytest.mark.parametrize("shown", SHOWN.values(), ids=SHOWN)


@EACH
def test_it_prints_as_text(shown: Display) -> None:
    assert str(shown) == repr(shown) == shown.to("text")


def test_printing_shows_the_content_and_not_the_class() -> None:
    assert str(Display(Prose("A title", ("One line.",)))) == "A title\n  One line."


@EACH
def test_a_notebook_is_never_offered_markdown(shown: Display) -> None:
    bundle = shown._repr_mimebundle_()
    assert "text/markdown" not in bundle
    assert "text/latex" not in bundle
    assert bundle["text/plain"] == shown.to("text")
    assert bundle["text/html"] == shown.to("html")


def test_only_a_picture_is_offered_as_svg() -> None:
    bundles = {name: set(shown._repr_mimebundle_()) for name, shown in SHOWN.items()}
    plain = {"text/plain", "text/html", "application/vnd.dense-shapes+json"}
    assert bundles == {
        "table": plain,
        "picture": plain | {"image/svg+xml"},
        "prose": plain,
        "explained cell": plain,
    }
    picture = SHOWN["picture"]
    assert picture._repr_mimebundle_()["image/svg+xml"] == picture.to("svg")


def test_a_notebook_may_say_what_it_wants() -> None:
    bundle = SHOWN["table"]._repr_mimebundle_(include={"text/plain"}, exclude=None)
    assert bundle["text/plain"] == SHOWN["table"].to("text")


@pytest.mark.parametrize(
    ("name", "view"),
    [("it.txt", "text"), ("it.md", "markdown"), ("it.html", "html"), ("it.tar.svg", "svg")],
)
def test_the_end_of_a_file_name_says_the_format(tmp_path: Path, name: str, view: str) -> None:
    picture = SHOWN["picture"]
    picture.save(tmp_path / name)
    written = (tmp_path / name).read_bytes().decode()
    text = document(picture.content) if view == "html" else picture.to(view)
    assert written == text.rstrip("\n") + "\n"
    assert not written.endswith("\n\n")


def test_a_path_may_be_text(tmp_path: Path) -> None:
    SHOWN["table"].save(str(tmp_path / "it.md"))
    assert (tmp_path / "it.md").read_text("utf-8").startswith("**Model: 'B'**\n")


@pytest.mark.parametrize("name", ["it.gif", "it", "it.svg.bak", "svg", ".svg"])
def test_another_ending_is_refused_and_writes_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(FormatError) as caught:
        SHOWN["picture"].save(tmp_path / name)
    assert str(caught.value) == (
        "expected a file that ends in .txt, .md, .html, .tex, .csv, .svg, .png, .pdf, .pgf, "
        f"received {name!r}"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_table_is_not_saved_as_svg(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="\"Model: 'B'\" is no picture"):
        SHOWN["table"].save(tmp_path / "it.svg")
    assert list(tmp_path.iterdir()) == []


def test_a_summary_takes_columns_and_opens_nested_models() -> None:
    text = summary(MODEL_A, columns=["layer", "macs"], expand_nested=True).to("text")
    assert "flatten" in text
    assert "Kind" not in text
    with pytest.raises(FormatError, match="no column is called 'sizes'"):
        summary(MODEL_A, columns=["sizes"])


def test_a_picture_may_have_a_title_of_its_own() -> None:
    picture = draw(DENSE, title="Why (2, 3, 5)?")
    assert picture.to("text").splitlines()[0] == "Why (2, 3, 5)?"


def test_a_picture_of_a_layer_has_the_title_of_the_layer() -> None:
    first, *_ = draw(DENSE).to("text").splitlines()
    assert first == "Dense 'dense': (None, 2, 3, 1) → (None, 2, 3, 5), 10 parameters"


@pytest.mark.parametrize("show", [draw, explain])
def test_a_cell_outside_the_output_is_refused(show: Callable[..., Display]) -> None:
    with pytest.raises(CellError, match="index 5 on an axis of size 5"):
        show(DENSE, cell=(1, 2, 5))


@pytest.mark.parametrize("show", [draw, explain])
def test_a_cell_of_a_layer_without_a_rule_is_refused(show: Callable[..., Display]) -> None:
    layer = opaque("mystery", (None, 3), (None, 5))
    assert "Mystery 'mystery': (None, 3) → (None, 5)" in str(show(layer))
    with pytest.raises(UnknownLayer, match="what a cell of Mystery 'mystery' reads is not known"):
        show(layer, cell=(1,))


def test_layers_that_follow_each_other_are_one_picture() -> None:
    picture = draw(MODEL_A["flatten"], MODEL_A["dense"], cell=(4,))
    # The dense cell reads all 6 of the flat axis, and so flatten reads all 2 x 3 x 1.
    assert picture.to("svg").count('<rect class="cell lit"') == 6 + 6 + 6 + 1 + 1
    assert "The output has shape (6,)" in str(picture)
    assert "The output has shape (5,)" in str(picture)


def test_layers_that_do_not_follow_each_other_are_refused() -> None:
    with pytest.raises(ShapeError, match="layer 'flatten' does not take what 'dense' gives"):
        draw(MODEL_A["dense"], MODEL_A["flatten"])


def test_no_layer_is_no_picture() -> None:
    with pytest.raises(ShapeError, match="expected a layer to draw, received none"):
        draw()


def test_an_input_layer_can_be_drawn_and_explained() -> None:
    layer = call("InputLayer", {"shape": (2, 3)})
    assert "The output has shape (2, 3)" in str(draw(layer))
    assert str(draw(layer, cell=(1, 2)))
    assert str(explain(layer, cell=(1, 2)))
