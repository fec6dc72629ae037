"""The call of a layer as Keras takes it: its arguments by position and by name, old ones too."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from types import EllipsisType
from typing import Any, NamedTuple

from dense_shapes.axes import Shape
from dense_shapes.errors import DenseShapesError, NotationError
from dense_shapes.readers.assembly import Part
from dense_shapes.readers.code.text import NOWHERE, Place
from dense_shapes.readers.code.vocabulary import (
    ACTIVATIONS,
    ALIASES,
    BASE,
    CHOICES,
    COUNTS,
    FORGOTTEN,
    FORMATS,
    NEVER_READ,
    OLD,
    RECURRENT,
    SHAPES,
    SIZES,
)
from dense_shapes.rules import arguments, is_trained


@dataclass(frozen=True)
class Unknown:
    """What cannot be known, and why."""

    error: DenseShapesError


@dataclass(frozen=True)
class Library:
    """Something that a library has, by its dotted name: `keras.layers.Dense`."""

    path: str

    @property
    def name(self) -> str:
        """The last part of its name."""
        return self.path.rpartition(".")[2]


@dataclass(frozen=True, eq=False)
class Named:
    """A function of the code, by its name."""

    name: str


class Argument(NamedTuple):
    """A value that is given to a call, and where."""

    value: Any
    place: Place


@dataclass(frozen=True)
class Given:
    """All that is given to a call: by position, by name; and what is called, and where."""

    what: str
    place: Place
    positional: Sequence[Argument] = ()
    named: Mapping[str, Argument] = field(default_factory=dict)

    @property
    def all(self) -> tuple[Argument, ...]:
        """All of it, in the order in which it is written."""
        return (*self.positional, *self.named.values())


@dataclass(eq=False, kw_only=True)
class Written(Part):
    """A layer as code writes it: where that is, and the shape of its input if it says so.

    `owner` is the model of which this is the part, if it is one; `changed` says whether it was said
    after a call whether it is trained.
    """

    place: Place
    shape: Shape | None = None
    owner: Any = None
    changed: bool = False


def kind_of(name: str) -> str | None:
    """The kind of layer that a name means, if it means one.

    >>> kind_of("MaxPool2D"), kind_of("Dens")
    ('MaxPooling2D', None)
    """
    name = ALIASES.get(name, name)
    return name if name in arguments() else None


def nearest(name: str, names: Sequence[str]) -> str:
    """A suggestion for a name that is not among these, or nothing.

    >>> nearest("unit", ["units", "activation"])
    "; did you mean 'units'?"
    """
    small = {it.lower(): it for it in names}
    found = get_close_matches(name[:50].lower(), small, 1)
    return f"; did you mean {small[found[0]]!r}?" if found else ""


def accepted(
    given: Given, names: Sequence[str], old: Mapping[str, str] | None = None
) -> dict[str, Argument]:
    """What is given to a call, by the names of its parameters.

    Raises `NotationError` for what it does not take.
    """
    found: dict[str, Argument] = {}
    for number, it in enumerate(given.positional):
        if number >= len(names):
            raise it.place.error(
                f"{given.what} takes at most {len(names)} arguments by position, and is given "
                f"{len(given.positional)}"
            )
        found[names[number]] = it
    for name, it in given.named.items():
        new = name if name in names else (old or {}).get(name, name)
        if new not in names:
            hint = nearest(name, names) or f"; it has {', '.join(names[:6]) or 'none'}"
            raise it.place.error(f"{given.what} has no argument {name!r}{hint}")
        if new in found:
            raise it.place.error(f"{given.what} is given two values for {new!r}")
        found[new] = it
    return found


def layer_arguments(kind: str, given: Given) -> dict[str, Argument]:
    """What is given to a layer, by the names that Keras has for it now.

    Raises `NotationError` for an argument, or a value, that the layer does not take.
    """
    known = arguments()[kind]
    own = known.names
    beside = [name for name in (*BASE, *SHAPES) if name not in own]
    given = rewritten(given)
    if len(given.positional) > len(own):
        accepted(given, own)
    found = accepted(given, (*own, *beside), old_names(kind))
    for name, it in [*found.items()]:
        if NEVER_READ.fullmatch(name) and not isinstance(it.value, str | int | float | None):
            del found[name]
        elif isinstance(it.value, Unknown):
            raise it.value.error
    if kind.startswith("AveragePooling") and "pool_size" not in found:
        found["pool_size"] = Argument(2, given.place)  # what it was before Keras 3
    for name in known.required:
        if name not in found:
            raise given.place.error(f"{given.what} needs {name!r}, which is not given")
    return {name: Argument(checked(kind, name, it), it.place) for name, it in found.items()}


@cache
def old_names(kind: str) -> Mapping[str, str]:
    """What the arguments of a layer were called, and are called now."""
    own = arguments()[kind].names
    return {name: next((it for it in new if it in own), name) for name, new in OLD.items()}


def rewritten(given: Given) -> Given:
    """What is given to a layer, without what only Keras 1 and 2 understood."""
    named = {name: it for name, it in given.named.items() if name not in FORGOTTEN}
    positional = list(given.positional)
    if "nb_row" in named and "nb_col" in named:
        row, column = named.pop("nb_row"), named.pop("nb_col")
        named["kernel_size"] = Argument((row.value, column.value), row.place)
    sides = [it.value for it in positional[1:3] if isinstance(it.value, int)]
    if given.what in ("Convolution2D", "Deconvolution2D") and len(sides) == 2:
        if not any(name in OLD for name in named):
            raise given.place.error(
                f"{given.what} with two numbers for the kernel is Keras 1, and means something else "
                f"now: write Conv2D(…, ({sides[0]}, {sides[1]}))"
            )
        positional[1:3] = [Argument(tuple(sides), positional[1].place)]
    if "dim_ordering" in named:
        it = named["dim_ordering"]
        named["dim_ordering"] = Argument(FORMATS.get(str(it.value), it.value), it.place)
    return Given(given.what, given.place, positional, named)


def checked(kind: str, name: str, given: Argument) -> Any:
    """The value of an argument, as the configuration of the layer has it.

    Raises `NotationError` for a value that the layer does not take.
    """
    value, place = given

    def wrong(expected: str) -> NotationError:
        return place.error(f"{name} of {kind} must be {expected}, not {shown(value)}")

    if name == "name" and not (value is None or (isinstance(value, str) and "/" not in value)):
        raise wrong("a text without '/'")
    if name in COUNTS and value is not None and not (type(value) is int and value > 0):
        raise wrong("a positive whole number")
    if name in SIZES and value is not None:
        rank = re.search(r"(\d)D", kind)
        many = value if isinstance(value, tuple | list) else (value,)
        if not all(type(it) is int and it > 0 for it in many):
            raise wrong("positive whole numbers")
        if rank and isinstance(value, tuple | list) and len(value) != int(rank[1]):
            raise wrong(f"{rank[1]} numbers" if rank[1] != "1" else "one number")
    if name in CHOICES and isinstance(value, str):
        value = value.lower() if "Conv" in kind else value
        if value not in CHOICES[name]:
            raise wrong(f"one of {', '.join(CHOICES[name])}")
    if name.endswith("activation") and isinstance(value, str) and value not in ACTIVATIONS:
        raise place.error(f"Keras has no activation {value[:50]!r}{nearest(value, ACTIVATIONS)}")
    return value


def written(kind: str, given: Mapping[str, Argument], place: Place, name: str) -> Written:
    """The layer that is made of these arguments; `name` is its name if it is given none.

    Raises `NotationError` for values that no layer takes.
    """
    beside = {it: given[it].value for it in (*BASE, *SHAPES) if it in given}
    own = set(arguments()[kind].names)
    config = {it: plain(argument) for it, argument in given.items() if it in own and it != "name"}
    if isinstance(beside.get("trainable"), bool):
        config["trainable"] = beside["trainable"]
    shape = input_shape(kind, given)
    label = beside.get("name") or name
    return Written(
        kind, label, config, trainable=is_trained(kind, config), place=place, shape=shape
    )


def input_shape(kind: str, given: Mapping[str, Argument]) -> Shape | None:
    """The shape of the input of a layer, the batch first, where its arguments say it."""

    def sizes(*names: str) -> Shape:
        them = [given.get(name, Argument(None, NOWHERE)) for name in names]
        where = next((it.place for it in them if it.value is not None), NOWHERE)
        return shape_from(Argument([it.value for it in them], where))

    if "batch_input_shape" in given:
        return shape_from(given["batch_input_shape"])
    if "input_shape" in given:
        return sizes("batch_size") + shape_from(given["input_shape"])
    if kind in RECURRENT and ("input_dim" in given or "input_length" in given):
        return sizes("batch_size", "input_length", "input_dim")
    if kind == "Embedding" and "input_length" in given:
        length = given["input_length"]
        if isinstance(length.value, tuple | list):
            return sizes("batch_size") + shape_from(length)
        return sizes("batch_size", "input_length")
    if "input_dim" in given and "input_dim" not in arguments()[kind].names:
        return sizes("batch_size", "input_dim")
    return None


def shape_from(given: Argument) -> Shape:
    """A shape that is written out.

    Raises `NotationError` if it is none.
    """
    value, place = given
    if isinstance(value, Unknown):
        raise value.error
    if type(value) is int:
        raise place.error(f"a shape is a tuple: write ({value},) and not {value}")
    if not isinstance(value, tuple | list):
        raise place.error(f"a shape is a tuple of sizes, not {shown(value)}")
    for size in value:
        if isinstance(size, Unknown):
            raise size.error
        if not (size is None or (type(size) is int and size >= 0)):
            raise place.error(f"a size is a whole number or None, not {shown(size)}")
    return tuple(value)


def plain(given: Argument) -> Any:
    """A value in the form of `layer.get_config()`.

    Raises `NotationError` for what no configuration holds.
    """
    value, place = given
    match value:
        case Written(graph=None, opaque=""):
            named = {"name": value.name, **value.config}
            if not value.trainable:
                named["trainable"] = False
            return {
                "module": "keras.layers",
                "class_name": value.kind,
                "config": named,
                "registered_name": None,
            }
        case Named(name):
            return {
                "module": "builtins",
                "class_name": "function",
                "config": name,
                "registered_name": "function",
            }
        case _ if isinstance(getattr(value, "part", None), Part):
            raise place.error(f"a layer around the whole model {value.part.name!r} is not read")
        case Unknown(error):
            raise error
        case Library() if value.name in ACTIVATIONS:
            return value.name
        case list():
            return [plain(Argument(one, place)) for one in value]
        case tuple():
            return tuple(plain(Argument(one, place)) for one in value)
        case dict():
            return {key: plain(Argument(one, place)) for key, one in value.items()}
        case str() | int() | float() | None | slice() | EllipsisType():
            return value
    raise place.error(f"{shown(value)} is no value for a layer")


def shown(value: Any) -> str:
    """A value as an error shows it."""
    if isinstance(value, Part):
        return f"the layer {value.name!r}"
    if isinstance(value, Library):
        return f"{value.name!r}"
    many = value if isinstance(value, tuple | list) else (value,)
    if all(isinstance(it, str | int | float | None) for it in many):
        return repr(value)[:50]
    return f"a {type(value).__name__.lower()}"
