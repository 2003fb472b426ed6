"""The exit deadline on one node: who counts, and from when."""

import time
from types import SimpleNamespace
from typing import Any

from runyard.runtime.hanging import ExitDeadline
from runyard.runtime.managed_process import ManagedProcess, Plan, Task


class Fake(ManagedProcess):
    """A process whose end is told by the test."""

    def __init__(self, name: str, code: int | None, ago: float = 0.0, **plan: Any) -> None:
        tasks = [] if plan.get("helper") else [Task(name, 0, "")]
        super().__init__(Plan(name, [], {}, "", "", tasks=tasks, **plan))
        self._code = code
        self.ended_at = time.time() - ago

    def ended(self) -> int | None:
        return self._code


def deadline(seconds: float | None, nodes: int = 1) -> ExitDeadline:
    """The deadline of a job."""
    launcher = {"exit_deadline_seconds": seconds}
    job: Any = SimpleNamespace(launcher=launcher, nodes=nodes, node_name="here")
    return ExitDeadline(job)


def test_the_first_end_counts() -> None:
    """The time runs from the first that has completed, and all that still run are named."""
    some = [
        Fake("rank 0", 0, ago=50),
        Fake("rank 1", 0, ago=10),
        Fake("rank 2", None),
        Fake("rank 3", None),
    ]
    assert deadline(40).reason(some) == (
        "rank 2 on here, rank 3 on here still run, 40 s after rank 0 on here had completed "
        "(exit_deadline_seconds)"
    )
    assert not deadline(80).reason(some)
    left = deadline(80).left(some)
    assert left is not None
    assert 0 < left <= 30


def test_servers_and_mpirun_do_not_count() -> None:
    """They never end by themselves, or end last; nor does who ends first without deciding."""
    others = [Fake("ps 0", None, decisive=False), Fake("mpirun", None, helper=True)]
    assert deadline(1).left([Fake("worker 0", 0, ago=9), *others]) is None
    quick = [Fake("evaluator 0", 0, ago=9, decisive=False), Fake("worker 0", None)]
    assert deadline(1).left(quick) is None


def test_no_deadline_and_several_nodes_leave_it_alone() -> None:
    """Over several nodes the service decides."""
    some = [Fake("rank 0", 0, ago=99), Fake("rank 1", None)]
    assert deadline(None).left(some) is None
    assert deadline(1, nodes=2).left(some) is None
