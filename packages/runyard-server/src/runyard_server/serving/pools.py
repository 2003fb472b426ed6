"""A deployment in the gateway: its workers, who waits for one, and who gets which.

A request goes to the worker that has least to do. When all have as much as they may it waits in the
queue, up to a length and a time. Calls that are short are sent ahead of their turn; of what a dead
worker had, only what it had begun is lost, and told so: nothing is ever called twice.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from time import monotonic, time

import msgspec

from runyard.protocol.frames import Ready, Welcome
from runyard_server.serving.exchange import AnswerMeta, Chunks, Exchange, Trial, Worker
from runyard_server.serving.links import Link
from runyard_server.serving.replicas import Replica
from runyard_server.serving.table import Deployment, DeploymentStatus
from runyard_server.serving.tallies import Counts, DeploymentCounts
from runyard_server.serving.usage import Usage

# A worker has work for so long before it must hear of the gateway again.
_AHEAD_US = 3000.0
_MOST_AHEAD = 63
_SHORT_US = _AHEAD_US / (_MOST_AHEAD + 1) - 1
# As TCP smooths its times (RFC 6298): one slow call does not end a worker's stock.
_SMOOTHING = 0.125
# How long requests wait for a worker that is started again.
RESTART_WAIT_SECONDS = 10.0

_DELETED = "the deployment has been deleted"
_BAD_GATEWAY, _UNAVAILABLE, _TIMEOUT = 502, 503, 504


class Pool:
    """A deployment.

    Args:
        row: What the table has of it.
        counts: What it has answered.
        counted: Is called when that is more.
        changed: Is called when the service should know that something is another.
    """

    def __init__(
        self,
        row: Deployment,
        counts: DeploymentCounts,
        counted: Counts,
        changed: Callable[[], None],
    ) -> None:
        self.row = row
        self.counts = counts
        self.replicas: dict[str, Replica] = {}
        self.welcome = b""
        self._counted = counted
        self._changed = changed
        self._usage = Usage()
        self._loop = asyncio.get_running_loop()
        self._links: list[Link] = []
        self._queue: deque[Exchange] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._concurrency = 1
        self._closed = False

    def apply(self, row: Deployment) -> None:
        """Take what the table has now."""
        self.row = row
        welcome = msgspec.json.encode(Welcome(row.limits, row.batching, row.liveness))
        if welcome != self.welcome:
            self.welcome = welcome
            for replica in self.replicas.values():
                replica.settings()
        self.arrange()

    def arrange(self) -> None:
        """Find the workers that get requests, and hand out what waits."""
        found = [r.worker for r in self.replicas.values() if not (r.warming or r.draining)]
        self._links = [link for link in found if link is not None]
        self._concurrency = max(1, self.row.limits.concurrency)
        for link in self._links:
            self._set_limit(link)
        busy = sum(min(r.busy, self._concurrency) for r in self.replicas.values())
        self._usage.arranged(monotonic(), len(self._links) * self._concurrency, busy)
        if self._queue and not self._links and self._all_fail():
            self._refuse_waiting()
        self._rearm()
        self._pump()

    @property
    def ready(self) -> bool:
        """Whether a worker can be called."""
        return bool(self._links)

    @property
    def described(self) -> Ready | None:
        """What a worker that can be called has told of its model."""
        return self._links[0].ready if self._links else None

    @property
    def waiting(self) -> int:
        """How many requests wait for a worker."""
        return len(self._queue)

    @property
    def running(self) -> int:
        """How many calls workers have."""
        return sum(replica.busy for replica in self.replicas.values())

    def submit(self, exchange: Exchange) -> None:
        """Have a request answered."""
        if not self._queue:
            link = self._pick()
            if link is not None:
                self._call(link, exchange)
                return
        refusal = self._refusal()
        if refusal:
            exchange.refused(_UNAVAILABLE, refusal, self._pause())
            return
        self._queue.append(exchange)
        if len(self._queue) == 1:
            self._arm()
            if not self._links:
                # The service starts a replica where there is none.
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
        # The answer goes out first: its client waits. It may have sent the next request already.
        frees = len(link.pending) < self._concurrency
        if not exchange.gone:
            exchange.answered(meta, body)
        if frees:
            self._usage.moved(monotonic(), -1)
        link.run_us = usual = link.run_us + (meta.run_us - link.run_us) * _SMOOTHING
        ahead = _MOST_AHEAD if usual < _SHORT_US else int(_AHEAD_US / (usual + 1.0))
        link.limit = link.calls + ahead
        if meta.rows:
            self.counts.rows[meta.rows] = self.counts.rows.get(meta.rows, 0) + 1
        if self._queue:
            self._pump()

    def count(self, exchange: Exchange, status: int, sent: int, run_us: int) -> None:
        """A request has been answered.

        Args:
            exchange: The request.
            status: The HTTP status.
            sent: The bytes of the answer.
            run_us: What `run` took, in microseconds.
        """
        began, handed = exchange.began, exchange.sent
        waited = handed - began if handed else None
        tally = self.counts.protocols.get(exchange.protocol) or self.counts.of(exchange.protocol)
        tally.add(status, monotonic() - began, exchange.size, sent, waited, run_us)
        self.counts.last_request = time()
        self._counted.touch()

    def abandoned(self, link: Link) -> None:
        """A worker has gone: what it had begun is lost, the rest is for others."""
        calls = list(link.pending.values())
        begun = self._begun(link, calls)
        link.pending.clear()
        for exchange in calls[:begun]:
            if not exchange.gone:
                exchange.refused(_BAD_GATEWAY, "the worker died during this call")
        for exchange in reversed(calls[begun:]):
            if not exchange.gone:
                exchange.link = None
                self._queue.appendleft(exchange)
        self.arrange()

    def _begun(self, link: Link, calls: list[Exchange]) -> int:
        """How many of the calls of a dead worker, the oldest first, it may have begun."""
        marked = link.begun()
        if marked is not None:
            return len(marked)
        knows = link.ready is not None and link.ready.ordered and not self._gathers(link)
        return self._concurrency if knows else len(calls)

    def close(self) -> None:
        """The deployment is gone: refuse what waits."""
        # A request whose body is still to come has been given this pool already.
        self._closed = True
        waiting, self._queue = self._queue, deque()
        for exchange in waiting:
            exchange.refused(_UNAVAILABLE, _DELETED)

    def try_out(self, replica: Replica, link: Link) -> bool:
        """Make a trial call with the sample of the schema; False: there is none."""
        sample = _sample(link)
        if sample is None:
            return False

        def done(error: str) -> None:
            replica.tried(link, error)

        self._call(link, Trial(self, sample, done))
        return True

    def status(self) -> DeploymentStatus:
        """What is told of it."""
        return DeploymentStatus(
            self.row.name,
            queue=len(self._queue),
            busy=self._usage.busy,
            utilization=self._usage.utilization(monotonic()),
            requests=self.counts.requests,
            failures=self.counts.failures,
            last_request=self.counts.last_request,
            taken=self.counts.taken,
        )

    def _pick(self) -> Link | None:
        links = self._links
        if len(links) == 1:
            link = links[0]
            return link if len(link.pending) < link.limit else None
        best, least = None, 1 << 30
        for link in links:
            calls = len(link.pending)
            if calls < least and calls < link.limit:
                best, least = link, calls
        return best

    def _set_limit(self, link: Worker) -> None:
        calls = self._concurrency
        if self._gathers(link):
            # It needs some for this batch and some for the next.
            calls *= 2 * self.row.batching.max_batch
        link.calls = calls
        link.limit = calls + min(_MOST_AHEAD, int(_AHEAD_US / (link.run_us + 1.0)))

    def _gathers(self, link: Worker) -> bool:
        return self.row.batching.max_batch > 1 and link.ready is not None and link.ready.batched

    def _call(self, link: Link, exchange: Exchange) -> None:
        now = monotonic()
        if len(link.pending) < self._concurrency:
            self._usage.moved(now, 1)
        exchange.sent = now
        link.call(exchange)
        if link.clock is None:
            self._watch(link)

    def _pump(self) -> None:
        queue = self._queue
        while queue:
            link = self._pick()
            if link is None:
                return
            self._call(link, queue.popleft())

    def _refusal(self) -> str:
        if self._closed:
            return _DELETED
        if not self._links and self._hopeless():
            return self.why()
        if len(self._queue) >= self.row.limits.queue_length:
            return f"{len(self._queue)} requests wait already; try again later"
        return ""

    def _hopeless(self) -> bool:
        """Whether no worker can come soon: each replica waits long before it tries again."""
        if self.row.on_demand:
            # Where there is none the service starts one.
            return self._all_fail()
        return self.row.serving is None or self._all_fail() or not self.replicas

    def _all_fail(self) -> bool:
        replicas = self.replicas.values()
        return bool(replicas) and all(each.hopeless for each in replicas)

    def _pause(self) -> int:
        """After how many seconds it makes sense to ask again."""
        if self._links:
            return 1
        again = [r.news.again_seconds for r in self.replicas.values() if r.hopeless and r.news]
        return max(1, round(min(again, default=1.0)))

    def _refuse_waiting(self) -> None:
        waiting, self._queue = self._queue, deque()
        for exchange in waiting:
            exchange.refused(_UNAVAILABLE, self.why(), self._pause())

    def why(self) -> str:
        """Why no worker can be called."""
        name = self.row.name
        reasons = [r.news.reason for r in self.replicas.values() if r.hopeless and r.news]
        if reasons:
            return f"deployment {name} does not start: {reasons[0]}"
        return f"deployment {name} has no replica that is ready"

    def _patience(self) -> float:
        """How long a request may wait, as things are."""
        row = self.row
        if self._links:
            return row.limits.queue_wait_ms / 1000
        if row.on_demand:
            return row.start_ms / 1000
        return max(row.limits.queue_wait_ms / 1000, RESTART_WAIT_SECONDS)

    def _rearm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._arm()

    def _arm(self) -> None:
        if self._timer is None and self._queue:
            due = self._queue[0].began + self._patience()
            self._timer = self._loop.call_at(due, self._expire)

    def _expire(self) -> None:
        self._timer = None
        patience = self._patience()
        # uvloop counts in milliseconds: a timer may be early by less than one.
        now = monotonic() + 0.001
        while self._queue and self._queue[0].began + patience <= now:
            exchange = self._queue.popleft()
            told = f"no replica was free within {patience:g} s"
            if not self._links:
                told = f"{told}: {self.why()}"
            exchange.refused(_UNAVAILABLE, told, self._pause())
        self._arm()

    def _watch(self, link: Link) -> None:
        """Set the clock to when the time of a worker's oldest call is up."""
        for exchange in _in_time(link):
            due = exchange.sent + self.row.limits.timeout_ms / 1000
            link.clock = self._loop.call_at(due, self._overtime, link)
            return

    def _overtime(self, link: Link) -> None:
        link.clock = None
        limit = self.row.limits.timeout_ms
        for exchange in list(_in_time(link)):
            if exchange.sent + limit / 1000 > monotonic() + 0.001:
                break
            exchange.expired = True
            # The worker ends itself if the call does not end soon.
            link.cancel(exchange)
            if not exchange.gone:
                exchange.refused(_TIMEOUT, f"Scoring timeout after {limit} ms")
                exchange.gone = True
        self._watch(link)


def _in_time(link: Link) -> Iterator[Exchange]:
    return (each for each in link.pending.values() if not each.expired)


def _sample(link: Link) -> bytes | None:
    """The input that the schema of `run` shows as its sample."""
    if link.ready is None or link.ready.input != "fields":
        return None
    try:
        shown = link.ready.swagger["2"]["definitions"]["ServiceInput"]["example"]
        return msgspec.json.encode(shown)
    except (KeyError, TypeError):
        return None
