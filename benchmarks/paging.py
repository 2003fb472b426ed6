"""How long pages of searches take by HTTP, among a million runs.

    python benchmarks/paging.py [RUNS] [PASSES]

The runs of `searching` are written into the database of an empty state folder, and a service is
started on it. Each search asks for its first, its second and its tenth page of 200, whose records
travel whole, as the studio's table does; then the names for its columns.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import searching

from runyard.protocol import PREFIX
from runyard.protocol.search import Search
from runyard_server.core.clock import Clock
from runyard_server.testing import parts

RUNS = 1_000_000
PASSES = 20
PAGE = 200
PAGES = 10
TIMED = (0, 1, PAGES - 1)
BELOW = "parent IS NULL"
SEARCHES = (
    *searching.SEARCHES,
    Search(BELOW),
    Search(BELOW, ["metrics.loss DESC"]),
    Search(f"{BELOW} AND status = 'Failed'", ["metrics.loss"]),
    Search(f"{BELOW} AND experiment = 'e-7'", ["duration DESC"]),
    Search(f"{BELOW} AND status = 'Completed'", ["ended_at DESC"]),
    *(
        Search(BELOW, [name])
        for name in ("status", "experiment", "name DESC", "target", "user", "number", "nodes")
    ),
    Search("active = TRUE"),
    Search("status = 'Failed' AND ended_at > '2023-11-20'", ["ended_at DESC"]),
)
NAMED: tuple[tuple[str, dict[str, str]], ...] = (
    ("run-keys", {}),
    ("run-keys", {"prefix": "lo"}),
    ("run-values", {"field": "params.seed", "prefix": "99"}),
    ("run-values", {"field": "experiment"}),
    ("run-values", {"field": "status"}),
)


class Caller:
    """A connection to the service that stays open, as a browser's does."""

    def __init__(self, url: str, token: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: object = None) -> tuple[float, Any]:
        """Ask, and give the milliseconds until the last byte, and the answer."""
        sent = None if body is None else json.dumps(body)
        begin = time.perf_counter()
        address = f"{PREFIX}/workspaces/default/{path}"
        self._connection.request(method, address, sent, self._headers)
        response = self._connection.getresponse()
        raw = response.read()
        took = (time.perf_counter() - begin) * 1000
        if response.status != http.client.OK:
            raise SystemExit(raw.decode())
        return took, json.loads(raw)


def measured(caller: Caller, asked: Search, passes: int) -> list[float]:
    """The milliseconds of a search's pages."""
    times: list[float] = []
    for _ in range(passes):
        token: str | None = None
        for place in range(PAGES):
            body = {"filter": asked.filter, "order_by": asked.order_by, "page_size": PAGE}
            took, page = caller.ask("POST", "runs/search", {**body, "page_token": token})
            if place in TIMED:
                times.append(took)
            token = page["next_page_token"]
            if token is None:
                break
    return sorted(times)


def _line(times: list[float], told: str) -> str:
    p99 = times[min(len(times) - 1, round(len(times) * 0.99))]
    return f"{times[len(times) // 2]:8.1f} {p99:8.1f} {times[-1]:8.1f}  {told}"


def main() -> None:
    """Print a table of milliseconds."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    passes = int(sys.argv[2]) if len(sys.argv) > 2 else PASSES
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder, "home")
        with parts.parts(home, Clock()) as system:
            system.records.write(lambda c: searching.fill(c, number, random.Random(1)))
        command = [sys.executable, "-m", "runyard"]
        variables = {**os.environ, "RUNYARD_HOME": str(home)}
        subprocess.run([*command, "runs", "list", "-n", "1"], env=variables, check=True)
        try:
            served = json.loads((home / "service.json").read_text())
            caller = Caller(served["url"], served["token"])
            print(f"{number:,} runs, pages of {PAGE} by HTTP; milliseconds: median, p99, longest")
            every: list[float] = []
            for asked in SEARCHES:
                times = measured(caller, asked, passes)
                every += times
                told = f"{asked.filter or '(all)'}  by {', '.join(asked.order_by) or 'age'}"
                print(_line(times, told), flush=True)
            for path, query in NAMED:
                address = f"{path}?{urlencode(query)}"
                times = sorted(caller.ask("GET", address)[0] for _ in range(3 * passes))
                every += times
                print(_line(times, address), flush=True)
            print(_line(sorted(every), "all of them"))
        finally:
            subprocess.run([*command, "stop"], env=variables, check=False)


if __name__ == "__main__":
    main()
