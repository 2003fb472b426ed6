"""One request on its way to a worker, and its answer on the way back."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from runyard.protocol.frames import Ready
from runyard_server.serving.table import Deployment

Chunks = list[bytes]


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


class Exchange:
    """One request.

    Args:
        pool: The deployment that answers.
        protocol: Which of `protocol.endpoints.PROTOCOLS` it is of.
        body: What came.
    """

    __slots__ = ("began", "body", "expired", "gone", "link", "number", "pool", "protocol", "sent")

    def __init__(self, pool: Answering, protocol: str, body: Chunks) -> None:
        self.pool = pool
        self.protocol = protocol
        self.body = body
        self.began = 0.0
        self.sent = 0.0
        self.number = 0
        self.link: Worker | None = None
        # Nobody waits for the answer any more: its client has gone, or has been told.
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
        meta: The call's.
        body: What is sent.
        done: Is told what it failed of, "" if it did not.
    """

    __slots__ = ("_done", "_meta")

    def __init__(
        self, pool: Answering, meta: bytes, body: bytes, done: Callable[[str], None]
    ) -> None:
        super().__init__(pool, "score", [body])
        self._meta = meta
        self._done = done

    def meta(self, link: Worker) -> bytes:
        """See Exchange."""
        del link
        return self._meta

    def answered(self, meta: AnswerMeta, body: Chunks) -> None:
        """See Exchange."""
        text = b"".join(body)[:2000].decode("utf-8", "replace")
        self._done("" if meta.status < 400 else f"{meta.status}: {text}")  # noqa: PLR2004 - HTTP's

    def refused(self, status: int, message: str, retry_after: int = 0) -> None:
        """See Exchange."""
        del status, retry_after
        self._done(message)


class Shadow(Exchange):
    """A copy of a request, whose answer nobody reads.

    Args:
        original: The request.
        pool: The deployment that gets the copy.
    """

    __slots__ = ("_original",)

    def __init__(self, original: Exchange, pool: Answering) -> None:
        super().__init__(pool, original.protocol, original.body)
        self._original = original

    def meta(self, link: Worker) -> bytes:
        """See Exchange."""
        return self._original.meta(link)

    def answered(self, meta: AnswerMeta, body: Chunks) -> None:
        """See Exchange."""

    def refused(self, status: int, message: str, retry_after: int = 0) -> None:
        """See Exchange."""
