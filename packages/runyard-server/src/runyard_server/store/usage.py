"""What takes space: files on the disk, and what rows say of them."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Column, Connection, func, select

from runyard.protocol.files import LOG_KIND
from runyard_server.store.expressions import Unindexed
from runyard_server.store.schema import (
    job_nodes,
    metric_segments,
    metric_series,
    metric_summaries,
    run_files,
    runs,
)
from runyard_server.store.trash_schema import blob_marks, trash

# So many keys are summed up in one transaction: each looks at a part of the table by its key, so
# no measuring holds a moment's state of the database for longer than a page takes.
KEYS_AT_ONCE = 500
RUNS, SERIES, TRASH = runs.c.key, metric_series.c.id, trash.c.key


@dataclass(frozen=True, slots=True)
class Space:
    """Bytes on the disk, and how many files they are."""

    size: int = 0
    count: int = 0


@dataclass(frozen=True, slots=True)
class ExperimentSpace:
    """What the runs of an experiment have; `size` are bytes of files and logs."""

    workspace: str
    experiment: str
    runs: int
    size: int


def below(folder: Path, seen: set[tuple[int, int]]) -> Space:
    """What the files below a folder take.

    Args:
        folder: The folder; need not exist.
        seen: Files of several names that were counted already: an environment and the cache of
            packages share most of theirs.
    """
    size = count = 0
    for status in _files(str(folder)):
        if status.st_nlink > 1:
            inode = (status.st_dev, status.st_ino)
            if inode in seen:
                continue
            seen.add(inode)
        size += status.st_size
        count += 1
    return Space(size, count)


def free_bytes(folder: Path) -> int:
    """The bytes that are free on the disk of a folder."""
    return shutil.disk_usage(folder).free


def last_key(connection: Connection, key: Column[int]) -> int:
    """The greatest number that a row has, 0 without rows.

    Args:
        connection: The transaction's connection.
        key: RUNS, SERIES or TRASH.
    """
    return int(connection.execute(select(func.max(key))).scalar_one() or 0)


def of_experiments(connection: Connection, after: int) -> list[ExperimentSpace]:
    """What the runs of the next `KEYS_AT_ONCE` keys have, by experiment.

    Args:
        connection: The transaction's connection.
        after: The key before the first one.
    """
    size = func.coalesce(func.sum(run_files.c.size), 0)
    # An index by workspace would spare the sorting, and be walked from its beginning.
    names = Unindexed(runs.c.workspace), Unindexed(runs.c.experiment)
    found = (
        select(*names, func.count(func.distinct(runs.c.key)), size)
        .outerjoin(run_files, run_files.c.run_key == runs.c.key)
        .where(runs.c.key > after, runs.c.key <= after + KEYS_AT_ONCE)
        .group_by(*names)
    )
    return [
        ExperimentSpace(workspace, experiment, int(count), int(bytes_))
        for workspace, experiment, count, bytes_ in connection.execute(found)
    ]


def of_workspace(connection: Connection, workspace: str) -> Space:
    """What the runs of a workspace have: bytes of files without logs, and how many runs they are.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
    """
    mine = runs.c.workspace == workspace
    size = func.coalesce(func.sum(run_files.c.size), 0)
    joined = select(size).select_from(runs).join(run_files, run_files.c.run_key == runs.c.key)
    total = connection.execute(joined.where(mine, run_files.c.kind != LOG_KIND)).scalar_one()
    count = connection.execute(select(func.count()).where(mine)).scalar_one()
    return Space(int(total), int(count))


def active_runs(connection: Connection, workspace: str, limit: int) -> list[str]:
    """The ids of some runs of a workspace that have not ended.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        limit: The most that are wanted.
    """
    mine = (runs.c.workspace == workspace, runs.c.active.is_(True))
    return list(connection.execute(select(runs.c.id).where(*mine).limit(limit)).scalars())


def undelivered_runs(connection: Connection, workspace: str, limit: int) -> list[str]:
    """The ids of some runs of a workspace whose agents have not had their last word.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        limit: The most that are wanted.
    """
    waiting = select(job_nodes.c.run_key).where(job_nodes.c.finished_at.is_(None))
    mine = (runs.c.workspace == workspace, runs.c.key.in_(waiting))
    return list(connection.execute(select(runs.c.id).where(*mine).limit(limit)).scalars())


def of_database(connection: Connection, file: Path) -> Space:
    """What the database takes as a whole.

    Args:
        connection: The transaction's connection.
        file: Where it is if it is a file; its log lies beside it.
    """
    if connection.dialect.name != "sqlite":
        size = select(func.pg_database_size(func.current_database()))
        return Space(int(connection.execute(size).scalar_one()), 1)
    files = [path.stat().st_size for path in file.parent.glob(f"{file.name}*")]
    return Space(sum(files), len(files))


def of_metrics(connection: Connection, after: int) -> Space:
    """What the points of the next `KEYS_AT_ONCE` series take within the database.

    Args:
        connection: The transaction's connection.
        after: The series before the first one.
    """
    size = count = 0
    for table in (metric_segments, metric_summaries):
        series, payload = table.c.series_id, func.sum(func.length(table.c.payload))
        found = select(func.coalesce(payload, 0), func.count())
        found = found.where(series > after, series <= after + KEYS_AT_ONCE)
        more, rows = connection.execute(found).one()
        size, count = size + int(more), count + int(rows)
    return Space(size, count)


def of_trash(connection: Connection, after: int) -> Space:
    """What the next `KEYS_AT_ONCE` entries have that were deleted and may come back.

    Args:
        connection: The transaction's connection.
        after: The entry before the first one.
    """
    size = func.coalesce(func.sum(trash.c.size), 0)
    found = select(size, func.count()).where(
        trash.c.key > after, trash.c.key <= after + KEYS_AT_ONCE
    )
    bytes_, count = connection.execute(found).one()
    return Space(int(bytes_), int(count))


def marked(connection: Connection) -> list[str]:
    """The contents that nothing refers to, as far as the collector has found them."""
    loose = select(blob_marks.c.digest).where(blob_marks.c.due >= 0)
    return list(connection.execute(loose).scalars())


def _files(folder: str) -> Iterator[os.stat_result]:
    waiting = [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as found:
                entries = list(found)
        except OSError:
            # Removed meanwhile, or closed to us: it takes nothing that we could free.
            continue
        for entry in entries:
            try:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    yield entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
