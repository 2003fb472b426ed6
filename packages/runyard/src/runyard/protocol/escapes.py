r"""Texts that JSON cannot carry, and how metrics carry them all the same.

A text of Python may hold half of a surrogate pair: the name of a file that is not UTF-8, or an
emoji that was cut in two. No UTF-8 and no strict JSON holds it. In the value of a metric such a
text travels as an object with one field, in which a surrogate is `\udXXX` and a backslash is
doubled, so that it comes back as it was:

    "data_\udce9.csv"   ->   {"escaped": "data_\\udce9.csv"}

In lists, rows and tables the texts NaN, Infinity and -Infinity travel so too: bare they stand for
the numbers. Names cannot be objects: there a surrogate is written out for good.
"""

import re
from typing import Any, Dict, Optional

FIELD = "escaped"
NAMES = ("NaN", "Infinity", "-Infinity")

_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED = re.compile(r"[\\\ud800-\udfff]")
_SEQUENCE = re.compile(r"\\(?:\\|u(d[89a-f][0-9a-f]{2}))")


def is_plain(text: str) -> bool:
    """Whether UTF-8 can hold a text."""
    return _SURROGATE.search(text) is None


def printable(text: str) -> str:
    r"""The text with each half of a surrogate pair written out as `\udXXX`."""
    return _SURROGATE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def escape(text: str) -> Dict[str, str]:
    """The object in whose form a text travels that cannot travel bare."""
    return {FIELD: _ESCAPED.sub(_written, text)}


def unescape(value: Any) -> Any:
    """The text that such an object stands for; every other value as it is."""
    if isinstance(value, dict) and len(value) == 1 and isinstance(value.get(FIELD), str):
        return _SEQUENCE.sub(_read, value[FIELD])
    return value


def carried(value: Any) -> Any:
    """A JSON value with its unpaired surrogates escaped at any depth; names are written out."""
    if isinstance(value, str):
        return value if is_plain(value) else escape(value)
    if isinstance(value, dict):
        return {printable(str(key)): carried(item) for key, item in value.items()}
    return [carried(item) for item in value] if isinstance(value, list) else value


def written_out(value: Any) -> Any:
    """A JSON value with the unpaired surrogates of its texts written out for good."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {printable(str(key)): written_out(item) for key, item in value.items()}
    return [written_out(item) for item in value] if isinstance(value, (list, tuple)) else value


def complaint(value: Any, place: str = "") -> Optional[str]:
    """The sentence that names the first text of a JSON value which UTF-8 cannot hold.

    Args:
        value: A JSON value.
        place: Where it stands, as in `spec.arguments[2]`.

    Returns:
        None where there is no such text.
    """
    if isinstance(value, str):
        return None if is_plain(value) else f"{place or 'a text'} is {_why(value)}"
    if isinstance(value, dict):
        for key, item in value.items():
            if not is_plain(str(key)):
                return f"a name in {place or 'the request'} is {_why(key)}"
            found = complaint(item, f"{place}.{key}" if place else str(key))
            if found:
                return found
    if isinstance(value, list):
        told = (complaint(item, f"{place}[{number}]") for number, item in enumerate(value))
        return next((found for found in told if found), None)
    return None


def _why(text: str) -> str:
    shown = printable(text)
    return (
        f"'{shown[:200]}', which holds half of a surrogate pair (from a name that is no UTF-8, or "
        "a cut emoji) and cannot be sent; replace it, for example with "
        "text.encode('utf-8', 'replace').decode()"
    )


def _written(found: Any) -> str:
    character = found.group()
    return "\\\\" if character == "\\" else f"\\u{ord(character):04x}"


def _read(found: Any) -> str:
    return chr(int(found.group(1), 16)) if found.group(1) else "\\"
