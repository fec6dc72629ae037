"""Rules for the preprocessing layers, and the reasons why some layers have none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dense_shapes.axes import Size, Window
from dense_shapes.errors import ShapeError, UnknownLayer
from dense_shapes.rules.book import OPAQUE, Closed, Config, Result, Stored, rule
from dense_shapes.rules.reshaping import axis_names
from dense_shapes.steps import By, Value, Weight, apply

NOTHING: Config = {}
FACTOR: Config = {"factor": 0.2}
AUGMENTATIONS: dict[str, Config] = {
    **dict.fromkeys(("AugMix", "CutMix", "MixUp", "RandAugment", "RandomColorJitter"), NOTHING),
    **dict.fromkeys(("RandomElasticTransform", "RandomErasing", "RandomFlip"), NOTHING),
    **dict.fromkeys(("RandomGaussianBlur", "RandomGrayscale", "RandomInvert"), NOTHING),
    **dict.fromkeys(("RandomPerspective", "RandomShear"), NOTHING),
    **dict.fromkeys(("RandomBrightness", "RandomColorDegeneration", "RandomContrast"), FACTOR),
    **dict.fromkeys(("RandomHue", "RandomRotation", "RandomSaturation"), FACTOR),
    "RandomSharpness": FACTOR,
    "RandomPosterization": {"factor": 4},
    "RandomTranslation": {"height_factor": 0.2, "width_factor": 0.2},
    "RandomZoom": {"height_factor": 0.2},
}
"""The layers that change pictures at random in training and keep their size, each with an example."""
ADJUSTMENTS = ("AutoContrast", "ContrastLimitedAdaptiveHistogramEqualization", "Solarization")
"""The layers that change the colours of a picture by what is in it."""

OPAQUE.update(
    {
        "FlaxLayer": "it runs a function of another library",
        "JaxLayer": "it runs a function of another library",
        "TFSMLayer": "it runs a saved graph of TensorFlow",
        "TorchModuleWrapper": "it runs a module of another library",
        "Lambda": "it runs a function of its own, which is never executed here",
        "Equalization": "it gives back its input itself, so that Keras cannot put it into a model",
        "Pipeline": "it is a list of other layers, for data that is prepared outside a model",
        "TextVectorization": "it turns text into numbers, which are as many as its text has words",
        "StringLookup": "it takes text, and its output depends on its vocabulary",
        "IntegerLookup": "its output depends on its vocabulary",
        "CategoryEncoding": "its output counts values, wherever they stand",
        "Hashing": "its output is a hash, and depends on its output mode",
        "HashedCrossing": "its output is a hash of both inputs",
        "MelSpectrogram": "it is a Fourier transform, of frames that depend on the signal",
        "STFTSpectrogram": "it is a Fourier transform, of frames that depend on the signal",
        "MaxNumBoundingBoxes": "it changes boxes that belong to pictures, not the pictures",
    }
)


def augmentation(config: Config, x: Value, *, training: object = None) -> Result:
    """A picture is changed in training and keeps its size; which cells are read is drawn at random.

    Source: keras/src/layers/preprocessing/image_preprocessing/base_image_preprocessing_layer.py
    """
    return Closed("an augmentation: what it reads is drawn at random", (x,))


def adjustment(config: Config, x: Value, *, training: object = None) -> Result:
    """The colours of a picture are changed by what is in it.

    Source: keras/src/layers/preprocessing/image_preprocessing/base_image_preprocessing_layer.py
    """
    return Closed("what it does to a cell depends on what is in the picture", (x,))


for kind, example in AUGMENTATIONS.items():
    rule(kind, example=example, shapes=[(None, 4, 5, 3)])(augmentation)
for kind in ADJUSTMENTS:
    rule(kind, example={}, shapes=[(None, 4, 5, 3)])(adjustment)


@rule("RandomCrop", example={"height": 2, "width": 3}, shapes=[(None, 4, 5, 3)])
def random_crop(config: Config, x: Value, *, training: object = None) -> Result:
    """A part of a picture, cut out at random in training.

    Source: keras/src/layers/preprocessing/image_preprocessing/random_crop.py
    """
    return Closed("an augmentation: what it reads is drawn at random", (resized(config, x),))


@rule("Resizing", example={"height": 2, "width": 3}, shapes=[(None, 4, 5, 3)])
def resizing(config: Config, x: Value, *, training: object = None) -> Result:
    """A picture of another size; each cell is worked out from cells near its place.

    Source: keras/src/layers/preprocessing/image_preprocessing/resizing.py
    """
    return Closed("which cells it reads depends on how it interpolates", (resized(config, x),))


def resized(config: Config, x: Value) -> Value:
    """A picture with the height and width of the configuration."""
    rows, columns = spatial(config, x)
    shape = list(x.shape)
    shape[rows], shape[columns] = config["height"], config["width"]
    return Value(tuple(shape), x.names, None)


def spatial(config: Config, x: Value) -> tuple[int, int]:
    """Where the rows and the columns of pictures are.

    Raises `ShapeError` if these are no pictures.
    """
    if len(x.shape) != 4:
        raise ShapeError(
            f"expected pictures with 4 axes (batch, rows, columns, channels), received {len(x.shape)}: "
            f"{x.shape}"
        )
    return (2, 3) if config.get("data_format") == "channels_first" else (1, 2)


@rule("CenterCrop", example={"height": 2, "width": 3}, shapes=[(None, 4, 5, 1)])
def center_crop(config: Config, x: Value, *, training: object = None) -> Result:
    """The middle of a picture; a picture that is too small is made larger instead.

    Source: keras/src/layers/preprocessing/image_preprocessing/center_crop.py
    """
    places = spatial(config, x)
    sizes = [x.shape[place] for place in places]
    wanted = (config["height"], config["width"])
    if any(size is None or size < want for size, want in zip(sizes, wanted, strict=True)):
        return Closed("where the picture is smaller, it is resized", (resized(config, x),))
    names = axis_names(x)
    over: dict[str, Any] = {
        names[place - 1]: middle(size, want)
        for place, size, want in zip(places, sizes, wanted, strict=True)
    }
    after = " ".join(f"{name}'" if name in over else name for name in names)
    return apply(f"b {' '.join(names)} -> b {after}", x, by=By.COPY, **over)


def middle(size: Size, wanted: int) -> Window:
    """The window that picks the middle of an axis."""
    spare = (size or 0) - wanted
    return Window(1, before=-(spare // 2), after=spare // 2 - spare)


@rule("Rescaling", example={"scale": 0.5, "offset": 1.0}, shapes=[(None, 2, 3, 1)])
def rescaling(config: Config, x: Value) -> Result:
    """Each value is multiplied by one number, and another is added.

    Source: keras/src/layers/preprocessing/rescaling.py
    """
    scale, offset = config["scale"], config["offset"]
    if isinstance(scale, Sequence) or isinstance(offset, Sequence):
        return apply("... -> ...", x, by=By.MAP, function="rescaling")
    scaled = apply("... -> ...", x, by=By.MAP, function=f"× {scale!r}")
    return apply("... -> ...", scaled, by=By.MAP, function=f"+ {offset!r}")


@rule("Normalization", example={}, shapes=[(None, 2, 3)])
def normalization(config: Config, x: Value) -> Result:
    """From each value the mean of its feature is taken, and the rest divided by its deviation.

    The mean and the variance are learnt from data beforehand; `count` is only kept.
    Source: keras/src/layers/preprocessing/normalization.py
    """
    if config.get("mean") is not None:
        return apply("... -> ...", x, by=By.MAP, function="normalization")
    given = config["axis"]
    axes = () if given is None else tuple(given) if isinstance(given, Sequence) else (given,)
    places = sorted(axis % len(x.shape) for axis in axes)
    if any(x.shape[place] is None for place in places):
        raise ShapeError(f"every axis that is kept must have a known size, received {x.shape}")
    if 0 in places:
        raise UnknownLayer("it keeps a mean for each sample of the batch")
    names = ["b", *axis_names(x)]
    pattern, kept = " ".join(names), " ".join(names[place] for place in places)
    y = apply(
        f"{pattern} -> {pattern}",
        x,
        by=By.MAP,
        function="normalization",
        mean=kept,
        variance=kept,
    )
    shape = tuple(x.shape[place] for place in places)
    weights = (Weight("mean", shape), Weight("variance", shape), Weight("count", ()))
    return Stored((y,), weights)


@rule("Discretization", example={"bin_boundaries": (0.0, 1.0)}, shapes=[(None, 2, 3)])
def discretization(config: Config, x: Value) -> Result:
    """Each value becomes the number of the bin into which it falls.

    Source: keras/src/layers/preprocessing/discretization.py
    """
    if config["output_mode"] != "int":
        raise UnknownLayer(f"its output mode is {config['output_mode']!r}")
    return apply("... -> ...", x, by=By.MAP, function="the number of the bin")
