"""The cells of recurrences: what they are made of, and one place of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dense_shapes.axes import Window
from dense_shapes.errors import ShapeError, UnknownLayer
from dense_shapes.rules.book import Config, arguments, layer_of, values_in
from dense_shapes.rules.core import activate
from dense_shapes.steps import By, Value, apply

GATES = {"SimpleRNNCell": 1, "LSTMCell": 4, "GRUCell": 3}
"""How many rows of weights each unit of a cell has."""


@dataclass(frozen=True)
class Cell:
    """A cell of a recurrence: its kind, its configuration, and the prefix of its weights."""

    kind: str
    config: Config
    prefix: str = ""

    @property
    def units(self) -> int:
        """How many numbers it gives at each place."""
        units: int = self.config["units"]
        return units

    @property
    def states(self) -> int:
        """How many states it carries from place to place."""
        return 2 if self.kind == "LSTMCell" else 1

    @property
    def resets_first(self) -> bool:
        """Whether the state of every unit is reset before the kernel is applied to it."""
        return self.kind == "GRUCell" and not self.config.get("reset_after", True)

    @property
    def mixes(self) -> bool:
        """Whether an activation may look at more than one unit."""
        return not (alone(self.inside) and alone(self.outside))

    @property
    def inside(self) -> Any:
        """The activation of what is new."""
        return self.config.get("activation")

    @property
    def outside(self) -> Any:
        """The activation of the gates."""
        return self.config.get("recurrent_activation")

    @property
    def facts(self) -> dict[str, Any]:
        """The weights, and the sizes of their axes."""
        gates = GATES[self.kind]
        out = "unit" if gates == 1 else "(gate unit)"
        weights = {"kernel": f"feature {out}", "recurrent_kernel": f"before {out}"}
        if self.config.get("use_bias", True):
            weights["bias"] = out
        facts: dict[str, Any] = {f"{self.prefix}{name}": it for name, it in weights.items()}
        if self.kind == "GRUCell" and not self.resets_first and "bias" in weights:
            facts |= {f"{self.prefix}bias": f"side {out}", "side": 2}
        if gates > 1:
            facts["gate"] = gates
        return {**facts, "unit": self.units, "before": self.units}


def cell_of(kind: str, config: Config, prefix: str = "") -> Cell:
    """The cell of this kind, with the defaults of Keras."""
    return Cell(kind, {**arguments()[kind].optional, **config}, prefix)


def cells_of(cell: Any) -> list[Cell]:
    """The cells in a configuration: one, or several in a list or in `StackedRNNCells`.

    Raises `UnknownLayer` for any other than those of Keras.
    """
    if isinstance(cell, Mapping) and cell.get("class_name") == "StackedRNNCells":
        cell = cell["config"]["cells"]
    if not isinstance(cell, list | tuple):
        return [read_cell(cell)]
    return [read_cell(one, f"cell{number}/") for number, one in enumerate(cell, 1)]


def read_cell(cell: Any, prefix: str = "") -> Cell:
    """The cell in a configuration.

    Raises `UnknownLayer` if it is not one of Keras's own.
    """
    kind = cell.get("class_name") if isinstance(cell, Mapping) else type(cell).__name__
    if kind not in GATES or not owned_by_keras(cell):
        raise UnknownLayer(f"no rule describes the cell {kind!r} inside it")
    return cell_of(kind, cell.get("config", {}), prefix)


def serialized(kind: str, **config: Any) -> dict[str, Any]:
    """A layer of Keras as the configuration of another holds it.

    >>> serialized("Dense", units=2)["config"]
    {'units': 2}
    """
    names = {"module": "keras.layers", "class_name": kind, "registered_name": None}
    return {**names, "config": config}


def owned_by_keras(thing: Mapping[str, Any]) -> bool:
    """Whether a configuration speaks of a class of Keras, and not of one of the same name.

    >>> owned_by_keras({"class_name": "LSTMCell", "config": {"units": 2}})
    True
    >>> owned_by_keras({"class_name": "LSTMCell", "module": "mine", "registered_name": "mine>LSTMCell"})
    False
    """
    module, registered = thing.get("module") or "keras", thing.get("registered_name") or ""
    return module.partition(".")[0] == "keras" and ">" not in registered


def dealt(cells: Sequence[Cell], states: Any) -> list[list[Value]]:
    """The states with which each cell begins; none if none are given.

    Raises `ShapeError` if there are not as many as the cells carry.
    """
    given = list(values_in([list(one) if isinstance(one, tuple) else one for one in states]))
    wanted = sum(cell.states for cell in cells)
    if given and len(given) != wanted:
        raise ShapeError(f"expected {wanted} initial states, received {len(given)}")
    rest = iter(given)
    return [[next(rest) for _ in range(cell.states)] if given else [] for cell in cells]


def one_step(cell: Cell, x: Value, state: Value) -> Value:
    """One place of a recurrence with one state."""
    return apply("b feature, b before -> b unit", x, state, by=By.RECUR, **cell.facts)


def lstm_step(cell: Cell, x: Value, state: Value, carry: Value) -> tuple[Value, Value]:
    """One place of an LSTM, gate by gate: what it shows and what it carries."""
    kernel, facts = f"{cell.prefix}kernel", cell.facts
    first = {key: facts[key] for key in (kernel, "gate", "unit")}
    fresh = apply("b feature -> b (gate unit)", x, **first)
    del facts[kernel]
    old = apply("b before -> b (gate unit)", state, **facts)
    both = apply("b (gate unit), b (gate unit) -> b gate unit", fresh, old, by=By.SUM, gate=4)
    functions = (cell.outside, cell.outside, cell.inside, cell.outside)
    add, keep, new, show = (bent(it, part(both, at)) for at, it in enumerate(functions))
    kept, added = apply("..., ... -> ...", keep, carry), apply("..., ... -> ...", add, new)
    carried = apply("..., ... -> ...", kept, added, by=By.SUM)
    return apply("..., ... -> ...", show, bent(cell.inside, carried)), carried


def part(gates: Value, number: int) -> Value:
    """One of the four gates of an LSTM."""
    window = Window(1, before=-number, after=number - 3)
    one = apply("b gate unit -> b gate' unit", gates, by=By.COPY, gate=window)
    return apply("b 1 unit -> b unit", one, by=By.COPY)


def bent(function: Any, x: Value) -> Value:
    """The activation of a cell if it looks at one unit; else the value, whose reads are not said."""
    return activate(function, x) if alone(function) else x


def alone(function: Any) -> bool:
    """Whether an activation looks at one value at a time.

    >>> alone("tanh"), alone(None), alone("softmax"), alone("of my own")
    (True, True, False, False)
    """
    try:
        y = activate(function, Value((None, 2), ("b", "unit")))
    except UnknownLayer:
        return False
    return all(step.by is By.MAP for step in layer_of("", "", (), y).steps)
