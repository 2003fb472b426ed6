"""Rows of a run's files: artifacts by content, and the logs of runs that have ended."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, fields

from sqlalchemy import Connection, bindparam, delete, insert, select

from runyard_server.store import file_sets
from runyard_server.store.file_sets import LAST_CHARACTER
from runyard_server.store.prepared import Prepared
from runyard_server.store.schema import run_files

# SQLite bounds how many parameters a statement may have, in older versions by 999; a few are looked
# up by a statement that is made already, which is quicker.
_MANY = 500
_FEW = 3


@dataclass(frozen=True, slots=True)
class FileRow:
    """One file of a run; `size` in bytes, `created_at` microseconds since 1970 in UTC."""

    path: str
    kind: str
    size: int
    created_at: int
    digest: str | None = None
    executable: bool = False


_NAMES = [field.name for field in fields(FileRow)]
_COLUMNS = [run_files.c[name] for name in _NAMES]
_OF_RUN = run_files.c.run_key == bindparam("of_run")
_FIND = Prepared(select(*_COLUMNS).where(_OF_RUN, run_files.c.path == bindparam("of_path")))
_REMOVE = Prepared(delete(run_files).where(_OF_RUN, run_files.c.path == bindparam("old_path")))
_ADD = Prepared(insert(run_files))
_FIRST = Prepared(
    select(*_COLUMNS).where(_OF_RUN).order_by(run_files.c.path).limit(bindparam("most"))
)


def find(connection: Connection, run_key: int, path: str) -> FileRow | None:
    """The file of this path, or None.

    Args:
        connection: The transaction's connection.
        run_key: Key of the run's row.
        path: Its path.
    """
    row = _FIND.row(connection, {"of_run": run_key, "of_path": path})
    return None if row is None else FileRow(*row)


def find_many(connection: Connection, run_key: int, paths: Sequence[str]) -> dict[str, FileRow]:
    """Those of `paths` that the run has, by path.

    Args:
        connection: The transaction's connection.
        run_key: Key of the run's row.
        paths: Which paths.
    """
    rows: dict[str, FileRow] = {}
    if len(paths) <= _FEW:
        found_one = (find(connection, run_key, path) for path in paths)
        return {row.path: row for row in found_one if row is not None}
    for start in range(0, len(paths), _MANY):
        some = list(paths[start : start + _MANY])
        found = select(*_COLUMNS).where(run_files.c.run_key == run_key, run_files.c.path.in_(some))
        rows.update((row.path, FileRow(*row)) for row in connection.execute(found))
    return rows


def page(
    connection: Connection, run_key: int, prefix: str, after: str | None, limit: int
) -> list[FileRow]:
    """Up to `limit` files whose path begins with `prefix` and is above `after`, by path.

    Args:
        connection: The transaction's connection.
        run_key: Key of the run's row.
        prefix: What their paths begin with.
        after: The last path that is known.
        limit: The most that are wanted.
    """
    if not prefix and after is None:
        rows = _FIRST.rows(connection, {"of_run": run_key, "most": limit})
        return [FileRow(*row) for row in rows]
    found = select(*_COLUMNS).where(run_files.c.run_key == run_key)
    if prefix:
        found = found.where(run_files.c.path >= prefix, run_files.c.path < prefix + LAST_CHARACTER)
    if after is not None:
        found = found.where(run_files.c.path > after)
    return [
        FileRow(*row) for row in connection.execute(found.order_by(run_files.c.path).limit(limit))
    ]


def all_below(connection: Connection, run_key: int, prefix: str) -> list[FileRow]:
    """All files whose path begins with `prefix`, by path.

    Args:
        connection: The transaction's connection.
        run_key: Key of the run's row.
        prefix: What their paths begin with.
    """
    rows: list[FileRow] = []
    while True:
        after = rows[-1].path if rows else None
        found = page(connection, run_key, prefix, after, _MANY)
        rows += found
        if len(found) < _MANY:
            return rows


def put(
    connection: Connection,
    run_key: int,
    rows: Iterable[FileRow],
    present: Container[str] | None = None,
) -> None:
    """Add files to a run; a file of the same path is replaced.

    Args:
        connection: The transaction's connection.
        run_key: Key of the run's row.
        rows: The files.
        present: The paths that the run has, where that is known.
    """
    # By hand: `asdict` copies deep, which for thousands is most of what adding them takes.
    values = [{"run_key": run_key, **{name: getattr(row, name) for name in _NAMES}} for row in rows]
    if not values:
        return
    paths = [value["path"] for value in values]
    file_sets.detach(connection, run_key, paths)
    # Removed, then added: upserts are spelt for each database apart.
    old = paths if present is None else [path for path in paths if path in present]
    if old:
        _REMOVE.run_many(connection, [{"of_run": run_key, "old_path": path} for path in old])
    _ADD.run_many(connection, values)


def remove_one(connection: Connection, run_key: int, path: str) -> None:
    """Forget one file of a run; its content stays.

    Args:
        connection: The transaction's connection.
        run_key: Key of the run's row.
        path: Its path.
    """
    _REMOVE.run(connection, {"of_run": run_key, "old_path": path})


def remove(connection: Connection, run_key: int, prefix: str) -> None:
    """Forget the files of a run whose path begins with `prefix`; their contents stay.

    Args:
        connection: The transaction's connection.
        run_key: Key of the run's row.
        prefix: What their paths begin with.
    """
    file_sets.detach(connection, run_key, None)
    chosen = delete(run_files).where(run_files.c.run_key == run_key)
    chosen = chosen.where(run_files.c.path >= prefix, run_files.c.path < prefix + LAST_CHARACTER)
    connection.execute(chosen)
