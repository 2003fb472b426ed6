"""What responses begin with: status lines, ids, errors as each protocol has them."""

import http
import itertools
import random
from functools import lru_cache

import msgspec

from runyard.protocol import inference_forms as forms

JSON_LINE = b"content-type: application/json\r\n"
OK = b"HTTP/1.1 200 OK\r\n"

_random = random.SystemRandom()
_first = f"{_random.getrandbits(32):08x}-{_random.getrandbits(16):04x}-4"
_first += f"{_random.getrandbits(12):03x}-a{_random.getrandbits(12):03x}-"
_UUID = _first.encode("ascii") + b"%012x"
# The low part counts, from anywhere: an id is to be unlike others, no secret.
_count = itertools.count(_random.getrandbits(47)).__next__


def new_id() -> bytes:
    """The id of a request that brings none, in the form of a UUID."""
    return _UUID % _count()


@lru_cache(maxsize=4096)
def milliseconds(microseconds: int) -> bytes:
    """A time as headers tell it; most are short, and come again."""
    return b"%.3f" % (microseconds * 0.001)


@lru_cache(maxsize=600)
def status_line(status: int) -> bytes:
    """The first line of a response."""
    try:
        phrase = http.HTTPStatus(status).phrase
    except ValueError:
        phrase = "Unknown"
    return f"HTTP/1.1 {status} {phrase}\r\n".encode("ascii")


def error(protocol: str, status: int, message: str) -> bytes:
    """The body of an error.

    Args:
        protocol: In whose form.
        status: The HTTP status.
        message: What happened, and what to do.
    """
    return msgspec.json.encode(forms.refusal(protocol, status, message))
