"""A layer in words: its title, its description, the facts of its axes, what one number is made of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dense_shapes.axes import Cell, Merge, Shape, Size, Term, axes_of, number, times
from dense_shapes.cells import box_of, checked
from dense_shapes.equations import Written, made_by
from dense_shapes.fates import Told, fates, followed, told_of
from dense_shapes.steps import By, Step, Value, Weight
from dense_shapes.traces import Layer

NOUNS = {
    "b": "sample",
    "t": "step",
    "s": "step",
    "time": "step",
    "d": "frame",
    "h": "row",
    "w": "column",
    "kt": "step",
    "kd": "frame",
    "kh": "row",
    "kw": "column",
    "c": "channel",
    "f": "filter",
    "g": "group",
    "m": "multiplier",
    "dim": "dimension",
    "in": "input",
    "out": "unit",
    "before": "unit",
    "vector": "feature",
    "1": "place",
    "(g c)": "channel",
    "(c m)": "channel",
    "(g f)": "filter",
    "(gate unit)": "gate unit",
    "each": "query head",
    "(group each)": "head",
    "(head each)": "head",
}
"""What an axis counts, where its name in a signature is short."""


MANY = 4
"""How many weights are spoken of one by one; of more, only all together."""


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
    plain = name if name in NOUNS else name.rstrip("0123456789")
    if len(plain) == 1 and plain not in NOUNS:
        return f"along {plain}"
    word = NOUNS.get(plain, "feature" if name.startswith("(") else plain)
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


def counted_layers(count: int) -> str:
    """A number of layers with its noun."""
    return f"{count:,} layer{'' if count == 1 else 's'}"


def describe(layer: Layer) -> str:
    """The picture of a layer in words, enough to draw it from.

    >>> from dense_shapes.rules import call
    >>> print(describe(call("Dense", {"units": 5}, (None, 2, 3, 1))))
    The input has shape (2, 3, 1): 2 rows (kept), 3 columns (kept), 1 channel (contracted). \
The kernel has shape (1, 5): 1 channel (contracted), 5 units (created). \
The bias has shape (5,): 5 units (created). \
The output has shape (2, 3, 5): 2 rows (kept), 3 columns (kept), 5 units (created). \
The same kernel is used at each of the 6 positions.
    """
    sentences = []
    told: list[list[Told]] = [[]] * len(layer.inputs)
    ends: list[list[Told]] = [[]] * len(layer.outputs)
    if layer.steps:
        found = followed(layer.inputs, layer.steps, layer.outputs)
        told, ends = found.inputs, found.outputs
    several, many = len(layer.inputs) > 1, len(layer.outputs) > 1
    for place, (value, some) in enumerate(zip(layer.inputs, told, strict=True)):
        sentences.append(f"{f'Input {place}' if several else 'The input'} {sized(value, some)}")
    for weight in layer.weights:
        said = f"The {weight.name} {weighed(layer, weight)}"
        sentences.append(said.replace("embeddings has", "embeddings have"))
    for place, (value, some) in enumerate(zip(layer.outputs, ends, strict=True)):
        sentences.append(f"{f'Output {place}' if many else 'The output'} {sized(value, some)}")
    if layer.opaque or layer.inner:
        sentences.append(f"What is inside is not drawn: {layer.opaque or 'it is a model'}.")
    sentences += sharing(layer)
    return " ".join(sentences)


def sized(value: Value, told: Sequence[Told] = ()) -> str:
    """The shape of a value without the batch, what its axes count, and what becomes of each."""
    shape = value.shape[1:]
    words = [f" ({it.word})" for it in told[1:]] or [""] * len(shape)
    axes = zip(value.names[1:], shape, words, strict=True)
    named = ", ".join(f"{counted(name, size)}{word}" for name, size, word in axes)
    return f"has shape {plain(shape)}{f': {named}' if named else ''}."


def weighed(layer: Layer, weight: Weight) -> str:
    """The shape of a weight, what its axes count, and what becomes of each."""
    held = [step for step in layer.steps if weight.name in step.bound.weights]
    named = []
    for step in held[:1]:
        for term, size in zip(step.bound.weights[weight.name], weight.shape, strict=True):
            if told := told_of(step, weight.name, term):
                named.append(f"{counted_term(step, term, size)} ({told.word})")
    listed = ", ".join(named)
    return f"has shape {weight.shape}{f': {listed}' if named else ''}."


def counted_term(step: Step, term: Term, size: Size) -> str:
    """The size of an axis of a weight with its noun; empty if it has no name."""
    axes = list(axes_of((term,)))
    if len(axes) == 2 and isinstance(term, Merge):
        return " × ".join(counted(step.name_of(it), step.sizes[it.name]) for it in axes)
    return counted(step.name_of(axes[-1]), size) if axes else ""


def plain(shape: Shape) -> str:
    """A shape without its batch, as a tuple; an unknown size is a question mark."""
    inner = ", ".join("?" if size is None else str(size) for size in shape)
    return f"({inner},)" if len(shape) == 1 else f"({inner})"


def sharing(layer: Layer) -> Iterator[str]:
    """A sentence for each number of positions that the same kernels serve."""
    shared: dict[str, list[str]] = {}
    for step in layer.steps:
        if not step.weights:
            continue
        places, names = step.shared, [step.weights[0].name]
        where = "position", "positions"
        if step.by is By.RECUR:
            names = [weight.name for weight in step.weights]
            where = "place of the recurrence", "places of the recurrence"
        if places != 1:
            each = f"every {where[0]}" if places is None else f"each of the {places:,} {where[1]}"
            shared.setdefault(each, []).extend(names)
    for each, names in shared.items():
        verb = "is" if len(names) == 1 and names[0] != "embeddings" else "are"
        yield f"The same {enumerated(names)} {verb} used at {each}."


def enumerated(names: Sequence[str]) -> str:
    """Names in a row, with "and" before the last.

    >>> enumerated(["kernel"]), enumerated(["a", "b", "c"])
    ('kernel', 'a, b and c')
    """
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


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
    if layer.opaque or layer.inner:
        return
    found: dict[int | None, list[str]] = {}
    for fate in fates(layer):
        what = "the batch" if fate.batch else counted(fate.name, fate.size)
        found.setdefault(fate.number, []).append(f"{what}: {fate.phrase}")
    created = found.pop(None, [])
    inputs = list(found.values())
    if all(lines == inputs[0] for lines in inputs):
        yield from [line for lines in inputs[:1] for line in lines]
    else:
        for name, lines in zip(input_names(layer), inputs, strict=True):
            yield from (f"{name}: {line}" for line in lines if "batch" not in line)
    yield from dict.fromkeys(created)
    for step in layer.steps:
        if step.by is By.LOOKUP:
            [(name, pattern)] = step.bound.weights.items()
            row = next(
                axis for axis in axes_of(pattern) if axis not in {*axes_of(step.bound.output)}
            )
            rows = f"{number(step.sizes[row.name])} {noun(row.name, None)}"
            yield f"each number of the input says which of the {rows} of the {name} is taken"


def explain(layer: Layer, *, cell: Cell | None = None, output: int = 0) -> Prose:
    """What a layer does to the shape; or, with `cell`, what one number of an output is made of.

    `cell` is an index for each axis of the output after the batch; `output` says which output, if the
    layer has several.
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
        return Prose(title(layer), tuple(made_of(layer, cell, output=output)))
    lines = [f"{fact}" for fact in facts(layer)]
    if layer.opaque or layer.inner:
        lines.append(f"not explained: {layer.opaque or 'it is a model; ask its own layers'}")
    named = ", ".join(f"{weight.name} {weight.shape}" for weight in layer.weights)
    count = number(layer.params)
    if layer.formula not in ("", count):
        lines.append(f"parameters: {layer.formula} = {count} ({named})")
    elif layer.params:
        lines.append(f"parameters: {count} ({named})")
    lines += sharing(layer)
    if layer.macs:
        lines.append(f"multiply-adds for one sample: {layer.macs:,}")
    if layer.note:
        lines.append(layer.note)
    return Prose(title(layer), tuple(lines))


def made_of(
    layer: Layer, cell: Cell, inputs: Sequence[str] = (), *, output: int = 0
) -> Iterator[str]:
    """What one number of an output is made of, from the last step back to the first.

    `inputs` says what to call the inputs of the layer, `output` which of the outputs is meant.
    """
    target = layer.outputs[output]
    cell = checked(cell, target.shape)
    reads = layer.reads(cell, output=output)
    inputs = inputs or input_names(layer)
    called = "output" if len(layer.outputs) == 1 else f"output {output}"
    names = step_names(layer)
    for place, value in reversed(list(enumerate(layer.outputs))):
        if isinstance(value.source, Step):
            names[id(value.source)] = f"output {place}"
    if isinstance(target.source, Step):
        names[id(target.source)] = called
    else:
        source = f"{inputs[target.source or 0]}{list(cell)}" if inputs else "what is put in"
        yield f"{called}{list(cell)} = {source}"
    wanted: dict[int, Cell] = {id(target.source): cell}

    def written(value: Value) -> Written:
        def name(at: Cell) -> str:
            found, place = copied(value, at)
            if not isinstance(found.source, Step):
                return f"{inputs[found.source or 0]}{list(place)}"
            wanted.setdefault(id(found.source), place)
            return f"{names[id(found.source)]}{list(place)}"

        return name

    for step in reversed(layer.steps):
        if id(step) in wanted:
            at = wanted[id(step)]
            operands = [written(value) for value in step.inputs]
            yield f"{names[id(step)]}{list(at)} = {made_by(step, at, operands)}"
    parts = [
        f"{len(cells):,} of the {number(times(*value.shape[1:]))} numbers of the {one}"
        for one, value, cells in zip(inputs, layer.inputs, reads.inputs, strict=True)
    ]
    held = [
        f"{len(reads.weights[weight.name]):,} of the {number(weight.size)} numbers of the {weight.name}"
        for weight in layer.weights
    ]
    if len(held) > MANY:
        held = [f"{sum(map(len, reads.weights.values())):,} of the {parameters(layer.params)}"]
    if parts or held:
        yield f"It reads {', '.join([*parts, *held])}."
    yield from sharing(layer)


def step_names(layer: Layer) -> dict[int, str]:
    """What the value of each step is called, by the id of the step: `y3`, or what it is known as.

    A step with a kernel of its own is called as that is: `query/kernel` makes `query`. The shares of a
    softmax over scores are the scores; a mean is the mean, and one of squares the variance.

    >>> from dense_shapes.rules import call
    >>> layer = call("MultiHeadAttention", {"num_heads": 2, "key_dim": 4}, (None, 3, 4), (None, 2, 4))
    >>> list(step_names(layer).values())
    ['query', 'key', 'y3', 'y4', 'y5', 'y6', 'scores', 'value', 'y9', 'attention_output']
    """
    found: dict[int, str] = {}
    for place, step in enumerate(layer.steps, 1):
        name = known_as(step)
        found[id(step)] = f"y{place}" if not name or name in found.values() else name
    return found


def known_as(step: Step) -> str:
    """What the value of a step is known as; empty if it has no name of its own."""
    before = step.inputs[0].source if step.inputs else None
    if step.by in (By.MULTIPLY, By.RECUR) and step.weights:
        return re.sub("_?kernel$", "", step.weights[0].name).rstrip("/")
    if step.by is By.MEAN and len(step.bound.output) < len(step.bound.inputs[0]):
        if not isinstance(before, Step) or before.function != "square":
            return "mean"
        centred = before.inputs[0].source
        off = isinstance(centred, Step) and centred.by is By.SUBTRACT
        return "variance" if off else "mean_square"
    if step.by is By.DIVIDE and isinstance(before, Step) and before.function == "exponential":
        return "scores" if scored(before) else ""
    return ""


def scored(step: Step) -> bool:
    """Whether the value of a step says how well pairs of places go together."""
    while step.by is By.MAP and not step.weights:
        before = step.inputs[0].source
        if not isinstance(before, Step):
            return False
        step = before
    alone = step.by is By.SUM or (step.weights and "scale" in step.weights[0].name)
    return len(step.inputs) == 2 or bool(alone)


def copied(value: Value, cell: Cell) -> tuple[Value, Cell]:
    """The value, and the cell of it, of which a cell is a copy in the end; itself if it is none."""
    step = value.source
    while isinstance(step, Step) and step.by is By.COPY:
        [reads] = step.reads(box_of(cell))
        found = [
            (one, at) for one, cells in zip(step.inputs, reads.inputs, strict=True) for at in cells
        ]
        if not found:
            break
        [(value, cell)] = found
        step = value.source
    return value, cell


def input_names(layer: Layer) -> list[str]:
    """What the inputs of a layer are called: `input`, or `input 0`, `input 1`."""
    if len(layer.inputs) == 1:
        return ["input"]
    return [f"input {place}" for place in range(len(layer.inputs))]
