"""Rows of models: versions, the counter of each name, and the files of each version."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, insert, or_, select, update

from runyard.protocol.files import FileEntry
from runyard.protocol.filters import PROPERTY, TAG
from runyard_server.store import named
from runyard_server.store.registry_schema import (
    model_files,
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
    tags: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)

    @property
    def subject(self) -> Subject:
        """The version as what events are about."""
        return Subject(MODEL, self.workspace, f"{self.name}:{self.version}")


_TABLES = {TAG: model_tags, PROPERTY: model_properties}
_NAMES = [f.name for f in fields(ModelRow) if f.name not in ("tags", "properties")]
_COLUMNS = [models.c[name] for name in _NAMES]


def next_version(connection: Connection, workspace: str, name: str, now: int) -> int:
    """Count a new version of a model and give its number, from 1; none is given twice.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: Its name.
        now: The time.
    """
    mine = _named(workspace, name)
    # A counter of its own: the number of a version that was deleted is not given again.
    counted = {"last_version": registered_models.c.last_version + 1, "removed": False}
    grown = update(registered_models).where(mine).values(**counted, changed_at=now)
    if connection.execute(grown).rowcount == 0:
        connection.execute(insert(registered_models).values(**_first(workspace, name, now)))
    last = select(registered_models.c.last_version).where(mine)
    return int(connection.execute(last).scalar_one())


def add(connection: Connection, row: ModelRow, files: Iterable[FileEntry]) -> int:
    """Add a version (its `key` is not looked at) as the latest of its name; give its key.

    Args:
        connection: The transaction's connection.
        row: The version.
        files: Its files.
    """
    values = {name: getattr(row, name) for name in _NAMES if name != "key"}
    result = connection.execute(insert(models).values(**values))
    inserted = result.inserted_primary_key
    assert inserted is not None
    key = int(inserted[0])
    named.add(connection, model_tags, key, row.tags)
    named.add(connection, model_properties, key, row.properties)
    entries = [
        {
            "model_key": key,
            "path": entry.path,
            "digest": entry.digest,
            "size": entry.size,
            "executable": entry.executable,
        }
        for entry in files
    ]
    connection.execute(insert(model_files), entries)
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
    return models.c.key.in_(select(table.c.model_key).where(fits))


def files(connection: Connection, key: int) -> list[FileEntry]:
    """The files of a version, by path."""
    found = select(model_files).where(model_files.c.model_key == key)
    return [
        FileEntry(row.path, row.digest, row.size, row.executable)
        for row in connection.execute(found.order_by(model_files.c.path))
    ]


def change(connection: Connection, row: ModelRow) -> None:
    """Write the tags, properties, description and wishes of a version that is there."""
    mine = update(models).where(models.c.key == row.key)
    wishes = {"cpus": row.cpus, "memory_gb": row.memory_gb, "gpus": row.gpus}
    connection.execute(mine.values(description=row.description, **wishes))
    for table, texts in ((model_tags, row.tags), (model_properties, row.properties)):
        named.clear(connection, table, row.key)
        named.add(connection, table, row.key, texts)


def remove(connection: Connection, row: ModelRow) -> None:
    """Remove a version; the one before becomes the latest, its number is not given again."""
    connection.execute(delete(model_files).where(model_files.c.model_key == row.key))
    named.clear(connection, model_tags, row.key)
    named.clear(connection, model_properties, row.key)
    connection.execute(delete(models).where(models.c.key == row.key))
    mine = and_(models.c.workspace == row.workspace, models.c.name == row.name)
    newest = select(models.c.key).where(mine).order_by(models.c.version.desc()).limit(1)
    # None of a name whose last version went: the counter stays, so its row does.
    key = connection.execute(newest).scalar_one_or_none()
    _point(connection, row.workspace, row.name, key)


def _point(connection: Connection, workspace: str, name: str, key: int | None) -> None:
    """Set which version is the latest."""
    mine = _named(workspace, name)
    connection.execute(update(registered_models).where(mine).values(latest_key=key))


def _first(workspace: str, name: str, now: int) -> dict[str, Any]:
    """The row of a name that begins with its first version."""
    times = {"created_at": now, "changed_at": now}
    return {
        "workspace": workspace,
        "name": name,
        "last_version": 1,
        "description": "",
        "created_by": "",
        **times,
    }


def _named(workspace: str, name: str) -> ColumnElement[bool]:
    return and_(registered_models.c.workspace == workspace, registered_models.c.name == name)


def _rows(connection: Connection, found: Select[Any]) -> list[ModelRow]:
    """Read versions whole, with tags and properties."""
    rows = [dict(zip(_NAMES, row, strict=True)) for row in connection.execute(found)]
    keys = [row["key"] for row in rows]
    tags = named.read(connection, model_tags, keys)
    properties = named.read(connection, model_properties, keys)
    return [
        ModelRow(**row, tags=tags[row["key"]], properties=properties[row["key"]]) for row in rows
    ]
