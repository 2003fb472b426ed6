"""Rows of stars."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, insert, select

from runyard_server.store.schema import workspaces
from runyard_server.store.studio_schema import stars


def of_person(
    connection: Connection, workspace: str, person: str, kind: str | None
) -> list[tuple[str, str, int]]:
    """Kind, name and time of a person's stars in a workspace, the newest first.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        person: Whose they are.
        kind: Only those of a kind; None for all.
    """
    found = select(stars.c.kind, stars.c.name, stars.c.made_at).where(
        stars.c.workspace == workspace, stars.c.person == person
    )
    if kind is not None:
        found = found.where(stars.c.kind == kind)
    ordered = found.order_by(stars.c.made_at.desc(), stars.c.kind, stars.c.name)
    return [(row.kind, row.name, row.made_at) for row in connection.execute(ordered)]


def count(connection: Connection, workspace: str, person: str) -> int:
    """How many stars a person has in a workspace.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        person: Whose they are.
    """
    mine = (stars.c.workspace == workspace, stars.c.person == person)
    return int(connection.execute(select(func.count()).where(*mine)).scalar_one())


def add(
    connection: Connection, workspace: str, person: str, star: tuple[str, str], now: int
) -> None:
    """Add a star.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        person: Whose it is.
        star: Its kind and name.
        now: Microseconds since 1970.
    """
    kind, name = star
    values = {"workspace": workspace, "person": person, "kind": kind, "name": name, "made_at": now}
    connection.execute(insert(stars).values(values))


def remove(connection: Connection, workspace: str, person: str, star: tuple[str, str]) -> None:
    """Remove a star, if it is there.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        person: Whose it is.
        star: Its kind and name.
    """
    mine = (stars.c.workspace == workspace, stars.c.person == person)
    connection.execute(delete(stars).where(*mine, stars.c.kind == star[0], stars.c.name == star[1]))


def forget(connection: Connection, workspace: str, kind: str, names: Sequence[str]) -> None:
    """Remove everybody's stars of what is gone.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace that it was in.
        kind: What it was.
        names: Its names; some hundred at most.
    """
    gone = (stars.c.workspace == workspace, stars.c.kind == kind)
    connection.execute(delete(stars).where(*gone, stars.c.name.in_(names)))


def forget_person(connection: Connection, person: str) -> None:
    """Remove all stars of a person, so that whoever has the name next begins without any."""
    # By workspace, as the key begins with it.
    mine = (stars.c.workspace.in_(select(workspaces.c.id)), stars.c.person == person)
    connection.execute(delete(stars).where(*mine))
