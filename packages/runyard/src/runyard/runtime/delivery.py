"""What comes last, however long it takes: outputs, logs and metrics, then the outcome.

The outcome lies on disk before anything is sent. A service that is away is waited for, for a day;
after that, or when this process is killed, a salvage takes up the work where it was left. Sending
again is harmless.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Dict

from runyard.protocol.errors import Conflict, NotFound, RunyardError, TemporaryError
from runyard.protocol.timeouts import DELIVERY_SECONDS
from runyard.runtime import ending, names, outputs, references
from runyard.runtime.folder import write_json
from runyard.runtime.service import patiently
from runyard.runtime.state import DONE

if TYPE_CHECKING:
    from runyard.runtime.folder import RunFolder
    from runyard.runtime.job import Job
    from runyard.runtime.link import Link
    from runyard.runtime.state import State


Report = Dict[str, Any]


def remember(folder: RunFolder, report: Report) -> None:
    """Put the outcome on disk; on a full disk it is in memory only."""
    try:
        write_json(folder.outcome_file, report)
    except OSError:
        return


def deliver(job: Job, folder: RunFolder, link: Link, report: Report, state: State) -> bool:
    """Bring everything to the service and then the outcome; say whether it has it.

    Args:
        job: The job.
        folder: Its run folder.
        link: The way to the service.
        report: The outcome, already on disk.
        state: Where to write that all is done.
    """
    begun = time.monotonic()
    link.say(names.FINALIZING)
    if job.has_own_folder:
        _await_turn(job, link, begun + DELIVERY_SECONDS)
        report = _with_data(job, folder, link, report, state)
        if job.inputs:
            _look_at_inputs(job, folder, link)
        report = _with_outputs(job, folder, link, report)
    # Before the outcome: who sees that a run has ended reads its last lines and metrics at once.
    if not link.drain(begun + DELIVERY_SECONDS):
        return False
    # A beat after the last word would say that the run goes on.
    link.stop_beats()
    report["warnings"] = [*report["warnings"], *link.warnings]
    report["seconds"] = {**report["seconds"], "finalizing": time.monotonic() - begun}
    report["attempt"] = job.attempt
    if not _finish(link, report):
        return False
    state.phase(DONE)
    return True


def _await_turn(job: Job, link: Link, until: float) -> None:
    """Wait for other nodes, where it matters who collects first."""
    if job.nodes == 1 or (job.is_apart and job.node == 0):
        return
    from runyard.runtime import gang

    if job.is_apart:
        # What the first node calls a file is its name: others have to step aside.
        gang.wait_for_first(link, until)
    else:
        # The working folder that all share is looked after when nobody works in it any more.
        gang.wait_for_others(link, until)


def _with_outputs(job: Job, folder: RunFolder, link: Link, report: Report) -> Report:
    def tell(text: str) -> None:
        link.say(names.FINALIZING, text)

    try:
        warn = link.warnings.append
        outputs.collect(folder.outputs, link.service, warn, DELIVERY_SECONDS, tell, job.node)
    except RunyardError as error:
        text = f"the outputs could not be kept ({error.message}); they are in '{folder.outputs}'"
        # Whoever relies on the outputs must not find the run Completed without them.
        return _worse(folder, link, report, text)
    return report


def _with_data(job: Job, folder: RunFolder, link: Link, report: Report, state: State) -> Report:
    """Bring data back: uploads of a job that succeeded, and what was written to mounted copies."""
    if not job.data:
        return report
    paths = {str(name): str(path) for name, path in state.plain["data"].items()}
    succeeded = report["outcome"] == names.COMPLETED
    try:
        link.warnings.extend(references.give_back(job, folder, link.service, paths, succeeded))
    except OSError as error:
        return _worse(folder, link, report, f"data could not be uploaded: {error}")
    return report


def _look_at_inputs(job: Job, folder: RunFolder, link: Link) -> None:
    """Warn of inputs that were written while the job read them."""
    from runyard.runtime import datasets

    found = datasets.changed(job, folder)
    if not found:
        return
    told = ", ".join(f"'{name}'" for name in found)
    link.warnings.append(
        f"files of the input {told} were written while the run read them: what it read may be "
        "neither the old nor the new ones; as_download() gives a run copies of its own"
    )
    try:
        patiently(lambda: link.service.note_changed_inputs(found), DELIVERY_SECONDS)
    except RunyardError as error:
        link.warnings.append(f"that could not be noted: {error.message}")


def _worse(folder: RunFolder, link: Link, report: Report, text: str) -> Report:
    """Turn a success into a failure; a job that failed already keeps its own reason."""
    if report["outcome"] != names.COMPLETED:
        link.warnings.append(text)
        return report
    changed = ending.failed(text, names.SERVICE_ERROR, exit_code=report["exit_code"])
    changed["seconds"] = report["seconds"]
    remember(folder, changed)
    return changed


def _finish(link: Link, report: Report) -> bool:
    """Send the agent's final report; a run that has ended or is gone needs none."""
    try:
        patiently(lambda: link.service.finish(report), DELIVERY_SECONDS)
    except (Conflict, NotFound):
        return True
    except TemporaryError:
        return False
    return True
