"""How this process logs to a run: a spool, and outside a job a courier that empties it.

In a job the agent brings the lines to the service, so a process of the job only writes them. In
any other process a daemon thread does, started with the first line and flushed at exit. A forked
child writes a file of its own, which its parent's thread brings along. What a killed process left
is brought by the next one, on another thread (`client.leftovers`).
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Collection, Dict, List, Mapping, Optional, Set, Tuple

from runyard.client import printing
from runyard.client.spool import Spool
from runyard.protocol.errors import NotFound, TemporaryError
from runyard.protocol.timeouts import EXIT_SECONDS, FLUSH_SECONDS, LEFTOVER_SECONDS

if TYPE_CHECKING:
    from runyard.client.courier import Courier
    from runyard.client.workspace import WorkspaceClient

POLL_SECONDS = 0.005
LONGEST_POLL = 0.1


_sessions: Dict[Tuple[str, str], Session] = {}
_looked: Set[str] = set()
_bringing: List[threading.Thread] = []
_guards = [threading.Lock()]


def _new_guard() -> None:
    _guards[0] = threading.Lock()


# A thread of the parent may have held the lock when the process forked.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_guard)


class Session:
    """The lines of one process for one run.

    Args:
        run_id: The run.
        service: Gives the workspace's client; asked when there is something to send.
        folder: The spool folder.
        courier: Whether this process brings the lines itself.
    """

    def __init__(
        self, run_id: str, service: Callable[[], WorkspaceClient], folder: Path, courier: bool
    ) -> None:
        self.run_id = run_id
        self.folder = folder
        self.spool = Spool(folder)
        self.logs: Callable[[], Mapping[Path, str]] = dict
        # Nobody writes the logs any longer: they are compared with what was brought.
        self.at_end = False
        self._service = service
        self._own_courier = courier
        self._courier: Optional[Courier] = None
        self._process = os.getpid()

    def begin(self) -> None:
        """Start the courier if this process needs one and has none."""
        if not self._own_courier or self._courier is not None or self._process != os.getpid():
            return
        with _guards[0]:
            if self._courier is None:
                from runyard.client import leftovers
                from runyard.client.courier import Courier

                leftovers.mark(self.folder, self._service())
                courier = Courier(self._service(), self.run_id, self.folder, self._followed, _say)
                threading.Thread(target=courier.run, name="runyard-courier", daemon=True).start()
                self._courier = courier

    def flush(self, seconds: float = FLUSH_SECONDS) -> bool:
        """Wait until the service has all lines of this process; say whether it does.

        Args:
            seconds: How long to wait at most.
        """
        if self._courier is not None and self._process == os.getpid():
            bring = self._courier.settle if self.at_end else self._courier.drain
            return bring(time.monotonic() + seconds)
        return self._stored(seconds)

    def close(self, seconds: float = EXIT_SECONDS) -> bool:
        """Flush, end the courier, and remove what has arrived; say whether all did."""
        if self._courier is None or self._process != os.getpid():
            return True
        from runyard.client import leftovers

        deadline = time.monotonic() + seconds
        done = self.flush(seconds) and not self._courier.refused
        if done:
            self.spool.close()
            done = leftovers.finish(self._courier, self.folder, deadline)
        self._courier.stop()
        self._courier = None
        return done

    def _followed(self) -> Mapping[Path, str]:
        return self.logs()

    def _stored(self, seconds: float) -> bool:
        writer, lines = self.spool.mark()
        deadline, pause = time.monotonic() + seconds, POLL_SECONDS
        while lines:
            # Nothing of this process has come yet, or the service is starting again.
            with contextlib.suppress(NotFound, TemporaryError):
                if self._service().metrics.mark(self.run_id, writer).lines >= lines:
                    break
            if time.monotonic() >= deadline:
                return False
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_POLL)
        return True


def _say(text: str) -> None:
    printing.tell(f"runyard: {text}")


def session(run_id: str, workspace: str, service: Callable[[], WorkspaceClient]) -> Session:
    """Find this process's session for a run, or begin it.

    Args:
        run_id: The run.
        workspace: The workspace's id, "" in a job (which has one workspace).
        service: Gives the workspace's client.
    """
    key = (workspace, run_id)
    found = _sessions.get(key)
    if found is None:
        with _guards[0]:
            found = _sessions.get(key) or _new(run_id, service)
            _sessions[key] = found
    return found


def forget(session_: Session) -> None:
    """Leave a session that was closed out of what is flushed at exit."""
    with _guards[0]:
        for key in [key for key, value in _sessions.items() if value is session_]:
            del _sessions[key]


def _new(run_id: str, service: Callable[[], WorkspaceClient]) -> Session:
    if os.environ.get("RUNYARD_RUN_ID") == run_id and os.environ.get("RUNYARD_SPOOL"):
        return Session(run_id, service, Path(os.environ["RUNYARD_SPOOL"]), courier=False)
    from runyard.client import home

    folder = home.locate() / "spool" / run_id
    return Session(run_id, service, folder, courier=True)


def bring_leftovers(service: WorkspaceClient) -> None:
    """Begin to bring what killed processes left in the state folder, once for each service."""
    if service.connection.url in _looked:
        return
    # Before the work: should it fail, each further workspace would try again.
    _looked.add(service.connection.url)
    from runyard.client import leftovers

    work = leftovers.begin(service, _is_own)
    if work is not None:
        _bringing.append(work)


def wait_for_leftovers() -> None:
    """Wait until what was begun to be brought is there, or cannot be just now."""
    for work in _bringing:
        work.join(LEFTOVER_SECONDS)


def bring_of(service: WorkspaceClient, run_id: str) -> None:
    """Bring what killed processes of this machine logged to a run, before it is read."""
    from runyard.client import home

    folder = home.locate() / "spool" / run_id
    if folder.is_dir() and not _is_own(folder):
        from runyard.client import leftovers

        leftovers.bring_each(service, [folder])


def flush_of(run_ids: Collection[str]) -> None:
    """Wait for what this process logged to runs by other objects that stand for them."""
    for one in list(_sessions.values()):
        if one.run_id in run_ids:
            one.flush()


def _is_own(folder: Path) -> bool:
    # A copy, for other threads begin sessions meanwhile.
    return any(one.folder == folder for one in list(_sessions.values()))


@atexit.register
def _close_all() -> None:
    """Bring what is left when the process ends; say so when it cannot be brought."""
    deadline = time.monotonic() + EXIT_SECONDS
    wait_for_leftovers()
    for one in list(_sessions.values()):
        try:
            done = one.close(max(0.0, deadline - time.monotonic()))
        except Exception as error:  # noqa: BLE001 - the interpreter is ending, say it and go on
            printing.tell(f"runyard: metrics of run {one.run_id} stay in {one.folder}: {error}")
            continue
        if not done:
            printing.tell(
                f"runyard: the service is away; metrics of run {one.run_id} stay in {one.folder} "
                "and are sent by the next process that uses the service"
            )
