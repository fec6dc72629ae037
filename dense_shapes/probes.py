"""Change one cell of a real layer, and see which of its outputs move.

Where a layer multiplies by one kernel and nothing more, its own 32 bits are enough: the numbers are
chosen so that every sum is exact. Any other layer is copied, and the copy computes in 64 bits, in
which a change is seen even after functions that all but swallow it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import prod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dense_shapes.axes import Cell, axes_of
from dense_shapes.evaluation import Array
from dense_shapes.readers.keras import Place
from dense_shapes.rules.core import ELEMENTWISE
from dense_shapes.runs import Run, states
from dense_shapes.sampling import Trial, exact, known, uneven
from dense_shapes.steps import By, Step, Value
from dense_shapes.traces import Layer

ROOM = 2**23
"""How many numbers a run may hold."""
LONG = 8
"""After so many places a recurrence may have forgotten what it read."""
PLAIN = (*ELEMENTWISE, "exponential", "log")
"""The functions of such a layer."""
CALLED = re.compile(r"([a-z]\w*)(?:\((.*)\))?")
"""The name of a function, and what stands in brackets behind it."""
SIMPLE = (By.MULTIPLY, By.COPY, By.MAP, By.SUM, By.DIVIDE)
"""The ways of combining of a layer for which exact numbers of 32 bits are enough."""

Moved: TypeAlias = list[NDArray[np.bool_]]
"""Which cells of each output moved."""


@dataclass(frozen=True, eq=False)
class Probe:
    """A layer whose sizes are all known, and the call of a Keras layer that it speaks of."""

    layer: Layer
    operation: Any
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    batch: int | None = None

    @cached_property
    def own(self) -> Run:
        """The layer itself."""
        label = f"{self.layer.name!r} ({self.layer.kind})"
        kwargs, count = dict(self.kwargs), len(self.layer.inputs)
        if self.states:
            kwargs["initial_state"] = [Place(count + n) for n in range(len(self.states))]
        whole = frozenset(self.vocabulary)
        lengths = frozenset(it for step in self.layer.steps for it in step.sizes.values() if it)
        return Run(label, self.operation, self.args, kwargs, whole, self.batch, lengths)

    @cached_property
    def copy(self) -> Run:
        """A copy of the layer in 64 bits, if there can be one; else the layer itself."""
        return self.own.precise(self.trial(0).inputs)

    @cached_property
    def run(self) -> Run:
        """The layer as it is run: itself where that is enough, or a copy of it in 64 bits."""
        return self.own if self.simple else self.copy

    @cached_property
    def simple(self) -> bool:
        """Whether exact numbers of 32 bits show every change: one kernel and plain activations."""
        steps = self.layer.steps
        return sum(step.by is By.MULTIPLY for step in steps) < 2 and all(
            step.by in SIMPLE
            and len(step.inputs) == 1 + (step.by is By.DIVIDE)
            and (step.by is not By.MAP or (not step.weights and step.function in PLAIN))
            for step in steps
        )

    @cached_property
    def states(self) -> list[tuple[int, ...]]:
        """The states with which a recurrence is begun, which would show nothing if they were zero."""
        recurs = any(step.by is By.RECUR for step in self.layer.steps)
        return states(self.operation) if recurs and len(self.layer.inputs) == 1 else []

    @cached_property
    def lookups(self) -> dict[str, tuple[int, int, int]]:
        """For each weight that is looked up: which input names its rows, how many, on which axis."""
        found = {}
        for step in self.layer.steps:
            number = origin(step.inputs[0])
            if step.by is not By.LOOKUP or number is None:
                continue
            output = {axis.name for axis in axes_of(step.bound.output)}
            for name, pattern in step.bound.weights.items():
                axes = [axis.name for axis in axes_of(pattern)]
                [place] = [place for place, axis in enumerate(axes) if axis not in output]
                found[name] = (number, step.size(axes[place]), place)
        return found

    @cached_property
    def vocabulary(self) -> dict[int, int]:
        """For each input that names the rows of a weight, how many rows there are."""
        return {number: size for number, size, _ in self.lookups.values()}

    @cached_property
    def trial(self) -> Callable[[int], Trial]:
        """The numbers of each trial."""
        shapes = [*map(sizes, self.layer.inputs), *self.states]
        output = sizes(self.layer.outputs[0])
        reads = self.layer.reads((0,) * len(output)).inputs if all(output) else ()
        width = max([1, *map(len, reads)])

        def numbers(number: int) -> Trial:
            if self.simple:
                return exact(shapes, self.layer.weights, width, number)
            return uneven(shapes, self.layer.weights, self.vocabulary, number)

        return lru_cache(1)(numbers)

    @cached_property
    def places(self) -> int:
        """Over how many places a recurrence runs; 1 without one."""
        steps = [step for step in self.layer.steps if step.by is By.RECUR]
        return max((step.size(name) for step in steps for name in step.recurred), default=1)

    def vanishing(self, operand: int | str) -> str:
        """Why a change of this operand may vanish before it is seen; empty if it cannot."""
        steps = self.layer.steps
        if self.places > LONG:
            return f"a recurrence forgets over {self.places} places"
        recurs = any(step.by is By.RECUR for step in steps) and isinstance(operand, str)
        if recurs and not self.states and len(self.layer.inputs) == 1:
            return "a recurrence begins with zeros"
        normal = any(step.by in (By.DIVIDE, By.SUBTRACT) for step in steps)
        if normal and any(step.by in (By.SUM, By.MEAN) and lone(step) for step in steps):
            return "one number is normalised alone"
        products = sum(step.by is By.MULTIPLY for step in steps)
        shifted = isinstance(operand, str) and operand.endswith("bias") and products > 1
        if shifted and any(step.by is By.DIVIDE for step in steps):
            return "softmax does not see what is added to all its numbers"
        return "there is one row to look up" if 1 in self.vocabulary.values() else ""

    def moves(
        self, operand: int | str, cells: list[Cell], trial: Trial, push: float
    ) -> Iterator[Moved]:
        """For each cell of an operand, which output cells move when it is changed, up or down."""
        if isinstance(operand, int):
            return self.moves_of_input(operand, cells, trial, push)
        return self.moves_of_weight(operand, cells, trial, push)

    def moves_of_input(
        self, number: int, cells: list[Cell], trial: Trial, push: float
    ) -> Iterator[Moved]:
        """The same for an input: many cells in one run, each in a sample of its own."""
        numbers = sum(prod(sizes(it)) for it in (*self.layer.inputs, *self.layer.outputs))
        each = max(1, ROOM // (2 * max(1, numbers)))
        for start in range(0, len(cells), each):
            batch = cells[start : start + each]
            inputs = [np.repeat(one, 2 * len(batch) + 1, axis=0) for one in trial.inputs]
            for place, cell in enumerate(batch):
                for turn, change in enumerate((push, -push)):
                    at = (2 * place + turn, *cell)
                    inputs[number][at] = self.changed(number, inputs[number][at], change)
            found = self.run(inputs, trial.weights)
            moved = self.moved([one[:-1] for one in found], [one[-1:] for one in found])
            for place in range(len(batch)):
                yield [one[2 * place] | one[2 * place + 1] for one in moved]

    def changed(self, number: int, value: float, change: float) -> float:
        """The value of an input cell after a change; of one that names a row, another row."""
        if number in self.vocabulary:
            return float((value + (1 if change > 0 else -1)) % self.vocabulary[number])
        return value + change

    def moves_of_weight(
        self, name: str, cells: list[Cell], trial: Trial, push: float
    ) -> Iterator[Moved]:
        """The same for a weight: a run for each change."""
        number = [weight.name for weight in self.layer.weights].index(name)
        weights, inputs, still = trial.weights, trial.inputs, list[Array]()
        for cell in cells:
            if not still or name in self.lookups:
                inputs = self.aimed(trial.inputs, name, cell)
                still = self.run(inputs, weights)
            before, moved = weights[number][cell], []
            for change in (push, -push):
                weights[number][cell] = before + change
                moved.append(self.moved(self.run(inputs, weights), still))
            weights[number][cell] = before
            yield [(one | other)[0] for one, other in zip(*moved, strict=True)]

    def aimed(self, inputs: list[Array], name: str, cell: Cell) -> list[Array]:
        """The inputs; where they name a row of this weight, they all name that of the cell."""
        if name not in self.lookups:
            return inputs
        number, _, axis = self.lookups[name]
        return [np.full_like(it, cell[axis]) if n == number else it for n, it in enumerate(inputs)]

    def moved(self, some: list[Array], others: list[Array]) -> Moved:
        """Where outputs differ by more than rounding."""
        found = []
        for one, other in zip(some, others, strict=True):
            apart = np.asarray(one != other)
            where = np.nonzero(apart)
            left, right = one[where], np.broadcast_to(other, one.shape)[where]
            largest = np.abs(other[np.isfinite(other)]).max(initial=0.0)
            with np.errstate(all="ignore"):
                size = np.maximum(np.maximum(np.abs(left), np.abs(right)), 1e-6 * largest)
                more = np.abs(left - right) > self.run.tolerance * size
            apart[where] = more | (np.isfinite(left) != np.isfinite(right))
            found.append(apart)
        return found


def sizes(value: Value) -> tuple[int, ...]:
    """The sizes of the axes after the batch, all of them known."""
    return known(value.shape[1:])


def lone(step: Step) -> bool:
    """Whether each output cell of a step reads one cell of each input, and no more."""
    return len({prod(sizes(value)) for value in (step.output, *step.inputs)}) == 1


def origin(value: Value) -> int | None:
    """The number of the input of the layer of which a value is a copy."""
    while isinstance(value.source, Step):
        if value.source.by is not By.COPY or len(value.source.inputs) > 1:
            return None
        [value] = value.source.inputs
    return value.source


def named_function(name: str | None) -> Callable[..., Array] | None:
    """The function of Keras of this name, on arrays, with what stands in brackets behind it.

    `None` if there is none.

    >>> elu = named_function("elu(alpha=2.0)")
    >>> elu(np.array([0.0, 3.0])).tolist()
    [0.0, 3.0]
    """
    import keras

    if name == "exponential":
        return np.exp
    found = CALLED.fullmatch(name or "")
    if not found:
        return None
    homes = (keras.activations, keras.ops)
    function = next((it for home in homes if (it := getattr(home, found[1], None))), None)
    if not callable(function):
        return None
    call = ast.parse(f"f({found[2] or ''})", mode="eval").body
    assert isinstance(call, ast.Call)
    given = {it.arg or "": ast.literal_eval(it.value) for it in call.keywords}
    return lambda *arrays: np.asarray(function(*arrays, **given), "float64")
