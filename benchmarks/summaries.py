"""How long it takes to show a saved ResNet50, beside Keras; and how the time grows with the layers."""

from __future__ import annotations

import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dense_shapes.display import summary
from dense_shapes.readers import archive

RUNS = 5
LAYERS = (100, 1_000, 10_000)
LOAD = "import keras, sys; model = keras.saving.load_model(sys.argv[1], compile=False); "
JOBS = {
    "dense-shapes show": ["-m", "dense_shapes", "show"],
    "Keras: load_model, summary": ["-c", f"{LOAD}model.summary()"],
    "visualkeras: load_model, graph_view": [
        "-c",
        f"{LOAD}import visualkeras; visualkeras.graph_view(model).save(sys.argv[1] + '.png')",
    ],
}
MAKE = """
import keras, sys
keras.applications.ResNet50(weights=None).save(sys.argv[1])
"""


def seconds(job: Callable[[], Any]) -> float:
    """How long a job takes."""
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def processes(path: Path) -> None:
    """Print how long each tool needs for the same file, in fresh processes in turn, beside ours."""
    if not importlib.util.find_spec("visualkeras"):
        del JOBS["visualkeras: load_model, graph_view"]
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


def growth() -> None:
    """Print the time a layer takes to trace and summarise, in models of more and more layers."""
    texts = {count: chain(count) for count in LAYERS}
    each: dict[int, list[float]] = {count: [] for count in LAYERS}
    for _ in range(RUNS):
        for count, text in texts.items():
            taken = seconds(lambda text=text: str(summary(archive.read_text(text))))  # type: ignore[misc]
            each[count].append(taken / count)
    first = statistics.median(each[LAYERS[0]])
    for count, values in each.items():
        ratio = statistics.median(values) / first
        print(f"{count:,} layers: {ratio:.2f} of the time a layer takes among {LAYERS[0]}")


def main() -> None:
    """Run both."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "resnet50.keras")
        subprocess.run([sys.executable, "-c", MAKE, str(path)], check=True)  # noqa: S603
        processes(path)
    growth()


if __name__ == "__main__":
    main()
