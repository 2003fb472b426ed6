"""Which version of a common package was the newest on a day, where an index does not tell.

Mirrors and folders often do not say when their files came, so the resolver can leave out nothing
that is newer. A table beside this file has the common packages of v1's lists, quarter by quarter
(`tools/upload_dates.py` writes it from what an index tells): an upper bound for each of them is as
good, to within three months. What is not in the table is the newest that fits.

    keras 2018-01-01=2.1.2 2018-04-01=2.1.5 …      the newest version by that day
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from runyard_server.environments import dates, lines

TABLE = Path(__file__).with_name("upload_dates.txt")
_SHOWN = 8
_SEVERAL = 2


def bounds(day: str, requirements: Iterable[str]) -> tuple[str, ...]:
    """Upper bounds for the packages of the table, but for those that are pinned exactly.

    Args:
        day: The day, as `2019-08-01`.
        requirements: What is asked for.
    """
    free = dates.exempt(requirements)
    newest = {name: _newest(versions, day) for name, versions in _table().items()}
    return tuple(
        f"{name}<={version}"
        for name, version in newest.items()
        # One that came out later has no bound: it is asked for all the same.
        if version and name not in free
    )


def told(day: str, requirements: Iterable[str], locked: str) -> str:
    """What users should know of a lock that was made by the table.

    Args:
        day: The day.
        requirements: What was asked for.
        locked: The lock's lines.
    """
    free = dates.exempt(requirements)
    pins = [line for line in locked.splitlines() if line[:1].isalpha()]
    names = [name for name in dict.fromkeys(map(lines.package, pins)) if name not in free]
    bounded = {lines.package(each) for each in bounds(day, requirements)}
    by_table = [name for name in names if name in bounded]
    others = [name for name in names if name not in bounded]
    return (
        "the package index does not tell when its files came: by Runyard's own table of common "
        f"packages {_listed(by_table)} of {day}, and {_listed(others)} the newest"
    )


def _newest(versions: dict[str, str], day: str) -> str:
    return next((versions[since] for since in reversed(versions) if since <= day), "")


@cache
def _table() -> dict[str, dict[str, str]]:
    found = {}
    for line in TABLE.read_text("utf-8").splitlines():
        name, _, pairs = line.partition(" ")
        if not name.startswith("#"):
            found[name] = dict(pair.split("=") for pair in pairs.split())
    return found


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    named = ", ".join(names[:_SHOWN]) or "none"
    return f"{named}{more} {'are' if len(names) >= _SEVERAL else 'is'}"
