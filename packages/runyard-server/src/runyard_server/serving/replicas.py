"""Replicas as the gateway sees them: what is connected, what is ready, what is in them."""

import time
from collections.abc import Callable
from typing import Protocol

from runyard.protocol.frames import SUPERVISOR, WELCOME, Ready, WorkerNews
from runyard_server.serving.links import Link
from runyard_server.serving.table import ReplicaStatus


class Deployed(Protocol):
    """The deployment that a replica is of."""

    replicas: "dict[str, Replica]"
    welcome: bytes

    def arrange(self) -> None:
        """Find the workers that get requests, and hand out what waits."""

    def abandoned(self, link: Link) -> None:
        """A worker has gone: what it had begun is lost, the rest is for others."""

    def try_out(self, replica: "Replica", link: Link) -> bool:
        """Make a trial call; False: there is no sample to make one with."""


class Replica:
    """One replica.

    Args:
        run: Its run.
        token: The digest of its token.
        pool: The deployment that it is of.
        changed: Is called when what `status` tells is another.
    """

    def __init__(self, run: str, token: str, pool: Deployed, changed: Callable[[], None]) -> None:
        self.run = run
        self.token = token
        self.pool = pool
        self.warming = False
        self.draining = False
        self.news: WorkerNews | None = None
        self.restarts = 0
        self.trial_error = ""
        self._changed = changed
        self._supervisor: Link | None = None
        self._worker: Link | None = None
        self._ready: Ready | None = None
        self._tried = False
        self._since = time.time()

    @property
    def worker(self) -> Link | None:
        """The connection of a worker that is ready."""
        return self._worker if self._ready is not None else None

    @property
    def connected(self) -> bool:
        """Whether anything of it is."""
        return self._supervisor is not None or self._worker is not None

    @property
    def hopeless(self) -> bool:
        """Whether its supervisor waits long before it tries again."""
        return self.news is not None and self.news.event == "giving-up"

    @property
    def state(self) -> str:
        """What it is doing, in a word."""
        if self.draining:
            return "draining"
        if self._ready is not None:
            return "warming" if self.warming else "ready"
        return "failing" if self.hopeless else "starting"

    @property
    def busy(self) -> int:
        """How many calls it has."""
        return len(self._worker.pending) if self._worker is not None else 0

    def join(self, link: Link) -> None:
        """Take a connection for this replica's."""
        link.replica = self
        if link.role == SUPERVISOR:
            former, self._supervisor = self._supervisor, link
        else:
            former, self._worker = self._worker, link
            self._set_ready(None)
        # One that dials again may come before its former connection is known to be dead.
        if former is not None:
            former.close()
        self._news()

    def lost(self, link: Link) -> None:
        """A connection of it has ended."""
        if link is self._supervisor:
            self._supervisor = None
        if link is self._worker:
            self._worker = None
            self._set_ready(None)
        self.pool.abandoned(link)
        self._news()

    def told(self, news: WorkerNews) -> None:
        """Take news of its supervisor."""
        self.news = news
        if news.event == "died":
            self.restarts = news.deaths
        if self.hopeless:
            # Who waits hears it now.
            self.pool.arrange()
        self._news()

    def became_ready(self, link: Link) -> None:
        """Its worker can be called."""
        if link is not self._worker or link.ready is None:
            return
        if self.warming and not self._tried and self.pool.try_out(self, link):
            return
        self._set_ready(link.ready)
        self._news()

    def tried(self, link: Link, error: str) -> None:
        """The trial call has ended."""
        if link is self._worker:
            self._tried, self.trial_error = True, error
            self._set_ready(link.ready)
            self._news()

    def drained(self, link: Link) -> None:
        """Its worker is about to end: it gets nothing new."""
        if link is self._worker:
            self._set_ready(None)
            self._news()

    def emptied(self) -> None:
        """Its worker has no call any more."""
        if self.draining:
            self._news()

    @property
    def welcome(self) -> bytes:
        """The settings of its deployment, as a `Welcome`."""
        return self.pool.welcome

    def settings(self) -> None:
        """Have it know other settings."""
        for link in (self._supervisor, self._worker):
            if link is not None:
                link.send(WELCOME, 0, self.pool.welcome)

    def drain(self) -> None:
        """It gets nothing new."""
        if not self.draining:
            self.draining = True
            self.pool.arrange()

    def end(self) -> None:
        """Close what is connected."""
        for link in (self._supervisor, self._worker):
            if link is not None:
                link.close()

    def status(self) -> ReplicaStatus:
        """What is told of it."""
        return ReplicaStatus(
            self.run,
            connected=self._supervisor is not None,
            ready=self._ready,
            pid=self._worker.pid if self._worker is not None else 0,
            busy=self.busy,
            restarts=self.restarts,
            news=self.news,
            since=self._since,
            trial_error=self.trial_error,
            draining=self.draining,
        )

    def _set_ready(self, ready: Ready | None) -> None:
        self._ready = ready
        self.pool.arrange()

    def _news(self) -> None:
        self._since = time.time()
        self._changed()
