"""Streams of what has `read` alone, as readers of files expect them."""

from __future__ import annotations

import io
from http.client import HTTPException
from typing import Any, BinaryIO, cast

from runyard.client.answers import check_whole

BLOCK_BYTES = 1 << 20


def buffered(source: Any) -> BinaryIO:
    """A stream of an answer: with lines, and with an error where it breaks off."""
    return cast("BinaryIO", io.BufferedReader(_Raw(source), BLOCK_BYTES))


class _Raw(io.RawIOBase):
    """Makes a stream of something that has `read` alone."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self._size = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            found = self._source.read(len(buffer))
        except HTTPException as error:
            # Of an answer in chunks that breaks off; readers expect what files raise.
            raise OSError(f"the answer broke off after {self._size} bytes ({error})") from error
        self._size += len(found)
        if not found:
            check_whole(self._source, self._size)
        buffer[: len(found)] = found
        return len(found)

    def close(self) -> None:
        close = getattr(self._source, "close", None)
        if close is not None and not self.closed:
            close()
        super().close()

    @property
    def headers(self) -> Any:
        return getattr(self._source, "headers", None)
