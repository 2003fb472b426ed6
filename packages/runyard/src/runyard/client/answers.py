"""Answers of the web, from no service of ours: how long they may take, and whether all came.

`http.client` ends a read in blocks quietly where the connection breaks off, so half a file would
pass for all of it.
"""

from typing import Any

# For the next bytes, not for all of them: a large file may take hours.
WEB_SECONDS = 60.0


def check_whole(answer: Any, size: int) -> None:
    """Check that as many bytes came as the answer has announced.

    Args:
        answer: What `urlopen` gave; those of other openers may have no headers.
        size: How many came.

    Raises:
        OSError: Fewer came.
    """
    told = getattr(getattr(answer, "headers", None), "get", None)
    announced = None if told is None else told("Content-Length")
    if announced is not None and str(announced).isdigit() and size < int(announced):
        raise OSError(f"the answer broke off after {size} of {announced} bytes")
