"""A deployment in the gateway: its workers, who waits for one, and who gets which.

A request goes to the worker that has least to do. When all have as much as they may it waits in the
queue, up to a length and a time. Calls that are short are sent ahead of their turn; of what a dead
worker had, only what it had begun is lost, and told so: nothing is ever called twice.
"""

import asyncio
from collections import deque
from collections.abc import Callable

import msgspec

from runyard.protocol.frames import Ready
from runyard_server.serving.exchange import AnswerMeta, Chunks, Exchange, Trial, Worker
from runyard_server.serving.links import Link
from runyard_server.serving.replicas import Replica
from runyard_server.serving.table import Deployment, DeploymentStatus
from runyard_server.serving.usage import Usage

# A worker has work for so long before it must hear of the gateway.
_AHEAD_US = 2000.0
_MOST_AHEAD = 15
_SMOOTHING = 0.125
# How long requests wait for a worker that is started again, and a call that has run out of time
# before its worker is.
RESTART_WAIT_SECONDS = 10.0
GRACE_SECONDS = 10.0

_UNAVAILABLE, _DIED, _TIMEOUT = 503, 502, 504


class Pool:
    """A deployment.

    Args:
        row: What the table has of it.
        changed: Is called when the service should know that something is another.
    """

    def __init__(self, row: Deployment, changed: Callable[[], None]) -> None:
        self.row = row
        self.replicas: dict[str, Replica] = {}
        self.usage = Usage()
        self._changed = changed
        self._loop = asyncio.get_running_loop()
        self._links: list[Link] = []
        self._queue: deque[Exchange] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._clocks: dict[Link, asyncio.TimerHandle] = {}
        self._concurrency = 1
        self._most = 1

    def apply(self, row: Deployment) -> None:
        """Take what the table has now."""
        self.row = row
        self.arrange()

    def arrange(self) -> None:
        """Find the workers that get requests, and hand out what waits."""
        ready = [r.worker for r in self.replicas.values() if not (r.warming or r.draining)]
        self._links = [link for link in ready if link is not None]
        self._concurrency = max(1, self.row.limits.concurrency)
        gathers = self.row.batching.max_batch
        # A worker that gathers calls needs some for this batch and some for the next.
        self._most = self._concurrency if gathers <= 1 else 2 * gathers * self._concurrency
        for link in self._links:
            link.limit = max(link.limit, self._most)
        busy = sum(min(r.busy, self._concurrency) for r in self.replicas.values())
        self.usage.arranged(self._loop.time(), len(self._links) * self._concurrency, busy)
        self._pump()

    @property
    def ready(self) -> bool:
        """Whether a worker can be called."""
        return bool(self._links)

    @property
    def described(self) -> Ready | None:
        """What a worker that can be called has told of its model."""
        return self._links[0].ready if self._links else None

    def submit(self, exchange: Exchange) -> None:
        """Have a request answered."""
        if not self._queue:
            link = self._pick()
            if link is not None:
                self._call(link, exchange)
                return
        refusal = self._refusal()
        if refusal:
            exchange.refused(_UNAVAILABLE, refusal, 1)
            return
        self._queue.append(exchange)
        if len(self._queue) == 1:
            self._arm()
            if not self._links:
                self._changed()

    def forget(self, exchange: Exchange) -> None:
        """The client of a request has gone."""
        exchange.gone = True
        if exchange.link is not None:
            if exchange.number in exchange.link.pending:
                exchange.link.cancel(exchange)
        elif exchange in self._queue:
            self._queue.remove(exchange)

    def answered(self, link: Worker, exchange: Exchange, meta: AnswerMeta, body: Chunks) -> None:
        """A call has ended.

        Args:
            link: The worker's connection.
            exchange: The call.
            meta: The answer's.
            body: Its body.
        """
        now = self._loop.time()
        left = len(link.pending)
        if left < self._concurrency:
            self.usage.ended(now)
        link.run_us += (meta.run_us - link.run_us) * _SMOOTHING
        ahead = min(_MOST_AHEAD, int(_AHEAD_US / (link.run_us + 1.0)))
        link.limit = self._most + ahead
        if not exchange.gone:
            exchange.answered(meta, body)
        if self._queue:
            self._pump()

    def abandoned(self, link: Link) -> None:
        """A worker has gone: what it had begun is lost, the rest is for others."""
        clock = self._clocks.pop(link, None)
        if clock is not None:
            clock.cancel()
        calls = list(link.pending.values())
        link.pending.clear()
        now = self._loop.time()
        for _ in range(min(len(calls), self._concurrency)):
            self.usage.ended(now)
        knows = link.ready is not None and link.ready.ordered and self.row.batching.max_batch <= 1
        begun = self._concurrency if knows else len(calls)
        for exchange in calls[:begun]:
            if not exchange.gone:
                exchange.refused(_DIED, "the worker died during this call", 0)
        for exchange in reversed(calls[begun:]):
            if not exchange.gone:
                exchange.link = None
                self._queue.appendleft(exchange)
        self._arm()
        self._pump()

    def close(self) -> None:
        """The deployment is gone: refuse what waits."""
        waiting, self._queue = self._queue, deque()
        for exchange in waiting:
            exchange.refused(_UNAVAILABLE, "the deployment has been deleted", 0)

    def try_out(self, replica: Replica, link: Link) -> bool:
        """Make a trial call with the sample of the schema; False: there is none."""
        sample = _sample(link)
        if sample is None:
            return False

        def done(error: str) -> None:
            replica.tried(link, error)

        self._call(link, Trial(self, b"", sample, done))
        return True

    def status(self) -> DeploymentStatus:
        """What is told of it."""
        usage = self.usage
        return DeploymentStatus(
            self.row.name,
            queue=len(self._queue),
            busy=usage.busy,
            utilization=usage.utilization(self._loop.time()),
            requests=usage.requests,
            failures=usage.failures,
            last_request=usage.last_request,
        )

    def _pick(self) -> Link | None:
        best, least = None, 1 << 30
        for link in self._links:
            calls = len(link.pending)
            if calls < least and calls < link.limit:
                best, least = link, calls
        return best

    def _call(self, link: Link, exchange: Exchange) -> None:
        now = self._loop.time()
        if len(link.pending) < self._concurrency:
            self.usage.began(now)
        exchange.sent = now
        link.call(exchange)
        if link not in self._clocks:
            self._watch(link)

    def _pump(self) -> None:
        queue = self._queue
        while queue:
            link = self._pick()
            if link is None:
                return
            self._call(link, queue.popleft())

    def _refusal(self) -> str:
        row = self.row
        if not self._links and not row.on_demand:
            if row.serving is None:
                return f"deployment {row.name} is not ready yet"
            if self.replicas and all(r.hopeless for r in self.replicas.values()):
                return f"deployment {row.name} does not start: see the endpoint's log"
        if len(self._queue) >= row.limits.queue_length:
            return f"{len(self._queue)} requests wait already; try again later"
        return ""

    def _patience(self) -> float:
        """How long a request may wait, as things are."""
        row = self.row
        if self._links:
            return row.limits.queue_wait_ms / 1000
        if row.on_demand:
            return row.start_ms / 1000
        return max(row.limits.queue_wait_ms / 1000, RESTART_WAIT_SECONDS)

    def _arm(self) -> None:
        if self._timer is None and self._queue:
            due = self._queue[0].began + self._patience()
            self._timer = self._loop.call_at(due, self._expire)

    def _expire(self) -> None:
        self._timer = None
        patience = self._patience()
        now = self._loop.time()
        while self._queue and self._queue[0].began + patience <= now:
            exchange = self._queue.popleft()
            exchange.refused(_UNAVAILABLE, f"no replica was free within {patience:g} s", 1)
        self._arm()

    def _watch(self, link: Link) -> None:
        """Set the clock to when the time of a worker's oldest call is up."""
        if link.pending:
            oldest = next(iter(link.pending.values()))
            due = oldest.sent + self.row.limits.timeout_ms / 1000
            due += GRACE_SECONDS if oldest.expired else 0.0
            self._clocks[link] = self._loop.call_at(due, self._look_at, link)

    def _look_at(self, link: Link) -> None:
        self._clocks.pop(link, None)
        now = self._loop.time()
        limit = self.row.limits.timeout_ms / 1000
        for exchange in link.pending.values():
            if exchange.sent + limit > now:
                break
            if not exchange.expired:
                exchange.expired = True
                link.cancel(exchange)
                if not exchange.gone:
                    told = f"Scoring timeout after {self.row.limits.timeout_ms} ms"
                    exchange.refused(_TIMEOUT, told, 0)
                    exchange.gone = True
            elif exchange.sent + limit + GRACE_SECONDS <= now and link.replica is not None:
                link.replica.ask_restart(f"a call has not ended {GRACE_SECONDS:g} s after its time")
                return
        self._watch(link)


def _sample(link: Link) -> bytes | None:
    """The input that the schema of `run` shows as its sample."""
    if link.ready is None or link.ready.input != "fields":
        return None
    try:
        shown = link.ready.swagger["2"]["definitions"]["ServiceInput"]["example"]
        return msgspec.json.encode(shown)
    except (KeyError, TypeError):
        return None
