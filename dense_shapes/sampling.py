"""Which cells a proof tries, and the random numbers with which it tries them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from math import prod
from typing import Any

import numpy as np

from dense_shapes.axes import Cell
from dense_shapes.evaluation import Array
from dense_shapes.steps import Weight

LARGE = 2.0**12
"""A change that no function of the other cells can hide: larger than any of them."""


@dataclass(frozen=True)
class Trial:
    """The numbers that stand in every input and every weight while one cell is changed, and the changes."""

    inputs: list[Array]
    weights: list[Array]
    pushes: tuple[float, ...]


def exact(
    inputs: Sequence[Sequence[int]], weights: Sequence[Weight], width: int, number: int
) -> Trial:
    """Numbers whose products with one kernel add up to exact sums of 32 bits, over `width` inputs."""
    rng = np.random.default_rng(number)
    shapes = [known(weight.shape) for weight in weights]
    widest = max((shape[-1] for shape in shapes if shape), default=1)
    push = 2.0 ** np.ceil(np.log2(16 * width * widest))
    held = [distinct(shape, width, rng) for shape in shapes]
    return Trial([whole((1, *shape), rng) for shape in inputs], held, (float(push),))


def uneven(
    inputs: Sequence[Sequence[int]],
    weights: Sequence[Weight],
    vocabulary: dict[int, int],
    number: int,
) -> Trial:
    """Numbers for a layer of any kind: none of them near zero, none so large that it drowns the others.

    The inputs of every second trial are those of the one before with the other sign. An input in
    `vocabulary` holds whole numbers from zero to below the one that stands there.
    """
    rng = np.random.default_rng(number // 2)
    held = [(-1.0) ** number * scattered((1, *shape), rng) for shape in inputs]
    for place, size in vocabulary.items():
        held[place] = rng.integers(0, size, held[place].shape).astype("float64")
    return Trial(held, [fitting(weight, rng) for weight in weights], (LARGE, 1.0))


def fitting(weight: Weight, rng: np.random.Generator) -> Array:
    """Random numbers for a weight that saturate nothing; what is a variance is positive."""
    shape = known(weight.shape)
    numbers = np.asarray(scattered(shape, rng) / np.sqrt(max(1, prod(shape[:-1]))))
    return positive(weight, numbers)


def positive(weight: Weight, numbers: Array) -> Array:
    """The numbers of a weight, without their signs if it is a variance."""
    return np.asarray(np.abs(numbers) if "variance" in weight.name else numbers)


def scattered(shape: Sequence[int], rng: np.random.Generator) -> Array:
    """Random numbers from one half to one and a half, of either sign."""
    return np.asarray(rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape))


def known(shape: Sequence[int | None]) -> tuple[int, ...]:
    """A shape of which every size is known."""
    return tuple(size for size in shape if size is not None)


def sample(shape: Sequence[int], limit: int, rng: np.random.Generator) -> list[Cell]:
    """Every cell of a shape; or, where there are more than the limit, that many of them.

    >>> sample((2, 2), 9, np.random.default_rng(0))
    [(0, 0), (0, 1), (1, 0), (1, 1)]
    """
    count = prod(shape)
    if count <= limit:
        return list(product(*map(range, shape)))
    picked = np.sort(rng.choice(count, limit, replace=False))
    return [tuple(map(int, cell)) for cell in zip(*np.unravel_index(picked, shape), strict=True)]


def chosen(
    reads: Sequence[Any], shape: Sequence[int], limit: int, rng: np.random.Generator
) -> list[Cell]:
    """The cells of an input that are changed: all of them, or half read and half picked at random."""
    cells = sample(shape, limit, rng)
    if prod(shape) <= limit:
        return cells
    every = (cell for one in reads for cell in one)
    return sorted({*islice(unique(every), limit // 2), *cells[::2]})


def unique(cells: Iterable[Cell]) -> Iterator[Cell]:
    """The cells, each of them once.

    >>> list(unique([(0,), (1,), (0,)]))
    [(0,), (1,)]
    """
    seen: set[Cell] = set()
    for cell in cells:
        if cell not in seen:
            seen.add(cell)
            yield cell


def distinct(shape: Sequence[int], width: int, rng: np.random.Generator) -> Array:
    """Random weights whose sums over `width` inputs are exact, near one, and differ between units.

    They must differ: softmax does not see a change that is the same for all its units.
    """
    last = shape[-1] if shape else 1
    ranks = rng.permuted(np.broadcast_to(np.arange(1.0, last + 1), (*shape[:-1], last)), axis=-1)
    scale = 2.0 ** -np.ceil(np.log2(last * np.sqrt(width)))
    ranks = ranks.reshape(shape)
    return np.asarray(ranks * rng.choice([-1.0, 1.0], shape) * scale)


def normal(shape: Sequence[int], rng: np.random.Generator) -> Array:
    """Random numbers that have an exact value in 32 bits."""
    return rng.normal(size=shape).astype("float32").astype("float64")


def whole(shape: Sequence[int], rng: np.random.Generator) -> Array:
    """Random whole numbers without zero: their sums are exact in any order of adding."""
    return np.asarray(rng.integers(1, 4, shape) * rng.choice([-1.0, 1.0], shape))
