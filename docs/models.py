"""The two models of the question, as a page reads them. Nothing here is executed."""

from keras import Input, Sequential
from keras.layers import Conv2D, Dense, Flatten

START = [Input((4, 5, 1)), Conv2D(8, 2, name="edges"), Conv2D(1, 2, name="shapes")]
END = [Dense(5, name="dense"), Dense(1, name="answer")]


def classifier():
    """One answer for the whole image."""
    return Sequential([*START, Flatten(name="flatten"), *END], name="classifier")


def segmenter():
    """One answer for each position."""
    return Sequential([*START, *END], name="segmenter")
