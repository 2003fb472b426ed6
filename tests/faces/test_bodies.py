"""Raw bodies on their way in: bounded memory, and nothing kept of what broke off."""

import dataclasses
import hashlib
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from runyard_server.testing.clocks import of_an_idle_machine
from runyard_server.testing.services import running_service

RUNS = "/api/v1/workspaces/default/runs"
FILES = "/api/v1/workspaces/default/datastores/workspaceblobstore/files"
MEGABYTE = 1 << 20


def memory(ask):
    """The service's resident memory in bytes."""
    return ask("GET", "/api/v1/status").json["memory_bytes"]


def test_a_large_body_passes_through(ask):
    """A file far larger than the buffer arrives whole, without being held in memory."""
    block = bytes(range(256)) * 4096
    digest, before = hashlib.sha256(), memory(ask)
    connection = ask.open()
    connection.putrequest("PUT", f"{FILES}/bodies/large?overwrite=true")
    connection.putheader("Authorization", f"Bearer {ask.service.token}")
    connection.putheader("Content-Length", str(200 * len(block)))
    connection.endheaders()
    for _ in range(200):
        connection.send(block)
        digest.update(block)
    response = connection.getresponse()
    assert (response.status, response.read()[:1]) == (200, b"{")
    assert memory(ask) - before < 60 * MEGABYTE
    assert hashlib.sha256(ask("GET", f"{FILES}/bodies/large").body).digest() == digest.digest()
    connection.close()


def test_a_body_without_a_size_passes_too(ask):
    """A chunked body, whose size nobody knows, is stored like any other."""
    answer = ask("PUT", f"{FILES}/bodies/chunked?overwrite=true", iter([b"a" * 10, b"b" * 10]))
    assert answer.status == 200
    assert ask("GET", f"{FILES}/bodies/chunked").body == b"a" * 10 + b"b" * 10


@pytest.mark.parametrize("announced", [100, 10 * MEGABYTE])
def test_a_body_that_breaks_off_leaves_nothing(ask, announced):
    """A client that dies while sending leaves no file, and no part of one."""
    name = f"broken-{announced}"
    connection = ask.open()
    connection.putrequest("PUT", f"{FILES}/bodies/{name}")
    connection.putheader("Authorization", f"Bearer {ask.service.token}")
    connection.putheader("Content-Length", str(announced))
    connection.endheaders()
    connection.send(b"x" * (announced // 2))
    time.sleep(0.2)
    connection.close()
    for _ in range(100):
        if not [
            p for p in ask.service.home.glob("datastores/**/*") if p.name.startswith(".runyard")
        ]:
            break
        time.sleep(0.02)
    assert ask("GET", f"{FILES}/bodies/{name}").status == 404
    listed = ask("GET", f"{FILES}?prefix=bodies/{name}").json["items"]
    assert listed == []


def test_a_refusal_comes_though_the_body_is_not_read(ask):
    """A body for a place that does not exist is answered, not swallowed for minutes."""
    connection = ask.open()
    connection.putrequest("PUT", f"{FILES.replace('workspaceblobstore', 'nothing')}/x")
    connection.putheader("Authorization", f"Bearer {ask.service.token}")
    connection.putheader("Content-Length", str(100 * MEGABYTE))
    connection.endheaders()
    connection.send(b"x" * MEGABYTE)
    response = connection.getresponse()
    assert response.status == 404
    assert b"datastore_not_found" in response.read()
    connection.close()


@pytest.fixture(scope="module")
def hasty(ask, tmp_path_factory):
    """A service that waits a second for the rest of a body, with four threads."""
    options = ("--stall-seconds", "1", "--request-threads", "4")
    with running_service(tmp_path_factory.mktemp("hasty"), *options) as service:
        hasty = dataclasses.replace(ask, service=service)
        hasty("GET", "/api/v1/status")  # loaded from now on
        yield hasty


def begin(ask, method, path, token, size=None):
    """Send the head of a request and the first bytes of its body."""
    connection = ask.open()
    connection.putrequest(method, path)
    connection.putheader("Authorization", token)
    if size is None:
        connection.putheader("Transfer-Encoding", "chunked")
    else:
        connection.putheader("Content-Length", str(size))
    connection.endheaders()
    connection.send(b"3\r\nabc\r\n" if size is None else b"abc")
    return connection


@pytest.mark.parametrize("size", [None, 100, 100 * MEGABYTE])
def test_a_body_that_stalls_is_broken_off(hasty, size):
    """Whoever stops sending hears so, may try again, and leaves nothing behind."""
    connection = begin(hasty, "PUT", f"{FILES}/stalled", f"Bearer {hasty.service.token}", size)
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("connection")) == (408, "close")
    assert json.loads(answer.read())["error"]["code"] == "temporary"
    connection.close()
    assert hasty("GET", f"{FILES}/stalled").status == 404
    assert not list(hasty.service.home.glob("**/.incoming/*"))


def test_a_body_that_trickles_is_broken_off(hasty):
    """A byte now and then is no progress."""
    connection = begin(hasty, "POST", "/api/v1/workspaces", f"Bearer {hasty.service.token}", 1000)
    begun = time.monotonic()
    connection.sock.settimeout(0.1)
    while time.monotonic() < begun + 60:
        try:
            connection.send(b" ")
            assert connection.sock.recv(100).startswith(b"HTTP/1.1 408")
            break
        except TimeoutError:
            continue
    assert time.monotonic() - begun < of_an_idle_machine(5)
    connection.close()


def test_stalled_bodies_of_one_run_stop_nobody(hasty):
    """Forty stalled uploads and a stalled log hold no thread, no lock and nobody's upload."""
    mine, other = hasty.start_run(), hasty.start_run()
    token = hasty.run_token(mine)
    log = f"{RUNS}/{mine}/logs/logs/x?offset=0"
    stalled = [begin(hasty, "PUT", log, token) for _ in range(20)]
    stalled += [
        begin(hasty, "PUT", f"{FILES}/{number}", token, 100 * MEGABYTE) for number in range(20)
    ]
    begun = time.monotonic()
    large = os.urandom(12 * MEGABYTE)
    assert hasty("PUT", f"{FILES}/large", large).status == 200
    assert hasty("PUT", f"{RUNS}/{other}/logs/logs/x?offset=0", b"abc").json["size"] == 3
    assert hasty("PUT", log, b"abc", Authorization=token).json["size"] == 3
    assert time.monotonic() - begun < of_an_idle_machine(5)
    assert {connection.getresponse().status for connection in stalled} == {408}
    for connection in stalled:
        connection.close()
    assert hasty("GET", f"{RUNS}/{mine}/files/logs/x").body == b"abc"


def test_many_small_bodies_of_one_run_leave_threads_to_others(hasty):
    """However much one run asks at once, others are answered meanwhile."""
    token = hasty.run_token(hasty.start_run())

    def ask(_number):
        return hasty("GET", RUNS, Authorization=token).status

    with ThreadPoolExecutor(30) as threads:
        asked = [threads.submit(ask, number) for number in range(100)]
        begun = time.monotonic()
        assert hasty("GET", RUNS).status == 200
        waited = time.monotonic() - begun
        assert {one.result() for one in asked} == {200}
    assert waited < of_an_idle_machine(2)


def test_what_is_wrong_is_told_before_a_large_body_comes(ask):
    """Nobody sends gigabytes to a path that is taken, or for a run that is not his."""
    assert ask("PUT", f"{FILES}/taken", b"x").status == 200
    run = ask.start_run()
    token = ask.run_token(run)
    user = f"Bearer {ask.service.token}"
    body = {"name": "rea", "workspaces": {"default": "reader"}}
    assert ask("POST", "/api/v1/users", body).status == 200
    made = ask("POST", "/api/v1/tokens", {"name": "first", "user": "rea"})
    for path, given, status in (
        (f"{FILES}/taken", user, 409),
        (f"{FILES}/../x", user, 400),
        (f"{RUNS}/none/logs/x?offset=0", user, 404),
        (f"{RUNS}/{ask.start_run()}/logs/x?offset=0", token, 403),
        ("/api/v1/workspaces/default/blobs/nonsense", user, 400),
        (f"{FILES}/free", f"Bearer {made.json['token']}", 403),
    ):
        connection = begin(ask, "PUT", path, given, 100 * MEGABYTE)
        assert connection.getresponse().status == status, path
        connection.close()
    assert ask("DELETE", "/api/v1/users/rea").status == 204


def test_an_answer_comes_though_nobody_asked_for_the_body(ask):
    """A body where none belongs does not turn the answer into a broken connection."""
    answer = ask("GET", "/api/v1/status", b"[" * 1_000_000, Connection="close")
    assert answer.status == 200
