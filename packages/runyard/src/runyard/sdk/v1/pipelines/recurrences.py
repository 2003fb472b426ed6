"""`ScheduleRecurrence` and `TimeZone`: when a schedule is due, as v1 code says it."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any, List, Optional, Sequence, Union

from runyard.protocol.recurrences import START_FORMAT, fault
from runyard.protocol.schedules import UTC, RecurrenceSpec
from runyard.protocol.time_zones import IANA_NAMES
from runyard.sdk.v1.pipelines.data import refusal

# A type checker reads the names of an enum's members only where they are written out, 140 of them.
_Named: Any = Enum
TimeZone: Any = _Named(
    "TimeZone", {"".join(filter(str.isalnum, name)): name for name in IANA_NAMES}, module=__name__
)


class ScheduleRecurrence:
    """When a schedule is due: every so many minutes, hours, days, weeks or months.

    Args:
        frequency: `Minute`, `Hour`, `Day`, `Week` or `Month`.
        interval: Every so many of them.
        start_time: The first time, a text `YYYY-MM-DDThh:mm:ss` or a datetime without a zone, in
            `time_zone`. Without it a plain interval is due at once, and one with hours first then.
        time_zone: A member of TimeZone; None is UTC, without a start time.
        hours: At which hours; of Day and Week.
        minutes: At which minutes of these hours.
        week_days: On which days, `Monday` and so on; of Week.
        time_of_day: `hh:mm`, in place of hours and minutes.

    Raises:
        ValueError: What is given does not fit together.
    """

    def __init__(
        self,
        frequency: str,
        interval: int,
        start_time: Union[str, datetime, None] = None,
        time_zone: Optional[Any] = None,
        hours: Optional[Sequence[int]] = None,
        minutes: Optional[Sequence[int]] = None,
        week_days: Optional[Sequence[str]] = None,
        time_of_day: Optional[str] = None,
    ) -> None:
        self.frequency = frequency
        self.interval = interval
        self.start_time = start_time
        self.time_zone = time_zone
        self.hours = hours
        self.minutes = minutes
        self.week_days = week_days
        self.time_of_day = time_of_day
        self.validate()

    @staticmethod
    def of(record: RecurrenceSpec) -> ScheduleRecurrence:
        """The recurrence that a record tells."""
        known = {zone.value: zone for zone in TimeZone}
        made = ScheduleRecurrence.__new__(ScheduleRecurrence)
        made.frequency = record.frequency
        made.interval = record.interval
        made.start_time = record.start_time or None
        # One that another client has made may have a name of IANA's.
        made.time_zone = known.get(record.time_zone, record.time_zone)
        made.hours = record.hours or None
        made.minutes = record.minutes or None
        made.week_days = record.week_days or None
        made.time_of_day = record.time_of_day or None
        return made

    def validate(self) -> None:
        """Check that everything fits together.

        Raises:
            ValueError: It does not.
        """
        if self.time_zone is not None and not isinstance(self.time_zone, TimeZone):
            raise ValueError(f"time_zone is {self.time_zone!r}; it must be a member of TimeZone")
        if self.start_time is not None and self.time_zone is None:
            raise ValueError("start_time is given without time_zone, such as TimeZone.UTC")
        wrong = fault(self.to_record())
        if wrong:
            raise ValueError(wrong)

    def to_record(self) -> RecurrenceSpec:
        """Write it as the service gets it.

        Raises:
            ValueError: Something is of a wrong type.
        """
        zone = getattr(self.time_zone, "value", self.time_zone)
        return RecurrenceSpec(
            frequency=str(self.frequency),
            interval=_whole("interval", self.interval),
            start_time=_start(self.start_time),
            time_zone=UTC if zone is None else str(zone),
            hours=[_whole("hours", each) for each in _listed("hours", self.hours)],
            minutes=[_whole("minutes", each) for each in _listed("minutes", self.minutes)],
            week_days=[str(each) for each in _listed("week_days", self.week_days)],
            time_of_day="" if self.time_of_day is None else str(self.time_of_day),
        )

    def __repr__(self) -> str:
        told = {name: value for name, value in vars(self).items() if value is not None}
        return f"ScheduleRecurrence({', '.join(f'{n}={v!r}' for n, v in told.items())})"


def _whole(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise refusal(f"{name} has {value!r}, which is no whole number")
    return value


def _listed(name: str, given: Any) -> List[Any]:
    if given is None:
        return []
    if not isinstance(given, (list, tuple)):
        raise refusal(f"{name} is {given!r}; it must be a list")
    return [*given]


def _start(given: Any) -> str:
    if given is None:
        return ""
    if isinstance(given, datetime):
        if given.tzinfo is not None:
            raise ValueError(
                f"start_time is {given}, with a time zone of its own; leave that out, for "
                "time_zone tells it"
            )
        return given.strftime(START_FORMAT)
    return str(given)
