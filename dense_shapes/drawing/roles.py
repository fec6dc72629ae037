"""How the role of an axis looks: a colour, and dashes that say the same without it; beside them, a word.

The colours are those of Okabe and Ito, which colour-blind readers tell apart. They are mixed with the
colour of the text around the picture, so that they are darker on a light page and lighter on a dark one.
"""

from __future__ import annotations

from dataclasses import dataclass

from dense_shapes.drawing.scene import RoleName
from dense_shapes.signature import Role


@dataclass(frozen=True)
class Pen:
    """How the line of a role is drawn: its colour, its dashes (drawn, left out, and so on), its width."""

    colour: str
    dashes: tuple[float, ...]
    width: float = 1.6


PENS: dict[RoleName, Pen] = {
    "kept": Pen("", ()),
    "contracted": Pen("#d55e00", (6, 3)),
    "created": Pen("#009e73", (), 2.8),
    "merged": Pen("#c0529a", (1.6, 2)),
    "split": Pen("#c0529a", (6, 2, 1.6, 2)),
    "joined": Pen("#c0529a", (10, 2)),
    "slid": Pen("#0072b2", (9, 2.5, 2, 2.5)),
    "spread": Pen("#0072b2", (9, 2.5, 2, 2.5, 2, 2.5)),
}
"""The pen of each role; the first takes the colour of the text."""

MIX = 0.62
"""How much of a colour there is in its mixture with that of the text."""

NAMES: dict[Role, RoleName] = {
    Role.KEPT: "kept",
    Role.CONTRACTED: "contracted",
    Role.CREATED: "created",
    Role.MERGED: "merged",
    Role.SPLIT: "split",
    Role.JOINED: "joined",
    Role.SLID: "slid",
    Role.SPREAD: "spread",
}
"""The name of the pen of each role."""


def mixed(role: RoleName, ink: tuple[float, float, float]) -> tuple[float, float, float]:
    """The colour of a role where text has this colour; red, green and blue on the same scale up to 255.

    >>> mixed("created", (0, 0, 0)), mixed("kept", (27, 31, 36))
    ((0.0, 97.96, 71.3), (27, 31, 36))
    """
    colour = PENS[role or "kept"].colour
    if not colour:
        return ink
    parts = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    pairs = zip(parts, ink, strict=True)
    red, green, blue = (round(MIX * one + (1 - MIX) * other, 2) for one, other in pairs)
    return red, green, blue


def pen_rules() -> list[str]:
    """The rules of the style sheet for lines and words that have a role."""
    mixed = f"color-mix(in srgb,var(--ds-role,currentColor) {MIX:.0%},currentColor)"
    found = [
        f".ds .role{{fill:currentColor;fill:{mixed}}}",
        f".ds .ruler{{stroke:currentColor;stroke:{mixed}}}",
    ]
    for name, pen in PENS.items():
        if pen.colour:
            line = f"stroke-width:{pen.width:g};stroke-opacity:1"
            dashes = " ".join(f"{length:g}" for length in pen.dashes)
            line += f";stroke-dasharray:{dashes}" if dashes else ""
            found.append(f".ds .{name}{{--ds-role:var(--ds-{name},{pen.colour})}}")
            found.append(f".ds .ruler.{name}{{{line}}}")
    return found
