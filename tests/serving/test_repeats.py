"""Heads that are known again: for which requests, and what is taken from them."""

import pytest

from runyard_server.serving.repeats import Repeat, learn

HEAD = b"POST /score HTTP/1.1\r\nHost: h\r\nContent-Length: %b\r\nAccept: */*\r\n\r\n"
HEADERS = [(b"host", b"h"), (b"content-length", b"3"), (b"accept", b"*/*")]


def learned(data: bytes = HEAD % b"3" + b"[1]", *more: tuple[bytes, bytes]) -> Repeat | None:
    """What is learned of a request."""
    kept = {b"content-length": b"3"}
    return learn(b"POST", b"/score", [*HEADERS, *more], kept, data)


def test_the_same_head_with_another_length_is_known():
    """Clients send bodies of all lengths behind one head, and workers see the length that came."""
    repeat = learned()
    assert repeat is not None
    assert repeat.body(HEAD % b"3" + b"[2]") == b"[2]"
    before = repeat.headers
    assert repeat.body(HEAD % b"11" + b"[3,4,5,6,7]") == b"[3,4,5,6,7]"
    assert repeat.body(HEAD % b"11" + b"[3,4,5,6,8]") == b"[3,4,5,6,8]"
    assert (b"content-length", b"11") in repeat.headers
    assert repeat.kept == {b"content-length": b"11"}
    assert before == HEADERS


@pytest.mark.parametrize(
    "data",
    [
        HEAD % b"3" + b"[1",
        HEAD % b"3" + b"[1]P",
        HEAD % b"4" + b"[1]",
        HEAD % b"" + b"[1]",
        HEAD % b"+3" + b"[1]",
        HEAD % b"3 " + b"[1]",
        HEAD % b"3\r\nContent-Length: 3" + b"[1]",
        (HEAD % b"3").replace(b"*/*", b"*/-") + b"[1]",
        (HEAD % b"3").replace(b"score", b"other") + b"[1]",
        HEAD % (b"0" * 20 + b"3") + b"[1]",
        b"",
    ],
)
def test_anything_else_is_read_anew(data):
    """What is not the same to the byte, or not whole, or more, is for the parser."""
    repeat = learned()
    assert repeat is not None
    assert repeat.body(data) is None
    assert repeat.kept == {b"content-length": b"3"}


@pytest.mark.parametrize(
    ("data", "more"),
    [
        (HEAD % b"3" + b"[1", ()),
        (HEAD % b"\t3" + b"[1]", ()),
        (HEAD % b"3 " + b"[1]", ()),
        (HEAD % b"3\r\nContent-Length: 3" + b"[1]", ()),
        (HEAD % b"3" + b"[1]", ((b"transfer-encoding", b"identity"),)),
        (HEAD % b"3" + b"[1]", ((b"expect", b"100-continue"),)),
        (HEAD % b"3" + b"[1]", ((b"upgrade", b"h2c"),)),
        (b"POST /score HTTP/1.1\r\nContent-Length:\r\n 3\r\n\r\n[1]", ()),
    ],
)
def test_a_head_that_is_not_simple_is_not_learned(data, more):
    """Where the length does not stand plainly in one place, or is not all that counts."""
    assert learned(data, *more) is None
