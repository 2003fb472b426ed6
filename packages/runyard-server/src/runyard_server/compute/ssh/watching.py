"""Hears how the agents of one machine are: a thread, and one process there that looks.

The process tells at once what has changed, and every second that it lives. Without a word for some
seconds nothing is known of agents that were alive; who is gone stays gone.
"""

import queue
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import IO

import msgspec

from runyard.protocol.errors import RunyardError
from runyard_server.compute.ssh.connection import Connection

_FRESH_SECONDS = 5.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 5.0


class Watch:
    """The agents of a machine.

    Args:
        connection: The way there.
        gone: Called with the handle of each agent that is gone, from the thread.
    """

    def __init__(self, connection: Connection, gone: Callable[[str], None]) -> None:
        self._connection = connection
        self._gone = gone
        self._lock = threading.Lock()
        self._handles: dict[str, str] = {}
        self._alive: dict[str, bool | None] = {}
        self._heard = 0.0
        self._news: queue.Queue[str | None] = queue.Queue()
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    def add(self, handle: str, there: str, *, launched: bool = False) -> None:
        """Watch an agent from now on.

        Args:
            handle: Its handle.
            there: The same as the machine knows it, a line of JSON.
            launched: Whether it was started just now, so that it is known to live.
        """
        with self._lock:
            known = handle in self._handles
            self._handles[handle] = there
            self._alive.setdefault(handle, True if launched else None)
            if launched:
                self._heard = max(self._heard, time.monotonic())
            if not known:
                self._news.put(handle)
            if self._thread is None and not self._closed:
                name = f"watch {self._connection.machine}"
                self._thread = threading.Thread(target=self._run, name=name, daemon=True)
                self._thread.start()

    def alive(self, handle: str) -> bool | None:
        """Whether an agent lives, None where that is not known."""
        with self._lock:
            found = self._alive.get(handle)
            stale = time.monotonic() - self._heard > _FRESH_SECONDS
            return None if found and stale else found

    def close(self) -> None:
        """End the thread and the process there."""
        with self._lock:
            self._closed = True
            process, thread = self._process, self._thread
        self._news.put(None)
        if process is not None:
            process.terminate()
        if thread is not None:
            thread.join(_FRESH_SECONDS)

    def _run(self) -> None:
        pause = _FIRST_PAUSE
        while not self._closed:
            if not self._pending():
                self._news.get()
                continue
            begun = time.monotonic()
            with suppress(RunyardError, OSError):
                self._connection.ensure()
                self._follow()
            if self._closed or not self._pending():
                continue
            # A machine that is away is not asked all the time.
            pause = _FIRST_PAUSE if time.monotonic() - begun > pause * 2 else pause * 2
            pause = min(pause, _LONGEST_PAUSE)
            time.sleep(pause)

    def _pending(self) -> list[str]:
        with self._lock:
            return [handle for handle, alive in self._alive.items() if alive is not False]

    def _follow(self) -> None:
        """Have the machine look, until it or the connection ends, or nothing is left to see."""
        process = subprocess.Popen(
            self._connection.command("watch"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        with self._lock:
            self._process = process
        with process:
            try:
                self._speak(process)
            except (OSError, msgspec.DecodeError):
                return
            finally:
                process.kill()

    def _speak(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        told: set[str] = set()
        self._tell(process.stdin, told)
        for line in process.stdout:
            self._hear(msgspec.json.decode(line, type=dict[str, bool]))
            if self._closed or not self._pending():
                return
            self._tell(process.stdin, told)
            self._connection.forward()

    def _tell(self, stream: IO[bytes], told: set[str]) -> None:
        with self._lock:
            fresh = [handle for handle in self._handles if handle not in told]
            lines = [(h, self._handles[h]) for h in fresh if self._alive[h] is not False]
        for handle, there in lines:
            stream.write(there.encode() + b"\n")
            told.add(handle)
        stream.flush()

    def _hear(self, news: dict[str, bool]) -> None:
        with self._lock:
            self._heard = time.monotonic()
            changed = [h for h, there in self._handles.items() if there in news]
            for handle in changed:
                self._alive[handle] = news[self._handles[handle]]
            gone = [handle for handle in changed if self._alive[handle] is False]
        for handle in gone:
            self._gone(handle)
