"""Rows of people, of their roles in workspaces, and of their tokens; all small tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from runyard_server.store.prepared import Prepared
from runyard_server.store.team_schema import former_people, people, roles, user_tokens


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person; `role` is that in every workspace, `created_at` microseconds since 1970."""

    name: str
    role: str
    is_owner: bool
    created_at: int


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A person's role in one workspace."""

    person: str
    workspace: str
    role: str


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A person's token; times are microseconds since 1970, 0 for never."""

    id: str
    person: str
    name: str
    prefix: str
    digest: str
    created_at: int
    ends_at: int
    used_at: int


_PERSON = [people.c[field.name] for field in fields(PersonRow)]
_ROLE = [roles.c[field.name] for field in fields(RoleRow)]
_TOKEN = [user_tokens.c[field.name] for field in fields(TokenRow)]
_FIND = Prepared(select(*_PERSON).where(people.c.name == bindparam("of_name")))


def people_page(connection: Connection, after: str, limit: int) -> list[PersonRow]:
    """The people behind a name, by name.

    Args:
        connection: The transaction's connection.
        after: The name; "" for the first ones.
        limit: The most that are wanted.
    """
    found = select(*_PERSON).where(people.c.name > after).order_by(people.c.name).limit(limit)
    return [PersonRow(*row) for row in connection.execute(found)]


def everybody(connection: Connection) -> list[PersonRow]:
    """All people, by name."""
    return [PersonRow(*row) for row in connection.execute(select(*_PERSON).order_by(people.c.name))]


def find(connection: Connection, name: str) -> PersonRow | None:
    """The person of a name, or None."""
    row = _FIND.row(connection, {"of_name": name})
    return None if row is None else PersonRow(*row)


def owner(connection: Connection) -> PersonRow | None:
    """Whose service it is; None as long as nobody has made a change."""
    row = connection.execute(select(*_PERSON).where(people.c.is_owner)).first()
    return None if row is None else PersonRow(*row)


def add(connection: Connection, row: PersonRow) -> None:
    """Add a person."""
    connection.execute(insert(people).values(_values(row)))


def set_role(connection: Connection, name: str, role: str) -> None:
    """Change a person's role in every workspace.

    Args:
        connection: The transaction's connection.
        name: The person.
        role: The role, "" for none.
    """
    connection.execute(update(people).where(people.c.name == name).values(role=role))


def remove(connection: Connection, name: str, now: int) -> None:
    """Remove a person with all their roles and tokens; that they were there is kept.

    Args:
        connection: The transaction's connection.
        name: The person.
        now: Microseconds since 1970.
    """
    connection.execute(delete(former_people).where(former_people.c.name == name))
    connection.execute(insert(former_people).values(name=name, removed_at=now))
    connection.execute(delete(user_tokens).where(user_tokens.c.person == name))
    connection.execute(delete(roles).where(roles.c.person == name))
    connection.execute(delete(people).where(people.c.name == name))


def removed(connection: Connection) -> dict[str, int]:
    """When people were removed, by name: microseconds since 1970."""
    found = connection.execute(select(former_people.c.name, former_people.c.removed_at))
    return {str(name): int(at) for name, at in found}


def all_roles(connection: Connection) -> list[RoleRow]:
    """All roles in single workspaces."""
    return [RoleRow(*row) for row in connection.execute(select(*_ROLE))]


def roles_of(connection: Connection, names: Sequence[str]) -> list[RoleRow]:
    """The roles that people have in single workspaces."""
    found = select(*_ROLE).where(roles.c.person.in_(list(names)))
    return [RoleRow(*row) for row in connection.execute(found)]


def grant(connection: Connection, row: RoleRow) -> None:
    """Let a person have a role in a workspace, in place of the one they had there."""
    withdraw(connection, row.person, row.workspace)
    connection.execute(insert(roles).values(_values(row)))


def withdraw(connection: Connection, person: str, workspace: str) -> bool:
    """Take a person's role in a workspace away; False if they had none.

    Args:
        connection: The transaction's connection.
        person: The person.
        workspace: Id of the workspace.
    """
    gone = delete(roles).where(roles.c.person == person, roles.c.workspace == workspace)
    return connection.execute(gone).rowcount > 0


def tokens(connection: Connection, person: str | None = None) -> list[TokenRow]:
    """The tokens of a person, or all, by person and name."""
    found = select(*_TOKEN).order_by(user_tokens.c.person, user_tokens.c.name)
    if person is not None:
        found = found.where(user_tokens.c.person == person)
    return [TokenRow(*row) for row in connection.execute(found)]


def token(connection: Connection, id_: str) -> TokenRow | None:
    """The token of an id, or None."""
    row = connection.execute(select(*_TOKEN).where(user_tokens.c.id == id_)).first()
    return None if row is None else TokenRow(*row)


def add_token(connection: Connection, row: TokenRow) -> None:
    """Add a token."""
    connection.execute(insert(user_tokens).values(_values(row)))


def change_token(connection: Connection, id_: str, **values: str | int) -> None:
    """Change columns of a token."""
    connection.execute(update(user_tokens).where(user_tokens.c.id == id_).values(values))


def remove_token(connection: Connection, id_: str) -> None:
    """Remove a token."""
    connection.execute(delete(user_tokens).where(user_tokens.c.id == id_))


def _values(row: PersonRow | RoleRow | TokenRow) -> Mapping[str, object]:
    return {field.name: getattr(row, field.name) for field in fields(row)}
