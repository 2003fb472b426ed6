"""Waits until it can read what another process has logged; argv: of what, where …, how many.

It prints `ready`, waits for a line, and prints the time at which it had all values, in order.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from call_by_call import value_of

SECONDS, PAUSE = 240.0, 0.02
Read = Callable[[], Sequence[float]]


def _lines(path: str) -> Read:
    return lambda: [float(line) for line in Path(path).read_text().split()]


def _runyard(run_id: str) -> Read:
    from runyard import Run, Workspace

    run = Run.get(Workspace.from_config(), run_id)

    def read() -> Sequence[float]:
        found = run.get_metrics("loss").get("loss", [])
        return found if isinstance(found, list) else [found]

    return read


def _mlflow(url: str, run_id: str) -> Read:
    from mlflow import MlflowClient

    client = MlflowClient(url)

    def read() -> Sequence[float]:
        points = client.get_metric_history(run_id, "loss")
        return [one.value for one in sorted(points, key=lambda one: one.step)]

    return read


def _tensorboard(folder: str) -> Read:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    files = EventAccumulator(folder, {"scalars": 0})

    def read() -> Sequence[float]:
        files.Reload()
        is_there = "loss" in files.Tags()["scalars"]
        return [one.value for one in files.Scalars("loss")] if is_there else []

    return read


def _trackio(project: str, name: str) -> Read:
    from trackio.sqlite_storage import SQLiteStorage

    return lambda: [row["loss"] for row in SQLiteStorage.get_logs(project, name) if "loss" in row]


READERS: dict[str, Callable[..., Read]] = {
    "lines": _lines,
    "runyard": _runyard,
    "mlflow": _mlflow,
    "tensorboard": _tensorboard,
    "trackio": _trackio,
}


def main() -> int:
    """Read until all is there."""
    kind, *words, count = sys.argv[1:]
    read = READERS[kind](*words)
    wanted = [value_of(number) for number in range(int(count))]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    end = time.monotonic() + SECONDS
    found = read()
    while len(found) < len(wanted) and time.monotonic() < end:
        time.sleep(PAUSE)
        found = read()
    at = time.time()
    # TensorBoard keeps floats of four bytes.
    near = (abs(one - other) < 1e-6 for one, other in zip(found, wanted, strict=False))
    if len(found) != len(wanted) or not all(near):
        sys.stderr.write(f"{len(found)} values of {len(wanted)}\n")
        return 1
    sys.stdout.write(f"{at}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
