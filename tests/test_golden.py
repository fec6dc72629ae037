"""Golden files: what a user sees, byte for byte. They were read by eye; their numbers are below."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dense_shapes import display
from dense_shapes.display import Display, draw, explain, summary
from dense_shapes.terminal import shown
from tests.golden_files import compare
from tests.models import MODEL_A, MODEL_B

FOLDER = Path(__file__).parent / "golden"
CONVOLUTION, _, DENSE, _ = MODEL_B
TABLE = summary(MODEL_B)

# Model A: conv2d (2 x 2 x 1 + 1) x 8 = 40, conv2d_1 (2 x 2 x 8 + 1) x 1 = 33, dense on 2 x 3 x 1 = 6
# features (6 + 1) x 5 = 35, dense_1 (5 + 1) x 1 = 6; together 114.
# Model B: conv2d (2 x 2 x 1 + 1) x 8 = 40, conv2d_1 (2 x 2 x 8 + 1) x 1 = 33, dense (1 + 1) x 5 = 10,
# dense_1 (5 + 1) x 1 = 6; together 89.
# Dense, output (1, 2, 4): input (1, 2, 0) x kernel (0, 4) + bias (4).
# Conv2D, output (1, 2, 5): rows 1 and 2, columns 2 and 3, filter 5.
# Dense, kernel (0, 3): unit 3 at each of the 6 positions. The field of dense_1 (0, 1): 3 x 3 of 4 x 5.
FILES: dict[str, Callable[[], str]] = {
    "model_b.txt": lambda: TABLE.to("text"),
    "model_b.md": lambda: TABLE.to("markdown"),
    "model_b.html": lambda: TABLE.to("html"),
    "dense.svg": lambda: draw(DENSE, cell=(1, 2, 4)).to("svg"),
    "conv2d.svg": lambda: draw(CONVOLUTION, cell=(1, 2, 5)).to("svg"),
    "model_a.svg": lambda: draw(MODEL_A).to("svg"),
    "model_b.svg": lambda: draw(MODEL_B).to("svg"),
    "compared.svg": lambda: display.compare(MODEL_A, MODEL_B).to("svg"),
    "dense_weight.svg": lambda: draw(DENSE, cell=("kernel", (0, 3))).to("svg"),
    "field.svg": lambda: draw(MODEL_B, layer="dense_1", cell=(0, 1, 0), depth=4).to("svg"),
    "dense.txt": lambda: draw(DENSE, cell=(1, 2, 4)).to("text"),
    "conv2d.txt": lambda: draw(CONVOLUTION, cell=(1, 2, 5)).to("text"),
    "dense_narrow.txt": lambda: shown(draw(DENSE, cell=(1, 2, 4)).content, width=40),
    "dense_ascii.txt": lambda: shown(
        draw(DENSE, cell=(1, 2, 4)).content, width=80, encoding="ascii"
    ),
    "dense.html": lambda: draw(DENSE, cell=(1, 2, 4)).to("html"),
    "explain.txt": lambda: "\n\n".join(map(str, explained())),
}


def explained() -> list[Display]:
    """Both layers explained, as a whole and for one number."""
    return [
        explain(DENSE),
        explain(DENSE, cell=(1, 2, 4)),
        explain(CONVOLUTION),
        explain(CONVOLUTION, cell=(1, 2, 5)),
    ]


@pytest.mark.parametrize("name", FILES)
def test_golden_file(name: str, golden: Callable[[str, str], None]) -> None:
    golden(name, FILES[name]())


def test_every_golden_file_has_its_test() -> None:
    assert {path.name for path in FOLDER.iterdir()} - {".gitattributes"} == set(FILES)


def test_a_missing_golden_file_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"missing\.txt is missing; write it with --update"):
        compare(tmp_path / "missing.txt", "text", update=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wrong", ["text\n", "Text", "text\r", ""])
def test_another_byte_is_a_failure(tmp_path: Path, wrong: str) -> None:
    (tmp_path / "it.txt").write_bytes(b"text")
    compare(tmp_path / "it.txt", "text", update=False)
    with pytest.raises(AssertionError):
        compare(tmp_path / "it.txt", wrong, update=False)


def test_an_update_writes_the_file(tmp_path: Path) -> None:
    compare(tmp_path / "it.txt", "väl\n", update=True)
    assert (tmp_path / "it.txt").read_bytes() == b"v\xc3\xa4l\n"
