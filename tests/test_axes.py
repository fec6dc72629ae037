"""Sizes that may be unknown, axes, and windows."""

from __future__ import annotations

from contextlib import suppress
from math import ceil, floor, prod
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dense_shapes.axes import (
    Axis,
    Merge,
    One,
    Parts,
    Past,
    Rest,
    Shape,
    Size,
    Sum,
    Window,
    axes_of,
    compatible,
    plus,
    times,
)
from dense_shapes.errors import ShapeError

SIZES = st.none() | st.integers(0, 50)
LISTS = st.lists(SIZES, max_size=6)
LENGTHS = st.integers(1, 25)
WINDOWS = st.builds(
    Window,
    st.integers(1, 5),
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(-3, 4),
    st.integers(-3, 4),
)
"""Windows on an axis that is padded at an end, or cut off there."""


@given(LISTS, st.randoms())
def test_the_order_of_sizes_does_not_matter(sizes: list[Size], random: Random) -> None:
    shuffled = random.sample(sizes, len(sizes))
    assert times(*shuffled) == times(*sizes)
    assert plus(*shuffled) == plus(*sizes)


@given(LISTS, LISTS)
def test_the_grouping_of_sizes_does_not_matter(first: list[Size], second: list[Size]) -> None:
    assert times(times(*first), times(*second)) == times(*first, *second)
    assert plus(plus(*first), plus(*second)) == plus(*first, *second)


@given(st.lists(st.integers(0, 50), max_size=6))
def test_known_sizes_are_multiplied_and_added_as_numbers(sizes: list[int]) -> None:
    assert times(*sizes) == prod(sizes)
    assert plus(*sizes) == sum(sizes)


@given(LISTS, st.integers(0, 9))
def test_a_known_result_holds_whatever_the_unknown_sizes_are(sizes: list[Size], it: int) -> None:
    filled = [it if size is None else size for size in sizes]
    assert times(*sizes) in (None, prod(filled))
    assert plus(*sizes) in (None, sum(filled))


def test_zero_times_unknown_is_zero_and_zero_plus_unknown_is_unknown() -> None:
    assert times(None, 0) == times(0, None, 7) == 0
    assert times(None, 1) is None
    assert plus(None, 0) is None


@given(st.lists(st.tuples(SIZES, SIZES), max_size=5))
def test_shapes_are_compatible_unless_two_known_sizes_differ(
    pairs: list[tuple[Size, Size]],
) -> None:
    one, other = tuple(a for a, _ in pairs), tuple(b for _, b in pairs)
    clashes = [(a, b) for a, b in pairs if a is not None and b is not None and a != b]
    assert compatible(one, other) is (not clashes)
    assert compatible(other, one) is (not clashes)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((None, 2, 3), (8, 2, None), True),
        ((2, 3), (2, 4), False),
        ((2, 3), (2, 3, 1), False),
        ((), (), True),
    ],
)
def test_compatible_shapes(one: Shape, other: Shape, expected: bool) -> None:
    assert compatible(one, other) is expected


def test_axes_that_are_laid_end_to_end_are_written_with_a_sign() -> None:
    pattern = (Axis("b"), Sum((Axis("p"), Axis("q"))))
    assert " ".join(map(str, pattern)) == "b (p + q)"
    assert list(axes_of(pattern)) == [Axis("b"), Axis("p"), Axis("q")]


def test_an_axis_with_a_prime_is_seen_through_a_window() -> None:
    places = Axis("h'")
    assert (places.slides, places.base, places.tap) == (True, "h", "kh")
    plain = Axis("h")
    assert (plain.slides, plain.base, plain.tap) == (False, "h", "kh")


def test_terms_are_written_as_they_are_read() -> None:
    pattern = (Axis("b"), Rest(), One(), Merge((Axis("h'"), Axis("w"))))
    assert " ".join(map(str, pattern)) == "b ... 1 (h' w)"
    assert list(axes_of(pattern)) == [Axis("b"), Axis("h'"), Axis("w")]


def places_by_hand(window: Window, length: int) -> int:
    """Count the places, one after the other, at which the last tap is still on the padded axis."""
    assert window.before is not None
    assert window.after is not None
    padded = range(-window.before, length + window.after)
    place = 0
    while window.stride * place + window.dilation * (window.size - 1) - window.before in padded:
        place += 1
    return place


@given(WINDOWS, LENGTHS)
def test_a_window_slides_over_as_many_places_as_can_be_counted(window: Window, length: int) -> None:
    places = places_by_hand(window, length)
    if places:
        assert window.slide(length) == places
    elif window.crops:  # all that there is may be cut off, but no more than that
        with suppress(ShapeError):
            assert window.slide(length) == 0
    else:
        with pytest.raises(ShapeError, match=f"does not fit on an axis of {length} cells"):
            window.slide(length)


@given(WINDOWS, LENGTHS, st.integers(0, 12))
def test_taps_and_cells_are_those_that_meet_on_the_axis(
    window: Window, length: int, place: int
) -> None:
    assert window.before is not None
    met = {}
    for tap in range(window.size):
        cell = window.stride * place + window.dilation * tap - window.before
        if cell in range(length):
            met[tap] = cell
    assert list(window.taps(place, length)) == list(met)
    assert list(window.cells(place, length)) == list(met.values())


@given(LENGTHS, st.integers(1, 6), st.integers(1, 4), st.integers(1, 3))
def test_same_padding_gives_as_many_outputs_as_strides_begin_on_the_axis(
    length: int, size: int, stride: int, dilation: int
) -> None:
    window = Window.same(length, size, stride, dilation)
    assert window.slide(length) == ceil(length / stride)


@given(LENGTHS, st.integers(1, 6), st.integers(1, 4), st.integers(1, 3))
def test_same_padding_puts_the_odd_cell_at_the_end(
    length: int, size: int, stride: int, dilation: int
) -> None:
    last_start = (ceil(length / stride) - 1) * stride
    need = max(last_start + dilation * (size - 1) + 1 - length, 0)
    window = Window.same(length, size, stride, dilation)
    assert window == Window(size, stride, dilation, need // 2, need - need // 2)


@pytest.mark.parametrize(("size", "stride"), [(1, 1), (2, 1), (3, 2), (2, 3)])
def test_same_padding_leaves_an_empty_axis_empty(size: int, stride: int) -> None:
    # Keras: Conv2D(1, 2, padding="same") makes (None, 0, 5, 1) of (None, 0, 5, 1); ceil(0 / n) = 0.
    assert Window.same(0, size, stride).slide(0) == 0


def test_same_padding_of_an_unknown_length_is_known_where_the_stride_is_one() -> None:
    window = Window.same(None, 4)
    assert window == Window(4, before=1, after=2)
    assert window.slide(None) is None
    assert window.slide(10) == 10


def test_a_window_whose_padding_is_unknown_slides_to_an_unknown_size() -> None:
    window = Window.same(None, 3, stride=2)
    assert (window.before, window.after) == (None, None)
    assert window.slide(None) is None
    assert window.slide(10) is None


def test_the_cells_of_a_window_with_unknown_padding_are_refused() -> None:
    window = Window.same(None, 3, stride=2)
    with pytest.raises(ShapeError, match="depends on an axis of unknown size"):
        window.start(0)
    with pytest.raises(ShapeError, match="trace the model with a concrete input shape"):
        window.taps(0, 5)
    with pytest.raises(ShapeError, match="trace the model with a concrete input shape"):
        window.cells(0, 5)


def test_more_than_there_is_cannot_be_cut_off() -> None:
    assert Window(1, before=-2, after=-3).slide(5) == 0
    with pytest.raises(ShapeError, match="does not fit on an axis of 4 cells"):
        Window(1, before=-2, after=-3).slide(4)
    with pytest.raises(ShapeError, match="does not fit on an axis of 3 cells"):
        Window(2, before=-1, after=-1).slide(3)  # one cell is left for a window of two


def test_a_stride_of_minus_one_walks_from_the_end() -> None:
    window = Window(1, stride=-1, before=-4)
    assert window.slide(5) == window.spread(5) == 5
    assert [list(window.cells(place, 5)) for place in range(5)] == [[4], [3], [2], [1], [0]]
    assert [list(window.taps(place, 5)) for place in range(5)] == [[0]] * 5
    assert [window.meets(cell, 5) for cell in range(5)] == [((4 - n,), (0,)) for n in range(5)]


@given(WINDOWS, st.integers(1, 6))
def test_a_window_is_spread_over_the_cells_that_it_meets_in_all_its_places(
    window: Window, places: int
) -> None:
    """A transposed convolution, written as it is meant: each place puts its taps into the output."""
    assert window.before is not None
    assert window.after is not None
    last = window.stride * (places - 1) + window.dilation * (window.size - 1)
    length = window.spread(places)
    assert length == max(0, last + 1 - window.before - window.after)
    put: dict[int, list[tuple[int, int]]] = {}
    for tap in range(window.size):
        for place in range(places):
            cell = window.stride * place + window.dilation * tap - window.before
            put.setdefault(cell, []).append((place, tap))
    for cell in range(length or 0):
        met = put.get(cell, [])
        assert window.meets(cell, places) == (tuple(p for p, _ in met), tuple(t for _, t in met))


def test_what_an_unknown_window_is_spread_over_is_unknown() -> None:
    assert Window(3, stride=2).spread(None) is None
    assert Window(3, before=None, after=None).spread(4) is None


@given(st.integers(1, 12), st.integers(0, 12))
def test_the_parts_of_an_axis_cover_it_and_are_as_equal_as_they_can_be(
    count: int, length: int
) -> None:
    """Part `n` goes from the rounded-down to the rounded-up end: that of PyTorch and of Keras."""
    parts = Parts(count)
    assert parts.slide(length) == parts.slide(None) == count
    cells = [list(parts.cells(place, length)) for place in range(count)]
    for place, found in enumerate(cells):
        first, stop = floor(place * length / count), ceil((place + 1) * length / count)
        assert found == list(range(first, stop))
        assert list(parts.taps(place, length)) == list(range(len(found)))
    assert {cell for found in cells for cell in found} == set(range(length))


@given(st.integers(1, 6), st.data())
def test_the_past_of_a_place_is_what_a_recurrence_has_seen(
    length: int, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, length - 1))
    seen = [cell for cell in range(length) if cell <= place]
    assert list(Past().cells(place, length)) == seen
    assert list(Past(backwards=True).cells(place, length)) == list(range(place, length))
    turned = [length - 1 - cell for cell in seen]  # place n is the n-th from the end
    assert list(Past(turned=True).cells(place, length)) == sorted(turned)
    for past in (Past(), Past(backwards=True), Past(turned=True)):
        assert past.slide(length) == length
        assert past.slide(None) is None
        assert list(past.taps(place, length)) == list(range(len(past.cells(place, length))))
