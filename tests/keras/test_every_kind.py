"""Every kind that has a rule, on its example and on random layers: the rule against Keras itself.

Shapes, weights and numbers of parameters are compared with those of the layer that Keras makes; and
where the sizes are known and the cells are few, what a cell reads with what moves when it is changed.
In a slow session there are hundreds of random layers of each kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from inspect import isclass
from math import prod
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from keras.src.applications import convnext, inception_resnet_v2

from dense_shapes.axes import Parts, Past, Shape, Window
from dense_shapes.errors import ClaimError, DenseShapesError, ModelError, UnknownLayer
from dense_shapes.proofs import Proof, Seen
from dense_shapes.readers.keras import Place, filled, kind_of
from dense_shapes.rules import RULES, named, traced
from dense_shapes.runs import arguments
from dense_shapes.steps import By, Value, apply
from dense_shapes.traces import Layer
from tests.profiles import is_slow
from tests.random import Example
from tests.random.recurrent import arguments_of as arguments_of_recurrence

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),  # of softmax over one unit, and the like
    pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning"),
]

SLOW = is_slow()
MANY, FEW = (200, 60) if SLOW else (5, 2)
"""How many random layers of each kind there are; and of a kind of which each takes long."""
CELLS = 400
"""How many cells the inputs, the outputs and the weights may have for a proof."""
RECURRENT = ("SimpleRNN", "LSTM", "GRU", "RNN", "Bidirectional", "TimeDistributed")
LONG = (*RECURRENT, "StackedRNNCells", "GroupedQueryAttention", "MultiHeadAttention")
"""The kinds of which each proof takes long: Keras runs them step by step."""


def classes() -> dict[str, Any]:
    """Every layer of `keras.layers`, every operation of `keras.ops`, and three layers of which models of
    `keras.applications` are made; by their kinds."""
    found = {it.__name__: it for it in vars(keras.layers).values() if isclass(it)}
    for made in (
        convnext.LayerScale,
        convnext.StochasticDepth,
        inception_resnet_v2.CustomScaleLayer,
    ):
        found[made.__name__] = made
    homes = ("numpy", "math", "nn", "image", "core", "linalg")
    for home in (*(f"ops.{it}" for it in homes), "activations.activations"):
        for it in vars(import_module(f"keras.src.{home}")).values():
            if isclass(it) and issubclass(it, keras.Operation) and not issubclass(it, keras.Layer):
                found[kind_of(it.__new__(it))] = it
    return found


def strategies() -> Iterator[tuple[str, st.SearchStrategy[Example]]]:
    """The random layers of each kind, from the files of the families."""
    folder = Path(__file__).parent.parent / "random"
    for path in sorted(folder.glob("[a-z]*.py")):
        yield from import_module(f"tests.random.{path.stem}").STRATEGIES.items()


CLASSES = classes()
STRATEGIES = dict(strategies())
KINDS = sorted({*RULES} & {*CLASSES} - {"InputLayer"})


@dataclass(frozen=True)
class Case:
    """A layer of Keras called on inputs of these shapes, and what our rule makes of the same."""

    kind: str
    config: dict[str, Any]
    shapes: Sequence[Shape]
    options: dict[str, Any]

    @cached_property
    def operation(self) -> Any:
        """The layer of Keras, or the operation; `from_config` takes nested layers as they are stored."""
        config, made = deepcopy(dict(self.config)), CLASSES[self.kind]
        return made(**config) if self.kind.startswith("ops.") else made.from_config(config)

    @cached_property
    def args(self) -> list[Any]:
        """The arguments of the call by position, with a place for each input."""
        places: list[Any] = [Place(number) for number in range(len(self.shapes))]
        if "args" in self.options:
            return list(self.options["args"])
        if self.kind == "Bidirectional":
            return [places[0], places[1:]] if places[1:] else places
        if self.kind in RECURRENT or self.kind.endswith(("Cell", "RNNCells")):
            return arguments_of_recurrence(self.config, places)
        if any(base.__name__ == "Merge" for base in type(self.operation).__mro__):
            return [places]
        return arguments(self.operation, len(places))

    @property
    def kwargs(self) -> dict[str, Any]:
        """The arguments of the call by name."""
        return {key: it for key, it in self.options.items() if key != "args"}

    def called(self, inputs: Sequence[Any]) -> list[Any]:
        """The outputs of the layer for these inputs."""
        given = filled(list(self.args), inputs), filled(dict(self.kwargs), inputs)
        return list(keras.tree.flatten(self.operation(*given[0], **given[1])))

    def ruled(self, shapes: Sequence[Shape]) -> Layer:
        """What the rule makes of inputs of these shapes."""
        values = [Value(shape, named(shape), number) for number, shape in enumerate(shapes)]
        given = filled(list(self.args), values), filled(dict(self.kwargs), values)
        return traced(self.kind, self.operation.get_config(), *given, name="it")

    def proof(self, claimed: Layer) -> Proof:
        """The proof of what is claimed."""
        some = 3 if self.kind in LONG else 6
        return Proof(claimed, self.operation, self.args, self.kwargs, cells=64, weights=some)


def shapes_of(tensors: Sequence[Any]) -> list[Shape]:
    return [tuple(tensor.shape) for tensor in tensors]


def check(case: Case) -> str:
    """Compare a layer with its rule; how far that went."""
    inputs = [keras.Input(batch_shape=shape) for shape in case.shapes]
    try:
        theirs = shapes_of(case.called(inputs))
    except (ValueError, TypeError, IndexError, AttributeError, NotImplementedError):
        with pytest.raises(DenseShapesError):
            case.ruled(case.shapes)
        return "refused by both"
    try:
        claimed = case.ruled(case.shapes)
    except UnknownLayer:
        return "nothing said"
    ours = [value.shape for value in claimed.outputs]
    if (
        ours != theirs
    ):  # Keras may be wrong about what it will compute: then what it computes counts
        known = [tuple(size or 3 for size in shape) for shape in case.shapes]
        assert [value.shape for value in case.ruled(known).outputs] == shapes_of(
            case.called([np.zeros(shape, "float32") for shape in known])
        ), f"ours is {ours}, that of Keras {theirs}"
    weights = getattr(case.operation, "weights", [])
    ours_of_weights = [
        (it.name.rpartition("/")[2], it.shape, it.trainable) for it in claimed.weights
    ]
    if case.kind == "LayerScale":  # Keras gives its weight no name
        ours_of_weights = [(weights[0].name, *it[1:]) for it in ours_of_weights]
    assert ours_of_weights == [(it.name, tuple(it.shape), it.trainable) for it in weights]
    assert claimed.params == sum(prod(it.shape) for it in weights)
    if claimed.opaque:
        return "shapes and weights"
    tensors = [*case.shapes, *ours, *(it.shape for it in claimed.weights)]
    if sum(prod(it or 8 for it in shape[1:]) for shape in tensors) > CELLS:
        return "shapes and weights"
    return proved(case, claimed)


def proved(case: Case, claimed: Layer) -> str:
    """Prove what is claimed; how that went."""
    proof = case.proof(claimed)
    try:
        seen = proof.reads()
        proof.values()
    except ModelError:  # such as convolutions with the channels first on a CPU
        return "does not run here"
    return f"proved from one side: {seen.unseen}" if seen.unseen else "proved"


def test_every_kind_has_random_layers() -> None:
    assert {*RULES} - {*STRATEGIES} == set()
    assert {*RULES} <= {*CLASSES}


@pytest.mark.parametrize("kind", KINDS)
def test_example(kind: str) -> None:
    rule = RULES[kind]
    assert check(Case(kind, dict(rule.example), rule.shapes, dict(rule.options))) in (
        *("proved", "shapes and weights", "does not run here"),
        "proved from one side: softmax does not see what is added to all its numbers",
    )


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind in STRATEGIES])
def test_random(kind: str) -> None:
    outcomes: Counter[str] = Counter()

    @settings(
        max_examples=FEW if kind in LONG else MANY,
        deadline=None,
        derandomize=not SLOW,
        database=None,
        phases=(Phase.explicit, Phase.generate, *([Phase.shrink] if SLOW else [])),
        suppress_health_check=list(HealthCheck),
    )
    @given(STRATEGIES[kind])
    def run(example: Example) -> None:
        config, shapes, options = example
        outcomes[check(Case(kind, config, shapes, options))] += 1

    run()
    assert outcomes


# Wrong rules


Plant = Callable[[str, Callable[..., Any]], None]


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> Plant:
    """Puts a wrong function in the place of a rule, for one test."""

    def planted(kind: str, wrong: Callable[..., Any]) -> None:
        monkeypatch.setitem(RULES, kind, replace(RULES[kind], function=wrong))

    return planted


def seen(kind: str, config: dict[str, Any], *shapes: Shape, **options: Any) -> Seen:
    """What the proof of a layer sees; its values are compared too."""
    case = Case(kind, config, shapes, options)
    case.called([keras.Input(batch_shape=shape) for shape in shapes])
    proof = Proof(case.ruled(shapes), case.operation, case.args, case.kwargs)
    found = proof.reads()
    proof.values()
    return found


def caught(kind: str, config: dict[str, Any], *shapes: Shape, **options: Any) -> str:
    """The claim that the proof refuses."""
    with pytest.raises(ClaimError) as error:
        seen(kind, config, *shapes, **options)
    return str(error.value)


READS, DOES_NOT = "did not move", "does not read"
STEPS: Shape = (None, 5, 2)


@pytest.mark.parametrize("by", [By.MAX, By.MEAN])
@pytest.mark.parametrize(
    ("window", "word"),
    [
        (Window(3, stride=2), READS),
        (Window(1, stride=2, after=-1), DOES_NOT),
        (Window(2, stride=2, before=1, after=-1), DOES_NOT),
    ],
    ids=["too long", "too short", "shifted"],
)
def test_pooling_through_another_window(plant: Plant, by: By, window: Window, word: str) -> None:
    kind = "MaxPooling1D" if by is By.MAX else "AveragePooling1D"
    assert seen(kind, {"pool_size": 2}, STEPS).unseen == ""
    plant(kind, lambda config, x: apply("b t c -> b t' c", x, by=by, t=window))
    assert word in caught(kind, {"pool_size": 2}, STEPS)


def test_a_pooling_by_another_way(plant: Plant) -> None:
    window = Window(2, stride=2)
    plant("MaxPooling1D", lambda config, x: apply("b t c -> b t' c", x, by=By.MEAN, t=window))
    assert "its values follow" in caught("MaxPooling1D", {"pool_size": 2}, STEPS)
    plant("AveragePooling1D", lambda config, x: apply("b t c -> b t' c", x, by=By.SUM, t=window))
    assert "its values follow" in caught("AveragePooling1D", {"pool_size": 2}, STEPS)


def test_adaptive_parts_that_are_windows(plant: Plant) -> None:
    """Five places in three parts: [0, 1], [1, 2, 3], [3, 4]; and not [0, 1], [1, 2], [3, 4]."""
    config = {"output_size": 3}
    kind = "AdaptiveMaxPooling1D"
    plant(kind, lambda config, x: apply("b t c -> b t' c", x, by=By.MAX, t=Parts(3)))
    assert seen(kind, config, STEPS).unseen == ""
    wrong = Window(2, stride=2, after=1)
    plant(kind, lambda config, x: apply("b t c -> b t' c", x, by=By.MAX, t=wrong))
    assert "input[" in caught(kind, config, STEPS)


def test_concatenate_in_another_order(plant: Plant) -> None:
    def turned(config: Any, x: Value, y: Value) -> Value:
        return apply("b t q, b t p -> b t (p + q)", x, y, by=By.COPY)

    plant("Concatenate", turned)
    assert "input" in caught("Concatenate", {"axis": -1}, (None, 2, 2), (None, 2, 3))


def test_an_input_that_is_forgotten(plant: Plant) -> None:
    plant("Add", lambda config, x, y: apply("... -> ...", x, by=By.COPY))
    assert "does not read input 1[0]" in caught("Add", {}, (None, 3), (None, 3))


def test_inputs_subtracted_the_other_way_round(plant: Plant) -> None:
    plant("Subtract", lambda config, x, y: apply("..., ... -> ...", y, x, by=By.SUBTRACT))
    assert "its values follow" in caught("Subtract", {}, (None, 3), (None, 3))


def test_a_broadcast_along_another_axis(plant: Plant) -> None:
    def wrong(config: Any, x: Value, y: Value) -> Value:
        return apply("b t c, b c -> b t c", x, apply("b t 1 -> b t", y, by=By.COPY))

    plant("Multiply", wrong)
    assert "input 1[" in caught("Multiply", {}, (None, 3, 3), (None, 3, 1))


@pytest.mark.parametrize(
    ("window", "word"),
    [
        (Window(3, stride=2, before=1, after=-1), DOES_NOT),
        (Window(3, stride=2, dilation=1, before=-1, after=1), DOES_NOT),
    ],
)
def test_a_transposed_convolution_that_is_shifted(plant: Plant, window: Window, word: str) -> None:
    config = {"filters": 2, "kernel_size": 3, "strides": 2}

    def shifted(config: Any, x: Value) -> Value:
        return apply("b t' c -> b t f", x, kernel="kt f c", bias="f", f=2, t=window)

    assert seen("Conv1DTranspose", config, (None, 3, 2)).unseen == ""
    plant("Conv1DTranspose", shifted)
    assert word in caught("Conv1DTranspose", config, (None, 3, 2))


def test_up_sampling_that_repeats_the_whole(plant: Plant) -> None:
    plant("UpSampling1D", lambda config, x: apply("b t c -> b (n t) c", x, by=By.COPY, n=2))
    assert DOES_NOT in caught("UpSampling1D", {"size": 2}, (None, 3, 1))


def test_padding_at_the_wrong_end(plant: Plant) -> None:
    window = Window(1, before=2, after=1)
    plant("ZeroPadding1D", lambda config, x: apply("b t c -> b t' c", x, by=By.COPY, t=window))
    assert "input[" in caught("ZeroPadding1D", {"padding": (1, 2)}, (None, 3, 1))


def test_a_lookup_of_columns(plant: Plant) -> None:
    """A square table, of which the columns are claimed to be looked up in the place of the rows."""
    assert seen("Embedding", {"input_dim": 4, "output_dim": 4}, (None, 3)).unseen == ""

    def wrong(config: Any, x: Value) -> Value:
        return apply(
            "b t -> b t vector", x, by=By.LOOKUP, embeddings="vector word", word=4, vector=4
        )

    plant("Embedding", wrong)
    assert "embeddings[" in caught("Embedding", {"input_dim": 4, "output_dim": 4}, (None, 3))


def test_a_lookup_at_another_place(plant: Plant) -> None:
    def wrong(config: Any, x: Value) -> Value:
        turned = apply("b t -> b t'", x, by=By.COPY, t=Window(1, stride=-1, before=-2))
        return apply("b t -> b t v", turned, by=By.LOOKUP, embeddings="w v", w=4, v=2)

    plant("Embedding", wrong)
    assert "input[" in caught("Embedding", {"input_dim": 4, "output_dim": 2}, (None, 3))


def recurrence(**facts: Any) -> Callable[..., Value]:
    """A simple recurrence, seen in some way."""

    def rule(config: Any, x: Value) -> Value:
        time = "t' " if config["return_sequences"] else ""
        weights = {"kernel": "in unit", "recurrent_kernel": "before unit", "bias": "unit"}
        sizes = {"unit": config["units"], "before": config["units"]}
        given: dict[str, Any] = {**weights, **sizes, **facts}
        return apply(f"b t in -> b {time}unit", x, by=By.RECUR, **given)

    return rule


@pytest.mark.parametrize(
    ("past", "word"),
    [(Past(turned=True), DOES_NOT), (Past(backwards=True), DOES_NOT), (Window(1), DOES_NOT)],
    ids=["turned", "backwards", "nothing before"],
)
def test_a_recurrence_with_another_past(plant: Plant, past: Any, word: str) -> None:
    config = {"units": 2, "return_sequences": True}
    plant("SimpleRNN", recurrence(t=Past()))
    assert seen("SimpleRNN", config, (None, 3, 2)).unseen == ""
    plant("SimpleRNN", recurrence(t=past))
    assert word in caught("SimpleRNN", config, (None, 3, 2))


def test_a_recurrence_that_runs_the_other_way(plant: Plant) -> None:
    config = {"units": 2, "return_sequences": True, "go_backwards": True}
    plant("SimpleRNN", recurrence(t=Past()))
    assert "input[" in caught("SimpleRNN", config, (None, 3, 2))


def test_a_dense_layer_is_no_recurrence(plant: Plant) -> None:
    """It would read what is before, and every unit of it."""

    def wrong(config: Any, x: Value) -> Value:
        return apply("b t in -> b t' u", x, by=By.RECUR, kernel="in u", bias="u", u=2, t=Past())

    plant("Dense", wrong)
    assert READS in caught("Dense", {"units": 2}, (None, 3, 2))


def test_a_normalisation_over_another_axis(plant: Plant) -> None:
    rule = RULES["LayerNormalization"].function
    config = {"center": False, "scale": False}
    plant("LayerNormalization", lambda config, x: rule({**config, "axis": 1}, x))
    assert DOES_NOT in caught("LayerNormalization", config, (None, 3, 4))


def test_a_normalisation_with_another_epsilon(plant: Plant) -> None:
    rule = RULES["BatchNormalization"].function
    plant("BatchNormalization", lambda config, x: rule({**config, "epsilon": 0.1}, x))
    assert "its values follow" in caught("BatchNormalization", {}, (None, 3))


def test_a_normalisation_with_its_weights_exchanged(plant: Plant) -> None:
    def wrong(config: Any, x: Value) -> Value:
        names = "gamma", "beta", "moving_mean", "moving_variance"
        held: dict[str, Any] = dict.fromkeys(names, "c")
        return apply("b c -> b c", x, by=By.MAP, function="something", **held)

    plant("BatchNormalization", wrong)
    assert seen("BatchNormalization", {}, (None, 3)).unseen == ""  # it reads just these, somehow

    def exchanged(config: Any, x: Value) -> Value:
        held: dict[str, Any] = dict.fromkeys(
            ("beta", "gamma", "moving_mean", "moving_variance"), "c"
        )
        function = "batch normalization, ε = 0.001"
        return apply("b c -> b c", x, by=By.MAP, function=function, **held)

    plant("BatchNormalization", exchanged)
    assert "its values follow" in caught("BatchNormalization", {}, (None, 3))


def test_an_attention_that_looks_at_its_own_place_alone(plant: Plant) -> None:
    def wrong(config: Any, query: Value, value: Value) -> Value:
        scores = apply("b t d, b t d -> b t", query, value)
        return apply("b t, b t d -> b t d", scores, value)

    plant("Attention", wrong)
    assert DOES_NOT in caught("Attention", {}, (None, 3, 2), (None, 3, 2))


def test_attention_scores_that_are_turned(plant: Plant) -> None:
    rule: Any = RULES["Attention"].function
    options = {"return_attention_scores": True}

    def wrong(config: Any, *inputs: Value, return_attention_scores: bool) -> Any:
        y, scores = rule(config, *inputs, return_attention_scores=return_attention_scores)
        return y, apply("b t s -> b s t", scores, by=By.COPY)

    assert seen("Attention", {}, (None, 3, 2), (None, 3, 2), **options).unseen == ""
    plant("Attention", wrong)
    message = caught("Attention", {}, (None, 3, 2), (None, 3, 2), **options)
    assert "output 1[" in message


def test_the_states_of_a_cell_exchanged(plant: Plant) -> None:
    """What is shown has gone through one gate more than what is carried."""
    rule: Any = RULES["LSTMCell"].function
    shapes: list[Shape] = [(None, 3), (None, 2), (None, 2)]

    def wrong(config: Any, *inputs: Value) -> Any:
        y, shown, carried = rule(config, *inputs)
        return y, carried, shown

    assert seen("LSTMCell", {"units": 2}, *shapes).unseen == ""
    plant("LSTMCell", wrong)
    assert "output 1[" in caught("LSTMCell", {"units": 2}, *shapes)


def test_a_claim_that_is_too_large_is_seen_where_nothing_vanishes(plant: Plant) -> None:
    plant("ReLU", lambda config, x: apply("b t -> b t'", x, by=By.MAX, t=Window(2, after=1)))
    assert READS in caught("ReLU", {}, (None, 4))


# What is seen from one side only

GRU = {
    "module": "keras.layers",
    "class_name": "GRU",
    "config": {"units": 2},
    "registered_name": None,
}
"""A layer as a configuration holds it."""


@pytest.mark.parametrize(
    ("kind", "config", "shapes", "why"),
    [
        ("Dense", {"units": 1, "activation": "softmax"}, [(None, 3)], "normalised alone"),
        ("LayerNormalization", {}, [(None, 3, 1)], "normalised alone"),
        ("Attention", {}, [(None, 3, 2), (None, 1, 2)], "normalised alone"),
        ("MultiHeadAttention", {"num_heads": 1, "key_dim": 2}, [(None, 3, 2)] * 2, "added to all"),
        ("SimpleRNN", {"units": 2}, [(None, 60, 2)], "forgets over 60 places"),
        ("Embedding", {"input_dim": 1, "output_dim": 2}, [(None, 3)], "one row"),
    ],
)
def test_what_is_seen_from_one_side_is_said(
    kind: str, config: dict[str, Any], shapes: list[Shape], why: str
) -> None:
    assert why in seen(kind, config, *shapes).unseen


@pytest.mark.parametrize(
    ("kind", "config", "shapes"),
    [
        ("LayerNormalization", {}, [(None, 3, 2)]),  # two numbers: only their order shows, nearly
        ("UnitNormalization", {}, [(None, 3, 1)]),  # of one number, its sign
        ("Dense", {"units": 2, "activation": "softmax"}, [(None, 3)]),
        ("LSTM", {"units": 2, "return_sequences": True}, [(None, 8, 2)]),
        ("GRU", {"units": 2}, [(None, 1, 2)]),
        ("Bidirectional", {"layer": GRU}, [(None, 3, 2)]),
        ("GroupNormalization", {"groups": 2}, [(None, 1, 4)]),
        ("Attention", {"use_scale": True}, [(None, 3, 2), (None, 4, 2)]),
        ("AdditiveAttention", {}, [(None, 3, 2), (None, 4, 2)]),
        ("MaxPooling2D", {"pool_size": 3, "strides": 1}, [(None, 5, 4, 1)]),
        ("PReLU", {}, [(None, 2, 3)]),
        ("Normalization", {}, [(None, 2, 3)]),
    ],
    ids=lambda it: it if isinstance(it, str) else "",
)
def test_what_all_but_vanishes_is_seen_from_both_sides(
    kind: str, config: dict[str, Any], shapes: list[Shape]
) -> None:
    assert seen(kind, config, *shapes).unseen == ""
