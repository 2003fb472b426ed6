"""Several processes on one database: which of them leads, and how the others take part.

Each tries about once a second to write. Who can has the lock of the database (`store.postgresql`),
so it leads: it takes up what the process before left, schedules, and tells clients on this machine
where it is. The others answer what the database tells, hand over the rest, and hear of each change.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress

from runyard.protocol.errors import StorageFull, TemporaryError
from runyard_server.core.system import System
from runyard_server.scheduler.loop import Loop
from runyard_server.store import leader, planner_statistics
from runyard_server.store.leader import Channel

# Another process takes over within ten seconds: with these, in about two.
TRY_SECONDS = 1.0
# What changes within it travels together.
GATHER_SECONDS = 0.01
_PAUSE_SECONDS = 1.0
# A history that grows by thousands of runs within it is rare, and a look costs milliseconds.
_FRESH_SECONDS = 30.0

_log = logging.getLogger(__name__)


class Leadership:
    """Leads or follows, for the life of a process.

    Args:
        system: The service's parts; its database is shared.
        make_loop: Makes a scheduler that takes up what there is.
        ready: Called when it begins to lead, before the scheduler starts; not where it led last,
            and the database was away in between.
        url: Where the other processes reach this one.
    """

    def __init__(
        self,
        system: System,
        make_loop: Callable[[], Loop],
        ready: Callable[[], None],
        url: Callable[[], str],
    ) -> None:
        self._system = system
        self._make_loop = make_loop
        self._ready = ready
        self._url = url
        self._process = uuid.uuid4().hex
        self._channel = Channel(system.records.engine, self._process)
        self._loop: Loop | None = None
        self._over = threading.Event()
        self._changed: dict[str, None] = {}
        self._guard = threading.Lock()
        self._stir = threading.Event()
        self._unsubscribe = system.notices.subscribe(self._note)
        self._away: float | None = None
        self._threads = [
            threading.Thread(target=work, name=name, daemon=True)
            for name, work in (
                ("leading", self._keep_trying),
                ("notices-out", self._tell),
                ("notices-in", self._hear),
                ("statistics", self._freshen),
            )
        ]
        system.leading.follow("")

    def start(self) -> None:
        """Lead or follow from now on."""
        self._try()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the scheduler if it is here, and all threads."""
        self._over.set()
        self._stir.set()
        self._unsubscribe()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()
        self._rest()
        self._channel.close()

    def _keep_trying(self) -> None:
        while not self._over.wait(TRY_SECONDS):
            try:
                self._try()
            except Exception:  # noqa: BLE001 - whatever it is, the next second is another try
                _log.exception("looking who leads failed")

    def _try(self) -> None:
        try:
            self._system.write(lambda _: None)
        except TemporaryError:
            self._follow()
        except StorageFull:
            # It has the lock all the same.
            self._lead()
        else:
            self._lead()

    def _lead(self) -> None:
        if self._loop is not None:
            return
        _log.info("this process leads now")
        now = self._system.clock.now_us()
        url = self._url()
        last = self._system.write(lambda work: leader.put(work.connection, self._process, url, now))
        # What lies about half-written is this process's own then, as an upload that goes on.
        if last != self._process:
            self._ready()
        self._loop = self._make_loop()
        self._loop.start()
        self._system.leading.lead()
        with suppress(Exception):
            # Those who wait at followers wait for answers of this process from now on.
            self._channel.send([""])

    def _follow(self) -> None:
        self._rest()
        with suppress(TemporaryError):
            found = self._system.read(lambda work: leader.url(work.connection))
            # Its own: nobody has taken over from it yet.
            self._system.leading.follow("" if found == self._url() else found)

    def _rest(self) -> None:
        """End what only the leader does; what it kept in memory is another's from now on."""
        loop, self._loop = self._loop, None
        if loop is None:
            return
        _log.info("this process does not lead any more")
        self._system.leading.follow("")
        loop.stop()
        self._system.forget_others()

    def _note(self, topic: str) -> None:
        # What a follower hears of is told already.
        if self._system.leading.here:
            with self._guard:
                self._changed[topic] = None
            self._stir.set()

    def _tell(self) -> None:
        while not self._over.is_set():
            self._stir.wait()
            self._over.wait(GATHER_SECONDS)
            self._stir.clear()
            with self._guard:
                topics, self._changed = list(self._changed), {}
            try:
                self._channel.send(topics)
            except Exception as error:  # noqa: BLE001 - nothing but speed depends on notices
                if self._away is None:
                    _log.warning("other processes could not be told of changes: %s", _line(error))

    def _hear(self) -> None:
        while not self._over.is_set():
            try:
                for topics in self._channel.hear(self._over.is_set, self._begun):
                    self._wake(topics)
            except Exception as error:  # noqa: BLE001 - the database is away; it is tried again
                # Of all sessions only this one waits for the server, so it learns at once that
                # it goes. Told once: the same each second would hide what else the log says.
                if self._away is None:
                    self._away = time.monotonic()
                    _log.warning(
                        "the database is away: %s; what needs it waits, or is refused and may be "
                        "tried again, until it is back",
                        _line(error),
                    )
                self._over.wait(_PAUSE_SECONDS)

    def _begun(self) -> None:
        """Changes are heard of from now on; what was said before is not."""
        self._system.notices.missed()
        if self._away is not None:
            _log.info("the database is back after %.1f s", time.monotonic() - self._away)
            self._away = None

    def _freshen(self) -> None:
        # In a thread of its own: a look at a table of millions takes seconds.
        while not self._over.is_set():
            if self._system.leading.here:
                try:
                    planner_statistics.freshen(self._system.records.engine)
                except Exception as error:  # noqa: BLE001 - the database is away, or is not ours
                    _log.warning("the database's statistics are not kept fresh: %s", _line(error))
            self._over.wait(_FRESH_SECONDS)

    def _wake(self, topics: Iterable[str]) -> None:
        if self._system.leading.here:
            return
        for topic in topics:
            if topic:
                self._system.notices.changed(topic)
            else:
                self._system.notices.missed()


def _line(error: Exception) -> str:
    """What an error says first; libpq goes on with guesses."""
    return str(error).strip().partition("\n")[0]
