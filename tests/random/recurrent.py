"""Random recurrences.

The states with which a layer begins are its inputs after the first; Keras takes them as its second
argument: `layer(*arguments_of(config, tensors))`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from dense_shapes.rules.gates import serialized
from tests.random import Example

FEW = st.integers(1, 3)
CELLS = ("SimpleRNNCell", "LSTMCell", "GRUCell")
FUNCTIONS = st.sampled_from(("tanh", "elu", "linear", "softmax"))


def arguments_of(config: dict[str, Any], tensors: Sequence[Any]) -> list[Any]:
    """What a recurrent layer is called with: the sequence, and the states if there are any.

    Those of several cells are put into a list for each.
    """
    first, *states = tensors
    inner = config.get("cell") or {"class_name": "StackedRNNCells", "config": config}
    if inner["class_name"] == "StackedRNNCells" and "cells" in inner["config"]:
        counts = [1 + (it["class_name"] == "LSTMCell") for it in inner["config"]["cells"]]
        rest = iter(states)
        states = [[next(rest) for _ in range(count)] for count in counts] if states else []
    return [first, states] if states else [first]


@st.composite
def cell_configs(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    """The configuration of a cell."""
    config: dict[str, Any] = {"units": draw(FEW), "use_bias": draw(st.booleans())}
    if draw(st.booleans()):
        config["activation"] = draw(FUNCTIONS)
    if kind == "GRUCell":
        config["reset_after"] = draw(st.booleans())
    return config


@st.composite
def layer_options(draw: st.DrawFn) -> dict[str, Any]:
    """What every recurrent layer may be told."""
    keys = ("return_sequences", "return_state", "go_backwards")
    return {key: draw(st.booleans()) for key in keys}


def states_of(cells: Sequence[tuple[str, dict[str, Any]]]) -> list[tuple[None, int]]:
    """The shapes of the states of cells."""
    return [
        (None, config["units"]) for kind, config in cells for _ in range(1 + (kind == "LSTMCell"))
    ]


@st.composite
def layers(draw: st.DrawFn, kind: str) -> Example:
    """A recurrent layer, which begins with given states at times."""
    config = draw(cell_configs(kind))
    shapes: list[Any] = [(None, draw(st.integers(1, 4) | st.none()), draw(FEW))]
    if draw(st.booleans()):
        shapes += states_of([(kind, config)])
    return {**config, **draw(layer_options())}, shapes, {}


@st.composite
def stacks(draw: st.DrawFn) -> list[tuple[str, dict[str, Any]]]:
    """One to three cells."""
    kinds = draw(st.lists(st.sampled_from(CELLS), min_size=1, max_size=3))
    return [(kind, draw(cell_configs(kind))) for kind in kinds]


@st.composite
def of_cells(draw: st.DrawFn) -> Example:
    """An RNN of a cell, or of several."""
    cells = draw(stacks())
    one = [serialized(kind, **config) for kind, config in cells]
    single = len(one) == 1
    cell = one[0] if single else serialized("StackedRNNCells", cells=one)
    shapes: list[Any] = [(None, draw(st.integers(1, 4) | st.none()), draw(FEW))]
    if draw(st.booleans()):
        shapes += states_of(cells)
    return {"cell": cell, **draw(layer_options())}, shapes, {}


@st.composite
def single_cells(draw: st.DrawFn, kind: str) -> Example:
    """A cell that is called as a layer."""
    config = draw(cell_configs(kind))
    return config, [(None, draw(FEW)), *states_of([(kind, config)])], {}


@st.composite
def stacked_cells(draw: st.DrawFn) -> Example:
    """Several cells that are called as a layer."""
    cells = draw(stacks())
    config = {"cells": [serialized(kind, **it) for kind, it in cells]}
    return config, [(None, draw(FEW)), *states_of(cells)], {}


@st.composite
def convolutions(draw: st.DrawFn, rank: int) -> Example:
    """A convolutional LSTM; the window fits on every axis."""
    strides = draw(st.integers(1, 2))
    first = draw(st.booleans())
    config: dict[str, Any] = {
        "filters": draw(FEW),
        "kernel_size": draw(st.integers(1, 2) | st.tuples(*[st.integers(1, 2)] * rank)),
        "strides": strides,
        "dilation_rate": 1 if strides > 1 else draw(st.integers(1, 2)),
        "padding": draw(st.sampled_from(("valid", "same"))),
        "data_format": "channels_first"
        if first
        else draw(st.sampled_from((None, "channels_last"))),
        "use_bias": draw(st.booleans()),
        **draw(layer_options()),
    }
    sizes, channels = [draw(st.integers(3, 5 if rank < 3 else 3)) for _ in range(rank)], draw(FEW)
    frame = (channels, *sizes) if first else (*sizes, channels)
    return config, [(None, draw(st.integers(1, 3) | st.none()), *frame)], {}


STRATEGIES: dict[str, st.SearchStrategy[Example]] = {
    "SimpleRNN": layers("SimpleRNNCell"),
    "LSTM": layers("LSTMCell"),
    "GRU": layers("GRUCell"),
    "RNN": of_cells(),
    **{kind: single_cells(kind) for kind in CELLS},
    "StackedRNNCells": stacked_cells(),
    **{f"ConvLSTM{rank}D": convolutions(rank) for rank in (1, 2, 3)},
}
