"""The service's part of the exchange with drivers, for backends without a service."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from runyard_server.compute.base import Backend, Line, SiteContext

TOKEN = "the-token-of-the-site"


class Exchange:
    """Answers drivers for the backend that was made last, as a service that began anew would."""

    def __init__(self) -> None:
        self.backend: Backend | None = None
        self._rung = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def of(self, context: SiteContext) -> SiteContext:
        """What a backend is told that is to be reached here."""
        return replace(context, url=lambda: self.url, line=Line(TOKEN, self._ring))

    def answer(self, content: dict[str, Any], wait: float) -> dict[str, Any]:
        """Ask the backend until there is news, or the time is over."""
        assert self.backend is not None
        with self._rung:
            reply, news = self.backend.exchange(content)
            if not news and wait:
                self._rung.wait(wait)
                reply, _ = self.backend.exchange(content)
        return reply

    def _ring(self) -> None:
        def ring() -> None:
            with self._rung:
                self._rung.notify_all()

        # Whoever rings may hold a lock that an answer waits for.
        threading.Thread(target=ring, daemon=True).start()

    @contextmanager
    def running(self) -> Iterator["Exchange"]:
        """Serve in a thread."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


def _handler(exchange: Exchange) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            good = self.headers["Authorization"] == f"Bearer {TOKEN}"
            wait = float(self.headers.get("Prefer", "wait=0").partition("=")[2])
            reply = exchange.answer(body["content"], wait) if good else {}
            content = json.dumps({"content": reply}).encode()
            self.send_response(200 if good else 401)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            # Drivers are killed while a question of theirs is open.
            with suppress(BrokenPipeError):
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
