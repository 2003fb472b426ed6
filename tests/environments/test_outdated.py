"""Pins of 2018 that only Python 3.6 had builds for, by the real resolver."""

import pytest

from runyard_server.environments import EnvironmentFailed, interpreters
from runyard_server.environments.interpreters import Interpreter


@pytest.fixture(autouse=True)
def _pythons(monkeypatch):
    """A machine that has the oldest Python that jobs run on; the resolver needs its version."""
    own = interpreters.own()
    found = [own, Interpreter(own.path, (3, 7, 16))]
    monkeypatch.setattr(interpreters, "everything", lambda: found)


@pytest.fixture
def room(room):
    """A package whose first version has wheels for Python 3.6 alone."""
    room.wheel("old", "0.19.1", tag="cp36-none-any")
    room.wheel("old", "0.19.2", tag="cp36.cp37-none-any")
    room.wheel("old", "0.20", tag="cp37-none-any")
    return room


@pytest.mark.parametrize("python", ["3.6.2", "3.7", ""])
def test_the_next_version_with_a_build_takes_its_place(room, python):
    """Files of that time name Python 3.6, which jobs cannot run on; the run tells of it."""
    lock = room.lock(room.definition("old==0.19.1", "alpha==1.0", python=python))
    assert "old==0.19.2" in lock.requirements
    assert "alpha==1.0" in lock.requirements
    assert lock.python == "3.7.16"
    (note,) = lock.notes
    assert note.startswith("old==0.19.1 as old==0.19.2: the next with a build for Python 3.7")


def test_what_never_had_a_build_and_what_is_strict_stays(room):
    """Sources without a wheel compile on any Python; `strict` takes nothing in a pin's place."""
    with pytest.raises(EnvironmentFailed, match=r"old==0\.19\.1 has no wheel"):
        room.lock(room.definition("old==0.19.1", python="3.7", compatibility="strict"))
    with pytest.raises(EnvironmentFailed, match=r"old==0\.18"):
        room.lock(room.definition("old==0.18", python="3.7"))
    named = room.lock(room.definition("old==0.19.2", python="3.7"))
    assert ("old==0.19.2" in named.requirements, named.notes) == (True, [])
