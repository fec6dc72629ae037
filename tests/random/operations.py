"""Random calls of the operations of keras.ops.

An operation is no layer: the class `Add` of `keras.src.ops` is the kind `ops.add`, and the configuration
of an example is what its constructor takes. Where its call takes something beside its inputs, or takes
them otherwise than in order, the example has the option `args`: the arguments by position, with a
`Place(n)` where input `n` stands. `arguments` gives them for every example:

    config, shapes, options = example
    args = arguments(example)
    traced(kind, config, placed(args, values), name=...)     # readers.keras.placed, for our rule
    operation(**config)(*filled(args, tensors))              # readers.keras.filled, for Keras
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from dense_shapes.axes import Shape, Size
from dense_shapes.readers.keras import Place
from dense_shapes.rules.broadcasting import COMBINED, HIDDEN
from dense_shapes.rules.functions import BLIND, COPIES, FUNCTIONS
from dense_shapes.rules.operations import REDUCED
from tests.random import Example
from tests.random.core import MAYBE, SIZES

NUMBERS = st.sampled_from([2, -1, 0.5, 3.0])
"""Constants in the place of a tensor."""
ANY = st.lists(MAYBE, max_size=3)
"""The sizes after the batch."""
SOME = st.lists(MAYBE, min_size=1, max_size=3)
"""The same, at least one."""


def arguments(example: Example) -> list[Any]:
    """The arguments of the call by position, with a `Place` for each input."""
    _, shapes, options = example
    places = [Place(number) for number in range(len(shapes))]
    return list(options.get("args", places))


@st.composite
def function(draw: st.DrawFn, /, **settings: st.SearchStrategy[Any]) -> Example:
    """A function of one value, with its settings."""
    return {key: draw(it) for key, it in settings.items()}, [(None, *draw(ANY))], {}


@st.composite
def combination(draw: st.DrawFn, *, numbers: bool) -> Example:
    """Two tensors of which one may be narrower; seldom of two ranks, or a number on either side."""
    whole = draw(ANY)
    kind = draw(st.sampled_from(["both", "both", "both", "number", "ranks"]))
    if kind == "number" and numbers:
        args = draw(st.permutations([Place(0), draw(NUMBERS)]))
        return {}, [(None, *whole)], {"args": args}
    one, other = ([draw(st.sampled_from([size, size, 1])) for size in whole] for _ in range(2))
    if kind == "ranks" and len(other) > 1:
        return {}, [(None, *one), (None, *other[2:], other[-1])], {}
    return {}, [(None, *one), (None, *other)], {}


@st.composite
def along(
    draw: st.DrawFn,
    /,
    *,
    several: bool = True,
    batch: bool = True,
    every: bool = True,
    **more: st.SearchStrategy[Any],
) -> Example:
    """One axis or several, counted from either end; at times all of them, or the batch."""
    sizes = draw(SOME)
    rank = len(sizes) + 1
    config = {key: draw(it) for key, it in more.items()}
    least = draw(st.sampled_from([0, 1, 1, 1])) if batch else 1
    most = 2 if several else 1
    axes = draw(st.lists(st.integers(least, rank - 1), min_size=1, max_size=most, unique=True))
    signed: Any = [axis - rank if draw(st.booleans()) else axis for axis in axes]
    if len(signed) == 1 and (not several or draw(st.booleans())):
        signed = signed[0]
    if every and draw(st.integers(0, 9)) == 0:
        signed = None
    return {"axis": signed, **config}, [(None, *sizes)], {}


@st.composite
def products(draw: st.DrawFn) -> Example:
    """Matrices, or several of them; seldom without a batch of their own."""
    rows, inner, columns = draw(SIZES), draw(SIZES), draw(SIZES)
    before = draw(st.lists(SIZES, max_size=1))
    one, other = ([draw(st.sampled_from([size, size, 1])) for size in before] for _ in range(2))
    if draw(st.integers(0, 5)) == 0:
        return {}, [(None, *one, rows, inner), (None, *one, inner)[-draw(st.integers(1, 2)) :]], {}
    return {}, [(None, *one, rows, inner), (None, *other, inner, columns)], {}


@st.composite
def equations(draw: st.DrawFn) -> Example:
    """Two or three tensors with some letters in common."""
    sizes = {letter: draw(SIZES) for letter in "ijkl"}
    specs = []
    for _ in range(draw(st.integers(1, 3))):
        letters = draw(st.lists(st.sampled_from("ijkl"), max_size=3, unique=True))
        specs.append("b" + "".join(letters))
    used = sorted({*"".join(specs)} - {"b"})
    kept = draw(st.permutations([letter for letter in used if draw(st.booleans())]))
    shapes = [(None, *(sizes[letter] for letter in spec[1:])) for spec in specs]
    return {"subscripts": f"{','.join(specs)}->b{''.join(kept)}"}, list(shapes), {}


@st.composite
def reshapes(draw: st.DrawFn) -> Example:
    """The same cells in other axes; at times one of them is -1, or the batch is cut too."""
    cells = draw(st.sampled_from([1, 2, 6, 12, 24]))

    def cut() -> list[int]:
        rest, found = cells, []
        for _ in range(draw(st.integers(0, 2))):
            size = draw(st.sampled_from([n for n in range(1, rest + 1) if rest % n == 0]))
            found.append(size)
            rest //= size
        return [*found, rest]

    source, target = cut(), cut()
    batch = draw(st.sampled_from([None, None, 4]))
    if draw(st.integers(0, 4)) == 0:
        target = target[1:]
    first = -1 if batch is None else draw(st.sampled_from([-1, batch]))
    if first == batch and target and target[-1] > 1 and draw(st.booleans()):
        target[-1] = -1
    return {"newshape": (first, *target)}, [(batch, *source)], {}


@st.composite
def permutations(draw: st.DrawFn) -> Example:
    """The axes in another order, seldom the batch too; or turned round."""
    sizes = draw(ANY)
    order = [0, *draw(st.permutations(range(1, len(sizes) + 1)))]
    if draw(st.integers(0, 5)) == 0:
        order = draw(st.permutations(range(len(sizes) + 1)))
    axes = None if draw(st.integers(0, 5)) == 0 else list(order)
    return {"axes": axes}, [(None, *sizes)], {}


@st.composite
def pair_of_axes(draw: st.DrawFn, one: str, other: str) -> Example:
    """Two axes, seldom the batch among them."""
    sizes = draw(SOME)
    rank = len(sizes) + 1
    least = draw(st.sampled_from([0, 1, 1, 1, 1]))
    axes = [draw(st.integers(least, rank - 1)) for _ in range(2)]
    signed = [axis - rank if draw(st.booleans()) else axis for axis in axes]
    return dict(zip((one, other), signed, strict=True)), [(None, *sizes)], {}


@st.composite
def new_axes(draw: st.DrawFn) -> Example:
    """A new axis, or two."""
    sizes = draw(ANY)
    count = draw(st.integers(1, 2))
    places = range(len(sizes) + 1 + count)
    least = draw(st.sampled_from([0, 1, 1, 1, 1]))
    axes = draw(
        st.lists(st.sampled_from(places[least:]), min_size=count, max_size=count, unique=True)
    )
    signed = [axis - len(places) if draw(st.booleans()) else axis for axis in axes]
    return {"axis": tuple(signed) if count > 1 else signed[0]}, [(None, *sizes)], {}


@st.composite
def squeezes(draw: st.DrawFn) -> Example:
    """Some axes of size 1, all of them or some named."""
    sizes = draw(st.lists(st.sampled_from([1, 1, 2, 3]), max_size=3))
    ones = [number for number, size in enumerate(sizes, 1) if size == 1]
    if not ones or draw(st.booleans()):
        return {"axis": None}, [(None, *sizes)], {}
    axes = draw(st.lists(st.sampled_from(ones), min_size=1, unique=True))
    return {"axis": axes[0] if len(axes) == 1 else tuple(axes)}, [(None, *sizes)], {}


@st.composite
def keys(draw: st.DrawFn) -> Example:
    """Places, ranges, new axes and dots."""
    sizes: list[Size] = draw(ANY)
    ends = st.one_of(st.none(), st.integers(-4, 4))
    steps = st.sampled_from([None, 1, 1, 2, -1, -2])
    found: list[Any] = [slice(None)]
    for size in sizes:
        if draw(st.booleans()) or size == 0:
            found.append(slice(draw(ends), draw(ends), draw(steps)))
        elif draw(st.booleans()):
            found.append(draw(st.integers(-(size or 1), (size or 1) - 1)))
        else:
            found.append(slice(None))
    if draw(st.booleans()):
        found.insert(draw(st.integers(1, len(found))), None)
    cut = draw(st.integers(1, len(found)))
    if draw(st.booleans()):
        found = [*found[:cut], ...]
    if draw(st.integers(0, 9)) == 0:
        found[0] = draw(st.sampled_from([None, slice(1, None)]))
    return {}, [(None, *sizes)], {"args": [Place(0), found]}


@st.composite
def splits(draw: st.DrawFn) -> Example:
    """Equal parts, or parts between given places."""
    sizes = draw(SOME)
    axis = draw(st.integers(1, len(sizes)))
    count = draw(st.integers(1, 3))
    size = sizes[axis - 1]
    if draw(st.booleans()):
        sizes[axis - 1] = size and size * count
        return {"indices_or_sections": count, "axis": axis}, [(None, *sizes)], {}
    places = draw(st.lists(st.integers(0, size or 3), min_size=1, max_size=2, unique=True))
    return {"indices_or_sections": tuple(sorted(places)), "axis": axis}, [(None, *sizes)], {}


@st.composite
def unstacks(draw: st.DrawFn) -> Example:
    """An axis of known size."""
    sizes = draw(SOME)
    axis = draw(st.integers(1, len(sizes)))
    sizes[axis - 1] = draw(SIZES)
    return {"axis": axis - draw(st.sampled_from([0, len(sizes) + 1]))}, [(None, *sizes)], {}


@st.composite
def joins(draw: st.DrawFn, *, new: bool) -> Example:
    """Tensors that differ along one axis at most; seldom along the batch."""
    sizes = draw(SOME)
    axis = draw(st.integers(0 if draw(st.integers(0, 5)) == 0 else 1, len(sizes)))
    shapes: list[Shape] = []
    for _ in range(draw(st.integers(1, 3))):
        own = list(sizes)
        if axis and not new:
            own[axis - 1] = draw(MAYBE)
        shapes.append((None, *own))
    args = [[Place(number) for number in range(len(shapes))]]
    signed = axis - draw(st.sampled_from([0, len(sizes) + 1 + new]))
    return {"axis": signed}, shapes, {"args": args}


@st.composite
def tiles(draw: st.DrawFn) -> Example:
    """How often each axis is repeated, or the last ones; seldom the batch, or a new axis."""
    sizes = draw(ANY)
    counts = [draw(st.integers(1, 3)) for _ in sizes]
    first = draw(st.sampled_from([[], [1], [1], [1], [2], [1, 1]]))
    if not first:
        counts = counts[1:] or [1]
    return {"repeats": (*first, *counts)}, [(None, *sizes)], {}


@st.composite
def frames(draw: st.DrawFn) -> Example:
    """Cells before and after each axis; seldom around the batch, or of another number than zero."""
    sizes = draw(ANY)
    batch = draw(st.sampled_from([(0, 0)] * 5 + [(1, 0)]))
    pairs = [(draw(st.integers(0, 2)), draw(st.integers(0, 2))) for _ in sizes]
    args = [Place(0), *draw(st.sampled_from([[], [], [], [3.0]]))]
    return {"pad_width": (batch, *pairs)}, [(None, *sizes)], {"args": args}


@st.composite
def images(draw: st.DrawFn) -> Example:
    """An image, with the channels first or last."""
    size = (draw(SIZES), draw(SIZES))
    data_format = draw(st.sampled_from(["channels_last", "channels_first"]))
    return (
        {"size": size, "data_format": data_format},
        [(None, *(draw(SIZES) for _ in range(3)))],
        {},
    )


@st.composite
def halves(draw: st.DrawFn) -> Example:
    """An axis with an even number of cells."""
    sizes = draw(SOME)
    axis = draw(st.integers(1, len(sizes)))
    size = sizes[axis - 1]
    sizes[axis - 1] = size and 2 * size
    return {"axis": axis - draw(st.sampled_from([0, len(sizes) + 1]))}, [(None, *sizes)], {}


SLOPES = st.sampled_from([0.1, 0.5, 1.0])
SETTINGS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "relu": {},
    "leaky_relu": {"negative_slope": SLOPES},
    "elu": {"alpha": SLOPES},
    "celu": {"alpha": SLOPES},
    "gelu": {"approximate": st.booleans()},
    "hard_shrink": {"threshold": SLOPES},
    "soft_shrink": {"threshold": SLOPES},
    "squareplus": {"b": st.sampled_from([1, 4])},
    "round": {"decimals": st.integers(0, 2)},
    "threshold": {"threshold": SLOPES, "default_value": SLOPES},
    "clip": {"x_min": st.just(-1.0), "x_max": SLOPES},
    "cast": {"dtype": st.sampled_from(["float64", "int32"])},
}
"""The settings of the functions that have some."""

STRATEGIES: dict[str, st.SearchStrategy[Example]] = {
    **{f"ops.{name}": function() for name in (*FUNCTIONS, *COPIES, *BLIND)},
    **{f"ops.{name}": function(**settings) for name, settings in SETTINGS.items()},
    **{f"ops.{name}": combination(numbers=name != "hypot") for name in COMBINED},
    **{f"ops.{name}": combination(numbers=False) for name in HIDDEN},
    **{
        f"ops.{name}": along(several="arg" not in name, keepdims=st.booleans())
        for name in (*REDUCED, "var", "std", "logsumexp", "any", "all", "median")
    },
    "ops.count_nonzero": along(),
    "ops.softmax": along(several=False, every=False),
    "ops.log_softmax": along(several=False, every=False),
    "ops.sparsemax": function(),
    "ops.glu": halves(),
    "ops.cumsum": along(several=False),
    "ops.cumprod": along(several=False),
    "ops.matmul": products(),
    "ops.einsum": equations(),
    "ops.reshape": reshapes(),
    "ops.ravel": function(),
    "ops.transpose": permutations(),
    "ops.swapaxes": pair_of_axes("axis1", "axis2"),
    "ops.moveaxis": pair_of_axes("source", "destination"),
    "ops.expand_dims": new_axes(),
    "ops.squeeze": squeezes(),
    "ops.get_item": keys(),
    "ops.flip": along(),
    "ops.split": splits(),
    "ops.unstack": unstacks(),
    "ops.roll": along(several=False, shift=st.integers(-3, 3)),
    "ops.concatenate": joins(new=False),
    "ops.stack": joins(new=True),
    "ops.repeat": along(several=False, repeats=st.integers(1, 3)),
    "ops.tile": tiles(),
    "ops.pad": frames(),
    "ops.resize": images(),
}
