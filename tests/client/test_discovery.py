"""Where the service is, in one order of precedence, and which service may be used."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from runyard.client import discovery, starter
from runyard.protocol.errors import ProtocolMismatch, ServiceUnreachable
from runyard.protocol.routes import SERVICE_ABOUT
from runyard.protocol.service import Connection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STATUS = {
    "version": "0",
    "protocol": "0.9",
    "pid": 1,
    "home": "",
    "url": "",
    "started_at": "",
    "python": "",
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state folder of its own, and no connection from other tests."""
    monkeypatch.setenv("RUNYARD_HOME", str(tmp_path))
    discovery.forget()
    yield tmp_path
    discovery.forget()


def _tell(home: Path, url: str, protocol: str = "1.0", token: str = "t") -> None:
    content = {"url": url, "token": token, "pid": os.getpid(), "protocol": protocol, "version": "0"}
    (home / "service.json").write_text(json.dumps(content))


def _serve(fake: Any, protocol: str = "1.0", **status: Any) -> None:
    def answer(_method: str, path: str, _body: bytes) -> Any:
        if path.endswith("/about"):
            return fake.say({"product": "runyard", "version": "0", "protocol": protocol})
        return fake.say({**STATUS, **status})

    fake.answer = answer


def test_the_connection_file_leads_to_the_running_service(fake, home):
    """The everyday case; the second caller gets the same connection."""
    _serve(fake)
    _tell(home, fake.url, token="secret")
    connection = discovery.connect(start=False)
    assert (connection.url, connection.token) == (fake.url, "secret")
    assert discovery.connect(start=False) is connection


def test_an_address_comes_from_the_argument_then_the_variable_then_the_config(
    fake, home, monkeypatch
):
    """The nearer the more it counts."""
    _serve(fake)
    _tell(home, "http://127.0.0.1:9")
    assert discovery.connect(configured=fake.url).url == fake.url
    discovery.forget()
    monkeypatch.setenv("RUNYARD_URL", fake.url)
    monkeypatch.setenv("RUNYARD_TOKEN", "from the environment")
    found = discovery.connect(configured="http://127.0.0.1:9")
    assert (found.url, found.token) == (fake.url, "from the environment")
    monkeypatch.setenv("RUNYARD_URL", "http://127.0.0.1:9")
    assert discovery.connect(fake.url, "given").token == "given"


def test_nothing_is_started_at_a_named_address(home, monkeypatch):
    """A team's service that is down is not replaced by one of one's own."""
    monkeypatch.setattr(starter, "start", lambda _: pytest.fail("a service was started"))
    with pytest.raises(ServiceUnreachable, match=r"127\.0\.0\.1:9"):
        discovery.connect("http://127.0.0.1:9")


def test_a_stale_connection_file_starts_a_service(fake, home, monkeypatch):
    """After a power cut the file is still there and nothing listens."""
    _serve(fake)
    _tell(home, "http://127.0.0.1:9")
    started = Connection(fake.url, "new", 1, "1.0", "0")
    monkeypatch.setattr(starter, "start", lambda _: started)
    assert discovery.connect().url == fake.url
    discovery.forget()
    _tell(home, "http://127.0.0.1:9")
    with pytest.raises(ServiceUnreachable, match="runyard serve"):
        discovery.connect(start=False)


def test_somebody_else_at_the_port_is_not_the_service(fake, home, monkeypatch):
    """Ports are given again to whoever comes next."""
    fake.answer = lambda *_: fake.say(b"<html>hello</html>")
    _tell(home, fake.url)
    asked = []
    record = Connection(fake.url, "new", 1, "1.0", "0")
    monkeypatch.setattr(starter, "start", lambda where: asked.append(where) or record)
    discovery.connect()
    assert asked == [home]


def test_an_older_idle_service_is_replaced(fake, home, monkeypatch):
    """An upgrade needs no command."""
    _serve(fake, "0.9")
    _tell(home, fake.url, "0.9")
    record = Connection(fake.url, "new", 1, "1.0", "0")
    monkeypatch.setattr(starter, "start", lambda _: record)
    assert discovery.connect().token == "new"
    assert ("POST", "/api/v1/stop") in [request[:2] for request in fake.requests]


def test_an_older_busy_service_is_left_with_a_word(fake, home):
    """Runs are not ended by an upgrade; the message names the command."""
    _serve(fake, "0.9", active_runs=2)
    _tell(home, fake.url, "0.9")
    with pytest.raises(ProtocolMismatch, match="runyard stop"):
        discovery.connect()


def test_a_newer_service_asks_for_a_newer_client(fake, home):
    """The message names the command."""
    _serve(fake, "2.0")
    _tell(home, fake.url, "2.0")
    with pytest.raises(ProtocolMismatch, match="pip install"):
        discovery.connect()
    with pytest.raises(ProtocolMismatch, match="pip install"):
        discovery.connect(fake.url)


def test_a_job_follows_the_service_with_its_own_token(fake, home):
    """The service restarts elsewhere; the job's token stays the job's."""
    _serve(fake)
    _tell(home, fake.url, token="the user's")
    environ = {
        "RUNYARD_URL": "http://127.0.0.1:9",
        "AZUREML_RUN_TOKEN": "the job's",
        "RUNYARD_CONNECTION_FILE": str(home / "service.json"),
    }
    with discovery.connect_job(environ) as connection:
        connection.call(SERVICE_ABOUT)
        assert (connection.url, connection.token) == (fake.url, "the job's")
        connection.url = "http://127.0.0.1:9"
        connection.call(SERVICE_ABOUT)
    assert fake.headers[-1]["Authorization"] == "Bearer the job's"
