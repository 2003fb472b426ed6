"""The words of a test on Ray."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.ray.clusters import Cluster
from tests.work_on_sites import submitted

from runyard_server.testing.programs import free_port
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


@contextmanager
def yard_on(cluster: Cluster, folder: Path, **options: Any) -> Iterator["RayYard"]:
    """Run a service whose default site is a cluster, with a client in this process.

    Args:
        cluster: The cluster.
        folder: Where state, sources and nodes are.
        **options: Further options of the site.
    """
    home = folder / "home"
    home.mkdir(parents=True, exist_ok=True)
    given = {"address": cluster.address, "folder": str(folder / "nodes"), **options}
    if cluster.token:
        given["token_file"] = str(cluster.token_file)
    lines = [f"{name} = {json.dumps(value)}" for name, value in given.items()]
    table = "\n".join(["[sites.ray]", 'backend = "ray"', *lines, ""])
    (home / "config.toml").write_text(table)
    # Drivers and agents dial it, and a service that is started again must be where it was.
    service = RunningService(home, ("--port", str(free_port()), "--default-site", "ray"))
    service.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUNYARD_HOME", str(home))
        patch.delenv("RUNYARD_URL", raising=False)
        try:
            yield RayYard(cluster, service, folder)
        finally:
            service.stop()
            _end_all_of(folder)


def _end_all_of(folder: Path) -> None:
    for process in psutil.process_iter():
        try:
            if any(str(folder) in part for part in process.cmdline()):
                process.kill()
        except psutil.Error:
            continue


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

    def submit(self, target: Any, text: str, **more: Any) -> Any:
        """Submit a script; see `submitted` for more."""
        return submitted(self.folder, target, text, **more)

    def sites(self) -> Any:
        """The sites of the service."""
        from azureml.core import Workspace
        from runyard.client.sites import Sites

        return Sites(Workspace.from_config().service.connection).list()

    def reason(self, run: Any) -> str:
        """Why a run waits."""
        return str(run.experiment.workspace.service.runs.get(run.id).reason or "")

    def begin(self, run: Any, starts: Path, seconds: float = 90.0) -> None:
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
