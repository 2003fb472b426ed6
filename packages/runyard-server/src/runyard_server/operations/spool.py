"""Lines of a spool, decoded and packed outside the writer's thread.

All that a batch needs besides the database is done here, in the request's own thread: the one
writer only numbers and stores what is ready.

A line that cannot be read does not lose its neighbours. What an older client wrote of a text that
JSON cannot hold is mended; anything else (a line that a full disk cut short) is set aside.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import msgspec

from runyard.protocol import escapes
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.metrics import KINDS, LARGEST_LINE, LOST
from runyard.protocol.usage import SYSTEM, USAGE_KIND
from runyard_server.store.folders import CHUNK, Body
from runyard_server.store.metrics import SegmentRow, SeriesRow
from runyard_server.store.segments import NAMES, Points, name_of, pack

LARGEST = LARGEST_LINE
"""Bytes in one batch; a courier sends less, but for one line that is as long."""

_KNOWN = frozenset({*KINDS, LOST, USAGE_KIND})


# Nothing read of JSON refers to itself, so the collector need not go through thousands of lines.
class Line(msgspec.Struct, gc=False):
    """One line; the letters are those of `runyard.protocol.metrics`."""

    n: str
    k: str
    v: Any
    t: int
    s: int | None = None
    x: int = 0
    o: str = ""


@dataclass(frozen=True, slots=True)
class Latest:
    """The point of a batch that counts as the latest; `odd` names a value that is not finite."""

    step: int | None = None
    time: int | None = None
    odd: str | None = None

    def is_after(self, series: SeriesRow, value: float | None) -> bool:
        """Whether it comes after the latest point of a series, by step, time and value.

        Args:
            series: The series.
            value: The value of this point, None where it is no number.
        """
        if not series.count or series.last_time is None:
            return True
        # What was logged without a step has its place for one.
        before = series.count - 1 if series.last_step is None else series.last_step
        here, there = (self.step or 0, self.time or 0), (before, series.last_time)
        if here != there or value is None or series.last is None:
            return here >= there
        # Programs that log within a millisecond leave it to the larger value, as MLflow has it.
        return value >= series.last


@dataclass(frozen=True, slots=True)
class Batch:
    """What one batch adds to one series.

    With `by_step` it is the point of the highest step that counts as the latest, as trackers such
    as MLflow have it; else the one that was logged last.
    """

    name: str
    kind: str
    count: int
    encoding: str
    payload: bytes
    last: float | None
    minimum: float | None
    maximum: float | None
    source: str = ""
    latest: Latest = field(default_factory=Latest)
    by_step: bool = False

    def add_to(self, series: SeriesRow) -> SegmentRow:
        """Count the batch into its series; give its segment."""
        segment = SegmentRow(series.id, series.count, self.count, self.encoding, self.payload)
        counts = not self.by_step or self.latest.is_after(series, self.last)
        series.count += self.count
        if counts:
            series.last_step, series.last_time = self.latest.step, self.latest.time
            series.last_odd = self.latest.odd
        if self.last is not None and (counts or series.last is None):
            # A batch behind an earlier one may yet be the first that has a number.
            series.last = self.last
        if self.minimum is not None and self.maximum is not None:
            series.minimum = min(self.minimum, *_known(series.minimum, self.minimum))
            series.maximum = max(self.maximum, *_known(series.maximum, self.maximum))
        return segment


@dataclass(frozen=True, slots=True)
class SetAside:
    """A line that is counted and not stored: its place in the batch, its bytes, and why."""

    place: int
    text: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Block:
    """A batch as it was sent: each line, None where one is among `set_aside`."""

    lines: list[Line | None]
    set_aside: list[SetAside]


_LINE = msgspec.json.Decoder(Line)


def read(body: Body) -> Block:
    """Read a batch of lines.

    Raises:
        InvalidRequest: A line has a kind that is unknown, or the batch is too large.
    """
    data = bytearray()
    while chunk := body.read(CHUNK):
        data += chunk
        if len(data) > LARGEST:
            raise InvalidRequest(f"a batch of metric lines may have {LARGEST} bytes; send fewer")
    try:
        block = Block(list(_LINE.decode_lines(data)), [])
    except (msgspec.DecodeError, UnicodeDecodeError):
        block = _one_by_one(bytes(data))
    else:
        if len(block.lines) != data.count(b"\n") + (len(data) > 0 and not data.endswith(b"\n")):
            block = _one_by_one(bytes(data))  # there are empty ones, and they count
    # All at once: a set of a thousand lines has two or three.
    kinds = {line.k for line in block.lines if line is not None}
    if not kinds <= _KNOWN:
        raise InvalidRequest(
            f"{min(kinds - _KNOWN)!r} is no kind of metrics; there are {', '.join(KINDS)}"
        )
    return _without_lost(block) if LOST in kinds else block


def _one_by_one(data: bytes) -> Block:
    """Read each line for itself, so that one that cannot be read is alone in that."""
    block = Block([], [])
    for place, text in enumerate(data.removesuffix(b"\n").split(b"\n")):
        try:
            block.lines.append(_mended(text))
        # RecursionError is json's word for a line that is nested too deep.
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            block.lines.append(None)
            block.set_aside.append(SetAside(place, text, f"malformed: {error}"))
    return block


def _mended(text: bytes) -> Line:
    """Read a line; texts and numbers that strict JSON lacks are taken as they were meant."""
    try:
        return _LINE.decode(text)
    # Good JSON that is no line: another reader would find the same.
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError):
        plain = json.loads(text)
        fields = escapes.written_out(plain)
        if isinstance(plain, dict) and "v" in plain:
            fields["v"] = escapes.carried(plain["v"])
        return msgspec.convert(fields, Line)


def _without_lost(block: Block) -> Block:
    """Set the lines aside that stand for those which a courier could not send."""
    lost = [
        SetAside(place, b"", str(line.v))
        for place, line in enumerate(block.lines)
        if line is not None and line.k == LOST
    ]
    lines = [None if line is None or line.k == LOST else line for line in block.lines]
    return Block(lines, [*block.set_aside, *lost])


def batches(lines: Sequence[Line | None]) -> list[Batch]:
    """Sort lines by series and pack them, series in order of their first line."""
    # In order of first lines, which becomes the order of series and so of get_metrics().
    groups: defaultdict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in lines:
        if line is not None:
            # A script may use any name: what agents sample stands apart from it.
            source = SYSTEM if line.k == USAGE_KIND else line.o
            groups[line.n, source].append(line)
    return [_batch(*named, group) for named, group in groups.items()]


def _batch(name: str, source: str, group: list[Line]) -> Batch:
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
        source=source,
        latest=Latest(group[-1].s, group[-1].t, odd(values[-1])),
    )


def odd(value: Any) -> str | None:
    """The name of a number that is not finite, None of any other value."""
    return name_of(value) if type(value) is float and not isfinite(value) else None


def _finite(values: Sequence[Any]) -> list[float]:
    """The finite numbers among values, as floats."""
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
