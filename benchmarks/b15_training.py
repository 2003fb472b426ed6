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
    """The benchmark; no peer is needed, the script itself is what it is compared with."""
    about = (
        "The script of `examples/tf-mnist` for a few epochs: through a run, and with the same "
        "interpreter of the same environment started by hand, where `Run` is a stub that sends "
        "nothing. Only the training is timed, not the start of Python or the import of "
        "TensorFlow; both must reach the same accuracy."
    )
    return _compared("B15", "Training itself", about, Worker(ours.python, "training_runyard.py"))


def workers(ours: peers.Peer, installed: dict[str, peers.Peer]) -> Benchmark:  # noqa: ARG001 - the same signature as the others
    """The benchmark of two processes that train together."""
    about = (
        "The script of `examples/tf-multi-worker`, two workers that average their gradients after "
        "each step: through a run on two nodes, and with both processes started by a loop, the "
        "same environment and numbers of threads. Timed from the moment the workers have met to "
        "the saved model."
    )
    worker = Worker(ours.python, "training_workers_runyard.py")
    return _compared("B15-workers", "Training with two workers", about, worker)


def _compared(name: str, title: str, about: str, worker: Worker) -> Benchmark:
    def by_hand() -> Figures:
        return worker.ask("by_hand")

    def in_a_run() -> Figures:
        return worker.ask("in_a_run")

    return Benchmark(
        name,
        title,
        about,
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
