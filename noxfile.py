"""The commands of the project; `nox -l` is the menu."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import nox

nox.needs_version = ">=2026.10"
nox.options.sessions = ["lint", "types", "core", "tests", "doctest", "docs", "browser"]

PYPROJECT = nox.project.load_toml("pyproject.toml")
SITE = Path("docs", "_build", "html")
LANGUAGES = {"en": "", "zh_CN": "zh"}
"""The languages of the site, the first of which is written, and their folders in it."""
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0", "KERAS_BACKEND": "tensorflow"}
"""What keeps TensorFlow from talking, and makes its sums the same on every run."""


def install(session: nox.Session, *groups: str, package: bool = True) -> None:
    """Install dependency groups, and the package as a user would: its wheel."""
    session.install(*nox.project.dependency_groups(PYPROJECT, *groups))
    if package:
        session.install("--no-deps", "--force-reinstall", ".")


def build(session: nox.Session, site: Path) -> None:
    """Build the site into a fresh folder, English and Chinese; every warning is an error.

    The cells run once, and the second language takes what they gave. What cells gave, and what Sphinx read,
    is kept for the next build, which runs and reads what has changed, and writes every page.
    """
    work = Path(session.create_tmp(), "build").resolve()
    shutil.rmtree(site, ignore_errors=True)
    env = {**QUIET, "JUPYTER_PATH": "", "JUPYTER_PREFER_ENV_PATH": "1", "PYTHONHASHSEED": "0"}
    cache = ["-Dnb_execution_mode=cache", f"-Dnb_execution_cache_path={work / 'cells'}"]
    for language, place in LANGUAGES.items():
        made = work / language / "html"
        shutil.rmtree(made, ignore_errors=True)
        trees = work / language / "trees"
        flags = ["-a", "-n", "-W", "--keep-going", "-q", "-b", "html", "-d", str(trees)]
        settings = [f"-Dlanguage={language}", *cache]
        session.run("python", "-m", "sphinx", *flags, *settings, "docs", str(made), env=env)
        shutil.copytree(made, site / place)
    bundle(site)


def bundle(site: Path) -> None:
    """The whole site as one file in it; the same site gives the same bytes."""
    files = sorted(path for path in site.rglob("*") if path.is_file())
    with ZipFile(site / "dense_shapes-site.zip", "w") as archive:
        for path in files:
            entry = ZipInfo(f"dense_shapes-site/{path.relative_to(site).as_posix()}")
            archive.writestr(entry, path.read_bytes(), ZIP_DEFLATED)


@nox.session(reuse_venv=True)
def docs(session: nox.Session) -> None:
    """Build the site, and print where it is."""
    install(session, "docs")
    build(session, SITE)
    session.log(f"The site is at {(SITE / 'index.html').resolve().as_uri()}")


@nox.session
def tests(session: nox.Session) -> None:
    """Run every test, against real Keras and the built site."""
    install(session, "tests", "docs", "sites", "cluster")
    site = Path(session.create_tmp(), "site")
    build(session, site)
    session.run(
        "pytest", "--ignore=tests/browser", *session.posargs, env={**QUIET, "SITE": str(site)}
    )


@nox.session
def core(session: nox.Session) -> None:
    """Run the tests of the core, with nothing installed that it does not need."""
    install(session, "core")
    parts = [f"--ignore=tests/{name}" for name in ("keras", "site", "sphinx", "browser")]
    session.run("pytest", *parts, *session.posargs)


@nox.session
def slow(session: nox.Session) -> None:
    """Try every random test twenty times as often, and all of keras.applications; it takes hours."""
    install(session, "tests")
    parts = ["tests", "--ignore=tests/site", "--ignore=tests/browser"]
    session.run("pytest", *(session.posargs or parts), env={**QUIET, "SLOW": "1"})


@nox.session
def fuzz(session: nox.Session) -> None:
    """Read 20,000 changed files, specs and codes of each kind, watched and limited; half an hour or so."""
    install(session, "core")
    session.run("pytest", "--hypothesis-profile=fuzz", *(session.posargs or ["tests/fuzz"]))


@nox.session
def doctest(session: nox.Session) -> None:
    """Run the examples of the docstrings and of the README."""
    install(session, "tests", "docs", "cluster")
    session.run("pytest", "--doctest-modules", "--pyargs", "dense_shapes", env=QUIET)
    session.run("pytest", "--doctest-glob=README.md", "README.md", env=QUIET)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and layout with ruff."""
    install(session, "lint", package=False)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types with mypy, strictly."""
    install(session, "types", package=False)
    session.run("mypy")


@nox.session
def browser(session: nox.Session) -> None:
    """Look at the built site, and point at pictures, in Chromium: a laptop, a phone, light and dark."""
    install(session, "browser")
    if not (SITE / "index.html").exists():
        session.error("there is no site yet; build it with: nox -s docs")
    session.run("pytest", "tests/browser", *session.posargs, env={"SITE": str(SITE)})


@nox.session
def translations(session: nox.Session) -> None:
    """Bring the Chinese message files up to the pages; then translate what is empty or fuzzy."""
    install(session, "docs", "translations")
    pots = Path(session.create_tmp(), "pots")
    flags = ["-q", "-b", "gettext", "-Dnb_execution_mode=off"]
    session.run("python", "-m", "sphinx", *flags, "docs", str(pots), env=QUIET)
    options = ["-p", str(pots), "-d", "docs/locale", "-l", "zh_CN", "-w", "0"]
    session.run("sphinx-intl", "update", *options)


@nox.session(venv_backend="none")
def lighthouse(session: nox.Session) -> None:
    """Print the scores of Lighthouse for a page of each kind; needs npm and Chromium."""
    session.run("python", "benchmarks/pages.py", "--lighthouse", env={"SITE": str(SITE)})


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Measure, as ratios within one run."""
    install(session, "tests", "docs", "others")
    session.install("rich", "visualkeras", "torchinfo")
    for script in sorted(Path("benchmarks").glob("*.py")):
        session.run("python", str(script), env={**os.environ, **QUIET})
