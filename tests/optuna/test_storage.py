"""The storage object beyond Optuna's contract: processes, lost answers, costs, names."""

import importlib
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import optuna
import runyard
import runyard.optuna
import runyard_optuna
from runyard.client.journals import Journals
from runyard.protocol.errors import InvalidRequest, NotFound, ServiceUnreachable, WrongName
from runyard.sdk.workspaces import Workspace
from runyard_server.testing.services import RunningService

PROCESSES, TRIALS = 8, 12
# Forked, so that Optuna is imported once and all begin with one storage object.
WORKERS = """
import json, os, sys, optuna, runyard.optuna
optuna.logging.set_verbosity(optuna.logging.ERROR)
journal, processes, trials, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
storage = runyard.optuna.Storage(name=journal)
study = optuna.create_study(storage=storage, study_name="s")
pids = []
for place in range(processes):
    pid = os.fork()
    if pid:
        pids.append(pid)
        continue
    made = {}
    def objective(trial):
        made[trial.number] = x = trial.suggest_float("x", 0, 1)
        return x
    sampler = optuna.samplers.RandomSampler(seed=place)
    mine = optuna.load_study(study_name="s", storage=storage, sampler=sampler)
    mine.optimize(objective, n_trials=trials)
    with open(f"{folder}/{place}.json", "w") as file:
        json.dump(made, file)
    os._exit(0)
sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids))
"""


def trials_of(storage: Any, study: str = "s") -> list[Any]:
    """The trials of a study, as another process sees them."""
    found: list[Any] = optuna.load_study(study_name=study, storage=storage).trials
    return found


def test_it_is_found_by_both_names() -> None:
    """`import runyard.optuna` and `runyard.optuna` after `import runyard` are one module."""
    code = "import runyard; runyard.optuna.Storage; import runyard.optuna as one, runyard_optuna;"
    code += "assert one.Storage is runyard_optuna.Storage is runyard.optuna.Storage"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert runyard.optuna.Storage is runyard_optuna.Storage
    assert "optuna" not in runyard.__all__


def test_without_the_distribution_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who has only the light half reads one command, not a name that is not there."""
    monkeypatch.setitem(sys.modules, "runyard_optuna", None)
    monkeypatch.delitem(sys.modules, "runyard.optuna")
    monkeypatch.delattr(runyard, "optuna")

    class Absent:
        def find_spec(self, name: str, *_: Any) -> None:
            if name == "runyard_optuna":
                raise ModuleNotFoundError("no", name=name)

    monkeypatch.delitem(sys.modules, "runyard_optuna")
    monkeypatch.setattr(sys, "meta_path", [Absent(), *sys.meta_path])
    with pytest.raises(ModuleNotFoundError, match="`pip install runyard-optuna`"):
        importlib.import_module("runyard.optuna")
    with pytest.raises(ModuleNotFoundError, match="`pip install runyard-optuna`"):
        runyard.optuna  # noqa: B018 - looking is what fails


def test_eight_processes_on_one_study(
    workspace: Workspace, service: RunningService, make: Any, journal: str, tmp_path: Path
) -> None:
    """No number is lost or given twice, and each trial has what its own process drew."""
    del workspace
    command = [sys.executable, "-c", WORKERS, journal, str(PROCESSES), str(TRIALS), str(tmp_path)]
    subprocess.run(command, check=True, env={**os.environ, "RUNYARD_HOME": str(service.home)})
    made: dict[int, float] = {}
    for place in range(PROCESSES):
        mine = {int(k): v for k, v in json.loads((tmp_path / f"{place}.json").read_text()).items()}
        assert not made.keys() & mine.keys()
        made.update(mine)
    found = trials_of(make())
    assert [trial.number for trial in found] == list(range(PROCESSES * TRIALS))
    assert {trial.number: trial.value for trial in found} == made
    assert {trial.number: trial.params["x"] for trial in found} == made


def test_a_pickled_storage_is_another_worker(make: Any) -> None:
    """Process pools hand storages over; the token stays where it is."""
    storage = make()
    study = optuna.create_study(storage=storage, study_name="s")
    text = pickle.dumps(storage)
    token = storage._backend._service.connection.token  # type: ignore[attr-defined]  # ours
    assert token.encode() not in text
    mine, theirs = study.ask(), optuna.load_study(study_name="s", storage=pickle.loads(text)).ask()
    assert (mine.number, theirs.number) == (0, 1)
    study.tell(mine, 1.0)
    assert [trial.state.name for trial in trials_of(make())] == ["COMPLETE", "RUNNING"]


def test_an_append_whose_answer_is_lost_is_made_once(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that dies after the disk and before the answer makes no second trial."""
    study = optuna.create_study(storage=make(), study_name="s")
    append, lost = Journals.append, []

    def cut(journals: Journals, name: str, order: Any) -> Any:
        answer = append(journals, name, order)
        if order.sequence not in lost:
            lost.append(order.sequence)
            raise ServiceUnreachable("cut")
        return answer

    monkeypatch.setattr(Journals, "append", cut)
    study.tell(study.ask(), 1.0)
    study.tell(study.ask(), 2.0)
    monkeypatch.undo()
    assert len(lost) >= 4
    assert [trial.value for trial in trials_of(make())] == [1.0, 2.0]


def test_an_operation_is_one_request(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was appended is not asked for again, which would double what each trial waits for."""
    storage = make()
    study = storage.create_new_study([optuna.study.StudyDirection.MINIMIZE], "s")
    asked: list[str] = []
    for name in ("append", "read"):
        ask = getattr(Journals, name)
        monkeypatch.setattr(Journals, name, lambda *a, n=name, f=ask: asked.append(n) or f(*a))
    trial = storage.create_new_trial(study)
    storage.set_trial_user_attr(trial, "a", 1)
    storage.set_trial_state_values(trial, optuna.trial.TrialState.COMPLETE, [1.0])
    assert asked == ["append"] * 3


def test_what_others_append_is_seen_at_once(make: Any) -> None:
    """Two workers that take turns see each other's trials before their own operation returns."""
    one, other = make(), make()
    study = one.create_new_study([optuna.study.StudyDirection.MINIMIZE], "s")
    assert other.get_study_id_from_name("s") == study
    numbers = [storage.create_new_trial(study) for storage in (one, other, other, one)]
    assert numbers == [0, 1, 2, 3]
    assert one.get_n_trials(study) == other.get_n_trials(study) == 4


def test_a_long_journal_comes_in_pages(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A study is read whole although an answer has a bound."""
    study = optuna.create_study(storage=make(), study_name="s")
    for number in range(4):
        study.tell(study.ask(), float(number))
    read = Journals.read

    def by_three(journals: Journals, name: str, query: Any) -> Any:
        from dataclasses import replace

        return read(journals, name, replace(query, limit=3))

    monkeypatch.setattr(Journals, "read", by_three)
    assert [trial.value for trial in trials_of(make())] == [0.0, 1.0, 2.0, 3.0]


def test_what_cannot_be_kept_is_refused_and_the_study_goes_on(make: Any) -> None:
    """An attribute of megabytes, or one that is no JSON, costs its own trial alone."""
    study = optuna.create_study(storage=make(), study_name="s")
    trial = study.ask()
    with pytest.raises(InvalidRequest, match="characters, and 4194304 are the most"):
        trial.set_user_attr("a", "x" * (5 << 20))
    with pytest.raises(TypeError):
        trial.set_user_attr("a", object())
    trial.set_user_attr("a", "é\ud83d")
    study.tell(trial, float("inf"))
    (kept,) = trials_of(make())
    assert (kept.user_attrs, kept.value) == ({"a": "é\ud83d"}, float("inf"))


def test_a_deleted_journal_is_told(workspace: Workspace, make: Any, journal: str) -> None:
    """A study that is gone is not gone on with in the numbers of another."""
    study = optuna.create_study(storage=make(), study_name="s")
    workspace.service.journals.delete(journal)
    with pytest.raises(NotFound, match="has been deleted since it was opened"):
        study.ask()


def test_a_wrong_name_is_refused_when_the_storage_is_used(workspace: Workspace) -> None:
    """The rule of names is told before there is anything to lose."""
    with pytest.raises(WrongName, match="journal name 'my studies' is not allowed"):
        optuna.create_study(storage=runyard.optuna.Storage(workspace, "my studies"))
