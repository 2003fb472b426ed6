"""When schedules are due: what triggers may say, and their next times as the store counts."""

from datetime import UTC, datetime, timedelta
from typing import Any

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.recurrences import fault
from runyard_server.core.clock import SECOND
from runyard_server.pipelines import cron, expressions, recurrence
from runyard_server.pipelines.zones import zone_of
from runyard_server.store.schedules import ScheduleRow, ScheduleSpec

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MINUTE = 60 * SECOND
_LONGEST_POLL = 366 * 24 * 60


def check(spec: ScheduleSpec) -> None:
    """Refuse a trigger that could never be, or more or fewer than one.

    Zones and expressions are read here, not in the write that others wait for: names that are near
    a wrong one are looked for on the disk.

    Raises:
        InvalidRequest: What is wrong with it.
    """
    given = [each for each in (spec.recurrence, spec.cron, spec.data) if each is not None]
    if len(given) != 1:
        raise InvalidRequest(
            f"a schedule has exactly one of recurrence, cron and data, and this one has "
            f"{len(given) or 'none'}"
        )
    if spec.recurrence is not None:
        wrong = fault(spec.recurrence)
        if wrong:
            raise InvalidRequest(wrong)
    if spec.data is not None and not 1 <= spec.data.polling_minutes <= _LONGEST_POLL:
        raise InvalidRequest(
            f"polling_interval is {spec.data.polling_minutes} minutes; use 1 to {_LONGEST_POLL}"
        )
    try:
        _read(spec)
    except ValueError as error:
        raise InvalidRequest(str(error)) from None


def values(row: ScheduleRow, now: int) -> dict[str, Any]:
    """The values of a schedule's parameters, with what expressions among them say.

    Args:
        row: The schedule.
        now: Microseconds since 1970.

    Raises:
        InvalidRequest: An expression cannot be.
    """
    due = _datetime(now if row.due_at is None else row.due_at)
    facts = expressions.Facts(_datetime(now), due, row.runs_for)
    try:
        return expressions.resolved(row.spec.values, facts)
    except ValueError as error:
        raise InvalidRequest(str(error)) from None


def anchor(spec: ScheduleSpec, now: int) -> int:
    """From when a schedule's intervals are counted: its start time, or now.

    Args:
        spec: The schedule, in which nothing is wrong.
        now: Microseconds since 1970.

    Raises:
        InvalidRequest: The start time is beyond the calendar.
    """
    begun = None
    if spec.recurrence is not None:
        try:
            begun = recurrence.start(spec.recurrence, zone_of(spec.recurrence.time_zone))
        except OverflowError:
            raise InvalidRequest(
                f"start_time is {spec.recurrence.start_time!r}, which is beyond the calendar"
            ) from None
    return now // SECOND * SECOND if begun is None else _microseconds(begun)


def first_due(spec: ScheduleSpec, begun: int, now: int) -> int:
    """When a schedule is due that is made now: a plain interval without a start time, at once.

    Args:
        spec: The schedule, in which nothing is wrong.
        begun: Its anchor.
        now: Microseconds since 1970.

    Raises:
        InvalidRequest: It would never be.
    """
    rule = spec.recurrence
    at_once = rule is not None and not rule.start_time
    return required(spec, begun, begun - 1 if at_once else now)


def required(spec: ScheduleSpec, begun: int, now: int) -> int:
    """As `next_due`, where there must be a time.

    Args:
        spec: The schedule, in which nothing is wrong.
        begun: Its anchor.
        now: Microseconds since 1970.

    Raises:
        InvalidRequest: It would never be due.
    """
    found = next_due(spec, begun, now)
    if found is None:
        raise InvalidRequest("a schedule of these times would never be due")
    return found


def next_due(spec: ScheduleSpec, begun: int, now: int) -> int | None:
    """When a schedule is due next; None where its calendar ends.

    Args:
        spec: The schedule, in which nothing is wrong.
        begun: Its anchor.
        now: Microseconds since 1970.
    """
    if spec.data is not None:
        return now + spec.data.polling_minutes * _MINUTE
    moment = _datetime(now)
    if spec.cron is not None:
        zone = zone_of(spec.cron.time_zone)
        found = cron.read(spec.cron.expression).due_after(moment, zone)
    else:
        assert spec.recurrence is not None
        zone = zone_of(spec.recurrence.time_zone)
        found = recurrence.due_after(spec.recurrence, _datetime(begun), moment, zone)
    return None if found is None else _microseconds(found)


def _read(spec: ScheduleSpec) -> None:
    if spec.recurrence is not None:
        zone_of(spec.recurrence.time_zone)
    if spec.cron is not None:
        cron.read(spec.cron.expression)
        zone_of(spec.cron.time_zone)


def _datetime(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND
