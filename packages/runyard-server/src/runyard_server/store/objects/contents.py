"""Contents by digest in a bucket or container, under the names that a folder of them has.

A folder of this machine has what is on its way: bodies as they come, drafts of those that broke
off, and whatever was stored there before the store was set, until it has been moved. So a content
is looked for there first, and is acknowledged when the store has it whole.

Nothing about contents is remembered here. Several processes share a store, and one that remembered
what was there would not know what the one that leads has collected since.
"""

import hashlib
import json
import logging
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from runyard.protocol import paths
from runyard.protocol.datastores import AZURE
from runyard.protocol.errors import BlobNotFound, InvalidRequest, RunyardError, TemporaryError
from runyard_server.store import together
from runyard_server.store.arrived import Arrived
from runyard_server.store.blobs import FolderBlobs
from runyard_server.store.folders import Reading
from runyard_server.store.objects.addresses import read_address
from runyard_server.store.objects.files import ObjectFiles
from runyard_server.store.objects.places import Place

# Says whose contents these are: the collector of another service would remove them all.
OWNER = "runyard.json"
# The writer of the database waits while contents are removed, and everybody else for the writer.
_REMOVED_SECONDS = 5
_NAME = re.compile(rf"{paths.CONTENTS}/([0-9a-f]{{2}})/([0-9a-f]{{62}})")
_log = logging.getLogger(__name__)


class ObjectBlobs(FolderBlobs):
    """Blobs in an object store; every method may be called from any thread.

    Args:
        place: The bucket or container, or what is below a prefix in it.
        root: The folder of this machine where they arrive.
    """

    def __init__(self, place: Place, root: Path) -> None:
        super().__init__(root)
        self.place = place
        self.where = place.url
        self._files = ObjectFiles(place, root / paths.UPLOADS, "contents")
        self._removing = ObjectFiles(place, root / paths.UPLOADS, "contents", _REMOVED_SECONDS)

    def claim(self, owner: str) -> None:
        """Take the place for a service, unless another one has it.

        Args:
            owner: What tells the service from others.

        Raises:
            InvalidRequest: Another service has its contents there.
            StoreRefused: The store does not let the service read and write.
            TemporaryError: It does not answer.
        """
        told = json.dumps({"product": "runyard", "service": owner}).encode()
        with suppress(FileExistsError):
            self._files.put(OWNER, told, overwrite=False)
        if next(self._files.contents([OWNER])) != told:
            raise InvalidRequest(
                f"{self.place.url} has the contents of another service, and each would remove the "
                "other's as nobody's: name a prefix of its own in blobs. If this one was restored "
                f"in the place of that one, which never runs again, remove {OWNER} there first"
            )

    def has(self, digest: str) -> bool:
        """Whether a blob is stored."""
        return super().has(digest) or self._files.look(paths.content(digest)) is not None

    def missing(self, digests: Iterable[str]) -> list[str]:
        """Those of `digests` that are not stored, each once, in order."""
        wanted = list(dict.fromkeys(digests))
        there = together.each(self.has, wanted)
        return [digest for digest, is_there in zip(wanted, there, strict=True) if not is_there]

    def size(self, digest: str) -> int:
        """A stored blob's size in bytes.

        Raises:
            BlobNotFound: It is not stored.
        """
        with suppress(BlobNotFound):
            return super().size(digest)
        known = self._files.look(paths.content(digest))
        if known is None:
            raise BlobNotFound(f"no content with digest {digest} is stored in {self.place.url}")
        return known.size

    def sizes(self, digests: Iterable[str]) -> dict[str, int]:
        """The sizes of those of `digests` that are stored."""
        found: dict[str, int] = {}
        for one in together.each(super().sizes, [[digest] for digest in dict.fromkeys(digests)]):
            found |= one
        return found

    def local(self, digest: str) -> None:
        """No file: one that is still here may be moved before it is opened."""
        self._place(digest)

    def reading(self, digest: str, first: int, end: int) -> Reading:
        """The bytes of a blob.

        Args:
            digest: The blob.
            first: The first byte that is wanted.
            end: The byte behind the last one.

        Raises:
            FileNotFoundError: It is not stored.
        """
        with suppress(FileNotFoundError):
            return super().reading(digest, first, end)
        return self._files.read(paths.content(digest), first, end)

    def small(self, digests: Iterable[str]) -> Iterator[Path | bytes | None]:
        """Small blobs one by one; None for what is not there."""
        wanted = list(digests)
        found = self._files.contents(self._name(digest) for digest in wanted)
        for digest, data in zip(wanted, found, strict=True):
            yield self.path(digest) if data is None else data

    def address(self, digest: str) -> str:
        """An address by which a blob can be read past the service, "" where there is none."""
        opens = "account_key" if self.place.kind == AZURE else ""
        # A token that opens the whole container cannot be given away for one content.
        signs = self.place.credential(opens) if opens else self.place.credentials
        if not signs or super().has(digest):
            return ""
        return read_address(self.place, self._files.key(paths.content(digest)))

    def space(self) -> tuple[int, int]:
        """The bytes of all blobs in the store, and how many they are."""
        size = count = 0
        for each in self._files.everything(f"{paths.CONTENTS}/"):
            size, count = size + each.size, count + 1
        return size, count

    def stored(self) -> Iterator[str]:
        """The digests of all that is stored, in any order."""
        yield from super().stored()
        for each in self._files.everything(f"{paths.CONTENTS}/"):
            named = _NAME.fullmatch(each.path)
            if named and not super().has(named[1] + named[2]):
                yield named[1] + named[2]

    def remove(self, digest: str) -> int:
        """Remove a blob; return the bytes that are free then, 0 where there was none."""
        here = super().remove(digest)
        name = paths.content(digest)
        known = self._removing.look(name)
        if known is not None:
            self._removing.remove(name)
        return known.size if known is not None else here

    def remove_many(self, digests: Iterable[str]) -> int:
        """Remove blobs; return the bytes that are free then.

        One that the store does not remove now is found to be loose by the next pass again. A store
        that is away is not asked for the others.
        """
        away = threading.Event()

        def remove(digest: str) -> int:
            if away.is_set():
                return 0
            try:
                return self.remove(digest)
            except RunyardError as error:
                if isinstance(error, TemporaryError):
                    away.set()
                # Raised, it would take back the marks of those that are gone.
                _log.warning("content %s could not be removed: %s", digest, error)
                return 0

        return sum(together.each(remove, digests))

    def write_many(self, contents: Iterable[tuple[str, bytes]]) -> tuple[int, dict[str, str]]:
        """Store many small contents; return how many are stored now, and why others are not.

        Args:
            contents: Digests and bytes, taken as they come and never all in memory.
        """
        stored: set[str] = set()
        refused: dict[str, str] = {}

        def put(one: tuple[str, bytes]) -> None:
            if why := self._refusal(*one):
                refused[one[0]] = why
                return
            # The same bytes once more where they are there already: cheaper than asking first.
            self._files.put(paths.content(one[0]), one[1], overwrite=True)
            stored.add(one[0])

        for group in together.groups(contents):
            together.each(put, group)
        return len(stored), {digest: why for digest, why in refused.items() if digest not in stored}

    def move(self, is_over: Callable[[], bool]) -> int:
        """Bring what the folder has to the store; return how many contents these were.

        Args:
            is_over: Asked before each: whether to leave the rest to the next start.
        """
        moved = 0
        for digest in super().stored():
            if is_over():
                break
            place = self.path(digest)
            # The collector may be quicker.
            with suppress(FileNotFoundError):
                with place.open("rb") as file:
                    found = hashlib.file_digest(file, "sha256").hexdigest()
                if found != digest:
                    _log.warning("%s is damaged, and stays where it is", place)
                    continue
                self._files.send(paths.content(digest), place, overwrite=True)
                place.unlink()
                moved += 1
        return moved

    def _settle(self, whole: Arrived, digest: str) -> None:
        try:
            self._files.write(self._name(digest), whole, overwrite=True)
        except RunyardError:
            # Who sends it again need not send its bytes again.
            whole.keep()
            raise

    def _name(self, digest: str) -> str:
        """The name of a blob in the store.

        Raises:
            InvalidRequest: Not a SHA-256 in lower-case hex.
        """
        self._place(digest)
        return paths.content(digest)
