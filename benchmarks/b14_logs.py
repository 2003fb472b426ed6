"""B14: what a script prints, until somebody who follows the log has it."""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path

import peers
from measure import LIMIT, PEER, Benchmark, Case, Figures, Quantity
from workers import ADAPTERS, Worker

sys.path.append(str(ADAPTERS))
import view  # the adapters' folder is no package

MEGABYTES, LINES = 1000, 30
# Peers that take minutes for a gigabyte say the same with less.
PEER_MEGABYTES, PEER_PASSES = 20, 2
CHATTER = str(ADAPTERS / "chatter.py")


def benchmark(ours: peers.Peer, installed: dict[str, peers.Peer]) -> Benchmark:
    """The benchmark with the peers that could be installed."""
    cases = [
        Case("a pipe", LIMIT, partial(_piped, "{python} {script} {kind} {count}", ours)),
        Case("a file and tail -f", PEER, partial(_piped, _TAIL, ours)),
    ]
    for name, kind, peer in peers.of_ours("Runyard, runs logs -f", ours, installed):
        worker = Worker(peer.python, "stream_runyard.py")
        cases.append(Case(name, kind, partial(_followed, worker, MEGABYTES), worker.close))
    if "ray" in installed:
        peer = installed["ray"]
        worker = Worker(peer.python, "stream_ray.py")
        once = partial(_followed, worker, PEER_MEGABYTES)
        name = f"ray job logs --follow ({peer.version})"
        cases.append(Case(name, PEER, once, worker.close, PEER_PASSES))
    return Benchmark(
        "B14",
        "Following a log",
        f"A script that prints {MEGABYTES} MB as fast as it can ({PEER_MEGABYTES} for Ray), from "
        f"the first byte that the viewer sees to the last; and one that prints {LINES} lines with "
        "their time, a tenth of a second apart, from that time until the viewer has the line.",
        [
            Quantity("rate", "a lot of output", "MB/s", "at least 200 MB/s", plotted=True),
            Quantity("latency", "a line, median", "s", "at most 0.1 s", plotted=True),
            Quantity("worst", "a line, worst", "s"),
        ],
        cases,
    )


_TAIL = "touch log; {python} {script} {kind} {count} > log & tail -c +1 -f log"


def _piped(command: str, ours: peers.Peer) -> Figures:
    figures: Figures = {}
    for kind, count, read in (
        ("volume", MEGABYTES, partial(view.volume, megabytes=MEGABYTES)),
        ("lines", LINES, view.latency),
    ):
        words = command.format(python=ours.python, script=CHATTER, kind=kind, count=count)
        with tempfile.TemporaryDirectory() as folder:
            figures.update(read(["sh", "-c", f"cd {Path(folder)}; {words}"]))
    return figures


def _followed(worker: Worker, megabytes: int) -> Figures:
    return {
        **worker.ask("volume", megabytes=megabytes),
        **worker.ask("latency", count=LINES),
    }
