"""B15: the article's training script through a run against the same script started by hand.

One training differs from the next by some 15 % on a shared machine, so medians of a few cannot
show a difference of one percent. Each pass therefore gives the ratio of a pair, and the report
says how wide the interval is in which the true ratio lies; a target finer than that is neither
met nor missed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from measure import LIMIT, OURS, Benchmark, Case, Figures, Quantity
from workers import Worker

if TYPE_CHECKING:
    import peers

PASSES = 20


def benchmark(ours: peers.Peer, installed: dict[str, peers.Peer]) -> Benchmark:  # noqa: ARG001 - the same signature as the others
    """Give the benchmark; no peer is needed, the script itself is what it is compared with."""
    worker = Worker(ours.python, "training_runyard.py")

    def by_hand() -> Figures:
        return worker.ask("by_hand")

    def in_a_run() -> Figures:
        return worker.ask("in_a_run")

    return Benchmark(
        "B15",
        "Training itself",
        "The script of `examples/tf-mnist` for a few epochs: through a run, and with the same "
        "interpreter of the same environment started by hand, where `Run` is a stub that sends "
        "nothing. Only the training is timed, not the start of Python or the import of "
        "TensorFlow; both must reach the same accuracy.",
        [
            Quantity("throughput", "training", "images/s", "at least 0.99 of by hand", paired=True),
            Quantity("accuracy", "accuracy", ""),
        ],
        [
            Case("by hand", LIMIT, by_hand),
            Case("Runyard", OURS, in_a_run, worker.close),
        ],
        least_passes=PASSES,
    )
