"""What Keras would keep count of while code runs: names, and the calls of layers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from dense_shapes.axes import Shape
from dense_shapes.errors import DenseShapesError, ShapeError
from dense_shapes.readers.assembly import Call, Tensor, call, placeholder, tensors_in
from dense_shapes.readers.code.layers import Given, Written, layer_arguments, written
from dense_shapes.readers.code.text import Place
from dense_shapes.rules import layers_in

CALLS = 2_000
"""How many calls of layers are followed at most."""

SMALL = 10
"""How many things as small as a tensor or a step are looked at in the time of a call."""

RANK = 64
"""How many axes an input has at most."""

AUGMENTATIONS = (
    *("RandomShear", "RandomTranslation", "RandomRotation", "RandomPosterization", "Solarization"),
    *("AutoContrast", "Equalization", "RandomBrightness", "RandomColorDegeneration"),
    *("RandomContrast", "RandomSharpness"),
)
INSIDE: Mapping[str, tuple[str, ...]] = {
    "AugMix": AUGMENTATIONS,
    "RandAugment": AUGMENTATIONS,
    "TextVectorization": ("StringLookup",),
}
"""The layers without a name of their own that a layer makes when it is made; Keras counts them."""

BUILT: Mapping[str, tuple[str, ...]] = {
    "GroupedQueryAttention": ("Softmax", "Dropout"),
    "MultiHeadAttention": ("Softmax", "Dropout"),
}
"""The same, for those that it makes when it is first called."""


@dataclass
class Session:
    """What Keras would keep count of while the code runs.

    `models` are those that were built, in order; a broken one is an `Unknown`.
    """

    counts: dict[str, int] = field(default_factory=dict)
    paths: dict[str, int] = field(default_factory=dict)
    models: list[Any] = field(default_factory=list)
    calls: int = 0
    last: Call | None = None

    def name(self, kind: str) -> str:
        """The name that Keras gives to the next layer of this kind.

        >>> session = Session()
        >>> [session.name(kind) for kind in ("MaxPooling2D", "MaxPooling2D", "LSTM", "ReLU")]
        ['max_pooling2d', 'max_pooling2d_1', 'lstm', 're_lu']
        """
        name = snake_case(kind)
        count = self.counts.get(name, 0)
        self.counts[name] = count + 1
        return f"{name}_{count}" if count else name

    def layer(self, kind: str, given: Given) -> Written:
        """A new layer.

        Raises `DenseShapesError` for arguments that the layer does not take.
        """
        arguments = layer_arguments(kind, given)
        named = arguments["name"].value if "name" in arguments else None
        made = written(kind, arguments, given.place, named or self.name(kind))
        held = next((arguments[it].value for it in ("layer", "cell") if it in arguments), None)
        if kind != "Bidirectional" and isinstance(held, Written):
            made.path = held.path
        else:
            made.path = self.path(made.name)
        for inner in INSIDE.get(kind, ()):
            self.name(inner)
        return made

    def path(self, name: str) -> str:
        """What tells the weights of a layer from those of all others."""
        count = self.paths.get(name, 0)
        self.paths[name] = count + 1
        return f"{name}//{count}" if count else name  # no name has a "/" in it

    def input(self, shape: Shape, name: str | None, place: Place) -> Tensor:
        """A new input of this shape, the batch first."""
        if not 0 < len(shape) <= RANK:
            raise place.error(f"an input has 1 to {RANK} axes, the batch counted, not {len(shape)}")
        return placeholder(shape, name or self.name("InputLayer"))

    def spend(self, calls: int, place: Place) -> None:
        """Count calls; raise `NotationError` if they have become too many."""
        self.calls += calls
        if self.calls > CALLS:
            raise Stop(place.error(f"more than {CALLS:,} calls of layers are not followed"))

    def called(
        self, part: Written, inputs: Sequence[Any], options: Mapping[str, Any], place: Place
    ) -> tuple[Tensor, ...]:
        """The tensors that a layer gives for these inputs.

        Raises `DenseShapesError`, with the place in its message, if they do not fit.
        """
        taken = [*tensors_in([list(inputs), dict(options)])]
        self.spend(size_of(part) + len(taken) // SMALL, place)
        for inner in () if part.calls else BUILT.get(part.kind, ()):
            self.name(inner)
        if part.owner:
            part.graph = part.owner.graph_for(taken, place)
        with at(place, part.kind):
            self.last = call(part, inputs, options)
        layer = self.last.layer
        self.spend(len(layer.steps) // SMALL, place)
        if not layer.opaque and any(None in weight.shape for weight in layer.weights):
            raise place.told(self.unsized(self.last))
        return self.last.outputs

    def unsized(self, made: Call) -> ShapeError:
        """What is said of a layer whose weights would have an unknown size."""
        part, taken = made.part, made.tensors[0].shape
        return ShapeError(
            f"layer {part.name!r} ({part.kind}): its weights depend on an axis of unknown size, in "
            f"{taken}; say the size in the shape of the input"
        )


STUMBLED = (
    *(ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, StopIteration),
    *(TypeError, ValueError),
)
"""What a rule may raise that is given values of a wrong type; the values are those of the code."""


@contextmanager
def at(place: Place, kind: str) -> Iterator[None]:
    """Give what a rule raises a place; a rule may also stumble over values that no layer takes."""
    try:
        yield
    except DenseShapesError as error:
        raise place.told(error) from None
    except STUMBLED as error:
        why = f"{kind} does not take these arguments: {str(error)[:100]}"
        raise place.told(ShapeError(why)) from None


class Stop(Exception):
    """Reading ends here, with this error."""

    def __init__(self, error: DenseShapesError) -> None:
        super().__init__(str(error))
        self.error = error


def snake_case(kind: str) -> str:
    """A class name as Keras writes it in names.

    Source: keras/src/utils/naming.py
    """
    name = re.sub(r"\W+", "", kind)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def size_of(part: Any) -> int:
    """How many calls of layers a call of this is."""
    owner = getattr(part, "owner", None)
    return owner.size if owner else 1 + layers_in(getattr(part, "config", {}))
