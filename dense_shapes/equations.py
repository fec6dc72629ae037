"""The equation of one number of a step: what stands on its right side."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeAlias, assert_never

from dense_shapes.axes import Cell, axes_of
from dense_shapes.cells import Reads, box_of
from dense_shapes.steps import By, Step

Written: TypeAlias = Callable[[Cell], str]
"""How a cell of an operand is written."""

SHOWN = 4
"""How many terms of a sum are written out; of a longer sum, the first and the last."""

WRITTEN = {
    "scale and shift": "{0} × {gamma} + {beta}",
    "scale": "{0} × {gamma}",
    "shift": "{0} + {gamma}",
    "negative": "-{0}",
    "reciprocal": "1 / {0}",
    "square": "{0} ** 2",
}
"""How a function is written that is arithmetic."""


def made_by(step: Step, cell: Cell, operands: Sequence[Written]) -> str:
    """The right side of the equation of one output cell of a step.

    `operands` say how the cells of each input of the step are written.

    >>> from dense_shapes.steps import Value, apply
    >>> x = Value((None, 2, 3), ("b", "t", "feature"))
    >>> mean = apply("b t c -> b c", x, by=By.MEAN).source
    >>> made_by(mean, (1,), [cells_of("x")])
    '(x[0, 1] + x[1, 1]) / 2'
    """
    [reads] = step.reads(box_of(cell))
    cells = [
        written(at) for written, some in zip(operands, reads.inputs, strict=True) for at in some
    ]
    match step.by:
        case By.COPY:
            return cells[0] if cells else "0"
        case By.SUM:
            return added(cells)
        case By.MEAN:
            return f"({added(cells)}) / {len(cells)}" if len(cells) > 1 else added(cells)
        case By.MAX | By.MIN:
            return f"{step.by.value}({listed(cells, ', ')})" if len(cells) > 1 else added(cells)
        case By.SUBTRACT:
            return " - ".join(cells)
        case By.DIVIDE:
            return " / ".join(cells)
        case By.MAP:
            return mapped(step, cells, reads)
        case By.LOOKUP:
            return looked_up(step, cells, reads)
        case By.RECUR:
            return recurred(step, operands, reads)
        case By.MULTIPLY:
            return multiplied(step, cell, operands, reads)
        case _ as never:
            assert_never(never)


def multiplied(step: Step, cell: Cell, operands: Sequence[Written], reads: Reads) -> str:
    """A sum of products, and the weights that are added to it."""
    factors = [*operands, *(cells_of(weight.name) for weight in step.weights[:1])]
    written = [
        " × ".join(factor(at) for factor, at in zip(factors, one, strict=True))
        for one in step.products(cell)
    ]
    return " + ".join([added(written), *at_one_place(step, reads, 1)])


def cells_of(name: str) -> Written:
    """How the cells of something are written that has a name.

    >>> cells_of("kernel")((0, 2))
    'kernel[0, 2]'
    """
    return lambda at: f"{name}{list(at)}"


def at_one_place(step: Step, reads: Reads, start: int = 0) -> list[str]:
    """The first cell that is read of each weight from this one on, as text."""
    names = [weight.name for weight in step.weights[start:]]
    return [cells_of(name)(next(iter(reads.weights[name]))) for name in names]


def mapped(step: Step, cells: Sequence[str], reads: Reads) -> str:
    """A function of the values at one place."""
    name, weights = step.function or "", at_one_place(step, reads)
    held = {written.partition("[")[0].rpartition("/")[2]: written for written in weights}
    if name.startswith("batch normalization, ε = ") and len(cells) == 1:
        root = f"sqrt({held['moving_variance']} + {name.rpartition(' ')[2]})"
        scaled = f"({cells[0]} - {held['moving_mean']}) / {root}"
        scaled += f" × {held['gamma']}" if "gamma" in held else ""
        return scaled + (f" + {held['beta']}" if "beta" in held else "")
    if name == "normalization" and len(cells) == 1 and len(weights) == 2:
        return f"({cells[0]} - {weights[0]}) / sqrt({weights[1]})"
    if name in WRITTEN and len(cells) == 1:
        gamma, beta = [*weights, "", ""][:2]
        return WRITTEN[name].format(*cells, gamma=gamma, beta=beta)
    if number := re.fullmatch(r"([×+]) (\S+)", name):
        return f"{cells[0]} {number[1]} {number[2]}"
    if number := re.fullmatch(r"(\^|at least|at most) (\S+)", name):
        first, second = cells[0], number[2]
        if number[1] == "^":
            return f"{first} ** {second}"
        return f"{'max' if number[1] == 'at least' else 'min'}({first}, {second})"
    inside = listed([*cells, *weights], ", ")
    if called := re.fullmatch(r"(\w+)\((.*)\)", name):
        return f"{called[1]}({inside}, {called[2]})"
    return f"{name}({inside})" if name.isidentifier() else f"{name} of {inside}"


def looked_up(step: Step, cells: Sequence[str], reads: Reads) -> str:
    """The row of a weight that a number names."""
    [(name, pattern)] = step.bound.weights.items()
    output = set(axes_of(step.bound.output))
    at = next(iter(reads.weights[name]))
    named = [
        str(index) if axis in output else cells[0]
        for axis, index in zip(axes_of(pattern), at, strict=True)
    ]
    return f"{name}[{', '.join(named)}]"


def recurred(step: Step, operands: Sequence[Written], reads: Reads) -> str:
    """What goes into a recurrence; its own equations are those of its cell."""
    parts = [
        listed([written(at) for at in cells], ", ")
        for written, cells in zip(operands, reads.inputs, strict=True)
    ]
    weights = ", ".join(weight.name for weight in step.weights)
    return f"a recurrence of {', '.join(filter(None, parts))} with {weights}"


def added(terms: Sequence[str]) -> str:
    """A sum, with dots in the middle if it is long.

    >>> added(["a", "b", "c"]), added(["a", "b", "c", "d", "e"]), added([])
    ('a + b + c', 'a + … + e', '0')
    """
    return listed(terms, " + ") or "0"


def listed(terms: Sequence[str], sign: str) -> str:
    """Terms with a sign between them, and dots in the middle if they are many."""
    if len(terms) > SHOWN:
        return sign.join([terms[0], "…", terms[-1]])
    return sign.join(terms)
