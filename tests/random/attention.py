"""Random attention layers: queries and keys of other lengths, with scores and without.

No bias of several heads has a last axis of size one: where there are as many heads as places, Keras on
TensorFlow adds it to the places (`add` in keras/src/backend/tensorflow/numpy.py squeezes it).
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.random import Example

FEW = st.integers(1, 3)
DEPTHS = st.integers(2, 3)
LENGTHS = st.integers(1, 5) | st.none()
OPTIONS = st.sampled_from(({}, {}, {"return_attention_scores": True}))


@st.composite
def several_heads(draw: st.DrawFn) -> Example:
    """Multi-head attention over one axis or two, of which it may leave one alone."""
    rank = draw(st.sampled_from((3, 3, 4)))
    axes = draw(st.sampled_from([None, -2, (1,)] if rank == 3 else [None, 1, (2,), [2, 1], (-2,)]))
    over = {
        axis % rank for axis in ([axes] if isinstance(axes, int) else axes or range(1, rank - 1))
    }
    lengths = [draw(st.integers(1, 3) if rank > 3 else LENGTHS) for _ in range(rank - 2)]
    told = [draw(FEW) if axis in over else size for axis, size in enumerate(lengths, 1)]
    if None in lengths:
        told = [draw(LENGTHS)]
    config: dict[str, Any] = {
        "num_heads": draw(FEW),
        "key_dim": draw(DEPTHS),
        "value_dim": draw(st.none() | DEPTHS),
        "use_bias": draw(st.booleans()),
        "output_shape": draw(st.sampled_from((None, 2, (3,), (1, 2)))),
        "attention_axes": axes,
        "use_gate": draw(st.booleans()),
        "sliding_window": draw(st.sampled_from((None, None, None, 1, 2))) if rank == 3 else None,
    }
    return config, with_key(draw, lengths, told, draw(FEW)), draw(OPTIONS)


@st.composite
def grouped_heads(draw: st.DrawFn) -> Example:
    """Grouped-query attention; the query has as many features as the value."""
    groups, features = draw(st.integers(1, 2)), draw(FEW)
    config: dict[str, Any] = {
        "head_dim": draw(DEPTHS),
        "num_query_heads": groups * draw(FEW),
        "num_key_value_heads": groups,
        "use_bias": draw(st.booleans()),
        "use_gate": draw(st.booleans()),
        "sliding_window": draw(st.sampled_from((None, None, None, 2))),
    }
    shapes = with_key(draw, [draw(LENGTHS)], [draw(LENGTHS)], features)
    shapes[1] = (*shapes[1][:-1], features)
    return config, shapes, draw(OPTIONS)


@st.composite
def plain(draw: st.DrawFn, additive: bool) -> Example:
    """Attention without heads; query and key have the same features, the value may have others."""
    config: dict[str, Any] = {"use_scale": draw(st.booleans())}
    if not additive:
        config["score_mode"] = draw(st.sampled_from(("dot", "concat")))
    features, told = draw(FEW), draw(LENGTHS)
    before = tuple(draw(st.lists(FEW, max_size=1)))
    shapes = [(None, *before, draw(LENGTHS), features), (None, *before, told, features)]
    if draw(st.booleans()):
        shapes[1:] = [(None, *before, told, draw(FEW)), shapes[1]]
    return config, shapes, draw(OPTIONS)


def with_key(draw: st.DrawFn, asked: list[Any], told: list[Any], features: int) -> list[Any]:
    """The shapes of a query, a value, and at times a key of its own."""
    shapes = [(None, *asked, features), (None, *told, draw(FEW))]
    return [*shapes, (None, *told, draw(FEW))] if draw(st.booleans()) else shapes


STRATEGIES: dict[str, st.SearchStrategy[Example]] = {
    "MultiHeadAttention": several_heads(),
    "GroupedQueryAttention": grouped_heads(),
    "Attention": plain(additive=False),
    "AdditiveAttention": plain(additive=True),
}
