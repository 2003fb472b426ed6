"""Rows of secrets; the texts are sealed before they come here."""

from dataclasses import dataclass, fields

from sqlalchemy import Connection, delete, func, insert, select, update

from runyard_server.store.team_schema import secrets


@dataclass(frozen=True, slots=True)
class SecretRow:
    """A secret, sealed; times are microseconds since 1970."""

    workspace: str
    name: str
    sealed: str
    owner: str
    made_at: int
    changed_at: int


_COLUMNS = [secrets.c[field.name] for field in fields(SecretRow)]


def of_workspace(connection: Connection, workspace: str) -> list[SecretRow]:
    """The secrets of a workspace, by name."""
    mine = select(*_COLUMNS).where(secrets.c.workspace == workspace).order_by(secrets.c.name)
    return [SecretRow(*row) for row in connection.execute(mine)]


def count(connection: Connection, workspace: str) -> int:
    """How many secrets a workspace has."""
    mine = secrets.c.workspace == workspace
    return int(connection.execute(select(func.count()).where(mine)).scalar_one())


def find(connection: Connection, workspace: str, name: str) -> SecretRow | None:
    """A secret of a workspace.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: Its name.
    """
    wanted = (secrets.c.workspace == workspace, secrets.c.name == name)
    row = connection.execute(select(*_COLUMNS).where(*wanted)).first()
    return None if row is None else SecretRow(*row)


def keep(connection: Connection, row: SecretRow) -> None:
    """Write a secret, in place of the one of its name."""
    values = {field.name: getattr(row, field.name) for field in fields(SecretRow)}
    mine = (secrets.c.workspace == row.workspace, secrets.c.name == row.name)
    if not connection.execute(update(secrets).where(*mine).values(values)).rowcount:
        connection.execute(insert(secrets).values(values))


def remove(connection: Connection, workspace: str, name: str) -> None:
    """Remove a secret.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: Its name.
    """
    mine = (secrets.c.workspace == workspace, secrets.c.name == name)
    connection.execute(delete(secrets).where(*mine))
