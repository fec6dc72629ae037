"""The models of this site. They are read by the pages, and never executed."""

from keras import Input, Model, Sequential
from keras.layers import Conv2D, Dense, Flatten

classifier = Sequential(
    [Input((4, 5, 1)), Conv2D(8, 2), Conv2D(1, 2), Flatten(), Dense(5), Dense(1)],
    name="classifier",
)


def segmenter():
    """The same without Flatten: one answer for each position."""
    image = Input((4, 5, 1), name="image")
    x = Conv2D(8, 2, activation="relu")(image)
    x = Conv2D(1, 2, activation="relu")(x)
    x = Dense(5)(x)
    return Model(image, Dense(1)(x), name="segmenter")
