"""Check every claim of the library against the real layer.

For each call: its shapes and weights; what each output cell reads, by changing one cell and seeing
which outputs move; and its values, worked out from the signatures with NumPy.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Any, TypeAlias

import numpy as np

from dense_shapes.axes import Cell, compatible
from dense_shapes.cells import Reads
from dense_shapes.display import Display
from dense_shapes.errors import ClaimError, ShapeError
from dense_shapes.evaluation import Array, NotWorkedOut, evaluate
from dense_shapes.probes import LONG, Moved, Probe, named_function, sizes
from dense_shapes.readers.anything import text_of
from dense_shapes.readers.keras import Shapes, placed, read
from dense_shapes.readers.rebuild import same
from dense_shapes.rules import named, traced
from dense_shapes.runs import Run, arguments
from dense_shapes.sampling import chosen, known, normal, positive, sample
from dense_shapes.steps import Step, Value
from dense_shapes.tables import Column, Row, Table
from dense_shapes.traces import Layer
from dense_shapes.words import input_names

CELLS = 256
"""How many input cells and how many output cells are tried, at most."""
WEIGHTS = 32
"""How many cells of each weight are tried, at most, and half as many as of all together: each needs a
run of its own."""
MANY = 4
"""Of how many weights the report speaks one by one."""
MORE = 16
"""How many outputs beyond the sample are looked at, at most, when they moved."""
FEWEST = 16
"""How many cells of each input are tried at the least, however much flows through the layer."""
LEAST = 2
"""The same for the cells of each weight."""
TRIALS = 8
"""How often a change that was not seen is tried again, with other numbers everywhere else."""
FEW = 2
"""The same where a change may vanish."""
WORK = 2**23
"""How many numbers may flow through a layer while the cells of an operand are tried."""
GUESSES = (8, 6, 7, 12, 30, 32, 64, 210, 256, 2, 3, 1)
"""What an axis of unknown size is set to for the proof: the first that the layer takes."""
SCALES = (1.0, 2.0**-6, 2.0**-12)
"""How large the inputs are for which the values are compared: the first that does not overflow."""
ALLOWED = 1e-4
"""How far the values may be apart, as a part of the largest: in some layers Keras rounds numbers of its
own to 32 bits, whatever it computes in."""
FAINT = "Seen from one side only, because a change can vanish on its way: {}."

Output: TypeAlias = tuple[int, Cell]
"""An output cell of a layer: the number of the output, and its cell."""


def verify(model: Any, *, input_shape: Shapes | None = None) -> Display:
    """Check each claim about a model on the real layers of Keras.

    `model` is what `trace` takes. A `.keras` file is loaded by Keras in safe mode; of code and of a line of
    layers, which are not executed, the layers are made anew.

    The report has a row for each call. Each cell was changed, and the outputs that moved were compared
    with those that read it. Where there are many cells a sample is taken: `256/12,288 input` says how
    many of how many. The values are within a part of the largest value, or equal; "not worked out"
    says that they were not compared.

    Shapes are "as run" where Keras reports another shape than it computes, and a note says which.
    Another note names the layers in which a change can vanish, as in softmax over one unit: all that moved
    there is claimed, but not all that is claimed was seen to move.

    Raises `ClaimError` at the first claim that does not hold, and what `trace` raises.

    >>> import keras, dense_shapes as ds
    >>> model = keras.Sequential([keras.Input((2, 3, 1)), keras.layers.Dense(5, name="five")], name="m")
    >>> print(ds.verify(model))
    Proof of 'm'
    ──────────────────────────────────────────────────────────────────────────────────────
    Layer  Kind   Shapes       Cells changed                    Outputs seen  Values
    ──────────────────────────────────────────────────────────────────────────────────────
    five   Dense  as in Keras  6/6 input, 5/5 kernel, 5/5 bias         30/30  within 1e-04
    ──────────────────────────────────────────────────────────────────────────────────────
    Every claim holds.
    """
    if isinstance(model, str | os.PathLike):
        source, shape = text_of(model, input_shape)
        model, input_shape = same(source, input_shape=shape), None
    rows, faint, silent = [], [], dict[str, list[str]]()
    reading = read(model, input_shape)
    for call in reading.calls:
        layer = call.layer
        if layer.opaque:
            facts = ("from Keras", "nothing is claimed", "", "")
            silent.setdefault(layer.opaque, []).append(layer.label)
        else:
            proof = Proof(layer, call.operation, call.args, call.kwargs)
            seen = proof.reads()
            shapes = "as run" if layer.note else "as in Keras"
            facts = (shapes, seen.changed, seen.outputs, proof.values())
            faint += [f"{layer.label} ({seen.unseen})"] if seen.unseen else []
        rows.append(Row((layer.label, layer.kind, *facts)))
    columns = [Column(name) for name in ("Layer", "Kind", "Shapes", "Cells changed")]
    columns += [Column("Outputs seen", "right"), Column("Values")]
    notes = [f"Nothing is claimed of {', '.join(names)}: {why}." for why, names in silent.items()]
    notes += [f"{it.layer.label}: {it.layer.note}." for it in reading.calls if it.layer.note]
    notes += [FAINT.format(", ".join(faint))] if faint else []
    table = Table(
        f"Proof of {reading.trace.name!r}",
        tuple(columns),
        tuple(rows),
        (*notes, "Every claim holds."),
    )
    return Display(table)


@dataclass(frozen=True)
class Seen:
    """What a proof saw: the cells that were changed, and the outputs that were looked at.

    `unseen` says why not all that is claimed was seen to move; it is empty if it was.
    """

    changed: str
    outputs: str
    unseen: str = ""


@dataclass(frozen=True, eq=False)
class Proof:
    """The claims about one call, and the Keras layer that they are checked against.

    `args` and `kwargs` are the arguments of the call, with a `Place` where an input stands. At most
    `cells` cells of the inputs and of the outputs are tried, and `weights` cells of each weight.
    """

    claimed: Layer
    operation: Any
    args: Sequence[Any] | None = None
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    cells: int = CELLS
    weights: int = WEIGHTS

    @cached_property
    def layer(self) -> Layer:
        """The layer with a concrete size for every axis whose size is unknown.

        Raises `ClaimError` if no size could be found that the layer takes.
        """
        for guess in GUESSES:
            shapes = [
                (value.shape[0], *(guess if size is None else size for size in value.shape[1:]))
                for value in self.claimed.inputs
            ]
            inputs = tuple(Value(shape, named(shape), n) for n, shape in enumerate(shapes))
            given = placed(list(self.given), inputs), placed(dict(self.kwargs), inputs)
            try:
                config = self.operation.get_config()
                return traced(self.claimed.kind, config, *given, name=self.claimed.name)
            except ShapeError:
                continue
        raise self.broken("it takes an input of some size", f"tried {GUESSES} for unknown sizes")

    @cached_property
    def given(self) -> Sequence[Any]:
        """The arguments of the call that have no names."""
        if self.args is None:
            return arguments(self.operation, len(self.claimed.inputs))
        return self.args

    def broken(self, claim: str, found: str) -> ClaimError:
        """The error of a claim that does not hold."""
        return ClaimError(
            f"layer {self.claimed.label!r} ({self.claimed.kind}): the claim that {claim} does not "
            f"hold: {found}"
        )

    @cached_property
    def probe(self) -> Probe:
        """What changes the cells of the real layer."""
        batch = next((it.shape[0] for it in self.layer.inputs), None)
        return Probe(self.layer, self.operation, self.given, self.kwargs, batch)

    def outputs(self, run: Run, inputs: Sequence[Array], weights: Sequence[Array]) -> list[Array]:
        """The outputs of the real layer, which must have the shapes that are claimed."""
        found = run(inputs, weights)
        shapes = [value.shape[1:] for value in self.layer.outputs]
        ran = [array.shape[1:] for array in found]
        if len(ran) != len(shapes) or not all(map(compatible, shapes, ran)):
            raise self.broken(f"its outputs are {shapes}", f"the layer gave {ran}")
        return found

    def reads(self) -> Seen:
        """Change one cell at a time, and compare the outputs that move with `reads()`.

        Raises `ClaimError` if they differ, and `ModelError` if the layer does not run here.
        """
        rng = np.random.default_rng(0)
        shapes = [sizes(value) for value in self.layer.outputs]
        limit = max(1, self.cells // len(shapes))
        claims = {
            (number, cell): self.layer.reads(cell, output=number)
            for number, shape in enumerate(shapes)
            for cell in sample(shape, limit, rng)
        }
        trial = self.probe.trial(0)
        self.outputs(self.probe.run, trial.inputs, trial.weights)
        tried, unseen = [], dict[str, None]()
        work = sum(map(prod, (*shapes, *map(sizes, self.layer.inputs))))
        for number, value in enumerate(self.layer.inputs):
            shape = sizes(value)
            limit = max(FEWEST, min(self.cells, WORK // max(1, work)))
            cells = chosen([claim.inputs[number] for claim in claims.values()], shape, limit, rng)
            unseen[self.compared(number, cells, claims)] = None
            tried.append(f"{of(len(cells), prod(shape))} {input_names(self.layer)[number]}")
        held = [known(weight.shape) for weight in self.layer.weights]
        often = min(
            WORK // max(1, work + sum(map(prod, held))), WEIGHTS * LONG // self.probe.places
        )
        limit = max(LEAST, min(self.weights, 2 * self.weights // max(1, len(held)), often))
        counts = []
        for weight, shape in zip(self.layer.weights, held, strict=True):
            cells = sample(shape, limit, rng)
            unseen[self.compared(weight.name, cells, claims)] = None
            counts.append((len(cells), prod(shape), weight.name))
        if len(counts) > MANY:
            every = sum(few for few, _, _ in counts), sum(size for _, size, _ in counts)
            counts = [(*every, f"of {len(counts)} weights")]
        tried += [f"{of(few, size)} {name}" for few, size, name in counts]
        outputs = of(len(claims), sum(map(prod, shapes)))
        return Seen(", ".join(tried), outputs, "; ".join(filter(None, unseen)))

    def compared(self, operand: int | str, cells: list[Cell], claims: dict[Output, Reads]) -> str:
        """Change the cells of an operand; why not all that read them moved, or empty if all did.

        Raises `ClaimError` if an output moved that does not read the cell, or one that reads it did
        not move, though no change can vanish in this layer.
        """
        waiting = {
            cell: [output for output, reads in claims.items() if cell in reads.of(operand)]
            for cell in cells
        }
        reason = self.probe.vanishing(operand)
        for number in range(FEW if reason else TRIALS):
            trial = self.probe.trial(number)
            for push in trial.pushes:
                moves = self.probe.moves(operand, cells, trial, push)
                for cell, moved in zip(cells, moves, strict=True):
                    self.refute(operand, cell, moved, claims)
                    waiting[cell] = [(n, it) for n, it in waiting[cell] if not moved[n][it]]
                cells = [cell for cell in cells if waiting[cell]]
                if not cells:
                    return ""
        if not reason:
            output = self.written(waiting[cells[0]][0])
            claim = f"{output} reads {self.named(operand)}{list(cells[0])}"
            raise self.broken(claim, "it did not move")
        return reason

    def refute(
        self, operand: int | str, cell: Cell, moved: Moved, claims: dict[Output, Reads]
    ) -> None:
        """Raise `ClaimError` if an output moved that does not read the cell."""
        for number, array in enumerate(moved):
            more = [(number, tuple(it)) for it in np.argwhere(array)[:MORE].tolist()]
            sampled = [(n, it) for n, it in claims if n == number and array[it]]
            for output in dict.fromkeys([*sampled, *more]):
                reads = claims.get(output) or self.layer.reads(output[1], output=number)
                if cell not in reads.of(operand):
                    what = f"{self.named(operand)}{list(cell)}"
                    raise self.broken(f"{self.written(output)} does not read {what}", "it moved")

    def values(self) -> str:
        """Check the values against the signatures: on the layer's own weights, and on random ones.

        Raises `ClaimError` if they differ.
        """
        rng = np.random.default_rng(0)
        random = [positive(it, normal(known(it.shape), rng)) for it in self.layer.weights]
        allowed, gaps = max(ALLOWED, 10 * self.probe.run.tolerance), list[float]()
        for weights in (self.probe.own.weights, random) if random else ([],):
            gap = self.gap(weights, self.probe.run)
            if gap is not None and allowed < gap < np.inf:
                gap = self.gap(weights, self.probe.copy)  # in 64 bits: what is left is no rounding
            if gap is None:
                return "not worked out"
            gaps.append(gap)
        found = [gap for gap in gaps if np.isfinite(gap)]
        if max(found, default=0.0) > allowed:
            raise self.broken(
                f"its values follow {self.layer.signatures}",
                f"they differ by {max(found):.2g} of the largest value",
            )
        return f"within {allowed:.0e}" if found else "too large to compare"

    def gap(self, weights: Sequence[Array], run: Run) -> float | None:
        """How far the values with these weights are from those that are worked out, at most.

        `None` if they are not worked out, and infinity if they overflow whatever the inputs are.
        """
        rng = np.random.default_rng(1)
        for scale in SCALES:
            inputs = [
                np.stack([factor * scale * normal(sizes(value), rng) for factor in (1, 8, 64)])
                for value in self.layer.inputs
            ]
            for number, rows in self.probe.vocabulary.items():
                inputs[number] = rng.integers(0, rows, inputs[number].shape).astype("float64")
            with np.errstate(all="ignore"):
                expected = self.worked_out(inputs, weights)
            if all(one is None for one in expected):
                return None
            states = [np.zeros((3, *shape)) for shape in self.probe.states]
            actual = self.outputs(run, [*inputs, *states], weights)
            pairs = [(a, b) for a, b in zip(expected, actual, strict=True) if a is not None]
            if all(np.isfinite(one).all() for pair in pairs for one in pair):
                return max(gap_between(*it) for pair in pairs for it in zip(*pair, strict=True))
        return np.inf

    def worked_out(self, inputs: Sequence[Array], weights: Sequence[Array]) -> list[Array | None]:
        """Each output of the layer, worked out from its signatures; `None` if that is not known."""
        numbers = dict(zip((weight.name for weight in self.layer.weights), weights, strict=True))
        found: dict[int, Array | None] = {}
        names = {step.function for step in self.layer.steps if step.function}
        functions = {name: it for name in names if (it := named_function(name))}

        def array_of(value: Value) -> Array | None:
            source = value.source
            return found[id(source)] if isinstance(source, Step) else inputs[source or 0]

        for step in self.layer.steps:
            given = [one for one in map(array_of, step.inputs) if one is not None]
            found[id(step)] = None
            if len(given) == len(step.inputs):
                with suppress(NotWorkedOut):
                    found[id(step)] = evaluate(step, given, numbers, functions)
        return [array_of(value) for value in self.layer.outputs]

    def named(self, operand: int | str) -> str:
        """What an input or a weight is called."""
        return input_names(self.layer)[operand] if isinstance(operand, int) else operand

    def written(self, output: Output) -> str:
        """An output cell as text."""
        number, cell = output
        several = f" {number}" if len(self.layer.outputs) > 1 else ""
        return f"output{several}{list(cell)}"


def gap_between(expected: Array, actual: Array) -> float:
    """The largest difference between two tensors, as a part of the largest expected value.

    >>> gap_between(np.array([1.0, -4.0]), np.array([1.0, -3.0]))
    0.25
    """
    largest = np.abs(expected).max(initial=1e-30)
    return float(np.abs(expected - actual).max(initial=0.0) / largest)


def of(tried: int, count: int) -> str:
    """How many were tried, and of how many.

    >>> of(6, 6), of(256, 1000)
    ('6/6', '256/1,000')
    """
    return f"{tried:,}/{count:,}"
