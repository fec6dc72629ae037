"""Rules for Embedding and EinsumDense."""

from __future__ import annotations
