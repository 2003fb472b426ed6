"""The state folder."""

import os
import threading
from pathlib import Path

import pytest

from runyard.protocol.errors import InvalidRequest
from runyard_server.store.home import Home


def test_the_folders_are_made_for_the_owner_alone(tmp_path: Path) -> None:
    """Other users of the machine do not see what the service keeps."""
    home = Home(tmp_path / "state")
    home.create()
    home.create()
    assert home.root.stat().st_mode & 0o777 == 0o700
    assert home.blobs.is_dir()
    assert home.datastore("default", "workspaceblobstore").parent.parent == home.datastores


def test_there_is_one_secret(tmp_path: Path) -> None:
    """Two services starting at once agree on the secret; nobody else can read it."""
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(Home(tmp_path / "state").secret()))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found[0]) == 32
    assert Home(tmp_path / "state").secret_file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["secret"]


def test_what_a_killed_service_left_half_way_is_swept(tmp_path: Path) -> None:
    """Uploads that were killed do not fill the disk for ever; what is whole stays."""
    home = Home(tmp_path / "state")
    home.create()
    store = home.datastore("default", "workspaceblobstore")
    half = [
        home.blobs / ".incoming" / ".runyard-7-abc",
        store.parent / ".incoming" / ".runyard-7-def",
        home.environments / "lock.0a0a.tmp",
        home.root / ".service.json.0a0a",
        home.light / ".hash.0a0a" / "runyard" / "x.py",
    ]
    whole = [home.blobs / "sha256" / "ab" / "cd", store / ".hidden", home.light / "hash" / "x.py"]
    for path in half + whole:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    assert home.sweep() == len(half)
    assert [path for path in half + whole if path.exists()] == whole
    assert home.sweep() == 0


def test_what_another_process_just_writes_is_not_swept(tmp_path: Path) -> None:
    """Of several that share a folder one may start while another begins to lead."""
    home = Home(tmp_path / "state")
    home.create()
    new, old = home.light / ".hash.0a0a", home.light / ".hash.0b0b"
    for folder in (new, old):
        folder.mkdir(parents=True)
    os.utime(old, (1, 1))
    assert home.sweep(shared=True) == 1
    assert (new.exists(), old.exists()) == (True, False)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_nothing_in_it_is_for_others_whatever_the_umask_is(tmp_path: Path, umask: int) -> None:
    """Specs and logs of runs hold secrets of their owner: 0700 for folders, 0600 for files."""
    before = os.umask(umask)
    try:
        home = Home(tmp_path / "state")
        home.create()
        home.secret()
    finally:
        os.umask(before)
    for path in (home.root, *home.root.rglob("*")):
        wanted = 0o700 if path.is_dir() else 0o600
        assert path.stat().st_mode & 0o777 == wanted, path


def test_what_was_open_to_others_is_closed_at_the_start(tmp_path: Path) -> None:
    """A state folder of an older version, or one that came from a copy, is tightened."""
    home = Home(tmp_path / "state")
    run = home.run("r1")
    run.mkdir(parents=True)
    (home.logs).mkdir()
    files = [
        home.secret_file,
        home.database,
        home.root / "runyard.db-wal",
        home.root / "runyard.db.schema-0001",
        home.service_log,
        home.connection_file,
    ]
    for file in files:
        file.touch()
        file.chmod(0o644)
    for folder in (home.root, run, home.logs):
        folder.chmod(0o755)
    home.create()
    assert [oct(path.stat().st_mode & 0o777) for path in files] == ["0o600"] * len(files)
    assert [oct(p.stat().st_mode & 0o777) for p in (home.root, run, home.logs)] == ["0o700"] * 3


@pytest.mark.parametrize("content", [b"", b"short", b"\0" * 32])
def test_a_secret_that_could_be_guessed_is_refused(tmp_path: Path, content: bytes) -> None:
    """A file that a full disk left empty must not become the key of all tokens."""
    home = Home(tmp_path)
    home.secret_file.write_bytes(content)
    with pytest.raises(InvalidRequest, match="copy") as error:
        home.secret()
    assert str(home.secret_file) in error.value.message
    assert home.secret_file.read_bytes() == content


def test_a_folder_of_all_users_is_not_taken(tmp_path: Path) -> None:
    """Closing /tmp to others would stop the whole machine."""
    tmp_path.chmod(0o1777)
    with pytest.raises(InvalidRequest, match="RUNYARD_HOME"):
        Home(tmp_path).create()
    assert list(tmp_path.iterdir()) == []


def test_the_state_of_another_user_is_left_alone(tmp_path: Path) -> None:
    """What root writes into somebody's state folder its owner could not use any more."""
    home = Home(tmp_path)
    home.secret_file.write_bytes(os.urandom(32))
    os.chown(home.secret_file, 12345, -1)
    with pytest.raises(InvalidRequest, match="12345"):
        home.create()
