"""Rows of saved views."""

from dataclasses import dataclass, fields

from sqlalchemy import Connection, delete, insert, select, update

from runyard_server.store.studio_schema import views


@dataclass(frozen=True, slots=True)
class ViewRow:
    """A saved view; `settings` are what it shows, as JSON, and times microseconds since 1970."""

    id: str
    workspace: str
    noun: str
    name: str
    settings: str
    owner: str
    made_at: int
    changed_at: int


_COLUMNS = [views.c[field.name] for field in fields(ViewRow)]


def of_workspace(
    connection: Connection, workspace: str, noun: str | None, name: str | None = None
) -> list[ViewRow]:
    """The views of a workspace, by noun and name.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        noun: Only those of a noun; None for all.
        name: Only the one of this name; None for all.
    """
    found = select(*_COLUMNS).where(views.c.workspace == workspace)
    if noun is not None:
        found = found.where(views.c.noun == noun)
    if name is not None:
        found = found.where(views.c.name == name)
    ordered = found.order_by(views.c.noun, views.c.name)
    return [ViewRow(*row) for row in connection.execute(ordered)]


def find(connection: Connection, workspace: str, view: str) -> ViewRow | None:
    """A view of a workspace, by its id.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        view: Its id.
    """
    wanted = (views.c.id == view, views.c.workspace == workspace)
    row = connection.execute(select(*_COLUMNS).where(*wanted)).first()
    return None if row is None else ViewRow(*row)


def add(connection: Connection, row: ViewRow) -> None:
    """Add a view."""
    values = {field.name: getattr(row, field.name) for field in fields(ViewRow)}
    connection.execute(insert(views).values(values))


def change(connection: Connection, row: ViewRow) -> None:
    """Write the name and the settings of a view anew."""
    changed = update(views).where(views.c.id == row.id)
    connection.execute(
        changed.values(name=row.name, settings=row.settings, changed_at=row.changed_at)
    )


def remove(connection: Connection, view: str) -> None:
    """Remove a view."""
    connection.execute(delete(views).where(views.c.id == view))
