"""The operations of keras.ops that are functions of one value, as tables."""

from __future__ import annotations

from collections.abc import Mapping
from math import pi
from typing import Any

FUNCTIONS: Mapping[str, str] = {
    **{"absolute": "abs", "fabs": "abs", "exp": "exponential"},
    **{"deg2rad": f"× {pi / 180!r}", "rad2deg": f"× {180 / pi!r}"},
    **{
        name: name
        for name in (
            *("abs", "arccosh", "arcsinh", "arctan", "cbrt", "ceil", "cos", "cosh", "erf", "erfc"),
            *("exp2", "expm1", "floor", "hard_sigmoid", "hard_silu", "hard_tanh", "log", "log10"),
            *("log1p", "log2", "log_sigmoid", "mish", "negative", "reciprocal", "relu6", "rsqrt"),
            *("selu", "sigmoid", "sign", "silu", "sin", "sinh", "softplus", "softsign"),
            *("sparse_plus", "sparse_sigmoid", "sqrt", "square", "tan", "tanh", "tanh_shrink"),
            "trunc",
        )
    },
}
"""Those without arguments, and what a step calls them."""

SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "relu": {"negative_slope": 0.0, "max_value": None, "threshold": 0.0},
    "leaky_relu": {"negative_slope": 0.2},
    "elu": {"alpha": 1.0},
    "celu": {"alpha": 1.0},
    "gelu": {"approximate": False},
    "hard_shrink": {"threshold": 0.5},
    "soft_shrink": {"threshold": 0.5},
    "squareplus": {"b": 4},
    "round": {"decimals": 0},
    "threshold": {"threshold": None, "default_value": None},
    "clip": {"x_min": None, "x_max": None},
    "cast": {"dtype": None},
}
"""Those with arguments, and what the plain function of this name has."""

LEFT_OUT: Mapping[str, Mapping[str, Any]] = {"gelu": {"approximate": True}}
"""What Keras takes for an argument that is left out, where this is not what is plain."""

EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "threshold": {"threshold": 1.0, "default_value": 0.0},
    "clip": {"x_min": -1.0, "x_max": 1.0},
    "cast": {"dtype": "float16"},
}
"""Examples of those that need arguments."""

COPIES = ("copy", "stop_gradient", "convert_to_tensor")
"""The operations that pass their input on."""

BLIND = (
    *("arccos", "arcsin", "arctanh", "argsort", "erfinv", "isfinite", "isinf", "isnan"),
    *("isneginf", "isposinf", "logical_not", "nan_to_num", "sinc", "sort"),
)
"""The operations that keep the shape, and of which no more is claimed."""

HOMES: Mapping[str, str] = {
    **dict.fromkeys(("cast", "convert_to_tensor", "stop_gradient"), "core"),
    **dict.fromkeys(("erf", "erfc", "erfinv", "rsqrt"), "math"),
    **dict.fromkeys(("hard_sigmoid", "hard_silu", "hard_tanh", "log_sigmoid", "relu"), "nn"),
    **dict.fromkeys(("relu6", "selu", "sigmoid", "silu", "softplus", "softsign"), "nn"),
    **dict.fromkeys(("sparse_plus", "sparse_sigmoid", "tanh_shrink", "leaky_relu", "elu"), "nn"),
    **dict.fromkeys(("celu", "gelu", "hard_shrink", "soft_shrink", "squareplus"), "nn"),
    **dict.fromkeys(("threshold", "softmax", "log_softmax"), "nn"),
}
"""The files of Keras in which operations stand, other than `numpy.py`."""


def documented(what: str, name: str) -> str:
    """What the rule of an operation says of itself."""
    home = "activations/activations" if name == "mish" else f"ops/{HOMES.get(name, 'numpy')}"
    return f"{what}.\n\n    Source: keras/src/{home}.py\n    "


def settings_of(name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of an operation, those that are left out too.

    >>> settings_of("gelu", {})
    {'approximate': True}
    """
    plain = SETTINGS.get(name, {})
    return {
        **plain,
        **LEFT_OUT.get(name, {}),
        **{key: config[key] for key in plain if key in config},
    }
