"""How long sites with executed pages take to build with our runner, and with the other tools.

Each tool gets the same code on the same number of pages, in its own format. A site is built three times:
cold, unchanged, and with the code of one page changed. The tools take turns within one run, and what is
printed are ratios to our runner, of processor time and of wall time: more than 1 means slower than ours.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CODE = {
    "small": ["total = sum(n * n for n in range({number}))\nprint(total)", "[total] * 3"],
    "tensorflow": [
        "import keras\nmodel = keras.Sequential([keras.Input(({number} + 2,)), keras.layers.Dense(5)])",
        "model.summary()",
    ],
}
STATES = ("cold", "unchanged", "one page changed")
SPHINX = 'html_theme = "basic"\nexclude_patterns = ["_build"]\n'


@dataclass(frozen=True)
class Tool:
    """A tool: how it wants a page, what else it wants, and the command that builds the site."""

    module: str
    page: Callable[[Path, int, list[str]], None]
    conf: Callable[[Path, int], None]
    command: tuple[str, ...]


def markdown(site: Path, number: int, cells: list[str]) -> None:
    """Write a page for myst-nb."""
    blocks = "".join(f"\n```{{code-cell}}\n{cell}\n```\n" for cell in cells)
    text = f"---\nfile_format: mystnb\n---\n\n# Page {number}\n{blocks}"
    (site / f"page{number}.md").write_text(text)


def notebook(site: Path, number: int, cells: list[str]) -> None:
    """Write a page as a notebook; the title is raw text, for which nbsphinx needs no pandoc."""
    title = f"Page {number}"
    raw = {"raw_mimetype": "text/restructuredtext"}
    first = {"cell_type": "raw", "metadata": raw, "source": f"{title}\n{'=' * len(title)}"}
    rest: list[dict[str, Any]] = [
        {"cell_type": "code", "metadata": {}, "source": it, "outputs": [], "execution_count": None}
        for it in cells
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    found: dict[str, Any] = {"cells": [first, *rest], "metadata": {"kernelspec": kernel}}
    found |= {"nbformat": 4, "nbformat_minor": 4}
    (site / f"page{number}.ipynb").write_text(json.dumps(found))


def example(site: Path, number: int, cells: list[str]) -> None:
    """Write a page for sphinx-gallery."""
    title = f"Page {number}"
    text = f'"""\n{title}\n{"=" * len(title)}\n"""\n' + "\n# %%\n# Next.\n".join(cells) + "\n"
    (site / "examples").mkdir(exist_ok=True)
    (site / "examples" / "README.txt").write_text("Examples\n========\n")
    (site / "examples" / f"plot_{number}.py").write_text(text)


def myst(*lines: str) -> Callable[[Path, int], None]:
    """The configuration of a site for myst-nb."""

    def write(site: Path, pages: int) -> None:
        (site / "conf.py").write_text("\n".join((SPHINX, "nb_execution_timeout = 600", *lines, "")))
        names = "\n".join(f"page{number}" for number in range(pages))
        (site / "index.md").write_text(f"# Site\n\n```{{toctree}}\n{names}\n```\n")

    return write


def nbsphinx(site: Path, pages: int) -> None:
    """The configuration of a site for nbsphinx."""
    conf = 'extensions = ["nbsphinx"]\nnbsphinx_execute = "always"\nnbsphinx_timeout = 600\n'
    (site / "conf.py").write_text(SPHINX + conf)
    names = "".join(f"   page{number}\n" for number in range(pages))
    (site / "index.rst").write_text(f"Site\n====\n\n.. toctree::\n\n{names}")


def gallery(site: Path, _: int) -> None:
    """The configuration of a site for sphinx-gallery."""
    settings = {"examples_dirs": "examples", "gallery_dirs": "auto", "filename_pattern": "plot_"}
    conf = f'extensions = ["sphinx_gallery.gen_gallery"]\nsphinx_gallery_conf = {settings!r}\n'
    (site / "conf.py").write_text(SPHINX + conf)
    (site / "index.rst").write_text("Site\n====\n\n.. toctree::\n\n   auto/index\n")


def mkdocs(site: Path, _: int) -> None:
    """The configuration of a site for mkdocs-jupyter."""
    plugins = "plugins:\n  - mkdocs-jupyter:\n      execute: true\n"
    text = f"site_name: Site\ndocs_dir: docs\ntheme: mkdocs\n{plugins}"
    (site / "mkdocs.yml").write_text(text)
    (site / "docs").mkdir(exist_ok=True)
    (site / "docs" / "index.md").write_text("# Site\n")


def mkdocs_page(site: Path, number: int, cells: list[str]) -> None:
    """Write a page for mkdocs-jupyter."""
    (site / "docs").mkdir(exist_ok=True)
    notebook(site / "docs", number, cells)


BUILD = ("-m", "sphinx", "-q", "-b", "html", ".", "_build/html")
MYST = 'extensions = ["myst_nb"]'
OURS = 'extensions = ["myst_nb", "dense_shapes.sphinx"]\ndense_shapes_runner = True'
TOOLS = {
    "ours": Tool("myst_nb", markdown, myst(OURS), BUILD),
    "ours -j 2": Tool("myst_nb", markdown, myst(OURS), (*BUILD, "-j", "2")),
    "myst-nb, cache off": Tool(
        "myst_nb", markdown, myst(MYST, 'nb_execution_mode = "force"'), BUILD
    ),
    "myst-nb, cache on": Tool(
        "myst_nb", markdown, myst(MYST, 'nb_execution_mode = "cache"'), BUILD
    ),
    "myst-nb, cache on, -j 2": Tool(
        "myst_nb",
        markdown,
        # Two processes that make an empty cache at once fail now and then, so it is made before.
        myst(
            MYST,
            'nb_execution_mode = "cache"\nfrom jupyter_cache import get_cache\n'
            'get_cache("_build/.jupyter_cache").list_cache_records()',
        ),
        (*BUILD, "-j", "2"),
    ),
    "nbsphinx": Tool("nbsphinx", notebook, nbsphinx, BUILD),
    "sphinx-gallery": Tool("sphinx_gallery", example, gallery, BUILD),
    "mkdocs-jupyter": Tool("mkdocs_jupyter", mkdocs_page, mkdocs, ("-m", "mkdocs", "-q", "build")),
}


def cost(command: list[str], folder: Path) -> tuple[float, float]:
    """The seconds of processor and of wall that a command takes, all its processes included."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    paths = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)  # noqa: S603
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(done.stderr.strip()[-600:])
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return processor, wall


def code(kind: str, number: int) -> list[str]:
    """The cells of a page: every page is different, so that no cache takes two for one."""
    return [cell.replace("{number}", str(number)) for cell in CODE[kind]]


def measure(tool: Tool, kind: str, pages: int, states: list[str]) -> dict[str, tuple[float, float]]:
    """What each state of a site costs."""
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder).resolve()
        tool.conf(site, pages)
        for number in range(pages):
            tool.page(site, number, code(kind, number + 1))
        found = {}
        for state in states:
            if state == "one page changed":
                tool.page(site, 1, code(kind, 100_001 if kind == "small" else 1_001))
            found[state] = cost([sys.executable, *tool.command], site)
        return found


def compare(kind: str, pages: int, names: list[str], states: list[str], runs: int) -> None:
    """Print what each tool costs for sites of this kind and size, as multiples of ours."""
    print(f"\n{pages} pages, {kind} ({runs} runs in turn; processor time / wall time, ours is 1)")
    costs: dict[str, list[dict[str, tuple[float, float]]]] = {name: [] for name in names}
    for _ in range(runs):
        for name in list(costs):
            try:
                costs[name].append(measure(TOOLS[name], kind, pages, states))
            except RuntimeError as error:
                print(f"  {name}: failed: {error}")
                del costs[name]
    middle = {
        name: {
            state: [statistics.median(run[state][k] for run in found) for k in (0, 1)]
            for state in states
        }
        for name, found in costs.items()
    }
    ours = middle["ours"]
    print(f"  {'':25}" + "".join(f"{state:>20}" for state in states))
    for name, found in middle.items():
        ratios = ([found[state][k] / ours[state][k] for k in (0, 1)] for state in states)
        print(f"  {name:25}" + "".join(f"{cpu:>12.2f} /{wall:>6.2f}" for cpu, wall in ratios))
    each = ours[states[0]][0] / pages
    print(f"  ours, {states[0]}: {each:.2f} s of processor a page", flush=True)


def main() -> None:
    """Read the options, and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, nargs="+", default=[10, 50])
    parser.add_argument("--kinds", nargs="+", choices=list(CODE), default=list(CODE))
    parser.add_argument("--tools", nargs="+", choices=list(TOOLS), default=list(TOOLS))
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--states", nargs="+", choices=STATES, default=list(STATES))
    options = parser.parse_args()
    names = ["ours", *(name for name in options.tools if name != "ours")]
    for name in [name for name in names if not importlib.util.find_spec(TOOLS[name].module)]:
        print(f"{name}: not installed, left out")
        names.remove(name)
    for kind in options.kinds:
        for pages in options.pages:
            compare(kind, pages, names, options.states, options.runs)


if __name__ == "__main__":
    main()
