"""Moments in the formats of .NET, which v1's expressions name: `o`, `yyyy-MM-dd`, `HH:mm`."""

import re
from datetime import UTC, datetime

ROUND_TRIP = "o"
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
# A single letter is a whole format; those of the culture that is nobody's.
_STANDARD = {
    "d": "MM/dd/yyyy",
    "D": "dddd, dd MMMM yyyy",
    "f": "dddd, dd MMMM yyyy HH:mm",
    "F": "dddd, dd MMMM yyyy HH:mm:ss",
    "g": "MM/dd/yyyy HH:mm",
    "G": "MM/dd/yyyy HH:mm:ss",
    "m": "MMMM dd",
    "M": "MMMM dd",
    "o": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "O": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "r": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "R": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "s": "yyyy-MM-ddTHH:mm:ss",
    "t": "HH:mm",
    "T": "HH:mm:ss",
    "u": "yyyy-MM-dd HH:mm:ss'Z'",
    "y": "yyyy MMMM",
    "Y": "yyyy MMMM",
}
_PART = re.compile(
    r"""(d{1,4}|f{1,7}|F{1,7}|h{1,2}|H{1,2}|K|m{1,2}|M{1,4}|s{1,2}|t{1,2}|y{1,5}|z{1,3})"""
    r"""|'([^']*)'|"([^"]*)"|\\(.)|%|(.)""",
    re.DOTALL,
)


def formatted(moment: datetime, form: str) -> str:
    """A moment as a format has it.

    Args:
        moment: The moment, of a zone or of none.
        form: A letter, or a pattern.

    Raises:
        ValueError: There is no such letter.
    """
    if len(form) == 1 and form not in _STANDARD:
        raise ValueError(f"{form!r} is no format; use one such as 'yyyy-MM-dd'")
    found = _PART.finditer(_STANDARD.get(form, form))
    return "".join(
        _part(moment, each[1]) if each[1] else next(filter(None, each.groups()), "")
        for each in found
    )


def _part(moment: datetime, part: str) -> str:
    kind, width = part[0], len(part)
    if kind == "d" and width > 2:  # noqa: PLR2004 - names
        return _named(_DAYS[moment.weekday()], width)
    if kind == "M" and width > 2:  # noqa: PLR2004 - names
        return _named(_MONTHS[moment.month - 1], width)
    if kind in "fF":
        digits = f"{moment.microsecond:06}0"[:width]
        return digits if kind == "f" else digits.rstrip("0")
    if kind in "Kz":
        return _zone(moment, part)
    if kind == "t":
        return ("AM" if moment.hour < 12 else "PM")[:width]  # noqa: PLR2004 - noon
    number = {
        "d": moment.day,
        "h": (moment.hour + 11) % 12 + 1,
        "H": moment.hour,
        "m": moment.minute,
        "M": moment.month,
        "s": moment.second,
        "y": moment.year if width > 2 else moment.year % 100,  # noqa: PLR2004 - the century
    }[kind]
    return str(number).zfill(width)


def _named(name: str, width: int) -> str:
    return name if width > 3 else name[:3]  # noqa: PLR2004 - in full


def _zone(moment: datetime, part: str) -> str:
    if part == "K" and moment.tzinfo in (None, UTC):
        return "" if moment.tzinfo is None else "Z"
    offset = moment.utcoffset()
    minutes = 0 if offset is None else round(offset.total_seconds() / 60)
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    if part == "z":
        return f"{sign}{hours}"
    return f"{sign}{hours:02}" if part == "zz" else f"{sign}{hours:02}:{rest:02}"
