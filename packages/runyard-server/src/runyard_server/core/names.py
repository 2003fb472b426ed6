"""Names that users choose: each kind has a rule, and a refusal states it."""

import re
from collections.abc import Iterable

from runyard.protocol.errors import InvalidRequest, WrongName

_SHOWN = 80
_TAG_LIMIT = 255


def checked(kind: str, name: str, rule: str, meaning: str) -> str:
    """`name` if it fits its rule.

    Args:
        kind: What is named, for the message.
        name: The name from outside.
        rule: A regular expression for the whole name; word characters are ASCII.
        meaning: The rule in words.

    Raises:
        WrongName: It does not fit.
    """
    if re.fullmatch(rule, name, re.ASCII):
        return name
    shown = name if len(name) <= _SHOWN else name[:_SHOWN] + "…"
    raise WrongName(f"{kind} name {shown!r} is not allowed: it must have {meaning}", {"rule": rule})


def check_texts(what: str, names: Iterable[str]) -> None:
    """Check the names of tags or properties.

    Raises:
        InvalidRequest: A name is empty or too long.
    """
    for name in names:
        if not 1 <= len(name) <= _TAG_LIMIT:
            raise InvalidRequest(
                f"the {what} name {name[:40]!r} has {len(name)} characters; use 1 to {_TAG_LIMIT}"
            )
