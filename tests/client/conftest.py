"""A small HTTP server that answers as a test tells it, and a real service for what it must know."""

from __future__ import annotations

import http.server
import itertools
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from runyard.client.connection import Connection
from runyard.client.workspace import WorkspaceClient
from runyard.client.workspaces import Workspaces
from runyard.protocol.workspaces import CreateWorkspace
from runyard_server.testing.services import running_service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_numbers = itertools.count()


class Answer:
    """What the fake service says to one request.

    Args:
        body: Bytes, or a value that becomes JSON.
        status: The HTTP status.
        cut: Close the connection after so many bytes of the body.
        stream: Tell no length; the end of the connection is the end of the body.
        framing: The headers that tell where the body ends, where its bytes are framed already.
    """

    def __init__(
        self,
        body: Any = b"",
        status: int = 200,
        cut: int | None = None,
        stream: bool = False,
        framing: dict[str, str] | None = None,
    ) -> None:
        self.framing = framing
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.status = status
        self.cut = cut
        self.stream = stream


class FakeService:
    """Records what is asked and answers from a function `answer(method, path, body)`."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, bytes]] = []
        self.headers: list[dict[str, str]] = []
        # Of the request that a thread of the server answers, where several come at once.
        self.here = threading.local()
        self.answer: Callable[[str, str, bytes], Answer | None] = lambda *_: Answer({})
        self.server: http.server.ThreadingHTTPServer | None = None
        self.start()

    def start(self, port: int = 0) -> None:
        """Listen."""
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                fake.requests.append((self.command, self.path, body))
                fake.headers.append(dict(self.headers))
                fake.here.headers = dict(self.headers)
                answer = fake.answer(self.command, self.path, body)
                if answer is None:
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                for name, value in (answer.framing or {}).items():
                    self.send_header(name, value)
                if answer.stream:
                    self.send_header("Connection", "close")
                elif answer.framing is None:
                    self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body[: answer.cut])
                self.close_connection = answer.cut is not None or answer.stream

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - http.server

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        # A client that went away is what some tests are about.
        self.server.handle_error = lambda *_: None  # type: ignore[method-assign]  # see above
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Listen no more."""
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    @staticmethod
    def say(body: Any = b"", status: int = 200, cut: int | None = None, **more: Any) -> Answer:
        """Make an answer."""
        return Answer(body, status, cut, **more)

    @property
    def url(self) -> str:
        """Where it listens."""
        assert self.server is not None
        return f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def fake() -> Iterator[FakeService]:
    """A fake service."""
    service = FakeService()
    yield service
    service.stop()


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state folder of the service."""
    return tmp_path_factory.mktemp("client") / "home"


@pytest.fixture(scope="session")
def connection_of_service(home: Path) -> Iterator[Connection]:
    """A service in a process of its own."""
    with (
        running_service(home) as service,
        Connection(service.url, service.token) as connection,
    ):
        yield connection


@pytest.fixture
def client(connection_of_service: Connection) -> WorkspaceClient:
    """A workspace that nobody else uses."""
    record = Workspaces(connection_of_service).create(CreateWorkspace(f"w{next(_numbers)}"))
    return WorkspaceClient(connection_of_service, record.id)
