"""From a path to its row: what is meant is found, whatever else could match."""

import pytest

from runyard_server.faces.dispatch import Dispatch

DISPATCH = Dispatch(
    [
        ("GET", "/", "front"),
        ("GET", "/blobs/{digest}", "read"),
        ("PUT", "/blobs/{digest}", "write"),
        ("POST", "/blobs/missing", "missing"),
        ("GET", "/runs/{run}/files", "list"),
        ("GET", "/runs/{run}/files/{path:path}", "file"),
        ("GET", "/runs/latest/spec", "latest"),
    ]
)


@pytest.mark.parametrize(
    ("method", "path", "target", "segments"),
    [
        ("GET", "/", "front", {}),
        ("HEAD", "/blobs/a", "read", {"digest": "a"}),
        ("POST", "/blobs/missing", "missing", {}),
        ("GET", "/blobs/missing", "read", {"digest": "missing"}),
        ("GET", "/runs/r/files", "list", {"run": "r"}),
        ("GET", "/runs/r/files/", "file", {"run": "r", "path": ""}),
        ("GET", "/runs/r/files/a/b\nc/", "file", {"run": "r", "path": "a/b\nc/"}),
        ("GET", "/runs/latest/files/x", "file", {"run": "latest", "path": "x"}),
        ("GET", "/runs/{run}/files", "list", {"run": "{run}"}),
    ],
)
def test_the_row_that_is_meant_is_found(method, path, target, segments):
    """A name that looks like a word of the protocol is still a name where that is all that fits."""
    found = DISPATCH.find(method, path)
    assert (found.target, found.segments) == (target, segments)


@pytest.mark.parametrize("path", ["", "//", "/blobs/", "/blobs", "/runs//files", "/blobs/a/", "/x"])
def test_what_no_row_has_is_unknown(path):
    """An empty segment is no name."""
    found = DISPATCH.find("GET", path)
    assert (found.target, found.allowed) == (None, [])


def test_a_wrong_method_is_told_all_right_ones():
    """Whoever mistakes the method learns what the address takes, of whichever row."""
    assert set(DISPATCH.find("DELETE", "/blobs/missing").allowed) == {"GET", "HEAD", "PUT", "POST"}


def test_two_rows_for_the_same_are_refused():
    """Names of variables do not tell rows apart: one would hide the other."""
    with pytest.raises(ValueError, match="two rows serve GET"):
        Dispatch([("GET", "/runs/{run}", "a"), ("GET", "/runs/{id}", "b")])
