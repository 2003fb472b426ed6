"""Progress of a transfer: a bar on a terminal, one line at the end elsewhere, or nothing.

Of many files their number is counted, of few large ones the bytes.
"""

from __future__ import annotations

import sys
import threading
import time
from typing import TextIO

WIDTH = 30
EVERY_SECONDS = 0.1
LARGE_BYTES = 25_000_000
MANY_FILES = 1000


def takes_long(files: int, size: int) -> bool:
    """Whether a transfer lasts long enough for somebody to want to see how far it is."""
    return files > MANY_FILES or size > LARGE_BYTES


class Progress:
    """Counts files and bytes, and shows them on stderr.

    Args:
        title: What is being done: "Uploading 4 files".
        total: Bytes in all.
        show: Whether to show anything.
        files: Files in all, where they are counted one by one.
    """

    def __init__(self, title: str, total: int, show: bool = True, files: int = 0) -> None:
        self.title = title
        self.total = total
        self.done = 0
        self.files = files if files > MANY_FILES else 0
        self.files_done = 0
        self._stream: TextIO = sys.stderr
        self._bar = show and self._stream.isatty()
        self._line = show and not self._bar
        self._lock = threading.Lock()
        self._shown_at = 0.0
        self._begun = time.monotonic()

    def add(self, size: int, files: int = 0) -> None:
        """Count `size` more bytes, and files that are done; called from any thread."""
        with self._lock:
            self.done += size
            self.files_done += files
            now = time.monotonic()
            if self._bar and now - self._shown_at >= EVERY_SECONDS:
                self._shown_at = now
                self._draw()

    def finish(self) -> None:
        """Show the last state."""
        if self._bar:
            self._draw()
            self._stream.write("\n")
        elif self._line:
            seconds = time.monotonic() - self._begun
            self._stream.write(f"{self.title}: {readable(self.done)} in {seconds:.1f} s\n")
        self._stream.flush()

    def _draw(self) -> None:
        done, total = (self.files_done, self.files) if self.files else (self.done, self.total)
        share = min(1.0, done / total) if total else 1.0
        bar = ("#" * int(share * WIDTH)).ljust(WIDTH, ".")
        amount = f"{readable(self.done)} of {readable(self.total)}"
        if self.files:
            amount = f"{self.files_done:,} of {self.files:,} files"
        self._stream.write(f"\r{self.title} [{bar}] {share:4.0%} {amount}  ")
        self._stream.flush()


def readable(size: float) -> str:
    """Write a number of bytes for people: `1.5 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:  # noqa: PLR2004 - the step between decimal units
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
