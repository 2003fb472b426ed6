"""Sweeps whose trials are runs: begun, watched, stopped and ended, whatever happens meanwhile."""

import io
import json
import math
from pathlib import Path

import pytest

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.metrics import MetricQuery, SpoolQuery
from runyard.protocol.queue import Prioritize
from runyard.protocol.runs import TERMINAL
from runyard.protocol.sweeps import (
    SWEEP_LOG,
    ChangeSweep,
    PolicySpec,
)
from runyard_server.core.notices import work_topic
from runyard_server.core.system import System
from runyard_server.operations import compute, metrics, runs, sweeps
from runyard_server.scheduler.reconciler import Reconciler
from runyard_server.scheduler.sweeps import SweepReconciler
from runyard_server.store.subjects import SWEEP, Subject
from runyard_server.testing.reconciler_contract import ReconcilerContract
from runyard_server.testing.sweeping import UNITS, Sweeping
from runyard_server.testing.yard import W, Yard, until
from runyard_server.tuning import registry


@pytest.fixture
def sweeping(yard: Yard) -> Sweeping:
    return Sweeping(yard)


def test_a_grid_runs_to_its_end(sweeping: Sweeping) -> None:
    """Each point is a child run with its arguments; the sweep ends as the best says."""
    sweep = sweeping.begin(parallel=2)
    ended = sweeping.run_all(sweep, {0: 0.1, 1: 0.9, 2: 0.3, 3: 0.0, 4: 0.5, 5: 0.9})
    assert (ended.status, ended.counts) == ("Completed", {"completed": 6})
    assert ended.best is not None
    assert (ended.best.number, ended.best.values) == (1, [0.9])
    assert [each.params for each in sweeping.trials(sweep)] == [
        {"--units": n} for n in UNITS.choices
    ]
    spec = runs.spec(sweeping.system, W, f"{sweep}_3")
    assert spec.arguments == ["--data", "d", "--units", "4"]
    assert spec.definition["arguments"] == spec.arguments
    child = sweeping.yard.get(f"{sweep}_3")
    assert (child.parent, child.run_type, child.status) == (
        sweep,
        "azureml.scriptrun",
        "Completed",
    )


def test_a_sweep_gives_its_trials_its_priority(sweeping: Sweeping) -> None:
    """One word lets a sweep wait for others, its trials of now and those to come."""
    yard = sweeping.yard
    yard.cluster(nodes=1)
    sweep = sweeping.begin(target="cluster", parallel=3)
    until(lambda: len(sweeping.trials(sweep)) == 3)
    yard.report(f"{sweep}_0")
    yard.when(f"{sweep}_2", lambda record: record.reason is not None)
    other = yard.submit("cluster")
    yard.when(other, lambda record: record.reason is not None)
    runs.prioritize(yard.system, W, sweep, body=Prioritize(-1))
    waiting = [one.run for one in compute.queue(yard.system, W).items]
    assert waiting == [other, f"{sweep}_1", f"{sweep}_2"]
    assert [each.node for each in sweeping.trials(sweep)] == ["cluster-1", "", ""]
    yard.finish(f"{sweep}_0")
    until(lambda: len(sweeping.trials(sweep)) == 4)
    assert yard.get(f"{sweep}_3").priority == -1
    with pytest.raises(InvalidRequest, match="is a sweep"):
        runs.prioritize(yard.system, W, sweep, body=Prioritize(before=other))


def test_no_more_run_at_once_than_may(sweeping: Sweeping) -> None:
    """A cluster of others' is not filled, and the sweep says what it waits for."""
    sweep = sweeping.begin(parallel=2)
    until(lambda: len(sweeping.trials(sweep)) == 2)
    until(lambda: "2 of 2 at once running" in sweeping.get(sweep).reason)
    sweeps.change(sweeping.system, W, sweep, body=ChangeSweep(paused=True))
    sweeping.yard.finish(f"{sweep}_0")
    until(lambda: "paused" in sweeping.get(sweep).reason)
    until(lambda: sweeping.states(sweep) == ["completed", "running"])
    sweeps.change(sweeping.system, W, sweep, body=ChangeSweep(paused=False, parallel=3))
    until(lambda: len(sweeping.trials(sweep)) == 4)
    until(lambda: sweeping.states(sweep)[-1] == "running")
    assert sweeping.states(sweep) == ["completed", "running", "running", "running"]


def test_the_environment_is_made_once(sweeping: Sweeping) -> None:
    """While nobody knows whether the environment can be made only the first trial waits for it."""
    sweeping.yard.environments.go.clear()
    sweep = sweeping.begin(pip="numpy")
    until(lambda: len(sweeping.trials(sweep)) == 1)
    sweeping.yard.until(f"{sweep}_0", "Preparing")
    until(lambda: sweeping.get(sweep).reason == "the environment is being prepared")
    assert sweeping.states(sweep) == ["running"]
    sweeping.yard.environments.go.set()
    until(lambda: len(sweeping.trials(sweep)) == 6)
    until(lambda: f"'{sweep}_5'" in sweeping.text(sweep))
    text = sweeping.text(sweep)
    assert text.index("environment was successfully prepared") < text.rindex(f"'{sweep}_5'")
    locks = {runs.get(sweeping.system, W, f"{sweep}_{n}").snapshot for n in range(6)}
    assert len(locks) == 1


def test_what_a_client_had_set_reaches_each_child(sweeping: Sweeping) -> None:
    """A local child has its client's environment as any run has, and none of it stays."""
    sweep = sweeping.begin(parallel=1)
    sweeping.yard.handle(f"{sweep}_0")
    kept = sweeping.system.home.run(f"{sweep}_0") / "inherited.json"
    assert json.loads(kept.read_text()) == {"A": "B"}
    sweeping.run_all(sweep, {})
    until(lambda: not sweeping.system.home.run(sweep).exists())


def test_a_policy_stops_a_child(sweeping: Sweeping) -> None:
    """The verdict cancels the child with its reason; what it logged counts, others go on."""
    policy = PolicySpec("bandit", options={"slack_amount": 0.1})
    sweep = sweeping.begin(parallel=2, max_trials=2, policy=policy)
    for number in (0, 1):
        sweeping.yard.handle(f"{sweep}_{number}")
    sweeping.log(f"{sweep}_0", 0.5, 0.9)
    sweeping.log(f"{sweep}_1", 0.4, 0.45)
    child = sweeping.yard.until(f"{sweep}_1", "CancelRequested")
    assert "0.45" in str(child.reason)
    sweeping.yard.finish(f"{sweep}_1", "canceled")
    sweeping.yard.finish(f"{sweep}_0")
    until(lambda: sweeping.get(sweep).status == "Completed")
    assert [(each.state, each.values, each.reason) for each in sweeping.trials(sweep)] == [
        ("completed", [0.9], ""),
        ("stopped", [0.45], child.reason),
    ]
    canceled = sweeping.yard.get(f"{sweep}_1")
    assert (canceled.status, canceled.reason) == ("Canceled", child.reason)
    assert "is stopped by the policy" in sweeping.text(sweep)


def test_the_log_tells_each_fact_once(sweeping: Sweeping) -> None:
    """Parameters stand beside their child, one fact a line; a restart doubles or loses no line."""
    sweep = sweeping.begin(parallel=1, max_trials=2)
    sweeping.yard.handle(f"{sweep}_0")
    path = sweeping.system.logs.path(W, sweep, SWEEP_LOG)
    until(lambda: path.exists() and "parameters" in path.read_text())
    # Dead before half of it is lost: it would go on where it knew the end to be.
    sweeping.yard.scheduler.stop()
    half = path.read_bytes()
    path.write_bytes(half[: len(half) // 2])
    sweeping.yard.restart()
    sweeping.run_all(sweep, {0: 0.5, 1: 0.25})
    text = sweeping.text(sweep)
    lines = text.splitlines()
    assert text.startswith(half.decode())
    assert all(line.startswith("[") and line.count("][") == 2 for line in lines)
    assert len(lines) == len(set(lines))
    facts = [line.split("]", 3)[3] for line in lines]
    assert f"Successfully scheduled a job. Id='{sweep}_1', parameters {{\"--units\": 2}}" in facts
    assert f"Job '{sweep}_1' has ended as completed, best acc 0.25" in facts
    assert facts[-1] == "Experiment was 'ExperimentStatus.RUNNING', is 'ExperimentStatus.FINISHED'."


def test_a_metric_that_nobody_logs_is_told_while_it_runs(sweeping: Sweeping) -> None:
    """People lose days on a name: log and status say what the child does log, and which is near."""
    sweep = sweeping.begin(parallel=1, max_trials=2)
    sweeping.yard.handle(f"{sweep}_0")
    sweeping.log(f"{sweep}_0", 0.5, name="Acc")
    sweeping.yard.finish(f"{sweep}_0")
    until(lambda: sweeping.get(sweep).warnings != [])
    warning = sweeping.get(sweep).warnings[0]
    assert f"Job '{sweep}_0' has not logged the metric 'acc' but others: nearest: 'Acc'" in warning
    assert sweeping.get(sweep).status == "Running"
    until(lambda: warning in sweeping.text(sweep))
    sweeping.yard.handle(f"{sweep}_1")
    sweeping.yard.finish(f"{sweep}_1")
    until(lambda: sweeping.get(sweep).status == "Completed")
    assert sweeping.get(sweep).best is None
    assert "nor any other" in sweeping.text(sweep)
    assert len(sweeping.get(sweep).warnings) == 1


def test_a_list_counts_as_its_values(sweeping: Sweeping) -> None:
    """A script that logs a list at its end is judged by the values in it; a text is the worst."""
    policy = PolicySpec("bandit", delay_evaluation=4, options={"slack_amount": 0.1})
    sweep = sweeping.begin(max_trials=2, parallel=2, policy=policy)
    for number in (0, 1):
        sweeping.yard.handle(f"{sweep}_{number}")
    lines = [{"n": "acc", "k": "list", "v": [0.5, "?", 0.75], "t": 1}]
    lines += [{"n": "acc", "k": "list", "v": [0.25], "t": 2}]
    data = "".join(json.dumps(line) + "\n" for line in lines).encode()
    body = io.BytesIO(data)
    metrics.append(sweeping.system, W, f"{sweep}_0", "1-aa", query=SpoolQuery(), body=body)
    until(lambda: sweeping.trials(sweep)[0].position == 4)
    sweeping.log(f"{sweep}_1", 0.1, 0.2, 0.3, 0.4)
    sweeping.yard.until(f"{sweep}_1", "CancelRequested")
    assert [each.values for each in sweeping.trials(sweep)] == [[0.75], [0.4]]


def test_nan_is_never_the_best(sweeping: Sweeping) -> None:
    """A child that logs NaN counts with the best of its other values, or not at all."""
    sweep = sweeping.begin(max_trials=2, parallel=2)
    for number in (0, 1):
        sweeping.yard.handle(f"{sweep}_{number}")
    sweeping.log(f"{sweep}_0", math.nan, 0.5, math.nan)
    sweeping.log(f"{sweep}_1", math.nan)
    ended = sweeping.run_all(sweep, {})
    assert ended.best is not None
    assert (ended.best.number, ended.best.values) == (0, [0.5])
    assert sweeping.trials(sweep)[1].values == []


def test_all_children_fail(sweeping: Sweeping) -> None:
    """A sweep of which nothing worked has failed, with the commonest reason and some children."""
    sweep = sweeping.begin(parallel=2, max_trials=3)
    failed: set[str] = set()

    def step() -> bool:
        for trial in sweeping.trials(sweep):
            run = str(trial.run)
            if run not in failed and f"{run}/0/1/job" in sweeping.yard.engine.agents:
                sweeping.yard.finish(run, "failed", exit_code=3)
                failed.add(run)
        return sweeping.get(sweep).status in TERMINAL

    until(step)
    run = sweeping.yard.get(sweep)
    assert run.status == "Failed"
    assert run.error is not None
    assert "(3 of 3): the script ended with exit code 3" in run.error.message
    assert f"{sweep}_0, {sweep}_1, {sweep}_2" in run.error.message


def test_an_environment_that_cannot_be_made_ends_the_sweep(sweeping: Sweeping) -> None:
    """One failure to build is told once, in place of as many as there are trials."""
    sweeping.yard.environments.broken = True
    sweep = sweeping.begin(pip="numpy")
    until(lambda: sweeping.get(sweep).status == "Failed")
    assert sweeping.states(sweep) == ["failed"]
    error = sweeping.yard.get(sweep).error
    assert error is not None
    assert "the environment cannot be made" in error.message


def test_a_cancel_takes_the_children_along(sweeping: Sweeping) -> None:
    """Canceled as a run or as a sweep, it ends once its children have."""
    sweep = sweeping.begin(parallel=2)
    for number in (0, 1):
        sweeping.yard.handle(f"{sweep}_{number}")
    runs.cancel(sweeping.system, W, sweep)
    assert sweeping.yard.get(sweep).status == "CancelRequested"
    for number in (0, 1):
        sweeping.yard.until(f"{sweep}_{number}", "CancelRequested")
        sweeping.yard.finish(f"{sweep}_{number}", "canceled")
    until(lambda: sweeping.get(sweep).status == "Canceled")
    assert sweeping.states(sweep) == ["canceled", "canceled"]


def test_a_child_that_a_user_cancels_is_one_trial_less(sweeping: Sweeping) -> None:
    """The others go on, and nobody takes it for a verdict."""
    sweep = sweeping.begin(parallel=1, max_trials=2)
    sweeping.yard.handle(f"{sweep}_0")
    runs.cancel(sweeping.system, W, f"{sweep}_0")
    sweeping.yard.finish(f"{sweep}_0", "canceled")
    assert sweeping.run_all(sweep, {1: 0.5}).status == "Completed"
    assert sweeping.states(sweep) == ["canceled", "completed"]


def test_v1s_parent_shows_what_v1_code_reads(sweeping: Sweeping) -> None:
    """Tags, properties and the table of bests are where scripts of v1 look for them."""
    sweep = sweeping.begin(parallel=1, max_trials=3, hyperdrive=True)
    sweeping.run_all(sweep, {0: 0.5, 1: 0.25, 2: 0.75})
    run = sweeping.yard.get(sweep)
    assert run.run_type == "hyperdrive"
    assert run.id.startswith("HD_")
    assert run.tags[f"{sweep}_1"] == '{"--units": 2}'
    assert (run.tags["max_total_jobs"], run.tags["max_concurrent_jobs"]) == ("3", "1")
    shown = {name: run.properties[name] for name in ("score", "best_child_run_id", "space_size")}
    assert shown == {"score": "0.75", "best_child_run_id": f"{sweep}_2", "space_size": "6"}
    assert run.properties["best_metric_status"] == "Succeeded"
    assert sweeping.yard.get(f"{sweep}_1").tags == {"hyperparameters": '{"--units": 2}'}
    (series,) = metrics.list_(sweeping.system, W, sweep, MetricQuery()).series
    assert series.name == "best_child_by_primary_metric"
    rows = [(row["run_id"], row["metric_value"], row["final"]) for row in series.values]
    assert rows == [
        (f"{sweep}_0", 0.5, False),
        (f"{sweep}_2", 0.75, False),
        (f"{sweep}_2", 0.75, True),
    ]


def test_a_sampler_that_is_gone_is_told_and_the_sweep_can_be_canceled(
    sweeping: Sweeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the package of its sampler a sweep waits, says for what, and ends when it is told."""
    sweep = sweeping.begin(parallel=1)
    sweeping.yard.handle(f"{sweep}_0")

    def gone(*_given: object) -> None:
        raise InvalidRequest("there is no sampler 'annealing'")

    monkeypatch.setattr(registry, "sampler", gone)
    sweeping.yard.restart()
    sweeping.system.studies.drop_idle(-1)
    sweeping.system.notices.changed(work_topic(Subject(SWEEP, W, sweep)))
    until(lambda: sweeping.get(sweep).reason == "there is no sampler 'annealing'")
    sweeps.cancel(sweeping.system, W, sweep)
    sweeping.yard.until(f"{sweep}_0", "CancelRequested")
    sweeping.yard.finish(f"{sweep}_0", "canceled")
    until(lambda: sweeping.get(sweep).status == "Canceled")
    assert sweeping.yard.get(f"{sweep}_0").status == "Canceled"


class TestSweeps(ReconcilerContract):
    """The contract of reconcilers; agents and runs are moved by the yard's own scheduler."""

    def make_system(self, folder: Path) -> System:
        self.yard = Yard(folder / "home")
        self.sweeping = Sweeping(self.yard)
        return self.yard.system

    def clean_up(self, _system: System) -> None:
        self.yard.close()

    def make_reconciler(self, system: System, _token: str) -> Reconciler:
        return SweepReconciler(system)

    def want(self, _system: System) -> Subject:
        return Subject(SWEEP, W, self.sweeping.begin(max_trials=3, parallel=2))

    def is_done(self, system: System, subject: Subject) -> bool:
        for trial in self.sweeping.trials(subject.id):
            run = runs.get(system, W, str(trial.run))
            if run.status not in TERMINAL:
                runs.complete(system, W, run.id)
        ended = self.sweeping.get(subject.id).status == "Completed"
        return ended and self.sweeping.states(subject.id) == ["completed"] * 3

    def state(self, system: System) -> object:
        found = runs.list_(system, W, runs.RunQuery(include_children=True)).items
        logs_ = [system.logs.list_(W, run.id) for run in found]
        return [(run.id, run.status, self.yard.messages(run.id)) for run in found], logs_


def test_a_trial_is_made_again_with_what_it_left(sweeping: Sweeping) -> None:
    """A canceled child goes on in a new sweep from its outputs, before anything is drawn."""
    first = sweeping.begin(max_trials=1)
    sweeping.run_all(first, {0: 0.5})
    sweep = sweeping.begin(max_trials=2, parallel=1, resume_trials=[f"{first}_0"])
    until(lambda: len(sweeping.trials(sweep)) == 1)
    spec = runs.spec(sweeping.system, W, f"{sweep}_0")
    assert spec.resumes == f"{first}_0"
    place = "$AZUREML_DATAREFERENCE_MODEL_LOCATION"
    assert spec.arguments[2:] == ["--units", "1", "--resume-from", place]
    sweeping.run_all(sweep, {0: 0.5, 1: 0.25})
    assert runs.spec(sweeping.system, W, f"{sweep}_1").resumes is None


def test_a_successor_goes_on_from_another_trial(sweeping: Sweeping) -> None:
    """What a policy promotes is a new child that is given the outputs of the former one."""
    options = {"min_steps": 1, "max_steps": 4, "factor": 2, "stop_only": False}
    policy = PolicySpec("asha", by_step=True, options=options)
    sweeping.yard.cluster(nodes=4)
    sweep = sweeping.begin(target="cluster", parallel=4, max_trials=5, policy=policy)
    for number, value in enumerate((0.9, 0.5, 0.2, 0.1)):
        run = f"{sweep}_{number}"
        sweeping.yard.handle(run)
        sweeping.log(run, value, step=1)
    for number in (1, 2, 3):
        sweeping.yard.until(f"{sweep}_{number}", "CancelRequested")
    for number in (1, 2, 3):
        sweeping.yard.finish(f"{sweep}_{number}", "canceled")
    until(lambda: sweeping.states(sweep) == ["running", *["paused"] * 3, "running"])
    promoted = sweeping.trials(sweep)[4]
    assert (promoted.from_trial, promoted.params) == (1, {"--units": 2})
    assert runs.spec(sweeping.system, W, f"{sweep}_4").resumes == f"{sweep}_1"
    sweeping.yard.restart()
    ended = sweeping.run_all(sweep, {})
    assert (ended.status, len(sweeping.trials(sweep))) == ("Completed", 5)
