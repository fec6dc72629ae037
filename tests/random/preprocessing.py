"""Random preprocessing layers."""

from __future__ import annotations

from hypothesis import strategies as st

from dense_shapes.rules import preprocessing
from tests.random import Example

sizes = st.integers(1, 6)
pictures = st.tuples(st.none(), sizes, sizes, st.just(3))
tensors = st.lists(sizes, min_size=1, max_size=4).map(lambda some: (None, *some))


def cropped() -> st.SearchStrategy[Example]:
    """A layer that gives pictures of another size."""
    return st.builds(
        lambda height, width, shape: ({"height": height, "width": width}, [shape], {}),
        sizes,
        sizes,
        pictures,
    )


@st.composite
def normalization(draw: st.DrawFn) -> Example:
    """A normalisation over one axis, over several or over all."""
    shape = draw(tensors)
    places = st.integers(1, len(shape) - 1)
    axis = draw(st.none() | places | st.lists(places, min_size=1, unique=True).map(sorted))
    return {"axis": axis}, [shape], {}


def same(config: dict[str, object]) -> st.SearchStrategy[Example]:
    """A layer with this configuration, on any pictures."""
    return pictures.map(lambda shape: (dict(config), [shape], {}))


STRATEGIES: dict[str, st.SearchStrategy[Example]] = {
    **{kind: same(dict(config)) for kind, config in preprocessing.AUGMENTATIONS.items()},
    **{kind: same({}) for kind in preprocessing.ADJUSTMENTS},
    **{kind: cropped() for kind in ("RandomCrop", "Resizing", "CenterCrop")},
    "Rescaling": st.builds(
        lambda scale, offset, shape: ({"scale": scale, "offset": offset}, [shape], {}),
        st.sampled_from((0.5, 2.0)),
        st.sampled_from((0.0, -1.0)),
        tensors,
    ),
    "Normalization": normalization(),
    "Discretization": tensors.map(lambda shape: ({"bin_boundaries": [0.0, 1.0]}, [shape], {})),
}
