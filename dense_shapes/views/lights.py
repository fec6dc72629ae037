"""What a figure in a page needs to light up where a reader points: its data, and one small script."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

from dense_shapes.axes import times
from dense_shapes.drawing.pointing import drawn, lights
from dense_shapes.drawing.scene import Scene

LARGEST = 30_000
"""How long the data of a figure may be; a figure with more stays as it is drawn."""
ESCAPED = re.compile("[<>&]")
"""What could end the element, or begin another one."""
HINT = "Point at a cell, or walk from cell to cell with the arrow keys, to see what it reads."


@cache
def script() -> str:
    """The script, without what only its own readers need; it may stand in a page several times."""
    lines = Path(__file__).with_name("lights.js").read_text(encoding="utf-8").splitlines()
    return "\n".join(line.strip() for line in lines if not re.match(r"\s*//|$", line))


def data(scene: Scene) -> str:
    """What the script must know of a picture, as JSON for the inside of a `script` element.

    `sets` are places of cells in their panel, each a start and how many follow on it; `outs` are the
    panels of the outputs; `rows`, one for each drawn output cell, have the number of the form of its
    equation, a set for each panel, and the numbers that stand between the parts of the form. It is
    empty if nothing can light up.

    >>> from dense_shapes.drawing.figure import draw
    >>> from dense_shapes.rules import call
    >>> found = json.loads(data(draw(call("Dense", {"units": 2}, (None, 3)))))
    >>> found["forms"][0][:4], found["names"]
    (['output[', '] = input[', '] × kernel[', ', '], ['input', 'kernel', 'bias', 'output'])
    >>> for row in found["rows"]: print(row[0], [found["sets"][place] for place in row[1:4]], row[5:])
    0 [[0, 3], [0, 1, 2, 1, 4, 1], [0, 1]] [0, 0, 0, 0, 1, 1, 0, 2, 2, 0, 0]
    0 [[0, 3], [1, 1, 3, 1, 5, 1], [1, 1]] [1, 0, 0, 1, 1, 1, 1, 2, 2, 1, 1]
    """
    found = lights(scene)
    if not found:
        return ""
    outs = list(dict.fromkeys(light.panel for light in found))
    sets: dict[tuple[int, ...], int] = {}
    forms: dict[tuple[str, ...], int] = {}
    rows = []
    for light in found:
        read = [sets.setdefault(places, len(sets)) for places in light.reads]
        form = tuple(re.split("[0-9]+", light.words))
        numbers = re.findall("[0-9]+", light.words)
        rows.append([forms.setdefault(form, len(forms)), *read, *map(int, numbers)])
    everything = {
        "outs": outs,
        "sets": [runs(places) for places in sets],
        "rows": rows,
        "forms": list(forms),
        "names": [panel.name for panel in scene.panels],
        "says": [" is read by ", f" of the {counted(scene, outs)}"],
        "hint": HINT,
    }
    text = json.dumps(everything, ensure_ascii=False, separators=(",", ":"))
    return ESCAPED.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text) if len(text) <= LARGEST else ""


def runs(places: tuple[int, ...]) -> list[int]:
    """Increasing numbers as runs: where each begins, and how long it is.

    >>> runs((0, 1, 2, 7))
    [0, 3, 7, 1]
    """
    found: list[int] = []
    for place in places:
        if found and place == found[-2] + found[-1]:
            found[-1] += 1
        else:
            found += [place, 1]
    return found


def counted(scene: Scene, outs: list[int]) -> str:
    """How many numbers of the output are drawn, in words."""
    shown = sum(len(drawn(panel)) for panel in map(scene.panels.__getitem__, outs))
    outputs = scene.layers[-1].outputs
    whole = [times(*value.shape[1:]) for value in outputs]
    which = "output" if len(outputs) == 1 else "outputs"
    part = "" if None not in whole and sum(map(int, filter(None, whole))) == shown else "drawn "
    return f"{shown} {part}numbers of the {which}"
