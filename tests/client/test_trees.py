"""What of a folder is kept: everything with content, once, and the rest by name."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from runyard.client import trees
from runyard.client.trees import Walk, told
from runyard.protocol.errors import InvalidRequest


def _names(walk: Walk) -> list[str]:
    return [name for name, _ in walk.files]


def _reasons(walk: Walk) -> dict[str, str]:
    return {one.name: one.reason for one in walk.left_out}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with one file."""
    folder = tmp_path / "root"
    folder.mkdir()
    (folder / "a").write_text("A")
    return folder


def test_hidden_files_and_linked_folders_are_kept(root, tmp_path):
    """Configuration tools write `.hydra/`, savers keep `latest` and `best` as links."""
    (root / ".hydra").mkdir()
    (root / ".hydra" / "config.yaml").write_text("")
    (root / "ckpt-2").mkdir()
    (root / "ckpt-2" / "w").write_text("w")
    (root / "latest").symlink_to("ckpt-2")
    (root / "best").symlink_to("ckpt-2")
    (root / "same").symlink_to("a")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "far").write_text("far")
    (root / "out").symlink_to(tmp_path / "elsewhere")
    walk = Walk(str(root))
    assert _names(walk) == [
        ".hydra/config.yaml",
        "a",
        "best/w",
        "ckpt-2/w",
        "latest/w",
        "out/far",
        "same",
    ]
    assert walk.left_out == []
    assert _names(Walk(str(root), hidden=False))[0] == "a"


def test_loops_of_links_end_and_are_named(root, tmp_path):
    """`.`, `..`, links to one another, and folders that link to all the others."""
    (root / "self").symlink_to(".")
    (root / "up").symlink_to("..")
    (root / "x").symlink_to("y")
    (root / "y").symlink_to("x")
    for name in "bcdefgh":
        (root / name).mkdir()
        (root / name / "f").write_text("f")
        for other in "bcdefgh":
            (root / name / f"to-{other}").symlink_to(f"../{other}")
    walk = Walk(str(root))
    kept = set(_names(walk))
    assert {f"{name}/f" for name in "bcdefgh"} < kept
    assert len(kept) < 500
    reasons = _reasons(walk)
    assert reasons["self"] == reasons["up"] == reasons["b/to-b"] == trees.LOOP
    assert reasons["x"] == trees.CIRCLE


def test_what_has_no_content_is_named_with_its_kind(root, monkeypatch):
    """Nothing is opened that would block, nothing is dropped without a word."""
    os.mkfifo(root / "pipe")
    monkeypatch.chdir(root)
    with socket.socket(socket.AF_UNIX) as end:
        end.bind("sock")
    (root / "zero").symlink_to("/dev/zero")
    (root / "gone").symlink_to("/nowhere")
    (root / "empty").mkdir()
    walk = Walk(str(root))
    assert _names(walk) == ["a"]
    assert _reasons(walk) == {
        "pipe": "a fifo",
        "sock": "a socket",
        "zero": "a link to a device",
        "gone": trees.NOTHING,
        "empty": trees.EMPTY,
    }


def test_odd_names_are_kept_apart(root):
    r"""`x\y` beside `x_y`, bytes that are no UTF-8, line breaks, the case of letters."""
    raw = [b"x\\y", b"x_y", b"caf\xe9", b"caf\xe8", b"new\nline", b" s ", b"dot.", b"A", b"q?#%20"]
    for name in raw:
        (root / os.fsdecode(name)).write_bytes(name)
    (root / os.fsdecode(b"f\xff")).mkdir()
    (root / os.fsdecode(b"f\xff") / "x").write_text("")
    (root / ("n" * 255)).write_text("")
    (root / os.fsdecode(b"\xe9" * 255)).write_text("")
    walk = Walk(str(root), "outputs")
    assert set(_names(walk)) == {
        "outputs/a",
        "outputs/A",
        "outputs/x%5Cy",
        "outputs/x_y",
        "outputs/caf%E9",
        "outputs/caf%E8",
        "outputs/new%0Aline",
        "outputs/ s ",
        "outputs/dot.",
        "outputs/q?#%20",
        "outputs/f%FF/x",
        "outputs/" + "n" * 255,
    }
    assert list(_reasons(walk).values()) == ["a name of more than 255 bytes"]


def test_a_tree_deeper_than_the_stack_is_walked(root, monkeypatch):
    """1,500 folders: what lies too deep is named, nothing is raised, its neighbours are kept."""
    monkeypatch.chdir(root)
    for _ in range(1500):
        Path("d").mkdir()
        os.chdir("d")
    Path("deep").write_text("")
    monkeypatch.undo()
    try:
        walk = Walk(str(root), "outputs")
    finally:
        # Python's own removal recurses, and so would that of old folders of tests.
        subprocess.run(["rm", "-rf", root / "d"], check=True)
    assert _names(walk) == ["outputs/a"]
    (only,) = walk.left_out
    assert only.reason == "more than 256 folders deep"
    assert len(told(walk.left_out, "it")) < 400


def test_a_folder_that_cannot_be_read_is_named_or_refused(root, monkeypatch):
    """What is in it may matter: a snapshot without it would be another one."""
    (root / "locked").mkdir()
    real = os.scandir

    def scandir(place):
        if str(place).endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return real(place)

    monkeypatch.setattr(os, "scandir", scandir)
    assert _reasons(Walk(str(root))) == {"locked": "cannot be read (Permission denied)"}
    with pytest.raises(InvalidRequest, match=r"locked cannot be read: Permission denied"):
        Walk(str(root), exact=True)


def test_a_file_where_a_folder_was_is_named(root, tmp_path):
    """A script that replaced `outputs` by a file hears what became of it."""
    reason = "cannot be read (Not a directory)"
    assert _reasons(Walk(str(root / "a"), "outputs")) == {"outputs": reason}
    assert Walk(str(tmp_path / "none")).left_out == []


def _state(place: Path) -> Path:
    for name in ("runs/r/work", "runs/r/logs", "datastores/w/d"):
        (place / name).mkdir(parents=True)
        (place / name / "f").write_text("f")
    (place / "secret").write_text("s")
    (place / "runyard.db").write_text("d")
    return place


def test_the_files_of_a_service_are_never_taken(root, tmp_path):
    """Whatever its folder is called, and however a link leads into it."""
    _state(root / "deep" / "anything")
    elsewhere = _state(tmp_path / "elsewhere")
    (root / "link").symlink_to(elsewhere)
    (root / "key").symlink_to(elsewhere / "secret")
    (root / "logs").symlink_to(elsewhere / "runs" / "r" / "logs")
    (root / "data").symlink_to(elsewhere / "datastores" / "w" / "d")
    (root / "work").symlink_to(elsewhere / "runs" / "r" / "work")
    walk = Walk(str(root))
    assert _names(walk) == ["a", "work/f"]
    assert _reasons(walk) == dict.fromkeys(
        ["deep/anything", "link", "key", "logs", "data"], trees.OWN_FOLDER
    )
    with pytest.raises(InvalidRequest, match="give another folder"):
        Walk(str(elsewhere))


def test_our_own_state_folder_counts_before_it_is_filled(root, monkeypatch):
    """A client of a service elsewhere keeps metrics to be sent there, and nothing else."""
    (root / "state" / "spool").mkdir(parents=True)
    (root / "state" / "spool" / "x").write_text("")
    monkeypatch.setenv("RUNYARD_HOME", str(root / "state"))
    assert _names(Walk(str(root))) == ["a"]


def test_a_job_in_its_services_folder_keeps_its_files(tmp_path, monkeypatch):
    """The working folder of a run lies below the state folder, and is the user's."""
    state = _state(tmp_path / "state")
    monkeypatch.setenv("RUNYARD_HOME", str(state))
    work = state / "runs" / "r" / "work"
    (work / "outputs").mkdir()
    (work / "outputs" / "to-f").symlink_to("../f")
    (work / "outputs" / "key").symlink_to("../../../../secret")
    walk = Walk(str(work / "outputs"))
    assert _names(walk) == ["to-f"]
    assert _reasons(walk) == {"key": trees.OWN_FOLDER}


def test_the_first_of_each_reason_are_named_and_the_rest_counted():
    """One text, however many there are."""
    many = [trees.LeftOut(f"p{n:02}", "a fifo") for n in range(25)]
    text = told([*many, trees.LeftOut("g", trees.NOTHING)], "the snapshot")
    assert text.startswith("left out of the snapshot: 'p00', 'p01'")
    assert "'p09' and 15 more (a fifo); 'g' (a link to nothing)" in text
