"""When a schedule is due next: pure, the moment and the zone are arguments.

Minutes and hours are counted as they pass. Days, weeks and months are counted on the calendar of
the zone, so a schedule stays at three in the morning when the clocks change. A local time that a
clock change skips becomes the first that there is again, and one that it repeats the earlier of the
two. A month without the day of the first time has its last day instead.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from runyard.protocol.recurrences import START_FORMAT, WEEK_DAYS, time_of_day
from runyard.protocol.schedules import DAY, HOUR, MINUTE, WEEK, RecurrenceSpec

_LENGTHS = {MINUTE: timedelta(minutes=1), HOUR: timedelta(hours=1)}
_ONE_DAY, _WEEK_LENGTH, _MONTHS = timedelta(days=1), 7, 12
_SECOND = timedelta(seconds=1)


def start(rule: RecurrenceSpec, zone: tzinfo) -> datetime | None:
    """The moment of a rule's own start time, None where it has none.

    Args:
        rule: The rule, in which nothing is wrong.
        zone: Its time zone.
    """
    if not rule.start_time:
        return None
    return moment_of(datetime.strptime(rule.start_time, START_FORMAT), zone)  # noqa: DTZ007


def due_after(
    rule: RecurrenceSpec, anchor: datetime, moment: datetime, zone: tzinfo
) -> datetime | None:
    """The first time of a rule behind a moment; None where the calendar ends before.

    Args:
        rule: The rule, in which nothing is wrong (`protocol.recurrences.fault`).
        anchor: Its first time at the earliest, from which its intervals are counted; to the second.
        moment: Behind which it is wanted.
        zone: Its time zone.
    """
    length = _LENGTHS.get(rule.frequency)
    try:
        if length is not None:
            step = length * rule.interval
            return anchor + max(0, (moment - anchor) // step + 1) * step
        local = anchor.astimezone(zone)
        # One day earlier: what is skipped at midnight is due on the day behind its own.
        since = max(local.date(), moment.astimezone(zone).date()) - _ONE_DAY
        days = _days(rule, local.date(), since)
        return first(days, _times(rule, local), zone, max(moment, anchor - _SECOND))
    except OverflowError:
        return None


def first(
    days: Iterable[date],
    times: Iterable[time],
    zone: tzinfo,
    moment: datetime,
    *,
    repeats: bool = False,
) -> datetime | None:
    """The first moment of some local times behind another moment, None where there is none.

    Args:
        days: The days in their order.
        times: The times of each.
        zone: The time zone.
        moment: Behind which it is wanted.
        repeats: Whether a time that a clock change repeats counts twice.
    """
    wanted = list(times)
    for day in days:
        local = [datetime.combine(day, each) for each in wanted]
        found = [moment_of(each, zone) for each in local]
        if repeats:
            found += [again for each in local if (again := _repeated(each, zone)) is not None]
        later = [each for each in found if each > moment]
        if later:
            return min(later)
    return None


def moment_of(local: datetime, zone: tzinfo) -> datetime:
    """The moment of a local time; of one that is skipped, when the clock shows a later one.

    Args:
        local: The time, without a zone.
        zone: The zone.
    """
    found = local.replace(tzinfo=zone).astimezone(UTC)
    if _shown(found, zone) == local:
        return found
    # By PEP 495 a time in a gap is read by the offset before it or, with fold, by that behind it:
    # one lies after the change, the other before.
    early, late = local.replace(tzinfo=zone, fold=1).astimezone(UTC), found
    while late - early > _SECOND:
        middle = early + (late - early) // 2
        if _shown(middle, zone) > local:
            late = middle
        else:
            early = middle
    return late.replace(microsecond=0)


def _repeated(local: datetime, zone: tzinfo) -> datetime | None:
    """The second moment of a local time that a clock change repeats."""
    again = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return again if again != moment_of(local, zone) and _shown(again, zone) == local else None


def _shown(moment: datetime, zone: tzinfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


def _times(rule: RecurrenceSpec, anchor: datetime) -> list[time]:
    """The times of a rule's days."""
    if rule.time_of_day:
        hour, minute = time_of_day(rule.time_of_day)
        return [time(hour, minute)]
    if not rule.hours and not rule.minutes:
        return [anchor.time()]
    # Of a full hour, unless the start says another minute: not of the minute of its making.
    minutes = rule.minutes or [anchor.minute if rule.start_time else 0]
    return [time(hour, minute) for hour in rule.hours or [anchor.hour] for minute in minutes]


def _days(rule: RecurrenceSpec, anchor: date, since: date) -> Iterator[date]:
    """The days of a rule that are not before another day, in their order; some before it too."""
    if rule.frequency == DAY:
        return _stepped(anchor, since, rule.interval, [0])
    if rule.frequency == WEEK:
        monday = anchor - timedelta(days=anchor.weekday())
        wanted = [WEEK_DAYS.index(each) for each in rule.week_days] or [anchor.weekday()]
        return _stepped(monday, since, rule.interval * _WEEK_LENGTH, sorted(wanted))
    return _monthly(anchor, since, rule.interval)


def _stepped(first_day: date, since: date, step: int, offsets: list[int]) -> Iterator[date]:
    day = first_day + timedelta(days=max(0, (since - first_day).days // step) * step)
    while True:
        yield from (day + timedelta(days=each) for each in offsets)
        day += timedelta(days=step)


def _monthly(anchor: date, since: date, interval: int) -> Iterator[date]:
    begun = anchor.year * _MONTHS + anchor.month - 1
    passed = max(0, (since.year * _MONTHS + since.month - 1 - begun) // interval)
    while True:
        year, month = divmod(begun + passed * interval, _MONTHS)
        if year > date.max.year:
            raise OverflowError(year)
        last = monthrange(year, month + 1)[1]
        yield date(year, month + 1, min(anchor.day, last))
        passed += 1
