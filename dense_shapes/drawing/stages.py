"""The lines of a layer's picture: its steps in groups, each of which makes something worth a look."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dense_shapes.fates import key
from dense_shapes.steps import By, Step, Value, Weight
from dense_shapes.traces import Layer


@dataclass(frozen=True)
class Stage:
    """Some steps of a layer that follow each other: what goes into them, and what they make.

    `means` are values on the way that many cells share.
    """

    inputs: tuple[Value, ...]
    steps: tuple[Step, ...]
    weights: tuple[Weight, ...]
    results: tuple[Value, ...]
    means: tuple[Value, ...] = ()


def stages(layer: Layer) -> list[Stage]:
    """The steps of a layer in groups, in the order in which they run.

    A group begins with a sum of products, a lookup or a recurrence; what is done to its result cell by
    cell belongs to it. A layer with one of these steps, or none, is one group.

    >>> from dense_shapes.rules import call
    >>> layer = call("SeparableConv2D", {"filters": 4, "kernel_size": 2}, (None, 4, 5, 3))
    >>> [[weight.name for weight in stage.weights] for stage in stages(layer)]
    [['depthwise_kernel'], ['pointwise_kernel', 'bias']]
    """
    numbers = grouped(layer)
    last = max(numbers.values(), default=0)
    if sum(map(heavy, layer.steps)) < 2 or not last:
        means = () if any(map(heavy, layer.steps)) else tuple(shared_means(layer))
        return [Stage(layer.inputs, layer.steps, layer.weights, layer.outputs, means)]
    held = {name for step in layer.steps for name in step.bound.weights}
    found = []
    for number in range(last + 1):
        steps = [step for step in layer.steps if numbers.get(id(step)) == number]
        inside, before = {id(step) for step in steps}, dict[int, Step]()
        inputs: dict[int | None, Value] = {}
        for step in steps:
            for value in step.inputs:
                for one in given(value, numbers, before):
                    if key(one) not in inside:
                        inputs[key(one)] = one
        taken = {
            key(one)
            for step in layer.steps
            if numbers.get(id(step)) != number
            for value in step.inputs
            for one in given(value, numbers, {})
        }
        results = [step.output for step in steps if id(step) in taken and not_out(layer, step)]
        outs = [it for it in layer.outputs if key(it) in inside]
        if number == last:
            outs += [it for it in layer.outputs if not isinstance(it.source, Step)]
        names = {name for step in steps for name in step.bound.weights}
        weights = [it for it in layer.weights if it.name in names]
        weights += [it for it in layer.weights if it.name not in held] if number == last else []
        every = tuple(step for step in layer.steps if id(step) in inside | before.keys())
        found.append(Stage(tuple(inputs.values()), every, tuple(weights), (*results, *outs)))
    return found


def not_out(layer: Layer, step: Step) -> bool:
    """Whether the value of a step is not an output of the layer."""
    return all(value.source is not step for value in layer.outputs)


def heavy(step: Step) -> bool:
    """Whether a step sums products, looks something up or recurs."""
    if step.by is By.MULTIPLY:
        return bool(step.weights) or step.macs != 0
    return step.by in (By.RECUR, By.LOOKUP)


def grouped(layer: Layer) -> dict[int, int]:
    """The number of the group of each step, by its id; steps before the first group have none."""
    numbers: dict[int, int] = {}
    count = 0
    for step in layer.steps:
        before = {numbers[it] for value in step.inputs if (it := key(value)) in numbers}
        if heavy(step) or len(before) > 1:
            numbers[id(step)], count = count, count + 1
        elif before:
            [numbers[id(step)]] = before
    return numbers


def given(value: Value, numbers: dict[int, int], before: dict[int, Step]) -> Iterator[Value]:
    """The values of groups, or inputs, of which a value is made by steps of no group; notes these."""
    step = value.source
    if not isinstance(step, Step) or id(step) in numbers:
        yield value
        return
    before[id(step)] = step
    for one in step.inputs:
        yield from given(one, numbers, before)


def shared_means(layer: Layer) -> Iterator[Value]:
    """The means in a layer that are not its output: each of their cells is shared by many."""
    for step in layer.steps:
        fewer = len(step.bound.output) < len(step.bound.inputs[0])
        if step.by is By.MEAN and len(step.inputs) == 1 and fewer and not_out(layer, step):
            yield step.output
