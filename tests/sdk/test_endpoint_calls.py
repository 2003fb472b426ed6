"""Calls of an endpoint: keys, connections that are kept, and what an error says."""

import datetime as dt
import fcntl
import gc
import http.client
import json
import resource
import socket
import threading
import warnings
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest

from runyard.protocol.endpoints import Access, EndpointKeys, EndpointRecord, EndpointToken
from runyard.sdk import endpoint_calls, endpoint_data
from runyard.sdk.endpoint_calls import Caller, _is_closed
from runyard.sdk.endpoints import Endpoint
from runyard.sdk.exceptions import WebserviceException


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        server = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server.seen.append((self.client_address[1], self.path, body))
        if self.headers["Authorization"] != f"Bearer {server.key}":
            return self._say(401, {"message": "no key of this endpoint"})
        if b"long" in body:
            return self._say(500, {"message": "ä" * 3000})
        if b"bad" in body:
            return self._say(500, {"message": "ValueError: bad rows"})
        return self._say(200, json.loads(body))

    def _say(self, status: int, value: object) -> None:
        answer = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server():
    """Something that answers like an endpoint, opened by `server.key`."""
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.key, made.seen, made.asked = "one", [], 0
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


class Service:
    """A workspace that knows the key."""

    def __init__(self, server) -> None:
        self.endpoints, self.server = self, server
        self.looks = 0

    def get(self, _name):
        self.looks += 1
        return self.now

    def keys(self, _name):
        self.server.asked += 1
        return EndpointKeys(self.server.key, "two")

    def token(self, _name):
        return EndpointToken(self.server.key, "2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z")


def record(port: int) -> EndpointRecord:
    address = f"http://127.0.0.1:{port}"
    return EndpointRecord("digits", "w", "native", "Healthy", "", Access(), address=address)


def test_key_and_connection_are_kept_between_calls(server) -> None:
    """A loop of calls asks for the key once and connects once."""
    caller = Caller(Service(server), "digits")
    for number in range(3):
        assert (
            caller.send("/score", b"%d" % number, {}, record(server.server_port)) == b"%d" % number
        )
    caller.close()
    assert server.asked == 1
    assert len({port for port, _, _ in server.seen}) == 1


def test_a_replaced_key_is_fetched_again_once(server) -> None:
    """Who has the object goes on after the keys were replaced."""
    caller = Caller(Service(server), "digits")
    caller.send("/score", b"1", {}, record(server.server_port))
    server.key = "new"
    assert caller.send("/score", b"2", {}, record(server.server_port)) == b"2"
    caller.close()
    assert server.asked == 2


def test_an_error_says_what_the_model_said(server) -> None:
    """The message has the status and the model's own words, and nothing is sent twice."""
    caller = Caller(Service(server), "digits")
    with pytest.raises(WebserviceException, match=r"digits answered 500 .*: ValueError: bad rows"):
        caller.send("/score", b'"bad"', {}, record(server.server_port))
    caller.close()
    assert len(server.seen) == 1


def test_nobody_there_is_told_with_what_to_do(monkeypatch, server) -> None:
    """A refused connection names the state and the two ways to find out."""
    monkeypatch.setattr("runyard.sdk.endpoint_calls._PATIENCE_SECONDS", 0.0)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(WebserviceException, match=r"nothing listens|refused.*logs\(\)"):
        Caller(Service(server), "digits").send("/score", b"1", {}, record(port))


class Array:
    """As numpy's are."""

    def tolist(self):
        return [[1.5, 2.5]]


class Table:
    """As pandas' are."""

    columns = ("a",)

    def to_dict(self, orient):
        assert orient == "split"
        return {"columns": ["a"], "data": [[1]]}


def test_inputs_of_any_kind_are_sent_as_json() -> None:
    """Arrays and tables need no conversion by hand; texts go as they are."""
    assert endpoint_data.encoded({"data": Array()}) == b'{"data": [[1.5, 2.5]]}'
    assert endpoint_data.encoded("a,b\n1,2\n") == b"a,b\n1,2\n"
    sent = endpoint_data.encoded(endpoint_data.rows_of(Array()))
    assert sent == b'{"instances": [[1.5, 2.5]]}'
    assert endpoint_data.rows_of(Table()) == {"dataframe_split": {"columns": ["a"], "data": [[1]]}}
    assert endpoint_data.decoded(b"no json") == "no json"


def test_a_call_that_was_interrupted_leaves_no_broken_connection(monkeypatch, server) -> None:
    """Ctrl-C in a notebook ends one call; the next one is answered, and by its own answer."""
    caller = Caller(Service(server), "digits")
    real = http.client.HTTPConnection.getresponse

    def interrupted(_connection):
        raise KeyboardInterrupt

    monkeypatch.setattr(http.client.HTTPConnection, "getresponse", interrupted)
    with pytest.raises(KeyboardInterrupt):
        caller.send("/score", b"1", {}, record(server.server_port))
    monkeypatch.setattr(http.client.HTTPConnection, "getresponse", real)
    assert caller.send("/score", b"2", {}, record(server.server_port)) == b"2"
    caller.close()


def test_a_program_with_many_files_open_calls_on() -> None:
    """`select` knows no file descriptor above 1023, and data loaders have more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    one, other = socket.socketpair()
    connection = http.client.HTTPConnection("127.0.0.1")
    try:
        number = fcntl.fcntl(one.fileno(), fcntl.F_DUPFD, 1500)
        with one, other, socket.socket(fileno=number) as connection.sock:
            assert not _is_closed(connection)
            other.shutdown(socket.SHUT_WR)
            assert _is_closed(connection)
    finally:
        connection.sock = None
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_long_error_is_read_whole_and_shown_in_part(server) -> None:
    """What is cut is the model's own text, not its JSON or one of its letters."""
    caller = Caller(Service(server), "digits")
    with pytest.raises(WebserviceException) as caught:
        caller.send("/score", b'"long"', {}, record(server.server_port))
    caller.close()
    said = caught.value.message.partition("Server Error: ")[2]
    assert set(said) == {"ä", "…"}
    assert len(caught.value.message) < 2100


def test_a_key_is_kept_where_a_token_was_before(server) -> None:
    """An endpoint that is opened by keys since a while asks for its key once, not at each call."""
    caller, there = Caller(Service(server), "digits"), record(server.server_port)
    caller.send("/score", b"1", {}, replace(there, access=Access("token")))
    server.key = "new"
    for _ in range(3):
        caller.send("/score", b"1", {}, there)
    caller.close()
    assert server.asked == 1


def test_times_are_sent_as_text() -> None:
    """A table with a column of dates needs no conversion by hand either."""
    day = dt.date(2026, 1, 31)
    assert endpoint_data.encoded({"data": [[day, 1]]}) == b'{"data": [["2026-01-31", 1]]}'


def test_a_kept_connection_ends_with_its_endpoint_or_thread(server) -> None:
    """Nobody is warned about sockets that he has never seen, nor has them open for ever."""
    there = record(server.server_port)
    caller = Caller(Service(server), "digits")
    thread = threading.Thread(target=caller.send, args=("/score", b"[1]", {}, there))
    thread.start()
    thread.join()
    caller.send("/score", b"[1]", {}, there)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        del thread, caller
        gc.collect()
    assert [each.message for each in told] == []


def test_an_endpoint_that_was_changed_elsewhere_is_called_as_it_is_now(monkeypatch, server) -> None:
    """Keys were switched on, or it was made anew at another port: the object goes on."""
    service = Service(server)
    service.now = record(server.server_port)
    before = replace(service.now, access=Access("none"))
    endpoint = Endpoint(SimpleNamespace(service=service), "digits", _record=before)
    assert endpoint.call(1) == 1
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    endpoint._record = record(port)
    monkeypatch.setattr(endpoint_calls, "_PATIENCE_SECONDS", 0.0)
    assert endpoint.call(2) == 2
    with pytest.raises(WebserviceException, match="ValueError: bad rows"):
        endpoint.call("bad")
    endpoint._caller.close()
    assert service.looks == 2
