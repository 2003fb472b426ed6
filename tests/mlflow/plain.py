"""Plain requests in MLflow's protocol, for what its client would never send."""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

from runyard_server.core import tokens
from runyard_server.testing.services import RunningService

API = "/api/2.0/mlflow"
FILES = "/api/2.0/mlflow-artifacts/artifacts"


class Plain:
    """Asks a service.

    Args:
        service: The service.
        token: The token to show; None: the user's.
    """

    def __init__(self, service: RunningService, token: str | None = None) -> None:
        self._service = service
        self._token = service.token if token is None else token

    def of_run(self, run: str) -> "Plain":
        """The same with the token of a run's job."""
        secret = (self._service.home / "secret").read_bytes()
        return Plain(self._service, tokens.run_token(secret, "default", run))

    def __call__(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """The status and the JSON of an answer; what begins with no slash is below MLflow's API."""
        parts = urlsplit(self._service.url)
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        place = path if path.startswith("/") else f"{API}/{path}"
        shown = {"Authorization": f"Bearer {self._token}", **headers}
        try:
            connection.request(method, place, sent, shown)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"{}")
        finally:
            connection.close()

    def good(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """The JSON of an answer that must be a good one."""
        status, told = self(method, path, body)
        assert status == 200, told
        return told

    def refused(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, str]:
        """The status of a refusal, and MLflow's code for it."""
        status, told = self(method, path, body, **headers)
        assert isinstance(told.get("message"), str), told
        return status, told["error_code"]
