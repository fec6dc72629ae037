"""How long `import dense_shapes` takes, as a ratio to `import rich`, in fresh processes in turn."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 25
STATEMENTS = {"nothing": "pass", "dense_shapes": "import dense_shapes", "rich": "import rich"}


def seconds(statement: str) -> float:
    """How long a fresh interpreter needs for a statement."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)  # noqa: S603
    return time.perf_counter() - start


def main() -> None:
    """Print the medians above an empty process, as a ratio."""
    times = {name: [] for name in STATEMENTS}  # type: dict[str, list[float]]
    for _ in range(RUNS):
        for name, statement in STATEMENTS.items():
            times[name].append(seconds(statement))
    medians = {name: statistics.median(values) for name, values in times.items()}
    ours, theirs = (medians[name] - medians["nothing"] for name in ("dense_shapes", "rich"))
    print(f"import dense_shapes takes {ours / theirs:.2f} of import rich ({RUNS} runs in turn)")
    whole = medians["dense_shapes"] / medians["nothing"]
    print(f"python -c 'import dense_shapes' takes {whole:.2f} of python -c 'pass'")


if __name__ == "__main__":
    main()
