"""Uploads in parts that were begun, so that one whose client was killed is gone on with.

A store knows an upload by a name of its own and not by the file that it is of: whoever added to one
of the same key by somebody else would mix two files. So a note says which version of which file an
upload is of. A store charges for parts until they are joined or removed; those that nobody has gone
on with for a week are removed with the next upload.
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

_KEPT_SECONDS = 7 * 86_400
_SUFFIX = ".begun"


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
            except StoreRefused:
                # The store has removed what was begun.
                found = plan("")
        self._keep(name, key, found.upload)
        return found

    def _find(self, name: str) -> str:
        with suppress(OSError, ValueError, KeyError):
            note = self._note(name)
            found = str(json.loads(note.read_text(encoding="utf-8"))["upload"])
            # A note that is in use stays for another week.
            os.utime(note)
            return found
        return ""

    def _keep(self, name: str, key: str, upload: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._drop_old()
        told = {"datastore": self._files.name, "key": key, "upload": upload}
        part = self._note(name).with_suffix(".part")
        part.write_text(json.dumps(told), encoding="utf-8")
        part.replace(self._note(name))

    def forget(self, upload: str) -> None:
        """Forget an upload that is over."""
        for note, _, known in self._notes():
            if known == upload:
                note.unlink(missing_ok=True)

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
                told = json.loads(note.read_text(encoding="utf-8"))
                if told["datastore"] == self._files.name:
                    found.append((note, told["key"], told["upload"]))
        return found

    def _note(self, name: str) -> Path:
        return self._folder / f"{name}{_SUFFIX}"
