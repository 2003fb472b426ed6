"""Connections: whoever reaches the port and has no token stops nobody."""

import json
import socket
import time
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from runyard.client.connection import Connection
from runyard.protocol.datastores import WriteQuery
from runyard.protocol.routes import DATASTORES_WRITE, RUNS_LIST, SERVICE_ABOUT, SERVICE_STATUS
from runyard.protocol.runs import RunQuery
from runyard.protocol.timeouts import (
    CLIENT_TIMEOUT_SECONDS,
    KEEP_ALIVE_SECONDS,
    LONGEST_WAIT_SECONDS,
    REST_SECONDS,
)
from runyard_server.core.settings import Settings
from runyard_server.faces import limits, lingering
from runyard_server.testing.clocks import of_an_idle_machine
from runyard_server.testing.services import running_service

MOST = 20


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """A service that takes few connections and gives them little time."""
    options = ("--max-connections", str(MOST), "--head-seconds", "0.5", "--stall-seconds", "0.5")
    with running_service(tmp_path_factory.mktemp("home"), *options) as running:
        # It is loaded once it answers this, and judged from then on.
        with Connection(running.url, running.token) as client:
            client.call(SERVICE_STATUS)
        yield running


def opened(service):
    """A connection as anybody can make it."""
    parts = urlsplit(service.url)
    return socket.create_connection((parts.hostname, parts.port), timeout=60)


@contextmanager
def many(service, count):
    """So many connections, each the begin of a request."""
    sockets = [opened(service) for _ in range(count)]
    try:
        for one in sockets:
            one.sendall(b"GET /api/v1/about HTTP/1.1\r\nX-A: ")
        yield sockets
    finally:
        for one in sockets:
            one.close()


def rest(one):
    """All that comes until the service closes; b"" also when it does so roughly."""
    found = b""
    try:
        while data := one.recv(1 << 16):
            found += data
    except ConnectionError:
        pass
    return found


def asked(one, parts):
    """What is answered to these bytes; the service may close before they are all sent."""
    try:
        for part in parts:
            one.sendall(part)
    except ConnectionError:
        pass
    return rest(one)


def head(service, more=()):
    """The head of a request with the user's token."""
    lines = ["GET /api/v1/status HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
    lines.append(f"Authorization: Bearer {service.token}")
    return "\r\n".join([*lines, *more, "", ""]).encode()


def test_idle_connections_make_room(service):
    """Whoever has a token is served though strangers hold more connections than there may be."""
    with many(service, 3 * MOST), Connection(service.url, service.token) as client:
        begun = time.monotonic()
        for _ in range(10):
            assert client.call(SERVICE_STATUS).home == str(service.home)
        with Connection(service.url, "") as stranger:
            assert stranger.call(SERVICE_ABOUT).product == "runyard"
        assert time.monotonic() - begun < of_an_idle_machine(2)


def test_a_connection_without_a_request_is_closed(service):
    """Nobody keeps a connection by saying nothing, or by never coming to the end."""
    with closing(opened(service)) as silent, closing(opened(service)) as slow:
        slow.sendall(b"GET /api/v1/about HTTP/1.1\r\n")
        begun = time.monotonic()
        while time.monotonic() - begun < 0.4:
            slow.sendall(b"X: y\r\n")
            time.sleep(0.05)
        assert rest(silent) == b""
        assert rest(slow).startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - begun < of_an_idle_machine(3)


def test_a_connection_with_a_token_may_rest(service):
    """A client asks again over the connection that it kept, also after a while."""
    with closing(HTTPConnection(urlsplit(service.url).netloc)) as client:
        client.connect()
        kept = client.sock
        for _ in range(2):
            token = {"Authorization": f"Bearer {service.token}"}
            client.request("GET", "/api/v1/status", headers=token)
            answer = client.getresponse()
            assert (answer.status, answer.read()[:1], client.sock) == (200, b"{", kept)
            time.sleep(1.7)


def test_endless_headers_are_refused(service):
    """A header of 100 MB costs the service neither memory nor time."""
    with Connection(service.url, service.token) as client:
        before = client.call(SERVICE_STATUS).memory_bytes
        with closing(opened(service)) as one:
            block = b"x" * (1 << 20)
            found = asked(one, [b"GET / HTTP/1.1\r\nX-A: ", *[block] * 100])
        assert found[:13] in (b"HTTP/1.1 431 ", b"")  # a reset may overtake the answer
        assert client.call(SERVICE_STATUS).memory_bytes - before < 16 << 20


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /api/v1/about HTTP/1.1\r\nX-A: " + b"x" * 70_000 + b"\r\n\r\n",
        b"GET /api/v1/about HTTP/1.1\r\n" + b"X-A: y\r\n" * 12_000 + b"\r\n",
        b"GET /api/v1/about?" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n",
    ],
    ids=["one", "many", "query"],
)
def test_a_large_head_is_told(service, sent):
    """Whoever sends too much of a head hears what the limit is, in the form of all errors."""
    with closing(opened(service)) as one:
        one.sendall(sent)
        answer = rest(one)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert "64 kB" in json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["message"]


@pytest.mark.parametrize(
    "sent",
    [b"1;" + b"x" * 200_000, b"1\r\na\r\n0\r\nX-A: " + b"x" * 200_000],
    ids=["extension", "trailer"],
)
def test_what_stands_around_chunks_is_bounded(service, sent):
    """Between the chunks of a body, and behind them, nobody makes the service keep megabytes."""
    start = (
        head(service).replace(b"GET", b"PUT").rstrip() + b"\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    with closing(opened(service)) as one:
        answer = asked(one, [start, sent, b"y"])
    assert answer[:12] in (b"HTTP/1.1 431", b"HTTP/1.1 405", b"")


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /api/v1/about HTTP/9.9\r\n\r\n",
        b"GET http://127.0.0.1/api/v1/about\r\n\r\n",
        b"GET /api/v1/about HTTP/1.1\r\nHost : x\r\n\r\n",
        b"PUT /x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"PUT /x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
        b"PUT /x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: " + b"9" * 99 + b"\r\n\r\n",
        b"PUT /x HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"PUT /x HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: \x00\r\n\r\n",
        b"GET //x:y@:z HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET * HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused(service, sent):
    """Whatever comes, the answer is a refusal, and the service goes on."""
    for _ in range(5):
        with closing(opened(service)) as one:
            found = asked(one, [sent])
        # A busy machine may let the time run out that a connection has for its first word.
        if found:
            break
    assert found.startswith(b"HTTP/1.1 4"), found
    with Connection(service.url, service.token) as client:
        assert client.call(SERVICE_STATUS).home == str(service.home)


def test_who_does_not_take_the_answer_is_left(service):
    """A reader that stops in the middle of a download does not keep its connection for ever."""
    with Connection(service.url, service.token) as client:
        place = ("default", "workspaceblobstore", "large")
        data = bytes(16 << 20)
        client.send(DATASTORES_WRITE, *place, data=data, size=len(data), query=WriteQuery())
    path = "/api/v1/workspaces/default/datastores/workspaceblobstore/files/large"
    with closing(opened(service)) as one:
        one.sendall(head(service).replace(b"/api/v1/status", path.encode()))
        time.sleep(2.5)
        assert len(rest(one)) < len(data)


def test_the_log_says_it_once_a_minute(service):
    """An attack does not fill the disk with lines about it."""
    for _ in range(30):
        with closing(opened(service)) as one:
            asked(one, [b"nonsense\r\n\r\n"])
    lines = service.log.splitlines()
    assert 1 <= len([line for line in lines if "refused" in line]) <= 2
    assert not [line for line in lines if "Invalid HTTP" in line]


def test_a_page_of_runs_is_asked_by_a_short_address(service):
    """The limit of a head is far above what clients send."""
    with Connection(service.url, service.token) as client:
        query = RunQuery(tag="x" * 10_000)
        assert client.call(RUNS_LIST, "default", query=query).items == []


def test_the_bounds_fit_one_another():
    """Nobody is cut off by one bound while he keeps another."""
    given = Settings()
    found = limits.of(given, 65536)
    assert found.connections == given.max_connections
    assert limits.of(given, 1024).connections == (1024 - limits.RESERVED_FILES) // 2
    assert limits.of(given, 10).connections == 1
    assert found.head_seconds < REST_SECONDS
    # A client hears that it was too slow before it gives the service up.
    assert found.stall_seconds < CLIENT_TIMEOUT_SECONDS
    assert found.stall_seconds > lingering.LONGEST_SECONDS
    assert LONGEST_WAIT_SECONDS < CLIENT_TIMEOUT_SECONDS
    assert found.stall_seconds > KEEP_ALIVE_SECONDS
    assert found.run_threads < given.request_threads
    assert found.run_requests < found.connections
    assert limits.STEP_BYTES < limits.MEMORY_BYTES < limits.MEMORY_BYTES_OF_ALL
