"""A raw answer being read: knows its size, and goes on after a broken connection."""

from __future__ import annotations

import contextlib
import http.client
from typing import TYPE_CHECKING, Any, Callable, Optional, Type

from runyard.protocol.errors import ServiceUnreachable, TemporaryError

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

ATTEMPTS = 3


class RangeIgnored(TemporaryError):
    """Whoever answers knows no ranges."""


class FileReplaced(TemporaryError):
    """What is left of a file is of another version than what has come of it."""


class Download:
    """The bytes of a file of the service.

    Args:
        request: Opens the answer at a byte position.
        offset: The first byte wanted.

    Attributes:
        size: Bytes from `offset` to the end as it was when this was opened.
        version: What the service says tells this content from others; "" where it says nothing.
        breaks: How often it went on after a break: of a file that has no version somebody may have
            replaced it in between.
    """

    def __init__(self, request: Callable[[int], http.client.HTTPResponse], offset: int = 0) -> None:
        self._request = request
        self._offset = offset
        self._response: Optional[http.client.HTTPResponse] = request(offset)
        # Nothing lies behind `offset`: a log that has not grown is no error.
        empty = self._response.status == http.client.REQUESTED_RANGE_NOT_SATISFIABLE
        self.size = 0 if empty else int(self._response.length or 0)
        self.version = str(self._response.getheader("ETag") or "").strip('"')
        self.breaks = 0
        self._got = 0
        self._failures = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes, all of the rest by default, b"" at the end.

        Raises:
            ServiceUnreachable: The connection broke and could not be taken up again.
        """
        if size < 0:
            return b"".join(iter(lambda: self.read(1 << 20), b""))
        wanted = min(size, self.size - self._got)
        while wanted:
            data = self._some(wanted)
            if data:
                self._got += len(data)
                # Breaks are counted without progress between them: a long transfer may have many.
                self._failures = 0
                return data
        return b""

    def close(self) -> None:
        """End the transfer; what was read completely leaves its connection for others."""
        response, self._response = self._response, None
        if response is None:
            return
        if self._got == self.size:
            # More than was wanted has come if the file grew before a break; that may break too.
            with contextlib.suppress(http.client.HTTPException, OSError):
                response.read()
        _end(response)

    def _some(self, size: int) -> bytes:
        try:
            data = self._response.read(size) if self._response is not None else b""
        except (http.client.HTTPException, OSError):
            data = b""
        if not data:
            self._reopen()
        return data

    def _reopen(self) -> None:
        self._failures += 1
        if self._failures > ATTEMPTS:
            raise ServiceUnreachable(
                f"the transfer broke {self._failures} times in a row after {self._got} of "
                f"{self.size} bytes; try again"
            )
        # Forgotten first: ended twice, its connection would be kept twice, and asked two at once.
        response, self._response = self._response, None
        if response is not None:
            _end(response)
        self._response = self._request(self._offset + self._got)
        self.breaks += 1
        if str(self._response.getheader("ETag") or "").strip('"') != self.version:
            raise FileReplaced("the file was replaced while it came; try again")


def _end(response: Any) -> None:
    """Return the answer's connection: it is kept if all was read, else closed."""
    response.finished()
