"""Moves large files between here and an object store, without the service in between.

The service says where: an address for a file, or one for each part of it. What it is asked again
about is whether all came. A store that cannot be reached from here, as one in a network of the
service's own, is no error: the same files go through the service then. Small files do that at
once, hundreds in a request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Callable, Dict, List, Optional, Sequence

from runyard.client import store_requests, transfer, uploads
from runyard.client.datastores import Datastores
from runyard.client.part_files import PartFile
from runyard.client.store_requests import Ended, Gone, NoWay
from runyard.protocol.batches import SMALL_BYTES
from runyard.protocol.datastores import DATASTORES_READ, BeginWrite, EndWrite
from runyard.protocol.errors import (
    AlreadyExists,
    InvalidRequest,
    RunyardError,
    StoreRefused,
    TemporaryError,
)

if TYPE_CHECKING:
    from runyard.client.batches import Sized
    from runyard.client.downloads import Fetch
    from runyard.client.progress import Progress
    from runyard.client.workspace_connection import WorkspaceConnection
    from runyard.protocol.datastores import StoreAddress, WritePlan

Told = Callable[[int], None]
ASKED_AT_ONCE = 500


def write_files(
    service: WorkspaceConnection,
    datastore: str,
    files: Sequence[Sized],
    overwrite: bool,
    progress: Progress,
) -> None:
    """Write local files to a datastore whose store takes them itself; see `transfer.write_files`.

    Args:
        service: The workspace's client.
        datastore: Its name.
        files: The files with their paths on the datastore.
        overwrite: Replace files that are there; otherwise they are left alone.
        progress: Counts bytes and files.

    Raises:
        RunyardError: The service or the store refused.
    """

    def send(file: Sized) -> bool:
        try:
            sent = send_file(service, datastore, file, overwrite, progress.add)
        except AlreadyExists:
            if overwrite:
                raise
            sent = True
        progress.add(0, 1 if sent else 0)
        return sent

    large = [file for file in files if file.size > SMALL_BYTES]
    left = [file for file in files if file.size <= SMALL_BYTES]
    # One alone first: where the store is away, the others need not find it out for themselves.
    if large and not send(large[0]):
        left += large
    elif large:
        sent = transfer.parallel(send, large[1:])
        left += [file for file, done in zip(large[1:], sent) if not done]
    transfer.write_files(service, datastore, left, overwrite, progress)


def send_file(
    service: WorkspaceConnection, datastore: str, file: Sized, overwrite: bool, told: Told
) -> bool:
    """Send a file to its store; say whether that was possible, or it must go through the service.

    Args:
        service: The workspace's client.
        datastore: Its name.
        file: The file with its path on the datastore.
        overwrite: Whether it replaces one that is there.
        told: Takes the bytes that have gone.

    Raises:
        AlreadyExists: It is there and `overwrite` is not given.
        RunyardError: The service or the store refused.
    """
    datastores = Datastores(service)
    before = uploads.moment(file.path)
    asked = BeginWrite(file.name, file.size, overwrite, version=uploads.version(file.path))
    try:
        plan = datastores.begin_write(datastore, asked)
        if not plan.parts:
            return False
        etags = _send_parts(datastores, datastore, file, asked, plan, told)
    except NoWay:
        return False
    done = EndWrite(file.name, file.size, plan.upload, etags, overwrite)
    try:
        datastores.end_write(datastore, done)
    except StoreRefused:
        # Of the upload nothing is left, and what there is is another file.
        return False
    uploads.check_still(file.path, before)
    return True


def download_many(
    service: WorkspaceConnection,
    datastore: str,
    fetches: Sequence[Fetch],
    progress: Progress,
) -> None:
    """Write files of a datastore to their places here, replacing what is there.

    Args:
        service: The workspace's client.
        datastore: Its name.
        fetches: What is fetched, each with its place here.
        progress: Counts bytes and files.

    Raises:
        RunyardError: The service or the store refused.
    """
    large = [each for each in fetches if _is_large(each)]
    rest = [each for each in fetches if not _is_large(each)]
    datastores = Datastores(service)
    known: Dict[str, StoreAddress] = {}
    for first in range(0, len(large), ASKED_AT_ONCE):
        asked = [each.segments[1] for each in large[first : first + ASKED_AT_ONCE]]
        known.update({each.path: each for each in datastores.addresses(datastore, asked)})

    def bring(fetch: Fetch) -> Optional[Fetch]:
        address = known.get(fetch.segments[1])
        try:
            if address is not None and _placed(address, fetch, progress):
                return None
        except (Ended, InvalidRequest):
            # Only this one: it waited too long for its turn, or the service says what it lacks.
            return fetch
        except NoWay:
            known.clear()
        return fetch

    left = [each for each in transfer.parallel(bring, large) if each is not None]
    transfer.download_many(service, [*rest, *left], overwrite=True, progress=progress)


def fetch_into(service: WorkspaceConnection, datastore: str, path: str, file: BinaryIO) -> bool:
    """Fetch a file from its store; say whether that was possible.

    Args:
        service: The workspace's client.
        datastore: The datastore's name.
        path: The file's path on it.
        file: Where it goes, empty and open for reading and writing; empty again if it was not.
    """
    found = Datastores(service).addresses(datastore, [path])
    try:
        if found and store_requests.receive(found[0], file, _untold):
            return True
    except (NoWay, InvalidRequest):
        pass
    file.seek(0)
    file.truncate()
    return False


def _untold(_size: int) -> None:
    """Nobody is told."""


def _is_large(fetch: Fetch) -> bool:
    return fetch.route is DATASTORES_READ and fetch.size > SMALL_BYTES


def _send_parts(
    datastores: Datastores,
    datastore: str,
    file: Sized,
    asked: BeginWrite,
    plan: WritePlan,
    told: Told,
) -> List[str]:
    """Send the parts of a file; give what the store calls each."""

    def send(number: int) -> str:
        address = plan.parts[number]
        with file.path.open("rb") as stream:
            if address.etag and store_requests.is_there(address, stream):
                told(address.size)
                return address.etag
            try:
                etag = store_requests.send(address, stream)
            except Gone:
                if not plan.upload:
                    raise
                # Another rank, which sends the same file, was done with the upload of both. Whether
                # the file is made of these parts is asked when all have been named.
                etag = store_requests.tag(address, stream)
            except Ended:
                # An hour has gone by: the same upload under new addresses.
                again = BeginWrite(asked.path, asked.size, asked.overwrite, plan.upload)
                fresh = datastores.begin_write(datastore, again).parts[number]
                etag = store_requests.send(fresh, stream)
        told(address.size)
        return etag

    try:
        return transfer.parallel(send, range(len(plan.parts)))
    except Exception as error:
        # Whoever is interrupted, or loses the store, goes on with it another time.
        if plan.upload and not isinstance(error, TemporaryError):
            _abandon(datastores, datastore, file, plan)
        raise


def _abandon(datastores: Datastores, datastore: str, file: Sized, plan: WritePlan) -> None:
    """Have the parts removed that came: a store keeps and charges them for ever."""
    try:
        given_up = EndWrite(file.name, file.size, plan.upload, abandoned=True)
        datastores.end_write(datastore, given_up)
    except RunyardError:
        # What is told is why the file could not be sent.
        return


def _placed(address: StoreAddress, fetch: Fetch, progress: Progress) -> bool:
    """Bring a file from its store to its place; False: it must come through the service."""
    fetch.target.parent.mkdir(parents=True, exist_ok=True)
    version = f"{address.size} {address.etag}" if address.etag else ""
    with PartFile(fetch.target, version) as part:
        try:
            came = part.receive(lambda file: store_requests.receive(address, file, progress.add))
        except RunyardError:
            # What comes by the service has a part of its own, and this one would stay.
            part.restart()
            raise
        if not came:
            # It was changed meanwhile: the service says which it is now.
            part.restart()
            return False
        part.place(fetch.executable)
    progress.add(0, 1)
    return True
