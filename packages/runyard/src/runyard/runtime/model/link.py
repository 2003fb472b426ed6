"""The supervisor's connection to the gateway: news of the worker go out, settings come in.

It works on a thread of its own. Without a gateway it redials, and what is told meanwhile is the
last news, since each tells all that counts.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Callable, Optional

from runyard.protocol.errors import RunyardError
from runyard.protocol.frames import (
    ERROR,
    NEWS,
    SUPERVISOR,
    WELCOME,
    Welcome,
    WorkerNews,
)
from runyard.runtime.model.dialing import Dialer, Identity
from runyard.runtime.model.line import Line, frame, meta

if TYPE_CHECKING:
    from runyard.runtime.model.line import Frame


class Link:
    """What tells the gateway what becomes of the worker.

    Args:
        identity: Who this replica is.
        on_settings: Called, from the thread, with what the gateway says of the deployment.
    """

    def __init__(self, identity: Identity, on_settings: Callable[[Welcome], None]) -> None:
        self._dialer = Dialer(identity, SUPERVISOR)
        self._on_settings = on_settings
        self._news: Optional[WorkerNews] = None
        self._line: Optional[Line] = None
        self._lock = threading.Lock()
        self._ended = False
        # A daemon: a gateway that never comes keeps no replica from its end.
        threading.Thread(target=self._run, name="gateway", daemon=True).start()

    def tell(self, news: WorkerNews) -> None:
        """Have it told now, or when the gateway is there again."""
        with self._lock:
            self._news = news
            self._send()

    def close(self) -> None:
        """Hang up."""
        self._ended = True
        with self._lock:
            if self._line is not None:
                self._line.close()

    def _send(self) -> None:
        if self._line is None or self._news is None:
            return
        try:
            self._line.send(frame(NEWS, 0, self._news))
        except OSError:
            self._line.close()
            self._line = None

    def _run(self) -> None:
        while True:
            found = self._dialer.dial(lambda: self._ended)
            if found is None:
                return
            line, welcome = found
            if welcome is not None:
                self._on_settings(welcome)
            with self._lock:
                # Both under the lock, so that no news falls in between.
                self._line = line
                self._send()
            self._listen(line)
            with self._lock:
                self._line = None
            line.close()

    def _listen(self, line: Line) -> None:
        try:
            while True:
                for each in line.receive():
                    self._heed(line, each)
        except (OSError, EOFError, ValueError, RunyardError):
            return

    def _heed(self, line: Line, each: Frame) -> None:
        if each.kind == WELCOME and each.meta:
            self._on_settings(meta(Welcome, each.meta))
        elif each.kind not in (ERROR, WELCOME):
            line.send(frame(ERROR, each.number, body=b"a supervisor takes no such frame"))
