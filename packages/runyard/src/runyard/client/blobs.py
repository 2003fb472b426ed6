"""Blobs: contents by their digest, of which files, snapshots and models are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runyard.client.workspace_connection import NounClient
from runyard.protocol import files as routes
from runyard.protocol.files import BlobList, BlobQuery

if TYPE_CHECKING:
    from typing import BinaryIO, List, Optional, Sequence, Union

    from runyard.client.download import Download
    from runyard.protocol.files import BatchResult, MissingBlobList


class Blobs(NounClient):
    """The contents that a workspace has, by SHA-256 in hex."""

    def missing(self, digests: Sequence[str]) -> List[str]:
        """Ask which of these contents are not stored."""
        return self.look(digests).digests

    def look(self, digests: Sequence[str]) -> MissingBlobList:
        """Ask which of these contents are not stored, and of which a part has come."""
        return self._service.call(routes.BLOBS_MISSING, body=BlobList(list(digests)))

    def begun(self, digest: str) -> Optional[int]:
        """Ask how many bytes of a content have come; None if it is stored."""
        found = self.look([digest])
        return found.begun.get(digest, 0) if found.digests else None

    def write(self, digest: str, data: Union[bytes, BinaryIO], size: int, offset: int = 0) -> None:
        """Store a content.

        Args:
            digest: Its digest.
            data: Its bytes, or a stream that stands at the first of them.
            size: How many they are.
            offset: Where they begin in it, if what is before has come already.

        Raises:
            InvalidRequest: The bytes have another digest.
            WrongState: Less than `offset` bytes have come; `details["size"]` is how many have.
        """
        query = BlobQuery(offset)
        self._service.send(routes.BLOBS_WRITE, digest, data=data, size=size, query=query)

    def write_many(self, data: bytes) -> BatchResult:
        """Store many small contents, joined as `protocol.batches` says; what is wrong is named."""
        return self._service.send(routes.BLOBS_WRITE_MANY, data=data, size=len(data))

    def open(self, digest: str) -> Download:
        """Open a content for reading in a `with` block.

        Raises:
            BlobNotFound: It is not stored.
        """
        return self._service.open(routes.BLOBS_READ, digest)

    def read_many(self, digests: Sequence[str]) -> bytes:
        """Read many contents in one answer, joined as `protocol.batches` says."""
        return self._service.read(routes.BLOBS_READ_MANY, body=BlobList(list(digests)))
