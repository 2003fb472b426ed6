"""When schedules are due: on calendars, around clock changes, and from one time to the next."""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

import pytest

from runyard.protocol.recurrences import fault
from runyard.protocol.schedules import RecurrenceSpec
from runyard.protocol.time_zones import IANA_NAMES
from runyard_server.pipelines import cron
from runyard_server.pipelines.recurrence import due_after, start
from runyard_server.pipelines.zones import zone_of

# Changes of one hour, of half of one and of two; at midnight, on a Friday, of a whole day;
# backwards in winter time; around a month of fasting; half an hour off the others.
CHANGES = {
    "Europe/Berlin": 2025,
    "America/New_York": 2025,
    "Australia/Lord_Howe": 2025,
    "Antarctica/Troll": 2025,
    "America/Santiago": 2025,
    "Africa/Cairo": 2025,
    "Pacific/Apia": 2011,
    "Europe/Dublin": 2025,
    "Africa/Casablanca": 2025,
    "America/St_Johns": 2025,
}
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
TIMES = [time(0), time(0, 30), time(1, 15), time(2), time(2, 30), time(3), time(23, 59)]


def moment(text: str) -> datetime:
    """A moment of UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def changes(zone: ZoneInfo, year: int) -> list[datetime]:
    """The hours of a year in which a zone's clocks change."""
    first = datetime(year, 1, 1, tzinfo=UTC)
    hours = [first + timedelta(hours=passed) for passed in range(366 * 24)]
    return [
        hour
        for before, hour in pairwise(hours)
        if before.astimezone(zone).utcoffset() != hour.astimezone(zone).utcoffset()
    ]


class Clocks:
    """What the clocks of a zone show in the days around a change, minute by minute."""

    def __init__(self, zone: ZoneInfo, change: datetime) -> None:
        self.minutes = [change + MINUTE * passed for passed in range(-3 * 1440, 3 * 1440)]
        shown = [each.astimezone(zone).replace(tzinfo=None) for each in self.minutes]
        # A clock that is set back shows nothing new until it has made up for it.
        self.latest = list(accumulate(shown, max))
        self.days = sorted({(shown[0] + DAY * passed).date() for passed in range(1, 5)})

    def first(self, at: time) -> list[datetime]:
        """The first minute of each day at which they show a time, or more."""
        wanted = [datetime.combine(day, at) for day in self.days]
        return sorted({self.minutes[bisect_left(self.latest, each)] for each in wanted})


def due(
    rule: RecurrenceSpec | str, anchor: datetime, after: datetime, zone: ZoneInfo
) -> Iterator[datetime]:
    """The times of a rule behind a moment."""
    while True:
        if isinstance(rule, str):
            found = cron.read(rule).due_after(after, zone)
        else:
            found = due_after(rule, anchor, after, zone)
        assert found is not None
        yield found
        after = found


@pytest.mark.parametrize("name", CHANGES)
def test_a_day_has_one_time_whatever_its_clock_does(name: str) -> None:
    """Skipped times are made up for at the next minute there is; repeated ones come once."""
    zone = ZoneInfo(name)
    found = changes(zone, CHANGES[name])
    assert found
    for change in found:
        clocks = Clocks(zone, change)
        for at in TIMES:
            wanted = clocks.first(at)
            anchor = wanted[0] - 400 * DAY
            rule = RecurrenceSpec("Day", hours=[at.hour], minutes=[at.minute])
            for each in (rule, f"{at.minute} {at.hour} * * *"):
                times = due(each, anchor, wanted[0] - MINUTE, zone)
                assert [next(times) for _ in wanted] == wanted, (change, at, each)


def test_every_hour_is_every_hour_where_one_is_repeated() -> None:
    """An hour that comes twice has its runs twice: else there would be none for an hour."""
    zone = ZoneInfo("Europe/Berlin")
    before = moment("2025-10-25T23:50:00")
    times = due("*/30 * * * *", before, before, zone)
    assert [next(times) for _ in range(8)] == [
        moment("2025-10-26T00:00:00") + 30 * MINUTE * passed for passed in range(8)
    ]
    plain = due(RecurrenceSpec("Hour"), before, before, zone)
    assert [next(plain) - before for _ in range(3)] == [timedelta(hours=n) for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        (RecurrenceSpec("Minute", 15), ["2019-01-31T10:30:00", "2019-01-31T10:45:00"]),
        (RecurrenceSpec("Hour", 5), ["2019-01-31T15:15:00", "2019-01-31T20:15:00"]),
        (RecurrenceSpec("Day", 2), ["2019-02-02T10:15:00", "2019-02-04T10:15:00"]),
        (
            RecurrenceSpec("Day", 2, hours=[22], minutes=[30]),
            ["2019-01-31T22:30:00", "2019-02-02T22:30:00"],
        ),
        (RecurrenceSpec("Day", hours=[4, 23]), ["2019-01-31T23:00:00", "2019-02-01T04:00:00"]),
        (RecurrenceSpec("Day", minutes=[5]), ["2019-02-01T10:05:00", "2019-02-02T10:05:00"]),
        (RecurrenceSpec("Day", time_of_day="9:05"), ["2019-02-01T09:05:00", "2019-02-02T09:05:00"]),
        # The 31st of January was a Thursday.
        (RecurrenceSpec("Week", 2), ["2019-02-14T10:15:00", "2019-02-28T10:15:00"]),
        (
            RecurrenceSpec("Week", 2, week_days=["Friday", "Monday"], hours=[6]),
            ["2019-02-01T06:00:00", "2019-02-11T06:00:00"],
        ),
        (RecurrenceSpec("Month"), ["2019-02-28T10:15:00", "2019-03-31T10:15:00"]),
        (RecurrenceSpec("Month", 3), ["2019-04-30T10:15:00", "2019-07-31T10:15:00"]),
    ],
)
def test_intervals_are_counted_from_the_start(rule: RecurrenceSpec, wanted: list[str]) -> None:
    """The start is the first time, and every interval leads on from it, not from when it ran."""
    anchor = moment("2019-01-31T10:15:00")
    times = due(rule, anchor, anchor, UTC)  # type: ignore[arg-type]
    assert [next(times) for _ in wanted] == [moment(each) for each in wanted]
    later = moment(wanted[1]) - timedelta(seconds=1)
    assert due_after(rule, anchor, later, UTC) == moment(wanted[1])
    assert (due_after(rule, anchor, anchor - DAY, UTC) or anchor) >= anchor


def test_a_start_is_a_local_time() -> None:
    """It is the first time, in the zone that is named in Windows' way; and sets the minute."""
    zone = zone_of("Pacific Standard Time")
    rule = RecurrenceSpec("Day", 1, start_time="2019-06-07T10:20:00", hours=[9, 11])
    anchor = start(rule, zone)
    assert anchor == moment("2019-06-07T17:20:00")
    assert due_after(rule, anchor, anchor - DAY, zone) == moment("2019-06-07T18:20:00")
    assert start(RecurrenceSpec("Day"), zone) is None


def test_every_zone_of_windows_is_known_here() -> None:
    """A member of TimeZone that no schedule could have would be nobody's fault but ours."""
    for name in IANA_NAMES:
        assert moment("2025-01-01T00:00:00").astimezone(zone_of(name)).utcoffset() is not None
    for wrong in ("Mars/Phobos", "../etc/passwd", "", "/", "Europe"):
        with pytest.raises(ValueError, match="there is no time zone"):
            zone_of(wrong)


@pytest.mark.parametrize(
    ("expression", "after", "wanted"),
    [
        ("0 3 * * *", "2025-01-01T03:00:00", "2025-01-02T03:00:00"),
        ("*/20 8-9 * * *", "2025-01-01T09:40:00", "2025-01-02T08:00:00"),
        ("0 0 29 2 *", "2097-01-01T00:00:00", "2104-02-29T00:00:00"),
        # Either day is enough where both are restricted, and both are needed where one is `*/n`.
        ("0 0 13 * FRI", "2025-06-01T00:00:00", "2025-06-06T00:00:00"),
        ("0 0 13 * fri", "2025-06-06T00:00:00", "2025-06-13T00:00:00"),
        ("0 0 */2 * 1", "2025-06-01T00:00:00", "2025-06-09T00:00:00"),
        ("30 4 1,15 * *", "2025-06-02T00:00:00", "2025-06-15T04:30:00"),
        ("5/25 0 * JAN-MAR/2 7", "2025-01-26T00:30:00", "2025-01-26T00:55:00"),
        ("5/25 0 * JAN-MAR/2 7", "2025-01-26T00:55:00", "2025-03-02T00:05:00"),
        ("@weekly", "2025-01-01T00:00:00", "2025-01-05T00:00:00"),
    ],
)
def test_cron_means_what_cron_means(expression: str, after: str, wanted: str) -> None:
    """As the manual of cron has it, with names, steps, lists and short forms."""
    assert cron.read(expression).due_after(moment(after), UTC) == moment(wanted)


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("", "five fields"),
        ("0 3 * *", "five fields"),
        ("60 3 * * *", "is no minute"),
        ("0 24 * * *", "is no hour"),
        ("0 3 0 * *", "is no day of the month"),
        ("0 3 * JANUARY *", "is no month"),
        ("0 3 * * 8", "is no day of the week"),
        ("*/0 * * * *", "is no minute"),
        ("5-1 * * * *", "is no minute"),
        ("1,, * * * *", "is no minute"),
        ("²  * * * *", "is no minute"),
    ],
)
def test_what_is_no_cron_expression_is_told(expression: str, told: str) -> None:
    """With the field that is wrong, and what it may have."""
    with pytest.raises(ValueError, match=told):
        cron.read(expression)
    assert cron.read("0 0 30 2 *").due_after(moment("2025-01-01T00:00:00"), UTC) is None


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (RecurrenceSpec("Year"), "frequency is 'Year'"),
        (RecurrenceSpec("Day", 0), "interval is 0"),
        (RecurrenceSpec("Hour", hours=[3]), "for the frequencies Day and Week"),
        (RecurrenceSpec("Month", time_of_day="3:00"), "for the frequencies Day and Week"),
        (RecurrenceSpec("Day", week_days=["Monday"]), "for the frequency Week"),
        (RecurrenceSpec("Day", hours=[3], time_of_day="3:00"), "in place of hours"),
        (RecurrenceSpec("Day", hours=[24]), "hours has 24"),
        (RecurrenceSpec("Week", minutes=[-1]), "minutes has -1"),
        (RecurrenceSpec("Week", week_days=["Mon"]), "week_days has 'Mon'"),
        (RecurrenceSpec("Day", time_of_day="24:00"), "hh:mm"),
        (RecurrenceSpec("Day", start_time="2019-06-07 10:20"), "YYYY-MM-DDThh:mm:ss"),
    ],
)
def test_what_does_not_fit_together_is_told(rule: RecurrenceSpec, told: str) -> None:
    """In words that say what would be right."""
    assert told in fault(rule)
    far = RecurrenceSpec("Month", 1_000_000)
    assert fault(far) == ""
    assert due_after(far, moment("2025-01-01T00:00:00"), moment("2025-01-02T00:00:00"), UTC) is None
