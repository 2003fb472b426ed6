"""How long the first and the second page of a search take, among many runs.

    python benchmarks/searching.py [RUNS]

The runs are written into the database of an empty state folder, and asked for by the operation
that the service calls, records and all; the network is left out.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert

from runyard.protocol.search import Search
from runyard_server.core.clock import Clock
from runyard_server.operations import runs
from runyard_server.store import schema
from runyard_server.testing import parts

RUNS = 100_000
PASSES = 5
BATCH = 5000
SECOND = 1_000_000
BEGIN = 1_700_000_000 * SECOND
SEARCHES = (
    Search(),
    Search("metrics.loss < 0.5", ["metrics.loss"]),
    Search("metrics.loss < 0.5", ["metrics.accuracy DESC"]),
    Search("metrics.loss < 0.001"),
    Search("experiment = 'e-7' and metrics.loss < 0.5", ["metrics.loss"]),
    Search("params.lr = '0.1' and tags.team = 'a'", ["metrics.loss"]),
    Search("params.seed = 77", ["metrics.loss"]),
    Search(order_by=["params.lr"]),
    Search(order_by=["tags.team DESC"]),
    Search(order_by=["params.lr", "metrics.loss"]),
    Search("status = 'Failed'", ["created_at"]),
    Search("name LIKE 'run 99%'", ["name"]),
    Search("name ILIKE '%99999%'"),
    Search(order_by=["duration DESC"]),
)


def fill(connection: Connection, number: int, rng: random.Random) -> None:
    """Write runs with three metrics, three parameters and a tag each."""
    for first in range(1, number + 1, BATCH):
        keys = range(first, min(first + BATCH, number + 1))
        connection.execute(insert(schema.runs), [_run(key, rng) for key in keys])
        series = [
            {"run_key": key, "name": name, "kind": "scalar", "count": 1, "last": rng.random()}
            for key in keys
            for name in ("loss", "accuracy", "val_loss")
        ]
        connection.execute(insert(schema.metric_series), series)
        given = [
            {"run_key": key, "name": name, "value": str(value), "number": value}
            for key in keys
            for name, value in (("lr", rng.choice([0.1, 0.01])), ("batch", 64), ("seed", key))
        ]
        connection.execute(insert(schema.run_params), given)
        tags = [{"run_key": key, "name": "team", "value": rng.choice("abc")} for key in keys]
        connection.execute(insert(schema.run_tags), tags)


def _run(key: int, rng: random.Random) -> dict[str, Any]:
    experiment, begun = f"e-{min(int(rng.expovariate(0.1)), 200)}", BEGIN + key * SECOND
    return {
        "key": key,
        "workspace": "default",
        "id": f"{experiment}_{key}",
        "experiment": experiment,
        "number": key,
        "status": rng.choices(["Completed", "Failed", "Canceled"], [90, 8, 2])[0],
        "active": False,
        "name": f"run {key}",
        "target": "local",
        "node_count": 1,
        "warnings": "[]",
        "description": "",
        "submitted_by": "me",
        "stage_seconds": '{"Running": 3.0}',
        "last_event": 5,
        "cancel_requested": False,
        "attempt": 1,
        "created_at": begun,
        "started_at": begun + SECOND,
        "ended_at": begun + rng.randrange(2, 10_000) * SECOND,
    }


def main() -> None:
    """Print a table of milliseconds."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    with (
        tempfile.TemporaryDirectory() as folder,
        parts.parts(Path(folder, "home"), Clock()) as system,
    ):
        system.records.write(lambda c: fill(c, number, random.Random(1)))
        print(f"{number:,} runs; milliseconds of the first and the second page of 100")
        for asked in SEARCHES:
            first, second, found = 1e9, 1e9, 0
            for _ in range(PASSES):
                begin = time.perf_counter()
                page = runs.search(system, "default", body=asked)
                first = min(first, time.perf_counter() - begin)
                found = len(page.items)
                if page.next_page_token is not None:
                    again = Search(asked.filter, asked.order_by, page_token=page.next_page_token)
                    begin = time.perf_counter()
                    runs.search(system, "default", body=again)
                    second = min(second, time.perf_counter() - begin)
            after = f"{second * 1000:8.1f}" if second < 1e9 else "       -"
            told = f"{asked.filter or '(all)'}  by {', '.join(asked.order_by) or 'age'}"
            print(f"{first * 1000:8.1f} {after} {found:5d}  {told}")


if __name__ == "__main__":
    main()
