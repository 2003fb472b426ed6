"""Reads files that grow, each from where the last reading of it stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, Iterator, Optional, Tuple

if TYPE_CHECKING:
    from runyard.client.files import Files

PIECE_BYTES = 1 << 20
TAIL_BYTES = 64 << 10


class LogReader:
    """The files of one run as somebody follows them.

    Args:
        files: The workspace's files.
        run: The run's id.
    """

    def __init__(self, files: Files, run: str) -> None:
        self._files = files
        self._run = run
        self._read: Dict[str, int] = {}

    def offset(self, path: str) -> int:
        """How many bytes of a file were read or skipped."""
        return self._read.get(path, 0)

    def new(self, path: str) -> Iterator[Tuple[int, bytes]]:
        """Read what a file has beyond what was read of it.

        Yields:
            Pieces, each behind the place of its first byte.

        Raises:
            RunFileNotFound: The run has no such file (yet).
        """
        with self._files.open(self._run, path, self.offset(path)) as source:
            for piece in iter(lambda: source.read(PIECE_BYTES), b""):
                offset = self.offset(path)
                self._read[path] = offset + len(piece)
                yield offset, piece

    def begin(self, path: str) -> None:
        """Read a file from its first byte on: it was written anew."""
        self._read.pop(path, None)

    def skip(self, path: str, lines: int) -> None:
        """Pass over a file but for its last lines, reading no more than it takes to find them.

        Raises:
            RunFileNotFound: The run has no such file.
        """
        with self._files.open(self._run, path) as whole:
            size = whole.size
        # Larger and larger pieces from the end: lines have any length, and logs may be gigabytes.
        reach, found = TAIL_BYTES, None
        while found is None:
            start = max(0, size - reach)
            found = self._line(path, start, lines)
            if found is None and start == 0:
                found = 0
            reach *= 4
        self._read[path] = found

    def _line(self, path: str, start: int, lines: int) -> Optional[int]:
        """Find where the last lines begin in what a file has from `start` on; None: before it."""
        with self._files.open(self._run, path, start) as source:
            content = source.read()
        place = len(content) - content.endswith(b"\n")
        for _ in range(lines):
            place = content.rfind(b"\n", 0, place)
            if place < 0:
                return None
        return start + place + 1
