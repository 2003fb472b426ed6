"""Queues: by priority, then first come, first served; all nodes or none, and always a reason."""

from typing import Any

import pytest

from runyard.protocol.compute import ChangeCompute
from runyard.protocol.errors import RunyardError
from runyard.protocol.feed import FeedQuery
from runyard.protocol.queue import Prioritize
from runyard_server.operations import compute, feed, runs
from runyard_server.testing.yard import W, Yard, until


def test_a_cluster_grows_from_zero(yard: Yard) -> None:
    """Nodes come with the runs that need them, no more than those, and each says who holds it."""
    yard.cluster(nodes=4)
    run = yard.submit("cluster")
    yard.handle(run)
    record = compute.get(yard.system, W, "cluster")
    assert (record.current_nodes, record.running_nodes, record.idle_nodes) == (1, 1, 0)
    assert [n.run for n in compute.nodes(yard.system, W, "cluster").items] == [run]
    yard.report(run)
    yard.finish(run)
    record = compute.get(yard.system, W, "cluster")
    assert (record.current_nodes, record.idle_nodes) == (1, 1)


def test_first_come_first_served(yard: Yard) -> None:
    """Runs on a full cluster start in the order of their submission."""
    yard.cluster(nodes=1)
    order = [yard.queue("cluster") for _ in range(5)]
    for run in order:
        yard.report(run)
        yard.finish(run)
    assert [plan.run for plan in yard.engine.plans] == order


def test_one_build_keeps_the_order(yard: Yard) -> None:
    """Runs that waited for the same environment come into the queue in the order they came."""
    yard.cluster(nodes=1)
    yard.environments.go.clear()
    order = [yard.submit("cluster", pip="tensorflow") for _ in range(6)]
    for run in order:
        yard.until(run, "Preparing")
    yard.environments.go.set()
    for run in order:
        yard.report(run)
        yard.finish(run)
    assert [plan.run for plan in yard.engine.plans] == order


def test_the_first_in_line_has_an_exact_reason(yard: Yard) -> None:
    """The reason says how many nodes are missing and who holds them; it goes with the wait."""
    yard.cluster("gpucluster", nodes=4)
    first = yard.queue("gpucluster", node_count=2)
    second = yard.queue("gpucluster", node_count=4)
    third = yard.submit("gpucluster")
    yard.handle(first)
    reason = f"waiting for 2 of 4 nodes of 'gpucluster'; run {first} holds them"
    assert yard.when(second, lambda record: record.reason == reason).status == "Queued"
    record = yard.when(third, lambda record: record.reason is not None)
    assert record.reason == "waiting behind other runs for nodes of 'gpucluster'"
    assert second not in {plan.run for plan in yard.engine.plans}
    yard.report(first)
    yard.finish(first)
    yard.report(second)
    assert yard.get(second).reason is None
    record = yard.when(third, lambda record: second in (record.reason or ""))
    assert record.reason == f"waiting for a node of 'gpucluster'; run {second} holds them"


def test_a_big_run_is_not_overtaken(yard: Yard) -> None:
    """A run that needs many nodes gets them although small ones keep coming behind it."""
    yard.cluster(nodes=2)
    small = yard.submit("cluster")
    yard.handle(small)
    big = yard.queue("cluster", node_count=2)
    later = yard.submit("cluster")
    yard.when(later, lambda record: record.reason is not None)
    yard.finish(small)
    yard.handle(big)
    assert [plan.run for plan in yard.engine.plans] == [small, big]
    yard.finish(big)
    yard.handle(later)


@pytest.mark.parametrize("target", ["cluster", "local"])
def test_the_highest_priority_is_served_first(yard: Yard, target: str) -> None:
    """Whoever is in a hurry need not wait for all that came before, and says why others wait."""
    yard.cluster(nodes=2)
    held = [yard.submit(target) for _ in range(2)]
    for run in held:
        yard.report(run)
    plain = [yard.queue(target) for _ in range(2)]
    yard.when(plain[1], lambda record: record.reason is not None)
    low = yard.queue(target, priority=-1)
    urgent = yard.submit(target, priority=5)
    yard.when(urgent, lambda record: "hold them" in (record.reason or ""))
    assert "behind other runs" in (yard.get(plain[0]).reason or "")
    told = compute.queue(yard.system, W).items
    order = [urgent, *plain, low]
    assert [(one.run, one.priority) for one in told] == [*zip(order, [5, 0, 0, -1], strict=True)]
    assert "of priority 5" in told[1].message
    assert yard.get(urgent).priority == 5
    for done, next_ in zip([*held, *order], order, strict=False):
        yard.finish(done)
        yard.report(next_)
    assert [plan.run for plan in yard.engine.plans][2:] == order


def test_a_gang_keeps_what_is_free_but_for_a_higher_priority(yard: Yard) -> None:
    """Small runs of its priority never starve it; an urgent one alone goes before it."""
    yard.cluster(nodes=2)
    small = yard.submit("cluster")
    yard.handle(small)
    gang = yard.queue("cluster", node_count=2)
    later = [yard.submit("cluster") for _ in range(3)]
    yard.when(later[-1], lambda record: record.reason is not None)
    urgent = yard.submit("cluster", priority=1)
    # A node was free for it all the time, which the gang alone kept from the others.
    yard.handle(urgent)
    yard.finish(small)
    yard.finish(urgent)
    yard.handle(gang)
    assert [plan.run for plan in yard.engine.plans] == [small, urgent, gang]


def test_a_run_that_waits_gets_another_place(yard: Yard) -> None:
    """By a new priority, or right before or after another run, whatever else is in the queue."""
    yard.cluster(nodes=1)
    holder = yard.submit("cluster")
    yard.report(holder)
    a, b, c, d = (yard.queue("cluster") for _ in range(4))
    yard.when(d, lambda record: record.reason is not None)

    def order(run: str, **change: Any) -> list[str]:
        runs.prioritize(yard.system, W, run, body=Prioritize(**change))
        return [one.run for one in compute.queue(yard.system, W).items]

    assert order(d, before=b) == [a, d, b, c]
    assert order(a, after=d) == [d, a, b, c]
    assert order(c, before=d) == [c, d, a, b]
    assert order(d, after=b) == [c, a, b, d]
    assert order(b, priority=7) == [b, c, a, d]
    assert order(d, after=b) == [b, d, c, a]
    assert yard.get(d).priority == 7
    assert order(d, priority=0) == [b, c, a, d]
    # What has been moved between two neighbours leaves room for more.
    for _ in range(3):
        order(d, before=a)
        assert order(c, before=d) == [b, c, d, a]
        assert order(d, before=c) == [b, d, c, a]
    assert "moved before exp 2" in yard.messages(d)
    yard.when(b, lambda record: "holds them" in (record.reason or ""))
    yard.finish(holder)
    yard.report(b)
    assert [plan.run for plan in yard.engine.plans] == [holder, b]
    for run, change, match in (
        (holder, {"priority": 1}, "is Completed"),
        (b, {"priority": 1}, "is Running"),
        (c, {"priority": 1001}, "-1000 to 1000"),
        (c, {"before": holder}, "not both among"),
        (c, {"before": c}, "not both among"),
        (c, {}, "give one of"),
    ):
        with pytest.raises(RunyardError, match=match):
            order(run, **change)


def test_room_comes_to_whoever_is_made_first(yard: Yard) -> None:
    """A gang that keeps the free node from a small run gives it up when that one is made first."""
    yard.cluster(nodes=2)
    yard.handle(yard.submit("cluster"))
    gang, small = yard.queue("cluster", node_count=2), yard.queue("cluster")
    yard.when(small, lambda record: record.reason is not None)
    runs.prioritize(yard.system, W, small, body=Prioritize(before=gang))
    yard.handle(small)
    assert yard.get(gang).status == "Queued"


def test_this_machine_has_so_many_places(yard: Yard) -> None:
    """On `local` no more runs are there at once than there are places, over all of them FIFO."""
    order = [yard.queue() for _ in range(4)]
    for run in order[:2]:
        yard.report(run)
    record = yard.when(order[2], lambda record: record.reason is not None)
    assert record.reason == (
        f"waiting for one of the 2 places on this machine; runs {order[0]} and {order[1]} hold them"
    )
    assert len(yard.engine.plans) == 2
    yard.finish(order[1])
    yard.report(order[2])
    assert len(yard.engine.plans) == 3
    yard.finish(order[0])
    yard.report(order[3])


def test_runs_that_steer_others_give_their_places_up(yard: Yard) -> None:
    """Two jobs that wait for the jobs they submitted do not hold both places for ever."""
    steering = [yard.submit(), yard.submit()]
    for run in steering:
        yard.report(run)
    inner = [yard.submit(submitted_from=run) for run in steering]
    for run in inner:
        yard.report(run)
    third = yard.submit(submitted_from=steering[0])
    assert yard.when(third, lambda record: record.reason is not None).status == "Queued"
    yard.finish(inner[0])
    yard.report(third)


def test_clusters_do_not_wait_for_one_another(yard: Yard) -> None:
    """A full cluster holds up nobody on another."""
    yard.cluster("full", nodes=1)
    yard.cluster("free", nodes=1)
    yard.handle(yard.submit("full"))
    waiting, free = yard.submit("full"), yard.submit("free")
    assert yard.handle(free)
    assert yard.get(waiting).status == "Queued"


def test_idle_nodes_go_after_their_time(yard: Yard) -> None:
    """Idle nodes stay for idle_seconds, then go down to the minimum."""
    yard.cluster(nodes=3, idle_seconds=120, min_nodes=1)
    until(lambda: _counts(yard) == (1, 1))
    held = [yard.submit("cluster") for _ in range(3)]
    for run in held:
        yard.report(run)
    for run in held:
        yard.finish(run)
    assert _counts(yard) == (3, 3)
    yard.clock.sleep(60)
    yard.scheduler.observe()
    assert _counts(yard) == (3, 3)
    yard.clock.sleep(61)
    yard.scheduler.observe()
    until(lambda: _counts(yard) == (1, 1))
    assert compute.get(yard.system, W, "cluster").target_nodes == 1
    told = feed.list_(yard.system, W, FeedQuery(subject_kind="cluster", subject="cluster"))
    nodes = [event.data.get("nodes") for event in told.items][1:]
    # Runs that come together may get their nodes together.
    assert (nodes[0], nodes[-2:]) == ("1", ["3", "1"])


def test_more_nodes_serve_who_waits(yard: Yard) -> None:
    """Raising max_nodes lets a waiting run begin."""
    yard.cluster(nodes=1)
    yard.handle(yard.submit("cluster"))
    waiting = yard.submit("cluster")
    yard.when(waiting, lambda record: record.reason is not None)
    compute.change(yard.system, W, "cluster", body=ChangeCompute(max_nodes=2))
    assert yard.engine.agents[yard.handle(waiting)].alive


def test_what_the_engine_waits_for_is_told(yard: Yard) -> None:
    """Where the backend knows why there are no nodes, the first run in the queue says it."""
    yard.engine.nodes, yard.engine.reason = 0, "partition 'gpu' is full"
    yard.cluster(nodes=2)
    record = yard.when(yard.submit("cluster"), lambda found: bool(found.reason))
    assert record.reason == "waiting for a node of 'cluster'; partition 'gpu' is full"


def test_nodes_that_are_being_started(yard: Yard) -> None:
    """While the engine grants fewer nodes than are needed, the run waits and says so."""
    yard.engine.nodes = 1
    yard.cluster(nodes=4)
    run = yard.submit("cluster", node_count=2)
    record = yard.when(run, lambda record: record.reason is not None)
    assert record.reason == "waiting for 1 of 2 nodes of 'cluster'; they are being started"
    yard.engine.nodes = None
    yard.handle(run)


@pytest.mark.parametrize("target", ["local", "cluster"])
def test_a_slow_environment_holds_up_nobody(yard: Yard, target: str) -> None:
    """While one run's environment is built, another one with its environment there runs."""
    yard.cluster(nodes=1)
    ready = yard.submit(target)
    yard.report(ready)
    yard.finish(ready)
    yard.environments.go.clear()
    slow = yard.submit(target, pip="tensorflow")
    assert yard.environments.begun.wait(60)
    quick = yard.submit(target)
    yard.report(quick)
    assert yard.get(slow).status == "Preparing"
    runs.cancel(yard.system, W, slow)


def _counts(yard: Yard) -> tuple[int, int]:
    record = compute.get(yard.system, W, "cluster")
    return record.current_nodes, record.idle_nodes


def test_a_cluster_whose_minimum_is_lowered_before_its_nodes_came_is_steady(yard: Yard) -> None:
    """It would be told as resizing for ever, and be looked at each second."""
    yard.engine.nodes = 0
    yard.cluster(min_nodes=2)
    assert compute.get(yard.system, W, "cluster").allocation_state == "Resizing"
    compute.change(yard.system, W, "cluster", body=ChangeCompute(min_nodes=0))
    until(lambda: compute.get(yard.system, W, "cluster").allocation_state == "Steady")
    assert compute.get(yard.system, W, "cluster").target_nodes == 0


def test_nodes_that_an_engine_has_lost_get_no_run(yard: Yard) -> None:
    """A cluster that had two nodes and has one left places one run, and the other says why."""
    yard.cluster(nodes=2)
    former = [yard.submit("cluster") for _ in range(2)]
    for run in former:
        yard.report(run)
        yard.finish(run)
    yard.engine.nodes, yard.engine.reason = 1, "machine 7 is gone"
    yard.handle(yard.submit("cluster"))
    waiting = yard.submit("cluster")
    yard.when(waiting, lambda record: bool(record.reason))
    assert not any(handle.startswith(waiting) for handle in dict(yard.engine.agents))
