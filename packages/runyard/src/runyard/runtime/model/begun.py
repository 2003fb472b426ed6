"""Which call a worker has begun last, where the gateway finds it when the worker is dead.

It is a number in a file of the state folder that both have in memory. With it several short calls
can be answered at once, and still only what a dead worker had begun is lost.
"""

from __future__ import annotations

import mmap
import os
import struct
import tempfile
from typing import Optional

from runyard.protocol.frames import MARKS_FOLDER, UNMARKED

_NUMBER = struct.Struct("<I")


class Mark:
    """The number, for one connection.

    Args:
        folder: Where the gateway's sockets are.

    Raises:
        OSError: No file can be made there.
    """

    def __init__(self, folder: str) -> None:
        place = os.path.join(folder, MARKS_FOLDER)
        os.makedirs(place, 0o700, exist_ok=True)
        opened, self.path = tempfile.mkstemp(dir=place)
        try:
            os.write(opened, _NUMBER.pack(UNMARKED))
            self._memory = mmap.mmap(opened, _NUMBER.size)
        finally:
            os.close(opened)

    def begin(self, number: int) -> None:
        """A call begins, after all that came before it."""
        # Nothing is flushed: the page is the kernel's, and stays when this process is killed.
        _NUMBER.pack_into(self._memory, 0, number)

    def close(self) -> None:
        """Let go of it; a file that the gateway has taken is gone already."""
        self._memory.close()
        try:
            os.unlink(self.path)
        except OSError:
            return


def make(folder: Optional[str]) -> Optional[Mark]:
    """A mark, where there is a folder for it; without one each answer is sent by itself."""
    try:
        return Mark(folder) if folder else None
    except (OSError, ValueError):
        return None
