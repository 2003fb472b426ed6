"""One service per state folder, and only where locks hold."""

import errno
import fcntl
import os
from pathlib import Path

import pytest

from runyard.client import holder
from runyard_server.app import claim
from runyard_server.app.ending import ALREADY_RUNS, UNUSABLE_HOME, Ending
from runyard_server.store.home import Home


@pytest.fixture
def home(tmp_path):
    """A state folder."""
    found = Home(tmp_path / "home")
    found.create()
    return found


def test_a_claim_keeps_others_out_until_it_is_released(home, monkeypatch):
    """Two services never have one folder, and the next has it as soon as the first ended."""
    monkeypatch.setattr(claim, "PATIENCE_SECONDS", 0.1)
    first = claim.Claim(home)
    with pytest.raises(Ending) as refused:
        claim.Claim(home)
    assert refused.value.status == ALREADY_RUNS
    first.release()
    claim.Claim(home).release()


def test_the_one_who_has_the_folder_is_named(home):
    """Whoever starts a second service is told at once where the first one is."""
    first = claim.Claim(home)
    home.connection_file.write_text('{"pid": 4711, "url": "http://127.0.0.1:1234"}')
    with pytest.raises(Ending, match=r"process 4711 at http://127.0.0.1:1234.*runyard stop"):
        claim.Claim(home)
    first.release()


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_without_locks_is_refused(home, number):
    """Where the system cannot lock, the hint says which folder to set."""

    def lock(_file, _operation) -> None:
        raise OSError(number, os.strerror(number))

    with pytest.raises(Ending, match="RUNYARD_HOME") as refused:
        claim.Claim(home, lock)
    assert refused.value.status == UNUSABLE_HOME


def test_a_lock_that_holds_nobody_is_refused(home):
    """Some network file systems let everybody have the lock: two services would write."""
    with pytest.raises(Ending, match="taken twice"):
        claim.Claim(home, lambda _file, _operation: None)


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "fuse.sshfs"])
def test_network_file_systems_are_refused(tmp_path, kind):
    """A home on NFS is refused by its kind, with the hint."""
    with pytest.raises(Ending, match=f"{kind}.*RUNYARD_HOME"):
        claim.check_file_system(tmp_path, kind)


@pytest.mark.parametrize(
    "kind", ["ext2/ext3", "ext4", "xfs", "btrfs", "tmpfs", "overlay", "apfs", ""]
)
def test_local_file_systems_pass(tmp_path, kind):
    """What people have on their machines is not refused by mistake."""
    claim.check_file_system(tmp_path, kind)


@pytest.mark.parametrize("name", ["with space", "Größe \u2028", "\udcff"])
def test_the_kind_of_a_file_system_is_that_of_its_mount(monkeypatch, tmp_path, name):
    """The innermost mount decides, also where its name has a space or is no ASCII."""
    inner = tmp_path / name
    inner.mkdir()
    mounts = (
        "22 1 0:1 / / rw - ext4 /dev/sda rw\n"
        f"23 22 0:2 / {tmp_path} rw shared:1 - xfs /dev/sdb rw\n"
        f"24 23 0:3 / {str(inner).replace(' ', chr(92) + '040')} rw - nfs4 server:/x rw\n"
    )
    read = Path.read_text
    monkeypatch.setattr(
        Path, "read_text", lambda p, *a: mounts if p.name == "mountinfo" else read(p, *a)
    )
    monkeypatch.setattr("sys.platform", "linux")
    assert claim.filesystem(inner) == "nfs4"
    assert claim.filesystem(tmp_path / "other") == "xfs"
    assert claim.filesystem(Path("/usr")) == "ext4"


def test_a_refused_claim_leaves_no_lock_behind(home):
    """After a failure somebody else can still have the folder."""
    with pytest.raises(Ending):
        claim.Claim(home, lambda _file, _operation: None)
    with home.life_lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_who_shares_a_folder_is_found(home):
    """A client that looks for the service neither starts another nor says that none is there."""
    first, second = claim.Claim(home, shared=True), claim.Claim(home, shared=True)
    assert holder.find(home.root).pid == os.getpid()
    first.release()
    assert holder.is_held(home.root)
    second.release()
    assert not holder.is_held(home.root)
