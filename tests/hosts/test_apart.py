"""Hosts that see neither the service's files nor each other's: all goes over the network."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from runyard.runtime.installing import find_python

pytestmark = pytest.mark.slow

DATA = """
import os, sys
mounted, copied, sent, new, home = sys.argv[1:]
print("service", os.path.exists(os.path.join(home, "runyard.db")))
print("mounted", sorted(os.listdir(mounted)), os.path.getsize(mounted + "/deep/b.txt"))
print("copied", copied == os.path.abspath("input/a.txt"), open(copied).read())
open(mounted + "/deep/b.txt", "w").write("changed")
open(mounted + "/new.txt", "w").write("new")
open(sent + "/result.txt", "w").write("result")
open(new, "w").write("a file")
"""

FILES = """
import os
node = os.environ["RUNYARD_NODE"]
print("sees", *sorted(os.listdir(".")))
os.makedirs("outputs/deep", exist_ok=True)
for name, text in {f"own-{node}.txt": node, "same.txt": "same", "deep/other.txt": node}.items():
    open("outputs/" + name, "w").write(text)
open("logs/epoch.txt", "w").write("of " + node)
"""

RANKS = """
import os, socket, sys
from mpi4py import MPI
world = MPI.COMM_WORLD
print("on", socket.gethostname(), world.rank, world.allreduce(world.rank), flush=True)
print("in", os.environ["RUNYARD_NODE"], os.path.exists("train.py"), sys.argv[1:], flush=True)
open(f"outputs/rank-{world.rank}.txt", "w").write("done")
"""
WAIT = "\nimport time; world.barrier(); time.sleep(300)\n"


@pytest.fixture(scope="module")
def python_apart() -> str:
    """No file of one machine is seen on another, whose Python is the oldest that agents run on."""
    return find_python("3.7")


@pytest.fixture
def store(yard: Any) -> Any:
    """The default datastore, with a folder of two files."""
    from azureml.core import Workspace

    folder = yard.folder / "data"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "deep" / "b.txt").write_text("b" * 2_000_000)
    store = Workspace.from_config().get_default_datastore()
    store.upload(str(folder), "set", overwrite=True, show_progress=False)
    return store


def node_log(yard: Any, run: Any, name: str = "three-1") -> str:
    """What a node has said of its data."""
    path = yard.folder / f"node-{run.id}"
    run.download_file(f"azureml-logs/55_azureml-execution-{name}.txt", str(path))
    return str(path.read_text())


def test_data_comes_and_goes_over_the_network(yard: Any, store: Any) -> None:
    """Mounts are copies, what is written goes back, and a next run on the node fetches nothing."""
    given = [
        store.path("set").as_mount(),
        store.path("set/a.txt").as_download(path_on_compute="input"),
        store.path("results").as_upload(),
        store.path("made/new.txt").as_mount(),
        str(yard.service.home),
    ]
    run = yard.submit(DATA, nodes=1, arguments=given)
    run.wait_for_completion()
    path = yard.folder / "log"
    run.download_file("azureml-logs/70_driver_log.txt", str(path))
    assert path.read_text().splitlines() == [
        "service False",
        "mounted ['a.txt', 'deep'] 2000000",
        "copied True a",
    ]
    store.download(str(yard.folder / "back"), prefix="", show_progress=False)
    back = yard.folder / "back"
    texts = {name: (back / name).read_text() for name in ("set/deep/b.txt", "set/new.txt")}
    assert texts == {"set/deep/b.txt": "changed", "set/new.txt": "new"}
    assert (back / "results" / "result.txt").read_text() == "result"
    assert (back / "made" / "new.txt").read_text() == "a file"
    said = node_log(yard, run)
    assert "2 files (2,000,001 bytes), 2 fetched and 0 from this node's cache" in said
    assert said.count("is mounted as a copy") == 2
    again = yard.submit("import sys; print(open(sys.argv[1]).read())", 1, arguments=given[1:2])
    again.wait_for_completion()
    assert "1 files (1 bytes), 0 fetched and 1 from this node's cache" in node_log(yard, again)


def test_each_node_s_files_are_collected(yard: Any) -> None:
    """Equal files are one; of those that differ the first node's has the name, and all are kept."""
    from azureml.core.runconfig import PyTorchConfiguration

    run = yard.submit(FILES, distributed_job_config=PyTorchConfiguration(node_count=3))
    run.wait_for_completion()
    assert run.get_status() == "Completed", run.get_details()
    assert yard.log(run, "2") == ["sees logs outputs train.py"]
    names = {n for n in run.get_file_names() if n.startswith(("outputs/", "logs/"))}
    others = {f"outputs/deep/other{end}.txt" for end in ("", "-node1", "-node2")}
    logs = {f"logs/{node}epoch.txt" for node in ("", "node-1/", "node-2/")}
    own = {f"outputs/own-{node}.txt" for node in range(3)}
    assert names == {"outputs/same.txt", *others, *logs, *own}
    path = yard.folder / "other"
    run.download_file("outputs/deep/other.txt", str(path))
    assert path.read_text() == "0"
    run.download_file("outputs/deep/other-node2.txt", str(path))
    assert path.read_text() == "2"
    warnings = " ".join(run.get_details()["warnings"][0].values())
    assert "'outputs/deep/other.txt' as 'outputs/deep/other-node" in warnings


def mpi(yard: Any, text: str) -> Any:
    """Submit a script by MPI, a rank on each host."""
    from azureml.core.runconfig import MpiConfiguration

    return yard.submit(text, distributed_job_config=MpiConfiguration(node_count=3), arguments=["x"])


def test_ranks_of_mpi_are_in_folders_of_their_own(yard: Any) -> None:
    """Each rank runs in its host's folder, with the command as that host has it."""
    run = mpi(yard, RANKS)
    run.wait_for_completion()
    assert run.get_status() == "Completed", run.get_details()
    for rank, host in enumerate(yard.hosts):
        lines = yard.log(run, str(rank))
        assert lines == [f"on {host.name} {rank} 3", f"in {rank} True ['x']"]
    assert {f"outputs/rank-{rank}.txt" for rank in range(3)} <= set(run.get_file_names())
    yard.nothing_is_left()


def test_a_killed_rank_is_named(yard: Any) -> None:
    """A rank of another host that is killed ends all, and the error names it."""
    run = mpi(yard, RANKS + WAIT)
    yard.until_said(run, "in ")
    folder = Path(yard.hosts[2].folder) / "runs" / run.id / "2"
    os.kill(int((folder / "mpi" / "1" / "rank-2.pid").read_text()), signal.SIGKILL)
    yard.until(lambda: run.get_status() == "Failed", "the run goes on")
    assert "rank 2 on " in run.get_details()["error"]["error"]["message"]
    assert [rank["status"] for rank in run.get_details()["ranks"]][2] == "failed"
    yard.nothing_is_left()


def test_a_node_makes_its_environment_with_the_service_s_uv(yard: Any) -> None:
    """A node with nothing but an old Python fetches uv, makes the environment and keeps both."""
    from azureml.core import Environment

    environment = Environment("plain")
    environment.python.conda_dependencies.set_python_version("3.11")
    text = "import sys; print(sys.version_info[:2], sys.prefix)"
    run = yard.submit(text, 1, environment=environment)
    run.wait_for_completion()
    folder = Path(yard.hosts[0].folder)
    assert [path.name[:3] for path in (folder / "programs").iterdir()] == ["uv-"]
    assert "making the environment with uv: 0 packages" in node_log(yard, run)
    made = [path for path in (folder / "environments").iterdir() if path.is_dir()]
    run.download_file("azureml-logs/70_driver_log.txt", str(yard.folder / "log"))
    assert (yard.folder / "log").read_text() == f"(3, 11) {made[0]}\n"
