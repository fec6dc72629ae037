"""Rules for the normalisations."""

from __future__ import annotations
