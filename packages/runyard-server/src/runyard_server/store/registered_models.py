"""Rows of registered models: names with their description, tags and aliases, and what was changed.

The row of a name outlives what is deleted (`removed`), because it counts the versions. So does its
title, the name that a tracker gave the model where that is none by our rule: it is a tag.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    case,
    delete,
    false,
    func,
    insert,
    select,
    update,
)

from runyard_server.store import named
from runyard_server.store.prepared import Prepared
from runyard_server.store.registry_schema import (
    model_aliases,
    model_changes,
    models,
    registered_model_tags,
    registered_models,
)

_DETAILS = msgspec.json.Decoder(dict[str, str])


@dataclass(frozen=True, slots=True)
class RegisteredRow:
    """A name; times are microseconds since 1970 in UTC."""

    key: int
    workspace: str
    name: str
    last_version: int
    created_at: int
    changed_at: int
    latest_key: int | None = None
    description: str = ""
    created_by: str = ""
    removed: bool = False
    tags: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One change: who, when, what, and of which version; None: of the name."""

    key: int
    version: int | None
    time: int
    actor: str
    action: str
    details: dict[str, str]


_NAMES = [f.name for f in fields(RegisteredRow) if f.name not in ("tags", "aliases")]
_COLUMNS = [registered_models.c[name] for name in _NAMES]
_FIND = Prepared(
    select(*_COLUMNS).where(
        registered_models.c.workspace == bindparam("in_workspace"),
        registered_models.c.name == bindparam("of_name"),
    )
)
_NOTE = Prepared(insert(model_changes))
NOT_REMOVED = registered_models.c.removed == false()
TITLE_TAG = "mlflow.name"
_TITLES = registered_model_tags.c.name == TITLE_TAG
# To look at all titles of all workspaces could take longer than what it is to spare.
_PROBED = 200


def find(connection: Connection, workspace: str, name: str) -> RegisteredRow | None:
    """A name without its tags and aliases, also one that was removed; None if there never was one.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: The name.
    """
    row = _FIND.row(connection, {"in_workspace": workspace, "of_name": name})
    return None if row is None else RegisteredRow(**dict(zip(_NAMES, row, strict=True)))


def find_many(connection: Connection, keys: Sequence[int]) -> list[RegisteredRow]:
    """The names of these keys with tags and aliases, in the order of the keys."""
    found = select(*_COLUMNS).where(registered_models.c.key.in_(list(keys)))
    rows = {row.key: dict(zip(_NAMES, row, strict=True)) for row in connection.execute(found)}
    tags = named.read(connection, registered_model_tags, list(rows))
    pointing = _aliases_of(connection, list(rows))
    return [
        RegisteredRow(**rows[key], tags=tags[key], aliases=pointing[key])
        for key in keys
        if key in rows
    ]


def ensure(connection: Connection, workspace: str, name: str, now: int, actor: str) -> int:
    """Make a name, or one that was removed anew; give its key.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: The name.
        now: The time.
        actor: Who asks.
    """
    row = find(connection, workspace, name)
    if row is not None and not row.removed:
        return row.key
    fresh = {"description": "", "created_at": now, "changed_at": now, "created_by": actor}
    if row is not None:
        change(connection, row.key, removed=False, **fresh)
        return row.key
    values = {"workspace": workspace, "name": name, "last_version": 0, "removed": False, **fresh}
    inserted = connection.execute(insert(registered_models).values(**values)).inserted_primary_key
    assert inserted is not None
    return int(inserted[0])


def change(connection: Connection, key: int, **values: Any) -> None:
    """Set columns of a name."""
    mine = update(registered_models).where(registered_models.c.key == key)
    connection.execute(mine.values(**values))


def set_tags(
    connection: Connection, key: int, given: Mapping[str, str], removed: Sequence[str] = ()
) -> None:
    """Set tags of a name, and remove others.

    Args:
        connection: The transaction's connection.
        key: Key of the name.
        given: Value by tag.
        removed: Tags that go.
    """
    named.remove(connection, registered_model_tags, key, list(removed))
    named.put(connection, registered_model_tags, key, given)


def titles(connection: Connection, workspace: str, names: Sequence[str]) -> dict[str, str]:
    """What a tracker calls models, by their names; of others nothing.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        names: The names.
    """
    joined = registered_model_tags.c.registered_key == registered_models.c.key
    found = (
        select(registered_models.c.name, registered_model_tags.c.value)
        .join(registered_model_tags, joined)
        .where(
            registered_models.c.workspace == workspace,
            registered_models.c.name.in_(list(names)),
            _TITLES,
        )
    )
    return {row.name: row.value for row in connection.execute(found)}


def may_have_titles(connection: Connection, workspace: str) -> bool:
    """Whether a workspace has a model with a title; also where so many others have one.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
    """
    first = select(registered_model_tags.c.registered_key).where(_TITLES).limit(_PROBED).subquery()
    is_here = case((registered_models.c.workspace == workspace, 1), else_=0)
    found = select(func.count(), func.max(is_here)).select_from(
        first.join(registered_models, registered_models.c.key == first.c.registered_key)
    )
    count, here = connection.execute(found).one()
    return bool(here) or count == _PROBED


def remove(connection: Connection, key: int) -> None:
    """Remove a name with tags and aliases; its counter, its title and its history stay."""
    mine = (registered_model_tags.c.registered_key == key) & ~_TITLES
    connection.execute(delete(registered_model_tags).where(mine))
    connection.execute(delete(model_aliases).where(model_aliases.c.registered_key == key))
    change(connection, key, removed=True, description="", latest_key=None)


def alias(connection: Connection, workspace: str, name: str, wanted: str) -> int | None:
    """The version that an alias of a model points to, or None.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: The model.
        wanted: The alias.
    """
    joined = model_aliases.c.registered_key == registered_models.c.key
    found = (
        select(model_aliases.c.version)
        .join(registered_models, joined)
        .where(_named(workspace, name), model_aliases.c.alias == wanted)
    )
    return connection.execute(found).scalar_one_or_none()


def set_alias(connection: Connection, key: int, wanted: str, version: int) -> None:
    """Have an alias point to a version.

    Args:
        connection: The transaction's connection.
        key: Key of the name.
        wanted: The alias.
        version: The version.
    """
    delete_alias(connection, key, wanted)
    row = {"registered_key": key, "alias": wanted, "version": version}
    connection.execute(insert(model_aliases).values(**row))


def delete_alias(connection: Connection, key: int, wanted: str) -> bool:
    """Remove an alias; whether there was one.

    Args:
        connection: The transaction's connection.
        key: Key of the name.
        wanted: The alias.
    """
    mine = (model_aliases.c.registered_key == key) & (model_aliases.c.alias == wanted)
    return connection.execute(delete(model_aliases).where(mine)).rowcount > 0


def aliases(
    connection: Connection, workspace: str, versions: Sequence[tuple[str, int]]
) -> dict[tuple[str, int], list[str]]:
    """The aliases of versions, by name and version.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        versions: Name and version of each.
    """
    names = sorted({name for name, _ in versions})
    joined = model_aliases.c.registered_key == registered_models.c.key
    found = (
        select(registered_models.c.name, model_aliases.c.version, model_aliases.c.alias)
        .select_from(registered_models)
        .join(model_aliases, joined)
        .where(registered_models.c.workspace == workspace, registered_models.c.name.in_(names))
        .order_by(model_aliases.c.alias)
    )
    pointing: dict[tuple[str, int], list[str]] = {}
    for name, version, wanted in connection.execute(found) if names else ():
        pointing.setdefault((name, version), []).append(wanted)
    return pointing


def newest_of_stages(connection: Connection, workspace: str, names: Sequence[str]) -> list[int]:
    """The keys of the newest version of each stage that models have.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        names: The models.
    """
    found = (
        select(func.max(models.c.key))
        .where(models.c.workspace == workspace, models.c.name.in_(list(names)))
        .group_by(models.c.name, models.c.stage)
    )
    return sorted(connection.execute(found).scalars())


def of_stage(connection: Connection, workspace: str, name: str, stage: str) -> list[int]:
    """The versions of a model that are in a stage.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: The model.
        stage: The stage.
    """
    found = select(models.c.version).where(
        models.c.workspace == workspace, models.c.name == name, models.c.stage == stage
    )
    return sorted(connection.execute(found).scalars())


def rename(connection: Connection, row: RegisteredRow, name: str, title: Mapping[str, str]) -> None:
    """Rename a model; no other one that is not removed has the new name.

    Args:
        connection: The transaction's connection.
        row: The name as it is.
        name: The new one.
        title: The tag that keeps what a tracker calls it; none where that is the name.
    """
    before = named.read(connection, registered_model_tags, [row.key], [TITLE_TAG])[row.key]
    former = find(connection, row.workspace, name)
    last = row.last_version
    if former is not None:
        # Who had versions of that name must not meet others by the same number.
        last = max(last, former.last_version)
        moved = update(model_changes).where(model_changes.c.registered_key == former.key)
        connection.execute(moved.values(registered_key=row.key))
        named.clear(connection, registered_model_tags, former.key)
        connection.execute(delete(registered_models).where(registered_models.c.key == former.key))
    change(connection, row.key, name=name, last_version=last)
    mine = and_(models.c.workspace == row.workspace, models.c.name == row.name)
    connection.execute(update(models).where(mine).values(name=name))
    # The counter of the old name stays, too.
    times = {"created_at": row.created_at, "changed_at": row.changed_at}
    kept = {"workspace": row.workspace, "name": row.name, "last_version": row.last_version}
    more = {"description": "", "created_by": "", "removed": True}
    left = connection.execute(insert(registered_models).values(**kept, **times, **more))
    assert left.inserted_primary_key is not None
    set_tags(connection, int(left.inserted_primary_key[0]), before)
    set_tags(connection, row.key, title, [TITLE_TAG])


def note(
    connection: Connection,
    key: int,
    version: int | None,
    now: int,
    actor: str,
    action: str,
    details: Mapping[str, str],
) -> None:
    """Add to the history of a model.

    Args:
        connection: The transaction's connection.
        key: Key of the name.
        version: The version; None: the name itself.
        now: The time.
        actor: Who did it.
        action: What was done.
        details: More about it.
    """
    row = {
        "registered_key": key,
        "version": version,
        "time": now,
        "actor": actor,
        "action": action,
        "details": msgspec.json.encode(details).decode(),
    }
    _NOTE.run(connection, row)


def changes(
    connection: Connection, key: int, version: int | None, before: int | None, limit: int
) -> list[ChangeRow]:
    """The history of a model, newest first.

    Args:
        connection: The transaction's connection.
        key: Key of the name.
        version: Only what is about this version; None: everything.
        before: Only what came before this change; None: from the newest.
        limit: The most that are wanted.
    """
    names = [f.name for f in fields(ChangeRow)]
    found: Select[Any] = select(*(model_changes.c[name] for name in names))
    found = found.where(model_changes.c.registered_key == key)
    if version is not None:
        found = found.where(model_changes.c.version == version)
    if before is not None:
        found = found.where(model_changes.c.key < before)
    newest = found.order_by(model_changes.c.key.desc()).limit(limit)
    return [
        ChangeRow(
            row.key, row.version, row.time, row.actor, row.action, _DETAILS.decode(row.details)
        )
        for row in connection.execute(newest)
    ]


def _aliases_of(connection: Connection, keys: Sequence[int]) -> dict[int, dict[str, int]]:
    found = select(model_aliases).where(model_aliases.c.registered_key.in_(list(keys)))
    pointing: dict[int, dict[str, int]] = {key: {} for key in keys}
    for row in connection.execute(found.order_by(model_aliases.c.alias)):
        pointing[row.registered_key][row.alias] = row.version
    return pointing


def _named(workspace: str, name: str) -> ColumnElement[bool]:
    return and_(registered_models.c.workspace == workspace, registered_models.c.name == name)
