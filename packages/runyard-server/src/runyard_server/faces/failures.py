"""Whatever is raised becomes one of the protocol's errors, which each face tells in its own shape.

What Runyard raises on purpose goes out as it is. A full disk has its own answer. Anything else is
a fault of the service: its trace goes to the log, and the answer says so and no more.
"""

import errno
import logging

from runyard.protocol.errors import (
    InternalError,
    InvalidRequest,
    RunyardError,
    StorageFull,
    Unauthenticated,
)

_log = logging.getLogger(__name__)
_FULL = (errno.ENOSPC, errno.EDQUOT)


class NotAllowed(InvalidRequest):
    """The path exists and does not take the method."""

    status = 405


class TooLarge(InvalidRequest):
    """The body is larger than the route takes."""

    status = 413


def headers(error: RunyardError) -> dict[str, str]:
    """What HTTP wants beside the text of an error."""
    return {"WWW-Authenticate": "Bearer"} if isinstance(error, Unauthenticated) else {}


def translated(error: Exception, what: str) -> RunyardError:
    """The protocol's error that stands for any error; those that are faults are logged.

    Args:
        error: What was raised.
        what: The request, for the log: the name of its route, since addresses hold people's names.
    """
    if isinstance(error, RunyardError):
        if isinstance(error, InternalError):
            _log.error("%s: %s", what, error.message)
        return error
    if isinstance(error, OSError) and error.errno in _FULL:
        return StorageFull("no space is left where the service keeps its files; free some")
    # SQLite's integers end at 64 bits, Python's do not.
    if isinstance(error, OverflowError):
        return InvalidRequest("a number is too large: 64 bits are the limit")
    _log.error("%s failed", what, exc_info=error)
    return InternalError(
        f"the service failed on {what} ({type(error).__name__}); its log has the trace: "
        "it is in `logs` of the state folder, which `runyard status` names"
    )
