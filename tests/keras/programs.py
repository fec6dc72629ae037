"""Random functional graphs, as Keras code that was run line by line: what it builds is known from Keras.

A program has branches, layers that are called several times, models in models, several inputs and
outputs, merges that broadcast, and operations of `keras.ops`. Each line is chosen for tensors whose
shapes Keras has said.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import keras
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from dense_shapes.axes import Shape

DEEPEST = 2
"""How deep models are nested."""
LARGEST = 2_000
"""How many cells a tensor has at most, as far as its sizes are known."""

FEW = st.integers(1, 4)
ACTIVATIONS = st.sampled_from(["linear", "relu", "tanh", "softmax", "gelu"])
ELEMENTWISE = ("relu", "tanh", "abs", "square", "softplus", "sigmoid")
SAME = (*ELEMENTWISE, "softmax")


@dataclass(frozen=True)
class Reusable:
    """A layer or a model that was called, and the shapes on which it may be called again."""

    name: str
    fits: Callable[[Shape], bool]


class Program:
    """Lines of code, and what they gave; `tensors` are the names of those that may be used next.

    An `outer` program is one of which this is a part, as the lines of a model in the model: they share
    their names, but no tensors and no layers.
    """

    def __init__(self, outer: Program | None = None) -> None:
        self.lines: list[str] = outer.lines if outer else []
        self.names: dict[str, Any] = outer.names if outer else {}
        self.tensors: list[str] = []
        self.reusable: list[Reusable] = []

    @property
    def code(self) -> str:
        """The code as a text."""
        return "\n".join(self.lines)

    def __repr__(self) -> str:
        return f"\n{self.code}\n"

    def run(self, line: str) -> None:
        """Run a line of code, and keep it."""
        self.lines.append(line)
        exec(line, self.names)

    def fresh(self, letter: str) -> str:
        """A name that means nothing yet."""
        return f"{letter}{sum(it.startswith(letter) for it in self.names)}"

    def gives(self, expression: str) -> str:
        """The name of the tensor that an expression gives."""
        name = self.fresh("x")
        self.run(f"{name} = {expression}")
        shape = self.shape(name)
        assume(0 not in shape and prod(size or 3 for size in shape) <= LARGEST and len(shape) < 6)
        self.tensors.append(name)
        return name

    def shape(self, name: str) -> Shape:
        """The shape of a tensor, as Keras says it."""
        return tuple(self.names[name].shape)


@st.composite
def programs(draw: DrawFn) -> Program:
    """A program that builds `model`."""
    before = random.getstate()  # layers take seeds from it, and a strategy must leave it as it was
    keras.utils.clear_session(free_memory=False)
    program = Program()
    program.run("import keras")
    program.run("from keras import layers")
    for _ in range(draw(st.integers(1, 3))):
        shape = draw(st.lists(FEW | st.integers(2, 5), min_size=1, max_size=3))
        sizes: list[int | None] = [*shape]
        if len(shape) > 1 and draw(st.integers(0, 3)) == 0:
            sizes[draw(st.integers(0, len(shape) - 2))] = None
        program.gives(f"keras.Input({tuple(sizes)})")
    built(draw, program, [*program.tensors], "model", 0)
    random.setstate(before)
    return program


def built(draw: DrawFn, program: Program, inputs: list[str], name: str, depth: int) -> None:
    """Write the lines of a model that begins with these inputs."""
    for _ in range(draw(st.sampled_from([8, 4, 12, 2, 1] if not depth else [2, 1, 3]))):
        steps: list[Callable[[DrawFn, Program], None]] = [layer, layer, layer, merge, operation]
        steps += [operator, again, several]
        if depth < DEEPEST:
            steps.append(lambda draw, program: nested(draw, program, depth + 1))
        draw(st.sampled_from(steps))(draw, program)
    free = [it for it in program.tensors if it not in inputs]
    assume(free)
    ends = draw(st.lists(st.sampled_from(free), min_size=1, max_size=3, unique=True))
    start = inputs[0] if len(inputs) == 1 and draw(st.booleans()) else f"[{', '.join(inputs)}]"
    stop = ends[0] if len(ends) == 1 else f"[{', '.join(ends)}]"
    program.run(f"{name} = keras.Model({start}, {stop})")


def any_of(draw: DrawFn, program: Program, fits: Callable[[Shape], bool] | None = None) -> str:
    """The name of a tensor, most often one of the last."""
    every = [it for it in program.tensors if fits is None or fits(program.shape(it))]
    assume(every)
    return draw(st.sampled_from(every[::-1]))


# Layers


def layer(draw: DrawFn, program: Program) -> None:
    """A new layer, called on a tensor; and kept, to be called again."""
    before = any_of(draw, program)
    shape = program.shape(before)
    written, fits = draw(st.sampled_from(choices(draw, shape)))
    if draw(st.integers(0, 5)) == 0 and "Spatial" not in written:  # of which Keras takes no more
        written = with_argument(written, draw(st.sampled_from(["trainable=False", "name='own'"])))
    if draw(st.booleans()):
        program.gives(f"layers.{written.replace('own', program.fresh('x'))}({before})")
        return
    name = program.fresh("layer")
    program.run(f"{name} = layers.{written.replace('own', name)}")
    program.gives(f"{name}({before})")
    if draw(st.integers(0, 5)) == 0:
        program.run(f"{name}.trainable = {draw(st.booleans())}")
    program.reusable.append(Reusable(name, fits))


def with_argument(layer: str, argument: str) -> str:
    """A layer that is written with one more argument."""
    body = layer[:-1]
    return f"{body}{'' if body.endswith('(') else ', '}{argument})"


def choices(draw: DrawFn, shape: Shape) -> list[tuple[str, Callable[[Shape], bool]]]:
    """The layers that take a tensor of this shape, and what else each of them takes."""
    rank, last, n, k = len(shape), shape[-1], draw(FEW), draw(st.integers(1, 3))
    sides, bias = draw(st.sampled_from(["valid", "same"])), draw(st.booleans())

    def like(other: Shape) -> bool:
        return other == shape

    def channels(other: Shape) -> bool:
        return len(other) == rank and other[-1] == last and roomy(other)

    def vectors(other: Shape) -> bool:
        return len(other) > 1 and other[-1] == last

    def roomy(other: Shape) -> bool:
        return sides == "same" or all(size is None or size >= k for size in other[1:-1])

    found: list[tuple[str, Callable[[Shape], bool]]] = [("Dropout(0.5)", like)]
    if rank < 2 or last is None:
        return found
    found += [
        (f"Dense({n}, activation={draw(ACTIVATIONS)!r}, use_bias={bias})", vectors),
        (f"Dense({n})", vectors),
        ("BatchNormalization()", like),
        ("LayerNormalization()", like),
        (f"Activation({draw(ACTIVATIONS)!r})", like),
        ("PReLU()" if None not in shape[1:] else "ReLU()", like),
        ("UnitNormalization()", like),
    ]
    if None not in shape[1:]:
        found += [("Flatten()", like), (f"Reshape({draw(targets(shape))})", like)]
    if rank > 2:
        order = draw(st.permutations(range(1, rank)))
        found.append((f"Permute({tuple(order)})", like))
        found.append((f"TimeDistributed(layers.Dense({n}, use_bias={bias}))", like))
    if rank == 2:
        found.append((f"RepeatVector({n})", like))
    if rank == 3:
        every = f"return_sequences={draw(st.booleans())}"
        found += [
            *[(f"{kind}({n}, {every})", channels) for kind in ("LSTM", "GRU", "SimpleRNN")],
            (f"Bidirectional(layers.LSTM({n}, {every}))", channels),
            ("GlobalAveragePooling1D()", like),
            ("UpSampling1D(2)", like),
            ("ZeroPadding1D((1, 2))", like),
        ]
        if shape[1] and shape[1] >= 2:
            found += [("MaxPooling1D(2)", like), ("Cropping1D((1, 0))", like)]
        if roomy(shape):
            stride = draw(st.integers(1, 2))
            found += [
                (f"Conv1D({n}, {k}, strides={stride}, padding={sides!r})", channels),
                (f"SeparableConv1D({n}, {k}, padding={sides!r})", channels),
            ]
    if rank == 4:
        found += [
            (f"Conv2DTranspose({n}, {k}, strides=2, padding={sides!r})", channels),
            ("GlobalMaxPooling2D(keepdims=True)", like),
            ("AveragePooling2D(2, padding='same')", like),
            ("UpSampling2D((1, 2))", like),
            ("ZeroPadding2D(1)", like),
            ("SpatialDropout2D(0.5)", like),
        ]
        if roomy(shape):
            groups = draw(st.sampled_from([it for it in (1, 2) if last % it == 0]))
            found += [
                (f"Conv2D({n * groups}, {k}, padding={sides!r}, groups={groups})", channels),
                (f"DepthwiseConv2D({k}, padding={sides!r}, use_bias={bias})", channels),
                (f"SeparableConv2D({n}, {k}, padding={sides!r})", channels),
            ]
    return found


@st.composite
def targets(draw: DrawFn, shape: Shape) -> tuple[int, ...]:
    """Another shape for the same cells; one of the sizes may be left to Keras."""
    rest, found = prod(size or 1 for size in shape[1:]), []
    for _ in range(draw(st.integers(0, 2))):
        size = draw(st.sampled_from([n for n in range(1, rest + 1) if rest % n == 0]))
        found.append(size)
        rest //= size
    found.append(rest)
    if draw(st.integers(0, 3)) == 0:
        found[draw(st.integers(0, len(found) - 1))] = -1
    return tuple(found)


def several(draw: DrawFn, program: Program) -> None:
    """A layer that takes several tensors, or gives several."""
    before = any_of(draw, program, lambda shape: len(shape) == 3 and shape[-1] is not None)
    n = draw(FEW)
    if draw(st.booleans()):
        width = program.shape(before)[-1]
        other = any_of(draw, program, lambda shape: len(shape) == 3 and shape[-1] == width)
        if draw(st.booleans()):
            program.gives(f"layers.Attention()([{before}, {other}])")
        else:
            heads = f"layers.MultiHeadAttention({n}, {draw(FEW)})"
            program.gives(f"{heads}(query={before}, value={other})")
        return
    names = [program.fresh("x")]
    names += [f"x{int(names[0][1:]) + more}" for more in (1, 2)]
    kind = draw(st.sampled_from(["LSTM", "GRU"]))
    names = names[: 3 if kind == "LSTM" else 2]
    every = draw(st.booleans())
    options = f"return_sequences={every}, return_state=True"
    program.run(f"{', '.join(names)} = layers.{kind}({n}, {options})({before})")
    program.tensors += names
    if draw(st.booleans()):
        states = f"[{', '.join(names[1:])}]"
        program.gives(f"layers.{kind}({n})({before}, initial_state={states})")


def again(draw: DrawFn, program: Program) -> None:
    """A layer or a model, called again on another tensor, or on what it gave."""
    pairs = [
        (one.name, tensor)
        for one in program.reusable
        for tensor in program.tensors
        if one.fits(program.shape(tensor))
    ]
    if pairs:
        name, tensor = draw(st.sampled_from(pairs[::-1]))
        program.gives(f"{name}({tensor})")


# What brings several tensors together


def merge(draw: DrawFn, program: Program) -> None:
    """A merging layer on tensors of which some are narrower."""
    one = any_of(draw, program)
    shape = program.shape(one)
    kinds = ["Add", "Multiply", "Average", "Maximum", "Minimum", "Subtract", "Concatenate"]
    kind = draw(st.sampled_from(kinds))
    if kind == "Concatenate":
        assume(len(shape) > 1)
        axis = draw(st.integers(1, len(shape) - 1))

        def joins(other: Shape) -> bool:
            pairs = enumerate(zip(shape, other, strict=False))
            return len(shape) == len(other) and all(n == axis or a == b for n, (a, b) in pairs)

        others = draw_some(draw, program, joins, 2)
        signed = draw(st.sampled_from([axis, axis - len(shape)]))
        program.gives(f"layers.Concatenate(axis={signed})([{', '.join([one, *others])}])")
        return
    others = draw_some(draw, program, lambda other: broadcast(shape, other), 2)
    given = [one, *others[: 1 if kind == "Subtract" else 2]]
    form = f"layers.{kind}()([{', '.join(given)}])"
    if draw(st.booleans()):
        form = f"layers.{kind.lower()}([{', '.join(given)}])"
    program.gives(form)


def draw_some(
    draw: DrawFn, program: Program, fits: Callable[[Shape], bool], most: int
) -> list[str]:
    """The names of one or more tensors that fit; the same tensor may be there twice."""
    every = [it for it in program.tensors if fits(program.shape(it))]
    assume(every)
    return draw(st.lists(st.sampled_from(every[::-1]), min_size=1, max_size=most))


def broadcast(shape: Shape, other: Shape) -> bool:
    """Whether the second is the first, or has axes of one cell in the place of some."""
    return len(shape) == len(other) and all(
        b in (a, 1) for a, b in zip(shape[1:], other[1:], strict=True)
    )


def operator(draw: DrawFn, program: Program) -> None:
    """An operator, between tensors or with a number; or an index."""
    one = any_of(draw, program)
    shape = program.shape(one)
    other = any_of(draw, program, lambda other: broadcast(shape, other))
    sign = draw(st.sampled_from(["+", "-", "*", "/"]))
    forms = [f"{one} {sign} {other}", f"{one} {sign} 2", f"1 {sign} {one}", f"-{one}"]
    forms += [f"{one}[:, None]", f"{one}[..., None]"]
    if len(shape) > 1:
        forms += [f"{one}[:, 0]", f"{one}[..., :1]", f"{one}[:, ::2]", f"{one}[:, -1:]"]
    if len(shape) == 2:
        forms.append(f"{one} @ keras.ops.transpose({one})" if shape[0] else f"{one} ** 2")
    program.gives(draw(st.sampled_from(forms)))


def operation(draw: DrawFn, program: Program) -> None:
    """A function of `keras.ops`."""
    one = any_of(draw, program)
    shape = program.shape(one)
    forms = [f"{draw(st.sampled_from(SAME))}({one})"] if len(shape) > 1 else []
    forms.append(f"{draw(st.sampled_from(ELEMENTWISE))}({one})")
    forms.append(f"expand_dims({one}, {draw(st.integers(1, len(shape)))})")
    if len(shape) > 1:
        axis = draw(st.integers(1, len(shape) - 1))
        signed = draw(st.sampled_from([axis, axis - len(shape)]))
        keep = draw(st.booleans())
        reduce = draw(st.sampled_from(["mean", "sum", "max", "min", "prod", "var"]))
        forms += [
            f"{reduce}({one}, axis={signed}, keepdims={keep})",
            f"transpose({one}, {(0, *draw(st.permutations(range(1, len(shape)))))})",
            f"flip({one}, axis={axis})",
            f"stack([{one}, {one}], axis={axis})",
            f"concatenate([{one}, {one}], axis={axis})",
            f"repeat({one}, 2, axis={axis})",
        ]
        if None not in shape[1:]:
            sizes = draw(targets(shape).filter(lambda target: -1 not in target))
            forms.append(f"reshape({one}, {(-1, *sizes)})")
        if shape[axis] == 1:
            forms.append(f"squeeze({one}, axis={axis})")
        size = shape[axis]
        if size and size % 2 == 0 and draw(st.booleans()):
            number = int(program.fresh("x")[1:])
            names = [f"x{number}", f"x{number + 1}"]
            program.run(f"{', '.join(names)} = keras.ops.split({one}, 2, axis={axis})")
            program.tensors += names
            return
    if len(shape) == 3:
        forms.append(f"matmul({one}, keras.ops.transpose({one}, (0, 2, 1)))")
        forms.append(f"einsum('bij,bkj->bik', {one}, {one})")
    program.gives(f"keras.ops.{draw(st.sampled_from(forms))}")


# Models in models


def nested(draw: DrawFn, program: Program, depth: int) -> None:
    """A model, called on tensors; and kept, to be called again."""
    given = draw(st.lists(st.sampled_from(program.tensors[::-1]), min_size=1, max_size=2))
    shapes = [program.shape(it) for it in given]
    name = program.fresh("block")
    program.names[name] = None
    if len(given) == 1 and draw(st.booleans()):
        stacked(draw, program, given[0], name)
        shape = shapes[0]
        program.reusable.append(Reusable(name, lambda other: other == shape))
        return
    starts = []
    for shape in shapes:
        starts.append(program.fresh("x"))
        program.run(f"{starts[-1]} = keras.Input({shape[1:]})")
    inner = Program(program)
    inner.tensors = [*starts]
    built(draw, inner, starts, name, depth)
    number = len(program.names[name].outputs)
    taken = given[0] if len(given) == 1 else f"[{', '.join(given)}]"
    first = int(program.fresh("x")[1:])
    names = [f"x{first + more}" for more in range(number)]
    program.run(f"{', '.join(names)} = {name}({taken})")
    program.tensors += names
    if len(given) == number == 1:
        [shape] = shapes
        program.reusable.append(Reusable(name, lambda other: other == shape))


def stacked(draw: DrawFn, program: Program, before: str, name: str) -> None:
    """A `Sequential`, which may say its input or be built when it is called."""
    shape = program.shape(before)
    n = draw(FEW)
    layers = ["layers.Dropout(0.1)"]
    if len(shape) > 1 and shape[-1] is not None:
        layers = [
            f"layers.Dense({n})",
            "layers.BatchNormalization()",
            "layers.LayerNormalization()",
        ]
    some = draw(st.lists(st.sampled_from(layers), min_size=1, max_size=3))
    if draw(st.booleans()):
        some.insert(0, f"keras.Input({shape[1:]})")
    program.run(f"{name} = keras.Sequential([{', '.join(some)}])")
    if draw(st.integers(0, 4)) == 0:
        program.run(f"{name}.trainable = False")
    program.gives(f"{name}({before})")
