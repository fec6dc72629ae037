"""Rules for the recurrent layers and their cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from dense_shapes.axes import Past, Size, Window
from dense_shapes.errors import ShapeError
from dense_shapes.rules.book import (
    Closed,
    Config,
    Result,
    Stored,
    is_trained,
    layer_of,
    named,
    rule,
)
from dense_shapes.rules.gates import Cell, cell_of, cells_of, dealt, lstm_step, one_step, serialized
from dense_shapes.steps import By, Value, Weight, apply

MIXING = "its activation may look at several units of a place at once"
"""Why the reads of a cell are not said whose activation is not a function of one number."""
RESET = "the reset gate of every unit is applied before the kernel, at the first place too"
"""Why the reads of the first place of `GRU(reset_after=False)` are not said."""
CARRY = "the carry of a single place does not read the output gate"
"""Why the reads of the carry of an LSTM over one place are not said."""


@rule("SimpleRNN", example={"units": 2}, shapes=[(None, 3, 2)])
def simple_rnn(config: Config, x: Value, *states: Value, initial_state: Any = ()) -> Result:
    """Each place reads its own features and what came out at the place before, with the same weights.

    Source: keras/src/layers/rnn/simple_rnn.py
    """
    return recurrence(config, [cell_of("SimpleRNNCell", config)], x, [states, initial_state])


@rule("LSTM", example={"units": 2}, shapes=[(None, 3, 2)])
def lstm(config: Config, x: Value, *states: Value, initial_state: Any = ()) -> Result:
    """A recurrence that carries a second state; four gates say what is kept, added and shown.

    Source: keras/src/layers/rnn/lstm.py
    """
    return recurrence(config, [cell_of("LSTMCell", config)], x, [states, initial_state])


@rule("GRU", example={"units": 2}, shapes=[(None, 3, 2)])
def gru(config: Config, x: Value, *states: Value, initial_state: Any = ()) -> Result:
    """A recurrence with two gates, which say how much of the last output is used and how much kept.

    Source: keras/src/layers/rnn/gru.py
    """
    return recurrence(config, [cell_of("GRUCell", config)], x, [states, initial_state])


@rule(
    "RNN",
    example={"cell": serialized("GRUCell", units=2)},
    shapes=[(None, 3, 2)],
)
def rnn(config: Config, x: Value, *states: Value, initial_state: Any = ()) -> Result:
    """A recurrence of a cell, or of cells each of which takes what the one before gives.

    Source: keras/src/layers/rnn/rnn.py
    """
    cells = cells_of(config["cell"])
    return trained(recurrence(config, cells, x, [states, initial_state]), cells)


def recurrence(config: Config, cells: Sequence[Cell], x: Value, states: Any) -> Result:
    """The outputs of a recurrent layer: its output, and the last states if it returns them."""
    if len(x.shape) != 3:
        raise ShapeError(
            f"a recurrence expects 3 axes (batch, time, features), and received {len(x.shape)}: "
            f"{x.shape}"
        )
    begun = dealt(cells, states)
    sequences, stated = bool(config.get("return_sequences")), bool(config.get("return_state"))
    past = Past(turned=bool(config.get("go_backwards")))
    y, last, ends = x, len(cells) - 1, list[Value]()
    for number, (cell, before) in enumerate(zip(cells, begun, strict=True)):
        every = sequences or number < last
        rows = stated and cell.states > 1
        made = recurred(cell, y, before, past=past if every else None, rows=rows)
        final = ended(made) if every else made
        if stated:
            ends += [row(final, at) for at in (0, 1)] if rows else [final]
        y, past = row(made, 0) if rows else made, Past()
    outputs = (y, *ends)
    why = unsaid(cells, x.shape[1], sequences=sequences, stated=stated)
    if why == CARRY and all(begun):
        return one_place(cells, x, states, sequences=sequences)
    return Closed(why, outputs, layer_of("", "", (), outputs).weights) if why else outputs


def unsaid(cells: Sequence[Cell], length: Size, *, sequences: bool, stated: bool) -> str:
    """Why what the cells of a layer read is not said; empty if it is."""
    if any(cell.mixes for cell in cells):
        return MIXING
    if any(cell.resets_first for cell in cells) and (sequences or length == 1 or len(cells) > 1):
        return RESET
    carries = stated and length == 1 and any(cell.states > 1 for cell in cells)
    return CARRY if carries else ""


def one_place(cells: Sequence[Cell], x: Value, states: Any, *, sequences: bool) -> Result:
    """The outputs of a recurrence over one place, gate by gate."""
    result = stepped(cells, apply("b 1 feature -> b feature", x, by=By.COPY), states)
    if not isinstance(result, tuple) or not sequences:
        return result
    return (apply("b unit -> b 1 unit", result[0], by=By.COPY), *result[1:])


def recurred(
    cell: Cell, x: Value, states: Sequence[Value], *, past: Past | None, rows: bool = False
) -> Value:
    """What a cell makes of a sequence: at every place if it has a past, or at the last alone.

    With `rows`, both states of the cell: what it shows, and what it carries.
    """
    begun = ", ".join(["", "b before", "b unit"][: len(states) + 1])
    time = "t' " if past else ""
    signature = f"b t feature{begun} -> b {time}{'state ' if rows else ''}unit"
    facts: dict[str, Any] = {**cell.facts, "t": past, "state": 2 if rows else None}
    return apply(signature, x, *states, by=By.RECUR, **facts)


def ended(sequence: Value) -> Value:
    """The last place of a sequence."""
    length = sequence.shape[1]
    window = Window(1, before=None if length is None else 1 - length)
    last = apply("b t ... -> b t' ...", sequence, by=By.COPY, t=window)
    return apply("b 1 ... -> b ...", last, by=By.COPY)


def row(states: Value, number: int) -> Value:
    """One of the two states of a cell."""
    window = Window(1, before=-number, after=number - 1)
    one = apply("... state unit -> ... state' unit", states, by=By.COPY, state=window)
    return apply("... 1 unit -> ... unit", one, by=By.COPY)


@rule("SimpleRNNCell", example={"units": 2}, shapes=[(None, 3), (None, 2)])
def simple_rnn_cell(config: Config, x: Value, *given: Value, states: Any = ()) -> Result:
    """One place of a recurrence: its features and the state before make the output and the new state.

    Source: keras/src/layers/rnn/simple_rnn.py
    """
    return stepped([cell_of("SimpleRNNCell", config)], x, [given, states])


@rule("LSTMCell", example={"units": 2}, shapes=[(None, 3), (None, 2), (None, 2)])
def lstm_cell(config: Config, x: Value, *given: Value, states: Any = ()) -> Result:
    """One place of an LSTM: the output, and the two new states, the first of which is the output.

    Source: keras/src/layers/rnn/lstm.py
    """
    return stepped([cell_of("LSTMCell", config)], x, [given, states])


@rule("GRUCell", example={"units": 2}, shapes=[(None, 3), (None, 2)])
def gru_cell(config: Config, x: Value, *given: Value, states: Any = ()) -> Result:
    """One place of a GRU: its features and the state before make the output and the new state.

    Source: keras/src/layers/rnn/gru.py
    """
    return stepped([cell_of("GRUCell", config)], x, [given, states])


@rule(
    "StackedRNNCells",
    example={"cells": [serialized("SimpleRNNCell", units=2)] * 2},
    shapes=[(None, 3), (None, 2), (None, 2)],
)
def stacked_rnn_cells(config: Config, x: Value, *given: Value, states: Any = ()) -> Result:
    """One place of several cells, each of which takes what the one before gives.

    Source: keras/src/layers/rnn/stacked_rnn_cells.py
    """
    cells = cells_of(list(config["cells"]))
    return trained(stepped(cells, x, [given, states]), cells)


def trained(result: Result, cells: Sequence[Cell]) -> Result:
    """The result of cells of which some may not be trained."""
    still = tuple(cell.prefix for cell in cells if not is_trained(cell.kind, cell.config))
    layer = layer_of("", "", (), result)
    if not still:
        return result
    weights = tuple(
        replace(it, trainable=it.trainable and not it.name.startswith(still))
        for it in layer.weights
    )
    if isinstance(result, Closed):
        return replace(result, weights=weights)
    return Stored(layer.outputs, weights)


def stepped(cells: Sequence[Cell], x: Value, states: Any) -> Result:
    """The output of cells at one place, and their new states."""
    y, ends = x, list[Value]()
    for cell, before in zip(cells, dealt(cells, states), strict=True):
        if not before:
            raise ShapeError(
                f"a cell takes its states ({cell.states}) as its second input, and received none"
            )
        new = lstm_step(cell, y, *before) if cell.states > 1 else (one_step(cell, y, *before),)
        y = new[0]
        ends += new
    outputs = (y, *ends)
    reasons = [MIXING] * any(cell.mixes for cell in cells)
    reasons += [RESET] * any(cell.resets_first for cell in cells)
    if reasons:
        return Closed(reasons[0], outputs, layer_of("", "", (), outputs).weights)
    return outputs


@rule("ConvLSTM1D", example={"filters": 2, "kernel_size": 2}, shapes=[(None, 3, 4, 1)])
def conv_lstm1d(config: Config, x: Value, *states: Value, initial_state: Any = ()) -> Closed:
    """An LSTM whose gates are convolutions over one axis.

    Source: keras/src/layers/rnn/conv_lstm.py
    """
    return conv_lstm(config, x, 1)


@rule("ConvLSTM2D", example={"filters": 2, "kernel_size": 2}, shapes=[(None, 3, 4, 4, 1)])
def conv_lstm2d(config: Config, x: Value, *states: Value, initial_state: Any = ()) -> Closed:
    """An LSTM whose gates are convolutions over rows and columns.

    Source: keras/src/layers/rnn/conv_lstm.py
    """
    return conv_lstm(config, x, 2)


@rule("ConvLSTM3D", example={"filters": 1, "kernel_size": 2}, shapes=[(None, 2, 3, 3, 3, 1)])
def conv_lstm3d(config: Config, x: Value, *states: Value, initial_state: Any = ()) -> Closed:
    """An LSTM whose gates are convolutions over three axes.

    Source: keras/src/layers/rnn/conv_lstm.py
    """
    return conv_lstm(config, x, 3)


def conv_lstm(config: Config, x: Value, rank: int) -> Closed:
    """The shapes and weights of a convolutional LSTM over so many axes.

    Raises `ShapeError` if the input has another rank, or an axis to slide over of unknown size.
    """
    if len(x.shape) != rank + 3:
        raise ShapeError(
            f"ConvLSTM{rank}D expects {rank + 3} axes (batch, time, {rank} to slide over, channels), "
            f"and received {len(x.shape)}: {x.shape}"
        )
    first = config.get("data_format") == "channels_first"
    spatial, channels = (x.shape[3:], x.shape[2]) if first else (x.shape[2:-1], x.shape[-1])
    if None in spatial:
        raise ShapeError(f"ConvLSTM{rank}D needs to know the sizes it slides over: {x.shape}")
    taps, strides, dilations = (
        [it] * rank if isinstance(it := config.get(key, 1), int) else list(it)
        for key in ("kernel_size", "strides", "dilation_rate")
    )
    make = Window.same if config.get("padding") == "same" else lambda _, *facts: Window(*facts)
    windows = map(make, spatial, taps, strides, dilations)
    sizes = [window.slide(size) for window, size in zip(windows, spatial, strict=True)]
    filters = config["filters"]
    frame = (filters, *sizes) if first else (*sizes, filters)
    rows = {"kernel": (*taps, channels), "recurrent_kernel": (*taps, filters)}
    if config.get("use_bias", True):
        rows["bias"] = ()
    weights = tuple(Weight(name, (*shape, 4 * filters)) for name, shape in rows.items())
    batch, *between = x.shape[:2] if config.get("return_sequences") else x.shape[:1]
    shapes = [(batch, *between, *frame)] + [(batch, *frame)] * (
        2 * bool(config.get("return_state"))
    )
    outputs = tuple(Value(shape, named(shape), None) for shape in shapes)
    return Closed("the window of a cell grows from place to place", outputs, weights)
