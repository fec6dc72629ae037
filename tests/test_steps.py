"""Sizes bound to a signature: shapes, weights, counts, and what a cell reads, held against loops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dense_shapes.axes import Cell, Parts, Past, Shape, Window
from dense_shapes.cells import Box, Cells, box_of, checked
from dense_shapes.errors import CellError, NotationError, ShapeError
from dense_shapes.steps import By, Step, Value, Weight, apply
from tests.profiles import examples

IMAGE = Value((None, 2, 3, 1), ("b", "h", "w", "c"))


def step_of(value: Value) -> Step:
    """The step that made a value."""
    assert isinstance(value.source, Step)
    return value.source


def value_of(shape: Shape) -> Value:
    """A value whose axes have plain names."""
    return Value(shape, tuple(f"axis{number}" for number in range(len(shape))))


def arithmetic(formula: str) -> int:
    """The number that a formula comes to."""
    return int(eval(formula.replace("×", "*"), {}))


def shapes_of(step: Step) -> dict[str, Shape]:
    """The shape of each weight."""
    return {weight.name: weight.shape for weight in step.weights}


def dense(shape: Shape, units: int, *, bias: bool = True) -> Step:
    """A dense layer as a step."""
    given_bias = "out" if bias else None
    return step_of(
        apply("... in -> ... out", value_of(shape), kernel="in out", bias=given_bias, out=units)
    )


def test_a_dense_step_changes_the_last_axis_alone() -> None:
    step = dense((None, 2, 3, 1), 5)
    assert step.output.shape == (None, 2, 3, 5)
    assert shapes_of(step) == {"kernel": (1, 5), "bias": (5,)}
    assert step.params == 1 * 5 + 5
    assert step.formula == "(1 + 1) × 5"
    assert step.macs == 2 * 3 * 1 * 5
    assert step.shared == 2 * 3


def test_a_dense_step_without_bias() -> None:
    step = dense((None, 4), 5, bias=False)
    assert shapes_of(step) == {"kernel": (4, 5)}
    assert (step.params, step.formula, step.macs, step.shared) == (4 * 5, "4 × 5", 4 * 5, 1)


def test_a_dense_step_over_an_axis_of_unknown_size() -> None:
    step = dense((None, None, 3), 5)
    assert step.output.shape == (None, None, 5)
    assert step.params == (3 + 1) * 5
    assert step.macs is None
    assert step.shared is None


def test_the_number_of_parameters_is_unknown_where_a_weight_has_an_unknown_size() -> None:
    assert dense((None, 2, None), 5).params is None


DENSE_SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=4)


@settings(max_examples=examples(60))
@given(DENSE_SHAPES, st.integers(1, 4), st.data())
def test_a_dense_cell_reads_what_its_loop_touches(
    sizes: list[int], units: int, data: st.DataObject
) -> None:
    step = dense((None, *sizes), units)
    *places, width = sizes
    cell = tuple(data.draw(st.integers(0, size - 1)) for size in (*places, units))
    *place, unit = cell
    terms = [((*place, k), (k, unit)) for k in range(width)]
    [reads] = step.reads(box_of(cell))
    assert set(reads.of(0)) == {x for x, _ in terms}
    assert set(reads.of("kernel")) == {kernel for _, kernel in terms}
    assert list(reads.of("bias")) == [(unit,)]
    assert sorted(step.products(cell)) == sorted(terms)


@settings(max_examples=examples(60))
@given(DENSE_SHAPES, st.integers(1, 4), st.booleans())
def test_dense_counts_follow_from_the_sizes(sizes: list[int], units: int, bias: bool) -> None:
    step = dense((None, *sizes), units, bias=bias)
    assert step.params == sizes[-1] * units + bias * units
    assert step.macs == prod(sizes) * units
    assert arithmetic(step.formula) == step.params


@dataclass(frozen=True)
class Convolution:
    """A convolution in numbers, a pair for the two axes; `channels` and `filters` are of a group."""

    size: tuple[int, int]
    groups: int
    channels: int
    filters: int
    taps: tuple[int, int]
    strides: tuple[int, int]
    dilations: tuple[int, int]
    before: tuple[int, int]
    after: tuple[int, int]

    def step(self) -> Step:
        """The same as a step of the package."""
        h, w = (
            Window(*facts)
            for facts in zip(
                self.taps, self.strides, self.dilations, self.before, self.after, strict=True
            )
        )
        x = Value((None, *self.size, self.groups * self.channels), ("b", "h", "w", "c"))
        return step_of(
            apply(
                "b h w (g c) -> b h' w' (g f)",
                x,
                kernel="kh kw c (g f)",
                bias="(g f)",
                g=self.groups,
                f=self.filters,
                h=h,
                w=w,
            )
        )

    def places(self) -> tuple[int, int]:
        """How often the window fits on each axis."""
        rows, columns = (
            (size + before + after - (dilation * (taps - 1) + 1)) // stride + 1
            for size, before, after, taps, dilation, stride in zip(
                self.size,
                self.before,
                self.after,
                self.taps,
                self.dilations,
                self.strides,
                strict=True,
            )
        )
        return rows, columns

    def loop(self, cell: Cell) -> Iterator[tuple[Cell, Cell]]:
        """The input and kernel cells that are multiplied for one output cell, by four loops."""
        row, column, channel = cell
        group = channel // self.filters
        for kh in range(self.taps[0]):
            for kw in range(self.taps[1]):
                h = self.strides[0] * row + self.dilations[0] * kh - self.before[0]
                w = self.strides[1] * column + self.dilations[1] * kw - self.before[1]
                if 0 <= h < self.size[0] and 0 <= w < self.size[1]:
                    for c in range(self.channels):
                        yield (h, w, group * self.channels + c), (kh, kw, c, channel)


def pairs(least: int, most: int) -> st.SearchStrategy[tuple[int, int]]:
    """A number for each of the two axes."""
    return st.tuples(st.integers(least, most), st.integers(least, most))


@st.composite
def convolutions(draw: st.DrawFn) -> Convolution:
    """A convolution whose window fits on its input."""
    one = Convolution(
        size=draw(pairs(1, 6)),
        groups=draw(st.integers(1, 3)),
        channels=draw(st.integers(1, 2)),
        filters=draw(st.integers(1, 2)),
        taps=draw(pairs(1, 3)),
        strides=draw(pairs(1, 3)),
        dilations=draw(pairs(1, 2)),
        before=draw(pairs(0, 3)),
        after=draw(pairs(0, 3)),
    )
    assume(min(one.places()) > 0)
    return one


def test_a_convolution_written_out() -> None:
    h, w = Window(2), Window(2)
    x = Value((None, 4, 5, 3), ("b", "h", "w", "c"))
    step = step_of(apply("b h w c -> b h' w' f", x, kernel="kh kw c f", bias="f", f=8, h=h, w=w))
    assert step.output.shape == (None, 3, 4, 8)
    assert step.output.names == ("b", "h", "w", "f")
    assert shapes_of(step) == {"kernel": (2, 2, 3, 8), "bias": (8,)}
    assert step.params == (2 * 2 * 3 + 1) * 8
    assert step.formula == "(2 × 2 × 3 + 1) × 8"
    assert step.macs == (3 * 4 * 8) * (2 * 2 * 3)
    assert step.shared == 3 * 4


def test_a_strided_dilated_grouped_convolution_written_out() -> None:
    # Rows: 9 cells, taps 0, 2, 4 (reach 5), stride 2: (9 - 5) // 2 + 1 = 3 places.
    # Columns: 7 cells and 1 + 1 of padding, 3 taps, stride 3: (9 - 3) // 3 + 1 = 3 places.
    one = Convolution((9, 7), 2, 3, 4, (3, 3), (2, 3), (2, 1), (0, 1), (0, 1))
    step = one.step()
    assert step.output.shape == (None, 3, 3, 2 * 4)
    assert shapes_of(step) == {"kernel": (3, 3, 3, 8), "bias": (8,)}
    assert step.params == 3 * 3 * 3 * 8 + 8
    assert step.formula == "(3 × 3 × 3 + 1) × 2 × 4"  # 2 groups of 4 filters
    # Each of the 3 x 3 x 8 outputs takes 3 x 3 taps of the 3 channels of its group.
    assert step.macs == (3 * 3 * 8) * (3 * 3 * 3)
    [reads] = step.reads(box_of((1, 0, 5)))
    # Row 1 starts at 2 and takes 2, 4, 6; column 0 starts on the padding at -1 and takes 0, 1;
    # filter 5 is in group 1, whose channels are 3, 4, 5.
    assert set(reads.of(0)) == set(product((2, 4, 6), (0, 1), (3, 4, 5)))
    assert set(reads.of("kernel")) == set(product((0, 1, 2), (1, 2), (0, 1, 2), (5,)))
    assert list(reads.of("bias")) == [(5,)]


@settings(max_examples=examples(100))
@given(convolutions(), st.data())
def test_a_convolution_reads_what_its_loops_touch(one: Convolution, data: st.DataObject) -> None:
    step, (rows, columns) = one.step(), one.places()
    filters = one.groups * one.filters
    assert step.output.shape == (None, rows, columns, filters)
    cell = tuple(data.draw(st.integers(0, size - 1)) for size in (rows, columns, filters))
    terms = list(one.loop(cell))
    [reads] = step.reads(box_of(cell))
    assert set(reads.of(0)) == {x for x, _ in terms}
    assert set(reads.of("kernel")) == {kernel for _, kernel in terms}
    assert list(reads.of("bias")) == [cell[-1:]]
    assert sorted(step.products(cell)) == sorted(terms)


@settings(max_examples=examples(60))
@given(convolutions())
def test_convolution_counts_follow_from_the_sizes(one: Convolution) -> None:
    step, filters = one.step(), one.groups * one.filters
    kernel = prod(one.taps) * one.channels * filters
    assert step.params == kernel + filters
    # Taps on padding are counted too: every output takes the whole window.
    assert step.macs == prod(one.places()) * filters * prod(one.taps) * one.channels
    assert step.shared == prod(one.places())
    assert arithmetic(step.formula) == step.params


def flat(cell: Cell, sizes: tuple[int, ...]) -> int:
    """The number of a cell, counted row by row: the last axis fastest."""
    number = 0
    for index, size in zip(cell, sizes, strict=True):
        number = number * size + index
    return number


SIZES = st.tuples(*[st.integers(1, 5)] * 3)


@given(SIZES, st.data())
def test_a_merge_counts_row_by_row(sizes: tuple[int, int, int], data: st.DataObject) -> None:
    h, w, c = sizes
    step = step_of(apply("b h w c -> b (h w c)", value_of((None, h, w, c)), by=By.COPY))
    assert step.output.shape == (None, h * w * c)
    row, column, channel = (data.draw(st.integers(0, size - 1)) for size in sizes)
    [reads] = step.reads(box_of(((row * w + column) * c + channel,)))
    assert list(reads.of(0)) == [(row, column, channel)]


@given(SIZES, st.data())
def test_a_split_counts_row_by_row(sizes: tuple[int, int, int], data: st.DataObject) -> None:
    h, w, c = sizes
    x = value_of((None, h * w * c))
    step = step_of(apply("b (h w c) -> b h w c", x, by=By.COPY, h=h, w=w))
    assert step.output.shape == (None, h, w, c)
    row, column, channel = (data.draw(st.integers(0, size - 1)) for size in sizes)
    [reads] = step.reads(box_of((row, column, channel)))
    assert list(reads.of(0)) == [((row * w + column) * c + channel,)]


@given(SIZES, st.data())
def test_a_bracket_may_be_cut_and_merged_at_once(
    sizes: tuple[int, int, int], data: st.DataObject
) -> None:
    h, w, c = sizes
    step = step_of(apply("b (h w) c -> b h (w c)", value_of((None, h * w, c)), by=By.COPY, h=h))
    assert step.output.shape == (None, h, w * c)
    cell = (data.draw(st.integers(0, h - 1)), data.draw(st.integers(0, w * c - 1)))
    [reads] = step.reads(box_of(cell))
    [read] = reads.of(0)
    assert flat(read, (h * w, c)) == flat(cell, (h, w * c))


@given(SIZES, st.data())
def test_a_merge_in_another_order_is_a_transposition(
    sizes: tuple[int, int, int], data: st.DataObject
) -> None:
    c, h, w = sizes
    step = step_of(apply("b c h w -> b (h w c)", value_of((None, c, h, w)), by=By.COPY))
    channel, row, column = (data.draw(st.integers(0, size - 1)) for size in sizes)
    [reads] = step.reads(box_of(((row * w + column) * c + channel,)))
    assert list(reads.of(0)) == [(channel, row, column)]


def test_a_sum_over_one_part_of_a_bracket_reads_with_a_stride() -> None:
    # (h w) of 2 x 3, summed over h: column 1 is at 0 * 3 + 1 and 1 * 3 + 1.
    step = step_of(apply("b (h w) -> b w", value_of((None, 6)), by=By.SUM, w=3))
    [reads] = step.reads(box_of((1,)))
    assert list(reads.of(0)) == [(1,), (4,)]


def test_places_of_a_window_may_be_merged() -> None:
    # 3 x 4 cells under a window of 2 x 2: 2 x 3 places. Place 4 is row 1, column 1.
    step = step_of(
        apply(
            "b h w -> b (h' w')", value_of((None, 3, 4)), kernel="kh kw", h=Window(2), w=Window(2)
        )
    )
    assert step.output.shape == (None, 6)
    [reads] = step.reads(box_of((4,)))
    assert set(reads.of(0)) == {(1, 1), (1, 2), (2, 1), (2, 2)}
    assert sorted(step.products((4,))) == [
        ((1, 1), (0, 0)),
        ((1, 2), (0, 1)),
        ((2, 1), (1, 0)),
        ((2, 2), (1, 1)),
    ]


@pytest.mark.parametrize(("p", "q"), [(0, 3), (2, 0)])
def test_an_empty_axis_may_be_cut_into_given_parts(p: int, q: int) -> None:
    output = apply("b (p q) -> b p q", value_of((None, 0)), by=By.COPY, p=p, q=q)
    assert output.shape == (None, p, q)


def test_two_inputs_are_multiplied_along_the_axes_that_they_share() -> None:
    x, y = value_of((None, 2, 3)), value_of((None, 4, 3))
    step = step_of(apply("b t d, b s d -> b t s", x, y))
    assert step.output.shape == (None, 2, 4)
    assert step.macs == 2 * 4 * 3
    assert (step.params, step.formula, step.weights) == (0, "", ())
    [reads] = step.reads(box_of((1, 2)))
    assert list(reads.of(0)) == [(1, 0), (1, 1), (1, 2)]
    assert list(reads.of(1)) == [(2, 0), (2, 1), (2, 2)]
    assert sorted(step.products((1, 2))) == [((1, k), (2, k)) for k in range(3)]


@pytest.mark.parametrize("by", [By.COPY, By.MAP, By.SUM, By.DIVIDE])
def test_only_multiplication_has_multiply_adds(by: By) -> None:
    assert step_of(apply("b h w c -> b h w c", IMAGE, by=by)).macs == 0


@pytest.mark.parametrize("by", [By.COPY, By.SUM, By.MEAN, By.MAX, By.MIN, By.SUBTRACT, By.DIVIDE])
def test_some_ways_of_combining_take_no_weights(by: By) -> None:
    with pytest.raises(ShapeError, match=f"a step by {by.value} takes no weights, received kernel"):
        apply("b in -> b out", value_of((None, 3)), by=by, kernel="in out", out=5)


def test_a_fact_that_is_left_out_is_no_fact() -> None:
    step = step_of(apply("b in -> b out", value_of((None, 3)), kernel="in out", bias=None, out=5))
    assert (list(step.given), list(shapes_of(step))) == (["out"], ["kernel"])


def test_weights_that_share_no_axis_are_added_in_the_formula() -> None:
    x = value_of((None, 3))
    step = step_of(apply("b in -> b out", x, kernel="in out", bias="out", scale="in", out=5))
    assert step.formula == "3 × 5 + 5 + 3"
    assert step.params == 3 * 5 + 5 + 3
    twice = step_of(apply("b in -> b out", x, kernel="in out", bias="out", scale="out", out=5))
    assert twice.formula == "(3 + 1 + 1) × 5"
    assert twice.params == 3 * 5 + 5 + 5


BOXED: list[tuple[str, Step]] = [
    ("dense", dense((None, 3, 4), 3)),
    ("convolution", Convolution((5, 4), 2, 1, 2, (3, 2), (2, 1), (1, 2), (1, 0), (1, 1)).step()),
    ("merge", step_of(apply("b h w c -> b h (w c)", value_of((None, 2, 3, 2)), by=By.COPY))),
    ("split", step_of(apply("b (h w) -> b h w", value_of((None, 12)), by=By.COPY, h=4))),
    ("sum", step_of(apply("... c -> ...", value_of((None, 3, 3, 2)), by=By.SUM))),
    (
        "scores",
        step_of(apply("b t d, b s d -> b t s", value_of((None, 3, 2)), value_of((None, 4, 2)))),
    ),
]


def union(step: Step, boxes: list[Box]) -> list[set[Cell]]:
    """All that the cells of these boxes read of each input and each weight."""
    found = [reads for box in boxes for reads in step.reads(box)]
    operands: list[int | str] = [*range(len(step.inputs)), *(w.name for w in step.weights)]
    return [{cell for reads in found for cell in reads.of(operand)} for operand in operands]


@pytest.mark.parametrize(("name", "step"), BOXED, ids=[name for name, _ in BOXED])
@settings(max_examples=examples(25))
@given(data=st.data())
def test_a_box_reads_what_its_cells_read_together(
    name: str, step: Step, data: st.DataObject
) -> None:
    box = []
    for size in step.output.shape[1:]:
        assert size is not None
        start = data.draw(st.integers(0, size - 1))
        box.append(range(start, data.draw(st.integers(start + 1, size))))
    cells = list(product(*box))
    assert union(step, [tuple(box)]) == union(step, [box_of(cell) for cell in cells])


def test_a_box_along_a_kept_axis_is_not_taken_apart() -> None:
    # Laziness is promised: the reads of a whole row of places are one box, not one for each.
    [reads] = dense((None, 1000, 2), 3).reads((range(1000), range(1)))
    assert reads.of(0).boxes == ((range(1000), range(2)),)


def test_a_set_of_cells_knows_its_members() -> None:
    cells = Cells(((range(1, 3), (0, 4)),))
    assert list(cells) == [(1, 0), (1, 4), (2, 0), (2, 4)]
    assert len(cells) == 4
    assert (2, 4) in cells
    assert (2, 3) not in cells
    assert (2,) not in cells
    assert (2, 4, 0) not in cells


def test_cells_of_overlapping_boxes_are_counted_once_and_in_order() -> None:
    cells = Cells(((range(1, 3),), (range(2),)))
    assert list(cells) == [(0,), (1,), (2,)]
    assert len(cells) == 3


def test_no_boxes_hold_no_cells() -> None:
    assert (list(Cells()), len(Cells()), () in Cells()) == ([], 0, False)


def test_the_one_cell_of_a_scalar() -> None:
    assert list(Cells((box_of(()),))) == [()]


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ((1, 2, 5), r"index 5 on an axis of size 5, whose cells are 0 to 4"),
        ((2, 2, 4), r"index 2 on an axis of size 2, whose cells are 0 to 1"),
        ((1, -1, 4), r"index -1 on an axis of size 3, whose cells are 0 to 2"),
        ((1, 2), r"expected 3 indices, one for each axis after the batch, received 2"),
        ((0, 1, 2, 4), r"expected 3 indices, one for each axis after the batch, received 4"),
    ],
)
def test_a_cell_outside_the_output_is_refused(cell: Cell, message: str) -> None:
    with pytest.raises(CellError, match=message) as caught:
        checked(cell, (None, 2, 3, 5))
    assert str(caught.value).startswith(f"cell {cell} lies outside the output (None, 2, 3, 5): ")


def test_every_cell_of_an_axis_of_unknown_size_is_taken_but_no_negative_one() -> None:
    checked((10**9, 0), (None, None, 1))
    with pytest.raises(CellError, match="index -1 on an axis of size None"):
        checked((-1, 0), (None, None, 1))


def test_an_empty_axis_has_no_cell() -> None:
    with pytest.raises(CellError, match="index 0 on an axis of size 0"):
        checked((0,), (None, 0))


def test_the_output_keeps_the_names_of_the_axes_that_it_keeps() -> None:
    assert apply("... in -> ... out", IMAGE, kernel="in out", out=5).names == ("b", "h", "w", "out")
    assert apply("b x y z -> b (x y z)", IMAGE, by=By.COPY).names == ("b", "(h w c)")
    assert apply("b h w c -> b c 1", IMAGE, by=By.SUM).names == ("b", "c", "1")


def test_how_many_numbers_a_weight_holds() -> None:
    assert Weight("kernel", (2, 2, 3, 8)).size == 2 * 2 * 3 * 8
    assert Weight("kernel", (None, 5)).size is None
    assert Weight("scale", ()).size == 1


def test_two_inputs_that_disagree_are_named_with_both_sizes() -> None:
    with pytest.raises(ShapeError) as caught:
        apply("b t p, b t q -> b t", value_of((None, 2, 3)), value_of((None, 4, 3)))
    assert str(caught.value) == (
        "axis 't' is 2 in input 0 (None, 2, 3) and 4 in input 1 (None, 4, 3)"
    )


def test_a_size_of_the_configuration_that_an_input_contradicts() -> None:
    with pytest.raises(ShapeError) as caught:
        apply("b c -> b out", value_of((None, 3)), kernel="c out", c=4, out=5)
    assert str(caught.value) == "axis 'c' is 4 in the configuration and 3 in input 0 (None, 3)"


def test_a_merged_axis_that_cannot_be_cut() -> None:
    with pytest.raises(ShapeError) as caught:
        apply("b (h w) -> b h w", value_of((None, 7)), h=3)
    assert str(caught.value) == (
        "'(h w)' is 7 in input 0 (None, 7), which cannot be cut into parts of 3"
    )


def test_a_merged_axis_whose_parts_are_given_but_do_not_fill_it() -> None:
    with pytest.raises(ShapeError, match=r"'\(h w\)' is 7 in input 0 \(None, 7\)"):
        apply("b (h w) -> b h w", value_of((None, 7)), h=3, w=2)


def test_a_merged_axis_that_can_be_cut_in_many_ways() -> None:
    with pytest.raises(ShapeError) as caught:
        apply("b (h w) -> b h w", value_of((None, 6)))
    assert str(caught.value) == "'(h w)' of size 6 can be cut in many ways; give 'h' a size"


def test_an_axis_without_a_size_says_how_to_give_it_one() -> None:
    with pytest.raises(ShapeError, match=r"axis 'out' of .* has no size") as caught:
        apply("b in -> b out", value_of((None, 3)), kernel="in out")
    assert str(caught.value).endswith("give it: apply(..., out=...)")
    with pytest.raises(ShapeError, match=r"axis \"h'\" of .* has no size") as caught:
        apply("b h -> b h'", value_of((None, 3)))
    assert str(caught.value).endswith("give it: apply(..., h=Window(...))")


def test_an_input_of_the_wrong_rank() -> None:
    with pytest.raises(ShapeError) as caught:
        apply("b h w c -> b c", value_of((None, 2, 3)))
    assert str(caught.value) == (
        "'b h w c -> b c' expects an input of 4 axes with the batch, and received 3: (None, 2, 3)"
    )


def test_an_input_too_short_for_the_axes_beside_the_dots() -> None:
    with pytest.raises(ShapeError, match=r"inputs of shape \(None, 2\) do not fit"):
        apply("... h w c -> ... c", value_of((None, 2)))


def test_dots_that_stand_for_different_numbers_of_axes() -> None:
    with pytest.raises(ShapeError, match=r"\(None, 2, 3\) and \(None, 3\) do not fit"):
        apply("... c, ... c -> ... c", value_of((None, 2, 3)), value_of((None, 3)))


def test_the_wrong_number_of_inputs() -> None:
    with pytest.raises(ShapeError) as caught:
        apply("b t, b t -> b t", value_of((None, 3)))
    assert str(caught.value) == "'b t, b t -> b t' takes 2 inputs, received 1"


@pytest.mark.parametrize("signature", ["b t -> t b", "t b, b t -> b t", "... in -> ... out"])
def test_a_signature_that_moves_the_batch(signature: str) -> None:
    inputs = [value_of((4,) * (1 if "..." in signature else 2))] * (signature.count(",") + 1)
    with pytest.raises(ShapeError, match="must begin with the same axis, the batch"):
        apply(signature, *inputs, out=4)


def test_an_axis_of_size_one_that_is_longer() -> None:
    with pytest.raises(ShapeError) as caught:
        apply("b 1 c -> b c", value_of((None, 3, 2)), by=By.COPY)
    assert str(caught.value) == "an axis of size 1 is 3 in input 0 (None, 3, 2)"


def test_a_window_that_is_longer_than_its_axis() -> None:
    with pytest.raises(ShapeError, match="a window of 3 taps with dilation 2 does not fit on an"):
        apply("b h -> b h'", value_of((None, 4)), kernel="kh", h=Window(3, dilation=2))


def test_a_window_over_an_axis_that_no_input_has() -> None:
    with pytest.raises(ShapeError, match=r"axis ['\"]h"):
        apply("b c -> b h' c", value_of((None, 3)), h=Window(2))


def test_the_cells_of_an_unknown_size_are_refused_where_they_must_be_listed() -> None:
    step = step_of(apply("b t c -> b c", value_of((None, None, 3)), by=By.SUM))
    with pytest.raises(ShapeError, match="axis 't' of 'b t c -> b c' has an unknown size"):
        list(step.reads(box_of((1,))))


def test_a_kept_axis_may_be_of_unknown_size() -> None:
    [reads] = dense((None, None, 3), 5).reads(box_of((7, 4)))
    assert list(reads.of(0)) == [(7, 0), (7, 1), (7, 2)]


def test_a_signature_that_cannot_be_read() -> None:
    with pytest.raises(NotationError, match="is never closed"):
        apply("b (h w -> b", value_of((None, 2, 3)))


@pytest.mark.parametrize(("signature", "shape"), [("1 -> 1", (None,)), ("-> ", ())])
def test_a_signature_without_a_batch_axis(signature: str, shape: Shape) -> None:
    with pytest.raises(ShapeError, match="the batch"):
        _ = step_of(apply(signature, value_of(shape))).macs


# Axes laid end to end, spread, cut into parts, and gone through


def reads_of(step: Step, *cell: int) -> list[set[Cell]]:
    """What one cell reads of each input and each weight."""
    return union(step, [box_of(cell)])


@given(st.lists(st.integers(0, 4), min_size=1, max_size=4), st.integers(1, 3), st.data())
def test_inputs_laid_end_to_end_are_read_one_at_a_time(
    lengths: list[int], places: int, data: st.DataObject
) -> None:
    assume(sum(lengths))
    names = "pqrs"[: len(lengths)]
    signature = f"{', '.join(f'b t {name}' for name in names)} -> b t ({' + '.join(names)})"
    if len(lengths) == 1:
        signature = "b t p -> b t p"
    inputs = [value_of((None, places, length)) for length in lengths]
    step = step_of(apply(signature, *inputs, by=By.COPY))
    assert step.output.shape == (None, places, sum(lengths))
    whole = [(number, at) for number, length in enumerate(lengths) for at in range(length)]
    place = data.draw(st.integers(0, places - 1))
    at = data.draw(st.integers(0, len(whole) - 1))
    number, inside = whole[at]
    expected: list[set[Cell]] = [set() for _ in lengths]
    expected[number] = {(place, inside)}
    assert reads_of(step, place, at) == expected


def test_the_name_of_axes_laid_end_to_end() -> None:
    x, y = (Value((None, 2, n), ("b", "t", name)) for n, name in ((3, "feature"), (4, "feature")))
    other = Value((None, 2, 5), ("b", "t", "word"))
    assert apply("b t p, b t q -> b t (p + q)", x, y, by=By.COPY).names == ("b", "t", "feature")
    both = apply("b t p, b t q -> b t (p + q)", x, other, by=By.COPY)
    assert (both.shape, both.names) == ((None, 2, 8), ("b", "t", "(feature + word)"))
    unknown = Value((None, 2, None), ("b", "t", "feature"))
    assert apply("b t p, b t q -> b t (p + q)", x, unknown, by=By.COPY).shape == (None, 2, None)


def test_axes_laid_end_to_end_stand_on_the_right_only() -> None:
    with pytest.raises(ShapeError, match=r"'\(p \+ q\)' may stand on the right of '->' only"):
        apply("b (p + q) -> b p", value_of((None, 5)), by=By.COPY, p=2, q=3)


def test_a_layer_that_is_not_read_reads_nothing_itself() -> None:
    # the second half of the output comes from y alone: not even the weights of x are read for it
    x = apply("b in -> b p", value_of((None, 3)), p=2, k1="in p")
    y = apply("b in -> b p", value_of((None, 3)), p=2, k2="in p")
    step = step_of(apply("b p, b q -> b (p + q)", x, y, by=By.COPY))
    [reads] = step.reads(box_of((3,)))
    [empty] = reads.inputs[0].boxes
    assert list(step_of(x).reads(empty)) == []
    [read] = step_of(y).reads(reads.inputs[1].boxes[0])
    assert set(read.weights["k2"]) == {(0, 1), (1, 1), (2, 1)}


@dataclass(frozen=True)
class Transposed:
    """A transposed convolution over one axis in numbers."""

    places: int
    taps: int
    stride: int
    dilation: int
    before: int
    after: int

    @property
    def window(self) -> Window:
        """The window that each place puts into the output."""
        return Window(self.taps, self.stride, self.dilation, self.before, self.after)

    @property
    def length(self) -> int:
        """How long the output is."""
        reach = self.stride * (self.places - 1) + self.dilation * (self.taps - 1) + 1
        return reach - self.before - self.after

    def terms(self, cell: Cell) -> set[tuple[Cell, Cell]]:
        """The input and kernel cells that are multiplied for a cell: b t c -> b t f, kernel kt f c."""
        at, filters = cell
        return {
            ((place, channel), (tap, filters, channel))
            for place in range(self.places)
            for tap in range(self.taps)
            for channel in range(2)
            if self.stride * place + self.dilation * tap - self.before == at
        }


TRANSPOSED = st.builds(
    Transposed,
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 2),
    st.integers(-2, 2),
    st.integers(-2, 2),
).filter(lambda one: one.length > 0)


@settings(max_examples=examples(150))
@given(TRANSPOSED, st.data())
def test_a_transposed_convolution_reads_what_its_loops_put_there(
    one: Transposed, data: st.DataObject
) -> None:
    x = Value((None, one.places, 2), ("b", "t", "c"))
    facts: dict[str, Any] = {"kernel": "kt f c", "bias": "f", "f": 3, "t": one.window}
    step = step_of(apply("b t' c -> b t f", x, **facts))
    assert step.output.shape == (None, one.length, 3)
    assert step.output.names == ("b", "t", "f")
    assert shapes_of(step) == {"kernel": (one.taps, 3, 2), "bias": (3,)}
    assert step.macs == one.places * one.taps * 2 * 3
    cell = (data.draw(st.integers(0, one.length - 1)), data.draw(st.integers(0, 2)))
    terms = one.terms(cell)
    assert sorted(step.products(cell)) == sorted(terms)
    assert reads_of(step, *cell) == [{x for x, _ in terms}, {k for _, k in terms}, {cell[1:]}]


def test_up_sampling_copies_each_place_as_often_as_its_window_is_long() -> None:
    x = value_of((None, 2, 3, 1))
    h, w = Window(2, stride=2), Window(3, stride=3)
    step = step_of(apply("b h' w' c -> b h w c", x, by=By.COPY, h=h, w=w))
    assert step.output.shape == (None, 4, 9, 1)
    for row, column in product(range(4), range(9)):
        assert reads_of(step, row, column, 0) == [{(row // 2, column // 3, 0)}]


def test_the_other_input_of_a_spread_window_must_be_as_long_as_it_is() -> None:
    x, y = value_of((None, 2)), value_of((None, 5))
    with pytest.raises(ShapeError, match=r"axis 't' is 5 in input 1 .* and 4 in the window"):
        apply("b t', b t -> b t", x, y, t=Window(2, stride=2))


@pytest.mark.parametrize(("before", "after"), [(1, 2), (-1, -1), (2, -1), (-1, 1), (0, 0)])
def test_places_are_padded_and_cut_off(before: int, after: int) -> None:
    window = Window(1, before=before, after=after)
    step = step_of(apply("b t c -> b t' c", value_of((None, 4, 2)), by=By.COPY, t=window))
    assert step.output.shape == (None, 4 + before + after, 2)
    for at in range(4 + before + after):
        expected = {(at - before, 1)} if 0 <= at - before < 4 else set()
        assert reads_of(step, at, 1) == [expected]


def test_an_axis_may_be_turned_round() -> None:
    window = Window(1, stride=-1, before=-3)
    step = step_of(apply("b t c -> b t' c", value_of((None, 4, 2)), by=By.COPY, t=window))
    assert step.output.shape == (None, 4, 2)
    assert [reads_of(step, at, 0) for at in range(4)] == [[{(3 - at, 0)}] for at in range(4)]


@given(st.integers(1, 7), st.integers(1, 5))
def test_an_adaptive_pooling_reads_its_parts(length: int, count: int) -> None:
    x = value_of((None, length, 2))
    step = step_of(apply("b t c -> b t' c", x, by=By.MEAN, t=Parts(count)))
    assert step.output.shape == (None, count, 2)
    for place in range(count):
        ends = range(place * length // count, ((place + 1) * length + count - 1) // count)
        assert reads_of(step, place, 1) == [{(cell, 1) for cell in ends}]


def recurrence(length: int, *, past: Past | None, carried: bool = False) -> Step:
    """An LSTM of two units on three features, perhaps with given states."""
    x = Value((None, length, 3), ("b", "t", "feature"))
    states = [value_of((None, 2)), value_of((None, 2))] if carried else []
    begun, time = ", b before, b unit" if carried else "", "t'" if past else ""
    facts: dict[str, Any] = {"gate": 4, "unit": 2, "before": 2, "t": past}
    y = apply(
        f"b t feature{begun} -> b {time} unit",
        x,
        *states,
        by=By.RECUR,
        kernel="feature (gate unit)",
        recurrent_kernel="before (gate unit)",
        bias="(gate unit)",
        **facts,
    )
    return step_of(y)


ALL: list[set[Cell]] = [
    set(product(range(3), range(8))),
    set(product(range(2), range(8))),
    set(product(range(8))),
]
"""Every cell of the three weights."""


def only(unit: int) -> list[set[Cell]]:
    """Those columns of the three weights that belong to a unit, once for each gate."""
    columns = [gate * 2 + unit for gate in range(4)]
    return [{cell for cell in cells if cell[-1] in columns} for cells in ALL]


def test_the_first_place_of_a_recurrence_reads_its_own_features_and_its_own_unit() -> None:
    step = recurrence(4, past=Past(), carried=True)
    x, state, carry, *weights = reads_of(step, 0, 1)
    assert x == {(0, feature) for feature in range(3)}
    assert (state, carry) == ({(0,), (1,)}, {(1,)})
    assert weights == only(1)


@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_later_place_of_a_recurrence_reads_everything_before_it(place: int) -> None:
    step = recurrence(4, past=Past(), carried=True)
    x, state, carry, *weights = reads_of(step, place, 1)
    assert x == set(product(range(place + 1), range(3)))
    # what every unit carried at the start has come to every other unit by now
    assert state == carry == {(0,), (1,)}
    assert weights == ALL


def test_the_last_place_alone_reads_the_whole_sequence() -> None:
    x, *weights = reads_of(recurrence(4, past=None), 1)
    assert (x, weights) == (set(product(range(4), range(3))), ALL)
    x, *weights = reads_of(recurrence(1, past=None), 1)
    assert (x, weights) == (set(product(range(1), range(3))), only(1))


def test_a_recurrence_that_runs_backwards_reads_what_is_after() -> None:
    x, *weights = reads_of(recurrence(4, past=Past(turned=True)), 0, 1)
    assert (x, weights) == (set(product((3,), range(3))), only(1))
    x, *weights = reads_of(recurrence(4, past=Past(backwards=True)), 2, 1)
    assert (x, weights) == (set(product((2, 3), range(3))), ALL)


def test_the_counts_of_a_recurrence() -> None:
    step = recurrence(5, past=Past())
    assert step.output.shape == (None, 5, 2)
    assert step.params == 3 * 8 + 2 * 8 + 8
    assert step.formula == "(3 + 2 + 1) × 4 × 2"
    # the matrices are used at each of the five places; the bias is added, not multiplied
    assert step.macs == 5 * (3 * 8 + 2 * 8)


def test_the_counts_of_a_gated_recurrence_with_two_biases() -> None:
    x = value_of((None, 5, 3))
    y = apply(
        "b t feature -> b unit",
        x,
        by=By.RECUR,
        kernel="feature (gate unit)",
        recurrent_kernel="before (gate unit)",
        bias="side (gate unit)",
        gate=3,
        unit=2,
        before=2,
        side=2,
    )
    step = step_of(y)
    assert step.formula == "(3 + 2 + 2) × 3 × 2"
    assert step.macs == 5 * (3 * 6 + 2 * 6)


def test_the_counts_of_a_recurrence_over_an_unknown_number_of_places() -> None:
    x = Value((None, None, 3), ("b", "t", "feature"))
    y = apply("b t in -> b t' u", x, by=By.RECUR, kernel="in u", again="v u", u=2, v=2, t=Past())
    assert y.shape == (None, None, 2)
    assert step_of(y).macs is None


def test_a_single_cell_of_a_recurrence_has_no_past() -> None:
    x, state = value_of((None, 3)), value_of((None, 2))
    weights: dict[str, Any] = {"kernel": "in (gate unit)", "again": "before (gate unit)"}
    step = step_of(
        apply("b in, b before -> b unit", x, state, by=By.RECUR, gate=4, unit=2, **weights)
    )
    assert reads_of(step, 1) == [{(0,), (1,), (2,)}, {(0,), (1,)}, *only(1)[:2]]
    assert step.macs == 3 * 8 + 2 * 8


def test_a_recurrence_inside_of_another_axis_runs_over_its_own_alone() -> None:
    x = Value((None, 5, 1, 3), ("b", "time", "t", "feature"))
    weights: dict[str, Any] = {"kernel": "feature unit", "again": "before unit"}
    step = step_of(
        apply("b time t feature -> b time unit", x, by=By.RECUR, unit=2, before=2, **weights)
    )
    # one place of t each time: a unit has not read the others yet, whichever times are asked for
    [reads] = step.reads((range(5), range(1, 2)))
    assert set(reads.weights["kernel"]) == {(0, 1), (1, 1), (2, 1)}
    assert step.macs == 5 * (3 * 2 + 2 * 2)


def test_a_lookup_reads_one_number_and_a_column_of_its_weight() -> None:
    x = Value((None, 3), ("b", "t"))
    y = apply("b t -> b t vector", x, by=By.LOOKUP, embeddings="word vector", word=7, vector=4)
    step = step_of(y)
    assert (y.shape, y.names) == ((None, 3, 4), ("b", "t", "vector"))
    assert (step.params, step.formula, step.macs, step.shared) == (28, "7 × 4", 0, 3)
    assert reads_of(step, 2, 3) == [{(2,)}, {(word, 3) for word in range(7)}]


@pytest.mark.parametrize(
    "by", [By.SUM, By.MEAN, By.MAX, By.MIN, By.SUBTRACT, By.DIVIDE, By.MULTIPLY]
)
def test_an_axis_of_size_one_is_met_by_every_place(by: By) -> None:
    x, y = value_of((None, 1, 3)), value_of((None, 2, 3))
    step = step_of(apply("b 1 c, b t c -> b t c", x, y, by=by))
    assert step.output.shape == (None, 2, 3)
    assert reads_of(step, 1, 2) == [{(0, 2)}, {(1, 2)}]
    assert step.macs == 0  # multiplied at times, but nothing is added up


def test_a_function_may_have_weights_at_its_place() -> None:
    x = value_of((None, 2, 3))
    weights: dict[str, Any] = {"gamma": "c", "beta": "c"}
    step = step_of(apply("b t c -> b t c", x, by=By.MAP, function="scale and shift", **weights))
    assert reads_of(step, 1, 2) == [{(1, 2)}, {(2,)}, {(2,)}]
    assert (step.params, step.formula, step.macs, step.shared) == (6, "2 × 3", 0, 2)


def test_an_axis_may_be_created_without_a_weight() -> None:
    step = step_of(apply("b c -> b n c", value_of((None, 2)), by=By.COPY, n=3))
    assert step.output.shape == (None, 3, 2)
    assert [reads_of(step, n, 1) for n in range(3)] == [[{(1,)}]] * 3


def test_a_weight_of_unknown_size_has_a_question_mark_in_its_formula() -> None:
    x = value_of((None, 2, None))
    step = step_of(apply("... in -> ... out", x, kernel="in out", bias="out", out=5))
    assert step.formula == "(? + 1) × 5"
    assert step.params is None


MORE_BOXED: list[tuple[str, Step]] = [
    (
        "end to end",
        step_of(
            apply(
                "b t p, b t q -> b t (p + q)",
                *map(value_of, ((None, 3, 2), (None, 3, 2))),
                by=By.COPY,
            )
        ),
    ),
    (
        "spread",
        step_of(
            apply(
                "b t' c -> b t f",
                value_of((None, 3, 2)),
                kernel="kt f c",
                f=2,
                t=Window(3, stride=2),
            )
        ),
    ),
    (
        "parts",
        step_of(apply("b t c -> b t' c", value_of((None, 5, 2)), by=By.MAX, t=Parts(3))),
    ),
    ("recurrence", recurrence(3, past=Past())),
    ("recurrence with states", recurrence(3, past=Past(), carried=True)),
    (
        "lookup",
        step_of(apply("b t -> b t v", value_of((None, 3)), by=By.LOOKUP, table="w v", w=4, v=2)),
    ),
]


@pytest.mark.parametrize(("name", "step"), MORE_BOXED, ids=[name for name, _ in MORE_BOXED])
@settings(max_examples=examples(25))
@given(data=st.data())
def test_a_box_of_these_too_reads_what_its_cells_read_together(
    name: str, step: Step, data: st.DataObject
) -> None:
    box = []
    for size in step.output.shape[1:]:
        assert size is not None
        start = data.draw(st.integers(0, size - 1))
        box.append(range(start, data.draw(st.integers(start + 1, size))))
    cells = list(product(*box))
    assert union(step, [tuple(box)]) == union(step, [box_of(cell) for cell in cells])


def test_a_box_without_cells_reads_nothing() -> None:
    for _, step in (*BOXED, *MORE_BOXED):
        box = tuple(range(size or 0) for size in step.output.shape[1:])
        assert list(step.reads((*box[:-1], range(0)))) == []
        assert list(step.reads((range(0), *box[1:]))) == []


def test_a_lookup_takes_one_weight() -> None:
    x = value_of((None, 3))
    with pytest.raises(ShapeError, match="a step by lookup takes one weight, received none"):
        apply("b t -> b t", x, by=By.LOOKUP)
    with pytest.raises(ShapeError, match="a step by lookup takes one weight, received one, two"):
        apply("b t -> b t v", x, by=By.LOOKUP, one="w v", two="w v", w=2, v=2)
