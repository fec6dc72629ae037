"""Random configurations of the activation layers, and of those that act in training only."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.random import Example
from tests.random.core import ACTIVATIONS, MAYBE

ANY = st.lists(MAYBE, max_size=3)
"""The sizes after the batch."""


@st.composite
def activation(draw: st.DrawFn) -> Example:
    """A name, or a layer that stands for a function."""
    sizes = draw(st.lists(MAYBE, min_size=1, max_size=3))
    named = draw(st.sampled_from(["name", "name", "glu", "sparsemax", "written"]))
    if named == "glu":
        return {"activation": "glu"}, [(None, *sizes, 2 * draw(st.integers(1, 2)))], {}
    function: Any = draw(ACTIVATIONS.filter(bool)) if named == "name" else named
    if named == "written":
        function = {
            "module": "builtins",
            "class_name": "function",
            "config": "relu",
            "registered_name": "function",
        }
    return {"activation": function}, [(None, *sizes)], {}


@st.composite
def relu(draw: st.DrawFn) -> Example:
    """A slope, a largest value and a threshold."""
    config = {
        "max_value": draw(st.sampled_from([None, 6.0, 50.0])),
        "negative_slope": draw(st.sampled_from([0.0, 0.25])),
        "threshold": draw(st.sampled_from([0.0, 1.0])),
    }
    return config, [(None, *draw(ANY))], {}


@st.composite
def leaky_relu(draw: st.DrawFn) -> Example:
    """A slope."""
    return {"negative_slope": draw(st.sampled_from([0.1, 0.3]))}, [(None, *draw(ANY))], {}


@st.composite
def elu(draw: st.DrawFn) -> Example:
    """The value that it nears."""
    return {"alpha": draw(st.sampled_from([1.0, 0.5]))}, [(None, *draw(ANY))], {}


@st.composite
def prelu(draw: st.DrawFn) -> Example:
    """Some axes shared, among them those whose size is unknown."""
    sizes = draw(ANY)
    shared = [n for n, size in enumerate(sizes, 1) if size is None or draw(st.booleans())]
    return {"shared_axes": shared or None}, [(None, *sizes)], {}


@st.composite
def softmax(draw: st.DrawFn) -> Example:
    """One axis or several, counted from either end; at times the batch is among them."""
    sizes = draw(st.lists(MAYBE, min_size=1, max_size=3))
    rank = len(sizes) + 1
    least = draw(st.sampled_from([0, 1, 1, 1]))
    axes = draw(st.lists(st.integers(least, rank - 1), min_size=1, max_size=2, unique=True))
    signed = [axis - rank if draw(st.booleans()) else axis for axis in axes]
    one = len(signed) == 1 and draw(st.booleans())
    return {"axis": signed[0] if one else signed}, [(None, *sizes)], {}


@st.composite
def quiet(draw: st.DrawFn, /, rank: int | None, **config: Any) -> Example:
    """A layer that passes its input in use."""
    least, most = (0, 4) if rank is None else (rank - 1, rank - 1)
    return config, [(None, *draw(st.lists(MAYBE, min_size=least, max_size=most)))], {}


STRATEGIES: dict[str, st.SearchStrategy[Example]] = {
    "Activation": activation(),
    "ReLU": relu(),
    "LeakyReLU": leaky_relu(),
    "ELU": elu(),
    "PReLU": prelu(),
    "Softmax": softmax(),
    "Dropout": quiet(None, rate=0.5),
    "SpatialDropout1D": quiet(3, rate=0.5),
    "SpatialDropout2D": quiet(4, rate=0.5, data_format="channels_first"),
    "SpatialDropout3D": quiet(5, rate=0.5),
    "GaussianDropout": quiet(None, rate=0.5),
    "GaussianNoise": quiet(None, stddev=0.5),
    "AlphaDropout": quiet(None, rate=0.5),
    "ActivityRegularization": quiet(None, l1=0.01, l2=0.01),
}
