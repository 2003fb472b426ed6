"""Progress of a transfer: a bar on a terminal, one line at the end elsewhere, or nothing."""

from __future__ import annotations

import sys
import threading
import time
from typing import TextIO

WIDTH = 30
EVERY_SECONDS = 0.1


class Progress:
    """Counts files and bytes, and shows them on stderr.

    Args:
        title: What is being done: "Uploading 4 files".
        total: Bytes in all.
        show: Whether to show anything.
    """

    def __init__(self, title: str, total: int, show: bool = True) -> None:
        self.title = title
        self.total = total
        self.done = 0
        self._stream: TextIO = sys.stderr
        self._bar = show and self._stream.isatty()
        self._line = show and not self._bar
        self._lock = threading.Lock()
        self._shown_at = 0.0
        self._begun = time.monotonic()

    def add(self, size: int) -> None:
        """Count `size` more bytes; called from any thread."""
        with self._lock:
            self.done += size
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
        share = min(1.0, self.done / self.total) if self.total else 1.0
        bar = ("#" * int(share * WIDTH)).ljust(WIDTH, ".")
        amount = f"{readable(self.done)} of {readable(self.total)}"
        self._stream.write(f"\r{self.title} [{bar}] {share:4.0%} {amount}  ")
        self._stream.flush()


def readable(size: float) -> str:
    """Write a number of bytes for people: `1.5 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:  # noqa: PLR2004 - the step between decimal units
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
