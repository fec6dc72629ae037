"""Random poolings."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from tests.random import Example
from tests.random.convolution import SIZES, TAPS, each, laid_out, numbers, spaces


@st.composite
def windowed(draw: DrawFn, axes: int) -> Example:
    """MaxPooling1D and its like: what a window keeps at its places."""
    taps = draw(numbers(axes, TAPS[axes]))
    config = {
        "pool_size": taps,
        "strides": draw(st.none() | numbers(axes, 3)),
        "padding": draw(st.sampled_from(["valid", "same"])),
    }
    least = list(each(taps, axes)) if config["padding"] == "valid" else [1] * axes
    sizes = draw(spaces(least, SIZES[axes]))
    return draw(laid_out(config, sizes, draw(st.integers(1, 3))))


@st.composite
def whole(draw: DrawFn, axes: int) -> Example:
    """GlobalMaxPooling1D and its like: what is kept of all the places."""
    sizes = draw(spaces([1] * axes, SIZES[axes]))
    return draw(laid_out({"keepdims": draw(st.booleans())}, sizes, draw(st.integers(1, 3))))


@st.composite
def parted(draw: DrawFn, axes: int) -> Example:
    """AdaptiveMaxPooling1D and its like: what is kept of each part."""
    sizes = draw(spaces([1] * axes, SIZES[axes]))
    config = {"output_size": draw(numbers(axes, SIZES[axes]))}
    return draw(laid_out(config, sizes, draw(st.integers(1, 3))))


STRATEGIES: dict[str, SearchStrategy[Example]] = {
    f"{before}{how}Pooling{axes}D": strategy(axes)
    for before, strategy in (("", windowed), ("Global", whole), ("Adaptive", parted))
    for how in ("Max", "Average")
    for axes in (1, 2, 3)
}
