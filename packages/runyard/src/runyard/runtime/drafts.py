"""Begins an environment while its versions are still being resolved, which waits for the index.

    <environments>/.drafts/<name>.lock    held by the builder and its installers
    <environments>/.drafts/<name>/        what is made; becomes <environments>/<digest> by a rename

What an environment like it has, that was made before, is linked meanwhile, from the cache alone.
Then the builder waits for its order: a line of JSON on its input, or the end of that where nobody
wants it any more. The order names the lock, and the installer brings what is there to that: what
is another version is replaced, what is too much removed. Scripts inside find their interpreter by
where they lie, so that a rename does them no harm.

A draft of a builder that was killed is removed by the next one: its lock can be had.
"""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import sys
from contextlib import suppress
from typing import Dict, Iterable, List, Optional

from runyard.runtime import environments, installing
from runyard.runtime.installing import BuildFailed, Request, Steps
from runyard.runtime.sharing import BuildLock, Canceling, SharedLog

# Nothing was made of it: whoever ordered it makes the environment from the beginning.
GAVE_UP = 3
# Resolving may take that long; an order that does not come leaves nobody waiting for ever.
_ORDER_SECONDS = 900.0
_LOCK, _LOG = ".lock", ".log"


class Draft:
    """An environment that has no lock yet.

    Args:
        place: Its folder, absolute; made here.
        request: What is installed ahead, and with what; its folder is `place`.
        lock: Held as long as this process works on it.
    """

    def __init__(self, place: str, request: Request, lock: BuildLock) -> None:
        self._place = place
        self._request = request
        self._lock = lock
        self._log = SharedLog(place + _LOG, lambda _: None)

    def begin(self) -> None:
        """Make the virtual environment, and link what is known already.

        Raises:
            BuildFailed: There is no virtual environment.
        """
        self._log.restart()
        steps = self._steps(self._log)
        command = installing.venv_command(self._request, "--relocatable")
        steps.run("the virtual environment", command, self._request)
        if self._request.packages and installing.link(self._request, steps):
            self._log.say("packages of an environment like it: linked")
            # The others lie above the drafts.
            beside = os.path.dirname(os.path.dirname(self._place))
            environments.link_bytecode(self._place, beside, self._log)

    def finish(self, order: Dict[str, str]) -> None:
        """Bring it to the lock of an order, and put it into its place.

        Args:
            order: `folder`, `requirements` (a file) and `log` (a file, appended to).

        Raises:
            BuildFailed: It cannot be made.
        """
        wanted = _wanted(self._request, order)
        with open(order["log"], "ab") as log:
            shared = SharedLog(wanted.folder + _LOG, environments.writer(log.fileno()))
            with BuildLock(wanted.folder + _LOCK) as lock:
                environments.make_under(lock, wanted, shared, lambda: False, self._filled)

    def _filled(
        self, wanted: Request, shared: SharedLog, descriptor: int, _canceled: Canceling
    ) -> None:
        """Install the lock here, then rename: the folder of the order must not be there."""
        with open(self._log.path, "rb") as stream:
            shared.append(stream.read())
        inside = Request(
            self._place, wanted.requirements, wanted.python, wanted.uv, wanted.cache, wanted.conda
        )
        installing.fill(inside, self._steps(shared, descriptor))
        os.rename(self._place, wanted.folder)

    def _steps(self, log: SharedLog, *descriptors: int) -> Steps:
        held = (self._lock.descriptor, *descriptors)
        return Steps(log, held, lambda: False, installing.variables(self._request))


def main(argv: List[str]) -> int:
    """Begin an environment, await the order, and finish it; give the exit status.

    Args:
        argv: One word of JSON: `folder` of the draft, `like` (the file of a lock that is like it),
            `without` (its packages that differ), `python`, `uv`, `cache`; paths are absolute.
    """
    given = json.loads(argv[0])
    place = given["folder"]
    above = os.path.dirname(place)
    os.makedirs(above, exist_ok=True)
    with BuildLock(place + _LOCK) as lock:
        # Before the folder is there: one without a holder is the rest of a killed builder.
        if not lock.take():
            return GAVE_UP
        try:
            lines = _lines(given["like"], given["without"])
            request = Request(place, lines, given["python"], given["uv"], given["cache"])
            return _made(Draft(place, request, lock))
        finally:
            _remove(place)
            _sweep(above)


def _made(draft: Draft) -> int:
    try:
        draft.begin()
    except (BuildFailed, OSError):
        return GAVE_UP
    order = _order()
    if order is None:
        return GAVE_UP
    try:
        draft.finish(order)
    except OSError as error:
        return _told(installing.from_os(error, order["folder"]))
    except BuildFailed as failed:
        return _told(failed)
    return 0


def _told(failed: BuildFailed) -> int:
    sys.stderr.write(failed.message + "\n")
    return failed.status


def _order() -> Optional[Dict[str, str]]:
    """The order, None where nobody wants the environment any more."""
    if not select.select([0], [], [], _ORDER_SECONDS)[0]:
        return None
    text = sys.stdin.readline()
    # Without its end it is the rest of what a killed service was about to write.
    return dict(json.loads(text)) if text.endswith("\n") else None


def _wanted(request: Request, order: Dict[str, str]) -> Request:
    with open(order["requirements"], encoding="utf-8") as stream:
        lines = stream.read()
    return Request(order["folder"], lines, request.python, request.uv, request.cache)


def _lines(path: str, without: Iterable[str]) -> str:
    """The lines of another lock, but for some packages; none where it is gone."""
    try:
        with open(path, encoding="utf-8") as stream:
            text = stream.read()
    except OSError:
        return ""
    left_out = set(without)
    # A pin goes on in the indented lines that follow.
    pins = re.split(r"\n(?=\S)", text.strip())
    return "".join(pin + "\n" for pin in pins if _name(pin) not in left_out)


def _name(pin: str) -> str:
    """The package of a pin, as indexes compare names."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\s=@\[;]", pin, maxsplit=1)[0]).lower()


def _sweep(above: str) -> None:
    """Remove the drafts of builders that were killed."""
    for name in os.listdir(above):
        if name.endswith(_LOCK):
            path = os.path.join(above, name)
            # An OSError: another builder removes it at the same moment.
            with suppress(OSError), BuildLock(path) as lock:
                if lock.take():
                    _remove(path[: -len(_LOCK)])


def _remove(place: str) -> None:
    shutil.rmtree(place, ignore_errors=True)
    for ending in (_LOG, _LOCK):
        with suppress(OSError):
            os.unlink(place + ending)
