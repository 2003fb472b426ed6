"""B11: trials of a millisecond in one process: how many a second, each of them kept."""

from __future__ import annotations

from functools import partial

import peers
from measure import LIMIT, PEER, Benchmark, Case, Figures, Quantity
from workers import Worker

MANY, FEW = 10_000, 1_000
RUNS = 200
# So many trials take the slow ones some seconds.
PEERS_TRIALS = {"memory": 1_000, "journal": 100, "sqlite": 20, "ray": 4}
PEER_PASSES, RAY_PASSES = 2, 1


def benchmark(ours: peers.Peer, installed: dict[str, peers.Peer]) -> Benchmark:
    """The benchmark with the peers that could be installed."""
    bare = Worker(ours.python, "trials_bare.py")
    cases = [Case("the bare loop", LIMIT, partial(_whole, bare), bare.close)]
    for name, kind, peer in peers.of_ours("Runyard", ours, installed):
        worker = Worker(peer.python, "trials_runyard.py")
        cases.append(Case(name, kind, partial(_whole, worker), worker.close))
    if "optuna" in installed:
        peer = installed["optuna"]
        for storage in ("memory", "journal", "sqlite"):
            worker = Worker(peer.python, "trials_optuna.py", storage)
            once = partial(_short, worker, PEERS_TRIALS[storage])
            name = f"optuna, {storage} ({peer.version})"
            cases.append(Case(name, PEER, once, worker.close, PEER_PASSES))
    if "ray-tune" in installed:
        peer = installed["ray-tune"]
        worker = Worker(peer.python, "trials_ray.py")
        once = partial(_short, worker, PEERS_TRIALS["ray"])
        cases.append(Case(f"ray tune ({peer.version})", PEER, once, worker.close, RAY_PASSES))
    return Benchmark(
        "B11",
        "Trials in this process",
        "Trials whose function sleeps for a millisecond, parameters drawn at random. The clock "
        f"runs from the call that begins the sweep until all results are kept: {FEW} trials with "
        f"one thread, {MANY} with one and with two; fewer for slow peers. All are looked up "
        "afterwards. The last column is the processor time of the process and its service for "
        f"the last {FEW} of {MANY} trials over that for the second {FEW}.",
        [
            Quantity("few", f"{FEW} trials, one thread", "trials/s"),
            Quantity(
                "one", "one thread", "trials/s", "0.85 of the bare loop", plotted=True, paired=True
            ),
            Quantity("two", "two threads", "trials/s", "at least 1,000, all kept", plotted=True),
            Quantity("slope", "last over first", "", "about 1"),
        ],
        cases,
        least_passes=3,
    )


def scripts(ours: peers.Peer, installed: dict[str, peers.Peer]) -> Benchmark:
    """Trials that are runs, beside the same script submitted as often by hand."""
    cases = []
    for name, kind, peer in peers.of_ours("Runyard", ours, installed):
        worker = Worker(peer.python, "swept_runyard.py")
        once = partial(worker.ask, "submitted", trials=RUNS)
        # The service of the first case serves both; it ends with the second.
        cases.append(Case(f"{name}, submitted in a row", LIMIT, once, lambda: None))
        once = partial(worker.ask, "swept", trials=RUNS)
        cases.append(Case(f"{name}, swept", kind, once, worker.close))
    return Benchmark(
        "B11-runs",
        "Trials that are runs",
        f"A script that logs one value, {RUNS} times: swept, and submitted one after the other "
        "without waiting in between. The clock runs until all have ended.",
        [Quantity("seconds", "a trial", "s", "0.005 s above submitting it", paired=True)],
        cases,
    )


def _whole(worker: Worker) -> Figures:
    few = worker.ask("loop", trials=FEW, threads=1)
    one = worker.ask("loop", trials=MANY, threads=1)
    two = worker.ask("loop", trials=MANY, threads=2)
    figures = {"few": few["rate"], "one": one["rate"], "two": two["rate"]}
    return {**figures, **({"slope": one["slope"]} if "slope" in one else {})}


def _short(worker: Worker, trials: int) -> Figures:
    return {
        "one": worker.ask("loop", trials=trials, threads=1)["rate"],
        "two": worker.ask("loop", trials=trials, threads=2)["rate"],
    }
