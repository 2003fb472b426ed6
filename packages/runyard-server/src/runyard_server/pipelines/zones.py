"""Time zones by the names that people give: those of IANA, and those of Windows that v1 has."""

from datetime import UTC, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from runyard.protocol.suggestions import suggest
from runyard.protocol.time_zones import IANA_NAMES


@lru_cache(maxsize=64)
def zone_of(name: str) -> tzinfo:
    """The time zone of a name.

    Raises:
        ValueError: There is none; the message names the nearest.
    """
    known = IANA_NAMES.get(name, name)
    if known == "UTC":
        # Known without the system's data on zones, which a small container may not have.
        return UTC
    try:
        return ZoneInfo(known)
    # Names from outside may also be folders, or lead out of where the zones are.
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = suggest(name, sorted(available_timezones()), "this machine has no time zone data")
        raise ValueError(f"there is no time zone {name[:80]!r}; {near.sentence}") from None
