"""What is told of runs that wait: who holds what they need, and until when."""

import io
import json
import threading
from typing import Any

import pytest

from runyard.protocol.compute import NodeUsage, OccupancyQuery
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.metrics import SpoolQuery
from runyard.protocol.queue import QueuedRun
from runyard.protocol.runs import LauncherSpec
from runyard_server.operations import compute, metrics, runs
from runyard_server.store import prepared
from runyard_server.testing.yard import W, Yard


def test_the_first_is_told_who_holds_its_nodes_and_until_when(yard: Yard) -> None:
    """Whoever waits sees for whom, and when those usually end: from runs that have ended before."""
    yard.cluster("cluster", nodes=2)
    _done(yard, 600)
    holder = _working(yard, "cluster", node_count=2)
    yard.clock.sleep(200)
    first = yard.queue("cluster", node_count=2)
    behind = yard.submit("cluster")
    yard.when(behind, lambda record: record.reason is not None)
    told = _queue(yard)
    assert [(one.run, one.position, one.nodes) for one in told] == [(first, 1, 2), (behind, 2, 2)]
    number = yard.get(holder).number
    expected = (
        f"waits because all 2 nodes of cluster are held by exp {number}, which usually ends in"
    )
    assert told[0].message == f"{expected} 7 min"
    assert [(one.run, one.nodes) for one in told[0].holders] == [(holder, 2)]
    assert f"waits behind exp {yard.get(first).number}; its turn" in told[1].message
    starts = [one.starts_in_seconds for one in told]
    assert starts[0] is not None
    assert starts[1] is not None
    # The second begins when the first has come and gone, which takes as long as usual.
    assert abs(starts[0] - 400) < 20
    assert abs(starts[1] - starts[0] - 600) < 20


def test_nobody_guesses_without_former_runs(yard: Yard) -> None:
    """An estimate that nothing stands behind would be worse than none."""
    yard.cluster("cluster", nodes=1)
    _working(yard, "cluster")
    first = yard.submit("cluster")
    yard.when(first, lambda record: record.reason is not None)
    told = _queue(yard)[0]
    assert "nobody knows how long" in told.message
    assert told.starts_in_seconds is None


def test_a_run_explains_itself_in_each_state(yard: Yard) -> None:
    """`runyard runs explain` has an answer and, where something can be done, the command."""
    yard.cluster("cluster", nodes=1)
    _done(yard, 60)
    holder = _working(yard, "cluster")
    first = yard.submit("cluster")
    yard.when(first, lambda record: record.reason is not None)
    waiting = runs.explain(yard.system, W, first)
    assert waiting.status == "Queued"
    assert waiting.waiting is not None
    assert waiting.advice == f"runyard runs cancel {holder} would free nodes first"
    assert "of the usual 1 min" in runs.explain(yard.system, W, holder).message
    runs.fail(yard.system, W, first, body=runs.FailRun("no GPU was found"))
    failed = runs.explain(yard.system, W, first)
    assert (failed.status, failed.advice) == ("Failed", f"runyard runs logs {first}")
    assert "no GPU was found" in failed.message


def test_how_many_nodes_were_held_over_the_last_hours(yard: Yard) -> None:
    """Whoever pays for nodes sees how many of them stood idle, and when."""
    yard.cluster("cluster", nodes=3, idle_seconds=1800)
    gang = _working(yard, "cluster", node_count=2)
    yard.clock.sleep(1800)
    yard.finish(gang)
    yard.clock.sleep(900)
    _working(yard, "cluster")
    yard.clock.sleep(900)
    told = compute.occupancy(yard.system, W, "cluster", OccupancyQuery(hours=2, points=8))
    assert told.step_seconds == 900
    assert [round(each, 1) for each in told.held] == [0, 0, 0, 0, 2, 2, 0, 1]
    assert [round(each, 1) for each in told.nodes] == [0, 0, 0, 0, 2, 2, 2, 2]
    with pytest.raises(InvalidRequest, match="up to 168 hours"):
        compute.occupancy(yard.system, W, "cluster", OccupancyQuery(hours=1000))


def test_what_runs_use_is_told_by_node(yard: Yard) -> None:
    """Whoever looks at a cluster sees which of its nodes work, and which are only held."""
    yard.cluster("cluster", nodes=2)
    gang = _working(yard, "cluster", node_count=2, launcher=LauncherSpec("torch"))
    told = {"0/job/cpu": 1.5, "0/node/cpu_capacity": 2, "1/job/cpu": 0.1, "1/job/memory": 1024}
    told |= {"1/gpu/0/utilization": 80, "1/gpu/1/utilization": 40}
    lines = [{"n": f"system/{k}", "k": "usage", "v": v, "t": 1} for k, v in told.items()]
    body = io.BytesIO("".join(json.dumps(line) + "\n" for line in lines).encode())
    metrics.append(yard.system, W, gang, "1-aa", query=SpoolQuery(), body=body)
    assert [one.used for one in compute.nodes(yard.system, W, "cluster").items] == [
        NodeUsage(cpu=1.5, cpu_capacity=2),
        NodeUsage(cpu=0.1, memory=1024, gpu=60),
    ]


def test_many_holders_are_read_as_one_is(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks why a run waits for a thousand nodes is answered as soon as for one."""
    asked: list[object] = []
    execute = prepared._Compiled.execute

    def noted(compiled: prepared._Compiled, act: Any, arguments: Any) -> None:
        # The scheduler asks, too, whenever it likes.
        if threading.current_thread() is threading.main_thread():
            asked.append(compiled)
        execute(compiled, act, arguments)

    monkeypatch.setattr(prepared._Compiled, "execute", noted)
    counts = []
    for nodes in (1, 6):
        yard.cluster(f"of-{nodes}", nodes=nodes)
        for _ in range(nodes):
            _working(yard, f"of-{nodes}")
        first = yard.submit(f"of-{nodes}")
        yard.when(first, lambda record: record.reason is not None)
        asked.clear()
        waiting = runs.explain(yard.system, W, first).waiting
        assert waiting is not None
        assert len(waiting.holders) == nodes
        counts.append(len(asked))
    assert counts[0] == counts[1] > 0


def _queue(yard: Yard) -> list[QueuedRun]:
    return compute.queue(yard.system, W).items


def _working(yard: Yard, target: str, **more: Any) -> str:
    run = yard.submit(target, **more)
    yard.report(run)
    yard.until(run, "Running")
    return run


def _done(yard: Yard, seconds: float) -> None:
    """Have a run of the experiment complete that took so long."""
    run = _working(yard, "cluster")
    yard.clock.sleep(seconds)
    yard.finish(run)
    yard.until(run, "Completed")
