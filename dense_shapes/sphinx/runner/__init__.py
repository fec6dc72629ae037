"""The page runner: executed pages of a myst-nb site that are never stale, and fast.

It decides which pages are stale, runs those (each in a process of its own, forked from one that has
imported what they import), and hands the results to an unmodified myst-nb through jupyter-cache.

    pages    which pages are executed, and their cells
    usage    what a process uses while it runs: files, modules, packages
    records  the notes of what was used, the results, and whether a note still holds
    server   the warm process; `child` and `shell` are a page in a fork of it
    kernels  a page in an ordinary Jupyter kernel
    workers  the pages that run now: starts, deadlines, deaths; `cluster` does the same on Dask
    report   what is said meanwhile and at the end
    hooks    when Sphinx calls what

It is not a distribution of its own. Its users install one name and write one line in `conf.py`, it needs
nothing that the directives beside it do not need, and two packages would have to be released together.
But it imports nothing of dense_shapes (a test holds that), so this folder can move out whenever somebody
wants it without the rest.
"""

from __future__ import annotations

from typing import Any


def setup(app: Any) -> None:
    """Add the runner to a Sphinx application; it does nothing until `dense_shapes_runner` is true."""
    from dense_shapes.sphinx.runner.hooks import connect

    app.add_config_value("dense_shapes_runner", False, "", bool)
    app.add_config_value("dense_shapes_runner_environment", [], "", list)
    app.add_config_value("dense_shapes_runner_output_limit", 1_000_000, "", int)
    app.add_config_value("dense_shapes_runner_processes", 0, "", int)
    app.add_config_value("dense_shapes_runner_scheduler", "", "", str)
    connect(app)
