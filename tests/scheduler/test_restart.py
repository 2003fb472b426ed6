"""The service dies and comes back: every run goes on from where it was."""

from runyard_server.operations import runs
from runyard_server.testing.yard import W, Yard, until


def test_a_running_agent_is_watched_again(yard: Yard) -> None:
    """A job that runs while the service is away is not launched again, and may finish after."""
    run = yard.submit()
    yard.report(run)
    yard.restart()
    yard.finish(run)
    assert yard.get(run).status == "Completed"
    assert len(yard.engine.plans) == 1
    until(lambda: not yard.system.home.run(run).exists())


def test_an_agent_that_died_meanwhile_is_salvaged(yard: Yard) -> None:
    """An agent that dies while the service is away is cleaned up after when it is back."""
    run = yard.submit()
    yard.report(run)
    yard.scheduler.stop()
    yard.engine.end(yard.handle(run))
    yard.restart()
    yard.handle(run, "salvage")
    yard.finish(run, "failed")
    assert yard.get(run).status == "Failed"


def test_a_preparation_is_taken_up(yard: Yard) -> None:
    """A run whose environment was being made is prepared by the next process, with no second
    Preparing in its history."""
    yard.environments.go.clear()
    run = yard.submit(pip="tensorflow")
    assert yard.environments.begun.wait(60)
    yard.scheduler.stop()
    assert yard.get(run).status == "Preparing"
    yard.environments.go.set()
    yard.restart()
    yard.report(run)
    assert yard.statuses(run) == ["Starting", "Preparing", "Queued", "Running"]


def test_what_waited_still_waits(yard: Yard) -> None:
    """The queue keeps its order over a restart."""
    yard.cluster(nodes=1)
    order = [yard.queue("cluster") for _ in range(3)]
    yard.handle(order[0])
    yard.when(order[2], lambda record: record.reason is not None)
    yard.restart()
    for run in order:
        yard.report(run)
        yard.finish(run)
    assert [plan.run for plan in yard.engine.plans] == order


def test_submitted_while_nobody_looked(yard: Yard) -> None:
    """A run that was written down just before the service died is begun by the next one."""
    yard.scheduler.stop()
    run = yard.submit()
    canceled = yard.submit()
    runs.cancel(yard.system, W, canceled)
    yard.restart()
    yard.report(run)
    assert yard.get(canceled).status == "Canceled"


def test_placed_but_not_launched(yard: Yard) -> None:
    """A run that had its node and no agent yet gets its agent; the node is counted once."""
    yard.cluster(nodes=1)
    yard.scheduler.stop()
    run = yard.submit("cluster")
    yard.scheduler = yard.new_scheduler()
    yard.scheduler._reconcilers["run"]._agents._pool.close(0)
    yard.scheduler.start()
    yard.when(run, lambda record: record.status == "Queued")
    until(lambda: any("placed" in message for message in yard.messages(run)))
    assert yard.engine.plans == []
    yard.restart()
    yard.report(run)
    yard.finish(run)
    assert len(yard.engine.plans) == 1


def test_cancel_wish_outlives_the_service(yard: Yard) -> None:
    """A cancel that was asked for while the service went down reaches the agent."""
    yard.engine.deaf = True
    run = yard.submit()
    yard.report(run)
    yard.scheduler.stop()
    runs.cancel(yard.system, W, run)
    yard.restart()
    until(lambda: yard.handle(run) in yard.engine.canceled)
    yard.finish(run, "canceled")
    assert yard.get(run).status == "Canceled"
