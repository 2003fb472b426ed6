"""Segments of metric series: many points packed into one value of the database.

Numbers are packed as columns of eight bytes, little-endian: values, times, then steps (left out
where no point has one). Everything else is JSON, one row per point. A segment never changes;
reading a series is reading its segments in order.

    float64, int64   values | times | steps or nothing
    json             [[value, step, time], …]; a fourth item marks the text of NaN or an infinity
"""

import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, isnan
from typing import Any, cast

import msgspec

FLOAT, INTEGER, JSON = "float64", "int64", "json"
NAMES = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
# The least number of eight bytes, which no script counts its steps by.
NO_STEP = -(2**63)
_TYPES = {FLOAT: "d", INTEGER: "q"}
_WIDTH = 8
# A fourth entry says that a text stands for a float that JSON lacks.
_PLAIN_ROW = 3


@dataclass(slots=True)
class Points:
    """Points of one series; the three lists have one length.

    `values` holds what JSON holds, and floats that JSON lacks; `times` are microseconds since
    1970 in UTC.
    """

    values: list[Any]
    steps: list[int | None]
    times: list[int]

    def __len__(self) -> int:
        return len(self.values)

    def extend(self, other: "Points") -> None:
        """Put the points of `other` behind these."""
        self.values += other.values
        self.steps += other.steps
        self.times += other.times


def name_of(value: float) -> str:
    """The text that stands for a float JSON lacks."""
    if isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def encoding_of(values: Sequence[Any]) -> str:
    """How values are packed: numbers as columns, mixed ones as floats, the rest as JSON."""
    # Exact types: True is an int to isinstance, and would come back as 1.
    types = set(map(type, values))
    if types == {int}:
        return INTEGER
    return FLOAT if types <= {int, float} else JSON


def pack(points: Points) -> tuple[str, bytes]:
    """Pack one or more points; give the encoding and the bytes."""
    encoding = encoding_of(points.values)
    if encoding != JSON:
        try:
            return encoding, _columns(points, _TYPES[encoding])
        except OverflowError:
            # A whole number beyond 64 bits: JSON has no such limit.
            pass
    rows = list(map(_row, points.values, points.steps, points.times))
    return JSON, msgspec.json.encode(rows)


def unpack(encoding: str, count: int, payload: bytes) -> Points:
    """The `count` points of a segment.

    Args:
        encoding: How they are packed.
        count: How many points there are.
        payload: The packed bytes.
    """
    if encoding == JSON:
        return _from_json(payload)
    end = count * _WIDTH
    values = _numbers(_TYPES[encoding], payload[:end])
    times = _numbers("q", payload[end : 2 * end])
    if len(payload) == 2 * end:
        return Points(values, [None] * count, times)
    steps = _numbers("q", payload[2 * end :])
    if NO_STEP in steps:
        return Points(values, [None if step == NO_STEP else step for step in steps], times)
    return Points(values, steps, times)


def columns(
    encoding: str, count: int, payload: bytes
) -> tuple[memoryview, memoryview, memoryview | None] | None:
    """Values, times and steps of a segment of numbers where they lie, without an object for each.

    Each number has eight bytes, little-endian; a point without a step has `NO_STEP` for one.

    Args:
        encoding: How they are packed.
        count: How many points there are.
        payload: The packed bytes.

    Returns:
        The columns, no steps where no point has one; None of a segment that is JSON.
    """
    if encoding == JSON:
        return None
    end, whole = count * _WIDTH, memoryview(payload)
    return whole[:end], whole[end : 2 * end], whole[2 * end :] or None


def joined(packed: Sequence[tuple[str, int, bytes]]) -> bytes:
    """The payload of one segment with the points of several, all of which are packed alike.

    Args:
        packed: The encoding, count and payload of each, in order.
    """
    parts = [columns(*one) for one in packed]
    if any(part is None for part in parts):
        return b"[" + b",".join(payload[1:-1] for _, _, payload in packed) + b"]"
    values, times, steps = zip(*(part for part in parts if part is not None), strict=True)
    if any(steps):
        none = NO_STEP.to_bytes(_WIDTH, "little", signed=True)
        counts = [count for _, count, _ in packed]
        steps = tuple(have or none * n for have, n in zip(steps, counts, strict=True))
        return b"".join([*values, *times, *steps])
    return b"".join([*values, *times])


def _columns(points: Points, kind: str) -> bytes:
    columns: list[array[Any]] = [array(kind, points.values), array("q", points.times)]
    lacking = points.steps.count(None)
    if lacking < len(points.steps):
        steps: Sequence[int | None] = points.steps
        if lacking:
            steps = [NO_STEP if step is None else step for step in steps]
        columns.append(array("q", cast("list[int]", steps)))
    if sys.byteorder == "big":
        for column in columns:
            column.byteswap()
    return b"".join(column.tobytes() for column in columns)


def _numbers(kind: str, payload: bytes) -> list[Any]:
    column: array[Any] = array(kind)
    column.frombytes(payload)
    if sys.byteorder == "big":
        column.byteswap()
    return column.tolist()


def _from_json(payload: bytes) -> Points:
    points = Points([], [], [])
    for row in msgspec.json.decode(payload):
        points.values.append(row[0] if len(row) == _PLAIN_ROW else NAMES[row[0]])
        points.steps.append(row[1])
        points.times.append(row[2])
    return points


def _row(value: Any, step: int | None, time: int) -> list[Any]:
    if isinstance(value, float) and not isfinite(value):
        return [name_of(value), step, time, 1]
    return [value, step, time]
