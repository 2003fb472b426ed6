"""Runs: what is refused before anything is written, and what requests make of the history."""

import io
import json
import re
from collections.abc import Callable

import pytest

from runyard.protocol.compute import CreateCompute
from runyard.protocol.data import DataReference
from runyard.protocol.datasets import RunOutput
from runyard.protocol.datastores import WriteQuery
from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.errors import (
    AlreadyExists,
    ComputeNotFound,
    Conflict,
    DatastoreNotFound,
    DatastorePathNotFound,
    InvalidRequest,
    RunNotFound,
    RunyardError,
    SnapshotNotFound,
    WorkspaceNotFound,
    WrongName,
    WrongState,
)
from runyard.protocol.events import EventQuery
from runyard.protocol.experiments import ExperimentQuery
from runyard.protocol.files import FileEntry
from runyard.protocol.metrics import SpoolQuery
from runyard.protocol.runs import (
    ChangeRun,
    FailRun,
    LauncherSpec,
    RunQuery,
    RunRecord,
    RunSpec,
    StartRun,
    SubmitRun,
)
from runyard.protocol.snapshots import CreateSnapshot
from runyard_server.core import idempotency
from runyard_server.core.system import System
from runyard_server.core.work import Request
from runyard_server.operations import (
    compute,
    datastores,
    events,
    experiments,
    metrics,
    runs,
    snapshots,
)
from runyard_server.testing.databases import rows

W = "default"
Submit = Callable[..., RunRecord]


@pytest.fixture
def snapshot(system: System, store_text: Callable[..., FileEntry]) -> str:
    """The id of a snapshot with train.py and lib/tools.py."""
    files = [store_text("train.py", "print(1)"), store_text("lib/tools.py", "")]
    return snapshots.create(system, W, body=CreateSnapshot(files)).id


@pytest.fixture
def submit(system: System, snapshot: str) -> Submit:
    """Submit train.py to `local`, changed by keyword arguments of RunSpec."""

    def do(*, tags: dict[str, str | None] | None = None, **changes: object) -> RunRecord:
        given: dict[str, object] = {
            "experiment": "mnist",
            "snapshot": snapshot,
            "script": "train.py",
            **changes,
        }
        spec = RunSpec(**given)  # type: ignore[arg-type]  # each test gives fitting values
        return runs.submit(system, W, body=SubmitRun(spec, tags=tags or {}))

    return do


def test_submit_begins_as_starting(system: System, submit: Submit) -> None:
    """A submitted run is Starting with an id of its experiment, the time and eight hex digits."""
    run = submit()
    assert run.status == "Starting"
    experiment, seconds, random = run.id.split("_")
    assert experiment == "mnist"
    assert int(seconds) >= 1_600_000_000
    assert len(random) == 8
    assert int(random, 16) >= 0
    assert run.number == 1
    assert submit().number == 2
    history = events.list_(system, W, run.id, EventQuery()).items
    assert [(e.number, e.status) for e in history] == [(1, "Starting")]


def test_spec_comes_back_as_submitted(system: System, submit: Submit) -> None:
    """What was asked for can be read again, whole."""
    definition = EnvironmentDefinition(pip=["numpy"])
    run = submit(arguments=["--rate", "0.1"], environment=definition)
    spec = runs.spec(system, W, run.id)
    assert spec.arguments == ["--rate", "0.1"]
    assert spec.environment == definition


MNIST = DataReference("mnist", "workspaceblobstore", "mnist")
REFUSED: list[tuple[dict[str, object], type[RunyardError], str]] = [
    ({"experiment": "bad name"}, WrongName, "bad name"),
    ({"snapshot": "0" * 64}, SnapshotNotFound, "snapshot"),
    ({"script": "trian.py"}, InvalidRequest, "train.py"),
    ({"script": ""}, InvalidRequest, "script"),
    ({"target": "gpucluster"}, ComputeNotFound, "cpucluster"),
    ({"target": "cpucluster", "node_count": 3}, InvalidRequest, "max_nodes"),
    ({"target": "local", "node_count": 2}, InvalidRequest, "local"),
    ({"node_count": 0}, InvalidRequest, "node_count"),
    ({"max_duration_seconds": 0}, InvalidRequest, "max_run_duration_seconds"),
    ({"launcher": LauncherSpec("mpy")}, InvalidRequest, "mpi"),
    ({"launcher": LauncherSpec("single", 2)}, InvalidRequest, "process_count_per_node"),
    ({"launcher": LauncherSpec("mpi", 0)}, InvalidRequest, "process_count_per_node is 0"),
    ({"launcher": LauncherSpec("multi_worker")}, InvalidRequest, "worker_count is 0"),
    (
        {"launcher": LauncherSpec("parameter_server", worker_count=1)},
        InvalidRequest,
        "parameter_server_count is 0",
    ),
    (
        {
            "launcher": LauncherSpec("parameter_server", 1, 4, 1),
            "target": "cpucluster",
            "node_count": 2,
        },
        InvalidRequest,
        "5 processes.*room for 4",
    ),
    (
        {
            "launcher": LauncherSpec("multi_worker", 1, 2, chief_count=1, evaluator_count=1),
            "target": "cpucluster",
        },
        InvalidRequest,
        "worker_count 2 and a chief and an evaluator are 4 processes.*room for 2",
    ),
    ({"launcher": LauncherSpec("multi_worker", 1, 1, chief_count=2)}, InvalidRequest, "0 or 1"),
    (
        {"launcher": LauncherSpec("torch", exit_deadline_seconds=0)},
        InvalidRequest,
        "exit_deadline_seconds is 0",
    ),
    ({"environment_variables": {"A B": "1"}}, InvalidRequest, "A B"),
    ({"environment_variables": {"A": "1\0"}}, InvalidRequest, "'A' has a NUL"),
    ({"arguments": ["--x", "1\0"]}, InvalidRequest, "argument '1.x00' has a NUL"),
    ({"data": [DataReference("d", "nowhere")]}, DatastoreNotFound, "nowhere"),
    (
        {"data": [DataReference("d", "workspaceblobstore", "mnits", "download")]},
        DatastorePathNotFound,
        "mnist",
    ),
    (
        {"arguments": ["--in", "$AZUREML_DATAREFERENCE_nist"], "data": [MNIST]},
        InvalidRequest,
        "'nist'.*'mnist'",
    ),
    (
        {"command": ["sh", "-c", "ls ${AZUREML_DATAREFERENCE_data}/train"]},
        InvalidRequest,
        "'data'.*no data references",
    ),
    (
        {"data": [DataReference("d", "workspaceblobstore", "../../secret")]},
        InvalidRequest,
        "secret",
    ),
    ({"data": [DataReference("d", "workspaceblobstore", mode="steal")]}, InvalidRequest, "mount"),
    (
        {"data": [DataReference("d", "workspaceblobstore")] * 2},
        InvalidRequest,
        "two data references",
    ),
]


@pytest.mark.parametrize(("changes", "error", "says"), REFUSED)
def test_bad_submissions_leave_nothing(
    system: System,
    submit: Submit,
    changes: dict[str, object],
    error: type[RunyardError],
    says: str,
) -> None:
    """A submission that cannot work is refused with what to do, and nothing is created."""
    compute.create(system, W, body=CreateCompute("cpucluster", "STANDARD_D2_V2", 2))
    _upload(system, "mnist/train.gz")
    with pytest.raises(error, match=says):
        submit(**changes)
    assert runs.list_(system, W, query=RunQuery()).items == []
    assert experiments.list_(system, W, query=ExperimentQuery()).items == []
    assert list(system.home.runs.iterdir()) == []


def test_upload_reference_needs_no_path(submit: Submit) -> None:
    """A place that the job will write to need not exist."""
    reference = DataReference("out", "workspaceblobstore", "results/new", mode="upload")
    assert submit(data=[reference]).status == "Starting"


@pytest.mark.parametrize(
    ("path", "said"),
    [("mnits", "the script may write it.*mnist"), ("new/out/", "made as a folder")],
)
def test_a_mounted_path_may_come_into_being(
    system: System, submit: Submit, path: str, said: str
) -> None:
    """Scripts write results to a mounted path; a warning serves those who mistyped it."""
    _upload(system, "mnist/train.gz")
    run = submit(data=[DataReference("d", "workspaceblobstore", path)])
    assert re.search(said, run.warnings[0])


def test_an_argument_may_mention_a_reference(system: System, submit: Submit) -> None:
    """`$AZUREML_DATAREFERENCE_x` stands for the reference, or a variable of the user's."""
    _upload(system, "mnist/train.gz")
    given = ["$AZUREML_DATAREFERENCE_mnist/train.gz", "${AZUREML_DATAREFERENCE_mine}"]
    own = {"AZUREML_DATAREFERENCE_mine": "/data"}
    assert submit(arguments=given, data=[MNIST], environment_variables=own).warnings == []


def test_an_argument_may_mention_what_the_run_makes(system: System, submit: Submit) -> None:
    """A step's output that is registered as a dataset has a reference's variable, too."""
    _upload(system, "mnist/train.gz")
    given = ["$AZUREML_DATAREFERENCE_mnist/train.gz", "$AZUREML_DATAREFERENCE_made"]
    made = RunOutput("made", "workspaceblobstore", "made/{run-id}")
    assert submit(arguments=given, data=[MNIST], outputs=[made]).warnings == []


def test_an_argument_may_be_left_where_all_references_were_taken_away(submit: Submit) -> None:
    """v1's scripts set `data_references = {}` and submit another script with the same arguments."""
    (told,) = submit(arguments=["--in", "$AZUREML_DATAREFERENCE_gone"]).warnings
    assert re.search("'gone', which the run does not have.*no data references", told)


def test_inherited_environment_stays_private(system: System, snapshot: str) -> None:
    """The client's environment is in a file for its owner alone, and nowhere in the database."""
    spec = RunSpec("mnist", snapshot, "train.py")
    body = SubmitRun(spec, inherited={"SECRET_OF_CLIENT": "hush-hush"})
    run = runs.submit(system, W, body=body)
    kept = system.home.run(run.id) / "inherited.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert b"hush-hush" in kept.read_bytes()
    assert run.id in (kept := rows(system.records))
    assert "hush-hush" not in kept
    stored = [p.read_bytes() for p in system.home.root.glob("runyard.db*")]
    assert not any(b"hush-hush" in content for content in stored)


def test_unknown_size_and_several_nodes_warn(system: System, submit: Submit) -> None:
    """A run on two nodes with the single launcher says that one of them idles."""
    compute.create(system, W, body=CreateCompute("twonodes", "STANDARD_D2_V2", 2))
    run = submit(target="twonodes", node_count=2)
    assert "first node" in run.warnings[0]
    few = submit(target="twonodes", node_count=2, launcher=LauncherSpec("multi_worker", 1, 1))
    assert "worker_count 1 are 1 process(es) for 2 nodes" in few.warnings[0]


def test_repeat_gives_the_same_run(system: System, snapshot: str) -> None:
    """The same request with the same key makes one run; the answer was kept with the run."""
    body = SubmitRun(RunSpec("mnist", snapshot, "train.py"))

    def once() -> RunRecord:
        return idempotency.once(
            system,
            Request("key-1", "digest"),
            lambda answering: runs.submit(answering, W, body=body),
            RunRecord,
        )

    first = once()
    assert once() == first
    assert len(runs.list_(system, W, query=RunQuery()).items) == 1


def test_interactive_run_is_running(system: System) -> None:
    """An interactive run is Running at once, with a uuid, on the target `sdk`."""
    run = runs.start(system, W, body=StartRun("mnist", tags={"a": None}))
    assert (run.status, run.target, run.run_type) == ("Running", "sdk", None)
    assert run.started_at is not None
    assert run.tags == {"a": None}
    assert len(run.id) == 36


def test_child_needs_its_parent(system: System) -> None:
    """A child knows its parent, lists leave children out unless asked, a wrong parent is told."""
    parent = runs.start(system, W, body=StartRun("mnist"))
    child = runs.start(system, W, body=StartRun("mnist", parent=parent.id))
    assert _ids(system, RunQuery(parent=parent.id)) == [child.id]
    assert _ids(system, RunQuery()) == [parent.id]
    assert _ids(system, RunQuery(include_children=True)) == [child.id, parent.id]
    with pytest.raises(RunNotFound, match="nobody"):
        runs.start(system, W, body=StartRun("mnist", parent="nobody"))


def test_own_id_must_be_new_and_sound(system: System) -> None:
    """An id of the caller's own may be used once and cannot be a path."""
    runs.start(system, W, body=StartRun("mnist", run_id="mine"))
    with pytest.raises(AlreadyExists, match="mine"):
        runs.start(system, W, body=StartRun("mnist", run_id="mine"))
    with pytest.raises(InvalidRequest, match="id"):
        runs.start(system, W, body=StartRun("mnist", run_id="../x"))


def test_unknown_workspace_is_told(system: System) -> None:
    """A run in a workspace that is not there is refused."""
    with pytest.raises(WorkspaceNotFound):
        runs.start(system, "elsewhere", body=StartRun("mnist"))


def test_list_filters(system: System, submit: Submit) -> None:
    """Each filter of the list keeps exactly the runs that match, newest first."""
    first = submit(tags={"stage": "dev"})
    second = submit(experiment="other", tags={"stage": "prod"})
    third = runs.start(system, W, body=StartRun("mnist", properties={"commit": "abc"}))
    runs.cancel(system, W, first.id)
    assert _ids(system, RunQuery()) == [third.id, second.id, first.id]
    assert _ids(system, RunQuery(experiment="mnist")) == [third.id, first.id]
    assert _ids(system, RunQuery(status="Canceled")) == [first.id]
    assert _ids(system, RunQuery(active=True)) == [third.id, second.id]
    assert _ids(system, RunQuery(target="local")) == [second.id, first.id]
    assert _ids(system, RunQuery(run_type="azureml.scriptrun")) == [second.id, first.id]
    assert _ids(system, RunQuery(tag="stage")) == [second.id, first.id]
    assert _ids(system, RunQuery(tag="stage", tag_value="prod")) == [second.id]
    assert _ids(system, RunQuery(property="commit")) == [third.id]
    assert _ids(system, RunQuery(property="commit", property_value="xyz")) == []
    with pytest.raises(InvalidRequest, match="Completed"):
        runs.list_(system, W, query=RunQuery(status="Done"))


def test_list_finds_runs_by_the_beginning_of_their_ids_and_by_number(system: System) -> None:
    """A person gives as much of an id as is enough, or the number of a run in its experiment."""
    for run in ("ab_1", "ab_2", "b_1", "AB_3", "ab"):
        runs.start(system, W, body=StartRun(experiment="e", run_id=run))

    def ids(**asked: object) -> list[str]:
        return [item.id for item in runs.list_(system, W, RunQuery(**asked)).items]  # type: ignore[arg-type]

    assert ids(id_prefix="ab") == ["ab", "ab_2", "ab_1"]
    assert ids(id_prefix="ab_1") == ["ab_1"]
    assert ids(id_prefix="a%") == ids(id_prefix="c") == []
    assert ids(experiment="e", number=3) == ["b_1"]


def test_list_has_last_metrics_when_asked(system: System) -> None:
    """A list shows how well runs did without asking for each of them."""
    for run in ("one", "two", "none"):
        runs.start(system, W, body=StartRun(experiment="m", run_id=run))
    for run, last in (("one", 0.5), ("two", 0.25)):
        lines = [
            {"n": name, "k": kind, "v": value, "s": None, "t": 1}
            for name, kind, value in (
                ("loss", "scalar", 1.0),
                ("words", "scalar", "text"),
                ("loss", "scalar", last),
                ("many", "list", [1, 2]),
                ("loss", "scalar", "NaN"),
            )
        ]
        lines[-1]["x"] = 1
        body = io.BytesIO("".join(json.dumps(line) + "\n" for line in lines).encode())
        metrics.append(system, W, run, "w", query=SpoolQuery(), body=body)
    found = runs.list_(system, W, RunQuery(experiment="m", metrics=True)).items
    assert {item.id: item.metrics for item in found} == {
        "none": {},
        "two": {"loss": 0.25},
        "one": {"loss": 0.5},
    }
    assert all(r.metrics is None for r in runs.list_(system, W, RunQuery(experiment="m")).items)


def test_list_pages_by_key(system: System) -> None:
    """Pages follow one another without gap or repeat, also when runs arrive in between."""
    made = [runs.start(system, W, body=StartRun("mnist")).id for _ in range(5)]
    page = runs.list_(system, W, query=RunQuery(page_size=2))
    assert [run.id for run in page.items] == [made[4], made[3]]
    runs.start(system, W, body=StartRun("mnist"))
    page = runs.list_(system, W, query=RunQuery(page_size=2, page_token=page.next_page_token))
    assert [run.id for run in page.items] == [made[2], made[1]]
    page = runs.list_(system, W, query=RunQuery(page_size=2, page_token=page.next_page_token))
    assert [run.id for run in page.items] == [made[0]]
    assert page.next_page_token is None


def test_change_after_the_end(system: System) -> None:
    """Tags, name and description change also when the run has ended; removed tags are gone."""
    run = runs.start(system, W, body=StartRun("mnist", tags={"a": "1", "b": "2"})).id
    runs.complete(system, W, run)
    body = ChangeRun(tags={"a": "3"}, removed_tags=["b"], name="best", description="the one")
    changed = runs.change(system, W, run, body=body)
    assert changed.tags == {"a": "3"}
    assert (changed.name, changed.description) == ("best", "the one")
    assert runs.get(system, W, run) == changed


def test_properties_are_written_once(system: System) -> None:
    """The same value again is harmless, another one is refused and changes nothing else."""
    run = runs.start(system, W, body=StartRun("mnist")).id
    runs.change(system, W, run, body=ChangeRun(properties={"a": "1"}))
    runs.change(system, W, run, body=ChangeRun(properties={"a": "1", "b": "2"}))
    with pytest.raises(Conflict, match="written once"):
        runs.change(system, W, run, body=ChangeRun(properties={"a": "9"}, tags={"t": "x"}))
    record = runs.get(system, W, run)
    assert record.properties == {"a": "1", "b": "2"}
    assert record.tags == {}


def test_cancel_before_an_agent_is_at_once(system: System, submit: Submit) -> None:
    """Without an agent a run is Canceled at once, through CancelRequested; again is harmless."""
    run = submit().id
    assert runs.cancel(system, W, run).status == "Canceled"
    ended = runs.cancel(system, W, run)
    assert ended.status == "Canceled"
    assert ended.ended_at is not None
    history = events.list_(system, W, run, EventQuery()).items
    assert [e.status for e in history] == ["Starting", "CancelRequested", "Canceled"]


def test_cancel_takes_the_submitted_children_along(system: System, snapshot: str) -> None:
    """Canceling a steering run cancels the jobs below it; what it submitted beside it goes on."""
    steering = runs.start(system, W, body=StartRun("mnist")).id
    between = runs.start(system, W, body=StartRun("mnist", parent=steering)).id
    spec = RunSpec("mnist", snapshot, "train.py")
    child = runs.submit(system, W, body=SubmitRun(spec, parent=steering)).id
    grandchild = runs.submit(system, W, body=SubmitRun(spec, parent=between)).id
    beside = runs.submit(system, W, body=SubmitRun(spec, submitted_from=steering)).id
    assert runs.cancel(system, W, steering).status == "Canceled"
    found = [runs.get(system, W, run).status for run in (child, grandchild, beside)]
    assert found == ["Canceled", "Canceled", "Starting"]


def test_no_job_begins_below_a_canceled_run(system: System, snapshot: str) -> None:
    """A steering script that submits a moment after the cancel leaves nothing behind; what is
    logged below the run is still taken."""
    spec = RunSpec("mnist", snapshot, "train.py")
    top = runs.submit(system, W, body=SubmitRun(spec)).id
    between = runs.start(system, W, body=StartRun("mnist", parent=top)).id
    runs.cancel(system, W, top)
    for parent in (top, between):
        with pytest.raises(WrongState, match=f"run {top} is canceled"):
            runs.submit(system, W, body=SubmitRun(spec, parent=parent))
    assert runs.start(system, W, body=StartRun("mnist", parent=between)).parent == between


def test_a_child_needs_its_parent(system: System, snapshot: str) -> None:
    """A run is submitted below one that exists, and says so; nothing is kept of a refused one."""
    spec = RunSpec("mnist", snapshot, "train.py")
    parent = runs.start(system, W, body=StartRun("mnist")).id
    assert runs.submit(system, W, body=SubmitRun(spec, parent=parent)).parent == parent
    with pytest.raises(RunNotFound):
        runs.submit(system, W, body=SubmitRun(spec, parent="none"))
    assert len(runs.list_(system, W, RunQuery(include_children=True)).items) == 2


def test_ended_runs_stay_as_they_are(system: System) -> None:
    """A run that is Completed cannot become Failed or Canceled."""
    run = runs.start(system, W, body=StartRun("mnist")).id
    assert runs.complete(system, W, run).status == "Completed"
    assert runs.fail(system, W, run, body=FailRun("late")).status == "Completed"
    assert runs.cancel(system, W, run).status == "Completed"


def test_fail_keeps_the_reason(system: System) -> None:
    """A run set to Failed has the message in its error and in an event."""
    run = runs.start(system, W, body=StartRun("mnist")).id
    record = runs.fail(system, W, run, body=FailRun("no data"))
    assert record.status == "Failed"
    assert record.error is not None
    assert (record.error.message, record.error.code) == ("no data", "UserError")
    kinds = [e.kind for e in events.list_(system, W, run, EventQuery()).items]
    assert kinds == ["status", "error", "status"]


def test_unknown_run_is_told(system: System) -> None:
    """Reading or ending a run that is not there names it."""
    with pytest.raises(RunNotFound, match="nobody"):
        runs.get(system, W, "nobody")
    with pytest.raises(RunNotFound, match="nobody"):
        runs.cancel(system, W, "nobody")


def test_events_continue_after_a_number(system: System) -> None:
    """A client that was away asks for what came after the number it knows."""
    run = runs.start(system, W, body=StartRun("mnist")).id
    runs.complete(system, W, run)
    page = events.list_(system, W, run, EventQuery(after=1))
    assert [(e.number, e.status) for e in page.items] == [(2, "Completed")]
    assert page.status == "Completed"
    assert runs.get(system, W, run).last_event == 2


def _ids(system: System, query: RunQuery) -> list[str]:
    return [run.id for run in runs.list_(system, W, query=query).items]


def _upload(system: System, path: str) -> None:
    datastores.write(
        system, W, "workspaceblobstore", path, query=WriteQuery(), body=io.BytesIO(b"x")
    )
