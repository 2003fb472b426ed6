"""A wheel of the user's own is installed by its address, and is the file that was added."""

import hashlib
import shutil
import subprocess

import pytest

from runyard.protocol.environments import EnvironmentDefinition, wheel_address
from runyard_server.environments import EnvironmentFailed


@pytest.fixture
def mine(room):
    """A wheel on a datastore; the folder of wheels has what it needs."""
    room.wheel("mine", "1.0", "alpha<2")
    name = "mine-1.0-py3-none-any.whl"
    place = room.datastores / "ws" / "store" / "azureml-private-packages"
    place.mkdir(parents=True)
    return shutil.move(room.wheels / name, place / name)


def _address(path):
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return wheel_address("ws", "store", path.name, digest)


def test_a_wheel_of_ones_own_is_installed(room, mine):
    """With what it depends on; the lock names address and hash, and no path of this machine."""
    lock = room.lock(room.definition(_address(mine)))
    assert str(room.datastores) not in lock.requirements
    assert "mine @ runyard://ws/store/azureml-private-packages/mine-1.0" in lock.requirements
    assert hashlib.sha256(mine.read_bytes()).hexdigest() in lock.requirements
    environment = room.realise(lock)
    code = "import mine, alpha; print(mine.version, alpha.version)"
    shown = subprocess.check_output([environment.interpreter, "-c", code])
    assert shown == b"1.0 1.0\n"


def test_another_file_is_never_taken_for_it(room, mine):
    """What is in its place now was not what was looked at when it was added."""
    address = _address(mine)
    room.wheel("mine", "1.0")
    shutil.copy(room.wheels / mine.name, mine)
    with pytest.raises(EnvironmentFailed, match="is another one than was added"):
        room.lock(room.definition(address))
    mine.unlink()
    with pytest.raises(EnvironmentFailed, match="not on its datastore any more"):
        room.lock(room.definition(address))


@pytest.mark.parametrize(
    "path", ["ws/../store/x", "a/b/c.whl", "ws/store/other/x-1-py3-none-any.whl"]
)
def test_only_wheels_that_were_added_have_an_address(room, path):
    """An address leads to no other file of the machine."""
    with pytest.raises(EnvironmentFailed, match="add_private_pip_wheel"):
        room.lock(EnvironmentDefinition(pip=[f"runyard://{path}"]))
