"""Puts the files of a run into its working folder, and those of the run that it resumes aside.

From the blob folder of the same machine they are cloned (copy on write, where the file system can)
or copied, never hard-linked: a script may write into its own files. The models of a replica are,
for they are not its own: read-only, and no copy for each replica, unless the job is root's.
Otherwise files are fetched, unless the node keeps them from an earlier run (`node_cache`), and
their digest is checked on the way.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Sequence, Set, Tuple

from runyard.client.copying import CLONE_BYTES, copy, write_all
from runyard.protocol import paths
from runyard.runtime import names
from runyard.runtime.job import Canceled, JobError

if TYPE_CHECKING:
    from runyard.runtime.job import Job
    from runyard.runtime.service import JobService

_CLOEXEC = getattr(os, "O_CLOEXEC", 0)

Entry = Dict[str, Any]


def materialise(
    job: Job,
    files: Sequence[Entry],
    folder: str,
    service: Callable[[], JobService],
    canceled: Callable[[], bool],
) -> None:
    """Put files of the job below `folder`, which is empty.

    Args:
        job: The job.
        files: Its snapshot, or what it resumes.
        folder: The working folder, for example.
        service: Gives the service, for contents that are not on this machine.
        canceled: Asked between files.

    Raises:
        JobError: A path points outside, or a content cannot be had.
        Canceled: The job was canceled meanwhile.
        OSError: The disk is full, …
    """
    made: Set[str] = set()
    elsewhere: List[Tuple[Entry, str]] = []
    for file in files:
        if canceled():
            raise Canceled
        target = inside(folder, str(file["path"]))
        parent = os.path.dirname(target)
        if parent not in made:
            os.makedirs(parent, exist_ok=True)
            made.add(parent)
        stored = stored_content(job.blobs, str(file["digest"]))
        if stored and _is_model(job, file) and _linked(stored, target):
            continue
        if not stored or not _copied(stored, target, _mode(file)):
            elsewhere.append((file, target))
    if elsewhere:
        _fetch(job, elsewhere, service(), canceled)


def _mode(file: Entry) -> int:
    return 0o755 if file.get("executable") else 0o644


def _is_model(job: Job, file: Entry) -> bool:
    """Whether a file is of a model that a replica serves."""
    is_replica = job.spec.get("experiment") == names.REPLICAS_EXPERIMENT
    return is_replica and str(file["path"]).startswith(names.MODELS_FOLDER + "/")


def _linked(source: str, target: str) -> bool:
    """Link a stored content to its place; say whether that can be done."""
    if os.geteuid() == 0:
        # Root may write into what is read-only, and so would a script into what is stored.
        return False
    try:
        os.link(source, target)
    except OSError:
        return False
    return True


def _copied(source: str, target: str, mode: int) -> bool:
    """Copy a stored content to its place; say whether it is on this machine."""
    try:
        reader = os.open(source, os.O_RDONLY | _CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        # Most files are smaller, and then one read and one write are all that they take.
        data = os.read(reader, CLONE_BYTES)
        if len(data) < CLONE_BYTES:
            _place(data, target, mode)
            return True
    finally:
        os.close(reader)
    copy(source, target)
    os.chmod(target, mode)
    return True


def _place(data: bytes, target: str, mode: int) -> None:
    writer = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _CLOEXEC, mode)
    try:
        write_all(writer, data)
        # The mask of whoever started the service is not the job's matter.
        os.fchmod(writer, mode)
    finally:
        os.close(writer)


def inside(folder: str, path: str) -> str:
    """The place of a relative path in a folder: a file has the name it had at its source.

    Raises:
        JobError: The path is absolute, climbs out with "..", or is no plain path.
    """
    try:
        parts = paths.parts(path)
    except ValueError:
        parts = []
    if "/".join(parts) != path or not path:
        # Nor one with another spelling: two of those could be one file.
        raise JobError(
            f"the snapshot has a file at '{path}', which is no path below the working folder; "
            "rename it and submit again"
        )
    if "%" in path:
        parts = [paths.unescaped(part) for part in parts]
    return os.path.join(folder, *parts)


def stored_content(blobs: str, digest: str) -> Optional[str]:
    """The file that would hold a content on this machine; None where that cannot be.

    Args:
        blobs: The folder of all contents, "" where the node does not see it.
        digest: SHA-256 of the content, in hex.
    """
    if not blobs or not digest.isalnum():
        return None
    return os.path.join(blobs, paths.content(digest))


def _fetch(
    job: Job,
    files: Sequence[Tuple[Entry, str]],
    service: JobService,
    canceled: Callable[[], bool],
) -> None:
    """Fetch the contents of files that are not on this machine."""
    from runyard.runtime import fetching
    from runyard.runtime.node_cache import NodeCache

    wanted = [
        fetching.Wanted(
            str(file["digest"]),
            int(file["size"]),
            target,
            f"'{file['path']}' of the snapshot",
            str(file["digest"]),
            _mode(file),
        )
        for file, target in files
    ]
    fetching.fetch(wanted, fetching.Contents(service), NodeCache(job.cache), canceled)
