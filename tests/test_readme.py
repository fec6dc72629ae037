"""The picture of the README is the one that the library draws, and its commands work."""

from __future__ import annotations

import re
import shlex
from importlib.util import find_spec
from pathlib import Path

import pytest

import dense_shapes as ds
from dense_shapes import cli
from dense_shapes.rules import call

README = Path(__file__).parents[1] / "README.md"
COMMANDS = re.findall("^    dense-shapes (.*)$", README.read_text("utf-8"), re.MULTILINE)
PICTURE = Path(__file__).parents[1] / "docs" / "_static" / "dense.svg"
TITLE = "Dense(5): 5 numbers from each position, 1 × 5 + 5 = 10 parameters"


def test_the_picture_of_the_readme_is_current(tmp_path: Path) -> None:
    dense = call("Dense", {"units": 5}, (None, 2, 3, 1))
    ds.draw(dense, cell=(1, 2, 4), title=TITLE).save(tmp_path / "dense.svg")
    assert PICTURE.read_bytes() == (tmp_path / "dense.svg").read_bytes()


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_of_the_readme_work(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if command.startswith("verify") and not find_spec("keras"):
        pytest.skip("Keras is not installed")
    monkeypatch.chdir(tmp_path)
    assert cli.main(shlex.split(command)) == 0


def test_the_readme_shows_every_command() -> None:
    assert {command.split()[0] for command in COMMANDS} == {"show", "draw", "explain", "verify"}
