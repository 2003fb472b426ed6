"""The day of a workspace: kept with what is submitted, where nothing nearer has a day."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from runyard.protocol.endpoints import DeploymentSpec
from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.files import FileEntry
from runyard.protocol.images import CreateImage
from runyard.protocol.runs import RunSpec, SubmitRun
from runyard.protocol.snapshots import CreateSnapshot
from runyard.protocol.sweeps import CreateSweep, Objective, ParameterSpec, SweepSpec
from runyard.protocol.workspaces import ChangeWorkspace
from runyard_server.core.system import System
from runyard_server.operations import images, runs, snapshots, sweeps, workspaces

W = "default"
DAY = "2019-08-01"


@pytest.fixture
def spec(system: System, store_text: Callable[..., FileEntry]) -> RunSpec:
    """A run of a script with one package."""
    snapshot = snapshots.create(system, W, body=CreateSnapshot([store_text("train.py", "")])).id
    packages = EnvironmentDefinition(pip=["keras"])
    return RunSpec("mnist", snapshot, "train.py", environment=packages)


def of_day(system: System, day: str) -> None:
    workspaces.change(system, W, ChangeWorkspace(as_of=day))


def submitted(system: System, spec: RunSpec, **changes: object) -> EnvironmentDefinition:
    """The environment that a run is kept with."""
    own = replace(spec, environment=replace(spec.environment, **changes))
    run = runs.submit(system, W, body=SubmitRun(own)).id
    return runs.spec(system, W, run).environment


def test_what_is_nearer_has_its_own_day(system: System, spec: RunSpec) -> None:
    """An environment's day, a framework's, and `now` stand before that of the workspace."""
    assert submitted(system, spec) == spec.environment
    of_day(system, DAY)
    kept = submitted(system, spec)
    assert (kept.as_of, kept.as_of_from) == (DAY, "workspace default")
    of_framework = {"as_of": "2020-02-01", "as_of_from": "TensorFlow 2.1"}
    kept = submitted(system, spec, **of_framework)
    assert (kept.as_of, kept.as_of_from) == ("2020-02-01", "TensorFlow 2.1")
    assert submitted(system, spec, as_of="now").as_of == "now"
    assert submitted(system, spec, user_managed=True).as_of == ""
    of_day(system, "")
    assert submitted(system, spec) == spec.environment


def test_trials_and_replicas_have_the_day_of_their_submission(
    system: System, spec: RunSpec
) -> None:
    """What comes later gets the packages of what came first, whatever is set by then."""
    of_day(system, DAY)
    space, objective = [ParameterSpec("lr", "number", low=0.0, high=1.0)], [Objective("loss")]
    sweep = sweeps.create(
        system, W, body=CreateSweep(SweepSpec("exp", space, objective, max_trials=1, base=spec))
    )
    served = DeploymentSpec([], entry_script="train.py", snapshot=spec.snapshot)
    served = replace(served, environment=spec.environment)
    image = images.create(system, W, body=CreateImage("image", served))
    of_day(system, "2021-01-01")
    kept = sweeps.get(system, W, sweep.id).spec.base
    assert kept is not None
    assert kept.environment.as_of == DAY
    assert runs.spec(system, W, image.run).environment.as_of == DAY


@pytest.mark.parametrize("day", ["2019", "1.8.2019", "20190801", "yesterday"])
def test_what_is_no_day_is_refused(system: System, day: str) -> None:
    """Before a run would fail with it."""
    with pytest.raises(InvalidRequest, match=f"as_of is '{day}', which is no day"):
        of_day(system, day)
    assert workspaces.get(system, W).as_of == ""
