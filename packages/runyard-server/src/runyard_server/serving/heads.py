"""Heads of responses: ids, what v1's scoring server tells about a run, and errors as JSON."""

import http
import random
from functools import lru_cache

import msgspec

from runyard.protocol.endpoints import SCORE
from runyard_server.serving import forms

VERSION = b"runyard"
JSON = "application/json"

_random = random.SystemRandom()
_bits = random.Random(_random.getrandbits(256)).getrandbits  # noqa: S311 - an id is no secret


@lru_cache(maxsize=600)
def status_line(status: int) -> bytes:
    """The first line of a response."""
    try:
        phrase = http.HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode("ascii")


def new_id() -> bytes:
    """The id of a request that has none, a UUID of the fourth kind."""
    text = f"{_bits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}".encode("ascii")


def json_error(message: str, protocol: str = SCORE) -> bytes:
    """The body of an error.

    Args:
        message: What happened.
        protocol: In whose form.
    """
    return msgspec.json.encode(forms.error(protocol, message))
