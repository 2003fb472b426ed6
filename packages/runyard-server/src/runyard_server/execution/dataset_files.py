"""Resolutions: which files a dataset's definition means now, and the digest of their bytes.

To read gigabytes takes minutes, and nobody may hold up a request for so long. So a file's digest
is kept with the size and time that it had, and whoever needs digests reads for some seconds, then
comes again; what is unread until then stands in the resolution with size and time.
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from runyard.protocol import dataset_definitions
from runyard.protocol.dataset_definitions import Definition, SourceFile, tree_digest
from runyard.protocol.dataset_paths import Listed, Lister
from runyard.protocol.datasets import DatasetFile
from runyard.protocol.errors import InvalidRequest, NotFound
from runyard_server.core.clock import iso
from runyard_server.core.dataset_lookups import version_row
from runyard_server.core.datastore_files import files_of
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.store import datasets as rows
from runyard_server.store.datasets import DigestRow
from runyard_server.store.folders import CHUNK, Body
from runyard_server.store.trees import Tree

if TYPE_CHECKING:
    from runyard_server.store.objects.files import ObjectFiles

_PAGE = 5000
# Written to the database together: a row each would be a transaction for each small file.
_TOGETHER = 5000
_EMPTY = hashlib.sha256().hexdigest()
# As many as are read at once, by far: each is a few hundred bytes.
_MOST_BEGUN = 1000

# How far large files were read when time was over, and the hash of that. Read from the start each
# time, a file that takes longer than its reader has would never be done.
_begun: "dict[tuple[Path, str, SourceFile], tuple[int, hashlib._Hash]]" = {}

Opener = Callable[[int], AbstractContextManager[Body]]
"""Opens a file at a byte."""
Key = tuple[str, str, str]
DigestOf = Callable[[SourceFile, Opener, float], str]
"""Reads a file until a time; "" where the time is over, it cannot be read, or has changed."""


@dataclass(frozen=True)
class Resolution:
    """What a definition meant at one moment; see `protocol.datasets.DatasetRecord`.

    Args:
        files: The files, in the order in which they are read.
        digest: Over their bytes, or their sizes and times.
        unread: Bytes of files whose digest is not known.
    """

    files: list[DatasetFile]
    digest: str
    unread: int = 0

    @property
    def size(self) -> int:
        """The bytes of all files whose size is known."""
        return sum(max(file.size, 0) for file in self.files)


def resolve(
    system: System,
    workspace: str,
    definition: Definition,
    seconds: float | Callable[[int], float] = 0.0,
) -> Resolution:
    """The files that a definition means now, with what is known of their bytes.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        definition: The definition.
        seconds: For how long files that were not read yet are read; or what says it, once it is
            known of how many bytes nobody knows the digest.

    Raises:
        DatastoreNotFound: A source names a datastore that is not there.
        NotFound: A source names a pinned version that is not there.
        InvalidRequest: A stored definition has a path that is refused today.
    """
    listed, pinned = _lister(system, workspace), partial(_pinned, system, workspace)
    try:
        found = dataset_definitions.files_of(definition, listed, pinned)
    except ValueError as error:
        raise InvalidRequest(f"the dataset's definition cannot be read: {error}") from None
    known = _known(system, workspace, found)
    missing = [file for file in found if file.datastore and not known[_key(file)].digest]
    if missing and callable(seconds):
        seconds = seconds(_unread(known[_key(file)] for file in found))
    if missing and not callable(seconds) and seconds > 0:
        known.update(read(system, workspace, missing, time.monotonic() + seconds))
    files = [known[_key(file)] for file in found]
    # Names are the source's; what is known of the bytes is the file's, which two sources may name.
    files = [
        replace(one, name=file.name, source=file.source)
        for one, file in zip(files, found, strict=True)
    ]
    digest = tree_digest(found, [file.digest for file in files])
    return Resolution(files, digest, _unread(files))


def _unread(files: Iterable[DatasetFile]) -> int:
    return sum(max(file.size, 0) for file in files if not file.digest)


def _lister(system: System, workspace: str) -> Lister:
    trees: dict[str, Tree | ObjectFiles] = {}

    def listed(datastore: str, prefix: str) -> Iterator[Listed]:
        # A path is listed twice: it may name a file, or a folder.
        if datastore not in trees:
            trees[datastore] = files_of(system, workspace, datastore)
        tree = trees[datastore]
        after: str | None = None
        while True:
            page = tree.page(prefix, after, _PAGE)
            yield from (Listed(file.path, file.size, iso(file.modified_at)) for file in page)
            if len(page) < _PAGE:
                return
            after = page[-1].path

    return listed


def _pinned(system: System, workspace: str, version: str) -> list[DatasetFile]:
    def read(work: Work) -> list[DatasetFile]:
        row, _ = version_row(work, workspace, version)
        if not row.pinned:
            raise NotFound(f"dataset {version!r} is not pinned: its bytes are not kept")
        return rows.files_of_version(work.connection, workspace, row.name, row.version)

    return system.read(read)


def _key(file: SourceFile) -> Key:
    return file.datastore, file.path or file.url, file.digest


def _known(system: System, workspace: str, files: Sequence[SourceFile]) -> dict[Key, DatasetFile]:
    """The files with the digests that hold for their sizes and times."""
    digests: dict[tuple[str, str], DigestRow] = {}
    asked = [file for file in files if not file.digest]
    for store in sorted({file.datastore for file in asked} - {""}):
        paths = [file.path for file in asked if file.datastore == store]
        known_here = system.read(partial(_digests, workspace, store, paths))
        digests.update({(store, path): row for path, row in known_here.items()})
    found = {}
    for file in files:
        if file.digest:
            found[_key(file)] = _record(file, file.digest)
            continue
        known = digests.get(_key(file)[:2])
        holds = known is not None and (known.size, known.modified_at) == (
            file.size,
            file.modified_at,
        )
        # Nobody reads a file of no bytes for its digest, which would be missing then.
        none = "" if file.size or not file.datastore else _EMPTY
        digest = known.digest if known is not None and holds else none
        one = _record(file, digest)
        found[_key(file)] = one if file.datastore else _of_web(system, workspace, one)
    return found


def _digests(workspace: str, store: str, paths: list[str], work: Work) -> dict[str, DigestRow]:
    return rows.known_digests(work.connection, workspace, store, paths)


def _record(file: SourceFile, digest: str) -> DatasetFile:
    return DatasetFile(
        name=file.name,
        size=file.size,
        datastore=file.datastore,
        path=file.path,
        url=file.url,
        modified_at=file.modified_at,
        digest=digest,
        source=file.source,
    )


def _of_web(system: System, workspace: str, file: DatasetFile) -> DatasetFile:
    row = system.read(lambda work: rows.find_web_file(work.connection, workspace, file.url))
    return file if row is None else replace(file, size=row.size, digest=row.digest)


def read(
    system: System,
    workspace: str,
    files: Sequence[SourceFile],
    until: float,
    digest_of: DigestOf | None = None,
) -> dict[Key, DatasetFile]:
    """Read files until a time and keep what was found; those that are whole by then.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        files: The files, of datastores.
        until: The time, of the clock that only goes on.
        digest_of: Reads a file in place of what only computes its digest.
    """
    digest_of = digest_of or partial(_digest, system.home.root, workspace)
    found: dict[Key, DatasetFile] = {}
    fresh: list[DigestRow] = []
    for file, opens in _openers(system, workspace, files):
        if _key(file) in found:
            continue
        digest = digest_of(file, opens, until)
        if digest:
            found[_key(file)] = _record(file, digest)
            told = (file.datastore, file.path, file.size, file.modified_at, digest)
            if fresh and (len(fresh) == _TOGETHER or fresh[0].datastore != file.datastore):
                _keep(system, fresh)
                fresh = []
            fresh.append(DigestRow(workspace, *told))
        # After each, also of a hundred thousand small ones, and never before the first.
        if time.monotonic() > until:
            break
    _keep(system, fresh)
    return found


def _keep(system: System, fresh: Sequence[DigestRow]) -> None:
    if fresh:
        system.write(lambda work: rows.put_digests(work.connection, fresh))


def _digest(home: Path, workspace: str, file: SourceFile, opens: Opener, until: float) -> str:
    """The SHA-256 of a file; "" where time is over, it cannot be read, or has changed."""
    key = (home, workspace, file._replace(name="", source=0))
    size, told = _begun.pop(key, (0, hashlib.sha256()))
    try:
        with opens(size) as stream:
            while block := stream.read(CHUNK):
                told.update(block)
                size += len(block)
                # What lacks less than half is read to its end: nobody may come again for it.
                if time.monotonic() > until and size < file.size // 2:
                    _go_on_later(key, size, told)
                    return ""
    except OSError:
        # Gone, or no file of the service's: its size and time stand for it.
        return ""
    return told.hexdigest() if size == file.size else ""


def _go_on_later(key: tuple[Path, str, SourceFile], size: int, told: "hashlib._Hash") -> None:
    """Note how far a file was read; by its size and time, for one that changes is another."""
    while len(_begun) >= _MOST_BEGUN:
        # Popped, for two threads may choose the same one.
        _begun.pop(next(iter(_begun)), None)
    _begun[key] = (size, told)


def _openers(
    system: System, workspace: str, files: Sequence[SourceFile]
) -> Iterator[tuple[SourceFile, Opener]]:
    """What opens each file of datastores that can be opened."""
    # A datastore is looked up once: for each file that took as long as to read a small one.
    for store, some in groupby(files, key=lambda file: file.datastore):
        here, tree = list(some), files_of(system, workspace, store)
        if not isinstance(tree, Tree):
            yield from ((file, partial(_from_store, tree, file)) for file in here)
            continue
        for file, place in zip(here, tree.contents(file.path for file in here), strict=True):
            if place is not None:
                yield file, partial(_opened, place)


def _opened(place: Path, begin: int) -> AbstractContextManager[Body]:
    file = place.open("rb")
    file.seek(begin)
    return file


def _from_store(tree: "ObjectFiles", file: SourceFile, begin: int) -> AbstractContextManager[Body]:
    return tree.read(file.path, begin, file.size)
