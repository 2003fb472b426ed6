"""Moves files: hashed, asked for, and only what is missing sent; parallel; whole or not at all.

A download goes to a temporary name beside its place and is renamed when it is complete.
"""

from __future__ import annotations

import hashlib
import os
import stat
import uuid
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Dict,
    Iterable,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
    TypeVar,
)

from runyard.protocol.errors import InvalidRequest, RunyardError
from runyard.protocol.files import BlobList, FileEntry
from runyard.protocol.routes import BLOBS_MISSING, BLOBS_READ, BLOBS_WRITE

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from runyard.client.progress import Progress
    from runyard.client.workspace import WorkspaceClient
    from runyard.protocol.route import Route

Item = TypeVar("Item")
Result = TypeVar("Result")
Local = Tuple[FileEntry, Path]

THREADS = 4
BLOCK_BYTES = 1 << 20
ASK_AT_ONCE = 1000
LARGE_BYTES = 25_000_000


class Fetch(NamedTuple):
    """One file to download: a raw route with its segments, and where it goes."""

    route: Route[Any]
    segments: Sequence[str]
    target: Path
    executable: bool = False


def describe(path: Path, name: str) -> FileEntry:
    """Give a local file by content, under the name it is to have.

    A file that somebody appends to meanwhile is taken as it was when it was opened.

    Args:
        path: The local file.
        name: Its relative path with forward slashes.
    """
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        while size < status.st_size:
            block = file.read(min(BLOCK_BYTES, status.st_size - size))
            if not block:
                break
            digest.update(block)
            size += len(block)
    return FileEntry(name, digest.hexdigest(), size, bool(status.st_mode & stat.S_IXUSR))


def parallel(work: Callable[[Item], Result], items: Sequence[Item]) -> List[Result]:
    """Do the same for each item in a few threads; the first error ends it."""
    threads = _threads(len(items))
    if threads is None:
        return [work(item) for item in items]
    with threads:
        tasks = [threads.submit(work, item) for item in items]
        try:
            return [task.result() for task in tasks]
        except BaseException:
            for task in tasks:
                task.cancel()
            raise


def _threads(count: int) -> Optional[ThreadPoolExecutor]:
    """Give threads for so many items; None for one, or when the interpreter is ending."""
    if count <= 1:
        return None
    try:
        from concurrent.futures import ThreadPoolExecutor

        threads = ThreadPoolExecutor(max_workers=min(THREADS, count))
        threads.submit(int).result()
    except RuntimeError:  # at its end the interpreter starts no thread any more
        return None
    return threads


def put_blobs(
    service: WorkspaceClient, files: Sequence[Local], progress: Optional[Progress] = None
) -> None:
    """Store the contents of local files that the service does not have yet.

    Raises:
        InvalidRequest: A file changed while it was being sent.
        RunyardError: The service refused.
    """
    by_digest: Dict[str, Local] = {entry.digest: (entry, path) for entry, path in files}
    missing = set(_missing(service, sorted(by_digest)))
    if progress is not None:
        progress.add(sum(e.size for e, _ in files if e.digest not in missing))

    def put(local: Local) -> None:
        entry, path = local
        _put(service, entry, path)
        if progress is not None:
            progress.add(entry.size)

    parallel(put, [by_digest[digest] for digest in sorted(missing)])


def _missing(service: WorkspaceClient, digests: List[str]) -> Iterable[str]:
    for first in range(0, len(digests), ASK_AT_ONCE):
        asked = BlobList(digests[first : first + ASK_AT_ONCE])
        yield from service.call(BLOBS_MISSING, body=asked).digests


def _put(service: WorkspaceClient, entry: FileEntry, path: Path) -> None:
    try:
        with path.open("rb") as file:
            service.send(BLOBS_WRITE, entry.digest, data=file, size=entry.size)
    except (InvalidRequest, OSError) as error:
        if isinstance(error, InvalidRequest) and describe(path, entry.path).digest == entry.digest:
            raise
        raise InvalidRequest(
            f"{path} changed while it was being read ({error}); try again when nothing writes to it"
        ) from error


def upload_folder(
    service: WorkspaceClient, root: Path, names: Sequence[str], progress: Optional[Progress] = None
) -> List[FileEntry]:
    """Store files of a folder by content, and give them under their names.

    Args:
        service: The workspace's client.
        root: The folder.
        names: Relative paths with forward slashes.
        progress: Counts the bytes.
    """
    entries = parallel(lambda name: describe(root / name, name), names)
    put_blobs(service, [(entry, root / entry.path) for entry in entries], progress)
    return entries


def download(
    service: WorkspaceClient,
    fetch: Fetch,
    overwrite: bool = False,
    progress: Optional[Progress] = None,
) -> Path:
    """Write one file of the service to its place, whole or not at all; give the place.

    Raises:
        FileExistsError: Something is there and `overwrite` is not given.
    """
    target = fetch.target
    if not overwrite and target.exists():
        raise FileExistsError(f"{target} exists")
    if target.is_dir():
        raise IsADirectoryError(f"{target} is a folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    # Not made of the target's name, which may be as long as a name can be.
    part = target.parent / f".{uuid.uuid4().hex}.part"
    try:
        _write(service, fetch, part, progress)
        part.replace(target)
    finally:
        if part.exists():
            part.unlink()
    return target


def _write(
    service: WorkspaceClient, fetch: Fetch, part: Path, progress: Optional[Progress]
) -> None:
    with service.open(fetch.route, *fetch.segments) as source, part.open("wb") as file:
        for block in iter(lambda: source.read(BLOCK_BYTES), b""):
            file.write(block)
            if progress is not None:
                progress.add(len(block))
    if fetch.executable:
        part.chmod(part.stat().st_mode | 0o111)


def download_many(
    service: WorkspaceClient,
    fetches: Sequence[Fetch],
    overwrite: bool = False,
    progress: Optional[Progress] = None,
) -> List[Path]:
    """Write many files, in parallel; see `download`."""
    return parallel(lambda fetch: download(service, fetch, overwrite, progress), fetches)


def blob(entry: FileEntry, folder: Path) -> Fetch:
    """Give the download of a content to its place below a folder.

    Raises:
        RunyardError: The path would leave the folder.
    """
    return Fetch(BLOBS_READ, (entry.digest,), inside(folder, entry.path), entry.executable)


def inside(folder: Path, name: str) -> Path:
    """Join a relative name from outside to a folder, refusing names that lead elsewhere."""
    parts = name.split("/")
    if not name or name.startswith("/") or ".." in parts or "\\" in name or "\0" in name:
        raise RunyardError(f"the service named a file {name!r}, which is no path below {folder}")
    return folder.joinpath(*[part for part in parts if part not in ("", ".")])
