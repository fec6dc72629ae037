"""What myst-nb can be told means the same to the runner; and what is said while pages run."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from pathlib import Path

import pytest

from dense_shapes.sphinx.runner.pages import imports
from tests.sphinx.sites import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    site.page("index", "print('fine')")
    return site


def test_a_page_in_a_temporary_folder(site: Site) -> None:
    site.page(
        "temp", "import os\nprint(os.listdir('.'))", front="mystnb: {execution_in_temp: true}\n"
    )
    assert site.build("-W").code == 0
    assert "[]" in site.text("temp")
    assert site.build("-W").ran == []


def test_pages_that_are_excluded_or_off(site: Site) -> None:
    site.page("left", "print('never' + ' seen')")
    site.page("off", "print('never' + ' seen')", front="mystnb: {execution_mode: 'off'}\n")
    conf = (site.docs / "conf.py").read_text()
    site.write("docs/conf.py", conf + 'nb_execution_excludepatterns = ["left.md"]\n')
    assert site.build("-W").ran == ["index"]
    assert "never seen" not in site.text("left") + site.text("off")


def test_a_page_that_is_executed_in_line_is_left_to_myst_nb(site: Site) -> None:
    site.page(
        "inline", "x = 5", front="mystnb: {execution_mode: inline}\n", prose="It is {eval}`2`."
    )
    site.page("inline", "x = 5\nprint(x)", front="mystnb: {execution_mode: inline}\n")
    assert site.build("-W").code == 0
    assert "5" in site.text("inline")
    assert site.build("-W").ran == ["inline"]  # nobody notes what it uses, so it is read each time


def test_a_notebook_is_a_page(site: Site) -> None:
    log = f"print('book', file=open({str(site.log)!r}, 'a'))"
    cells: list[dict[str, object]] = [
        {"cell_type": "markdown", "metadata": {}, "source": "# Book"},
        {
            "cell_type": "code",
            "metadata": {},
            "source": log,
            "outputs": [],
            "execution_count": None,
        },
        {
            "cell_type": "code",
            "metadata": {},
            "source": "1/0",
            "outputs": [],
            "execution_count": None,
        },
    ]
    book = {"cells": cells, "metadata": {"orphan": True}, "nbformat": 4, "nbformat_minor": 4}
    site.write("docs/book.ipynb", json.dumps(book))
    build = site.build()
    assert build.code == 1
    assert build.ran == ["book", "index"]
    assert "book.ipynb: WARNING: cell 2: ZeroDivisionError: division by zero" in build.err
    cells[2]["source"] = "6 * 7"
    site.write("docs/book.ipynb", json.dumps(book))
    assert site.build("-W").ran == ["book"]
    assert "42" in site.text("book")
    assert site.build("-W").ran == []


def test_code_that_is_loaded_from_a_file(site: Site) -> None:
    site.write("docs/code.py", "print('loaded ' + 'one')\n")
    text = "---\nfile_format: mystnb\norphan: true\n---\n# Title\n\n```{code-cell}\n:load: code.py\n```\n"
    site.write("docs/loads.md", text)
    assert site.build("-W").code == 0
    assert "loaded one" in site.text("loads")
    site.write("docs/code.py", "print('loaded ' + 'two')\n")
    assert "loads.md: its code changed" in site.build("-W").out
    assert "loaded two" in site.text("loads")


def test_a_terminal_shows_which_pages_run_and_a_log_shows_lines(site: Site) -> None:
    site.page("slow", "import time\ntime.sleep(1.5)")
    site.page("quick", "1")
    reader, writer = pty.openpty()
    env = {**site.environment(), "TERM": "xterm"}
    build = subprocess.Popen(site.command(), env=env, stdout=writer, stderr=writer)
    os.close(writer)
    seen = b""
    while True:
        try:
            part = os.read(reader, 4096)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        seen += part
    os.close(reader)
    assert build.wait(60) == 0
    shown = seen.decode()
    assert re.search(r"\rrunning [^\r\n]*slow\.md 1 s · [012] of 3 done", shown)
    site.page("slow", "import time\ntime.sleep(1)")
    site.page("quick", "2")
    plain = site.build().out
    assert "running" not in plain
    assert re.search(r"^\[2/2\] slow\.md ran in [\d.]+ s$", plain, re.MULTILINE)
    table = re.search(
        r"the slowest pages:\n +slow\.md +([\d.]+) s\n +quick\.md +([\d.]+) s\n", plain
    )
    assert table
    assert float(table[1]) > float(table[2])


def test_the_imports_of_a_cell_are_read_from_its_text() -> None:
    source = "%matplotlib inline\nimport a.b as c, d\nfrom e import f, g\nfrom . import h\n!ls\n"
    assert list(imports(source)) == ["a.b", "d", "e", "e:f", "e:g"]
    assert list(imports("this is not Python")) == []
