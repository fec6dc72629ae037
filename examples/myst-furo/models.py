"""The models of this site. They are read by the pages, and never executed."""

from keras import Input, Model, Sequential
from keras.layers import Conv2D, Dense, Flatten

classifier = Sequential(
    [
        Input((4, 5, 1)),
        Conv2D(8, 2, activation="relu", name="edges"),
        Conv2D(1, 2, activation="relu", name="shapes"),
        Flatten(name="flatten"),
        Dense(5, name="dense"),
        Dense(1, name="answer"),
    ],
    name="classifier",
)


def segmenter():
    """The same without Flatten: one answer for each position."""
    image = Input((4, 5, 1), name="image")
    x = Conv2D(8, 2, activation="relu", name="edges")(image)
    x = Conv2D(1, 2, activation="relu", name="shapes")(x)
    x = Dense(5, name="dense")(x)
    return Model(image, Dense(1, name="answer")(x), name="segmenter")
