"""Whatever happens, in whatever order: histories stay lawful and nothing is lost or held."""

import random
import time
from itertools import pairwise

import pytest

from runyard.protocol.events import EventQuery
from runyard.protocol.runs import TERMINAL, FailRun
from runyard_server.core.lifecycle import ALLOWED
from runyard_server.execution import run_folders
from runyard_server.operations import compute, events, runs
from runyard_server.testing.yard import PATIENCE, W, Yard, until

STEPS = 150


class Chaos:
    """Does random things to runs, agents and the scheduler."""

    def __init__(self, yard: Yard, seed: int) -> None:
        self.yard = yard
        self.random = random.Random(seed)
        self.runs: list[str] = []
        yard.cluster("small", nodes=1)
        yard.cluster("large", nodes=3, idle_seconds=0)

    def step(self) -> None:
        acts = [self.submit] * 4 + [self.report] * 6 + [self.finish] * 4
        acts += [self.kill] * 2 + [self.cancel, self.fail, self.upkeep, self.restart, self.hold]
        self.random.choice(acts)()

    def submit(self) -> None:
        target = self.random.choice(["local", "small", "large"])
        count = self.random.randint(1, 3) if target == "large" else 1
        pip = self.random.choice(["", "numpy", f"package-{len(self.runs)}"])
        self.runs.append(self.yard.submit(target, pip=pip, node_count=count))

    def report(self) -> None:
        for run in self.with_agent():
            self.yard.report(run, self.random.choice(["starting", "running", "finalizing"]))

    def finish(self) -> None:
        for run in self.with_agent():
            self.yard.finish(run, self.random.choice(["completed", "failed", "canceled"]))

    def kill(self) -> None:
        alive = self.alive()
        if alive:
            self.yard.engine.end(self.random.choice(alive), signal="SIGKILL")

    def cancel(self) -> None:
        if self.runs:
            runs.cancel(self.yard.system, W, self.random.choice(self.runs))

    def fail(self) -> None:
        if self.runs:
            runs.fail(self.yard.system, W, self.random.choice(self.runs), body=FailRun("no"))

    def upkeep(self) -> None:
        self.yard.scheduler.observe()

    def restart(self) -> None:
        self.yard.restart()

    def hold(self) -> None:
        """Let builds hang, or go on."""
        go = self.yard.environments.go
        (go.clear if go.is_set() else go.set)()

    def with_agent(self) -> list[str]:
        """A run with a living agent, if there is one."""
        alive = [handle.split("/")[0] for handle in self.alive()]
        alive = [run for run in alive if f"{run}/0/1/job" in self.yard.engine.agents]
        return [self.random.choice(alive)] if alive else []

    def alive(self) -> list[str]:
        """The handles of the agents that live."""
        # Of a copy: the scheduler's threads add some meanwhile.
        return [handle for handle, seen in dict(self.yard.engine.agents).items() if seen.alive]

    def settle(self) -> None:
        """Let every run come to its end."""
        self.yard.environments.go.set()
        end = time.monotonic() + PATIENCE
        while any(self.yard.get(run).status not in TERMINAL for run in self.runs) or self.alive():
            assert time.monotonic() < end, [self.yard.get(run) for run in self.runs]
            for run in self.runs:
                handles = (f"{run}/0/1/job", f"{run}/0/1/salvage")
                agents = [self.yard.engine.agents.get(handle) for handle in handles]
                if any(agent is not None and agent.alive for agent in agents):
                    self.yard.finish(run)
            self.yard.scheduler.observe()
            time.sleep(0.01)


@pytest.mark.parametrize("seed", range(4))
def test_histories_stay_lawful(yard: Yard, seed: int) -> None:
    """After a storm of submits, kills, cancels and restarts every run has ended by allowed moves,
    was launched at most once, no node is held, and no folder is left."""
    chaos = Chaos(yard, seed)
    for _ in range(STEPS):
        chaos.step()
    chaos.settle()
    for run in chaos.runs:
        items = events.list_(yard.system, W, run, EventQuery()).items
        assert [e.number for e in items] == list(range(1, len(items) + 1))
        statuses = [e.status for e in items if e.status is not None]
        assert statuses[0] == "Starting"
        assert all(after in ALLOWED[before] for before, after in pairwise(statuses))
        assert statuses[-1] == yard.get(run).status
    launched = [plan for plan in yard.engine.plans if plan.purpose == "job"]
    launches = [(plan.run, plan.node, plan.attempt) for plan in launched]
    assert len(launches) == len(set(launches))
    held = [
        node
        for name in ("small", "large")
        for node in compute.nodes(yard.system, W, name).items
        if node.run is not None
    ]
    assert held == []
    folders = [yard.system.home.run(run) for run in chaos.runs]
    until(lambda: not [f for f in folders if f.exists() and not run_folders.is_undelivered(f)])
    assert yard.submit("large", node_count=3)
