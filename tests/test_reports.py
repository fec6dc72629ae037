"""A report of a model: everything once, in one file that asks nobody, and names that are only text."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dense_shapes.display import Display, draw, explain, report, summary
from dense_shapes.errors import FormatError, ModelError
from dense_shapes.reports import FEW, Report
from dense_shapes.terminal import shown
from dense_shapes.traces import Trace
from dense_shapes.views import document
from dense_shapes.views.lights import script
from tests.models import CONVOLUTIONS, MODEL_A, MODEL_B, chain, nested, opaque

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
SHOWN: dict[str, Display] = {
    "report": report(MODEL_A),
    "table": summary(MODEL_B),
    "picture": draw(MODEL_B["dense"], cell=(1, 2, 4)),
    "prose": explain(MODEL_B["dense"]),
}


def saved(shown_: Display, folder: Path) -> str:
    """The text of the HTML file."""
    shown_.save(folder / "it.html")
    return (folder / "it.html").read_text("utf-8")


def parsed(text: str) -> Any:
    """A document as a browser reads it; a fault in it is an error."""
    html5lib = pytest.importorskip("html5lib")
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)


def words(element: Any) -> str:
    """The text inside an element."""
    return "".join(element.itertext())


def evil() -> Trace:
    """A model in which everything has a name that tries to get out."""
    trace = chain(EVIL, (None, 4, 5, 1), *CONVOLUTIONS)
    inner = nested(EVIL, trace, source=1)
    layers = (*(replace(layer, name=EVIL) for layer in trace), inner)
    return replace(trace, layers=layers)


@pytest.mark.parametrize("name", SHOWN)
def test_a_file_is_a_whole_document(name: str, tmp_path: Path) -> None:
    text = saved(SHOWN[name], tmp_path)
    assert text.startswith('<!DOCTYPE html>\n<html lang="en">\n')
    assert text.endswith("</html>\n")
    tree = parsed(text)
    [title] = tree.iter("title")
    assert title.text == SHOWN[name].content.title
    metas = [meta.attrib for meta in tree.iter("meta")]
    assert {"charset": "utf-8"} in metas
    assert any(meta.get("name") == "viewport" for meta in metas)
    assert len(list(tree.iter("main"))) == len(list(tree.iter("style"))) == 1


@pytest.mark.parametrize("name", SHOWN)
def test_a_part_for_a_page_is_no_document(name: str) -> None:
    text = SHOWN[name].to("html")
    assert not re.search(r"<(!DOCTYPE|html|head|body|title|main)\b", text)


@pytest.mark.parametrize("name", SHOWN)
def test_a_file_asks_no_host(name: str, tmp_path: Path) -> None:
    text = saved(SHOWN[name], tmp_path)
    assert not re.search(r"(src|href)=|url\(|@import", text)
    assert set(re.findall(r"https?://[^\s\"']+", text)) <= {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("name", SHOWN)
def test_a_file_is_the_same_bytes_each_time(name: str, tmp_path: Path) -> None:
    assert saved(SHOWN[name], tmp_path) == saved(SHOWN[name], tmp_path)


def test_a_report_has_the_table_and_every_layer(tmp_path: Path) -> None:
    tree = parsed(saved(SHOWN["report"], tmp_path))
    assert [words(it) for it in tree.iter("h1")] == ["Model 'A'"]
    assert [words(it) for it in tree.iter("h2")] == [
        *("The model", "conv2d: Conv2D", "conv2d_1: Conv2D", "flatten: Flatten"),
        *("dense: Dense", "dense_1: Dense"),
    ]
    assert len(list(tree.iter("table"))) == 1
    assert "Total params: 114" in words(tree)
    captions = [words(it) for it in tree.iter("figcaption")]
    assert captions[0].startswith("Model 'A': (None, 4, 5, 1) → (None, 1)")
    assert captions[3] == "Flatten 'flatten': (None, 2, 3, 1) → (None, 6), 0 parameters"
    assert len(captions) == 1 + 5
    # The last number of each output is lit, with what it reads: 2 x 2 cells, 4 weights, the bias.
    _, first, *_ = tree.iter("figure")
    lit = [it for it in first.iter() if it.get("class") == "cell lit"]
    assert len(lit) == 4 + 4 + 1 + 1
    assert "parameters: (5 + 1) × 1 = 6" in words(tree)


def test_a_report_has_one_script_and_the_data_of_each_picture(tmp_path: Path) -> None:
    tree = parsed(saved(SHOWN["report"], tmp_path))
    scripts = list(tree.iter("script"))
    kinds = [it.get("type") for it in scripts]
    assert kinds == ["application/json"] * 5 + [None]
    assert scripts[-1].text == script()
    assert [json.loads(it.text)["names"][-1] for it in scripts[:-1]] == ["output"] * 5


def test_a_file_with_nothing_to_point_at_has_no_script(tmp_path: Path) -> None:
    assert "<script" not in saved(SHOWN["table"], tmp_path)
    assert "<script" not in saved(draw(opaque("it", (None, 3), (None, 5))), tmp_path)


def test_the_layers_of_a_long_model_are_folded_and_each_costs_the_same(tmp_path: Path) -> None:
    sizes = []
    for count in (FEW, 20, 32):
        spec = ("Conv2D", {"filters": 8, "kernel_size": (3, 3), "padding": "same"})
        text = saved(report(chain("long", (None, 9, 9, 8), *[spec] * count)), tmp_path)
        assert text.count("<details open>") == (count + 1 if count <= FEW else 1)
        assert text.count("<details") == count + 1
        sizes.append(len(text))
    few, middle, many = sizes
    assert (many - middle) / 12 == pytest.approx((middle - few) / 12, rel=0.05)
    assert (many - middle) / 12 < 40_000


def test_nested_models_and_layers_without_a_rule_have_their_parts(tmp_path: Path) -> None:
    inner = chain("inner", (None, 3), ("Dense", {"units": 2}))
    block = nested("block", inner)
    trace = Trace(
        "m", inner.inputs, (block, opaque("mystery", (None, 2), (None, 5), source=0)), ((1, 0),)
    )
    tree = parsed(saved(report(trace), tmp_path))
    heads = [words(it) for it in tree.iter("h2")]
    assert heads == [
        *("The model", "block: Sequential", "block/dense: Dense", "mystery: Mystery"),
    ]
    assert "not explained: no rule describes layers of kind 'Mystery'" in words(tree)


def test_an_axis_of_unknown_size_is_no_hindrance(tmp_path: Path) -> None:
    trace = chain("m", (None, None, 3), ("Dense", {"units": 2}), ("GlobalAveragePooling1D", {}))
    text = saved(report(trace), tmp_path)
    assert "? steps" in text
    assert text.count("<figure") == 1 + 2


def test_a_name_is_only_text(tmp_path: Path) -> None:
    trace = evil()
    for text in (saved(report(trace), tmp_path), document(summary(trace).content)):
        tree = parsed(text)
        assert not list(tree.iter("img"))
        assert all(
            it.get("type") == "application/json" or it.text == script()
            for it in tree.iter("script")
        )
        assert EVIL in words(tree)


@pytest.mark.parametrize("view", ["text", "markdown", "latex", "html"])
def test_a_report_is_shown_in_every_view_that_holds_text(view: str) -> None:
    text = SHOWN["report"].to(view)
    places = [text.index(part) for part in ("114", "flatten: Flatten", "dense: Dense")]
    assert places == sorted(places)


@pytest.mark.parametrize("view", ["svg", "csv"])
def test_a_report_is_no_picture_and_no_table(view: str) -> None:
    with pytest.raises(FormatError, match="\"Model 'A'\" is a report; its views are: text"):
        SHOWN["report"].to(view)


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg", ".csv"])
def test_a_report_is_not_saved_as_a_picture(suffix: str, tmp_path: Path) -> None:
    with pytest.raises(FormatError):
        SHOWN["report"].save(tmp_path / f"it{suffix}")
    assert list(tmp_path.iterdir()) == []


def test_a_terminal_shows_a_report() -> None:
    text = shown(SHOWN["report"].content, width=60)
    assert "Total params: 114" in text
    assert all(len(line) <= 60 for line in text.splitlines())


def test_a_report_is_of_a_trace() -> None:
    with pytest.raises(ModelError, match="expected a Trace"):
        report(MODEL_A["dense"])  # type: ignore[arg-type]
    assert isinstance(report(MODEL_A).content, Report)
