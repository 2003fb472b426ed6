"""Contents by their SHA-256: written whole or not at all, never changed, never twice.

A blob lies at `sha256/ab/cdef…`. It is written under a temporary name in `.incoming` while its
digest is computed, synced, made read-only and renamed; writers of the same content do not disturb
one another, since the last rename puts the same bytes in place.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from runyard.protocol import paths
from runyard.protocol.errors import BlobNotFound, InvalidRequest
from runyard_server.store import batch_logs, together
from runyard_server.store.arrived import Arrived, received
from runyard_server.store.batch_logs import FOLDER
from runyard_server.store.folders import (
    INCOMING,
    Body,
    Reading,
    full_disk,
    sync,
    sync_folder,
)
from runyard_server.store.uploads import Draft, sizes

# Jobs and replicas may have links of these files: who writes to one must fail.
READ_ONLY = 0o444
_DIGEST = re.compile(r"[0-9a-f]{64}")


class FolderBlobs:
    """Blobs in a folder of this machine; every method may be called from any thread.

    Args:
        root: The folder, made when first needed.

    Attributes:
        where: The store that they are in instead, "" for the folder.
    """

    where = ""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._root = str(root)
        self.incoming = root / INCOMING
        self._logs = batch_logs.of(root / FOLDER)

    def claim(self, owner: str) -> None:
        """Take the place for a service; a folder is its own already."""

    def move(self, is_over: Callable[[], bool]) -> int:  # noqa: ARG002 - for those in a store
        """Bring what is elsewhere to its place; return how many contents these were."""
        return 0

    def path(self, digest: str) -> Path:
        """The place of a blob, whether it is there or not.

        Raises:
            InvalidRequest: Not a SHA-256 in lower-case hex.
        """
        return Path(self._place(digest))

    def has(self, digest: str) -> bool:
        """Whether a blob is stored."""
        return together.is_there(self._place(digest))

    def missing(self, digests: Iterable[str]) -> list[str]:
        """Those of `digests` that are not stored, each once, in order."""
        return [digest for digest in dict.fromkeys(digests) if not self.has(digest)]

    def size(self, digest: str) -> int:
        """A stored blob's size in bytes.

        Raises:
            BlobNotFound: It is not stored.
        """
        try:
            return together.size(self._place(digest))
        except FileNotFoundError:
            raise BlobNotFound(f"no content with digest {digest} is stored here") from None

    def sizes(self, digests: Iterable[str]) -> dict[str, int]:
        """The sizes of those of `digests` that are stored."""
        found = {}
        for digest in digests:
            with suppress(BlobNotFound):
                found[digest] = self.size(digest)
        return found

    def local(self, digest: str) -> Path | None:
        """The file that a blob is, None where blobs are elsewhere."""
        return self.path(digest)

    def reading(self, digest: str, first: int, end: int) -> Reading:  # noqa: ARG002 - a file has its own end
        """The bytes of a blob.

        Args:
            digest: The blob.
            first: The first byte that is wanted.
            end: The byte behind the last one.

        Raises:
            FileNotFoundError: It is not stored.
        """
        file = self.path(digest).open("rb")
        file.seek(first)
        return file

    def small(self, digests: Iterable[str]) -> Iterator[Path | bytes | None]:
        """Small blobs one by one: where each lies, or its bytes; None for what is not there."""
        return map(self.path, digests)

    def address(self, _digest: str) -> str:
        """An address by which a blob can be read past the service, "" where there is none."""
        return ""

    def space(self) -> tuple[int, int]:
        """The bytes of all blobs that are not files of this machine, and how many they are."""
        return 0, 0

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

    def remove_many(self, digests: Iterable[str]) -> int:
        """Remove blobs; return the bytes that are free then. See `remove`."""
        return sum(map(self.remove, digests))

    def write(self, digest: str, body: Body) -> int:
        """Store what `body` gives and return its size in bytes.

        Raises:
            InvalidRequest: The bytes have another digest.
            StorageFull: No space is left; nothing is kept.
        """
        self._place(digest)
        what = f"content {digest[:12]}…"
        with full_disk(what), received(body, self.incoming, hashed=True) as given:
            if given.digest != digest:
                raise InvalidRequest(_other_digest(str(given.digest), digest, given.size))
            self._settle(given, digest)
        return given.size

    def _settle(self, whole: Arrived, digest: str) -> None:
        """Store what has come whole and is what its digest says."""
        place = self.path(digest)
        os.fchmod(whole.file.fileno(), READ_ONLY)
        sync(whole.file)
        place.parent.mkdir(parents=True, exist_ok=True)
        whole.path.replace(place)
        sync_folder(place.parent)

    def draft(self, digest: str) -> Draft:
        """What has come of a content whose upload broke off.

        Raises:
            InvalidRequest: Not a SHA-256 in lower-case hex.
        """
        self._place(digest)
        return Draft(self.root / paths.draft(digest), 0)

    def begun(self, digests: Iterable[str]) -> dict[str, int]:
        """How many bytes have come of those of which an upload broke off."""
        return sizes(self.root / paths.UPLOADS, digests)

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
        present: set[str] = set()
        self.incoming.mkdir(parents=True, exist_ok=True)
        with full_disk("a batch of contents"):
            try:
                for group in together.groups(contents):
                    self._put_group(group, stored, refused, present)
            finally:
                # Another request may have renamed a large one just now, and not synced it yet.
                together.sync_folders(present)
        return len(stored), {digest: why for digest, why in refused.items() if digest not in stored}

    def _put_group(
        self,
        group: list[tuple[str, bytes]],
        stored: set[str],
        refused: dict[str, str],
        present: set[str],
    ) -> None:
        """Store a group of contents; note which are, which are not, and folders of those there."""
        fresh = {}
        for digest, data in group:
            if why := self._refusal(digest, data):
                refused[digest] = why
            elif together.is_there(self._place(digest)):
                present.add(self._place(digest).rpartition("/")[0])
                stored.add(digest)
            else:
                fresh[digest] = data
        self._put(fresh)
        stored.update(fresh)

    def recover(self) -> int:
        """Write anew what batches have lost with the machine; return how many these were.

        Before anything is read or written here, and only by who holds the folder.
        """
        return self._logs.recover(self._repair)

    def _repair(self, digest: str, data: bytes, anew: bool) -> None:
        if self._refusal(digest, data):
            # Of a log that was never acknowledged a power cut may have left holes.
            return
        place = Path(self._place(digest))
        with suppress(OSError):
            if not anew and place.read_bytes() == data:
                with place.open("rb") as file:
                    os.fsync(file.fileno())
                return
        self.incoming.mkdir(parents=True, exist_ok=True)
        made = together.write(str(self.incoming), str(place), data, READ_ONLY, overwrite=True)
        together.sync_folders(made)

    def _place(self, digest: str) -> str:
        """A blob's place as text: thousands are asked for at once, and paths cost more."""
        if not _DIGEST.fullmatch(digest):
            raise InvalidRequest(
                f"{digest[:80]!r} is not a digest: 64 lower-case hex digits of SHA-256 are needed"
            )
        return f"{self._root}/{paths.content(digest)}"

    def _refusal(self, digest: str, data: bytes) -> str:
        """Why a content is not taken, "" if it is."""
        found = hashlib.sha256(data).hexdigest()
        if found == digest:
            return ""
        # Tells a name that is no digest from bytes that were changed on the way.
        try:
            self._place(digest)
        except InvalidRequest as error:
            return error.message
        return _other_digest(found, digest, len(data))

    def _put(self, contents: Mapping[str, bytes]) -> None:
        """Store contents that are not there, and are what their digests say."""
        if not contents:
            return
        log = self._logs.begin(contents.items())
        drafts = {}
        named = False
        try:
            for digest, data in contents.items():
                drafts[digest] = together.draft(str(self.incoming), data, READ_ONLY)
            # Whoever sees a content under its name counts on it: its log must be on the disk.
            done = log.result()
            for digest in contents:
                together.name(drafts[digest], self._place(digest))
                del drafts[digest]
                named = True
            self._logs.finish(done, self._repair)
        except BaseException:
            if named:
                # Those are there for everybody by now, and nothing but the log is on the disk.
                self._logs.finish(log.result(), self._repair)
            else:
                self._logs.drop(log)
            for draft in drafts.values():
                Path(draft).unlink(missing_ok=True)
            raise

    def add(self, body: Body) -> tuple[str, int]:
        """Store what `body` gives; return its digest and size in bytes."""
        with full_disk("a content"), received(body, self.incoming, hashed=True) as given:
            digest = str(given.digest)
            self._settle(given, digest)
        return digest, given.size


def _other_digest(found: str, digest: str, size: int) -> str:
    return (
        f"the content has digest {found}, not {digest}: it was changed or cut while it was read or "
        f"sent ({size} bytes came); send it again"
    )
