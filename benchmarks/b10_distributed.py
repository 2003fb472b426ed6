"""B10: launch several processes; how long until all have met.

Each process writes the time at which it was past its rendezvous; the last one counts, from the
call that submits. The limit is the same script with the same variables from a plain loop, or from
the program that people use by hand. Three conventions, each a section of its own: TF_CONFIG, MPI,
and the variables of torch.distributed.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import clusters
import launching
from measure import LIMIT, OURS, PEER, Benchmark, Case, Figures, Quantity
from workers import Worker

if TYPE_CHECKING:
    import peers

COUNTS = (2, 4, 8)
# On a cluster no more than it has nodes of ours.
FEW = (2, 4)
TARGET = "at most the limit + 0.1 s"
# A launch of Ray Train takes half a minute.
RAY_PASSES = 2
# Starts `count` processes that write their marks below a folder, and waits for their end.
Launch = Callable[[str, int], dict[str, Any]]
ABOUT = (
    "{what} The clock starts before the call that submits, with a service that runs, and stops "
    "when the last process has met all others. *1 node* has all processes on one node of a local "
    "cluster, *n nodes* one process on each; all are processes of this machine."
)


def tf_config(ours: peers.Peer, installed: dict[str, peers.Peer]) -> Benchmark:
    """The benchmark of TF_CONFIG; Ray Train's own barrier stands beside it."""
    cases = [
        _case("bare launcher", LIMIT, partial(launching.tf_config, ours.python)),
        *_ours(ours, ours, "tf"),
    ]
    if "ray-train" in installed:
        peer = installed["ray-train"]
        name = f"Ray Train ({peer.version})"
        worker = Worker(peer.python, "launch_ray_train.py")
        cases.append(_case(name, PEER, _through(worker, 1), worker, passes=RAY_PASSES))
    what = (
        "A script that reads `TF_CONFIG` and hears of every other process, as TensorFlow does at "
        "its start, without importing TensorFlow. The bare launcher is a loop that starts the "
        "processes with the same variables."
    )
    return Benchmark("B10", "Distributed launch", ABOUT.format(what=what), _columns(), cases)


def on_ray(ours: peers.Peer, installed: dict[str, peers.Peer]) -> Benchmark:
    """The same launch on a Ray cluster, beside Ray Train; the limit is ours without a cluster."""
    here = Worker(ours.python, "launch_runyard.py", str(ours.python), "tf")
    cases = [_few("Runyard, this machine, n nodes", LIMIT, _through(here, 0), here.close)]
    if "ray" in installed:
        head = clusters.RayHead(installed["ray"])
        site = json.dumps(head.site)
        there = Worker(ours.python, "launch_runyard.py", str(ours.python), "tf", site)

        def close() -> None:
            there.close()
            head.stop()

        for name, nodes in (("1 node", 1), ("n nodes", 0)):
            launch = _after(head, _through(there, nodes))
            cases.append(_few(f"Runyard, Ray, {name}", OURS, launch, close))
    if "ray-train" in installed:
        peer = installed["ray-train"]
        train = Worker(peer.python, "launch_ray_train.py")
        launch, name = _through(train, 1), f"Ray Train ({peer.version})"
        cases.append(_few(name, PEER, launch, train.close, passes=RAY_PASSES))
    what = (
        "The same script with `TF_CONFIG`, launched on a Ray cluster that is up and has our nodes; "
        "Ray Train's workers meet in its own barrier, on a cluster that is up, too."
    )
    target = "at most 0.3 s above this machine"
    columns = _columns(FEW, target)
    title = "Distributed launch on Ray"
    about = ABOUT.format(what=what)
    return Benchmark("B10-Ray", title, about, columns, cases, least_passes=RAY_PASSES + 1)


def mpi(ours: peers.Peer, installed: dict[str, peers.Peer]) -> Benchmark:
    """The benchmark of MPI."""
    cases = []
    if "mpi" in installed:
        peer = installed["mpi"]
        name = f"mpirun (Open MPI {peer.version})"
        cases = [_case(name, LIMIT, partial(launching.mpirun, peer)), *_ours(ours, peer, "mpi")]
    what = "A script of mpi4py with one barrier, on Open MPI."
    return Benchmark(
        "B10-MPI", "Distributed launch, MPI", ABOUT.format(what=what), _columns(), cases
    )


def torch(ours: peers.Peer, installed: dict[str, peers.Peer]) -> Benchmark:
    """The benchmark of torch.distributed's variables, with and without PyTorch."""
    python = installed["torch"].python if "torch" in installed else ours.python
    peer = installed.get("torch", ours)
    more = "torch" in installed
    cases = [
        _case("bare launcher", LIMIT, partial(launching.torch, python), gloo=more),
        *_ours(ours, peer, "torch", gloo=more),
    ]
    if more:
        name = f"torchrun (PyTorch {peer.version})"
        cases.append(_case(name, PEER, partial(launching.torchrun, peer), gloo=True))
    what = (
        "A script that meets at the address and port of rank 0 over TCP, which stands for "
        "`init_process_group` without the seconds that importing PyTorch takes; the last column "
        "is PyTorch itself, with Gloo and a barrier."
    )
    columns = [*_columns(), Quantity("gloo", "PyTorch, 2 processes", "s", plotted=True)]
    title = "Distributed launch, torch.distributed"
    return Benchmark("B10-torch", title, ABOUT.format(what=what), columns, cases)


def _columns(counts: Sequence[int] = COUNTS, target: str = TARGET) -> list[Quantity]:
    columns = [
        Quantity(f"met_{n}", f"{n} processes", "s", target, plotted=n == counts[-1], added=True)
        for n in counts
    ]
    return [*columns, Quantity("final", f"{counts[-1]} processes to final state", "s")]


def _ours(
    ours: peers.Peer, scripts: peers.Peer, convention: str, *, gloo: bool = False
) -> list[Case]:
    """Our two cases, which share a service."""
    worker = Worker(ours.python, "launch_runyard.py", str(scripts.python), convention)
    return [
        _case("Runyard, 1 node", OURS, _through(worker, 1), worker, gloo=gloo),
        _case("Runyard, n nodes", OURS, _through(worker, 0), worker, gloo=gloo),
    ]


def _case(
    name: str,
    kind: str,
    launch: Launch,
    worker: Worker | None = None,
    *,
    gloo: bool = False,
    passes: int = 0,
) -> Case:
    close = worker.close if worker else _nothing
    return Case(name, kind, partial(_once, launch, gloo=gloo), close, passes)


def _few(name: str, kind: str, launch: Launch, close: Callable[[], None], passes: int = 0) -> Case:
    return Case(name, kind, partial(_once, launch, gloo=False, counts=FEW), close, passes)


def _after(head: clusters.RayHead, launch: Launch) -> Launch:
    """Launch on a head, which is started when it is not up."""

    def started(folder: str, count: int) -> dict[str, Any]:
        head.start()
        return launch(folder, count)

    return started


def _through(worker: Worker, nodes: int) -> Launch:
    """Launch by an adapter; 0 nodes are as many as processes."""

    def launch(folder: str, count: int, *more: str) -> dict[str, Any]:
        order = {"folder": folder, "count": count, "nodes": nodes or count, "more": list(more)}
        return worker.ask("launch", **order)

    return launch


def _once(
    launch: Callable[..., dict[str, Any]], *, gloo: bool, counts: Sequence[int] = COUNTS
) -> Figures:
    """Launch each count; where PyTorch is there, also 2 with it."""
    figures: Figures = {}
    for count in counts:
        met, ended = _measured(launch, count)
        figures[f"met_{count}"] = met
    figures["final"] = ended
    if gloo:
        figures["gloo"], _ = _measured(launch, 2, "gloo")
    return figures


def _measured(launch: Callable[..., dict[str, Any]], count: int, *more: str) -> tuple[float, float]:
    """The seconds until all had met, and until all was over."""
    with tempfile.TemporaryDirectory() as folder:
        told = launch(folder, count, *more)
        marks = sorted(int(path.name) for path in Path(folder).iterdir())
        if marks != list(range(count)):
            raise RuntimeError(f"of {count} processes there are marks of {marks}")
        met = max(float(path.read_text()) for path in Path(folder).iterdir())
        if met > time.time():
            raise RuntimeError("a mark lies in the future")
    return met - told["begun"], told["ended"] - told["begun"]


def _nothing() -> None:
    """Nothing is left to end."""
