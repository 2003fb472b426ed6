"""What takes space: files on the disk, and what rows say of them."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, select

from runyard.protocol.files import LOG_KIND
from runyard_server.store.schema import job_nodes, metric_segments, run_files, runs
from runyard_server.store.trash_schema import blob_marks, trash


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


def of_experiments(connection: Connection, limit: int) -> list[ExperimentSpace]:
    """What experiments have, the largest first.

    Args:
        connection: The transaction's connection.
        limit: The most that are wanted.
    """
    size = func.coalesce(func.sum(run_files.c.size), 0).label("size")
    count = func.count(func.distinct(runs.c.key))
    found = (
        select(runs.c.workspace, runs.c.experiment, count, size)
        .outerjoin(run_files, run_files.c.run_key == runs.c.key)
        .group_by(runs.c.workspace, runs.c.experiment)
        .order_by(size.desc(), runs.c.workspace, runs.c.experiment)
        .limit(limit)
    )
    return [ExperimentSpace(*row) for row in connection.execute(found)]


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


def of_metrics(connection: Connection) -> Space:
    """What the points of metrics take within the database."""
    payload = func.coalesce(func.sum(func.length(metric_segments.c.payload)), 0)
    size, count = connection.execute(select(payload, func.count())).one()
    return Space(int(size), int(count))


def of_trash(connection: Connection) -> Space:
    """What was deleted and may come back."""
    size = func.coalesce(func.sum(trash.c.size), 0)
    found, count = connection.execute(select(size, func.count()).select_from(trash)).one()
    return Space(int(found), int(count))


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
