"""Fills an MLflow database with runs like those of `many_runs`, serves it, and asks for pages.

The searches are those of `searches` that MLflow's language can say, in groups of the same names.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ports import free_port
from serve import serve, until

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE, PAGES, BATCH = 100, 5, 5000
BEGIN = 1_700_000_000_000
EXPERIMENTS = 200
WORDS = ["amber", "brisk", "coral", "dusty", "eager", "frost", "giant", "hazel", "ivory", "jolly"]
USERS = ["ann", "ben", "carla", "deniz", "Jürgen"]
LATE = f"attributes.start_time > {BEGIN + 60_000_000}"
FIELDS = (
    *("attributes.start_time", "attributes.end_time", "attributes.status", "attributes.run_name"),
    *("metrics.loss", "params.lr", "params.seed", "params.optimizer", "tags.team", "tags.note"),
)
FILTERS = (
    *("attributes.status = 'FAILED'", "params.lr = '0.1'", "params.batch = '8192'"),
    *("params.seed = '77'", "tags.team = 'a'", LATE, "metrics.loss < 0.5", "metrics.loss < 0.0005"),
    *("attributes.run_name LIKE 'amber%'", "attributes.run_name LIKE '%77777%'"),
    *("attributes.run_name ILIKE '%AMBER%'", "attributes.run_name ILIKE '%nothing like it%'"),
    *("tags.note ILIKE '%77777%'", "tags.team ILIKE '%A%'", "params.optimizer ILIKE '%prop%'"),
    *("attributes.status != 'FINISHED'", "attributes.user_id = 'Jürgen'"),
    "attributes.status = 'FAILED' AND params.lr = '0.1'",
    "params.lr = '0.1' AND params.batch = '8192'",
    "params.lr = '0.1' AND tags.team = 'a'",
    "metrics.loss < 0.01 AND metrics.accuracy < 0.01",
)
PAIRS = (
    ("attributes.status", "metrics.loss"),
    ("attributes.status", "attributes.end_time DESC"),
    ("params.lr", "metrics.loss"),
    ("params.optimizer", "attributes.end_time"),
    ("tags.team DESC", "attributes.run_name"),
    ("metrics.loss", "metrics.accuracy"),
    ("attributes.status", "tags.team", "metrics.loss DESC"),
)
ORDERED_FILTERS = (
    ("attributes.status = 'FAILED'", "metrics.loss"),
    ("metrics.loss < 0.5", "metrics.accuracy DESC"),
    ("metrics.loss < 0.5", "metrics.loss DESC"),
    ("params.lr = '0.1' AND tags.team = 'a'", "metrics.loss"),
    ("params.batch = '8192'", "metrics.loss"),
    ("tags.team = 'a' AND attributes.status = 'FAILED'", "attributes.end_time DESC"),
    ("attributes.run_name LIKE 'amber%'", "attributes.run_name DESC"),
    (LATE, "metrics.loss"),
)
GROUPS: dict[str, list[dict[str, Any]]] = {
    "orders": [{"order_by": [f"{name} {way}"]} for name in FIELDS for way in ("ASC", "DESC")],
    "filters": [{"filter": text} for text in FILTERS],
    "orders by two": [{"order_by": list(names)} for names in PAIRS],
    "filters and orders": [{"filter": text, "order_by": [by]} for text, by in ORDERED_FILTERS],
}

program = str(Path(sys.executable).parent / "mlflow")


class Server:
    """A server on so many runs."""

    def __init__(self, number: int) -> None:
        database = Path(os.environ.get("B5_KEPT") or Path.cwd()) / f"mlflow-{number}.db"
        uri, port = f"sqlite:///{database}", free_port()
        is_new = not database.exists()
        subprocess.run([program, "db", "upgrade", uri], check=True, stdout=subprocess.DEVNULL)
        if is_new:
            _fill(database, number)
        words = [program, "server", "--host", "127.0.0.1", "--port", str(port)]
        words += ["--backend-store-uri", uri, "--artifacts-destination", str(Path.cwd() / "kept")]
        subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.address = f"127.0.0.1:{port}"
        until(self._answers)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{self.address}/health", timeout=5) as answer:
                return bool(answer.status == http.client.OK)
        except OSError:
            return False


def _fill(database: Path, number: int) -> None:
    """Write runs with three metrics, four parameters and two tags each."""
    chance = random.Random(1)
    with sqlite3.connect(database) as connection:
        for experiment in range(1, EXPERIMENTS):
            values = (experiment, f"e-{experiment}", "kept", "active", BEGIN, BEGIN)
            _insert(
                connection,
                "experiments",
                [values],
                "experiment_id",
                "name",
                "artifact_location",
                "lifecycle_stage",
                "creation_time",
                "last_update_time",
            )
        for first in range(1, number + 1, BATCH):
            _fill_some(connection, range(first, min(first + BATCH, number + 1)), chance)
        connection.execute("ANALYZE")
    connection.close()


def _fill_some(connection: sqlite3.Connection, keys: range, chance: random.Random) -> None:
    runs, metrics, params, tags = [], [], [], []
    for key in keys:
        run, title = f"{key:032x}", f"{chance.choice(WORDS)} {chance.choice(WORDS)} {key}"
        status = chance.choices(["FINISHED", "FAILED", "KILLED"], [90, 8, 2])[0]
        began = BEGIN + key * 1000
        ended = began + int(chance.lognormvariate(0, 0.5) * 3_600_000)
        user = chance.choices(["", *USERS], [10, 50, 25, 10, 4, 1])[0]
        place = min(int(chance.expovariate(0.1)), EXPERIMENTS - 1)
        runs.append((run, title, user, status, began, ended, "active", place, "kept"))
        names = ("loss", "accuracy", "val_loss")
        metrics += [(name, chance.random(), began, 0, 0, run) for name in names]
        lr = chance.choice([0.1, 0.01, 0.001])
        batch = chance.choices([32, 64, 8192], [60, 39.9, 0.1])[0]
        optimizer = chance.choice(["adam", "sgd", "RMSprop"])
        given = {"lr": lr, "batch": batch, "seed": key, "optimizer": optimizer}
        params += [(name, str(value), run) for name, value in given.items()]
        tags += [("mlflow.runName", title, run), ("team", chance.choice("abc"), run)]
        tags.append(("note", f"try {key} {chance.choice(WORDS)}", run))
    _insert(
        connection,
        "runs",
        runs,
        "run_uuid",
        "name",
        "user_id",
        "status",
        "start_time",
        "end_time",
        "lifecycle_stage",
        "experiment_id",
        "artifact_uri",
    )
    _insert(
        connection,
        "latest_metrics",
        metrics,
        "key",
        "value",
        "timestamp",
        "step",
        "is_nan",
        "run_uuid",
    )
    _insert(connection, "params", params, "key", "value", "run_uuid")
    _insert(connection, "tags", tags, "key", "value", "run_uuid")


def _insert(
    connection: sqlite3.Connection, table: str, rows: list[tuple[Any, ...]], *columns: str
) -> None:
    places = ", ".join("?" * len(columns))
    connection.executemany(
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})",
        rows,
    )


_servers: dict[int, Server] = {}


def measured(number: int, group: str) -> dict[str, float]:
    """Ask for the first pages of all searches of a group.

    Args:
        number: Among how many runs.
        group: Which searches.
    """
    server = _servers.get(number) or _servers.setdefault(number, Server(number))
    connection = http.client.HTTPConnection(server.address)
    times = [took for asked in GROUPS[group] for took in _pages(connection, asked)]
    connection.close()
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    return {"http_p50": cuts[49] * 1000, "http_p99": cuts[98] * 1000}


def _pages(connection: http.client.HTTPConnection, asked: dict[str, Any]) -> Iterator[float]:
    token = None
    for _ in range(PAGES):
        body = {"experiment_ids": [str(each) for each in range(EXPERIMENTS)], "max_results": PAGE}
        body |= {**asked, **({"page_token": token} if token else {})}
        begun = time.perf_counter()
        connection.request(
            "POST",
            "/api/2.0/mlflow/runs/search",
            json.dumps(body),
            {"Content-Type": "application/json"},
        )
        response = connection.getresponse()
        text = response.read()
        yield time.perf_counter() - begun
        if response.status != http.client.OK:
            raise RuntimeError(text.decode())
        token = json.loads(text).get("next_page_token")
        if not token:
            return


if __name__ == "__main__":
    serve({"measured": measured})
