"""What every test room shares: the Hypothesis profiles and the golden files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import profiles
from tests.golden_files import compare

FOLDER = Path(__file__).parent / "golden"

profiles.register()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write the golden files anew; then read them"
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with the golden file of this name, byte for byte."""
    update = bool(request.config.getoption("--update-golden"))
    return lambda name, text: compare(FOLDER / name, text, update=update)
