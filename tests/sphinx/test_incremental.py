"""What is read again, and what is not; and that two processes write what one writes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dense_shapes.sphinx import builders
from tests.sphinx.conftest import MODELS, Site

SEGMENTER = "# One\n\n```{model-table} models.py:segmenter\n```\n"
LINE = "# Two\n\n```{layer-figure} 2,3,1 -> Dense(5)\n```\n"
PLAIN = "# Three\n\nNothing of ours.\n"
INDEX = "# All\n\n```{toctree}\none\ntwo\nthree\n```\n"


@pytest.fixture
def three(site: Site) -> Site:
    """A page that shows a file, one that shows a line, and one that shows nothing."""
    for name, text in {"one": SEGMENTER, "two": LINE, "three": PLAIN, "index": INDEX}.items():
        site.write(f"{name}.md", text)
    assert sorted(site.build().read) == ["index", "one", "three", "two"]
    return site


def test_a_build_again_reads_nothing(three: Site) -> None:
    assert three.build().read == []


def test_a_changed_model_file_reads_its_page_and_no_other(three: Site) -> None:
    path = three.write("models.py", MODELS.replace("Dense(5, name", "Dense(6, name"))
    os.utime(path, (2e9, 2e9))
    built = three.build()
    assert built.read == ["one"]
    assert f"Total params: {40 + 9 * 6}" in built.page("one.html")


def test_a_changed_library_reads_the_pages_that_show_it(
    three: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builders, "library", lambda: "another")
    assert sorted(three.build().read) == ["one", "two"]
    assert three.build().read == []


def test_the_state_of_the_library_is_that_of_its_files(tmp_path: Path) -> None:
    code = (
        "import dense_shapes, sys; from pathlib import Path\n"
        "from dense_shapes.sphinx.builders import library\n"
        "print(library())\n"
    )
    package = Path(builders.__file__).parents[1]
    copy = tmp_path / "dense_shapes"
    for file in package.rglob("*"):
        if file.suffix in (".py", ".js", ".json", ".typed"):
            target = copy / file.relative_to(package)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())

    def state() -> str:
        env = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
        result = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            check=True,
        )
        return result.stdout

    before = state()
    assert before == state()
    os.utime(copy / "steps.py", (2e9, 2e9))
    assert state() == before, "a new date is no change"
    with (copy / "steps.py").open("a") as steps:
        steps.write("# changed\n")
    assert state() != before


def test_a_model_that_was_missing_is_seen_when_it_comes(site: Site) -> None:
    site.write("index.md", "# A page\n\n```{model-table} late.py\n```\n")
    assert len(site.build().warnings) == 1
    assert len(site.build().warnings) == 1, "what is missing is said each time"
    site.write("late.py", "model = Sequential([Input((3,)), Dense(2)])\n")
    built = site.build()
    assert built.warnings == []
    assert "Total params: 8" in built.page("index.html")


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a build; those that hold absolute paths or pickles of the builder are left out."""
    left = {".buildinfo", "environment.pickle"}
    return {
        str(it.relative_to(folder)): it.read_bytes()
        for it in sorted(folder.rglob("*"))
        if it.is_file() and it.name not in left
    }


@pytest.mark.parametrize("builder", ["html", "latex"])
def test_two_processes_write_the_same_bytes_as_one(site: Site, builder: str) -> None:
    names = [f"page{number}" for number in range(8)]
    listed = "\n".join(names)
    site.write("index.md", f"# All\n\n```{{toctree}}\n{listed}\n```\n")
    for number, name in enumerate(names):
        picture = f"```{{layer-figure}} 2,3,{number + 1} -> Dense(5)\n:cell: 1, 2, 4\n```\n"
        role = "{layer-shape}`Dense(5) on 2, 3, 1`"
        site.write(f"{name}.md", f"# {name}\n\n{role}\n\n{picture}\n{SEGMENTER[7:]}")
    site.write(
        "conf.py",
        "extensions = ['myst_parser', 'dense_shapes.sphinx']\nhtml_last_updated_fmt = None\n",
    )
    found = []
    for jobs in ("1", "2"):
        folder = site.folder.parent / f"out{jobs}"
        result = subprocess.run(
            [
                *(sys.executable, "-m", "sphinx", "-q", "-n", "-W", "-j", jobs, "-b", builder),
                *("-d", str(folder / "doctrees"), str(site.folder), str(folder / "site")),
            ],
            env={**os.environ, "SOURCE_DATE_EPOCH": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        found.append(contents(folder / "site"))
    assert found[0].keys() == found[1].keys()
    assert [name for name in found[0] if found[0][name] != found[1][name]] == []


def test_a_figure_for_print_is_drawn_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = "```{layer-figure} 2,3,1 -> Dense(5)\n```\n\n"
    site.write("index.md", f"# A page\n\n{picture * 3}")
    built = site.build("latex")
    assert len(list(built.folder.glob("figure-*.pdf"))) == 1
    kept = list((site.folder / "_build").rglob("dense_shapes/figure-*.pdf"))
    dates = [it.stat().st_mtime_ns for it in kept]
    site.write("index.md", f"# Another page\n\n{picture * 2}")
    site.build("latex")
    assert [it.stat().st_mtime_ns for it in kept] == dates


def test_without_matplotlib_a_figure_for_print_is_words_and_a_warning(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    picture = "```{layer-figure} 2,3,1 -> Dense(5)\n```\n\n"
    site.write("index.md", f"# A page\n\n{picture * 2}")
    built = site.build("latex")
    assert len(built.warnings) == 1
    assert "Matplotlib draws this, and is not installed" in built.warnings[0]
    assert built.warnings[0].endswith("[dense_shapes.print]")
    [tex] = built.folder.glob("*.tex")
    assert "kernel is used at each of the 6 positions." in tex.read_text("utf-8")
