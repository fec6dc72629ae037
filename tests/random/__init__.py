"""Random configurations for every layer kind that has a rule, one file a family."""

from __future__ import annotations

from typing import Any, TypeAlias

from dense_shapes.axes import Shape

Example: TypeAlias = tuple[dict[str, Any], list[Shape], dict[str, Any]]
"""The arguments of a layer, the shapes of its inputs, and what else it is called with."""
