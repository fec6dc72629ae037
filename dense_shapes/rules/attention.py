"""Rules for the attention layers."""

from __future__ import annotations
