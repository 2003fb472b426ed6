"""The control socket: JSON lines, a request each, an answer each.

    {"do": "status", "after": 3, "wait": 20}    `table.GatewayStatus`, once its serial is above 3
    {"do": "load", "version": 7}                {"version": 7}, once that table is in force
    {"do": "stop"}                              {"stopping": true}
    {"do": "renew", "command": [...]}           {"stopping": true}; that program goes on

What cannot be done is answered with {"error": …}.
"""

import asyncio
from typing import Protocol

import msgspec

from runyard_server.serving.table import GatewayStatus

LONGEST_WAIT_SECONDS = 30.0
_LONGEST_LINE = 1 << 16


class Request(msgspec.Struct):
    """A line."""

    do: str
    after: int = -1
    wait: float = 0.0
    version: int = 0
    command: list[str] = []


class Controlled(Protocol):
    """What is controlled."""

    async def status(self, after: int, wait: float) -> GatewayStatus:
        """How things are, once they are newer than `after` or the time to wait is over."""

    async def load(self) -> int:
        """Take the table on disk; returns its version."""

    def stop(self) -> None:
        """Begin to end."""

    def renew(self, command: list[str]) -> None:
        """Begin to end, for another program that is to go on with what this one has."""


async def serve(gateway: Controlled, path: str) -> asyncio.Server:
    """Listen on the control socket.

    Args:
        gateway: What is controlled.
        path: Where the socket is made.
    """

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(await _answer(gateway, line) + b"\n")
                await writer.drain()
        except (ValueError, ConnectionError):
            pass  # an endless line, or a client that has gone
        except asyncio.CancelledError:
            # The gateway ends. asyncio asks a canceled client for its fault, and logs a trace.
            pass
        finally:
            writer.close()

    return await asyncio.start_unix_server(client, path, limit=_LONGEST_LINE)


async def _answer(gateway: Controlled, line: bytes) -> bytes:
    try:
        asked = msgspec.json.decode(line, type=Request)
        if asked.do == "status":
            wait = min(asked.wait, LONGEST_WAIT_SECONDS)
            return msgspec.json.encode(await gateway.status(asked.after, wait))
        if asked.do == "load":
            return msgspec.json.encode({"version": await gateway.load()})
        if asked.do == "stop":
            gateway.stop()
            return b'{"stopping":true}'
        if asked.do == "renew" and asked.command:
            gateway.renew(asked.command)
            return b'{"stopping":true}'
        return msgspec.json.encode({"error": f"the gateway cannot {asked.do!r}"})
    except (msgspec.MsgspecError, OSError, ValueError) as error:
        return msgspec.json.encode({"error": str(error)})
