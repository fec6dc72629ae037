"""Check every claim of the library against the real layer.

For each call: its shapes and weights; what each output cell reads, by changing one cell and seeing
which outputs move; and its values, worked out from the signature with NumPy. The layer runs through
`stateless_call`, so that the model is never changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dense_shapes.axes import Cell, compatible
from dense_shapes.cells import Reads
from dense_shapes.display import Display
from dense_shapes.errors import ClaimError, ModelError, ShapeError
from dense_shapes.evaluation import Array, evaluate
from dense_shapes.readers.keras import read
from dense_shapes.rules import named, traced
from dense_shapes.sampling import CELLS, chosen, distinct, normal, sample, whole
from dense_shapes.steps import By, Step, Value
from dense_shapes.tables import Column, Row, Table
from dense_shapes.traces import Layer
from dense_shapes.words import input_names

WEIGHTS = 32
"""How many cells of each weight are tried, at most: each needs a run of its own."""
MORE = 16
"""How many outputs beyond the sample are looked at, at most, when they moved."""
FEWEST = 16
"""How many input cells are tried at the least."""
WORK = 2**23
"""How many numbers may flow through a layer while its input cells are tried."""
ROOM = 2**23
"""How many numbers a run may hold."""
GUESSES = (8, 6, 7, 12, 30, 32, 64, 210, 256, 2, 3, 1)
"""What an axis of unknown size is set to for the proof: the first that the layer takes."""
SCALES = (1.0, 2.0**-6, 2.0**-12)
"""How large the inputs are for which the values are compared: the first that does not overflow."""
TOLERANCES = {"float64": 1e-9, "float32": 1e-5}
"""The relative change that counts as a move, by the type in which a layer computes."""
COARSE = 2e-2
"""The same for a layer that computes in 16 bits."""


def verify(model: Any) -> Display:
    """Check each claim about a built Keras model against its real layers.

    The report has a row for each call. Each cell was changed, and the outputs that moved were compared
    with those that read it. Where there are many cells a sample is taken: `256/12,288 input` says how
    many of how many. The values are within a part of the largest value, or equal.

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
    reading = read(model)
    rows = []
    for layer, operation in reading.calls:
        if layer.opaque:
            facts = ("from Keras", "no rule: nothing is claimed", "", "")
        else:
            proof = Proof(layer, operation)
            facts = ("as in Keras", *proof.reads(), proof.values())
        rows.append(Row((layer.label, layer.kind, *facts)))
    columns = [Column(name) for name in ("Layer", "Kind", "Shapes", "Cells changed")]
    columns += [Column("Outputs seen", "right"), Column("Values")]
    title = f"Proof of {model.name!r}"
    return Display(Table(title, tuple(columns), tuple(rows), ("Every claim holds.",)))


@dataclass(frozen=True)
class Proof:
    """The claims about one call, and the Keras layer that they are checked against."""

    claimed: Layer
    operation: Any

    @cached_property
    def layer(self) -> Layer:
        """The layer with a concrete size for every axis whose size is unknown.

        Raises `ClaimError` if no size could be found that the layer takes.
        """
        for guess in GUESSES:
            shapes = [
                (None, *(guess if size is None else size for size in value.shape[1:]))
                for value in self.claimed.inputs
            ]
            inputs = tuple(Value(shape, named(shape), n) for n, shape in enumerate(shapes))
            try:
                config = self.operation.get_config()
                return traced(self.claimed.kind, config, inputs, name=self.claimed.name)
            except ShapeError:
                continue
        raise self.broken("it takes an input of some size", f"tried {GUESSES} for unknown sizes")

    def broken(self, claim: str, found: str) -> ClaimError:
        """The error of a claim that does not hold."""
        return ClaimError(
            f"layer {self.claimed.label!r} ({self.claimed.kind}): the claim that {claim} does not "
            f"hold: {found}"
        )

    def run(self, inputs: Sequence[Array], weights: Sequence[Array]) -> Array:
        """The output of the Keras layer for these inputs, with these numbers as its weights.

        Raises `ModelError` if the layer does not run here.
        """
        import keras

        dtype = self.operation.variable_dtype
        given = {
            id(variable): keras.ops.convert_to_tensor(weight, variable.dtype)
            for variable, weight in zip(self.operation.weights, weights, strict=True)
        }
        state = [
            [given.get(id(variable), variable.value) for variable in variables]
            for variables in (
                self.operation.trainable_variables,
                self.operation.non_trainable_variables,
            )
        ]
        tensors = [keras.ops.convert_to_tensor(array, dtype) for array in inputs]
        try:
            output, _ = self.operation.stateless_call(*state, *tensors)
        except Exception as error:
            raise ModelError(
                f"layer {self.claimed.label!r} ({self.claimed.kind}) does not run here, so it cannot "
                f"be proved: {str(error).strip().splitlines()[0][:200]}"
            ) from error
        array: Array = np.asarray(keras.ops.convert_to_numpy(output), "float64")
        if not compatible(self.layer.outputs[0].shape, array.shape):
            raise self.broken(
                f"the output is {self.layer.outputs[0].shape}", f"the layer gave {array.shape}"
            )
        return array

    @cached_property
    def own_weights(self) -> list[Array]:
        """The numbers that the layer has now."""
        return [np.asarray(weight, "float64") for weight in self.operation.get_weights()]

    def values(self) -> str:
        """Check the values against the signature: on the layer's own weights, and on random ones."""
        rng = np.random.default_rng(0)
        shapes = [self.sizes(value) for value in self.layer.inputs]
        random = [normal(weight.shape, rng) for weight in self.own_weights]
        allowed, compared = 10 * self.tolerance, 0
        for weights in (self.own_weights, random) if random else ([],):
            for scale in SCALES:
                inputs = [
                    np.stack([factor * scale * normal(shape, rng) for factor in (1, 8, 64)])
                    for shape in shapes
                ]
                with np.errstate(all="ignore"):
                    expected = self.worked_out(inputs, weights)
                actual = self.run(inputs, weights)
                if not (np.isfinite(expected).all() and np.isfinite(actual).all()):
                    continue
                gap = max(map(gap_between, expected, actual))
                if not gap <= allowed:
                    raise self.broken(
                        f"its values follow {self.layer.signatures}",
                        f"they differ by {gap:.2g} of the largest value",
                    )
                compared += 1
                break
        return f"within {allowed:.0e}" if compared else "too large to compare"

    def worked_out(self, inputs: Sequence[Array], weights: Sequence[Array]) -> Array:
        """The output of the layer, worked out from its signatures."""
        import keras

        numbers = dict(zip((weight.name for weight in self.layer.weights), weights, strict=True))
        found: dict[int, Array] = {}

        def function(name: str) -> Any:
            known = {"exponential": np.exp, "log": np.log}
            activation = known.get(name) or keras.activations.get(name)
            return lambda array: np.asarray(activation(array), "float64")

        def array_of(value: Value) -> Array:
            source = value.source
            return found[id(source)] if isinstance(source, Step) else inputs[source or 0]

        functions = {s.function: function(s.function) for s in self.layer.steps if s.function}
        for step in self.layer.steps:
            found[id(step)] = evaluate(step, [*map(array_of, step.inputs)], numbers, functions)
        return array_of(self.layer.outputs[0])

    def reads(self) -> tuple[str, str]:
        """Change one cell at a time, and compare the outputs that move with `reads()`."""
        rng = np.random.default_rng(0)
        outputs = sample(self.sizes(self.layer.outputs[0]), CELLS, rng)
        claims = {cell: self.layer.reads(cell) for cell in outputs}
        width = max([1, *(len(cells) for one in list(claims.values())[:1] for cells in one.inputs)])
        weights = [distinct(weight.shape, width, rng) for weight in self.own_weights]
        base = [whole((1, *self.sizes(value)), rng) for value in self.layer.inputs]
        spread = max((weight.shape[-1] for weight in self.own_weights), default=1)
        push = 2.0 ** np.ceil(np.log2(16 * width * spread))
        tried = []
        for number, value in enumerate(self.layer.inputs):
            shape = self.sizes(value)
            work = prod(shape) + prod(self.sizes(self.layer.outputs[0]))
            limit = max(FEWEST, min(CELLS, WORK // max(1, work)))
            cells = chosen([claim.inputs[number] for claim in claims.values()], shape, limit, rng)
            moves = self.moves(base, weights, number, cells, push)
            for cell, moved in zip(cells, moves, strict=True):
                self.compare(number, cell, moved, claims)
            tried.append(f"{of(len(cells), prod(shape))} {input_names(self.layer)[number]}")
        still = self.run(base, weights)[0]
        for number, weight in enumerate(self.layer.weights):
            shape = self.own_weights[number].shape
            limit = min(WEIGHTS, 1 + ROOM // sum(one.size for one in weights))
            cells = sample(shape, limit, rng)
            for cell in cells:
                moved, before = np.zeros(still.shape, bool), weights[number][cell]
                for change in (push, -push):
                    weights[number][cell] = before + change
                    moved |= self.differs(self.run(base, weights)[0], still)
                weights[number][cell] = before
                self.compare(weight.name, cell, moved, claims)
            tried.append(f"{of(len(cells), prod(shape))} {weight.name}")
        return ", ".join(tried), of(len(outputs), still.size)

    def moves(
        self,
        base: Sequence[Array],
        weights: Sequence[Array],
        number: int,
        cells: Sequence[Cell],
        push: float,
    ) -> Iterator[NDArray[np.bool_]]:
        """For each cell of an input, which output cells move when it is changed, up or down."""
        numbers = prod(base[number].shape) + prod(self.sizes(self.layer.outputs[0]))
        each = max(1, ROOM // (2 * max(1, numbers)))
        for start in range(0, len(cells), each):
            batch = cells[start : start + each]
            inputs = [np.repeat(one, 2 * len(batch) + 1, axis=0) for one in base]
            for place, cell in enumerate(batch):
                inputs[number][(2 * place, *cell)] += push
                inputs[number][(2 * place + 1, *cell)] -= push
            result = self.run(inputs, weights)
            moved = self.differs(result[:-1], result[-1])
            yield from moved[0::2] | moved[1::2]

    def compare(
        self, operand: int | str, cell: Cell, moved: NDArray[np.bool_], claims: dict[Cell, Reads]
    ) -> None:
        """Raise `ClaimError` if the outputs that moved are not those that read the cell."""
        more = [tuple(output) for output in np.argwhere(moved)[:MORE].tolist()]
        for output in {**claims, **dict.fromkeys(more)}:
            reads = claims.get(output) or self.layer.reads(output)
            claimed = cell in reads.of(operand)
            name = input_names(self.layer)[operand] if isinstance(operand, int) else operand
            if claimed and not moved[output] and not self.constant:
                raise self.broken(
                    f"output{list(output)} reads {name}{list(cell)}", "it did not move"
                )
            if moved[output] and not claimed:
                raise self.broken(
                    f"output{list(output)} does not read {name}{list(cell)}", "it moved"
                )

    def differs(self, one: Array, other: Array) -> NDArray[np.bool_]:
        """Where two outputs differ by more than rounding."""
        with np.errstate(all="ignore"):
            larger = np.maximum(np.abs(one), np.abs(other))
            moved: NDArray[np.bool_] = np.abs(one - other) > self.tolerance * larger
        return np.asarray(moved | (np.isfinite(one) != np.isfinite(other)))

    @property
    def constant(self) -> bool:
        """Whether the layer reads its input and gives 1 all the same: softmax over one unit."""
        sums = [step for step in self.layer.steps if step.by is By.SUM]
        return any(step.inputs[0].shape[-1] == 1 for step in sums)

    @property
    def tolerance(self) -> float:
        """The relative change that is more than rounding, in the type in which the layer computes."""
        return TOLERANCES.get(str(self.operation.variable_dtype), COARSE)

    @staticmethod
    def sizes(value: Value) -> tuple[int, ...]:
        """The sizes of the axes after the batch, all of them known."""
        return tuple(size for size in value.shape[1:] if size is not None)


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
