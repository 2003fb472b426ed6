"""Which Python a conda specification asks for, its operators included, and which a day had."""

from __future__ import annotations

import re
from typing import Tuple

# What the service's own Python is at least: a lower bound up to here is met by leaving the choice.
SERVICE_OLDEST = (3, 11)
_BRACKET = re.compile(r"\[.*version\s*=\s*['\"]?([^'\"\]]+)")
_BOUND = re.compile(r"\s*(==|>=|<=|!=|~=|>|<|=)?\s*(\d+(?:\.\d+)*)")
# The day from which a Python is what people use: packages have builds for it by then.
_USUAL = (
    ("2025-07-01", (3, 13)),
    ("2024-07-01", (3, 12)),
    ("2023-07-01", (3, 11)),
    ("2022-07-01", (3, 10)),
    ("2021-07-01", (3, 9)),
    ("2020-07-01", (3, 8)),
)
_OLDEST = (3, 7)


def usual(day: str) -> Tuple[int, int]:
    """The newest Python that was usual on a day; the oldest that jobs run on for older ones."""
    return next((minor for since, minor in _USUAL if day >= since), _OLDEST)


def is_younger(version: str, day: str) -> bool:
    """Whether a version that is asked for was not usual yet on a day; "" is any."""
    return _pair(version) > usual(day)


def asked(spec: str) -> str:
    """Find the version that `=3.6.2`, `3.7.*`, `>=3.6,<3.9` or `<3.9` asks for.

    Of a range it is the newest, as with conda: `<3.9` is 3.8. Where only a lower bound is given
    it is "", so that the service chooses, unless the bound lies above what the service runs on.

    Args:
        spec: What stands behind conda's `python`.

    Returns:
        A version such as `3.7` or `3.7.16`; "" where any will do.
    """
    bracket = _BRACKET.search(spec)
    # Of alternatives people write the newest last.
    text = (bracket.group(1) if bracket else spec).split("|")[-1]
    lowest, highest = "", ""
    # Only the beginning of each part: a build, as in `3.7.3=h0371630_0`, has figures too.
    for found in filter(None, map(_BOUND.match, text.split(","))):
        operator, version = found.group(1) or "=", found.group(2)
        if operator in ("=", "==") or (operator == "~=" and version.count(".") > 1):
            return version
        if operator in (">=", ">", "~="):
            lowest = version
        elif operator in ("<=", "<"):
            highest = _below(version) if operator == "<" else version
    return highest or (lowest if _pair(lowest) > SERVICE_OLDEST else "")


def _below(version: str) -> str:
    """The newest minor version below a version, "" where all that there are lie below it."""
    numbers = [int(each) for each in version.split(".")]
    major, minor = [*numbers, 0][:2]
    if any(numbers[2:]):
        # `<3.8.5` leaves earlier releases of 3.8.
        return f"{major}.{minor}"
    if minor:
        return f"{major}.{minor - 1}"
    return "2.7" if major == 3 else ""  # noqa: PLR2004 - there is no Python 4


def _pair(version: str) -> Tuple[int, ...]:
    return tuple(int(each) for each in version.split(".")[:2]) if version else ()
