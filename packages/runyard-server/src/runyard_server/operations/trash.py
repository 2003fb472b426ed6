"""The trash: deleting, bringing back, and freeing what was deleted.

Deleting moves rows to a workspace that nobody can ask for (`store.trashed`); files, logs and
contents stay where they are until the entry's time is over. Then `execution.purging` removes them.
"""

from dataclasses import replace

import msgspec

from runyard.protocol.errors import NotFound, TemporaryError, WrongState
from runyard.protocol.trash import (
    FREEING,
    KEPT,
    AddTrash,
    TrashEntry,
    TrashPage,
    TrashQuery,
)
from runyard_server.core.clock import SECOND, iso
from runyard_server.core.lookups import workspace_row
from runyard_server.core.notices import work_topic
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution.purging import TRASH_WORK
from runyard_server.operations import trash_moves
from runyard_server.operations.trash_moves import Found
from runyard_server.store import pages, trashed
from runyard_server.store import trash as rows
from runyard_server.store.trash import TrashRow

# What a service that was killed in between finds again and finishes.
DELETING, RESTORING = "deleting", "restoring"
_DAY = 24 * 3600 * SECOND
_DIGITS = 18


def add(system: System, workspace: str, body: AddTrash) -> TrashEntry:
    """Delete something into the trash, or tell what that would be.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What is asked for.

    Raises:
        InvalidRequest: There is no such kind.
        NotFound: There is no such thing; the message names the nearest.
        WrongState: It is in use; the message says by what.
        TemporaryError: What was deleted under its name before is being freed.
    """
    kind = trash_moves.of_kind(body.kind)
    keep = int(system.settings.trash_days * _DAY)

    def look(work: Work) -> tuple[int, TrashEntry]:
        found = kind.measured(work, workspace, body.name, system.logs)
        entry = _row(work, workspace, body.kind, found, keep)
        entry = replace(entry, until=work.now + keep, state=KEPT)
        return found.size, entry_record(entry)

    # Measured before the write, for which others wait.
    size, told = system.read(look)
    if body.dry_run:
        return told

    more: list[int] = []

    def write(work: Work) -> TrashEntry:
        found = replace(kind.find(work, workspace, body.name), size=size)
        kind.put(work, workspace, found)
        # What has been deleted under this name before, and is still there, becomes one with it.
        former = rows.find_named(work.connection, workspace, body.kind, found.name)
        if former is not None and former.state == FREEING:
            # Not of what is being freed: its entry goes at the end, and this could not come back.
            raise TemporaryError(
                f"{former.kind} {former.subject} was deleted before, and that is being freed at "
                "the moment; delete this one a little later"
            )
        entry = _row(work, workspace, body.kind, trash_moves.merged(found, former), keep)
        entry = replace(entry, key=0 if former is None else former.key)
        entry = replace(entry, key=rows.put(work.connection, entry))
        if entry.state == DELETING:
            more.append(entry.key)
        if not keep:
            work.announce(work_topic(TRASH_WORK))
        told = replace(entry, state=KEPT, until=work.now + keep)
        return work.answered(entry_record(told))

    made = system.write(write)
    for key in more:
        finish(system, workspace, key)
    return made


def _row(work: Work, workspace: str, kind: str, found: Found, keep: int) -> TrashRow:
    """The row of what is deleted now, kept for so many microseconds; it has no key yet."""
    whole = len(found.runs) <= trash_moves.AT_ONCE and found.count <= trash_moves.AT_ONCE
    return TrashRow(
        key=0,
        workspace=workspace,
        kind=kind,
        subject=found.name,
        state=KEPT if whole else DELETING,
        count=found.count,
        size=found.size,
        deleted_by=work.person,
        deleted_at=work.now,
        # Over at once where there is more to move: so it is found after a kill.
        until=work.now + keep if whole else 0,
        details=msgspec.json.encode(found.details).decode(),
    )


def list_(system: System, workspace: str, query: TrashQuery) -> TrashPage:
    """List what is in the trash, the last deleted first.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        query: What is asked for.
    """
    limit = pages.limit(query.page_size)
    before = pages.after(query.page_token, int)

    def read(work: Work) -> TrashPage:
        workspace_row(work, workspace)
        found = rows.page(work.connection, workspace, before, limit + 1)
        page, token = pages.cut(found, limit, lambda row: row.key)
        return TrashPage([entry_record(row) for row in page], token)

    return system.read(read)


def restore(system: System, workspace: str, entry: str) -> TrashEntry:
    """Bring back what was deleted.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        entry: Id of the entry.

    Raises:
        NotFound: There is no such entry.
        WrongState: It is being freed.
    """

    def write(work: Work) -> TrashRow:
        row = _required(work, workspace, entry)
        if row.state == FREEING:
            raise WrongState(f"{row.kind} {row.subject} is being freed and cannot come back")
        trash_moves.of_kind(row.kind).back(work, row)
        if trash_moves.rest(work, row, trashed.of(workspace)):
            rows.change(work.connection, row.key, state=RESTORING, until=0)
        else:
            rows.remove(work.connection, row.key)
        return row

    row = system.write(write)
    finish(system, workspace, row.key)
    return entry_record(row)


def free(system: System, workspace: str, entry: str) -> TrashEntry:
    """Free what was deleted now; it cannot come back.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        entry: Id of the entry.

    Raises:
        NotFound: There is no such entry.
    """

    def write(work: Work) -> TrashEntry:
        row = _required(work, workspace, entry)
        _refuse_moving(row)
        rows.free(work.connection, workspace, row.key)
        work.announce(work_topic(TRASH_WORK))
        return entry_record(replace(row, state=FREEING, until=work.now))

    return system.write(write)


def empty(system: System, workspace: str) -> None:
    """Free all that is in the trash now.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
    """

    def write(work: Work) -> None:
        workspace_row(work, workspace)
        rows.free(work.connection, workspace, None)
        work.announce(work_topic(TRASH_WORK))

    system.write(write)


def finish(system: System, workspace: str, key: int) -> None:
    """Move what is left of an entry that has more than one transaction moves; else do nothing.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        key: Key of the entry.
    """

    def write(work: Work) -> bool:
        row = rows.find(work.connection, workspace, key)
        if row is None or row.state not in (DELETING, RESTORING):
            return False
        start, to = workspace, trashed.of(workspace)
        if row.state == RESTORING:
            start, to = to, start
        if trash_moves.move_rest(work, row, start, to):
            return True
        if row.state == RESTORING:
            rows.remove(work.connection, key)
        else:
            until = row.deleted_at + int(system.settings.trash_days * _DAY)
            rows.change(work.connection, key, state=KEPT, until=until)
        return False

    while system.write(write):
        pass


def _required(work: Work, workspace: str, entry: str) -> TrashRow:
    key = int(entry) if entry.isdecimal() and len(entry) <= _DIGITS else 0
    row = rows.find(work.connection, workspace, key)
    if row is None:
        workspace_row(work, workspace)
        raise NotFound(
            f"there is nothing {entry[:80]!r} in the trash of workspace {workspace!r}; `runyard "
            "trash list` shows what there is"
        )
    return row


def _refuse_moving(row: TrashRow) -> None:
    if row.state in (DELETING, RESTORING):
        raise WrongState(f"{row.kind} {row.subject} is {row.state} at the moment; try again then")


def entry_record(row: TrashRow, id_: str | None = None) -> TrashEntry:
    """An entry as it is told.

    Args:
        row: The entry.
        id_: What it is restored or freed by; None: its key, "" where it has none yet.
    """
    key = str(row.key) if row.key else ""
    return TrashEntry(
        id=key if id_ is None else id_,
        kind=row.kind,
        name=row.subject,
        count=row.count,
        size=row.size,
        deleted_at=iso(row.deleted_at),
        until=iso(row.until),
        deleted_by=row.deleted_by,
        state=row.state,
    )
