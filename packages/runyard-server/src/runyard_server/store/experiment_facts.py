"""Rows of what trackers say of experiments: titles, places of files, tags, and that one is deleted.

An experiment without a row has its name as title, no place of its own, and is not deleted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from runyard.protocol.filters import ATTRIBUTE, Condition, Field, Order
from runyard_server.store.nouns import not_hidden
from runyard_server.store.prepared import Prepared
from runyard_server.store.schema import experiments, runs
from runyard_server.store.searched import compared
from runyard_server.store.tracking_schema import experiment_facts, experiment_tags


@dataclass(frozen=True, slots=True)
class FactsRow:
    """An experiment with its facts; times are microseconds since 1970 in UTC."""

    id: str
    workspace: str
    name: str
    created_at: int
    title: str
    location: str
    deleted_at: int | None
    changed_at: int


_FACTS = experiment_facts.c
TITLE = func.coalesce(_FACTS.title, experiments.c.name)
CHANGED = func.coalesce(_FACTS.changed_at, experiments.c.created_at)
_COLUMNS = (
    experiments.c.id,
    experiments.c.workspace,
    experiments.c.name,
    experiments.c.created_at,
    TITLE,
    func.coalesce(_FACTS.location, ""),
    _FACTS.deleted_at,
    CHANGED,
)
_ALL = select(*_COLUMNS).select_from(
    experiments.outerjoin(experiment_facts, _FACTS.experiment == experiments.c.id)
)
_IN = experiments.c.workspace == bindparam("in_workspace")
_BY_ID = Prepared(_ALL.where(_IN, experiments.c.id == bindparam("experiment")))
_BY_NAME = Prepared(_ALL.where(_IN, experiments.c.name == bindparam("named")))
_ENTITLED = Prepared(
    select(*_COLUMNS)
    .select_from(experiment_facts.join(experiments, experiments.c.id == _FACTS.experiment))
    .where(
        _FACTS.workspace == bindparam("in_workspace"),
        _FACTS.title == bindparam("named"),
        # What is in the trash belongs to another workspace.
        experiments.c.workspace == _FACTS.workspace,
    )
)
_ATTRIBUTES = {
    "name": TITLE,
    "experiment_id": experiments.c.id,
    "creation_time": experiments.c.created_at,
    "last_update_time": CHANGED,
}
ATTRIBUTES = tuple(_ATTRIBUTES)
NEWEST_FIRST = (
    Order(Field(ATTRIBUTE, "creation_time"), descending=True),
    Order(Field(ATTRIBUTE, "experiment_id"), descending=False),
)
"""The order that an index has; trackers ask for it by asking for none."""
TIMES = ("creation_time", "last_update_time")


def by_id(connection: Connection, workspace: str, experiment: str) -> FactsRow | None:
    """The experiment of an id, or None.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        experiment: Its id.
    """
    row = _BY_ID.row(connection, {"in_workspace": workspace, "experiment": experiment})
    return None if row is None else FactsRow(*row)


def by_name(connection: Connection, workspace: str, name: str) -> FactsRow | None:
    """The experiment of a name, or None.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: Its name, as runs have it.
    """
    row = _BY_NAME.row(connection, {"in_workspace": workspace, "named": name})
    return None if row is None else FactsRow(*row)


def by_title(connection: Connection, workspace: str, title: str) -> FactsRow | None:
    """The experiment of a title, or None.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        title: Its title; the name of one that has none.
    """
    row = _ENTITLED.row(connection, {"in_workspace": workspace, "named": title})
    if row is not None:
        return FactsRow(*row)
    found = by_name(connection, workspace, title)
    # It may have been given another title since.
    return found if found is not None and found.title == title else None


def ids_of(connection: Connection, workspace: str, names: Sequence[str]) -> dict[str, str]:
    """The ids of experiments, by name.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        names: Their names.
    """
    mine = experiments.c.workspace == workspace, experiments.c.name.in_(list(names))
    found = connection.execute(select(experiments.c.name, experiments.c.id).where(*mine))
    return {str(name): str(key) for name, key in found}


def locations_of(connection: Connection, workspace: str, names: Sequence[str]) -> dict[str, str]:
    """The places of files of those experiments that have one of their own, by name.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        names: Their names.
    """
    found = (
        select(experiments.c.name, _FACTS.location)
        .join(experiment_facts, _FACTS.experiment == experiments.c.id)
        .where(
            experiments.c.workspace == workspace,
            experiments.c.name.in_(list(names)),
            _FACTS.location != "",
        )
    )
    return {str(name): str(place) for name, place in connection.execute(found)}


def put(connection: Connection, row: FactsRow) -> None:
    """Write the facts of an experiment; no other one of its workspace has the title."""
    connection.execute(delete(experiment_facts).where(_FACTS.experiment == row.id))
    title = None if row.title == row.name else row.title
    connection.execute(
        insert(experiment_facts).values(
            experiment=row.id,
            workspace=row.workspace,
            title=title,
            location=row.location,
            deleted_at=row.deleted_at,
            changed_at=row.changed_at,
        )
    )


def move(connection: Connection, experiment: str, to: str) -> None:
    """Take the facts of an experiment to another workspace: its trash, or back.

    Another one may have its title there by now; then it has a number behind it, as copies of files
    have, for a title is more than nothing.

    Args:
        connection: The transaction's connection.
        experiment: Its id.
        to: The workspace.
    """
    mine = _FACTS.experiment == experiment
    title = connection.execute(select(_FACTS.title).where(mine)).scalar_one_or_none()
    free, number = title, 1
    while free is not None and by_title(connection, to, free) is not None:
        number += 1
        free = f"{title} ({number})"
    connection.execute(update(experiment_facts).where(mine).values(workspace=to, title=free))


def deleted_before(connection: Connection, workspace: str, before: int) -> list[str]:
    """The names of experiments that a tracker has deleted before a time and that have no runs.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        before: Microseconds since 1970.
    """
    has_runs = exists().where(
        runs.c.workspace == experiments.c.workspace, runs.c.experiment == experiments.c.name
    )
    found = (
        select(experiments.c.name)
        .join(experiment_facts, _FACTS.experiment == experiments.c.id)
        .where(experiments.c.workspace == workspace, _FACTS.deleted_at <= before, ~has_runs)
    )
    return list(connection.execute(found).scalars())


def tags(connection: Connection, ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """The tags of experiments, by id and name."""
    result: dict[str, dict[str, str]] = {key: {} for key in ids}
    table = experiment_tags.c
    found = select(table.experiment, table.name, table.value).where(table.experiment.in_(list(ids)))
    for key, name, value in connection.execute(found):
        result[key][name] = value
    return result


def set_tags(connection: Connection, experiment: str, given: Mapping[str, str]) -> None:
    """Set tags of an experiment; a tag that is there takes the new value.

    Args:
        connection: The transaction's connection.
        experiment: Its id.
        given: Value by name.
    """
    if given:
        remove_tags(connection, experiment, list(given))
        values = [{"experiment": experiment, "name": k, "value": v} for k, v in given.items()]
        connection.execute(insert(experiment_tags), values)


def remove_tags(connection: Connection, experiment: str, names: Sequence[str]) -> int:
    """Remove tags of an experiment; return how many there were.

    Args:
        connection: The transaction's connection.
        experiment: Its id.
        names: Which.
    """
    table = experiment_tags.c
    mine = table.experiment == experiment, table.name.in_(list(names))
    return connection.execute(delete(experiment_tags).where(*mine)).rowcount


@dataclass(frozen=True, slots=True)
class Asked:
    """A search for experiments.

    Args:
        workspace: Id of the workspace.
        conditions: On attributes (see ATTRIBUTES) and tags.
        order: By attributes.
        deleted: Whether only deleted ones are meant, only others, or with None both.
        offset: How many are passed over.
        limit: The most that are wanted.
        after: The last one of the page before, where all come by `NEWEST_FIRST`: when it was
            made, and its id.
    """

    workspace: str
    conditions: Sequence[Condition]
    order: Sequence[Order]
    deleted: bool | None
    offset: int
    limit: int
    after: tuple[int, str] | None = None


def search(connection: Connection, asked: Asked) -> list[FactsRow]:
    """The experiments that a search finds, in its order."""
    wanted = [experiments.c.workspace == asked.workspace, not_hidden(experiments.c.name)]
    if asked.deleted is not None:
        gone = _FACTS.deleted_at
        wanted.append(gone.is_not(None) if asked.deleted else gone.is_(None))
    wanted += [_holds(one) for one in asked.conditions]
    if asked.after is not None:
        wanted.append(_behind(*asked.after))
    order = [
        column.desc() if each.descending else column.asc()
        for each in asked.order
        for column in [_ATTRIBUTES[each.field.name]]
    ]
    found = _ALL.where(*wanted).order_by(*order).offset(asked.offset).limit(asked.limit)
    return [FactsRow(*row) for row in connection.execute(found)]


def _behind(made: int, key: str) -> ColumnElement[bool]:
    """The condition that an experiment comes behind another one, the newest first.

    What bounds the time alone stands by itself: that is what an index is entered by.
    """
    created = experiments.c.created_at
    return and_(created <= made, or_(created < made, experiments.c.id > key))


def _holds(one: Condition) -> ColumnElement[bool]:
    if one.field.kind == ATTRIBUTE:
        column: Any = _ATTRIBUTES[one.field.name]
        return compared(one, column, column)
    table = experiment_tags.c
    mine = and_(table.experiment == experiments.c.id, table.name == one.field.name)
    has = select(table.name).where(mine)
    if one.operator == "IS NULL":
        return ~has.exists()
    if one.operator == "IS NOT NULL":
        return has.exists()
    return has.where(compared(one, table.value, table.value)).exists()
