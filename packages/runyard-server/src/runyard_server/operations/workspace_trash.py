"""Workspaces into the trash and back.

What a workspace holds stays where it is: without the row of the workspace nobody finds it. Its id
is not given to another one until it is freed.
"""

import msgspec

from runyard.protocol import events as kinds
from runyard.protocol.errors import Conflict, NotFound, WrongState
from runyard.protocol.trash import FREEING, KEPT, WORKSPACE, TrashEntry, TrashPage
from runyard.protocol.workspaces import DEFAULT_WORKSPACE, DeleteWorkspace, WorkspaceRecord
from runyard_server.core import events
from runyard_server.core.clock import SECOND, iso
from runyard_server.core.events import EventDraft
from runyard_server.core.lookups import workspace_row
from runyard_server.core.notices import work_topic
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution.purging import TRASH_WORK
from runyard_server.operations.trash import entry_record
from runyard_server.operations.trash_moves import Details
from runyard_server.store import endpoints, nodes, schedules, trash, trashed, usage
from runyard_server.store import workspaces as rows
from runyard_server.store.subjects import Subject
from runyard_server.store.trash import TrashRow
from runyard_server.store.workspaces import WorkspaceRow

_DAY = 24 * 3600 * SECOND
_SHOWN = 3


def delete(system: System, workspace: str, query: DeleteWorkspace) -> TrashEntry:
    """Delete a workspace with all that it holds, or tell what that would be.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        query: Whether it is only to be told.

    Raises:
        WorkspaceNotFound: There is none.
        WrongState: It is the default one, runs go on in it, or it has endpoints, active schedules
            or nodes.
    """
    keep = int(system.settings.trash_days * _DAY)
    system.read(lambda work: workspace_row(work, workspace))
    # Before the write, for which others wait: a datastore may have a million files.
    beside = sum(
        usage.below(folder / workspace, set()).size
        for folder in (system.home.run_logs, system.home.datastores)
    )

    def look(work: Work) -> TrashRow:
        workspace_row(work, workspace)
        _refuse_used(work, workspace)
        space = usage.of_workspace(work.connection, workspace)
        details = msgspec.json.encode(Details()).decode()
        made = (work.person, work.now, work.now + keep, details)
        size = space.size + beside
        return TrashRow(0, workspace, WORKSPACE, workspace, KEPT, space.count, size, *made)

    def write(work: Work) -> TrashRow:
        entry = look(work)
        name = workspace_row(work, workspace).name
        # With its id, since several of one name may be in the trash.
        place = trashed.of(workspace)
        rows.rename(work.connection, workspace, place, f"{place}:{name}")
        subject = Subject(WORKSPACE, workspace, workspace)
        events.append(work, subject, [EventDraft(kinds.DELETED)])
        trash.put(work.connection, entry)
        return entry

    if query.dry_run:
        return entry_record(system.read(look))
    # Named by its id: there is one of it at most.
    return entry_record(system.write(write), workspace)


def deleted(system: System) -> TrashPage:
    """List the workspaces that were deleted and may come back."""

    def read(work: Work) -> list[TrashRow]:
        ids = [trashed.owner(row.id) for row in rows.deleted(work.connection)]
        found = [trash.find_named(work.connection, id_, WORKSPACE, id_) for id_ in ids]
        return [row for row in found if row is not None]

    return TrashPage([entry_record(row, row.subject) for row in system.read(read)])


def restore(system: System, deleted: str) -> WorkspaceRecord:
    """Bring back a workspace that was deleted.

    Args:
        system: The service's parts.
        deleted: Id of the workspace.

    Raises:
        NotFound: None of that id was deleted.
        Conflict: Another one has its name by now.
    """

    def write(work: Work) -> WorkspaceRecord:
        entry, row = _required(work, deleted)
        if entry.state == FREEING:
            raise WrongState(f"workspace {deleted} is being freed and cannot come back")
        name = row.name.rpartition(":")[2]
        triple = (name, row.subscription_id, row.resource_group)
        if rows.find_named(work.connection, triple) is not None:
            raise Conflict(f"there is another workspace {name!r} by now; delete that one first")
        rows.rename(work.connection, row.id, deleted, name)
        trash.remove(work.connection, entry.key)
        subject = Subject(WORKSPACE, deleted, deleted)
        events.append(work, subject, [EventDraft(kinds.RESTORED)])
        return record_of(workspace_row(work, deleted))

    return system.write(write)


def free(system: System, deleted: str) -> TrashEntry:
    """Free a workspace that was deleted now; it cannot come back.

    Args:
        system: The service's parts.
        deleted: Id of the workspace.

    Raises:
        NotFound: None of that id was deleted.
    """

    def write(work: Work) -> TrashEntry:
        entry, _ = _required(work, deleted)
        trash.free(work.connection, deleted, entry.key)
        work.announce(work_topic(TRASH_WORK))
        found = trash.find(work.connection, deleted, entry.key)
        return entry_record(found or entry, deleted)

    return system.write(write)


def record_of(row: WorkspaceRow) -> WorkspaceRecord:
    """A workspace as it is told."""
    return WorkspaceRecord(
        id=row.id,
        name=row.name,
        subscription_id=row.subscription_id,
        resource_group=row.resource_group,
        location=row.location,
        created_at=iso(row.created_at),
        friendly_name=row.friendly_name,
        sku=row.sku,
        default_datastore=row.default_datastore,
        tags=row.tags,
        as_of=row.as_of,
    )


def _required(work: Work, workspace: str) -> tuple[TrashRow, WorkspaceRow]:
    entry = trash.find_named(work.connection, workspace, WORKSPACE, workspace)
    row = rows.find(work.connection, trashed.of(workspace))
    if entry is None or row is None:
        raise NotFound(
            f"no workspace {workspace[:80]!r} was deleted; `runyard workspaces deleted` shows "
            "those that were"
        )
    return entry, row


def _refuse_used(work: Work, workspace: str) -> None:
    if workspace == DEFAULT_WORKSPACE:
        raise WrongState("the default workspace stays; delete what is in it")
    active = usage.active_runs(work.connection, workspace, _SHOWN)
    if active:
        raise WrongState(
            f"runs go on in workspace {workspace!r}, such as {', '.join(active)}; cancel them "
            "first (`runyard runs cancel`)",
            {"runs": active},
        )
    delivering = usage.undelivered_runs(work.connection, workspace, _SHOWN)
    if delivering:
        raise WrongState(
            f"what runs of workspace {workspace!r} have left is still being delivered, such as "
            f"{', '.join(delivering)}; try again in a moment",
            {"runs": delivering},
        )
    served = endpoints.names(work.connection, workspace, _SHOWN)
    if served:
        raise WrongState(
            f"workspace {workspace!r} has endpoints, such as {', '.join(served)}; delete them "
            "first (`runyard endpoints delete`)",
            {"endpoints": served},
        )
    submitting = schedules.some_active(work.connection, workspace, _SHOWN)
    if submitting:
        raise WrongState(
            f"schedules of workspace {workspace!r} are active, such as {', '.join(submitting)}; "
            "disable them first (`runyard schedules disable`)",
            {"schedules": submitting},
        )
    if nodes.any_of(work.connection, workspace):
        raise WrongState(
            f"clusters of workspace {workspace!r} have nodes; delete them first (`runyard compute "
            "delete`)"
        )
