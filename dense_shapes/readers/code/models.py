"""Models as code builds them, layer by layer or from tensor to tensor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dense_shapes.axes import Shape
from dense_shapes.errors import DenseShapesError, ModelError
from dense_shapes.readers.assembly import (
    Call,
    Graph,
    Tensor,
    call,
    layer_of,
    ordered,
    placeholder,
    tensors_in,
    values_of,
)
from dense_shapes.readers.code.layers import Argument, Library, Unknown, Written, shown
from dense_shapes.readers.code.session import SMALL, Session, at, size_of
from dense_shapes.readers.code.session import Stop as Stop
from dense_shapes.readers.code.text import Place
from dense_shapes.traces import Trace


@dataclass(eq=False)
class Stack:
    """A `Sequential`: layers are added to it one after the other.

    `ends` are the tensors that each layer gives, as soon as the input is known. `why` says what was
    tried to tell the input, and could not be known; `doubt`, what is wrong with the layers, or why
    nobody knows them.
    """

    part: Written
    session: Session
    items: list[Any] = field(default_factory=list)
    start: Tensor | None = None
    ends: list[tuple[Tensor, ...]] = field(default_factory=list)
    why: DenseShapesError | None = None
    doubt: DenseShapesError | None = None

    @property
    def begun(self) -> bool:
        """Whether it has an input and a layer, so that Keras builds it."""
        return self.start is not None and bool(self.items)

    @property
    def size(self) -> int:
        """How many calls of layers it is."""
        return 1 + sum(map(size_of, self.items))

    def add(self, thing: Any, place: Place, *, rebuild: bool = True) -> None:
        """Put a layer on top."""
        if isinstance(thing, Tensor) and not thing.call.tensors:
            if self.start or self.items:
                self.doubt = self.doubt or place.error(f"{self.part.name!r} has an input already")
            self.start = self.start or thing
            return
        if isinstance(thing, Written) and not self.items and not self.start and thing.shape:
            self.start = self.session.input(thing.shape, None, thing.place)
        if not isinstance(thing, Written | Unknown):
            hint = ": write it with brackets" if isinstance(thing, Library) else ""
            hint = hint or (
                ": put them into one flat list" if isinstance(thing, list | tuple) else ""
            )
            thing = Unknown(place.error(f"a Sequential takes layers, not {shown(thing)}{hint}"))
        self.items.append(thing)
        if rebuild:
            self.rebuild()

    def pop(self) -> None:
        """Take the last layer away."""
        if self.items:
            self.items.pop()
            del self.ends[len(self.items) :]
            self.rebuild()

    def rebuild(self) -> None:
        """Do what Keras does after each change: call the layers, if the input is known."""
        if not self.start and len(self.items) > 1 and isinstance(self.items[0], Written):
            owner = self.items[0].owner
            if isinstance(owner, Network) or (isinstance(owner, Stack) and owner.begun):
                try:
                    shape = owner.graph().inputs[0].shape
                except DenseShapesError as error:
                    self.doubt = self.doubt or error
                    return
                self.start = self.session.input(shape, None, owner.part.place)
        if self.start and self.items:
            self.session.name("Functional")
            self.run(self.start)

    def run(self, start: Tensor) -> None:
        """Call the layers that were not called yet."""
        for item in self.items[len(self.ends) :]:
            if self.doubt:
                return
            if isinstance(item, Unknown):
                self.doubt = item.error
                return
            taken = self.ends[-1] if self.ends else (start,)
            given = [taken[0] if len(taken) == 1 else list(taken)]
            try:
                self.ends.append(self.session.called(item, given, {}, item.place))
            except DenseShapesError as error:
                self.doubt = error

    def build(self, shape: Shape, place: Place) -> None:
        """Say what its input is, the batch first."""
        if not self.start:
            self.start = self.session.input(shape, None, place)
            self.rebuild()
        elif self.start.shape != shape:
            why = f"takes inputs of {self.start.shape}; it cannot be built for {shape}"
            self.doubt = place.told(ModelError(f"model {self.part.name!r} {why}"))
            raise self.doubt

    def graph(self) -> Graph:
        """The graph of its layers.

        Raises `DenseShapesError` if its input is not known, or a layer of it.
        """
        if self.doubt:
            raise self.doubt
        name, place = self.part.name, self.part.place
        for item in self.items:
            if isinstance(item, Unknown):
                raise item.error
        if not self.items:
            raise place.told(ModelError(f"model {name!r} has no layers"))
        if not self.start:
            raise self.why or place.told(
                ModelError(
                    f"model {name!r} does not say what its input is; begin it with Input((4, 5, 1)), "
                    "or another shape without the batch"
                )
            )
        unique(self.items, place)
        return Graph(name, "Sequential", (self.start,), self.ends[-1])

    def graph_for(self, tensors: Sequence[Tensor], place: Place) -> Graph:
        """The graph of its layers, built for these tensors if it was not built."""
        if not self.start and len(tensors) == 1:
            self.build(tensors[0].shape, place)
        return self.graph()

    def packed(self, tensors: Sequence[Tensor]) -> Any:
        """Its outputs as a call of it gives them."""
        return tensors[0] if len(tensors) == 1 else list(tensors)


@dataclass(eq=False)
class Network:
    """A functional model."""

    part: Written
    session: Session
    made: Graph
    structure: Any
    size: int

    @property
    def calls(self) -> list[Call]:
        """The calls of its layers, in the order in which Keras lists them."""
        found = ordered(self.made.inputs, self.made.outputs)
        self.session.spend(len(found) // SMALL, self.part.place)
        return found

    def graph(self) -> Graph:
        """The graph of its layers."""
        return self.made

    def graph_for(self, _tensors: Sequence[Tensor], _place: Place) -> Graph:
        """The graph of its layers."""
        return self.made

    def packed(self, tensors: Sequence[Tensor]) -> Any:
        """Its outputs as a call of it gives them: in a list or a dictionary, as they were given."""
        if len(tensors) == 1:
            return tensors[0]
        own = {(id(it.call), it.number): n for n, it in enumerate(tensors_in(self.structure))}
        return swapped(self.structure, own, tensors)


def swapped(thing: Any, numbers: Mapping[tuple[int, int], int], tensors: Sequence[Tensor]) -> Any:
    """The same nest with other tensors in it."""
    match thing:
        case Tensor():
            return tensors[numbers[id(thing.call), thing.number]]
        case list() | tuple():
            return [swapped(one, numbers, tensors) for one in thing]
        case dict():
            return {key: swapped(one, numbers, tensors) for key, one in thing.items()}
    return thing


def network(
    session: Session, inputs: Argument, outputs: Argument, name: str | None, place: Place
) -> Network:
    """The functional model between these tensors.

    Raises `DenseShapesError` if they are no tensors, or the outputs need other inputs.
    """
    starts, ends = tensors_of(inputs, "inputs"), tensors_of(outputs, "outputs")
    if any(it.call.tensors for it in starts):
        starts, ends = copied(session, starts, ends, place)
    with at(place, "Model"):
        calls = ordered(starts, ends)
    session.spend(len(calls) // SMALL, place)
    unique([one.part for one in calls], place)
    label = name or session.name("Functional")
    graph = Graph(label, "Functional", starts, ends)
    size = sum(size_of(one.part) for one in calls)
    part = Written("Functional", label, graph=graph, path=session.path(label), place=place)
    made = part.owner = Network(part, session, graph, outputs.value, size)
    return made


def tensors_of(given: Argument, what: str) -> tuple[Tensor, ...]:
    """The tensors in an argument of a model."""

    def check(thing: Any) -> None:
        match thing:
            case Unknown(error):
                raise error
            case list() | tuple():
                for one in thing:
                    check(one)
            case dict():
                for one in thing.values():
                    check(one)
            case Tensor():
                pass
            case _:
                hint = " that was not called on a tensor" if isinstance(thing, Written) else ""
                raise given.place.error(
                    f"the {what} of a model are tensors, not {shown(thing)}{hint}"
                )

    check(given.value)
    found = tuple(tensors_in(given.value))
    if not found:
        raise given.place.error(f"the model has no {what}")
    return found


def copied(
    session: Session, starts: tuple[Tensor, ...], ends: tuple[Tensor, ...], place: Place
) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """The same layers called again from new inputs, as Keras does where an input is no `Input`.

    Source: clone_graph_nodes, keras/src/models/functional.py
    """
    with at(place, "Model"):
        calls = ordered(starts, ends)
    fresh = tuple(
        placeholder(it.shape, f"{it.call.part.name}_output") if it.call.tensors else it
        for it in starts
    )
    known = {(id(old.call), old.number): new for old, new in zip(starts, fresh, strict=True)}

    def again(thing: Any) -> Any:
        match thing:
            case Tensor():
                return known.get((id(thing.call), thing.number), thing)
            case list() | tuple():
                return [again(one) for one in thing]
            case dict():
                return {key: again(one) for key, one in thing.items()}
        return thing

    for one in calls:
        if one.tensors:
            session.spend(size_of(one.part), place)
            new = call(one.part, again(list(one.inputs)), again(dict(one.options)))
            for number, it in enumerate(new.outputs):
                known.setdefault((id(one), number), it)
    return fresh, tuple(again(list(ends)))


def unique(parts: Iterable[Any], place: Place) -> None:
    """Raise `ModelError` if two layers of a model have one name."""
    named: dict[str, Any] = {}
    for part in parts:
        if named.setdefault(part.name, part) is not part:
            where = getattr(part, "place", place)
            raise where.told(
                ModelError(f"two layers of the model are called {part.name!r}; name one otherwise")
            )


def parts_in(part: Written) -> Iterable[Written]:
    """A part, and all the parts in it if it is a model."""
    yield part
    owner = part.owner
    if isinstance(owner, Stack):
        for item in owner.items:
            if isinstance(item, Written):
                yield from parts_in(item)
    elif isinstance(owner, Network):
        for one in owner.calls:
            if isinstance(one.part, Written):
                yield from parts_in(one.part)


def train(part: Written, trainable: bool) -> None:
    """Say of a layer, and of all in it, whether it is trained."""
    for it in parts_in(part):
        it.trainable = trainable
        it.changed = True


def refreshed(graph: Graph) -> None:
    """Make every layer of the graph anew, so that its weights say whether they are trained."""
    for one in ordered(graph.inputs, graph.outputs):
        if one.tensors:
            if one.part.graph:
                refreshed(one.part.graph)
            one.layer = layer_of(one.part, *values_of((one.inputs, one.options)))


def traced_model(model: Stack | Network) -> Trace:
    """The trace of a model.

    Raises `DenseShapesError` if a layer of it is not known.
    """
    graph = model.graph()
    with at(model.part.place, model.part.kind):
        if any(part.changed for part in parts_in(model.part)):
            refreshed(graph)
        trace = graph.trace()
    return replace(trace, name=model.part.name)


def new_stack(session: Session, name: str | None, place: Place) -> Stack:
    """A new `Sequential`."""
    label = name or session.name("Sequential")
    part = Written("Sequential", label, path=session.path(label), place=place)
    made = part.owner = Stack(part, session)
    return made
