"""A step worked out with NumPy, from its signature and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from dense_shapes.axes import Pattern, Window, axes_of
from dense_shapes.steps import By, Step

Array: TypeAlias = NDArray[np.float64]
Functions: TypeAlias = Mapping[str, Callable[[Array], Array]]


def evaluate(
    step: Step, inputs: Sequence[Array], weights: Mapping[str, Array], functions: Functions
) -> Array:
    """The output of a step, as `einsum` over the inputs (seen through their windows) and weights.

    `inputs` have the batch first, of any size; `functions` gives the function of each name.

    >>> from dense_shapes.steps import Value, apply
    >>> x = Value((None, 2, 3), ("b", "t", "feature"))
    >>> step = apply("... in -> ... out", x, kernel="in out", out=1).source
    >>> evaluate(step, [np.ones((1, 2, 3))], {"kernel": np.ones((3, 1))}, {}).tolist()
    [[[3.0], [3.0]]]
    """
    sizes = {**step.sizes, step.batch: len(inputs[0])}
    axes = {name: number for number, name in enumerate(sizes)}
    bound = step.bound

    def known(name: str) -> int:
        size = sizes[name]
        assert size is not None, f"axis {name} has no size"
        return size

    def unmerged(array: Array, pattern: Pattern) -> tuple[Array, list[str]]:
        """The array with an axis of its own for each name."""
        names = [axis.name for axis in axes_of(pattern)]
        return array.reshape([known(name) for name in names]), names

    def operand(array: Array, pattern: Pattern) -> tuple[Array, list[int]]:
        """The array seen through the windows, and the number of each of its axes."""
        array, names = unmerged(array, pattern)
        for name, window in step.windows.items():
            if name in names and f"{name}'" in sizes:
                array = windowed(array, names.index(name), window, known(f"{name}'"))
                names = [f"{name}'" if one == name else one for one in names] + [f"k{name}"]
        return array, [axes[name] for name in names]

    def spread(array: Array, pattern: Pattern) -> Array:
        """The array with the axes of the output, of size one where it has none."""
        array, names = unmerged(array, pattern)
        output = [axis.name for axis in axes_of(bound.output)]
        order = sorted(range(len(names)), key=lambda number: output.index(names[number]))
        shape = [known(name) if name in names else 1 for name in output]
        return array.transpose(order).reshape(shape)

    result = [axes[axis.name] for axis in axes_of(bound.output)]
    match step.by:
        case By.MAP:
            assert step.function is not None
            array = functions[step.function](inputs[0])
        case By.DIVIDE:
            array = spread(inputs[0], bound.inputs[0]) / spread(inputs[1], bound.inputs[1])
        case By.MULTIPLY | By.COPY | By.SUM:
            factors = list(zip(inputs, bound.inputs, strict=True))
            named = [(weights[name], pattern) for name, pattern in bound.weights.items()]
            parts: list[Any] = []
            for one, pattern in factors + named[:1]:
                parts.extend(operand(one, pattern))
            array = np.asarray(np.einsum(*parts, result, optimize=True))
            for one, pattern in named[1:]:
                array = array + spread(one, pattern)
        case _ as never:
            assert_never(never)
    return array.reshape([len(inputs[0]), *(size or 0 for size in step.output.shape[1:])])


def windowed(array: Array, axis: int, window: Window, places: int) -> Array:
    """The array with `axis` turned into the places of a window, and its taps as a new last axis."""
    if window.before is None or window.after is None:
        raise ValueError("the padding of the window is unknown")
    padding = [(0, 0)] * array.ndim
    padding[axis] = (window.before, window.after)
    reach = window.dilation * (window.size - 1) + 1
    views = np.lib.stride_tricks.sliding_window_view(np.pad(array, padding), reach, axis=axis)
    views = views[..., :: window.dilation]
    return np.take(views, range(0, places * window.stride, window.stride), axis=axis)
