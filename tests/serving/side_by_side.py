"""Servers of others beside ours: starting them, and asking both the same."""

import http.client
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

_START_SECONDS = 180


class Told(NamedTuple):
    """A response: `body` is JSON where it is that."""

    status: int
    kind: str
    body: Any


def ask(
    port: int, method: str, path: str, body: Any = None, kind: str = "application/json"
) -> Told:
    """Send a request to a server of this machine.

    Args:
        port: The server's.
        method: Of HTTP.
        path: Of the request.
        body: Text, bytes, or what becomes JSON.
        kind: The content type, "" for none.
    """
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    sent = body if body is None or isinstance(body, str | bytes) else json.dumps(body)
    try:
        line.request(method, path, sent, {"Content-Type": kind} if kind else {})
        told = line.getresponse()
        text = told.read().decode()
        with suppress(ValueError):
            return Told(told.status, told.headers.get_content_type(), json.loads(text))
        return Told(told.status, told.headers.get_content_type(), text)
    finally:
        line.close()


@contextmanager
def peer(command: list[str], port: int, ready: str, folder: Path, **more: str) -> Iterator[None]:
    """Run a server until it is ready, and end it afterwards.

    Args:
        command: Its program, in its own environment, and arguments.
        port: Where it will listen.
        ready: The path that answers 200 then.
        folder: Where it works.
        more: Of its environment.
    """
    programs = Path(command[0]).parent
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", **more}
    log = folder / "log.txt"
    with log.open("wb") as out:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=out)
    try:
        _wait(server, port, ready, log)
        yield
    finally:
        server.terminate()
        server.wait(60)


def _wait(server: "subprocess.Popen[bytes]", port: int, ready: str, log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        with suppress(OSError):
            if ask(port, "GET", ready).status == http.client.OK:
                return
        time.sleep(0.2)
    raise TimeoutError(log.read_text(errors="replace")[-4000:])
