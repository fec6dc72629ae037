"""Random configurations of the core layers."""

from __future__ import annotations

from string import ascii_lowercase
from typing import Any

from hypothesis import strategies as st

from dense_shapes.axes import Size
from dense_shapes.rules.core import ELEMENTWISE
from tests.random import Example

SIZES = st.integers(1, 4)
MAYBE = st.one_of(SIZES, SIZES, st.none())
"""A size that is unknown at times."""
ACTIVATIONS = st.sampled_from([None, "linear", "softmax", "log_softmax", *ELEMENTWISE])
POLICIES = ("int8_from_float32", "int4_from_float32", "int4/2_from_float32")
"""Ways to keep a kernel in few bits."""


@st.composite
def adapted(draw: st.DrawFn) -> dict[str, Any]:
    """What is beside a kernel: nothing, two small matrices, or few bits, or both."""
    match draw(st.sampled_from(["plain", "plain", "plain", "lora", "bits", "both"])):
        case "lora":
            return {"lora_rank": draw(st.integers(1, 3)), "lora_alpha": draw(st.integers(1, 5))}
        case "bits":
            return {"dtype": draw(st.sampled_from(POLICIES))}
        case "both":
            return {"dtype": draw(st.sampled_from(POLICIES)), "lora_rank": draw(st.integers(1, 3))}
    return {}


@st.composite
def inputs(draw: st.DrawFn) -> Example:
    """An input, which is declared with its shape."""
    sizes = tuple(draw(st.lists(MAYBE, max_size=4)))
    if draw(st.booleans()):
        return {"batch_shape": (draw(MAYBE), *sizes)}, [], {}
    return {"shape": sizes, "batch_size": draw(MAYBE)}, [], {}


@st.composite
def identity(draw: st.DrawFn) -> Example:
    """Any input."""
    return {}, [(None, *draw(st.lists(MAYBE, max_size=4)))], {}


@st.composite
def masking(draw: st.DrawFn) -> Example:
    """Any input, the mask value a number that hardly occurs."""
    value = draw(st.sampled_from([0.0, -1.0, 1e4]))
    return {"mask_value": value}, [(None, *draw(st.lists(MAYBE, min_size=1, max_size=3)))], {}


@st.composite
def dense(draw: st.DrawFn) -> Example:
    """Up to three axes before the last."""
    leading = draw(st.lists(MAYBE, max_size=2))
    config = {
        "units": draw(SIZES),
        "use_bias": draw(st.booleans()),
        "activation": draw(ACTIVATIONS),
    }
    return {**config, **draw(adapted())}, [(None, *leading, draw(st.integers(1, 5)))], {}


@st.composite
def einsum_dense(draw: st.DrawFn) -> Example:
    """Letters without dots, or dots before or after them; up to two axes contracted and two made.

    Where dots stand, or `output_shape` says `None`, Keras may report another shape than it computes.
    """
    letters = list(ascii_lowercase)
    kept = [letters.pop() for _ in range(draw(st.integers(0, 1)))]
    contracted = [letters.pop() for _ in range(draw(st.integers(1, 2)))]
    made = [letters.pop() for _ in range(draw(st.integers(0 if kept else 1, 2)))]
    before = draw(st.permutations(kept + contracted))
    after = draw(st.permutations(kept + made))
    shared = [letter for letter in kept if draw(st.booleans())]
    if not (contracted or made or shared):
        shared = kept
    kernel = draw(st.permutations(contracted + made + shared))
    sizes: dict[str, Size] = {letter: draw(st.integers(1, 3)) for letter in before + after}
    for letter in kept:
        if letter not in shared and draw(st.booleans()):
            sizes[letter] = None
    bias = [letter for letter in after if sizes[letter] and draw(st.booleans())] or None
    declared = [sizes[letter] for letter in after]
    body = [sizes[letter] for letter in before]
    rest = draw(st.lists(st.integers(1, 3), max_size=2))
    x, w, y = ("".join(it) for it in (before, kernel, after))
    match draw(st.sampled_from(["letters", "left", "right"])):
        case "letters":
            equation, shape = f"A{x},{w}->A{y}", (None, *body)
        case "left":
            equation, shape = f"...{x},{w}->...{y}", (None, *rest, *body)
        case _:
            equation, shape = f"A{x}...,{w}->A{y}...", (None, *body, *rest)
    # softmax does not see a bias that adds the same to all its numbers
    plain = bias is not None and (after[-1] not in bias or equation.endswith("."))
    activations = [None, "relu", "relu" if plain else "softmax"]
    config = {
        "equation": equation,
        "output_shape": tuple(declared),
        "bias_axes": None if bias is None else "".join(draw(st.permutations(bias))),
        "activation": draw(st.sampled_from(activations)),
    }
    extra = draw(adapted())
    if "lora_rank" in extra and kernel[-1] not in after:
        extra = {}  # no rule describes it
    if "dtype" in extra and ("." in equation or len(contracted) > 1):
        extra = {}  # Keras cannot build it, or no rule describes it
    return {**config, **extra}, [shape], {}


STRATEGIES: dict[str, st.SearchStrategy[Example]] = {
    "InputLayer": inputs(),
    "Identity": identity(),
    "Masking": masking(),
    "Dense": dense(),
    "EinsumDense": einsum_dense(),
}
