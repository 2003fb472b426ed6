"""Waits for what an endpoint was asked: a bar with the reason why it is not ready, then the end.

    digits [############........]  60%    5 s  init() running for 4 s

On a terminal the line is renewed, elsewhere there is a new one for each new reason. Between two
changes nothing is asked: the service answers when something has happened.
"""

from __future__ import annotations

import re
import shutil
import sys
import time
from typing import TYPE_CHECKING, Optional

from runyard.protocol.endpoints import (
    FAILED,
    HEALTHY,
    LOADING,
    OPERATION_FAILED,
    READY,
    RESTARTING,
    STARTING,
    UNHEALTHY,
    EndpointLogQuery,
)
from runyard.protocol.feed import FeedQuery
from runyard.sdk import endpoint_words
from runyard.sdk.exceptions import WebserviceException, translated

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient
    from runyard.protocol.endpoints import EndpointRecord

SUBJECT = "endpoint"
WIDTH = 20
_CLEAR = "\r\x1b[K"
# How far a replica is in each state; what comes before it is the environment.
_SHARES = {STARTING: 0.3, LOADING: 0.6, RESTARTING: 0.3, READY: 1.0}
_BEGUN = 0.1
# A terminal's line has seconds in it; elsewhere only changes are shown.
_TICK_SECONDS, _LONG_SECONDS = 1.0, 15.0
_LOG_LINES = 30
_NUMBER = re.compile(r"\d+")


def wait(
    service: WorkspaceClient,
    name: str,
    show_output: bool,
    timeout: Optional[float],
    deployment: Optional[str] = None,
) -> EndpointRecord:
    """Wait until what was asked of an endpoint is done.

    Args:
        service: The workspace.
        name: The endpoint.
        show_output: Whether the way there is shown on stderr.
        timeout: Seconds; None waits for ever.
        deployment: What of it was changed; None: whatever was last.

    Returns:
        The endpoint as it then is.

    Raises:
        WebserviceException: It failed, with the reason and the end of the log; or the time is
            over, and it goes on.
    """
    line = Line(show_output)
    until = None if timeout is None else time.monotonic() + timeout
    try:
        with translated():
            # Known before the first look, so that nothing falls in between.
            position = service.feed.list(FeedQuery(last=1)).position
            while True:
                record = service.endpoints.get(name)
                line.show(record)
                if is_done(record):
                    break
                position = _next(service, name, position, _seconds(line, until, record))
    finally:
        # After Ctrl-C as well, so that what is printed next has a line of its own.
        line.end()
    _check(service, record, deployment)
    return record


def is_done(record: EndpointRecord) -> bool:
    """Whether nothing is to be waited for any more."""
    if not endpoint_words.is_changing(record):
        return True
    creating = record.operation is not None and record.operation.kind == "create"
    # A first worker that has died five times is tried once a minute from then on, for ever; who
    # waits is told now.
    return record.state == FAILED or (record.state == UNHEALTHY and creating)


def share_of(record: EndpointRecord) -> float:
    """How far an endpoint is on its way to be ready, from 0 to 1."""
    if is_done(record):
        return 1.0
    found = [
        _SHARES.get(replica.state, 0.0)
        for each in record.deployments
        for replica in each.replicas
        if replica.revision == (each.coming or each.revision)
    ]
    # Replicas that are yet to be made count, and have come nowhere.
    wanted = max(len(found), sum(each.wanted for each in record.deployments), 1)
    return max(_BEGUN, sum(found) / wanted)


class Line:
    """The line that tells how far it is.

    Args:
        shown: Whether there is one.
    """

    def __init__(self, shown: bool) -> None:
        self._stream = sys.stderr
        self._shown = shown
        self.on_terminal = shown and self._stream.isatty()
        self._last = ""
        self._since = time.monotonic()

    def show(self, record: EndpointRecord) -> None:
        """Show how an endpoint is, if that has changed."""
        if not self._shown:
            return
        said = _said(record)
        if self.on_terminal:
            seconds = time.monotonic() - self._since
            self._renew(f"{record.name} {_bar(share_of(record))} {seconds:4.0f} s  {said}")
        elif _NUMBER.sub("", said) != self._last and (is_done(record) or share_of(record) < 1):
            # Seconds that pass are no news.
            self._last = _NUMBER.sub("", said)
            self._write(f"{record.name}: {said}\n")

    def end(self) -> None:
        """Leave the line as it is and begin another."""
        if self.on_terminal:
            self._write("\n")

    def _renew(self, text: str) -> None:
        # A line that wraps could not be written over.
        room = shutil.get_terminal_size().columns - 1
        self._write(_CLEAR + (text if len(text) <= room else f"{text[: room - 1]}…"))

    def _write(self, text: str) -> None:
        encoding = getattr(self._stream, "encoding", None) or "ascii"
        self._stream.write(text.encode(encoding, "replace").decode(encoding))
        self._stream.flush()


def _bar(share: float) -> str:
    return f"[{('#' * int(share * WIDTH)).ljust(WIDTH, '.')}] {share:4.0%}"


def _said(record: EndpointRecord) -> str:
    why = endpoint_words.first_line(endpoint_words.why_of(record))
    if is_done(record):
        state = (
            f"ready at {record.address}" if record.state == HEALTHY and not why else record.state
        )
    elif why and sum(each.wanted for each in record.deployments) == 1:
        return why
    else:
        state = endpoint_words.replicas_of(record) if record.deployments else record.state
    return f"{state}: {why}" if why else state


def _seconds(line: Line, until: Optional[float], record: EndpointRecord) -> float:
    """How long to wait for the next news."""
    longest = _TICK_SECONDS if line.on_terminal else _LONG_SECONDS
    if until is None:
        return longest
    left = until - time.monotonic()
    if left <= 0:
        raise WebserviceException(
            f"{record.name} is not ready in time: {_said(record)}. It goes on; wait() waits again"
        )
    return min(longest, left)


def _next(service: WorkspaceClient, name: str, position: int, seconds: float) -> int:
    """Wait for something to happen to the endpoint, and give the position to go on from."""
    query = FeedQuery(after=position, subject_kind=SUBJECT, subject=name)
    return max(position, service.feed.list(query, wait=seconds).position)


def _check(service: WorkspaceClient, record: EndpointRecord, deployment: Optional[str]) -> None:
    changed = endpoint_words.deployment_of(record, deployment) if deployment else None
    error = "" if record.operation is None else record.operation.error
    failed = record.operation is not None and record.operation.state == OPERATION_FAILED
    # The operation is the endpoint's, and may have failed of a deployment of somebody else's.
    if changed is not None:
        error, failed = changed.error, bool(changed.error)
    if record.state == HEALTHY and not failed:
        return
    why = error or endpoint_words.why_of(record)
    said = f"{record.name} is {record.state}: {why or 'no reason is known'}"
    if record.state == HEALTHY:
        said = f"{record.name} could not be changed and serves on as it was: {why}"
    log = ""
    if "\n" not in why:
        # A traceback is the end of the log already.
        with translated():
            log = service.endpoints.logs(record.name, EndpointLogQuery(deployment, _LOG_LINES))
    raise WebserviceException(f"{said}\n\nThe end of its log:\n\n{log}" if log.strip() else said)
