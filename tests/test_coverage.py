"""Every layer of Keras has a rule, or is opaque by decision; nothing is forgotten."""

from __future__ import annotations

import pytest

from dense_shapes.rules import FAMILIES, OPAQUE, RULES, arguments, call

BEYOND = {"InputLayer", "CustomScaleLayer", "LayerScale", "StochasticDepth"}
"""Kinds with a rule that a user does not find among the layers with arguments: three are parts of models of
`keras.applications`."""


def test_every_layer_has_a_rule_or_a_reason() -> None:
    kinds = set(arguments())
    assert kinds - {"InputLayer"} == (RULES.keys() | OPAQUE.keys()) & kinds - {"InputLayer"}
    assert not RULES.keys() & OPAQUE.keys()
    assert OPAQUE.keys() <= kinds
    others = {kind for kind in RULES if not kind.startswith("ops.")} - kinds
    assert others <= BEYOND


@pytest.mark.parametrize("kind", RULES)
def test_the_example_of_every_rule_works(kind: str) -> None:
    rule = RULES[kind]
    layer = call(kind, rule.example, *rule.shapes, **rule.options)
    assert layer.outputs
    assert all(len(value.names) == len(value.shape) for value in layer.outputs)
    assert not layer.steps or not layer.opaque
    for value in layer.outputs:
        if (
            not layer.opaque
            and layer.inputs
            and None not in value.shape[1:]
            and 0 not in value.shape
        ):
            last = tuple((size or 1) - 1 for size in value.shape[1:])
            layer.reads(last, output=layer.outputs.index(value))


@pytest.mark.parametrize("kind", RULES)
def test_every_rule_says_what_it_follows(kind: str) -> None:
    doc = RULES[kind].function.__doc__ or ""
    assert "Source: keras/src/" in doc
    assert RULES[kind].function.__module__ in {family.__name__ for family in FAMILIES}


def test_a_reason_is_a_phrase() -> None:
    for kind, reason in OPAQUE.items():
        assert len(reason) > 20, kind
        assert not reason.endswith("."), kind


@pytest.mark.parametrize("kind", RULES)
def test_the_formula_comes_to_the_number_of_parameters(kind: str) -> None:
    rule = RULES[kind]
    layer = call(kind, rule.example, *rule.shapes, **rule.options)
    if layer.opaque:
        assert layer.formula == ""
    else:
        assert eval(layer.formula.replace("×", "*") or "0") == layer.params
