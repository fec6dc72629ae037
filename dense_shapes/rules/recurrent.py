"""Rules for the recurrent layers."""

from __future__ import annotations
