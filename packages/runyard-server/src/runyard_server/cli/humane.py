"""Numbers and times as people read them, and statuses in their colours."""

from datetime import UTC, datetime

from runyard_server.cli.texts import Styled

# As kB and MB are defined, and disks are sold.
THOUSAND = 1000
MINUTE, HOUR, DAY = 60, 3600, 86400
COLOURS = {
    "Completed": "green",
    "Failed": "red",
    "Canceled": "yellow",
    "CancelRequested": "yellow",
    "Running": "cyan",
    "Finalizing": "cyan",
    "Preparing": "blue",
    "Starting": "blue",
    "Queued": "magenta",
    "Healthy": "green",
    "Unhealthy": "red",
    "Transitioning": "blue",
    "Deleting": "yellow",
}


def status(text: str) -> Styled:
    """Colour a run's status."""
    return Styled(text, COLOURS.get(text, ""))


def size(count: int) -> str:
    """Write a number of bytes: 940 B, 1.2 MB."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < THOUSAND:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= THOUSAND
    return f"{value:.1f} TB"


def seconds(value: float) -> str:
    """Write a duration: 0.4 s, 3 min 20 s, 2 h 5 min."""
    if value < MINUTE:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), MINUTE)
    if minutes < HOUR // MINUTE:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, HOUR // MINUTE)
    return f"{hours} h {minutes} min"


def short(value: float) -> str:
    """Write a duration in its largest unit alone: 42 s, 3 min, 5 h, 12 d."""
    for unit, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if value >= unit:
            # Rounded down: what is 59 minutes old is not an hour old.
            return f"{value // unit:.0f} {name}"
    return f"{value:.0f} s"


def moment(text: str | None) -> datetime | None:
    """Read a time of the wire (ISO 8601, UTC)."""
    return datetime.fromisoformat(text) if text else None


def elapsed(start: str | None, end: str | None = None) -> float | None:
    """Count the seconds from start to end, or until now while there is no end."""
    begun, ended = moment(start), moment(end)
    if begun is None:
        return None
    # Clocks of two machines differ, and nothing comes from the future.
    return max(0.0, ((ended or datetime.now(UTC)) - begun).total_seconds())


def age(text: str | None) -> str:
    """Write how long ago a time of the wire was, in its largest unit."""
    value = elapsed(text)
    return "" if value is None else short(value)


def ago(text: str | None) -> str:
    """Write how long ago a time of the wire was, to read in a sentence."""
    value = elapsed(text)
    return "" if value is None else f"{seconds(value)} ago"


def is_older(text: str, days: float) -> bool:
    """Whether a time of the wire is at least so many days ago."""
    return (elapsed(text) or 0.0) >= days * 24 * 3600


def many(count: int, noun: str) -> str:
    """Write a count and its noun: 1 file, 2 files."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def between(start: str | None, end: str | None) -> str:
    """Write the time from start to end, or until now while there is no end."""
    value = elapsed(start, end)
    return "" if value is None else seconds(value)
