"""Rows of model versions; what belongs to a name stands in `registered_models`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, insert, or_, select, update

from runyard.protocol.files import FileEntry
from runyard.protocol.filters import PROPERTY, TAG
from runyard.protocol.models import NO_STAGE
from runyard_server.store import file_sets, named
from runyard_server.store import registered_models as registered
from runyard_server.store.expressions import OfEachRow
from runyard_server.store.registry_schema import (
    model_properties,
    model_tags,
    models,
    registered_models,
)
from runyard_server.store.subjects import MODEL, Subject


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One version of a model; `size` in bytes, `created_at` microseconds since 1970 in UTC."""

    key: int
    workspace: str
    name: str
    version: int
    path: str
    size: int
    file_count: int
    created_at: int
    run: str | None = None
    experiment: str | None = None
    description: str = ""
    framework: str = ""
    framework_version: str = ""
    cpus: float | None = None
    memory_gb: float | None = None
    gpus: int | None = None
    stage: str = NO_STAGE
    changed_at: int = 0
    created_by: str = ""
    files_of: int | None = None
    files_below: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)
    aliases: list[str] = field(default_factory=list)

    @property
    def subject(self) -> Subject:
        """The version as what events are about."""
        return subject_of(self.workspace, self.name, self.version)


_TABLES = {TAG: model_tags, PROPERTY: model_properties}
_APART = ("tags", "properties", "aliases")
_NAMES = [f.name for f in fields(ModelRow) if f.name not in _APART]
_COLUMNS = [models.c[name] for name in _NAMES]


def next_version(connection: Connection, key: int, now: int) -> int:
    """Count a new version of a model and give its number, from 1; none is given twice.

    Args:
        connection: The transaction's connection.
        key: Key of its name.
        now: The time.
    """
    # A counter of its own: the number of a version that was deleted is not given again.
    grown = registered_models.c.last_version + 1
    mine = registered_models.c.key == key
    counted = update(registered_models).where(mine).values(last_version=grown, changed_at=now)
    connection.execute(counted)
    last = select(registered_models.c.last_version).where(mine)
    return int(connection.execute(last).scalar_one())


def add(connection: Connection, row: ModelRow, files: Iterable[FileEntry]) -> int:
    """Add a version (its `key` is not looked at) as the latest of its name; give its key.

    Args:
        connection: The transaction's connection.
        row: The version.
        files: Its files, where they are not those of a run.
    """
    values = {name: getattr(row, name) for name in _NAMES if name != "key"}
    result = connection.execute(insert(models).values(**values))
    inserted = result.inserted_primary_key
    assert inserted is not None
    key = int(inserted[0])
    named.add(connection, model_tags, key, row.tags)
    named.add(connection, model_properties, key, row.properties)
    file_sets.add(connection, key, files)
    _point(connection, row.workspace, row.name, key)
    return key


def find(connection: Connection, workspace: str, name: str, version: int) -> ModelRow | None:
    """One version of a model, or None.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: Name of the model.
        version: Its version.
    """
    found = select(*_COLUMNS).where(
        models.c.workspace == workspace, models.c.name == name, models.c.version == version
    )
    return next(iter(_rows(connection, found)), None)


def latest(connection: Connection, workspace: str, name: str) -> ModelRow | None:
    """The latest version of a model, or None.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: Its name.
    """
    found = (
        select(*_COLUMNS)
        .join(registered_models, registered_models.c.latest_key == models.c.key)
        .where(_named(workspace, name))
    )
    return next(iter(_rows(connection, found)), None)


def find_many(connection: Connection, keys: Sequence[int]) -> list[ModelRow]:
    """The versions of these keys that exist, in the order of the keys."""
    rows = _rows(connection, select(*_COLUMNS).where(models.c.key.in_(list(keys))))
    by_key = {row.key: row for row in rows}
    return [by_key[key] for key in keys if key in by_key]


def all_of(connection: Connection, workspace: str, name: str) -> list[ModelRow]:
    """All versions of a model, oldest first.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: Its name.
    """
    found = select(*_COLUMNS).where(models.c.workspace == workspace, models.c.name == name)
    return _rows(connection, found.order_by(models.c.version))


def versions(connection: Connection, workspace: str, name: str, limit: int) -> list[int]:
    """Up to `limit` versions of a model, newest first.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: Its name.
        limit: The most that are wanted.
    """
    found = select(models.c.version).where(models.c.workspace == workspace, models.c.name == name)
    newest = found.order_by(models.c.version.desc()).limit(limit)
    return list(connection.execute(newest).scalars())


def names(connection: Connection, workspace: str, limit: int) -> list[str]:
    """The names of up to `limit` models of a workspace that have a version.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        limit: The most that are wanted.
    """
    found = select(registered_models.c.name).where(
        registered_models.c.workspace == workspace, registered_models.c.latest_key.is_not(None)
    )
    return list(connection.execute(found.limit(limit)).scalars())


def has_entry(kind: str, entry: str) -> ColumnElement[bool]:
    """The condition that a version has a tag (or property) `key`, or `key=value`."""
    table = _TABLES[kind]
    name, equals, value = entry.partition("=")
    # A name may itself have an equals sign.
    whole = table.c.name == entry
    fits = or_(whole, and_(table.c.name == name, table.c.value == value)) if equals else whole
    return OfEachRow(exists().where(table.c.model_key == models.c.key, fits))


def files(connection: Connection, row: ModelRow) -> list[FileEntry]:
    """The files of a version, by path."""
    return file_sets.read(connection, row.key, row.files_of, row.files_below or "")


def change(connection: Connection, row: ModelRow) -> None:
    """Write the tags, properties, description, stage and wishes of a version that is there."""
    mine = update(models).where(models.c.key == row.key)
    told = ("description", "cpus", "memory_gb", "gpus", "stage", "changed_at")
    connection.execute(mine.values({name: getattr(row, name) for name in told}))
    for table, texts in ((model_tags, row.tags), (model_properties, row.properties)):
        named.clear(connection, table, row.key)
        named.add(connection, table, row.key, texts)


def subject_of(workspace: str, name: str, version: int) -> Subject:
    """A version as what events are about.

    Args:
        workspace: Id of the workspace.
        name: The model.
        version: The version.
    """
    return Subject(MODEL, workspace, f"{name}:{version}")


def move(connection: Connection, keys: Sequence[int], to: str) -> None:
    """Move versions to another workspace.

    Args:
        connection: The transaction's connection.
        keys: Their keys.
        to: The workspace.
    """
    connection.execute(update(models).where(models.c.key.in_(list(keys))).values(workspace=to))


def point_to_newest(connection: Connection, workspace: str, name: str) -> None:
    """Let the newest version that is there be the latest of its name.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: The model.
    """
    mine = and_(models.c.workspace == workspace, models.c.name == name)
    newest = select(models.c.key).where(mine).order_by(models.c.version.desc()).limit(1)
    # None of a name whose last version went: the counter stays, so its row does.
    _point(connection, workspace, name, connection.execute(newest).scalar_one_or_none())


def _point(connection: Connection, workspace: str, name: str, key: int | None) -> None:
    """Set which version is the latest."""
    mine = _named(workspace, name)
    connection.execute(update(registered_models).where(mine).values(latest_key=key))


def _named(workspace: str, name: str) -> ColumnElement[bool]:
    return and_(registered_models.c.workspace == workspace, registered_models.c.name == name)


def _rows(connection: Connection, found: Select[Any]) -> list[ModelRow]:
    """Read versions whole, with tags and properties."""
    rows = [dict(zip(_NAMES, row, strict=True)) for row in connection.execute(found)]
    keys = [row["key"] for row in rows]
    tags = named.read(connection, model_tags, keys)
    properties = named.read(connection, model_properties, keys)
    places = [(row["name"], row["version"]) for row in rows]
    aliases = registered.aliases(connection, rows[0]["workspace"], places) if rows else {}
    return [
        ModelRow(
            **row,
            tags=tags[row["key"]],
            properties=properties[row["key"]],
            aliases=aliases.get(place, []),
        )
        for row, place in zip(rows, places, strict=True)
    ]
