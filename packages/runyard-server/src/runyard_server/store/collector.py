"""What the last pass of the collector has done, in one row."""

from dataclasses import asdict, dataclass, fields

from sqlalchemy import Connection, delete, insert, select

from runyard_server.store.trash_schema import collector_pass


@dataclass(frozen=True, slots=True)
class PassRow:
    """A pass: microseconds since 1970, contents that were looked at, marked, removed; bytes."""

    began_at: int
    ended_at: int
    seen: int
    marked: int
    removed: int
    size: int


_COLUMNS = [collector_pass.c[field.name] for field in fields(PassRow)]


def last(connection: Connection) -> PassRow | None:
    """The last pass; None before the first."""
    row = connection.execute(select(*_COLUMNS)).first()
    return None if row is None else PassRow(*row)


def keep(connection: Connection, row: PassRow) -> None:
    """Keep a pass instead of the one before."""
    connection.execute(delete(collector_pass))
    connection.execute(insert(collector_pass).values(asdict(row)))
