"""Clusters: what may be made, how they are told, when they may go."""

import threading
from dataclasses import replace

import pytest

from runyard.protocol.compute import ChangeCompute, CreateCompute
from runyard.protocol.errors import (
    AlreadyExists,
    ComputeNotFound,
    InvalidRequest,
    RunyardError,
    WrongName,
    WrongState,
)
from runyard.protocol.runs import INTERACTIVE_TARGET, RunSpec, StartRun
from runyard_server.compute.base import Answer, Need
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import placement
from runyard_server.operations import compute, runs, submission
from runyard_server.store import runs as rows
from runyard_server.testing.fake_backend import FakeBackend

W = "default"
CLUSTER = CreateCompute("cpucluster", "STANDARD_D2_V2", max_nodes=4)


def test_create_answers_at_once(system: System) -> None:
    """A new cluster is there, Succeeded and without nodes, with what its size has."""
    record = compute.create(system, W, body=CLUSTER)
    assert record == compute.get(system, W, "cpucluster")
    assert (record.provisioning_state, record.current_nodes) == ("Succeeded", 0)
    assert (record.cpus, record.memory_gb, record.gpus, record.warnings) == (2, 7.0, 0, [])


def test_the_writer_waits_for_no_backend(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that answers slowly delays the one who asks, not every write of the service."""
    asked: list[str] = []

    def could_run(_self: FakeBackend, need: Need) -> Answer:
        asked.append(threading.current_thread().name)
        del need
        return Answer()

    monkeypatch.setattr(FakeBackend, "could_run", could_run)
    compute.create(system, W, body=CLUSTER)
    compute.change(system, W, "cpucluster", body=ChangeCompute(max_nodes=8))
    assert asked
    assert set(asked) == {threading.current_thread().name}


def test_a_name_of_v1s_guides_is_taken(system: System) -> None:
    """Twenty characters, one of them `_`: scripts of 2021 are full of it."""
    named = replace(CLUSTER, name="gpu-cluster-nc24s_v3")
    assert compute.create(system, W, body=named).name == "gpu-cluster-nc24s_v3"


def test_unknown_size_counts_as_one_cpu(system: System) -> None:
    """A size that is in no table is taken, with one CPU and a warning that names the nearest."""
    record = compute.create(system, W, body=replace(CLUSTER, vm_size="STANDARD_NC7"))
    assert record.cpus == 1
    assert "STANDARD_NC6" in record.warnings[0]


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"name": "local"}, WrongName, "reserved"),
        ({"name": "AmlCompute"}, WrongName, "reserved"),
        ({"name": "1cluster"}, WrongName, "letters"),
        ({"name": "a-name-that-is-longer-than-any-other"}, WrongName, "32"),
        ({"max_nodes": 0}, InvalidRequest, "max_nodes"),
        ({"min_nodes": 5}, InvalidRequest, "below min_nodes"),
        ({"min_nodes": -1}, InvalidRequest, "min_nodes"),
        ({"idle_seconds": -1}, InvalidRequest, "idle_seconds"),
        ({"vm_priority": "cheap"}, InvalidRequest, "lowpriority"),
        ({"vm_size": " "}, InvalidRequest, "vm_size"),
    ],
)
def test_bad_clusters_are_refused(
    system: System, changes: dict[str, object], error: type[RunyardError], says: str
) -> None:
    """A cluster that makes no sense is refused with what would, and is not there afterwards."""
    body = replace(CLUSTER, **changes)  # type: ignore[arg-type]  # fitting values, see above
    with pytest.raises(error, match=says):
        compute.create(system, W, body=body)
    assert compute.list_(system, W).items == []


def test_names_are_taken_in_any_case(system: System) -> None:
    """A second cluster of the same name is refused; getting it takes any case."""
    compute.create(system, W, body=CLUSTER)
    with pytest.raises(AlreadyExists, match="CpuCluster"):
        compute.create(system, W, body=replace(CLUSTER, name="CpuCluster"))
    assert compute.get(system, W, "CPUCLUSTER").name == "cpucluster"


def test_unknown_name_lists_the_existing(system: System) -> None:
    """A wrong name is answered with those there are and the one that was meant."""
    with pytest.raises(ComputeNotFound, match="no compute targets yet"):
        compute.get(system, W, "cpucluster")
    compute.create(system, W, body=CLUSTER)
    with pytest.raises(ComputeNotFound, match="did you mean 'cpucluster'"):
        compute.get(system, W, "cpuclutser")


def test_change_checks_the_counts_together(system: System) -> None:
    """A change takes effect whole or not at all."""
    compute.create(system, W, body=CLUSTER)
    record = compute.change(system, W, "cpucluster", body=ChangeCompute(idle_seconds=60))
    assert (record.idle_seconds, record.max_nodes) == (60, 4)
    with pytest.raises(InvalidRequest, match="below min_nodes"):
        compute.change(system, W, "cpucluster", body=ChangeCompute(min_nodes=5))
    assert compute.get(system, W, "cpucluster") == record


def test_cluster_in_use_stays(system: System) -> None:
    """A cluster with a run that has not ended is not deleted, and the message names the run."""
    compute.create(system, W, body=CLUSTER)
    run = _run_on(system, "cpucluster", 3)
    with pytest.raises(WrongState, match=run):
        compute.delete(system, W, "cpucluster")
    with pytest.raises(WrongState, match="3 nodes"):
        compute.change(system, W, "cpucluster", body=ChangeCompute(max_nodes=2))
    runs.complete(system, W, run)
    compute.delete(system, W, "cpucluster")
    assert compute.list_(system, W).items == []


def test_deleting_takes_the_nodes_along(system: System) -> None:
    """A cluster of the same name made later begins without nodes."""
    compute.create(system, W, body=replace(CLUSTER, min_nodes=2))
    cluster = system.read(lambda work: compute.require(work, W, "cpucluster"))
    system.write(lambda work: placement.grow(work, cluster, 2))
    nodes = compute.nodes(system, W, "cpucluster").items
    assert [(node.id, node.state) for node in nodes] == [
        ("cpucluster-1", "idle"),
        ("cpucluster-2", "idle"),
    ]
    assert compute.get(system, W, "cpucluster").idle_nodes == 2
    compute.delete(system, W, "cpucluster")
    compute.create(system, W, body=CLUSTER)
    assert compute.nodes(system, W, "cpucluster").items == []


def _run_on(system: System, target: str, node_count: int) -> str:
    """Make an active run that asks for nodes of a cluster."""
    run = runs.start(system, W, body=StartRun("mnist"))
    assert run.target == INTERACTIVE_TARGET

    def write(work: Work) -> None:
        key = rows.key_of(work.connection, W, run.id)
        assert key is not None
        rows.change(work.connection, key, target=target, node_count=node_count)

    system.write(write)
    return run.id


def test_a_target_for_endpoints_has_no_nodes_and_runs_no_jobs(system: System) -> None:
    """It is a name for v1 scripts: no site has to hold it, and a job there would wait for ever."""
    order = CreateCompute("my-aks", "STANDARD_D3_V2", max_nodes=500, min_nodes=3, kind="AKS")
    record = compute.create(system, W, body=order)
    assert (record.kind, record.target_nodes, record.warnings) == ("AKS", 0, [])
    assert compute.list_(system, W).items[0].kind == "AKS"
    spec = RunSpec("e", "snapshot", "train.py", target="my-aks")
    with pytest.raises(InvalidRequest, match="for endpoints"):
        submission.check(system, W, spec)
    with pytest.raises(InvalidRequest, match="'AmlCompute' or 'AKS'"):
        compute.create(system, W, body=replace(order, name="other", kind="VM"))
