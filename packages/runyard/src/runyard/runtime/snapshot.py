"""Puts the files of a run into its working folder, and those of the run that it resumes aside.

From the blob folder of the same machine they are cloned (copy on write, where the file system can)
or copied, never hard-linked: a script may write into its own files. The models of a replica are,
for they are not its own: read-only, and no copy for each replica, unless the job is root's.
Otherwise files are fetched and their digest is checked on the way.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Sequence, Set, Tuple

from runyard.protocol import paths
from runyard.protocol.timeouts import SERVICE_AWAY_SECONDS
from runyard.runtime import names
from runyard.runtime.job import Canceled, JobError

if TYPE_CHECKING:
    from runyard.runtime.job import Job
    from runyard.runtime.service import JobService

BLOCK_BYTES = 1 << 20
CLONE_BYTES = 64 << 10
# The ioctl by which btrfs and XFS let two files share their blocks.
FICLONE = 0x40049409
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
    elsewhere = []
    for file in files:
        if canceled():
            raise Canceled
        target = inside(folder, str(file["path"]))
        parent = os.path.dirname(target)
        if parent not in made:
            os.makedirs(parent, exist_ok=True)
            made.add(parent)
        stored = _stored(job.blobs, str(file["digest"]))
        if stored and _is_model(job, file) and _linked(stored, target):
            continue
        if not stored or not _copied(stored, target, _mode(file)):
            elsewhere.append((file, target))
    if elsewhere:
        _fetch_all(elsewhere, service(), canceled)


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
        _write(writer, data)
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


def copy(source: str, target: str) -> None:
    """Copy a file's content to a new file, sharing the blocks where the file system can."""
    with open(source, "rb", buffering=0) as reader, open(target, "wb", buffering=0) as writer:
        size = os.fstat(reader.fileno()).st_size
        if size >= CLONE_BYTES and _clone(reader.fileno(), writer.fileno()):
            return
        for block in iter(lambda: reader.read(BLOCK_BYTES), b""):
            _write(writer.fileno(), block)


def _write(file: int, block: bytes) -> None:
    done = os.write(file, block)
    while done < len(block):
        done += os.write(file, block[done:])


def _clone(source: int, target: int) -> bool:
    try:
        import fcntl

        fcntl.ioctl(target, FICLONE, source)
    except (ImportError, OSError):
        return False
    return True


def _stored(blobs: str, digest: str) -> Optional[str]:
    """The file that would hold a content on this machine."""
    if not blobs or not digest.isalnum():
        return None
    return os.path.join(blobs, paths.content(digest))


def _fetch_all(
    files: Sequence[Tuple[Entry, str]], service: JobService, canceled: Callable[[], bool]
) -> None:
    """Fetch the contents of files that are not on this machine, small ones together."""
    from runyard.protocol.batches import BATCH_BYTES, BATCH_FILES, SMALL_BYTES

    batch: List[Tuple[Entry, str]] = []
    room = BATCH_BYTES
    for file, target in files:
        if canceled():
            raise Canceled
        size = int(file["size"])
        if size > SMALL_BYTES:
            _fetch(file, target, service)
            continue
        if size > room or len(batch) == BATCH_FILES:
            _fetch_batch(batch, service)
            batch, room = [], BATCH_BYTES
        batch.append((file, target))
        room -= size
    if batch:
        _fetch_batch(batch, service)


def _fetch_batch(files: Sequence[Tuple[Entry, str]], service: JobService) -> None:
    import hashlib
    import io

    from runyard.protocol.batches import split
    from runyard.protocol.errors import RunyardError
    from runyard.runtime.service import patiently

    digests = [str(file["digest"]) for file, _ in files]
    try:
        answer = patiently(lambda: service.read_blobs(digests), SERVICE_AWAY_SECONDS)
        contents = list(split(io.BytesIO(answer).read))
    except RunyardError as error:
        text = f"{len(files)} files of the snapshot could not be fetched: {error.message}"
        raise JobError(text, names.SERVICE_ERROR) from error
    for (file, target), content in zip(files, contents):
        data = content.data
        if data is not None and hashlib.sha256(data).hexdigest() == file["digest"]:
            _place(data, target, _mode(file))
        else:
            # By itself it says what is the matter.
            _fetch(file, target, service)


def _fetch(file: Entry, target: str, service: JobService) -> None:
    import hashlib

    from runyard.protocol.errors import RunyardError
    from runyard.runtime.service import patiently

    digest = str(file["digest"])
    with open(target, "w+b") as sink:
        try:
            patiently(lambda: service.read_blob(digest, sink), SERVICE_AWAY_SECONDS)
        except RunyardError as error:
            text = f"'{file['path']}' of the snapshot could not be fetched: {error.message}"
            raise JobError(text, names.SERVICE_ERROR) from error
        sink.seek(0)
        found = hashlib.sha256()
        for block in iter(lambda: sink.read(BLOCK_BYTES), b""):
            found.update(block)
    if found.hexdigest() != digest:
        text = f"'{file['path']}' of the snapshot arrived damaged (its digest is another)"
        raise JobError(text, names.SERVICE_ERROR)
    os.chmod(target, _mode(file))


def is_full(error: OSError) -> bool:
    """Whether an error says that no space is left."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)
