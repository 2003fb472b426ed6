"""The stream of a run: in order, complete, live, resumable, cheap."""

import asyncio
import json
import threading
import time
import zlib
from contextlib import closing, contextmanager

import pytest

from runyard.protocol.events import EventPage, EventQuery, EventRecord
from runyard_server.core.notices import Notices
from runyard_server.faces import streams
from runyard_server.faces.threads import Threads
from runyard_server.operations import events
from runyard_server.store.logs import LogFile
from runyard_server.testing.clocks import of_an_idle_machine
from runyard_server.testing.services import running_service

RUNS = "/api/v1/workspaces/default/runs"


@contextmanager
def following(ask, run, after=0, **headers: str):
    """Open the stream of a run."""
    with closing(ask.open()) as connection:
        path = f"{RUNS}/{run}/events/stream?after={after}"
        response = ask.send(connection, "GET", path, **headers)
        assert response.status == 200, response.read()
        assert response.headers["Content-Type"].startswith("text/event-stream")
        with closing(response):
            yield response


def frames(response):
    """The frames as they come: id and event."""
    number = None
    for raw in iter(response.readline, b""):
        line = raw.decode().rstrip("\n")
        if line.startswith("id: "):
            number = int(line[4:])
        elif line.startswith("data: "):
            yield number, json.loads(line[6:])
            number = None


def complete(ask, run):
    assert ask("POST", f"{RUNS}/{run}/complete").status == 200


def append(ask, run, path, offset, data, **query: object):
    more = "".join(f"&{name}={value}" for name, value in query.items())
    answer = ask("PUT", f"{RUNS}/{run}/logs/{path}?offset={offset}{more}", data)
    assert answer.status == 200, answer.body


def test_a_run_that_has_ended_is_told_and_closed(ask):
    """The stream of a finished run gives its whole history and ends by itself."""
    run = ask.start_run()
    complete(ask, run)
    with following(ask, run) as response:
        got = [(number, event) for number, event in frames(response) if number]
    listed = ask("GET", f"{RUNS}/{run}/events").json["items"]
    assert [event for _, event in got] == listed
    assert [number for number, _ in got] == [event["number"] for event in listed]
    assert got[-1][1]["status"] == "Completed"


def test_events_come_as_they_happen(ask):
    """Who watches sees the end of a run when it ends, not at the next look."""
    run = ask.start_run()
    with following(ask, run) as response:
        coming = frames(response)
        while next(coming)[1].get("status") != "Running":
            pass
        threading.Timer(0.2, complete, [ask, run]).start()
        since = time.monotonic()
        rest = [event for number, event in coming if number]
        assert time.monotonic() - since < streams.KEEP_ALIVE_SECONDS / 2
    assert rest[-1]["status"] == "Completed"


def test_a_stream_is_taken_up_where_it_broke(ask):
    """After a break nothing is told twice and nothing is left out, by query or by header."""
    run = ask.start_run()
    complete(ask, run)
    listed = ask("GET", f"{RUNS}/{run}/events").json["items"]
    for given in ({"after": 1}, {"Last_Event_ID": "1"}):
        with following(ask, run, **given) as response:
            numbers = [number for number, _ in frames(response) if number]
        assert numbers == [event["number"] for event in listed if event["number"] > 1]


def test_the_growth_of_logs_is_told(ask):
    """Who follows a log learns its size at the start, and each time it grew."""
    run = ask.start_run()
    append(ask, run, "azureml-logs/a.txt", 0, b"12345")
    with following(ask, run) as response:
        coming = ((n, e) for n, e in frames(response) if e["kind"] == "log")
        number, first = next(coming)
        assert number is None
        assert first["number"] == 0
        assert first["data"] == {"path": "azureml-logs/a.txt", "size": "5"}
        append(ask, run, "azureml-logs/a.txt", 5, b"678")
        assert next(coming)[1]["data"]["size"] == "8"
        append(ask, run, "logs/b.txt", 0, b"x")
        assert next(coming)[1]["data"] == {"path": "logs/b.txt", "size": "1"}


def test_a_log_that_is_written_anew_is_told(ask):
    """Who follows it begins at its first byte again, also when it did not become shorter."""
    run = ask.start_run()
    append(ask, run, "logs/m.json", 0, b"12345")
    with following(ask, run) as response:
        coming = (e["data"] for _, e in frames(response) if e["kind"] == "log")
        assert next(coming) == {"path": "logs/m.json", "size": "5"}
        append(ask, run, "logs/m.json", 0, b"54321", anew="true")
        assert next(coming) == {"path": "logs/m.json", "size": "5", "anew": "true"}
        append(ask, run, "logs/m.json", 5, b"6")
        assert next(coming) == {"path": "logs/m.json", "size": "6"}
    answer = ask("PUT", f"{RUNS}/{run}/logs/logs/m.json?check=true", b"")
    assert answer.json["checksum"] == f"{zlib.crc32(b'543216'):08x}"
    assert ask("PUT", f"{RUNS}/{run}/logs/logs/m.json?offset=1&anew=true", b"").status == 400


@pytest.mark.parametrize("path", ["logs", "logs/m.json/x", "d/" * 1000 + "f", "n" * 300])
def test_a_path_that_cannot_be_a_logs_is_refused(ask, path):
    """A folder's name, a way through a file, too deep, too long: 400, and reading finds nothing."""
    run = ask.start_run()
    append(ask, run, "logs/m.json", 0, b"1")
    assert ask("PUT", f"{RUNS}/{run}/logs/{path}?offset=0", b"x").status == 400
    assert ask("GET", f"{RUNS}/{run}/files/{path}").status in (400, 404)
    store = "/api/v1/workspaces/default/datastores/workspaceblobstore/files"
    assert ask("PUT", f"{store}/logs/m.json?overwrite=true", b"x").status == 200
    assert ask("PUT", f"{store}/{path}?overwrite=true", b"x").status == 400
    assert ask("PUT", f"{store}/{path}", b"x").status == 400
    assert ask("GET", f"{store}/{path}").status in (400, 404)


def test_the_last_size_of_a_log_comes_before_the_end(ask):
    """When the last event arrives the whole log is known: nobody misses its last lines."""
    run = ask.start_run()
    with following(ask, run) as response:
        append(ask, run, "azureml-logs/a.txt", 0, b"all")
        complete(ask, run)
        got = [event for _, event in frames(response)]
    kinds = [event["kind"] for event in got]
    last_log = max(i for i, event in enumerate(got) if event["kind"] == "log")
    assert got[last_log]["data"]["size"] == "3"
    assert last_log < len(kinds) - 1
    assert got[-1]["status"] == "Completed"


def test_an_unknown_run_is_an_error_not_an_empty_stream(ask):
    """A mistyped run is refused before the stream begins."""
    answer = ask("GET", f"{RUNS}/nothing/events/stream")
    assert (answer.status, answer.code) == (404, "run_not_found")


def test_many_streams_need_no_threads(ask):
    """A hundred viewers of a run cost neither threads nor much memory, and all see its end."""
    run = ask.start_run()

    def threads() -> int:
        pid = ask.service.process.pid
        return len(list((ask.service.home / "/proc" / str(pid) / "task").iterdir()))

    with following(ask, run):
        before = threads()
    open_ = [following(ask, run) for _ in range(100)]
    responses = [stream.__enter__() for stream in open_]
    assert ask("GET", "/api/v1/status").json["open_streams"] >= 100
    assert threads() - before <= 45
    complete(ask, run)
    for response in responses:
        assert [e for _, e in frames(response)][-1]["status"] == "Completed"
    for stream in open_:
        stream.__exit__(None, None, None)


def test_the_head_of_a_stream_has_an_end(ask):
    """HEAD asks for no events: the next request on its connection must not wait for the run's."""
    run = ask.start_run()
    with closing(ask.open()) as connection:
        response = ask.send(connection, "HEAD", f"{RUNS}/{run}/events/stream")
        assert (response.status, response.read()) == (200, b"")
        assert response.headers["Content-Type"].startswith("text/event-stream")
        connection.sock.settimeout(5)
        assert ask.send(connection, "GET", f"{RUNS}/{run}").status == 200


def test_a_viewer_that_goes_is_forgotten(ask):
    """A stream whose client is gone is no longer counted: it would keep the service alive."""
    run = ask.start_run()
    with following(ask, run) as response:
        next(frames(response))
        # Those of the tests before go in their own time, too.
        _until_open(ask, 1)
    _until_open(ask, 0)


def _until_open(ask, count):
    end = time.monotonic() + 60
    while ask("GET", "/api/v1/status").json["open_streams"] != count:
        assert time.monotonic() < end, f"there are not {count} streams"
        time.sleep(0.02)


def test_a_service_that_stops_ends_its_streams(tmp_path, ask):
    """Stopping does not wait for viewers: they come back to the next service."""
    with running_service(tmp_path / "home") as service:
        other = type(ask)(service)
        run = other.start_run()
        with following(other, run) as response:
            coming = frames(response)
            next(coming)
            since = time.monotonic()
            assert other("POST", "/api/v1/stop").status == 204
            assert service.process.wait(60) == 0
            assert time.monotonic() - since < of_an_idle_machine(8)
            list(coming)


class Quiet:
    """The parts of a service in which nothing happens, and no run has a log."""

    def __init__(self) -> None:
        self.notices = Notices()
        self.logs = self

    def list_(self, _workspace: str, _run: str) -> list[LogFile]:
        return []


def test_a_silent_stream_shows_that_it_lives(monkeypatch):
    """Between events a comment goes out, so that neither side nor a proxy gives the line up."""
    monkeypatch.setattr(streams, "KEEP_ALIVE_SECONDS", 0.02)
    monkeypatch.setattr(events, "list_", lambda *_, **__: EventPage([], "Running"))

    async def work() -> list[bytes]:
        feed = streams.Feed(Quiet())
        feed.open()
        follower = streams.Follower(
            feed, Threads(1), events.stream(Quiet(), "default", "run", EventQuery())
        )
        frames = follower.frames()
        got = [await anext(frames) for _ in range(3)]
        feed.close()
        assert [frame async for frame in frames] == []
        return got

    assert asyncio.run(work()) == [streams.KEEP_ALIVE] * 3


def test_a_long_history_comes_in_portions(monkeypatch):
    """A run with more events than one look takes is told completely, in order."""
    monkeypatch.setattr(events, "BATCH", 10)
    history = [EventRecord(n, "stage", "t") for n in range(1, 36)]

    def list_(_system, _workspace, _run, query) -> EventPage:
        return EventPage(history[query.after : query.after + query.limit], "Completed")

    monkeypatch.setattr(events, "list_", list_)

    async def work() -> list[bytes]:
        feed = streams.Feed(Quiet())
        feed.open()
        follower = streams.Follower(
            feed, Threads(1), events.stream(Quiet(), "default", "run", EventQuery())
        )
        return [frame async for frame in follower.frames()]

    frames = asyncio.run(work())
    assert [frame.partition(b"\n")[0] for frame in frames] == [b"id: %d" % n for n in range(1, 36)]


FEED = "/api/v1/workspaces/default/feed"


@contextmanager
def following_feed(ask, query: str, **headers: str):
    """Open the stream of the workspace."""
    with closing(ask.open()) as connection:
        response = ask.send(connection, "GET", f"{FEED}/stream?{query}", **headers)
        assert response.status == 200, response.read()
        with closing(response):
            yield frames(response)


def test_a_workspace_is_followed_from_any_position(ask):
    """What happens to one run after the other comes as it happens, numbered by position; after a
    break it goes on behind the last number, by query or by header."""
    begun = ask("GET", f"{FEED}?last=0").json["position"]
    with following_feed(ask, f"after={begun}") as coming:
        first, second = ask.start_run(), ask.start_run()
        complete(ask, second)
        got = [next(coming) for _ in range(3)]
    assert [(event["subject"], event["status"]) for _, event in got] == [
        (first, "Running"),
        (second, "Running"),
        (second, "Completed"),
    ]
    assert [number for number, _ in got] == [event["position"] for _, event in got]
    listed = ask("GET", f"{FEED}?after={begun}&limit=3").json["items"]
    assert [event for _, event in got] == listed
    with following_feed(ask, "after=0", Last_Event_ID=str(got[1][0])) as coming:
        assert next(coming) == got[2]


@pytest.mark.parametrize("last", ["x", "-1", "1.5", "9" * 19])
def test_an_unreadable_last_event_is_refused(ask, last):
    """A client that resumes wrongly is told so, and does not get all there ever was again."""
    run = ask.start_run()
    for path in (f"{FEED}/stream", f"/api/v1/workspaces/default/runs/{run}/events/stream"):
        answer = ask("GET", path, Last_Event_ID=last)
        assert answer.status == 400
        assert "Last-Event-ID" in answer.json["error"]["message"]


def test_one_subject_of_a_workspace_is_followed(ask):
    """Who watches one thing is not told of the others."""
    one, other = ask.start_run(), ask.start_run()
    with following_feed(ask, f"subject_kind=run&subject={one}") as coming:
        assert next(coming)[1]["status"] == "Running"
        complete(ask, other)
        complete(ask, one)
        assert next(coming)[1]["status"] == "Completed"


def test_who_lists_a_feed_may_wait_for_news(ask):
    """Also without a stream: the question is answered when there is news."""
    # The experiment is news of its own where no test before has made it.
    ask.start_run()
    begun = ask("GET", f"{FEED}?last=0").json["position"]
    threading.Timer(0.3, ask.start_run).start()
    since = time.monotonic()
    answer = ask("GET", f"{FEED}?after={begun}", Prefer="wait=20")
    assert time.monotonic() - since < 15
    assert [event["kind"] for event in answer.json["items"]][:1] == ["status"]
