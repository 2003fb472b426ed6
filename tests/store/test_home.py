"""The state folder."""

import threading
from pathlib import Path

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
