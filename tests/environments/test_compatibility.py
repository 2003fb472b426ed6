"""TensorFlow 1.x where no Python for it can be had: which lock it gets, and when it gets none."""

import pytest

from runyard.protocol import compatibility as protocol
from runyard.protocol import frameworks
from runyard_server.environments import EnvironmentFailed, interpreters
from runyard_server.environments.interpreters import Interpreter

ROW = frameworks.find("TensorFlow", "1.13")
# As the estimator sends it.
ASKED = {"python": "3.7", "as_of": "2019-04-27", "as_of_from": "TensorFlow 1.13"}
OLD_PYTHON = Interpreter("/nowhere/python3.7", (3, 7, 16))


@pytest.fixture
def pythons(monkeypatch):
    """The Pythons of the machine: the service's own, and those that a test adds."""
    found = [interpreters.own()]
    monkeypatch.setattr(interpreters, "everything", lambda: found)
    monkeypatch.setattr(interpreters, "HELD_SECONDS", 0.0)
    return found


@pytest.fixture
def room(room, pythons):
    """A folder of wheels with TensorFlow of today, and with what goes with it."""
    room.wheel("tensorflow_cpu", "2.21.0")
    room.wheel("tensorboard", "2.20.0")
    room.wheel("tf_keras", "2.21.0", "tensorflow<2.22,>=2.21")
    room.wheel("old", "0.9", tag="cp37-none-any")
    room.wheel("old", "2.0")
    return room


def asked(room, *more: str, **fields: str):
    """What the estimator for TensorFlow 1.13 sends, with packages of the user's."""
    return room.definition(*ROW.pip, *more, **{**ASKED, **fields})


def test_without_its_python_todays_tensorflow_takes_its_place(room):
    """Keras 2 comes along, pins of 2019 are given up where they have no builds, and all is told."""
    lock = room.lock(asked(room, "keras", "old==0.9", "alpha==1.0"))
    pins = [line.split(" ")[0] for line in lock.requirements.splitlines() if "==" in line[:40]]
    assert pins[:-1] == [
        *("alpha==1.0", "old==2.0", "tensorboard==2.20.0"),
        *("tensorflow-cpu==2.21.0", "tf-keras==2.21.0"),
    ]
    assert protocol.told(lock.requirements) == "tensorflow==1.13.1 on tensorflow-cpu==2.21.0"
    first, second = lock.notes
    assert "TensorFlow 1.13.1 needs Python 3.7, which could not be had" in first
    assert "TensorFlow 2.21.0 in compatibility mode" in first
    assert second == "old==0.9: the newest that fits TensorFlow 2.21.0 is used"
    assert set(lock.notes) <= set(room.lines)
    assert any(line.startswith("there is no Python 3.7 on this machine") for line in room.lines)
    plain = room.lock(room.definition(*pins[:-1]))
    assert plain.requirements == lock.requirements.rpartition("# compat")[0]
    assert plain.digest != lock.digest


def test_a_run_once_more_has_the_same_environment(room):
    """Its definition is made of the lock, and says what the lock says."""
    lock = room.lock(asked(room))
    lines = [
        line for line in lock.requirements.replace("\\\n", " ").splitlines() if line[:1] != "#"
    ]
    told = protocol.told(lock.requirements)
    again = room.lock(room.definition(*lines, python=lock.python, compatibility=told))
    assert (again.digest, again.notes) == (lock.digest, [])
    with pytest.raises(EnvironmentFailed, match="is nothing that a lock says"):
        room.lock(room.definition("alpha", compatibility="tensorflow"))


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"compatibility": "strict"}, "is refused by compatibility='strict'$"),
        ({"as_of_from": ""}, "is younger than as_of='2019-04-27'$"),
        ({"python": "3.9"}, "^there is no Python 3.9"),
    ],
)
def test_nothing_takes_its_place_where_that_is_not_wanted(room, fields, why):
    """By the word for it, by a day that the user gave, and by a Python that it never had."""
    with pytest.raises(EnvironmentFailed, match=why):
        room.lock(asked(room, **fields))


def test_the_settings_may_refuse_it_for_all(room):
    """Versions that stand for older ones, too, and runs once more."""
    object.__setattr__(room.environments._settings, "environments_compatibility", "strict")
    with pytest.raises(EnvironmentFailed, match=r"needs? Python|there is no Python 3\.7.*strict"):
        room.lock(asked(room))
    with pytest.raises(EnvironmentFailed, match=r"1\.12 has no build .* ask for TensorFlow 1\.13$"):
        room.lock(asked(room, as_of_from="TensorFlow 1.12"))
    told = "tensorflow==1.13.1 on tensorflow-cpu==2.21.0"
    with pytest.raises(EnvironmentFailed, match="of the service's settings refuses"):
        room.lock(room.definition("alpha", compatibility=told))


def test_what_cannot_take_its_place_tells_both_reasons(room):
    """Why there is no Python, and what is the matter with today's packages."""
    with pytest.raises(
        EnvironmentFailed, match=r"(?s)no Python 3\.7 .*cannot take its place: .*nix"
    ):
        room.lock(asked(room, "nix"))


def test_a_python_that_is_installed_later_counts_at_once(room, pythons):
    """The lock that was kept is of another hash; with the Python all is as it always was."""
    hash_of = room.environments.definition_hash
    without, strictly = hash_of(asked(room)), hash_of(asked(room, compatibility="strict"))
    pythons.append(OLD_PYTHON)
    assert len({without, strictly, hash_of(asked(room))}) == 3
    assert hash_of(asked(room, compatibility="strict")) == strictly
