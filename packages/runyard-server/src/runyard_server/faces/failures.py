"""Errors become answers: a status and `{"error": {"code", "message", "details"}}`.

What Runyard raises on purpose goes out as it is. A full disk has its own answer. Anything else is
a fault of the service: its trace goes to the log, and the answer says so and no more.
"""

import errno
import logging
from collections.abc import Mapping

import msgspec
from starlette.responses import Response

from runyard.protocol.errors import (
    InternalError,
    InvalidRequest,
    RunyardError,
    StorageFull,
    Unauthenticated,
    to_wire,
)

_log = logging.getLogger(__name__)
_FULL = (errno.ENOSPC, errno.EDQUOT)


class NotAllowed(InvalidRequest):
    """The path exists and does not take the method."""

    status = 405


class TooLarge(InvalidRequest):
    """The body is larger than the route takes."""

    status = 413


def answer(error: Exception, what: str) -> Response:
    """Give the answer for an error.

    Args:
        error: What was raised.
        what: The request, for the log: the name of its route, since addresses hold people's names.
    """
    known = translated(error, what)
    challenge = isinstance(known, Unauthenticated)
    headers = {"WWW-Authenticate": "Bearer"} if challenge else {}
    return wire(known, headers)


def wire(error: RunyardError, headers: Mapping[str, str]) -> Response:
    """Give the answer that describes a known error."""
    content = msgspec.json.encode(to_wire(error))
    return Response(content, error.status, headers, media_type="application/json")


def translated(error: Exception, what: str) -> RunyardError:
    """Give the protocol's error that stands for any error; log those that are faults."""
    if isinstance(error, RunyardError):
        if isinstance(error, InternalError):
            _log.error("%s: %s", what, error.message)
        return error
    if isinstance(error, OSError) and error.errno in _FULL:
        return StorageFull("no space is left where the service keeps its files; free some")
    if isinstance(error, OverflowError):
        return InvalidRequest("a number is too large: 64 bits are the limit")
    _log.error("%s failed", what, exc_info=error)
    return InternalError(
        f"the service failed on {what} ({type(error).__name__}); its log has the trace: "
        "`logs/service.log` in the state folder, which `runyard status` names"
    )
