"""Writes Parquet files, a group of rows at a time, with what Python has.

The format is Apache's (https://parquet.apache.org/docs/file-format/): one data page of version 1
for each column and group, values in PLAIN encoding, packed by gzip; which values are there is told
by definition levels, one bit each. The descriptions are Thrift structs in its compact protocol. A
library would do this ten times as fast, and would cost the service a hundred megabytes.
"""

import struct
import zlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

TEXT, INTEGER, NUMBER, TIME, SWITCH = "text", "integer", "number", "time", "switch"
MAGIC = b"PAR1"
# Thrift's types in the compact protocol.
_TRUE, _I32, _I64, _BINARY, _LIST, _STRUCT = 1, 5, 6, 8, 9, 12
_BOOLEAN, _INT64, _DOUBLE, _BYTE_ARRAY = 0, 2, 5, 6
_PHYSICAL = {
    TEXT: _BYTE_ARRAY,
    INTEGER: _INT64,
    NUMBER: _DOUBLE,
    TIME: _INT64,
    SWITCH: _BOOLEAN,
}
_OPTIONAL, _PLAIN, _RLE, _GZIP, _DATA_PAGE = 1, 0, 3, 2, 0
_UTF8, _TIMESTAMP_MICROS = 0, 10
_LONG_LIST = 15
# Of each byte of a number: seven bits of it, and whether more follow.
_LOW, _MORE = 0x7F, 0x80
_Field = tuple[int, int, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, and what its values are; times are microseconds since 1970, UTC."""

    name: str
    kind: str


class Writer:
    """The parts of one file, in order: `MAGIC`, groups of rows, and the end.

    Args:
        columns: The columns.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._groups: list[bytes] = []
        self._rows = 0
        self._place = len(MAGIC)

    def group(self, values: Sequence[Sequence[Any]]) -> bytes:
        """The bytes of a group of rows.

        Args:
            values: The values of each column, None for what a row lacks; all are as long.
        """
        rows, parts, chunks, size = len(values[0]), [], [], 0
        for column, each in zip(self._columns, values, strict=True):
            page, plain = _page(column.kind, each)
            chunks.append(_chunk(column, rows, self._place, len(page), plain))
            parts.append(page)
            self._place += len(page)
            size += plain
        self._rows += rows
        self._groups.append(
            _struct((1, _LIST, (_STRUCT, chunks)), (2, _I64, size), (3, _I64, rows))
        )
        return b"".join(parts)

    def end(self) -> bytes:
        """What comes behind the last group."""
        root = _struct((4, _BINARY, b"schema"), (5, _I32, len(self._columns)))
        schema = [root, *map(_element, self._columns)]
        footer = _struct(
            (1, _I32, 1),
            (2, _LIST, (_STRUCT, schema)),
            (3, _I64, self._rows),
            (4, _LIST, (_STRUCT, self._groups)),
            (6, _BINARY, b"runyard"),
        )
        return footer + struct.pack("<i", len(footer)) + MAGIC


def _page(kind: str, values: Sequence[Any]) -> tuple[bytes, int]:
    """A page with its head, and how large it would be unpacked."""
    there = [value for value in values if value is not None]
    plain = _levels(values, len(there)) + _ENCODED[kind](there)
    packer = zlib.compressobj(1, wbits=31)
    packed = packer.compress(plain) + packer.flush()
    told = _struct((1, _I32, len(values)), (2, _I32, _PLAIN), (3, _I32, _RLE), (4, _I32, _RLE))
    head = _struct(
        (1, _I32, _DATA_PAGE),
        (2, _I32, len(plain)),
        (3, _I32, len(packed)),
        (5, _STRUCT, told),
    )
    return head + packed, len(head) + len(plain)


def _levels(values: Sequence[Any], there: int) -> bytes:
    """Which of the values are there: a run of equal ones, or a bit for each."""
    if there in (0, len(values)):
        told = _varint(len(values) << 1) + bytes([there > 0])
    else:
        bits = _bits([value is not None for value in values])
        told = _varint(len(bits) << 1 | 1) + bits
    return struct.pack("<i", len(told)) + told


def _bits(values: Sequence[bool]) -> bytes:
    """A bit for each value, the first one lowest, in whole bytes."""
    # The longest way to write it and by far the fastest: Python's own loops are in C here.
    text = "".join("1" if value else "0" for value in reversed(values))
    return int(text or "0", 2).to_bytes((len(values) + 7) // 8, "little")


def _texts(values: Sequence[str]) -> bytes:
    parts: list[bytes] = []
    for value in values:
        data = value.encode("utf-8", "replace")
        parts += (len(data).to_bytes(4, "little"), data)
    return b"".join(parts)


def _array(kind: str, values: Sequence[Any]) -> bytes:
    found = array(kind, values)
    if struct.pack("=H", 1) != struct.pack("<H", 1):
        found.byteswap()
    return found.tobytes()


_ENCODED: dict[str, Any] = {
    TEXT: _texts,
    INTEGER: lambda values: _array("q", values),
    NUMBER: lambda values: _array("d", values),
    TIME: lambda values: _array("q", values),
    SWITCH: _bits,
}


def _element(column: Column) -> bytes:
    """A column in the schema."""
    fields: list[_Field] = [
        (1, _I32, _PHYSICAL[column.kind]),
        (3, _I32, _OPTIONAL),
        (4, _BINARY, column.name.encode("utf-8", "replace")),
    ]
    if column.kind == TEXT:
        fields += [(6, _I32, _UTF8), (10, _STRUCT, _struct((1, _STRUCT, _struct())))]
    elif column.kind == TIME:
        micros = _struct((2, _STRUCT, _struct()))
        times = _struct((1, _TRUE, None), (2, _STRUCT, micros))
        fields += [(6, _I32, _TIMESTAMP_MICROS), (10, _STRUCT, _struct((8, _STRUCT, times)))]
    return _struct(*fields)


def _chunk(column: Column, rows: int, place: int, size: int, plain: int) -> bytes:
    """Where a column of a group stands.

    Args:
        column: The column.
        rows: How many values it has.
        place: Where its page begins in the file.
        size: The bytes of the page.
        plain: How many they would be unpacked.
    """
    name = column.name.encode("utf-8", "replace")
    told = _struct(
        (1, _I32, _PHYSICAL[column.kind]),
        (2, _LIST, (_I32, [_zigzag(_PLAIN), _zigzag(_RLE)])),
        (3, _LIST, (_BINARY, [_varint(len(name)) + name])),
        (4, _I32, _GZIP),
        (5, _I64, rows),
        (6, _I64, plain),
        (7, _I64, size),
        (9, _I64, place),
    )
    return _struct((2, _I64, place), (3, _STRUCT, told))


def _struct(*fields: _Field) -> bytes:
    """A struct: each field's number as the step from the last one's, with its type."""
    parts: list[bytes] = []
    last = 0
    for number, kind, value in fields:
        parts += (bytes([(number - last) << 4 | kind]), _value(kind, value))
        last = number
    return b"".join(parts) + b"\0"


def _value(kind: int, value: Any) -> bytes:
    if kind in (_I32, _I64):
        return _zigzag(value)
    if kind == _BINARY:
        return _varint(len(value)) + bytes(value)
    if kind == _LIST:
        of, items = value
        size = len(items)
        short = size < _LONG_LIST
        head = bytes([size << 4 | of]) if short else bytes([0xF0 | of]) + _varint(size)
        return head + b"".join(items)
    # A switch is its type, and a struct is written out already.
    return b"" if kind == _TRUE else bytes(value)


def _zigzag(value: int) -> bytes:
    return _varint(value << 1 if value >= 0 else (-value << 1) - 1)


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > _LOW:
        found.append(value & _LOW | _MORE)
        value >>= 7
    found.append(value)
    return bytes(found)
