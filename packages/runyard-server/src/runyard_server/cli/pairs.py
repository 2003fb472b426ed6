"""`KEY=VALUE` as it is typed for tags."""

from collections.abc import Iterable

from runyard.protocol.errors import InvalidRequest


def read(texts: Iterable[str]) -> dict[str, str]:
    """Read texts such as `team=vision` as names and values.

    Raises:
        InvalidRequest: One has no equals sign, or nothing before it.
    """
    found: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise InvalidRequest(f"{text!r} is no tag: say KEY=VALUE, or KEY= without a value")
        found[key] = value
    return found
