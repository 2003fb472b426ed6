"""Paths from outside."""

from pathlib import Path

import pytest

from runyard.protocol.errors import InvalidRequest
from runyard_server.store.folders import checked, inside

BAD = [
    "",
    ".",
    "./",
    "/",
    "/etc/passwd",
    "..",
    "../x",
    "a/../../x",
    "a\\b",
    "a\0b",
    "\udc80",
    "é" * 128,
]


@pytest.mark.parametrize("path", BAD)
def test_paths_that_lead_out_or_nowhere_are_refused(path: str) -> None:
    """No request reaches a file outside the folder it is about."""
    with pytest.raises(InvalidRequest, match="cannot be used"):
        checked(path)


@pytest.mark.parametrize(
    ("given", "spelt"),
    [("./a//b/", "a/b"), ("a", "a"), ("a/./b", "a/b"), ("...", "..."), ("ü/ñ", "ü/ñ")],
)
def test_paths_have_one_spelling(given: str, spelt: str) -> None:
    """`./outputs/x` and `outputs/x` are the same file."""
    assert checked(given) == spelt


def test_links_do_not_lead_out(tmp_path: Path) -> None:
    """A link that a job made to another folder is not followed for a reader."""
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret").write_text("s")
    (root / "out").symlink_to(tmp_path)
    (root / "loop").symlink_to(root)
    with pytest.raises(InvalidRequest, match="leads out"):
        inside(root, "out/secret")
    assert inside(root, "loop/x") == root / "loop/x"
