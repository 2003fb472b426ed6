"""Three simulated hosts, a service that listens on their network, and a cluster on them."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_socket

from runyard_server.testing.hosts import Hosts, settings
from runyard_server.testing.services import RunningService

CLUSTER = "three"
LOOPBACK = ["127.0.0.1", "::1", "localhost"]


class HostsYard:
    """The words of a test on several hosts."""

    def __init__(self, hosts: Hosts, service: RunningService, folder: Path) -> None:
        self.hosts = hosts
        self.service = service
        self.folder = folder

    def submit(self, text: str, nodes: int = 3, **more: Any) -> Any:
        """Submit a script that needs nothing but this interpreter."""
        from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace

        self.folder.mkdir(exist_ok=True)
        (self.folder / "train.py").write_text(text)
        workspace = Workspace.from_config()
        environment = Environment("plain")
        environment.python.user_managed_dependencies = True
        environment.python.interpreter_path = sys.executable
        given = {"compute_target": CLUSTER, "environment": environment, **more}
        config = ScriptRunConfig(str(self.folder), script="train.py", **given)
        config.run_config.node_count = nodes
        return Experiment(workspace, "hosts").submit(config)

    def cluster(self, nodes: int = 3) -> None:
        """Make the cluster: its n-th node is the n-th host."""
        from azureml.core import Workspace
        from azureml.core.compute import AmlCompute, ComputeTarget

        config = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", max_nodes=nodes)
        ComputeTarget.create(Workspace.from_config(), CLUSTER, config)

    def until(self, true: Callable[[], Any], otherwise: str, seconds: float = 120) -> float:
        """Wait for something to become true; give the seconds it took."""
        begun = time.monotonic()
        while not true():
            assert time.monotonic() < begun + seconds, otherwise
            time.sleep(0.05)
        return time.monotonic() - begun

    def until_said(self, run: Any, text: str, count: int = 3) -> None:
        """Wait until as many processes of a run have printed something."""
        folders = [self.service.home / "runs" / run.id]
        folders += [Path(host.folder) / "runs" / run.id for host in self.hosts]

        def said() -> bool:
            logs = [log for folder in folders for log in folder.rglob("70_driver_log_*.txt")]
            return sum(text in log.read_text() for log in logs) >= count

        self.until(said, f"{count} processes should have said {text!r}: {run.get_details()}")

    def log(self, run: Any, name: str) -> list[str]:
        """The lines that a process of a run printed."""
        path = self.folder / name
        run.download_file(f"azureml-logs/70_driver_log_{name}.txt", str(path))
        return path.read_text().splitlines()

    def nothing_is_left(self) -> None:
        """Wait until no process is left on any host."""
        hosts = self.hosts
        self.until(lambda: not any(host.processes for host in hosts), "processes are left")


@contextmanager
def yard_in(folder: Path, variables: Mapping[str, str], *, python: str = "") -> Iterator[HostsYard]:
    """Make hosts and their service; remove both afterwards.

    With another `python` for their agents they see no file of the service, nor of each other.
    """
    with Hosts(3) as hosts:
        home = folder / "home"
        home.mkdir(parents=True)
        (home / "config.toml").write_text(_settings(hosts, python))
        service = RunningService(home, ("--host", hosts.address, "--port", "0"), variables)
        service.start()
        try:
            yield HostsYard(hosts, service, folder / "work")
        finally:
            service.stop()


@pytest.fixture(scope="module")
def service_variables() -> dict[str, str]:
    """Variables of the service of a file's tests; a file may have its own."""
    return {}


def _settings(hosts: Hosts, python: str) -> str:
    return (
        settings(hosts.file, shares_files=False, python=python) if python else settings(hosts.file)
    )


@pytest.fixture(scope="module")
def python_apart() -> str:
    """The interpreter of the agents on hosts that see no files; "" where they see all."""
    return ""


@contextmanager
def machines_in(folder: Path, variables: Mapping[str, str], python: str) -> Iterator[HostsYard]:
    """Make hosts, their service and a cluster on them; see `yard_in`."""
    with yard_in(folder, variables, python=python) as made:
        with client_of(made):
            made.cluster()
        yield made


@pytest.fixture(scope="session")
def common(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostsYard]:
    """Hosts and a service that the tests of all files share which want nothing of their own."""
    with machines_in(tmp_path_factory.mktemp("hosts"), {}, "") as made:
        yield made


@pytest.fixture(scope="module")
def machines(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    service_variables: dict[str, str],
    python_apart: str,
) -> Iterator[HostsYard]:
    """Hosts and a service for the tests of a file, which it may want otherwise."""
    if not service_variables and not python_apart:
        yield request.getfixturevalue("common")
        return
    folder = tmp_path_factory.mktemp("hosts")
    with machines_in(folder, service_variables, python_apart) as made:
        yield made


@contextmanager
def client_of(made: HostsYard) -> Iterator[None]:
    """Speak to a service of the hosts as a client on this machine does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUNYARD_HOME", str(made.service.home))
        patch.delenv("RUNYARD_URL", raising=False)
        patch.chdir(made.service.home)
        pytest_socket.socket_allow_hosts([*LOOPBACK, made.hosts.address], allow_unix_socket=True)
        yield


@pytest.fixture
def yard(machines: HostsYard, tmp_path: Path) -> Iterator[HostsYard]:
    """The shared hosts, all well, with a folder for this test."""
    made = HostsYard(machines.hosts, machines.service, tmp_path)
    with client_of(made):
        yield made
    for host in made.hosts:
        made.hosts.heal(host)
    made.nothing_is_left()
