"""Answers that arrive: what nobody has read of a body is read before the answer goes out.

A connection that is closed while bytes lie unread is reset, and a reset throws away the answer
that the client has not read yet: it would see a broken connection instead of the reason. So the
rest is read and dropped, for as long as it keeps coming and not for ever.
"""

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SILENCE_SECONDS = 0.5
LONGEST_SECONDS = 10.0
# Of a body that did not come on nothing is on its way.
TIME_IS_OVER = 408


class Lingering:
    """Reads bodies to their end.

    Args:
        app: What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, watching what of its body was read."""
        if scope["type"] != "http" or not _has_body(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        body = _Watched(receive)

        async def patient(message: Message) -> None:
            if message["type"] == "http.response.start":
                if message["status"] != TIME_IS_OVER:
                    await body.drop()
                if not body.ended:
                    # What would still come is no request, and must not keep the connection.
                    closing = (b"connection", b"close")
                    message = {**message, "headers": [*message.get("headers", ()), closing]}
            await send(message)

        await self._app(scope, body.receive, patient)


class _Watched:
    """A body that knows whether it was read to its end."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.ended = False

    async def receive(self) -> Message:
        """The next message."""
        message = await self._receive()
        self.ended = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    async def drop(self) -> None:
        """Read what is left, while it keeps coming."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + LONGEST_SECONDS
        while not self.ended and loop.time() < deadline:
            try:
                async with asyncio.timeout(SILENCE_SECONDS):
                    await self.receive()
            except TimeoutError:
                return


def _has_body(headers: Headers) -> bool:
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
