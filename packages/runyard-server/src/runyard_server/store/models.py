"""Rows of models: versions, the counter of each name, and the files of each version."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, and_, delete, insert, select, update

from runyard.protocol.files import FileEntry
from runyard_server.store.schema import model_files, model_names, models


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
    tags: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelFilter:
    """Which versions a page holds; None matches all."""

    name: str | None = None
    run: str | None = None
    framework: str | None = None
    latest: bool = False


_COLUMNS = [models.c[f.name] for f in fields(ModelRow)]
_JSON = ("tags", "properties")
_TEXTS = msgspec.json.Decoder(dict[str, str])


def next_version(connection: Connection, workspace: str, name: str) -> int:
    """Count a new version of a model and give its number, from 1; none is given twice."""
    mine = _named(workspace, name)
    grown = update(model_names).where(mine).values(last_version=model_names.c.last_version + 1)
    if connection.execute(grown).rowcount == 0:
        first = {"workspace": workspace, "name": name, "last_version": 1}
        connection.execute(insert(model_names).values(**first))
    return int(connection.execute(select(model_names.c.last_version).where(mine)).scalar_one())


def add(connection: Connection, row: ModelRow, files: Iterable[FileEntry]) -> int:
    """Add a version (its `key` is not looked at) as the latest of its name; give its key."""
    values = {f.name: getattr(row, f.name) for f in fields(row) if f.name != "key"}
    result = connection.execute(insert(models).values(**_texts(values)))
    inserted = result.inserted_primary_key
    assert inserted is not None
    key = int(inserted[0])
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
    """Give one version of a model, or None."""
    found = select(*_COLUMNS).where(
        models.c.workspace == workspace, models.c.name == name, models.c.version == version
    )
    row = connection.execute(found).one_or_none()
    return None if row is None else _row(row)


def latest(connection: Connection, workspace: str, name: str) -> ModelRow | None:
    """Give the latest version of a model, or None."""
    found = (
        select(*_COLUMNS)
        .join(model_names, model_names.c.latest_key == models.c.key)
        .where(_named(workspace, name))
    )
    row = connection.execute(found).one_or_none()
    return None if row is None else _row(row)


def versions(connection: Connection, workspace: str, name: str, limit: int) -> list[int]:
    """Give up to `limit` versions of a model, newest first."""
    found = select(models.c.version).where(models.c.workspace == workspace, models.c.name == name)
    newest = found.order_by(models.c.version.desc()).limit(limit)
    return list(connection.execute(newest).scalars())


def names(connection: Connection, workspace: str, limit: int) -> list[str]:
    """Give the names of up to `limit` models of a workspace that have a version."""
    found = select(model_names.c.name).where(
        model_names.c.workspace == workspace, model_names.c.latest_key.is_not(None)
    )
    return list(connection.execute(found.limit(limit)).scalars())


def page(
    connection: Connection, workspace: str, chosen: ModelFilter, before: int | None, limit: int
) -> list[ModelRow]:
    """Give up to `limit` versions with keys below `before`, newest first."""
    found = select(*_COLUMNS).where(models.c.workspace == workspace)
    equal = {
        models.c.name: chosen.name,
        models.c.run: chosen.run,
        models.c.framework: chosen.framework,
    }
    for column, value in equal.items():
        if value is not None:
            found = found.where(column == value)
    if before is not None:
        found = found.where(models.c.key < before)
    if chosen.latest:
        newest = and_(
            model_names.c.workspace == models.c.workspace,
            model_names.c.name == models.c.name,
            model_names.c.latest_key == models.c.key,
        )
        found = found.join(model_names, newest)
    rows = connection.execute(found.order_by(models.c.key.desc()).limit(limit))
    return [_row(row) for row in rows]


def files(connection: Connection, key: int) -> list[FileEntry]:
    """Give the files of a version, by path."""
    found = select(model_files).where(model_files.c.model_key == key)
    return [
        FileEntry(row.path, row.digest, row.size, row.executable)
        for row in connection.execute(found.order_by(model_files.c.path))
    ]


def change(connection: Connection, key: int, **values: Any) -> None:
    """Set the named columns of a version."""
    connection.execute(update(models).where(models.c.key == key).values(**_texts(values)))


def remove(connection: Connection, row: ModelRow) -> None:
    """Remove a version; the one before becomes the latest, its number is not given again."""
    connection.execute(delete(model_files).where(model_files.c.model_key == row.key))
    connection.execute(delete(models).where(models.c.key == row.key))
    mine = and_(models.c.workspace == row.workspace, models.c.name == row.name)
    newest = select(models.c.key).where(mine).order_by(models.c.version.desc()).limit(1)
    key = connection.execute(newest).scalar_one_or_none()
    _point(connection, row.workspace, row.name, key)


def _point(connection: Connection, workspace: str, name: str, key: int | None) -> None:
    """Say which version is the latest."""
    mine = _named(workspace, name)
    connection.execute(update(model_names).where(mine).values(latest_key=key))


def _named(workspace: str, name: str) -> ColumnElement[bool]:
    return and_(model_names.c.workspace == workspace, model_names.c.name == name)


def _texts(values: dict[str, Any]) -> dict[str, Any]:
    """Turn the columns that hold JSON into text."""
    for name in _JSON:
        if name in values:
            values[name] = msgspec.json.encode(values[name]).decode()
    return values


def _row(row: Row[Any]) -> ModelRow:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    for name in _JSON:
        values[name] = _TEXTS.decode(values[name])
    return ModelRow(**values)
