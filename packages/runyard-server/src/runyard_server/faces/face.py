"""What a face is: a protocol served over HTTP, over the same operations as every other.

Ours (`native`) and the pages behind printed links (`pages`) are faces. What all have in common
knows none of them: the gate, limits and shares, bodies, ranges, streams, and the way of a request
(`endpoint`). A new protocol is a folder here and its name where `app` puts the service together.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from runyard.protocol.errors import NotFound, RunyardError
from runyard_server.core.tokens import Caller
from runyard_server.faces.exchange import Exchange, Row


@dataclass(frozen=True)
class Served:
    """A row of a face's table, and what answers it.

    Args:
        row: The row.
        answer: Works the answer out, in the event loop: what may block goes through
            `Exchange.run`. What it raises is answered by the face's `refuse`.
    """

    row: Row
    answer: Callable[[Exchange], Awaitable[Response]]


class Face(ABC):
    """One protocol.

    An application has one object of each face. Its methods are called in the event loop and must
    not block. No face knows another, and no two serve the same method at the same path.

    Attributes:
        prefixes: Paths below these are the face's own: what no row serves there is refused in its
            shape. What nobody owns is the first face's.
    """

    prefixes: Sequence[str] = ()

    @abstractmethod
    def table(self) -> Sequence[Served]:
        """The rows that the face serves; asked once, before the first request."""

    @abstractmethod
    def identify(self, exchange: Exchange) -> Caller | None:
        """Find out who asks, before anything of the body is read; None where anyone may.

        A caller counts as known from then on: its connection may rest, and what a run has open is
        counted. How far the caller reaches is decided where the row is answered.

        Raises:
            Unauthenticated: It has not been shown who asks.
            Forbidden: Who asks may not ask this at all.
        """

    @abstractmethod
    def refuse(self, error: RunyardError) -> Response:
        """The answer that tells an error in this protocol's shape.

        Args:
            error: What Runyard raised; faults of the service have become InternalError.
        """

    def unknown(self, path: str) -> RunyardError:
        """The error for a path below the face's prefixes that no row serves."""
        return NotFound(f"there is nothing at {path}")

    def missing(self, request: Request) -> Response | None:
        """What shows somebody with a browser that nothing is at an address.

        It is asked for addresses of its own, and for those that nobody owns. None where the error
        of `unknown` tells it well enough.
        """
        del request
        return None
