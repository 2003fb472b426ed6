"""A service that is killed between any two steps of a sweep neither loses nor doubles anything."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runyard.protocol.runs import TERMINAL, RunQuery
from runyard.protocol.sweeps import NUMBER, ParameterSpec, PolicySpec, SamplerSpec
from runyard_server.core.system import System
from runyard_server.execution import sweeping
from runyard_server.operations import runs
from runyard_server.store.subjects import SWEEP, Subject
from runyard_server.testing.sweeping import Sweeping
from runyard_server.testing.yard import W, Yard

UNITS = ParameterSpec("units", NUMBER, low=1, high=1000, whole=True)
MOST_WRITES = 200


class Killed(BaseException):
    """The service has ended here."""


class Killer:
    """Has the service end at one write of the sweep's: before it, or when nobody knows of it yet.

    Args:
        system: The service's parts.
        write: Which one, from 1.
        kept: Whether that write is on disk.
    """

    def __init__(self, system: System, write: int, *, kept: bool) -> None:
        self.count = 0
        self._system, self._write, self._kept = system, write, kept
        self._plain = system.records.write

    def advance(self, monkeypatch: pytest.MonkeyPatch, sweep: Subject) -> None:
        """Take a step; killed meanwhile, the next one is another process's."""
        with monkeypatch.context() as patched:
            patched.setattr(self._system.records, "write", self._counted)
            try:
                sweeping.advance(self._system, sweep)
            except Killed:
                self._system.studies.drop_idle(-1)

    def _counted(self, act: Callable[[Any], Any]) -> Any:
        self.count += 1
        if self.count == self._write and not self._kept:
            raise Killed
        answer = self._plain(act)
        if self.count == self._write:
            raise Killed
        return answer


def played(
    monkeypatch: pytest.MonkeyPatch, folder: Path, write: int, *, kept: bool
) -> tuple[Any, int]:
    """Bring a sweep to its end with one kill; give how it ended, and how many writes it took."""
    yard = Yard(folder)
    words = Sweeping(yard)
    policy = PolicySpec("bandit", options={"slack_amount": 100})
    sweep = words.begin(
        space=[UNITS],
        sampler=SamplerSpec("random"),
        policy=policy,
        max_trials=2,
        parallel=1,
        hyperdrive=True,
        enqueued=[{"units": 900}],
    )
    killer = Killer(yard.system, write, kept=kept)
    while words.get(sweep).status not in TERMINAL and killer.count < MOST_WRITES:
        killer.advance(monkeypatch, Subject(SWEEP, W, sweep))
        _play_children(yard.system, words, sweep)
    found = [
        replace(each, started_at="", ended_at=None, run=str(each.run).removeprefix(sweep))
        for each in words.trials(sweep)
    ]
    children = runs.list_(yard.system, W, RunQuery(parent=sweep)).items
    text = words.text(sweep).replace(sweep, "")
    facts = [line.split("]", 1)[1] for line in text.splitlines()]
    tags = yard.get(sweep).tags
    ended = (
        words.get(sweep).status,
        found,
        sorted((run.id.removeprefix(sweep), run.status) for run in children),
        facts,
        sorted(name.removeprefix(sweep) for name in tags),
    )
    yard.close()
    return ended, killer.count


def _play_children(system: System, words: Sweeping, sweep: str) -> None:
    for trial in words.trials(sweep):
        run = runs.get(system, W, str(trial.run))
        if run.status not in TERMINAL:
            if run.id not in words.logged:
                words.logged.append(run.id)
                words.log(run.id, float(trial.params["units"]))
            elif run.status != "CancelRequested" and trial.position is not None:
                runs.complete(system, W, run.id)


def test_a_kill_at_any_write_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Trials, children, verdicts and log are the same wherever the service was killed."""
    plain, writes = played(monkeypatch, tmp_path / "plain", 0, kept=True)
    assert plain[0] == "Completed"
    assert "stopped" in [each.state for each in plain[1]]
    for write in range(1, writes + 1):
        ended, _ = played(monkeypatch, tmp_path / str(write), write, kept=True)
        assert ended == plain, write
    # Before the first: what it has made outside of the database is there already.
    assert played(monkeypatch, tmp_path / "before", 1, kept=False)[0] == plain
