"""Frames over one connection: read as many as there are, written by several threads.

A body of some size is received into its own place, so that a megabyte is copied once.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import threading
from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Optional, Type, TypeVar

from runyard.protocol import codec
from runyard.protocol.frames import HEAD, LARGEST_META, pack

if TYPE_CHECKING:
    from runyard.runtime.model.begun import Mark

Record = TypeVar("Record")
# A large one is a bytearray, which all that is done with a body takes for bytes.

# Above 128 kB the C library has the kernel map and unmap memory for each read: 14 µs, not 1.4.
BLOCK_BYTES = 64 << 10
# A body that lacks more than this is received in place.
LARGE_BYTES = 64 << 10


class Frame(NamedTuple):
    """One frame; `meta` is still JSON, and may be empty."""

    kind: int
    number: int
    meta: bytes
    body: bytes


class Line:
    """A connected socket that frames come and go on.

    Args:
        sock: The socket, blocking.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._buffer = b""
        self._kept: List[Frame] = []
        self.mark: Optional[Mark] = None
        self._lock = threading.Lock()

    def receive(self, wait: Optional[float] = None) -> List[Frame]:
        """All frames that are there, and at least one.

        Args:
            wait: Seconds to wait for the first; None: for ever. With any it may be none.

        Raises:
            EOFError: The other side has closed.
            OSError: The connection is broken.
        """
        frames, self._kept = self._kept, []
        while not frames:
            frames = self._take()
            if frames:
                break
            if wait is not None and not self._readable(wait):
                return []
            data = self._socket.recv(BLOCK_BYTES)
            if not data:
                raise EOFError("the connection was closed")
            self._buffer = self._buffer + data if self._buffer else data
        return frames

    def unread(self, frames: List[Frame]) -> None:
        """Have frames received once more, before all others."""
        self._kept = frames + self._kept

    def send(self, data: bytes) -> None:
        """Send frames, whole, whoever else does so."""
        with self._lock:
            self._socket.sendall(data)

    def try_send(self, data: bytes) -> bool:
        """Send a small frame unless somebody is sending; whether it went out."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            self._socket.sendall(data)
        finally:
            self._lock.release()
        return True

    def stop_reading(self) -> None:
        """Have who waits in `receive` find the end."""
        try:
            self._socket.shutdown(socket.SHUT_RD)
        except OSError:
            return

    def close(self) -> None:
        """Close it, also for a thread that waits in `receive`."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        if self.mark is not None:
            self.mark.close()
            self.mark = None

    def _readable(self, wait: float) -> bool:
        # Not select, which knows no file descriptor above 1023.
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(max(0.0, wait) * 1000))

    def _take(self) -> List[Frame]:
        """Cut whole frames off what has come."""
        buffer, place, frames = self._buffer, 0, []
        size = len(buffer)
        while size - place >= HEAD.size:
            body_size, meta_size, number, kind = HEAD.unpack_from(buffer, place)
            if meta_size > LARGEST_META:
                raise EOFError(f"a frame's meta of {meta_size} bytes is none of ours")
            start = place + HEAD.size
            body = start + meta_size
            end = body + body_size
            if end > size:
                if end - size <= LARGE_BYTES or size < body:
                    break
                frames.append(Frame(kind, number, buffer[start:body], self._rest(body, body_size)))
                place = size
                break
            frames.append(Frame(kind, number, buffer[start:body], buffer[body:end]))
            place = end
        self._buffer = buffer[place:] if place else buffer
        return frames

    def _rest(self, start: int, size: int) -> bytes:
        """Receive the rest of a large body, whose beginning is in the buffer."""
        body = bytearray(size)
        here = len(self._buffer) - start
        body[:here] = self._buffer[start:]
        with memoryview(body) as view:
            while here < size:
                count = self._socket.recv_into(view[here:])
                if not count:
                    raise EOFError("the connection was closed within a frame")
                here += count
        return body  # type: ignore[return-value]


def frame(kind: int, number: int = 0, record: Any = None, body: bytes = b"") -> bytes:
    """A frame with a record as meta.

    Args:
        kind: What it is.
        number: The id of the call, 0 where there is none.
        record: A record of `protocol.frames`, None for no meta.
        body: The bytes of a request or a response.
    """
    return pack(kind, number, b"" if record is None else codec.encode(record), body)


def meta(kind: Type[Record], data: bytes) -> Record:
    """The record in a frame's meta, its defaults where there is none."""
    plain: Dict[str, Any] = json.loads(data.decode("utf-8")) if data else {}
    return codec.from_plain(kind, plain)
