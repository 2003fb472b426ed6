"""What an agent waits for: a child's end, a signal to cancel, a deadline; without polling.

Each signal puts a byte into a pipe, and waiting is reading from it.
"""

from __future__ import annotations

import os
import select
import signal
from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from types import FrameType

CANCEL_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Wakeup:
    """The main thread's alarm; make it in the main thread.

    Attributes:
        canceled: Somebody asked for the job to be canceled.
    """

    def __init__(self) -> None:
        self.canceled = False
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        for number in CANCEL_SIGNALS:
            signal.signal(number, self._on_cancel)
        # Handlers, not SIG_IGN: an ignored signal would stay ignored in the script.
        signal.signal(signal.SIGHUP, _pass_over)
        signal.signal(signal.SIGCHLD, _pass_over)

    def cancel(self) -> None:
        """Ask for the job to be canceled, as the signal does; from any thread."""
        if not self.canceled:
            os.kill(os.getpid(), signal.SIGTERM)

    def nudge(self) -> None:
        """End the present wait; from any thread."""
        try:
            os.write(self._writer, b"n")
        except BlockingIOError:
            # It is full, so nobody sleeps.
            return

    def is_canceled(self) -> bool:
        """Whether the job is to be canceled."""
        return self.canceled

    def wait(self, seconds: float) -> None:
        """Return when something happened, or after `seconds`."""
        select.select([self._reader], [], [], max(0.0, seconds))
        try:
            os.read(self._reader, 4096)
        except BlockingIOError:
            return

    def _on_cancel(self, number: int, frame: Optional[FrameType]) -> None:
        del number, frame
        self.canceled = True


def _pass_over(number: int, frame: Optional[FrameType]) -> None:
    """Take note of a signal by the pipe alone."""
    del number, frame
