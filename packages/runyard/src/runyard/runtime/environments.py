"""Makes an environment from its lock, on the node where jobs need it.

    <environments>/<digest>/            the environment; `ready.json` in it is written last
    <environments>/<digest>.lock        held by the one process that builds
    <environments>/<digest>.log         what the builder says; whoever waits prints it too

Several may ask at once: one gets the lock and builds, the others follow its log and look again
when the lock is free. The programs that install hold the lock with their parent, so that a killed
asker never leaves one at work in a folder that somebody else cleans. A folder without the mark is
the rest of a killed build: the next asker removes it and begins again. It is built in its final
place because scripts inside name their interpreter by its full path.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Callable, List

from runyard.runtime import installing
from runyard.runtime.folder import read_json, write_json
from runyard.runtime.installing import BuildFailed, Request
from runyard.runtime.job import Canceled

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Optional, Type

    from runyard.runtime.folder import RunFolder
    from runyard.runtime.job import Job

READY = "ready.json"
LOOK_SECONDS = 0.1
NODE_LOG = "azureml-logs/55_azureml-execution-{}.txt"

Canceling = Callable[[], bool]


def ready(folder: str) -> bool:
    """Say whether an environment is complete and its interpreter still there."""
    marked = os.path.exists(os.path.join(folder, READY))
    return marked and os.access(installing.interpreter(folder), os.X_OK)


def make(request: Request, show: Callable[[bytes], None], canceled: Canceling) -> None:
    """Make an environment, or wait for whoever makes it.

    Args:
        request: What to make, and with what.
        show: Takes the build log as it grows.
        canceled: Says whether to give up; asked ten times a second.

    Raises:
        BuildFailed: It cannot be made; the message is the installer's reason.
        Canceled: Given up.
    """
    if ready(request.folder):
        return
    os.makedirs(os.path.dirname(request.folder), exist_ok=True)
    shared = SharedLog(request.folder + ".log", show)
    with BuildLock(request.folder + ".lock") as lock:
        waited = _wait(lock, shared, canceled)
        if ready(request.folder):
            shared.copy()
            return
        shared.restart()
        if waited:
            shared.say("the build before this one was broken off: beginning again")
        _build(request, shared, lock, canceled)


def realise(job: Job, folder: RunFolder, canceled: Canceling) -> None:
    """Make the environment of a job on this node; the build log becomes a log of the run.

    Raises:
        BuildFailed: It cannot be made.
        Canceled: The job was canceled meanwhile.
    """
    wanted = job.environment
    place = str(wanted["folder"])
    request = Request(
        place,
        str(wanted.get("requirements", "")),
        installing.find_python(str(wanted.get("python", ""))),
        shutil.which("uv") or "",
        os.path.join(os.path.dirname(os.path.dirname(place)), "packages"),
    )
    with open(folder.log(NODE_LOG.format(job.node_name or job.node)), "ab") as log:
        make(request, _writer(log.fileno()), canceled)


def main(argv: List[str]) -> int:
    """Make an environment from the command line: the log on stdout, a failure on stderr."""
    request = _parse(argv)
    try:
        make(request, _writer(1), lambda: False)
    except BuildFailed as failed:
        sys.stderr.write(failed.message + "\n")
        return failed.status
    return 0


def _parse(argv: List[str]) -> Request:
    parser = argparse.ArgumentParser(prog="realise")
    parser.add_argument("--folder", required=True, help="the environment's folder")
    parser.add_argument("--requirements", required=True, help="file with the lock's lines")
    parser.add_argument("--python", required=True, help="the interpreter to build on")
    parser.add_argument("--uv", default="", help="the uv program; without it pip installs")
    parser.add_argument("--cache", required=True, help="folder of downloaded packages")
    given = parser.parse_args(argv)
    with open(given.requirements, encoding="utf-8") as stream:
        lines = stream.read()
    folder = os.path.abspath(given.folder)
    return Request(folder, lines, given.python, given.uv, os.path.abspath(given.cache))


def _writer(descriptor: int) -> Callable[[bytes], None]:
    def write(data: bytes) -> None:
        # On a full disk the log has gaps; the build itself tells what is the matter.
        with suppress(OSError):
            while data:
                data = data[os.write(descriptor, data) :]

    return write


def _wait(lock: BuildLock, shared: SharedLog, canceled: Canceling) -> bool:
    """Wait for the lock, following the log of its holder; say whether there was a wait."""
    waited = False
    while not lock.take():
        waited = True
        shared.copy()
        if canceled():
            raise Canceled
        time.sleep(LOOK_SECONDS)
    return waited


def _build(request: Request, shared: SharedLog, lock: BuildLock, canceled: Canceling) -> None:
    begun = time.monotonic()
    try:
        _remove(request.folder)
        installing.install(request, shared, lock.descriptor, canceled)
        seconds = round(time.monotonic() - begun, 3)
        mark = {"python": request.python, "seconds": seconds}
        write_json(os.path.join(request.folder, READY), mark)
        shared.say(f"ready after {seconds:.1f} s: {request.folder}")
    except OSError as error:
        failed = installing.from_os(error, request.folder)
        _fail(request, shared, failed)
        raise failed from error
    except BuildFailed as failed:
        _fail(request, shared, failed)
        raise
    except Canceled:
        _remove(request.folder)
        raise
    finally:
        shared.copy()


def _fail(request: Request, shared: SharedLog, failed: BuildFailed) -> None:
    """Give the space back, then tell: on a full disk the log could not be written otherwise."""
    _remove(request.folder)
    shared.say("error: " + failed.message)


def _remove(folder: str) -> None:
    """Remove an environment; the mark goes first, so that a rest of it is never taken for one."""
    if not os.path.isdir(folder):
        return
    if read_json(os.path.join(folder, READY)) is not None:
        os.unlink(os.path.join(folder, READY))
    shutil.rmtree(folder)


class BuildLock:
    """The right to build one environment: a lock on a file, gone with its last holder.

    Args:
        path: The file; made where it is missing, never removed.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self.descriptor = -1

    def __enter__(self) -> BuildLock:  # noqa: PYI034 - Self needs a newer Python
        self.descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        os.close(self.descriptor)

    def take(self) -> bool:
        """Take the lock if nobody has it.

        Raises:
            BuildFailed: The file system has no locks.
        """
        import fcntl

        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            raise BuildFailed(
                f"the file system of '{self._path}' has no locks ({error.strerror}); set "
                "RUNYARD_HOME to a folder on a local disk"
            ) from error
        return True


class SharedLog:
    """The log of a build, which its builder writes and everybody who waits shows.

    Args:
        path: The file.
        show: Takes what is new in it.
    """

    def __init__(self, path: str, show: Callable[[bytes], None]) -> None:
        self.path = path
        self._show = show
        self._shown = 0
        self._begun = time.monotonic()

    def restart(self) -> None:
        """Begin an empty log; only the builder does."""
        self._shown = 0
        self._begun = time.monotonic()
        with open(self.path, "wb"):
            pass

    def say(self, text: str) -> None:
        """Write a line, with the seconds since the build began, and show it."""
        line = f"[{time.monotonic() - self._begun:6.1f} s] {text}\n".encode("utf-8", "replace")
        try:
            with open(self.path, "ab") as stream:
                stream.write(line)
        except OSError:
            # The disk is full, and the reader must still learn that.
            self._show(line)
            return
        self.copy()

    def copy(self) -> None:
        """Show what is new; a log that became shorter was begun again."""
        try:
            with open(self.path, "rb") as stream:
                if os.fstat(stream.fileno()).st_size < self._shown:
                    self._shown = 0
                stream.seek(self._shown)
                data = stream.read()
        except FileNotFoundError:
            return
        self._shown += len(data)
        if data:
            self._show(data)
