"""Random layers that bring several inputs together."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from dense_shapes.axes import Size
from tests.random import Example


def sizes(draw: st.DrawFn, rank: int) -> list[Size]:
    """So many sizes, few cells in all; one in four times, one of them is unknown."""
    largest = (6, 6, 5, 4, 3)[rank]
    found: list[Size] = [draw(st.integers(1, largest)) for _ in range(rank)]
    if found and draw(st.integers(0, 3)) == 0:
        found[draw(st.integers(0, rank - 1))] = None
    return found


@st.composite
def merged(draw: st.DrawFn, least: int, most: int) -> Example:
    """Inputs of which some lack the first axes, have sizes of one, or sizes that are not known."""
    whole = sizes(draw, draw(st.integers(0, 4)))
    shapes = []
    for _ in range(draw(st.integers(least, most))):
        own = whole[draw(st.sampled_from((0, 0, 0, 1, 2))) :]
        one = [draw(st.sampled_from((size, size, size, size, 1))) for size in own]
        if one and draw(st.integers(0, 7)) == 0:
            one[draw(st.integers(0, len(one) - 1))] = None
        shapes.append((None, *one))
    return {}, shapes, {}


@st.composite
def concatenated(draw: st.DrawFn) -> Example:
    """Inputs that differ along one axis."""
    whole = sizes(draw, draw(st.integers(1, 4)))
    place = draw(st.integers(0, len(whole) - 1))
    ends = draw(st.lists(st.sampled_from((1, 2, 3, 3, None)), min_size=1, max_size=3))
    shapes = [(None, *whole[:place], end, *whole[place + 1 :]) for end in ends]
    return {"axis": place + 1 - draw(st.sampled_from((0, len(whole) + 1)))}, list(shapes), {}


@st.composite
def dotted(draw: st.DrawFn) -> Example:
    """Two inputs with an axis of the same size each, anywhere after the batch."""
    one, other = (sizes(draw, draw(st.integers(1, 3))) for _ in range(2))
    first, second = (draw(st.integers(0, len(own) - 1)) for own in (one, other))
    other[second] = one[first]
    axes = [
        place + 1 - draw(st.sampled_from((0, len(own) + 1)))
        for place, own in ((first, one), (second, other))
    ]
    config = {
        "axes": axes[0] if axes[0] == axes[1] else tuple(axes),
        "normalize": draw(st.booleans()),
    }
    return config, [(None, *one), (None, *other)], {}


STRATEGIES: dict[str, SearchStrategy[Example]] = {
    **{kind: merged(1, 4) for kind in ("Add", "Multiply", "Average", "Maximum", "Minimum")},
    "Subtract": merged(2, 2),
    "Concatenate": concatenated(),
    "Dot": dotted(),
}
