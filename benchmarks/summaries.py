"""How long it takes to show a saved ResNet50, beside Keras; and how the time grows with the layers.

torchinfo shows a model of PyTorch, which is made first: its weights need not be read. visualkeras draws a
picture. A job whose package is not installed is left out, and a line says so.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from dense_shapes.display import summary
from dense_shapes.readers import archive, keras

RUNS = 5
LAYERS = (100, 1_000, 10_000)
LIVE = (100, 300, 900)
"""The same for live models: Keras itself stops at about a thousand, at the depth of Python's stack."""
LOAD = "import keras, sys; model = keras.saving.load_model(sys.argv[1], compile=False); "
TORCH = """
import torch, torchinfo
from torch import nn

class Block(nn.Module):
    def __init__(self, before, width, stride):
        super().__init__()
        after = 4 * width
        self.way = nn.Sequential(
            nn.Conv2d(before, width, 1, stride), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Conv2d(width, width, 3, 1, 1), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Conv2d(width, after, 1), nn.BatchNorm2d(after),
        )
        first = nn.Sequential(nn.Conv2d(before, after, 1, stride), nn.BatchNorm2d(after))
        self.short = nn.Identity() if before == after else first

    def forward(self, x):
        return torch.relu(self.way(x) + self.short(x))

stem = [nn.Conv2d(3, 64, 7, 2, 3), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
before = 64
for width, count, stride in (64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2):
    for number in range(count):
        stem.append(Block(before, width, 1 if number else stride))
        before = 4 * width
model = nn.Sequential(*stem, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000))
assert sum(it.numel() for it in model.parameters()) == 25_583_592  # as trained by Keras
torchinfo.summary(model, (1, 3, 224, 224))
"""
JOBS = {
    "dense-shapes show": ["-m", "dense_shapes", "show"],
    "Keras: load_model, summary": ["-c", f"{LOAD}model.summary()"],
    "visualkeras: load_model, graph_view": [
        "-c",
        f"{LOAD}import visualkeras; visualkeras.graph_view(model).save(sys.argv[1] + '.png')",
    ],
    "torchinfo: make, summary": ["-c", TORCH],
}
NEEDED = {"visualkeras": ("visualkeras",), "torchinfo": ("torch", "torchinfo")}
"""What the jobs need whose names begin so."""
MAKE = """
import keras, sys
keras.applications.ResNet50(weights=None).save(sys.argv[1])
"""


def seconds(job: Callable[[], Any]) -> float:
    """How long a job takes, in processor time: its own, and that of the processes that it waits for."""
    start = os.times()
    job()
    stop = os.times()
    return sum(stop[:4]) - sum(start[:4])


def processes(path: Path) -> None:
    """Print how long each tool needs for the same file, in fresh processes in turn, beside ours."""
    for name in list(JOBS):
        missing = [it for it in NEEDED.get(name.partition(":")[0], ()) if not find_spec(it)]
        if missing:
            print(f"{name}: left out: {' and '.join(missing)} is not installed")
            del JOBS[name]
    times: dict[str, list[float]] = {name: [] for name in JOBS}
    for _ in range(RUNS):
        for name, command in list(JOBS.items()):
            start = time.perf_counter()
            done = subprocess.run(  # noqa: S603
                [sys.executable, *command, str(path)], capture_output=True, check=False
            )
            if done.returncode:
                print(f"{name}: fails: {done.stderr.decode().strip().splitlines()[-1][:100]}")
                del JOBS[name], times[name]
                continue
            times[name].append(time.perf_counter() - start)
    ours = statistics.median(times["dense-shapes show"])
    for name, values in times.items():
        print(f"{name}: {statistics.median(values) / ours:.1f} ({len(values)} runs in turn)")


def chain(count: int) -> str:
    """A saved model of so many layers, one after the other, as Keras writes it."""
    shape = [None, 2, 3, 4]
    record = {"class_name": "__keras_tensor__", "config": {"shape": shape, "dtype": "float32"}}
    layers: list[dict[str, Any]] = [
        {"class_name": "InputLayer", "name": "x", "config": {"batch_shape": shape, "name": "x"}}
    ]
    layers[0] |= {"module": "keras.layers", "registered_name": None, "inbound_nodes": []}
    for number in range(count):
        name, before = f"dense_{number}", layers[-1]["name"]
        tensor = {**record, "config": {**record["config"], "keras_history": [before, 0, 0]}}  # type: ignore[dict-item]
        layers.append(
            {
                "class_name": "Dense",
                "module": "keras.layers",
                "registered_name": None,
                "name": name,
                "config": {"name": name, "units": 4, "trainable": True},
                "inbound_nodes": [{"args": [tensor], "kwargs": {}}],
            }
        )
    config = {"name": "chain", "trainable": True, "layers": layers}
    config |= {"input_layers": [["x", 0, 0]], "output_layers": [[layers[-1]["name"], 0, 0]]}
    return json.dumps({"class_name": "Functional", "module": "keras", "config": config})


def live(count: int) -> Any:
    """A live model of so many layers, one after the other."""
    from keras import Input, Model, layers

    x = y = Input((2, 3, 4))
    for _ in range(count):
        y = layers.Dense(4)(y)
    return Model(x, y)


def growth() -> None:
    """Print the time a layer takes to trace and summarise, in models of more and more layers."""
    print_growth("JSON", {count: partial(read, chain(count)) for count in LAYERS})
    with tempfile.TemporaryDirectory() as folder:
        paths = {count: Path(folder, f"{count}.json") for count in (1, *LAYERS)}
        for count, path in paths.items():
            path.write_text(chain(count))
        print_growth("command line", {count: partial(shown, path) for count, path in paths.items()})
    print_growth("live", {count: partial(traced, live(count)) for count in LIVE})


def read(text: str) -> str:
    """The summary of a model in JSON."""
    return str(summary(archive.read_text(text)))


def traced(model: Any) -> str:
    """The summary of a live model."""
    return str(summary(keras.trace(model)))


def shown(path: Path) -> None:
    """Show a file by the command line, in a process of its own."""
    command = [sys.executable, "-m", "dense_shapes", "show", str(path)]
    subprocess.run(command, capture_output=True, check=True)  # noqa: S603


def print_growth(way: str, jobs: dict[int, Callable[[], Any]]) -> None:
    """Print how the time of a layer grows; that of a model of one layer is taken off, if there is one."""
    times: dict[int, list[float]] = {count: [] for count in jobs}
    for _ in range(RUNS):
        for count, job in jobs.items():
            times[count].append(seconds(job))
    medians = {count: statistics.median(values) for count, values in times.items()}
    start = medians.pop(1, 0.0)
    first = (medians[LAYERS[0]] - start) / LAYERS[0]
    for count, median in medians.items():
        ratio = (median - start) / count / first
        print(f"{way}, {count:,} layers: {ratio:.2f} of the time a layer takes among {LAYERS[0]}")


def main() -> None:
    """Run both."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "resnet50.keras")
        subprocess.run([sys.executable, "-c", MAKE, str(path)], check=True)  # noqa: S603
        processes(path)
    growth()


if __name__ == "__main__":
    main()
