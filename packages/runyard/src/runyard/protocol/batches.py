"""Many small contents in one body: frames, each a name, a size and the bytes.

    2 bytes   length of the name          (big-endian, as all numbers here)
    8 bytes   size of the content; 2^64 - 1 stands for "not there", without bytes
    n bytes   the name, UTF-8: a digest, or a path on a datastore
    m bytes   the content

One request for hundreds of files costs what one file does. Batches hold small files alone: larger
ones go by themselves, and gain nothing here.
"""

import struct
from typing import Callable, Iterable, Iterator, List, NamedTuple, Optional

from runyard.protocol.errors import InvalidRequest

# What clients put together. The service takes more, so that another client may choose otherwise.
SMALL_BYTES = 1 << 20
BATCH_BYTES = 8 << 20
BATCH_FILES = 500
MOST_CONTENT_BYTES = 8 << 20
MOST_BYTES = 64 << 20
MOST_FILES = 10_000
MOST_NAME_BYTES = 4096

_BLOCK = 1 << 20
_HEAD = struct.Struct(">HQ")
_ABSENT = (1 << 64) - 1

Read = Callable[[int], bytes]


class Content(NamedTuple):
    """One frame; `data` is None for what is not there."""

    name: str
    data: Optional[bytes]


def frame(name: str, data: Optional[bytes]) -> bytes:
    """Write one frame; None as data says that there is no such content."""
    octets = name.encode("utf-8")
    return _HEAD.pack(len(octets), _ABSENT if data is None else len(data)) + octets + (data or b"")


def join(contents: Iterable[Content]) -> bytes:
    """Write frames one after the other."""
    return b"".join([frame(name, data) for name, data in contents])


def split(read: Read) -> Iterator[Content]:
    """Read frames as they come, so that a batch need not be in memory whole.

    Args:
        read: Gives up to so many bytes, b"" at the end.

    Raises:
        InvalidRequest: The body ends inside a frame, or is above one of the limits; what came
            before has been given.
    """
    buffer = _Buffer(read)
    count = 0
    while buffer.fill(1):
        count += 1
        length, size = _HEAD.unpack(buffer.take(_HEAD.size, count))
        absent = size == _ABSENT
        _check(count, length, 0 if absent else size)
        name = _name(buffer.take(length, count), count)
        yield Content(name, None if absent else buffer.take(size, count))
        if buffer.taken > MOST_BYTES:
            raise InvalidRequest(f"a batch has {MOST_BYTES >> 20} MB at most; send several")


class _Buffer:
    """Bytes read in large steps and taken in small ones: each step of a socket costs a thread."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._data = b""
        self._at = 0
        self.taken = 0

    def fill(self, size: int) -> bool:
        """Have `size` bytes ready; False if the body ends before."""
        left = len(self._data) - self._at
        if left >= size:
            return True
        parts: List[bytes] = [self._data[self._at :]]
        while left < size:
            block = self._read(max(_BLOCK, size - left))
            if not block:
                break
            parts.append(block)
            left += len(block)
        self._data, self._at = b"".join(parts), 0
        return left >= size

    def take(self, size: int, number: int) -> bytes:
        """Read the next `size` bytes."""
        if not self.fill(size):
            raise InvalidRequest(
                f"the batch ends inside its file {number}: it was cut while it was sent; send it "
                "again"
            )
        data = self._data[self._at : self._at + size]
        self._at += size
        self.taken += size
        return data


def _check(count: int, length: int, size: int) -> None:
    if count > MOST_FILES:
        raise InvalidRequest(f"a batch has {MOST_FILES} files at most; send several")
    if not 0 < length <= MOST_NAME_BYTES:
        raise InvalidRequest(
            f"file {count} of the batch has a name of {length} bytes; 1 to {MOST_NAME_BYTES} are "
            "possible, if this is a batch at all"
        )
    if size > MOST_CONTENT_BYTES:
        raise InvalidRequest(
            f"file {count} of the batch has {size} bytes; above {MOST_CONTENT_BYTES >> 20} MB a "
            "file is sent by itself"
        )


def _name(octets: bytes, number: int) -> str:
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidRequest(f"the name of file {number} of the batch is not UTF-8") from None
