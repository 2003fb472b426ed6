"""Whatever happens to a cluster and in whatever order, placement keeps its rules."""

import itertools
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from runyard.protocol.compute import IDLE, CreateCompute
from runyard.protocol.jobs import FinishReport
from runyard.protocol.queue import Prioritize
from runyard.protocol.runs import CANCELED, COMPLETED, QUEUED, SCRIPT_RUN, RunSpec
from runyard.protocol.workspaces import CreateWorkspace
from runyard_server.compute.base import Grant
from runyard_server.core import specs
from runyard_server.core.lifecycle import end, free_nodes
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import attempts, new_runs, placement, queue_order
from runyard_server.execution.new_runs import Named
from runyard_server.execution.placement import Target
from runyard_server.operations import compute, workspaces
from runyard_server.store import compute as clusters
from runyard_server.store import experiments, job_nodes, nodes, queues, runs
from runyard_server.testing.clocks import FakeClock
from runyard_server.testing.parts import parts

NAME, IDLE_SECONDS, MOST = "cluster", 60, 6
_numbers = itertools.count()


class Placement(RuleBasedStateMachine):
    """A cluster, and an account of who waits for it and who holds how many of its nodes."""

    def __init__(self, system: System, clock: FakeClock) -> None:
        super().__init__()
        self.system, self.clock = system, clock
        self.waiting: dict[int, int] = {}
        self.priority: dict[int, int] = {}
        self.holding: dict[int, int] = {}
        self.fresh: list[int] = []
        self.present = 0

    @initialize(most=st.integers(1, MOST))
    def make(self, most: int) -> None:
        body = CreateWorkspace(f"w{next(_numbers)}")
        self.workspace = workspaces.create(self.system, body).id
        made = CreateCompute(NAME, "STANDARD_D2_V2", max_nodes=most, idle_seconds=IDLE_SECONDS)
        compute.create(self.system, self.workspace, made)
        self.target, self.most = Target(self.workspace, NAME), most

    @rule(share=st.floats(0, 1), priority=st.integers(-1, 1))
    def submit(self, share: float, priority: int) -> None:
        count = 1 + round(share * (self.most - 1))

        def write(work: Work) -> int:
            found = experiments.ensure(work.connection, self.workspace, "e", work.now)
            given = {"run_type": SCRIPT_RUN, "node_count": count, "priority": priority}
            row = new_runs.new_row(
                self.workspace, f"r{next(_numbers)}", "e", status=QUEUED, target=NAME, **given
            )
            spec = RunSpec("e", "", "train.py", target=NAME, node_count=count)
            return new_runs.add(work, row, found, specs.text_of(spec), Named({}, {}, {})).key

        key = self.system.write(write)
        self.waiting[key], self.priority[key] = count, priority
        self.fresh.append(key)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data(), priority=st.integers(-1, 1))
    def prioritize(self, data: st.DataObject, priority: int) -> None:
        key = data.draw(st.sampled_from(sorted(self.waiting)))

        def write(work: Work) -> None:
            row = runs.find_many(work.connection, [key])[0]
            queue_order.change(work, row, Prioritize(priority))

        self.system.write(write)
        self.priority[key] = priority

    @rule(granted=st.integers(0, MOST + 1))
    def place(self, granted: int) -> None:
        def write(work: Work) -> list[int]:
            fresh = runs.find_many(work.connection, self.fresh)
            placed = placement.place(work, self.target, Grant(granted), fresh)
            return [each.row.key for each in placed]

        placed = self.system.write(write)
        if self.waiting:
            self.present = max(self.present, min(granted, self.most))
        assert placed == self._expected(granted)
        for key in placed:
            self.holding[key] = self.waiting.pop(key)
        self.fresh = []
        rows = self.system.read(lambda work: runs.find_many(work.connection, self.waiting))
        reasons = [row.reason or "" for row in sorted(rows, key=queues.turn)]
        assert all(text.startswith("waiting for ") for text in reasons[:1])
        # Who has been first once, and stands behind a run that begins anew, keeps what it said.
        assert all(text.startswith("waiting ") for text in reasons[1:])

    @precondition(lambda self: self.holding)
    @rule(data=st.data())
    def complete(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.holding)))
        self._end(key, COMPLETED)
        del self.holding[key]

    @precondition(lambda self: self.holding)
    @rule(data=st.data())
    def begin_anew(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.holding)))

        def write(work: Work) -> None:
            attempts.begin(work, runs.find_many(work.connection, [key])[0], FinishReport("failed"))

        self.system.write(write)
        self.waiting[key] = self.holding.pop(key)
        self.fresh.append(key)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.waiting)))
        self._end(key, CANCELED)
        del self.waiting[key]

    @rule()
    def shrink(self) -> None:
        self.clock.advance(IDLE_SECONDS + 1)

        def write(work: Work) -> None:
            cluster = clusters.find(work.connection, self.workspace, NAME)
            assert cluster is not None
            placement.shrink(work, cluster)

        self.system.write(write)
        self.present = sum(self.holding.values())

    @invariant()
    def nodes_are_held_as_told(self) -> None:
        """Each run that was placed has as many nodes as it asked for, and nobody else has any."""

        def look(work: Work) -> tuple[list[nodes.NodeRow], dict[str, int]]:
            rows = runs.find_many(work.connection, self.holding)
            present = nodes.of_cluster(work.connection, self.workspace, NAME)
            assert sum(count_agents(work, row.key) for row in rows) == len(rows)
            return present, {row.id: row.node_count for row in rows}

        present, expected = self.system.read(look)
        held = [node.run for node in present if node.run is not None]
        assert {run: held.count(run) for run in held} == expected
        assert len(present) == self.present <= self.most
        assert all((node.state == IDLE) == (node.run is None) for node in present)

    def _expected(self, granted: int) -> list[int]:
        """Who is to be placed: by priority and then age, as long as the next one fits.

        Nodes that the backend has no more, by what it grants, are given to nobody.
        """
        free = min(self.present, granted) - sum(self.holding.values())
        found = []
        for key in sorted(self.waiting, key=lambda key: (-self.priority[key], key)):
            if self.waiting[key] > free:
                break
            free -= self.waiting[key]
            found.append(key)
        return found

    def _end(self, key: int, status: str) -> None:
        def write(work: Work) -> None:
            row = runs.find_many(work.connection, [key])[0]
            job_nodes.close(work.connection, key, work.now)
            free_nodes(work, row)
            end(work, row, status)

        self.system.write(write)


def count_agents(work: Work, key: int) -> int:
    """One agent: the runs of these tests are of one process, however many nodes they have."""
    return len(job_nodes.of_run(work.connection, key))


def test_placement_keeps_its_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gangs get all their nodes or none, in order, and every run that waits says why."""
    # Fewer at a time than there are nodes, so that the queue is read on as it is on large clusters.
    monkeypatch.setattr(placement, "_LOOK", 2)
    clock = FakeClock()
    with parts(tmp_path / "home", clock) as system:
        run_state_machine_as_test(
            lambda: Placement(system, clock),
            settings=settings(
                max_examples=12,
                stateful_step_count=25,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
