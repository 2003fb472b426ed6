"""Raw bodies on their way in: bounded memory, and nothing kept of what broke off."""

import asyncio
import hashlib
import threading
import time

import pytest

from runyard_server.service.bodies import Interrupted, Pipe

FILES = "/api/v1/workspaces/default/datastores/workspaceblobstore/files"
MEGABYTE = 1 << 20


def memory(ask):
    """The service's resident memory in bytes."""
    return ask("GET", "/api/v1/status").json["memory_bytes"]


def test_a_large_body_passes_through(ask):
    """A file far larger than the buffer arrives whole, without being held in memory."""
    block = bytes(range(256)) * 4096
    digest, before = hashlib.sha256(), memory(ask)
    connection = ask.open()
    connection.putrequest("PUT", f"{FILES}/bodies/large?overwrite=true")
    connection.putheader("Authorization", f"Bearer {ask.service.token}")
    connection.putheader("Content-Length", str(200 * len(block)))
    connection.endheaders()
    for _ in range(200):
        connection.send(block)
        digest.update(block)
    response = connection.getresponse()
    assert (response.status, response.read()[:1]) == (200, b"{")
    assert memory(ask) - before < 60 * MEGABYTE
    assert hashlib.sha256(ask("GET", f"{FILES}/bodies/large").body).digest() == digest.digest()
    connection.close()


def test_a_body_without_a_size_passes_too(ask):
    """A chunked body, whose size nobody knows, is stored like any other."""
    answer = ask("PUT", f"{FILES}/bodies/chunked?overwrite=true", iter([b"a" * 10, b"b" * 10]))
    assert answer.status == 200
    assert ask("GET", f"{FILES}/bodies/chunked").body == b"a" * 10 + b"b" * 10


@pytest.mark.parametrize("announced", [100, 10 * MEGABYTE])
def test_a_body_that_breaks_off_leaves_nothing(ask, announced):
    """A client that dies while sending leaves no file, and no part of one."""
    name = f"broken-{announced}"
    connection = ask.open()
    connection.putrequest("PUT", f"{FILES}/bodies/{name}")
    connection.putheader("Authorization", f"Bearer {ask.service.token}")
    connection.putheader("Content-Length", str(announced))
    connection.endheaders()
    connection.send(b"x" * (announced // 2))
    time.sleep(0.2)
    connection.close()
    for _ in range(100):
        if not [
            p for p in ask.service.home.glob("datastores/**/*") if p.name.startswith(".runyard")
        ]:
            break
        time.sleep(0.02)
    assert ask("GET", f"{FILES}/bodies/{name}").status == 404
    listed = ask("GET", f"{FILES}?prefix=bodies/{name}").json["items"]
    assert listed == []


def test_a_refusal_comes_though_the_body_is_not_read(ask):
    """A body for a place that does not exist is answered, not swallowed for minutes."""
    connection = ask.open()
    connection.putrequest("PUT", f"{FILES.replace('workspaceblobstore', 'nothing')}/x")
    connection.putheader("Authorization", f"Bearer {ask.service.token}")
    connection.putheader("Content-Length", str(100 * MEGABYTE))
    connection.endheaders()
    connection.send(b"x" * MEGABYTE)
    response = connection.getresponse()
    assert response.status == 404
    assert b"datastore_not_found" in response.read()
    connection.close()


async def _filled(pipe, chunks, error=None) -> None:
    for chunk in chunks:
        await pipe.put(chunk)
    pipe.end(error)


def test_a_pipe_gives_what_was_put_in_any_portions():
    """The reader's portions have nothing to do with the network's."""

    async def work() -> None:
        pipe = Pipe(asyncio.get_running_loop(), limit=10)
        reading = asyncio.to_thread(lambda: [pipe.read(4) for _ in range(6)])
        _, got = await asyncio.gather(
            _filled(pipe, [b"abcdef", b"", b"ghi", b"jklmnopqr"]), reading
        )
        assert b"".join(got) == b"abcdefghijklmnopqr"
        assert pipe.read(1) == b""

    asyncio.run(work())


def test_a_full_pipe_makes_the_sender_wait():
    """A client that sends faster than the disk writes is slowed, not buffered."""

    async def work() -> None:
        pipe = Pipe(asyncio.get_running_loop(), limit=4)
        await pipe.put(b"12345")
        more = asyncio.create_task(pipe.put(b"6"))
        await asyncio.sleep(0.05)
        assert not more.done()
        assert await asyncio.to_thread(pipe.read, 5) == b"12345"
        await asyncio.wait_for(more, 5)

    asyncio.run(work())


def test_a_broken_pipe_tells_the_reader_at_once():
    """A reader that waits for a client that is gone gets the error, not the end of the body."""

    async def work() -> None:
        pipe = Pipe(asyncio.get_running_loop())
        await pipe.put(b"half")
        threading.Timer(0.05, pipe.end, [Interrupted("gone")]).start()
        with pytest.raises(Interrupted):
            await asyncio.to_thread(lambda: pipe.read(-1))

    asyncio.run(work())
