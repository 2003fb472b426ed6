"""Contents by their SHA-256: written whole or not at all, never changed, never twice.

A blob lies at `sha256/ab/cdef…`. It is written under a temporary name in `.incoming` while its
digest is computed, synced, made read-only and renamed; writers of the same content do not disturb
one another, since the last rename puts the same bytes in place.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from runyard.protocol import paths
from runyard.protocol.errors import BlobNotFound, InvalidRequest
from runyard_server.store import together
from runyard_server.store.arrived import received
from runyard_server.store.folders import (
    INCOMING,
    Body,
    full_disk,
    sync,
    sync_folder,
)
from runyard_server.store.uploads import UPLOADS, Draft, sizes

# Jobs and replicas may have links of these files: who writes to one must fail.
READ_ONLY = 0o444
_DIGEST = re.compile(r"[0-9a-f]{64}")


class FolderBlobs:
    """Blobs in a folder of this machine; every method may be called from any thread.

    Args:
        root: The folder, made when first needed.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.incoming = root / INCOMING

    def path(self, digest: str) -> Path:
        """The place of a blob, whether it is there or not.

        Raises:
            InvalidRequest: Not a SHA-256 in lower-case hex.
        """
        if not _DIGEST.fullmatch(digest):
            raise InvalidRequest(
                f"{digest[:80]!r} is not a digest: 64 lower-case hex digits of SHA-256 are needed"
            )
        return self.root / paths.content(digest)

    def has(self, digest: str) -> bool:
        """Whether a blob is stored."""
        # Tells a name that is no digest from bytes that were changed on the way.
        return self.path(digest).is_file()

    def missing(self, digests: Iterable[str]) -> list[str]:
        """Those of `digests` that are not stored, each once, in order."""
        return [digest for digest in dict.fromkeys(digests) if not self.has(digest)]

    def size(self, digest: str) -> int:
        """A stored blob's size in bytes.

        Raises:
            BlobNotFound: It is not stored.
        """
        try:
            return self.path(digest).stat().st_size
        except FileNotFoundError:
            raise BlobNotFound(f"no content with digest {digest} is stored here") from None

    def stored(self) -> Iterator[str]:
        """The digests of all that is stored, in any order."""
        top = self.path("0" * 64).parent.parent
        for folder in sorted(top.iterdir()) if top.is_dir() else ():
            for entry in sorted(folder.iterdir()):
                digest = folder.name + entry.name
                if _DIGEST.fullmatch(digest):
                    yield digest

    def remove(self, digest: str) -> int:
        """Remove a blob; return the bytes that are free then, 0 where there was none.

        Only the collector may: see `execution.collecting`.
        """
        place = self.path(digest)
        try:
            size = place.stat().st_size
            place.unlink()
        except FileNotFoundError:
            return 0
        return size

    def write(self, digest: str, body: Body) -> int:
        """Store what `body` gives and return its size in bytes.

        Raises:
            InvalidRequest: The bytes have another digest.
            StorageFull: No space is left; nothing is kept.
        """
        place = self.path(digest)
        what = f"content {digest[:12]}…"
        with full_disk(what), received(body, self.incoming, hashed=True) as given:
            if given.digest != digest:
                raise InvalidRequest(_other_digest(str(given.digest), digest, given.size))
            _settle(given.file, given.path, place)
        return given.size

    def draft(self, digest: str) -> Draft:
        """What has come of a content whose upload broke off.

        Raises:
            InvalidRequest: Not a SHA-256 in lower-case hex.
        """
        self.path(digest)
        return Draft(self.root / UPLOADS, digest, 0)

    def begun(self, digests: Iterable[str]) -> dict[str, int]:
        """How many bytes have come of those of which an upload broke off."""
        return sizes(self.root / UPLOADS, digests)

    def write_many(self, contents: Iterable[tuple[str, bytes]]) -> tuple[int, dict[str, str]]:
        """Store many small contents; return how many are on disk now, and why others are not.

        Each is checked by itself. What was given before `contents` raises is stored all the same,
        so that nothing needs to be sent twice.

        Args:
            contents: Digests and bytes, taken as they come and never all in memory.

        Raises:
            StorageFull: No space is left.
        """
        stored: set[str] = set()
        refused: dict[str, str] = {}
        changed: set[str] = set()
        self.incoming.mkdir(parents=True, exist_ok=True)
        with full_disk("a batch of contents"):
            try:
                for group in together.groups(contents):
                    for digest, folders, why in together.each(self._put, group):
                        changed.update(folders)
                        if why:
                            refused[digest] = why
                        else:
                            stored.add(digest)
            finally:
                together.sync_folders(changed)
        return len(stored), {digest: why for digest, why in refused.items() if digest not in stored}

    def _put(self, content: tuple[str, bytes]) -> tuple[str, list[str], str]:
        """Store one content; give its digest, the folders to sync, and why it is refused."""
        digest, data = content
        found = hashlib.sha256(data).hexdigest()
        if found != digest:
            try:
                self.path(digest)
            except InvalidRequest as error:
                return digest, [], error.message
            return digest, [], _other_digest(found, digest, len(data))
        place = f"{self.root}/{paths.content(digest)}"
        folder = place.rpartition("/")[0]
        if together.is_there(place):
            # Another request may have renamed it just now and not synced the folder yet.
            return digest, [folder], ""
        incoming = str(self.incoming)
        return digest, together.write(incoming, place, data, READ_ONLY, overwrite=True), ""

    def add(self, body: Body) -> tuple[str, int]:
        """Store what `body` gives; return its digest and size in bytes."""
        with full_disk("a content"), received(body, self.incoming, hashed=True) as given:
            digest = str(given.digest)
            _settle(given.file, given.path, self.path(digest))
        return digest, given.size


def _other_digest(found: str, digest: str, size: int) -> str:
    return (
        f"the content has digest {found}, not {digest}: it was changed or cut while it was read or "
        f"sent ({size} bytes came); send it again"
    )


def _settle(file: BinaryIO, path: Path, place: Path) -> None:
    """Rename a complete temporary file to its lasting name."""
    os.fchmod(file.fileno(), READ_ONLY)
    sync(file)
    place.parent.mkdir(parents=True, exist_ok=True)
    path.replace(place)
    sync_folder(place.parent)
