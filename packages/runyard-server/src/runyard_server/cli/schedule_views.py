"""How schedules look: in a list and on their own; and how intervals are typed."""

import re
from collections.abc import Iterable

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.schedules import DAY, HOUR, MINUTE, WEEK, RecurrenceSpec, ScheduleRecord
from runyard_server.cli import humane
from runyard_server.cli.tables import Column, Row
from runyard_server.cli.texts import Styled

COLUMNS = [
    Column("ID", least=36),
    Column("NAME", least=8),
    Column("WHEN", worth=2),
    Column("STATUS", least=8),
    Column("NEXT", least=20, worth=4),
    Column("LAST RUN", worth=3),
    Column("WHY NOT", worth=1),
]
_UNITS = {"m": MINUTE, "h": HOUR, "d": DAY, "w": WEEK}
_TO_THE_SECOND = 19


def row(record: ScheduleRecord) -> Row:
    """The cells of a schedule for `COLUMNS`."""
    return (
        record.id,
        record.name,
        when(record),
        record.status,
        _time(record.next_at),
        _last(record),
        record.reason,
    )


def facts(record: ScheduleRecord) -> Iterable[tuple[str, str | Styled]]:
    """What is told of a schedule on its own."""
    yield "Schedule", record.id
    yield "Name", record.name
    yield "Description", record.description
    yield "Status", record.status
    yield "Submits", record.pipeline or f"endpoint {record.endpoint}"
    yield "Experiment", record.experiment
    yield "Parameters", "  ".join(f"{name}={value}" for name, value in record.values.items())
    yield "When", when(record)
    yield "Overlap", record.overlap
    yield "Next", _time(record.next_at)
    yield "Last run", _last(record)
    yield "Why not", record.reason
    yield "For", record.runs_for


def when(record: ScheduleRecord) -> str:
    """When a schedule is due, in a few words."""
    if record.data is not None:
        data = record.data
        pause = humane.many(data.polling_minutes, "minute")
        return f"files in {data.datastore}/{data.path}, every {pause}"
    if record.cron is not None:
        return f"{record.cron.expression} ({record.cron.time_zone})"
    rule = record.recurrence
    assert rule is not None
    times = [rule.time_of_day] if rule.time_of_day else _times(rule)
    told = [
        f"every {humane.many(rule.interval, rule.frequency.lower())}",
        ", ".join(rule.week_days),
    ]
    told.append(f"at {', '.join(times)}" if times else "")
    told.append(f"({rule.time_zone})")
    return " ".join(filter(None, told))


def read_every(text: str, time_zone: str) -> RecurrenceSpec:
    """An interval as it is typed: `30m`, `6h`, `2d`, `1w`.

    Args:
        text: What was typed.
        time_zone: The zone of its times.

    Raises:
        InvalidRequest: It is none.
    """
    found = re.fullmatch(r"([1-9][0-9]{0,5})([mhdw])", text)
    if found is None:
        raise InvalidRequest(f"--every {text!r} is no interval: write 30m, 6h, 2d or 1w")
    return RecurrenceSpec(_UNITS[found[2]], int(found[1]), time_zone=time_zone)


def _times(rule: RecurrenceSpec) -> list[str]:
    minutes = rule.minutes or ([0] if rule.hours else [])
    return [f"{hour:02}:{minute:02}" for hour in rule.hours for minute in minutes] or [
        f"minute {minute}" for minute in minutes
    ]


def _time(text: str | None) -> str:
    return "" if text is None else text[:_TO_THE_SECOND] + "Z"


def _last(record: ScheduleRecord) -> str:
    return f"{record.last_run} ({record.last_status})" if record.last_run else ""
