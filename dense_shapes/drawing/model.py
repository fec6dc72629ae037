"""A model as nodes in the order in which they are drawn: inputs and calls, branch after branch."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from dense_shapes.steps import Value
from dense_shapes.traces import Layer, Source, Trace


@dataclass(frozen=True)
class Node:
    """An input of the model, or one call of a layer.

    `takes` and `gives` are sources of values, as the trace counts them. `position` is the place of the
    layer in the trace, and -1 for an input.
    """

    position: int
    kind: str
    label: str
    takes: tuple[Source, ...]
    gives: tuple[Source, ...]
    values: tuple[Value, ...]
    layer: Layer | None = None


def nodes(trace: Trace) -> list[Node]:
    """The nodes of a model, each after those whose values it takes, and branches one by one.

    >>> from dense_shapes.rules import call
    >>> dense = call("Dense", {"units": 5}, (None, 2, 3, 1))
    >>> trace = Trace("model", dense.inputs, (replace(dense, sources=((-1, 0),)),), ((0, 0),))
    >>> [(node.kind, node.takes) for node in nodes(trace)]
    [('Input', ()), ('Dense', ((-1, 0),))]
    """
    return ordered([*inputs(trace), *calls(trace)])


def inputs(trace: Trace) -> Iterator[Node]:
    """The inputs of a model, with the names that its input layers give them."""
    listed = [layer for layer in trace if is_input(layer)]
    for number, value in enumerate(trace.inputs):
        same = [layer.label for layer in listed if layer.outputs[0].shape == value.shape]
        alike = [it for it in trace.inputs if it.shape == value.shape]
        # Which of several layers of one shape is which input, the trace does not say.
        name = " or ".join(same) if len(same) == len(alike) else ""
        if len(trace.inputs) > 1:
            name = f"{number}{f': {name}' if name else ''}"
        kind = "InputLayer" if same and len(same) == len(alike) else "Input"
        yield Node(-1, kind, name, (), ((-1, number),), (value,))


def is_input(layer: Layer) -> bool:
    """Whether a layer only says that the model has an input."""
    return layer.kind == "InputLayer" and not layer.inputs


def calls(trace: Trace) -> Iterator[Node]:
    """The calls of the layers of a model; an input is said by the input itself."""
    shapes = {value.shape for value in trace.inputs}
    for place, layer in enumerate(trace):
        if is_input(layer) and layer.outputs[0].shape in shapes:
            continue
        gives = tuple((place, number) for number in range(len(layer.outputs)))
        takes = tuple(dict.fromkeys(layer.sources))
        yield Node(place, layer.kind, layer.label, takes, gives, layer.outputs, layer)


def ordered(found: Sequence[Node]) -> list[Node]:
    """The nodes in an order in which a branch is finished before the next one begins."""
    maker = {source: number for number, node in enumerate(found) for source in node.gives}
    waits = [{maker[source] for source in node.takes} for node in found]
    users: list[list[int]] = [[] for _ in found]
    for number, makers in enumerate(waits):
        for one in makers:
            users[one].append(number)
    left = [len(makers) for makers in waits]
    order: list[Node] = []
    for start, makers in enumerate(waits):
        stack = [] if makers else [start]
        while stack:
            number = stack.pop()
            order.append(found[number])
            for user in reversed(users[number]):
                left[user] -= 1
                if not left[user]:
                    stack.append(user)
    return order


def opened(trace: Trace, names: Collection[str] | None = None) -> Trace:
    """The model with its nested models replaced by their layers: those of these names, or all."""
    while any(layer.inner and (names is None or layer.label in names) for layer in trace):
        trace = opened_once(trace, names)
    return trace


def opened_once(trace: Trace, names: Collection[str] | None) -> Trace:
    """The model with the nested models of its own layers replaced, not those inside them."""
    layers: list[Layer] = []
    known: dict[Source, Source] = {
        (-1, number): (-1, number) for number in range(len(trace.inputs))
    }
    for place, layer in enumerate(trace):
        taken = [known[source] for source in layer.sources]
        if layer.inner and (names is None or layer.label in names):
            within = {(-1, number): source for number, source in enumerate(taken)}
            for number, one in enumerate(layer.inner):
                within |= {(number, n): (len(layers), n) for n in range(len(one.outputs))}
                if not is_input(one):
                    sources = tuple(within[source] for source in one.sources)
                    layers.append(replace(one, name=f"{layer.label}/{one.name}", sources=sources))
            given = [within[source] for source in layer.inner.outputs]
        else:
            given = [(len(layers), number) for number in range(len(layer.outputs))]
            layers.append(replace(layer, sources=tuple(taken)))
        known |= {(place, number): source for number, source in enumerate(given)}
    held = {weight.path for layer in layers for weight in layer.weights}
    beside = tuple(weight for weight in trace.weights if weight.path not in held)
    return replace(
        trace,
        layers=tuple(layers),
        outputs=tuple(known[source] for source in trace.outputs),
        beside=beside,
    )
