"""What every test room shares: the Hypothesis profile and the golden files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from tests.golden_files import compare

FOLDER = Path(__file__).parent / "golden"

# The profile in force is kept (Hypothesis has one of its own for CI), but a slow machine is no fault.
settings.register_profile(
    "tests", settings.get_profile(settings.get_current_profile_name()), deadline=None
)
settings.load_profile("tests")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write the golden files anew; then read them"
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with the golden file of this name, byte for byte."""
    update = bool(request.config.getoption("--update-golden"))
    return lambda name, text: compare(FOLDER / name, text, update=update)
