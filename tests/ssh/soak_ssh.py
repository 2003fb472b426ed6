"""What takes long on machines reached by ssh: a machine that is lost, and MPI on two of them."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from runyard.protocol.timeouts import AGENT_LOST_SECONDS
from runyard_server.testing.services import running_service
from runyard_server.testing.sshd import SshServer

from .conftest import Yard, settings_of, speaks_to

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
