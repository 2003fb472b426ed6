"""Calls of an endpoint over HTTP, with its key or a token, which are fetched when they are needed.

The connection is kept between calls. A key that has been replaced is fetched again, once.
"""

from __future__ import annotations

import datetime as dt
import http.client
import select
import threading
import time
from typing import TYPE_CHECKING, Dict, Mapping, Optional, Tuple
from urllib.parse import urlsplit

from runyard.protocol.endpoints import KEY, NO_AUTH, CallEndpoint
from runyard.sdk import endpoint_data, endpoint_words, times
from runyard.sdk.exceptions import UserErrorException, WebserviceException, translated

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient
    from runyard.protocol.endpoints import EndpointRecord

# Chooses a deployment by hand.
DEPLOYMENT_HEADER = "runyard-deployment"
# Letters of an error that are shown: enough for a traceback.
_SHOWN_BODY = 2000
UNAUTHORIZED = http.client.UNAUTHORIZED
# Longer than any call may take: the endpoint says itself when one takes too long.
_SECONDS = 3700.0
# The service starts a gateway that has died again within a second, on a busy machine later.
_PATIENCE_SECONDS = 3.0
_PAUSE_SECONDS = 0.05


class _Connection(http.client.HTTPConnection):
    """A kept connection; it is closed with the endpoint, or with the thread that called by it."""

    def __del__(self) -> None:
        # Python would warn about its socket, in the user's name.
        self.close()


class Caller:
    """Calls one endpoint.

    Args:
        service: The workspace.
        name: The endpoint.
    """

    def __init__(self, service: WorkspaceClient, name: str) -> None:
        self._service = service
        self._name = name
        # A connection is for one thread at a time; several may call at once.
        self._local = threading.local()
        self._opens = ""
        self._until: Optional[dt.datetime] = None

    def send(
        self,
        path: str,
        body: Optional[bytes],
        headers: Mapping[str, str],
        record: EndpointRecord,
    ) -> bytes:
        """Ask, and give the answer's body.

        Args:
            path: The path, such as `/score`.
            body: What is sent; None asks with GET.
            headers: More of them.
            record: The endpoint, as it was last read.

        Raises:
            WebserviceException: It cannot be reached, or answered with an error.
        """
        if not record.address:
            raise _unreachable(record, "it has no address yet")
        # Once more at most: a key that stays wrong would be asked for without an end.
        for again in (True, False):
            auth = self._auth(record)
            status, answer = self._ask(record, path, body, {**headers, **auth})
            if status != UNAUTHORIZED or not (auth and again):
                break
            self._opens = ""
        if status >= http.client.BAD_REQUEST:
            raise _failed(self._name, status, answer)
        return answer

    def send_through_service(
        self, path: str, body: Optional[bytes], deployment: Optional[str]
    ) -> bytes:
        """Have the service ask, and give the answer's body.

        Args:
            path: The path, such as `/score`.
            body: What is sent; None asks with GET.
            deployment: The one to ask; None: any.

        Raises:
            UserErrorException: The body is no text.
            WebserviceException: It answered with an error.
        """
        try:
            text = None if body is None else body.decode("utf-8")
        except UnicodeDecodeError:
            raise UserErrorException(
                "the service sends texts alone, and this is none; call the endpoint itself"
            ) from None
        with translated():
            answer = self._service.endpoints.call(self._name, CallEndpoint(text, path, deployment))
        found = answer.body.encode("utf-8")
        if answer.status >= http.client.BAD_REQUEST:
            raise _failed(self._name, answer.status, found)
        return found

    def close(self) -> None:
        """Close this thread's connection; its next call opens another."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None

    def _ask(
        self, record: EndpointRecord, path: str, body: Optional[bytes], headers: Dict[str, str]
    ) -> Tuple[int, bytes]:
        connection = self._open(record)
        try:
            connection.request("GET" if body is None else "POST", path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except BaseException as error:
            # After Ctrl-C, too: the next call would be given this one's answer.
            self.close()
            if not isinstance(error, (OSError, http.client.HTTPException)):
                raise
            # Never sent again: nobody knows whether the model has seen it.
            raise _unreachable(record, _said(error)) from error

    def _open(self, record: EndpointRecord) -> http.client.HTTPConnection:
        """Connect, unless this thread has a connection that is still open."""
        parts = urlsplit(record.address)
        there = (parts.hostname or "127.0.0.1", parts.port)
        kept: Optional[http.client.HTTPConnection] = getattr(self._local, "connection", None)
        if kept is not None and (kept.host, kept.port) == there and not _is_closed(kept):
            return kept
        self.close()
        made = _Connection(*there, timeout=_SECONDS)
        self._connect(made, record)
        self._local.connection = made
        return made

    def _connect(self, made: http.client.HTTPConnection, record: EndpointRecord) -> None:
        """Connect; a gateway that starts again is waited for."""
        until = time.monotonic() + _PATIENCE_SECONDS
        failure = _failure(made)
        # Refused means that nothing was sent, so no call is made twice; other failures are told.
        while isinstance(failure, ConnectionRefusedError) and time.monotonic() < until:
            time.sleep(_PAUSE_SECONDS)
            failure = _failure(made)
        if failure is not None:
            raise _unreachable(record, _said(failure)) from failure

    def _auth(self, record: EndpointRecord) -> Dict[str, str]:
        if record.access.auth == NO_AUTH:
            return {}
        over = self._until is not None and dt.datetime.now(dt.timezone.utc) >= self._until
        if not self._opens or over:
            with translated():
                if record.access.auth == KEY:
                    # A key has no end; what opened the endpoint before may have been a token.
                    self._until = None
                    self._opens = self._service.endpoints.keys(self._name).primary
                else:
                    token = self._service.endpoints.token(self._name)
                    self._opens = token.token
                    self._until = times.moment(token.refresh_after)
        return {"Authorization": f"Bearer {self._opens}"}


def _failed(name: str, status: int, answer: bytes) -> WebserviceException:
    said = endpoint_data.decoded(answer)
    if isinstance(said, dict):
        said = next((said[key] for key in ("message", "error") if key in said), said)
    text = str(said)
    # Cut only now: half of a JSON text or of a letter cannot be read.
    shown = text if len(text) <= _SHOWN_BODY else f"{text[:_SHOWN_BODY]}…"
    reason = http.client.responses.get(status, "")
    return WebserviceException(f"{name} answered {status} {reason}: {shown}".strip(), status)


def _failure(made: http.client.HTTPConnection) -> Optional[OSError]:
    """Connect; what it failed of, or None."""
    try:
        made.connect()
    except OSError as error:
        return error
    return None


def _is_closed(connection: http.client.HTTPConnection) -> bool:
    """Whether the other side has closed an idle connection: then there is something to read."""
    if connection.sock is None:
        return True
    # Not select, which knows no file descriptor above 1023.
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))


def _said(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__)


def _unreachable(record: EndpointRecord, why: str) -> WebserviceException:
    state = endpoint_words.why_of(record)
    return WebserviceException(
        f"{record.name} cannot be called ({why}); it is {record.state}"
        + (f": {state}" if state else "")
        + ". wait(show_output=True) shows what it waits for, logs() what it printed"
    )
