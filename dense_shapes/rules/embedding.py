"""Rules for the layers that look rows up in a table, and for the one that follows an equation."""

from __future__ import annotations

from typing import Any

from dense_shapes.errors import UnknownLayer
from dense_shapes.rules.adaptation import (
    Quantization,
    adapted,
    frozen,
    lora,
    quantization,
    quantized,
)
from dense_shapes.rules.book import Config, Result, Stored, rule
from dense_shapes.rules.core import (
    MISADDED,
    activate,
    beside,
    closed,
    last_size,
    misadded,
    outlined,
    weights_of,
)
from dense_shapes.rules.equations import equation
from dense_shapes.steps import By, Value, Weight, apply


@rule("Embedding", example={"input_dim": 7, "output_dim": 4}, shapes=[(None, 3)])
def embedding(config: Config, x: Value) -> Result:
    """Each number of the input is the row of a table; the row takes its place, along a new axis.

    With `lora_rank` the row of a narrow table is looked up too, and widened by a small matrix.
    Source: keras/src/layers/core/embedding.py
    """
    weights = tables(config)
    if how := quantization(config):
        return closed(how.reason, (*x.shape, config["output_dim"]), weights)
    return Stored((looked_up(config, x),), weights)


@rule(
    "ReversibleEmbedding",
    example={"input_dim": 7, "output_dim": 4},
    shapes=[(None, 3, 4)],
    options={"reverse": True},
)
def reversible_embedding(config: Config, x: Value, *, reverse: bool = False) -> Result:
    """The table is looked up; or, reversed, its rows are multiplied with the last axis, one score a row.

    Source: keras/src/layers/core/reversible_embedding.py
    """
    tied, how = config["tie_weights"], quantization(config)
    if config.get("lora_rank") and not (tied or how):
        raise UnknownLayer("Keras cannot build it with lora_rank and without tie_weights")
    words, vector = config["input_dim"], config["output_dim"]
    weights = tables(config)
    if not tied:
        weights += reversed_table(words, vector, how)
    shape = (*x.shape[:-1], words) if reverse else (*x.shape, vector)
    if reverse:
        last_size(x)
    if how:
        return closed(how.reason, shape, weights)
    y = scores(config, x) if reverse else looked_up(config, x)
    return Stored((y,), weights)


@rule(
    "EinsumDense",
    example={"equation": "abc,cd->abd", "output_shape": (None, 4), "bias_axes": "d"},
    shapes=[(None, 2, 3)],
)
def einsum_dense(config: Config, x: Value, training: Any = None) -> Result:
    """The equation says which axes of the input the kernel contracts, and which ones it makes.

    Keras reports other shapes than it computes where dots stand for several axes beside the batch, and
    where `output_shape` leaves out a size that the input has; this is what it computes.
    Source: keras/src/layers/core/einsum_dense.py
    """
    it, how, rank = equation(config, x), quantization(config), config.get("lora_rank")
    kernel, bias = " ".join(it.kernel), None if it.bias is None else " ".join(it.bias)
    last = it.kernel[-1]
    if how and "..." in config["equation"]:
        raise UnknownLayer("Keras cannot build it quantised with dots in its equation")
    if how:
        shape = None if it.bias is None else it.shape(it.bias)
        scale = it.scale_shape if how.bits == 8 else ()
        weights = quantized(
            how, it.kernel_shape, shape, rank, rows=it.rows, columns=it.columns, scale=scale
        )
        return outlined(config, how.reason, it.shape(it.output), weights)
    y = apply(it.signature, x, kernel=kernel, bias=bias, **it.created)
    wrong = it.bias is not None and misadded(y.shape, it.shape(it.bias))
    if not rank:
        z = activate(config["activation"], y)
        return closed(MISADDED, z.shape, weights_of(y)) if wrong else z
    if last not in it.output:
        raise UnknownLayer(f"LoRA cuts its kernel at the axis {last!r}, which it contracts")
    between = [name for name in it.output if name != last or name in it.input] + ["rank"]
    lora_a, lora_b = " ".join([*it.kernel[:-1], "rank"]), f"rank {last}"
    new = {name: size for name, size in it.created.items() if name != last}
    low = apply(
        f"{' '.join(it.input)} -> {' '.join(between)}", x, lora_kernel_a=lora_a, rank=rank, **new
    )
    sizes = {name: size for name, size in it.created.items() if name == last}
    delta = apply(
        f"{' '.join(between)} -> {' '.join(it.output)}", low, lora_kernel_b=lora_b, **sizes
    )
    stored = beside(config, y, low, delta)
    return closed(MISADDED, stored.outputs[0].shape, stored.weights) if wrong else stored


def looked_up(config: Config, x: Value) -> Value:
    """The rows of the table that the input names."""
    words, vector, rank = config["input_dim"], config["output_dim"], config.get("lora_rank")
    y = apply(
        "... -> ... vector", x, by=By.LOOKUP, embeddings="word vector", word=words, vector=vector
    )
    if not rank:
        return y
    low = apply(
        "... -> ... rank", x, by=By.LOOKUP, lora_embeddings_a="word rank", word=words, rank=rank
    )
    delta = apply("... rank -> ... vector", low, lora_embeddings_b="rank vector", vector=vector)
    return adapted(config, y, delta)


def scores(config: Config, x: Value) -> Value:
    """How well each row of the table fits the last axis."""
    words, vector, rank = config["input_dim"], config["output_dim"], config.get("lora_rank")
    if config["tie_weights"]:
        y = apply("... vector -> ... word", x, embeddings="word vector", word=words, vector=vector)
    else:
        table = "vector word"
        y = apply("... vector -> ... word", x, reverse_embeddings=table, word=words, vector=vector)
    if rank:
        low = apply("... vector -> ... rank", x, lora_embeddings_b="rank vector", rank=rank)
        y = adapted(
            config, y, apply("... rank -> ... word", low, lora_embeddings_a="word rank", word=words)
        )
    cap = config.get("logit_soft_cap")
    for function in [] if cap is None else [f"× {1 / cap!r}", "tanh", f"× {cap!r}"]:
        y = apply("... -> ...", y, by=By.MAP, function=function)
    return y


def tables(config: Config) -> tuple[Weight, ...]:
    """The weights of the table, in the order of Keras."""
    words, vector, rank = config["input_dim"], config["output_dim"], config.get("lora_rank")
    how, shape = quantization(config), (words, vector)
    beside = lora("embeddings", shape, rank) if rank else []
    if how is None:
        return (Weight("embeddings", shape, trainable=not rank), *beside)
    packed = (words, how.packed(vector))
    scale = (words, how.blocks(vector)) if how.block else (words,)
    more = {"embeddings_zero": scale, "g_idx": (vector,)} if how.block else {}
    return (*beside, *frozen(embeddings=packed, embeddings_scale=scale, **more))


def reversed_table(words: int, vector: int, how: Quantization | None) -> tuple[Weight, ...]:
    """The weights of a second table, which is used in reverse only."""
    if how is None:
        return (Weight("reverse_embeddings", (vector, words)),)
    packed = (how.packed(vector), words)
    scale = (how.blocks(vector), words) if how.block else (words,)
    more = {"reverse_embeddings_zero": scale} if how.block else {}
    return frozen(reverse_embeddings=packed, reverse_embeddings_scale=scale, **more)
