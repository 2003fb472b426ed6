"""Rows of images: versions, and the counter of each name."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, exists, insert, select, update

from runyard.protocol.endpoints import DeploymentSpec
from runyard.protocol.images import ImageQuery
from runyard_server.store import filters
from runyard_server.store.endpoint_schema import image_names, images
from runyard_server.store.expressions import Elements


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One version of an image; `run` makes its environment, times are microseconds since 1970."""

    key: int
    workspace: str
    name: str
    version: int
    run: str
    spec: DeploymentSpec
    created_at: int
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)
    v1: dict[str, Any] = field(default_factory=dict)


_NAMES = tuple(f.name for f in fields(ImageRow))
_COLUMNS = [images.c[name] for name in _NAMES]
_JSON = {
    "spec": DeploymentSpec,
    "tags": dict[str, str],
    "properties": dict[str, str],
    "v1": dict[str, Any],
}


def next_version(connection: Connection, workspace: str, name: str) -> int:
    """Count a new version of an image and give its number, from 1; none is given twice.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: Its name.
    """
    mine = (image_names.c.workspace == workspace) & (image_names.c.name == name)
    # A counter of its own: the number of a version that was deleted is not given again.
    grown = update(image_names).where(mine).values(last_version=image_names.c.last_version + 1)
    if connection.execute(grown).rowcount == 0:
        first = {"workspace": workspace, "name": name, "last_version": 1}
        connection.execute(insert(image_names).values(**first))
    return int(connection.execute(select(image_names.c.last_version).where(mine)).scalar_one())


def add(connection: Connection, row: ImageRow) -> int:
    """Add a version (its `key` is not looked at); give its key."""
    values = {name: getattr(row, name) for name in _NAMES if name != "key"}
    result = connection.execute(insert(images).values(**_texts(values)))
    inserted = result.inserted_primary_key
    assert inserted is not None
    return int(inserted[0])


def find(connection: Connection, workspace: str, name: str, version: int | None) -> ImageRow | None:
    """A version of an image, or None.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: Its name.
        version: Which; None is the newest.
    """
    found = select(*_COLUMNS).where(images.c.workspace == workspace, images.c.name == name)
    if version is not None:
        found = found.where(images.c.version == version)
    newest = found.order_by(images.c.version.desc()).limit(1)
    return next((_row(row) for row in connection.execute(newest)), None)


def page(
    connection: Connection, workspace: str, before: int | None, query: ImageQuery, limit: int
) -> list[ImageRow]:
    """Up to `limit` images of a workspace, newest first.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        before: Only those whose key is smaller; None: all.
        query: What is asked for.
        limit: The most that are wanted.
    """
    found = select(*_COLUMNS).where(
        images.c.workspace == workspace,
        *filters.having(images.c.tags, query.tags),
        *filters.having(images.c.properties, query.properties),
    )
    if before is not None:
        found = found.where(images.c.key < before)
    if query.name is not None:
        found = found.where(images.c.name == query.name)
    if query.model is not None:
        model = Elements(images.c.spec, "models").table_valued("value")
        found = found.where(exists().where(filters.of_model(model.c.value, query.model)))
    found = found.order_by(images.c.key.desc()).limit(limit)
    return [_row(row) for row in connection.execute(found)]


def names(connection: Connection, workspace: str, limit: int) -> list[str]:
    """The names of the images that there are.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        limit: At most so many.
    """
    found = select(images.c.name).where(images.c.workspace == workspace).distinct().limit(limit)
    return list(connection.execute(found).scalars())


def change(connection: Connection, key: int, **values: Any) -> None:
    """Change fields of an image."""
    connection.execute(update(images).where(images.c.key == key).values(**_texts(values)))


def remove(connection: Connection, key: int) -> None:
    """Remove an image; its number is not given again."""
    connection.execute(delete(images).where(images.c.key == key))


def _texts(values: dict[str, Any]) -> dict[str, Any]:
    for name in _JSON:
        if name in values:
            values[name] = msgspec.json.encode(values[name]).decode()
    return values


@cache
def _decoder(kind: Any) -> "msgspec.json.Decoder[Any]":
    # Made when there is an image: a service without any does not need them.
    return msgspec.json.Decoder(kind)


def _row(row: Sequence[Any]) -> ImageRow:
    values = dict(zip(_NAMES, row, strict=True))
    for name, kind in _JSON.items():
        values[name] = _decoder(kind).decode(values[name])
    return ImageRow(**values)
