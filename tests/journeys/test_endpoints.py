"""A model is served, called, changed under load, and goes on whatever is killed."""

import http.client
import json
import os
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from runyard_server.testing.clocks import of_an_idle_machine

from .conftest import Yard, alive

SCORE = """
import json, os

def init():
    print("loading version %d")

def run(data):
    return {"sum": sum(json.loads(data)["data"]), "version": %d, "pid": os.getpid()}
"""


class Load:
    """Callers that go on until they are told to stop; each answer must be to its own question."""

    def __init__(self, address: str, key: str) -> None:
        parts = urlsplit(address)
        self._place = str(parts.hostname), int(parts.port or 0)
        self._key = key
        self.answers: list[dict[str, Any]] = []
        self.failures: list[str] = []
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._call, args=(n,)) for n in range(3)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _call(self, number: int) -> None:
        line, count = http.client.HTTPConnection(*self._place, timeout=30), 0
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        while not self._stopped.is_set():
            count += 1
            body = json.dumps({"data": [number, count]})
            try:
                line.request("POST", "/score", body, headers)
                answer = line.getresponse()
                text = answer.read()
            except OSError as error:
                self.failures.append(repr(error))
                line.close()
                time.sleep(0.02)
                continue
            if answer.status != 200:
                self.failures.append(f"{answer.status} {text[:200]!r}")
                continue
            found = json.loads(text)
            assert found["sum"] == number + count
            self.answers.append(found)
        line.close()


@pytest.fixture(autouse=True)
def cleaned_up(yard: Yard) -> Iterator[None]:
    """Whatever a test leaves: gateway and replicas outlive the service."""
    yield
    runs = [path.name for path in (yard.home / "runs").glob("*")]
    left = [pid for run in runs for pid in yard.run_processes(run)]
    with suppress(OSError):
        left.append(gateway_pid(yard))
    # First who would begin others again.
    parents = [*yard.services().values(), *yard.gateway_parents().values()]
    for pid in [*parents, *yard.agents("agent").values(), *left]:
        yard.kill(pid)


@contextmanager
def loaded(address: str, key: str) -> Iterator[Load]:
    """Callers for as long as the block runs."""
    load = Load(address, key)
    load.start()
    try:
        yield load
    finally:
        load.stop()


def served(yard: Yard, version: int) -> str:
    """The script of a version; gives its path."""
    return yard.script(SCORE % (version, version), "score.py", f"v{version}") + "/score.py"


def deployed(yard: Yard) -> Any:
    """An endpoint that answers, run by this interpreter."""
    from runyard import Endpoint, Environment

    environment = Environment("plain")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = sys.executable
    workspace = yard.workspace
    endpoint = Endpoint.deploy(
        workspace, "sums", script=served(yard, 1), environment=environment, replace=True
    )
    endpoint.wait(timeout=60)
    return workspace.service.endpoints, endpoint, environment


def gateway_pid(yard: Yard) -> int:
    return int(json.loads((yard.home / "serving" / "gateway.json").read_text())["pid"])


def test_a_model_is_served_changed_and_deleted(yard: Yard) -> None:
    """From score.py to answers; twice changed without a failed request; nothing stays behind."""
    client, endpoint, environment = deployed(yard)
    record, keys = client.get("sums"), client.keys("sums")
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(record.address + "/score", b'{"data": [1]}')
    with loaded(record.address, keys.primary) as load:
        yard.until(lambda: len(load.answers) > 20, "no answers")
        for version in (2, 3):
            endpoint.update(script=served(yard, version), environment=environment)
            endpoint.wait(timeout=60)
            seen = len(load.answers)
            yard.until(lambda seen=seen: len(load.answers) > seen + 20, "no more answers")
            assert {each["version"] for each in load.answers[seen + 10 :]} == {version}
    assert load.failures == []
    renewed = client.regenerate("sums", "primary")
    assert renewed.primary != keys.primary
    with pytest.raises(urllib.error.HTTPError, match="401"):
        call(record.address, keys.primary)
    assert call(record.address, renewed.primary)["sum"] == 3
    assert "loading version 3" in client.logs("sums")
    pids = {each["pid"] for each in load.answers}
    gateway = gateway_pid(yard)
    client.delete("sums")
    yard.until(lambda: not any(map(alive, [*pids, gateway])), "processes are left")
    yard.until(lambda: not list(client.list()), "the endpoint is still there")
    yard.until(lambda: not yard.left_over(), "folders are left")


def call(address: str, key: str) -> Any:
    """One call."""
    headers = {"Authorization": f"Bearer {key}"}
    asked = urllib.request.Request(f"{address}/score", b'{"data": [1, 2]}', headers)
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return json.load(answer)


def test_whatever_is_killed_it_goes_on(yard: Yard) -> None:
    """Of the service nobody notices; of a worker one call fails; the gateway is back within a
    second, also without a service."""
    client, _, _ = deployed(yard)
    record, keys = client.get("sums"), client.keys("sums")
    with loaded(record.address, keys.primary) as load:
        yard.until(lambda: len(load.answers) > 20, "no answers")
        yard.kill_service()
        seen = len(load.answers)
        yard.until(lambda: len(load.answers) > seen + 20, "no answers without a service")
        gateway = gateway_pid(yard)
        yard.kill(gateway)
        yard.until(lambda: not alive(gateway), "the gateway is still there")
        killed, seen = time.monotonic(), len(load.answers)
        yard.until(lambda: len(load.answers) > seen + 3, "no answers by another gateway", 60)
        assert time.monotonic() - killed < of_an_idle_machine(1)
        # Each of three callers had one call at the gateway; nobody was refused after that.
        assert len(load.failures) <= 3, load.failures
        load.failures.clear()
        # Whoever asks starts another one.
        assert client.get("sums").state == "Healthy"
        assert client.keys("sums") == keys
        yard.until(lambda: client.get("sums").reason == "", "the service does not find it again")
        assert load.failures == []

        worker = load.answers[-1]["pid"]
        os.kill(worker, signal.SIGKILL)
        yard.until(lambda: load.answers[-1]["pid"] != worker, "no other worker")
        assert len(load.failures) <= 1, load.failures

        gateway = gateway_pid(yard)
        os.kill(gateway, signal.SIGKILL)
        yard.until(lambda: not alive(gateway), "the gateway is still there")
        killed, seen = time.monotonic(), len(load.answers)
        yard.until(lambda: len(load.answers) > seen + 3, "no answers by another gateway", 60)
        assert time.monotonic() - killed < of_an_idle_machine(1)
    events = told()
    assert events[:2] == ["created", "ready"]
    assert "died" in events
    client.delete("sums")
    yard.until(lambda: not list(client.list()), "the endpoint is still there")
    yard.until(lambda: not Path(f"/proc/{worker}").exists(), "the worker is left")


def told() -> list[str]:
    """What happened to endpoints, in order."""
    from runyard import Workspace
    from runyard.protocol.feed import FeedQuery

    page = Workspace.from_config().service.feed.list(FeedQuery(subject_kind="endpoint"))
    return [each.kind for each in page.items if each.kind != "status"]
