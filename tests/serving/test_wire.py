"""What clients put on the wire beside what they should, and how it is answered."""

import json

import pytest

from runyard.protocol.frames import Ready

from .wire import JSON, KEY, read, score

UPGRADE = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"


@pytest.mark.parametrize("pieces", [1, 2, 7])
def test_who_offers_another_protocol_is_answered_in_this_one(echoed, pieces):
    """Java's client offers HTTP/2 with each first request: its body is read all the same."""
    head = b"POST /score HTTP/1.1\r\nHost: h\r\n" + KEY + JSON + UPGRADE
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n"
    health = b"GET / HTTP/1.1\r\nHost: h\r\n" + UPGRADE + b"\r\n"
    sent = score(b"[1]", UPGRADE) + chunked + health + score(b"[2]") + score(b"[3]", UPGRADE)
    with echoed.connect() as line:
        size = len(sent) // pieces + 1
        for start in range(0, len(sent), size):
            line.sendall(sent[start : start + size])
        answers = [(200, b"[1]"), (200, b"[1,2]"), (200, b"Healthy"), (200, b"[2]"), (200, b"[3]")]
        assert read(line, 5) == answers


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"Transfer-Encoding: chunked\r\n\r\nzz\r\n[1]\r\n0\r\n\r\n", 400),
        (b"Transfer-Encoding: chunked\r\n\r\n3\r\n[1]xx0\r\n\r\n", 400),
        (b"Transfer-Encoding: identity\r\n\r\n[1]", 501),
        (b"Transfer-Encoding: gzip, chunked\r\n\r\n3\r\n[1]\r\n0\r\n\r\n", 501),
    ],
)
def test_a_body_that_is_none_is_refused_and_not_only_dropped(echoed, sent, status):
    """Who cannot write HTTP reads that it was this, in place of a connection that is closed."""
    head = b"POST /score HTTP/1.1\r\nHost: h\r\n" + KEY + JSON
    with echoed.connect() as line:
        line.sendall(head + sent)
        ((given, body),) = read(line, 0)
        assert (given, set(json.loads(body))) == (status, {"message"})


def test_what_is_behind_a_request_does_not_take_its_answer(echoed):
    """A length that counts letters leaves bytes behind: both get their answer, in order."""
    with echoed.connect() as line:
        line.sendall(score(b"[1]") + score(b"[2]") + b'"}')
        assert [status for status, _ in read(line, 0)] == [200, 200, 400]
    with echoed.connect() as line:
        broken = score(b"", b"Transfer-Encoding: chunked\r\n").replace(
            b"Content-Length: 0\r\n", b""
        )
        line.sendall(score(b"[1]") + broken + b"zz\r\n")
        assert [status for status, _ in read(line, 0)] == [200, 400]


def test_a_path_is_found_however_it_is_written(echoed):
    """Doubled slashes and letters that are encoded name the same; another's name does not."""
    for path in (b"//score", b"/score/", b"/%73core", b"/api/v1/service/digits/score"):
        with echoed.connect() as line:
            line.sendall(score(b"[1]", path=path))
            assert read(line) == [(200, b"[1]")]
    for path in (b"/api/v1/service/other/score", b"/score%2f", b"/sc%00re"):
        with echoed.connect() as line:
            line.sendall(score(b"[1]", path=path))
            assert read(line)[0][0] == 404


def test_a_path_that_is_not_there_names_the_nearest(echoed):
    """A slip in the address is answered with what was meant."""
    told = [
        json.loads(echoed.ask(path, body="[1]").body)["message"] for path in ("/scor", "/SCORE")
    ]
    other = json.loads(echoed.ask("/favicon.ico").body)["message"]
    assert other.startswith("there is no /favicon.ico here; there are: '/score', ")
    assert told == [f"there is no {path} here; nearest: '/score'" for path in ("/scor", "/SCORE")]


def test_a_worker_is_told_that_a_body_is_compressed(served):
    """Such a body is no text yet, though a script takes text; of others nothing has to be told."""
    served.serve()
    told = []

    def note(meta, body):
        told.append(meta)
        return {}, body

    served.replica(ready=Ready("text"), answering=note)
    for more in ({}, {"content-encoding": "gzip"}, {}):
        served.ask(body="[1]", headers=more)
    assert [bool(meta) for meta in told] == [False, True, False]
    assert told[1]["headers"]["content-encoding"] == "gzip"
