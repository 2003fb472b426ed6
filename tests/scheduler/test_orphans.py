"""Nodes that nobody can reach: who decides that they are lost, when, and what follows."""

import time
from typing import Any

import pytest

from runyard.protocol.errors import TemporaryError
from runyard.protocol.jobs import (
    JoinGang,
    TaskReport,
)
from runyard.protocol.runs import LauncherSpec, RunError
from runyard.protocol.timeouts import AGENT_LOST_SECONDS, GANG_LOST_SECONDS, RENDEZVOUS_SECONDS
from runyard_server.compute.base import NodeGone, Observation
from runyard_server.execution import gangs, jobs
from runyard_server.testing.yard import W, Yard, until

RANKS = LauncherSpec("torch", worker_count=2)
AWAY = Observation(alive=None)


@pytest.fixture
def run(yard: Yard) -> str:
    """A run of two ranks on two nodes, both of which have joined; time passes as tests say."""
    yard.clock.stop()
    yard.cluster(nodes=2)
    made = yard.submit("cluster", node_count=2, launcher=RANKS)
    for node in range(2):
        yard.handle(made, node=node)
        place = JoinGang(f"host-{node}", f"10.0.0.{node}", [1000])
        gangs.join(yard.system, W, made, str(node), body=place)
        yard.report(made, node=node, tasks=[rank(node)])
    return made


def rank(number: int, state: str = "running", at: float = 0.0) -> TaskReport:
    """A process of the run."""
    return TaskReport(f"rank {number}", number, state, ended_at=at)


def away(yard: Yard, run: str, node: int = 1) -> str:
    """Let nobody know any more whether a node's agent is alive; give its handle."""
    handle = yard.handle(run, node=node)
    yard.engine.agents[handle] = AWAY
    return handle


def given_up(yard: Yard, run: str) -> None:
    """Let time pass, in which only node 0 speaks, until it hears that the other is lost."""

    def heard() -> bool:
        # A service that was stopped for some seconds begins to count anew.
        yard.clock.sleep(2)
        return yard.report(run, node=0, tasks=[rank(0)]).stop

    until(heard)


def reason(yard: Yard, run: str, step: float = 2.0) -> str:
    """Let time pass until the run has failed; give the reason."""

    def failed() -> bool:
        yard.clock.sleep(step)
        return yard.get(run).status == "Failed"

    until(failed)
    error = yard.get(run).error
    assert error is not None
    return error.message


def test_a_silent_node_fails_the_run(yard: Yard, run: str) -> None:
    """The other node hears of it, and the reason names node, host and address."""
    away(yard, run)
    yard.clock.sleep(GANG_LOST_SECONDS - 2)
    assert not yard.report(run, node=0, tasks=[rank(0)]).stop
    given_up(yard, run)
    yard.finish(run, "stopped", node=0)
    assert reason(yard, run).startswith("node 1, cluster-2 on host h (10.0.0.1), was lost")


def test_a_node_that_was_given_up_is_told(yard: Yard, run: str) -> None:
    """When it can speak again it must stop, before and after the run's end."""
    away(yard, run)
    given_up(yard, run)
    assert yard.report(run, node=1, tasks=[rank(1)]).stop
    assert gangs.join(yard.system, W, run, "1", body=JoinGang()).stop
    yard.finish(run, "stopped", node=0)
    yard.until(run, "Failed")
    assert yard.report(run, node=1, tasks=[rank(1)]).cancel
    yard.finish(run, "canceled", node=1)
    assert yard.get(run).status == "Failed"


def test_what_a_lost_node_left_is_cleaned_up(yard: Yard, run: str) -> None:
    """An agent that is gone when its machine can be reached again is salvaged, late as it is."""
    handle = away(yard, run)
    given_up(yard, run)
    yard.finish(run, "stopped", node=0)
    yard.until(run, "Failed")
    assert f"{run}/1/1/salvage" not in yard.engine.agents
    folder = yard.system.home.run(run)
    assert folder.is_dir()
    yard.engine.end(handle, signal="SIGKILL")
    salvage = yard.handle(run, "salvage", node=1)
    yard.engine.end(salvage, signal="SIGKILL")
    # Killed half-way it is followed by another.
    until(lambda: yard.engine.agents[salvage].alive)
    assert folder.is_dir()
    yard.engine.end(salvage, 0)
    until(lambda: not folder.exists())


def test_a_lost_node_is_watched_after_a_restart(yard: Yard, run: str) -> None:
    """Another process of the service cleans up after a node that was given up before."""
    handle = away(yard, run)
    given_up(yard, run)
    yard.restart()
    yard.finish(run, "stopped", node=0)
    yard.until(run, "Failed")
    yard.restart()
    yard.engine.end(handle, signal="SIGKILL")
    assert yard.handle(run, "salvage", node=1) != handle


def test_a_restart_gives_time(yard: Yard, run: str) -> None:
    """A service that was away for long has heard of nobody: that is no reason to lose them."""
    for node in range(2):
        away(yard, run, node)
    yard.scheduler.stop()
    yard.clock.sleep(3600)
    yard.scheduler = yard.new_scheduler()
    yard.scheduler.start()
    for _ in range(3):
        yard.scheduler.observe()
    assert yard.get(run).status == "Running"
    for node in range(2):
        assert not yard.report(run, node=node, tasks=[rank(node)]).stop


def test_the_loss_comes_before_what_followed_from_it(yard: Yard, run: str) -> None:
    """A rank that fails because its peer is gone is told second."""
    away(yard, run)
    yard.clock.sleep(4)
    at = yard.clock.now_us() / 1_000_000
    yard.report(run, node=0, tasks=[rank(0, "failed", at)])
    yard.finish(run, "failed", node=0, error=RunError("UserError", "rank 0: connection lost"))
    assert yard.get(run).status == "Running"
    told = reason(yard, run)
    assert told.startswith("node 1, cluster-2 on host h")
    assert told.endswith("After that: rank 0: connection lost")


def test_what_failed_before_the_loss_stays_the_reason(yard: Yard, run: str) -> None:
    """A node that is lost later does not hide why the run failed."""
    at = yard.clock.now_us() / 1_000_000
    yard.clock.sleep(1)
    yard.report(run, node=1, tasks=[rank(1)])
    away(yard, run)
    yard.report(run, node=0, tasks=[rank(0, "failed", at)])
    yard.finish(run, "failed", node=0, error=RunError("UserError", "rank 0: boom"))
    assert reason(yard, run) == "rank 0: boom"


def test_a_killed_agent_on_a_node_that_cannot_be_reached(yard: Yard, run: str) -> None:
    """Salvage is tried for some seconds, then the run ends without."""
    yard.engine.refuse = TemporaryError("no way to the node")
    yard.engine.end(yard.handle(run, node=1), signal="SIGKILL")
    until(lambda: yard.report(run, node=0, tasks=[rank(0)]).stop)
    yard.finish(run, "stopped", node=0)
    assert yard.get(run).status == "Running"
    assert "agent of node 1 was killed by SIGKILL" in reason(yard, run)
    yard.engine.refuse = None
    yard.handle(run, "salvage", node=1)


def test_a_node_that_is_gone_for_good_is_not_tried_again(yard: Yard) -> None:
    """An engine that knows its machine is gone says so: the run begins anew elsewhere at once."""
    yard.cluster(nodes=1)
    run = yard.submit("cluster", max_retries=1)
    yard.report(run)
    # Of the salvage alone: the second attempt may begin before this test sees the end of the first.
    yard.engine.refuse_salvage = NodeGone("machine 7 is gone")
    yard.engine.end(yard.handle(run), signal="SIGKILL")
    until(lambda: "machine 7 is gone" in yard.messages(run))
    second = f"{run}/0/2/job"
    until(lambda: second in yard.engine.agents)
    assert f"{run}/0/1/salvage" not in yard.engine.agents


def test_an_attempt_that_comes_while_the_former_is_put_away_is_launched(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked for while a thread is still at work on its node, and nobody asks twice."""
    cleared = jobs.cleared

    def late(*given: Any) -> None:
        cleared(*given)
        # The scheduler has its turn meanwhile.
        time.sleep(0.5)

    monkeypatch.setattr(jobs, "cleared", late)
    yard.cluster(nodes=1)
    run = yard.submit("cluster", max_retries=1)
    yard.report(run)
    yard.engine.refuse_salvage = NodeGone("machine 7 is gone")
    yard.engine.end(yard.handle(run), signal="SIGKILL")
    until(lambda: f"{run}/0/2/job" in yard.engine.agents)
    assert f"{run}/0/1/salvage" not in yard.engine.agents
    assert yard.get(run).error is None


def test_a_node_that_is_never_heard_of_has_longer(yard: Yard) -> None:
    """Starting up may take a node a while; after the deadline it is missing."""
    yard.clock.stop()
    yard.cluster(nodes=2)
    run = yard.submit("cluster", node_count=2, launcher=RANKS)
    for node in range(2):
        away(yard, run, node)
    yard.clock.sleep(RENDEZVOUS_SECONDS - 5)
    yard.scheduler.observe()
    assert yard.get(run).status == "Queued"
    assert f"did not come within {RENDEZVOUS_SECONDS:.0f} s" in reason(yard, run)


def test_a_run_on_one_node_has_longer(yard: Yard) -> None:
    """Nobody waits for it: half a minute of silence, then it is salvaged."""
    yard.clock.stop()
    run = yard.submit("local")
    yard.report(run)
    away(yard, run, 0)
    yard.clock.sleep(AGENT_LOST_SECONDS - 5)
    yard.scheduler.observe()
    assert f"{run}/0/1/salvage" not in yard.engine.agents
    yard.clock.sleep(AGENT_LOST_SECONDS)
    yard.handle(run, "salvage")


def test_a_run_on_one_node_that_nobody_reaches_has_failed(yard: Yard) -> None:
    """Half a minute of silence is enough: what saves the rest of it is not waited for as long."""
    run = yard.submit("local")
    yard.report(run)
    away(yard, run, 0)
    yard.engine.refuse = TemporaryError("the machine is away")
    yard.clock.sleep(AGENT_LOST_SECONDS + 1)
    yard.scheduler.observe()
    record = yard.when(run, lambda record: record.status == "Failed")
    assert record.error is not None
    assert "has not been heard of for 30 s" in record.error.message


def test_another_attempt_waits_for_what_is_left(yard: Yard) -> None:
    """Two attempts never write into the shared folder at once."""
    yard.cluster(nodes=2)
    run = yard.submit("cluster", node_count=2, launcher=RANKS, max_retries=1)
    for node in range(2):
        yard.report(run, node=node, tasks=[rank(node)])
    handle = away(yard, run)
    given_up(yard, run)
    yard.finish(run, "stopped", node=0)
    yard.when(run, lambda record: record.attempt == 2)
    yard.scheduler.observe()
    assert f"{run}/0/2/job" not in yard.engine.agents
    yard.engine.end(handle, signal="SIGKILL")
    yard.engine.end(yard.handle(run, "salvage", node=1), 0)
    until(lambda: f"{run}/0/2/job" in yard.engine.agents)
