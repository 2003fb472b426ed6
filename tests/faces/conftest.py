"""A real service over the wire, shared by the tests of a file, and a plain way to ask it."""

import http.client
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest

from runyard_server.core import tokens
from runyard_server.testing.services import RunningService, running_service

EXPERIMENTS = "/api/v1/workspaces/default/experiments"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of the error."""
        return str(self.json["error"]["code"])


@dataclass
class Asker:
    """Asks a service over HTTP, with its token unless told otherwise."""

    service: RunningService
    headers: Mapping[str, str] = field(default_factory=dict)

    def open(self) -> http.client.HTTPConnection:
        """A new connection."""
        parts = urlsplit(self.service.url)
        return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)

    def send(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: Any = None,
        **headers: str,
    ) -> http.client.HTTPResponse:
        """Send a request; `X_Y` among the headers stands for X-Y."""
        given = {"Authorization": f"Bearer {self.service.token}", **self.headers}
        given.update({name.replace("_", "-"): value for name, value in headers.items()})
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
        connection.request(method, path, body=body, headers=given)
        return connection.getresponse()

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        connection = self.open()
        try:
            response = self.send(connection, method, path, body, **headers)
            return Answer(response.status, response.msg, response.read())
        finally:
            connection.close()

    def start_run(self, **given: Any) -> str:
        """Start an interactive run and give its id."""
        body = {"experiment": "mnist", **given}
        answer = self("POST", "/api/v1/workspaces/default/interactive-runs", body)
        assert answer.status == 200, answer.body
        return str(answer.json["id"])

    def run_token(self, run: str, workspace: str = "default") -> str:
        """The header value of a run's token."""
        secret = (self.service.home / "secret").read_bytes()
        return "Bearer " + tokens.run_token(secret, workspace, run)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A running service."""
    with running_service(tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture(scope="module")
def ask(service: RunningService) -> Asker:
    """Asks the service."""
    return Asker(service)
