"""B6: the series of a hundred runs, thinned to what a chart can show."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import peers as installations
from measure import LIMIT, OURS, PEER, Benchmark, Case, Figures, Quantity
from workers import Worker

if TYPE_CHECKING:
    import peers

RUNS, POINTS, PEER_POINTS = 100, 100_000, 10_000
# MLflow's server takes half a minute and more for each.
PEER_PASSES = 2


def benchmark(ours: peers.Peer, installed: dict[str, peers.Peer]) -> Benchmark:
    """The benchmark with the peers that could be installed."""
    bare = Worker(ours.python, "read_bare.py")
    look = partial(bare.ask, "look", runs=RUNS, points=POINTS)
    cases = [Case("one look at the columns, numpy", LIMIT, look, bare.close)]
    for name, kind, peer in installations.of_ours("Runyard, as charts ask", ours, installed):
        worker = Worker(peer.python, "read_runyard.py")
        cases.append(Case(name, kind, partial(_read, worker, POINTS, "columns"), worker.close))
        if kind == OURS:
            once = partial(_read, worker, POINTS, "bulk")
            cases.append(Case("Runyard, as MLflow's pages ask", kind, once))
    for name, order, called in (
        ("mlflow", "bulk", "mlflow server, bulk-interval"),
        ("tensorboard", "read", "TensorBoard, time series"),
    ):
        if name in installed:
            peer = installed[name]
            worker = Worker(peer.python, f"read_{name}.py")
            once = partial(_read, worker, PEER_POINTS, order)
            title = f"{called} ({peer.version})"
            cases.append(Case(title, PEER, once, worker.close, PEER_PASSES))
    return Benchmark(
        "B6",
        "Reading long series",
        f"{RUNS} runs that have ended, with {POINTS:,} points of one metric each, thinned to 1,000 "
        "or fewer in one request: until the client has read the numbers of the answer. Peers have "
        f"{PEER_POINTS:,} points in each run, for to put in as many as ours would take them long: "
        "theirs is a tenth of the work. MLflow and TensorBoard take points as they come; Runyard "
        "keeps the least and the greatest of each part, and a spike in each series is looked for. "
        "TensorBoard has loaded all of it before the clock starts.",
        [Quantity("read", "read", "s", "at most 0.1 s", plotted=True)],
        cases,
    )


def _read(worker: Worker, points: int, order: str) -> Figures:
    worker.ask("fill", runs=RUNS, points=points)
    return worker.ask(order)
