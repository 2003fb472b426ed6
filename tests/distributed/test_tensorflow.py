"""Parameter servers and equal workers on real TensorFlow: they end as they should, and are right.

The examples are run as a user runs them. With BESIDE_ONE, as in `make soak`, a chief trains, too,
and what they reach is compared with one process.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow(seconds=35), pytest.mark.tensorflow, pytest.mark.timeout(600)]

EXAMPLES = Path(__file__).parents[2] / "examples"
OLD, NEW = "1.13", "2.21"
BESIDE_ONE = bool(os.environ.get("BESIDE_ONE"))
EPOCHS = 2
GOOD_ENOUGH, NEAR = 0.94, 0.01
SECONDS_TO_FAIL = 15.0


def submitted(machine: Any, example: str, *options: str) -> tuple[Any, str]:
    """Run an example's submit.py; give the run and what was shown."""
    from azureml.core import Experiment

    ended = subprocess.run(
        [sys.executable, str(EXAMPLES / example / "submit.py"), *options],
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=500,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    return next(Experiment(machine.workspace, example).get_runs()), ended.stdout


def estimator(machine: Any, example: str, version: str, epochs: int = EPOCHS, **more: Any) -> Any:
    """The estimator of an example: one process, unless `more` says otherwise."""
    from azureml.train.dnn import TensorFlow

    return TensorFlow(
        source_directory=str(EXAMPLES / example),
        entry_script="script.py",
        script_params={"--data-folder": machine.data_folder, "--epochs": epochs},
        compute_target=machine.cluster(more.get("node_count", 1)),
        framework_version=version,
        **more,
    )


class Alone:
    """What one process reaches in as many steps, found once per version."""

    def __init__(self) -> None:
        self._reached: dict[str, float] = {}

    def check(self, machine: Any, run: Any, version: str) -> None:
        """Check what a run of several processes reached and left, and compare it with one."""
        metrics = run.get_metrics()
        assert metrics["final_acc"] > GOOD_ENOUGH
        assert len(metrics["validation_acc"]) == EPOCHS
        assert "outputs/model/mnist-tf.model.index" in run.get_file_names()
        if not BESIDE_ONE:
            return
        if version not in self._reached:
            one = machine.submit(estimator(machine, "tf-parameter-server", version))
            self._reached[version] = machine.completed(one).get_metrics()["final_acc"]
        assert metrics["final_acc"] == pytest.approx(self._reached[version], abs=NEAR)


@pytest.fixture(scope="module")
def alone() -> Alone:
    """One process to compare with."""
    return Alone()


def test_parameter_servers_of_2019(machine, alone):
    """TensorFlow 1.13: both workers train on the server's variables, as well as one process."""
    options = ("--framework-version", OLD, "--epochs", str(EPOCHS))
    run, shown = submitted(machine, "tf-parameter-server", *options)
    assert machine.ranks(run) == {
        "worker 0": "completed",
        "worker 1": "completed",
        "ps 0": "stopped",
    }
    assert "TensorFlow 1.13.1: worker 0\nvariables on /job:ps/task:0" in shown
    assert "model saved" in shown
    other = machine.log(run, "worker_1")
    assert "TensorFlow 1.13.1: worker 1\nvariables on /job:ps/task:0" in other
    assert "model saved" not in other
    alone.check(machine, run, OLD)


if BESIDE_ONE:
    # Four processes of TensorFlow 2 and 50 s of processors: in `make test` they only find each
    # other (test_frameworks_read), and plain scripts end with their chief (runtime/test_launchers).

    def test_a_chief_coordinates(machine, alone):
        """ParameterServerStrategy: the chief decides; workers and server are stopped with it."""
        run, shown = submitted(machine, "tf-parameter-server", "--chief", "--epochs", str(EPOCHS))
        assert machine.ranks(run) == {
            "chief 0": "completed",
            "worker 0": "stopped",
            "worker 1": "stopped",
            "ps 0": "stopped",
        }
        assert "variables on /job:ps/replica:0/task:0" in shown
        alone.check(machine, run, NEW)


def test_equal_workers_stay_equal(machine, alone):
    """MultiWorkerMirroredStrategy: the same weights in both, and as good as one process."""
    run, shown = submitted(machine, "tf-multi-worker", "--epochs", str(EPOCHS))
    assert machine.ranks(run) == {"worker 0": "completed", "worker 1": "completed"}
    other = machine.log(run, "worker_1")
    for log in (shown, other):
        assert "the weights are equal on 2 workers" in log
    assert accuracies(other) == accuracies(shown)
    alone.check(machine, run, NEW)


def test_a_killed_worker_fails_the_run(machine):
    """The others would wait for it for ever: the run ends within seconds and names it."""
    from azureml.core.runconfig import TensorflowConfiguration

    equal = TensorflowConfiguration(worker_count=2, parameter_server_count=0)
    more = {"node_count": 2, "distributed_training": equal, "epochs": 10_000}
    run = machine.submit(estimator(machine, "tf-multi-worker", NEW, **more))
    machine.until(lambda: accuracies(machine.log(run, "worker_1")), "nothing is trained")
    os.kill(machine.pid(run, "worker 1"), signal.SIGKILL)
    begun = time.monotonic()
    machine.until(lambda: run.get_status() == "Failed", "the run goes on")
    assert time.monotonic() - begun < SECONDS_TO_FAIL
    message = run.get_details()["error"]["error"]["message"]
    assert message.startswith("worker 1 on ")
    assert "SIGKILL" in message
    assert machine.ranks(run) == {"worker 0": "stopped", "worker 1": "failed"}


def accuracies(log: str) -> list[str]:
    """What a worker has told after its epochs."""
    return [line for line in log.splitlines() if "validation accuracy" in line]
