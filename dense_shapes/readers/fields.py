"""Fields of plain data that may come from anywhere: each is looked at before it is used.

Here too is how Keras writes down the arguments of a call, and the tensors in them.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any, NamedTuple, TypeGuard, TypeVar

from dense_shapes.axes import Shape, Size
from dense_shapes.errors import FormatError
from dense_shapes.readers.assembly import AXES, SIZES, Foreign

T = TypeVar("T")

NAME = 1_000
"""How many characters a name may have."""

KINDS: dict[type, str] = {str: "text", list: "a list", dict: "an object"}


def item(record: Any, key: str, kind: type[T], what: str) -> T:
    """What a record has under a key, if it is of the right kind.

    >>> item({"layers": 3}, "layers", list, "the model")
    Traceback (most recent call last):
    dense_shapes.errors.FormatError: expected 'layers' of the model to be a list, received 3
    """
    if not isinstance(record, dict):
        raise FormatError(f"expected {what} to be an object, received {brief(record)}")
    thing = record.get(key)
    if not isinstance(thing, kind):
        raise FormatError(
            f"expected {key!r} of {what} to be {KINDS[kind]}, received {brief(thing)}"
        )
    return thing


def text(record: Any, key: str, what: str) -> str:
    """A name in a record: text that is not too long, and can be written to a file."""
    name = item(record, key, str, what)
    if not 0 < len(name) <= NAME:
        raise FormatError(f"expected {key!r} of {what} to have 1 to {NAME:,} characters")
    if any("\ud800" <= letter <= "\udfff" for letter in name):
        raise FormatError(f"expected {key!r} of {what} to be text, received half a character")
    return name


def shape_of(data: Any, what: str) -> Shape:
    """A shape in a file; Keras 2 wrote some of them as objects.

    >>> shape_of([None, 2.5], "'batch_shape'")
    Traceback (most recent call last):
    dense_shapes.errors.FormatError: expected 'batch_shape' to be a shape, received [null, 2.5]
    """
    sizes = data.get("items") if isinstance(data, dict) else data
    if not is_shape(sizes):
        shown = brief(sizes)
        if isinstance(sizes, list) and len(sizes) < 8:
            shown = f"[{', '.join(map(brief, sizes))}]"
        raise FormatError(f"expected {what} to be a shape, received {shown}")
    return tuple(sizes)


def is_shape(sizes: Any) -> TypeGuard[list[Size]]:
    """Whether this is a list of sizes: whole numbers that an axis can have, `None` where unknown."""
    return (
        isinstance(sizes, list)
        and len(sizes) <= AXES
        and all(size is None or (type(size) is int and 0 <= size < SIZES) for size in sizes)
    )


def brief(thing: Any) -> str:
    """What a piece of plain data is, in a few words.

    >>> brief(None), brief([1, 2]), brief("x")
    ('null', 'a list of 2', "'x'")
    """
    match thing:
        case None:
            return "null"
        case list():
            return f"a list of {len(thing):,}"
        case dict():
            return "an object"
        case str():
            return repr(thing[:60])
    return repr(thing)[:60]


class Ref(NamedTuple):
    """A tensor as a file names it: the layer, which call of it, which output, and its shape."""

    layer: str
    call: int
    output: int
    shape: Shape | None = None


Meet = Callable[[Ref], Any]
"""What is put into the place of a tensor in the arguments of a call."""


def ref_of(data: Any, what: str, shape: Shape | None = None) -> Ref:
    """A tensor as a file names it: `["dense", 0, 0]`."""
    match data:
        case [str() as layer, int() as node, int() as output]:
            return Ref(layer, int(node), int(output), shape)
    raise FormatError(f"expected [layer, call, output] in {what}, received {brief(data)}")


def refs_at(data: Any, what: str) -> list[Ref]:
    """The tensors at which a model begins or ends, in the order in which Keras counts them."""
    match data:
        case [str(), _, _]:
            return [ref_of(data, what)]
        case list() if data:
            return [ref for one in data for ref in refs_at(one, what)]
        case dict() if data:
            return [ref for key in sorted(data) for ref in refs_at(data[key], what)]
    raise FormatError(f"expected [layer, call, output] in {what}, received {brief(data)}")


def is_old(node: Any) -> bool:
    """Whether Keras 2 wrote the arguments of this call: `[["dense", 0, 0, {}]]`."""
    return isinstance(node, list) or (isinstance(node, dict) and "args" not in node)


def arguments_of(
    node: Any, meet: Meet, layers: Container[str], what: str
) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a call, by place and by name, with what `meet` makes of each tensor.

    Source: deserialize_node, keras/src/models/functional.py
    """
    if is_old(node):
        return old_arguments(node, meet, layers, what)
    args, kwargs = item(node, "args", list, what), item(node, "kwargs", dict, what)
    return revived(args, meet, what), revived(kwargs, meet, what)


def revived(data: Any, meet: Meet, what: str) -> Any:
    """An argument of a call as Keras was given it.

    Source: serialize_keras_object, keras/src/saving/serialization_lib.py
    """
    match data:
        case list():
            return [revived(one, meet, what) for one in data]
        case {"class_name": "__keras_tensor__", "config": dict() as config}:
            shape = shape_of(config.get("shape"), f"'shape' of a tensor in {what}")
            return meet(ref_of(config.get("keras_history"), what, shape))
        case {"class_name": "__slice__", "config": dict() as config}:
            ends = [config.get(key) for key in ("start", "stop", "step")]
            if all(end is None or type(end) is int for end in ends):
                return slice(*ends)
            return Foreign("a slice that is computed")
        case {"class_name": "__ellipsis__"}:
            return ...
        case {"class_name": "__tensor__" | "__numpy__"}:
            return Foreign("an array")
        case {"class_name": str() as name, "config": _}:
            return Foreign(repr(name[:60]))
        case dict():
            return {key: revived(one, meet, what) for key, one in data.items()}
    return data


def old_arguments(
    node: Any, meet: Meet, layers: Container[str], what: str
) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a call as Keras 2 wrote them.

    All that is beside the first argument stands behind each of its tensors.
    """
    kwargs: dict[str, Any] = {}

    def tensors(data: Any) -> Any:
        match data:
            case ["_CONSTANT_VALUE", -1, value, *_]:
                return value if isinstance(value, int | float) else Foreign("an array")
            case [str(), int(), int(), *rest] if len(rest) < 2:
                kwargs.update(item({"kwargs": rest[0]}, "kwargs", dict, what) if rest else {})
                return meet(ref_of(data[:3], what))
            case list():
                return [tensors(one) for one in data]
            case dict():
                return {key: tensors(one) for key, one in data.items()}
        raise FormatError(f"expected [layer, call, output] in {what}, received {brief(data)}")

    def others(data: Any) -> Any:
        match data:
            case [str() as layer, int(), int()] if layer in layers:
                return meet(ref_of(data, what))
            case list():
                return [others(one) for one in data]
            case dict():
                return {key: others(one) for key, one in data.items()}
        return data

    first = tensors(node)
    alone = isinstance(first, list) and len(first) == 1
    return [first[0] if alone else first], others(kwargs)
