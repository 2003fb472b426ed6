"""Runs on a machine reached by ssh, of a service that listens on loopback as on a laptop."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runyard_server.testing.services import RunningService, running_service
from runyard_server.testing.sshd import SshServer

pytestmark = pytest.mark.slow

SECONDS = 30.0
SCRIPT = """
import os, sys
from azureml.core import Run
run = Run.get_context()
run.log("loss", 0.5)
print("in", os.getcwd())
print("asks", [name for name in os.environ if name.startswith("SSH_")] != [], sys.argv[1:])
open("outputs/done", "w").write("done")
"""
WAIT = """
import os, time
print("began", flush=True)
while not os.path.exists(%r):
    time.sleep(0.05)
"""

RANKS = """
import os, sys
from mpi4py import MPI
world = MPI.COMM_WORLD
print("rank", world.rank, world.allreduce(world.rank), os.environ["RUNYARD_NODE"], flush=True)
print("in", os.getcwd(), open(sys.argv[1]).read(), flush=True)
open(f"outputs/rank-{world.rank}", "w").write("done")
"""


class Yard:
    """A service with one machine, and the words of a test."""

    def __init__(self, service: RunningService, server: SshServer, there: Path) -> None:
        self.service = service
        self.server = server
        self.there = there

    def submit(self, folder: Path, text: str, target: str = "lab", **more: Any) -> Any:
        """Submit a script that needs nothing but this interpreter."""
        from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace

        source = folder / "source"
        source.mkdir(exist_ok=True)
        (source / "train.py").write_text(text)
        environment = Environment("plain")
        environment.python.user_managed_dependencies = True
        environment.python.interpreter_path = sys.executable
        given = {"compute_target": target, "environment": environment, **more}
        config = ScriptRunConfig(str(source), script="train.py", **given)
        return Experiment(Workspace.from_config(), "ssh").submit(config)

    def until(self, true: Callable[[], Any], otherwise: Callable[[], Any]) -> None:
        """Wait for something to become true."""
        end = time.monotonic() + SECONDS
        while not true():
            assert time.monotonic() < end, otherwise()
            time.sleep(0.05)

    def reaches(self, run: Any, status: str) -> None:
        """Wait for a run's status."""
        self.until(lambda: run.get_status() == status, lambda: json.dumps(run.get_details()))

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
    given = {"backend": "ssh", **options}
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


def test_a_run_is_on_the_machine_and_leaves_nothing_there(yard: Yard, tmp_path: Path) -> None:
    """Log, metrics and outputs come back through the tunnel; the run folder is removed."""
    run = yard.submit(tmp_path, SCRIPT, arguments=["x"])
    run.wait_for_completion()
    assert run.get_status() == "Completed", run.get_details()
    assert run.get_metrics() == {"loss": 0.5}
    run.download_file("azureml-logs/70_driver_log.txt", str(tmp_path / "log"))
    said = (tmp_path / "log").read_text().splitlines()
    assert said == [f"in {yard.there}/runs/{run.id}/0/work", "asks True ['x']"]
    assert "outputs/done" in run.get_file_names()
    yard.until(lambda: not list((yard.there / "runs").glob("*")), lambda: "it is still there")


def test_nothing_happens_twice_when_the_service_is_killed(yard: Yard, tmp_path: Path) -> None:
    """The run goes on meanwhile, and the next service hears its end through a tunnel of its own."""
    go = tmp_path / "go"
    run = yard.submit(tmp_path, WAIT % str(go))
    yard.reaches(run, "Running")
    yard.service.kill()
    yard.service.start()
    yard.reaches(run, "Running")
    go.touch()
    yard.reaches(run, "Completed")
    run.download_file("azureml-logs/70_driver_log.txt", str(tmp_path / "log"))
    assert (tmp_path / "log").read_text().splitlines() == ["began"]


def test_a_run_outlives_its_connection(yard: Yard, tmp_path: Path) -> None:
    """All connections break and the server is away for a moment: the run goes on, and is heard."""
    go = tmp_path / "go"
    run = yard.submit(tmp_path, WAIT % str(go))
    yard.reaches(run, "Running")
    yard.server.cut()
    yard.server.start()
    go.touch()
    yard.reaches(run, "Completed")


def test_a_run_waits_for_a_machine_that_is_away(yard: Yard, tmp_path: Path) -> None:
    """It is queued with what ssh says, and begins when the machine is back."""
    yard.server.cut()
    run = yard.submit(tmp_path, "print('ran')")
    told = yard.waits(run, "cannot be reached")
    assert "Connection refused" in told
    yard.server.start()
    yard.reaches(run, "Completed")


def test_a_machine_with_another_key_gets_no_job(yard: Yard, tmp_path: Path) -> None:
    """What was changed or is unknown is told with the command that adds it; then the run begins."""
    yard.server.cut()
    yard.server.new_host_key()
    yard.server.start()
    run = yard.submit(tmp_path, "print('ran')")
    told = yard.waits(run, "another host key")
    assert f"ssh-keygen -R '[127.0.0.1]:{yard.server.port}' -f {yard.server.known_hosts}" in told
    yard.server.known_hosts.write_text("")
    told = yard.waits(run, "is not known")
    assert f"ssh-keyscan -p {yard.server.port} 127.0.0.1 >> {yard.server.known_hosts}" in told
    yard.server.known_hosts.write_text(yard.server.known())
    yard.reaches(run, "Completed")


def test_cancel_ends_the_job_there(yard: Yard, tmp_path: Path) -> None:
    """A canceled run leaves no process on the machine."""
    run = yard.submit(tmp_path, WAIT % str(tmp_path / "never"))
    yard.reaches(run, "Running")
    state = yard.there / "runs" / run.id / "0" / "agent.json"
    pid = json.loads(state.read_text())["pid"]
    run.cancel()
    yard.reaches(run, "Canceled")
    yard.until(lambda: not Path(f"/proc/{pid}").exists(), lambda: "the agent is still there")


def test_a_killed_agent_is_told(yard: Yard, tmp_path: Path) -> None:
    """Its end is seen on the machine at once, and what it left is brought."""
    run = yard.submit(tmp_path, WAIT % str(tmp_path / "never"))
    yard.reaches(run, "Running")
    state = yard.there / "runs" / run.id / "0" / "agent.json"
    os.kill(json.loads(state.read_text())["pid"], signal.SIGKILL)
    yard.reaches(run, "Failed")
    assert "is gone" in run.get_details()["error"]["error"]["message"]
    run.download_file("azureml-logs/70_driver_log.txt", str(tmp_path / "log"))
    assert "began" in (tmp_path / "log").read_text()


def test_ranks_of_two_nodes_on_one_machine_have_folders_of_their_own(
    tmp_path: Path, server: SshServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One mpirun starts all of them, for their address is one; each is in its own node's folder."""
    from azureml.core import Workspace
    from azureml.core.compute import AmlCompute, ComputeTarget
    from azureml.core.runconfig import MpiConfiguration

    machines = [f"{server.user}@{name}:{server.port}" for name in ("127.0.0.1", "localhost")]
    there = tmp_path / "there"
    settings = settings_of({**server.options(*machines), "folder": str(there)})
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "config.toml").write_text(settings)
    with running_service(tmp_path / "home") as service:
        speaks_to(monkeypatch, service.home)
        workspace = Workspace.from_config()
        config = AmlCompute.provisioning_configuration("STANDARD_D2_V2", max_nodes=2, site="lab")
        ComputeTarget.create(workspace, "two", config)
        (tmp_path / "data.txt").write_text("data")
        store = workspace.get_default_datastore()
        store.upload_files([str(tmp_path / "data.txt")], show_progress=False)
        yard = Yard(service, server, there)
        run = yard.submit(
            tmp_path,
            RANKS,
            target="two",
            arguments=[store.path("data.txt").as_mount()],
            distributed_job_config=MpiConfiguration(node_count=2),
        )
        run.wait_for_completion()
        assert run.get_status() == "Completed", run.get_details()
        for rank in range(2):
            path = tmp_path / f"log-{rank}"
            run.download_file(f"azureml-logs/70_driver_log_{rank}.txt", str(path))
            place = f"{there}/runs/{run.id}/{rank}/work"
            assert path.read_text().splitlines() == [f"rank {rank} 1 {rank}", f"in {place} data"]
        assert {"outputs/rank-0", "outputs/rank-1"} <= set(run.get_file_names())
