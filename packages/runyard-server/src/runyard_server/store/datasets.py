"""Rows of datasets: definitions, names, versions with their files, and what web files hold."""

import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from runyard.protocol.datasets import DatasetFile
from runyard_server.store.dataset_schema import (
    dataset_definitions,
    dataset_names,
    dataset_pins,
    dataset_versions,
    file_digests,
    web_files,
)
from runyard_server.store.prepared import Prepared

_MANY = 300
# More than so many are read by one statement, which is written anew each time.
_FEW = 8


@dataclass(frozen=True, slots=True)
class DefinitionRow:
    """A definition as JSON; `created_at` is microseconds since 1970."""

    id: str
    workspace: str
    definition: str
    created_at: int


@dataclass(frozen=True, slots=True)
class NameRow:
    """A name, the kind of all its versions and the number of the latest.

    `latest` is 0 of a name that was given up; `numbered` is the highest number it ever gave.
    """

    workspace: str
    name: str
    kind: str
    latest: int
    numbered: int


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version without its files; see `protocol.datasets.DatasetRecord`."""

    workspace: str
    name: str
    version: int
    dataset: str
    digest: str
    size: int
    file_count: int
    description: str
    tags: dict[str, str] = field(default_factory=dict)
    created_at: int = 0
    created_by: str = ""
    run: str = ""
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class WebFileRow:
    """What a web file held when it was fetched last."""

    workspace: str
    url: str
    digest: str
    size: int
    etag: str
    fetched_at: int


@dataclass(frozen=True, slots=True)
class DigestRow:
    """The SHA-256 of a datastore's file of a size and a time."""

    workspace: str
    datastore: str
    path: str
    size: int
    modified_at: str
    digest: str


_DEFINITION = [dataset_definitions.c[f.name] for f in fields(DefinitionRow)]
_NAME = [dataset_names.c[f.name] for f in fields(NameRow)]
_VERSION = [dataset_versions.c[f.name] for f in fields(VersionRow)]
_WEB = [web_files.c[f.name] for f in fields(WebFileRow)]
_DIGEST_COLUMNS = [file_digests.c[f.name] for f in fields(DigestRow)]
_THE_FILE = (
    file_digests.c.workspace == bindparam("in_workspace"),
    file_digests.c.datastore == bindparam("on"),
    file_digests.c.path == bindparam("at"),
)
_DIGEST = Prepared(select(*_DIGEST_COLUMNS).where(*_THE_FILE))
_FORGET_DIGEST = Prepared(delete(file_digests).where(*_THE_FILE))
_KEEP_DIGEST = Prepared(insert(file_digests))


def packed(files: Sequence[DatasetFile]) -> bytes:
    """A list of files as it is kept."""
    return zlib.compress(msgspec.json.encode(list(files)), 1)


def unpacked(document: bytes) -> list[DatasetFile]:
    """What `packed` has packed."""
    return msgspec.json.decode(zlib.decompress(document), type=list[DatasetFile])


def find_definition(connection: Connection, workspace: str, id_: str) -> DefinitionRow | None:
    """The definition of an id, or None.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        id_: The dataset's id.
    """
    mine = (dataset_definitions.c.id == id_, dataset_definitions.c.workspace == workspace)
    row = connection.execute(select(*_DEFINITION).where(*mine)).one_or_none()
    return None if row is None else DefinitionRow(*row)


def add_definition(connection: Connection, row: DefinitionRow) -> None:
    """Add a definition."""
    connection.execute(insert(dataset_definitions).values(asdict(row)))


def definitions(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    """The definitions of ids, as JSON; a page of them at most."""
    table = dataset_definitions.c
    found = select(table.id, table.definition).where(table.id.in_(list(ids)))
    return {row.id: row.definition for row in connection.execute(found)}


def find_name(connection: Connection, workspace: str, name: str) -> NameRow | None:
    """A name that has versions, or None.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: The name.
    """
    row = numbered_name(connection, workspace, name)
    return None if row is None or row.latest == 0 else row


def numbered_name(connection: Connection, workspace: str, name: str) -> NameRow | None:
    """A name that has or had versions, or None.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: The name.
    """
    mine = (dataset_names.c.workspace == workspace, dataset_names.c.name == name)
    row = connection.execute(select(*_NAME).where(*mine)).one_or_none()
    return None if row is None else NameRow(*row)


def names(connection: Connection, workspace: str, after: str, limit: int) -> list[NameRow]:
    """Names of a workspace in order.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        after: Those above this one; "" for all.
        limit: The most that are wanted.
    """
    mine = (dataset_names.c.workspace == workspace, dataset_names.c.name > after)
    used = select(*_NAME).where(*mine, dataset_names.c.latest > 0)
    found = used.order_by(dataset_names.c.name).limit(limit)
    return [NameRow(*row) for row in connection.execute(found)]


def put_name(connection: Connection, row: NameRow) -> None:
    """Write a name, whatever it was."""
    mine = (dataset_names.c.workspace == row.workspace, dataset_names.c.name == row.name)
    connection.execute(delete(dataset_names).where(*mine))
    connection.execute(insert(dataset_names).values(asdict(row)))


def find_version(
    connection: Connection, workspace: str, name: str, version: int
) -> VersionRow | None:
    """A version, or None.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: The name.
        version: Its number.
    """
    found = select(*_VERSION).where(*_mine(workspace, name, version))
    row = connection.execute(found).one_or_none()
    return None if row is None else _version(row)


def latest_versions(
    connection: Connection, workspace: str, after: str, limit: int
) -> list[VersionRow]:
    """The latest version of each name, by name.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        after: Those of names above this one; "" for all.
        limit: The most that are wanted.
    """
    names, table = dataset_names.c, dataset_versions.c
    together = (
        (table.workspace == names.workspace)
        & (table.name == names.name)
        & (table.version == names.latest)
    )
    found = (
        select(*_VERSION)
        .select_from(dataset_names)
        .join(dataset_versions, together)
        .where(names.workspace == workspace, names.name > after)
        .order_by(names.name)
        .limit(limit)
    )
    return [_version(row) for row in connection.execute(found)]


def versions(
    connection: Connection, workspace: str, name: str, before: int | None, limit: int
) -> list[VersionRow]:
    """Versions of a name, the newest first.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: The name.
        before: Those below this number; None for all.
        limit: The most that are wanted.
    """
    table = dataset_versions.c
    found = select(*_VERSION).where(table.workspace == workspace, table.name == name)
    if before is not None:
        found = found.where(table.version < before)
    rows = connection.execute(found.order_by(table.version.desc()).limit(limit))
    return [_version(row) for row in rows]


def made_version(
    connection: Connection, workspace: str, name: str, dataset: str, run: str
) -> VersionRow | None:
    """The newest version of a name that a run has made of a definition, or None.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: The name.
        dataset: Id of the definition.
        run: Id of the run.
    """
    table = dataset_versions.c
    mine = (table.workspace == workspace, table.dataset == dataset, table.name == name)
    found = select(*_VERSION).where(*mine, table.run == run)
    row = connection.execute(found.order_by(table.version.desc()).limit(1)).one_or_none()
    return None if row is None else _version(row)


def pin(connection: Connection, row: VersionRow, digests: Sequence[str]) -> None:
    """Have a version keep contents, in place of those that it has kept.

    Args:
        connection: The transaction's connection.
        row: The version.
        digests: The contents, each once.
    """
    place = {"workspace": row.workspace, "name": row.name, "version": row.version}
    _unpin(connection, row.workspace, row.name, row.version)
    # A hundred thousand rows at once would take the service's memory for each of them.
    for begin in range(0, len(digests), _MANY):
        some = digests[begin : begin + _MANY]
        connection.execute(insert(dataset_pins), [{**place, "digest": each} for each in some])
    mine = _mine(row.workspace, row.name, row.version)
    connection.execute(update(dataset_versions).where(*mine).values(pinned=True))


def add_version(connection: Connection, row: VersionRow, files: bytes) -> None:
    """Add a version.

    Args:
        connection: The transaction's connection.
        row: The version.
        files: Its files, packed.
    """
    values = {**asdict(row), "tags": msgspec.json.encode(row.tags).decode(), "files": files}
    connection.execute(insert(dataset_versions).values(values))


def change_version(connection: Connection, row: VersionRow) -> None:
    """Write the description and the tags of a version anew."""
    tags = msgspec.json.encode(row.tags).decode()
    changed = update(dataset_versions).where(*_mine(row.workspace, row.name, row.version))
    connection.execute(changed.values(description=row.description, tags=tags))


def remove_versions(
    connection: Connection, workspace: str, name: str, version: int | None = None
) -> None:
    """Remove versions of a name.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: The name.
        version: Only this one; None for all.
    """
    mine = _mine(workspace, name, version)
    connection.execute(delete(dataset_versions).where(*mine))
    _unpin(connection, workspace, name, version)


def _unpin(connection: Connection, workspace: str, name: str, version: int | None) -> None:
    table = dataset_pins.c
    mine = [table.workspace == workspace, table.name == name]
    if version is not None:
        mine.append(table.version == version)
    connection.execute(delete(dataset_pins).where(*mine))


def files_of_version(
    connection: Connection, workspace: str, name: str, version: int
) -> list[DatasetFile]:
    """The files of a version as it was registered.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: The name.
        version: Its number.
    """
    found = select(dataset_versions.c.files).where(*_mine(workspace, name, version))
    document = connection.execute(found).scalar_one_or_none()
    return [] if document is None else unpacked(document)


def known_digests(
    connection: Connection, workspace: str, datastore: str, paths: Sequence[str]
) -> dict[str, DigestRow]:
    """What was read of a datastore's files, by path.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        datastore: Name of the datastore.
        paths: Paths on it.
    """
    found: list[Any] = []
    if len(paths) <= _FEW:
        for path in paths:
            named = {"in_workspace": workspace, "on": datastore, "at": path}
            found += _DIGEST.rows(connection, named)
    else:
        for begin in range(0, len(paths), _MANY):
            mine = _digests_of(workspace, datastore, paths[begin : begin + _MANY])
            found += connection.execute(select(*_DIGEST_COLUMNS).where(*mine)).all()
    return {row.path: row for row in (DigestRow(*each) for each in found)}


def put_digests(connection: Connection, rows: Sequence[DigestRow]) -> None:
    """Keep what was read of files of one datastore, whatever was known of them."""
    named = [{"in_workspace": row.workspace, "on": row.datastore, "at": row.path} for row in rows]
    _FORGET_DIGEST.run_many(connection, named)
    _KEEP_DIGEST.run_many(connection, [asdict(row) for row in rows])


def find_web_file(connection: Connection, workspace: str, url: str) -> WebFileRow | None:
    """What a web file held when it was fetched last, or None.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        url: Its address.
    """
    mine = (web_files.c.workspace == workspace, web_files.c.url == url)
    row = connection.execute(select(*_WEB).where(*mine)).one_or_none()
    return None if row is None else WebFileRow(*row)


def put_web_file(connection: Connection, row: WebFileRow) -> None:
    """Keep what a web file holds, whatever it held."""
    mine = (web_files.c.workspace == row.workspace, web_files.c.url == row.url)
    connection.execute(delete(web_files).where(*mine))
    connection.execute(insert(web_files).values(asdict(row)))


def _mine(workspace: str, name: str, version: int | None) -> list[ColumnElement[bool]]:
    table = dataset_versions.c
    found = [table.workspace == workspace, table.name == name]
    return found if version is None else [*found, table.version == version]


def _digests_of(workspace: str, datastore: str, paths: Sequence[str]) -> list[ColumnElement[bool]]:
    # Not by rows of all three: SQLite would read the whole table for those.
    table = file_digests.c
    found = [table.workspace == workspace, table.datastore == datastore]
    return [*found, table.path.in_(list(paths))]


def _version(row: Row[Any]) -> VersionRow:
    return VersionRow(**{**row._asdict(), "tags": msgspec.json.decode(row.tags)})
