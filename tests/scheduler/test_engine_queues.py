"""Engines with a queue of their own: what waits there says why, and what they end says why, too."""

from runyard.protocol.errors import TemporaryError
from runyard.protocol.jobs import OUTCOME_CANCELED, OUTCOME_FAILED
from runyard.protocol.runs import LauncherSpec
from runyard.protocol.timeouts import AGENT_LOST_SECONDS, TICK_SECONDS
from runyard_server.compute.base import Observation
from runyard_server.operations import compute
from runyard_server.testing.yard import W, Yard

WAITS = "waiting in partition 'gpu' behind 3 jobs"


def waiting(yard: Yard) -> tuple[str, str]:
    """A run on a cluster whose agent waits at its engine, and its handle."""
    yard.cluster()
    run = yard.submit("cluster")
    handle = yard.handle(run)
    yard.engine.agents[handle] = Observation(alive=None, waits=WAITS)
    yard.when(run, lambda record: record.reason == WAITS)
    return run, handle


def test_what_waits_at_the_engine_is_queued(yard: Yard) -> None:
    """The run is Queued with the engine's reason, once, and its node is being prepared."""
    run, handle = waiting(yard)
    assert yard.get(run).status == "Queued"
    assert compute.get(yard.system, W, "cluster").preparing_nodes == 1
    yard.engine.agents[handle] = Observation(alive=None)
    yard.when(run, lambda record: record.reason is None)
    assert compute.get(yard.system, W, "cluster").running_nodes == 1
    yard.report(run)
    assert yard.get(run).status == "Running"
    assert yard.messages(run).count(WAITS) == 1


def test_silence_counts_from_the_end_of_the_wait(yard: Yard) -> None:
    """Nobody gives up an agent that waits, nor one that has just begun after a long wait."""
    run, handle = waiting(yard)
    for _ in range(10):
        yard.clock.sleep(AGENT_LOST_SECONDS)
    yard.engine.agents[handle] = Observation(alive=None)
    yard.when(run, lambda record: record.reason is None)
    yard.clock.sleep(AGENT_LOST_SECONDS / 2)
    yard.report(run)
    yard.finish(run)
    assert yard.until(run, "Completed").error is None


def test_an_engine_that_is_away_is_told(yard: Yard) -> None:
    """A run that cannot be launched for the time being says why, and goes on when it can be."""
    yard.engine.refuse = TemporaryError("Slurm cannot be asked: connection refused")
    run = yard.submit()
    told = "waiting for node 0: Slurm cannot be asked: connection refused"
    assert yard.when(run, lambda record: record.reason == told).status == "Queued"
    yard.engine.refuse = None
    yard.handle(run)
    yard.report(run)
    assert yard.get(run).reason is None


def test_a_gang_says_once_what_all_of_its_nodes_wait_for(yard: Yard) -> None:
    """However many nodes are refused, and however often, its history has the reason once."""
    cause = "a node of its former attempt does not answer"
    yard.engine.refuse = TemporaryError(cause)
    yard.cluster(nodes=3)
    run = yard.submit("cluster", node_count=3, launcher=LauncherSpec("torch"))
    yard.when(run, lambda record: cause in (record.reason or ""))
    for _ in range(3):
        yard.clock.sleep(TICK_SECONDS)
    yard.engine.refuse = None
    yard.handle(run)
    assert sum(cause in message for message in yard.messages(run)) == 1


def test_an_agent_that_is_gone_says_what_the_engine_knows(yard: Yard) -> None:
    """Where the engine tells why an agent is gone, that is the run's error."""
    run = yard.submit()
    handle = yard.handle(run)
    yard.report(run)
    lost = Observation(alive=False, reason="node n2 of job 7 failed")
    yard.engine.agents[handle] = lost
    plan = yard.handle(run, "salvage")
    assert "node n2 of job 7 failed" in next(
        each.command[0] for each in yard.engine.plans if each.purpose == "salvage"
    )
    assert plan


def test_what_the_engine_ends_has_failed(yard: Yard) -> None:
    """An agent that says it was canceled, which nobody had asked for, tells the engine's reason."""
    yard.engine.ending = "job 7 had to make room"
    for outcome, more in ((OUTCOME_CANCELED, {}), (OUTCOME_FAILED, {"signal": "SIGTERM"})):
        run = yard.submit()
        yard.report(run)
        yard.finish(run, outcome, **more)
        error = yard.until(run, "Failed").error
        assert error is not None
        assert error.message == "job 7 had to make room"


def test_a_cancel_that_was_asked_for_stays_one(yard: Yard) -> None:
    """Whatever the engine says of it, who canceled a run finds it Canceled."""
    from runyard_server.operations import runs

    yard.engine.ending = "job 7 was canceled with scancel"
    run = yard.submit()
    yard.report(run)
    runs.cancel(yard.system, W, run)
    yard.finish(run, OUTCOME_CANCELED)
    assert yard.until(run, "Canceled").error is None
