"""How long it takes to draw a model, and how large the file is, beside Keras's and visualkeras's pictures."""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import keras

import dense_shapes

RUNS = 5
LAYERS = (100, 500, 2_000)
Draw = Callable[[Any, Path], None]


def question(*between: keras.Layer) -> keras.Model:
    """The model of the question, with Flatten (A) or without it (B)."""
    layers = keras.layers
    convolutions = [layers.Conv2D(8, (2, 2)), layers.Conv2D(1, (2, 2))]
    head = [layers.Dense(5), layers.Dense(1)]
    return keras.Sequential([keras.Input((4, 5, 1)), *convolutions, *between, *head])


def chain(count: int) -> keras.Model:
    """A model of so many layers, one after the other."""
    x = start = keras.Input((4,))
    for number in range(count):
        x = keras.layers.Dense(4 + number % 2)(x)
    return keras.Model(start, x)


MODELS: dict[str, Callable[[], keras.Model]] = {
    "model A": lambda: question(keras.layers.Flatten()),
    "model B": question,
    "MobileNetV2": lambda: keras.applications.MobileNetV2(weights=None),
    "ResNet50": lambda: keras.applications.ResNet50(weights=None),
    "a chain of 1,000": lambda: chain(1_000),
}


def ours(model: Any, path: Path) -> None:
    """Trace the model and draw it, repeated blocks once."""
    dense_shapes.draw(dense_shapes.trace(model)).save(path.with_suffix(".svg"))


def whole(model: Any, path: Path) -> None:
    """Trace the model and draw every layer."""
    dense_shapes.draw(dense_shapes.trace(model), unfold=True).save(path.with_suffix(".svg"))


def by_matplotlib(model: Any, path: Path) -> None:
    """The same scene, drawn by Matplotlib."""
    figure = dense_shapes.draw(dense_shapes.trace(model)).figure()
    figure.savefig(path.with_suffix(".svg"))


def plot_model(model: Any, path: Path) -> None:
    """Keras's own picture, with shapes and names."""
    given = {"show_shapes": True, "show_layer_names": True}
    keras.utils.plot_model(model, to_file=str(path.with_suffix(".png")), **given)


def graph_view(model: Any, path: Path) -> None:
    """The picture of visualkeras that draws Keras 3 models with branches."""
    visualkeras = importlib.import_module("visualkeras")
    visualkeras.graph_view(model).save(path.with_suffix(".png"))


TOOLS: dict[str, Draw] = {
    "dense_shapes": ours,
    "dense_shapes, unfolded": whole,
    "the same by Matplotlib": by_matplotlib,
    "keras.utils.plot_model": plot_model,
    "visualkeras.graph_view": graph_view,
}


def missing(tool: str) -> str:
    """What a tool needs and does not find here; empty if nothing."""
    if tool == "keras.utils.plot_model" and not shutil.which("dot"):
        return "Graphviz"
    if tool == "keras.utils.plot_model" and not importlib.util.find_spec("pydot"):
        return "pydot"
    if tool == "visualkeras.graph_view" and not importlib.util.find_spec("visualkeras"):
        return "visualkeras"
    return ""


def seconds(draw: Draw, model: Any, path: Path) -> float:
    """How long a picture takes, from the live model to the file."""
    start = time.perf_counter()
    draw(model, path)
    return time.perf_counter() - start


def compare(name: str, model: Any, folder: Path) -> None:
    """Print how long each tool needs for a model, in turn, and how large its file is, beside ours."""
    times: dict[str, list[float]] = {}
    failed: dict[str, str] = {
        tool: f"{it} is not installed" for tool in TOOLS if (it := missing(tool))
    }
    sizes: dict[str, int] = {}
    for _ in range(RUNS):
        for number, (tool, draw) in enumerate(TOOLS.items()):
            if tool in failed:
                continue
            path = folder / f"picture{number}"
            try:
                taken = seconds(draw, model, path)
            except Exception as error:
                failed[tool] = f"fails: {type(error).__name__}: {str(error).strip()[:80]}"
                continue
            times.setdefault(tool, []).append(taken)
            sizes[tool] = next(folder.glob(f"{path.name}.*")).stat().st_size
    first = statistics.median(times["dense_shapes"])
    print(f"{name}: {1 / first:.0f} pictures a second, {sizes['dense_shapes'] / 1000:.1f} KB")
    for tool in TOOLS:
        if tool in failed:
            print(f"  {tool}: {failed[tool]}")
        else:
            ratio = statistics.median(times[tool]) / first
            size = sizes[tool] / sizes["dense_shapes"]
            print(f"  {tool}: time {ratio:.1f}, size {size:.1f} ({len(times[tool])} runs in turn)")


def growth() -> None:
    """Print the time that a layer takes to be drawn, in models of more and more layers."""
    traces = {}
    for count in LAYERS:
        layers = " -> ".join(f"Dense({4 + number % 2})" for number in range(count))
        traces[count] = dense_shapes.trace(f"4 -> {layers}")
    each: dict[int, list[float]] = {count: [] for count in LAYERS}
    for _ in range(RUNS):
        for count, trace in traces.items():
            start = time.perf_counter()
            dense_shapes.draw(trace, unfold=True).to("svg")
            each[count].append((time.perf_counter() - start) / count)
    first = statistics.median(each[LAYERS[0]])
    for count, values in each.items():
        ratio = statistics.median(values) / first
        print(f"{count:,} layers: {ratio:.2f} of the time a layer takes among {LAYERS[0]}")


def main() -> None:
    """Compare the tools on every model, then say how the time grows."""
    sys.setrecursionlimit(20_000)  # Keras needs it for a chain of 1,000 layers
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, make) in enumerate(MODELS.items()):
            place = Path(folder, str(number))
            place.mkdir()
            compare(name, make(), place)
    growth()


if __name__ == "__main__":
    main()
