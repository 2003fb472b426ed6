"""Page tokens: where the next page of a list begins.

Lists page by key, never by offset: a token holds the sort key of the last item given, so a page
costs the same however deep it is and nothing is skipped when rows come or go. Callers treat
tokens as opaque.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from runyard.protocol.errors import InvalidRequest

LARGEST = 10_000
# Within what databases count, and with room for a page on top.
_BEYOND = 2**62
# A place behind all keys (`walks`) is no key, and yet in a token.
_WIDEST = 2**63
Key = TypeVar("Key")
Item = TypeVar("Item")


def limit(page_size: int) -> int:
    """How many items a page may hold; a page size below 1 is refused.

    Raises:
        InvalidRequest: The page size is not positive.
    """
    if page_size < 1:
        raise InvalidRequest(f"page_size must be 1 or more, not {page_size}")
    return min(page_size, LARGEST)


def token(key: object) -> str:
    """Make the token for the page after `key` (JSON values)."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def after(page_token: str | None, kind: type[Key]) -> Key | None:
    """Read a token; None for the first page.

    Args:
        page_token: What `token` gave, from outside.
        kind: The key's type.

    Raises:
        InvalidRequest: No token of ours for a list of this kind.
    """
    if not page_token:
        return None
    try:
        # Without `validate` what is no base64 is passed over, and a damaged token read as another
        # one.
        text = base64.b64decode(page_token + "=" * (-len(page_token) % 4), b"-_", validate=True)
        return _storable(msgspec.json.decode(text, type=kind))
    except (binascii.Error, msgspec.DecodeError, UnicodeError, ValueError):
        raise _foreign(page_token) from None


def offset(page_token: str | None) -> int:
    """How many entries come before the page of a token, in lists that count them.

    Args:
        page_token: What `token` gave of the number, from outside.

    Raises:
        InvalidRequest: No token of ours for such a list.
    """
    found = after(page_token, int) or 0
    if not 0 <= found < _BEYOND:
        raise _foreign(str(page_token))
    return found


def _storable(key: Key) -> Key:
    """A key whose parts a database can hold; on others it would fail, as if it were broken.

    Raises:
        ValueError: A number is too large, or a text has what PostgreSQL keeps in none.
    """
    waiting = [msgspec.to_builtins(key)]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list | tuple):
            waiting += part
        elif (isinstance(part, int) and not -_WIDEST <= part < _WIDEST) or (
            isinstance(part, str) and "\0" in part
        ):
            raise ValueError(part)
    return key


def cut(
    items: Sequence[Item], size: int, key: Callable[[Item], object]
) -> tuple[list[Item], str | None]:
    """Split `size + 1` items into a page and the token of the next one, None at the end.

    Args:
        items: One more than a page has, if there are so many.
        size: Items of a page.
        key: What an item is paged by.
    """
    page = list(items[:size])
    return page, token(key(page[-1])) if len(items) > size else None


def _foreign(page_token: str) -> InvalidRequest:
    return InvalidRequest(
        f"page_token {page_token[:80]!r} is not one of this list; start without one",
        {"parameter": "page_token"},
    )
