"""Rows of leases: which process works on which subject, and until when that counts."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from runyard_server.store.prepared import Prepared
from runyard_server.store.schema import leases
from runyard_server.store.subjects import Subject

_OF_SUBJECT = (
    leases.c.kind == bindparam("of_kind"),
    leases.c.workspace == bindparam("of_workspace"),
    leases.c.subject == bindparam("of_subject"),
)
_FIND = Prepared(select(leases.c.token, leases.c.until).where(*_OF_SUBJECT))
_EVERYTHING = Prepared(
    select(leases.c.kind, leases.c.workspace, leases.c.subject, leases.c.token, leases.c.until)
)
_ADD, _REMOVE = Prepared(insert(leases)), Prepared(delete(leases).where(*_OF_SUBJECT))


@dataclass(frozen=True, slots=True)
class LeaseRow:
    """Who works on a subject; `until` is microseconds since 1970 in UTC."""

    token: str
    until: int


def find(connection: Connection, subject: Subject) -> LeaseRow | None:
    """The lease of a subject, None while nobody works on it."""
    row = _FIND.row(connection, _named(subject))
    return None if row is None else LeaseRow(*row)


def everything(connection: Connection) -> dict[Subject, LeaseRow]:
    """All leases; there are few, for they are gone when the work is done."""
    return {
        Subject(kind, workspace, subject): LeaseRow(token, until)
        for kind, workspace, subject, token, until in _EVERYTHING.rows(connection)
    }


def put(connection: Connection, subject: Subject, row: LeaseRow) -> None:
    """Set the lease of a subject, whoever had it.

    Args:
        connection: The transaction's connection.
        subject: What is worked on.
        row: Who has it, and until when.
    """
    # Delete, then insert: SQLAlchemy spells an upsert for each database apart.
    remove(connection, [subject])
    names = {"kind": subject.kind, "workspace": subject.workspace, "subject": subject.id}
    _ADD.run(connection, {**names, "token": row.token, "until": row.until})


def remove(connection: Connection, subjects: Iterable[Subject]) -> None:
    """Free subjects; those that nobody works on are passed over."""
    # One by one, by the statement that is made already: mostly it is one.
    for subject in subjects:
        _REMOVE.run(connection, _named(subject))


def prolong(connection: Connection, token: str, until: int) -> None:
    """Move the end of every lease of `token`.

    Args:
        connection: The transaction's connection.
        token: Who works on it.
        until: Microseconds since 1970.
    """
    connection.execute(update(leases).where(leases.c.token == token).values(until=until))


def remove_all(connection: Connection) -> None:
    """Free every subject."""
    connection.execute(delete(leases))


def _named(subject: Subject) -> dict[str, str]:
    return {
        "of_kind": subject.kind,
        "of_workspace": subject.workspace,
        "of_subject": subject.id,
    }
