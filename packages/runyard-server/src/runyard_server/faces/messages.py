"""JSON bodies and queries become records, records become JSON: the work of msgspec.

The records are the protocol's plain dataclasses; unknown fields are passed over, a wrong one is
named in the error. Clients do the same with `protocol.codec`; a test compares the two.
"""

import json
import re
from collections.abc import Iterable
from functools import cache
from typing import Any, get_origin, get_type_hints

import msgspec

from runyard.protocol import escapes
from runyard.protocol.errors import InvalidRequest

_PLACE = re.compile(r" - at `\$\.?(?P<field>[^`]*)`$")
_LARGEST = 2**63 - 1


def decode(kind: Any, body: bytes) -> Any:
    """Read a record of `kind` from a JSON body; an empty body stands for an empty object.

    Raises:
        InvalidRequest: The body is not JSON, or a field is missing or of the wrong type.
    """
    try:
        return _decoder(kind).decode(body or b"{}")
    except msgspec.ValidationError as error:
        raise InvalidRequest(_named(kind, str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(_unreadable(body, str(error))) from None
    except RecursionError:
        raise InvalidRequest("the body is nested too deeply") from None


def decode_query(kind: Any, pairs: Iterable[tuple[str, str]]) -> Any:
    """Read a query record; a field of lists takes its name several times.

    Raises:
        InvalidRequest: A value is not of its field's type.
    """
    many = _lists(kind)
    plain: dict[str, Any] = {}
    for name, value in pairs:
        if name in many:
            plain.setdefault(name, []).append(value)
        else:
            plain[name] = value
    try:
        # Not strict: whatever stands in a query is text.
        record = msgspec.convert(plain, kind, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidRequest(_named(kind, str(error))) from None
    _check_numbers(kind, record)
    return record


def encode(record: Any) -> bytes:
    """The JSON of a record."""
    return msgspec.json.encode(record)


def _check_numbers(kind: type[Any], record: Any) -> None:
    for name in get_type_hints(kind):
        value = getattr(record, name)
        if isinstance(value, int) and abs(value) > _LARGEST:
            raise InvalidRequest(f"{kind.__name__}.{name} is too large: 64 bits are the limit")


def _unreadable(body: bytes, error: str) -> str:
    """The reason why a body cannot be read: by name, if it is one text in it."""
    try:
        return escapes.complaint(json.loads(body)) or f"the body is not JSON: {error}"
    except (ValueError, RecursionError):
        return f"the body is not JSON: {error}"


def _named(kind: type[Any], text: str) -> str:
    """Put the field's place in front of msgspec's sentence."""
    found = _PLACE.search(text)
    place = f".{found['field']}" if found and found["field"] else ""
    return f"{kind.__name__}{place}: {_PLACE.sub('', text)}"


@cache
def _decoder(kind: Any) -> "msgspec.json.Decoder[Any]":
    return msgspec.json.Decoder(kind)


@cache
def _lists(kind: Any) -> frozenset[str]:
    hints = get_type_hints(kind)
    return frozenset(name for name, hint in hints.items() if get_origin(hint) is list)
