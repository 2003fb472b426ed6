"""Workspaces: the top-level places. Making one also makes its two default datastores.

The id is the key in URLs and the name of folders: the name in lower case if that is free, else
with six hex digits of the triple (name, subscription, resource group) that tells workspaces apart.
"""

import hashlib
from collections.abc import Callable

from runyard.protocol import events as kinds
from runyard.protocol.datastores import BLOB_STORE, FILE_STORE
from runyard.protocol.environments import NOW
from runyard.protocol.errors import AlreadyExists, InvalidRequest
from runyard.protocol.route import CONTRIBUTOR, OWNER
from runyard.protocol.workspaces import (
    DEFAULT_WORKSPACE,
    NAME_RULE,
    ChangeWorkspace,
    CreateWorkspace,
    WorkspacePage,
    WorkspaceQuery,
    WorkspaceRecord,
)
from runyard_server.core import events, names, permissions
from runyard_server.core.events import EventDraft
from runyard_server.core.lookups import datastore_row, workspace_row
from runyard_server.core.settings import is_day
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.operations.workspace_trash import (
    delete,
    deleted,
    free,
    record_of,
    restore,
)
from runyard_server.store import datastores as datastore_rows
from runyard_server.store import pages, people, trashed
from runyard_server.store import workspaces as rows
from runyard_server.store.datastores import DatastoreRow
from runyard_server.store.people import RoleRow
from runyard_server.store.subjects import WORKSPACE, Subject
from runyard_server.store.workspaces import Triple, WorkspaceRow

__all__ = [
    "change",
    "create",
    "delete",
    "deleted",
    "ensure_default",
    "free",
    "get",
    "list_",
    "restore",
]

_MEANING = "1 to 255 letters, digits, '_', '-' or '.', and begin with a letter or a digit"
# An id is a folder's name, which file systems bound by 255 bytes; the digest comes behind it.
_LONGEST_STEM = 200


def create(system: System, body: CreateWorkspace, created_at: int | None = None) -> WorkspaceRecord:
    """Make a workspace; with `exist_ok` give the one that is there.

    Args:
        system: The service's parts.
        body: What is to be made.
        created_at: When it was made, in microseconds since 1970, UTC; now by default.

    Raises:
        WrongName: The name breaks its rule.
        AlreadyExists: It is there and `exist_ok` is False.
    """
    names.checked("workspace", body.name, NAME_RULE, _MEANING)
    triple = (body.name, body.subscription_id, body.resource_group)

    def write(work: Work) -> WorkspaceRecord:
        found = rows.find_named(work.connection, triple)
        if found is None:
            found = _make(work, body, created_at)
            _own(system, work, found.id)
        elif not body.exist_ok or not _is_seen(system, found.id):
            raise AlreadyExists(
                f"workspace {body.name!r} exists in resource group {body.resource_group!r}; "
                "pass exist_ok=True to use it, or choose another name"
            )
        return work.answered(record_of(found))

    # Asked for at each start, when it mostly is there: a read waits for no disk.
    found = system.read(lambda work: rows.find_named(work.connection, triple))
    if found is not None and body.exist_ok and _is_seen(system, found.id):
        return record_of(found)
    permissions.check(system, permissions.asker(system), CONTRIBUTOR, None, "a new workspace")
    return _written(system, write)


def ensure_default(system: System, created_at: int | None = None) -> WorkspaceRecord:
    """The embedded default workspace; it is made if there is none, as of `created_at`."""
    return create(system, CreateWorkspace(name=DEFAULT_WORKSPACE, exist_ok=True), created_at)


def list_(system: System, query: WorkspaceQuery) -> WorkspacePage:
    """List workspaces, by name."""
    limit = pages.limit(query.page_size)
    after = pages.after(query.page_token, tuple[str, str, str])
    wanted = {
        "name": query.name,
        "subscription_id": query.subscription_id,
        "resource_group": query.resource_group,
    }
    chosen = {name: value for name, value in wanted.items() if value is not None}
    # Who asks sees those in which they have a role, and no name of any other.
    seen = permissions.visible(system)
    found = system.read(lambda work: rows.page(work.connection, chosen, after, limit + 1, seen))
    page, token = pages.cut(found, limit, _triple)
    return WorkspacePage(items=[record_of(row) for row in page], next_page_token=token)


def get(system: System, workspace: str) -> WorkspaceRecord:
    """The workspace of this id.

    Raises:
        WorkspaceNotFound: There is none.
    """
    return record_of(system.read(lambda work: workspace_row(work, workspace)))


def change(system: System, workspace: str, body: ChangeWorkspace) -> WorkspaceRecord:
    """Change what may change of a workspace.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What is asked for.

    Raises:
        WorkspaceNotFound: There is none.
        DatastoreNotFound: The new default datastore does not exist.
        InvalidRequest: The day is none.
    """
    _check_day(body.as_of or "")
    given = {
        "default_datastore": body.default_datastore,
        "friendly_name": body.friendly_name,
        "tags": body.tags,
        "as_of": body.as_of,
    }
    changes = {name: value for name, value in given.items() if value is not None}

    def write(work: Work) -> WorkspaceRow:
        workspace_row(work, workspace)
        if body.default_datastore is not None:
            datastore_row(work, workspace, body.default_datastore)
        if changes:
            rows.change(work.connection, workspace, **changes)
            told = EventDraft(kinds.CHANGED, ", ".join(sorted(changes)))
            events.append(work, Subject(WORKSPACE, workspace, workspace), [told])
        return workspace_row(work, workspace)

    return record_of(system.write(write))


def _check_day(text: str) -> None:
    if not is_day(text) and text != NOW:
        raise InvalidRequest(
            f"as_of is {text[:80]!r}, which is no day: write it as '2019-08-01', '{NOW}' for the "
            "newest packages, or '' for what the service's settings say"
        )


def _make(work: Work, body: CreateWorkspace, created_at: int | None) -> WorkspaceRow:
    now = work.now if created_at is None else created_at
    row = WorkspaceRow(
        id=_free_id(work, (body.name, body.subscription_id, body.resource_group)),
        name=body.name,
        subscription_id=body.subscription_id,
        resource_group=body.resource_group,
        location=body.location,
        default_datastore=BLOB_STORE,
        created_at=now,
        friendly_name=body.friendly_name or body.name,
        tags=dict(body.tags),
    )
    rows.add(work.connection, row)
    # The two that each workspace of v1 has, by the names that scripts ask for.
    for name, kind in ((BLOB_STORE, "AzureBlob"), (FILE_STORE, "AzureFile")):
        store = DatastoreRow(row.id, name, kind, "runyard", name, "file", now)
        datastore_rows.add(work.connection, store)
    return row


def _written(system: System, write: Callable[[Work], WorkspaceRecord]) -> WorkspaceRecord:
    made = system.write(write)
    system.people.forget()
    return made


def _is_seen(system: System, workspace: str) -> bool:
    seen = permissions.visible(system)
    return seen is None or workspace in seen


def _own(system: System, work: Work, workspace: str) -> None:
    """Make who asked for a workspace its owner; administrators are everywhere."""
    if not permissions.asker(system).holds_secret and not permissions.administers(system):
        people.grant(work.connection, RoleRow(work.person, workspace, OWNER))


def _free_id(work: Work, triple: Triple) -> str:
    # In small letters: there are file systems to which two cases are one name.
    stem = triple[0].lower()
    digest = hashlib.sha256("\0".join(triple).encode()).hexdigest()
    suffixed = [f"{stem[:_LONGEST_STEM]}-{digest[:length]}" for length in (6, 12, 40)]
    return next(id_ for id_ in [stem, *suffixed] if _is_free(work, id_))


def _is_free(work: Work, id_: str) -> bool:
    # What one holds that was deleted is still there under its id.
    return all(rows.find(work.connection, one) is None for one in (id_, trashed.of(id_)))


def _triple(row: WorkspaceRow) -> Triple:
    return (row.name, row.subscription_id, row.resource_group)
