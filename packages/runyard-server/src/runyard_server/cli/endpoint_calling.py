"""Calling an endpoint from a shell: what is sent, and the answer as it came."""

import json
import sys
from pathlib import Path

from runyard.protocol.errors import InvalidRequest
from runyard.sdk.endpoint_calls import DEPLOYMENT_HEADER, Caller
from runyard_server.cli import output, target
from runyard_server.cli.sdk_calls import told

TYPED, FILE = "-", "@"


def call(
    workspace: str | None,
    endpoint: str,
    data: str | None,
    path: str,
    deployment: str | None,
    *,
    json_wanted: bool,
) -> None:
    """Call an endpoint and print its answer.

    Args:
        workspace: The workspace's name, None for the configured one.
        endpoint: The endpoint.
        data: What was typed; None asks with GET.
        path: The path.
        deployment: The deployment to ask, None for any.
        json_wanted: Whether an answer that is no JSON becomes a text of JSON.

    Raises:
        RunyardError: It cannot be called, or answered with an error.
    """
    if data is None and path == "/score":
        raise InvalidRequest(
            "DATA is missing: give JSON, @FILE, or - for standard input, as in "
            f"`runyard endpoints call {endpoint} '{{\"data\": [[1, 2, 3]]}}'`"
        )
    body = None if data is None else read(data)
    headers = {} if deployment is None else {DEPLOYMENT_HEADER: deployment}
    if body is not None:
        headers["Content-Type"] = "application/json" if is_json(body) else "text/plain"
    client = target.client(workspace)
    # Before the call, since a wrong name is answered with the nearest.
    record = client.endpoints.get(endpoint)
    with told():
        answer = Caller(client, endpoint).send(_rooted(path), body, headers, record)
    # Who asked for JSON can parse whatever a script or another protocol answers.
    if json_wanted and not is_json(answer):
        answer = json.dumps(answer.decode("utf-8", "replace")).encode()
    # As it came: reading and writing it anew would change digits, and tensors are no text.
    output.write_bytes(answer if answer.endswith(b"\n") else answer + b"\n")


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
