"""The calls of a saved model: made in an order in which each finds what it takes, checked, and bounded."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dense_shapes.axes import Shape, compatible
from dense_shapes.errors import (
    ClaimError,
    DenseShapesError,
    FormatError,
    NotationError,
    UnknownLayer,
)
from dense_shapes.readers.assembly import Call, Graph, Part, Tensor, call, found
from dense_shapes.readers.fields import Ref, arguments_of, is_old, is_shape
from dense_shapes.rules import layers_in

CALLS = 50_000
"""How many calls of layers a model may have, those in nested models at each of the calls of these."""

INSIDE = 5
"""How many calls the work for a layer in a layer is."""

TENSORS = 4_096
"""How many tensors a call may take or give."""

DOUBTED = ("EinsumDense", "GroupedQueryAttention", "MultiHeadAttention")
"""The kinds for which Keras may write down another shape than it computes; so it does for `glu`."""

ENDS = ("input_layers", "output_layers")
"""Where the configuration of a functional model says at which tensors it begins and ends."""


@dataclass
class Reading:
    """What is gathered while a file is read.

    `shared` are the layers by the number that the file gives to one that is used in several places;
    `seen` the first layer of each class and name, and its configuration; `paths` those that are taken;
    `costs` how many calls a model makes, with those in the models that it calls, and how many layers are
    in a layer.
    """

    shared: dict[int, Part] = field(default_factory=dict)
    seen: dict[tuple[str, str], tuple[Any, Part]] = field(default_factory=dict)
    paths: set[str] = field(default_factory=set)
    costs: dict[Graph | Part, int] = field(default_factory=dict)
    calls: int = 0

    def path(self, home: str, name: str) -> str:
        """A path for the weights of a layer that no other layer has."""
        path = f"{home}/{name}" if home else name
        while path in self.paths:
            path += "'"
        self.paths.add(path)
        return path

    def cost(self, part: Part) -> int:
        """How many calls a call of this part is, with those of the models and layers in it."""
        inside = part.graph or part
        if inside not in self.costs:
            self.costs[inside] = INSIDE * layers_in(part.config)
        return 1 + self.costs[inside]

    def count(self, calls: int) -> None:
        """Count calls; raise `FormatError` when there are too many."""
        self.calls += calls
        if self.calls > CALLS:
            raise FormatError(f"the model has more than {CALLS:,} calls of layers")


@dataclass(eq=False)
class Entry:
    """A layer in the list of a model: its part, or the input that it is, and how it is called.

    `first` is the number that the file gives to its first call, and `last` the same where the file says
    how the model begins and ends. `built` is the input shape for which the layer was built.
    """

    part: Part
    nodes: Sequence[Any] = ()
    input: Tensor | None = None
    built: Shape | None = None
    first: int = 0
    last: int = 0
    calls: dict[int, Call] = field(default_factory=dict)


@dataclass(eq=False)
class Node:
    """One call of a layer, as the file tells it; `waits` counts the calls that must come before it."""

    entry: Entry
    number: int
    raw: Any
    refs: list[Ref]
    waits: int = 0

    @property
    def what(self) -> str:
        """What an error calls it."""
        return f"a call of {self.entry.part.name!r}"


Entries = Mapping[str, Entry]


def refs_in(node: Node, entries: Entries) -> list[Ref]:
    """The tensors that a call takes."""
    refs: list[Ref] = []
    arguments_of(node.raw, refs.append, entries, node.what)
    if not 0 < len(refs) <= TENSORS:
        raise FormatError(f"expected 1 to {TENSORS:,} tensors in {node.what}, found {len(refs):,}")
    for ref in refs:
        if ref.layer not in entries:
            raise FormatError(f"{node.what} takes {ref.layer!r}, and no layer is called that")
    return refs


def count_calls(nodes: Iterable[Node], entries: Entries, ends: Sequence[Ref]) -> None:
    """Find out from which number on each layer counts its calls.

    A functional model counts from 1 where the model around it begins or ends. In Keras 2 a nested model
    counts from 1 wherever it was built before it was called.
    """
    old = any(is_old(node.raw) for node in nodes)
    refs = [*ends, *(ref for node in nodes for ref in node.refs)]
    least = {ref.layer: ref.call for ref in sorted(refs, key=lambda ref: -ref.call)}
    most = {ref.layer: ref.call for ref in sorted(ends, key=lambda ref: ref.call)}
    for name, entry in entries.items():
        graph = entry.part.graph
        if graph and old:
            entry.first = entry.last = int(least.get(name, 0) > 0)
        elif graph:
            entry.last = int(graph.kind == "Functional")
        elif entry.part.opaque:  # its class may be one of functional models
            entry.last = int(ENDS[0] in entry.part.config or most.get(name) == len(entry.nodes))


def run(nodes: Sequence[Node], entries: Entries, reading: Reading) -> None:
    """Make all the calls, each after those whose outputs it takes, and those of one layer in order.

    Raises `FormatError` if calls wait for each other.
    """
    after: dict[tuple[int, int], list[Node]] = defaultdict(list)
    shapes: dict[tuple[int, int], dict[int, Shape]] = defaultdict(dict)
    hints: dict[tuple[int, int], Shape | None] = {}
    for node in nodes:
        needed = {(id(node.entry), node.number - 1)} if node.number else set()
        for ref in node.refs:
            source = entries[ref.layer]
            place = (id(source), ref.call - source.first)
            if ref.shape is not None:
                shapes[place].setdefault(ref.output, ref.shape)
            elif len(node.refs) == len(node.entry.nodes) == 1 and not ref.output:
                hints[place] = node.entry.built
            if not source.input:
                needed.add(place)
        node.waits = len(needed)
        for one in needed:
            after[one].append(node)
    ready = deque(node for node in nodes if not node.waits)
    while ready:
        node = ready.popleft()
        place = (id(node.entry), node.number)
        recorded, hint = shapes[place], hints.get(place)
        node.entry.calls[node.number] = called(node, entries, recorded, hint, reading)
        for later in after[place]:
            later.waits -= 1
            if not later.waits:
                ready.append(later)
    for node in nodes:
        if node.waits:
            raise FormatError(
                f"{node.what} waits for a call that is not in the file, or that waits for it in turn"
            )


def called(
    node: Node,
    entries: Entries,
    shapes: Mapping[int, Shape],
    hint: Shape | None,
    reading: Reading,
) -> Call:
    """Make the call that a node tells, of outputs of calls that are already made."""
    part = node.entry.part
    args, options = arguments_of(node.raw, lambda ref: tensor_at(ref, entries), entries, node.what)
    names = [it.call.part.name for it in part.graph.inputs] if part.graph else []
    if names and args and isinstance(args[0], dict) and args[0].keys() >= {*names}:
        args[0] = [args[0][name] for name in names]
    count = max(shapes, default=-1) + 1
    if count > TENSORS:
        raise FormatError(f"{node.what} gives more than {TENSORS:,} tensors")
    recorded = [shapes.get(number) for number in range(count)]
    trusted = all(
        ref.shape is None or compatible(ref.shape, tensor_at(ref, entries).shape)
        for ref in node.refs
    )
    return made(part, args, options, reading, recorded=recorded if trusted else [], hint=hint)


def made(
    part: Part,
    args: Sequence[Any],
    options: Mapping[str, Any],
    reading: Reading,
    *,
    recorded: Sequence[Shape | None] = (),
    hint: Shape | None = None,
) -> Call:
    """Call a part; `recorded` are the shapes of its outputs in the file, and `hint` is a weaker one.

    Raises `FormatError` if the rule and the file disagree, or the rule stumbles over the configuration.
    """
    reading.count(reading.cost(part))
    which = f"layer {part.name!r} ({part.kind})"
    try:
        return call(part, args, options, shapes=recorded or None)
    except UnknownLayer:
        shape = hint or declared(part, args)
        if recorded or shape is None:
            raise
        return call(part, args, options, shapes=[shape])
    except ClaimError as error:
        if part.kind not in DOUBTED and part.config.get("activation") != "glu":
            raise FormatError(str(error)) from None
        done = call(part, args, options)
        done.layer = replace(done.layer, note=f"Keras reports {', '.join(map(str, recorded))}")
        return done
    except NotationError as error:
        raise FormatError(
            f"{which}: its configuration cannot be read: {first_line(error)}"
        ) from None
    except (DenseShapesError, RecursionError):
        raise
    except Exception as error:  # a rule may stumble in any way over what a file says
        why = f"{type(error).__name__}: {first_line(error)}"
        raise FormatError(f"{which}: its configuration cannot be read: {why}") from None


def first_line(error: Exception) -> str:
    """The first line of what an error says."""
    return str(error).partition("\n")[0][:200]


def declared(part: Part, args: Sequence[Any]) -> Shape | None:
    """The output shape that a Lambda was given, with the batch of its input."""
    shape = part.config.get("output_shape") if part.kind == "Lambda" else None
    first = next(found(Tensor, args), None)
    return (*first.shape[:1], *shape) if first and is_shape(shape) else None


def tensor_at(ref: Ref, entries: Entries, *, at_end: bool = False) -> Tensor:
    """The tensor that a file names.

    Raises `FormatError` if there is none.
    """
    entry = entries.get(ref.layer)
    if entry is None:
        raise FormatError(
            f"the model begins or ends with {ref.layer!r}, and no layer is called that"
        )
    if entry.input and not ref.call and not ref.output:
        return entry.input
    one = entry.calls.get(ref.call - (entry.last if at_end else entry.first))
    if one is None or not 0 <= ref.output < len(one.layer.outputs):
        raise FormatError(f"output {ref.output} of call {ref.call} of {ref.layer!r} does not exist")
    return one.output(ref.output)
