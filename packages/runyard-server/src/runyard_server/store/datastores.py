"""Rows of datastores. What they hold lies in folders; see `runyard_server.store.folders`."""

from dataclasses import asdict, dataclass, fields

from sqlalchemy import Connection, insert, select

from runyard_server.store.schema import datastores


@dataclass(frozen=True, slots=True)
class DatastoreRow:
    """One row of `datastores`; `created_at` is microseconds since 1970 in UTC."""

    workspace: str
    name: str
    datastore_type: str
    account_name: str
    container_name: str
    protocol: str
    created_at: int


_COLUMNS = [datastores.c[f.name] for f in fields(DatastoreRow)]


def find(connection: Connection, workspace: str, name: str) -> DatastoreRow | None:
    """The datastore of this name, or None.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: Its name.
    """
    found = select(*_COLUMNS).where(datastores.c.workspace == workspace, datastores.c.name == name)
    row = connection.execute(found).one_or_none()
    return None if row is None else DatastoreRow(*row)


def of_workspace(connection: Connection, workspace: str) -> list[DatastoreRow]:
    """The datastores of a workspace, by name."""
    found = select(*_COLUMNS).where(datastores.c.workspace == workspace)
    return [DatastoreRow(*row) for row in connection.execute(found.order_by(datastores.c.name))]


def add(connection: Connection, row: DatastoreRow) -> None:
    """Add a datastore."""
    connection.execute(insert(datastores).values(**asdict(row)))
