"""Has new environments compiled to bytecode after they are made, one at a time.

The light half's program does it on each environment's own interpreter, with idle time alone. It
ends with the service; what it did not reach is compiled by the first run that imports it.
"""

import logging
import queue
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

_PROGRAM = Path("runyard", "runtime", "bytecode.py")
_log = logging.getLogger(__name__)


class BytecodeCompiler:
    """Compiles environments in the background; its thread is started by the first.

    Args:
        light: Folder with the light half.
    """

    def __init__(self, light: Path) -> None:
        self._light = light
        self._queue: queue.SimpleQueue[Path | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    def add(self, folder: Path) -> None:
        """Have an environment compiled when those before it are."""
        with self._lock:
            if self._closed:
                return
            self._queue.put(folder)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name="compile-environments", daemon=True
                )
                self._thread.start()

    def close(self) -> None:
        """Stop at once."""
        with self._lock:
            self._closed = True
            if self._process is not None:
                self._process.kill()
            thread = self._thread
        if thread is not None:
            self._queue.put(None)
            thread.join()

    def _work(self) -> None:
        while (folder := self._queue.get()) is not None and not self._closed:
            with suppress(FileNotFoundError):
                self._compile(folder)

    def _compile(self, folder: Path) -> None:
        program = self._light / _PROGRAM
        command = [str(folder / "bin" / "python"), "-I", "-S", str(program), str(folder)]
        with self._lock:
            if self._closed:
                return
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=folder,
            )
        status = self._process.wait()
        if status > 0:
            _log.info("compiling the modules of %s ended with status %d", folder, status)
