"""The equation of an `EinsumDense`, read into patterns with a name for each axis."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dense_shapes.axes import Shape, Size, times
from dense_shapes.errors import ShapeError, UnknownLayer
from dense_shapes.rules.book import Config
from dense_shapes.rules.reshaping import axis_names
from dense_shapes.steps import Value

EQUATION = re.compile(r"(\.\.\.|)([a-zA-Z]+)(\.\.\.|),([a-zA-Z]+)->(\.\.\.|)([a-zA-Z]+)(\.\.\.|)")


@dataclass(frozen=True)
class Equation:
    """The axes of the input, the kernel and the output by name, the terms of the bias, and all sizes."""

    input: list[str]
    kernel: list[str]
    output: list[str]
    bias: list[str] | None
    sizes: dict[str, Size]

    @property
    def signature(self) -> str:
        """What the kernel does, in our notation."""
        return f"{' '.join(self.input)} -> {' '.join(self.output)}"

    @property
    def created(self) -> dict[str, Any]:
        """The sizes of the axes that the kernel brings."""
        new = {name: self.sizes[name] for name in self.kernel if name not in self.input}
        return {name: size for name, size in new.items() if size is not None}

    def shape(self, terms: Sequence[str]) -> Shape:
        """The shape of a tensor with these axes."""
        return tuple(1 if term == "1" else self.sizes[term] for term in terms)

    @property
    def kernel_shape(self) -> tuple[int, ...]:
        """The shape of the kernel."""
        return tuple(size for size in self.shape(self.kernel) if size is not None)

    @property
    def scale_shape(self) -> Shape:
        """The shape of the scale of a kernel in 8 bits: that of the output, 1 where the kernel has no axis.

        Raises `UnknownLayer` where the kernel contracts more axes than the output has without it.
        Source: `_analyze_quantization_info`, keras/src/layers/core/einsum_dense.py
        """
        terms = [name if name in self.kernel else "1" for name in self.output]
        if terms.count("1") < len([name for name in self.kernel if name not in self.output]):
            raise UnknownLayer("the shape of the scale of its kernel is not known")
        return self.shape(terms)

    @property
    def columns(self) -> int:
        """How many cells of the kernel are not contracted."""
        return times(*self.shape([name for name in self.kernel if name in self.output])) or 0

    @property
    def rows(self) -> int:
        """How many cells of the kernel one output contracts."""
        return times(*self.shape([name for name in self.kernel if name not in self.output])) or 0


def equation(config: Config, x: Value) -> Equation:
    """The equation of a layer on this input.

    The letters of the input take the names that its axes have; one further axis is called `out`, and
    several keep their letters.

    Raises `ShapeError` if the equation does not fit the input, or leaves the size of a weight open, and
    `UnknownLayer` if it does not keep the batch in front.
    Source: `_analyze_split_string`, keras/src/layers/core/einsum_dense.py
    """
    text: str = config["equation"]
    left, right, before, kernel, after = parts(text)
    rest = len(x.shape) - len(before)
    if rest < 0 or (rest and not left and not right):
        raise ShapeError(
            f"'{text}' expects an input of {len(before)} axes{' or more' if left or right else ''} "
            f"with the batch, and received {len(x.shape)}: {x.shape}"
        )
    elided = [f".{number}" for number in range(rest)]
    source = [*elided, *before] if left else [*before, *elided]
    target = [*elided, *after] if left else [*after, *elided]
    if target[0] != source[0] or source[0] in kernel:
        raise UnknownLayer(
            f"'{text}' does not keep the samples of the batch apart, each in its place"
        )
    sizes = sized(config, x, source, after, kernel, whole=bool(left and rest))
    named = names(x, source, [it for it in kernel if it not in source])
    bias = biased(config, after, [] if left else elided, source[0])
    return Equation(
        [named[it] for it in source],
        [named[it] for it in kernel],
        [named[it] for it in target],
        None if bias is None else [named.get(it, "1") for it in bias],
        {named[it]: size for it, size in sizes.items()},
    )


def parts(text: str) -> tuple[str, str, str, str, str]:
    """The dots on the left and right, and the letters of the input, the kernel and the output.

    Raises `ShapeError` if the equation is none of those that the layer takes.

    >>> parts("...x,xy->...y")
    ('...', '', 'x', 'xy', 'y')
    """
    found = EQUATION.fullmatch(text)
    known = {("", "", "", ""), ("...", "...", "", ""), ("", "", "...", "...")}
    if not found or found.group(1, 5, 3, 7) not in known or (found[3] > "" and len(found[2]) < 2):
        raise ShapeError(
            f"'{text}' is no equation of EinsumDense; write it as ab,bc->ac or ...ab,bc->...ac or "
            "ab...,bc->ac..., without spaces"
        )
    left, before, right, kernel, _, after, _ = found.groups()
    for letters in (before, kernel, after):
        if len({*letters}) < len(letters):
            raise UnknownLayer(f"'{text}' names an axis twice in {letters!r}")
    for letter in kernel + after:
        if letter not in before + (after if letter in kernel else kernel):
            raise ShapeError(
                f"'{text}': axis {letter!r} stands in one place only, so it has no size"
            )
    return left, right, before, kernel, after


def sized(
    config: Config, x: Value, source: list[str], after: str, kernel: str, *, whole: bool
) -> dict[str, Size]:
    """The size of every axis: that of the input, or else the one declared as `output_shape`.

    `whole` says that the batch is among the axes that have no letter.
    """
    declared = config["output_shape"]
    declared = [declared] if isinstance(declared, int) else list(declared)
    letters = after if whole else after[1:]
    if len(declared) < len(letters):
        raise ShapeError(
            f"'{config['equation']}' has {len(letters)} output axes after the batch, {letters!r}, and "
            f"output_shape gives the sizes of {len(declared)}: {tuple(declared)}"
        )
    sizes: dict[str, Size] = dict(zip(source, x.shape, strict=True))
    for letter, size in zip(letters, declared, strict=False):
        if letter in sizes and size is not None and size != sizes[letter]:
            raise ShapeError(
                f"axis {letter!r} is {sizes[letter]} in the input {x.shape} and {size} in output_shape"
            )
        if size is None and letter in kernel + (config.get("bias_axes") or ""):
            raise ShapeError(
                f"a weight has the axis {letter!r}, whose size output_shape leaves open; give it"
            )
        sizes.setdefault(letter, size)
    for letter in kernel:
        if sizes[letter] is None:
            raise ShapeError(
                f"the kernel has the axis {letter!r}, whose size is unknown in {x.shape}"
            )
    return sizes


def biased(config: Config, after: str, elided: list[str], batch: str) -> list[str] | None:
    """The letters of the bias, from its first one on; a letter that it lacks is an axis of size 1."""
    axes: str | None = config.get("bias_axes")
    if axes is None:
        return None
    if not axes or {*axes} - {*after} or batch in axes:
        raise ShapeError(
            f"bias_axes={axes!r} expects output axes after the batch, some of {after!r}"
        )
    first = min(map(after.index, axes))
    return [it if it in axes else "1" for it in after[first:]] + ["1" for _ in elided]


def names(x: Value, source: list[str], new: list[str]) -> dict[str, str]:
    """A name for each axis: that which it has in the input, `out`, or else its letter."""
    known = dict(zip(source, ["b", *axis_names(x)], strict=True))
    for letter in new:
        wanted = "out" if len(new) == 1 else letter
        while wanted in known.values():
            wanted += "_"
        known[letter] = wanted
    return known
