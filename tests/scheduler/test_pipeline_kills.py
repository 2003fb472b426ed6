"""A service that is killed between any two writes of a pipeline neither loses nor doubles a step.

`SOAK_KILLS` random kills of a pipeline of twenty steps come beside, in the long form.
"""

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.scheduler.test_pipelines import Piping

from runyard.protocol.environments import EnvironmentDefinition, LockRecord
from runyard.protocol.events import EventQuery
from runyard.protocol.pipelines import NodeSpec
from runyard.protocol.runs import TERMINAL, RunQuery
from runyard_server.operations import events, pipeline_turns, runs
from runyard_server.store.runs import RunRow
from runyard_server.store.subjects import PIPELINE, Subject
from runyard_server.testing.yard import W, Yard

KILLS = int(os.environ.get("SOAK_KILLS", "0"))
LARGE = 20
MOST_TURNS = 400
_LOCK = LockRecord("lock", "3.11", "numpy==1.26.0")


class Killed(BaseException):
    """The service has ended here."""


class Killer:
    """Has the service end at some of the writes of a pipeline's turns, each time after the write.

    Args:
        yard: The service's parts.
        writes: Which ones, from 1.
    """

    def __init__(self, yard: Yard, writes: set[int]) -> None:
        self.count = 0
        self._yard, self._writes = yard, writes
        self._plain = yard.system.records.write

    def advance(self, monkeypatch: pytest.MonkeyPatch, pipeline: Subject) -> None:
        """Take a turn; killed meanwhile, the next one is another process's."""
        with monkeypatch.context() as patched:
            patched.setattr(self._yard.system.records, "write", self._counted)
            try:
                pipeline_turns.advance(self._yard.system, pipeline, _lock)
            except Killed:
                return

    def _counted(self, act: Callable[[Any], Any]) -> Any:
        self.count += 1
        answer = self._plain(act)
        if self.count in self._writes:
            raise Killed
        return answer


def _lock(_: RunRow, __: EnvironmentDefinition) -> tuple[LockRecord | None, bool]:
    return _LOCK, False


def small(piping: Piping) -> list[NodeSpec]:
    """Two steps of the same content behind one, and one that reads what the second made."""
    return [
        piping.node("a"),
        piping.node("b", "a", text="print(2)"),
        piping.node("c", "a", text="print(2)"),
        piping.node("d", "c", text="print(4)"),
    ]


def large(piping: Piping) -> list[NodeSpec]:
    """Twenty steps, each behind another one, a third of them equal to one before."""
    nodes = [piping.node("n0")]
    for number in range(1, LARGE):
        text = f"print({number - number % 3})"
        nodes.append(piping.node(f"n{number}", f"n{(number - 1) // 2}", text=text))
    return nodes


def played(
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    make: Callable[[Piping], list[NodeSpec]],
    writes: set[int],
) -> tuple[Any, int]:
    """Bring a pipeline to its end with kills; give how it ended, and how many writes it took."""
    yard = Yard(folder)
    piping = Piping(yard)
    pipeline = piping.submit(*make(piping))
    killer = Killer(yard, writes)
    for _ in range(MOST_TURNS):
        record = piping.get(pipeline)
        if record.status in TERMINAL:
            break
        killer.advance(monkeypatch, Subject(PIPELINE, W, pipeline))
        for each in piping.get(pipeline).nodes:
            if each.status == "Starting":
                runs.complete(yard.system, W, each.run)
    record = piping.get(pipeline)
    children = runs.list_(yard.system, W, RunQuery(parent=pipeline)).items
    begun = {
        each.name: [
            event.status
            for event in events.list_(yard.system, W, each.run, EventQuery()).items
            if event.status
        ]
        for each in record.nodes
    }
    reused = sum(each.reused_run is not None for each in record.nodes)
    ended = (record.status, len(children), sorted(begun), reused)
    # Which of two equal steps goes first is nobody's promise; that each is begun once is.
    assert all(states.count("Starting") <= 1 for states in begun.values()), begun
    assert not list(yard.system.home.runs.glob(f"{pipeline}*"))
    yard.close()
    return ended, killer.count


def test_a_kill_at_any_write_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The same steps complete, are begun once and reused once, wherever the service was killed."""
    plain, writes = played(monkeypatch, tmp_path / "plain", small, set())
    assert plain == ("Completed", 4, ["a", "b", "c", "d"], 1)
    for write in range(1, writes + 1):
        ended, _ = played(monkeypatch, tmp_path / str(write), small, {write})
        assert ended == plain, write


def test_random_kills_change_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Twenty steps come to the same end with a kill at every fifth write or so."""
    plain, writes = played(monkeypatch, tmp_path / "plain", large, set())
    assert plain[:2] == ("Completed", LARGE)
    left, seed = max(KILLS, 8), 0
    while left > 0:
        chosen = {w for w in range(1, 2 * writes) if random.Random(f"{seed}/{w}").random() < 0.2}
        ended, count = played(monkeypatch, tmp_path / str(seed), large, chosen)
        assert ended == plain, seed
        left -= len({w for w in chosen if w <= count})
        seed += 1
