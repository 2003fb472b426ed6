"""What takes long on machines reached by ssh: one that is lost, MPI on two, batches on two."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest
import pytest_socket

from runyard.protocol.timeouts import AGENT_LOST_SECONDS
from runyard_server.testing.hosts import Hosts
from runyard_server.testing.services import running_service
from runyard_server.testing.serving import ask
from runyard_server.testing.sshd import SshServer

from .conftest import Yard, settings_of, speaks_to

BATCHES = 20
SCORE = """
import time
def run(batch):
    time.sleep(0.05)
    if isinstance(batch, list):
        return [open(path).read().split()[1] for path in batch]
    return batch
"""
RANKS = """
import os, sys
from mpi4py import MPI
world = MPI.COMM_WORLD
print("rank", world.rank, world.allreduce(world.rank), os.environ["RUNYARD_NODE"], flush=True)
print("in", os.getcwd(), open(sys.argv[1]).read(), flush=True)
open(f"outputs/rank-{world.rank}", "w").write("done")
"""


def test_a_machine_that_is_lost_fails_its_run(yard: Yard, tmp_path: Path) -> None:
    """Nobody answers there any more: half a minute after its last beat the run is given up."""
    run = yard.submit(tmp_path, "import time; time.sleep(300)")
    yard.reaches(run, "Running")
    state = yard.there / "runs" / run.id / "0" / "agent.json"
    yard.server.cut()
    found = json.loads(state.read_text())
    for pid in (found["pid"], *(each["pid"] for each in found["processes"])):
        os.kill(pid, signal.SIGKILL)
    begun = time.monotonic()
    yard.reaches(run, "Failed", AGENT_LOST_SECONDS + 30)
    assert time.monotonic() - begun < AGENT_LOST_SECONDS + 10
    assert "has not been heard of for 30 s" in run.get_details()["error"]["error"]["message"]
    yard.server.start()


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


def test_batches_go_to_nodes_that_have_no_files_in_common(
    tmp_path: Path, server: SshServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files are copied there, results come back as contents, a table is read over the tunnel."""
    from azureml.core import Dataset, Environment, Workspace
    from azureml.core.compute import AmlCompute, ComputeTarget
    from azureml.pipeline.core import Pipeline, PipelineData
    from azureml.pipeline.steps import ParallelRunConfig, ParallelRunStep

    machines = [f"{server.user}@{name}:{server.port}" for name in ("127.0.0.1", "localhost")]
    settings = settings_of({**server.options(*machines), "folder": str(tmp_path / "there")})
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "config.toml").write_text(settings)
    with running_service(tmp_path / "home") as service:
        speaks_to(monkeypatch, service.home)
        workspace = Workspace.from_config()
        size = AmlCompute.provisioning_configuration("STANDARD_D2_V2", max_nodes=2, site="lab")
        ComputeTarget.create(workspace, "two", size)
        (tmp_path / "given").mkdir()
        for number in range(BATCHES):
            (tmp_path / "given" / f"{number:02}.csv").write_text(f"n\n{number}\n")
        store = workspace.get_default_datastore()
        store.upload(str(tmp_path / "given"), target_path="given", show_progress=False)
        (tmp_path / "code").mkdir()
        (tmp_path / "code" / "score.py").write_text(SCORE)
        environment = Environment("plain")
        environment.python.user_managed_dependencies = True
        environment.python.interpreter_path = sys.executable
        files = Dataset.File.from_files((store, "given/")).as_named_input("files")
        table = Dataset.Tabular.from_delimited_files((store, "given/*.csv"))
        steps = []
        for name, given, amount in (("files", files, "1"), ("table", table, "4")):
            config = ParallelRunConfig(
                *(environment, "score.py", 0, "append_row", "two", 2, 1, amount),
                source_directory=str(tmp_path / "code"),
            )
            named = given if name == "files" else given.as_named_input("rows")
            steps.append(ParallelRunStep(name, config, [named], PipelineData(f"{name}_made")))
        run = Pipeline(workspace, steps).submit("batches")
        assert run.wait_for_completion(show_output=False) == "Finished"
        for name in ("files", "table"):
            made = run.find_step_run(name)[0].get_output_data(f"{name}_made")
            made.download(str(tmp_path / "got"))
            path = tmp_path / "got" / made.path_on_datastore / "parallel_run_step.txt"
            assert path.read_text().splitlines() == [str(number) for number in range(BATCHES)]


def test_an_endpoint_of_a_laptop_is_served_from_another_machine(
    tmp_path: Path, sshd_program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Service and gateway listen on loopback: run and replica reach both through the connection."""
    from runyard import AmlCompute, ComputeTarget, Endpoint, Environment, Workspace

    with Hosts(1) as hosts:
        pytest_socket.socket_allow_hosts(["127.0.0.1", "::1", "localhost", hosts[0].address])
        host = hosts[0]
        with SshServer(tmp_path / "sshd", sshd_program, host.address, host.command) as server:
            settings = settings_of({**server.options(), "folder": str(tmp_path / "there")})
            (tmp_path / "home").mkdir()
            (tmp_path / "home" / "config.toml").write_text(settings)
            with running_service(tmp_path / "home") as service:
                speaks_to(monkeypatch, service.home)
                workspace = Workspace.from_config()
                config = AmlCompute.provisioning_configuration(
                    "STANDARD_D2_V2", max_nodes=1, site="lab"
                )
                ComputeTarget.create(workspace, "far", config)
                yard = Yard(service, server, tmp_path / "there")
                text = "import socket; print(socket.gethostname())"
                run = yard.submit(tmp_path, text, target="far")
                run.wait_for_completion()
                run.download_file("azureml-logs/70_driver_log.txt", str(tmp_path / "log"))
                assert (tmp_path / "log").read_text() == f"{host.name}\n"
                score = tmp_path / "score.py"
                score.write_text(
                    "import socket\ndef run(data): return [data, socket.gethostname()]"
                )
                environment = Environment("plain")
                environment.python.user_managed_dependencies = True
                environment.python.interpreter_path = sys.executable
                given = {"script": str(score), "environment": environment, "target": "far"}
                endpoint = Endpoint.deploy(workspace, "far", **given)
                endpoint.wait(timeout=60)
                port = int(endpoint.address.rpartition(":")[2])
                answer = ask(port, body="1", key=endpoint.keys()[0])
                assert json.loads(answer.body) == ["1", host.name]
                endpoint.delete()
