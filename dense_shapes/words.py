"""A layer in words: its title, its description, the facts of its axes, what one number is made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import assert_never

from dense_shapes.axes import Axis, Cell, Shape, Size, axes_of, number, times
from dense_shapes.cells import box_of, checked
from dense_shapes.signature import Role
from dense_shapes.steps import By, Step, Value
from dense_shapes.traces import Layer

NOUNS = {
    "b": "sample",
    "t": "step",
    "d": "frame",
    "h": "row",
    "w": "column",
    "kh": "row",
    "kw": "column",
    "c": "channel",
    "f": "filter",
    "g": "group",
    "in": "input",
    "out": "unit",
}
"""What an axis counts, where its name in a signature is short."""

ROLES = {
    Role.KEPT: "kept as it is",
    Role.CONTRACTED: "contracted: each output number sums over all of it",
    Role.CREATED: "created: it comes from the weights, not from the input",
    Role.MERGED: "merged with others into one axis",
    Role.SPLIT: "split into several axes",
    Role.JOINED: "joined with others, end to end",
    Role.SLID: "slid over by a window",
    Role.SPREAD: "spread by a window: each place puts its cells into the output",
}
"""What each role means, as a phrase."""

SHOWN = 4
"""How many terms of a sum are written out; of a longer sum, the first and the last."""


@dataclass(frozen=True)
class Prose:
    """A title and lines of text."""

    title: str
    lines: tuple[str, ...]


def noun(name: str, size: Size) -> str:
    """What an axis counts, in the singular or the plural.

    >>> noun("h", 2), noun("out", 1), noun("(h w c)", 6), noun("axis3", 4)
    ('rows', 'unit', 'features', 'on axis 3')
    """
    if name.startswith("axis"):
        return f"on axis {name.removeprefix('axis')}"
    word = NOUNS.get(name, "feature" if name.startswith("(") else name)
    return word if size == 1 else f"{word}s"


def counted(name: str, size: Size) -> str:
    """The size of an axis with its noun; an unknown size is a question mark.

    >>> counted("h", 2), counted("h", None)
    ('2 rows', '? rows')
    """
    return f"{number(size)} {noun(name, size)}"


def title(layer: Layer) -> str:
    """The layer and what it does to the shape, in one line.

    >>> from dense_shapes.rules import call
    >>> title(call("Dense", {"units": 5}, (None, 2, 3, 1)))
    "Dense 'dense': (None, 2, 3, 1) → (None, 2, 3, 5), 10 parameters"
    """
    before, after = shapes(layer.inputs), shapes(layer.outputs)
    arrow = f"{before} → {after}" if before else after
    return f"{layer.kind} {layer.label!r}: {arrow}, {parameters(layer.params)}"


def shapes(values: tuple[Value, ...]) -> str:
    """The shapes of values as text."""
    return " and ".join(str(value.shape) for value in values)


def parameters(count: Size) -> str:
    """A number of parameters with its noun."""
    return f"{number(count)} parameter{'' if count == 1 else 's'}"


def describe(layer: Layer) -> str:
    """The picture of a layer in words, enough to draw it from.

    >>> from dense_shapes.rules import call
    >>> print(describe(call("Dense", {"units": 5}, (None, 2, 3, 1))))
    The input has shape (2, 3, 1): 2 rows, 3 columns, 1 channel. The kernel has shape (1, 5). \
The bias has shape (5,). The output has shape (2, 3, 5): 2 rows, 3 columns, 5 units. \
The same kernel is used at each of the 6 positions.
    """
    sentences = []
    several = len(layer.inputs) > 1
    for place, value in enumerate(layer.inputs):
        sentences.append(f"{f'Input {place}' if several else 'The input'} {sized(value)}")
    sentences += [f"The {weight.name} has shape {weight.shape}." for weight in layer.weights]
    for place, value in enumerate(layer.outputs):
        many = len(layer.outputs) > 1
        sentences.append(f"{f'Output {place}' if many else 'The output'} {sized(value)}")
    if layer.opaque or layer.inner:
        sentences.append(f"What is inside is not drawn: {layer.opaque or 'it is a model'}.")
    sentences += sharing(layer)
    return " ".join(sentences)


def sized(value: Value) -> str:
    """The shape of a value without the batch, and what its axes count."""
    shape = value.shape[1:]
    named = ", ".join(map(counted, value.names[1:], shape))
    return f"has shape {plain(shape)}{f': {named}' if named else ''}."


def plain(shape: Shape) -> str:
    """A shape without its batch, as a tuple; an unknown size is a question mark."""
    inner = ", ".join("?" if size is None else str(size) for size in shape)
    return f"({inner},)" if len(shape) == 1 else f"({inner})"


def sharing(layer: Layer) -> Iterator[str]:
    """A sentence for each kernel that serves several positions."""
    for step in layer.steps:
        if step.weights and step.shared != 1:
            count = (
                "every position"
                if step.shared is None
                else f"each of the {step.shared:,} positions"
            )
            yield f"The same {step.weights[0].name} is used at {count}."


def facts(layer: Layer) -> Iterator[str]:
    """What happens to each axis, a line each.

    >>> from dense_shapes.rules import call
    >>> for fact in facts(call("Dense", {"units": 5}, (None, 2, 3, 1))): print(fact)
    the batch: kept as it is
    2 rows: kept as it is
    3 columns: kept as it is
    1 channel: contracted: each output number sums over all of it
    5 units: created: it comes from the weights, not from the input
    """
    for step in layer.steps:
        if step.by in (By.MAP, By.SUM, By.DIVIDE):
            continue
        for place, value in enumerate(step.inputs):
            roles = step.bound.roles(place)
            for term, name, size in zip(
                step.bound.inputs[place], value.names, value.shape, strict=True
            ):
                parts = [roles[axis.name] for axis in axes_of((term,))]
                what = "the batch" if term == Axis(step.batch) else counted(name, size)
                yield f"{what}: {ROLES[parts[-1] if parts else Role.KEPT]}"
        roles = step.bound.roles("output")
        for term, name, size in zip(
            step.bound.output, step.output.names, step.output.shape, strict=True
        ):
            if any(roles[axis.name] is Role.CREATED for axis in axes_of((term,))):
                yield f"{counted(name, size)}: {ROLES[Role.CREATED]}"


def explain(layer: Layer, *, cell: Cell | None = None) -> Prose:
    """What a layer does to the shape; or, with `cell`, what one number of its output is made of.

    `cell` is an index for each axis of the output after the batch.
    Raises `CellError` if the cell lies outside the output, `UnknownLayer` if no rule describes the
    layer and a cell is asked for.

    >>> from dense_shapes.rules import call
    >>> dense = call("Dense", {"units": 5}, (None, 2, 3, 1))
    >>> for line in explain(dense, cell=(1, 2, 4)).lines: print(line)
    output[1, 2, 4] = input[1, 2, 0] × kernel[0, 4] + bias[4]
    It reads 1 of the 6 numbers of the input, 1 of the 5 numbers of the kernel, 1 of the 5 numbers \
of the bias.
    The same kernel is used at each of the 6 positions.
    """
    if cell is not None:
        return Prose(title(layer), tuple(made_of(layer, cell)))
    lines = [f"{fact}" for fact in facts(layer)]
    if layer.opaque or layer.inner:
        lines.append(f"not explained: {layer.opaque or 'it is a model; ask its own layers'}")
    named = ", ".join(f"{weight.name} {weight.shape}" for weight in layer.weights)
    count = number(layer.params)
    if layer.formula:
        lines.append(f"parameters: {layer.formula} = {count} ({named})")
    elif layer.params:
        lines.append(f"parameters: {count} ({named})")
    lines += sharing(layer)
    if layer.macs:
        lines.append(f"multiply-adds for one sample: {layer.macs:,}")
    return Prose(title(layer), tuple(lines))


def made_of(layer: Layer, cell: Cell, inputs: Sequence[str] = ()) -> Iterator[str]:
    """What one number of the output is made of, from the last step back to the first.

    `inputs` says what to call the inputs of the layer.
    """
    cell = checked(cell, layer.outputs[0].shape)
    reads = layer.reads(cell)
    inputs = inputs or input_names(layer)
    names = {id(step): f"y{place}" for place, step in enumerate(layer.steps, 1)}
    if layer.steps:
        names[id(layer.steps[-1])] = "output"
    else:
        yield f"output{list(cell)} = " + (
            f"{inputs[0]}{list(cell)}" if inputs else "what is put in"
        )

    def name(value: Value) -> str:
        return (
            names[id(value.source)] if isinstance(value.source, Step) else inputs[value.source or 0]
        )

    wanted = {"output": cell}
    for step in reversed(layer.steps):
        target, operands = names[id(step)], [name(value) for value in step.inputs]
        yield f"{target}{list(wanted[target])} = {made_by(step, wanted[target], operands)}"
        [read] = step.reads(box_of(wanted[target]))
        for operand, cells in zip(operands, read.inputs, strict=True):
            wanted.setdefault(operand, next(iter(cells), ()))
    parts = [
        f"{len(cells):,} of the {number(times(*value.shape[1:]))} numbers of the {one}"
        for one, value, cells in zip(inputs, layer.inputs, reads.inputs, strict=True)
    ]
    parts += [
        f"{len(reads.weights[weight.name]):,} of the {number(weight.size)} numbers of the {weight.name}"
        for weight in layer.weights
    ]
    if parts:
        yield f"It reads {', '.join(parts)}."
    yield from sharing(layer)


def input_names(layer: Layer) -> list[str]:
    """What the inputs of a layer are called: `input`, or `input 0`, `input 1`."""
    if len(layer.inputs) == 1:
        return ["input"]
    return [f"input {place}" for place in range(len(layer.inputs))]


def made_by(step: Step, cell: Cell, operands: list[str]) -> str:
    """The right side of the equation of one output cell of a step."""
    [reads] = step.reads(box_of(cell))
    cells = [list(map(list, read)) for read in reads.inputs]
    read = f"{operands[0]}{cells[0][0]}" if cells[0] else "0"
    match step.by:
        case By.COPY:
            return read
        case By.MAP:
            return f"{step.function}({read})"
        case By.DIVIDE:
            return f"{read} / {operands[1]}{cells[1][0]}"
        case By.SUM:
            return added([f"{operands[0]}{one}" for one in cells[0]])
        case By.MULTIPLY:
            factors = [*operands, *(weight.name for weight in step.weights[:1])]
            products = list(step.products(cell))
            written = [
                " × ".join(f"{name}{list(at)}" for name, at in zip(factors, one, strict=True))
                for one in products
            ]
            total = added(written)
            for weight in step.weights[1:]:
                total += f" + {weight.name}{list(next(iter(reads.weights[weight.name])))}"
            return total
        case _ as never:
            assert_never(never)


def added(terms: Sequence[str]) -> str:
    """A sum, with dots in the middle if it is long.

    >>> added(["a", "b", "c"]), added(["a", "b", "c", "d", "e"]), added([])
    ('a + b + c', 'a + … + e', '0')
    """
    if len(terms) > SHOWN:
        return f"{terms[0]} + … + {terms[-1]}"
    return " + ".join(terms) or "0"
