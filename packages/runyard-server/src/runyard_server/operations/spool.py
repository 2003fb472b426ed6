"""Lines of a spool, decoded and packed outside the writer's thread.

All that a batch needs besides the database is done here, in the request's own thread: the one
writer only numbers and stores what is ready.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import msgspec

from runyard.protocol.errors import InvalidRequest
from runyard_server.store.folders import CHUNK, Body
from runyard_server.store.metrics import SegmentRow, SeriesRow
from runyard_server.store.segments import NAMES, Points, pack

LARGEST = 64 << 20
"""Bytes in one batch; a courier sends less."""


class Line(msgspec.Struct, gc=False):
    """One line; the letters are those of `runyard.protocol.metrics`."""

    n: str
    k: str
    v: Any
    t: int
    s: int | None = None
    x: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """What one batch adds to one series."""

    name: str
    kind: str
    count: int
    encoding: str
    payload: bytes
    last: float | None
    minimum: float | None
    maximum: float | None

    def add_to(self, series: SeriesRow) -> SegmentRow:
        """Count the batch into its series; give its segment."""
        segment = SegmentRow(series.id, series.count, self.count, self.encoding, self.payload)
        series.count += self.count
        if self.last is not None and self.minimum is not None and self.maximum is not None:
            series.last = self.last
            series.minimum = min(self.minimum, *_known(series.minimum, self.minimum))
            series.maximum = max(self.maximum, *_known(series.maximum, self.maximum))
        return segment


_LINES = msgspec.json.Decoder(Line)


def read(body: Body) -> list[Line]:
    """Read a batch of lines.

    Raises:
        InvalidRequest: A line is not as the protocol says, or the batch is too large.
    """
    data = bytearray()
    while chunk := body.read(CHUNK):
        data += chunk
        if len(data) > LARGEST:
            raise InvalidRequest(f"a batch of metric lines may have {LARGEST} bytes; send fewer")
    try:
        return _LINES.decode_lines(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"a metric line is malformed: {error}") from None


def batches(lines: Sequence[Line]) -> list[Batch]:
    """Sort lines by series and pack them, series in order of their first line."""
    groups: defaultdict[str, list[Line]] = defaultdict(list)
    for line in lines:
        groups[line.n].append(line)
    return [_batch(name, group) for name, group in groups.items()]


def _batch(name: str, group: list[Line]) -> Batch:
    values = [line.v for line in group]
    if any(line.x for line in group):
        values = [NAMES.get(str(line.v), line.v) if line.x else line.v for line in group]
    points = Points(values, [line.s for line in group], [line.t for line in group])
    encoding, payload = pack(points)
    numbers = _finite(values)
    return Batch(
        name=name,
        kind=group[0].k,
        count=len(group),
        encoding=encoding,
        payload=payload,
        last=numbers[-1] if numbers else None,
        minimum=min(numbers, default=None),
        maximum=max(numbers, default=None),
    )


def _finite(values: Sequence[Any]) -> list[float]:
    """Give the finite numbers among values, as floats."""
    found = []
    for value in values:
        if type(value) is float or type(value) is int:
            try:
                number = float(value)
            except OverflowError:
                continue
            if isfinite(number):
                found.append(number)
    return found


def _known(*numbers: float | None) -> list[float]:
    return [number for number in numbers if number is not None]
