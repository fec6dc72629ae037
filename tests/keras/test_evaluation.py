"""`evaluate` against loops written out by hand."""

from __future__ import annotations

from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from dense_shapes.evaluation import Array, evaluate
from dense_shapes.rules import call
from dense_shapes.steps import By, Step, Value, apply

BATCH = 2


class Convolution(NamedTuple):
    """A convolution to be worked out in loops."""

    size: tuple[int, int] = (5, 6)
    kernel: tuple[int, int] = (2, 3)
    strides: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: str = "valid"
    groups: int = 1
    channels: int = 1
    """Channels of one group."""
    filters: int = 2
    """Filters of one group."""
    use_bias: bool = True


CONVOLUTIONS = [
    Convolution(),
    Convolution(use_bias=False, channels=3),
    Convolution(padding="same"),
    Convolution(padding="same", size=(4, 1), kernel=(3, 4)),
    Convolution(strides=(2, 3)),
    Convolution(strides=(3, 2), padding="same"),
    Convolution(strides=(3, 3), kernel=(1, 2), padding="same"),
    Convolution(dilation=(2, 2)),
    Convolution(dilation=(3, 1), kernel=(3, 2), size=(7, 2)),
    Convolution(dilation=(2, 3), padding="same"),
    Convolution(groups=2),
    Convolution(groups=3, channels=2, filters=1, padding="same"),
    Convolution(groups=2, channels=2, filters=3, strides=(2, 1), padding="same", use_bias=False),
]


def numbers(*shape: int) -> Array:
    return np.random.default_rng(11).normal(size=shape)


def only_step(value: Value) -> Step:
    assert isinstance(value.source, Step)
    return value.source


def padding_before(case: Convolution) -> tuple[int, int]:
    """TensorFlow's own formula for `same`: as many places as strides begin, the odd cell last."""
    if case.padding == "valid":
        return (0, 0)
    before = []
    for length, taps, stride, apart in zip(
        case.size, case.kernel, case.strides, case.dilation, strict=True
    ):
        places = (length + stride - 1) // stride
        total = max((places - 1) * stride + (taps - 1) * apart + 1 - length, 0)
        before.append(total // 2)
    return (before[0], before[1])


def places(case: Convolution) -> tuple[int, int]:
    """How many places the window has along each axis."""
    found = []
    for length, taps, stride, apart in zip(
        case.size, case.kernel, case.strides, case.dilation, strict=True
    ):
        reach = (taps - 1) * apart + 1
        if case.padding == "same":
            found.append((length + stride - 1) // stride)
        else:
            found.append((length - reach) // stride + 1)
    return (found[0], found[1])


def convolved(case: Convolution, x: Array, kernel: Array, bias: Array) -> Array:
    """The convolution, one product at a time."""
    top, left = padding_before(case)
    rows, columns = places(case)
    y = np.zeros((BATCH, rows, columns, case.groups * case.filters))
    for sample, row, column, group in product(
        range(BATCH), range(rows), range(columns), range(case.groups)
    ):
        for number in range(case.filters):
            unit = group * case.filters + number
            total = bias[unit]
            for down, across, channel in product(*map(range, kernel.shape[:3])):
                i = row * case.strides[0] + down * case.dilation[0] - top
                j = column * case.strides[1] + across * case.dilation[1] - left
                if 0 <= i < case.size[0] and 0 <= j < case.size[1]:
                    read = x[sample, i, j, group * case.channels + channel]
                    total += read * kernel[down, across, channel, unit]
            y[sample, row, column, unit] = total
    return y


@pytest.mark.parametrize("case", CONVOLUTIONS, ids=str)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_conv2d(case: Convolution, data_format: str) -> None:
    filters = case.groups * case.filters
    x = numbers(BATCH, *case.size, case.groups * case.channels)
    kernel = numbers(*case.kernel, case.channels, filters)
    bias = numbers(filters) if case.use_bias else np.zeros(filters)
    expected = convolved(case, x, kernel, bias)
    if data_format == "channels_first":
        x, expected = np.moveaxis(x, -1, 1), np.moveaxis(expected, -1, 1)
    config = {
        "filters": filters,
        "kernel_size": case.kernel,
        "strides": case.strides,
        "dilation_rate": case.dilation,
        "padding": case.padding,
        "groups": case.groups,
        "use_bias": case.use_bias,
        "data_format": data_format,
    }
    [step] = call("Conv2D", config, (None, *x.shape[1:])).steps
    weights = {"kernel": kernel, "bias": bias} if case.use_bias else {"kernel": kernel}
    found = evaluate(step, [x], weights, {})
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 1, 4), (2, 3, 2, 1)])
@pytest.mark.parametrize("use_bias", [True, False])
def test_dense(shape: tuple[int, ...], use_bias: bool) -> None:
    units = 4
    x, kernel, bias = numbers(BATCH, *shape), numbers(shape[-1], units), numbers(units)
    expected = np.zeros((BATCH, *shape[:-1], units))
    for place in np.ndindex(BATCH, *shape[:-1]):
        for unit in range(units):
            total = bias[unit] if use_bias else 0.0
            for feature in range(shape[-1]):
                total += x[(*place, feature)] * kernel[feature, unit]
            expected[(*place, unit)] = total
    [step] = call("Dense", {"units": units, "use_bias": use_bias}, (None, *shape)).steps
    weights = {"kernel": kernel, "bias": bias} if use_bias else {"kernel": kernel}
    found = evaluate(step, [x], weights, {})
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("batch", [1, 3, 7])
def test_batch_may_have_any_size(batch: int) -> None:
    x, kernel = numbers(batch, 2, 3), numbers(3, 1)
    [step] = call("Dense", {"units": 1, "use_bias": False}, (None, 2, 3)).steps
    expected = [
        [[sum(x[n, t, i] * kernel[i, 0] for i in range(3))] for t in range(2)] for n in range(batch)
    ]
    np.testing.assert_allclose(evaluate(step, [x], {"kernel": kernel}, {}), expected, atol=1e-12)


def test_copy_merges_axes_with_the_last_one_fastest() -> None:
    x = numbers(BATCH, 2, 3, 4)
    [step] = call("Flatten", {}, (None, 2, 3, 4)).steps
    found = evaluate(step, [x], {}, {})
    for sample, h, w, c in np.ndindex(x.shape):
        assert found[sample, h * 12 + w * 4 + c] == x[sample, h, w, c]


def test_copy_of_channels_first_moves_the_channels_last() -> None:
    x = numbers(BATCH, 4, 2, 3)
    [step] = call("Flatten", {"data_format": "channels_first"}, (None, 4, 2, 3)).steps
    found = evaluate(step, [x], {}, {})
    for sample, c, h, w in np.ndindex(x.shape):
        assert found[sample, h * 12 + w * 4 + c] == x[sample, c, h, w]


def test_sum_adds_up_what_is_contracted() -> None:
    x = numbers(BATCH, 2, 3)
    value = Value((None, 2, 3), ("b", "t", "c"))
    found = evaluate(only_step(apply("b t c -> b c", value, by=By.SUM)), [x], {}, {})
    for sample, c in np.ndindex(BATCH, 3):
        assert found[sample, c] == pytest.approx(sum(x[sample, t, c] for t in range(2)))


def test_divide_spreads_the_divisor() -> None:
    x, total = numbers(BATCH, 2, 3), numbers(BATCH, 2)
    values = Value((None, 2, 3), ("b", "t", "c")), Value((None, 2), ("b", "t"), 1)
    step = only_step(apply("... c, ... -> ... c", *values, by=By.DIVIDE))
    found = evaluate(step, [x, total], {}, {})
    for cell in np.ndindex(x.shape):
        assert found[cell] == pytest.approx(x[cell] / total[cell[:2]])


def test_divide_by_a_cell_of_another_axis_order() -> None:
    x, other = numbers(BATCH, 2, 3), numbers(BATCH, 3, 2)
    values = Value((None, 2, 3), ("b", "t", "c")), Value((None, 3, 2), ("b", "c", "t"), 1)
    step = only_step(apply("b t c, b c t -> b t c", *values, by=By.DIVIDE))
    found = evaluate(step, [x, other], {}, {})
    for n, t, c in np.ndindex(x.shape):
        assert found[n, t, c] == pytest.approx(x[n, t, c] / other[n, c, t])


def test_map_takes_the_function_of_that_name() -> None:
    def doubled(array: NDArray[Any]) -> NDArray[Any]:
        return array * 2

    x = numbers(BATCH, 3)
    value = Value((None, 3), ("b", "c"))
    step = only_step(apply("... -> ...", value, by=By.MAP, function="doubled"))
    assert (evaluate(step, [x], {}, {"doubled": doubled}) == x * 2).all()


def test_product_of_two_inputs() -> None:
    """The scores of attention, in loops."""
    query, key = numbers(BATCH, 2, 3), numbers(BATCH, 4, 3)
    values = Value((None, 2, 3), ("b", "t", "d")), Value((None, 4, 3), ("b", "s", "d"), 1)
    found = evaluate(only_step(apply("b t d, b s d -> b t s", *values)), [query, key], {}, {})
    assert found.shape == (BATCH, 2, 4)
    for n, t, s in np.ndindex(found.shape):
        expected = sum(query[n, t, d] * key[n, s, d] for d in range(3))
        assert found[n, t, s] == pytest.approx(expected)
