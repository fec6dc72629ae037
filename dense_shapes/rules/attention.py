"""Rules for the attention layers."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Any

from dense_shapes.errors import ShapeError, UnknownLayer
from dense_shapes.rules.book import Closed, Config, Result, layer_of, rule
from dense_shapes.rules.core import softmax
from dense_shapes.steps import By, Value, apply

BANDED = "which places a query looks at depends on its own place: it has a sliding window"
"""Why the reads of a layer with a sliding window are not said."""


@rule(
    "MultiHeadAttention",
    example={"num_heads": 2, "key_dim": 4},
    shapes=[(None, 3, 4), (None, 2, 4)],
)
def multi_head_attention(
    config: Config,
    query: Value,
    value: Value,
    key: Value | None = None,
    *,
    return_attention_scores: bool = False,
) -> Result:
    """Each head scores every pair of a query and a key, and mixes the values by these scores.

    The scores are taken over the attention axes; every other axis is left alone. Keras reports scores
    of as many keys as queries; when the layer runs there are as many as there are keys.
    Source: keras/src/layers/attention/multi_head_attention.py
    """
    key = value if key is None else key
    over = attended(config.get("attention_axes"), query, value, key)
    asked, told = (names_of(letter, over, len(query.shape)) for letter in ("t", "s"))
    kept = [name for axis, name in enumerate(asked, 1) if axis not in over]
    pairs = [names[axis - 1] for names in (asked, told) for axis in over]
    score, here, there = " ".join([*kept, "head", *pairs]), " ".join(asked), " ".join(told)
    heads, size = config["num_heads"], config["key_dim"]
    q = projected("query", query, config, head=heads, dim=size)
    k = projected("key", key, config, head=heads, dim=size)
    raw = apply(f"b {here} head dim, b {there} head dim -> b {score}", q, k)
    scores = shares(scaled(raw, size), len(over))
    size = config.get("value_dim") or size
    inputs, signature = [scores], f"b {score}"
    if config.get("use_gate"):
        inputs.append(gate(projected("gate", query, config, head=heads, dim=size)))
        signature += f", b {here} head dim"
    inputs.append(projected("value", value, config, head=heads, dim=size))
    mixed = apply(f"{signature}, b {there} head dim -> b {here} head dim", *inputs)
    shape = config.get("output_shape") or query.shape[-1:]
    y = put_together(mixed, config, [shape] if isinstance(shape, int) else list(shape))
    return finished(config, (y, scores) if return_attention_scores else (y,))


def attended(axes: Any, query: Value, value: Value, key: Value) -> list[int]:
    """The axes over which a layer attends, counted from the batch.

    Raises `ShapeError` if the inputs do not have as many axes as each other.
    """
    rank = len(query.shape)
    if not len(value.shape) == len(key.shape) == rank or rank < 3:
        raise ShapeError(
            "attention expects a query, a value and a key of as many axes, at least three, and "
            f"received {query.shape}, {value.shape} and {key.shape}"
        )
    if axes is None:
        return list(range(1, rank - 1))
    return [axis % rank for axis in ([axes] if isinstance(axes, int) else axes)]


def names_of(letter: str, over: Sequence[int], rank: int) -> list[str]:
    """Names for the axes between the batch and the features: by this letter, if attended over."""
    if rank == 3 and over:
        return [letter]
    return [f"{letter if axis in over else 'axis'}{axis}" for axis in range(1, rank - 1)]


def projected(name: str, x: Value, config: Config, **sizes: int) -> Value:
    """The features of each place, put into each head."""
    weights = {f"{name}/kernel": "feature head dim"}
    if config.get("use_bias", True):
        weights[f"{name}/bias"] = "head dim"
    facts: dict[str, Any] = {**weights, **sizes}
    return apply("... feature -> ... head dim", x, **facts)


def put_together(mixed: Value, config: Config, sizes: Sequence[int | None]) -> Value:
    """What all the heads found, as new features."""
    names = ["out"] if len(sizes) == 1 else [f"out{number}" for number in range(1, len(sizes) + 1)]
    out = " ".join(names)
    facts: dict[str, Any] = {"attention_output/kernel": f"head dim {out}"}
    if config.get("use_bias", True):
        facts["attention_output/bias"] = out
    facts |= dict(zip(names, sizes, strict=True))
    return apply(f"... head dim -> ... {out}", mixed, **facts)


def gate(x: Value) -> Value:
    """How far each number of what a head found is let through."""
    return apply("... -> ...", x, by=By.MAP, function="sigmoid")


def scaled(scores: Value, size: int) -> Value:
    """The scores, divided by the root of the key size."""
    return apply("... -> ...", scores, by=By.MAP, function=f"× {1.0 / sqrt(size)!r}")


def shares(scores: Value, over: int = 1) -> Value:
    """The scores as shares of a whole over the last axes, so many of them."""
    rank = len(scores.shape)
    return softmax(scores, range(rank - over, rank))


def finished(config: Config, outputs: tuple[Value, ...]) -> Result:
    """The outputs of a layer, closed if it has a sliding window."""
    if config.get("sliding_window") is None:
        return outputs
    return Closed(BANDED, outputs, layer_of("", "", (), outputs).weights)


@rule(
    "GroupedQueryAttention",
    example={"head_dim": 4, "num_query_heads": 2, "num_key_value_heads": 1},
    shapes=[(None, 3, 4), (None, 2, 4)],
)
def grouped_query_attention(
    config: Config,
    query: Value,
    value: Value,
    key: Value | None = None,
    *,
    return_attention_scores: bool = False,
) -> Result:
    """Multi-head attention in which a group of query heads shares one head of keys and values.

    Source: keras/src/layers/attention/grouped_query_attention.py
    """
    key = value if key is None else key
    heads, groups = config["num_query_heads"], config["num_key_value_heads"]
    if heads % groups:
        raise ShapeError(f"{heads} query heads cannot be cut into {groups} equal groups")
    if query.shape[-1] != value.shape[-1]:
        raise ShapeError(
            f"the query and the value must have as many features, and have {query.shape[-1]} and "
            f"{value.shape[-1]}"
        )
    size = config["head_dim"]
    q = projected("query", query, config, head=heads, dim=size)
    k = projected("key", key, config, head=groups, dim=size)
    pair = "b group each t s"
    raw = apply(f"b t (group each) dim, b s group dim -> {pair}", q, k)
    shared = shares(scaled(raw, size))
    inputs, signature = [shared], pair
    if config.get("use_gate"):
        inputs.append(gate(projected("gate", query, config, head=heads, dim=size)))
        signature += ", b t (group each) dim"
    inputs.append(projected("value", value, config, head=groups, dim=size))
    mixed = apply(f"{signature}, b s group dim -> b t (group each) dim", *inputs)
    y = put_together(mixed, config, query.shape[-1:])
    if not return_attention_scores:
        return finished(config, (y,))
    scores = apply(f"{pair} -> b (group each) t s", shared, by=By.COPY)
    return finished(config, (y, scores))


@rule("Attention", example={}, shapes=[(None, 3, 4), (None, 2, 4)])
def attention(
    config: Config, *inputs: Value, return_attention_scores: bool = False
) -> tuple[Value, ...]:
    """The score of a query and a key is their product; the values are mixed by these scores.

    With `score_mode="concat"` the two are added, and the tangents of the sum are added up.
    Source: keras/src/layers/attention/attention.py
    """
    query, value, key = asked_for(inputs)
    scale = "" if config.get("use_scale") else None
    if config.get("score_mode", "dot") == "dot":
        scores = apply("... t d, ... s d -> ... t s", query, key)
        if scale is not None:
            scores = apply("... -> ...", scores, scale=scale)
    else:
        pairs = added(query, key)
        if scale is not None:
            pairs = apply("... -> ...", pairs, scale=scale)
        bent = apply("... -> ...", pairs, by=By.MAP, function="tanh")
        total = apply("... t s d -> ... t s", bent, by=By.SUM)
        scores = apply("... -> ...", total, concat_score_weight="")
    return mixed_by(scores, value, return_attention_scores)


@rule("AdditiveAttention", example={}, shapes=[(None, 3, 4), (None, 2, 4)])
def additive_attention(
    config: Config, *inputs: Value, return_attention_scores: bool = False
) -> tuple[Value, ...]:
    """The score of a query and a key is a weighted sum of the tangents of their sum.

    Source: keras/src/layers/attention/additive_attention.py
    """
    query, value, key = asked_for(inputs)
    bent = apply("... -> ...", added(query, key), by=By.MAP, function="tanh")
    if config.get("use_scale", True):
        scores = apply("... t s d -> ... t s", bent, scale="d")
    else:
        scores = apply("... t s d -> ... t s", bent, by=By.SUM)
    return mixed_by(scores, value, return_attention_scores)


def asked_for(inputs: Sequence[Value]) -> tuple[Value, Value, Value]:
    """The query, the value and the key that an attention layer is called with.

    Raises `ShapeError` if there are not two or three inputs.
    """
    if not 2 <= len(inputs) <= 3:
        raise ShapeError(
            f"attention takes [query, value] or [query, value, key], not {len(inputs)}"
        )
    if any(len(value.shape) < 3 for value in inputs):
        raise UnknownLayer("it attends over the batch")
    return inputs[0], inputs[1], inputs[-1]


def added(query: Value, key: Value) -> Value:
    """The sum of each query and each key."""
    return apply("... t d, ... s d -> ... t s d", query, key, by=By.SUM)


def mixed_by(scores: Value, value: Value, with_scores: bool) -> tuple[Value, ...]:
    """The values of all the places, mixed by the scores, and these if they are asked for."""
    parts = shares(scores)
    y = apply("... t s, ... s d -> ... t d", parts, value)
    return (y, parts) if with_scores else (y,)
