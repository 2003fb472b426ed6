"""B3: many runs log at once, by the requests of MLflow's protocol, to our service and MLflow's."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import batched
import peers as installations
from batched import STEPS, VALUES, Tracker
from measure import LIMIT, PEER, Benchmark, Case, Figures, Quantity
from workers import Worker

if TYPE_CHECKING:
    import peers

CLIENTS = 32
REQUESTS, PEER_REQUESTS = 20, 2
PEER_PASSES = 2
ROWS = 500_000


def benchmark(ours: peers.Peer, installed: dict[str, peers.Peer]) -> Benchmark:
    """The benchmark with the peers that could be installed."""
    bare = Worker(ours.python, "log_bare.py")
    rows = partial(bare.ask, "rows", count=ROWS)
    cases = [Case("rows of SQLite in bulk", LIMIT, rows, bare.close)]
    for name, kind, peer in installations.of_ours("Runyard", ours, installed):
        worker = Worker(peer.python, "tracker_runyard.py")
        cases.append(Case(name, kind, partial(_loaded, worker, REQUESTS), worker.close))
    if "mlflow" in installed:
        peer = installed["mlflow"]
        worker = Worker(peer.python, "tracker_mlflow.py")
        once = partial(_loaded, worker, PEER_REQUESTS)
        name = f"mlflow server, SQLite ({peer.version})"
        cases.append(Case(name, PEER, once, worker.close, PEER_PASSES))
    return Benchmark(
        "B3",
        "Metrics from many runs",
        f"{CLIENTS} clients with a run each, which send `log-batch` requests of MLflow's protocol, "
        f"{VALUES:,} values in each ({VALUES // STEPS} metrics, {STEPS} steps), one after the "
        f"other: {REQUESTS} of them, {PEER_REQUESTS} to MLflow's server, which takes long. The "
        "same requests go to both. Somebody reads a run ten times a second meanwhile. Afterwards "
        "each point of each run is asked for and compared.",
        [
            Quantity("rate", "kept", "values/s", "20 x mlflow, nothing lost", plotted=True),
            Quantity("request", "a request, median", "ms"),
            Quantity("read", "a read meanwhile, median", "ms"),
            Quantity("read_p99", "a read meanwhile, p99", "ms", plotted=True),
        ],
        cases,
    )


def _loaded(worker: Worker, requests: int) -> Figures:
    told = worker.ask("address")
    token = str(told["token"])
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return batched.load(Tracker(str(told["url"]), headers), CLIENTS, requests)
