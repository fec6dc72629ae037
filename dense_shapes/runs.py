"""A Keras layer as a proof runs it: on any inputs, and with any numbers as its weights."""

from __future__ import annotations

import random
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from inspect import Parameter, signature
from typing import Any

import numpy as np

from dense_shapes.errors import ModelError
from dense_shapes.evaluation import Array
from dense_shapes.readers.keras import Place, filled

TOLERANCES = {"float64": 1e-9, "float32": 1e-5}
"""The relative change that counts as a move, by the type in which a layer computes."""
COARSE = 2e-2
"""The same for a layer that computes in 16 bits."""
FAITHFUL = 5e-2
"""How far a copy in 64 bits may be from the layer itself, as a part of the largest value."""


@dataclass(frozen=True)
class Run:
    """A Keras layer or operation with the arguments of one of its calls.

    `integers` are the numbers of the inputs that hold whole numbers, `batch` how many samples it is
    called with, if that is known, and `sizes` how long its axes are. The layer runs through
    `stateless_call`, so that it is never changed, unless it is `copied`.
    """

    label: str
    operation: Any
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    integers: frozenset[int] = frozenset()
    batch: int | None = None
    sizes: frozenset[int] = frozenset()
    copied: bool = False

    def __call__(self, inputs: Sequence[Array], weights: Sequence[Array]) -> list[Array]:
        """The outputs for these inputs, with these numbers as the weights.

        An operation counts the batch among its axes: it is run on just as many samples as it is called
        with, if that is known; otherwise, and with several inputs, on two at the least, and never on as
        many as an axis is long. Keras takes an input with one axis that is longer than one for a bias,
        and adds it along an axis of that length (`add`, keras/src/backend/tensorflow/numpy.py).

        Raises `ModelError` if the layer does not run here.
        """
        count = len(inputs[0])
        if self.is_layer and len(inputs) == 1:
            return self.once(inputs, weights)
        each = self.batch or max(2, count)
        while each in self.sizes and not self.batch:
            each += 1
        found = []
        for start in range(0, count, each):
            places = np.minimum(np.arange(start, start + each), count - 1)
            found.append(self.once([one[places] for one in inputs], weights))
        return [np.concatenate(parts)[:count] for parts in zip(*found, strict=True)]

    def once(self, inputs: Sequence[Array], weights: Sequence[Array]) -> list[Array]:
        """The same in one run."""
        import keras

        try:
            if not self.is_layer:
                output = self.operation(*self.filled(self.args, inputs), **self.named(inputs))
            else:
                if self.copied and hasattr(self.operation, "finalize_state"):
                    self.operation.set_weights(weights)
                    self.operation.finalize_state()
                output, _ = self.operation.stateless_call(
                    *self.state(weights), *self.filled(self.args, inputs), **self.named(inputs)
                )
        except Exception as error:
            said = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
            raise ModelError(
                f"layer {self.label} does not run here, so it cannot be proved: {said}"
            ) from error
        return [
            np.asarray(keras.ops.convert_to_numpy(one), "float64")
            for one in keras.tree.flatten(output)
        ]

    def filled(self, thing: Any, inputs: Sequence[Array]) -> Any:
        """The arguments of the call, with a tensor in each `Place`."""
        import keras

        return filled(
            thing,
            [
                keras.ops.convert_to_tensor(one, "int32" if n in self.integers else self.dtype)
                for n, one in enumerate(inputs)
            ],
        )

    def named(self, inputs: Sequence[Array]) -> dict[str, Any]:
        """The arguments that the call gives by name."""
        return {key: self.filled(it, inputs) for key, it in self.kwargs.items()}

    def state(self, weights: Sequence[Array]) -> tuple[list[Any], list[Any]]:
        """The variables as `stateless_call` takes them, with these numbers for the weights."""
        import keras

        given = {
            id(variable): keras.ops.convert_to_tensor(weight, variable.dtype)
            for variable, weight in zip(self.operation.weights, weights, strict=True)
        }
        trainable, others = (
            [given.get(id(variable), variable.value) for variable in variables]
            for variables in (
                self.operation.trainable_variables,
                self.operation.non_trainable_variables,
            )
        )
        return trainable, others

    @property
    def is_layer(self) -> bool:
        """Whether it is a layer, and not an operation of `keras.ops`."""
        import keras

        return isinstance(self.operation, keras.Layer)

    @property
    def dtype(self) -> str:
        """The type of its numbers."""
        return str(self.operation.variable_dtype) if self.is_layer else "float64"

    @property
    def tolerance(self) -> float:
        """The relative change that is more than rounding, in the type in which it computes."""
        return TOLERANCES.get(self.dtype, COARSE)

    @cached_property
    def weights(self) -> list[Array]:
        """The numbers that it has now."""
        held = self.operation.get_weights() if self.is_layer else []
        return [np.asarray(weight, "float64") for weight in held]

    def precise(self, inputs: Sequence[Array]) -> Run:
        """A copy that computes in 64 bits, or itself if no copy gives the same for these inputs."""
        if self.dtype == "float64":
            return self
        expected = self(inputs, self.weights)
        before = random.getstate()  # Keras draws the seeds of initializers from it
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                config = in_64_bits(self.operation.get_config())
                operation = type(self.operation).from_config(config)
                copy = replace(self, operation=operation, copied=True)
                copy.operation(*copy.filled(self.args, inputs), **copy.named(inputs))
                actual = copy(inputs, self.weights)
        except Exception:
            return self
        finally:
            random.setstate(before)
        faithful = all(map(close, expected, actual))
        return copy if faithful and copy.dtype == "float64" else self


def in_64_bits(config: Any) -> Any:
    """A configuration in which every layer computes in 64 bits.

    >>> in_64_bits({"units": 5, "dtype": "float32", "layer": {"config": {"dtype": None}}})
    {'units': 5, 'dtype': 'float64', 'layer': {'config': {'dtype': 'float64'}}}
    """
    match config:
        case dict():
            return {
                key: "float64" if key == "dtype" else in_64_bits(it) for key, it in config.items()
            }
        case list() | tuple():
            return type(config)(map(in_64_bits, config))
    return config


def close(one: Array, other: Array) -> bool:
    """Whether two tensors are the same but for rounding; where one overflows the other may too."""
    sound = np.isfinite(one) & np.isfinite(other)
    gap = np.abs(one - other)[sound].max(initial=0.0)
    return bool(gap <= FAITHFUL * np.abs(other)[sound].max(initial=1e-30))


def arguments(operation: Any, count: int) -> list[Any]:
    """The arguments of a call with so many inputs and nothing else: one list where one is taken."""
    places: list[Any] = [Place(number) for number in range(count)]
    parameters = signature(operation.call).parameters.values()
    plain = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    required = [it for it in parameters if it.default is Parameter.empty and it.kind in plain]
    return [places] if count > 1 and len(required) == 1 else places


def states(operation: Any) -> list[tuple[int, ...]]:
    """The shape of each state that a recurrence may be given to start from, without the batch."""
    halves = [getattr(operation, name, None) for name in ("forward_layer", "backward_layer")]
    if all(halves):
        return [shape for half in halves for shape in states(half)]
    get = getattr(operation, "get_initial_state", None)
    if get is None or "initial_state" not in signature(operation.call).parameters:
        return []
    found = get(batch_size=1)
    plain = all(hasattr(state, "shape") for state in found)
    return [tuple(map(int, state.shape[1:])) for state in found] if plain else []
