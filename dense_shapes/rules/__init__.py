"""The rule book: one function a layer kind, which reads like the layer's own `call()`.

A rule takes the layer's configuration, as `layer.get_config()` gives it, and a value for each
input. It returns the output. It needs no framework, because it reads plain data.
"""

from dense_shapes.rules import (
    activations,
    attention,
    convolution,
    core,
    embedding,
    merging,
    moves,
    normalization,
    operations,
    pooling,
    preprocessing,
    recurrent,
    reshaping,
    wrappers,
)
from dense_shapes.rules.book import (
    OPAQUE,
    RULES,
    Closed,
    Rule,
    Stored,
    arguments,
    call,
    is_trained,
    layers_in,
    named,
    rule,
    traced,
)

FAMILIES = (
    *(core, activations, embedding, convolution, pooling, reshaping, merging),
    *(normalization, attention, recurrent, wrappers, preprocessing, operations, moves),
)
"""The modules of the rule book, in the order in which the catalogue shows them."""

__all__ = [
    "FAMILIES",
    "OPAQUE",
    "RULES",
    "Closed",
    "Rule",
    "Stored",
    "arguments",
    "call",
    "is_trained",
    "layers_in",
    "named",
    "rule",
    "traced",
]
