"""One request on its way to a worker, and its answer on the way back."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from runyard.protocol.endpoints import SCORE
from runyard.protocol.frames import Ready
from runyard_server.serving.table import Deployment
from runyard_server.serving.tallies import MIRRORED

Chunks = list[bytes]
FAULT = 400


class Budget:
    """The memory that bodies may take, of all requests together.

    Args:
        most: Bytes.
    """

    def __init__(self, most: int) -> None:
        self.held = 0
        self.most = most


class CallMeta(msgspec.Struct, omit_defaults=True, gc=False):
    """What `frames.Call` holds, written without what has its default."""

    protocol: str = "score"
    verb: str = "score"
    method: str = "POST"
    path: str = "/score"
    headers: dict[str, str] = {}
    model: str = ""
    version: str = ""
    signature: str = ""
    legacy_status: int = 500
    explain: bool = True


# Made for each call and in no circle, so the collector need not know of it.
class AnswerMeta(msgspec.Struct, gc=False):
    """What `frames.Answer` holds."""

    status: int = 200
    headers: dict[str, str] = {}
    run_us: int = 0
    failed: bool = False
    rows: int = 0


class Worker(Protocol):
    """The connection of a worker."""

    ready: Ready | None
    run_us: float
    limit: int
    calls: int
    pending: "dict[int, Exchange]"

    def cancel(self, exchange: "Exchange") -> None:
        """Nobody waits for its answer any more."""


class Answering(Protocol):
    """The deployment that answers."""

    row: Deployment

    def submit(self, exchange: "Exchange") -> None:
        """Have a request answered."""

    def forget(self, exchange: "Exchange") -> None:
        """The client of a request has gone."""

    def answered(self, link: Worker, exchange: "Exchange", meta: AnswerMeta, body: Chunks) -> None:
        """A call has ended.

        Args:
            link: The worker's connection.
            exchange: The call.
            meta: The answer's.
            body: Its body.
        """

    def count(self, exchange: "Exchange", status: int, sent: int, run_us: int) -> None:
        """A request has been answered.

        Args:
            exchange: The request.
            status: The HTTP status.
            sent: The bytes of the answer.
            run_us: What `run` took, in microseconds.
        """


class Exchange:
    """One request.

    Args:
        pool: The deployment that answers.
        protocol: Which of `protocol.endpoints.PROTOCOLS` it is of.
        body: What came.

    Attributes:
        began: When it came; times are `monotonic`, which the loops count by.
        sent: When a worker got it.
        number: The id of its call.
        link: The worker that has it.
        size: Bytes of its body.
        gone: Whether nobody waits for the answer any more.
        expired: Whether its time to run is over.
    """

    __slots__ = (
        "began",
        "body",
        "expired",
        "gone",
        "link",
        "number",
        "pool",
        "protocol",
        "sent",
        "size",
    )

    def __init__(self, pool: Answering, protocol: str, body: Chunks) -> None:
        self.pool = pool
        self.protocol = protocol
        self.body = body
        self.began = 0.0
        self.sent = 0.0
        self.number = 0
        self.size = 0
        self.link: Worker | None = None
        self.gone = False
        self.expired = False

    def meta(self, link: Worker) -> bytes:
        """The meta of its call, for a worker."""
        raise NotImplementedError

    def answered(self, meta: AnswerMeta, body: Chunks) -> None:
        """Take the worker's answer."""
        raise NotImplementedError

    def refused(self, status: int, message: str, retry_after: int = 0) -> None:
        """Take it that no worker answers.

        Args:
            status: The HTTP status that tells so.
            message: What happened, and what to do.
            retry_after: After how many seconds to try again; 0: that is not known.
        """
        raise NotImplementedError


class Trial(Exchange):
    """A call that the gateway makes by itself, before a replica gets any other.

    Args:
        pool: The deployment that is tried.
        body: What is sent.
        done: Is told what it failed of, "" if it did not.
    """

    __slots__ = ("_done",)

    def __init__(self, pool: Answering, body: bytes, done: Callable[[str], None]) -> None:
        super().__init__(pool, SCORE, [body])
        self._done = done

    def meta(self, link: Worker) -> bytes:
        """See Exchange."""
        del link
        return b""

    def answered(self, meta: AnswerMeta, body: Chunks) -> None:
        """See Exchange."""
        text = b"".join(body)[:2000].decode("utf-8", "replace")
        self._done(f"{meta.status}: {text}" if meta.failed or meta.status >= FAULT else "")

    def refused(self, status: int, message: str, retry_after: int = 0) -> None:
        """See Exchange."""
        del status, retry_after
        self._done(message)


class Shadow(Exchange):
    """A copy of a request, whose answer nobody reads.

    Args:
        original: The request.
        pool: The deployment that gets the copy.
        budget: Of the bodies: the copy may have its own much longer than the request.
    """

    __slots__ = ("_budget", "_original")

    def __init__(self, original: Exchange, pool: Answering, budget: Budget) -> None:
        super().__init__(pool, MIRRORED, original.body)
        self._original = original
        self._budget = budget
        self.began, self.size = original.began, original.size
        budget.held += self.size

    def meta(self, link: Worker) -> bytes:
        """See Exchange."""
        return self._original.meta(link)

    def answered(self, meta: AnswerMeta, body: Chunks) -> None:
        """See Exchange."""
        self._budget.held -= self.size
        self.pool.count(self, meta.status, sum(map(len, body)), meta.run_us)

    def refused(self, status: int, message: str, retry_after: int = 0) -> None:
        """See Exchange."""
        del message, retry_after
        self._budget.held -= self.size
        self.pool.count(self, status, 0, 0)
