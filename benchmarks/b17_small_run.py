"""B17: a small run from its beginning to its end, and a model version of many files."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import peers as installations
from measure import LIMIT, PEER, Benchmark, Case, Figures, Quantity
from workers import Worker

if TYPE_CHECKING:
    import peers

FILES = 500
# Created, three parameters, ten values, a tag, ended.
CALLS = 16


def benchmark(ours: peers.Peer, installed: dict[str, peers.Peer]) -> Benchmark:
    """The benchmark with the peers that could be installed."""
    bare = Worker(ours.python, "round_trip.py")
    trips = partial(bare.ask, "trips", count=CALLS)
    cases = [Case("one round trip a call", LIMIT, trips, bare.close)]
    for name, kind, peer in installations.of_ours("Runyard", ours, installed):
        worker = Worker(peer.python, "small_runyard.py")
        once = partial(_asked, worker, "small", "inside")
        cases.append(Case(name, kind, once, worker.close))
    if "mlflow" in installed:
        peer = installed["mlflow"]
        worker = Worker(peer.python, "small_mlflow.py")
        name = f"mlflow server, call by call ({peer.version})"
        cases.append(Case(name, PEER, partial(_asked, worker, "small"), worker.close))
        name = f"mlflow server, what goes together sent together ({peer.version})"
        cases.append(Case(name, PEER, partial(worker.ask, "together")))
    return Benchmark(
        "B17",
        "A small run, and a version of many files",
        "A run through each SDK: created, 3 parameters, 10 values of a metric, 1 tag, ended, with "
        f"a service that runs and a client that has connected. A version of {FILES} files that are "
        "a run's: Runyard keeps which contents they are, so that the version stays when the run "
        "goes; MLflow notes the address of the folder. Within the service: the operation without "
        "HTTP, the median of 20.",
        [
            Quantity("run", "a small run", "s", "at most 1/8 of mlflow's", plotted=True),
            Quantity("version", f"a version of {FILES} files", "s", "at most 1/3 of mlflow's"),
            Quantity("inside", "the same within the service", "ms", "at most 5 ms"),
        ],
        cases,
    )


def _asked(worker: Worker, run: str, *more: str) -> Figures:
    found = worker.ask(run)
    for order in ("version", *more):
        found |= worker.ask(order, files=FILES)
    return found
