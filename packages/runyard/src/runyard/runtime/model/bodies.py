"""Bodies of requests that clients have compressed."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from runyard.runtime.model.served import Refused

if TYPE_CHECKING:
    from runyard.protocol.frames import Call

# A megabyte of gzip may be a gigabyte of zeros, for which the worker would be killed.
_LARGEST = 1 << 30
_UNSUPPORTED_TYPE = 415
# To `zlib`: a header of gzip or of zlib, whichever there is.
_EITHER_HEADER = 47


def decompressed(call: Call, body: bytes) -> bytes:
    """The body as its client had it.

    Args:
        call: What the gateway tells of it.
        body: The body as it came.

    Raises:
        Refused: It is compressed in another way, is broken, or grows too large.
    """
    encoding = call.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity":
        return body
    if encoding not in ("gzip", "deflate"):
        raise Refused(
            f"content encoding {encoding!r}: send gzip, deflate or none", _UNSUPPORTED_TYPE
        )
    machine = zlib.decompressobj(wbits=_EITHER_HEADER)
    try:
        found = machine.decompress(body, _LARGEST)
    except zlib.error as error:
        raise Refused(f"the body is no {encoding}: {error}") from None
    if machine.unconsumed_tail or not machine.eof:
        raise Refused(f"the body's {encoding} ends too early, or is too large")
    return found
