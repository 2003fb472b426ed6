"""The newest Python that has wheels for what is pinned, by the real resolver."""

import io
import sys
import tarfile

import pytest

from runyard_server.environments import EnvironmentFailed, interpreters, selection
from runyard_server.environments.inputs import Inputs
from runyard_server.environments.interpreters import Interpreter

OWN = "{}.{}.{}".format(*sys.version_info[:3])


@pytest.fixture(autouse=True)
def _pythons(monkeypatch):
    """A machine with two old Pythons more; the resolver only needs their versions."""
    own = interpreters.own()
    found = [own, Interpreter(own.path, (3, 9, 1)), Interpreter(own.path, (3, 8, 2))]
    monkeypatch.setattr(interpreters, "everything", lambda: found)


def _sources(room, name, version):
    """Put the sources of a package into the folder of wheels."""
    head = f"{name}-{version}"
    text = f"Metadata-Version: 2.2\nName: {name}\nVersion: {version}\n".encode()
    with tarfile.open(room.wheels / f"{head}.tar.gz", "w:gz") as archive:
        for path, data in ((f"{head}/PKG-INFO", text), (f"{head}/setup.py", b"raise SystemExit")):
            member = tarfile.TarInfo(path)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


@pytest.mark.parametrize("requirement", ["old==0.9", "old<1", "old~=0.9.0", "old==0.*"])
def test_a_pin_of_old_days_gets_the_newest_python_with_a_wheel(room, requirement):
    """Building it on today's Python would end in a compiler's traceback."""
    room.wheel("old", "0.9", tag="cp38.cp39-none-any")
    room.wheel("old", "2.0")
    lock = room.lock(room.definition(requirement, "alpha"))
    assert lock.python == "3.9.1"
    (note,) = lock.notes
    assert requirement in note
    assert OWN in note
    assert "Python 3.9.1 is used" in note
    assert note in room.lines


def test_all_that_is_pinned_counts(room):
    """The newest Python is that which has every wheel, also where each pin has newer ones."""
    room.wheel("old", "0.9", tag="cp38.cp39-none-any")
    room.wheel("older", "0.9", tag="cp38-none-any")
    lock = room.lock(room.definition("older<1", conda=["old=0.9"]))
    assert lock.python == "3.8.2"


def test_what_a_pin_brings_counts_too(room):
    """A package for any Python may pin one that has wheels for old ones alone."""
    room.wheel("old", "0.9", tag="cp39-none-any")
    room.wheel("above", "1.0", "old==0.9")
    assert room.lock(room.definition("above==1.0")).python == "3.9.1"


def test_a_python_that_was_asked_for_stays(room):
    """Who names one is told where the wheel is, and is not overruled."""
    room.wheel("old", "0.9", tag="cp39-none-any")
    with pytest.raises(
        EnvironmentFailed, match=rf"(?s)^old==0.9 has no wheel for .*{OWN}.*3\.9\.1"
    ):
        room.lock(room.definition("old==0.9", python=OWN))
    _sources(room, "old", "0.9")
    definition = room.definition("old==0.9", python=OWN)
    lock = room.lock(definition)
    assert lock.python == OWN
    (told,) = room.environments.explain(definition, lock)
    assert "it has one for Python 3.9.1" in told


def test_a_package_that_never_had_wheels_is_named(room):
    """It is built from its sources on the usual Python, and whoever sees it fail knows why."""
    _sources(room, "never", "0.9")
    definition = room.definition("never==0.9", "alpha==1.0")
    lock = room.lock(definition)
    assert (lock.python, lock.notes) == (OWN, [])
    told = "never==0.9 has no wheel for any Python here and is built from its sources"
    assert told in room.lines
    assert room.environments.explain(definition, lock) == [told]


def test_todays_pins_change_nothing(room):
    """Whoever pins what has a wheel gets the usual Python, without questions to others."""
    lock = room.lock(room.definition("alpha==1.0", "beta"))
    assert (lock.python, lock.notes) == (OWN, [])
    assert sum("resolving" in line for line in room.lines) == 1


def test_the_reason_is_no_part_of_the_lock(room):
    """Who then names that Python gets the same environment, and is told nothing."""
    room.wheel("old", "0.9", tag="cp39-none-any")
    told = room.lock(room.definition("old==0.9"))
    named = room.lock(room.definition("old==0.9", python="3.9.1"))
    assert (named.digest, named.requirements) == (told.digest, told.requirements)
    assert (len(told.notes), named.notes) == (1, [])


def test_only_upper_bounds_can_be_too_old():
    """What has none is taken in a version of today; what the user builds needs no wheel."""
    requirements = (
        "a==1", "b<2,>=1", "c~=1.0", "d[x]<=3; python_version<'4'", "e>=1", "f!=2", "g",
        "h @ https://x.example/h-1.zip", "i==1", "horovod==0.28.1", "j;python_version=='3.7'",
    )  # fmt: skip
    inputs = Inputs("p", requirements=requirements, options=("--no-binary i",))
    assert [each[0] for each in selection.bounded(inputs)] == ["a", "b", "c", "d"]
    inputs = Inputs("p", requirements=("a==1",), options=("--no-binary :all:",))
    assert selection.bounded(inputs) == []
