"""What is read of people's changes, of space, in MLflow's protocol, and by pages of the studio.

`test_scans` and `test_scans_on_postgresql` look at the plans of all of it.
"""

from collections.abc import Callable

from runyard.protocol.audit import AuditQuery
from runyard.protocol.endpoints import EndpointQuery
from runyard.protocol.filters import ATTRIBUTE, METRIC, TAG, Condition, Field, Order
from runyard.protocol.images import ImageQuery
from runyard.protocol.journals import EntryQuery, JournalQuery
from runyard.protocol.metrics import MetricsOfRuns
from runyard.protocol.pipeline_drafts import PipelineDraftQuery
from runyard.protocol.pipeline_endpoints import PipelineEndpointQuery
from runyard.protocol.published_pipelines import PublishedQuery
from runyard.protocol.schedules import ScheduleQuery
from runyard.protocol.search import Search
from runyard.protocol.series import ReadSeries, SeriesName
from runyard.protocol.stars import StarQuery
from runyard.protocol.storage import StorageQuery
from runyard.protocol.sweeps import SweepQuery, TrialQuery
from runyard.protocol.tokens import TokenQuery
from runyard.protocol.trash import AddTrash
from runyard.protocol.usage import UsageQuery
from runyard.protocol.users import UserQuery
from runyard.protocol.views import ViewQuery
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.operations import (
    audit,
    compute,
    endpoints,
    experiments,
    file_trees,
    images,
    journals,
    logged_models,
    metrics,
    pipeline_drafts,
    pipeline_endpoints,
    published_pipelines,
    run_inputs,
    schedules,
    secrets,
    seen,
    series,
    stars,
    storage,
    sweeps,
    tokens,
    tracked_experiments,
    tracked_views,
    trash,
    usage,
    users,
    views,
)
from runyard_server.operations.logged_models import LoggedSearch
from runyard_server.operations.tracked_experiments import TrackedSearch
from runyard_server.operations.tracked_views import RunSearch
from runyard_server.store import metrics as metric_rows
from runyard_server.store import pages, summaries
from runyard_server.store import pipeline_drafts as pipeline_draft_rows
from runyard_server.store import pipeline_endpoints as pipeline_endpoint_rows
from runyard_server.store import pipelines as pipeline_rows
from runyard_server.store import published_pipelines as published_rows
from runyard_server.store import schedules as schedule_rows
from runyard_server.store.logged_models import Dataset, Sort

W = "default"
_SOME_TIME = "2001-01-01T00:00:00Z"
_LOSS = Condition(Field(METRIC, "loss"), "<", [1.0])
_NAMED = Condition(Field("dataset", "name"), "=", ["mnist"])


def _experiment(system: System) -> str:
    return tracked_experiments.get_by_title(system, W, "mnist").id


def _runs(asked: Search, **more: object) -> "Callable[[System, str], object]":
    def read(system: System, _run: str) -> object:
        body = RunSearch(asked, [_experiment(system)], **more)  # type: ignore[arg-type]
        return tracked_views.search(system, W, body)

    return read


def _logged(**more: object) -> "Callable[[System, str], object]":
    def read(system: System, _run: str) -> object:
        body = LoggedSearch([_experiment(system)], **more)  # type: ignore[arg-type]
        return logged_models.search(system, W, body)

    return read


def _long_series(work: Work) -> object:
    """What is asked for a chart of long series, and when a run ends that has some."""
    connection = work.connection
    return (
        summaries.of_many(connection, [1, 2]),
        summaries.ends(connection, [1, 2]),
        metric_rows.segments_from(connection, 1, 5),
        metric_rows.first_segment(connection, 1),
        metric_rows.long_ones(connection, 1, 5),
        metric_rows.in_pieces(connection, 1, 2),
    )


def _pipelines(work: Work) -> object:
    """What a turn of a pipeline reads, and what a submission of a published one does."""
    connection = work.connection
    return (
        pipeline_rows.find(connection, 1),
        pipeline_rows.nodes(connection, 1),
        pipeline_rows.active(connection),
        pipeline_rows.at_work(connection, W, "digest"),
        pipeline_rows.results(connection, W, "digest", 5),
        pipeline_rows.newest_named(connection, W, "train.py"),
        published_rows.find(connection, W, "id"),
        pipeline_draft_rows.find(connection, W, "id"),
        pipeline_endpoint_rows.active_named(connection, W, "name"),
        pipeline_endpoint_rows.find(connection, W, "id"),
        pipeline_endpoint_rows.versions(connection, [1, 2]),
    )


_SCHEDULE = schedule_rows.ScheduleRow(
    *(1, W, "id", "s", "", True, "p", "", "e", 0, 0, 1, 0, "", "", 0)
)


def _schedules(work: Work) -> object:
    """What a turn of a schedule reads, what one is told with, and what a start looks for."""
    connection = work.connection
    return (
        schedule_rows.due(connection),
        schedule_rows.find(connection, W, "id"),
        schedule_rows.going_on(connection, _SCHEDULE),
        schedule_rows.seen(connection, _SCHEDULE),
        schedule_rows.newest_runs(connection, [_SCHEDULE]),
        schedule_rows.run_keys(connection, _SCHEDULE, 1000, 10),
        schedule_rows.some_active(connection, W, 3),
    )


MORE_READS: dict[str, Callable[[System, str], object]] = {
    "audit log": lambda s, _: audit.list_(s, AuditQuery()),
    "audit log, deep": lambda s, _: audit.list_(s, AuditQuery(page_token=pages.token(1000))),
    "audit log of an object": lambda s, _: audit.list_(s, AuditQuery(object="mnist_1")),
    "audit log of a person": lambda s, _: audit.of_workspace(s, W, AuditQuery(user="ann")),
    "audit log of a time": lambda s, _: audit.list_(
        s, AuditQuery(since=_SOME_TIME, until=_SOME_TIME)
    ),
    "tokens": lambda s, _: tokens.list_(s, TokenQuery()),
    "storage": lambda s, _: storage.get(s, StorageQuery(fresh=True)),
    "a run, to be told": lambda s, run: trash.add(s, W, AddTrash("run", run, dry_run=True)),
    "experiments searched": lambda s, _: experiments.search(
        s, W, Search("name LIKE 'm%'", ["name"])
    ),
    "metrics of several runs": lambda s, run: metrics.read_many(
        s, W, body=MetricsOfRuns([run], ["acc"], points=100)
    ),
    "a turn of a pipeline": lambda s, _: s.read(_pipelines),
    "a long series": lambda s, _: s.read(_long_series),
    "series": lambda s, run: series.read(s, W, ReadSeries([SeriesName(run, "acc")])),
    "system metrics": lambda s, run: usage.series(s, W, run, UsageQuery(points=100)),
    "folder of a run": lambda s, run: file_trees.children(s, W, run, "outputs"),
    "sweeps": lambda s, _: sweeps.list_(s, W, SweepQuery()),
    "sweeps that go on": lambda s, _: sweeps.list_(
        s, W, SweepQuery(active=True, experiment="mnist")
    ),
    "trials": lambda s, run: sweeps.trials(s, W, run, TrialQuery(state="completed")),
    "endpoints": lambda s, _: endpoints.list_(s, W, EndpointQuery(model="m", tags=["a=b"])),
    "images": lambda s, _: images.list_(s, W, ImageQuery(model="m", tags=["a=b"])),
    "journals": lambda s, _: journals.list_(s, W, JournalQuery()),
    "journal": lambda s, _: journals.read(s, W, "study", EntryQuery(first=10)),
    "views": lambda s, _: views.list_(s, W, ViewQuery("runs")),
    "secrets": lambda s, _: secrets.list_(s, W),
    "published pipelines": lambda s, _: published_pipelines.list_(s, W, PublishedQuery()),
    "published pipelines, deep": lambda s, _: published_pipelines.list_(
        s, W, PublishedQuery(active=False, page_token=pages.token(1000))
    ),
    "drafts": lambda s, _: pipeline_drafts.list_(
        s, W, PipelineDraftQuery(page_token=pages.token(1000))
    ),
    "pipeline endpoints": lambda s, _: pipeline_endpoints.list_(s, W, PipelineEndpointQuery()),
    "pipeline endpoints of a name": lambda s, _: pipeline_endpoints.list_(
        s, W, PipelineEndpointQuery(name="n")
    ),
    "a turn of a schedule": lambda s, _: s.read(_schedules),
    "schedules": lambda s, _: schedules.list_(s, W, ScheduleQuery()),
    "schedules, deep": lambda s, _: schedules.list_(
        s, W, ScheduleQuery(active=False, page_token=pages.token(1000))
    ),
    "schedules of a pipeline": lambda s, _: schedules.list_(s, W, ScheduleQuery(pipeline="p")),
    "schedules of an endpoint": lambda s, _: schedules.list_(
        s, W, ScheduleQuery(active=False, endpoint="e")
    ),
    "seen": lambda s, _: seen.get(s, W),
    "stars": lambda s, _: stars.list_(s, W, StarQuery("run")),
    "queues": lambda s, _: compute.queue(s, W),
    "MLflow's experiments": lambda s, _: tracked_experiments.search(s, W, TrackedSearch()),
    "people": lambda s, _: users.list_(s, UserQuery()),
    "MLflow's experiments with a tag": lambda s, _: tracked_experiments.search(
        s, W, TrackedSearch([Condition(Field(TAG, "a"), "=", ["b"])], deleted=None)
    ),
    "MLflow's experiments by title": lambda s, _: tracked_experiments.search(
        s,
        W,
        TrackedSearch(
            [Condition(Field(ATTRIBUTE, "name"), "LIKE", ["m%"])],
            [Order(Field(ATTRIBUTE, "name"), descending=True)],
        ),
    ),
    "MLflow's experiment by title": lambda s, _: tracked_experiments.get_by_title(s, W, "mnist"),
    "MLflow's run": lambda s, run: tracked_views.get(s, W, run),
    "MLflow's runs": _runs(Search(order_by=["start_time DESC"])),
    "MLflow's runs by a metric": _runs(Search("metrics.acc < 0.6", ["metrics.acc desc"])),
    "MLflow's runs with a dataset": _runs(Search(), datasets=[_NAMED]),
    "MLflow's deleted runs": _runs(Search(), deleted=True),
    "MLflow's history": lambda s, run: tracked_views.history(s, W, run, "acc"),
    "MLflow's datasets": lambda s, _: run_inputs.datasets(s, W, [_experiment(s)]),
    "MLflow's logged models": _logged(),
    "MLflow's logged models by a metric": _logged(
        conditions=[_LOSS],
        datasets=[Dataset("mnist")],
        order=[Sort(Field(METRIC, "loss"), descending=True)],
    ),
}
