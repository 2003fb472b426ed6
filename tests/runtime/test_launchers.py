"""Launchers: from the rank table to the processes of one node, and what each is told."""

import json
import re
from typing import Any

import pytest

from runyard.protocol import codec
from runyard.protocol.parallel import ParallelSpec
from runyard.protocol.runs import LauncherSpec
from runyard.runtime.folder import RunFolder
from runyard.runtime.job import Job
from runyard.runtime.launchers import Node, gloo, launcher
from runyard.runtime.managed_process import Plan

NODES = [
    Node(0, "10.0.0.4", "a", "c-1", [1000, 1001, 1002]),
    Node(1, "10.0.0.5", "b", "c-2", [2000, 2001, 2002]),
]


def plans(room: Any, spec: LauncherSpec, node: int, nodes: list[Node] = NODES) -> list[Plan]:
    """The processes that a launcher starts on a node."""
    plain = codec.to_plain(room.write_job("pass", node=node, cpus=4))
    plain["spec"].update(launcher=codec.to_plain(spec), node_count=len(nodes))
    (room.work).mkdir(exist_ok=True)
    (room.work / "train.py").write_text("pass")
    job = Job(plain)
    folder = RunFolder(str(room.run_folder))
    made = launcher(spec.kind)
    assert made.ports(job) <= len(nodes[node].ports)
    return made.plans(job, folder, nodes, {"PATH": "/bin"})


def logs(found: list[Plan]) -> list[str]:
    """The names of the logs."""
    return [task.log.rpartition("/")[2] for plan in found for task in plan.tasks]


def test_tf_config_is_the_articles(room: Any) -> None:
    """One parameter server and two workers on two nodes read what the article shows."""
    spec = LauncherSpec("parameter_server", worker_count=2, parameter_server_count=1)
    first, second = plans(room, spec, 0), plans(room, spec, 1)
    cluster = {"ps": ["10.0.0.4:1001"], "worker": ["10.0.0.4:1000", "10.0.0.5:2000"]}
    told = [json.loads(plan.variables["TF_CONFIG"]) for plan in (*first, *second)]
    assert [t["task"] for t in told] == [
        {"type": "worker", "index": 0},
        {"type": "ps", "index": 0},
        {"type": "worker", "index": 1},
    ]
    assert all(t["cluster"] == cluster and t["environment"] == "cloud" for t in told)
    assert [plan.decisive for plan in (*first, *second)] == [True, False, True]
    assert logs(first) == ["70_driver_log_worker_0.txt", "70_driver_log_ps_0.txt"]
    assert second[0].variables["AZ_BATCHAI_TASK_TYPE"] == "worker"
    assert second[0].variables["AZ_BATCHAI_TASK_INDEX"] == "1"


def test_a_chief_decides_alone(room: Any) -> None:
    """Under a coordinator the workers serve as the parameter servers do."""
    spec = LauncherSpec("parameter_server", worker_count=1, parameter_server_count=1, chief_count=1)
    found = [*plans(room, spec, 0), *plans(room, spec, 1)]
    assert {plan.name: plan.decisive for plan in found} == {
        "chief 0": True,
        "worker 0": False,
        "ps 0": False,
    }


def test_equal_workers_have_no_servers(room: Any) -> None:
    """MultiWorkerMirroredStrategy refuses a cluster with ps; an evaluator is beside the cluster."""
    spec = LauncherSpec("multi_worker", worker_count=2, evaluator_count=1)
    found = [*plans(room, spec, 0), *plans(room, spec, 1)]
    told = [json.loads(plan.variables["TF_CONFIG"]) for plan in found]
    assert all(list(t["cluster"]) == ["worker"] for t in told)
    assert {plan.name: plan.decisive for plan in found} == {
        "worker 0": True,
        "worker 1": True,
        "evaluator 0": False,
    }


def test_torch_has_torchruns_variables(room: Any) -> None:
    """Ranks go by node, and all meet at the first node's port."""
    spec = LauncherSpec("torch", process_count_per_node=2, backend="gloo")
    found = [*plans(room, spec, 0), *plans(room, spec, 1)]
    names = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "NODE_RANK", "GROUP_RANK")
    assert [[plan.variables[name] for name in names] for plan in found] == [
        ["0", "0", "4", "2", "0", "0"],
        ["1", "1", "4", "2", "0", "0"],
        ["2", "0", "4", "2", "1", "1"],
        ["3", "1", "4", "2", "1", "1"],
    ]
    assert {(p.variables["MASTER_ADDR"], p.variables["MASTER_PORT"]) for p in found} == {
        ("10.0.0.4", "1000")
    }
    methods = {p.variables["AZ_BATCHAI_PYTORCH_INIT_METHOD"] for p in found}
    assert len(methods) == 1
    assert re.match(r"file:///", methods.pop())
    assert logs(found) == [f"70_driver_log_{rank}.txt" for rank in range(4)]


def test_scripts_of_the_hosted_service_find_the_first_node(room: Any) -> None:
    """The public recipes read AZ_BATCH_MASTER_NODE, which is there only with several nodes."""
    spec = LauncherSpec("torch")
    variables = plans(room, spec, 1)[0].variables
    assert variables["AZ_BATCH_MASTER_NODE"] == "10.0.0.4:6000"
    assert variables["AZ_BATCH_HOST_LIST"] == "10.0.0.4,10.0.0.5"
    assert variables["AZ_BATCH_NODE_LIST"] == "10.0.0.4;10.0.0.5"
    assert variables["AZ_BATCH_IS_CURRENT_NODE_MASTER"] == "false"
    alone = plans(room, spec, 0, NODES[:1])[0].variables
    assert "AZ_BATCH_MASTER_NODE" not in alone
    assert alone["AZ_BATCHAI_MPI_MASTER_NODE"] == "10.0.0.4"


def test_processes_share_the_cores(room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each process gets its part of its node's cores; what the user set stays."""
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    spec = LauncherSpec("torch", process_count_per_node=2)
    assert plans(room, spec, 0)[0].variables["OMP_NUM_THREADS"] == "2"
    one_machine = [Node(n, "127.0.0.1", ports=[1000, 1001]) for n in range(4)]
    assert plans(room, spec, 0, one_machine)[0].variables["OMP_NUM_THREADS"] == "1"


def test_horovod_without_mpi_meets_at_a_server_beside_rank_0(room: Any) -> None:
    """The server is no rank, does not decide, and knows the machines; ranks wait for it."""
    spec = LauncherSpec("mpi", process_count_per_node=2, backend="gloo")
    server, *first = plans(room, spec, 0)
    second = plans(room, spec, 1)
    assert (server.helper, server.decisive, server.tasks) == (True, False, [])
    assert server.command[2:6] == ["10.0.0.4", "1001", "10.0.0.4:2,10.0.0.5:2", "4"]
    assert logs([*first, *second]) == [f"70_driver_log_{rank}.txt" for rank in range(4)]
    assert all(server.command[6] in plan.command for plan in (*first, *second))


def test_nodes_on_one_machine_are_local_to_each_other() -> None:
    """Horovod's places are by machine, as under mpirun: ranks of one machine share its GPUs."""
    machine = [Node(n, "127.0.0.1") for n in range(2)]
    told = gloo.place_of(machine, 1, 0, 1)
    names = ("RANK", "SIZE", "LOCAL_RANK", "LOCAL_SIZE", "CROSS_RANK", "CROSS_SIZE")
    assert [told[f"HOROVOD_{name}"] for name in names] == ["1", "2", "1", "2", "0", "1"]
    told = gloo.place_of(NODES, 1, 1, 2)
    assert [told[f"HOROVOD_{name}"] for name in names] == ["3", "4", "1", "2", "1", "2"]
    assert gloo.interface_of("127.0.0.1").startswith("lo")
    assert gloo.interface_of("203.0.113.9") == ""


def test_batches_have_one_process_a_node_that_finds_v1s_module(room: Any) -> None:
    """Elsewhere the light half is a zip: it is on the path, and no file of it is named."""
    batches = ParallelSpec(["given"], output="made")
    spec = LauncherSpec("parallel", process_count_per_node=0, parallel=batches)
    (first,), (second,) = plans(room, spec, 0), plans(room, spec, 1)
    assert [first.name, second.name] == ["node 0", "node 1"]
    assert first.command[1] == "-c"
    assert first.command[4:] == ["train.py"]
    assert second.variables["RUNYARD_WORLD_SIZE"] == "2"
    modules = "runyard/runtime/parallel/modules"
    assert second.variables["PYTHONPATH"].endswith(modules)
    # Four processes, one a core.
    assert first.variables["OMP_NUM_THREADS"] == "1"
