"""The trash: deleting, bringing back, freeing."""

import io
from collections.abc import Callable
from dataclasses import replace

import pytest

from runyard.protocol.datastores import WriteQuery
from runyard.protocol.environments import (
    EnvironmentDefinition,
    EnvironmentQuery,
    RegisterEnvironment,
)
from runyard.protocol.errors import (
    AlreadyExists,
    Conflict,
    EnvironmentNotFound,
    ExperimentNotFound,
    InvalidRequest,
    ModelNotFound,
    NotFound,
    RunNotFound,
    TemporaryError,
    WrongState,
)
from runyard.protocol.files import FileEntry, FileQuery, RegisterFiles
from runyard.protocol.journals import AppendEntries, EntryQuery
from runyard.protocol.metrics import MetricQuery, SpoolQuery
from runyard.protocol.models import RegisterModel
from runyard.protocol.runs import RunQuery, StartRun
from runyard.protocol.search import Search
from runyard.protocol.trash import AddTrash, TrashEntry, TrashQuery
from runyard.protocol.workspaces import CreateWorkspace, DeleteWorkspace, WorkspaceQuery
from runyard_server.core.actors import Actor, Change
from runyard_server.core.lookups import run_row
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import purging, sealing
from runyard_server.operations import (
    datastores,
    environments,
    experiments,
    files,
    journals,
    metrics,
    models,
    registered_models,
    runs,
    tracked_experiments,
    tracked_runs,
    trash,
    trash_moves,
    workspaces,
)
from runyard_server.scheduler.trash import TrashWork
from runyard_server.store import job_nodes
from runyard_server.store import trash as rows
from runyard_server.store.job_nodes import JobNodeRow
from runyard_server.testing.clocks import TickingClock

Store = Callable[..., FileEntry]
W = "default"
DAY = 24 * 3600 * 1_000_000


def delete(system: System, kind: str, name: str, **more: bool) -> TrashEntry:
    return trash.add(system, W, AddTrash(kind, name, **more))


def listed(system: System) -> list[str]:
    """The ids of the runs of the workspace, oldest first."""
    query = RunQuery(include_children=True)
    return [run.id for run in reversed(runs.list_(system, W, query).items)]


def started(system: System, run: str, experiment: str = "mnist", **more: str) -> str:
    """Start a run and complete it."""
    runs.start(system, W, body=StartRun(experiment, run_id=run, **more))
    runs.complete(system, W, run)
    return run


def purged(system: System) -> None:
    """Free everything whose time is over."""
    for entry in purging.due(system):
        purging.purge_entry(system, entry)


def rows_of_runs(system: System) -> int:
    """How many rows all tables have in which runs have rows of their own."""
    tables = (
        "runs",
        "run_files",
        "run_tags",
        "metric_series",
        "metric_segments",
        "metric_summaries",
        "run_specs",
    )

    def count(connection) -> int:
        asked = (f"SELECT count(*) FROM {table}" for table in tables)
        return sum(connection.exec_driver_sql(text).scalar() for text in asked)

    return system.records.read(count)


def test_a_deleted_run_comes_back_as_it_was(system: System, run_with_files: str) -> None:
    """Nobody finds it, and after an undo its metrics, files and log are what they were."""
    line = b'{"n": "acc", "k": "scalar", "v": 0.5, "t": 1}\n'
    metrics.append(system, W, run_with_files, "w", query=SpoolQuery(), body=io.BytesIO(line))
    runs.complete(system, W, run_with_files)
    before = runs.get(system, W, run_with_files)
    entry = delete(system, "run", run_with_files)
    assert listed(system) == []
    assert runs.search(system, W, Search("status = 'Completed'")).items == []
    with pytest.raises(RunNotFound):
        runs.get(system, W, run_with_files)
    trash.restore(system, W, entry.id)
    found = runs.get(system, W, run_with_files)
    # Its history tells of both.
    assert replace(found, last_event=before.last_event) == before
    assert metrics.list_(system, W, run_with_files, MetricQuery()).series[0].values == [0.5]
    assert len(files.list_(system, W, run_with_files, FileQuery()).items) == 5
    with pytest.raises(NotFound, match="runyard trash list"):
        trash.restore(system, W, entry.id)


def test_a_dry_run_tells_the_bytes_and_deletes_nothing(system: System, run_with_files: str) -> None:
    """What would go is known before it goes."""
    runs.complete(system, W, run_with_files)
    told = delete(system, "run", run_with_files, dry_run=True)
    found = files.list_(system, W, run_with_files, FileQuery()).items
    size = sum(one.size for one in found)
    assert (told.id, told.count, told.size) == ("", 1, size)
    assert trash.list_(system, W, TrashQuery()).items == []
    assert listed(system) == [run_with_files]
    assert delete(system, "experiment", "mnist", dry_run=True).size == size
    assert delete(system, "run", run_with_files).size == size


def test_what_goes_on_is_not_deleted(system: System, run: str) -> None:
    """A job whose run is gone would have nobody to report to; the refusal says what to do."""
    for kind, name in (("run", run), ("experiment", "mnist")):
        with pytest.raises(WrongState, match="runyard runs cancel"):
            delete(system, kind, name)
    with pytest.raises(RunNotFound, match="nearest"):
        delete(system, "run", run[:-1])
    with pytest.raises(ExperimentNotFound, match="mnist"):
        delete(system, "experiment", "mnits")
    with pytest.raises(InvalidRequest, match="environment"):
        delete(system, "cluster", "small")


def test_a_run_takes_those_below_it_along(system: System) -> None:
    """A sweep goes with its trials; what was deleted before that stays where it is."""
    started(system, "top")
    for child in ("one", "two"):
        started(system, child, parent="top")
    started(system, "below", parent="one")
    first = delete(system, "run", "one")
    assert first.count == 2
    entry = delete(system, "run", "top")
    assert (entry.count, listed(system)) == (2, [])
    trash.restore(system, W, entry.id)
    with pytest.raises(RunNotFound):
        runs.get(system, W, "below")
    assert runs.get(system, W, "two").parent == "top"
    trash.restore(system, W, first.id)
    assert runs.get(system, W, "below").parent == "one"


@pytest.mark.parametrize("kind", ["run", "experiment"])
def test_many_runs_go_and_come_back_in_parts(
    system: System, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """A hundred thousand runs hold up nobody's write; a kill in between is made good."""
    monkeypatch.setattr(trash_moves, "AT_ONCE", 2)
    name = started(system, "top") if kind == "run" else "mnist"
    ids = ["top"] if kind == "run" else []
    ids += [started(system, f"r{n}", parent=ids[0] if ids else None) for n in range(7)]
    entry = delete(system, kind, name)
    assert (listed(system), entry.count) == ([], len(ids))
    kept = trash.list_(system, W, TrashQuery()).items
    assert [(one.state, one.until) for one in kept] == [("kept", entry.until)]
    # A service that is killed when it has begun to bring them back.
    with monkeypatch.context() as killed:
        killed.setattr(trash, "finish", lambda *_: None)
        trash.restore(system, W, entry.id)
    assert len(listed(system)) < len(ids)
    [left] = purging.due(system)
    purging.purge_entry(system, left)
    trash.finish(system, W, left.key)
    assert sorted(listed(system)) == sorted(ids)
    assert purging.due(system) == []


def test_an_experiment_is_free_for_new_runs_at_once(system: System) -> None:
    """Starting afresh under the same name works, and an undo brings the old runs beside the new."""
    started(system, "old")
    experiments.change(system, W, "mnist", body=experiments.ChangeExperiment(notes="mine"))
    first = delete(system, "experiment", "mnist")
    with pytest.raises(ExperimentNotFound):
        experiments.get(system, W, "mnist")
    started(system, "new")
    assert (runs.get(system, W, "new").number, listed(system)) == (1, ["new"])
    delete(system, "experiment", "mnist")
    [entry] = trash.list_(system, W, TrashQuery()).items
    assert (entry.id, entry.count) == (first.id, 2)
    trash.restore(system, W, entry.id)
    assert sorted(listed(system)) == ["new", "old"]
    assert experiments.get(system, W, "mnist").notes == "mine"


def test_the_id_of_a_deleted_run_is_not_another_s(system: System) -> None:
    """Two runs of one id would be one to everybody who asks, once the first comes back."""
    started(system, "same")
    delete(system, "run", "same")
    with pytest.raises(AlreadyExists, match="in the trash"):
        started(system, "same")
    trash.empty(system, W)
    purged(system)
    assert started(system, "same") == "same"


def test_models_go_and_come_back(system: System, run_with_files: str) -> None:
    """A version, or all of a name with its description; numbers are never given twice."""
    for _ in range(2):
        models.register(system, W, body=RegisterModel("m", "outputs/model", run=run_with_files))
    models.change(system, W, "m:2", body=models.ChangeModel(tags={"a": "1"}))
    change = registered_models.ChangeRegisteredModel(description="d", tags={"t": "1"})
    registered_models.change(system, W, "m", body=change)
    version = delete(system, "model", "m:2")
    assert models.get(system, W, "m").id == "m:1"
    trash.restore(system, W, version.id)
    assert models.get(system, W, "m").tags == {"a": "1"}
    whole = delete(system, "model", "m")
    assert whole.count == 2
    with pytest.raises(ModelNotFound):
        models.get(system, W, "m:1")
    trash.restore(system, W, whole.id)
    found = registered_models.get(system, W, "m")
    assert (found.description, found.tags) == ("d", {"t": "1"})
    assert models.get(system, W, "m").id == "m:2"
    delete(system, "model", "m")
    body = RegisterModel("m", "outputs/model", run=run_with_files)
    assert models.register(system, W, body=body).id == "m:3"


def test_environments_go_and_come_back(system: System) -> None:
    """A version that was deleted keeps its number while it may come back."""
    for pip in ("a", "b"):
        order = RegisterEnvironment("e", EnvironmentDefinition(pip=[pip]))
        environments.register(system, W, order)
    entry = delete(system, "environment", "e")
    assert environments.list_(system, W, EnvironmentQuery()).items == []
    order = RegisterEnvironment("e", EnvironmentDefinition(pip=["c"]))
    assert environments.register(system, W, order).version == "3"
    trash.restore(system, W, entry.id)
    found = environments.list_(system, W, EnvironmentQuery(name="e")).items
    assert sorted(one.version for one in found) == ["1", "2", "3"]
    with pytest.raises(EnvironmentNotFound, match="'e'"):
        delete(system, "environment", "f")


def test_freeing_leaves_nothing_but_what_models_have(
    system: System, run_with_files: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows and logs of a run go; a model that was registered from it keeps its files."""
    monkeypatch.setattr(sealing, "LONG", 1)
    line = b'{"n":"loss","k":"scalar","v":0.5,"t":1}\n'
    metrics.append(system, W, run_with_files, "w", query=SpoolQuery(), body=io.BytesIO(line))
    models.register(system, W, body=RegisterModel("m", "outputs/model", run=run_with_files))
    runs.complete(system, W, run_with_files)
    had = models.get(system, W, "m").files
    delete(system, "run", run_with_files)
    purged(system)
    assert rows_of_runs(system) > 0
    trash.empty(system, W)
    purged(system)
    assert rows_of_runs(system) == 0
    assert not system.logs.folder(W, run_with_files).exists()
    assert models.get(system, W, "m").files == had
    assert trash.list_(system, W, TrashQuery()).items == []
    left = models.lineage(system, W, "m").run
    assert (left.id, left.status, left.deleted) == (run_with_files, "", True)


def test_the_lineage_of_a_model_tells_that_its_run_is_deleted(
    system: System, run_with_files: str
) -> None:
    """What a model was made of is told as long as it can be known."""
    models.register(system, W, body=RegisterModel("m", "outputs/model", run=run_with_files))
    runs.complete(system, W, run_with_files)
    found = models.lineage(system, W, "m:1")
    assert (found.run.id, found.run.deleted) == (run_with_files, False)
    delete(system, "run", run_with_files)
    found = models.lineage(system, W, "m:1")
    assert (found.run.id, found.run.experiment, found.run.deleted) == (
        run_with_files,
        "mnist",
        True,
    )


def test_freeing_goes_on_after_a_kill(
    system: System, store_text: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An entry whose freeing was broken off is not brought back, and freed by the next service."""
    for n in range(5):
        started(system, f"r{n}")
        body = RegisterFiles([store_text("a", "a")])
        files.register(system, W, f"r{n}", body=body)
    entry = delete(system, "experiment", "mnist")
    trash.free(system, W, entry.id)
    monkeypatch.setattr(purging, "_RUNS", 2)
    calls = iter(range(2))
    remove = purging._remove_runs

    def killed(*given: object) -> None:
        next(calls)
        remove(*given)

    monkeypatch.setattr(purging, "_remove_runs", killed)
    with pytest.raises(StopIteration):
        purged(system)
    with pytest.raises(WrongState, match="being freed"):
        trash.restore(system, W, entry.id)
    monkeypatch.setattr(purging, "_remove_runs", remove)
    purged(system)
    assert rows_of_runs(system) == 0


def test_what_is_deleted_while_its_former_is_freed_is_not_lost(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Freeing takes minutes; its entry, which goes at the end, must not take a newer one along."""
    started(system, "old")
    delete(system, "experiment", "mnist")
    trash.empty(system, W)
    remove, told = purging._remove_runs, []

    def meanwhile(*given: object) -> None:
        started(system, "new")
        try:
            delete(system, "experiment", "mnist")
        except TemporaryError as error:
            told.append(error.message)
        remove(*given)

    monkeypatch.setattr(purging, "_remove_runs", meanwhile)
    purged(system)
    assert listed(system) == ["new"]
    assert "a little later" in told[0]
    trash.restore(system, W, delete(system, "experiment", "mnist").id)
    assert listed(system) == ["new"]


def test_a_workspace_goes_and_comes_back(system: System) -> None:
    """With all that it holds; its id is not another's before it is freed."""
    workspaces.create(system, CreateWorkspace("vision"))
    runs.start(system, "vision", body=StartRun("e", run_id="r"))
    with pytest.raises(WrongState, match="runyard runs cancel"):
        workspaces.delete(system, "vision", DeleteWorkspace())
    runs.complete(system, "vision", "r")
    told = workspaces.delete(system, "vision", DeleteWorkspace(dry_run=True))
    assert (told.id, told.count) == ("", 1)
    workspaces.delete(system, "vision", DeleteWorkspace())
    names = [one.name for one in workspaces.list_(system, WorkspaceQuery()).items]
    assert names == [W]
    assert [one.id for one in workspaces.deleted(system).items] == ["vision"]
    assert workspaces.create(system, CreateWorkspace("vision")).id != "vision"
    with pytest.raises(Conflict, match="another workspace"):
        workspaces.restore(system, "vision")
    workspaces.delete(
        system,
        next(one.id for one in workspaces.list_(system, WorkspaceQuery()).items if one.id != W),
        DeleteWorkspace(),
    )
    assert workspaces.restore(system, "vision").name == "vision"
    assert runs.get(system, "vision", "r").experiment == "e"
    workspaces.delete(system, "vision", DeleteWorkspace())
    acting = system.acting(Actor(change=Change("workspaces.free", "vision", "vision", "")))
    workspaces.free(acting, "vision")
    purged(system)
    # Who did it is told for ever.
    asked = "SELECT DISTINCT workspace FROM audit"
    told = system.read(lambda work: work.connection.exec_driver_sql(asked).scalar())
    assert told == "vision"
    assert rows_of_runs(system) == 0
    with pytest.raises(NotFound, match="runyard workspaces deleted"):
        workspaces.restore(system, "vision")
    with pytest.raises(WrongState, match="default workspace stays"):
        workspaces.delete(system, W, DeleteWorkspace())


def test_what_came_back_meanwhile_is_not_freed(system: System, run_with_files: str) -> None:
    """Others are freed for minutes; an undo in that time loses neither a model nor a workspace."""
    models.register(system, W, body=RegisterModel("m", "outputs/model", run=run_with_files))
    workspaces.create(system, CreateWorkspace("vision"))
    entry = delete(system, "model", "m")
    workspaces.delete(system, "vision", DeleteWorkspace())
    over = "UPDATE trash SET until = 0"
    system.write(lambda work: work.connection.exec_driver_sql(over))
    found = purging.due(system)
    assert len(found) == 2
    trash.restore(system, W, entry.id)
    workspaces.restore(system, "vision")
    for one in found:
        purging.purge_entry(system, one)
    assert models.get(system, W, "m").id == "m:1"
    assert workspaces.get(system, "vision").name == "vision"


def test_one_that_cannot_be_freed_holds_up_no_other(system: System) -> None:
    """A row that is damaged keeps its own space, and not that of all that was deleted later."""
    for run in ("r1", "r2"):
        started(system, run)
        delete(system, "run", run)
    trash.empty(system, W)
    damaged = "UPDATE trash SET details = '{' WHERE subject = 'r1'"
    system.write(lambda work: work.connection.exec_driver_sql(damaged))
    TrashWork(system)._free(purging.due(system))
    assert [one.name for one in trash.list_(system, W, TrashQuery()).items] == ["r1"]


def test_a_workspace_waits_for_what_its_runs_have_left(system: System) -> None:
    """An agent that delivers files to a workspace that is gone would lose them."""
    workspaces.create(system, CreateWorkspace("vision"))
    runs.start(system, "vision", body=StartRun("e", run_id="r"))
    runs.complete(system, "vision", "r")

    def deliver(work: Work) -> None:
        row = run_row(work, "vision", "r")
        job_nodes.add(work.connection, [JobNodeRow(row.key, 0, 1, "n", "launched")])

    system.write(deliver)
    with pytest.raises(WrongState, match="try again in a moment"):
        workspaces.delete(system, "vision", DeleteWorkspace())


def test_a_journal_begins_without_those_of_freed_workspaces(system: System) -> None:
    """Trials of a study that is gone for good are not those of the next one."""
    workspaces.create(system, CreateWorkspace("vision"))
    order = AppendEntries("a", 1, ['{"op_code": 4}'])
    journals.append(system, "vision", "optuna", order)
    workspaces.delete(system, "vision", DeleteWorkspace())
    workspaces.free(system, "vision")
    purged(system)
    journals.append(system, W, "optuna", replace(order, entries=['{"op_code": 5}']))
    assert journals.read(system, W, "optuna", EntryQuery(0)).entries == ['{"op_code": 5}']


def test_a_title_is_free_once_its_experiment_is_deleted(system: System) -> None:
    """A tracker makes an experiment of the same title anew; the old one comes back all the same."""
    first = tracked_experiments.create(system, W, "My title!", "", {"a": "1"})
    entry = delete(system, "experiment", first.row.name)
    second = tracked_experiments.create(system, W, "My title!", "", {})
    assert second.row.id != first.row.id
    trash.restore(system, W, entry.id)
    assert tracked_experiments.get_by_title(system, W, "My title!").row.id == second.row.id
    # The name of another one is no reason to take the title away.
    tracked_experiments.rename(system, W, second.row.id, "mnist")
    started(system, "r")
    other = experiments.get(system, W, "mnist").id
    tracked_experiments.set_deleted(system, W, other, deleted=True)
    assert tracked_experiments.get(system, W, second.row.id).row.title == "mnist"
    for name in (first.row.name, "mnist"):
        delete(system, "experiment", name)
    trash.empty(system, W)
    purged(system)
    for table in ("experiment_facts", "experiment_tags"):
        asked = f"SELECT count(*) FROM {table}"
        assert system.read(lambda work, a=asked: work.connection.exec_driver_sql(a).scalar()) == 0


def test_the_trash_pages_by_key(system: System) -> None:
    """The last deleted comes first, and a page costs the same however long the list is."""
    for n in range(3):
        started(system, f"r{n}")
        delete(system, "run", f"r{n}")
    first = trash.list_(system, W, TrashQuery(page_size=2))
    assert [one.name for one in first.items] == ["r2", "r1"]
    second = trash.list_(system, W, TrashQuery(2, first.next_page_token))
    assert ([one.name for one in second.items], second.next_page_token) == (["r0"], None)
    assert system.read(lambda work: rows.find(work.connection, "other", 1)) is None


def test_a_title_that_was_taken_comes_back_with_a_number(system: System) -> None:
    """An experiment that returns is found by the title it had, however often that was given."""
    first = tracked_experiments.create(system, W, "before", "", {})
    tracked_experiments.rename(system, W, first.row.id, "Our best")
    entry = delete(system, "experiment", first.row.name)
    second = tracked_experiments.create(system, W, "Our best", "", {})
    tracked_experiments.create(system, W, "Our best (2)", "", {})
    trash.restore(system, W, entry.id)
    assert tracked_experiments.get_by_title(system, W, "Our best").row.id == second.row.id
    assert tracked_experiments.get_by_title(system, W, "Our best (3)").row.id == first.row.id
    # One whose title nobody took has it again.
    entry = delete(system, "experiment", second.row.name)
    trash.restore(system, W, entry.id)
    assert tracked_experiments.get(system, W, second.row.id).row.title == "Our best"


def test_logs_of_interactive_runs_are_told(system: System) -> None:
    """What a deletion would free has the logs of runs that no agent has delivered."""
    runs.start(system, W, body=StartRun("mnist", run_id="r"))
    system.logs.append(W, "r", "logs/notes.txt", 0, io.BytesIO(b"x" * 1000))
    runs.complete(system, W, "r")
    for kind, name in (("run", "r"), ("experiment", "mnist")):
        assert delete(system, kind, name, dry_run=True).size == 1000
    workspaces.create(system, CreateWorkspace("vision"))
    runs.start(system, "vision", body=StartRun("mnist", run_id="r"))
    system.logs.append("vision", "r", "logs/notes.txt", 0, io.BytesIO(b"x" * 500))
    runs.complete(system, "vision", "r")
    query = WriteQuery()
    datastores.write(system, "vision", "workspaceblobstore", "a", query, io.BytesIO(b"x" * 30))
    assert workspaces.delete(system, "vision", DeleteWorkspace(dry_run=True)).size == 530


def test_what_a_tracker_has_deleted_is_freed_after_a_week(
    system: System, clock: TickingClock, store_text: Store
) -> None:
    """It comes back as long as the trash keeps things, and then takes no more room."""
    for run in ("a", "b", "c", "d"):
        started(system, run)
    runs.start(system, W, body=StartRun("mnist", run_id="open"))
    files.register(system, W, "a", body=RegisterFiles([store_text("x", "x")]))
    other = tracked_experiments.create(system, W, "other", "", {})
    started(system, "e", "other")
    for run in ("a", "b", "open"):
        tracked_runs.set_deleted(system, W, run, deleted=True)
    tracked_experiments.set_deleted(system, W, other.row.id, deleted=True)
    purging.take_up_hidden(system)
    assert purging.due(system) == []
    tracked_runs.set_deleted(system, W, "b", deleted=False)
    clock.now += 8 * DAY
    tracked_runs.set_deleted(system, W, "c", deleted=True)
    purging.take_up_hidden(system)
    # Taken up, so nobody brings back the half of it.
    for run in ("a", "e"):
        with pytest.raises(RunNotFound):
            tracked_runs.set_deleted(system, W, run, deleted=False)
    purged(system)
    purging.take_up_hidden(system)
    purged(system)
    assert listed(system) == ["b", "d"]
    assert [runs.get(system, W, run).id for run in ("c", "open")] == ["c", "open"]
    with pytest.raises(ExperimentNotFound):
        tracked_experiments.get(system, W, other.row.id)
    assert trash.list_(system, W, TrashQuery()).items == []
