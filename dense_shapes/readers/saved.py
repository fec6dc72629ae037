"""The plain data of a saved Keras model, put together as a graph of calls.

No class is looked up by its name, nothing is executed, and the work is bounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dense_shapes.axes import Shape
from dense_shapes.errors import FormatError, ModelError
from dense_shapes.readers.assembly import Graph, Part, Tensor, placeholder
from dense_shapes.readers.fields import brief, is_shape, item, refs_at, shape_of, text
from dense_shapes.readers.keras import snake
from dense_shapes.readers.wiring import (
    CALLS,
    ENDS,
    Entry,
    Node,
    Reading,
    count_calls,
    made,
    refs_in,
    run,
    tensor_at,
)
from dense_shapes.rules import is_trained

NESTED = 32
"""How deep models may be nested."""

MODELS = ("Functional", "Sequential")
"""The kinds that have a graph of layers."""

ALIASES = {"Model": "Functional", "GroupQueryAttention": "GroupedQueryAttention"}
"""The kinds that a file calls otherwise; the first of them is as Keras 2 began."""

HOMES = ("keras", "tf_keras")
"""The packages whose classes are those of Keras itself."""

WRAPPED = ("layer", "backward_layer", "cell")
"""Where the configuration of a layer holds another layer."""

SHARING = ("SpectralNormalization", "TimeDistributed")
"""The kinds that use the layer in them, and no copy of it."""


def model_of(record: Any) -> Graph:
    """The graph of the model that a record describes.

    Raises `FormatError` if it describes none or contradicts itself, `ModelError` if the model has no
    graph of layers, `ShapeError` if its layers do not fit, `UnknownLayer` if a shape is not known.
    """
    if not isinstance(record, dict) or "class_name" not in record:
        shown = brief(record)
        if isinstance(record, dict) and record:
            shown = f"one with {', '.join(f'{key[:40]!r}' for key in [*record][:5])}"
        raise FormatError(
            "expected an object with 'class_name' and 'config', as model.to_json() writes it, received "
            f"{shown}"
        )
    kind, foreign = kind_of(record, "the model")
    if foreign:
        raise ModelError(
            f"the model is of class {kind!r}, which is none of Keras itself and may compute anything; "
            "load it in Keras together with its class, and trace that"
        )
    if kind not in MODELS:
        raise ModelError(f"expected a model, received a layer of kind {kind!r}")
    return graph_of(kind, record, "", Reading(), 0)


def kind_of(record: Any, what: str) -> tuple[str, str]:
    """The kind of a layer, and why no rule may speak of it, if none may.

    A class of Keras itself is told by its module; Keras 2 wrote none.

    >>> kind_of({"class_name": "ExpandDims", "module": "keras.src.ops.numpy"}, "a layer")
    ('ops.expand_dims', '')
    >>> kind_of({"class_name": "Dense", "module": "mine", "registered_name": "mine>Dense"}, "a layer")
    ('Dense', 'Dense is not a layer of Keras itself')
    """
    name, module = text(record, "class_name", what), record.get("module", "keras.layers")
    registered = record.get("registered_name")
    own = isinstance(module, str) and module.partition(".")[0] in HOMES
    if not own or ">" in name or (isinstance(registered, str) and ">" in registered):
        return name, f"{name} is not a layer of Keras itself"
    if module.startswith(("keras.src.ops.", "keras.ops.")):
        return f"ops.{snake(name)}", ""
    return ALIASES.get(name, name), ""


def graph_of(kind: str, record: Any, home: str, reading: Reading, depth: int) -> Graph:
    """The graph of a model; `home` is the path of the model, and `depth` how deep it is nested."""
    if depth > NESTED:
        raise FormatError(f"models are nested more than {NESTED} deep")
    if kind == "Sequential" and isinstance(record.get("config"), list):  # Keras before 2.2.3
        record = {**record, "config": {"layers": record["config"]}}
    config = item(record, "config", dict, f"a {kind} model")
    name = text({"name": kind.lower(), **config}, "name", f"a {kind} model")
    records = item(config, "layers", list, f"model {name!r}")
    if len(records) > CALLS:
        raise FormatError(
            f"model {name!r} has {len(records):,} layers, and at most {CALLS:,} are read"
        )
    make = sequential if kind == "Sequential" else functional
    return make(name, records, record, home, reading, depth)


def sequential(
    name: str, records: list[Any], record: Any, home: str, reading: Reading, depth: int
) -> Graph:
    """The graph of a `Sequential` model.

    Source: keras/src/models/sequential.py
    """
    what = f"a layer of model {name!r}"
    shape, start = input_shape(record, records), "input"
    if records and kind_of(records[0], what)[0] == "InputLayer":
        start, records = name_of(records[0], what), records[1:]
    if shape is None or not records:
        raise ModelError(
            f"model {name!r} is not built, so its shapes are not known: the file has no input_shape for "
            "it; begin it with keras.Input(shape), or call model.build(input_shape), and save it again"
        )
    check_names(name, records)
    entries = [entry_of(one, home, reading, depth, what) for one in records]
    first = placeholder(shape, start)
    outputs: tuple[Tensor, ...] = (first,)
    for entry, later in zip(entries, [*entries[1:], None], strict=True):
        given = outputs[0] if len(outputs) == 1 else list(outputs)
        hint = later.built if later else None
        outputs = made(entry.part, [given], {}, reading, hint=hint).outputs
    graph = Graph(name, "Sequential", (first,), outputs)
    reading.costs[graph] = sum(reading.cost(entry.part) for entry in entries)
    return graph


def input_shape(record: Any, records: Any) -> Shape | None:
    """The input shape of a `Sequential` model with these layers, if the file says it."""
    first = records[0] if isinstance(records, list) and records else None
    config = first.get("config") if isinstance(first, dict) else None
    for place, key in (
        (config, "batch_shape"),
        (config, "batch_input_shape"),
        (record.get("config"), "build_input_shape"),
        (record.get("build_config"), "input_shape"),
    ):
        if isinstance(place, dict) and place.get(key) is not None:
            return shape_of(place[key], f"{key!r}")
    inner = config.get("layers") if isinstance(config, dict) else None
    return input_shape(first, inner) if inner else None


def functional(
    name: str, records: list[Any], record: Any, home: str, reading: Reading, depth: int
) -> Graph:
    """The graph of a functional model.

    Source: functional_from_config, keras/src/models/functional.py
    """
    config, what = record["config"], f"a layer of model {name!r}"
    check_names(name, records)
    entries = {name_of(it, what): entry_of(it, home, reading, depth, what) for it in records}
    nodes = [
        Node(entry, number, raw, [])
        for entry in entries.values()
        for number, raw in enumerate(entry.nodes)
    ]
    for node in nodes:
        node.refs = refs_in(node, entries)
    begin, end = (refs_at(config.get(key), f"{key!r} of model {name!r}") for key in ENDS)
    count_calls(nodes, entries, [*begin, *end])
    run(nodes, entries, reading)
    inputs, outputs = (
        tuple(tensor_at(ref, entries, at_end=True) for ref in refs) for refs in (begin, end)
    )
    graph = Graph(name, "Functional", inputs, outputs)
    reading.costs[graph] = sum(reading.cost(node.entry.part) for node in nodes)
    return graph


def check_names(name: str, records: list[Any]) -> None:
    """Raise `FormatError` if two layers of a model have one name."""
    what, names = f"a layer of model {name!r}", set()
    for record in records:
        one = name_of(record, what)
        if one in names:
            raise FormatError(f"two layers of model {name!r} are called {one!r}")
        names.add(one)


def name_of(record: Any, what: str) -> str:
    """The name of a layer in the list of a model; in a `Sequential` model only its configuration has it."""
    if isinstance(record, dict) and "name" not in record:
        record = item(record, "config", dict, what)
    return text(record, "name", what)


def entry_of(record: Any, home: str, reading: Reading, depth: int, what: str) -> Entry:
    """A layer in the list of a model."""
    kind, foreign = kind_of(record, what)
    config = item(record, "config", dict, what) if kind not in MODELS else {}
    nodes = item(record, "inbound_nodes", list, what) if "inbound_nodes" in record else []
    if kind == "InputLayer" and not foreign:
        name = name_of(record, what)
        shape = config.get("batch_shape", config.get("batch_input_shape"))
        start = placeholder(shape_of(shape, f"the shape of input {name!r}"), name)
        if nodes:
            raise FormatError(f"input {name!r} is called as if it were a layer")
        return Entry(start.call.part, input=start)
    build = record.get("build_config")
    sizes = build.get("input_shape") if isinstance(build, dict) else None
    built = tuple(sizes) if is_shape(sizes) else None
    if "shared_object_id" in record:  # it may have been built elsewhere
        built = None
    return Entry(part_of(record, kind, foreign, home, reading, depth, what), nodes, built=built)


def part_of(
    record: Any, kind: str, foreign: str, home: str, reading: Reading, depth: int, what: str
) -> Part:
    """The part that a record describes: a new one, or one that was described before."""
    name = name_of(record, what)
    known = known_part(record, name, reading)
    if known:
        return known
    part = Part(kind, name, {}, foreign, path=reading.path(home, name))
    if kind in MODELS and not foreign:
        part.graph = graph_of(kind, record, part.path, reading, depth + 1)
    else:
        part.config = modern(kind, item(record, "config", dict, what))
        wrapped = [it for it in map(part.config.get, WRAPPED) if isinstance(it, dict)]
        part.trainable = is_trained(kind, part.config)
        if wrapped and kind in SHARING and not foreign:
            share(part, wrapped[0], reading)
    remember(record, name, part, reading)
    return part


def known_part(record: Any, name: str, reading: Reading) -> Part | None:
    """The part that was described before, if a record says that it is one.

    Keras numbers a layer that is used in several places; but where it is used first inside a nested
    model, the number is lost there. Then the first layer of its class, name and configuration is the one.
    Source: record_object_after_serialization, keras/src/saving/serialization_lib.py
    """
    identity = record.get("shared_object_id")
    if not isinstance(identity, int):
        return None
    config, twin = reading.seen.get((record["class_name"], name), (None, None))
    part = reading.shared.get(identity)
    if not part and twin and alike(record.get("config"), config):
        part = reading.shared[identity] = twin
    return part


def alike(one: Any, other: Any) -> bool:
    """Whether two pieces of plain data are equal but for the numbers of what is used in several places.

    It takes as long as the first is large, however large the second is.
    """
    match one, other:
        case dict(), dict():
            keys = [key for key in one if key != "shared_object_id"]
            return len(keys) == len(other) - ("shared_object_id" in other) and all(
                key in other and alike(one[key], other[key]) for key in keys
            )
        case list(), list():
            return len(one) == len(other) and all(map(alike, one, other))
    return bool(one == other)


def remember(record: Any, name: str, part: Part, reading: Reading) -> None:
    """Keep a part, should another record say that it is the same."""
    reading.seen.setdefault((record["class_name"], name), (record.get("config"), part))
    if isinstance(record.get("shared_object_id"), int):
        reading.shared[record["shared_object_id"]] = part


def share(part: Part, inner: Any, reading: Reading) -> None:
    """Let a wrapper and the layer in it have the same weights, if that layer is also used alone."""
    what = f"the layer in {part.name!r}"
    kind, foreign = kind_of(inner, what)
    name = name_of({"config": item(inner, "config", dict, what)}, what)
    known = known_part(inner, name, reading)
    if known:
        part.path = known.path
        return
    config = modern(kind, inner["config"])
    alone = Part(kind, name, config, foreign, trainable=is_trained(kind, config), path=part.path)
    remember(inner, name, alone, reading)


def modern(kind: str, config: Mapping[str, Any]) -> Mapping[str, Any]:
    """A configuration as Keras 3 writes it: Keras 2 put the axis of this layer into a list."""
    axis = config.get("axis")
    if kind == "BatchNormalization" and isinstance(axis, list) and len(axis) == 1:
        return {**config, "axis": axis[0]}
    return config
