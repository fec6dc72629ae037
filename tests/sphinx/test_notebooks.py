"""What a notebook keeps of a display is made again, for each builder, by the library of today."""

from __future__ import annotations

import json
from importlib.metadata import entry_points
from typing import Any

import pytest

import dense_shapes as ds
from dense_shapes import tables
from dense_shapes.data import LIMIT, MIME, call_of, record_of
from dense_shapes.display import Display, again
from dense_shapes.errors import FormatError
from dense_shapes.sphinx import builders
from dense_shapes.sphinx.mime import Renderer
from tests.sphinx.conftest import Site

pytest.importorskip("myst_nb")
from myst_nb.core import render

TRACE = ds.trace("4,5,1 -> Conv2D(8, 2) -> Flatten -> Dense(5)")
SHOWN: list[Display] = [
    ds.summary(TRACE),
    ds.summary(TRACE, columns=["layer", "params"], expand_nested=True),
    ds.draw(*TRACE, cell=(3,)),
    ds.draw(TRACE["conv2d"], title="Mine"),
    ds.explain(TRACE["conv2d"], cell=(0, 1, 2)),
    ds.check(TRACE, data=(3, 4, 5, 1)),
]
NAMES = ["table", "columns", "picture", "title", "words", "check"]


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The renderer, as the entry point of an installed package gives it."""
    monkeypatch.setattr(render, "load_mime_renders", lambda: [Renderer])


def test_the_package_names_the_renderer() -> None:
    [found] = entry_points(group="myst_nb.mime_renderers", name="dense_shapes")
    assert found.load() is Renderer


# The data


@pytest.mark.parametrize("display", SHOWN, ids=NAMES)
def test_a_display_is_made_again_from_its_data(display: Display) -> None:
    bundle = json.loads(json.dumps(display._repr_mimebundle_()))
    made = again(bundle[MIME])
    assert made == display
    assert made.to("html") == bundle["text/html"]


def test_a_trace_shows_its_table() -> None:
    bundle = TRACE._repr_mimebundle_()
    assert bundle["text/plain"] == repr(TRACE)
    assert bundle["text/html"] == ds.summary(TRACE).to("html")
    assert again(bundle[MIME]) == ds.summary(TRACE)


def test_the_data_of_a_picture_holds_its_layers_and_not_the_model() -> None:
    long = ds.trace("8 -> " + " -> ".join(["Dense(8)"] * 300))
    record = ds.draw(long["dense"])._repr_mimebundle_()[MIME]
    assert len(json.dumps(record)) < 3_000
    assert len(json.dumps(ds.summary(long)._repr_mimebundle_()[MIME])) < LIMIT


def test_too_much_data_is_left_out() -> None:
    long = ds.trace("8 -> " + " -> ".join(["Dense(8)"] * 900))
    bundle = ds.summary(long)._repr_mimebundle_()
    assert sorted(bundle) == ["text/html", "text/plain"]


GOOD = json.loads(json.dumps(ds.summary(TRACE)._repr_mimebundle_()[MIME]))
LAYER = json.loads(json.dumps(ds.draw(TRACE["dense"])._repr_mimebundle_()[MIME]))


@pytest.mark.parametrize(
    "record",
    [
        *(None, 3, [], "text", {}, {"format": "dense-shapes/2"}, {"format": "dense-shapes/1"}),
        {**GOOD, "given": 3},
        {**GOOD, "given": [{}]},
        {**GOOD, "given": []},
        {**GOOD, "options": []},
        {**GOOD, "options": {"columns": 7}},
        {**GOOD, "options": {"columns": ["size"]}},
        {**GOOD, "options": {"path": "/etc/passwd"}},
        {**GOOD, "function": "again"},
        {**GOOD, "function": "__import__"},
        {**GOOD, "given": [{"trace": {**GOOD["given"][0]["trace"], "params": 1}}]},
        {**LAYER, "given": [{"layer": {**LAYER["given"][0]["layer"], "params": 1}}]},
        {**LAYER, "options": {"cell": "abc"}},
        {**LAYER, "options": {"cell": [9]}},
    ],
)
def test_data_that_contradicts_itself_is_refused_in_one_sentence(record: Any) -> None:
    with pytest.raises(ds.DenseShapesError):
        again(record)


def test_a_call_with_anything_else_carries_no_data() -> None:
    call = ds.summary(trace=TRACE).call
    assert call is not None
    assert record_of(call) is None
    with pytest.raises(FormatError, match="nothing is made by 'os'"):
        again({**GOOD, "function": "os"})
    assert call_of(GOOD).function == "summary"


# The pages


def notebook(*bundles: dict[str, Any]) -> str:
    """A notebook whose cells were run before and gave these outputs."""
    cells = [
        {
            "cell_type": "code",
            "execution_count": 1,
            "id": f"cell{number}",
            "metadata": {},
            "source": "shown",
            "outputs": [
                {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": it}
            ],
        }
        for number, it in enumerate(bundles)
    ]
    title = {"cell_type": "markdown", "id": "title", "metadata": {}, "source": "# A page"}
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return json.dumps(
        {
            "cells": [title, *cells],
            "metadata": {"kernelspec": kernel},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
    )


def options(*extensions: str) -> dict[str, Any]:
    """A site that shows outputs and runs nothing."""
    return {
        "extensions": ["myst_nb", *extensions],
        "nb_execution_mode": "off",
        "source_suffix": {".ipynb": "myst-nb"},
    }


OURS = options("dense_shapes.sphinx")
BUNDLES = [it._repr_mimebundle_() for it in SHOWN]


@pytest.mark.parametrize("builder", ["html", "latex", "text", "man", "epub", "xml"])
def test_a_page_makes_the_outputs_of_a_notebook_anew(site: Site, builder: str) -> None:
    stale = [{**it, "text/html": "<p>stale</p>", "text/plain": "stale"} for it in BUNDLES]
    site.write("index.ipynb", notebook(*stale))
    about = {"epub_copyright": "me", "version": "1", "copyright": "me"}
    built = site.build(builder, **OURS, **about, man_pages=[("index", "it", "it", "me", 1)])
    assert built.warnings == []
    kinds = (".html", ".tex", ".txt", ".1", ".xhtml", ".xml")
    written = "".join(it.read_text("utf-8") for it in built.folder.iterdir() if it.suffix in kinds)
    assert "stale" not in written
    assert "Total params: 525" in written.replace("\\", "")
    if builder == "latex":
        assert written.count("sphinxincludegraphics{{figure-") == 2
        assert written.count(r"\begin{tabulary}") == 2
    if builder == "html":
        assert written.count('<div class="ds-shown') == 2


def test_a_new_library_shows_on_a_page_whose_cells_were_not_run_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.write("index.ipynb", notebook(BUNDLES[0]))
    assert "Total params: 525" in site.build(**OURS).page("index.html")
    monkeypatch.setattr(builders, "library", lambda: "another")
    monkeypatch.setattr(tables, "number", lambda _: "many")
    built = site.build(**OURS)
    assert built.read == ["index"]
    assert "Total params: many" in built.page("index.html")


def test_a_site_without_the_extension_shows_the_html_and_warns_of_nothing(site: Site) -> None:
    site.write("index.ipynb", notebook(BUNDLES[0], BUNDLES[2]))
    built = site.build(**options())
    assert built.warnings == []
    assert '<figure class="ds-figure"' in built.page("index.html")
    assert "ds-shown" not in built.page("index.html")


def test_bad_data_is_a_warning_and_the_html_is_shown(site: Site) -> None:
    site.write("index.ipynb", notebook({**BUNDLES[0], MIME: {**GOOD, "function": "os"}}))
    built = site.build(**OURS)
    assert len(built.warnings) == 1
    assert "nothing is made by 'os'" in built.warnings[0]
    assert built.warnings[0].endswith("[dense_shapes.data]")
    assert '<div class="ds-table"' in built.page("index.html")
