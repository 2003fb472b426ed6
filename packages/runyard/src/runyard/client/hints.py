"""Hints at what changed in a workspace, read as they come by whoever waits for several things.

A reader has a `fileno` for `select` and reads what has come, without waiting for more.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, List, Sequence

from runyard.client.workspace_connection import NounClient
from runyard.protocol import codec
from runyard.protocol import stream as routes
from runyard.protocol.stream import Hint, StreamQuery
from runyard.protocol.timeouts import STREAM_SILENCE_SECONDS

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Optional, Type

    from typing_extensions import Self

_PIECE_BYTES = 1 << 16
_END_OF_LINE = b"\r\n"


class Hints(NounClient):
    """The stream of hints of a workspace."""

    def follow(self, topics: Sequence[str], after: int = 0) -> HintReader:
        """Open the stream; whoever opened it closes it.

        Args:
            topics: What to hear of, such as `run:<id>` or `runs`.
            after: The position behind which it begins; 0 begins now.

        Raises:
            RunyardError: The service refused, or cannot be reached.
        """
        service = self._service
        query = StreamQuery(",".join(topics), after)
        return HintReader(
            service.connection.stream(
                routes.STREAM_FOLLOW, service.id, query=query, timeout=STREAM_SILENCE_SECONDS
            )
        )


class HintReader:
    """An open stream of hints.

    Args:
        response: The service's answer, of which the head was read.
    """

    def __init__(self, response: Any) -> None:
        self._response = response
        self._unchunked = _Unchunked() if response.chunked else None
        self._text = b""
        self._early = self._read_ahead()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def fileno(self) -> int:
        """The descriptor that is readable once there is more."""
        number: int = self._response.fileno()
        return number

    @property
    def early(self) -> bool:
        """Whether something came together with the head, of which no `select` will tell."""
        return bool(self._early)

    def read(self) -> List[Hint]:
        """Read what has come; waits while nothing has.

        Raises:
            OSError: The stream has ended or broken.
        """
        data, self._early = self._early, b""
        # With an empty buffer one read of the socket, of which nothing is left behind.
        data = data or self._response.fp.read1(_PIECE_BYTES)
        if not data:
            raise ConnectionError("the stream of hints has ended")
        self._text += data if self._unchunked is None else self._unchunked.take(data)
        *frames, self._text = self._text.split(b"\n\n")
        return [hint for frame in frames for hint in _hints(frame)]

    def close(self) -> None:
        """Close the stream."""
        self._response.close()
        self._response.connection.close()

    def _read_ahead(self) -> bytes:
        """What the reading of the head took of the body."""
        sock = self._response.connection.sock
        if sock is None:
            return b""
        sock.settimeout(0)
        try:
            there = len(self._response.fp.peek(1))
            return bytes(self._response.fp.read1(there)) if there else b""
        except OSError:
            return b""
        finally:
            sock.settimeout(STREAM_SILENCE_SECONDS)


class _Unchunked:
    """Takes the sizes out of a body that is sent in chunks, however it arrives."""

    def __init__(self) -> None:
        self._rest = b""
        self._left = 0

    def take(self, data: bytes) -> bytes:
        """Take what arrived and return what of the body is in it.

        Raises:
            OSError: The last chunk has come, or what came is no chunk.
        """
        self._rest += data
        body = b""
        while self._rest:
            if self._left:
                piece = self._rest[: self._left]
                body += piece
                self._left -= len(piece)
                self._rest = self._rest[len(piece) :]
                continue
            # The end of the chunk before stands in front of the next one's size.
            line, found, rest = self._rest.lstrip(_END_OF_LINE).partition(_END_OF_LINE)
            if not found:
                break
            self._left = _size(line)
            self._rest = rest
        return body


def _size(line: bytes) -> int:
    try:
        size = int(line.partition(b";")[0], 16)
    except ValueError:
        raise ConnectionError("the stream of hints broke") from None
    if size == 0:
        raise ConnectionError("the stream of hints has ended")
    return size


def _hints(frame: bytes) -> List[Hint]:
    """The hint of a frame; comments, which only keep the line open, have none."""
    lines = [line[5:].lstrip() for line in frame.split(b"\n") if line.startswith(b"data:")]
    if not lines:
        return []
    return [codec.from_plain(Hint, json.loads(b"\n".join(lines).decode("utf-8")))]
