"""Beats of the processes that began interactive runs, and what their silence means.

A run is watched if its start said that it beats, or once a beat has come: an older client, which
never beats, is left alone.
"""

from runyard.protocol import runs as states
from runyard.protocol.pipelines import DRIVEN_TYPES
from runyard.protocol.route import Nothing
from runyard.protocol.runs import Beat, RunError
from runyard_server.core.clock import iso
from runyard_server.core.lifecycle import end
from runyard_server.core.lookups import run_row
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.store import beating, runs


def note(system: System, workspace: str, run: str, body: Beat) -> Nothing:
    """Take note that the process which began an interactive run is alive.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        body: What is asked for.

    Raises:
        RunNotFound: No such run in the workspace.
    """
    row = system.read(lambda work: run_row(work, workspace, run))
    # A sweep is no one process's: its trials go back into the stock when that is gone.
    interactive = row.target == states.INTERACTIVE_TARGET and row.run_type not in DRIVEN_TYPES
    if row.active and interactive:
        # Only the first beat of a process is a row: each further one would sync the disk for
        # nothing.
        known = system.beating.note(row.key, body.process, system.clock.now_us())
        if not known:
            system.write(lambda work: beating.add(work.connection, row.key, body.process))
    return Nothing()


def take_up(system: System) -> None:
    """Go on watching, in a service that was started again, the runs that were watched before."""
    for key, process in system.read(lambda work: beating.active(work.connection)).items():
        system.beating.note(key, process)


def lose(system: System, key: int, reason: str) -> None:
    """Set a run to Failed whose process is not heard of any more, and its children with it.

    Should the process live, what it logs is still taken, and its own word about the end wins.

    Args:
        system: The service's parts.
        key: The run's key.
        reason: What is known of the process.
    """

    def write(work: Work) -> None:
        text = f"lost contact with the process that logged: {reason}"
        error = RunError(states.LOST_CONTACT, text, iso(work.now))
        # Or a service that starts again would watch it for its silence once more.
        beating.remove(work.connection, key)
        for row in runs.find_many(work.connection, [key]):
            end(work, row, states.FAILED, error)

    system.write(write)
    # Only now: of a write that failed, on a full disk, the next look must know again.
    system.beating.forget(key)
