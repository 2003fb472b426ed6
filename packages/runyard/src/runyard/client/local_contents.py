"""Contents of a service on this machine, read where they lie.

Who found the service by the connection file in its state folder sees that folder. The contents in
it have their digests as names and never change, so nothing is lost by not asking the service for
the bytes: of a file of a run it is asked alone which content that is. Files are copied, sharing
their blocks where the file system can, and never linked: whoever has a file may write to it. Large
files come to the service the same way. What cannot be had here is asked of the service, as by a
client elsewhere.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Optional

from runyard.client import copying, part_files
from runyard.protocol import paths
from runyard.protocol.service import CONTENTS_FOLDER

if TYPE_CHECKING:
    from runyard.client.workspace_connection import WorkspaceConnection

_CLOEXEC = getattr(os, "O_CLOEXEC", 0)


class LocalContents:
    """The contents in a state folder.

    Args:
        home: The folder.
    """

    def __init__(self, home: str) -> None:
        self._folder = f"{home}/{CONTENTS_FOLDER}"

    def read(self, digest: str, size: int) -> Optional[bytes]:
        """Read a small content; None if it is not here, or not as its digest says.

        Args:
            digest: SHA-256 in hex.
            size: How long it is, in bytes.
        """
        try:
            file = os.open(self._place(digest), os.O_RDONLY | _CLOEXEC)
        except OSError:
            return None
        try:
            # One more, or a file that is too long would pass.
            data = os.read(file, size + 1)
        except OSError:
            return None
        finally:
            os.close(file)
        return data if hashlib.sha256(data).hexdigest() == digest else None

    def copy(self, digest: str, size: int, target: Path, told: Callable[[int], object]) -> bool:
        """Copy a content to a file that is replaced; say whether it is here.

        Args:
            digest: SHA-256 in hex.
            size: How long it must be: after a power cut a file may have lost its bytes.
            target: The file, which is there.
            told: Told the bytes as they are written.

        Raises:
            OSError: The file cannot be written.
        """
        try:
            source = os.open(self._place(digest), os.O_RDONLY | _CLOEXEC)
        except OSError:
            return False
        try:
            if os.fstat(source).st_size != size:
                return False
            with target.open("r+b", buffering=0) as file:
                # Only where there is something: closing a file that was truncated, be it empty,
                # waits on ext4 until all that was written since is on its way to the disk.
                if os.fstat(file.fileno()).st_size:
                    file.truncate(0)
                copying.fill(source, file.fileno(), told)
        finally:
            os.close(source)
        return True

    def hand_over(
        self, source: Path, digest: str, told: Callable[[int], object], begun: int = 0
    ) -> bool:
        """Copy a file to where the service goes on with its upload; say whether it is there.

        The service reads all of it to check it, as if it had come by itself. Nobody is sent a path
        to read from: who cannot write to the state folder cannot have a file of it taken, either.

        Args:
            source: The file.
            digest: SHA-256 of its content.
            told: Told the bytes as they are written.
            begun: How many have come before.
        """
        folder = Path(self._folder)
        try:
            # Root's own files the service of another user could not finish.
            if folder.stat().st_uid != os.geteuid():
                return False
            place = folder / paths.draft(digest)
            place.parent.mkdir(mode=0o700, exist_ok=True)
            file = part_files.locked(place)
        except OSError:
            return False
        if file is None:
            return False
        with file, source.open("rb", buffering=0) as reader:
            try:
                there = file.seek(0, os.SEEK_END)
                if there and not begun:
                    there = file.truncate(0)
                # The digest of all of it tells whether what came before is of the same file.
                os.lseek(file.fileno(), there, os.SEEK_SET)
                reader.seek(there)
                told(there)
                copying.fill(reader.fileno(), file.fileno(), told)
            except OSError:
                # The disk is full, perhaps: the service says it better.
                place.unlink()
                return False
        return True

    def _place(self, digest: str) -> str:
        # It comes from outside, and "../" in it would lead elsewhere.
        return f"{self._folder}/{paths.content(digest if digest.isalnum() else '-')}"


def of(service: WorkspaceConnection) -> Optional[LocalContents]:
    """The contents of a service whose state folder this process sees."""
    home = service.connection.home
    return LocalContents(home) if home else None
