"""Schema 0005: events and leases of any subject; parameters, and what searches go by.

Events get a place in their feed and leases a table of their own; tags of models become rows, and
named values are kept as the numbers they spell, too.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    String,
    TableClause,
    Text,
    UniqueConstraint,
    bindparam,
    column,
    insert,
    select,
    table,
    text,
    update,
)

from runyard_server.store.arguments import of_arguments, of_command
from runyard_server.store.functions import as_number

_KEY = BigInteger().with_variant(Integer, "sqlite")
_OF_NO_RUN = text("subject_kind <> 'run'")
# In the order in which things happened, as far as can be known: the old table had no such number.
_COPY = """
INSERT INTO events
  (workspace, subject_kind, subject, number, kind, time, message, status, data)
SELECT runs.workspace, 'run', runs.id, old.number, old.kind, old.time, old.message, old.status,
  old.data
FROM events_of_runs AS old JOIN runs ON runs.key = old.run_key
ORDER BY old.time, old.run_key, old.number
"""


_BATCH = 1000


class _Spec(msgspec.Struct):
    """What of a spec spells parameters."""

    arguments: list[str] = []
    command: list[str] = []


def upgrade(op: Any) -> None:
    """Move what is there to its new place, and fill what is new with what is there."""
    _give_events_subjects(op)
    _move_leases(op)
    _make_params(op)
    _number_texts(op)
    _take_apart_models(op)
    _index_for_searches(op)


def _give_events_subjects(op: Any) -> None:
    op.rename_table("events", "events_of_runs")
    op.create_table(
        "events",
        Column("position", _KEY, primary_key=True, autoincrement=True),
        Column("workspace", String, nullable=False),
        Column("subject_kind", String, nullable=False),
        Column("subject", String, nullable=False),
        Column("number", Integer, nullable=False),
        Column("kind", String, nullable=False),
        Column("time", BigInteger, nullable=False),
        Column("message", Text, nullable=False),
        Column("status", String),
        Column("data", Text, nullable=False),
        UniqueConstraint("workspace", "subject_kind", "subject", "number"),
        Index("events_of_workspace", "workspace", "position"),
        Index(
            "events_of_others",
            "workspace",
            "subject_kind",
            "position",
            sqlite_where=_OF_NO_RUN,
        ),
        sqlite_autoincrement=True,
    )
    op.execute(text(_COPY))
    op.drop_table("events_of_runs")


def _move_leases(op: Any) -> None:
    op.create_table(
        "leases",
        Column("kind", String, primary_key=True),
        Column("workspace", String, primary_key=True),
        Column("subject", String, primary_key=True),
        Column("token", String, nullable=False),
        Column("until", BigInteger, nullable=False),
    )
    # An older SQLite cannot; there the columns stay, empty and never looked at.
    if sqlite3.sqlite_version_info >= (3, 35) or op.get_bind().dialect.name != "sqlite":
        op.drop_column("runs", "lease_token")
        op.drop_column("runs", "lease_until")


def _index_for_searches(op: Any) -> None:
    op.create_index("metric_series_by_last", "metric_series", ["name", "kind", "last", "run_key"])
    for name in ("created_at", "started_at", "ended_at", "name"):
        op.create_index(f"runs_by_{name}", "runs", ["workspace", name, "key"])
    # Nothing was ever looked up by them, and each file that is registered paid for one.
    for table_name in ("run_files", "model_files"):
        op.drop_index(f"{table_name}_by_digest", table_name)


def _make_params(op: Any) -> None:
    """Record for every submitted run the parameters that its script's arguments spell."""
    params = _make_named(op, "run_params", "run_key")
    _add_all(op.get_bind(), params, _params(op.get_bind()))


def _params(connection: Connection) -> Iterator[dict[str, Any]]:
    specs = table("run_specs", column("run_key"), column("spec"))
    decoder = msgspec.json.Decoder(_Spec)
    for key, spec in connection.execute(select(specs.c.run_key, specs.c.spec)):
        given = decoder.decode(spec)
        found = of_command(given.command) if given.command else of_arguments(given.arguments)
        for name, value in found.items():
            yield {"run_key": key, "name": name, "value": value, "number": as_number(value)}


def _number_texts(op: Any) -> None:
    """Keep what tags and properties of runs spell as numbers beside their texts."""
    for kind in ("run_tags", "run_properties"):
        op.add_column(kind, Column("number", Float))
        op.create_index(f"{kind}_by_number", kind, ["name", "number", "run_key"])
        texts = table(kind, column("name"), column("value"), column("number"))
        found = op.get_bind().execute(select(texts.c.name, texts.c.value).distinct()).all()
        numbers = [
            {"of_name": name, "of_value": value, "new": number}
            for name, value in found
            if (number := as_number(value)) is not None
        ]
        same = (texts.c.name == bindparam("of_name"), texts.c.value == bindparam("of_value"))
        if numbers:
            op.get_bind().execute(
                update(texts).where(*same).values(number=bindparam("new")), numbers
            )


def _take_apart_models(op: Any) -> None:
    """Move tags and properties from texts in the models' rows to tables with an index."""
    for kind in ("tags", "properties"):
        named = _make_named(op, f"model_{kind}", "model_key")
        _add_all(op.get_bind(), named, _texts(op.get_bind(), kind))
        _drop(op, "models", kind)


def _texts(connection: Connection, kind: str) -> Iterator[dict[str, Any]]:
    models = table("models", column("key"), column(kind))
    for key, texts in connection.execute(select(models.c.key, models.c[kind])):
        for name, value in msgspec.json.decode(texts, type=dict[str, str]).items():
            number = as_number(value)
            yield {"model_key": key, "name": name, "value": value, "number": number}


def _make_named(op: Any, name: str, owner: str) -> TableClause:
    """Make a table of named values."""
    op.create_table(
        name,
        Column(owner, BigInteger, primary_key=True, autoincrement=False),
        Column("name", String, primary_key=True),
        Column("value", Text, nullable=False),
        Column("number", Float),
    )
    op.create_index(f"{name}_by_value", name, ["name", "value", owner])
    op.create_index(f"{name}_by_number", name, ["name", "number", owner])
    return table(name, column(owner), column("name"), column("value"), column("number"))


def _add_all(connection: Connection, to: TableClause, rows: Iterable[dict[str, Any]]) -> None:
    # All are read before the first is written: a cursor is not read on over writes.
    waiting = list(rows)
    for first in range(0, len(waiting), _BATCH):
        connection.execute(insert(to), waiting[first : first + _BATCH])


def _drop(op: Any, name: str, dropped: str) -> None:
    if sqlite3.sqlite_version_info < (3, 35):
        # SQLite could not drop a column then, so the table is made anew.
        with op.batch_alter_table(name) as batch:
            batch.drop_column(dropped)
    else:
        op.drop_column(name, dropped)
