"""The files of a datastore in an object store: the verbs of `store.trees.Tree`, over obstore.

A file is there whole or not at all, for that is how stores take them. Two things are unlike a
folder: a write of a large file that must not replace another looks first and then writes, for no
store can do both in one step for parts; and what consoles leave to show a folder, an empty
object whose key ends in a slash, is no file and not listed.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Literal, Self

import obstore
from obstore import exceptions

from runyard.protocol.batches import MOST_CONTENT_BYTES
from runyard.protocol.datastores import S3
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.paths import escaped, unescaped, unfit
from runyard_server.store import together
from runyard_server.store.arrived import Arrived
from runyard_server.store.folders import CHUNK, Body, checked, is_text
from runyard_server.store.objects import s3
from runyard_server.store.objects.opening import SECONDS, Store, failures, opened
from runyard_server.store.objects.places import Known, Place
from runyard_server.store.trees import TreeFile

# What is sent in one request, and so can be refused by the store itself when it is there already.
WHOLE_BYTES = 16 << 20
_PART_BYTES = 8 << 20
# S3 takes 10,000 of a file.
_MOST_PARTS = 9000
# Parts of one file at once: with their size the memory that it takes.
_PARTS_AT_ONCE = 4
_LIST_STEP = 1000
# Files of a batch that are fetched at once.
_READ_AT_ONCE = 64


class Reading:
    """The bytes of an object from one place to another, as a file is read.

    Args:
        chunks: They come as the store sends them.
        place: Which store, for messages.
    """

    def __init__(self, chunks: Iterator[Any], place: Place) -> None:
        self._chunks = chunks
        self._place = place
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._chunks = iter(())

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, b"" at the end."""
        if not self._rest:
            with failures(self._place, "a file broke off"):
                self._rest = bytes(next(self._chunks, b""))
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def skip(self, size: int) -> None:
        """Pass over so many bytes."""
        while size and (passed := self.read(size)):
            size -= len(passed)


class ObjectFiles:
    """What a bucket or container has below a place.

    Args:
        place: Where.
        drafts: A folder of this machine for files that come in parts.
        name: What drafts of this datastore are called apart from others'.
        seconds: How long one request to the store may take.
    """

    def __init__(self, place: Place, drafts: Path, name: str, seconds: int = SECONDS) -> None:
        self.place = place
        self._seconds = seconds
        self.drafts = drafts
        self.name = name

    @property
    def store(self) -> Store:
        """The store as obstore has it."""
        return opened(self.place, self._seconds)

    def page(self, prefix: str, after: str | None, limit: int) -> list[TreeFile]:
        """Up to `limit` files whose path begins with `prefix` and is above `after`; see Tree.

        Args:
            prefix: What their paths begin with.
            after: The last path that is known.
            limit: The most that are wanted.
        """
        first = self.place.key(unescaped(prefix))
        last = self.place.key(unescaped(after)) if after else ""
        with failures(self.place, "its files cannot be listed"):
            found = self._files(first, last)
            return list(islice(map(self._file, found), limit))

    def look(self, path: str) -> TreeFile | None:
        """What is known of a file, None if there is none at that path.

        Raises:
            InvalidRequest: The path is malformed.
        """
        key = self.key(path)
        try:
            with failures(self.place, f"{path!r} cannot be looked up"):
                return self._file(_known(obstore.head(self.store, key)))
        except FileNotFoundError:
            return None

    def read(self, path: str, first: int, end: int) -> Reading:
        """The bytes of a file from `first` to before `end`.

        Args:
            path: Its path.
            first: The first byte.
            end: The byte behind the last; there is at least one.

        Raises:
            FileNotFoundError: It has gone meanwhile.
        """
        if first == end:
            return Reading(iter(()), self.place)
        with failures(self.place, f"{path!r} cannot be read"):
            try:
                given = obstore.get(self.store, self.key(path), options={"range": (first, end)})
                return Reading(iter(given.stream(min_chunk_size=CHUNK)), self.place)
            except exceptions.GenericError as error:
                if "non-partial" not in str(error):
                    raise
            # `rclone serve s3` gives a range and calls it the whole, which obstore does not take.
            reading = Reading(iter(obstore.get(self.store, self.key(path)).stream()), self.place)
            reading.skip(first)
            return reading

    def contents(self, paths: Iterable[str]) -> Iterator[bytes | None]:
        """The contents of small files one by one, None for what is not there or is large."""
        wanted = iter(paths)
        while group := list(islice(wanted, _READ_AT_ONCE)):
            yield from together.each(self._content, group)

    def write(self, path: str, body: Body, *, overwrite: bool) -> int:
        """Write a file whole or not at all; return its size in bytes.

        Args:
            path: Its path, from outside.
            body: The bytes.
            overwrite: Whether a file that is there is replaced.

        Raises:
            FileExistsError: It is there and `overwrite` is False.
        """
        if isinstance(body, Arrived):
            # Behind what was written into it by another thread.
            body.file.flush()
            self.send(path, body.path, overwrite=overwrite)
            return body.size
        data = b"".join(iter(lambda: body.read(CHUNK), b""))
        self.put(path, data, overwrite=overwrite)
        return len(data)

    def adopt(self, path: str, file: Path, *, overwrite: bool) -> None:
        """Send a whole file of this machine, and remove it here; see `write`.

        Args:
            path: Its path, from outside.
            file: The file here.
            overwrite: Whether a file that is there is replaced.
        """
        self.send(path, file, overwrite=overwrite)
        file.unlink()

    def write_many(
        self, files: Iterable[tuple[str, bytes]], *, overwrite: Callable[[str], bool]
    ) -> tuple[int, list[tuple[str, Exception]]]:
        """Write many small files; return how many are there now, and why others are not.

        Args:
            files: Paths from outside, and their bytes.
            overwrite: Whether a file that is there is replaced, asked by its path.
        """

        def put(file: tuple[str, bytes]) -> tuple[str, Exception | None]:
            try:
                self.put(file[0], file[1], overwrite=overwrite(file[0]))
            except (InvalidRequest, FileExistsError) as error:
                return file[0], error
            return file[0], None

        refused: list[tuple[str, Exception]] = []
        written = 0
        for group in together.groups(files):
            for path, error in together.each(put, group):
                written += error is None
                refused += [(path, error)] if error is not None else []
        return written, refused

    def remove(self, path: str) -> bool:
        """Remove a file; say whether it was there."""
        # A store removes what is not there without a word.
        if self.look(path) is None:
            return False
        with failures(self.place, f"{path!r} cannot be removed"):
            obstore.delete(self.store, self.key(path))
        return True

    def everything(self, prefix: str) -> Iterator[TreeFile]:
        """All files whose path begins with `prefix`, a page of the store's at a time."""
        with failures(self.place, "its files cannot be listed"):
            last = ""
            for known in self._files(self.place.key(prefix), ""):
                file = self._file(known)
                # rclone lists one twice that several have written at once.
                if file.path != last:
                    yield file
                last = file.path

    def send(self, path: str, file: Path, *, overwrite: bool) -> None:
        """Write a file of this machine, which stays here; see `write`.

        Args:
            path: Its path, from outside.
            file: The file here.
            overwrite: Whether a file that is there is replaced.
        """
        size = file.stat().st_size
        if size <= WHOLE_BYTES:
            self.put(path, file.read_bytes(), overwrite=overwrite)
            return
        if not overwrite and self.look(path) is not None:
            raise FileExistsError(path)
        with failures(self.place, f"{path!r} cannot be written"):
            obstore.put(
                self.store,
                self.key(path),
                file,
                chunk_size=max(_PART_BYTES, -(-size // _MOST_PARTS)),
                max_concurrency=_PARTS_AT_ONCE,
            )

    def put(self, path: str, data: bytes, *, overwrite: bool) -> None:
        """Write a small file; see `write`.

        Args:
            path: Its path, from outside.
            data: Its bytes.
            overwrite: Whether a file that is there is replaced.
        """
        key = self.key(path)
        if not overwrite and self.look(path) is not None:
            # Asked first, for some servers take a write that is meant for a free name as any other.
            raise FileExistsError(path)
        with failures(self.place, f"{path!r} cannot be written"):
            mode: Literal["create", "overwrite"] = "overwrite" if overwrite else "create"
            obstore.put(self.store, key, data, mode=mode, use_multipart=False)

    def _content(self, path: str) -> bytes | None:
        try:
            with failures(self.place, f"{path!r} cannot be read"):
                given = obstore.get(self.store, self.key(path))
                fits = given.meta["size"] <= MOST_CONTENT_BYTES
                return bytes(given.bytes()) if fits else None
        except (FileNotFoundError, InvalidRequest):
            return None

    def key(self, path: str) -> str:
        """What the store calls a path from outside.

        Raises:
            InvalidRequest: It cannot be a path, or is none that stores take.
        """
        name = unescaped(checked(path))
        if not is_text(name) or any(sign < " " or sign == "\x7f" for sign in name):
            raise InvalidRequest(f"the path {path[:200]!r} cannot be used in an object store")
        return self.place.key(name)

    def _file(self, known: Known) -> TreeFile:
        path = escaped(self.place.path(known.key))
        return TreeFile(path, known.size, known.modified_at, known.etag)

    def _files(self, prefix: str, after: str) -> Iterator[Known]:
        """The objects in order whose key begins with `prefix`, above `after`."""
        listed = s3.listed if self.place.kind == S3 else self._listed
        for each in listed(self.place, prefix, after):
            is_wanted = each.key > after and each.key.startswith(prefix)
            if is_wanted and not _unfit(self.place.path(each.key)):
                yield each

    def _listed(self, place: Place, prefix: str, after: str) -> Iterator[Known]:
        """What a store lists that obstore asks, without what only marks a folder."""
        # obstore takes whole names as a prefix; the rest is left to where the listing begins.
        folder = prefix.rpartition("/")[0]
        offset = max(after, prefix[:-1])
        store = opened(place)
        pages = obstore.list(store, folder or None, offset=offset or None, chunk_size=_LIST_STEP)
        for meta in (each for page in pages for each in page):
            if meta["path"] > prefix and not meta["path"].startswith(prefix):
                return
            # A folder's mark has lost its slash in the listing: by this name nothing is there.
            if meta["size"] or self._is_there(meta["path"]):
                yield _known(meta)

    def _is_there(self, key: str) -> bool:
        try:
            with failures(self.place, f"{key!r} cannot be looked up"):
                obstore.head(self.store, key)
        except FileNotFoundError:
            return False
        return True


def _known(meta: Any) -> Known:
    moment = int(meta["last_modified"].timestamp() * 1_000_000)
    return Known(meta["path"], meta["size"], moment, (meta["e_tag"] or "").strip('"'))


def _unfit(path: str) -> bool:
    """Whether a key is nothing that the wire can carry as a path."""
    try:
        return not path or bool(unfit(escaped(path))) or checked(escaped(path)) != escaped(path)
    except InvalidRequest:
        return True
