"""One way to ask, that survives what happens to connections and services."""

from __future__ import annotations

import io
import os
from typing import Any

import pytest

from runyard.client import connection as connections
from runyard.client.connection import Address, Connection
from runyard.protocol.errors import (
    Conflict,
    InternalError,
    InvalidRequest,
    ModelNotFound,
    NotFound,
    ServiceUnreachable,
    TemporaryError,
    Unauthenticated,
)
from runyard.protocol.models import ModelQuery
from runyard.protocol.routes import (
    BLOBS_READ,
    BLOBS_WRITE,
    EXPERIMENTS_CREATE,
    EXPERIMENTS_GET,
    FILES_READ,
    MODELS_GET,
    MODELS_LIST,
    RUNS_CHANGE,
    RUNS_SUBMIT,
    SERVICE_ABOUT,
    SERVICE_STOP,
)
from runyard.protocol.runs import ChangeRun, RunSpec, SubmitRun

ABOUT = {"product": "runyard", "version": "1", "protocol": "1.0", "unknown": "field"}


@pytest.fixture
def connection(fake):
    """A connection to the fake service."""
    fake.answer = lambda *_: fake.say(ABOUT)
    with Connection(fake.url, "token") as connection:
        yield connection


def test_paths_queries_and_tokens_are_written(fake, connection):
    """Names with slashes and spaces reach the service as they are."""
    fake.answer = lambda *_: fake.say({"items": []})
    connection.call(MODELS_LIST, "w s", query=ModelQuery(tags=["a", "b=c d"], latest=True))
    method, path, _ = fake.requests[-1]
    assert method == "GET"
    assert path.startswith("/api/v1/workspaces/w%20s/models?")
    assert "tags=a&tags=b%3Dc+d&latest=true" in path
    assert fake.headers[-1]["Authorization"] == "Bearer token"


def test_a_connection_is_kept_and_one_that_broke_is_replaced(fake, connection):
    """Servers close idle connections; nobody shall see that."""
    assert connection.call(SERVICE_ABOUT).product == "runyard"
    kept = connection._idle[0].connection
    connection.call(SERVICE_ABOUT)
    assert [one.connection for one in connection._idle] == [kept]
    kept.sock.close()
    assert connection.call(SERVICE_ABOUT).product == "runyard"


def test_ctrl_c_is_heard_while_an_answer_is_put_away(fake, connection, monkeypatch):
    """What a finalizer raises is lost: answers are closed by the call that reads them."""

    def interrupted(response):
        raise KeyboardInterrupt

    monkeypatch.setattr("http.client.HTTPResponse.close", interrupted)
    with pytest.raises(KeyboardInterrupt):
        connection.call(SERVICE_ABOUT)


def test_a_create_that_is_repeated_has_one_key(fake, connection, monkeypatch):
    """A lost answer must not make two experiments."""
    monkeypatch.setattr(connections, "PAUSES", (0.0, 0.0))
    answers = [
        fake.say({"error": {"code": "temporary", "message": "busy"}}, 503),
        None,
        fake.say({"id": "1", "name": "e", "created_at": ""}),
    ]
    fake.answer = lambda *_: answers.pop(0)
    connection._recover = lambda: Address(fake.url, "token")
    from runyard.protocol.experiments import CreateExperiment

    assert connection.call(EXPERIMENTS_CREATE, "w", body=CreateExperiment("e")).id == "1"
    keys = {headers["Idempotency-Key"] for headers in fake.headers}
    assert (len(fake.requests), len(keys)) == (3, 1)


def test_errors_of_the_service_are_raised_as_they_are(fake, connection, monkeypatch):
    """Code, message and details arrive; a temporary one is tried again first."""
    error = {"code": "model_not_found", "message": "no model x", "details": {"near": ["y"]}}
    fake.answer = lambda *_: fake.say({"error": error}, 404)
    with pytest.raises(ModelNotFound, match="no model x") as caught:
        connection.call(MODELS_GET, "w", "x")
    assert caught.value.details == {"near": ["y"]}
    fake.answer = lambda *_: fake.say(b"<html>proxy</html>", 409)
    with pytest.raises(Conflict, match="proxy"):
        connection.call(MODELS_GET, "w", "x")
    monkeypatch.setattr(connections, "PAUSES", (0.0,))
    fake.answer = lambda *_: fake.say({"error": {"code": "temporary", "message": "busy"}}, 503)
    before = len(fake.requests)
    with pytest.raises(TemporaryError, match="busy") as busy:
        connection.call(MODELS_GET, "w", "x")
    assert len(fake.requests) == before + 2
    # Not one of the kinds that a client has for itself, which it would take for its own news.
    assert type(busy.value) is TemporaryError
    # Of the two of this code the one that is waited for: else a fault of a moment is a last word.
    fake.answer = lambda *_: fake.say({"error": {"code": "internal", "message": "oops"}}, 500)
    with pytest.raises(InternalError, match="oops"):
        connection.call(MODELS_GET, "w", "x")


@pytest.mark.parametrize("status", [502, 504])
def test_a_proxy_whose_service_starts_again_is_asked_again(fake, connection, monkeypatch, status):
    """Its page is no last word: whoever follows a run goes on when the service is back."""
    monkeypatch.setattr(connections, "PAUSES", (0.0,))
    answers = [fake.say(b"<html>Bad Gateway</html>", status), fake.say(ABOUT)]
    fake.answer = lambda *_: answers.pop(0)
    assert connection.call(SERVICE_ABOUT).product == "runyard"


def test_a_file_is_asked_for_again_when_the_service_cannot_just_now(fake, connection, monkeypatch):
    """Of thousands that are brought, one busy moment must not end them all; nor in their middle."""
    monkeypatch.setattr(connections, "PAUSES", (0.0, 0.0))
    busy = fake.say({"error": {"code": "temporary", "message": "busy"}}, 503)
    answers = [busy, fake.say(b"all of it", cut=3), busy, busy, fake.say(b" of it", 206)]
    fake.answer = lambda *_: answers.pop(0)
    with connection.open(FILES_READ, "w", "r", "x") as source:
        assert source.read() == b"all of it"
    answers = [busy] * 3
    with pytest.raises(TemporaryError, match="busy"):
        connection.open(FILES_READ, "w", "r", "x")
    assert answers == []


def test_a_service_that_moved_is_found_again(fake):
    """After a restart it listens elsewhere and has told so."""
    fake.answer = lambda *_: fake.say(ABOUT)
    with Connection("http://127.0.0.1:9", "old", recover=lambda: Address(fake.url, "new")) as one:
        assert one.call(SERVICE_ABOUT).product == "runyard"
        assert one.url == fake.url
    assert fake.headers[-1]["Authorization"] == "Bearer new"


def test_a_changed_token_is_read_again(fake):
    """A service started anew on the same port may have another one."""

    def answer(*_: Any) -> Any:
        if fake.headers[-1]["Authorization"] == "Bearer new":
            return fake.say(ABOUT)
        return fake.say({"error": {"code": "unauthenticated", "message": "wrong token"}}, 401)

    fake.answer = answer
    with Connection(fake.url, "old", recover=lambda: Address(fake.url, "new")) as connection:
        assert connection.call(SERVICE_ABOUT).version == "1"
    with Connection(fake.url, "old") as fixed, pytest.raises(Unauthenticated, match="wrong token"):
        fixed.call(SERVICE_ABOUT)


def test_where_nothing_listens_the_message_helps():
    """The address, the reason, and the command to run."""
    with Connection("http://127.0.0.1:9", "t") as one, pytest.raises(ServiceUnreachable) as error:
        one.call(SERVICE_ABOUT)
    assert "http://127.0.0.1:9" in error.value.message
    assert "runyard serve" in error.value.message


def test_a_silent_service_is_given_up(fake):
    """No call hangs for ever."""
    import time

    fake.answer = lambda *_: time.sleep(0.5) or fake.say(ABOUT)
    with Connection(fake.url, "t", timeout=0.05) as one, pytest.raises(ServiceUnreachable):
        one.call(SERVICE_ABOUT)


def test_a_stream_is_sent_from_where_it_stands_and_sent_again_whole(fake, connection):
    """An upload that broke off is repeated from its first byte, not from where it broke."""
    connection.call(SERVICE_ABOUT)
    connection._idle[0].connection.sock.close()
    fake.answer = lambda *_: fake.say(b"", 204)
    file = io.BytesIO(b"skip" + b"x" * 100_000 + b"rest")
    file.seek(4)
    connection.send(BLOBS_WRITE, "w", "d", data=file, size=100_000)
    assert fake.requests[-1][2] == b"x" * 100_000


def test_a_download_goes_on_after_a_break(fake, connection):
    """The second request asks for the bytes after the last that arrived."""
    content = os.urandom(300_000)

    def answer(_method: str, _path: str, _body: bytes) -> Any:
        wanted = fake.headers[-1].get("Range")
        if wanted is None:
            return fake.say(content, cut=100_000)
        start = int(wanted[len("bytes=") :].rstrip("-"))
        return fake.say(content[start:], 206)

    fake.answer = answer
    with connection.open(BLOBS_READ, "w", "d") as download:
        assert download.size == len(content)
        assert download.read() == content
    assert len(fake.requests) == 2
    with connection.open(BLOBS_READ, "w", "d", offset=299_999) as download:
        assert download.read() == content[-1:]


def test_a_download_that_fails_leaves_its_connection_once(fake, connection):
    """Kept twice it would carry two requests at once, and each get the other's answer."""
    content = os.urandom(300_000)
    answers = [
        fake.say(content, cut=100_000),
        # It became shorter, and then it was gone.
        fake.say(content[:50], 206),
        fake.say({"error": {"code": "blob_not_found", "message": "gone"}}, 404),
    ]
    fake.answer = lambda *_: answers.pop(0)
    with pytest.raises(NotFound), connection.open(BLOBS_READ, "w", "d") as download:
        download.read()
    kept = [id(one.connection) for one in connection._idle]
    assert len(kept) == len(set(kept)) == 1


@pytest.mark.parametrize("cut", [None, 150_000])
def test_a_proxy_that_strips_ranges_harms_no_download(fake, connection, cut):
    """The whole comes again where the rest was asked for: what is known already is passed over."""
    content = os.urandom(300_000)

    def answer(_method: str, _path: str, _body: bytes) -> Any:
        end = (100_000, cut, None)[min(len(fake.requests), 3) - 1]
        return fake.say(content) if end is None else fake.say(content, cut=end)

    fake.answer = answer
    with connection.open(BLOBS_READ, "w", "d") as download:
        assert download.read() == content


def test_a_long_download_may_break_any_number_of_times(fake, connection):
    """What breaks every hour for a night arrives whole, as long as each piece brings it on."""
    content = os.urandom(100_000)

    def answer(_method: str, _path: str, _body: bytes) -> Any:
        wanted = fake.headers[-1].get("Range", "bytes=0-")
        start = int(wanted[len("bytes=") :].rstrip("-"))
        return fake.say(content[start:], 206 if start else 200, cut=10_000)

    fake.answer = answer
    with connection.open(BLOBS_READ, "w", "d") as download:
        assert download.read() == content


def test_a_file_that_grew_before_a_break_ends_where_it_did_at_first(fake, connection):
    """What was written since is not asked for, and does no harm where it breaks off as well."""
    content, grown = b"a" * 1000, b"a" * 900 + b"b" * 500

    def answer(_method: str, _path: str, _body: bytes) -> Any:
        again = "Range" in fake.headers[-1]
        return fake.say(grown, 206, cut=950) if again else fake.say(content, cut=100)

    fake.answer = answer
    with connection.open(BLOBS_READ, "w", "d") as download:
        assert download.read() == content


def test_a_download_that_comes_no_further_is_given_up(fake, connection):
    """It ends with how far it came, and does not ask for ever."""
    content = os.urandom(1000)

    def answer(_method: str, _path: str, _body: bytes) -> Any:
        behind = "Range" in fake.headers[-1]
        return fake.say(content[100:], 206, cut=0) if behind else fake.say(content, cut=100)

    fake.answer = answer
    given_up = pytest.raises(ServiceUnreachable, match="after 100 of 1000 bytes")
    with connection.open(BLOBS_READ, "w", "d") as download, given_up:
        download.read()


def test_reading_behind_the_end_gives_nothing(fake, connection):
    """A log that has not grown is no error."""
    fake.answer = lambda *_: fake.say(b"", 416)
    with connection.open(BLOBS_READ, "w", "d", offset=10) as download:
        assert (download.size, download.read()) == (0, b"")


def test_an_answer_without_content_is_an_answer(fake, connection):
    """204 is what deletes and stops give."""
    fake.answer = lambda *_: fake.say(b"", 204)
    connection.call(SERVICE_STOP)
    assert fake.requests[-1][:2] == ("POST", "/api/v1/stop")


def test_a_forked_process_opens_its_own_connection(fake, connection):
    """Two processes on one socket would read each other's answers."""
    connection.call(SERVICE_ABOUT)
    kept = connection._idle[0].connection
    child = os.fork()
    if child == 0:
        try:
            connection.call(SERVICE_ABOUT)
            os._exit(0 if connection._idle[0].connection is not kept else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert connection.call(SERVICE_ABOUT).product == "runyard"


def test_a_file_of_the_script_is_neither_used_nor_closed(fake, connection, tmp_path):
    """A helper closes all descriptors, and the script's file gets a kept socket's number."""
    connection.call(SERVICE_ABOUT)
    taken = connection._idle[0].connection.sock.fileno()
    with (tmp_path / "mine.txt").open("w") as opened:
        # Not the lowest free one: what ends in another thread may free a lower one meanwhile.
        os.dup2(opened.fileno(), taken)
    mine = os.fdopen(taken, "w")
    assert connection.call(SERVICE_ABOUT).product == "runyard"
    mine.write("mine")
    mine.close()
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_text_that_cannot_be_sent_is_named(fake, connection):
    """The user learns which tag it is, and asks no service in vain."""
    asked = len(fake.requests)
    change = ChangeRun(tags={"good": "\U0001f600", "shown": "x \ud83d"})
    with pytest.raises(InvalidRequest, match=r"tags\.shown is 'x \\ud83d', which holds half of a"):
        connection.call(RUNS_CHANGE, "w", "r", body=change)
    with pytest.raises(InvalidRequest, match=r"a name in tags is '\\udce9'"):
        connection.call(RUNS_CHANGE, "w", "r", body=ChangeRun(tags={"\udce9": ""}))
    spec = RunSpec("e", "s", "train.py", arguments=["--data", "d\udce9.csv"])
    with pytest.raises(InvalidRequest, match=r"spec\.arguments\[1\] is 'd\\udce9\.csv'"):
        connection.call(RUNS_SUBMIT, "w", body=SubmitRun(spec))
    with pytest.raises(InvalidRequest, match="what was asked for is"):
        connection.call(MODELS_GET, "w", "\udce9")
    with pytest.raises(InvalidRequest, match="what was asked for is"):
        connection.call(MODELS_LIST, "w", query=ModelQuery(tags=["\udce9"]))
    assert len(fake.requests) == asked


@pytest.mark.parametrize("name", ["../x", "a/b", ".", "..", "/"])
def test_a_name_that_would_lead_elsewhere_is_told(fake, connection, name):
    """The user learns what names look like, not which address has nothing."""
    asked = len(fake.requests)
    for route, kind in ((EXPERIMENTS_GET, "experiment"), (MODELS_GET, "model")):
        with pytest.raises(NotFound, match=rf"names no {kind}: names and ids have letters"):
            connection.call(route, "w", name)
    assert len(fake.requests) == asked
