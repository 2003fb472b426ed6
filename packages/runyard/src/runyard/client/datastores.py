"""Datastores: listed and looked up, and the files on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from runyard.client.paging import FILES_PAGE, Listing
from runyard.client.workspace_connection import NounClient
from runyard.protocol import datastores as routes
from runyard.protocol.datastores import DatastoreFileQuery, PathList, WriteQuery

if TYPE_CHECKING:
    from typing import BinaryIO, List, Sequence, Union

    from runyard.client.download import Download
    from runyard.client.run_exports import Export
    from runyard.protocol.datastores import (
        BeginWrite,
        DatastoreFile,
        DatastoreRecord,
        EndWrite,
        RegisterDatastore,
        StoreAddress,
        WritePlan,
    )
    from runyard.protocol.files import BatchResult


class Datastores(NounClient):
    """The datastores of a workspace, by name."""

    def list(self) -> List[DatastoreRecord]:
        """List the datastores, by name."""
        return self._service.call(routes.DATASTORES_LIST).items

    def get(self, name: str) -> DatastoreRecord:
        """Find a datastore.

        Raises:
            DatastoreNotFound: There is none of that name; the message names the nearest.
        """
        return self._service.call(routes.DATASTORES_GET, name)

    def archive(self, name: str, folder: str = "") -> Export:
        """Begin to read a folder as a ZIP archive, piece by piece, while the service makes it.

        Args:
            name: The datastore.
            folder: A folder on it; "" for all its files.

        Raises:
            DatastorePathNotFound: The folder has no file.
            InvalidRequest: It has more than an archive may hold.
        """
        from runyard.client import run_exports

        return run_exports.archive(self._service, routes.DATASTORES_ARCHIVE, name, folder)

    def register(self, asked: RegisterDatastore) -> DatastoreRecord:
        """Register a bucket or a container as a datastore.

        Raises:
            AlreadyExists: There is one of that name, and `overwrite` is not given.
            StoreRefused: The store does not let the service in; the message has its reason.
        """
        return self._service.call(routes.DATASTORES_REGISTER, body=asked)

    def unregister(self, name: str) -> None:
        """Forget a registered datastore; its files stay in their store.

        Raises:
            DatastoreNotFound: There is none of that name; the message names the nearest.
            WrongState: It is the workspace's default, or a folder of the service.
        """
        self._service.call(routes.DATASTORES_UNREGISTER, name)

    def files(
        self, name: str, prefix: str = "", limit: Optional[int] = None
    ) -> Listing[DatastoreFile]:
        """List files on a datastore, by path.

        Args:
            name: The datastore.
            prefix: Only paths that begin so.
            limit: At most so many; None is all.

        Raises:
            DatastoreNotFound: There is none of that name.
        """
        return Listing(
            lambda query: self._service.call(routes.DATASTORES_FILES, name, query=query),
            DatastoreFileQuery(prefix, FILES_PAGE),
            limit,
        )

    def open(self, name: str, path: str) -> Download:
        """Open a file for reading in a `with` block.

        Raises:
            DatastorePathNotFound: There is none at that path.
        """
        return self._service.open(routes.DATASTORES_READ, name, path)

    def write(
        self,
        name: str,
        path: str,
        data: Union[bytes, BinaryIO],
        size: int,
        overwrite: bool = False,
    ) -> DatastoreFile:
        """Write a file, whole or not at all.

        Args:
            name: The datastore.
            path: The file's path on it.
            data: Its bytes, or a stream that stands at the first of them.
            size: How many they are.
            overwrite: Replace a file that is there.

        Raises:
            AlreadyExists: A file is there, and `overwrite` is not given.
        """
        query = WriteQuery(overwrite=overwrite)
        return self._service.send(
            routes.DATASTORES_WRITE, name, path, data=data, size=size, query=query
        )

    def remove(self, name: str, path: str) -> None:
        """Remove a file.

        Raises:
            DatastorePathNotFound: There is none at that path.
        """
        self._service.call(routes.DATASTORES_REMOVE, name, path)

    def write_part(
        self, name: str, path: str, data: bytes, offset: int, part_of: WriteQuery
    ) -> DatastoreFile:
        """Write a part of a file; it is there once all parts have come, in order.

        Args:
            name: The datastore.
            path: The file's path on it.
            data: The part; what of it has come before is passed over.
            offset: Where it stands in the file.
            part_of: The file's size, its version, and whether it replaces one that is there.

        Returns:
            The file; its size is how many bytes have come.

        Raises:
            AlreadyExists: A file is there, and `overwrite` is not given.
            WrongState: Bytes before `offset` are missing; `details["size"]` tells how many came.
        """
        query = WriteQuery(part_of.overwrite, offset, part_of.size, part_of.version)
        return self._service.send(
            routes.DATASTORES_WRITE, name, path, data=data, size=len(data), query=query
        )

    def write_rest(
        self, name: str, path: str, data: BinaryIO, size: int, offset: int, part_of: WriteQuery
    ) -> DatastoreFile:
        """Write all of a file that has not come yet.

        Args:
            name: The datastore.
            path: The file's path on it.
            data: A stream that stands at the first byte of the rest.
            size: How many bytes that is.
            offset: Where it begins in the file.
            part_of: The file's size, its version, and whether it replaces one that is there.

        Raises:
            AlreadyExists: A file is there, and `overwrite` is not given.
            WrongState: Bytes before `offset` are missing; `details["size"]` tells how many came.
        """
        query = WriteQuery(part_of.overwrite, offset, part_of.size, part_of.version)
        return self._service.send(
            routes.DATASTORES_WRITE, name, path, data=data, size=size, query=query
        )

    def write_many(self, name: str, data: bytes, overwrite: bool = False) -> BatchResult:
        """Write many small files, each whole or not at all.

        Args:
            name: The datastore.
            data: Paths and contents, joined as `protocol.batches` says.
            overwrite: Replace files that are there.

        Returns:
            How many are on disk now, and which were refused and why.
        """
        query = WriteQuery(overwrite=overwrite)
        return self._service.send(
            routes.DATASTORES_WRITE_MANY, name, data=data, size=len(data), query=query
        )

    def read_many(self, name: str, paths: Sequence[str]) -> bytes:
        """Read many files in one answer, joined as `protocol.batches` says."""
        body = PathList(list(paths))
        return self._service.read(routes.DATASTORES_READ_MANY, name, body=body)

    def addresses(self, name: str, paths: Sequence[str]) -> List[StoreAddress]:
        """Ask where a store itself gives files; those that are not there have no address."""
        body = PathList(list(paths))
        return self._service.call(routes.DATASTORES_ADDRESSES, name, body=body).items

    def begin_write(self, name: str, asked: BeginWrite) -> WritePlan:
        """Ask where a store itself takes a file.

        Raises:
            AlreadyExists: It is there, and `overwrite` is not given.
        """
        return self._service.call(routes.DATASTORES_BEGIN_WRITE, name, body=asked)

    def end_write(self, name: str, done: EndWrite) -> DatastoreFile:
        """Make a file of the parts that a store has taken.

        Raises:
            AlreadyExists: It is there by now, and `overwrite` is not given.
            InvalidRequest: Parts are missing, or of another size.
        """
        return self._service.call(routes.DATASTORES_END_WRITE, name, body=done)
