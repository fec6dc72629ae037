"""Rules for the pooling layers."""

from __future__ import annotations
