"""The words of a test on Slurm: a service whose default site it is, and what goes there."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.work_on_sites import submitted

from runyard_server.testing.services import RunningService
from runyard_server.testing.slurm_cluster import SlurmCluster

CLUSTER = "lab"
# Prints where it is, then goes on until it is told that it is enough.
UNTIL_ENOUGH = """
import os, time
print("on", os.environ["SLURMD_NODENAME"], flush=True)
os.makedirs("outputs", exist_ok=True)
open("outputs/begun", "w").write("begun")
while not os.path.exists("enough"):
    time.sleep(0.05)
"""


class SlurmYard:
    """A service with Slurm as its default site.

    Args:
        slurm: The cluster.
        folder: Where state and sources are.
        more: Further lines of the site's settings.
        beside: Further sites on the cluster, with the lines of their settings.
    """

    def __init__(
        self,
        slurm: SlurmCluster,
        folder: Path,
        more: str = "",
        beside: Mapping[str, str] | None = None,
    ) -> None:
        self.slurm = slurm
        self.folder = folder
        home = folder / "home"
        home.mkdir(parents=True)
        text = 'default_site = "slurm"\n'
        for name, lines in {"slurm": more, **(beside or {})}.items():
            text += f'[sites.{name}]\nbackend = "slurm"\nconf = "{slurm.conf}"\n{lines}\n'
        (home / "config.toml").write_text(text)
        self.service = RunningService(home)

    @contextmanager
    def client(self) -> Iterator[None]:
        """Speak to the service as a client on this machine does."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("RUNYARD_HOME", str(self.service.home))
            patch.delenv("RUNYARD_URL", raising=False)
            patch.chdir(self.service.home)
            yield

    def cluster(
        self, nodes: int = 3, size: str = "STANDARD_D2_V2", name: str = CLUSTER, **more: Any
    ) -> Any:
        """Make a cluster of ours there.

        Args:
            nodes: How many nodes it may have.
            size: Their size.
            name: What it is called.
            **more: What else is said of it.
        """
        from azureml.core import Workspace
        from azureml.core.compute import AmlCompute, ComputeTarget

        config = AmlCompute.provisioning_configuration(vm_size=size, max_nodes=nodes, **more)
        return ComputeTarget.create(Workspace.from_config(), name, config)

    def submit(self, text: str, target: str = CLUSTER, **more: Any) -> Any:
        """Submit a script; see `submitted` for more."""
        return submitted(self.folder, target, text, **more)

    def begun(self, run: Any) -> Path:
        """Wait until a script has begun; give its working folder."""
        work = self.service.home / "runs" / run.id / "work"
        self.until((work / "outputs" / "begun").exists, lambda: self.told(run))
        return work

    def job(self, run: Any) -> str:
        """The number of a run's last job, "" while there is none."""
        named = [line.split() for line in self.jobs() if f"runyard-{run.id}-" in line]
        return max((line[0] for line in named), key=int, default="")

    def jobs(self) -> list[str]:
        """Slurm's jobs: number, state, name, nodes."""
        return self.slurm.ask("squeue", "-h", "-t", "all", "-o", "%A %T %j %N").splitlines()

    def until(
        self, true: Callable[[], Any], otherwise: Callable[[], Any], seconds: float = 90
    ) -> Any:
        """Wait for something to become true, and give it."""
        end = time.monotonic() + seconds
        while not (found := true()):
            assert time.monotonic() < end, otherwise()
            time.sleep(0.05)
        return found

    def until_reason(self, run: Any, text: str, seconds: float = 90) -> str:
        """Wait until what a run waits for has some words in it; give all of it."""

        def told() -> str:
            reason = str(self.record(run).reason or "")
            return reason if text in reason else ""

        return str(self.until(told, lambda: (text, self.told(run)), seconds))

    def until_status(self, run: Any, status: str, seconds: float = 90) -> None:
        """Wait until a run has a status."""
        self.until(lambda: run.get_status() == status, lambda: (status, self.told(run)), seconds)

    def record(self, run: Any) -> Any:
        """A run as the service has it."""
        return run._refresh()

    def told(self, run: Any) -> Any:
        """All that is known of a run, for a test that fails."""
        log = self.service.log
        return run.get_details(), self.jobs(), log[-3000:]

    def message(self, run: Any) -> str:
        """Why a run has failed."""
        return str(run.get_details()["error"]["error"]["message"])
