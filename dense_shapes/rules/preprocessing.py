"""Rules for the preprocessing layers."""

from __future__ import annotations
