"""B5: pages of searches among a thousand, a hundred thousand and a million runs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from measure import LIMIT, OURS, PEER, Benchmark, Case, Quantity
from workers import Worker

if TYPE_CHECKING:
    import peers

RUNS = (1_000_000, 100_000, 1_000)
# Its pages of a million take seconds each.
PEER_RUNS, PEER_PASSES = 100_000, 1
GROUPS = {
    "orders": "an order by each field of a run, both ways",
    "filters": "each kind of filter, many of which hardly any run fits",
    "orders by two": "orders by two or three fields",
    "filters and orders": "orders of what a filter leaves",
    "named columns": "with some metrics, parameters and tags, as the studio asks",
}


def benchmark(ours: peers.Peer, installed: dict[str, peers.Peer]) -> Benchmark:
    """The benchmark with the peers that could be installed."""
    worker = Worker(ours.python, "search_runyard.py")
    seek = partial(worker.ask, "seek", number=RUNS[0])
    cases = [Case(f"a page by key, sqlite3, {RUNS[0]:,} runs", LIMIT, seek, worker.close)]
    for number in RUNS:
        for group in GROUPS:
            once = partial(worker.ask, "measured", number=number, group=group)
            cases.append(Case(f"Runyard, {number:,} runs: {group}", OURS, once))
    if "mlflow" in installed:
        cases += _of_mlflow(installed["mlflow"])
    meant = "; ".join(f"{name}: {what}" for name, what in GROUPS.items())
    return Benchmark(
        "B5",
        "Searching among many runs",
        "The first five pages of 100 records of about 140 searches, by HTTP over one connection "
        f"and by the operation in this process. Of {meant}. A page is short where few of many "
        "runs fit: it says how many were looked at, and goes on. Of mlflow those searches that its "
        "language can say.",
        [
            Quantity("http_p50", "by HTTP, median", "ms"),
            Quantity("http_p99", "by HTTP, p99", "ms", "at most 50 ms", plotted=True),
            Quantity("inside_p50", "inside, median", "ms"),
            Quantity("inside_p99", "inside, p99", "ms", "at most 20 ms", plotted=True),
            Quantity("cpu_p50", "of that the processor, median", "ms"),
            Quantity("cpu_p99", "of that the processor, p99", "ms"),
            Quantity("short", "short pages", "%"),
        ],
        cases,
        least_passes=1,
    )


def _of_mlflow(peer: peers.Peer) -> list[Case]:
    worker = Worker(peer.python, "search_mlflow.py")
    return [
        Case(
            f"mlflow server ({peer.version}), {PEER_RUNS:,} runs: {group}",
            PEER,
            partial(worker.ask, "measured", number=PEER_RUNS, group=group),
            worker.close,
            PEER_PASSES,
        )
        for group in list(GROUPS)[:4]
    ]
