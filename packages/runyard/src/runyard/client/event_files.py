"""Event files of TensorBoard, written and read with the standard library alone.

A file `events.out.tfevents.<seconds>.<host>.<pid>.<n>` is a row of records:

    length of the payload    8 bytes, little endian
    checksum of the length   4 bytes: crc32c, rotated right by 15, plus 0xa282ead8
    payload                  an Event; see `event_messages`
    checksum of the payload  4 bytes

A writer may be in the middle of its last record: reading stops before it, and goes on there the
next time. https://www.tensorflow.org/tutorials/load_data/tfrecord tells the format.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Callable, Dict, Iterator, List, Optional

from runyard.client import event_messages

if TYPE_CHECKING:
    from runyard.client.event_messages import Point

MARK = "tfevents"
# Without a library a checksum takes 0.6 s a megabyte: of long records the length's must do.
CHECKED_BYTES = 64 << 10
# What claims to be longer is no record.
LONGEST_RECORD = 1 << 30
_HEAD, _FOOT = 12, 4
_MASK, _WORD = 0xA282EAD8, 0xFFFFFFFF
_POLYNOMIAL = 0x82F63B78


def _rows() -> List[int]:
    found = []
    for byte in range(256):
        row = byte
        for _ in range(8):
            row = row >> 1 ^ (_POLYNOMIAL if row & 1 else 0)
        found.append(row)
    return found


_ROWS = _rows()


def crc32c(data: bytes) -> int:
    """The CRC-32C (Castagnoli) of bytes."""
    rows, crc = _ROWS, _WORD
    for byte in data:
        crc = crc >> 8 ^ rows[(crc ^ byte) & 0xFF]
    return crc ^ _WORD


def masked(data: bytes) -> int:
    """The checksum of bytes as records have it."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + _MASK) & _WORD


def _never() -> bool:
    return False


class Damaged(ValueError):
    """A record is not what was written.

    Args:
        path: The file.
        offset: Where the record begins.
        reason: What is wrong with it.
    """

    def __init__(self, path: str, offset: int, reason: str) -> None:
        super().__init__(f"{path} is damaged at byte {offset}: {reason}")
        self.path = path
        self.offset = offset


class EventReader:
    """Reads what a growing event file has got since the last time.

    Args:
        path: The file.
        offset: Where to begin; the end of a record.

    Attributes:
        offset: How far the file was read.
    """

    def __init__(self, path: str, offset: int = 0) -> None:
        self.path = path
        self.offset = offset
        self._plugins: Dict[str, str] = {}

    def read(self, enough: Callable[[], bool] = _never) -> Iterator[Point]:
        """The points of all whole records from `offset` on, which moves with them.

        Args:
            enough: Says whether to leave the rest for the next time; asked before each record.

        Raises:
            Damaged: A record is damaged; `offset` stays before it.
            OSError: The file cannot be read.
        """
        with Path(self.path).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(self.offset)
            while not enough():
                payload = self._record(file, size)
                if payload is None:
                    return
                try:
                    found = list(event_messages.points(payload, self._plugins))
                except ValueError as error:
                    raise Damaged(self.path, self.offset, f"it is no event, {error}") from None
                self.offset = file.tell()
                yield from found

    def _record(self, file: BinaryIO, size: int) -> Optional[bytes]:
        """The next record's payload, None where it is not whole yet."""
        head = file.read(_HEAD)
        # A disk that shows a file's new size before its bytes shows zeros.
        if len(head) < _HEAD or not any(head):
            return None
        length, check = struct.unpack("<QI", head)
        if masked(head[:8]) != check or length > LONGEST_RECORD:
            raise Damaged(self.path, self.offset, "the checksum of a length is wrong")
        if size - file.tell() < length + _FOOT:
            return None
        payload, foot = file.read(length), file.read(_FOOT)
        if len(foot) < _FOOT:
            return None
        if length <= CHECKED_BYTES and masked(payload) != struct.unpack("<I", foot)[0]:
            raise Damaged(self.path, self.offset, "the checksum of a record is wrong")
        return payload


class EventWriter:
    """Writes an event file that TensorBoard reads.

    Args:
        folder: Where; it is made.
        number: Tells files of one process and second apart.

    Attributes:
        path: The file.
    """

    def __init__(self, folder: Any, number: int = 0) -> None:
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        now = time.time()
        writer = f"{socket.gethostname()}.{os.getpid()}.{number}"
        self.path = place / f"events.out.{MARK}.{int(now):010d}.{writer}"
        self._file = self.path.open("wb")
        self._append(event_messages.version_event(now))

    def scalar(self, tag: str, value: float, step: int, when: float) -> None:
        """Write a number.

        Args:
            tag: Its name.
            value: The number.
            step: The step.
            when: Seconds since 1970.
        """
        self._append(event_messages.scalar_event(tag, value, step, when))

    def image(self, tag: str, data: bytes, step: int, when: float) -> None:
        """Write a picture.

        Args:
            tag: Its name.
            data: A PNG, JPEG or GIF file.
            step: The step.
            when: Seconds since 1970.
        """
        self._append(event_messages.image_event(tag, data, step, when))

    def flush(self) -> None:
        """Show readers what was written."""
        self._file.flush()

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    def _append(self, payload: bytes) -> None:
        length = struct.pack("<Q", len(payload))
        head = length + struct.pack("<I", masked(length))
        self._file.write(head + payload + struct.pack("<I", masked(payload)))
