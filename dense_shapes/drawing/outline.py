"""What the picture of a model says, row by row, before it is known where it stands."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from dense_shapes.axes import Size, number, plus
from dense_shapes.drawing.folding import Fold, folds
from dense_shapes.drawing.model import Node, is_input, nodes, opened
from dense_shapes.origins import Made, origins
from dense_shapes.steps import Value
from dense_shapes.traces import Layer, Source, Trace
from dense_shapes.words import counted_layers, parameters


@dataclass(frozen=True)
class Tensor:
    """A tensor that is drawn: its value, what its axes are made of, and what it is called."""

    value: Value
    made: tuple[Made, ...]
    label: str = ""


@dataclass(frozen=True)
class Entry:
    """A row: a node, how its parameters are counted, and the tensors that it gives, if they are new.

    `takes` are sources, those of the first block where the node takes what a folded one gives.
    `fold` is the fold to whose drawn block the row belongs.
    """

    node: Node
    takes: tuple[Source, ...]
    counted: str
    tensors: tuple[Tensor, ...]
    fold: Fold | None = None


@dataclass(frozen=True)
class Outline:
    """A model as rows; `lasts` holds what the last block of a fold gives where the sizes differ."""

    trace: Trace
    entries: tuple[Entry, ...]
    nodes: tuple[Node, ...]
    folds: tuple[Fold, ...]
    lasts: dict[Fold, Tensor]

    def blocks(self, fold: Fold) -> list[tuple[Node, ...]]:
        """The nodes of each block of a fold."""
        starts = range(fold.start, fold.stop, fold.period)
        return [self.nodes[start : start + fold.period] for start in starts]


def outline(trace: Trace, unfold: bool | Collection[str] = (), *, folding: bool = True) -> Outline:
    """The rows of a model; `unfold` opens all its folds and nested models, or those of these names.

    Without `folding`, repeated blocks are drawn as often as they stand there.

    Raises `UnknownLayer` if a name is that of no layer.

    >>> from dense_shapes.rules import call
    >>> dense = call("Dense", {"units": 5}, (None, 2, 3, 1))
    >>> trace = Trace("model", dense.inputs, (dense,), ((0, 0),))
    >>> [entry.counted for entry in outline(trace).entries]
    ['', '(1 + 1) × 5 = 10']
    """
    names = [unfold] if isinstance(unfold, str) else [] if isinstance(unfold, bool) else [*unfold]
    for name in names:
        trace[name]  # raises, if there is none
    flat = opened(trace, None if unfold is True else within(names))
    found = nodes(flat)
    known = [] if unfold is True or not folding else folds(found, flat.outputs, names)
    first = {
        n: fold.start + (n - fold.start) % fold.period
        for fold in known
        for n in range(fold.start, fold.stop)
    }
    canonical = [first.get(n, n) for n in range(len(found))]
    same = [*range(len(flat.layers))]
    for n, node in enumerate(found):
        if node.position >= 0:
            same[node.position] = found[canonical[n]].position
    made = origins(flat, same)
    drawn = {
        source: found[canonical[n]].gives[place]
        for n, node in enumerate(found)
        for place, source in enumerate(node.gives)
    }
    block = {n: fold for fold in known for n in range(fold.start, fold.start + fold.period)}
    entries, seen = [], dict[str, str]()
    for n, node in enumerate(found):
        counted = counting(node.layer, seen)
        if canonical[n] == n:
            takes = tuple(dict.fromkeys(drawn[source] for source in node.takes))
            tensors = tuple(new_tensors(flat, node, made))
            entries.append(Entry(node, takes, counted, tensors, block.get(n)))
    lasts = {}
    for fold in known:
        last = found[fold.stop - 1]
        if fold.alike:
            lasts[fold] = Tensor(last.values[0], made[last.gives[0]], "after the last")
    return Outline(flat, tuple(entries), tuple(found), tuple(known), lasts)


def within(names: Sequence[str]) -> set[str]:
    """The nested models that are opened so that the layers of these names are seen."""
    parts = [name.split("/") for name in names]
    return {"/".join(one[:end]) for one in parts for end in range(1, len(one) + 1)}


def counting(layer: Layer | None, seen: dict[str, str]) -> str:
    """How the parameters of a layer are counted; `seen` says which layer first had each weight."""
    if layer is None:
        return ""
    before = [seen.get(weight.path) for weight in layer.weights if weight.path]
    for weight in layer.weights:
        seen.setdefault(weight.path, layer.label)
    count = number(layer.params)
    inside = f"{counted_layers(len(layer.inner))}, " if layer.inner else ""
    if before and len(before) == len(layer.weights) and all(before):
        return f"{inside}the same {parameters(layer.params)} as {before[0]}"
    if not layer.weights:
        return inside.removesuffix(", ")
    if layer.formula in ("", count):
        return f"{inside}{parameters(layer.params)}"
    return f"{layer.formula} = {count}"


def new_tensors(trace: Trace, node: Node, made: dict[Source, tuple[Made, ...]]) -> Iterator[Tensor]:
    """The tensors that a node gives, but not one that is as the one that it takes."""
    layer = node.layer
    several = len(node.gives) > 1
    for n, (source, value) in enumerate(zip(node.gives, node.values, strict=True)):
        label = f"value {n}" if several else ""
        if source in trace.outputs:
            place = trace.outputs.index(source)
            label = "output" if len(trace.outputs) == 1 else f"output {place}"
        kept = layer is not None and len(node.takes) == 1 and made[node.takes[0]] == made[source]
        if label or not (kept and layer and layer.inputs[0].shape == value.shape):
            yield Tensor(value, made[source], label)


def total(trace: Trace) -> str:
    """The parameters of a model, each counted once.

    >>> total(Trace("model", (), (), ()))
    '0 parameters'
    """
    some: Size = plus(*(weight.size for weight in trace.beside))
    beside = f", {parameters(some)} of them beside its layers" if trace.beside else ""
    return f"{parameters(trace.params)}{beside}"


def layers_in(trace: Trace) -> int:
    """How many layers a model has, its inputs not counted."""
    return sum(not is_input(layer) for layer in trace)
