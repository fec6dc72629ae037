"""What becomes of the pages on their way to readers: formulas, captions, search, cards, plain text, footers.

Each module is a small Sphinx extension. None asks another host, and none needs more than pip installs.
"""

from __future__ import annotations

from typing import Any

PARTS = ("mathml", "captions", "provenance", "styles", "search", "sharing", "plain", "mends")


def setup(app: Any) -> dict[str, bool]:
    """Load every part."""
    for part in PARTS:
        app.setup_extension(f"delivery.{part}")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
