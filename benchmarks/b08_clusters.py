"""B8 on clusters: the same script that does nothing, sent to a Ray and to a Slurm that are up.

Beside ours stands what people would type there, on the same cluster; the limit is the same run on
this machine, so that what a cluster costs is one number.
"""

from __future__ import annotations

import json
import statistics
from functools import partial
from typing import Any

import clusters
import peers
from b08_submit import OURS_IN_A_ROW
from measure import LIMIT, OURS, PEER, Benchmark, Case, Figures, Quantity
from workers import Worker

# A pass's figure is the median of so many single runs: they cost little beside the row of them.
SINGLES = 5
PEERS_IN_A_ROW = 10
PASSES = 3
ABOUT = (
    "A script that prints one line, sent to {where} that is up, of a user whose service runs; the "
    "clock starts before the call that submits. A pass's single run is the median of "
    f"{SINGLES}. In a row: {OURS_IN_A_ROW} runs submitted without waiting ({PEERS_IN_A_ROW} for "
    "{peer}), then waited for; ours are on four nodes of four CPUs. All nodes are processes of "
    "this machine, and the limit is ours on this machine without a cluster."
)


def on_ray(ours: peers.Peer, installed: dict[str, peers.Peer]) -> Benchmark:
    """The benchmark on a Ray cluster."""
    cases = [_here(ours)]
    if "ray" in installed:
        peer = installed["ray"]
        head = clusters.RayHead(peer)
        theirs = Worker(peer.python, "submit_ray.py", f"--address={head.address}")
        name = f"ray job submit ({peer.version})"
        cases += [_ours(ours, head, "Runyard, Ray"), _case(name, PEER, theirs, head)]
    about = ABOUT.format(where="a Ray head", peer="Ray's own jobs")
    target = "at most 0.3 s above this machine"
    return Benchmark(
        "B8-Ray", "Submitting to Ray", about, _columns(target), cases, least_passes=PASSES
    )


def on_slurm(ours: peers.Peer, installed: dict[str, peers.Peer]) -> Benchmark:
    """The benchmark on a Slurm."""
    del installed
    cases, absent = [_here(ours)], {}
    try:
        slurm = clusters.Slurm(ours)
    except peers.Unavailable as error:
        absent["Slurm"] = str(error)
    else:
        theirs = Worker(ours.python, "submit_slurm.py", str(slurm.conf), str(ours.python))
        name = f"sbatch --wait (Slurm {slurm.version})"
        cases += [_ours(ours, slurm, "Runyard, Slurm"), _case(name, PEER, theirs, slurm)]
    about = ABOUT.format(where="a Slurm", peer="`sbatch`")
    return Benchmark(
        "B8-Slurm", "Submitting to Slurm", about, _columns(""), cases, absent, least_passes=PASSES
    )


def _columns(target: str) -> list[Quantity]:
    return [
        Quantity("first_line", "submit to first line", "s", added=True),
        Quantity("final", "submit to final state", "s", target, plotted=True, added=True),
        Quantity("rate", "in a row", "runs/s", plotted=True),
    ]


def _here(ours: peers.Peer) -> Case:
    return _case("Runyard, this machine", LIMIT, Worker(ours.python, "submit_runyard.py"))


def _ours(ours: peers.Peer, cluster: Any, name: str) -> Case:
    site = f"--site={json.dumps(cluster.site)}"
    return _case(name, OURS, Worker(ours.python, "submit_runyard.py", site), cluster)


def _case(name: str, kind: str, worker: Worker, cluster: Any = None) -> Case:
    count = PEERS_IN_A_ROW if kind == PEER else OURS_IN_A_ROW

    def close() -> None:
        worker.close()
        if cluster is not None:
            cluster.stop()

    return Case(name, kind, partial(_once, worker, cluster, count), close)


def _once(worker: Worker, cluster: Any, count: int) -> Figures:
    if cluster is not None:
        cluster.start()
    single = [worker.once() for _ in range(SINGLES)]
    figures = {name: statistics.median(one[name] for one in single) for name in single[0]}
    return {**figures, **worker.burst(count)}
