"""Every directive in every builder, in Markdown and in reStructuredText."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from xml.etree import ElementTree

import pytest

from tests.sphinx.conftest import Built, Site

Page = Callable[..., Built]

MARKDOWN = """\
# A page

The {layer-shape}`Dense(5) on 2, 3, 1` of {numref}`picture`, and {numref}`table`.

```{layer-figure} Dense(5)
:input: 2, 3, 1
:cell: 1, 2, 4
:caption: A *caption* of words.
:name: picture
```

```{model-table} models.py:segmenter
:columns: layer, output, params, formula, macs
:caption: The *segmenter*.
:name: table
```
"""
REST = """\
A page
======

The :layer-shape:`Dense(5) on 2, 3, 1` of :numref:`picture`, and :numref:`table`.

.. layer-figure:: Dense(5)
   :input: 2, 3, 1
   :cell: 1, 2, 4
   :caption: A *caption* of words.
   :name: picture

.. model-table:: models.py:segmenter
   :columns: layer, output, params, formula, macs
   :caption: The *segmenter*.
   :name: table
"""
BOTH = pytest.mark.parametrize(("text", "suffix"), [(MARKDOWN, "md"), (REST, "rst")])

ROWS = [
    ["image", "(None, 4, 5, 1)", "0", "", "0"],
    ["conv", "(None, 3, 4, 8)", "40", "(2 × 2 × 1 + 1) × 8", "384"],
    ["dense", "(None, 3, 4, 5)", "45", "(8 + 1) × 5", "480"],
]
"""By hand: 12 positions take 2 × 2 × 1 × 8 = 32 multiply-adds each, then 8 × 5 = 40."""


def words(html: str) -> str:
    """The text between the tags."""
    return " ".join(unescape(re.sub("<[^>]+>", " ", html)).split())


def between(text: str, start: str, stop: str) -> str:
    """What stands between two pieces of text."""
    return text.split(start, 1)[1].split(stop, 1)[0]


@BOTH
def test_html_has_the_figure_inline_a_real_table_and_their_numbers(
    page: Page, text: str, suffix: str
) -> None:
    built = page(text, suffix=suffix)
    assert built.warnings == []
    html = built.page("index.html")
    figure = between(html, 'id="picture"', "</figcaption>\n</figure>")
    assert figure.count("<svg") >= 4
    assert 'data-cell="1,2,4"' in figure
    assert "A <em>caption</em> of words." in figure
    assert "Fig. 1" in words(between(html, "<p>The", "</p>"))
    assert "Table 1" in words(between(html, "<p>The", "</p>"))
    table = between(html, "<tbody>", "</tbody>")
    found = [
        [words(cell) for cell in re.findall(r"<td.*?</td>", row, re.S)]
        for row in table.split("</tr>")[:-1]
    ]
    assert found == ROWS
    assert "Total params: 85" in words(html)
    assert "<em>segmenter</em>" in between(html, "<caption>", "</caption>")


def test_the_head_of_a_page_has_the_style_once_and_of_others_nothing(page: Page) -> None:
    picture = "```{layer-figure} 2,3,1 -> Dense(5)\n```\n\n"
    built = page(f"# A page\n\n{picture * 3}", html_theme="basic")
    html = built.page("index.html")
    head, body = html.split("</head>")
    assert "<style>" not in body
    assert len(re.findall(r"<style>", head)) == len(set(re.findall(r"<style>.*?</style>", head)))
    assert body.count('<div class="ds-shown') == 3
    assert ".ds-" not in built.page("search.html")


def test_the_role_gives_the_shape_and_its_picture_on_focus(page: Page) -> None:
    role = "{layer-shape}`Dense(5) on 2, 3, 1`"
    html = page(f"# A page\n\n{role} and {role}.\n").page("index.html")
    line = between(html, "A page", "<footer") if "<footer" in html else html
    spans = re.findall(r'<span class="ds-hover" tabindex="0" aria-describedby="([^"]+)">', line)
    assert len(spans) == 2
    assert line.count(f'id="{spans[0]}"') == 1, "an id stands once on a page"
    assert spans[0] == spans[1], "the second is described by the picture of the first"
    assert words(between(line, spans[0], "<svg")).endswith(
        "(2, 3, 5) Dense 'dense': (None, 2, 3, 1) → (None, 2, 3, 5), 10 parameters"
    )


@BOTH
def test_latex_has_a_vector_figure_a_real_table_and_references(
    page: Page, text: str, suffix: str
) -> None:
    built = page(text, "latex", suffix=suffix)
    assert built.warnings == []
    [tex] = built.folder.glob("*.tex")
    source = tex.read_text("utf-8")
    [name] = re.findall(r"sphinxincludegraphics\{\{(figure-\w+)\}\.pdf\}", source)
    assert (built.folder / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    assert r"\caption{A \sphinxstyleemphasis{caption} of words.}" in source
    assert r"\label{\detokenize{index:picture}}" in source
    assert r"{TTRTR}" in source
    cells = between(source, r"\sphinxtableatstartofbodyhook", r"\sphinxbottomrule")
    for _, shape, params, _, macs in ROWS:
        assert rf"\sphinxcode{{\sphinxupquote{{{shape}}}}}" in cells
        assert params in cells
        assert macs in cells


@BOTH
def test_text_and_man_say_the_figure_in_words(page: Page, text: str, suffix: str) -> None:
    built = page(text, "text", suffix=suffix)
    assert built.warnings == []
    said = " ".join(built.page("index.txt").split())
    assert 'The "(2, 3, 5)" of' in said
    assert "Dense 'dense': (None, 2, 3, 1) → (None, 2, 3, 5), 10 parameters" in said
    assert "output[1, 2, 4] = input[1, 2, 0] × kernel[0, 4] + bias[4]" in said
    assert '| conv | "(None, 3, 4, 8)" | 40 | (2 × 2 × 1 + 1) × 8 | 384 |' in said


@pytest.mark.parametrize("builder", ["man", "texinfo", "xml", "pseudoxml", "dirhtml", "singlehtml"])
@BOTH
def test_every_other_builder_writes_the_page_without_a_warning(
    page: Page, text: str, suffix: str, builder: str
) -> None:
    built = page(text, builder, suffix=suffix, man_pages=[("index", "it", "it", "me", 1)])
    assert built.warnings == []
    written = "".join(it.read_text("utf-8") for it in built.folder.rglob("*") if is_page(it.name))
    for word in ("384", "Total params: 85", "10 parameters"):
        assert word in written.replace("\\", "")


def is_page(name: str) -> bool:
    """Whether a file of the output is a page."""
    return name.startswith(("index", "it", "project")) and not name.endswith((".js", ".svg"))


def test_a_book_is_well_formed_and_has_no_script_of_ours(page: Page) -> None:
    built = page(MARKDOWN, "epub", epub_copyright="me", version="1", copyright="me")
    assert built.warnings == []
    book = built.page("index.xhtml")
    root = ElementTree.fromstring(book)
    svg = [it for it in root.iter() if it.tag == "{http://www.w3.org/2000/svg}svg"]
    assert len(svg) >= 4
    assert not [it for it in root.iter() if it.tag.endswith("script")]
    names = [it.get("id") for it in root.iter() if it.get("id")]
    assert len(names) == len(set(names))


def test_captions_and_heads_are_translated_and_numbers_are_not(page: Page) -> None:
    built = page(MARKDOWN, "gettext")
    found = set(re.findall(r'^msgid "(.+)"$', built.page("index.pot"), re.M))
    assert {"A *caption* of words.", "The *segmenter*.", "Layer", "Output", "Params"} <= found
    assert not [it for it in found if "None" in it or "params:" in it or "×" in it]


def test_a_translated_page_has_the_translated_caption_and_heads(page: Page, site: Site) -> None:
    folder = site.folder / "locale" / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    pairs = {"A *caption* of words.": "Eine *Unterschrift*.", "Layer": "Schicht"}
    entries = "".join(f'msgid "{one}"\nmsgstr "{other}"\n\n' for one, other in pairs.items())
    (folder / "index.po").write_text(head + entries, "utf-8")
    built = page(MARKDOWN, language="de", locale_dirs=["locale"])
    html = built.page("index.html")
    assert "Eine <em>Unterschrift</em>." in html
    assert "Schicht" in between(html, "<thead>", "</thead>")
    assert "<svg" in html


def test_the_search_finds_the_words_of_a_figure(page: Page) -> None:
    index = page("# A page\n\n```{layer-figure} 2,3,1 -> Dense(5)\n```\n").page("searchindex.js")
    for word in ("kernel", "bias", "column"):
        assert re.search(rf"\b{word}\b", between(index, '"terms":', '"titles"'))


def test_alignment_classes_and_alternative_are_those_of_the_page(page: Page) -> None:
    text = (
        "# A page\n\n```{layer-figure} 2,3,1 -> Dense(5)\n:align: center\n:class: mine\n"
        ':alt: A "picture" of mine\n```\n\n'
        "```{model-table} models.py:segmenter\n:align: left\n:class: other\n```\n"
    )
    html = page(text).page("index.html")
    assert 'aria-label="A &quot;picture&quot; of mine"' in html
    classes = [set(it.split()) for it in re.findall(r'<(?:div|table) class="([^"]+)"', html)]
    assert any({"ds-shown", "align-center", "mine"} <= it for it in classes)
    assert any({"ds-layers", "align-left", "other"} <= it for it in classes)


@pytest.mark.parametrize(
    ("text", "total"),
    [
        ("{model-table} models.py:segmenter\n", 85),
        ("{model-table} models.py:classifier\n", 40 + (3 * 4 * 8 + 1) * 5),
        ("{model-table} models.py:head\n:input: 2, 3\n", (3 + 1) * 7),
        ("{model-table} /models.py:classifier\n", 525),
        ("{model-table} 2,3,1 -> Dense(5)\n", 10),
        ("{model-table} Dense(5)\n:input: (2, 3, 1)\n", 10),
        ("{model-table}\nx = Input((3,))\nmodel = Model(x, Dense(2)(x))\n", 8),
        (
            "{model-table}\n---\ncolumns: params\n---\n\nmodel = Sequential([Input((3,)), Dense(2)])\n",
            8,
        ),
        ("{model-table}\n2,3,1 -> Dense(5)\n -> Dense(1)\n", 16),
    ],
)
def test_every_way_in(page: Page, text: str, total: int) -> None:
    built = page(f"# A page\n\n```{text}```\n")
    assert built.warnings == []
    assert f"Total params: {total}" in built.page("index.html")


def test_a_file_is_found_from_its_page(site: Site, page: Page) -> None:
    site.write("part/deep.md", "# Deep\n\n```{model-table} ../models.py:segmenter\n```\n")
    built = page("# A page\n\n```{toctree}\npart/deep\n```\n")
    assert built.warnings == []
    assert "Total params: 85" in built.page("part/deep.html")


def test_layers_of_a_model_are_one_picture(page: Page) -> None:
    text = "# A page\n\n```{layer-figure} models.py:classifier\n:layer: flatten, dense\n:cell: 4\n```\n"
    html = page(text).page("index.html")
    assert "flatten" in html
    assert "output[4] = flatten[0]" in html.replace("&quot;", '"')


def test_a_model_and_two_models_as_a_picture(page: Page) -> None:
    text = (
        "# A page\n\n```{model-figure} models.py:segmenter\n```\n\n"
        "```{model-figure} models.py:segmenter\n:compare: models.py:classifier\n:caption: Two.\n```\n"
    )
    for builder in ("html", "text", "latex"):
        assert page(text, builder).warnings == []
    html = page(text).page("index.html")
    assert html.count('<div class="ds-shown') == 2
    assert "segmenter and classifier" in words(html)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (":cell: kernel:0, 3", "kernel[0, 3] is used by 12 of the 60 outputs"),
        (
            ":layer: dense\n:cell: 0, 0, 4\n:depth: 2",
            "Through 2 layers it depends on 4 of the 20 numbers of input.",
        ),
    ],
)
def test_any_cell_may_be_lit_any_number_of_layers_back(page: Page, options: str, said: str) -> None:
    layer = "" if "layer" in options else ":layer: dense\n"
    built = page(
        f"# A page\n\n```{{layer-figure}} models.py:segmenter\n{layer}{options}\n```\n", "text"
    )
    assert built.warnings == []
    assert said in " ".join(built.page("index.txt").split())


def test_a_depth_is_a_number(page: Page) -> None:
    built = page("# A page\n\n```{layer-figure} models.py:segmenter\n:depth: all\n```\n")
    assert built.warnings == [
        "index.md:4: WARNING: :depth: expected a whole number from 1, received 'all' [dense_shapes.option]"
    ]
