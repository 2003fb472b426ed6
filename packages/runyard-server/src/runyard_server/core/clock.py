"""The time, in one place, so that tests can hold it.

The store keeps integer microseconds since 1970 in UTC; the wire has ISO 8601 with `Z`.
"""

import time
from datetime import UTC, datetime, timedelta

# Without a zone: to write one down and take it off again would be half of the work.
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - UTC, as all that is kept
_MICROSECOND = timedelta(microseconds=1)

SECOND = 1_000_000
"""Microseconds, in which the store counts."""


class Clock:
    """The machine's clock."""

    def now_us(self) -> int:
        """The time in microseconds since 1970, UTC."""
        return time.time_ns() // 1000


def iso(microseconds: int) -> str:
    """A time as `YYYY-MM-DDTHH:MM:SS.ffffffZ`.

    Args:
        microseconds: Since 1970, UTC.
    """
    moment = _EPOCH + timedelta(0, 0, microseconds)
    # To the microsecond, or a fraction of zero would be left out: clients read this one form. Not
    # strftime, which takes four times as long: three times of each run of a page come by here.
    return moment.isoformat("T", "microseconds") + "Z"


def microseconds(text: str) -> int:
    """Read a time in ISO 8601; without a zone it is UTC, in which all times are told.

    Raises:
        ValueError: It is no time.
    """
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    # Not by its timestamp, whose fraction is not exact: what is written comes back as it was.
    return (moment - _EPOCH.replace(tzinfo=UTC)) // _MICROSECOND


def iso_or_none(microseconds: int | None) -> str | None:
    """A time as text, None for a time that has not come."""
    return None if microseconds is None else iso(microseconds)
