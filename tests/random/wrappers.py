"""Random layers inside of layers."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from dense_shapes.rules.gates import serialized
from tests.random import Example
from tests.random.recurrent import FEW, cell_configs, convolutions, states_of

LENGTHS = st.integers(1, 4) | st.none()
KINDS = ("SimpleRNN", "LSTM", "GRU")


@st.composite
def repeated(draw: st.DrawFn) -> Example:
    """A layer that is applied to each place of an axis."""
    kind = draw(st.sampled_from(("Dense", "Conv2D", "Flatten", "LSTM", "Reshape", "Sequential")))
    size, width = draw(FEW), draw(FEW)
    dense = serialized("Dense", units=size, activation="softmax", name="dense")
    config: dict[str, Any] = {}
    shape: tuple[int, ...] = (size, width)
    match kind:
        case "Dense":
            dense["config"]["use_bias"] = draw(st.booleans())
            config, shape = dense["config"], tuple(draw(st.lists(FEW, min_size=1, max_size=2)))
        case "Conv2D":
            shape = (size + 1, width + 1, 2)
            groups = draw(st.integers(1, 2))
            config = {"filters": 2, "kernel_size": 2, "padding": "same", "groups": groups}
        case "LSTM":
            config = {"units": width, "return_sequences": draw(st.booleans())}
        case "Reshape":
            config = {"target_shape": (width, size)}
        case "Sequential":
            inner = [serialized("Flatten", name="flatten"), dense]
            config = {"name": "inner", "layers": inner}
    layer = serialized(kind, **config)
    layer["config"]["trainable"] = draw(st.booleans())
    layer["module"] = "keras" if kind == "Sequential" else "keras.layers"
    return {"layer": layer}, [(None, draw(LENGTHS), *shape)], {}


@st.composite
def both_ways(draw: st.DrawFn) -> Example:
    """A recurrence that runs from both ends, now and then with a layer of its own for the second."""
    kind = draw(st.sampled_from((*KINDS, "ConvLSTM1D")))
    told = {key: draw(st.booleans()) for key in ("return_sequences", "return_state")}
    mode = draw(st.sampled_from(("concat", "sum", "mul", "ave", None)))
    if kind == "ConvLSTM1D":
        inner, shapes, _ = draw(convolutions(1))
        shape = [(None, shapes[0][1] or 2, *shapes[0][2:])]
        layer = serialized(kind, **{**inner, **told, "go_backwards": False})
        return {"layer": layer, "merge_mode": mode}, shape, {}
    config = draw(cell_configs(f"{kind}Cell"))
    wrapper: dict[str, Any] = {"layer": serialized(kind, **config, **told), "merge_mode": mode}
    if draw(st.booleans()):
        other = {**config, "use_bias": True, **told, "go_backwards": True}
        wrapper["backward_layer"] = serialized(kind, **other, name="other")
    shapes = [(None, draw(LENGTHS), draw(FEW))]
    if draw(st.booleans()):
        shapes += 2 * states_of([(f"{kind}Cell", config)])
    return wrapper, shapes, {}


@st.composite
def normalized(draw: st.DrawFn) -> Example:
    """A layer whose kernel is normalized.

    None with embeddings: what Keras gives for whole numbers is cut down to whole numbers.
    """
    kind = draw(st.sampled_from(("Dense", "Conv2D")))
    config: dict[str, Any] = {"use_bias": draw(st.booleans())}
    if kind == "Dense":
        shape: tuple[Any, ...] = (None, *draw(st.lists(LENGTHS, max_size=1)), draw(FEW))
        config |= {"units": draw(FEW), "activation": draw(st.sampled_from((None, "relu")))}
    else:
        shape = (None, draw(st.integers(2, 4)), draw(st.integers(2, 4)), draw(FEW))
        config |= {"filters": draw(FEW), "kernel_size": 2}
    return {"layer": serialized(kind, **config)}, [shape], {}


STRATEGIES: dict[str, st.SearchStrategy[Example]] = {
    "TimeDistributed": repeated(),
    "Bidirectional": both_ways(),
    "SpectralNormalization": normalized(),
}
