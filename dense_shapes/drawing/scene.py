"""The marks of a picture. Lengths are in CSS pixels, y grows downwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from dense_shapes.axes import Cell
from dense_shapes.drawing.metrics import SIZES, WordsKind, text_width
from dense_shapes.traces import Layer

STROKE = 1.25
"""Half the width of the border of a lit cell."""
TICK = 3.0
"""Half the length of the ticks at the ends of a dimension line."""


RoleName: TypeAlias = Literal[
    "", "kept", "contracted", "created", "merged", "split", "joined", "slid", "spread"
]
"""What a layer does to an axis, as a word that a class of the style sheet can have; or nothing."""


@dataclass(frozen=True)
class Box:
    """A rectangle: a cell, with its index; a frame around one position; a closed box; a key.

    A `pad` is a cell of padding, which is not there and counts as zero; a `hollow` cell is there, and
    nothing is read for it.

    In a model: a chip for an axis, a small cell, the node of a layer, the ground of a block, and a
    sign of a difference. `tone` is the number of the colour that says where an axis comes from.
    """

    x: float
    y: float
    width: float
    height: float
    kind: Literal[
        "cell",
        "frame",
        "closed",
        "key",
        "pad",
        "chip",
        "small",
        "node",
        "block",
        "changed",
        "missing",
    ]
    cell: Cell | None = None
    lit: bool = False
    hollow: bool = False
    tone: int | None = None

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom, the border of a lit cell included."""
        right, bottom = self.x + self.width, self.y + self.height
        return self.x - STROKE, self.y - STROKE, right + STROKE, bottom + STROKE


@dataclass(frozen=True)
class Line:
    """A dimension line between two points, with a tick at each end, and the role of its axis."""

    x: float
    y: float
    to_x: float
    to_y: float
    role: RoleName = ""

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom, the ticks included."""
        across = self.y == self.to_y
        dx, dy = (0.0, TICK) if across else (TICK, 0.0)
        return self.x - dx, self.y - dy, self.to_x + dx, self.to_y + dy


@dataclass(frozen=True)
class Edge:
    """The way of a tensor from layer to layer: straight down, or bent from one lane into another."""

    x: float
    y: float
    to_x: float
    to_y: float

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom, the width of the line included."""
        left, right = sorted((self.x, self.to_x))
        return left - 1, self.y, right + 1, self.to_y


@dataclass(frozen=True)
class Words:
    """A line of text; `x` is its start, middle or end, and `y` its middle."""

    x: float
    y: float
    text: str
    kind: WordsKind
    anchor: Literal["start", "middle", "end"] = "middle"
    role: RoleName = ""

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom, as wide as a common font could make it."""
        width, height = text_width(self.text, self.kind), 1.25 * SIZES[self.kind]
        left = {"start": self.x, "middle": self.x - width / 2, "end": self.x - width}[self.anchor]
        return left, self.y - height / 2, left + width, self.y + height / 2


Mark: TypeAlias = Box | Line | Edge | Words


PanelKind: TypeAlias = Literal["input", "kernel", "bias", "output", "closed", "model"]


@dataclass(frozen=True)
class Origin:
    """Which tensor a panel shows: of the layer at this place, an output, a weight or a value inside it.

    `value` is a place among the steps of the layer, or an input counted down from -1. `steps` are the
    places of the steps that read it in this line of the picture.
    """

    layer: int = 0
    output: int | None = None
    weight: str | None = None
    value: int | None = None
    steps: tuple[int, ...] = ()


@dataclass(frozen=True)
class Panel:
    """One tensor of a picture: its marks, from x = 0 to `width` and from `top` to `bottom`.

    The middle of its cells is at y = 0. `operand` says which tensor it is, and is the name that it has
    in the words about the picture. `begins` says that a new line of the picture begins with it.
    """

    kind: PanelKind
    name: str
    width: float
    top: float
    bottom: float
    marks: tuple[Mark, ...]
    operand: str = ""
    begins: bool = False
    origin: Origin | None = None

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.bottom - self.top


@dataclass(frozen=True)
class Scene:
    """A picture: a title, the tensors in reading order, a line below them, and all of it in words.

    The description is one paragraph for a layer, and a line for each row of a model. `layers`
    are those that are drawn.
    """

    title: str
    description: str
    panels: tuple[Panel, ...]
    caption: str = ""
    layers: tuple[Layer, ...] = ()
    paired: bool = False
    """Whether the panels belong together two by two, and stand side by side so."""


def moved(mark: Mark, dx: float, dy: float) -> Mark:
    """The same mark at another place."""
    if isinstance(mark, Line | Edge):
        return replace(mark, x=mark.x + dx, y=mark.y + dy, to_x=mark.to_x + dx, to_y=mark.to_y + dy)
    return replace(mark, x=mark.x + dx, y=mark.y + dy)


def extent(marks: Sequence[Mark]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of all the marks."""
    lefts, tops, rights, bottoms = zip(*(mark.extent for mark in marks), strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def lines(panels: Sequence[Panel]) -> list[list[Panel]]:
    """The panels, line by line."""
    found: list[list[Panel]] = []
    for panel in panels:
        if panel.begins or not found:
            found.append([])
        found[-1].append(panel)
    return found


def aligned(panels: Sequence[Panel]) -> list[Panel]:
    """The panels with the same top and bottom, so that their middles stand on one line."""
    top, bottom = min(panel.top for panel in panels), max(panel.bottom for panel in panels)
    return [replace(panel, top=top, bottom=bottom) for panel in panels]
