"""Which cells a proof tries, and the random numbers with which it tries them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, product
from math import prod
from typing import Any

import numpy as np

from dense_shapes.axes import Cell
from dense_shapes.evaluation import Array

CELLS = 256
"""How many input cells and how many output cells are tried, at most."""


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
    ranks = rng.permuted(np.broadcast_to(np.arange(1.0, shape[-1] + 1), shape), axis=-1)
    scale = 2.0 ** -np.ceil(np.log2(shape[-1] * np.sqrt(width)))
    return np.asarray(ranks * rng.choice([-1.0, 1.0], shape) * scale)


def normal(shape: Sequence[int], rng: np.random.Generator) -> Array:
    """Random numbers that have an exact value in 32 bits."""
    return rng.normal(size=shape).astype("float32").astype("float64")


def whole(shape: Sequence[int], rng: np.random.Generator) -> Array:
    """Random whole numbers without zero: their sums are exact in any order of adding."""
    return np.asarray(rng.integers(1, 4, shape) * rng.choice([-1.0, 1.0], shape))
