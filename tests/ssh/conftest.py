"""A real ssh server on loopback, and what a test does with a site whose machine it is."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.work_on_sites import submitted

from runyard.runtime.installing import find_python
from runyard_server.testing.services import RunningService
from runyard_server.testing.sshd import SshServer

ROOT = Path(__file__).parents[2]
SECONDS = 90.0


@pytest.fixture(scope="session")
def sshd_program() -> str:
    """The path of sshd; without one the tests fail with the command that installs it."""
    done = subprocess.run(
        ["bash", str(ROOT / "tools/sshd.sh"), "--find"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        text = f"MACHINES REACHED BY SSH CANNOT BE TESTED: {done.stderr}"
        pytest.fail(text, pytrace=False)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, sshd_program: str) -> Iterator[SshServer]:
    """A server that the tests of a file share."""
    with SshServer(tmp_path_factory.mktemp("sshd"), sshd_program) as made:
        yield made


class Yard:
    """A service with one machine, and the words of a test."""

    def __init__(self, service: RunningService, server: SshServer, there: Path) -> None:
        self.service = service
        self.server = server
        self.there = there

    def submit(self, folder: Path, text: str, target: str = "lab", **more: Any) -> Any:
        """Submit a script whose source is below a folder; see `submitted` for more."""
        return submitted(folder, target, text, **more)

    def until(
        self, true: Callable[[], Any], otherwise: Callable[[], Any], seconds: float = SECONDS
    ) -> None:
        """Wait for something to become true."""
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, otherwise()
            time.sleep(0.05)

    def reaches(self, run: Any, status: str, seconds: float = SECONDS) -> None:
        """Wait for a run's status."""
        told = lambda: json.dumps(run.get_details())  # noqa: E731 - only where it fails
        self.until(lambda: run.get_status() == status, told, seconds)

    def waits(self, run: Any, text: str) -> str:
        """Wait until a run that waits says why; give it all."""
        told = ""

        def said() -> bool:
            nonlocal told
            record = run.experiment.workspace.service.runs.get(run.id)
            told = f"{record.status}: {record.reason}"
            return told.startswith("Queued") and text in told

        self.until(said, lambda: f"{told} {json.dumps(run.get_details())}")
        return told


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, server: SshServer) -> Iterator[Yard]:
    """A service with that machine as a site, and a cluster on it."""
    home, there = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("there")
    (home / "config.toml").write_text(settings_of({**server.options(), "folder": str(there)}))
    service = RunningService(home)
    service.start()
    yard = Yard(service, server, there)
    with pytest.MonkeyPatch.context() as patch:
        speaks_to(patch, home)
        cluster("lab")
    yield yard
    service.stop()


def settings_of(options: dict[str, Any]) -> str:
    """The text of a `config.toml` with a site of these options."""
    # The oldest Python that agents run on.
    given = {"backend": "ssh", "python": find_python("3.7"), **options}
    lines = [f"{name} = {json.dumps(value)}" for name, value in given.items()]
    return "\n".join(["[sites.lab]", *lines, ""])


def speaks_to(patch: pytest.MonkeyPatch, home: Path) -> None:
    """Have a client on this machine speak to a service."""
    patch.setenv("RUNYARD_HOME", str(home))
    patch.delenv("RUNYARD_URL", raising=False)


def cluster(name: str) -> None:
    """Make a cluster on the site."""
    from azureml.core import Workspace
    from azureml.core.compute import AmlCompute, ComputeTarget

    config = AmlCompute.provisioning_configuration(
        "STANDARD_D2_V2", max_nodes=1, site="lab", idle_seconds_before_scaledown=0
    )
    ComputeTarget.create(Workspace.from_config(), name, config)


@pytest.fixture
def yard(site: Yard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Yard:
    """The shared service, with a client in a folder of this test."""
    speaks_to(monkeypatch, site.service.home)
    monkeypatch.chdir(tmp_path)
    return site
