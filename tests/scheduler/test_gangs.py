"""Runs on several nodes: they meet, hear of each other's ends, and end together."""

from dataclasses import replace

from runyard.protocol.events import RANK, EventQuery
from runyard.protocol.jobs import GangTable, JoinGang, OrdersQuery, TaskReport
from runyard.protocol.runs import LauncherSpec, RunError
from runyard.protocol.timeouts import RENDEZVOUS_SECONDS
from runyard_server.core.lookups import run_key
from runyard_server.core.notices import gang_topic
from runyard_server.execution import gangs, jobs
from runyard_server.operations import events, runs
from runyard_server.store import job_nodes
from runyard_server.store.job_nodes import JobNodeRow
from runyard_server.testing.yard import W, Yard, until

SERVERS = LauncherSpec("parameter_server", worker_count=2, parameter_server_count=1)


def submitted(yard: Yard) -> str:
    """Submit one parameter server and two workers on two nodes."""
    yard.cluster(nodes=2)
    run = yard.submit("cluster", node_count=2, launcher=SERVERS)
    for node in range(2):
        yard.handle(run, node=node)
    return run


def join(yard: Yard, run: str, node: int) -> GangTable:
    """Join as the agent of a node."""
    body = JoinGang(f"host-{node}", f"10.0.0.{node}", [node + 1000])
    return gangs.join(yard.system, W, run, str(node), body=body)


def worker(index: int, state: str = "running", **more: float) -> TaskReport:
    """A worker that decides."""
    return TaskReport(f"worker {index}", index, state, ended_at=more.get("at", 0.0))


def server(state: str = "running") -> TaskReport:
    """A parameter server, which does not."""
    return TaskReport("ps 0", 2, state, decisive=False)


def nodes_of(yard: Yard, run: str) -> list[JobNodeRow]:
    return yard.system.read(lambda work: job_nodes.of_run(work.connection, run_key(work, W, run)))


def test_each_node_has_an_agent_and_a_folder_of_its_own(yard: Yard) -> None:
    """The nodes share what the first one prepares, and nothing else."""
    run = submitted(yard)
    for node in range(2):
        yard.handle(run, node=node)
    # An agent is there a moment before it is written down.
    until(lambda: all(node.handle for node in nodes_of(yard, run)))
    found = [jobs.get(yard.system, W, run, str(node)) for node in range(2)]
    first, second = (job for job in found if job is not None)
    assert (first.node_name, second.node_name) == ("cluster-1", "cluster-2")
    assert first.run_folder != second.run_folder
    assert first.shared_folder == second.shared_folder == first.run_folder


def test_one_process_has_one_agent(yard: Yard) -> None:
    """A run of one process that asked for two nodes is started once."""
    yard.cluster(nodes=2)
    run = yard.submit("cluster", node_count=2)
    yard.report(run)
    yard.finish(run)
    assert yard.get(run).status == "Completed"
    assert len(yard.engine.plans) == 1


def test_the_rank_table_is_the_same_for_all(yard: Yard) -> None:
    """Who came first waits, then all get the same table, in the order of the nodes."""
    run = submitted(yard)
    early = join(yard, run, 1)
    assert (early.complete, early.missing) == (False, ["cluster-1"])
    table = join(yard, run, 0)
    assert table == join(yard, run, 1)
    assert table.complete
    assert [(n.name, n.host, n.address, n.ports) for n in table.nodes] == [
        ("cluster-1", "host-0", "10.0.0.0", [1000]),
        ("cluster-2", "host-1", "10.0.0.1", [1001]),
    ]


def test_who_does_not_come_is_named(yard: Yard) -> None:
    """A node that is never heard of fails the run instead of holding the others for ever."""
    run = submitted(yard)
    assert not join(yard, run, 0).failed
    yard.clock.sleep(RENDEZVOUS_SECONDS + 1)
    table = join(yard, run, 0)
    assert "cluster-2" in table.failed
    yard.finish(run, "failed", error=RunError("ServiceError", table.failed))
    record = yard.until(run, "Failed")
    assert record.error is not None
    assert "cluster-2" in record.error.message
    until(lambda: f"{run}/1/1/job" in yard.engine.canceled)


def test_a_node_that_gives_up_ends_the_wait(yard: Yard) -> None:
    """When one node cannot begin the others stop waiting, and its reason is the run's."""
    run = submitted(yard)
    yard.report(run, "finalizing", node=0)
    table = join(yard, run, 1)
    assert (table.complete, table.stop) == (False, True)
    yard.finish(run, "stopped", node=1)
    assert yard.get(run).status == "Finalizing"
    yard.finish(run, "failed", node=0, error=RunError("UserError", "no such data"))
    record = yard.until(run, "Failed")
    assert record.error is not None
    assert record.error.message == "no such data"


def test_it_is_over_when_the_workers_have_ended(yard: Yard) -> None:
    """A parameter server never ends: it is stopped, and the run is complete."""
    run = submitted(yard)
    assert not yard.report(run, node=0, tasks=[worker(0), server()]).stop
    assert not yard.report(run, node=1, tasks=[worker(1)]).stop
    assert not yard.report(run, node=1, tasks=[worker(1, "completed")]).stop
    reply = yard.report(run, node=0, tasks=[worker(0, "completed"), server()])
    assert (reply.stop, reply.others, reply.reason) == (True, True, "")
    yard.report(run, "finalizing", node=1, tasks=[worker(1, "completed")])
    assert not yard.report(run, "finalizing", node=0).others
    yard.finish(run, node=1)
    assert yard.get(run).status == "Finalizing"
    yard.finish(run, node=0)
    assert yard.until(run, "Completed").error is None


def test_the_first_failure_is_the_reason(yard: Yard) -> None:
    """What fails because another failed before is not what the user is told."""
    run = submitted(yard)
    yard.report(run, node=0, tasks=[worker(0), server()])
    yard.report(run, node=1, tasks=[worker(1, "failed", at=10.0)])
    reply = yard.report(run, node=0, tasks=[worker(0, "failed", at=11.0), server()])
    assert reply.stop
    assert reply.reason == "worker 0 on cluster-1 failed"
    yard.finish(run, "failed", node=0, error=RunError("UserError", "connection lost"))
    assert yard.get(run).status == "Running"
    yard.finish(run, "failed", node=1, error=RunError("UserError", "worker 1: boom"))
    record = yard.until(run, "Failed")
    assert record.error is not None
    assert record.error.message == "worker 1: boom"


def test_a_lost_agent_stops_the_others(yard: Yard) -> None:
    """When an agent is killed the nodes that live hear of it, and its salvage tells why."""
    run = submitted(yard)
    yard.report(run, node=0, tasks=[worker(0), server()])
    yard.report(run, node=1, tasks=[worker(1)])
    yard.engine.end(yard.handle(run, node=1), signal="SIGKILL")
    yard.handle(run, "salvage", node=1)
    assert yard.report(run, node=0).stop
    yard.finish(run, "stopped", node=0)
    yard.finish(run, "failed", node=1, error=RunError("ServiceError", "killed by SIGKILL"))
    record = yard.until(run, "Failed")
    assert record.error is not None
    assert "SIGKILL" in record.error.message


def test_ranks_tell_where_each_process_is(yard: Yard) -> None:
    """All processes of a run are listed by rank, with their states."""
    run = submitted(yard)
    for node in range(2):
        join(yard, run, node)
    yard.report(run, node=1, tasks=[worker(1, "completed")])
    yard.report(run, node=0, tasks=[worker(0), server("stopped")])
    found = gangs.ranks(yard.system, W, run).items
    assert [(r.name, r.node_name, r.state) for r in found] == [
        ("worker 0", "cluster-1", "running"),
        ("worker 1", "cluster-2", "completed"),
        ("ps 0", "cluster-1", "stopped"),
    ]


def test_what_processes_use_is_not_written_at_every_beat(yard: Yard) -> None:
    """It changes all the time: it goes with the beats that are written anyway."""
    run = submitted(yard)
    yard.clock.stop()
    yard.report(run, node=0, tasks=[worker(0), server()])
    used = replace(worker(0), cpu_seconds=1.5, memory_bytes=1000, peak_memory_bytes=2000)
    yard.report(run, node=0, tasks=[used, server()])
    assert gangs.ranks(yard.system, W, run).items[0].memory_bytes == 0
    yard.clock.sleep(5)
    yard.report(run, node=0, tasks=[used, server()])
    found = gangs.ranks(yard.system, W, run).items[0]
    assert (found.cpu_seconds, found.memory_bytes, found.peak_memory_bytes) == (1.5, 1000, 2000)


def test_who_outlasts_the_exit_deadline_has_failed(yard: Yard) -> None:
    """Counted by the service's clock from when it heard; servers do not count."""
    yard.cluster(nodes=2)
    run = yard.submit("cluster", node_count=2, launcher=replace(SERVERS, exit_deadline_seconds=30))
    yard.clock.stop()
    yard.report(run, node=0, tasks=[worker(0), server()])
    # The clock of this node is wrong by hours.
    yard.report(run, node=1, tasks=[worker(1, "completed", at=10_000.0)])
    yard.clock.sleep(29)
    assert not yard.report(run, node=1, tasks=[worker(1, "completed", at=10_000.0)]).stop
    yard.clock.sleep(2)
    reply = yard.report(run, node=0, tasks=[worker(0), server()])
    assert (reply.stop, reply.hung) == (True, True)
    assert reply.reason == (
        "worker 0 on cluster-1 still runs, 30 s after worker 1 on cluster-2 had completed "
        "(exit_deadline_seconds)"
    )
    other = yard.report(run, node=1)
    assert (other.stop, other.hung, other.reason) == (True, False, reply.reason)


def test_without_an_exit_deadline_all_are_waited_for(yard: Yard) -> None:
    """A worker may take hours longer than another."""
    run = submitted(yard)
    yard.report(run, node=0, tasks=[worker(0), server()])
    yard.report(run, node=1, tasks=[worker(1, "completed")])
    yard.clock.sleep(100_000)
    assert not yard.report(run, node=0, tasks=[worker(0), server()]).stop


def test_a_failed_process_is_told_at_once(yard: Yard) -> None:
    """As an event, once, with what is needed to find out more."""
    run = submitted(yard)
    yard.report(run, node=0, tasks=[worker(0), server()])
    failed = replace(worker(1, "failed"), exit_code=7, log="azureml-logs/w1.txt")
    for _ in range(2):
        yard.report(run, node=1, tasks=[failed])
        yard.clock.sleep(5)
    page = events.list_(yard.system, W, run, query=EventQuery())
    told = [event for event in page.items if event.kind == RANK]
    assert [event.message for event in told] == [
        "worker 1 on cluster-2 failed with exit code 7; see azureml-logs/w1.txt"
    ]
    assert told[0].data["log"] == "azureml-logs/w1.txt"


def heard(yard: Yard, run: str) -> list[str]:
    """Collect the topics of the gang that change from now on."""
    topics: list[str] = []
    wanted = gang_topic(W, run)
    yard.system.notices.subscribe(lambda topic: topics.append(topic) if topic == wanted else None)
    return topics


def test_nodes_that_wait_are_woken_when_it_matters(yard: Yard) -> None:
    """When all have come, when all is to stop, when one is left alone; not by each beat."""
    run = submitted(yard)
    topics = heard(yard, run)
    join(yard, run, 0)
    assert not topics
    join(yard, run, 1)
    join(yard, run, 0)
    assert len(topics) == 1
    yard.report(run, "running", node=0, tasks=[worker(0), server()])
    yard.report(run, "running", node=1, tasks=[worker(1)])
    yard.report(run, "running", node=0, tasks=[worker(0, "completed"), server()])
    assert len(topics) == 1
    yard.report(run, "running", node=1, tasks=[worker(1, "completed")])
    assert len(topics) == 2
    for node in range(2):
        told = gangs.orders(yard.system, W, run, str(node), query=OrdersQuery())
        assert (told.stop, told.others, told.cancel) == (True, True, False)
    # Who has said it first may be the one that waits: the last word of the others counts too.
    yard.report(run, "finalizing", node=0)
    before = len(topics)
    yard.finish(run, node=1)
    assert len(topics) == before + 1
    alone = gangs.orders(yard.system, W, run, "0", query=OrdersQuery())
    assert (alone.stop, alone.others) == (True, False)


def test_a_cancel_wakes_the_nodes(yard: Yard) -> None:
    """Nobody waits on for a run that is not wanted any more."""
    run = submitted(yard)
    topics = heard(yard, run)
    runs.cancel(yard.system, W, run)
    assert topics
    assert gangs.orders(yard.system, W, run, "1", query=OrdersQuery()).cancel
