"""What is answered before the service is loaded: only plain, good questions, and truly."""

import http.client
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import pytest

from runyard.protocol.routes import SERVICE_ABOUT, WORKSPACES_GET, WORKSPACES_LIST
from runyard.protocol.service import About
from runyard.protocol.workspaces import WorkspaceRecord
from runyard_server.app.first_answers import FirstAnswers
from runyard_server.core.tokens import run_token, user_token
from runyard_server.testing.services import RunningService

SECRET = b"0123456789abcdef" * 2
TOKEN = user_token(SECRET)
ABOUT = About("runyard", "1", "1.0")
LATE = """
import os, sys, time
from runyard_server.app import building, program

def build(*given):
    while not os.path.exists("go"):
        time.sleep(0.01)
    return building.build(*given)

sys.exit(program.main(build=build))
"""


def record(name: str, group: str = "g") -> WorkspaceRecord:
    """A workspace."""
    return WorkspaceRecord(name.lower(), name, "s", group, "local", "2026-01-01T00:00:00.000000Z")


ONE, TWO = record("One"), record("two", "h")
ANSWERS = FirstAnswers(ABOUT, SECRET)
ANSWERS.tell([ONE, TWO])


def asked(target: str, *headers: str, token: str = TOKEN, method: str = "GET") -> object:
    """Ask; the body of the answer, or None."""
    lines = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1:80", *headers]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    found = ANSWERS.to("\r\n".join(lines).encode())
    return None if found is None else json.loads(found.body)


def test_the_table_of_routes_leads_to_the_answers() -> None:
    """What clients ask by the table is what is answered here."""
    assert asked(SERVICE_ABOUT.url, token="") == asdict(ABOUT)
    assert asked(WORKSPACES_GET.url.format(workspace="one")) == asdict(ONE)
    everything = {"items": [asdict(ONE), asdict(TWO)], "next_page_token": None}
    assert asked(f"{WORKSPACES_LIST.url}?page_size=100") == everything


def test_who_asks_for_workspaces_waits_until_they_are_read() -> None:
    """Which service this is, is told before they are read; left to the loaded service, a question
    for them would take half a second more."""
    answers = FirstAnswers(ABOUT, SECRET)
    head = f"{{}} HTTP/1.1\r\nHost: 127.0.0.1:80\r\nAuthorization: Bearer {TOKEN}"
    assert answers.to(head.format(f"GET {SERVICE_ABOUT.url}").encode()) is not None

    later = threading.Timer(0.05, answers.tell, [[ONE]])
    later.start()
    found = answers.to(head.format(f"GET {WORKSPACES_LIST.url}").encode())
    later.join()

    assert found is not None
    assert json.loads(found.body)["items"] == [asdict(ONE)]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("name=One", ["One"]),
        ("name=One&resource_group=h", []),
        ("subscription_id=s&page_size=2", ["One", "two"]),
    ],
)
def test_a_list_has_what_was_asked_for(query: str, names: list[str]) -> None:
    """Filters count as they do in the database, also where nothing is found."""
    found = asked(f"/api/v1/workspaces?{query}")
    assert isinstance(found, dict)
    assert [item["name"] for item in found["items"]] == names


@pytest.mark.parametrize(
    "target",
    [
        "/api/v1/workspaces/three",
        "/api/v1/workspaces/one?x=1",
        "/api/v1/workspaces/one/experiments",
        "/api/v1/workspaces/%6fne",
        "/api/v1/workspaces?page_size=1",
        "/api/v1/workspaces?page_size=0x9",
        "/api/v1/workspaces?page_token=x",
        "/api/v1/workspaces?name=One&name=two",
        "/api/v1/workspaces?name=",
        "/api/v1/workspaces?nam=One",
        "/api/v1/status",
        "/",
        "",
    ],
)
def test_what_is_no_plain_question_is_left_to_the_service(target: str) -> None:
    """It alone refuses, and it alone knows the rest."""
    assert asked(target) is None


@pytest.mark.parametrize(
    ("target", "token"),
    [
        ("/api/v1/workspaces/one", ""),
        ("/api/v1/workspaces/one", "wrong"),
        ("/api/v1/workspaces/one", run_token(SECRET, "two", "r_1")),
        ("/api/v1/workspaces", run_token(SECRET, "one", "r_1")),
        ("/api/v1/workspaces", "wrong"),
    ],
)
def test_nobody_learns_more_than_his_token_opens(target: str, token: str) -> None:
    """The doors that the loaded service closes are not open while it is loaded."""
    assert asked(target, token=token) is None


def test_a_job_reads_its_own_workspace() -> None:
    """With its run's token, as it may later."""
    assert asked("/api/v1/workspaces/one", token=run_token(SECRET, "one", "r_1")) == asdict(ONE)


@pytest.mark.parametrize(
    "header",
    [
        "Origin: http://evil.example",
        "Content-Length: 2",
        "Transfer-Encoding: chunked",
        "Host: evil.example",
        " folded",
        "Name : spaced",
        "no header",
    ],
)
def test_what_a_parser_may_read_differently_is_left_to_it(header: str) -> None:
    """A body, a doubled or broken header, a page of another site: all for the gate."""
    assert asked("/api/v1/workspaces/one", header) is None


def test_only_reading_is_answered() -> None:
    """A change that were answered here would be lost."""
    assert asked("/api/v1/workspaces/one", method="PATCH") is None
    assert asked("/api/v1/workspaces", method="POST") is None


@pytest.fixture
def late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningService]:
    """A service that, once started, is loading until there is a file `go` in its state folder."""
    (tmp_path / "late_service.py").write_text(LATE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    found = RunningService(tmp_path / "home", program=("late_service",))
    yield found
    found.kill()


@pytest.fixture
def service(late: RunningService) -> RunningService:
    """Such a service, started."""
    late.start()
    return late


def connect(service: RunningService) -> closing[http.client.HTTPConnection]:
    """A connection to a service."""
    host, _, port = service.url.removeprefix("http://").partition(":")
    return closing(http.client.HTTPConnection(host, int(port), timeout=30))


def get(
    connection: http.client.HTTPConnection, path: str, token: str, body: bytes | None = None
) -> tuple[int, dict[str, object]]:
    """Ask on a connection that stays open; give the status and the answer."""
    method = "GET" if body is None else "POST"
    headers = {"Authorization": f"Bearer {token}"}
    connection.request(method, f"/api/v1{path}", body, headers)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def test_the_answers_are_the_same_once_it_is_loaded(service: RunningService) -> None:
    """On a new state folder, on one connection: who got an answer early was told the truth."""
    with connect(service) as connection:
        paths = ("/workspaces/default", "/workspaces?name=default&page_size=100", "/about")
        early = [get(connection, path, service.token) for path in paths]
        assert [status for status, _ in early] == [200] * 3
        (service.home / "go").touch()
        assert get(connection, "/status", service.token)[0] == 200
        assert [get(connection, path, service.token) for path in paths] == early


def test_what_a_killed_start_said_still_holds(service: RunningService) -> None:
    """A service that dies before it has a database has told nobody what comes out differently."""
    with connect(service) as connection:
        told = get(connection, "/workspaces/default", service.token)
    assert not (service.home / "runyard.db").exists()
    service.kill()
    (service.home / "go").touch()
    service.start()
    with connect(service) as connection:
        assert get(connection, "/status", service.token)[0] == 200
        assert get(connection, "/workspaces/default", service.token) == told


def test_a_later_start_tells_what_the_database_has(service: RunningService) -> None:
    """Another workspace and its tags are read from the file before the rest is loaded."""
    (service.home / "go").touch()
    order = json.dumps({"name": "Team", "tags": {"a": "ü"}}).encode()
    with connect(service) as connection:
        status, made = get(connection, "/workspaces", service.token, order)
        assert status == 200
    service.kill()
    (service.home / "go").unlink()
    service.start()
    with connect(service) as connection:
        assert get(connection, "/workspaces/team", service.token) == (200, made)
        _, found = get(connection, "/workspaces", service.token)
        assert [item["name"] for item in found["items"]] == ["Team", "default"]


def test_all_who_come_at_once_are_answered(service: RunningService) -> None:
    """Early, late, or refused with 401: no request is lost when the server takes over."""
    results: list[tuple[str, int]] = []

    def ask(kind: str) -> None:
        with connect(service) as connection:
            token = "wrong" if kind == "stranger" else service.token
            if kind != "early":
                get(connection, "/about", "")
            for _ in range(3):
                path = "/status" if kind == "late" else "/workspaces/default"
                results.append((kind, get(connection, path, token)[0]))

    kinds = ("early", "late", "stranger") * 8
    threads = [threading.Thread(target=ask, args=(kind,)) for kind in kinds]
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    (service.home / "go").touch()
    for thread in threads:
        thread.join()
    expected = [("early", 200)] * 24 + [("late", 200)] * 24 + [("stranger", 401)] * 24
    assert sorted(results) == expected


def test_who_showed_a_token_early_may_rest(late: RunningService) -> None:
    """A script that works on its own for a while finds its connection open, and no complaint."""
    late.options = ("--head-seconds", "0.2")
    late.start()
    with connect(late) as connection, connect(late) as other:
        get(connection, "/workspaces/default", late.token)
        kept = connection.sock
        (late.home / "go").touch()
        assert get(other, "/status", late.token)[0] == 200
        time.sleep(1.5)
        assert get(connection, "/workspaces/default", late.token)[0] == 200
        assert connection.sock is kept
