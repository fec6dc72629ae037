"""What a cell reaches is what reads it: `reached` against `reads`, on random layers and every rule."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dense_shapes.axes import Shape, times
from dense_shapes.cells import Cells, box_of, merged, together
from dense_shapes.reaches import reached
from dense_shapes.rules import RULES, call
from dense_shapes.traces import Layer
from tests.models import MODEL_B
from tests.profiles import examples
from tests.strategies import layers

FEW = 400
"""How many cells a layer may have altogether, so that all its pairs can be listed."""


def operands(layer: Layer) -> list[tuple[int | str, Shape]]:
    """The inputs and the weights of a layer with their shapes, the batch left out."""
    inputs = [(number, value.shape[1:]) for number, value in enumerate(layer.inputs)]
    return [*inputs, *((weight.name, weight.shape) for weight in layer.weights)]


def compared(layer: Layer, most: int = 40) -> None:
    """Compare what the cells of each operand reach with what reads them."""
    claims = {
        (number, cell): layer.reads(cell, output=number)
        for number, value in enumerate(layer.outputs)
        for cell in product(*map(range, value.shape[1:]))  # type: ignore[arg-type]
    }
    for operand, shape in operands(layer):
        for cell in list(product(*map(range, shape)))[:most]:  # type: ignore[arg-type]
            expected = {output for output, reads in claims.items() if cell in reads.of(operand)}
            found = reached(layer, operand, cell).outputs
            assert {(number, it) for number, some in enumerate(found) for it in some} == expected


def listable(layer: Layer) -> bool:
    """Whether the sizes of a layer are known, and its cells few."""
    shapes = [*(shape for _, shape in operands(layer)), *(it.shape[1:] for it in layer.outputs)]
    counts = [times(*shape) for shape in shapes]
    return not layer.opaque and None not in counts and sum(filter(None, counts)) <= FEW


@settings(max_examples=examples(150), deadline=None)
@given(layers(5).filter(listable))
def test_a_cell_reaches_those_that_read_it(layer: Layer) -> None:
    compared(layer)


@pytest.mark.parametrize("kind", RULES)
def test_the_same_for_the_example_of_every_rule(kind: str) -> None:
    rule = RULES[kind]
    layer = call(kind, rule.example, *rule.shapes, **rule.options)
    if layer.opaque or not layer.outputs[0].shape:
        pytest.skip("nothing is known of what its cells read")
    compared(layer)


def test_one_number_of_the_kernel_is_used_at_every_position() -> None:
    # Model B: a kernel of 1 x 5 at each of 2 x 3 positions: kernel[0, 3] makes unit 3 of all of them.
    found = list(reached(MODEL_B["dense"], "kernel", (0, 3)).outputs[0])
    assert found == [(row, column, 3) for row in range(2) for column in range(3)]


def test_what_one_number_of_a_large_kernel_reaches_is_not_listed() -> None:
    layer = call("Conv2D", {"filters": 64, "kernel_size": 3}, (None, 2000, 3000, 3))
    [box] = reached(layer, "kernel", (0, 1, 2, 5)).outputs[0].boxes
    assert [(it[0], it[-1], len(it)) for it in box] == [(0, 1997, 1998), (0, 2997, 2998), (5, 5, 1)]


boxes = st.lists(
    st.tuples(*[st.lists(st.integers(0, 4), min_size=1, max_size=3, unique=True)] * 2), max_size=6
)


@given(boxes)
def test_merged_boxes_hold_the_same_cells(some: list[tuple[list[int], list[int]]]) -> None:
    some = [(sorted(one), sorted(other)) for one, other in some]
    found = merged(some)
    assert set(found) == set(Cells(tuple(some)))
    assert len(found.boxes) <= len(some)


def test_the_parts_of_a_grid_become_one_box() -> None:
    assert merged(map(box_of, product(range(3), range(1, 4)))).boxes == ((range(3), range(1, 4)),)


@given(st.lists(st.lists(st.integers(0, 9)), min_size=1))
def test_indices_are_put_together_in_order(parts: list[list[int]]) -> None:
    assert list(together(parts)) == sorted({index for part in parts for index in part})
