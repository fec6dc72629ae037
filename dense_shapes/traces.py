"""A model as the library sees it: a `Layer` is one call, a `Trace` all the calls in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any, TypeAlias, TypeVar

from dense_shapes.axes import Cell, Size, plus
from dense_shapes.cells import Box, Cells, Reads, box_of, checked
from dense_shapes.errors import ModelError, UnknownLayer
from dense_shapes.steps import Step, Value, Weight

T = TypeVar("T")

Source: TypeAlias = tuple[int, int]
"""Where a value comes from: the position of a layer in the trace (-1: the trace itself), and which
of its outputs (of the trace: inputs) it is."""


@dataclass(frozen=True, repr=False)
class Layer:
    """One call of a layer.

    `opaque` says why no rule describes the layer, and is empty if one does. `inner` is the trace of a
    nested model. `note` says where Keras reports another shape than it computes.

    >>> from dense_shapes.rules import call
    >>> dense = call("Dense", {"units": 5}, (None, 2, 3, 1))
    >>> dense.outputs[0].shape, dense.params, dense.formula, dense.macs
    ((None, 2, 3, 5), 10, '(1 + 1) × 5', 30)
    >>> dense.signatures
    ('... in -> ... out',)
    """

    name: str
    kind: str
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    weights: tuple[Weight, ...] = ()
    sources: tuple[Source, ...] = ()
    number: int = 1
    opaque: str = ""
    inner: Trace | None = None
    note: str = ""

    def __repr__(self) -> str:
        before, after = (
            " and ".join(str(value.shape) for value in values)
            for values in (self.inputs, self.outputs)
        )
        return f"<Layer {self.label!r}: {self.kind}, {before} -> {after}, {self.params} parameters>"

    @property
    def label(self) -> str:
        """The name of this call: `dense`, and `dense#2` for the second call of the layer."""
        return self.name if self.number == 1 else f"{self.name}#{self.number}"

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The steps of the layer, each after those whose values it takes."""
        done: dict[int, Step] = {}
        stack = [value.source for value in reversed(self.outputs)]
        while stack:
            step = stack[-1]
            if not isinstance(step, Step) or id(step) in done:
                stack.pop()
                continue
            todo = [
                value.source
                for value in step.inputs
                if isinstance(value.source, Step) and id(value.source) not in done
            ]
            stack.extend(reversed(todo))
            if not todo:
                done[id(stack.pop())] = step
        return tuple(done.values())

    @property
    def signatures(self) -> tuple[str, ...]:
        """The signatures of the steps, as text."""
        return tuple(step.signature.write() for step in self.steps)

    @property
    def params(self) -> Size:
        """How many numbers the weights of this call hold."""
        return plus(*(weight.size for weight in self.weights))

    @property
    def trainable_params(self) -> Size:
        """How many of them training changes."""
        return plus(*(weight.size for weight in self.weights if weight.trainable))

    @property
    def formula(self) -> str:
        """The number of parameters as arithmetic; empty if no rule gives it."""
        if self.opaque or self.inner:
            return ""
        parts, seen = [], set[str]()
        for step in self.steps:
            names = step.signature.weights.keys()
            if names and not names <= seen:
                parts.append(step.formula)
            seen |= names
        unread = (weight for weight in self.weights if weight.name not in seen)
        parts += [" × ".join(map(str, weight.shape)) or "1" for weight in unread]
        return " + ".join(parts)

    @property
    def macs(self) -> Size:
        """Multiply-adds for one sample; unknown for an opaque layer."""
        if self.inner:
            return self.inner.macs
        return None if self.opaque else plus(*(step.macs for step in self.steps))

    def reads(self, cell: Cell, *, output: int = 0) -> Reads:
        """What one output cell reads, through all the steps of the layer.

        Raises `CellError` if the cell lies outside the output, `UnknownLayer` if no rule describes
        the layer.

        >>> from dense_shapes.rules import call
        >>> softmax = call("Dense", {"units": 2, "activation": "softmax"}, (None, 3, 1))
        >>> list(softmax.reads((0, 1)).weights["kernel"])
        [(0, 0), (0, 1)]
        """
        if self.opaque or self.inner:
            why = self.opaque or "it is a model; ask one of its own layers"
            raise UnknownLayer(
                f"what a cell of {self.kind} {self.label!r} reads is not known: {why}"
            )
        target = self.outputs[output]
        cell = checked(cell, target.shape)
        wanted: dict[int, dict[Box, None]] = {number: {} for number in range(len(self.inputs))}
        wanted |= {id(step): {} for step in self.steps}
        weights: dict[str, dict[Box, None]] = {weight.name: {} for weight in self.weights}

        def want(value: Value, boxes: tuple[Box, ...]) -> None:
            key = id(value.source) if isinstance(value.source, Step) else value.source
            if key is not None:
                wanted[key].update(dict.fromkeys(boxes))

        want(target, (box_of(cell),))
        for step in reversed(self.steps):
            for reads in (reads for box in wanted[id(step)] for reads in step.reads(box)):
                for value, cells in zip(step.inputs, reads.inputs, strict=True):
                    want(value, cells.boxes)
                for name, cells in reads.weights.items():
                    weights[name].update(dict.fromkeys(cells.boxes))
        inputs = tuple(Cells(tuple(wanted[number])) for number in range(len(self.inputs)))
        return Reads(inputs, {name: Cells(tuple(boxes)) for name, boxes in weights.items()})


def expected(kind: type[T], thing: object) -> T:
    """The thing, if it is of this kind: a `Trace` or a `Layer`.

    Raises `ModelError`, which says how to get one.

    >>> expected(Trace, "model")
    Traceback (most recent call last):
    dense_shapes.errors.ModelError: expected a Trace, received str; make one: trace = ds.trace(model)
    """
    if isinstance(thing, kind):
        return thing
    how = "trace = ds.trace(model)" if kind is Trace else "ds.trace(model)['name of the layer']"
    raise ModelError(
        f"expected a {kind.__name__}, received {type(thing).__name__}; make one: {how}"
    )


@dataclass(frozen=True, repr=False)
class Trace:
    """A model: its inputs, its layer calls in the order in which they run, and its outputs.

    `trace["dense"]` is the first call of the layer `dense`, `trace["dense#2"]` the second,
    `trace["block/dense"]` a layer of the nested model `block`, `trace[0]` the first layer.

    >>> from dense_shapes.rules import call
    >>> dense = call("Dense", {"units": 5}, (None, 2, 3, 1))
    >>> trace = Trace("model", dense.inputs, (dense,), ((0, 0),))
    >>> trace["dense"].params, trace.params
    (10, 10)
    >>> trace["dens"]
    Traceback (most recent call last):
    dense_shapes.errors.UnknownLayer: no layer is called 'dens' in 'model'; its layers are: dense
    """

    name: str
    inputs: tuple[Value, ...]
    layers: tuple[Layer, ...]
    outputs: tuple[Source, ...]
    beside: tuple[Weight, ...] = ()
    """Weights of the model that belong to none of its layers."""

    def __repr__(self) -> str:
        layers = f"{len(self)} layer{'' if len(self) == 1 else 's'}"
        return f"<Trace {self.name!r}: {layers}, {self.params} parameters>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """What a notebook shows: the table of the model, and the data from which it is made."""
        display = import_module("dense_shapes.display")  # it is made of traces, so it comes later
        bundle: dict[str, Any] = display.summary(self)._repr_mimebundle_()
        return {**bundle, "text/plain": repr(self)}

    def __getitem__(self, which: str | int) -> Layer:
        if isinstance(which, int):
            return self.layers[which]
        if not isinstance(which, str):
            raise UnknownLayer(f"expected the name of a layer or its number, received {which!r}")
        here, _, below = which.partition("/")
        for layer in self.layers:
            if layer.label == which:
                return layer
            if layer.label == here and layer.inner:
                return layer.inner[below]
        names = ", ".join(layer.label for layer in self.layers)
        raise UnknownLayer(
            f"no layer is called {which!r} in {self.name!r}; its layers are: {names}"
        )

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    @property
    def calls(self) -> Iterator[Layer]:
        """Every call, those inside nested models too, but not the nested models themselves."""
        for layer in self.layers:
            if layer.inner:
                yield from layer.inner.calls
            else:
                yield layer

    @cached_property
    def weights(self) -> tuple[Weight, ...]:
        """Every weight of the model once; a weight without a path is one of its own."""
        found = [weight for layer in self.layers for weight in layer.weights]
        every = enumerate((*found, *self.beside))
        return tuple({weight.path or number: weight for number, weight in every}.values())

    @property
    def params(self) -> Size:
        """How many numbers the weights hold, each weight counted once."""
        return plus(*(weight.size for weight in self.weights))

    @property
    def trainable_params(self) -> Size:
        """How many of them training changes."""
        return plus(*(weight.size for weight in self.weights if weight.trainable))

    @property
    def non_trainable_params(self) -> Size:
        """How many of them training does not change; unknown where it is not known how many there are."""
        if self.params is None:
            return None
        return plus(*(weight.size for weight in self.weights if not weight.trainable))

    @property
    def macs(self) -> Size:
        """Multiply-adds for one sample, every call counted; unknown if a layer's are."""
        return plus(*(layer.macs for layer in self.layers))
