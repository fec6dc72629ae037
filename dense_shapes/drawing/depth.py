"""The picture of one output cell and of all that it reads, any number of layers back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from operator import index

from dense_shapes.axes import number, times
from dense_shapes.cells import Box, Cells, box_of, merged
from dense_shapes.drawing.figure import described
from dense_shapes.drawing.lights import Lights, Spot, back, count, named_spot
from dense_shapes.drawing.lines import Shown, panels_of
from dense_shapes.drawing.scene import Scene
from dense_shapes.errors import CellError, ModelError
from dense_shapes.traces import Layer, Source, Trace
from dense_shapes.words import enumerated, made_of, title


def draw_back(
    trace: Trace,
    which: str | int,
    *,
    depth: int,
    cell: Spot | None = None,
    heading: str | None = None,
) -> Scene:
    """The picture of a layer of a model and of those before it, with all that an output cell reads.

    `depth` layers are drawn on the longest way back. Where branches meet, a layer is drawn only when
    all the layers between are, so nothing that is read is missing in it.

    Raises `UnknownLayer` if there is no such layer, or no rule describes a layer on the way,
    `CellError` if the cell is none of the output, `ModelError` if `depth` is less than one.
    """
    if index(depth) < 1:
        raise ModelError(f"expected a depth of at least 1, received {depth}")
    holder, target = found(trace, which)
    last = holder[target]
    places = before(holder, target, index(depth))
    wanted: dict[Source, list[Box]] = {}
    lights: Mapping[int, Lights] = dict.fromkeys(places, Lights())
    caption = ""
    if cell is not None:
        name, lit, at = named_spot(last, cell)
        if lit.side != "output":
            raise CellError(f"of several layers, a cell of the output can be lit, not of {name!r}")
        wanted[target, int(lit.operand)] = [box_of(at)]
        lights = lit_back(holder, places, wanted)
        names = [name_of(holder, source) for source in last.sources]
        caption = next(made_of(last, at, names, output=int(lit.operand)))
        ends = {it: merged(boxes) for it, boxes in wanted.items() if it[0] not in places}
        caption += f". {depends(holder, ends, len(places))}" if ends else ""
    panels = [panel for shown in shown_layers(holder, places, lights) for panel in panels_of(shown)]
    description = " ".join(described(holder[place]) for place in places)
    return Scene(heading or title(last), description, tuple(panels), caption)


def shown_layers(
    trace: Trace, places: Sequence[int], lights: Mapping[int, Lights]
) -> Iterator[Shown]:
    """The layers of a picture; what a layer takes is not drawn again right after it was made."""
    previous: int | None = None
    for place in places:
        layer = trace[place]
        follows = previous is not None and layer.sources == ((previous, 0),)
        follows = follows and len(trace[previous or 0].outputs) == 1
        names = [name_of(trace, source) for source in layer.sources]
        called = "output" if place == places[-1] else layer.label
        yield Shown(layer, lights[place], names, called, f"{layer.label}/", inputs=not follows)
        previous = place


def found(trace: Trace, which: str | int) -> tuple[Trace, int]:
    """The model, or the nested model, that holds a layer, and the place of the layer in it."""
    layer = trace[which]
    holders = [trace]
    for holder in holders:
        for place, it in enumerate(holder):
            if it is layer:
                return holder, place
            holders += [it.inner] if it.inner else []
    raise ModelError(f"layer {layer.label!r} is in no model")  # pragma: no cover


def before(trace: Trace, target: int, depth: int) -> list[int]:
    """The places of the layers that lie so few layers before one, on the longest way, and its own."""
    far = {target: 0}
    for place in range(target, -1, -1):
        if place in far:
            for source, _ in trace[place].sources:
                if source >= 0:
                    far[source] = max(far.get(source, 0), far[place] + 1)
    return sorted(place for place, distance in far.items() if distance < depth)


def lit_back(
    trace: Trace, places: Sequence[int], wanted: dict[Source, list[Box]]
) -> Mapping[int, Lights]:
    """What is lit in each of these layers; what they read is put to what is wanted."""
    lights = {}
    for place in reversed(places):
        layer = trace[place]
        asked = {n: merged(wanted.get((place, n), [])) for n in range(len(layer.outputs))}
        lights[place] = through_model(layer, asked) if layer.inner else back(layer, asked)
        for source, value in zip(layer.sources, layer.inputs, strict=True):
            wanted.setdefault(source, []).extend(lights[place].of(value).boxes)
    return lights


def through_model(layer: Layer, outputs: Mapping[int, Cells]) -> Lights:
    """What cells of the outputs of a nested model read of its inputs."""
    inner = layer.inner
    assert inner
    wanted: dict[Source, list[Box]] = {}
    for number_, cells in outputs.items():
        wanted.setdefault(inner.outputs[number_], []).extend(cells.boxes)
    lit_back(inner, range(len(inner)), wanted)
    inputs = {n: merged(wanted.get((-1, n), [])) for n in range(len(layer.inputs))}
    return Lights(inputs, {}, outputs)


def name_of(trace: Trace, source: Source) -> str:
    """What the value from a source is called."""
    place, which = source
    if place < 0:
        return "input" if len(trace.inputs) == 1 else f"input {which}"
    layer = trace[place]
    return layer.label if len(layer.outputs) == 1 else f"{layer.label} {which}"


def depends(trace: Trace, ends: Mapping[Source, Cells], layers: int) -> str:
    """How much of what goes into the first layers a cell depends on, as far as that can be counted."""
    parts = []
    for source, cells in sorted(ends.items()):
        place, which = source
        value = trace.inputs[which] if place < 0 else trace[place].outputs[which]
        some, every = count(cells), times(*value.shape[1:])
        read = "some" if some is None else number(some)
        parts.append(f"{read} of the {number(every)} numbers of {name_of(trace, source)}")
    through = "1 layer" if layers == 1 else f"{layers} layers"
    return f"Through {through} it depends on {enumerated(parts)}."
