"""Moves files: hashed, asked for, and only what is missing sent; parallel; whole or not at all.

Small files travel together, hundreds in a request. A download goes to a temporary name beside its
place and is renamed when it is complete.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Callable,
    Dict,
    Iterator,
    List,
    Optional,
    Sequence,
    Set,
    Tuple,
    TypeVar,
    Union,
)

from runyard.client import (
    batches,
    copying,
    downloads,
    hashes,
    local_contents,
    pieces,
    present,
    uploads,
)
from runyard.client.blobs import Blobs
from runyard.client.downloads import Fetch
from runyard.client.placing import Placing, files_and_folders
from runyard.protocol import paths
from runyard.protocol.batches import Content
from runyard.protocol.datastores import DATASTORES_READ, WriteQuery
from runyard.protocol.errors import AlreadyExists, InvalidRequest, MissingBlobs, RunyardError
from runyard.protocol.files import BLOBS_READ, FILES_READ, FileEntry

if TYPE_CHECKING:
    from runyard.client.progress import Progress
    from runyard.client.workspace_connection import WorkspaceConnection
    from runyard.protocol.datastores import DatastoreFile
    from runyard.protocol.files import FileRecord

Item = TypeVar("Item")
Result = TypeVar("Result")
Local = Tuple[FileEntry, Path]

THREADS = 4
ASK_AT_ONCE = 1000


def describe(path: Path, name: str, anew: bool = False) -> FileEntry:
    """Describe a local file by content, under the name it is to have.

    A file that somebody appends to meanwhile is taken as it was when it was opened.

    Args:
        path: The local file.
        name: Its relative path with forward slashes.
        anew: Whether it is read although its digest is known from before.
    """
    digest = hashlib.sha256()
    size = 0
    with path.open("rb", buffering=0) as file:
        known = hashes.large(path, file.fileno(), anew)
        can_keep = known is None and hashes.can_keep(file.fileno())
        status = os.fstat(file.fileno())
        is_executable = bool(status.st_mode & stat.S_IXUSR)
        if known is not None:
            return FileEntry(name, known, status.st_size, is_executable)
        # No further than its size at the start, or a log that grows would never end.
        for block in copying.blocks(file, status.st_size):
            digest.update(block)
            size += len(block)
        if can_keep:
            hashes.keep_large(path, file.fileno(), status, digest.hexdigest())
    return FileEntry(name, digest.hexdigest(), size, is_executable)


def parallel(work: Callable[[Item], Result], items: Sequence[Item]) -> List[Result]:
    """Do the same for each item in a few threads; the first error ends it."""
    threads = pieces.pool(min(THREADS, len(items))) if len(items) > 1 else None
    if threads is None:
        return [work(item) for item in items]
    with threads:
        tasks = [threads.submit(work, item) for item in items]
        try:
            return [task.result() for task in tasks]
        except BaseException:
            # Else leaving the block would wait for all that have not begun.
            for task in tasks:
                task.cancel()
            raise


def store(
    service: WorkspaceConnection,
    files: Sequence[Tuple[str, Path]],
    progress: Optional[Progress] = None,
) -> List[FileEntry]:
    """Store local files by content; give them under their names, in order.

    Args:
        service: The workspace's client.
        files: Names and paths.
        progress: Counts bytes and files.

    Raises:
        InvalidRequest: A file changed while it was being sent.
        RunyardError: The service refused.
    """
    found = batches.sized(files)
    entries: Dict[int, FileEntry] = {}

    def together(places: List[int]) -> None:
        contents = {}
        for place in places:
            entries[place], data = batches.describe(found[place])
            contents[entries[place].digest] = data
        batches.store(service, contents)
        _count(progress, [entries[place] for place in places])

    def alone(place: int) -> None:
        entries[place] = describe(found[place].path, found[place].name)
        put_blobs(service, [(entries[place], found[place].path)], progress)

    small, large = batches.groups([file.size for file in found])
    parallel(together, small)
    parallel(alone, large)
    return [entries[place] for place in range(len(found))]


def store_and_refer(
    service: WorkspaceConnection,
    files: Sequence[Tuple[str, Path]],
    refer: Callable[[List[FileEntry]], Result],
    progress: Optional[Progress] = None,
) -> Result:
    """Store local files by content, then refer to them, so that they stay.

    Args:
        service: The workspace's client.
        files: Names and paths.
        refer: Asks for what refers to the stored files.
        progress: Counts bytes and files.

    Returns:
        What `refer` gave.

    Raises:
        InvalidRequest: A file changed while it was being sent.
        RunyardError: The service refused.
    """
    try:
        return refer(store(service, files, progress))
    except MissingBlobs:
        # What nothing refers to is collected after a day, and an upload may take longer.
        return refer(store(service, files))


def put_blobs(
    service: WorkspaceConnection, files: Sequence[Local], progress: Optional[Progress] = None
) -> None:
    """Store the contents of described local files that the service does not have yet.

    Args:
        service: The workspace's connection.
        files: The local files, with digests and sizes.
        progress: Told the bytes as they go, if given.

    Raises:
        InvalidRequest: A file changed since it was described.
        RunyardError: The service refused.
    """
    # Of equal files one is sent.
    by_digest: Dict[str, Local] = {entry.digest: (entry, path) for entry, path in files}
    missing, begun = _missing(service, sorted(by_digest))
    _count(progress, [entry for entry, _ in files if entry.digest not in missing])
    wanted = [by_digest[digest] for digest in sorted(missing)]

    def together(places: List[int]) -> None:
        _put_many(service, [wanted[place] for place in places])
        _count(progress, [wanted[place][0] for place in places])

    def alone(place: int) -> None:
        entry, path = wanted[place]
        _put(service, entry, path, progress, begun.get(entry.digest, 0))
        if progress is not None:
            progress.add(0, 1)

    small, large = batches.groups([entry.size for entry, _ in wanted])
    parallel(together, small)
    parallel(alone, large)


def _count(progress: Optional[Progress], entries: Sequence[Union[FileEntry, Fetch]]) -> None:
    if progress is not None:
        progress.add(sum(entry.size for entry in entries), len(entries))


def _missing(service: WorkspaceConnection, digests: List[str]) -> Tuple[Set[str], Dict[str, int]]:
    """Ask what is not stored, and how much has come of what broke off."""
    missing: Set[str] = set()
    begun: Dict[str, int] = {}
    for first in range(0, len(digests), ASK_AT_ONCE):
        found = Blobs(service).look(digests[first : first + ASK_AT_ONCE])
        missing.update(found.digests)
        begun.update(found.begun)
    return missing, begun


def _put_many(service: WorkspaceConnection, files: Sequence[Local]) -> None:
    refused = [entry.digest for entry, _ in files]
    try:
        contents = [Content(entry.digest, _head(path, entry.size)) for entry, path in files]
        batches.put(service, contents)
    except OSError:
        pass
    except InvalidRequest as error:
        refused = error.details.get("refused", refused)
    else:
        return
    # Some have changed or are gone: by itself each says so.
    for entry, path in files:
        if entry.digest in refused:
            _put(service, entry, path)


def _head(path: Path, size: int) -> bytes:
    """Read what a file had when it was described: somebody may append to it."""
    with path.open("rb", buffering=0) as file:
        return file.read(size) or b""


def _put(
    service: WorkspaceConnection,
    entry: FileEntry,
    path: Path,
    progress: Optional[Progress] = None,
    begun: int = 0,
) -> None:
    """Send one file; `begun` is how many of its bytes have come before."""
    told = progress.add if progress is not None else downloads.untold
    local = local_contents.of(service)
    try:
        large = uploads.RESUMED_BYTES <= entry.size > begun
        if local and large and local.hand_over(path, entry.digest, told, begun):
            begun, told = entry.size, downloads.untold
        uploads.send(path, entry.size, uploads.content(service, entry.digest), told, begun)
    except (InvalidRequest, OSError) as error:
        if isinstance(error, InvalidRequest) and _is_still(entry, path):
            raise
        raise InvalidRequest(
            f"{path} changed while it was being read ({error}); try again when nothing writes to "
            "it",
            {"changed": str(path)},
        ) from error


def _is_still(entry: FileEntry, path: Path) -> bool:
    try:
        return describe(path, entry.path, anew=True).digest == entry.digest
    except OSError:
        return False


def write_files(
    service: WorkspaceConnection,
    datastore: str,
    files: Sequence[batches.Sized],
    overwrite: bool,
    progress: Progress,
) -> None:
    """Write local files to a datastore, each whole or not at all, small ones together.

    Args:
        service: The workspace's client.
        datastore: Its name.
        files: The files with their paths on the datastore.
        overwrite: Replace files that are there; otherwise they are left alone.
        progress: Counts bytes and files.

    Raises:
        RunyardError: The service refused.
    """

    def together(places: List[int]) -> None:
        some = [files[place] for place in places]
        batches.write_files(service, datastore, some, overwrite)
        progress.add(sum(file.size for file in some), len(some))

    def alone(place: int) -> None:
        name, path, size = files[place]
        before = uploads.moment(path)
        part_of = WriteQuery(overwrite, size=size, version=uploads.version(path))
        way = uploads.datastore_file(service, datastore, name, part_of)
        try:
            uploads.send(path, size, way, progress.add, None)
        except AlreadyExists:
            if overwrite:
                raise
            progress.add(size)
        else:
            uploads.check_still(path, before)
        progress.add(0, 1)

    small, large = batches.groups([file.size for file in files])
    parallel(together, small)
    parallel(alone, large)


def download(
    service: WorkspaceConnection,
    fetch: Fetch,
    overwrite: bool = False,
    progress: Optional[Progress] = None,
) -> Path:
    """Write one file of the service to its place, whole or not at all; give the place.

    What has come of a large one stays when it breaks off, for the next who asks for it.

    Args:
        service: The workspace's connection.
        fetch: What is fetched, and its place here.
        overwrite: Whether a file that is there is replaced.
        progress: Told the bytes as they go, if given.

    Raises:
        FileExistsError: Something is there and `overwrite` is not given.
    """
    target = fetch.target
    if not overwrite and target.exists():
        raise FileExistsError(f"{target} exists")
    if target.is_dir():
        raise IsADirectoryError(f"{target} is a folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    downloads.bring(service, fetch, progress)
    return target


def download_many(
    service: WorkspaceConnection,
    fetches: Sequence[Fetch],
    overwrite: bool = False,
    progress: Optional[Progress] = None,
) -> List[Path]:
    """Write many files, in parallel and small ones together; see `download`.

    Those that are at their places with the content that they should have are left as they are.

    Args:
        service: The workspace's connection.
        fetches: What is fetched, each with its place here.
        overwrite: Whether a file that is there is replaced.
        progress: Told the bytes as they go, if given.

    Raises:
        InvalidRequest: There was no place for some, which are named; all others were written.
    """
    writer = Placing(overwrite)

    def together(places: List[int]) -> None:
        _download_batch(service, [rest[place] for place in places], writer, progress)

    def alone(place: int) -> None:
        fetch = rest[place]
        try:
            download(service, fetch, overwrite, progress)
        except OSError as error:
            writer.leave_out(str(fetch.target), error)
        if progress is not None:
            progress.add(0, 1)

    # A run may hold a file and files below its name; of the two, what is below is the more.
    both = files_and_folders([str(fetch.target) for fetch in fetches])
    for target in both:
        writer.leave_out(target)
    rest = lacking([fetch for fetch in fetches if str(fetch.target) not in both], progress)
    small, single = batches.groups([fetch.size if _named(fetch) else -1 for fetch in rest])
    parallel(together, small)
    parallel(alone, single)
    writer.tell(len(fetches))
    return [fetch.target for fetch in fetches if str(fetch.target) not in both]


def lacking(fetches: Sequence[Fetch], progress: Optional[Progress] = None) -> List[Fetch]:
    """Drop those that are at their places already, as after a download that was interrupted.

    Args:
        fetches: What is to be fetched, each with its place here.
        progress: Told those that are here, if given.
    """
    found = [place for place, fetch in enumerate(fetches) if present.may_be_here(fetch)]
    here: Set[int] = set()

    def look(group: List[int]) -> None:
        same = [found[place] for place in group if present.is_here(fetches[found[place]])]
        here.update(same)
        _count(progress, [fetches[place] for place in same])

    # In groups, for a task of the pool costs more than the reading of a small file.
    small, large = batches.groups([fetches[place].size for place in found])
    parallel(look, small + [[place] for place in large])
    return [fetch for place, fetch in enumerate(fetches) if place not in here]


def _named(fetch: Fetch) -> str:
    """The name under which a file is asked for together with others, "" if it is not."""
    return fetch.digest or (fetch.segments[1] if fetch.route is DATASTORES_READ else "")


def _download_batch(
    service: WorkspaceConnection,
    fetches: Sequence[Fetch],
    writer: Placing,
    progress: Optional[Progress],
) -> None:
    if fetches[0].digest:
        found = _contents(service, fetches)
    else:
        paths = [fetch.segments[1] for fetch in fetches]
        found = batches.read_files(service, fetches[0].segments[0], paths)
    for fetch, content in zip(fetches, found):
        try:
            if content.data is None:
                # By itself it says what is the matter: gone, or grown since it was listed.
                download(service, fetch, writer.overwrite, progress)
            else:
                writer.put(content.data, str(fetch.target), fetch.executable)
        except OSError as error:
            writer.leave_out(str(fetch.target), error)
        if progress is not None:
            progress.add(len(content.data or b""), 1)


def _contents(service: WorkspaceConnection, fetches: Sequence[Fetch]) -> Iterator[Content]:
    """Small contents in order: from this machine as far as they are on it."""
    local = local_contents.of(service)
    found = [local.read(each.digest, each.size) if local else None for each in fetches]
    absent = [each.digest for each, data in zip(fetches, found) if data is None]
    rest = batches.read_blobs(service, absent) if absent else iter(())
    for each, data in zip(fetches, found):
        if data is None:
            yield next(rest, Content(each.digest, None))
        else:
            yield Content(each.digest, data)


def run_file(run: str, path: str, target: Path, record: Optional[FileRecord] = None) -> Fetch:
    """Plan the download of a run's file; with its record, small ones are fetched together.

    Args:
        run: The run's id.
        path: The file's path in the run.
        target: Its place here.
        record: What `files.list` said of it.
    """
    if record is None:
        return Fetch(FILES_READ, (run, path), target)
    known = (record.executable, record.size, record.digest or "")
    return Fetch(FILES_READ, (run, path), target, *known)


def datastore_file(datastore: str, file: DatastoreFile, target: Path) -> Fetch:
    """Plan the download of a datastore's file to its place here.

    Args:
        datastore: Name of the datastore.
        file: The file as the datastore lists it.
        target: The file here.
    """
    segments = (datastore, file.path)
    return Fetch(DATASTORES_READ, segments, target, size=file.size, modified_at=file.modified_at)


def blob(entry: FileEntry, folder: Path) -> Fetch:
    """Plan the download of a content to its place below a folder.

    Raises:
        RunyardError: The path would leave the folder.
    """
    return content(entry, inside(folder, entry.path))


def content(entry: FileEntry, target: Path) -> Fetch:
    """Plan the download of a content to its place here, whatever it is called elsewhere."""
    return Fetch(BLOBS_READ, (entry.digest,), target, entry.executable, entry.size, entry.digest)


def inside(folder: Path, name: str) -> Path:
    """Join a relative name from outside to a folder, refusing names that lead elsewhere."""
    try:
        parts = paths.parts(name)
    except ValueError as error:
        raise RunyardError(
            f"the service named a file {name!r}, which is no path below {folder}: {error}"
        ) from None
    return folder.joinpath(*parts)
