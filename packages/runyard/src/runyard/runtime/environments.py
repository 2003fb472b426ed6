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

import os
import shutil
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Callable, List

from runyard.runtime import installing, names, shared_bytecode, sharing
from runyard.runtime.environment_cache import READY, EnvironmentCache, remove
from runyard.runtime.folder import write_json
from runyard.runtime.installing import BuildFailed, Request
from runyard.runtime.job import Canceled
from runyard.runtime.sharing import BuildLock, Canceling, SharedLog

if TYPE_CHECKING:
    from runyard.runtime.folder import RunFolder
    from runyard.runtime.job import Job
    from runyard.runtime.service import JobService

_GIGABYTE = 1 << 30
Filling = Callable[[Request, SharedLog, int, Canceling], None]


def ready(folder: str) -> bool:
    """Whether an environment is complete and its interpreter still there."""
    marked = os.path.exists(os.path.join(folder, READY))
    return marked and os.access(installing.interpreter(folder), os.X_OK)


def make(request: Request, show: Callable[[bytes], None], canceled: Canceling) -> bool:
    """Make an environment, or wait for whoever makes it; say whether it was made here.

    Args:
        request: What to make, and with what.
        show: Takes the build log as it grows.
        canceled: Says whether to give up; asked ten times a second.

    Raises:
        BuildFailed: It cannot be made; the message is the installer's reason.
        Canceled: Given up.
    """
    if ready(request.folder):
        return False
    os.makedirs(os.path.dirname(request.folder), exist_ok=True)
    shared = SharedLog(request.folder + ".log", show)
    with BuildLock(request.folder + ".lock") as lock:
        return make_under(lock, request, shared, canceled, _filled)


def make_under(
    lock: BuildLock, request: Request, shared: SharedLog, canceled: Canceling, fill: Filling
) -> bool:
    """Make an environment under its lock, once that can be had; say whether it was made here.

    Args:
        lock: The environment's lock, not taken.
        request: What to make, and with what.
        shared: Its build log.
        canceled: Says whether to give up.
        fill: Makes the folder, which is not there.

    Raises:
        BuildFailed: It cannot be made; the message is the installer's reason.
        Canceled: Given up.
    """
    waited = sharing.wait(lock, shared, canceled)
    if ready(request.folder):
        shared.copy()
        return False
    shared.restart()
    if waited:
        shared.say("the build before this one was broken off: beginning again")
    _build(request, shared, lock.descriptor, canceled, fill)
    return True


def realise(
    job: Job, folder: RunFolder, service: Callable[[], JobService], canceled: Canceling
) -> None:
    """Make the environment of a job on this node; the build log becomes a log of the run.

    Args:
        job: The job.
        folder: The run folder.
        service: Gives the service, which may have a uv for this node.
        canceled: Says whether to give up.

    Raises:
        BuildFailed: It cannot be made.
        Canceled: The job was canceled meanwhile.
    """
    wanted = job.environment
    place = str(wanted["folder"])
    if ready(place):
        return
    beside = os.path.dirname(os.path.dirname(place))
    uv = _uv(job, os.path.join(beside, "programs"), service, canceled)
    request = Request(
        place,
        str(wanted.get("requirements", "")),
        _python(str(wanted.get("python", "")), uv),
        uv,
        os.path.join(beside, "packages"),
    )
    most = int(wanted.get("keep_bytes") or 0)
    cache = EnvironmentCache(os.path.dirname(place), request.cache, most)
    with open(folder.log(names.NODE_LOG.format(job.node_name or job.node)), "ab") as log:
        write = writer(log.fileno())
        with cache.building():
            made = make(request, write, canceled)
        for gone in cache.trim() if made else []:
            why = f"used longest ago, and more than {most / _GIGABYTE:g} GB were kept"
            write(f"removed the environment {gone}: {why}\n".encode())


def _uv(job: Job, programs: str, service: Callable[[], JobService], canceled: Canceling) -> str:
    """The path of uv: the service's own if it runs here, else the node's; "" for none."""
    told = job.environment.get("uv") or {}
    machine = os.uname()
    if told.get("system") != f"{machine.sysname}-{machine.machine}":
        return shutil.which("uv") or ""
    path = os.path.join(programs, f"uv-{str(told['digest'])[:16]}")
    if not os.path.exists(path):
        from runyard.runtime import fetching
        from runyard.runtime.node_cache import NodeCache

        os.makedirs(programs, exist_ok=True)
        draft = f"{path}.{os.getpid()}"
        digest = str(told["digest"])
        program = fetching.Wanted(digest, int(told["size"]), draft, "uv", digest, 0o755)
        fetching.fetch([program], fetching.Contents(service()), NodeCache(""), canceled)
        os.replace(draft, path)
    return path


def _python(version: str, uv: str) -> str:
    """The interpreter to build on; its version where uv may find or fetch one."""
    try:
        return installing.find_python(version)
    except BuildFailed:
        if not uv:
            raise
        return ".".join(version.split(".")[:2])


def main(argv: List[str]) -> int:
    """Make an environment from the command line: the log on stdout, a failure on stderr."""
    request = _parse(argv)
    try:
        make(request, writer(1), lambda: False)
    except BuildFailed as failed:
        sys.stderr.write(failed.message + "\n")
        return failed.status
    return 0


def _parse(argv: List[str]) -> Request:
    import argparse

    parser = argparse.ArgumentParser(prog="realise")
    parser.add_argument("--folder", required=True, help="the environment's folder")
    parser.add_argument("--requirements", required=True, help="file with the lock's lines")
    parser.add_argument("--python", required=True, help="the interpreter to build on")
    parser.add_argument("--uv", default="", help="the uv program; without it pip installs")
    parser.add_argument("--conda", default="", help="the program that installs conda packages")
    parser.add_argument("--cache", required=True, help="folder of downloaded packages")
    given = parser.parse_args(argv)
    with open(given.requirements, encoding="utf-8") as stream:
        lines = stream.read()
    folder = os.path.abspath(given.folder)
    cache = os.path.abspath(given.cache)
    return Request(folder, lines, given.python, given.uv, cache, given.conda)


def writer(descriptor: int) -> Callable[[bytes], None]:
    """What writes all that it is given to a file, as far as the disk has room."""

    def write(data: bytes) -> None:
        # On a full disk the log has gaps; the build itself tells what is the matter.
        with suppress(OSError):
            while data:
                data = data[os.write(descriptor, data) :]

    return write


def _filled(request: Request, shared: SharedLog, lock: int, canceled: Canceling) -> None:
    # A draft has no use for it, and would load for a quarter longer.
    from runyard.runtime import wheel_cache

    wheel_cache.check(request)
    installing.install(request, shared, lock, canceled)
    # Before a package is compiled for it, whose setup.py may load the framework.
    link_bytecode(request.folder, os.path.dirname(request.folder), shared)
    wheel_cache.provide(request, shared, lock, canceled)


def link_bytecode(folder: str, beside: str, shared: SharedLog) -> None:
    """Link into an environment what others have compiled of its modules.

    Args:
        folder: The environment.
        beside: The folder of environments.
        shared: Its build log.
    """
    count = shared_bytecode.link(folder, beside)
    if count:
        shared.say(f"{count} modules have been compiled for an environment before this one")


def _build(
    request: Request, shared: SharedLog, lock: int, canceled: Canceling, fill: Filling
) -> None:
    begun = time.monotonic()
    try:
        remove(request.folder)
        fill(request, shared, lock, canceled)
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
        remove(request.folder)
        raise
    finally:
        shared.copy()


def _fail(request: Request, shared: SharedLog, failed: BuildFailed) -> None:
    """Free the space, then raise: on a full disk the log could not be written otherwise."""
    remove(request.folder)
    shared.say("error: " + failed.message)
