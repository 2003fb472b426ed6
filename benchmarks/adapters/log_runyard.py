"""Logs values of an interactive run, against a service of its own."""

from __future__ import annotations

from call_by_call import measured
from serve import serve

from runyard import Experiment, Workspace

experiment = Experiment(Workspace.from_config(), "bench")


def calls(count: int) -> dict:
    """Log values call by call."""
    run = experiment.start_logging(snapshot_directory=None)
    run.log("first", 0.0)  # opens the spool, which is once in a run's life
    run.flush()

    def log(number: int, value: float) -> None:
        run.log("loss", value, step=number)

    figures = measured(count, log, run.flush, "runyard", run.id)
    run.complete()
    return figures


serve({"calls": calls})
