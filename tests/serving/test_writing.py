"""What is written at once, and what waits its turn."""

import asyncio
import os
import select
import socket

import pytest
import uvloop

from runyard_server.serving.writing import Writer

LARGE = bytes(range(256)) * (4 << 10)


async def _written() -> bytes:
    """What comes of pieces that do not all fit into the socket, read by a slow other side."""
    near, far = socket.socketpair()
    far.settimeout(0)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(asyncio.Protocol, sock=near)
    writer = Writer(transport)
    for piece in (b"first", LARGE, b"last"):
        writer.write(piece)
    transport.close()
    found = bytearray()
    while data := await loop.sock_recv(far, 1 << 16):
        found += data
    far.close()
    return bytes(found)


@pytest.mark.parametrize("factory", [uvloop.new_event_loop, asyncio.new_event_loop])
def test_what_does_not_fit_follows_in_its_order(factory):
    """A client that reads slowly gets all of an answer, and nothing of the next before its end."""
    with asyncio.Runner(loop_factory=factory) as runner:
        assert runner.run(_written()) == b"first" + LARGE + b"last"


class Told(asyncio.Protocol):
    """A protocol that waits for its connection to be lost."""

    def __init__(self, lost: asyncio.Event) -> None:
        self._lost = lost

    def connection_lost(self, exc: Exception | None) -> None:
        """Have who waits go on."""
        del exc
        self._lost.set()


async def _others_after() -> list[socket.socket]:
    """Sockets that took the number of a connection to which something is written afterwards."""
    near, far = socket.socketpair()
    number, lost = near.fileno(), asyncio.Event()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(lambda: Told(lost), sock=near)
    writer = Writer(transport)
    transport.close()
    await lost.wait()
    await asyncio.sleep(0.01)
    near.close()
    others = list(socket.socketpair())
    if number not in [each.fileno() for each in others]:
        # What ended in another thread has freed a lower one meanwhile.
        os.dup2(others[0].fileno(), number)
        others.append(socket.socket(fileno=number))
    writer.write(b"for somebody else")
    far.close()
    return others


@pytest.mark.parametrize("factory", [uvloop.new_event_loop, asyncio.new_event_loop])
def test_nothing_is_written_to_who_took_the_place_of_a_closed_connection(factory):
    """An answer to a client that has gone is seen by no other client."""
    with asyncio.Runner(loop_factory=factory) as runner:
        others = runner.run(_others_after())
        readable, _, _ = select.select(others, [], [], 0)
        for each in others:
            each.close()
        assert not readable
