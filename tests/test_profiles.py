"""A slow session tries more examples of every test."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.profiles import PROFILES, examples, is_slow

HERE = Path(__file__).parent
COUNTED = """
from hypothesis import given, settings, strategies as st
from tests.profiles import examples, is_slow

@given(st.integers())
def test_usual(n): print("usual", flush=True)

@settings(max_examples=examples(3))
@given(st.integers())
def test_own(n): print("own", is_slow(), flush=True)
"""


def test_no_test_has_a_fixed_number_of_examples() -> None:
    """Or it would try no more in a slow session."""
    found = [
        f"{path.relative_to(HERE)}:{node.value.lineno}"
        for path in sorted(HERE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.keyword) and node.arg == "max_examples"
        if isinstance(node.value, ast.Constant)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("how", "profile"),
    [("", "tests"), ("--hypothesis-profile=slow", "slow"), ("SLOW=1", "slow")],
)
def test_a_profile_multiplies_every_test(how: str, profile: str, tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("from tests import profiles\nprofiles.register()\n")
    (tmp_path / "test_counted.py").write_text(COUNTED)
    flags = ["-p", "no:cacheprovider", "-s", "--rootdir", str(tmp_path), str(tmp_path)]
    flags += [how] if how.startswith("-") else []
    env = {key: it for key, it in os.environ.items() if key not in ("SLOW", "CI")}
    env |= {"PYTHONPATH": os.pathsep.join([str(HERE.parent), env.get("PYTHONPATH", "")])}
    env |= {"SLOW": "1"} if how == "SLOW=1" else {}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *flags],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    factor = PROFILES[profile]
    assert done.stdout.count("usual") == 100 * factor
    assert done.stdout.count(f"own {factor > 1}") == 3 * factor


def test_examples() -> None:
    assert examples(3) in {3 * factor for factor in PROFILES.values()}
    assert is_slow() == (examples(1) > 1)
