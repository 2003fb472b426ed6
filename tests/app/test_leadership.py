"""Several processes of the service on one PostgreSQL and one state folder."""

import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from runyard.client import holder
from runyard.protocol.codec import to_plain
from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.files import FileEntry
from runyard.protocol.runs import RunSpec, SubmitRun
from runyard.protocol.service import DATABASE_VARIABLE, HOME_VARIABLE
from runyard.protocol.snapshots import CreateSnapshot
from runyard_server.app import leadership
from runyard_server.app.leadership import Leadership
from runyard_server.cli import backup
from runyard_server.core.clock import Clock
from runyard_server.core.tokens import run_token, user_token
from runyard_server.scheduler.loop import Loop
from runyard_server.store import postgresql
from runyard_server.store.home import Home
from runyard_server.testing.clocks import of_an_idle_machine
from runyard_server.testing.databases import TEMPLATE
from runyard_server.testing.parts import URL, parts
from runyard_server.testing.postgres import Postgres
from runyard_server.testing.services import read_connection

IN = "/api/v1/workspaces/default"
PASSWORD = "geheim-0815"


class Process:
    """One process of the service, at a port that it is told."""

    def __init__(self, home: Path, url: str) -> None:
        self._home = home
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        environ = {**os.environ, HOME_VARIABLE: str(home), DATABASE_VARIABLE: url}
        command = [sys.executable, "-P", "-m", "runyard_server.app", "--port", str(self.port)]
        with (home.parent / f"{self.port}.out").open("wb") as output:
            self.process = subprocess.Popen(
                command, env=environ, stdout=output, stderr=output, start_new_session=True
            )
        until(lambda: self.ask("GET", "/api/v1/status")[0] == 200, 60)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Ask it; the status is 0 while it does not answer."""
        text = None if body is None else json.dumps(body).encode()
        return self.send(method, path, text, **headers)

    def send(self, method: str, path: str, body: bytes | None, **headers: str) -> tuple[int, Any]:
        """The same with a body that is no JSON."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            line.request(method, path, body, {**self._token(), **headers})
            answer = line.getresponse()
            content = answer.read()
        except OSError:
            return 0, None
        finally:
            line.close()
        return answer.status, json.loads(content) if content else None

    def is_well(self, path: str) -> bool:
        """Whether it says so to a supervisor, which has no token and reads no answer."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        line.request("GET", path)
        status = line.getresponse().status
        line.close()
        return status == 200

    def leads(self) -> bool:
        found = read_connection(self._home)
        return found is not None and found.pid == self.process.pid

    def end(self, number: int = signal.SIGTERM) -> None:
        with suppress(ProcessLookupError):
            self.process.send_signal(number)
        self.process.wait(60)

    def _token(self) -> dict[str, str]:
        # Before the first process has made it there is none to show.
        if not (self._home / "secret").exists():
            return {}
        return {"Authorization": f"Bearer {user_token(Home(self._home).secret())}"}


def until(holds: Callable[[], bool], seconds: float) -> float:
    """Wait until something holds; give how long that took."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < seconds
        time.sleep(0.02)
    return time.monotonic() - begun


@pytest.fixture
def url(postgres: Postgres) -> str:
    """A new database."""
    return postgres.new_database(TEMPLATE)


@pytest.fixture
def pair(tmp_path: Path, url: str) -> Iterator[tuple[Process, Process]]:
    """One that leads, and one that follows."""
    url = url.replace("runyard@", f"runyard:{PASSWORD}@")
    first = Process(tmp_path / "home", url)
    until(first.leads, 60)
    second = Process(tmp_path / "home", url)
    yield first, second
    second.end()
    first.end()


def job(process: Process, seconds: float) -> str:
    """Submit a job that sleeps; give its id."""
    script = f"import time; time.sleep({seconds})".encode()
    digest = hashlib.sha256(script).hexdigest()
    assert process.send("PUT", f"{IN}/blobs/{digest}", script)[0] in (200, 201, 204)
    entry = FileEntry("train.py", digest, len(script))
    made = CreateSnapshot([entry])
    status, snapshot = process.ask("POST", f"{IN}/snapshots", to_plain(made))
    assert status == 200, snapshot
    environment = EnvironmentDefinition(user_managed=True, interpreter=sys.executable)
    spec = RunSpec("jobs", snapshot["id"], "train.py", environment=environment)
    status, run = process.ask("POST", f"{IN}/runs", to_plain(SubmitRun(spec)))
    assert status == 200, run
    return str(run["id"])


def started_by(home: Path, besides: set[int]) -> list[str]:
    """The environments of the processes that know a state folder, without some."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            text = path.read_bytes().decode("utf-8", "replace")
            if str(home) in text and int(path.parent.name) not in besides:
                found.append(text)
    return found


def check_refusals_are_told(first: Process, second: Process, secret: bytes) -> None:
    """Who was refused by the second one is in the audit log, which the first one writes."""
    assert first.ask("POST", "/api/v1/users", {"name": "ben", "role": "contributor"})[0] == 200
    _, made = first.ask("POST", "/api/v1/tokens", {"name": "a", "user": "ben"})
    held = {"Authorization": f"Bearer {made['token']}"}
    _, left = first.ask("POST", f"{IN}/interactive-runs", {"experiment": "e"}, **held)
    run = f"{IN}/runs/{left['id']}"
    assert first.ask("POST", f"{run}/complete", {}, **held)[0] == 200
    assert first.ask("DELETE", "/api/v1/users/ben")[0] == 204
    of_run = {"Authorization": f"Bearer {run_token(secret, 'default', left['id'])}"}
    assert second.ask("GET", run, **held)[0] == 401
    # The second one reads anew every few seconds who is known.
    until(lambda: second.ask("GET", run, **of_run)[0] == 403, 60)
    told = first.ask("GET", "/api/v1/audit")[1]["items"]
    found = {(one["via"], one["outcome"]) for one in told}
    assert {("", "unauthenticated"), (f"run {left['id']}", "forbidden")} <= found


def check_backup_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though only the service was told of the database, and an old file lies in the folder."""
    monkeypatch.setenv(HOME_VARIABLE, str(folder / "home"))
    (folder / "home" / "runyard.db").touch()
    with pytest.raises(InvalidRequest, match="pg_dump"):
        backup.backup(str(folder / "backups"))


def check_datasets_are_read_without(home: Path, first: Process, second: Process, run: str) -> None:
    """What the database tells of datasets the second one needs no other process for."""
    os.kill(first.process.pid, signal.SIGSTOP)
    try:
        # A signal is sent at once, and heeded by each thread when the kernel has it run.
        until(lambda: (held := holder.find(home)) is not None and held.stopped, 60)
        held = holder.find(home)
        assert held is not None
        assert held.pid == first.process.pid
        assert second.ask("GET", f"{IN}/datasets")[1]["items"] == []
        assert second.ask("GET", f"{run}/datasets")[0] == 200
    finally:
        os.kill(first.process.pid, signal.SIGCONT)


def check_waiting_hears(first: Process, second: Process, run: str) -> None:
    """What waits at the one hears what the other writes."""
    _, seen = second.ask("GET", f"{IN}/feed?last=1")
    after = f"{IN}/feed?after={seen['items'][-1]['position']}"
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(second.ask, "GET", after, Prefer="wait=20")
        time.sleep(0.5)
        assert not waiting.done()
        begun = time.monotonic()
        assert first.ask("POST", f"{run}/complete", {})[0] == 200
        assert waiting.result()[1]["items"]
        assert time.monotonic() - begun < of_an_idle_machine(5)


def check_password_is_nowhere(folder: Path, first: Process, second: Process) -> None:
    """Neither logs nor settings, nor what other users see of a process, tell it."""
    shown = second.ask("GET", "/api/v1/settings")[1]
    assert any("***@" in one["value"] for one in shown["items"])
    texts = [path.read_text() for path in folder.glob("home/logs/*.log")]
    texts += [path.read_text() for path in folder.glob("*.out")]
    texts.append(Path(f"/proc/{first.process.pid}/cmdline").read_text())
    # Nor what jobs, and the agents that start them, inherit.
    children = started_by(folder / "home", {first.process.pid, second.process.pid})
    assert children
    assert not any(PASSWORD in text for text in (*texts, json.dumps(shown), *children))


def check_tokens_open_both(first: Process, second: Process, run: str) -> None:
    """A token opens both at once, also where its use cannot be written down.

    The second one comes when the other process has read which there are.
    """
    for name in ("laptop", "desktop"):
        status, made = first.ask("POST", "/api/v1/tokens", {"name": name})
        assert status == 200, made
        held = f"Bearer {made['token']}"
        assert second.ask("GET", run, Authorization=held)[0] == 200


def completes(process: Process, run: str) -> None:
    """Wait until a run has completed."""
    until(lambda: process.ask("GET", f"{IN}/runs/{run}")[1]["status"] == "Completed", 60)


@pytest.mark.slow(seconds=15)
def test_both_answer_and_the_second_takes_over(
    pair: tuple[Process, Process],
    tmp_path: Path,
    postgres: Postgres,
    url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Either may be asked anything; when the first is killed the second schedules in its place."""
    first, second = pair
    assert not second.leads()
    # Written at either, read at either.
    status, told = second.ask("POST", f"{IN}/interactive-runs", {"experiment": "mnist"})
    assert status == 200, told
    run = f"{IN}/runs/{told['id']}"
    assert second.ask("GET", run)[1] == first.ask("GET", run)[1]
    check_waiting_hears(first, second, run)
    check_datasets_are_read_without(tmp_path / "home", first, second, run)
    check_backup_is_refused(tmp_path, monkeypatch)
    check_tokens_open_both(first, second, run)
    check_refusals_are_told(first, second, Home(tmp_path / "home").secret())

    working = job(second, 2)
    until(lambda: second.ask("GET", f"{IN}/runs/{working}")[1]["status"] == "Running", 60)
    check_password_is_nowhere(tmp_path, first, second)
    # Who leads sees to the statistics.
    looked = "SELECT count(last_analyze) FROM pg_stat_user_tables"
    name = url.partition("@/")[2].partition("?")[0]
    until(lambda: postgres.execute(name, looked)[0][0] > 0, 60)
    first.end(signal.SIGKILL)
    # It is well itself: nobody has to end it, too.
    assert [second.is_well(path) for path in ("/healthz", "/readyz")] == [True, True]
    assert until(second.leads, 60) < of_an_idle_machine(10)
    completes(second, working)
    completes(second, job(second, 0))
    assert second.ask("GET", run)[1]["status"] == "Completed"


def test_a_database_that_was_away_is_told_once_and_costs_no_upload(
    tmp_path: Path,
    postgres: Postgres,
    url: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Who led before and leads again removes nothing as left over: it is its own, and goes on."""
    monkeypatch.setattr(postgresql, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(leadership, "TRY_SECONDS", 0.05)
    caplog.set_level("INFO", leadership.__name__)
    name = url.partition("@/")[2].partition("?")[0]
    swept: list[str] = []
    with parts(tmp_path / "home", Clock(), url) as system:

        def scheduler() -> Loop:
            return Loop(system, [], "token")

        leading = Leadership(system, scheduler, lambda: swept.append(name), lambda: URL)
        leading.start()
        try:
            assert system.leading.here
            # One that is just being made would outlive the end of the others.
            listens = (
                f"SELECT 1 FROM pg_stat_activity WHERE datname = '{name}' AND query ~ '^LISTEN'"
            )
            until(lambda: bool(postgres.execute("postgres", listens)), 60)
            postgres.execute("postgres", f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
            postgres.execute("postgres", f"{end}'{name}'")
            until(lambda: not system.leading.here, 60)
            postgres.execute("postgres", f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
            until(lambda: system.leading.here, 60)
            until(lambda: any("is back after" in each for each in caplog.messages), 60)
        finally:
            leading.stop()
    assert swept == [name]
    assert len([each for each in caplog.messages if "the database is away" in each]) == 1
