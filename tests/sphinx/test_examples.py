"""The two example sites are built as their authors would, and nothing is wrong in them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
SITES = {"myst-furo": ("furo", "myst_nb"), "rst-pydata": ("pydata_sphinx_theme",)}


@pytest.fixture(scope="module", params=SITES)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a site that was built in each format; every warning is an error."""
    for name in SITES[request.param]:
        pytest.importorskip(name)
    folder = tmp_path_factory.mktemp(request.param)
    source = folder / "source"
    shutil.copytree(EXAMPLES / request.param, source)
    for builder in ("html", "epub", "latex", "text"):
        result = subprocess.run(
            [
                *(sys.executable, "-m", "sphinx", "-q", "-n", "-W", "--keep-going", "-b", builder),
                *("-d", str(folder / "doctrees"), str(source), str(folder / builder)),
            ],
            env={**os.environ, "IPYTHONDIR": str(folder / "ipython")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
    return folder


def test_every_figure_of_a_site_is_in_its_pages(site: Path) -> None:
    figures = sum(
        it.read_text("utf-8").count('class="ds-shown') for it in (site / "html").glob("*.html")
    )
    assert figures >= 2
    printed = list((site / "latex").glob("figure-*.pdf"))
    assert len(printed) == figures
    assert all(it.read_bytes().startswith(b"%PDF") for it in printed)


def test_the_source_for_latex_has_real_tables_and_labels(site: Path) -> None:
    [tex] = (site / "latex").glob("*.tex")
    source = tex.read_text("utf-8")
    assert source.count(r"\begin{tabulary}") >= 2
    figures = source.count(r"\sphinxincludegraphics")
    words = re.findall(r"\\BeginAccSupp\{[^}]*Alt=\{(.*)\}\}\\sphinxincludegraphics", source)
    assert len(words) == figures >= 2
    assert all("parameters" in it or "layers" in it for it in words)
    assert r"\caption{" in source
    assert "<figure" not in source
    assert "Figure size" not in source


def test_the_book_is_well_formed(site: Path) -> None:
    [book] = (site / "epub").glob("*.epub")
    with zipfile.ZipFile(book) as archive:
        pages = [name for name in archive.namelist() if name.endswith(".xhtml")]
        for name in pages:
            root = ElementTree.fromstring(archive.read(name))
            ids = [it.get("id") for it in root.iter() if it.get("id")]
            assert len(ids) == len(set(ids)), name
        assert any(b"<svg" in archive.read(name) for name in pages)


@pytest.mark.skipif(not shutil.which("latexmk"), reason="no LaTeX here")
def test_latex_typesets_the_site_and_nothing_sticks_out(site: Path) -> None:
    [tex] = (site / "latex").glob("*.tex")
    result = subprocess.run(
        ["latexmk", "-pdf", "-interaction=nonstopmode", "-halt-on-error", tex.name],
        cwd=tex.parent,
        capture_output=True,
        check=False,
        timeout=300,
    )
    log = tex.with_suffix(".log").read_text("utf-8", "replace")
    assert result.returncode == 0, log[-3000:]
    assert "Overfull" not in log
    assert "undefined references" not in log
