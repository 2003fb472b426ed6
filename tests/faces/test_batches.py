"""Many small contents in one request, over the wire."""

import hashlib
import socket

import pytest

from runyard.protocol import batches
from runyard.protocol.batches import Content, join

WORKSPACE = "/api/v1/workspaces/default"
BLOBS = f"{WORKSPACE}/blobs"
STORE = f"{WORKSPACE}/datastores/workspaceblobstore"


def digest(data):
    return hashlib.sha256(data).hexdigest()


def blob(data):
    return Content(digest(data), data)


def read(ask, path, body):
    answer = ask("POST", path, body)
    assert answer.status == 200, answer.body
    left = [answer.body]
    return list(batches.split(lambda _: left.pop() if left else b""))


def test_a_batch_is_stored_and_comes_back(ask):
    """One request stores hundreds of contents, also empty ones and twice the same."""
    contents = [blob(b"%d" % number) for number in range(600)] + [blob(b""), blob(b"7")]
    answer = ask("POST", f"{BLOBS}/write", join(contents))
    assert answer.json == {"stored": 601, "refused": []}
    wanted = [content.name for content in contents]
    assert read(ask, f"{BLOBS}/read", {"digests": wanted}) == contents


def test_a_wrong_content_is_refused_alone(ask):
    """A file that changed while it was read costs itself only, and is named."""
    wrong, name = Content(digest(b"as it was"), b"as it is"), Content("../x", b"y")
    answer = ask("POST", f"{BLOBS}/write", join([blob(b"before"), wrong, name, blob(b"after")]))
    assert (answer.status, answer.json["stored"]) == (200, 2)
    refused = answer.json["refused"]
    assert [each["name"] for each in refused] == [wrong.name, "../x"]
    assert "has digest" in refused[0]["message"]
    asked = {"digests": [digest(b"before"), wrong.name, digest(b"after")]}
    assert ask("POST", f"{BLOBS}/missing", asked).json["digests"] == [wrong.name]
    assert read(ask, f"{BLOBS}/read", asked)[1] == Content(wrong.name, None)


@pytest.mark.parametrize("size", [1, 9, 50, 100])
def test_a_cut_batch_keeps_what_came_whole(ask, size):
    """Nothing is half there, the answer says that not all came, and nothing is sent twice."""
    first, second = blob(b"cut %d" % size), blob(b"x" * 90 + b"%d" % size)
    body = batches.join([first, second])
    answer = ask("POST", f"{BLOBS}/write", body[: len(batches.join([first])) + size])
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert "ends inside its file 2" in answer.json["error"]["message"]
    asked = {"digests": [first.name, second.name]}
    assert ask("POST", f"{BLOBS}/missing", asked).json["digests"] == [second.name]


def test_what_is_no_batch_is_said_to_be_none(ask):
    """Limits are told before anything is read into memory."""
    large = batches.frame("a", b"")[:2] + (9 << 20).to_bytes(8, "big") + b"a"
    for body, text in (
        (b'{"digests": []}', "if this is a batch at all"),
        (large, "above 8 MB a file is sent by itself"),
        (batches.frame("a", None), "has no content"),
        (b"\0\1" + bytes(8) + b"\xff", "is not UTF-8"),
    ):
        answer = ask("POST", f"{BLOBS}/write", body)
        assert (answer.status, text in answer.json["error"]["message"]) == (400, True), answer.body
    assert ask("POST", f"{BLOBS}/write", b"").json == {"stored": 0, "refused": []}


def test_a_batch_that_breaks_off_leaves_no_part(ask):
    """A client that dies in the middle leaves whole contents or none, and no temporary file."""
    whole, rest = blob(b"w" * 700_000), blob(b"r" * 700_000)
    body = join([whole, rest])
    connection = ask.open()
    connection.putrequest("POST", f"{BLOBS}/write")
    connection.putheader("Authorization", f"Bearer {ask.service.token}")
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body[:1_100_000])
    connection.sock.shutdown(socket.SHUT_RDWR)
    connection.close()
    assert ask("POST", f"{BLOBS}/write", join([rest])).json["stored"] == 1
    incoming = ask.service.home / "blobs" / ".incoming"
    assert list(incoming.iterdir()) == []


def test_files_of_a_datastore_are_written_and_read_together(ask):
    """Paths are checked one by one; what is refused is named with its reason."""
    files = [Content("many/a/é.txt", b"1"), Content("./many//b", b""), Content("many/c", b"3")]
    bad = [Content("../out", b"x"), Content("many/c/below", b"x"), Content("many", b"x")]
    assert ask("POST", f"{STORE}/write", join(files)).json == {"stored": 3, "refused": []}
    answer = ask("POST", f"{STORE}/write", join([*bad, Content("many/d", b"4")]))
    assert answer.json["stored"] == 1
    refused = {each["name"]: each["code"] for each in answer.json["refused"]}
    assert refused == {
        "../out": "invalid_request",
        "many/c/below": "invalid_request",
        "many": "invalid_request",
    }
    paths = ["many/a/é.txt", "many/b", "many/none", "../out", "many/c"]
    found = read(ask, f"{STORE}/read", {"paths": paths})
    assert [data for _, data in found] == [b"1", b"", None, None, b"3"]


def test_files_of_a_datastore_are_replaced_only_when_asked(ask):
    """As one by one: without `overwrite` the file that is there stays."""
    ask("POST", f"{STORE}/write", join([Content("kept", b"old")]))
    again = ask("POST", f"{STORE}/write", join([Content("kept", b"new"), Content("kept2", b"n")]))
    assert (again.json["stored"], again.json["refused"][0]["code"]) == (1, "already_exists")
    ask("POST", f"{STORE}/write?overwrite=true", join([Content("kept2", b"newer")]))
    found = read(ask, f"{STORE}/read", {"paths": ["kept", "kept2"]})
    assert [data for _, data in found] == [b"old", b"newer"]


def test_links_in_a_datastore_are_not_followed_out_of_it(ask):
    """A job may have made links; a batch leads nowhere else than a single file does."""
    store = ask.service.home / "datastores" / "default" / "workspaceblobstore"
    store.mkdir(parents=True, exist_ok=True)
    (store / "out").symlink_to(ask.service.home)
    (store / "secret").symlink_to(ask.service.home / "secret")
    files = [Content("out/x", b"x"), Content("secret", b"x")]
    answer = ask("POST", f"{STORE}/write?overwrite=true", join(files))
    assert [each["code"] for each in answer.json["refused"]] == ["invalid_request"] * 2
    found = read(ask, f"{STORE}/read", {"paths": ["out/service.json", "secret"]})
    assert [data for _, data in found] == [None, None]
    assert not (ask.service.home / "x").exists()
