"""Environments that are begun while versions are resolved: as exact as any, and never half."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from runyard.protocol.errors import EnvironmentFailed
from runyard_server.environments import BuildCanceled, uv_program

LINKED = '[ "$1 $2" = "pip sync" ] && touch {linked}'
AWAIT = 'if [ "$1 $2" = "pip compile" ]; then until [ -e {linked} ]; do sleep 0.01; done; fi'


def _until(true, seconds=60):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _uv(room, monkeypatch, *lines: str):
    """Put a script in uv's place, which notes what it is called for."""
    path, calls = room.folder.parent / "noting-uv", room.folder.parent / "calls"
    text = "\n".join(lines).replace("{linked}", str(room.folder.parent / "linked"))
    path.write_text(f'#!/bin/sh\necho $1 $2 >> {calls}\n{text}\nexec {uv_program.program()} "$@"\n')
    path.chmod(0o755)
    monkeypatch.setattr(uv_program, "program", lambda: str(path))
    return calls


def _before(room):
    """An environment that later ones are like."""
    room.wheel("gamma", "1.0", scripts=("greet",))
    return room.realise(room.lock(room.definition("alpha==1.0", "gamma")))


def _begun(room, *requirements: str):
    """The lock of a definition whose environment is begun meanwhile."""
    definition = room.definition(*requirements)
    return room.environments.lock(definition, room.lines.append, begin=True)


def _drafts(room):
    folder = room.folder / ".drafts"
    return sorted(each.name for each in folder.iterdir()) if folder.exists() else []


def _imported(environment, code):
    return subprocess.check_output([environment.interpreter, "-c", code], text=True).strip()


def test_what_is_known_is_linked_while_versions_are_resolved(room, monkeypatch):
    """The resolver waits for the linking here, which would be for ever were it done afterwards."""
    before = _before(room)
    calls = _uv(room, monkeypatch, AWAIT, LINKED)
    lock = _begun(room, "alpha==2.0", "gamma")
    environment = room.realise(lock)
    assert calls.read_text().count("venv") == 1
    assert _imported(environment, "import alpha, gamma; print(alpha.version)") == "2.0"
    # All that is in it is the lock's, in its own place; the one of before is as it was.
    there = {path.name for path in Path(environment.folder).glob("lib/*/site-packages/*.dist-info")}
    assert there == {"alpha-2.0.dist-info", "gamma-1.0.dist-info"}
    assert environment.folder == str(room.folder / lock.digest)
    said = subprocess.check_output([Path(environment.folder, "bin", "greet")], text=True)
    assert said.strip() == environment.folder
    assert _imported(before, "import alpha; print(alpha.version)") == "1.0"
    assert " s] ready after" in room.log
    _until(lambda: _drafts(room) == [])


def test_what_is_not_like_it_is_not_begun(room, monkeypatch):
    """Packages that nobody asks for any more may be most of what is there."""
    _before(room)
    calls = _uv(room, monkeypatch)
    lock = _begun(room, "beta")
    assert "venv" not in calls.read_text()
    assert _imported(room.realise(lock), "import beta; print(beta.version)") == "1.0"


def test_versions_that_do_not_fit_leave_nothing(room, monkeypatch):
    """What was begun goes with the attempt to resolve; its process, too."""
    _before(room)
    _uv(room, monkeypatch, AWAIT, LINKED)
    with pytest.raises(EnvironmentFailed, match="alpha==3"):
        _begun(room, "alpha==3.0", "gamma")
    _until(lambda: _drafts(room) == [])


def test_a_killed_builder_costs_no_more_than_its_work(room, monkeypatch):
    """After kill -9 the environment is made from the beginning, and the rest is removed."""
    _before(room)
    parent = room.folder.parent / "parent"
    _uv(room, monkeypatch, AWAIT, f'[ "$1 $2" = "pip sync" ] && echo $PPID > {parent}', LINKED)
    lock = _begun(room, "alpha==2.0", "gamma")
    os.kill(int(parent.read_text()), signal.SIGKILL)
    environment = room.realise(lock)
    assert _imported(environment, "import alpha; print(alpha.version)") == "2.0"
    assert _drafts(room)
    _begun(room, "alpha", "gamma")
    room.environments.close()
    _until(lambda: _drafts(room) == [])


def test_a_builder_that_stumbles_costs_no_more_than_its_work(room, monkeypatch):
    """What it met in the environment of before says nothing of the lock."""
    before = _before(room)
    (room.folder / f"{Path(before.folder).name}.txt").write_bytes(b"\xff")
    calls = _uv(room, monkeypatch)
    environment = room.realise(_begun(room, "alpha==2.0", "gamma"))
    assert _imported(environment, "import alpha; print(alpha.version)") == "2.0"
    assert calls.read_text().count("venv") == 1
    _until(lambda: _drafts(room) == [])


def test_a_canceled_run_leaves_no_draft(room, monkeypatch):
    """A cancel while the lock is installed ends the builder and removes what it has made."""
    _before(room)
    last = room.folder.parent / "last"
    wait = f'[ -e {last} ] && [ "$1 $2" = "pip sync" ] && {{ echo $$ > {last}; sleep 60; }}'
    _uv(room, monkeypatch, AWAIT, wait, LINKED)
    lock = _begun(room, "alpha==2.0", "gamma")
    last.touch()
    with pytest.raises(BuildCanceled):
        room.realise(lock, lambda: bool(last.read_text().strip()))
    assert not any(path.is_dir() for path in (room.folder / ".drafts").iterdir())
    assert room.environments.realised(lock) is None
    _until(lambda: not Path("/proc", last.read_text().strip()).exists())
