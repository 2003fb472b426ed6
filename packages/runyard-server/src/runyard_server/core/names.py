"""Names that users choose: each kind has a rule, and a refusal states it."""

import re

from runyard.protocol.errors import WrongName

_SHOWN = 80


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
