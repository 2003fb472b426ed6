"""B2: values logged call by call in one process, until all are kept and others can read them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import peers as installations
from measure import LIMIT, PEER, Benchmark, Case, Quantity
from workers import Worker

if TYPE_CHECKING:
    import peers

CALLS = 100_000
PEER_PASSES = 2
# (peer, its adapter's argument, what the report calls it, calls): so many take some seconds.
PEERS = (
    ("mlflow", "sync", "mlflow server, log_metric", 200),
    ("mlflow", "async", "mlflow server, log_metric asynchronously", 5_000),
    ("mlflow", "batch", "mlflow server, log_batch of 1,000", 20_000),
    ("trackio", "", "trackio", 5_000),
    ("wandb", "", "wandb offline", 10_000),
    ("tensorboard", "", "TensorBoard's writer", CALLS),
)


def benchmark(ours: peers.Peer, installed: dict[str, peers.Peer]) -> Benchmark:
    """The benchmark with the peers that could be installed."""
    bare = Worker(ours.python, "log_bare.py")
    cases = [
        Case("a buffered write", LIMIT, partial(bare.ask, "written", count=CALLS), bare.close),
        Case("rows of SQLite in bulk", LIMIT, partial(bare.ask, "rows", count=CALLS)),
    ]
    for name, kind, peer in installations.of_ours("Runyard, run.log", ours, installed):
        worker = Worker(peer.python, "log_runyard.py")
        cases.append(Case(name, kind, partial(worker.ask, "calls", count=CALLS), worker.close))
    for name, way, called, calls in PEERS:
        if name in installed:
            peer = installed[name]
            worker = Worker(peer.python, f"log_{name}.py", *([way] if way else []))
            once = partial(worker.ask, "calls", count=calls)
            title = f"{called} ({peer.version})"
            cases.append(Case(title, PEER, once, worker.close, PEER_PASSES))
    fewer = ", ".join(f"{calls:,} for {called}" for _, _, called, calls in PEERS if calls < CALLS)
    return Benchmark(
        "B2",
        "Metrics from one process",
        f"{CALLS:,} values of one metric, a call each ({fewer}; rates do not depend on it). Kept: "
        "all values over the time from the first call until what was logged is kept, which for "
        "Runyard, MLflow and SQLite means synced to disk. Readable: from the return of the last "
        "call until another process, which was waiting, has read every value and found it right. "
        "wandb's files have no reader; TensorBoard's and its own files are not synced.",
        [
            Quantity("p50", "a call, median", "µs", "at most 10 µs", plotted=True),
            Quantity("p99", "a call, p99", "µs"),
            Quantity("rate", "kept", "values/s", "at least 100,000, 20 x mlflow", plotted=True),
            Quantity("readable", "readable by another process after", "s"),
        ],
        cases,
    )
