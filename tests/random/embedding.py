"""Random configurations of the layers that look rows up in a table."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.random import Example
from tests.random.core import MAYBE, SIZES, adapted


@st.composite
def embedding(draw: st.DrawFn) -> Example:
    """Numbers of rows, in up to two axes after the batch."""
    config = {"input_dim": draw(SIZES), "output_dim": draw(SIZES), "mask_zero": draw(st.booleans())}
    shape = (None, *draw(st.lists(MAYBE, max_size=2)))
    return {**config, **draw(adapted())}, [shape], {}


@st.composite
def reversible_embedding(draw: st.DrawFn) -> Example:
    """The same, or in reverse: vectors, for each of which every row gets a score."""
    vector = draw(SIZES)
    config: dict[str, Any] = {
        "input_dim": draw(SIZES),
        "output_dim": vector,
        "tie_weights": draw(st.booleans()),
        "logit_soft_cap": draw(st.sampled_from([None, None, 4.0])),
        **draw(adapted()),
    }
    if "lora_rank" in config and "dtype" not in config:
        config["tie_weights"] = True  # Keras cannot build it otherwise
    leading = draw(st.lists(MAYBE, max_size=2))
    if draw(st.booleans()):
        return config, [(None, *leading, vector)], {"reverse": True}
    return config, [(None, *leading)], {}


STRATEGIES: dict[str, st.SearchStrategy[Example]] = {
    "Embedding": embedding(),
    "ReversibleEmbedding": reversible_embedding(),
}
