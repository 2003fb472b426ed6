"""Real frameworks on several nodes: one state folder, and so one service, for the whole session.

A framework's packages are fetched and unpacked once, whoever asks first; all tests and all
workers of pytest-xdist share what was made. The nodes of the clusters are this machine. Whoever
runs these tests often names a folder in KEPT_TEST_HOME, which then stays from session to session.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
DATA = EXAMPLES / "tf-mnist" / "data"
KEPT = "KEPT_TEST_HOME"


class Machine:
    """A user's machine with a service on it, shared with other tests.

    Args:
        home: The state folder.
        worker: Part of the names of what is not shared with other workers of pytest-xdist.
    """

    def __init__(self, home: Path, worker: str) -> None:
        self.home = home
        self._worker = worker

    @property
    def workspace(self) -> Any:
        """The default workspace; the service starts if it is not there."""
        from azureml.core import Workspace

        return Workspace.from_config()

    @property
    def data_folder(self) -> Any:
        """The datastore as a mounted folder with `mnist/*.gz` in it: 12,000 images to train on."""
        datastore = self.workspace.get_default_datastore()
        datastore.upload(str(DATA), target_path="mnist", overwrite=False, show_progress=False)
        return datastore.as_mount()

    def cluster(self, nodes: int) -> Any:
        """A cluster that grows to so many nodes."""
        from azureml.core.compute import AmlCompute, ComputeTarget
        from azureml.core.compute_target import ComputeTargetException

        name = f"nodes-{nodes}-{self._worker}"
        with suppress(ComputeTargetException):
            return ComputeTarget(self.workspace, name)
        config = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", max_nodes=nodes)
        return ComputeTarget.create(self.workspace, name, config)

    def submit(self, config: Any, experiment: str = "distributed") -> Any:
        """Submit an estimator or a script configuration."""
        from azureml.core import Experiment

        return Experiment(self.workspace, experiment).submit(config)

    def completed(self, run: Any) -> Any:
        """Wait for the run's end; one that did not complete fails the test with its logs."""
        run.wait_for_completion(raise_on_error=False)
        if run.get_status() != "Completed":
            raise AssertionError(f"{run.get_details()['error']}\n{self.logs(run)}")
        return run

    def log(self, run: Any, name: str = "") -> str:
        """The text of a process's log so far: `worker_1`, `0`; "" for the only process."""
        logs: dict[str, str] = run.get_details_with_logs()["logFiles"]
        return logs.get(f"azureml-logs/70_driver_log{name and '_' + name}.txt", "")

    def logs(self, run: Any) -> str:
        """The ends of all logs of a run."""
        logs: dict[str, str] = run.get_details_with_logs()["logFiles"]
        return "\n".join(f"== {name}\n{text[-3000:]}" for name, text in logs.items())

    def ranks(self, run: Any) -> dict[str, str]:
        """The state of each process by its name; nothing for a run of one process."""
        return {one["name"]: one["status"] for one in run.get_details().get("ranks", [])}

    def pid(self, run: Any, name: str) -> int:
        """The process of a TensorFlow run by the name of its task: `worker 1`."""
        kind, index = name.split()
        wanted = {
            f"RUNYARD_RUN_ID={run.id}".encode(),
            f"AZ_BATCHAI_TASK_TYPE={kind}".encode(),
            f"AZ_BATCHAI_TASK_INDEX={index}".encode(),
        }
        for entry in Path("/proc").iterdir():
            with suppress(OSError, ValueError):
                if wanted <= set((entry / "environ").read_bytes().split(b"\0")):
                    return int(entry.name)
        raise AssertionError(f"{name} has no process")

    def until(self, true: Callable[[], Any], otherwise: str, seconds: float = 120) -> Any:
        """Wait until something becomes true."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = true()
            if found:
                return found
            time.sleep(0.2)
        raise AssertionError(otherwise)


@pytest.fixture
def machine(
    session_home: Path, worker_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Machine:
    """The shared machine, with an empty working folder for this test."""
    kept = os.environ.get(KEPT)
    home = Path(kept) if kept else session_home / "distributed"
    monkeypatch.setenv("RUNYARD_HOME", str(home))
    monkeypatch.delenv("RUNYARD_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    return Machine(home, worker_id)
