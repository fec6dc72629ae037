"""Rules for the activation layers and the layers that act in training only."""

from __future__ import annotations
