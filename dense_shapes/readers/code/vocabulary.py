"""The words of Keras: other names of layers, old names of arguments, what arguments may be."""

from __future__ import annotations

import re
from collections.abc import Mapping

ALIASES: Mapping[str, str] = {
    **{f"AvgPool{n}D": f"AveragePooling{n}D" for n in (1, 2, 3)},
    **{f"MaxPool{n}D": f"MaxPooling{n}D" for n in (1, 2, 3)},
    **{f"GlobalAvgPool{n}D": f"GlobalAveragePooling{n}D" for n in (1, 2, 3)},
    **{f"GlobalMaxPool{n}D": f"GlobalMaxPooling{n}D" for n in (1, 2, 3)},
    **{f"Convolution{n}D": f"Conv{n}D" for n in (1, 2, 3)},
    **{f"Convolution{n}DTranspose": f"Conv{n}DTranspose" for n in (1, 2, 3)},
    **{f"SeparableConvolution{n}D": f"SeparableConv{n}D" for n in (1, 2)},
    "GroupQueryAttention": "GroupedQueryAttention",
    "Deconvolution2D": "Conv2DTranspose",
    "Deconvolution3D": "Conv3DTranspose",
}
"""The other names of layers."""

OLD: Mapping[str, tuple[str, ...]] = {
    "alpha": ("negative_slope",),
    "W_constraint": ("kernel_constraint", "embeddings_constraint"),
    "W_regularizer": ("kernel_regularizer", "embeddings_regularizer"),
    "U_regularizer": ("recurrent_regularizer",),
    "atrous_rate": ("dilation_rate",),
    "b_constraint": ("bias_constraint",),
    "b_regularizer": ("bias_regularizer",),
    "beta_init": ("beta_initializer",),
    "bias": ("use_bias",),
    "border_mode": ("padding",),
    "dim_ordering": ("data_format",),
    "dropout_U": ("recurrent_dropout",),
    "dropout_W": ("dropout",),
    "filter_length": ("kernel_size",),
    "gamma_init": ("gamma_initializer",),
    "init": ("kernel_initializer", "embeddings_initializer"),
    "inner_activation": ("recurrent_activation",),
    "inner_init": ("recurrent_initializer",),
    "length": ("size",),
    "nb_filter": ("filters",),
    "output_dim": ("units",),
    "p": ("rate",),
    "pool_length": ("pool_size",),
    "sigma": ("stddev",),
    "stride": ("strides",),
    "subsample": ("strides",),
    "subsample_length": ("strides",),
}
"""What arguments were called in older versions, and are called now."""

FORGOTTEN = {"consume_less", "dynamic", "experimental_autocast", "fused", "implementation"}
"""Arguments of older versions that change neither shapes nor values."""

BASE = ("name", "trainable", "dtype", "autocast", "activity_regularizer", "weights", "input_tensor")
SHAPES = ("input_shape", "input_dim", "batch_input_shape", "batch_size", "input_length")
"""Arguments that every layer takes; those of the second line say what its input is."""

RECURRENT = ("LSTM", "GRU", "SimpleRNN", "RNN")
NEVER_READ = re.compile(r"\w+_(initializer|regularizer|constraint)|weights|seed|dtype|input_tensor")
"""The arguments that change neither a shape nor what a cell reads: they may be unknown."""

COUNTS = {
    *("units", "filters", "output_dim", "input_dim", "num_heads", "key_dim", "value_dim", "n"),
    *("groups", "depth_multiplier", "head_dim", "num_query_heads", "num_key_value_heads"),
}
SIZES = {"kernel_size", "pool_size", "strides", "dilation_rate", "size"}
CHOICES: Mapping[str, tuple[str, ...]] = {
    "padding": ("valid", "same", "causal"),
    "data_format": ("channels_last", "channels_first"),
    "merge_mode": ("sum", "mul", "concat", "ave"),
}
ACTIVATIONS = (
    *("celu", "elu", "exponential", "gelu", "glu", "hard_shrink", "hard_sigmoid", "hard_silu"),
    *("hard_swish", "hard_tanh", "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish"),
    *("relu", "relu6", "selu", "sigmoid", "silu", "soft_shrink", "softmax", "softplus"),
    *("softsign", "sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus", "swish", "tanh"),
    *("tanh_shrink", "threshold"),
)
"""The activations of Keras by name."""

FORMATS = {"tf": "channels_last", "th": "channels_first"}
