"""The words of a test on Ray."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.ray.clusters import Cluster

from runyard_server.testing.services import RunningService

ENDED = ("Completed", "Failed", "Canceled")
# Which machine it is on: those of the fake provider have all one name, but a raylet each.
WHERE = """
import os
def machine():
    pid = os.getpid()
    while pid > 1:
        with open("/proc/%d/cmdline" % pid) as file:
            if "/raylet\\0" in file.read():
                return pid
        with open("/proc/%d/stat" % pid) as file:
            pid = int(file.read().rpartition(")")[2].split()[1])
"""


@dataclass
class RayYard:
    """A cluster, a service on it, and a folder."""

    cluster: Cluster
    service: RunningService
    folder: Path

    def target(self, name: str, size: str = "STANDARD_D2_V2", **more: Any) -> Any:
        """Make a cluster of ours: its nodes come as runs need them, and go soon."""
        from azureml.core import Workspace
        from azureml.core.compute import AmlCompute, ComputeTarget

        given = {"max_nodes": 3, "idle_seconds_before_scaledown": 2, **more}
        config = AmlCompute.provisioning_configuration(size, **given)
        return ComputeTarget.create(Workspace.from_config(), name, config)

    def submit(
        self,
        target: Any,
        text: str,
        nodes: int = 1,
        variables: dict[str, str] | None = None,
        retries: int = 0,
        wrap: Callable[[Any], Any] = lambda config: config,
        **more: Any,
    ) -> Any:
        """Submit a script that needs nothing but this interpreter.

        Args:
            target: The cluster, or its name.
            text: The script.
            nodes: How many nodes it gets.
            variables: Variables of its environment.
            retries: How often it may begin anew.
            wrap: Makes what is submitted of the configuration.
            **more: Further settings of the configuration.
        """
        from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace

        source = self.folder / "source"
        source.mkdir(exist_ok=True)
        (source / "train.py").write_text(text)
        environment = Environment("plain")
        environment.python.user_managed_dependencies = True
        environment.python.interpreter_path = sys.executable
        environment.environment_variables = variables or {}
        config = ScriptRunConfig(
            str(source), "train.py", compute_target=target, environment=environment, **more
        )
        config.run_config.node_count = nodes
        config.run_config.max_retries = retries
        return Experiment(Workspace.from_config(), "ray").submit(wrap(config))

    def sites(self) -> Any:
        """The sites of the service."""
        from azureml.core import Workspace
        from runyard.client.sites import Sites

        return Sites(Workspace.from_config().service.connection).list()

    def reason(self, run: Any) -> str:
        """Why a run waits."""
        return str(run.experiment.workspace.service.runs.get(run.id).reason or "")

    def begin(self, run: Any, starts: Path, seconds: float = 60.0) -> None:
        """Wait until a run's script has begun."""
        end = time.monotonic() + seconds
        while not (starts.exists() and run.get_status() == "Running"):
            assert time.monotonic() < end, (run.get_status(), self.reason(run))
            time.sleep(0.1)

    def wait(self, run: Any, seconds: float = 90.0) -> set[str]:
        """Wait for a run's end; give the reasons that it has waited for."""
        reasons, end = set(), time.monotonic() + seconds
        while run.get_status() not in ENDED:
            assert time.monotonic() < end, (run.get_status(), self.reason(run))
            reasons.add(self.reason(run))
            time.sleep(0.2)
        return reasons

    def machines(self) -> int:
        """How many machines the cluster has beside the head."""
        rows = self.cluster.ask("/api/v0/nodes?detail=true")["data"]["result"]["result"]
        return sum(row["state"] == "ALIVE" and not row["is_head_node"] for row in rows)
