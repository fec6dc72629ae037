"""The picture of a model in words, enough to draw it from."""

from __future__ import annotations

from collections.abc import Iterator

from dense_shapes.axes import Size, number
from dense_shapes.drawing.folding import Fold
from dense_shapes.drawing.outline import Entry, Outline, Tensor, layers_in, total
from dense_shapes.origins import Made
from dense_shapes.traces import Trace
from dense_shapes.words import counted, counted_layers, enumerated, shapes


def headed(trace: Trace) -> str:
    """The title of a model: its shapes, its layers and its parameters."""
    ends = [
        trace.layers[place].outputs[n] if place >= 0 else trace.inputs[n]
        for place, n in trace.outputs
    ]
    ways = " → ".join(filter(None, [shapes(trace.inputs), shapes(tuple(ends))]))
    parts = [f"{ways}, " if ways else "", counted_layers(layers_in(trace)), f", {total(trace)}"]
    return f"Model {trace.name!r}: {''.join(parts)}"


def described(whole: Outline) -> str:
    """A line for each row."""
    return "\n".join(sentences(whole))


def sentences(whole: Outline) -> Iterator[str]:
    """The sentences, in the order of the rows."""
    names = {source: named(entry) for entry in whole.entries for source in entry.node.gives}
    before: Entry | None = None
    for entry in whole.entries:
        fold = before.fold if before else None
        if entry.fold != fold:
            yield from after(whole, fold)
            yield from heading(entry.fold)
        above = set(before.node.gives) if before else set[tuple[int, int]]()
        yield said(entry, [] if set(entry.takes) == above else [names[it] for it in entry.takes])
        before = entry
    yield from after(whole, before.fold if before else None)


def named(entry: Entry) -> str:
    """A node by its kind and its name."""
    return f"{entry.node.kind} {entry.node.label!r}" if entry.node.label else entry.node.kind


def said(entry: Entry, takes: list[str]) -> str:
    """What a node takes, how its parameters are counted, and what it gives."""
    parts = [named(entry)]
    if takes:
        parts.append(f" takes {enumerated(list(dict.fromkeys(takes)))}")
    if entry.counted:
        unit = " parameters" if "=" in entry.counted else ""
        parts.append(f"{':' if not takes else ';'} {entry.counted}{unit}")
    gives = "; ".join(map(tensor_words, entry.tensors)) or "the shape stays as it is"
    return f"{''.join(parts)}{';' if entry.counted or takes else ':'} {gives}."


def tensor_words(it: Tensor) -> str:
    """A tensor: its shape and what its axes count, merged axes with their parts."""
    axes = list(zip(it.value.names, it.value.shape, it.made, strict=True))[1:]
    inside = ", ".join(axis_words(name, size, made) for name, size, made in axes)
    label = f"{it.label} " if it.label else ""
    return f"{label}{it.value.shape}{f': {inside}' if inside else ''}"


def axis_words(name: str, size: Size, made: Made) -> str:
    """An axis: how many of what, and of which parts if it was merged or joined."""
    text = counted(name, size)
    if not made.sign:
        return text
    return f"{text} = {f' {made.sign} '.join(number(strand.size) for strand in made.strands)}"


def heading(fold: Fold | None) -> Iterator[str]:
    """What is said before the rows of a repeated block."""
    if fold is None:
        return
    alike = "alike, of which the first is told" if fold.alike else "the same"
    what = "layers" if fold.period == 1 else f"blocks of {counted_layers(fold.period)}"
    yield f"Here stand {fold.count} {what}, one after the other, {alike}:"


def after(whole: Outline, fold: Fold | None) -> Iterator[str]:
    """What is said after the rows of a repeated block."""
    if fold is None:
        return
    last = f"; {tensor_words(whole.lasts[fold])}" if fold in whole.lasts else ""
    yield f"This was the first of {fold.count}{last}."
