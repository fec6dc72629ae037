"""The weights of a layer whose kernel is adapted (LoRA), or kept in few bits (quantised).

A quantised layer has its shapes and weights here, and no steps: it rounds its inputs and its kernel to
few bits, which is no signature.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dense_shapes.axes import Shape
from dense_shapes.errors import UnknownLayer
from dense_shapes.rules.book import Config
from dense_shapes.steps import By, Value, Weight, apply


@dataclass(frozen=True)
class Quantization:
    """How a kernel is kept in few bits: one scale for each `block` of its rows, or for all (0)."""

    bits: int
    block: int = 0

    @property
    def reason(self) -> str:
        """Why a layer that is so quantised has no steps."""
        return f"its numbers are rounded to {self.bits} bits"

    def packed(self, count: int) -> int:
        """In how many bytes so many numbers are kept: two of 4 bits in one."""
        return count if self.bits == 8 else -(-count // 2)

    def blocks(self, count: int) -> int:
        """How many scales so many rows have."""
        return -(-count // self.block) if self.block else 1


def quantization(config: Config) -> Quantization | None:
    """How the layer of this configuration is quantised, or `None` if it is not.

    Raises `UnknownLayer` where the configuration does not say which weights the layer has: in float8,
    gptq and awq they depend on whether it was quantised before it was built or after.
    Source: keras/src/dtype_policies/dtype_policy.py, keras/src/quantizers/quantization_config.py

    >>> quantization({"dtype": "int4/128_from_float32"})
    Quantization(bits=4, block=128)
    """
    policy, given = config.get("dtype"), config.get("quantization_config")
    told: Mapping[str, Any] = given.get("config", {}) if isinstance(given, Mapping) else {}
    held: Mapping[str, Any] = policy.get("config", {}) if isinstance(policy, Mapping) else {}
    if "policy_map" in held and "_from_" in str(policy):
        raise UnknownLayer("how it is quantised depends on its path in the model")
    name = held.get("mode") if isinstance(policy, Mapping) else policy
    match str(name).partition("_from_")[0].split("/"):
        case ["int8"]:
            return Quantization(8)
        case ["int4", *block]:
            size = told.get("block_size", block[0] if block else 0)
            return Quantization(4, max(0, int(size or 0)))
        case ["float8" | "gptq" | "awq" as mode, *_]:
            raise UnknownLayer(f"its numbers are rounded ({mode})")
    return None


def quantized(
    how: Quantization,
    kernel: Shape,
    bias: Shape | None,
    rank: int | None,
    *,
    rows: int,
    columns: int,
    scale: Shape,
) -> tuple[Weight, ...]:
    """The weights of a quantised layer with a kernel of this shape, in the order of Keras.

    `rank` is that of LoRA. `rows` counts the cells of the kernel that one output contracts, `columns`
    the others, and `scale` is the shape of the scale of a kernel of 8 bits.

    Source: `_int8_build` and `_int4_build`, keras/src/layers/core/dense.py
    """
    trained = [] if bias is None else [Weight("bias", bias)]
    if rank:
        trained += lora("kernel", kernel, rank)
    if how.bits == 8:
        return (*trained, *frozen(kernel=kernel, kernel_scale=scale))
    packed = (rows, how.packed(columns))
    if not how.block:
        return (*trained, *frozen(kernel=packed, kernel_scale=(columns,)))
    scales = (how.blocks(rows), columns)
    held = frozen(kernel=packed, kernel_scale=scales, kernel_zero=scales, g_idx=(rows,))
    return (*trained, *held)


def lora(name: str, kernel: Shape, rank: int) -> list[Weight]:
    """The two small matrices of LoRA beside a weight of this name and shape."""
    return [
        Weight(f"lora_{name}_a", (*kernel[:-1], rank)),
        Weight(f"lora_{name}_b", (rank, kernel[-1])),
    ]


def frozen(**shapes: Shape) -> tuple[Weight, ...]:
    """Weights of these names and shapes that training does not change."""
    return tuple(Weight(name, shape, trainable=False) for name, shape in shapes.items())


def adapted(config: Config, y: Value, delta: Value) -> Value:
    """What the kernel makes, and beside it what the two small matrices of LoRA make, scaled.

    Keras adds the product of the two to the kernel, and multiplies once; the sum is the same.
    """
    rank: int = config["lora_rank"]
    scale = (config.get("lora_alpha") or rank) / rank
    if scale != 1:
        delta = apply("... -> ...", delta, by=By.MAP, function=f"× {scale!r}")
    return apply("..., ... -> ...", y, delta, by=By.SUM)
