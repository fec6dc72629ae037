"""The rule book: one function a layer kind, which reads like the layer's own `call()`.

A rule takes the layer's configuration, as `layer.get_config()` gives it, and a value for each
input. It returns the output. It needs no framework, because it reads plain data.
"""

from dense_shapes.rules import convolution, core, reshaping
from dense_shapes.rules.book import RULES, Rule, call, named, rule, traced

__all__ = ["RULES", "Rule", "call", "convolution", "core", "named", "reshaping", "rule", "traced"]
