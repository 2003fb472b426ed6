"""Rows of datastores. What they hold lies in folders, or in object stores of somebody else's.

See `runyard_server.store.trees` and `runyard_server.store.objects`.
"""

from dataclasses import asdict, dataclass, field, fields

from sqlalchemy import ColumnElement, Connection, bindparam, delete, insert, select, update

from runyard.protocol.datastores import FOLDER
from runyard_server.store.prepared import Prepared
from runyard_server.store.schema import datastores


@dataclass(frozen=True, slots=True)
class DatastoreRow:
    """One row of `datastores`.

    Args:
        workspace: Id of the workspace.
        name: Its name.
        datastore_type: What v1 users see.
        account_name: The storage account.
        container_name: The container, bucket or share.
        protocol: How it is reached.
        created_at: Microseconds since 1970 in UTC.
        kind: FOLDER, S3, AZURE or GCS.
        settings: What else tells where a store is, as JSON.
        credentials: What opens it, as JSON, sealed under the service's secret.
    """

    workspace: str
    name: str
    datastore_type: str
    account_name: str
    container_name: str
    protocol: str
    created_at: int
    kind: str = FOLDER
    settings: str = ""
    credentials: str = field(default="", repr=False)


_COLUMNS = [datastores.c[f.name] for f in fields(DatastoreRow)]
# Asked several times for each step of a pipeline.
_FIND = Prepared(
    select(*_COLUMNS).where(
        datastores.c.workspace == bindparam("in_workspace"), datastores.c.name == bindparam("named")
    )
)


def find(connection: Connection, workspace: str, name: str) -> DatastoreRow | None:
    """The datastore of this name, or None.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: Its name.
    """
    row = _FIND.row(connection, {"in_workspace": workspace, "named": name})
    return None if row is None else DatastoreRow(*row)


def of_workspace(connection: Connection, workspace: str) -> list[DatastoreRow]:
    """The datastores of a workspace, by name."""
    found = select(*_COLUMNS).where(datastores.c.workspace == workspace)
    return [DatastoreRow(*row) for row in connection.execute(found.order_by(datastores.c.name))]


def add(connection: Connection, row: DatastoreRow) -> None:
    """Add a datastore."""
    connection.execute(insert(datastores).values(**asdict(row)))


def replace(connection: Connection, row: DatastoreRow) -> None:
    """Put a datastore in the place of the one of its name."""
    connection.execute(
        update(datastores).where(*_named(row.workspace, row.name)).values(asdict(row))
    )


def remove(connection: Connection, workspace: str, name: str) -> None:
    """Remove a datastore.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: Its name.
    """
    connection.execute(delete(datastores).where(*_named(workspace, name)))


def _named(workspace: str, name: str) -> tuple[ColumnElement[bool], ...]:
    return datastores.c.workspace == workspace, datastores.c.name == name
