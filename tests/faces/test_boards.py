"""TensorBoards behind the studio's login: who gets through, and what of their answers."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runyard_server.testing.boards import lay_out
from runyard_server.testing.services import RunningService, running_service

BOARDS = "/api/v1/workspaces/default/tensorboards"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service whose Python has a TensorBoard."""
    fake = lay_out(tmp_path_factory.mktemp("fake"))
    variables = {"PYTHONPATH": str(fake)}
    with running_service(tmp_path_factory.mktemp("home"), variables=variables) as running:
        yield running


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def started(ask: Any, *runs: str) -> Any:
    """A board that is ready."""
    board = ask("POST", BOARDS, {"runs": list(runs)}).json
    end = time.monotonic() + 60
    while board["state"] == "starting" and time.monotonic() < end:
        time.sleep(0.05)
        board = ask("GET", f"{BOARDS}/{board['id']}").json
    assert board["state"] == "ready", board
    return board


@pytest.fixture
def cookie(ask: Any) -> str:
    code = ask("POST", "/api/v1/studio/codes").json["code"]
    headers = {"Sec_Fetch_Site": "same-origin", "Origin": ask.service.url, "Authorization": ""}
    return str(ask("POST", "/enter", {"code": code}, **headers).headers["Set-Cookie"]).split(";")[0]


def test_a_board_is_reached_with_the_cookie_alone(ask: Any, cookie: str) -> None:
    """TensorBoard has no login of its own: nobody gets there who is not signed in."""
    run = ask.start_run()
    board = started(ask, run)
    own = {"Authorization": "", "Cookie": f"other=1; {cookie}", "Sec_Fetch_Site": "same-origin"}
    found = ask("GET", f"{board['path']}data/runs?x=%2F", **own)
    assert found.status == 200
    assert found.json["path"] == f"{board['path']}data/runs?x=%2F"
    assert list(found.json["files"])[:1] == [] or run in next(iter(found.json["files"]))
    for more in ({"Cookie": ""}, {"Sec_Fetch_Site": "cross-site"}, {"Cookie": f"{cookie}0"}):
        assert ask("GET", board["path"], **{**own, **more}).status == 401
    run_token = {"Authorization": ask.run_token(run)}
    assert ask("GET", board["path"], **run_token).status == 401
    posted = ask("POST", f"{board['path']}x", {"a": 1}, **own, Origin=ask.service.url).json
    assert (posted["method"], posted["body"]) == ("POST", '{"a": 1}')
    assert ask("POST", f"{board['path']}x", {"a": 1}, **own).status == 401
    assert ask("PUT", f"{board['path']}x", {"a": 1}).status == 405


def test_only_what_says_what_it_is_passes(ask: Any, cookie: str) -> None:
    """A board sees no cookie and sets none, and its answer opens nothing to other sites."""
    board = started(ask, ask.start_run())
    own = {"Authorization": "", "Cookie": cookie, "Sec_Fetch_Site": "same-origin"}
    found = ask("GET", board["path"], **own)
    names = {name.lower() for name in found.headers}
    assert found.headers["Content-Security-Policy"] == "default-src 'self'"
    assert found.headers["X-Content-Type-Options"] == "nosniff"
    # A page without a policy of its own would be one of the studio's origin.
    bare = ask("GET", f"{board['path']}bare", **own)
    assert bare.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert not names & {"set-cookie", "access-control-allow-origin", "server"}
    sent = {name.lower() for name in found.json["headers"]}
    assert not sent & {"cookie", "authorization", "sec-fetch-site"}
    assert found.json["version"] == "HTTP/1.0"


def test_there_is_no_way_to_another_path(ask: Any) -> None:
    """Neither another board's id, nor another workspace, nor dots lead anywhere."""
    board = started(ask, ask.start_run())
    other = board["path"].replace("/default/", "/other/")
    for path in (other, "/tensorboard/default/0000/", "/tensorboard/default/"):
        assert ask("GET", path).status == 404
    assert ask("GET", f"/tensorboard/default/{board['id']}").status == 404


def test_boards_of_the_same_runs_are_one_and_four_at_most(ask: Any) -> None:
    """A second click opens the board that runs; a fifth board ends the one unused longest."""
    runs = [ask.start_run() for _ in range(5)]
    first = started(ask, runs[0])
    assert ask("POST", BOARDS, {"runs": [runs[0]]}).json["id"] == first["id"]
    pids = ask("GET", first["path"]).json["pids"]
    for run in runs[1:]:
        started(ask, run)
    assert len(ask("GET", BOARDS).json["items"]) == 4
    assert ask("GET", f"{BOARDS}/{first['id']}").status == 404
    end = time.monotonic() + 60
    while any(map(alive, pids)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(map(alive, pids))


def test_wrong_runs_are_told(ask: Any) -> None:
    """A board of nothing, or of a run that there is not, never starts."""
    assert ask("POST", BOARDS, {"runs": []}).status == 400
    assert ask("POST", BOARDS, {"runs": ["nope"]}).status == 404


def test_boards_end_with_the_service(tmp_path: Path, ask: Any) -> None:
    """A service that is killed leaves no TensorBoard on the machine."""
    fake = lay_out(tmp_path / "fake")
    with running_service(tmp_path / "home", variables={"PYTHONPATH": str(fake)}) as service:
        ask = type(ask)(service)
        board = started(ask, ask.start_run())
        pids = ask("GET", board["path"]).json["pids"]
        service.kill()
        end = time.monotonic() + 60
        while any(map(alive, pids)) and time.monotonic() < end:
            time.sleep(0.05)
        assert not any(map(alive, pids))
