"""How many random examples the tests try: some in every run, many in a slow session, no end in fuzzing.

The profile is chosen by `SLOW=1` or by `--hypothesis-profile=NAME`.
"""

from __future__ import annotations

import os

from hypothesis import settings

USUAL = 100
"""How many examples Hypothesis tries of a test that does not say how many."""

PROFILES = {"tests": 1, "slow": 20, "fuzz": 200}
"""How many times as many each profile tries, of every test."""


def profile() -> settings:
    """The profile in force; inside of a test, its settings are its own."""
    return settings.get_profile(settings.get_current_profile_name())


def register() -> None:
    """Make the profiles known to Hypothesis, and choose one."""
    # The profile in force is kept (Hypothesis has one of its own for CI), but a slow machine is no fault.
    now = profile()
    for name, factor in PROFILES.items():
        # Of many examples, others each time: what was tried before need not be tried again.
        more = {} if factor == 1 else {"derandomize": False, "database": None, "print_blob": True}
        settings.register_profile(name, now, deadline=None, max_examples=USUAL * factor, **more)
    settings.load_profile("slow" if os.environ.get("SLOW") else "tests")


def examples(count: int) -> int:
    """So many examples, and in the same proportion more if the profile asks for more.

    Each `max_examples` of a test is written with it.
    """
    return count * profile().max_examples // USUAL


def is_slow() -> bool:
    """Whether everything is tried that takes long."""
    return examples(1) > 1
