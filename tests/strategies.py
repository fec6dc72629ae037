"""Random layers and models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from dense_shapes.axes import Cell, Shape, Size
from dense_shapes.readers import assembly
from dense_shapes.readers.assembly import Graph, Part, Tensor
from dense_shapes.rules import call
from dense_shapes.traces import Layer, Trace
from tests.models import Spec, chain

FUNCTIONS = st.sampled_from((None, "linear", "relu", "softmax", "log_softmax"))


def shapes(sizes: st.SearchStrategy[Size], least: int, most: int) -> st.SearchStrategy[Shape]:
    """A shape with so many axes after the batch."""
    return st.lists(sizes, min_size=least, max_size=most).map(lambda some: (None, *some))


@st.composite
def targets(draw: st.DrawFn, sizes: Shape) -> tuple[int, ...]:
    """A shape for the same cells: the axes in another order, or neighbours put together and cut."""
    known = [size or 1 for size in sizes]
    if draw(st.booleans()):
        return tuple(draw(st.permutations(known)))
    parts: list[int] = []
    for size in known:
        divisors = [number for number in range(1, size + 1) if size % number == 0]
        first = draw(st.sampled_from(divisors))
        parts += [first, size // first] if draw(st.booleans()) else [size]
    target = parts[:1]
    for size in parts[1:]:
        if len(target) < 5 and draw(st.booleans()):
            target.append(size)
        else:
            target[-1] *= size
    return tuple(target)


@st.composite
def dense(draw: st.DrawFn, units: st.SearchStrategy[int]) -> Spec:
    """A dense layer."""
    config = {"units": units, "use_bias": st.booleans(), "activation": FUNCTIONS}
    return "Dense", draw(st.fixed_dictionaries(config))


@st.composite
def convolution(draw: st.DrawFn, channels: Size, filters: st.SearchStrategy[int]) -> Spec:
    """A convolution that fits on an image of any size, the channels last."""
    strides = draw(st.integers(1, 3))
    groups = draw(st.sampled_from([n for n in (1, 1, 2, 3) if channels and channels % n == 0]))
    config: dict[str, Any] = {
        "filters": groups * draw(filters),
        "kernel_size": draw(st.tuples(st.integers(1, 4), st.integers(1, 4))),
        "strides": strides,
        "dilation_rate": 1 if strides > 1 else draw(st.integers(1, 2)),
        "padding": "same",
        "groups": groups,
        "use_bias": draw(st.booleans()),
        "activation": draw(FUNCTIONS),
    }
    return "Conv2D", config


@st.composite
def specs(draw: st.DrawFn, shape: Shape) -> Spec:
    """A layer that takes an input of this shape, the batch first."""
    few = st.integers(1, 6)
    choices: list[st.SearchStrategy[Spec]] = [
        st.just(("Flatten", {})),
        st.just(("Dropout", {"rate": 0.5})),
    ]
    if len(shape) > 1:
        choices.append(FUNCTIONS.map(lambda function: ("Activation", {"activation": function})))
    if len(shape) > 1 and shape[-1]:
        choices.append(dense(few))
    if len(shape) > 1 and None not in shape[1:]:
        choices.append(targets(shape[1:]).map(lambda target: ("Reshape", {"target_shape": target})))
    if len(shape) == 4 and shape[-1]:
        choices.append(convolution(shape[-1], few))
    return draw(st.one_of(choices))


@st.composite
def chains(draw: st.DrawFn) -> Trace:
    """A model of up to five layers, each on the output of the one before."""
    shape = now = draw(shapes(st.none() | st.integers(1, 6), 1, 4))
    found: list[Spec] = []
    for _ in range(draw(st.integers(1, 5))):
        spec = draw(specs(now))
        now = call(*spec, now).outputs[0].shape
        found.append(spec)
    return chain(draw(st.text(max_size=5)), shape, *found)


@st.composite
def layers(draw: st.DrawFn, longest: int = 300) -> Layer:
    """A Dense, Conv2D, Flatten or Reshape on up to six axes with the batch; some sizes are unknown."""
    known = st.integers(1, longest) | st.integers(1, 12)
    sizes = draw(st.sampled_from((known, known, known | st.none())))
    match draw(st.sampled_from(("Dense", "Conv2D", "Flatten", "Reshape"))):
        case "Dense":
            shape = (*draw(shapes(sizes, 0, 4)), draw(known))
            spec = draw(dense(known))
        case "Conv2D":
            shape = (*draw(shapes(sizes, 2, 2)), draw(known))
            spec = draw(convolution(shape[-1], known))
        case "Flatten":
            shape = draw(shapes(sizes, 0, 5))
            spec = ("Flatten", {})
        case _:
            shape = draw(shapes(known, 1, 5))
            spec = ("Reshape", {"target_shape": draw(targets(shape[1:]))})
    return call(*spec, shape)


@st.composite
def cells(draw: st.DrawFn, shape: Shape) -> Cell:
    """A cell of an output of this shape, the batch first."""
    return tuple(draw(st.integers(0, (1000 if size is None else size) - 1)) for size in shape[1:])


@dataclass
class Growing:
    """A model that is being made: its tensors so far, and its parts that may be called again."""

    tensors: list[Tensor]
    parts: list[Part] = field(default_factory=list)

    def part(self, kind: str, config: Mapping[str, Any] | None = None, **more: Any) -> Part:
        """A new part, with a name of its own."""
        part = Part(kind, f"{kind.lower()}_{len(self.parts)}", dict(config or {}), **more)
        self.parts.append(part)
        return part

    def call(self, part: Part, *inputs: Tensor) -> Tensor:
        """Call a part; several tensors go in as a list."""
        made = assembly.call(part, [list(inputs) if len(inputs) > 1 else inputs[0]])
        self.tensors += made.outputs
        return made.outputs[0]


def grow(draw: st.DrawFn, model: Growing) -> None:
    """Call one more layer, or a block of them several times."""
    x = draw(st.sampled_from(model.tensors))
    others = [it for it in model.tensors if it.shape == x.shape]
    wide = [it for it in model.tensors if it.shape[:-1] == x.shape[:-1]]
    units = draw(st.integers(1, 5))
    match draw(
        st.sampled_from(("dense", "again", "add", "join", "copy", "lstm", "nested", "block"))
    ):
        case "dense":
            model.call(model.part("Dense", {"units": units}), x)
        case "again":
            known = [it for it in model.parts if it.kind == "Dense"]
            fits = [it for it in known if it.calls[0].inputs[0].shape[-1] == x.shape[-1]]
            model.call(draw(st.sampled_from(fits)) if fits else model.part("Dropout"), x)
        case "add":
            model.call(model.part("Add"), x, draw(st.sampled_from(others)))
        case "join" if len(x.shape) > 1:
            model.call(model.part("Concatenate"), x, draw(st.sampled_from(wide)))
        case "lstm" if len(x.shape) == 3:
            model.call(model.part("LSTM", {"units": units, "return_state": True}), x)
        case "nested":
            start = assembly.placeholder(x.shape, "start")
            inside = Growing([start])
            for _ in range(2):
                inside.call(inside.part("Dense", {"units": units}), inside.tensors[-1])
            graph = Graph("inside", "Sequential", (start,), (inside.tensors[-1],))
            model.call(model.part("Sequential", graph=graph), x)
        case "block":
            for _ in range(draw(st.integers(2, 6))):
                y = model.call(model.part("Dense", {"units": units}), x)
                y = model.call(model.part("Dense", {"units": x.shape[-1]}), y)
                x = model.call(model.part("Add"), x, y)
        case _:
            model.call(model.part("Flatten" if len(x.shape) > 2 else "Dropout"), x)


@st.composite
def graphs(draw: st.DrawFn) -> Trace:
    """A model with branches, merges, shared layers, nested models, repeated blocks, several ends."""
    sizes = draw(st.lists(st.integers(1, 6), min_size=1, max_size=3))
    count = draw(st.integers(1, 3))
    starts = tuple(assembly.placeholder((None, *sizes), f"start_{n}") for n in range(count))
    model = Growing([*starts])
    for _ in range(draw(st.integers(1, 14))):
        grow(draw, model)
    ends = [it for it in model.tensors if it not in starts]
    chosen = draw(st.lists(st.sampled_from(ends), max_size=2, unique_by=id))
    return Graph(
        "model", "Functional", starts, tuple({id(it): it for it in (ends[-1], *chosen)}.values())
    ).trace()
