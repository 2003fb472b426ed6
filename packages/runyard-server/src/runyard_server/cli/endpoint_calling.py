"""Calling an endpoint from a shell: what is sent, and the answer as it came."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from runyard.protocol.errors import InvalidRequest
from runyard.sdk.endpoint_calls import DEPLOYMENT_HEADER, Caller
from runyard_server.cli import output, target
from runyard_server.cli.sdk_calls import told

TYPED, FILE = "-", "@"


@dataclass(frozen=True)
class Request:
    """What is sent.

    Args:
        data: What was typed; None asks with GET.
        path: The path.
        deployment: The deployment to ask, None for any.
        through: Whether the service sends it.
    """

    data: str | None
    path: str
    deployment: str | None
    through: bool = False


def call(workspace: str | None, endpoint: str, request: Request, *, json_wanted: bool) -> None:
    """Call an endpoint and print its answer.

    Args:
        workspace: The workspace's name, None for the configured one.
        endpoint: The endpoint.
        request: What is sent.
        json_wanted: Whether an answer that is no JSON becomes a text of JSON.

    Raises:
        RunyardError: It cannot be called, or answered with an error.
    """
    data = request.data
    if data is None and request.path == "/score":
        raise InvalidRequest(
            "DATA is missing: give JSON, @FILE, or - for standard input, as in "
            f"`runyard endpoints call {endpoint} '{{\"data\": [[1, 2, 3]]}}'`"
        )
    body = None if data is None else read(data)
    client, path = target.client(workspace), _rooted(request.path)
    with told():
        caller = Caller(client, endpoint)
        if request.through:
            answer = caller.send_through_service(path, body, request.deployment)
        else:
            # Before the call, since a wrong name is answered with the nearest.
            record = client.endpoints.get(endpoint)
            answer = caller.send(path, body, _headers(request, body), record)
    # Who asked for JSON can parse whatever a script or another protocol answers.
    if json_wanted and not is_json(answer):
        answer = json.dumps(answer.decode("utf-8", "replace")).encode()
    # As it came: reading and writing it anew would change digits, and tensors are no text.
    output.write_bytes(answer if answer.endswith(b"\n") else answer + b"\n")


def _headers(request: Request, body: bytes | None) -> dict[str, str]:
    found = {} if request.deployment is None else {DEPLOYMENT_HEADER: request.deployment}
    if body is not None:
        found["Content-Type"] = "application/json" if is_json(body) else "text/plain"
    return found


def read(data: str) -> bytes:
    """What is to be sent: the text itself, a file's content, or what is piped in.

    Args:
        data: What was typed.

    Raises:
        InvalidRequest: There is no such file.
    """
    if data == TYPED:
        return sys.stdin.buffer.read()
    if not data.startswith(FILE):
        return data.encode()
    path = Path(data[1:]).expanduser()
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidRequest(
            f"{str(path)!r} cannot be read: {error.strerror or error} (looked from {Path.cwd()})"
        ) from None


def is_json(body: bytes) -> bool:
    """Whether bytes are JSON."""
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def _rooted(path: str) -> str:
    return path if path.startswith("/") else f"/{path}"
