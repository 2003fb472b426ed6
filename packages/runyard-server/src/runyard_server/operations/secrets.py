"""Secrets of workspaces: encrypted under the service's secret before they reach the database."""

from runyard.protocol.errors import InvalidRequest, NotFound
from runyard.protocol.secrets import (
    LONGEST_SECRET,
    MOST_SECRETS,
    KeepSecret,
    SecretPage,
    SecretRecord,
    SecretValue,
)
from runyard.protocol.suggestions import suggest
from runyard_server.core import names, sealing
from runyard_server.core.clock import iso
from runyard_server.core.lookups import workspace_row
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.store import secrets as rows
from runyard_server.store.secrets import SecretRow

NAME_RULE = r"[a-zA-Z0-9][\w\-]{0,126}"
_MEANING = "1 to 127 letters, digits, '-' or '_', and begin with a letter or a digit"


def list_(system: System, workspace: str) -> SecretPage:
    """The names of a workspace's secrets.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.

    Raises:
        WorkspaceNotFound: No such workspace.
    """

    def read(work: Work) -> SecretPage:
        workspace_row(work, workspace)
        return SecretPage(list(map(_record, rows.of_workspace(work.connection, workspace))))

    return system.read(read)


def keep(system: System, workspace: str, name: str, body: KeepSecret) -> SecretRecord:
    """Keep a secret, in place of the one that is there.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        name: Its name.
        body: The text.

    Raises:
        WrongName: The name breaks its rule.
        InvalidRequest: The text is too long, or there are too many.
    """
    names.checked("secret", name, NAME_RULE, _MEANING)
    # Never with the text: an error is shown, and told in the log.
    if len(body.value) > LONGEST_SECRET:
        raise InvalidRequest(
            f"secret {name!r} has {len(body.value)} characters; {LONGEST_SECRET} are the most: "
            "keep a file of that size on a datastore"
        )
    kept = sealing.sealed(system.secret, _use(workspace, name), body.value)

    def write(work: Work) -> SecretRecord:
        workspace_row(work, workspace)
        known = rows.find(work.connection, workspace, name)
        if known is None and rows.count(work.connection, workspace) >= MOST_SECRETS:
            raise InvalidRequest(f"a workspace keeps {MOST_SECRETS} secrets; delete one first")
        made_at = known.made_at if known else work.now
        row = SecretRow(workspace, name, kept, work.person, made_at, work.now)
        rows.keep(work.connection, row)
        return _record(row)

    return system.write(write)


def read(system: System, workspace: str, name: str) -> SecretValue:
    """A secret's text.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        name: Its name.

    Raises:
        NotFound: There is none of that name; the nearest are named.
        InternalError: It was kept under another secret of the service.
    """
    row = system.read(lambda work: _row(work, workspace, name))
    lost = (
        f"secret {name!r} was kept under another secret of the service, or changed since; "
        "set it again"
    )
    return SecretValue(name, sealing.opened(system.secret, _use(workspace, name), row.sealed, lost))


def delete(system: System, workspace: str, name: str) -> None:
    """Delete a secret; it goes past the trash, where it would still be known.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        name: Its name.

    Raises:
        NotFound: There is none of that name.
    """

    def write(work: Work) -> None:
        rows.remove(work.connection, workspace, _row(work, workspace, name).name)

    system.write(write)


def _use(workspace: str, name: str) -> str:
    # A row whose text was moved to another name or workspace does not open there.
    return f"secret {workspace} {name}"


def _row(work: Work, workspace: str, name: str) -> SecretRow:
    workspace_row(work, workspace)
    row = rows.find(work.connection, workspace, name)
    if row is None:
        known = [one.name for one in rows.of_workspace(work.connection, workspace)]
        near = suggest(name, known, "none is set")
        raise NotFound(
            f"there is no secret {name[:127]!r}; {near.sentence}", {"nearest": near.names}
        )
    return row


def _record(row: SecretRow) -> SecretRecord:
    return SecretRecord(row.name, row.owner, iso(row.made_at), iso(row.changed_at))
