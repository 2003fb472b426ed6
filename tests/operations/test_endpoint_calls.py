"""Calls of an endpoint by the service: what is sent, what comes back, and what is refused."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from runyard.protocol.endpoints import Access, CallEndpoint, CreateEndpoint, DeploymentSpec
from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.errors import InvalidRequest, NotFound, TemporaryError, WrongState
from runyard.protocol.snapshots import CreateSnapshot
from runyard_server.core.system import System
from runyard_server.operations import endpoint_calls, endpoints, snapshots

W = "default"


class Gateway(BaseHTTPRequestHandler):
    """Answers with what it was asked."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._say(400 if b"bad" in body else 200, body.decode())

    def do_GET(self) -> None:
        self._say(200, "")

    def _say(self, status: int, body: str) -> None:
        names = ("Authorization", "Content-Type", "runyard-deployment")
        told = {"path": self.path, "body": body} | {name: self.headers[name] for name in names}
        answer = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("x-ms-run-fn-exec-ms", "1.500")
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Nothing is printed by a test."""


@pytest.fixture
def port() -> Iterator[int]:
    """The port of something that answers like a gateway."""
    made = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    thread = threading.Thread(target=lambda: made.serve_forever(0.01))
    thread.start()
    yield made.server_port
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
def make(system: System, store_text: Any, monkeypatch: pytest.MonkeyPatch, port: int) -> Any:
    """Makes the endpoint `sums`, which answers at the port."""
    files = [store_text("score.py", "def run(data): return data")]
    made = snapshots.create(system, W, body=CreateSnapshot(files))
    own = EnvironmentDefinition(user_managed=True)
    spec = DeploymentSpec(entry_script="score.py", snapshot=made.id, environment=own)
    monkeypatch.setattr(endpoints, "address", lambda *_: f"http://127.0.0.1:{port}")

    def create(auth: str = "key") -> None:
        endpoints.create(system, W, CreateEndpoint("sums", spec, access=Access(auth=auth)))

    return create


def ask(system: System, *asked: Any, **more: Any) -> tuple[Any, Any]:
    """Call `sums`; the answer, and what the endpoint was asked."""
    answer = endpoints.call(system, W, "sums", CallEndpoint(*asked, **more))
    return answer, json.loads(answer.body)


def test_an_endpoint_is_called_with_what_opens_it(system: System, make: Any) -> None:
    """A page that reaches the service alone calls an endpoint, sees its answer and its time."""
    make()
    answer, seen = ask(system, '{"data": [1]}')
    key = endpoints.keys(system, W, "sums").primary
    assert (answer.status, seen["path"], seen["body"]) == (200, "/score", '{"data": [1]}')
    assert (seen["Authorization"], seen["Content-Type"]) == (f"Bearer {key}", "application/json")
    assert (answer.run_milliseconds, answer.content_type) == (1.5, "application/json")
    assert answer.milliseconds > 0
    _, seen = ask(system, "a text", "/v1/x?a=b", "main")
    assert (seen["path"], seen["Content-Type"]) == ("/v1/x?a=b", "text/plain")
    assert seen["runyard-deployment"] == "main"
    assert ask(system, path="/swagger.json")[1]["body"] == ""


def test_a_refusal_of_the_model_is_an_answer(system: System, make: Any) -> None:
    """Who tries a request sees what the model says against it, as its own callers would."""
    make("none")
    answer, seen = ask(system, "bad rows")
    assert (answer.status, seen["Authorization"]) == (400, None)


def test_tokens_open_as_well(system: System, make: Any) -> None:
    """An endpoint that takes tokens is called with one that is fresh."""
    make("token")
    assert ask(system, "{}")[1]["Authorization"].startswith("Bearer ")


def test_what_cannot_be_asked_is_told(
    system: System, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No such endpoint or deployment, a path that is none, nobody there, too many at once."""
    with pytest.raises(NotFound):
        ask(system, "{}")
    make()
    with pytest.raises(NotFound):
        ask(system, "{}", deployment="nothing")
    for path in ("score", "/a\r\nX: y", "/ä"):
        with pytest.raises(InvalidRequest, match="give one such as"):
            ask(system, "{}", path)
    with pytest.raises(WrongState, match="cannot be called"):
        ask(system, "{}", "/a b")
    monkeypatch.setattr(endpoint_calls, "_turns", threading.BoundedSemaphore(1))
    with endpoint_calls._turns, pytest.raises(TemporaryError, match="call http"):
        ask(system, "{}")
    assert ask(system, "{}")[0].status == 200
    monkeypatch.setattr(endpoints, "address", lambda *_: "http://127.0.0.1:1")
    with pytest.raises(WrongState, match="cannot be called"):
        ask(system, "{}")
