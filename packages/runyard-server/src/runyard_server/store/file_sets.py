"""The files of model versions: those of a run, below a folder, or rows of their own.

A version that was registered from a run has no rows of files: `models.files_of` names the run and
`files_below` the folder, so registering ten thousand files costs what registering one does. Files
of a run seldom change once there is a model of them. Who is about to change some calls `detach`
first, in the same transaction: the versions whose files these are get rows of their own.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    update,
)

from runyard.protocol.files import FileEntry
from runyard_server.store.expressions import Part
from runyard_server.store.prepared import Prepared
from runyard_server.store.registry_schema import model_files, models
from runyard_server.store.schema import run_files

# Ends the range of texts with a prefix: SQLite compares UTF-8 byte by byte, which is the order of
# code points, and this is the last one.
LAST_CHARACTER = "\U0010ffff"
# Every file that a run is given asks this, and hardly any run has a model at that time.
_OF_RUN = Prepared(
    select(models.c.key, models.c.files_below).where(models.c.files_of == bindparam("of_run"))
)
_ADD = Prepared(insert(model_files))


@dataclass(frozen=True, slots=True)
class Measured:
    """How many contents a folder of a run has, and their bytes."""

    count: int
    size: int


def measured(connection: Connection, run_key: int, below: str) -> Measured:
    """Count the files of a run at a path or below it.

    Args:
        connection: The transaction's connection.
        run_key: Key of the run's row.
        below: The path; "" means all.
    """
    counted = select(func.count(), func.coalesce(func.sum(run_files.c.size), 0))
    count, size = connection.execute(counted.where(_below(run_key, below))).one()
    return Measured(count, int(size))


def read(connection: Connection, key: int, files_of: int | None, below: str) -> list[FileEntry]:
    """The files of a version, by path.

    Args:
        connection: The transaction's connection.
        key: Key of the version.
        files_of: The run whose files they are; None: they are rows of the version.
        below: The path in the run.
    """
    if files_of is None:
        mine = select(model_files).where(model_files.c.model_key == key)
        found = connection.execute(mine.order_by(model_files.c.path))
        return [FileEntry(row.path, row.digest, row.size, row.executable) for row in found]
    of_run = select(run_files).where(_below(files_of, below)).order_by(run_files.c.path)
    start = _start(below)
    return [
        FileEntry(row.path[start:], row.digest, row.size, row.executable)
        for row in connection.execute(of_run)
    ]


def add(connection: Connection, key: int, entries: Iterable[FileEntry]) -> None:
    """Add files as rows of a version.

    Args:
        connection: The transaction's connection.
        key: Key of the version.
        entries: The files.
    """
    rows = [{"model_key": key, **vars(entry)} for entry in entries]
    _ADD.run_many(connection, rows)


def detach(connection: Connection, run_key: int, paths: Iterable[str] | None) -> None:
    """Make rows of their own for versions, before files of a run that are theirs change.

    Args:
        connection: The transaction's connection.
        run_key: Key of the run's row.
        paths: The files that change; None: all.
    """
    referring = _OF_RUN.rows(connection, {"of_run": run_key})
    if not referring:
        return
    changing = None if paths is None else list(paths)
    for key, below in referring:
        if changing is None or any(holds(below, path) for path in changing):
            _copy(connection, key, run_key, below)


def holds(below: str, path: str) -> bool:
    """Whether a path is `below`, or lies below it."""
    # With the slash, or `outputs/model` would have `outputs/model2`.
    return not below or path == below or path.startswith(below + "/")


def _copy(connection: Connection, key: int, run_key: int, below: str) -> None:
    path = Part(run_files.c.path, _start(below) + 1)
    columns = (run_files.c.digest, run_files.c.size, run_files.c.executable)
    found = select(literal(key), path, *columns).where(_below(run_key, below))
    names = ["model_key", "path", "digest", "size", "executable"]
    connection.execute(insert(model_files).from_select(names, found))
    own = update(models).where(models.c.key == key)
    connection.execute(own.values(files_of=None, files_below=None))


def _start(below: str) -> int:
    """How much of a run's path is above the name under which a model is downloaded."""
    return below.rfind("/") + 1


def _below(run_key: int, below: str) -> ColumnElement[bool]:
    path = run_files.c.path
    inside = and_(path >= below + "/", path < below + "/" + LAST_CHARACTER)
    here = or_(path == below, inside) if below else true()
    # Without the logs, which are no contents.
    return and_(run_files.c.run_key == run_key, run_files.c.digest.is_not(None), here)
