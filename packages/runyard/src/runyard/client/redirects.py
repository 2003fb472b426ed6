"""A large content read from the store that has it, at an address that the service has signed.

The address opens the one content for an hour, so it is asked without a token. A store that cannot
be reached from here, as one in a network of the service's own, is no error: the service passes the
same bytes on.
"""

from __future__ import annotations

import http.client
import urllib.request
from typing import Any, Optional

from runyard.client import ranges, reaching

_SILENCE_SECONDS = 60


def followed(address: str, first: int, end: Optional[int], version: str) -> Optional[Any]:
    """Open the answer of a store; None where it does not give one.

    Args:
        address: What the service answered.
        first: The first byte that is wanted.
        end: The byte behind the last one; None: all.
        version: What the service calls the content: its ETag.
    """
    if not reaching.is_reached(address):
        return None
    headers = ranges.header(first, end)
    request = urllib.request.Request(address, headers=headers)  # noqa: S310 - from the service
    try:
        answer = urllib.request.urlopen(request, timeout=_SILENCE_SECONDS)  # noqa: S310 - as above
    except (OSError, http.client.HTTPException, ValueError):
        return None
    # `rclone serve s3` calls a range the whole: then the length alone says what it is.
    wanted = http.client.PARTIAL_CONTENT if headers else http.client.OK
    fits = answer.status == wanted if end is None else answer.length == end - first
    if not fits or answer.length is None:
        answer.close()
        return None
    # A store has a name of its own for it, and who compares goes by the service's.
    del answer.headers["ETag"]
    answer.headers["ETag"] = version
    answer.finished = answer.close
    return answer
