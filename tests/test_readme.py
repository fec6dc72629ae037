"""The picture of the README is the one that the library draws."""

from __future__ import annotations

from pathlib import Path

import dense_shapes as ds
from dense_shapes.rules import call

PICTURE = Path(__file__).parents[1] / "docs" / "_static" / "dense.svg"
TITLE = "Dense(5): 5 numbers from each position, 1 × 5 + 5 = 10 parameters"


def test_the_picture_of_the_readme_is_current(tmp_path: Path) -> None:
    dense = call("Dense", {"units": 5}, (None, 2, 3, 1))
    ds.draw(dense, cell=(1, 2, 4), title=TITLE).save(tmp_path / "dense.svg")
    assert PICTURE.read_bytes() == (tmp_path / "dense.svg").read_bytes()
