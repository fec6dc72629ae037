"""What a fork cannot do is left to an ordinary kernel, and a line says why; what it used is noted too."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.sphinx.sites import Build, Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    site.page("index", "print('forked')")
    site.write("helper.py", "value = 'helped'\n")
    site.write("docs/data.txt", "1")
    return site


def kernel_lines(build: Build) -> list[str]:
    return [line for line in build.out.splitlines() if "an ordinary kernel runs it" in line]


USES = "import helper, yaml\nprint(helper.value, open('data.txt').read())"


def test_a_widget_needs_a_kernel(site: Site) -> None:
    site.page("widget", USES, "from comm import create_comm\ncreate_comm('x').comm_id != ''")
    build = site.build("-W")
    assert build.code == 0, build.out + build.err
    assert kernel_lines(build) == [
        "widget.md: an ordinary kernel runs it, because it makes a widget"
    ]
    assert "True" in site.text("widget")
    assert site.build("-W").ran == []
    site.write("helper.py", "value = 'helped again'\n")
    build = site.build("-W")
    assert build.reasons == {"widget": "helper.py changed"}
    assert site.log.read_text().split() == ["widget"]  # it went to the kernel without a trial
    site.write("docs/data.txt", "2")
    assert site.build("-W").reasons == {"widget": "docs/data.txt changed"}
    assert "helped again 2" in site.text("widget")


def test_input_needs_a_kernel_which_refuses_it(site: Site) -> None:
    site.page("asks", "#: raises-exception\ninput('name? ')")
    build = site.build("-W")
    assert build.code == 0, build.out + build.err
    assert kernel_lines(build) == ["asks.md: an ordinary kernel runs it, because it calls input()"]
    assert "StdinNotImplementedError" in site.text("asks")


def test_a_page_may_ask_for_a_kernel(site: Site) -> None:
    site.page("own", USES, front="dense_shapes_runner:\n  kernel: true\n")
    build = site.build("-W")
    assert kernel_lines(build) == ["own.md: an ordinary kernel runs it, because it asks for one"]
    cache = site.docs / "_build" / ".jupyter_cache"
    notes = [json.loads(it.read_text())[0] for it in cache.rglob("notes/*.json")]
    (note,) = [note for note in notes if note["files"]]
    assert sorted(note["files"]) == ["docs/data.txt", "helper.py"]
    assert sorted(note["distributions"]) == ["PyYAML", "ipython", "matplotlib-inline"]
    assert note["imports"] == ["yaml"]


def test_failures_in_a_kernel(site: Site) -> None:
    front = "dense_shapes_runner:\n  kernel: true\n"
    site.page("bad", "print('before')", "1 / 0", front=front)
    site.page("dies", "import os\nos._exit(1)", front=front)
    site.page("hangs", "while True: pass", front=front + "mystnb:\n  execution_timeout: 2\n")
    build = site.build()
    assert build.code == 1
    assert "WARNING: cell 3: ZeroDivisionError: division by zero" in build.err
    assert "WARNING: cell 2: the kernel died" in build.err
    assert "WARNING: cell 2: the cell ran longer than 2 s and was killed" in build.err
    assert "3 of 4 pages failed" in build.out


def test_where_nothing_can_be_forked(site: Site) -> None:
    conf = (site.docs / "conf.py").read_text()
    nothing = "from dense_shapes.sphinx.runner import workers\nworkers.can_fork = lambda: False\n"
    site.write("docs/conf.py", conf + nothing)
    site.page("uses", USES)
    build = site.build("-W")
    assert build.code == 0, build.out + build.err
    assert sorted(kernel_lines(build)) == [
        "index.md: an ordinary kernel runs it, because processes cannot be forked here",
        "uses.md: an ordinary kernel runs it, because processes cannot be forked here",
    ]
    site.write("docs/data.txt", "2")
    assert site.build("-W").reasons == {"uses": "docs/data.txt changed"}


def test_a_kernel_of_another_environment_runs_each_time_unless_it_is_declared(site: Site) -> None:
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Other", "language": "python", "env": {"A": "B"}}
    site.write("jupyter/kernels/other/kernel.json", json.dumps(spec))
    site.env["JUPYTER_PATH"] = str(site.root / "jupyter")
    front = "kernelspec: {name: other, display_name: Other, language: python}\n"
    site.page("foreign", "import os\nprint('it is', os.environ['A'])", front=front)
    declared = f"{front}dense_shapes_runner:\n  dependencies: [data.txt]\n"
    site.page("declared", "print(open('data.txt').read())", front=declared)
    build = site.build("-W")
    assert build.code == 0, build.out + build.err
    assert (
        "foreign.md: an ordinary kernel runs it, because it asks for the kernel other" in build.out
    )
    assert "foreign.md: it will run each time" in build.out
    assert "it is B" in site.text("foreign")
    assert site.build("-W").ran == ["foreign"]
    site.write("docs/data.txt", "2")
    assert site.build("-W").ran == ["declared", "foreign"]


def test_what_starts_threads_or_prints_is_left_to_the_pages(site: Site) -> None:
    start = (
        "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    )
    site.install("starter", "1.0", {"starter.py": start})
    site.install("printer", "1.0", {"printer.py": "print('hello from the printer')\n"})
    site.page("threads", "import starter, threading\nprint('threads', threading.active_count())")
    site.page("prints", "import printer")
    site.page("index", "import threading\nprint('threads', threading.active_count())")
    build = site.build("-W")
    assert build.code == 0, build.out + build.err
    why = "is not imported before the pages: it"
    assert f"starter {why} starts threads when it is imported" in build.out
    assert f"printer {why} prints when it is imported" in build.out
    assert "threads 2" in site.text("threads")
    assert "threads 1" in site.text("index")
    assert "hello from the printer" in site.text("prints")
    assert why not in site.build("-W", "-D", "nb_execution_allow_errors=1").out  # it is remembered
