"""Small sites with executed pages, and builds of them in processes of their own."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PACKAGES = Path(__file__).parents[2]
CONF = """
extensions = ["myst_nb", "dense_shapes.sphinx"]
dense_shapes_runner = True
exclude_patterns = ["_build"]
html_theme = "basic"
nb_execution_timeout = 60
"""


@dataclass(frozen=True)
class Build:
    """What a build said, and the pages that ran by their own account."""

    code: int
    out: str
    err: str
    ran: list[str]

    @property
    def reasons(self) -> dict[str, str]:
        """Why pages ran, as the build says it."""
        found = re.findall(r"^(\S+)\.md: (?!an ordinary)(.+)$", self.out, re.MULTILINE)
        return {page: why for page, why in found if page in self.ran}


class Site:
    """A project with a library, data and pages; each page writes its name into a log when it runs."""

    def __init__(self, root: Path, conf: str = "") -> None:
        self.root = root / "project"
        self.docs = self.root / "docs"
        self.log = root / "log"
        self.docs.mkdir(parents=True)
        self.write("pyproject.toml", "")
        self.write("docs/conf.py", CONF + conf)
        self.env: dict[str, str] = {}

    def write(self, name: str, text: str) -> None:
        """Write a file of the project."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), "utf-8")

    def install(
        self, name: str, version: str, files: dict[str, str], folder: Path | None = None
    ) -> None:
        """Install a distribution where nothing is anybody's project, as pip does."""
        base = str(self.root / "base")
        if folder is None:
            folder = Path(sysconfig.get_paths("posix_user", vars={"userbase": base})["purelib"])
            self.env["PYTHONUSERBASE"] = base
        for old in folder.glob(f"{name}-*.dist-info"):
            shutil.rmtree(old)
        info = f"{name}-{version}.dist-info"
        files = files | {f"{info}/METADATA": f"Name: {name}\nVersion: {version}\n"}
        record = ""
        for path, text in files.items():
            self.write(str((folder / path).relative_to(self.root)), text)
            record += f"{path},sha256={hashlib.sha256(text.encode()).hexdigest()},\n"
        self.write(str((folder / info / "RECORD").relative_to(self.root)), record)

    def lead(self, folder: Path) -> None:
        """Lead Python to a folder by a `.pth` file where packages are installed."""
        installed = self.root / "venv" / "lib" / "site-packages"
        self.write("sitecustomize.py", f"import site\nsite.addsitedir({str(installed)!r})\n")
        name = f"{folder.parent.name}.pth"
        self.write(str((installed / name).relative_to(self.root)), f"{folder}\n")

    def note(self, name: str) -> dict[str, Any]:
        """What was written down of a page when it ran last."""
        page = hashlib.sha256(name.encode()).hexdigest()[:16]
        notes = self.docs / "_build" / ".jupyter_cache" / "dense_shapes" / "notes"
        latest = max(notes.glob(f"{page}-*.json"), key=lambda path: path.stat().st_mtime_ns)
        found: dict[str, Any] = json.loads(latest.read_text("utf-8"))[0]
        return found

    def page(self, name: str, *cells: str, front: str = "", prose: str = "Words.") -> None:
        """Write a page; a cell may begin with a line of tags: `#: raises-exception`."""
        text = f"---\nfile_format: mystnb\norphan: true\n{front}---\n\n# {name}\n\n{prose}\n"
        log = f"print({name!r}, file=open({str(self.log)!r}, 'a'))"
        for cell in (f"#: remove-input\n{log}", *map(textwrap.dedent, cells)):
            tags, body = re.match(r"(?:#: (.*)\n)?((?s:.*))", cell.strip()).groups()  # type: ignore[union-attr]
            options = f":tags: [{tags}]\n\n" if tags else ""
            text += f"\n```{{code-cell}}\n{options}{body}\n```\n"
        self.write(f"docs/{name}.md", text)

    def command(self, *flags: str, builder: str = "text") -> list[str]:
        """The command that builds the site."""
        out = self.docs / "_build" / builder
        trees = self.docs / "_build" / f"trees-{builder}"
        flags = ("--no-color", "-b", builder, "-d", str(trees), *flags)
        return [sys.executable, "-m", "sphinx", *flags, str(self.docs), str(out)]

    def environment(self) -> dict[str, str]:
        """The environment of a build: of the tests, and what was set for this site."""
        names = ("PATH", "HOME", "TF_CPP_MIN_LOG_LEVEL", "TF_ENABLE_ONEDNN_OPTS", "KERAS_BACKEND")
        kept = {name: os.environ[name] for name in names if name in os.environ}
        installed = next((self.root / "base").glob("lib/*/site-packages"), self.root)
        paths = [str(PACKAGES), str(installed), str(self.root)]
        return {**kept, "PYTHONPATH": os.pathsep.join(paths), **self.env}

    def build(self, *flags: str, builder: str = "text") -> Build:
        """Build the site, and say what happened."""
        self.log.write_text("")
        done = subprocess.run(
            self.command(*flags, builder=builder),
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        ran = sorted(set(self.log.read_text().split()))
        return Build(done.returncode, done.stdout, done.stderr, ran)

    def text(self, name: str) -> str:
        """What a page shows."""
        return (self.docs / "_build" / "text" / f"{name}.txt").read_text("utf-8")
