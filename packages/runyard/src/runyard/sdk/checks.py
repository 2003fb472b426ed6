"""What lists and searches are given, checked before the service is asked.

A slip is then one sentence that names the argument and what would be right, and neither an
AttributeError from within nor a list of something else. Objects are taken for their names.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any, List, Mapping, Optional, Sequence

from runyard.protocol.compatibility import STRICT
from runyard.sdk.exceptions import UserErrorException

_SHOWN = 80
_PAIR = 2
# As `Environment.from_run` has it of a run in compatibility mode.
_OF_A_LOCK = re.compile(r"[\w\-]+==[\w.]+ on [\w\-]+==[\w.]+$")


def text(name: str, value: Any, example: str) -> str:
    """A text; None is "".

    Args:
        name: The argument.
        value: What was given.
        example: What would be right, as it is typed.

    Raises:
        UserErrorException: It is something else.
    """
    if value is None or isinstance(value, str):
        return value or ""
    raise _wrong(name, value, f"a text, for example {example}")


def day(name: str, value: Any) -> Optional[str]:
    """A day as `2019-08-01`, or `now`; None stays None.

    Args:
        name: The argument.
        value: A text, or a date.

    Raises:
        UserErrorException: It is something else.
    """
    if value is None or value == "now":
        return None if value is None else "now"
    shown = value.isoformat()[:10] if isinstance(value, date) else value
    try:
        day = date.fromisoformat(shown).isoformat()
    except (TypeError, ValueError):
        day = ""
    # The newest Pythons read other spellings, which the service's may not.
    if day != shown:
        raise _wrong(name, value, "a day, for example '2019-08-01', or 'now'")
    return day


def compatibility(name: str, value: Any) -> Optional[str]:
    """What may take another version's place: `strict`, or what a lock says; None stays None.

    Args:
        name: The argument.
        value: What was given.

    Raises:
        UserErrorException: It is something else.
    """
    if value is None or value == STRICT:
        return value  # type: ignore[no-any-return]  # one of the two
    if isinstance(value, str) and _OF_A_LOCK.match(value):
        return value
    raise _wrong(name, value, f"{STRICT!r}, or leave it out")


def name_of(name: str, value: Any) -> Optional[str]:
    """The name of something, also if it was given itself; None stays None.

    Args:
        name: The argument.
        value: What was given.

    Raises:
        UserErrorException: It is no text and has no name.
    """
    found = value if value is None or isinstance(value, str) else getattr(value, "name", value)
    if found is None or isinstance(found, str):
        return found
    raise _wrong(name, value, "a name")


def texts(name: str, value: Any, example: str) -> List[str]:
    """Texts; one alone is a list of one, None is none.

    Args:
        name: The argument.
        value: What was given.
        example: What would be right, as it is typed.

    Raises:
        UserErrorException: It is something else.
    """
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    if isinstance(value, Sequence) and all(isinstance(one, str) for one in value):
        return list(value)
    raise _wrong(name, value, f"a text or a list of texts, for example {example}")


def count(name: str, value: Any) -> Optional[int]:
    """How many at most; None for all.

    Args:
        name: The argument.
        value: What was given.

    Raises:
        UserErrorException: It is no whole number, or below 0.
    """
    if value is None:
        return None
    try:
        # Numbers of NumPy and pandas are whole numbers by this alone.
        found = int(value.__index__())
    except AttributeError:
        found = -1
    if isinstance(value, bool) or found < 0:
        raise _wrong(name, value, "a whole number from 0, or None for all")
    return found


def tags(name: str, value: Any) -> None:
    """Check tags or properties that are asked for: see `runyard.sdk.tags`.

    Args:
        name: The argument.
        value: What was given.

    Raises:
        UserErrorException: It is neither a text nor a mapping.
    """
    if value is not None and not isinstance(value, (str, Mapping)):
        raise _wrong(name, value, "a text (has it) or a dict (has these values)")


def keys_and_values(name: str, value: Any) -> None:
    """Check tags or properties of models that are asked for: keys, and pairs of key and value.

    Args:
        name: The argument.
        value: What was given.

    Raises:
        UserErrorException: It is something else.
    """
    right = 'keys and pairs, for example ["best", ["team", "vision"]]'
    if not isinstance(value, (list, tuple)):
        raise _wrong(name, value, right)
    for one in value:
        is_pair = isinstance(one, (list, tuple)) and len(one) == _PAIR
        if not isinstance(one, str) and not is_pair:
            raise _wrong(name, value, right)


def workspace(value: Any) -> None:
    """Check that a workspace was given.

    Raises:
        UserErrorException: It is something else.
    """
    if not hasattr(value, "service"):
        raise _wrong("workspace", value, "a Workspace, for example Workspace.from_config()")


def experiment(value: Any) -> None:
    """Check that an experiment was given.

    Raises:
        UserErrorException: It is something else.
    """
    if not hasattr(value, "get_runs"):
        raise _wrong("experiment", value, 'an Experiment, for example Experiment(workspace, "e")')


def _wrong(name: str, value: Any, right: str) -> UserErrorException:
    shown = repr(value)
    shown = shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"
    return UserErrorException(f"{name} is {shown}; give {right}")
