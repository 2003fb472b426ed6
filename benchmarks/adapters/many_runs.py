"""A history of up to a million runs, written into the database of a state folder in bulk.

    python benchmarks/adapters/many_runs.py FOLDER RUNS

It is like a real one where that makes searches hard: experiments have their time and their usual
duration, few values are most runs', some runs go on, and a few have what hardly any run has.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, text

from runyard_server.core.clock import Clock
from runyard_server.store import schema
from runyard_server.testing import parts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

BATCH = 5000
SECOND = 1_000_000
BEGIN = 1_700_000_000 * SECOND
USERS = ["ann", "ben", "carla", "deniz", "Jürgen"]
WORDS = ["amber", "brisk", "coral", "dusty", "eager", "frost", "giant", "hazel", "ivory", "jolly"]


def fill(connection: Connection, number: int, seed: int = 1) -> None:
    """Write runs with three metrics, four parameters and two tags each."""
    connection.execute(text("PRAGMA cache_size=-1500000"))
    indexes = [
        index
        for table in (schema.runs, schema.metric_series, schema.run_params, schema.run_tags)
        for index in table.indexes
    ]
    # To make them at the end takes a third of the time.
    for index in indexes:
        index.drop(connection)
    rng = random.Random(seed)
    for first in range(1, number + 1, BATCH):
        keys = range(first, min(first + BATCH, number + 1))
        connection.execute(insert(schema.runs), [_run(key, number, rng) for key in keys])
        for table, rows in _named(keys, rng).items():
            connection.execute(insert(getattr(schema, table)), rows)
    for index in indexes:
        index.create(connection)


def experiment(key: int, number: int, rng: random.Random) -> str:
    """Every twentieth run is of `old`, and these are the first; of the others few have many."""
    return "old" if key <= number // 20 else f"e-{min(int(rng.expovariate(0.1)), 200)}"


def _run(key: int, number: int, rng: random.Random) -> dict[str, Any]:
    of, created = experiment(key, number, rng), BEGIN + key * SECOND
    status = rng.choices(["Completed", "Failed", "Canceled"], [90, 8, 2])[0]
    started, ended = created + rng.randrange(SECOND), None
    usual = 60 + hash_of(of) % 7200
    ended = started + int(rng.lognormvariate(0, 0.5) * usual * SECOND)
    if key > number - min(300, number // 10):
        status, ended = "Running", None
    return {
        "key": key,
        "workspace": "default",
        "id": f"{of}_{key}",
        "experiment": of,
        "number": key,
        "status": status,
        "active": ended is None,
        "run_type": rng.choices(["azureml.scriptrun", "hyperdrive"], [99, 1])[0],
        "name": f"{rng.choice(WORDS)} {rng.choice(WORDS)} {key}",
        "target": rng.choices(["local", "gpu", "cpu-cluster"], [60, 30, 10])[0],
        "parent": f"e-0_{key - 1}" if rng.random() < 0.1 else None,
        "snapshot": f"{hash_of(key % 5000):064x}",
        "environment_lock": f"{hash_of(key % 50):064x}",
        "node_count": rng.choices([1, 2, 4], [90, 8, 2])[0],
        "warnings": "[]",
        "description": "" if key % 100 else f"run {key} of the {rng.choice(WORDS)} series",
        "submitted_by": rng.choices(["", *USERS], [10, 50, 25, 10, 4, 1])[0],
        "stage_seconds": '{"Running": 3.0}',
        "last_event": 5,
        "cancel_requested": False,
        "attempt": rng.choices([1, 2, 3], [95, 4, 1])[0],
        "created_at": created,
        "started_at": started,
        "ended_at": ended,
    }


def hash_of(value: object) -> int:
    """A number that looks like chance and is always the same."""
    return random.Random(str(value)).getrandbits(60)


def _named(keys: Iterable[int], rng: random.Random) -> dict[str, list[dict[str, Any]]]:
    series, params, tags = [], [], []
    for key in keys:
        for name in ("loss", "accuracy", "val_loss"):
            row = {"run_key": key, "name": name, "kind": "scalar", "count": 1, "last": rng.random()}
            series.append(row)
        lr, batch = rng.choice([0.1, 0.01, 0.001]), rng.choices([32, 64, 8192], [60, 39.9, 0.1])[0]
        optimizer = rng.choice(["adam", "sgd", "RMSprop"])
        params += [
            {"run_key": key, "name": "lr", "value": str(lr), "number": lr},
            {"run_key": key, "name": "batch", "value": str(batch), "number": batch},
            {"run_key": key, "name": "seed", "value": str(key), "number": key},
            {"run_key": key, "name": "optimizer", "value": optimizer, "number": None},
        ]
        tags.append({"run_key": key, "name": "team", "value": rng.choice("abc"), "number": None})
        note = f"try {key} {rng.choice(WORDS)}"
        tags.append({"run_key": key, "name": "note", "value": note, "number": None})
    return {"metric_series": series, "run_params": params, "run_tags": tags}


def main() -> None:
    """Fill a state folder."""
    folder, number = Path(sys.argv[1]), int(sys.argv[2])
    with parts.parts(folder, Clock()) as system:
        system.records.write(lambda c: fill(c, number))


if __name__ == "__main__":
    main()
