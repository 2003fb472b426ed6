"""How far a sweep is, in a line that is renewed on a terminal and written anew elsewhere."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TYPE_CHECKING, Set

from runyard.client import printing
from runyard.protocol.runs import COMPLETED, TERMINAL
from runyard.sdk import sweep_words
from runyard.sdk.exceptions import translated

if TYPE_CHECKING:
    from runyard.protocol.sweeps import SweepRecord
    from runyard.sdk.runs import Run

# Trials that end in a burst are told together: reading takes the service's time.
_SECONDS = 0.2
_CLEAR = "\r\x1b[K"


def show(run: Run) -> None:
    """Follow a sweep to its end, with a line for each change; nothing is asked in between.

    Args:
        run: The sweep.
    """
    line = _Line()
    line.print(f"RunId: {run.id}\nWeb View: {run.get_portal_url()}\n")
    with translated():
        record = run._refresh()
        line.show(run.service.sweeps.get(run.id))
        since = time.monotonic()
        if record.status not in TERMINAL:
            for _ in run.service.events.follow(run.id, record.last_event):
                if time.monotonic() - since >= _SECONDS:
                    since = time.monotonic()
                    line.show(run.service.sweeps.get(run.id))
        # The last burst ended within the fifth of a second in which nothing is shown.
        found = run.service.sweeps.get(run.id)
    line.show(found)
    line.end()
    why = f": {found.reason}" if found.reason and found.status != COMPLETED else ""
    line.print(f"{found.status}{why}\n")


class _Line:
    """The last line of the output, written over on a terminal."""

    def __init__(self) -> None:
        self._terminal = sys.stdout.isatty()
        self._last = ""
        self._told: Set[str] = set()

    def show(self, record: SweepRecord) -> None:
        """Show how far a sweep is, below warnings that are new."""
        for warning in record.warnings:
            if warning not in self._told:
                self._told.add(warning)
                self.print(f"{_CLEAR if self._terminal else ''}Warning: {warning}\n")
                self._last = ""
        self.renew(sweep_words.line_of(record))

    def renew(self, text: str) -> None:
        """Show a line in place of the former one; the same again shows nothing."""
        if text == self._last:
            return
        if self._terminal:
            # A line that wraps could not be written over.
            room = shutil.get_terminal_size().columns - 1
            shown = text if len(text) <= room else f"{text[: room - 1]}…"
            self.print(f"{_CLEAR}{shown}")
        else:
            self.print(f"{text}\n")
        self._last = text

    def end(self) -> None:
        """Leave the line as it is and begin another."""
        self.print("\n\n" if self._terminal else "\n")

    def print(self, text: str) -> None:
        """Write to stdout, whatever it can encode."""
        printing.say(text)
