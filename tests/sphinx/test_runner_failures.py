"""A page that fails is named, with its line; the others run all the same, and nothing is left behind."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from tests.sphinx.sites import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    site.page("index", "print('fine')")
    site.page("other", "print('fine too')")
    return site


def line_of(site: Site, page: str, text: str) -> int:
    """The line of a page that holds a text, from 1."""
    lines = (site.docs / f"{page}.md").read_text().splitlines()
    return next(n for n, line in enumerate(lines, 1) if text in line)


def test_a_cell_that_raises(site: Site) -> None:
    code = "#: some-tag\nfor n in range(9):\n    print('line', n)\nhere = 1\nwrong = here / 0\nafter = 2"
    site.page("bad", "print('first')", code, "print('never')")
    build = site.build()
    assert build.code == 1
    assert build.ran == ["bad", "index", "other"]
    line = line_of(site, "bad", "wrong =")
    where = f"bad.md:{line}: WARNING: cell 3: ZeroDivisionError: division by zero"
    assert where in build.err
    tail = build.err.split("the last lines of output:\n")[1]
    assert tail.split() == [
        "line",
        "4",
        "line",
        "5",
        "line",
        "6",
        "line",
        "7",
        "line",
        "8",
        *tail.split()[10:],
    ]
    assert "1 of 3 pages failed: bad.md" in build.out
    assert "ZeroDivisionError" in site.text("bad")
    assert "never" not in site.text("bad").replace("print('never')", "")
    assert "fine too" in site.text("other")


def test_a_page_that_failed_runs_again_and_no_other(site: Site) -> None:
    site.write("helper.py", "value = 1 / 0\n")
    site.page("bad", "import helper\nprint(helper.value)")
    assert site.build().code == 1
    again = site.build()
    assert (again.code, again.ran) == (1, ["bad"])
    site.write("helper.py", "value = 'mended'\n")
    mended = site.build("-W")
    assert (mended.code, mended.ran) == (0, ["bad"])
    assert "mended" in site.text("bad")
    assert "ZeroDivisionError" not in site.text("bad")
    assert site.build("-W").ran == []


def test_every_failure_is_reported_at_the_end(site: Site) -> None:
    site.page("syntax", "x = 1\ny = (")
    site.page(
        "killed", "import os, signal\nprint('before')", "os.kill(os.getpid(), signal.SIGKILL)"
    )
    site.page("left", "import os", "os._exit(3)")
    site.page("crashed", "import ctypes", "ctypes.string_at(0)")
    build = site.build()
    assert build.code == 1
    assert build.ran == ["crashed", "index", "killed", "left", "other", "syntax"]
    assert (
        f"syntax.md:{line_of(site, 'syntax', 'y = (')}: WARNING: cell 2: SyntaxError" in build.err
    )
    assert "cell 3: the process of the page died: SIGKILL" in build.err
    assert "cell 3: the process of the page died: exit status 3" in build.err
    assert "cell 3: the process of the page died: SIGSEGV" in build.err
    assert "4 of 6 pages failed: " in build.out
    assert build.out.index("4 of 6 pages failed") > build.out.index("writing output")


def test_a_cell_that_hangs_is_killed_with_all_that_it_started(site: Site) -> None:
    code = "import subprocess, time\nsubprocess.Popen(['sleep', '4321'])\ntime.sleep(4321)"
    front = "mystnb:\n  execution_timeout: 2\n"
    site.page("hangs", "print('before')", code, front=front)
    build = site.build()
    assert build.code == 1
    assert build.ran == ["hangs", "index", "other"]
    line = line_of(site, "hangs", "import subprocess")
    said = f"hangs.md:{line}: WARNING: cell 3: the cell ran longer than 2 s and was killed"
    assert said in build.err
    assert not [
        it for it in psutil.process_iter(["cmdline"]) if "4321" in (it.info["cmdline"] or [])
    ]


@pytest.mark.parametrize(
    "code", ["print('x' * 99 + '\\n', end='')", "libc.write(1, b'x' * 99 + b'\\n', 100)"]
)
def test_a_cell_that_prints_a_hundred_megabytes_is_cut(site: Site, code: str) -> None:
    loop = f"import ctypes\nlibc = ctypes.CDLL(None)\nfor _ in range(1_000_000):\n    {code}"
    site.page("loud", f"{loop}\nNone", "print('next')")
    build = site.build()
    assert build.code == 0
    line = line_of(site, "loud", "import ctypes")
    assert (
        f"loud.md:{line}: WARNING: cell 2: 99,000,000 characters of its output were cut off"
        in build.err
    )
    text = site.text("loud")
    assert 1_000_000 < len(text) < 1_200_000
    assert "[cut: 1,000,000 of 100,000,000 characters are shown]" in text
    assert "next" in text
    assert (
        "cut off" in site.build("-E").err
    )  # it is said again when the result comes from the cache


def test_errors_that_are_allowed_do_not_fail(site: Site) -> None:
    site.page("bad", "1 / 0", "print('goes on')", front="mystnb:\n  execution_allow_errors: true\n")
    build = site.build("-W")
    assert build.code == 0, build.err
    assert "goes on" in site.text("bad")


def test_a_mistake_in_the_configuration_is_said(site: Site) -> None:
    conf = (site.docs / "conf.py").read_text()
    site.write("docs/conf.py", conf.replace('"myst_nb", ', ""))
    build = site.build()
    assert build.code == 2
    assert 'dense_shapes_runner needs "myst_nb" among the extensions' in build.err


def test_execution_that_is_off_stays_off(site: Site) -> None:
    assert site.build("-W", "-D", "nb_execution_mode=off").ran == []


KERNEL = "dense_shapes_runner:\n  kernel: true\n"


@pytest.mark.parametrize(
    ("how", "front"), [(signal.SIGINT, ""), (signal.SIGKILL, ""), (signal.SIGINT, KERNEL)]
)
def test_an_interrupt_leaves_no_process_and_loses_no_page(
    site: Site, how: signal.Signals, front: str
) -> None:
    site.page("slow", "import time\ntime.sleep(1234)", front=front)
    site.log.write_text("")
    build = subprocess.Popen(
        site.command("-D", "nb_execution_timeout=600"),
        env=site.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert build.stdout is not None
    seen = ""
    while len(re.findall(r"\] (?:index|other)\.md ran", seen)) < 2:
        seen += build.stdout.readline()
    while "slow" not in site.log.read_text():
        time.sleep(0.1)
    children = psutil.Process(build.pid).children(recursive=True)
    assert len(children) >= (1 if front else 2)  # the kernel, or the warm process and the page
    build.send_signal(how)
    build.communicate(timeout=60)
    assert build.returncode != 0
    end = time.monotonic() + 30
    while any(it.is_running() and it.status() != "zombie" for it in children):
        assert time.monotonic() < end
        time.sleep(0.1)
    site.page("slow", "print('fast now')")
    after = site.build("-W")
    assert (after.code, after.ran) == (0, ["slow"])


def test_a_build_in_which_nothing_failed_leaves_no_process(site: Site) -> None:
    site.page("leaves", "import subprocess\nsubprocess.Popen(['sleep', '5432'])\nNone")
    assert site.build("-W").code == 0
    assert not [
        it for it in psutil.process_iter(["cmdline"]) if "5432" in (it.info["cmdline"] or [])
    ]
