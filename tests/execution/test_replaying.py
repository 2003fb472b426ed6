"""Optuna's operations shown as sweeps: what Optuna makes of a journal, the service does, too."""

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend
from optuna.trial import TrialState, create_trial

import optuna
from runyard.protocol.errors import WrongState
from runyard.protocol.journals import AppendEntries
from runyard.protocol.sweeps import (
    CHOICE,
    MAXIMIZE,
    NUMBER,
    ChangeSweep,
    Exchange,
    Objective,
    ParameterSpec,
    SweepQuery,
    SweepRecord,
    TableQuery,
    TrialQuery,
    TrialRecord,
)
from runyard_server.core.system import System
from runyard_server.execution import replaying
from runyard_server.execution.unfinished import unshown_journals
from runyard_server.operations import journals, sweeps
from runyard_server.store.subjects import JOURNAL, Subject

W, J = "default", "optuna"
STATES = {
    TrialState.RUNNING: "running",
    TrialState.COMPLETE: "completed",
    TrialState.PRUNED: "stopped",
    TrialState.FAIL: "failed",
    TrialState.WAITING: "paused",
}


class Direct(BaseJournalBackend):
    """A journal of the service without the wire."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._sequence = 0

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        self._sequence += 1
        body = AppendEntries(f"c{id(self)}", self._sequence, [json.dumps(log) for log in logs])
        journals.append(self._system, W, J, body)

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        page = journals.read(self._system, W, J, journals.EntryQuery(log_number_from))
        yield from map(json.loads, page.entries)


@pytest.fixture
def storage(system: System) -> JournalStorage:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return JournalStorage(Direct(system))


def show(system: System) -> None:
    """Replay to the end."""
    for subject in unshown_journals(system):
        while not replaying.advance(system, subject):
            pass


def shown(system: System, name: str = "s") -> tuple[SweepRecord, list[TrialRecord]]:
    """The sweep that shows a study, and its trials."""
    show(system)
    found = sweeps.list_(system, W, SweepQuery()).items
    (sweep,) = [each for each in found if each.name == name]
    return sweep, sweeps.trials(system, W, sweep.id, TrialQuery()).items


def objective(trial: Any) -> float:
    x = trial.suggest_float("x", -1, 1)
    n = trial.suggest_int("n", 1, 9, step=2)
    kind = trial.suggest_categorical("kind", ["a", None, 2])
    trial.suggest_float("lr", 1e-4, 1e-1, log=True)
    for step in range(3):
        trial.report(x + step, step)
    if kind is None:
        raise optuna.TrialPruned
    if kind == 2 and n > 5:
        raise ValueError
    return float(x) if n < 9 else float("nan")


def test_a_study_is_shown_as_optuna_has_it(system: System, storage: JournalStorage) -> None:
    """States, parameters, values, the best, and the space of every kind of distribution."""
    sampler = optuna.samplers.RandomSampler(seed=1)
    study = optuna.create_study(
        storage=storage, study_name="s", direction="maximize", sampler=sampler
    )
    study.enqueue_trial({"x": 0.25})
    study.optimize(objective, n_trials=40, catch=(ValueError,))
    study.enqueue_trial({"x": 0.5})
    study.ask()
    sweep, trials = shown(system)
    assert len(trials) == 41
    for mine, theirs in zip(trials, study.trials, strict=True):
        assert mine.number == theirs.number
        assert mine.state == STATES[theirs.state]
        assert mine.params == theirs.params
        assert mine.values == (theirs.values or [])
        assert mine.last == (
            (theirs.last_step is not None and theirs.intermediate_values[2]) or None
        )
    assert {trial.state for trial in trials} == {"completed", "stopped", "failed", "running"}
    assert sweep.best is not None
    assert (sweep.best.number, sweep.best.values) == (study.best_trial.number, [study.best_value])
    assert sweep.counts == {s: sum(t.state == s for t in trials) for s in {t.state for t in trials}}
    assert sweep.spec.space == [
        ParameterSpec("x", NUMBER, low=-1, high=1),
        ParameterSpec("n", NUMBER, low=1, high=9, q=2, whole=True),
        ParameterSpec("kind", CHOICE, choices=["a", None, 2]),
        ParameterSpec("lr", NUMBER, low=1e-4, high=1e-1, log=True),
    ]
    assert (sweep.spec.objectives, sweep.status) == ([Objective("value", MAXIMIZE)], "Running")
    table = sweeps.table(system, W, sweep.id, TableQuery())
    assert table.total == 41


def test_a_study_has_ended_while_nothing_of_it_runs(
    system: System, storage: JournalStorage
) -> None:
    """It is active while a trial runs, whoever goes on with it next week."""
    study = optuna.create_study(storage=storage, study_name="s")
    trial = study.ask()
    assert shown(system)[0].status == "Running"
    study.tell(trial, 1.0)
    sweep, _ = shown(system)
    assert (sweep.status, sweep.ended_at is None) == ("Completed", False)
    assert sweeps.list_(system, W, SweepQuery(active=True)).items == []
    study.ask()
    sweep, _ = shown(system)
    assert (sweep.status, sweep.ended_at) == ("Running", None)


def test_the_front_of_several_objectives(system: System, storage: JournalStorage) -> None:
    """Trials that no other beats in all, with the names that the study gives its metrics."""
    study = optuna.create_study(
        storage=storage, study_name="s", directions=["minimize", "maximize"]
    )
    names = ["loss", "acc"]
    storage.set_study_system_attr(study._study_id, "study:metric_names", names)  # type: ignore[arg-type]
    chance = random.Random(3)
    for _ in range(30):
        study.tell(study.ask(), [chance.random(), chance.random()])
        show(system)
    sweep, _ = shown(system)
    assert [each.number for each in sweep.front] == [each.number for each in study.best_trials]
    assert sweep.spec.objectives == [Objective("loss"), Objective("acc", MAXIMIZE)]


def test_finished_trials_can_be_added(system: System, storage: JournalStorage) -> None:
    """Whoever moves a study from another storage brings its trials whole."""
    study = optuna.create_study(storage=storage, study_name="s")
    uniform = optuna.distributions.FloatDistribution(0, 1)
    study.add_trial(
        create_trial(
            params={"x": 0.5}, distributions={"x": uniform}, value=2.0, intermediate_values={1: 3.0}
        )
    )
    (trial,) = shown(system)[1]
    assert (trial.params, trial.values, trial.best, trial.state) == (
        *({"x": 0.5}, [2.0], 2.0),
        "completed",
    )


def test_a_deleted_study_is_shown_no_more(system: System, storage: JournalStorage) -> None:
    """Trials of others keep their numbers, and late news of its own change nothing."""
    first = optuna.create_study(storage=storage, study_name="first")
    late = first.ask()
    second = optuna.create_study(storage=storage, study_name="second")
    kept = second.ask()
    show(system)
    optuna.delete_study(study_name="first", storage=storage)
    storage.set_trial_user_attr(late._trial_id, "a", 1)
    storage.set_trial_intermediate_value(late._trial_id, 1, 1.0)
    second.tell(kept, 5.0)
    again = optuna.create_study(storage=storage, study_name="first")
    again.tell(again.ask(), 7.0)
    show(system)
    found = sweeps.list_(system, W, SweepQuery()).items
    assert sorted(str(each.name) for each in found) == ["first", "second"]
    assert [trial.values for trial in shown(system, "second")[1]] == [[5.0]]
    assert [trial.values for trial in shown(system, "first")[1]] == [[7.0]]
    journals.delete(system, W, J)
    assert sweeps.list_(system, W, SweepQuery()).items == []


def test_operations_that_make_no_sense_are_passed_over(
    system: System, storage: JournalStorage
) -> None:
    """A wrong one costs itself: what comes behind it is shown."""
    optuna.create_study(storage=storage, study_name="s")
    wrong: list[dict[str, Any]] = [
        {"op_code": 4, "study_id": 9},
        {"op_code": 4, "study_id": "0"},
        {"op_code": 5, "trial_id": 0},
        {"op_code": 6, "trial_id": 7, "state": 1, "values": [1]},
        {"op_code": 0, "study_name": "s", "directions": [1]},
        {"op_code": 3, "study_id": 0, "system_attr": None},
        {"op_code": 5, "trial_id": 1 << 70},
        {"op_code": 6, "trial_id": -1, "state": 1, "values": [1]},
        {"op_code": 10},
        {"op_code": 99},
    ]
    texts = [json.dumps(each) for each in wrong]
    journals.append(system, W, J, AppendEntries("x", 1, texts))
    good = {"op_code": 4, "study_id": 0, "datetime_start": None}
    journals.append(system, W, J, AppendEntries("x", 2, [json.dumps(good)]))
    sweep, trials = shown(system)
    assert ([trial.number for trial in trials], sweep.counts) == ([0], {"running": 1})


def test_what_no_database_holds_is_shown_as_it_can_be(
    system: System, storage: JournalStorage
) -> None:
    """One odd name or number must not keep the rest of a journal from being shown."""
    study = optuna.create_study(storage=storage, study_name="s\ud83d")
    trial = study.ask()
    trial.suggest_categorical("k\ud83d", [10**30, "v\ud83d"])
    trial.report(float("inf"), 10**30)
    study.tell(trial, float("-inf"))
    sweep, (kept,) = shown(system, "s?")
    assert kept.params["k?"] in {str(10**30), "v?"}
    assert (kept.state, kept.position, sweep.best) == ("completed", 1 << 62, None)


def test_optuna_alone_changes_it(system: System, storage: JournalStorage) -> None:
    """A sweep that shows a study is to be looked at; the refusal says whose it is."""
    optuna.create_study(storage=storage, study_name="s")
    sweep = shown(system)[0].id
    for act in (
        lambda: sweeps.cancel(system, W, sweep),
        lambda: sweeps.close(system, W, sweep),
        lambda: sweeps.change(system, W, sweep, ChangeSweep(max_trials=1)),
        lambda: sweeps.exchange(system, W, sweep, Exchange("c", 1)),
    ):
        with pytest.raises(WrongState, match="shows the Optuna study 's' of journal 'optuna'"):
            act()
    assert sweeps.importance(system, W, sweep).trials == 0


def test_each_piece_is_shown_once(
    system: System, storage: JournalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However a replay is cut into pieces, it comes to the same."""
    sampler = optuna.samplers.RandomSampler(seed=2)
    study = optuna.create_study(storage=storage, study_name="s", sampler=sampler)
    study.optimize(objective, n_trials=10, catch=(ValueError,))
    monkeypatch.setattr(replaying, "BATCH", 7)
    assert not replaying.advance(system, Subject(JOURNAL, W, J))
    sweep, trials = shown(system)
    assert sum(sweep.counts.values()) == len(trials) == 10
    assert [trial.params for trial in trials] == [trial.params for trial in study.trials]
    assert sweep.best is not None
    assert sweep.best.number == study.best_trial.number
