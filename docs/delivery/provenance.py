"""The footer: from which commit a page was built, and with which versions its cells ran."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = {
    "Keras": ("keras",),
    "TensorFlow": ("tensorflow", "tensorflow-cpu"),
    "NumPy": ("numpy",),
}
WORDS = {
    "en": {
        "built": "Built from commit {commit} of {date}.",
        "unknown": "Built from a copy without its history.",
        "ran": "Every example ran with {versions}.",
        "checked": "How it is checked",
        "zip": "The whole site as a zip",
    },
    "zh_CN": {
        "built": "由 {date} 的提交 {commit} 构建。",
        "unknown": "由不含提交历史的副本构建。",
        "ran": "所有示例均在 {versions} 上实际运行。",
        "checked": "如何验证",
        "zip": "下载整个网站（zip）",
    },
}


def commit() -> tuple[str, str] | None:
    """The short name and the day of the commit; none where there is no history. No clock is asked."""
    command = ["git", "log", "-1", "--format=%h %cs"]
    try:
        done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return None
    name, _, day = done.stdout.decode().strip().partition(" ")
    return (name, day) if day else None


def versions() -> str:
    """The versions of what the cells use, in this environment."""
    found = []
    for name, packages in PACKAGES.items():
        for package in packages:
            try:
                found.append(f"{name} {version(package)}")
                break
            except PackageNotFoundError:
                continue
    return ", ".join([*found, f"Python {platform.python_version()}"])


def tell(app: Any, pagename: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Give the lines of the footer to the templates."""
    words = WORDS[app.config.language]
    known = app.provenance
    context["footer"] = {
        "built": words["built"].format(commit=known[0], date=known[1])
        if known
        else words["unknown"],
        "ran": words["ran"].format(versions=versions()),
        "checked": words["checked"],
        "zip": words["zip"],
    }


def remember(app: Any) -> None:
    """Ask git once."""
    app.provenance = commit()


def setup(app: Any) -> dict[str, bool]:
    """Ask before the pages are written."""
    app.connect("builder-inited", remember)
    app.connect("html-page-context", tell)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
