"""Fills state folders with runs, serves them, and asks for pages of searches; see `searches`."""

from __future__ import annotations

import gc
import http.client
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import many_runs
from searches import GROUPS, told
from serve import serve

from runyard.protocol import PREFIX
from runyard_server.core.clock import Clock
from runyard_server.operations import runs
from runyard_server.testing import parts

if TYPE_CHECKING:
    from runyard.protocol.search import Search
    from runyard_server.core.system import System

PAGE, PAGES, SEEKS = 100, 5, 500
TABLES = (
    ("runs", "key"),
    ("run_params", "run_key"),
    ("run_tags", "run_key"),
    ("metric_series", "run_key"),
)
# Folders that are kept from one benchmark to the next: a million runs take minutes to write.
KEPT = os.environ.get("B5_KEPT")
# A file for the longest page of each search, and how many were short.
TELL = os.environ.get("B5_TELL")
COMMAND = [sys.executable, "-m", "runyard"]


class Service:
    """A service on so many runs, and the same runs read past it."""

    def __init__(self, number: int) -> None:
        self.home = Path(KEPT or os.environ["RUNYARD_HOME"]) / f"runs-{number}"
        if not (self.home / "runyard.db").exists():
            with parts.parts(self.home, Clock()) as system:
                system.records.write(lambda connection: many_runs.fill(connection, number))
        self._open = ExitStack()
        self.system = self._open.enter_context(parts.parts(self.home, Clock()))
        # As the service does: else each page might meet a collection of all that is imported.
        gc.freeze()
        self._variables = {**os.environ, "RUNYARD_HOME": str(self.home)}
        self._run("runs", "list", "-n", "1")
        served = json.loads((self.home / "service.json").read_text())
        self._address = urlsplit(served["url"]).netloc
        self.connect()
        token = f"Bearer {served['token']}"
        self._headers = {"Authorization": token, "Content-Type": "application/json"}

    def connect(self) -> None:
        """Open a connection; one that is not used for a while the service closes."""
        self._connection = http.client.HTTPConnection(self._address)

    def close(self) -> None:
        """End it."""
        self._open.close()
        self._run("stop")

    def ask(self, asked: Search) -> dict[str, Any]:
        """A page by HTTP, as the studio reads it."""
        body = {"filter": asked.filter, "order_by": asked.order_by, "page_size": asked.page_size}
        body |= {"page_token": asked.page_token, "short_pages": True, "columns": asked.columns}
        address = f"{PREFIX}/workspaces/default/runs/search"
        self._connection.request("POST", address, json.dumps(body), self._headers)
        response = self._connection.getresponse()
        text = response.read()
        if response.status != http.client.OK:
            raise RuntimeError(text.decode())
        page: dict[str, Any] = json.loads(text)
        return page

    def _run(self, *words: str) -> None:
        subprocess.run([*COMMAND, *words], env=self._variables, check=True, capture_output=True)


_services: dict[int, Service] = {}


def _service(number: int) -> Service:
    if number not in _services:
        _services[number] = Service(number)
    return _services[number]


def measured(number: int, group: str) -> dict[str, float]:
    """Ask for the first pages of all searches of a group.

    Args:
        number: Among how many runs.
        group: Which searches.
    """
    service = _service(number)
    service.connect()
    served: list[float] = []
    inside: list[float] = []
    cpu: list[float] = []
    short = 0
    for asked in GROUPS[group]:
        times, some = _served(service, asked)
        served += times
        short += some
        for took, worked in _inside(service.system, asked):
            inside.append(took)
            cpu.append(worked)
        if TELL:
            with Path(TELL).open("a") as file:
                file.write(f"{number} {max(times) * 1000:7.1f} {some} {told(asked)}\n")
    figures = {**_cuts("http", served), **_cuts("inside", inside), **_cuts("cpu", cpu)}
    return {**figures, "short": 100 * short / len(served)}


def _served(service: Service, asked: Search) -> tuple[list[float], int]:
    times, short, token = [], 0, None
    for _ in range(PAGES):
        page_asked = replace(asked, page_size=PAGE, page_token=token)
        begun = time.perf_counter()
        page = service.ask(page_asked)
        times.append(time.perf_counter() - begun)
        short += page["looked_at"] is not None
        token = page["next_page_token"]
        if token is None:
            break
    return times, short


def _inside(system: System, asked: Search) -> list[tuple[float, float]]:
    """How long each page takes, and the processor's part of that."""
    times, token = [], None
    for _ in range(PAGES):
        body = replace(asked, page_size=PAGE, page_token=token, short_pages=True)
        begun, used = time.perf_counter(), time.thread_time()
        page = runs.search(system, "default", body=body)
        times.append((time.perf_counter() - begun, time.thread_time() - used))
        token = page.next_page_token
        if token is None:
            break
    return times


def seek(number: int) -> dict[str, float]:
    """Read pages by key alone, with what the runs have: the least that any page can take."""
    service = _service(number)
    connection = sqlite3.connect(service.home / "runyard.db")
    times: list[float] = []
    for place in range(SEEKS):
        first = 1 + place * 7919 % max(1, number - PAGE)
        begun = time.perf_counter()
        for table, column in TABLES:
            found = f"SELECT * FROM {table} WHERE {column} BETWEEN ? AND ?"
            connection.execute(found, (first, first + PAGE - 1)).fetchall()
        times.append(time.perf_counter() - begun)
    connection.close()
    return _cuts("inside", times)


def _cuts(name: str, times: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    return {f"{name}_p50": cuts[49] * 1000, f"{name}_p99": cuts[98] * 1000}


def _end() -> None:
    for service in _services.values():
        service.close()


if __name__ == "__main__":
    serve({"measured": measured, "seek": seek})
    _end()
