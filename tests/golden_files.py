"""Golden files: a text is held against a file, byte for byte."""

from __future__ import annotations

from pathlib import Path


def compare(path: Path, text: str, *, update: bool) -> None:
    """Fail if the file is missing or is not the text; with `update`, write it."""
    if update:
        path.write_bytes(text.encode())
    assert path.exists(), f"{path} is missing; write it with --update-golden, and read it"
    assert path.read_bytes().decode() == text
