"""What a run's token may do, as rules about runs and paths.

A job changes its own run and the runs below it: its children and what it submitted, and theirs. A
step changes its pipeline's run, too, as v1's do through `run.parent`, but no step beside it.
Once its run has been delivered (a final state, and the last word of every agent) the token only
reads, so a token that was copied out of a job is worth little afterwards.

A run acts for the person who submitted it, so it may never more than they may now. When they were
removed, or have lost their role, a run that goes on still reads and reports of itself, or nobody
would learn how it ended; it submits, registers and adds nothing any more.
"""

import posixpath
from collections.abc import Callable

from runyard.protocol import data as modes
from runyard.protocol.dataset_paths import output_path
from runyard.protocol.errors import Forbidden
from runyard.protocol.pipelines import STEP_RUN
from runyard.protocol.route import READER
from runyard_server.core import permissions, specs
from runyard_server.core.lookups import run_row
from runyard_server.core.people import Known
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.store import job_nodes, runs
from runyard_server.store.folders import checked
from runyard_server.store.runs import RunRow

# A job may build a chain of any length, and each link costs its every request a look-up.
DEEPEST = 100
_WRITTEN_MODES = (modes.MOUNT, modes.UPLOAD)


def check_open(system: System, workspace: str, run: str) -> None:
    """Refuse a write with the token of a run that has been delivered.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.

    Raises:
        Forbidden: It has, or there is no such run any more.
    """

    def read(work: Work) -> bool:
        row = runs.find(work.connection, workspace, run)
        return row is not None and not _is_delivered(work, row)

    if not system.read(read):
        raise Forbidden(
            f"run {run} has ended and been delivered: its token only reads now; use the user's "
            "token"
        )


def check_person(system: System, workspace: str, run: str, needs: str) -> None:
    """Refuse with a run's token what the person who submitted the run may not do any more.

    What a run reports of itself and those below it needs no such look.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the token's run.
        needs: The role that a person needs for it.

    Raises:
        Forbidden: They may not.
    """
    everybody = system.people.known(system.records)
    # What most services are; so a request of a job costs them nothing more.
    if everybody.is_alone:
        return

    def read(work: Work) -> tuple[RunRow | None, bool]:
        row = runs.find(work.connection, workspace, run)
        return row, row is not None and not _is_delivered(work, row)

    row, is_open = system.read(read)
    if row is None or _still_may(everybody, row, needs):
        return
    if needs != READER or not is_open:
        raise Forbidden(
            f"run {run} acts for {row.submitted_by}, who has been removed or lost the role for "
            "this: it goes on to its end, and its token opens nothing else; somebody else can "
            "submit it again"
        )


def _still_may(everybody: Known, row: RunRow, needs: str) -> bool:
    name = row.submitted_by
    person, removed_at = everybody.people.get(name), everybody.former.get(name)
    if person is None:
        # Runs from before there were people have the names of the system's users.
        return removed_at is None
    # Somebody may have the name again; what the one before submitted is not theirs.
    is_theirs = removed_at is None or row.created_at > removed_at
    return is_theirs and permissions.has(person, row.workspace, needs)


def is_below(system: System, workspace: str, run: str, above: str) -> bool:
    """Whether `run` is `above`, or was made or submitted by it or by a run below it.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        above: Id of the run that may be above it.
    """

    def read(work: Work) -> bool:
        wanted, seen = [run], set[str]()
        while wanted and len(seen) < DEEPEST:
            current = wanted.pop()
            if current == above:
                return True
            row = runs.find(work.connection, workspace, current)
            seen.add(current)
            if row is not None:
                makers = {row.parent, row.submitted_from} - seen - {None}
                wanted += [maker for maker in makers if maker is not None]
        return False

    return run == above or system.read(read)


def may_change(system: System, workspace: str, run: str, own: str) -> bool:
    """Whether the token of a run changes another: one below it, or the pipeline that it is of.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run that is to be changed.
        own: Id of the token's run.
    """
    if is_below(system, workspace, run, own):
        return True
    row = system.read(lambda work: runs.find(work.connection, workspace, own))
    return row is not None and (row.run_type, row.parent) == (STEP_RUN, run)


def replaced_paths(
    system: System, workspace: str, run: str, datastore: str
) -> Callable[[str], bool]:
    """The files of a datastore that a job may replace: those its spec names to write to.

    Args:
        system: The service's parts.
        workspace: The workspace.
        run: The job's run.
        datastore: The datastore.
    """
    spec = system.read(lambda work: specs.of_run(work, run_row(work, workspace, run).key))
    named = [
        posixpath.normpath(reference.path.strip("/") or ".")
        for reference in spec.data
        if reference.datastore == datastore and reference.mode in _WRITTEN_MODES
    ]
    named += [
        output_path(output.path, run, output.name)
        for output in spec.outputs
        if output.datastore == datastore
    ]
    return lambda path: any(_holds(folder, checked(path)) for folder in named)


def _is_delivered(work: Work, row: RunRow) -> bool:
    if row.active:
        return False
    return all(node.finished_at is not None for node in job_nodes.of_run(work.connection, row.key))


def _holds(folder: str, path: str) -> bool:
    # With the slash, or leave for `data` would be leave for `data-of-others`.
    return folder in (".", path) or path.startswith(folder + "/")
