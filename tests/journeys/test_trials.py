"""Trials that a process makes while its service goes away and comes back."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runyard import Experiment, Sweep, Workspace, uniform
from runyard.client import discovery
from runyard.protocol.errors import ServiceUnreachable
from runyard.sdk.exceptions import AzureMLException
from runyard.sdk.trials import Trials
from runyard_server.testing.services import RunningService, running_service

TRIALS = 400


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningService]:
    monkeypatch.setenv("RUNYARD_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    with running_service(tmp_path / "home") as made:
        yield made
    discovery.forget()


@pytest.fixture
def experiment(service: RunningService, monkeypatch: pytest.MonkeyPatch) -> Experiment:
    made = Experiment(Workspace.create("w"), "exp")
    # The client would start a service itself.
    monkeypatch.setattr(made.workspace.service.connection, "_recover", None)
    return made


def opened(experiment: Experiment) -> Trials:
    """Begin a sweep, or go on with it."""
    sweep = Sweep({"x": uniform(0, 1)}, {"loss": "minimize"}, max_trials=TRIALS)
    return sweep.open(experiment, "quick")


def test_a_service_that_is_killed_while_trials_are_made(
    service: RunningService, experiment: Experiment
) -> None:
    """The loop goes on with what it has, waits, and no trial is lost or doubled."""

    def restart() -> None:
        time.sleep(0.3)
        service.kill()
        service.start()
        connection = experiment.workspace.service.connection
        connection.url, connection.token = service.url, service.token

    breaker = threading.Thread(target=restart)
    trials, told = opened(experiment), []
    breaker.start()
    for trial in trials:
        told.append(trial.number)
        time.sleep(0.002)
        trial.tell(trial.number)
    breaker.join()
    assert sorted(told) == list(range(TRIALS))
    assert [each.value for each in trials.get_children()] == list(range(TRIALS))


def test_no_service_no_sweep(service: RunningService, experiment: Experiment) -> None:
    """Opening says that the service is away, and nothing is left behind."""
    service.stop()
    with pytest.raises(AzureMLException) as caught:
        opened(experiment)
    assert isinstance(caught.value.__cause__, ServiceUnreachable)
    assert not list((service.home / "spool").glob("*/*.trials"))
