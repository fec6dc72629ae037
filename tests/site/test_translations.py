"""The Chinese edition: no message of a page is missing, empty, stale or broken."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po

DOCS = Path(__file__).parent.parent.parent / "docs"
MESSAGES = DOCS / "locale" / "zh_CN" / "LC_MESSAGES"
HEADINGS = ("reference", "changelog")
"""Pages of which only the headings are translated: docstrings are shown as `help()` shows them."""
CODE = re.compile(r"`[^`]*`")
TARGET = re.compile(r"\]\([^)]*\)")


def catalogue(path: Path) -> dict[str, Any]:
    """The messages of a file by their English text."""
    with path.open("rb") as file:
        read = read_po(file, abort_invalid=True)
    assert not read.obsolete, f"{path.name} keeps messages that no page has"
    return {str(it.id): it for it in read if it.id}


@pytest.fixture(scope="module")
def pots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The messages of the pages as they are now."""
    folder = tmp_path_factory.mktemp("pots")
    flags = ["-q", "-b", "gettext", "-Dnb_execution_mode=off", "-d", str(folder / "doctrees")]
    command = [sys.executable, "-m", "sphinx", *flags, str(DOCS), str(folder / "out")]
    subprocess.run(
        command, check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": "0"}
    )
    return folder / "out"


def test_every_message_of_every_page_is_translated(pots: Path) -> None:
    for pot in sorted(pots.rglob("*.pot")):
        name = pot.relative_to(pots).with_suffix("").as_posix()
        if name == "sphinx":  # what the theme says
            continue
        wanted, given = catalogue(pot), catalogue(MESSAGES / f"{name}.po")
        assert wanted.keys() >= given.keys(), f"run: nox -s translations ({name})"
        assert wanted.keys() == given.keys() or name in HEADINGS, f"not all is translated: {name}"
        for text, message in given.items():
            assert message.string, f"{name}: not translated: {text}"
            assert not message.fuzzy, f"{name}: translated for another text: {text}"


@pytest.mark.parametrize("path", sorted(MESSAGES.rglob("*.po")), ids=lambda path: str(path.stem))
def test_code_is_the_same_in_both_languages(path: Path) -> None:
    for text, message in catalogue(path).items():
        assert sorted(CODE.findall(text)) == sorted(CODE.findall(str(message.string))), text


@pytest.mark.parametrize("path", sorted(MESSAGES.rglob("*.po")), ids=lambda path: str(path.stem))
def test_what_has_words_is_in_chinese(path: Path) -> None:
    for text, message in catalogue(path).items():
        words = re.sub(
            r'"[^"]*"', "", TARGET.sub("", CODE.sub("", text))
        )  # an error message is quoted as it is
        if len(re.findall(r"\b[a-z]{3,}\b", words)) >= 4:
            assert re.search(r"[\u4e00-\u9fff]", str(message.string)), text
