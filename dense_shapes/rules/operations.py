"""Rules for the operations of keras.ops in a functional model."""

from __future__ import annotations
