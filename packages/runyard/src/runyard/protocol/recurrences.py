"""What fits together in a recurrence: the same words for v1's ValueErrors and the service."""

import re
from datetime import datetime
from typing import Tuple

from runyard.protocol.schedules import DAY, HOUR, MINUTE, MONTH, WEEK, RecurrenceSpec

FREQUENCIES = (MINUTE, HOUR, DAY, WEEK, MONTH)
WEEK_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
START_FORMAT = "%Y-%m-%dT%H:%M:%S"
# Beyond that every interval leads out of the calendar.
MOST = 1000000
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_HOURS, _MINUTES = 24, 60


def fault(rule: RecurrenceSpec) -> str:
    """What stands against a recurrence, "" where nothing does."""
    if rule.frequency not in FREQUENCIES:
        return f"frequency is {rule.frequency!r}; it can be {', '.join(FREQUENCIES)}"
    if not 1 <= rule.interval <= MOST:
        return f"interval is {rule.interval!r}; it must be a whole number from 1 to {MOST}"
    return _misplaced(rule) or _beyond(rule) or _start(rule.start_time)


def time_of_day(text: str) -> Tuple[int, int]:
    """Hour and minute of an `hh:mm` in which `fault` has found nothing."""
    hour, _, minute = text.partition(":")
    return int(hour), int(minute)


def _misplaced(rule: RecurrenceSpec) -> str:
    """What is given to a frequency that has no use for it."""
    timed = rule.hours or rule.minutes or rule.time_of_day
    if timed and rule.frequency not in (DAY, WEEK):
        return (
            f"hours, minutes and time_of_day are for the frequencies Day and Week, not for "
            f"{rule.frequency}; leave them out, or give a start_time"
        )
    if rule.week_days and rule.frequency != WEEK:
        return f"week_days are for the frequency Week, not for {rule.frequency}; leave them out"
    if rule.time_of_day and (rule.hours or rule.minutes):
        return "time_of_day stands in place of hours and minutes; give one or the other"
    return ""


def _beyond(rule: RecurrenceSpec) -> str:
    for name, given, most in (("hours", rule.hours, _HOURS), ("minutes", rule.minutes, _MINUTES)):
        wrong = [each for each in given if not 0 <= each < most]
        if wrong:
            return f"{name} has {wrong[0]!r}; use whole numbers from 0 to {most - 1}"
    unknown = [each for each in rule.week_days if each not in WEEK_DAYS]
    if unknown:
        return f"week_days has {unknown[0]!r}; it can have {', '.join(WEEK_DAYS)}"
    if rule.time_of_day and not _TIME.fullmatch(rule.time_of_day):
        return f"time_of_day is {rule.time_of_day!r}; write hh:mm, such as 03:30"
    return ""


def _start(text: str) -> str:
    if text:
        try:
            datetime.strptime(text, START_FORMAT)  # noqa: DTZ007 - a time of the rule's own zone
        except ValueError:
            return (
                f"start_time is {text!r}; write YYYY-MM-DDThh:mm:ss without a zone, which "
                "time_zone tells"
            )
    return ""
