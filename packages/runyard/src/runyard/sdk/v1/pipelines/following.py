"""Waits for a run of a pipeline and prints in the shape that v1 users (and their tests) know.

Steps are followed one after the other as they begin, each to its end; a reused one has nothing but
its summary. What ends meanwhile comes after.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Set

from runyard.client import printing
from runyard.sdk import exceptions
from runyard.sdk.exceptions import (
    ActivityFailedException,
    ExperimentExecutionException,
    translated,
)
from runyard.sdk.run_base import TERMINAL
from runyard.sdk.runs import Run
from runyard.sdk.waiting import Printer

if TYPE_CHECKING:
    from runyard.protocol.pipelines import StepRecord
    from runyard.sdk.v1.pipelines.runs import PipelineRun, StepRun

_LINK = "Link to Azure Machine Learning Portal"
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
_WAITS = "NotStarted"


class _TimeOverError(Exception):
    """The time to wait is over."""


def wait(run: PipelineRun, show_output: bool, seconds: float, raise_on_error: bool) -> str:
    """Wait for a run of a pipeline; see `PipelineRun.wait_for_completion`.

    Args:
        run: The run.
        show_output: Whether logs are printed.
        seconds: How long to wait.
        raise_on_error: Whether a failed step raises.
    """
    printing.say(f"PipelineRunId: {run.id}\n{_LINK}: {run.get_portal_url()}\n")
    until = time.monotonic() + min(seconds, sys.maxsize)
    try:
        _follow_all(run, show_output, until, raise_on_error)
    except _TimeOverError:
        printing.say(f"Timed out of waiting after {seconds} seconds; the run goes on.\n")
        return run.get_status()
    except KeyboardInterrupt:
        raise ExperimentExecutionException(
            "The output streaming for the run interrupted.\nBut the run is still executing on the "
            f"compute target. Details for canceling the run: run.cancel(), or `runyard runs cancel "
            f"{run.id}`"
        ) from None
    found = run.get_details()
    if show_output:
        title = "PipelineRun Execution Summary"
        printing.say(f"\n\n\n{title}\n{'=' * (len(title) + 1)}\n")
        printing.say(f"PipelineRun Status: {run.get_status()}\n")
        _tell_remarks(found, raise_on_error)
        printing.say(f"{found}\n\n")
    if found["status"] == "Failed" and raise_on_error:
        raise ActivityFailedException(found.get("error") or {})
    return run.get_status()


def wait_for_step(run: StepRun, show_output: bool, seconds: float, raise_on_error: bool) -> str:
    """Wait for a run of a step; see `StepRun.wait_for_completion`.

    Args:
        run: The run.
        show_output: Whether its log is printed.
        seconds: How long to wait.
        raise_on_error: Whether it raises where the run has failed.
    """
    try:
        _follow(run, show_output, time.monotonic() + min(seconds, sys.maxsize), raise_on_error)
    except _TimeOverError:
        printing.say(f"Timed out of waiting after {seconds} seconds; the run goes on.\n")
    return run.get_status()


def _follow_all(run: PipelineRun, show: bool, until: float, raise_on_error: bool) -> None:
    """Follow the steps of a run to its end, each once it has begun."""
    shown: Set[str] = set()
    told: Dict[str, str] = {}
    status = ""
    for nodes in _looks(run, until):
        now = run.status
        # How it ended is told last, below the steps.
        if now != status and show and run._read().status not in TERMINAL:
            printing.say(f"PipelineRun Status: {now}\n")
        status = now
        begun = [n for n in nodes if n.run not in shown and n.status != _WAITS]
        for node in sorted(begun, key=lambda n: (n.started_at or "~", n.layer)):
            shown.add(node.run)
            # What is left out by a failure has nothing to show but that.
            if node.status == "Canceled" and node.started_at is None:
                continue
            if show and node.reuse:
                printing.tell(f"{node.name}: {node.reuse}")
            _follow(_step_run(run, node), show, until, raise_on_error)
        if show:
            _tell_reasons(nodes, told)


def _looks(run: PipelineRun, until: float) -> Iterator[List[StepRecord]]:
    """How the steps stand, again and again until the run has ended; then once more."""
    pause = _FIRST_PAUSE
    while True:
        status = run._refresh().status
        with translated():
            nodes = run.service.pipelines.get(run.id).nodes
        yield nodes
        if status in TERMINAL:
            return
        pause = _paused(pause, until)


def _paused(pause: float, until: float) -> float:
    if time.monotonic() > until:
        raise _TimeOverError
    time.sleep(pause)
    return min(pause * 1.5, _LONGEST_PAUSE)


def _tell_reasons(nodes: List[StepRecord], told: Dict[str, str]) -> None:
    """Print why steps wait, each time it is another reason than that of others before it."""
    for node in nodes:
        # That it comes after another is what the graph says; how much is being read is news.
        news = node.status == _WAITS and node.reason and not node.reason.startswith("after ")
        if news and told.get(node.run) != node.reason:
            told[node.run] = node.reason
            printing.tell(f"{node.name}: {node.reason}")


def _step_run(run: PipelineRun, node: StepRecord) -> Any:

    return Run.get(run.experiment.workspace, node.run)


def _follow(run: StepRun, show: bool, until: float, raise_on_error: bool) -> None:
    """Follow one step to its end."""
    if show:
        printing.say(f"\n\nStepRunId: {run.id}\n{_LINK}: {run.get_portal_url()}\n")
    reused = run._source != run.id
    printer = Printer(run.service, run.id) if show and not reused else None
    status, pause, reason = "", _FIRST_PAUSE, ""
    while True:
        record = run._refresh()
        if run.status != status and show and record.status not in TERMINAL:
            status = run.status
            printing.say(f"StepRun( {run.name} ) Status: {status}\n")
        if printer is not None and record.reason and record.reason != reason:
            reason = record.reason
            printing.tell(reason)
        if record.status in TERMINAL:
            break
        if printer is not None and record.status not in (_WAITS, "Starting", "Preparing"):
            with translated():
                printer.look()
        pause = _paused(pause, until)
    if printer is not None:
        with translated():
            printer.finish()
    found = run.get_details()
    if show:
        _tell_summary(run, found, raise_on_error)
    if found["status"] == "Failed" and raise_on_error:
        raise ActivityFailedException(found.get("error") or {})


def _tell_summary(run: StepRun, found: Dict[str, Any], raise_on_error: bool) -> None:
    title = f"StepRun({run.name}) Execution Summary"
    # v1 counted the empty line before it.
    printing.say(f"\n{title}\n{'=' * (len(title) + 1)}\n")
    printing.say(f"StepRun( {run.name} ) Status: {run.status}\n")
    _tell_remarks(found, raise_on_error)
    printing.say(f"{found}\n")


def _tell_remarks(found: Dict[str, Any], raise_on_error: bool) -> None:
    if found.get("warnings"):
        texts = "\n".join(one["message"] for one in found["warnings"])
        printing.say(f"\nWarnings:\n{texts}\n")
    if found["status"] == "Failed" and not raise_on_error and "error" in found:
        printing.say(f"\nError:\n{exceptions.telling().ending(found['error'])}\n")
