"""Read Keras code as people paste it: by its syntax tree, and never executed.

What can be known from the text is followed: names, numbers, lists, loops, functions, layers, models.
What cannot is passed over, until a model needs it; then it is an error that points at its line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from dense_shapes.axes import Shape
from dense_shapes.errors import DenseShapesError, ModelError
from dense_shapes.readers.assembly import Graph, Tensor
from dense_shapes.readers.code.interpreter import Interpreter
from dense_shapes.readers.code.layers import Argument, Given, Unknown, Written, nearest, shown
from dense_shapes.readers.code.models import Network, Stack, network, new_stack, traced_model
from dense_shapes.readers.code.scopes import Function
from dense_shapes.readers.code.session import Stop
from dense_shapes.readers.code.text import Code, read
from dense_shapes.traces import Trace

T = TypeVar("T")


def trace(code: str, *, input_shape: Shape | None = None, name: str = "") -> Trace:
    """Read the model that Keras code builds.

    It is the one that is called `model` at the end; if none is, the last one that is built and is not
    a part of another; if no model is built, that of the last function that builds one and can be
    called without arguments; and if there is none either, all that leads to the last tensor. With
    `name`, it is the model or layer of this name, or what the function of this name gives.

    The code is not executed: what it imports need not be installed, and it may leave its imports out.
    `input_shape`, the batch first, is for a model that does not say what its input is.

    Prompts of a session (`>>> `, `In [3]: `) and the output between them are left out.

    Raises `NotationError` where the code is no Python, or a layer is given what it does not take or
    what the text does not say, `ShapeError` where a layer does not fit its input, `UnknownLayer` for a
    layer that no rule describes, `ModelError` if there is no model; each points at the line.

    >>> trace("model = Sequential([Input((2, 3, 1)), Dense(5)])")
    <Trace 'sequential': 1 layer, 10 parameters>
    >>> trace("model = Sequential([Input((2, 3, 1)), Dense(unit=5)])")
    Traceback (most recent call last):
    dense_shapes.errors.NotationError: line 1: Dense has no argument 'unit'; did you mean 'units'?
        model = Sequential([Input((2, 3, 1)), Dense(unit=5)])
                                                    ^^^^^^
    """
    return followed(code, lambda: traced_model(model(code, input_shape, name)))


def graph(code: str, *, input_shape: Shape | None = None, name: str = "") -> Graph:
    """The model that Keras code builds, as the calls of its layers, with what each is given.

    It raises what `trace` raises.

    >>> graph("model = Sequential([Input((2, 3, 1)), Dense(5)])").outputs[0].call.part.config
    {'units': 5}
    """
    return followed(code, lambda: model(code, input_shape, name).graph())


def followed(code: str, read: Callable[[], T]) -> T:
    """What the reading of code gives; its errors come without the long way on which they arose."""
    try:
        return read()
    except Stop as error:
        raise error.error.with_traceback(None) from None
    except RecursionError:
        place = Code(code[:1000]).at(1, 0, 1)
        raise place.error("the code is nested too deeply to be read") from None
    except DenseShapesError as error:
        raise error.with_traceback(None) from None


def model(code: str, input_shape: Shape | None = None, name: str = "") -> Stack | Network:
    """The model that code builds, for inputs of this shape if it does not say so itself."""
    text, tree = read(code)
    interpreter = Interpreter(text)
    interpreter.read(tree.body)
    found = named(interpreter, name) if name else chosen(interpreter)
    if input_shape is not None and isinstance(found, Stack) and not found.start:
        found.build(input_shape, found.part.place)
    return found


def looks_like_code(text: str) -> bool:
    """Whether a text is rather Python code than the name of a file.

    >>> looks_like_code("model.add(Dense(5))"), looks_like_code("a model (1).keras")
    (True, False)
    """
    return "\n" in text.strip() or bool(
        re.search(r"\w\(.*\)\s*;?\s*(#.*)?$|\bimport\b|\w\s*=\s*\S", text)
    )


def chosen(interpreter: Interpreter) -> Stack | Network:
    """The model that is meant.

    Raises `DenseShapesError` if there is none, or it cannot be known.
    """
    found = interpreter.top.get("model")
    if not isinstance(found, Stack | Network):
        found = last(interpreter.session.models) or built(interpreter) or found
    if isinstance(found, Stack | Network):
        return found
    if isinstance(found, Unknown):
        raise found.error
    return remaining(interpreter)


def named(interpreter: Interpreter, name: str) -> Stack | Network:
    """The model of this name: a variable, a layer as a model of its own, or what a function gives.

    Raises `DenseShapesError` if there is none, or it cannot be known.
    """
    found = interpreter.top.get(name)
    if isinstance(found, Function):
        place = interpreter.code.place(found.node)
        if found.required:
            raise place.told(
                ModelError(
                    f"{name} needs arguments, and a name alone gives none; give what it makes a name "
                    f"of its own: model = {name}(…)"
                )
            )
        found = interpreter.call(found, Given(name, place))
    if isinstance(found, Written):
        stack = new_stack(interpreter.session, None, found.place)
        stack.add(found, found.place)
        return stack
    match found:
        case Stack() | Network():
            return found
        case Unknown(error):
            raise error
        case None if name not in interpreter.top:
            names = [key for key, it in interpreter.top.items() if buildable(it)]
            hint = nearest(name, names) or f"; it defines: {', '.join(names) or 'no model'}"
            raise ModelError(f"the code defines no {name!r}{hint}")
    raise ModelError(f"{name!r} is no model and no layer, but {shown(found)}")


def buildable(thing: object) -> bool:
    """Whether a name may mean a model."""
    return isinstance(thing, Stack | Network | Written | Function)


def last(models: list[Stack | Network | Unknown]) -> Stack | Network | Unknown | None:
    """The last model that is no part of another."""
    inner = {id(part) for model in models for part in parts_of(model)}
    outer = [it for it in models if isinstance(it, Unknown) or id(it.part) not in inner]
    return outer[-1] if outer else None


def parts_of(model: Stack | Network | Unknown) -> list[object]:
    """The layers and models that a model calls."""
    if isinstance(model, Stack):
        return list(model.items)
    if isinstance(model, Network):
        return [one.part for one in model.calls]
    return []


def built(interpreter: Interpreter) -> Stack | Network | Unknown | None:
    """The model that the last function builds that builds one, and needs no arguments."""
    for function in [*interpreter.top.values()][::-1]:
        if isinstance(function, Function) and not function.required:
            place = interpreter.code.place(function.node)
            try:
                found = interpreter.call(function, Given(function.name, place))
            except DenseShapesError as error:
                found = Unknown(error)
            if isinstance(found, Stack | Network):
                return found
            made = last(interpreter.session.models)
            if made:
                return made
            if interpreter.first:
                raise interpreter.first
    return None


def remaining(interpreter: Interpreter) -> Network:
    """The model from all inputs to the last tensor, where the code builds none."""
    end = interpreter.session.last
    if interpreter.first:
        raise interpreter.first
    if end is None or not end.tensors:
        raise no_model(interpreter)
    starts: dict[int, Tensor] = {}
    seen: set[int] = set()
    todo = [end]
    while todo:
        one = todo.pop()
        if id(one) not in seen:
            seen.add(id(one))
            todo.extend(it.call for it in reversed(one.tensors))
            if not one.tensors:
                starts[id(one)] = one.outputs[0]
    place = getattr(end.part, "place", interpreter.code.at(1, 0, 1))
    inputs = Argument([*starts.values()], place)
    return network(interpreter.session, inputs, Argument(list(end.outputs), place), None, place)


def no_model(interpreter: Interpreter) -> ModelError:
    """What is said where the code builds no model, and calls no layer."""
    for thing in interpreter.top.values():
        if isinstance(thing, Function):
            return ModelError(
                f"{thing.name} is defined and never called, and needs {thing.required} arguments; add "
                f"a line that calls it: model = {thing.name}(…)"
            )
    return ModelError(
        "the code builds no model; expected something like\n    "
        "model = Sequential([Input((4, 5, 1)), Dense(5)])"
    )
