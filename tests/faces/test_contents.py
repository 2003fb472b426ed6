"""Raw answers: whole, in ranges, cached, and harmless to a browser."""

import hashlib

import pytest

FILES = "/api/v1/workspaces/default/datastores/workspaceblobstore/files"
TEXT = b"0123456789"


@pytest.fixture
def path(ask):
    """A file of ten bytes on the default datastore."""
    found = f"{FILES}/ranges/digits.bin"
    assert ask("PUT", f"{found}?overwrite=true", TEXT).status == 200
    return found


def test_a_file_comes_whole(ask, path):
    """Without Range the whole file comes, with its size announced."""
    answer = ask("GET", path)
    assert (answer.status, answer.body) == (200, TEXT)
    assert answer.headers["Content-Length"] == "10"
    assert answer.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize(
    ("wanted", "part", "where"),
    [
        ("bytes=3-", b"3456789", "3-9"),
        ("bytes=3-5", b"345", "3-5"),
        ("bytes=0-0", b"0", "0-0"),
        ("bytes=-4", b"6789", "6-9"),
        ("bytes=8-99", b"89", "8-9"),
        ("bytes=-99", TEXT, "0-9"),
    ],
)
def test_a_range_comes_alone(ask, path, wanted, part, where):
    """A download that broke off is taken up where it stopped."""
    answer = ask("GET", path, Range=wanted)
    assert (answer.status, answer.body) == (206, part)
    assert answer.headers["Content-Range"] == f"bytes {where}/10"


@pytest.mark.parametrize("wanted", ["bytes=10-", "bytes=99-100", "bytes=-0"])
def test_a_range_outside_is_refused(ask, path, wanted):
    """Whoever asks beyond the end learns the size."""
    answer = ask("GET", path, Range=wanted)
    assert (answer.status, answer.body) == (416, b"")
    assert answer.headers["Content-Range"] == "bytes */10"


@pytest.mark.parametrize("wanted", ["bytes=0-1,3-4", "bytes=-", "lines=1-2", "bytes=a-b"])
def test_what_is_no_single_range_is_passed_over(ask, path, wanted):
    """As HTTP allows, a Range that is not served gets the whole file."""
    assert ask("GET", path, Range=wanted).body == TEXT


@pytest.mark.parametrize("name", ["new%0Aline", "end%0A", "%20s%20", "q%3F%23", "%E6%B1%89"])
def test_a_file_of_any_name_is_read_under_that_name(ask, name):
    """What is listed can be read, and is never another file."""
    assert ask("PUT", f"{FILES}/odd/{name}?overwrite=true", name.encode()).status == 200
    assert ask("PUT", f"{FILES}/odd/end?overwrite=true", b"another").status == 200
    assert ask("GET", f"{FILES}/odd/{name}").body == name.encode()


def test_an_empty_file_comes(ask):
    """A file of no bytes is a file."""
    ask("PUT", f"{FILES}/ranges/empty?overwrite=true", b"")
    answer = ask("GET", f"{FILES}/ranges/empty")
    assert (answer.status, answer.body) == (200, b"")


def test_a_head_tells_the_size_alone(ask, path):
    """A client can ask for the size without the bytes."""
    answer = ask("HEAD", path)
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"", "10")


def test_a_stored_content_is_known_by_its_digest(ask):
    """A content that the client has already is not sent again, nor mixed with another."""
    digest = hashlib.sha256(TEXT).hexdigest()
    blob = f"/api/v1/workspaces/default/blobs/{digest}"
    assert ask("PUT", blob, TEXT).status == 204
    answer = ask("GET", blob)
    etag = answer.headers["ETag"]
    assert (answer.body, etag) == (TEXT, f'"{digest}"')
    assert ask("GET", blob, If_None_Match=f'W/"x", {etag}').status == 304
    assert ask("GET", blob, Range="bytes=3-", If_Range=etag).body == TEXT[3:]
    assert ask("GET", blob, Range="bytes=3-", If_Range='"other"').body == TEXT


def test_a_file_never_runs_in_a_browser(ask):
    """A page or a drawing that a job left is not rendered on the service's address."""
    for name in ("page.html", "drawing.svg", "script.js"):
        ask("PUT", f"{FILES}/ranges/{name}?overwrite=true", b"<script>alert(1)</script>")
        answer = ask("GET", f"{FILES}/ranges/{name}")
        assert answer.headers["Content-Type"].startswith(("application/octet-stream", "text/plain"))
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"].startswith("sandbox;")


@pytest.mark.parametrize(
    "path", ["../secret", "%2e%2e/secret", "a/..%2f..%2f/secret", "%2Fetc/passwd"]
)
def test_no_path_leads_out_of_a_datastore(ask, path):
    """Whatever way it is written, a path upwards opens nothing."""
    answer = ask("GET", f"{FILES}/{path}")
    assert answer.status in (400, 404)
    assert answer.json["error"]
