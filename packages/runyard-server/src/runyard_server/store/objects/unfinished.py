"""Uploads in parts that were begun, so that one whose client was killed is gone on with.

A store knows an upload by a name of its own and not by the file that it is of: whoever added to one
of the same key by somebody else would mix two files. So a note says which version of which file an
upload is of. Ranks that send one file go on with one upload; the note counts them, so that who
gives up takes nothing away from the others. A store charges for parts until they are joined or
removed; those that nobody has gone on with for a week are removed with the next upload.
"""

import hashlib
import json
import os
import time
from contextlib import suppress
from pathlib import Path

from runyard.protocol.datastores import S3, WritePlan
from runyard.protocol.errors import RunyardError, StoreRefused
from runyard_server.store.objects import addresses, s3
from runyard_server.store.objects.files import ObjectFiles
from runyard_server.store.objects.opening import UploadGone

_KEPT_SECONDS = 7 * 86_400
_SUFFIX = ".begun"
_COMES, _GOES = b"+", b"-"


class Unfinished:
    """The uploads of one datastore.

    Args:
        files: The datastore's files.
    """

    def __init__(self, files: ObjectFiles) -> None:
        self._folder = files.drafts
        self._files = files
        self._place = files.place

    def plan(self, path: str, size: int, version: str, *, overwrite: bool) -> WritePlan:
        """Where a file goes, with what the store has of it from an upload that was killed.

        Args:
            path: The file.
            size: Its bytes.
            version: What tells it from others of its path and size.
            overwrite: Whether it may replace one that is there.
        """
        key = self._files.key(path)
        told = json.dumps([self._files.name, self._place.url, key, size, version])
        name = hashlib.sha256(told.encode()).hexdigest()
        begun = self._find(name)

        def plan(upload: str) -> WritePlan:
            return addresses.plan(
                self._place, key, path, size, upload, overwrite=overwrite, name=name
            )

        found = plan(begun)
        if not found.upload:
            return found
        if begun or self._place.kind != S3:
            try:
                return addresses.with_what_came(self._place, key, found)
            except UploadGone:
                # The store has removed what was begun.
                found = plan("")
            except StoreRefused:
                # A key that writes need not list: all parts go again, into the same upload, for
                # those of one that nobody knows any more would be kept and charged for ever.
                return found
        self._keep(name, key, found.upload)
        return found

    def _find(self, name: str) -> str:
        with suppress(OSError, ValueError, KeyError):
            note = self._note(name)
            found = str(_told(note)["upload"])
            # Which is also what lets a note that is in use stay for another week.
            _mark(note, _COMES)
            return found
        return ""

    def _keep(self, name: str, key: str, upload: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._drop_old()
        told = {"datastore": self._files.name, "key": key, "upload": upload}
        part = self._note(name).with_suffix(".part")
        part.write_text(f"{json.dumps(told)}\n", encoding="utf-8")
        part.replace(self._note(name))

    def forget(self, upload: str) -> None:
        """Forget an upload that is over."""
        for note, _, known in self._notes():
            if known == upload:
                note.unlink(missing_ok=True)

    def give_up(self, upload: str) -> bool:
        """Note that somebody sends an upload no more; say whether nobody else does."""
        for note, _, known in self._notes():
            if known == upload:
                with suppress(OSError):
                    _mark(note, _GOES)
                    marks = note.read_bytes().partition(b"\n")[2]
                    # Who began it left no mark.
                    return marks.count(_GOES) > marks.count(_COMES)
        return True

    def _drop_old(self) -> None:
        before = time.time() - _KEPT_SECONDS
        for note, key, upload in self._notes():
            with suppress(OSError, RunyardError):
                if note.stat().st_mtime < before:
                    if self._place.kind == S3:
                        s3.abandon(self._place, key, upload)
                    note.unlink()

    def _notes(self) -> list[tuple[Path, str, str]]:
        found = []
        for note in self._folder.glob(f"*{_SUFFIX}"):
            with suppress(OSError, ValueError, KeyError):
                told = _told(note)
                if told["datastore"] == self._files.name:
                    found.append((note, told["key"], told["upload"]))
        return found

    def _note(self, name: str) -> Path:
        return self._folder / f"{name}{_SUFFIX}"


def _told(note: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads(note.read_bytes().partition(b"\n")[0])
    return found


def _mark(note: Path, mark: bytes) -> None:
    """Append a mark, which is one write, so that of two at once none is lost."""
    # Not made anew where the other service process has removed it since.
    handle = os.open(note, os.O_WRONLY | os.O_APPEND)
    try:
        os.write(handle, mark)
    finally:
        os.close(handle)
