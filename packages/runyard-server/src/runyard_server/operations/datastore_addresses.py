"""Bytes that go from a client to a store and back without the service in between.

The service says where, and looks afterwards whether what came is what was announced. An address
opens one file for an hour; who was given one for a free path could still write over what somebody
else puts there meanwhile, which the store itself refuses only where the client asks it to.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from runyard.protocol.datastores import (
    AddressList,
    BeginWrite,
    DatastoreFile,
    EndWrite,
    PathList,
    StoreAddress,
    WritePlan,
)
from runyard.protocol.errors import InvalidRequest, StoreRefused
from runyard_server.core.clock import iso
from runyard_server.core.datastore_files import files_of, is_direct
from runyard_server.core.lookups import datastore_row
from runyard_server.core.system import System
from runyard_server.operations.datastore_lookups import taken
from runyard_server.store import together
from runyard_server.store.trees import Tree

if TYPE_CHECKING:
    from runyard_server.store.objects.files import ObjectFiles
    from runyard_server.store.objects.unfinished import Unfinished

_MOST_PATHS = 1000
# What S3 takes, and the others nearly so.
_LARGEST_BYTES = 5 << 40


def _any(_path: str) -> bool:
    """A user replaces whatever there is."""
    return True


def addresses(system: System, workspace: str, datastore: str, body: PathList) -> AddressList:
    """Where a store gives files itself; none where only the service can.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        datastore: Name of the datastore.
        body: The files.

    Raises:
        InvalidRequest: Too many are asked for.
    """
    if len(body.paths) > _MOST_PATHS:
        raise InvalidRequest(
            f"{len(body.paths)} addresses were asked for; {_MOST_PATHS} are possible"
        )
    files = _direct(system, workspace, datastore)
    if files is None:
        return AddressList([])
    from runyard_server.store.objects.addresses import read_address

    def of(path: str) -> StoreAddress | None:
        known = files.look(path)
        if known is None:
            return None
        url = read_address(files.place, files.key(path))
        return StoreAddress(url, path, known.size, etag=known.etag)

    return AddressList([each for each in together.each(of, body.paths) if each is not None])


def begin_write(
    system: System,
    workspace: str,
    datastore: str,
    body: BeginWrite,
    replaces: Callable[[str], bool] = _any,
) -> WritePlan:
    """Where a store takes a file itself; nowhere where only the service can.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        datastore: Name of the datastore.
        body: The file.
        replaces: Which files the caller may replace at all.

    Raises:
        AlreadyExists: It is there and `overwrite` is False.
        Forbidden: It is there and the caller may not replace it.
    """
    files = _direct(system, workspace, datastore)
    if files is None:
        return WritePlan([])
    if not 0 <= body.size <= _LARGEST_BYTES:
        raise InvalidRequest(f"no store takes a file of {body.size} bytes")
    overwrite = _check_free(files, datastore, body.path, body.overwrite, replaces)
    from runyard_server.store.objects import addresses as signed

    if body.version and not body.upload:
        return _unfinished(files).plan(body.path, body.size, body.version, overwrite=overwrite)
    key = files.key(body.path)
    return signed.plan(files.place, key, body.path, body.size, body.upload, overwrite=overwrite)


def end_write(
    system: System,
    workspace: str,
    datastore: str,
    body: EndWrite,
    replaces: Callable[[str], bool] = _any,
) -> DatastoreFile:
    """Make a file of what a store has taken, and look whether it is whole.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        datastore: Name of the datastore.
        body: The file and its parts.
        replaces: Which files the caller may replace at all.

    Raises:
        AlreadyExists: It is there by now and `overwrite` is False.
        Forbidden: It is there and the caller may not replace it.
        InvalidRequest: Parts are missing, or it is of another size.
    """
    files = _direct(system, workspace, datastore)
    if files is None:
        raise InvalidRequest(f"files of datastore {datastore!r} are written through the service")
    if body.upload:
        _join(files, datastore, body, replaces)
    if body.abandoned:
        return DatastoreFile(body.path, 0)
    known = files.look(body.path)
    if known is None or known.size != body.size:
        came = "nothing" if known is None else f"{known.size} bytes"
        raise InvalidRequest(
            f"{body.path!r} was said to have {body.size} bytes, and {came} came to the store: send "
            "it again"
        )
    return DatastoreFile(known.path, known.size, iso(known.modified_at), known.etag)


def _join(
    files: "ObjectFiles", datastore: str, body: EndWrite, replaces: Callable[[str], bool]
) -> None:
    from runyard_server.store.objects import addresses as signed

    place, key = files.place, files.key(body.path)
    notes = _unfinished(files)
    if body.abandoned:
        if notes.give_up(body.upload):
            signed.abandon(place, key, body.upload)
            notes.forget(body.upload)
        return
    overwrite = _check_free(files, datastore, body.path, body.overwrite, replaces)
    try:
        signed.complete(place, key, body.size, body.upload, body.etags, overwrite=overwrite)
    except FileExistsError:
        raise taken(datastore, body.path, closed=False) from None
    except StoreRefused:
        # A part is damaged or gone: the next upload of it begins anew.
        notes.forget(body.upload)
        raise
    notes.forget(body.upload)


def _unfinished(files: "ObjectFiles") -> "Unfinished":
    from runyard_server.store.objects.unfinished import Unfinished

    return Unfinished(files)


def _check_free(
    files: "ObjectFiles",
    datastore: str,
    path: str,
    asked: bool,
    replaces: Callable[[str], bool],
) -> bool:
    """Refuse a file that may not be replaced; say whether one may be."""
    overwrite = asked and replaces(path)
    if not overwrite and files.look(path) is not None:
        raise taken(datastore, path, closed=asked)
    return overwrite


def _direct(system: System, workspace: str, datastore: str) -> "ObjectFiles | None":
    """The files of a datastore whose store can be asked by signed addresses."""
    row = system.read(lambda work: datastore_row(work, workspace, datastore))
    if not is_direct(system, row):
        return None
    files = files_of(system, workspace, datastore)
    return None if isinstance(files, Tree) else files
