"""Finishes a job whose agent is gone: ends what it left running and delivers what lies on disk.

It is idempotent: killed half-way, it is started again and goes on. An outcome that the agent had
written before it died is delivered as it stands; otherwise the job failed, for the given reason.
"""

from __future__ import annotations

import sys
import time

from runyard.runtime import names
from runyard.runtime.folder import RunFolder, read_json
from runyard.runtime.job import Job
from runyard.runtime.processes import ProcessGroup
from runyard.runtime.standing import BUSY, UNDELIVERED, stand_alone
from runyard.runtime.state import DONE, SALVAGE, Lock, State
from runyard.runtime.wakeup import Wakeup
from runyard.runtime.watch import files

LOCK_SECONDS = 3.0


def run(path: str, reason: str) -> int:
    """Finish the job in a run folder; give the exit status.

    Args:
        path: The run folder.
        reason: Why the job failed, when no outcome was written.

    Returns:
        0 when the service has everything, 3 when an agent still works here, 75 when the service
        was away for too long.
    """
    folder = RunFolder(path)
    stand_alone(folder)
    lock = Lock()
    if not _patiently_take(lock, folder.lock_file):
        sys.stderr.write(f"an agent still works in {folder.root}\n")
        return BUSY
    job = Job.load(folder.job_file)
    folder.share(job.shared_folder or folder.root)
    return finish(job, folder, reason)


def finish(job: Job, folder: RunFolder, reason: str) -> int:
    """Do what `run` does, in a folder whose lock this process holds already.

    Args:
        job: The job.
        folder: The run folder.
        reason: Why the agent counts as lost.
    """
    # The agent died after its last word had been taken: nothing is left to be done.
    if (read_json(folder.state_file) or {}).get("phase") == DONE:
        return 0
    from runyard.runtime import delivery, ending
    from runyard.runtime.link import Link

    wake = Wakeup()
    state = State.begin(folder, job, SALVAGE)
    link = Link(job, folder, wake.cancel, resumes=True)
    # First of all: while one of them lives it may still write into what is delivered.
    stuck = _group(job, folder, state).end()
    # Written before anything is sent: how the job ended, which the agent's death does not change.
    report = read_json(folder.outcome_file)
    if report is None:
        log = _log(folder)
        report = ending.failed(reason, names.SERVICE_ERROR, log=log)
        report["warnings"] = stuck
        delivery.remember(folder, report)
    done = delivery.deliver(job, folder, link, report, state)
    link.close()
    return 0 if done else UNDELIVERED


def _group(job: Job, folder: RunFolder, state: State) -> ProcessGroup:
    """All that the agent has started and left."""
    if job.container is None:
        return ProcessGroup(job, state, sessions=state.sessions)
    from runyard.runtime.containers import Containers

    return Containers(job, folder).group(state, sessions=state.sessions)


def _log(folder: RunFolder) -> str:
    """The log whose end is told: the first process's."""
    logs = sorted(files(folder.logs, "").items(), key=lambda pair: pair[1])
    mine = [file for file, path in logs if path.startswith(names.DRIVER_LOG[:-4])]
    return mine[0] if mine else folder.log(names.DRIVER_LOG)


def _patiently_take(lock: Lock, path: str) -> bool:
    """Take the lock; an agent that was just killed holds it a moment longer."""
    end = time.monotonic() + LOCK_SECONDS
    while not lock.take(path):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
