"""What is made of environments: listed with its use and size, and deleted from the cache."""

from pathlib import Path

import pytest

from runyard.protocol.environments import LockQuery, LockRecord
from runyard.protocol.errors import EnvironmentNotFound, WrongState
from runyard.protocol.runs import StartRun
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.operations import environments, runs
from runyard_server.store import runs as rows

W = "default"


@pytest.fixture
def made(system: System) -> Path:
    """The folder of an environment that is made, of 1,000 bytes beside its mark."""
    environments.keep_lock(system, "d", LockRecord("lock", "3.11.9", "numpy==1.26.4\n"))
    folder = system.home.environments / "lock"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/python").write_bytes(b"x" * 1000)
    (folder / "ready.json").write_text("{}")
    (system.home.environments / "lock.log").write_text("resolving\n")
    return folder


def test_a_made_environment_is_told_with_its_use(system: System, made: Path) -> None:
    """Whoever wants room sees what takes it, and whether anybody uses it."""
    run = _user(system, "lock")
    one = environments.locks(system, W, LockQuery()).items[0]
    assert (one.digest, one.size, one.runs, one.log) == ("lock", 1002, 1, True)
    assert one.made_at is not None
    assert one.used_at is not None
    assert made.exists()
    assert environments.locks(system, W, LockQuery("other")).items == []
    assert environments.build_log(system, W, "lock").path.read_text() == "resolving\n"
    found = runs.search(system, W, body=runs.Search("environment = 'lock'"))
    assert [each.id for each in found.items] == [run]


def test_locks_that_are_neither_made_nor_used_are_not_told(system: System) -> None:
    """What was only resolved once would fill the list with what nobody can act on."""
    environments.keep_lock(system, "d", LockRecord("lock", "3.11.9", "numpy==1.26.4\n"))
    assert environments.locks(system, W, LockQuery()).items == []


def test_an_environment_in_use_is_not_deleted(system: System, made: Path) -> None:
    """The files of a job that runs must not go away under it."""
    run = _user(system, "lock")
    with pytest.raises(WrongState, match=run):
        environments.evict(system, W, "lock")
    assert made.exists()
    runs.complete(system, W, run)
    environments.evict(system, W, "lock")
    assert not made.exists()
    assert list(system.home.environments.glob("*.tmp")) == []
    # The lock stays: what a run was given is a part of its history.
    assert environments.lock(system, W, "lock").requirements == "numpy==1.26.4\n"
    with pytest.raises(EnvironmentNotFound, match="not in the cache"):
        environments.evict(system, W, "lock")


def _user(system: System, lock: str) -> str:
    run = runs.start(system, W, body=StartRun("mnist")).id

    def write(work: Work) -> None:
        key = rows.key_of(work.connection, W, run)
        assert key is not None
        rows.change(work.connection, key, environment_lock=lock)

    system.write(write)
    return run
