"""Jobs: what an agent is told, and what its words make of the run."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runyard.protocol.compute import CreateCompute
from runyard.protocol.data import DataReference
from runyard.protocol.datasets import RunOutput
from runyard.protocol.datastores import WriteQuery
from runyard.protocol.environments import LockRecord
from runyard.protocol.errors import InvalidRequest, NotFound, RunNotFound
from runyard.protocol.events import EventQuery
from runyard.protocol.files import FileEntry, FileQuery
from runyard.protocol.jobs import AgentReport, FinishReport, JobEnvironment, JobSpec
from runyard.protocol.runs import LauncherSpec, RunError, RunSpec, SubmitRun
from runyard.protocol.snapshots import CreateSnapshot
from runyard_server.compute.base import Grant
from runyard_server.core import tokens
from runyard_server.core.lookups import datastore_folder
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import attempts, engines, jobs, placement, preparing
from runyard_server.execution.placement import Placement, Target
from runyard_server.operations import compute, datasets, datastores, events, files, runs, snapshots
from runyard_server.store import runs as rows

W = "default"
ENVIRONMENT = JobEnvironment("/env/bin/python", "/env", "digest", "3.11")
Place = Callable[..., Placement]


@pytest.fixture
def place(system: System, store_text: Callable[..., FileEntry]) -> Place:
    """Submit a run and bring it onto its nodes, as the scheduler does."""

    def do(target: str = "local", **changes: object) -> Placement:
        files = [store_text("train.py", "print(1)")]
        snapshot = snapshots.create(system, W, body=CreateSnapshot(files)).id
        spec = RunSpec("exp", snapshot, "train.py", target=target, **changes)  # type: ignore[arg-type]  # fitting values, by the tests
        run = runs.submit(system, W, body=SubmitRun(spec)).id

        def write(work: Work) -> Placement:
            row = rows.find(work.connection, W, run)
            assert row is not None
            preparing.enqueue_ready(work, {row.key: LockRecord("digest", "3.11", "")}, "token")
            to = Target("" if target == "local" else W, target)
            return next(p for p in placement.place(work, to, Grant(9)) if p.row.id == run)

        return system.write(write)

    return do


def test_a_job_has_all_an_agent_needs(system: System, place: Place) -> None:
    """The job names the files, the interpreter and the run's token."""
    placed = place()
    job = jobs.build(system, placed.row, placed.nodes[0], ENVIRONMENT)
    run = placed.row.id
    assert [entry.path for entry in job.files] == ["train.py"]
    assert job.environment == ENVIRONMENT
    assert job.token == tokens.run_token(system.secret, W, run)
    assert tokens.verify(system.secret, job.token, W).run == run
    assert (job.workspace_name, job.resource_group) == ("default", "runyard")
    assert (job.size, job.node, job.attempt) == (None, 0, 1)


def test_a_job_names_no_place(system: System, place: Place) -> None:
    """What rules hand to a site has no path, address or process of any machine."""
    placed = place()
    job = jobs.build(system, placed.row, placed.nodes[0], JobEnvironment("", lock="digest"))
    text = repr(replace(job, token=""))
    for fact in (str(system.home.root), system.url(), "127.0.0.1", "localhost"):
        assert fact not in text


def test_a_cluster_job_has_its_sizes_cpus(system: System, place: Place) -> None:
    """A node of a cluster shall have what its size says; what of it there is its site knows."""
    compute.create(system, W, body=CreateCompute("gpucluster", "STANDARD_NC6", 1))
    placed = place("gpucluster")
    job = jobs.build(system, placed.row, placed.nodes[0], ENVIRONMENT)
    assert job.size is not None
    assert (job.size.cpus, job.size.gpus, job.node_name) == (6, 1, "gpucluster-1")


def test_data_references_become_places(system: System, place: Place) -> None:
    """A reference to a folder, a file or a whole datastore is where it lies on this machine."""
    store = "workspaceblobstore"
    datastores.write(system, W, store, "mnist/a.gz", query=WriteQuery(), body=io.BytesIO(b"x"))
    references = [
        DataReference("all", store),
        DataReference("folder", store, "mnist/"),
        DataReference("file", store, "mnist/a.gz", mode="download", path_on_compute="in"),
        DataReference("new", store, "results/"),
    ]
    placed = place(data=references)
    job = jobs.build(system, placed.row, placed.nodes[0], ENVIRONMENT)
    root = datastore_folder(system, W, store)
    assert [data.source for data in job.data] == [
        str(root),
        str(root / "mnist"),
        str(root / "mnist" / "a.gz"),
        f"{root}/results/",
    ]
    assert (job.data[2].mode, job.data[2].path_on_compute) == ("download", "in")


def test_an_agent_may_ask_for_its_job(system: System, place: Place) -> None:
    """What was handed over can be asked for; before that it is told."""
    placed = place()
    run = placed.row.id
    with pytest.raises(NotFound, match="nothing was launched"):
        jobs.get(system, W, run, "0")
    jobs.launched(system, placed.row.key, 0, "handle")
    job = jobs.get(system, W, run, "0")
    assert isinstance(job, JobSpec)
    assert (job.run, job.run_folder) == (run, str(system.home.run(run)))
    assert job.token == tokens.run_token(system.secret, W, run)
    assert job.url == system.url()


def test_what_a_lost_agent_left_needs_no_data(system: System, place: Place) -> None:
    """A run whose datastore has gone since can be cleaned up after all the same."""
    placed = place(data=[DataReference("all", "workspaceblobstore")])
    job = jobs.remains(system, placed.row, placed.nodes[0], ENVIRONMENT)
    assert (job.data, job.run) == ([], placed.row.id)


@pytest.mark.parametrize("node", ["1", "-1", "x", "", "0x0", "\u0660"])
def test_other_nodes_are_not_there(system: System, place: Place, node: str) -> None:
    """A number that is no node of the run is told, whatever it looks like."""
    run = place().row.id
    with pytest.raises(NotFound, match="no node"):
        jobs.report(system, W, run, node, body=AgentReport("running"))
    with pytest.raises(RunNotFound):
        jobs.report(system, W, "nobody", "0", body=AgentReport("running"))


def test_beats_write_only_news(system: System, place: Place) -> None:
    """The same state told again adds no event; a message and a new warning do."""
    run = place().row.id
    jobs.report(system, W, run, "0", body=AgentReport("running", message="begun", warnings=["w"]))
    before = runs.get(system, W, run)
    assert before.warnings == ["w"]
    jobs.report(system, W, run, "0", body=AgentReport("running", warnings=["w"]))
    after = runs.get(system, W, run)
    assert (after.status, after.last_event) == ("Running", before.last_event)
    kinds = [(e.kind, e.message) for e in events.list_(system, W, run, EventQuery()).items]
    assert ("stage", "begun") in kinds
    assert ("warning", "w") in kinds


def test_a_late_beat_moves_nothing_back(system: System, place: Place) -> None:
    """A beat that was overtaken by the next state does not bring the run back."""
    run = place().row.id
    jobs.report(system, W, run, "0", body=AgentReport("finalizing"))
    jobs.report(system, W, run, "0", body=AgentReport("running"))
    assert runs.get(system, W, run).status == "Finalizing"


def test_who_waits_for_outputs_sees_how_far_they_are(system: System, place: Place) -> None:
    """Finalizing of minutes says what it is at, as an event and in the run; then no more."""
    run = place().row.id
    text = "1,200 of 20,000 output files are kept"
    jobs.report(system, W, run, "0", body=AgentReport("finalizing"))
    jobs.report(system, W, run, "0", body=AgentReport("finalizing", message=text))
    assert runs.get(system, W, run).reason == text
    found = events.list_(system, W, run, EventQuery()).items
    assert [event.message for event in found if event.kind == "reason"][-1] == text
    jobs.finish(system, W, run, "0", body=FinishReport("completed", exit_code=0))
    assert runs.get(system, W, run).reason is None


@pytest.mark.parametrize(
    ("report", "status", "says"),
    [
        (FinishReport("completed", exit_code=0), "Completed", None),
        (FinishReport("canceled"), "Canceled", None),
        (FinishReport("failed", exit_code=3), "Failed", "exit code 3"),
        (FinishReport("failed", signal="SIGKILL"), "Failed", "SIGKILL"),
        (FinishReport("failed", error=RunError("UserError", "ValueError: no")), "Failed", "no"),
        (FinishReport("exploded"), "Failed", "failed"),
    ],
)
def test_the_last_word_decides(
    system: System, place: Place, report: FinishReport, status: str, says: str | None
) -> None:
    """An agent's outcome is the run's, with an error that says how it went and when."""
    run = place().row.id
    jobs.finish(system, W, run, "0", body=report)
    record = runs.get(system, W, run)
    assert record.status == status
    assert (record.error is None) == (says is None)
    if record.error is not None:
        assert says is not None
        assert says in record.error.message
        assert record.error.time


def test_a_good_run_ends_whatever_became_of_its_outputs(
    system: System, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An output with files that the service cannot read, or steps that mean nothing, is told of."""
    steps: dict[str, object] = {"steps": [{"take": "all"}]}
    outputs = [
        RunOutput("unread", "workspaceblobstore", "unread", register="unread"),
        RunOutput("wrong", "workspaceblobstore", "wrong", definition=steps),
    ]
    run = place(outputs=outputs).row.id
    root = datastore_folder(system, W, "workspaceblobstore")
    for name in ("unread", "wrong"):
        (root / name).mkdir(parents=True)
        (root / name / "b").write_text("b")
    (root / "unread/a").write_text("a")
    opened = Path.open

    def refused(place: Path, *mode: Any) -> Any:
        # Tests may run as root, whom no mode of a file keeps from reading.
        if place == root / "unread/a":
            raise PermissionError(13, "Permission denied", str(place))
        return opened(place, *mode)

    monkeypatch.setattr(Path, "open", refused)
    jobs.finish(system, W, run, "0", body=FinishReport("completed", exit_code=0))
    record = runs.get(system, W, run)
    assert record.status == "Completed"
    (warning,) = record.warnings
    assert "output 'wrong' was not registered" in str(warning)
    assert datasets.get(system, W, "unread").digest.startswith("times:")


def test_a_pattern_of_an_output_is_checked_at_submission(place: Place) -> None:
    """A run of hours does not end with a pattern that can be none."""
    for glob in ("../x", "[z-a]"):
        output = RunOutput("o", "workspaceblobstore", "o", definition={"path_glob": glob})
        with pytest.raises(InvalidRequest, match="output 'o'"):
            place(outputs=[output])


def test_logs_are_files_at_the_end(system: System, place: Place) -> None:
    """When the run has ended its logs are among its files and no longer live."""
    run = place().row.id
    system.logs.append(W, run, "azureml-logs/70_driver_log.txt", 0, io.BytesIO(b"hello\n"))
    jobs.finish(system, W, run, "0", body=FinishReport("completed"))
    (log,) = files.list_(system, W, run, query=FileQuery()).items
    assert (log.path, log.size, log.live) == ("azureml-logs/70_driver_log.txt", 6, False)


def test_a_last_word_between_two_attempts_is_let_go(
    system: System, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next attempt began while the word of a node that had been silent was on its way."""
    compute.create(system, W, body=CreateCompute("two", "STANDARD_D2_V2", 2))
    placed = place("two", node_count=2, launcher=LauncherSpec("torch", worker_count=2))
    explained = engines.explained

    def meanwhile(made: System, row: rows.RunRow, *given: Any) -> FinishReport:
        word = explained(made, row, *given)
        system.write(lambda work: attempts.begin(work, row, FinishReport("failed", cause="lost")))
        return word

    monkeypatch.setattr(engines, "explained", meanwhile)
    jobs.finish(system, W, placed.row.id, "1", body=FinishReport("completed"))
    run = runs.get(system, W, placed.row.id)
    assert (run.status, run.error) == ("Queued", None)


def test_a_lost_agent_is_lost_once(system: System, place: Place) -> None:
    """Told again, the loss changes nothing; told after the last word, nothing either."""
    placed = place()
    for _ in range(2):
        jobs.lost(system, placed.row.key, 0, "it was killed")
    told = [e.message for e in events.list_(system, W, placed.row.id, EventQuery()).items]
    assert told.count("it was killed; saving what it left") == 1
    jobs.finish(system, W, placed.row.id, "0", body=FinishReport("completed"))
    jobs.lost(system, placed.row.key, 0, "again")
    assert runs.get(system, W, placed.row.id).status == "Completed"


def test_an_abandoned_run_is_failed_or_canceled(system: System, place: Place) -> None:
    """A run nobody can report on is Failed with the reason; Canceled if that was asked for."""
    failed, canceled = place(), place()
    runs.cancel(system, W, canceled.row.id)
    for placed in (failed, canceled):
        jobs.abandon(system, placed.row.key, "the salvage was killed")
    record = runs.get(system, W, failed.row.id)
    assert record.error is not None
    assert (record.status, record.error.code) == ("Failed", "ServiceError")
    assert runs.get(system, W, canceled.row.id).status == "Canceled"
