"""Rules that call rules: TimeDistributed, Bidirectional, SpectralNormalization."""

from __future__ import annotations
