"""Rows of what people have seen."""

from sqlalchemy import Connection, delete, insert, select

from runyard_server.store.schema import workspaces
from runyard_server.store.studio_schema import seen


def failures(connection: Connection, workspace: str, person: str) -> int | None:
    """Up to when a person has looked at what failed, in microseconds since 1970; None: never.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        person: Who has looked.
    """
    mine = (seen.c.workspace == workspace, seen.c.person == person)
    return connection.execute(select(seen.c.failures).where(*mine)).scalar_one_or_none()


def put(connection: Connection, workspace: str, person: str, until: int) -> None:
    """Note up to when a person has looked at what failed.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        person: Who has looked.
        until: Microseconds since 1970.
    """
    mine = (seen.c.workspace == workspace, seen.c.person == person)
    connection.execute(delete(seen).where(*mine))
    connection.execute(insert(seen).values(workspace=workspace, person=person, failures=until))


def forget_person(connection: Connection, person: str) -> None:
    """Forget what a person has seen, so that whoever has the name next begins anew."""
    # By workspace, as the key begins with it.
    mine = (seen.c.workspace.in_(select(workspaces.c.id)), seen.c.person == person)
    connection.execute(delete(seen).where(*mine))
