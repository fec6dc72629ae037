"""The same pages on two Dask workers, one of which is killed in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from distributed import Client, LocalCluster

from tests.sphinx.sites import Site

SHOWS = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\n"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    site.write("helper.py", "value = 'helped'\n")
    site.page("index", "print('hello')")
    for number in range(4):
        site.page(f"page{number}", f"{SHOWS}\nprint({number})", "import helper\nhelper.value")
    return site


@pytest.fixture
def cluster(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalCluster]:
    monkeypatch.setenv("PYTHONPATH", site.environment()["PYTHONPATH"])
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(processes=True, host="127.0.0.1", **options) as cluster:
        yield cluster


def start(site: Site, cluster: LocalCluster) -> subprocess.Popen[str]:
    """A build on the cluster that has begun."""
    site.log.write_text("")
    return subprocess.Popen(
        site.command(
            "-D", f"dense_shapes_runner_scheduler={cluster.scheduler_address}", builder="html"
        ),
        env=site.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(build: subprocess.Popen[str]) -> str:
    """What a build that must succeed has said."""
    out, _ = build.communicate(timeout=200)
    assert build.returncode == 0, out
    return out


def html(site: Site) -> dict[str, str]:
    folder = site.docs / "_build" / "html"
    return {it.name: it.read_text("utf-8").partition("<body")[2] for it in folder.glob("*.html")}


def test_the_pages_are_the_same_and_nothing_is_left(
    site: Site, cluster: LocalCluster, tmp_path: Path
) -> None:
    finish(start(site, cluster))
    assert len(set(site.log.read_text().split())) == 5
    there = html(site)
    here = Site(tmp_path / "here")
    for path in [*site.docs.glob("*.md"), site.root / "helper.py"]:
        (here.root / path.relative_to(site.root)).write_text(path.read_text())
    assert here.build("-W", builder="html").code == 0
    assert html(here) == there
    for name, code in {
        "page1": "raise ValueError('bad')",
        "page2": "import os\nos._exit(4)",
    }.items():
        site.page(name, code)
    site.write("helper.py", "value = 'again'\n")
    build = start(site, cluster)
    out, _ = build.communicate(timeout=200)
    assert build.returncode == 1
    assert set(site.log.read_text().split()) == {"page0", "page1", "page2", "page3"}
    assert "page0.md: helper.py changed" in out
    assert "cell 2: ValueError: bad" in out
    assert "cell 2: the process of the page died: exit status 4" in out
    assert "2 of 4 pages failed" in out
    with Client(cluster) as client:
        workers = [psutil.Process(pid) for pid in client.run(os.getpid).values()]
    assert [it.children(recursive=True) for it in workers] == [[], []]


def test_a_worker_is_killed_in_the_middle(
    site: Site, cluster: LocalCluster, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    wait = f"import os, time\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.05)"
    site.page("waits", wait, "print('came through')")
    build = start(site, cluster)
    end = time.monotonic() + 100
    while "waits" not in site.log.read_text():
        assert time.monotonic() < end
        time.sleep(0.05)
    with Client(cluster) as client:
        busy = [it for it, keys in client.processing().items() if any("run_job" in k for k in keys)]
        pids = client.run(os.getpid)
    victims = [psutil.Process(pids[it]) for it in busy]
    pages = [child for it in victims for child in it.children(recursive=True)]
    assert len(pages) >= 2  # a warm process and a page
    for it in victims:
        it.send_signal(signal.SIGKILL)
    gate.write_text("")
    finish(build)
    assert "came through" in html(site)["waits.html"]
    assert site.log.read_text().split().count("waits") >= 2
    assert not [it for it in pages if it.is_running() and it.status() != "zombie"]


def test_a_scheduler_that_is_not_there_is_said(site: Site) -> None:
    build = site.build("-D", "dense_shapes_runner_scheduler=tcp://127.0.0.1:1")
    assert build.code == 2
    assert "there is no Dask scheduler at tcp://127.0.0.1:1" in build.err
