"""Runs a command for as long as the process that asked for it lives, and ends all that it started.

Started by path, with a pipe as its input: `python -S -E guard.py COMMAND …`. When the other end of
the pipe closes, by hand or because its process is gone, the whole group is ended. The pipe says so
at once, also after SIGKILL, where `atexit` says nothing. It is the first of a session of its own.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

GRACE_SECONDS = 2.0


def main() -> int:
    """Start the command, wait for the end of either side, and end the group."""
    # Handlers end with exec; that a signal is ignored would be the command's lot, too.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _outlive)
    child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    threading.Thread(target=_watch, args=(child,), daemon=True).start()
    code = child.wait()
    # What the command started may still live.
    _kill()
    return code


def _outlive(number: int, frame: object) -> None:
    """Go on: the signal is for the group, and the guard is the last of it."""
    del number, frame


def _watch(child: subprocess.Popen[bytes]) -> None:
    while os.read(0, 1 << 10):
        pass
    os.killpg(0, signal.SIGTERM)
    end = time.monotonic() + GRACE_SECONDS
    while child.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    _kill()


def _kill() -> None:
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
