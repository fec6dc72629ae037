"""Rules for the layers that bring several inputs together."""

from __future__ import annotations
