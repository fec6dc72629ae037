"""Formulas as MathML, which browsers draw themselves: no script, no font, no other host."""

from __future__ import annotations

from typing import Any

from docutils.nodes import SkipNode
from math_core import LatexToMathML

CONVERTER = LatexToMathML()


def inline(translator: Any, node: Any) -> None:
    """A formula in a sentence."""
    translator.body.append(CONVERTER.convert_with_local_state(node.astext(), displaystyle=False))
    raise SkipNode


def block(translator: Any, node: Any) -> None:
    """A formula on a line of its own; it scrolls inside its box where it is too wide."""
    formula = CONVERTER.convert_with_local_state(node.astext(), displaystyle=True)
    translator.body.append(f'<div class="formula" tabindex="0">{formula}</div>')
    raise SkipNode


def setup(app: Any) -> dict[str, bool]:
    """Let Sphinx write formulas in this way."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
