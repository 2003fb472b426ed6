"""One request on its way through a face: what is asked, who asks, and threads that work for it.

Faces wait in the event loop; operations work in threads, whose number is limited, and of which
one run has no more than its share.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from runyard_server.core.system import Content, RemoteContent
from runyard_server.faces import contents
from runyard_server.faces.parts import Parts
from runyard_server.faces.threads import Threads

if TYPE_CHECKING:
    from runyard_server.core.tokens import Caller

Result = TypeVar("Result")


class Row(Protocol):
    """What the rows of all faces' tables tell; `runyard.protocol.route.Route` is one."""

    @property
    def name(self) -> str:
        """`noun.verb`: in logs, where addresses would tell people's names."""

    @property
    def method(self) -> str:
        """The HTTP method; GET takes HEAD too."""

    @property
    def url(self) -> str:
        """The template of the whole path: `{x}` is one segment, `{x:path}` the rest."""

    @property
    def passive(self) -> bool:
        """Whether the request does not count as use of the service."""


class Exchange:
    """One request and what works out its answer.

    Args:
        request: What came.
        row: The row of the face's table that it asks for.
        parts: What all requests share.

    Attributes:
        caller: Who asks, once the face has found out; None where anyone may.
        segments: What the braces of the row's template stand for, in order.
    """

    def __init__(self, request: Request, row: Row, parts: Parts) -> None:
        self.request = request
        self.row = row
        self.parts = parts
        self.caller: Caller | None = None
        self.segments: dict[str, str] = request.path_params

    def header(self, name: str) -> str:
        """A header's value, "" without one."""
        return self.request.headers.get(name, "")

    async def run(self, act: Callable[[], Result], threads: Threads | None = None) -> Result:
        """Work in a thread, in the turn of the caller's run.

        Args:
            act: What to do; it may block.
            threads: Which; those of short requests by default.
        """
        # The turn comes first: who waits for it must not hold a thread that others could have.
        async with self.parts.shares.turn(self.caller):
            return await (threads or self.parts.work).run(act)

    async def body(self, largest: int) -> bytes:
        """The whole body, in memory.

        Raises:
            TooLarge: It has more than `largest` bytes.
            TooSlow: It did not come on.
            Interrupted: The client went away.
        """
        return await self.parts.intake.whole(self.request, largest)

    async def content(self, content: Content | RemoteContent) -> Response:
        """The answer that carries a file, or the range of it that is asked for."""
        return await contents.answer(self.request, content, self.parts.work)
