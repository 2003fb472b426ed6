"""Wake-ups inside the service: who changed something says so, who waits for it hears it.

A notice carries no data, only a topic:

    run:<workspace>/<run id>     a subject, of any kind: an event was appended, a log grew
    grown:<workspace>/<run id>   metrics of a run were stored
    feed:<workspace>             something happened to one of the workspace's subjects
    work:run:<workspace>/<id>    there is work for the reconciler of a subject
    gang:<workspace>/<run id>    the nodes of a run should look again
    site:<name>                  the backend of a site has something for its programs there
    (empty)                      any of them may have changed

Whoever is woken reads the store. Notices may be lost with the process and may come without need;
nothing but speed depends on them.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable

from runyard_server.store.subjects import RUN, Subject

# Whoever waits for any topic looks again.
EVERYTHING = ""
_WORK = "work:"
_REMEMBERED = 4096

_log = logging.getLogger(__name__)


def subject_topic(subject: Subject) -> str:
    """The topic of what happens to a subject."""
    return str(subject)


def run_topic(workspace: str, run: str) -> str:
    """The topic of what happens to a run."""
    return str(Subject(RUN, workspace, run))


def grown_topic(workspace: str, run: str) -> str:
    """The topic of a run's metrics: apart from its own, which wakes who follows its events."""
    return f"grown:{workspace}/{run}"


def feed_topic(workspace: str) -> str:
    """The topic of whatever happens in a workspace."""
    return f"feed:{workspace}"


def work_topic(subject: Subject) -> str:
    """The topic that tells the scheduler to look at a subject."""
    return f"{_WORK}{subject}"


def subject_of_work(topic: str) -> Subject | None:
    """The subject that a topic tells the scheduler to look at, None of any other topic."""
    return Subject.parse(topic[len(_WORK) :]) if topic.startswith(_WORK) else None


def gang_topic(workspace: str, run: str) -> str:
    """The topic of what the nodes of a run wait for: to be complete, to stop, to be alone."""
    return f"gang:{workspace}/{run}"


def site_topic(site: str) -> str:
    """The topic of what the programs of a site's backend wait for."""
    return f"site:{site}"


class Notices:
    """The notices of one service; every method may be called from any thread."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._count = 0
        self._forgotten = 0
        self._last: OrderedDict[str, int] = OrderedDict()
        self._callbacks: dict[int, Callable[[str], None]] = {}
        self._next_callback = 0

    def changed(self, topic: str) -> None:
        """Wake everyone who waits for `topic`."""
        with self._condition:
            self._count += 1
            self._last[topic] = self._count
            self._last.move_to_end(topic)
            if len(self._last) > _REMEMBERED:
                # Of a topic that was pushed out nobody knows any more when it changed: see `wait`.
                self._forgotten = self._last.popitem(last=False)[1]
            self._condition.notify_all()
            callbacks = list(self._callbacks.values())
        # Outside of the lock: a callback takes locks of its own, under which others announce
        # changes.
        for callback in callbacks:
            _call(callback, topic)

    def missed(self) -> None:
        """Wake everyone: something may have changed that nobody said here."""
        with self._condition:
            self._count += 1
            self._forgotten = self._count
            self._last.clear()
            self._condition.notify_all()
            callbacks = list(self._callbacks.values())
        for callback in callbacks:
            _call(callback, EVERYTHING)

    def mark(self) -> int:
        """The present moment, for `wait`: take it before looking at the store."""
        with self._condition:
            return self._count

    def wait(self, topics: Iterable[str], timeout: float, since: int | None = None) -> bool:
        """Wait until one of `topics` changed; say whether one did.

        Args:
            topics: The topics of interest.
            timeout: Seconds to wait at most.
            since: A mark; what changed after it counts. None counts from this call.
        """
        wanted = tuple(topics)
        with self._condition:
            after = self._count if since is None else since
            # A topic that is not remembered may have changed: better woken for nothing than never.
            return self._condition.wait_for(
                lambda: any(self._last.get(t, self._forgotten) > after for t in wanted), timeout
            )

    def subscribe(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Have `callback(topic)` called at every change, in the thread that made it.

        Args:
            callback: Must return at once; what it raises is logged and goes no further.

        Returns:
            A function that ends the subscription.
        """
        with self._condition:
            number = self._next_callback
            self._next_callback += 1
            self._callbacks[number] = callback

        def unsubscribe() -> None:
            with self._condition:
                self._callbacks.pop(number, None)

        return unsubscribe


def _call(callback: Callable[[str], None], topic: str) -> None:
    try:
        callback(topic)
    except Exception:  # noqa: BLE001 - a listener's fault is not the changer's
        _log.exception("a listener failed on notice %r", topic)
