"""The gateway's parent: forks it, and again when it was killed, whether a service lives or not.

It has loaded all that a gateway needs before it forks the first one, so that the next one serves
some milliseconds after the one before was killed; nothing runs in it. A gateway that ends by itself
takes its parent with it. One that is to be renewed is followed by another program, which is given
the lock and the sockets: `exec` keeps both.
"""

import gc
import json
import logging
import os
import signal
import socket
import time
from collections.abc import Callable

from runyard_server.serving.held import Held, Holder, Sockets

HELD_VARIABLE = "RUNYARD_HELD_SOCKETS"
PAUSES = (0.0, 0.1, 0.5, 1.0, 5.0)
"""Seconds before a gateway is begun again, by how many in a row ended soon."""

STEADY_SECONDS = 1.0
_LOOK_SECONDS = 0.1
_ENDING = (signal.SIGTERM, signal.SIGINT)

_log = logging.getLogger(__name__)


def inherited() -> tuple[int | None, Sockets]:
    """The lock and the sockets that a parent of another version has left to this process."""
    told = json.loads(os.environ.pop(HELD_VARIABLE, "null"))
    if told is None:
        return None, {}
    files = [told["lock"], *map(int, told["sockets"])]
    for each in files:
        os.set_inheritable(each, False)  # noqa: FBT003 - its only argument of that kind
    sockets = {
        (host, port): socket.socket(fileno=int(each))
        for each, (host, port) in told["sockets"].items()
    }
    return told["lock"], sockets


class Parent:
    """What keeps a gateway going.

    Args:
        lock: The descriptor that is held as long as it, or a gateway of it, lives.
        serve: Runs a gateway, given its sockets, in the process that it is called in; returns the
            exit status.
        sockets: Those that are held from before.
        lives_on: Asked before a gateway is begun again: whether there is anything to serve.
    """

    def __init__(
        self,
        lock: int,
        serve: Callable[[Held], int],
        sockets: Sockets,
        lives_on: Callable[[], bool],
    ) -> None:
        self._lock = lock
        self._serve = serve
        self._lives_on = lives_on
        self._sockets = sockets
        self._child = 0
        self._ends = False

    def run(self) -> int:
        """Have a gateway serve until one ends by itself; returns its exit status."""
        for number in _ENDING:
            signal.signal(number, self._end)
        # What is loaded never goes; unwritten pages are shared with each gateway.
        gc.freeze()
        soon = 0
        while True:
            begun = time.monotonic()
            status, renewal = self._have_one_serve()
            if renewal is not None:
                self._become(renewal)
            elif status == 0 or not self._lives_on():
                return status
            _log.warning("the gateway has ended with status %d; it is begun again", status)
            soon = soon + 1 if time.monotonic() - begun < STEADY_SECONDS else 0
            self._pause(PAUSES[min(soon, len(PAUSES) - 1)])
            if self._ends:
                return 0

    def _pause(self, seconds: float) -> None:
        """Wait so long, or until it is asked to end."""
        until = time.monotonic() + seconds
        # One sleep alone would go on behind the signal's handler (PEP 475).
        while not self._ends and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _LOOK_SECONDS))

    def _have_one_serve(self) -> tuple[int, list[str] | None]:
        """Fork a gateway and wait for its end; its exit status, and what is to come after it."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours:
            with theirs:
                self._child = os.fork()
                if not self._child:
                    ours.close()
                    self._be_one(theirs)
            if self._ends:
                # Asked in the moment before there was one.
                os.kill(self._child, signal.SIGTERM)
            holder = Holder(ours, self._sockets)
            holder.listen()
            _, ended = os.waitpid(self._child, 0)
            self._child = 0
        status = 0 if self._ends else os.waitstatus_to_exitcode(ended)
        return status, None if self._ends else holder.renewal

    def _be_one(self, line: socket.socket) -> None:
        """Serve, in the process that was just forked."""
        status = 1
        try:
            for number in _ENDING:
                signal.signal(number, signal.SIG_DFL)
            if not self._ends:
                status = self._serve(Held(line, self._sockets))
        except Exception:  # noqa: BLE001 - whatever it is, the parent begins another one
            _log.exception("the gateway has failed")
        finally:
            os._exit(status)

    def _become(self, command: list[str]) -> None:
        """Go on as another program, if it can be started."""
        held = {str(each.fileno()): address for address, each in self._sockets.items()}
        files = [self._lock, *map(int, held)]
        for each in files:
            os.set_inheritable(each, True)  # noqa: FBT003 - its only argument of that kind
        told = json.dumps({"lock": self._lock, "sockets": held})
        try:
            os.execve(command[0], command, {**os.environ, HELD_VARIABLE: told})  # noqa: S606 - no shell is meant
        except OSError as error:
            _log.error("the gateway of another version cannot be started: %s", error)
        for each in files:
            os.set_inheritable(each, False)  # noqa: FBT003 - as above

    def _end(self, *_: object) -> None:
        self._ends = True
        if self._child:
            os.kill(self._child, signal.SIGTERM)
