"""`evaluate` against loops written out by hand."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from dense_shapes.axes import Parts, Past, Window
from dense_shapes.cells import box_of
from dense_shapes.evaluation import Array, NotWorkedOut, evaluate
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
    if data_format == "channels_first" and places(case)[1] == filters:
        case = case._replace(
            use_bias=False
        )  # Keras adds it along the columns then: nothing is claimed
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


# Every other way to combine, in loops


def worked_out(step: Step, *inputs: Array, **weights: Array) -> Array:
    """What `evaluate` makes of a step, which must have the shape that the step says."""
    found = evaluate(step, inputs, weights, {})
    assert found.shape == (BATCH, *step.output.shape[1:])
    return found


def close(found: Array, expected: Any) -> bool:
    return bool(np.allclose(found, np.asarray(expected, "float64"), rtol=1e-12, atol=1e-12))


STEPS, OTHER = Value((None, 5, 2), ("b", "t", "c")), Value((None, 5, 2), ("b", "t", "c"), 1)
REDUCTIONS: dict[By, Callable[[list[float]], float]] = {
    By.SUM: sum,
    By.MEAN: lambda some: sum(some) / len(some),
    By.MAX: max,
    By.MIN: min,
}


@pytest.mark.parametrize("by", REDUCTIONS)
def test_a_window_is_reduced_without_its_padding(by: By) -> None:
    """Windows of three in steps of two, with one cell of padding at each end: 3 places on 5 cells."""
    x, window = numbers(BATCH, 5, 2), Window(3, stride=2, before=1, after=1)
    step = only_step(apply("b t c -> b t' c", STEPS, by=by, t=window))
    found = worked_out(step, x)
    for n, place, c in np.ndindex(found.shape):
        seen = [float(x[n, t, c]) for t in range(2 * place - 1, 2 * place + 2) if 0 <= t < 5]
        assert found[n, place, c] == pytest.approx(REDUCTIONS[by](seen))


@pytest.mark.parametrize("by", REDUCTIONS)
@pytest.mark.parametrize("count", [1, 2, 3, 5, 7])
def test_parts_are_reduced(by: By, count: int) -> None:
    x = numbers(BATCH, 5, 2)
    found = worked_out(only_step(apply("b t c -> b t' c", STEPS, by=by, t=Parts(count))), x)
    for n, place, c in np.ndindex(found.shape):
        first, stop = place * 5 // count, -(-(place + 1) * 5 // count)
        expected = REDUCTIONS[by]([float(it) for it in x[n, first:stop, c]])
        assert found[n, place, c] == pytest.approx(expected)


@pytest.mark.parametrize("by", REDUCTIONS)
def test_what_a_place_has_seen_is_reduced(by: By) -> None:
    x = numbers(BATCH, 5, 2)
    found = worked_out(only_step(apply("b t c -> b t' c", STEPS, by=by, t=Past())), x)
    back = worked_out(only_step(apply("b t c -> b t' c", STEPS, by=by, t=Past(turned=True))), x)
    for n, place, c in np.ndindex(found.shape):
        assert found[n, place, c] == pytest.approx(REDUCTIONS[by](list(x[n, : place + 1, c])))
        assert back[n, place, c] == pytest.approx(REDUCTIONS[by](list(x[n, 4 - place :, c])))


@pytest.mark.parametrize("by", REDUCTIONS)
def test_all_the_inputs_are_reduced_together(by: By) -> None:
    """Over the time of the first input, of the second, and of one that has no time."""
    x, y, z = numbers(BATCH, 5, 2), 2 * numbers(BATCH, 3, 2), 3 * numbers(BATCH, 2)
    values = STEPS, Value((None, 3, 2), ("b", "s", "c"), 1), Value((None, 2), ("b", "c"), 2)
    found = worked_out(only_step(apply("b t c, b s c, b c -> b c", *values, by=by)), x, y, z)
    for n, c in np.ndindex(found.shape):
        expected = REDUCTIONS[by]([*x[n, :, c], *y[n, :, c], float(z[n, c])])
        assert found[n, c] == pytest.approx(expected)


@pytest.mark.parametrize("by", [By.SUM, By.MAX, By.SUBTRACT, By.DIVIDE, By.MULTIPLY, By.MEAN])
def test_an_axis_of_size_one_is_repeated(by: By) -> None:
    x, y = numbers(BATCH, 5, 2), numbers(BATCH, 1, 2)
    one = Value((None, 1, 2), ("b", "t", "c"), 1)
    found = worked_out(only_step(apply("b t c, b 1 c -> b t c", STEPS, one, by=by)), x, y)
    for n, t, c in np.ndindex(found.shape):
        a, b = float(x[n, t, c]), float(y[n, 0, c])
        expected = {
            By.SUM: a + b,
            By.MAX: max(a, b),
            By.SUBTRACT: a - b,
            By.DIVIDE: a / b,
            By.MULTIPLY: a * b,
            By.MEAN: (a + b) / 2,
        }[by]
        assert found[n, t, c] == pytest.approx(expected)


@pytest.mark.parametrize("by", [By.SUM, By.MULTIPLY])
def test_axes_that_one_input_alone_has_are_set_side_by_side(by: By) -> None:
    x, y = numbers(BATCH, 5, 2), numbers(BATCH, 3, 2)
    values = STEPS, Value((None, 3, 2), ("b", "s", "c"), 1)
    found = worked_out(only_step(apply("b t c, b s c -> b s t c", *values, by=by)), x, y)
    for n, s, t, c in np.ndindex(found.shape):
        a, b = x[n, t, c], y[n, s, c]
        assert found[n, s, t, c] == pytest.approx(a + b if by is By.SUM else a * b)


TRANSPOSED = [
    Window(3, stride=2),
    Window(2, stride=3),
    Window(2, stride=2, dilation=2),
    Window(3, before=1, after=1),
    Window(3, stride=2, before=1, after=-1),
]


@pytest.mark.parametrize("window", TRANSPOSED, ids=str)
def test_transposed_convolution(window: Window) -> None:
    """Each place of the input puts its window into the output, where they are added up."""
    x, kernel, bias = numbers(BATCH, 4, 2), numbers(window.size, 3, 2), numbers(3)
    assert window.before is not None
    assert window.after is not None
    length = window.stride * 3 + window.dilation * (window.size - 1) + 1
    length -= window.before + window.after
    expected = np.zeros((BATCH, length, 3)) + bias
    for n, place, tap, f, c in np.ndindex(BATCH, 4, window.size, 3, 2):
        at = window.stride * place + window.dilation * tap - window.before
        if 0 <= at < length:
            expected[n, at, f] += x[n, place, c] * kernel[tap, f, c]
    value = Value((None, 4, 2), ("b", "t", "c"))
    facts: dict[str, Any] = {"kernel": "kt f c", "bias": "f", "f": 3, "t": window}
    step = only_step(apply("b t' c -> b t f", value, **facts))
    assert close(worked_out(step, x, kernel=kernel, bias=bias), expected)


def test_up_sampling() -> None:
    x = numbers(BATCH, 2, 3, 1)
    value = Value((None, 2, 3, 1), ("b", "h", "w", "c"))
    h, w = Window(2, stride=2), Window(3, stride=3)
    step = only_step(apply("b h' w' c -> b h w c", value, by=By.COPY, h=h, w=w))
    assert close(worked_out(step, x), x.repeat(2, axis=1).repeat(3, axis=2))


@pytest.mark.parametrize(("before", "after"), [(1, 2), (-1, -2), (2, -1), (-2, 1)])
def test_zeros_are_put_to_an_axis_and_places_cut_off(before: int, after: int) -> None:
    x = numbers(BATCH, 5, 2)
    window = Window(1, before=before, after=after)
    step = only_step(apply("b t c -> b t' c", STEPS, by=By.COPY, t=window))
    padded = np.pad(x, [(0, 0), (max(before, 0), max(after, 0)), (0, 0)])
    start = max(-before, 0)
    stop = padded.shape[1] - max(-after, 0)
    assert close(worked_out(step, x), padded[:, start:stop])


def test_an_axis_that_is_turned_round() -> None:
    x = numbers(BATCH, 5, 2)
    turned = Window(1, stride=-1, before=-4)
    step = only_step(apply("b t c -> b t' c", STEPS, by=By.COPY, t=turned))
    assert close(worked_out(step, x), x[:, ::-1])


def test_a_convolution_of_cut_off_places() -> None:
    x, kernel = numbers(BATCH, 5, 2), numbers(2, 2, 1)
    window = Window(2, before=-1, after=1)
    step = only_step(apply("b t c -> b t' f", STEPS, kernel="kt c f", f=1, t=window))
    padded = np.pad(x, [(0, 0), (0, 1), (0, 0)])[:, 1:]
    expected = [[[(row[t : t + 2] * kernel[..., 0]).sum()] for t in range(4)] for row in padded]
    assert close(worked_out(step, x, kernel=kernel), expected)


def test_inputs_laid_end_to_end() -> None:
    sizes = (2, 0, 3)
    arrays = [numbers(BATCH, 5, size) + size for size in sizes]
    values = [Value((None, 5, size), ("b", "t", "c"), n) for n, size in enumerate(sizes)]
    step = only_step(apply("b t p, b t q, b t r -> b t (p + q + r)", *values, by=By.COPY))
    assert close(worked_out(step, *arrays), np.concatenate(arrays, -1))


def test_inputs_laid_end_to_end_and_merged() -> None:
    x, y = numbers(BATCH, 2, 3), numbers(BATCH, 2, 2)
    values = Value((None, 2, 3), ("b", "t", "c")), Value((None, 2, 2), ("b", "t", "c"), 1)
    signature = "b t p, b t q -> b (p + q) t"
    found = worked_out(only_step(apply(signature, *values, by=By.COPY)), x, y)
    assert close(found, np.concatenate([x, y], -1).transpose(0, 2, 1))


def test_an_axis_that_nothing_has_is_repeated() -> None:
    x = numbers(BATCH, 2)
    step = only_step(apply("b c -> b n c", Value((None, 2), ("b", "c")), by=By.COPY, n=3))
    assert close(worked_out(step, x), np.stack([x, x, x], 1))


def test_what_is_looked_up() -> None:
    words, table = np.array([[0, 3, 1], [2, 2, 4]], "float64"), numbers(5, 2)
    value = Value((None, 3), ("b", "t"))
    facts: dict[str, Any] = {"embeddings": "word vector", "word": 5, "vector": 2}
    step = only_step(apply("b t -> b t vector", value, by=By.LOOKUP, **facts))
    found = worked_out(step, words, embeddings=table)
    for n, t in np.ndindex(words.shape):
        assert (found[n, t] == table[int(words[n, t])]).all()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("exponential", np.exp),
        ("square", lambda x: x * x),
        ("abs", lambda x: np.where(x < 0, -x, x)),
        ("negative", lambda x: 0 - x),
        ("reciprocal", lambda x: x**-1),
        ("sin", np.sin),
        ("cos", np.cos),
        ("× 0.5", lambda x: x / 2),
        ("+ -3", lambda x: x - 3),
        ("^ 2", lambda x: x * x),
        ("at most 0.5", lambda x: np.where(x > 0.5, 0.5, x)),
        ("at least 0.5", lambda x: np.where(x < 0.5, 0.5, x)),
    ],
)
def test_a_function_of_one_value(name: str, expected: Callable[[Array], Array]) -> None:
    x = numbers(BATCH, 5, 2)
    step = only_step(apply("... -> ...", STEPS, by=By.MAP, function=name))
    assert close(worked_out(step, x), expected(x))


def test_functions_with_weights() -> None:
    x, gamma, beta = numbers(BATCH, 5, 2), numbers(2), numbers(2) + 1

    def found(function: str, **weights: Array) -> Array:
        facts: dict[str, Any] = dict.fromkeys(weights, "c")
        step = only_step(apply("b t c -> b t c", STEPS, by=By.MAP, function=function, **facts))
        return worked_out(step, x, **weights)

    assert close(found("scale and shift", gamma=gamma, beta=beta), x * gamma + beta)
    assert close(found("scale", gamma=gamma), x * gamma)
    assert close(found("shift", beta=beta), x + beta)
    assert close(found("prelu", alpha=gamma), np.where(x > 0, x, gamma * x))
    centred = (x - beta) / np.sqrt(gamma**2 + 0.001)
    kept = {"moving_mean": beta, "moving_variance": gamma**2}
    name = "batch normalization, ε = 0.001"
    assert close(found(name, **kept), centred)
    assert close(found(name, gamma=gamma, beta=beta, **kept), centred * gamma + beta)
    assert close(found("normalization", mean=beta, variance=gamma**2), (x - beta) / np.abs(gamma))


@pytest.mark.parametrize(
    "value",
    [
        apply("... -> ...", STEPS, by=By.MAP, function="a function of its own"),
        apply("... -> ...", STEPS, by=By.MAP),
        apply("..., ... -> ...", STEPS, OTHER, by=By.MAP, function="square"),
        apply("b t c -> b t", STEPS, by=By.MAP, function="square"),
        apply("b t c -> b t' c", STEPS, by=By.MAP, function="square", t=Window(2)),
        apply("b t c -> b t c", STEPS, by=By.MAP, function="square", gamma="c"),
        apply("b t c -> b u", STEPS, by=By.RECUR, kernel="c u", u=2),
        apply("..., ... -> ...", STEPS, OTHER, by=By.COPY),
        apply("b t c, b t d -> b t (c + d)", STEPS, OTHER, by=By.SUM),
        apply("... -> ...", STEPS, by=By.DIVIDE),
    ],
    ids=lambda value: f"{value.source.by.value} {value.source.signature.write()}",
)
def test_what_is_not_worked_out(value: Value) -> None:
    step = only_step(value)
    weights = {
        weight.name: np.ones([size or 0 for size in weight.shape]) for weight in step.weights
    }
    with pytest.raises(NotWorkedOut):
        evaluate(step, [numbers(BATCH, 5, 2)] * len(step.inputs), weights, {})


@pytest.mark.parametrize("name", ["end to end", "spread", "parts", "mean", "largest", "divide"])
def test_the_outputs_that_move_are_those_that_read_the_cell(name: str) -> None:
    """The reads of a step and its values are two views of one signature: they must agree."""
    values: dict[str, Value] = {
        "end to end": apply("b t p, b t q -> b t (p + q)", STEPS, OTHER, by=By.COPY),
        "spread": apply(
            "b t' c -> b t f", STEPS, t=Window(3, stride=2), f=2, kernel="kt f c", bias="f"
        ),
        "parts": apply("b t c -> b t' c", STEPS, by=By.MEAN, t=Parts(3)),
        "mean": apply("b t c, b t c -> b t", STEPS, OTHER, by=By.MEAN),
        "largest": apply("b t c -> b t' c", STEPS, by=By.MAX, t=Window(3, before=1, after=1)),
        "divide": apply("b t c, b t c -> b t c", STEPS, OTHER, by=By.DIVIDE),
    }
    step = only_step(values[name])
    arrays = [numbers(1, 5, 2) + n + 2 for n in range(len(step.inputs))]
    weights = {it.name: numbers(*(size or 0 for size in it.shape)) for it in step.weights}
    before = evaluate(step, arrays, weights, {})
    for number, array in enumerate(arrays):
        for cell in np.ndindex(array.shape[1:]):
            changed = array.copy()
            changed[(0, *cell)] += 1e6
            others = [changed if n == number else it for n, it in enumerate(arrays)]
            moved = evaluate(step, others, weights, {}) != before
            for at in np.ndindex(before.shape[1:]):
                [reads] = step.reads(box_of(at))
                assert moved[(0, *at)] == (cell in reads.of(number))
