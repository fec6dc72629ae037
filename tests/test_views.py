"""The views: text in columns, Markdown and HTML without a way out, SVG that is XML."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dense_shapes
from dense_shapes.drawing.figure import draw
from dense_shapes.drawing.scene import Scene
from dense_shapes.errors import FormatError
from dense_shapes.rules import call
from dense_shapes.tables import Table, summary
from dense_shapes.traces import Layer, Trace
from dense_shapes.views import SUFFIXES, VIEWS, Content, render
from dense_shapes.views.lights import script
from dense_shapes.views.svg import number
from dense_shapes.words import Prose, explain
from tests.models import MODEL_B, chain, nested, opaque
from tests.profiles import examples
from tests.strategies import layers

EVIL = "<script>|*x*`_[a](b)&amp;\"'\\"
SVG = "{http://www.w3.org/2000/svg}"
DENSE = call("Dense", {"units": 5}, (None, 2, 3, 1))
PICTURE = draw(DENSE, cell=(1, 2, 4))


def renamed(name: str) -> Trace:
    """A model whose one layer, and which itself, has this name."""
    trace = chain(name, (None, 2, 3, 1), ("Dense", {"units": 5}))
    return replace(trace, layers=(replace(trace.layers[0], name=name),))


def contents(name: str) -> dict[str, Content]:
    """One of everything that can be shown, of a layer with this name."""
    trace = renamed(name)
    [layer] = trace
    return {
        "table": summary(trace, columns=["layer", "output", "params"]),
        "prose": explain(layer),
        "explained cell": explain(layer, cell=(1, 2, 4)),
        "picture": draw(layer),
        "lit picture": draw(layer, cell=(1, 2, 4)),
        "closed picture": draw(opaque(name, (None, 3), (None, 5))),
    }


KINDS = sorted(contents("plain"))


def page(html: str) -> ET.Element:
    """A fragment of HTML as a tree; what only HTML allows is written as XML first."""
    xml = html.replace("<br>", "<br/>").replace("&emsp;", "\u2003")
    return ET.fromstring(f"<body>{xml}</body>")


def words(tree: ET.Element) -> str:
    """All the text of a tree."""
    return "\n".join(tree.itertext())


# All of them


def test_the_views_and_the_files_they_are_for() -> None:
    assert list(VIEWS) == ["text", "markdown", "html", "latex", "csv", "svg"]
    assert SUFFIXES == {
        ".txt": "text",
        ".md": "markdown",
        ".html": "html",
        ".tex": "latex",
        ".csv": "csv",
        ".svg": "svg",
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_view_that_does_not_exist_is_refused(kind: str) -> None:
    with pytest.raises(FormatError) as caught:
        render(contents("it")[kind], "pdf")
    assert str(caught.value) == (
        "no view is called 'pdf'; the views are: text, markdown, html, latex, csv, svg"
    )


@pytest.mark.parametrize("kind", ["table", "prose", "explained cell"])
def test_what_is_no_picture_has_no_svg(kind: str) -> None:
    content = contents("it")[kind]
    with pytest.raises(FormatError, match="is no picture; its views are: text, markdown, html"):
        render(content, "svg")


@pytest.mark.parametrize("view", ["text", "markdown", "html", "latex"])
@pytest.mark.parametrize("kind", KINDS)
def test_everything_is_shown_the_same_twice(kind: str, view: str) -> None:
    assert render(contents("it")[kind], view) == render(contents("it")[kind], view)


SCRIPT = """
import hashlib
from dense_shapes import draw, explain, to_json, summary
from tests.models import MODEL_B
pictures = [draw(layer, cell=(0,) * 3) for layer in MODEL_B]
shown = [*pictures, summary(MODEL_B), *map(explain, MODEL_B)]
views = [it.to(view) for it in shown for view in ("text", "markdown", "html", "latex")]
views.append(summary(MODEL_B).to("csv"))
text = "".join([*views, *(it.to("svg") for it in pictures), to_json(MODEL_B)])
print(hashlib.sha256(text.encode()).hexdigest())
"""


def digest(seed: str, folder: Path) -> str:
    """What a new Python makes of the views of a model, with this seed for its hashes."""
    package, tests = Path(dense_shapes.__file__).parents[1], Path(__file__).parents[1]
    # The package comes first, so that the one under test is taken, wherever it is installed.
    path = os.pathsep.join([str(package), str(tests)])
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout


def test_another_process_writes_the_same_bytes(tmp_path: Path) -> None:
    assert digest("1", tmp_path) == digest("2", tmp_path)


# Text


def test_a_text_table_stands_in_columns() -> None:
    trace = renamed("five")
    text = render(summary(trace, columns=["layer", "params", "macs", "kind"]), "text")
    rule = "─" * len("Layer  Params  Multiply-adds  Kind ")
    assert text.splitlines() == [
        "Model: 'five'",
        rule,
        "Layer  Params  Multiply-adds  Kind",
        rule,
        "five       10             30  Dense",
        rule,
        "Total params: 10",
        "Trainable params: 10",
        "Non-trainable params: 0",
    ]


def test_nested_layers_are_set_in_by_their_depth() -> None:
    inner = chain("inner", (None, 4), ("Dense", {"units": 4}))
    trace = Trace("outer", inner.inputs, (nested("block", inner),), ((0, 0),))
    table = summary(trace, columns=["layer"], expand_nested=True)
    assert render(table, "text").splitlines()[4:6] == ["block", "  dense"]
    assert "| block |\n| &emsp;dense |" in render(table, "markdown")
    assert "block \\\\\n\\quad dense \\\\" in render(table, "latex")
    assert render(table, "csv") == "Layer\nblock\n  dense"
    cells = [words(cell) for cell in page(render(table, "html")).iter("td")]
    assert cells == ["block", "\u2003dense"]


def test_no_line_of_text_ends_in_space() -> None:
    for content in contents("five").values():
        assert all(line == line.rstrip() for line in render(content, "text").splitlines())


def test_prose_and_pictures_as_text() -> None:
    assert render(Prose("A title", ("One.", "Two.")), "text") == "A title\n  One.\n  Two."
    lines = render(PICTURE, "text").splitlines()
    assert lines[:2] == [PICTURE.title, ""]
    assert lines[-3:] == [
        "",
        "■ output[1, 2, 4] = input[1, 2, 0] × kernel[0, 4] + bias[4]",
        PICTURE.description,
    ]


# Markdown


def unescaped(text: str) -> str:
    """What a reader of Markdown sees of text in which everything special is escaped."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text)


def special(text: str) -> str:
    """The characters of a text that Markdown or HTML would act upon."""
    return "".join(re.findall(r"[`*_{}\[\]<>|#~&]", re.sub(r"\\.", "", text)))


def test_a_name_cannot_leave_its_cell_of_a_markdown_table() -> None:
    text = render(summary(renamed(EVIL), columns=["layer", "params"]), "markdown")
    title, _, head, rule, row, _, *notes = text.splitlines()
    assert head == "| Layer | Params |"
    assert rule == "| :--- | ---: |"
    assert special(row) == "|||"
    assert unescaped(row) == f"| {EVIL} | 10 |"
    assert special(title) == "****"
    assert unescaped(title) == f"**Model: {EVIL!r}**"
    assert notes[0] == "Total params: 10  "


@given(st.text("<>|*_`[]()\\#~&! ab\n\t-+.1", max_size=12))
def test_any_name_is_one_cell_of_a_markdown_table_and_is_read_as_it_is(name: str) -> None:
    text = render(summary(renamed(name), columns=["layer", "params"]), "markdown")
    row = text.splitlines()[4]
    assert special(row) == "|||"
    assert unescaped(row) == f"| {' '.join(name.split())} | 10 |"


@given(st.text("<>|*_`[]()\\#~&! ab\n\t-+.1", max_size=12))
def test_any_prose_is_read_as_it_is_in_markdown(line: str) -> None:
    text = render(Prose(line, (line,)), "markdown")
    plain = " ".join(line.split())
    assert special(text) == "****"
    assert unescaped(text) == f"**{plain}**\n\n- {plain}"


def test_a_picture_in_markdown_is_its_description_and_its_equation() -> None:
    title, description, equation = render(PICTURE, "markdown").split("\n\n")
    assert unescaped(title) == f"**{PICTURE.title}**"
    assert unescaped(description) == PICTURE.description
    assert equation == f"`{PICTURE.caption}`"


# LaTeX

WRITTEN = {
    **{f"\\{sign}": sign for sign in "{}$&#%_"},
    **{f"{{{sign}}}": sign for sign in "[]*"},
    **{"\\textbackslash{}": "\\", "\\textasciitilde{}": "~", "\\textasciicircum{}": "^"},
    **{"\\textless{}": "<", "\\textgreater{}": ">", "\\textbar{}": "|", "\\char34{}": '"'},
    **{"$\\times$": "×", "$\\rightarrow$": "→", "\\dots{}": "…", "$\\vdots$": "⋮"},
    **{"\\textemdash{}": "—", "\\textendash{}": "–", "{}": ""},
}
"""What stands for a sign in LaTeX."""
LATEX = re.compile("|".join(sorted(map(re.escape, WRITTEN), key=len, reverse=True)))


def typeset(text: str) -> str:
    """What LaTeX prints of text in which everything special is escaped; anything else is a failure."""
    rest = LATEX.sub("", text)
    assert not re.search(r'[\\{}$&#%_^~<>|"\[\]*]', rest), rest
    return LATEX.sub(lambda found: WRITTEN[found[0]], text)


def item(text: str) -> str:
    """A line of prose as LaTeX."""
    return render(Prose("", (text,)), "latex").split("\\item ")[1].split("\n")[0]


@given(st.text("\\{}$&#%_^~<>|\"[]*-'`,?!×→…—–⋮ab \n1", max_size=16))
def test_no_name_is_a_command_of_latex(text: str) -> None:
    assert typeset(item(text)) == " ".join(text.split())


@pytest.mark.parametrize("text", ["--", "---", "''", "``", ",,", "?`", "!`", "<<", ">>", "a--b"])
def test_signs_that_latex_would_melt_into_one_stand_apart(text: str) -> None:
    assert not re.search(r"--|''|``|,,|[?!]`|<<|>>", item(text))


def test_a_latex_table_has_its_columns_its_title_and_its_notes() -> None:
    trace = renamed("[*] a_b & 50%")
    text = render(summary(trace, columns=["layer", "params", "formula"]), "latex")
    assert text.splitlines() == [
        r"\textbf{Model: '{[}{*}{]} a\_b \& 50\%'}",
        "",
        r"\noindent",
        r"\begin{tabular}{lrl}",
        r"\hline",
        r"Layer & Params & Formula \\",
        r"\hline",
        r"{[}{*}{]} a\_b \& 50\% & 10 & (1 + 1) $\times$ 5 \\",
        r"\hline",
        r"\end{tabular}",
        "",
        r"\noindent",
        r"Total params: 10 \\",
        r"Trainable params: 10 \\",
        "Non-trainable params: 0",
    ]


@pytest.mark.parametrize("name", ["plain", EVIL, r"\\[1em] %", r"\end{tabular}", "a\n\nb"])
def test_each_row_of_a_latex_table_has_each_column(name: str) -> None:
    text = render(summary(renamed(name), columns=["layer", "input", "params"]), "latex")
    body = text.split("\\hline\n")[2].removesuffix(" \\\\\n")
    cells = [typeset(cell) for cell in re.split(r"(?<!\\)& ", body)]
    assert [cell.strip() for cell in cells] == [" ".join(name.split()), "(None, 2, 3, 1)", "10"]


def test_prose_without_lines_has_no_list_in_latex() -> None:
    assert render(Prose("A title", ()), "latex") == r"\textbf{A title}"


def test_a_picture_in_latex_is_its_description_and_its_equation() -> None:
    title, description, equation = render(PICTURE, "latex").split("\n\n")
    assert typeset(title.removeprefix("\\textbf{").removesuffix("}")) == PICTURE.title
    assert typeset(description) == PICTURE.description
    assert typeset(equation) == PICTURE.caption


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="LaTeX is not installed")
@pytest.mark.parametrize("kind", KINDS)
def test_latex_compiles_in_a_document(kind: str, tmp_path: Path) -> None:
    body = render(contents(EVIL)[kind], "latex")
    document = f"\\documentclass{{article}}\\begin{{document}}\n{body}\n\\end{{document}}\n"
    (tmp_path / "it.tex").write_text(document, "utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "it.tex"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)


# CSV


def parsed(text: str) -> list[list[str]]:
    """The fields of a CSV text."""
    return list(csv.reader(io.StringIO(text, newline="")))


def test_a_csv_table_has_plain_numbers_and_shapes_and_no_notes() -> None:
    trace = chain("m", (None, None, 784), ("Dense", {"units": 100}))
    columns = ["layer", "input", "output", "params", "macs"]
    # 784 x 100 + 100 numbers; how many multiply-adds is unknown, because the steps are.
    assert parsed(render(summary(trace, columns=columns), "csv")) == [
        ["Layer", "Input", "Output", "Params", "Multiply-adds"],
        ["dense", "(None, None, 784)", "(None, None, 100)", "78500", ""],
    ]


@given(st.text(st.characters(exclude_categories=("Cc", "Cn", "Cs")), max_size=8))
def test_any_name_is_one_field_of_a_csv_table(name: str) -> None:
    _, row = parsed(render(summary(renamed(name), columns=["layer", "params"]), "csv"))
    assert row == [f"'{name}" if name.startswith(("=", "+", "-", "@")) else name, "10"]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_a_name_in_a_csv_table_is_no_formula(name: str) -> None:
    _, row = parsed(render(summary(renamed(name), columns=["layer"]), "csv"))
    assert row == [f"'{name}"]


@pytest.mark.parametrize("name", ['a "b", c', "a\nb", "猫", ","])
def test_a_field_with_a_sign_of_csv_is_put_into_quotes(name: str) -> None:
    _, row = parsed(render(summary(renamed(name), columns=["layer", "kind"]), "csv"))
    assert row == [name, "Dense"]


@pytest.mark.parametrize("kind", ["prose", "explained cell", "picture", "closed picture"])
def test_what_is_no_table_has_no_csv(kind: str) -> None:
    content = contents("it")[kind]
    with pytest.raises(
        FormatError, match="is no table; its views are: text, markdown, html, latex"
    ):
        render(content, "csv")


def test_the_csv_view_does_not_hide_the_module_of_python() -> None:
    assert "csv" not in {Path(path).name for path in sys.path}
    assert csv.reader is sys.modules["_csv"].reader


# HTML


@pytest.mark.parametrize("name", ["plain", EVIL])
@pytest.mark.parametrize("kind", KINDS)
def test_html_is_well_formed_and_a_name_is_only_text(kind: str, name: str) -> None:
    content = contents(name)[kind]
    tree = page(render(content, "html"))
    tags = {element.tag.removeprefix(SVG) for element in tree.iter()}
    known = {"body", "div", "table", "caption", "thead", "tbody", "tr", "th", "td", "p", "br"}
    known |= {"strong", "code", "figure", "figcaption", "style", "svg", "g", "rect", "path", "text"}
    assert tags <= known | {"span", "script"}
    scripts = [element for element in tree.iter() if element.tag == "script"]
    assert [it.get("type") for it in scripts] in ([], ["application/json", None])
    assert [words(it) for it in scripts[1:]] in ([], [script()])
    # A table shows the name itself; a title shows it in quotes, as Python writes it.
    assert name in words(tree) or repr(name) in words(tree)


@pytest.mark.parametrize("kind", KINDS)
def test_html_carries_no_ids_and_no_handlers(kind: str) -> None:
    tree = page(render(contents(EVIL)[kind], "html"))
    names = {name for element in tree.iter() for name in element.attrib}
    assert names <= {
        *("class", "style", "scope", "tabindex", "role", "aria-label", "viewBox", "width"),
        *("height", "x", "y", "d", "rx", "transform", "text-anchor", "data-cell", "type"),
        "data-operand",
    }


def test_an_html_table_is_a_real_table() -> None:
    tree = page(render(summary(MODEL_B), "html"))
    assert [words(caption) for caption in tree.iter("caption")] == ["Model: 'B'"]
    heads = list(tree.iter("th"))
    titles = ["Layer", "Kind", "Input", "Output", "Params", "Formula"]
    assert [words(head) for head in heads] == titles
    assert {head.get("scope") for head in heads} == {"col"}
    rows = [[words(cell) for cell in row.iter("td")] for row in tree.iter("tr")][1:]
    assert rows[2] == ["dense", "Dense", "(None, 2, 3, 1)", "(None, 2, 3, 5)", "10", "(1 + 1) × 5"]
    assert len(rows) == 4
    right = [cell.get("style") for cell in next(iter(tree.iter("tbody"))).iter("td")][:6]
    assert right == [None, None, None, None, "text-align:right", None]
    assert "Total params: 89" in words(tree)


def test_an_html_figure_has_an_svg_for_each_tensor_and_its_equation() -> None:
    tree = page(render(PICTURE, "html"))
    [figure] = tree.iter("figure")
    assert figure.get("aria-label") == f"{PICTURE.title}. {PICTURE.description}"
    panels = [svg for svg in tree.iter(f"{SVG}svg") if svg.get("aria-label") != "Lit:"]
    names = [(svg.get("aria-label") or "").split()[0] for svg in panels]
    assert names == ["input", "kernel", "bias", "output"]
    assert PICTURE.caption in words(tree)


# SVG


def drawn(scene: Scene) -> ET.Element:
    """A picture as a tree."""
    return ET.fromstring(render(scene, "svg"))


@settings(max_examples=examples(40))
@given(layers(longest=30))
def test_svg_is_valid_xml_with_nothing_from_outside(layer: Layer) -> None:
    text = render(draw(layer), "svg")
    tree = ET.fromstring(text)
    assert tree.tag == f"{SVG}svg"
    assert not [element for element in tree.iter() if "id" in element.attrib]
    assert " id=" not in text
    assert text.count("http") == text.count('xmlns="http://www.w3.org/2000/svg"') == 1
    assert "url(" not in text
    assert "@import" not in text
    assert "script" not in text.casefold()
    assert text.endswith("</svg>\n")


@pytest.mark.parametrize("name", [EVIL, "a\nb", "猫", "quote \" and ' both"])
def test_a_name_in_an_svg_is_only_text(name: str) -> None:
    layer = renamed(name).layers[0]
    tree = drawn(draw(layer))
    assert {element.tag for element in tree.iter()} == {
        f"{SVG}{tag}" for tag in ("svg", "style", "g", "rect", "path", "text")
    }
    [title] = [text for text in tree.iter(f"{SVG}text") if text.get("class") == "title"]
    assert title.text == f"Dense {name!r}: (None, 2, 3, 1) → (None, 2, 3, 5), 10 parameters"


TITLES = st.text(st.characters(exclude_categories=("Cc", "Cn", "Cs")), min_size=1)


@settings(max_examples=examples(40))
@given(TITLES)
def test_svg_and_html_are_valid_whatever_the_title_is(title: str) -> None:
    scene = draw(DENSE, heading=title)
    assert title in words(page(render(scene, "html")))
    folded = "".join(words(drawn(scene)).split())  # a line may break, even inside a long word
    assert "".join(title.split()) in folded


@pytest.mark.parametrize("title", ["bell \x08", "colour \x1b[1m", "no character \uffff"])
def test_svg_is_valid_also_where_the_title_has_what_xml_cannot_hold(title: str) -> None:
    tree = drawn(draw(DENSE, heading=title))
    assert title.split()[0] in words(tree)


def test_an_svg_says_what_it_shows() -> None:
    tree = drawn(PICTURE)
    assert tree.get("role") == "img"
    label = tree.get("aria-label") or ""
    assert label == f"{PICTURE.title}. {PICTURE.description} {PICTURE.caption}"


def test_the_view_box_of_an_svg_is_its_size() -> None:
    tree = drawn(PICTURE)
    assert tree.get("viewBox") == f"0 0 {tree.get('width')} {tree.get('height')}"


def test_the_lit_cells_of_an_svg() -> None:
    tree = drawn(PICTURE)
    lit = {
        group.get("class"): [
            rect.get("data-cell")
            for rect in group.iter(f"{SVG}rect")
            if "lit" in (rect.get("class") or "").split()
        ]
        for group in tree.iter(f"{SVG}g")
    }
    assert lit == {
        "ds-input": ["1,2,0"],
        "ds-kernel": ["0,4"],
        "ds-bias": ["4"],
        "ds-output": ["1,2,4"],
    }


def test_an_svg_without_a_cell_has_nothing_lit() -> None:
    tree = drawn(draw(DENSE))
    rects = [rect.get("class") for rect in tree.iter(f"{SVG}rect")]
    # 6 cells and 6 frames in, 5 in the kernel, 5 in the bias, 30 cells and 6 frames out.
    assert (rects.count("cell"), rects.count("frame"), len(rects)) == (46, 12, 58)


def test_a_long_equation_is_folded_and_loses_nothing() -> None:
    layer = call("Conv2D", {"filters": 8, "kernel_size": (2, 2)}, (None, 4, 5, 1))
    scene = draw(layer, cell=(1, 2, 5))
    texts = drawn(scene).iter(f"{SVG}text")
    lines = [text.text or "" for text in texts if text.get("class") == "caption"]
    assert len(lines) > 1
    assert " ".join(lines).replace("\u00a0", " ") == scene.caption


def test_a_long_title_is_folded_too() -> None:
    title = " ".join(["Why does this layer make a tensor of four axes?"] * 8)
    tree = drawn(draw(DENSE, heading=title))
    assert float(tree.get("width") or 0) <= 2000
    lines = [text.text or "" for text in tree.iter(f"{SVG}text") if text.get("class") == "title"]
    assert " ".join(lines) == title


@pytest.mark.parametrize("layer", MODEL_B.layers, ids=[layer.label for layer in MODEL_B])
def test_the_panels_of_a_row_do_not_overlap_and_end_inside_the_picture(layer: Layer) -> None:
    scene = draw(layer, cell=(0, 0, 0))
    tree = drawn(scene)
    ends: dict[str, float] = {}
    for panel, group in zip(scene.panels, tree.iter(f"{SVG}g"), strict=True):
        found = re.fullmatch(r"translate\((\S+) (\S+)\)", group.get("transform") or "")
        assert found
        start, row = float(found[1]), found[2]
        assert start >= ends.get(row, 0)
        ends[row] = start + panel.width
    assert max(ends.values()) <= float(tree.get("width") or 0)


@pytest.mark.parametrize(
    ("value", "expected"), [(3.0, "3"), (2 / 3, "0.67"), (-0.5, "-0.5"), (1234.56, "1234.56")]
)
def test_a_length_has_at_most_two_decimals(value: float, expected: str) -> None:
    assert number(value) == expected


def test_every_kind_of_content_is_tried_here() -> None:
    kinds = {type(content) for content in contents("it").values()}
    assert kinds == {Table, Prose, Scene}
