"""Schedules: due by the clock and for files, once for each time, whatever is killed meanwhile."""

import os
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.scheduler.test_pipelines import STORE, Piping

from runyard.protocol.errors import (
    InvalidRequest,
    NotFound,
    StorageFull,
    TemporaryError,
    WrongState,
)
from runyard.protocol.pipeline_endpoints import AddEndpointVersion, CreatePipelineEndpoint
from runyard.protocol.pipelines import PATH, WHOLE, PipelineParameterSpec, PipelineSpec
from runyard.protocol.published_pipelines import (
    ACTIVE,
    DISABLED,
    ChangePublished,
    PublishPipeline,
)
from runyard.protocol.runs import RunRecord
from runyard.protocol.schedules import (
    QUEUE,
    SKIP,
    ChangeSchedule,
    CreateSchedule,
    CronSpec,
    DataTrigger,
    RecurrenceSpec,
    ScheduleQuery,
    ScheduleRecord,
    ScheduleRunQuery,
)
from runyard.protocol.trash import AddTrash
from runyard.protocol.users import AddUser
from runyard.protocol.workspaces import CreateWorkspace, DeleteWorkspace
from runyard_server.core.actors import Actor
from runyard_server.core.clock import Clock
from runyard_server.core.system import System
from runyard_server.core.tokens import Caller
from runyard_server.operations import (
    pipeline_endpoints,
    pipeline_turns,
    pipelines,
    published_pipelines,
    runs,
    schedule_files,
    schedule_turns,
    schedules,
    trash,
    users,
    workspace_trash,
    workspaces,
)
from runyard_server.scheduler.reconciler import Reconciler
from runyard_server.scheduler.schedules import ScheduleReconciler
from runyard_server.store import schedules as rows
from runyard_server.store.subjects import PIPELINE, SCHEDULE, Subject
from runyard_server.testing.reconciler_contract import ReconcilerContract
from runyard_server.testing.yard import W, Yard

KILLS = int(os.environ.get("SOAK_KILLS", "24"))
HOUR = timedelta(hours=1)
BERLIN = "W. Europe Standard Time"


class SetClock(Clock):
    """A clock that shows what it was set to."""

    def __init__(self, shows: str) -> None:
        self.shows = datetime.fromisoformat(shows).replace(tzinfo=UTC)

    def now_us(self) -> int:
        return int(self.shows.timestamp() * 1_000_000)


@dataclass
class Scheduling:
    """Parts whose clock is set by hand and in which nothing moves by itself."""

    piping: Piping
    clock: SetClock

    @property
    def system(self) -> System:
        return self.piping.system

    def publish(self, *parameters: PipelineParameterSpec) -> str:
        spec = PipelineSpec([self.piping.node("a")], list(parameters))
        return published_pipelines.create(self.system, W, PublishPipeline("p", spec)).id

    def create(self, pipeline: str = "", **more: Any) -> str:
        given = {"pipeline": pipeline or self.publish(), **more}
        return schedules.create(self.system, W, CreateSchedule("s", "exp", **given)).id

    def get(self, schedule: str) -> ScheduleRecord:
        return schedules.get(self.system, W, schedule)

    def change(self, schedule: str, **news: Any) -> ScheduleRecord:
        return schedules.change(self.system, W, schedule, ChangeSchedule(**news))

    def turn(self, schedule: str) -> int | None:
        return schedule_turns.advance(self.system, Subject(SCHEDULE, W, schedule))

    def runs(self, schedule: str) -> list[RunRecord]:
        """Its runs, oldest first."""
        found = schedules.runs(self.system, W, schedule, ScheduleRunQuery(10_000)).items
        return found[::-1]

    def times(self, schedule: str) -> list[str]:
        """The times for which it has submitted, to the minute."""
        return [run.properties["runyard.scheduledfor"][:16] for run in self.runs(schedule)]

    def at(self, text: str, schedule: str) -> None:
        """Have it be some time, and the schedule take its turn."""
        self.clock.shows = datetime.fromisoformat(text).replace(tzinfo=UTC)
        self.turn(schedule)

    def file(self, name: str, text: str) -> None:
        place = self.piping.root / "incoming" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Piping]:
    """Parts without a loop, which the tests here share: each makes schedules of its own."""
    yard = Yard(tmp_path_factory.mktemp("scheduling") / "home")
    yield Piping(yard)
    yard.close()


@pytest.fixture
def scheduling(parts: Piping) -> Scheduling:
    clock = SetClock("2025-03-29T00:00:00")
    piping = Piping(parts.yard)
    piping.system = replace(parts.system, clock=clock)
    return Scheduling(piping, clock)


def test_each_day_has_its_run_across_a_clock_change(scheduling: Scheduling) -> None:
    """A schedule of 02:30 submits once each day, and at 03:00 where there is no such time."""
    rule = RecurrenceSpec("Day", hours=[2], minutes=[30], time_zone=BERLIN)
    schedule = scheduling.create(recurrence=rule, values={"lr": 1}, description="told")
    assert scheduling.get(schedule).next_at == "2025-03-29T01:30:00.000000Z"
    for _ in range(72):
        scheduling.clock.shows += HOUR
        scheduling.turn(schedule)
    assert scheduling.times(schedule) == [
        "2025-03-29T01:30",
        "2025-03-30T01:00",
        "2025-03-31T00:30",
    ]
    last = scheduling.runs(schedule)[-1]
    record = scheduling.get(schedule)
    assert (record.last_run, record.last_status, record.reason) == (last.id, "Running", "")
    assert record.last_at == "2025-03-31T01:00:00.000000Z"
    assert (last.experiment, last.properties["runSource"]) == ("exp", "Schedule")
    assert last.properties["azureml.scheduleid"] == schedule
    assert "no parameter 'lr'" in last.warnings[0]


def test_a_plain_interval_is_due_at_once_and_an_absence_is_one_run(scheduling: Scheduling) -> None:
    """What was missed is made up for once, and the times stay those that they were."""
    schedule = scheduling.create(recurrence=RecurrenceSpec("Hour", 2))
    scheduling.turn(schedule)
    scheduling.at("2025-03-29T11:15:00", schedule)
    scheduling.at("2025-03-29T11:59:59", schedule)
    scheduling.at("2025-03-29T12:00:00", schedule)
    times = ["2025-03-29T00:00", "2025-03-29T02:00", "2025-03-29T12:00"]
    assert scheduling.times(schedule) == times
    # A clock that is set back makes nothing due once more.
    scheduling.at("2025-03-29T11:59:00", schedule)
    assert scheduling.times(schedule) == times


class Killed(BaseException):
    """The service has ended here."""


def killing(write: Callable[[Any], Any], when: str) -> Callable[[Any], Any]:
    """A database whose process is killed before a write, after it, or in it."""

    def written(act: Callable[[Any], Any]) -> Any:
        def broken(connection: Any) -> Any:
            act(connection)
            raise RuntimeError("killed")

        if when == "before":
            raise Killed
        answer = write(broken if when == "in" else act)
        raise Killed(answer)

    return written


def test_random_kills_neither_lose_nor_double_a_run(
    scheduling: Scheduling, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time that is due has exactly one run, wherever the service was killed."""
    schedule = scheduling.create(cron=CronSpec("0 * * * *"))
    records, chance = scheduling.system.records, random.Random(7)
    for _ in range(KILLS):
        scheduling.clock.shows += HOUR
        for when in chance.choices(["before", "in", "after"], k=chance.randrange(3)):
            with monkeypatch.context() as patched:
                patched.setattr(records, "write", killing(records.write, when))
                try:
                    scheduling.turn(schedule)
                except (Killed, RuntimeError):
                    continue
        scheduling.turn(schedule)
    first = datetime(2025, 3, 29, 1, tzinfo=UTC)
    wanted = [(first + HOUR * passed).isoformat()[:16] for passed in range(KILLS)]
    assert scheduling.times(schedule) == wanted
    assert len({run.id for run in scheduling.runs(schedule)}) == KILLS


@pytest.mark.parametrize("killed", [True, False])
def test_a_large_pipeline_that_is_written_in_part_costs_no_time(
    scheduling: Scheduling, monkeypatch: pytest.MonkeyPatch, *, killed: bool
) -> None:
    """Of many steps one part follows the other: before the last one its time is not past."""
    monkeypatch.setattr(pipelines, "_TOGETHER", 1)
    nodes = [scheduling.piping.node(name) for name in ("a", "b", "c")]
    spec = PublishPipeline("large", PipelineSpec(nodes))
    published = published_pipelines.create(scheduling.system, W, spec).id
    schedule = scheduling.create(published, cron=CronSpec("@hourly"))
    before = {run.id for run in _all_runs(scheduling)}

    def refuse(*_: Any) -> None:
        raise StorageFull("no space is left")

    with monkeypatch.context() as patched:
        patched.setattr(pipelines._Writing, "_last", refuse)
        if killed:
            patched.setattr(pipelines._Writing, "_give_up", lambda *_: None)
        with pytest.raises(StorageFull):
            scheduling.at("2025-03-29T01:00:00", schedule)
    left = [run for run in _all_runs(scheduling) if run.id not in before and run.parent is None]
    assert [run.status for run in left] == ["Running" if killed else "Failed"]
    if not killed:
        assert left[0].error is not None
        assert "not all written: no space is left" in left[0].error.message
    assert scheduling.times(schedule) == []
    scheduling.at("2025-03-29T01:00:05", schedule)
    assert scheduling.times(schedule) == ["2025-03-29T01:00"]


def _all_runs(scheduling: Scheduling) -> list[RunRecord]:
    """Every page of them: what others have begun here fills the first one."""
    found: list[RunRecord] = []
    token = None
    while True:
        query = runs.RunQuery(include_children=True, page_token=token)
        page = runs.list_(scheduling.system, W, query)
        found += page.items
        token = page.next_page_token
        if token is None:
            return found


@pytest.mark.parametrize("news", [{}, {"status": DISABLED}, {"cron": CronSpec("5 * * * *")}])
def test_what_happens_meanwhile_counts(
    scheduling: Scheduling, monkeypatch: pytest.MonkeyPatch, news: dict[str, Any]
) -> None:
    """A second turn at the same time, or a change, and a run that was about to be is given up."""
    schedule = scheduling.create(cron=CronSpec("0 * * * *"))
    scheduling.clock.shows += HOUR
    submit = published_pipelines.submit

    def meanwhile(*given: Any) -> Any:
        monkeypatch.setattr(published_pipelines, "submit", submit)
        if news:
            scheduling.change(schedule, **news)
        scheduling.turn(schedule)
        return submit(*given)

    monkeypatch.setattr(published_pipelines, "submit", meanwhile)
    before = _all_runs(scheduling)
    scheduling.turn(schedule)
    after = _all_runs(scheduling)
    wanted = 0 if news else 1
    assert len(scheduling.runs(schedule)) == wanted
    assert len(after) - len(before) == 2 * wanted


def test_why_there_is_no_run_is_told(scheduling: Scheduling) -> None:
    """A pipeline that cannot be submitted costs its time, not the schedule."""
    published = scheduling.publish()
    schedule = scheduling.create(published, cron=CronSpec("@hourly"))
    published_pipelines.change(scheduling.system, W, published, ChangePublished(DISABLED))
    scheduling.at("2025-03-29T01:00:00", schedule)
    record = scheduling.get(schedule)
    assert "not submitted at 2025-03-29T01:00:00" in record.reason
    assert "is disabled; `runyard pipelines enable" in record.reason
    assert (record.last_run, record.next_at) == (None, "2025-03-29T02:00:00.000000Z")
    published_pipelines.change(scheduling.system, W, published, ChangePublished(ACTIVE))
    scheduling.at("2025-03-29T02:00:00", schedule)
    assert (scheduling.times(schedule), scheduling.get(schedule).reason) == (
        ["2025-03-29T02:00"],
        "",
    )


@pytest.mark.parametrize("error", [TemporaryError("it restarts"), StorageFull("no space")])
def test_what_is_away_for_a_moment_is_waited_for(
    scheduling: Scheduling, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """The schedule stays due, and says why it waits."""
    schedule = scheduling.create(cron=CronSpec("@hourly"))
    with monkeypatch.context() as patched:

        def away(*_: Any) -> None:
            raise error

        patched.setattr(published_pipelines, "submit", away)
        with pytest.raises(type(error)):
            scheduling.at("2025-03-29T01:00:00", schedule)
    assert scheduling.get(schedule).reason.startswith("tried again: ")
    scheduling.at("2025-03-29T01:00:05", schedule)
    assert (scheduling.times(schedule), scheduling.get(schedule).reason) == (
        ["2025-03-29T01:00"],
        "",
    )


@pytest.mark.parametrize(
    ("overlap", "during", "after"),
    [("allow", 3, 4), (SKIP, 1, 2), (QUEUE, 1, 2)],
)
def test_runs_that_go_on_are_minded(
    scheduling: Scheduling, overlap: str, during: int, after: int
) -> None:
    """While a run goes on, its schedule submits beside it, leaves times out, or has one wait."""
    schedule = scheduling.create(cron=CronSpec("@hourly"), overlap=overlap)
    for hour in (1, 2, 3):
        scheduling.at(f"2025-03-29T0{hour}:00:00", schedule)
    found = scheduling.runs(schedule)
    assert len(found) == during
    told = {SKIP: f"run {found[0].id} goes on", QUEUE: f"waits for the end of run {found[0].id}"}
    assert told.get(overlap, "") in scheduling.get(schedule).reason
    for run in found:
        runs.cancel(scheduling.system, W, run.id)
        pipeline_turns.advance(scheduling.system, Subject(PIPELINE, W, run.id), no_lock)
    # What was queued begins as soon as the other has ended, what was left out at its next time.
    scheduling.at(f"2025-03-29T0{'3:00:01' if overlap == QUEUE else '4:00:00'}", schedule)
    assert len(scheduling.runs(schedule)) == after
    assert scheduling.get(schedule).reason == ""


def no_lock(*_: Any) -> tuple[None, bool]:
    """No environment is asked for."""
    return None, False


def test_files_are_run_for_once(scheduling: Scheduling) -> None:
    """What is there already and what lies below is not; one is told by itself, more as a folder."""
    scheduling.file("files/old", "1")
    place = {"datastore": STORE, "path": ""}
    published = scheduling.publish(PipelineParameterSpec("place", PATH, place))
    trigger = DataTrigger(STORE, "incoming/files", 10, "place")
    schedule = scheduling.create(published, data=trigger)
    scheduling.file("files/below/deep", "1")
    scheduling.at("2025-03-29T00:10:00", schedule)
    assert scheduling.runs(schedule) == []
    scheduling.file("files/new", "1")
    # Not before it is looked at again.
    scheduling.at("2025-03-29T00:19:00", schedule)
    assert scheduling.runs(schedule) == []
    scheduling.at("2025-03-29T00:20:00", schedule)
    scheduling.at("2025-03-29T00:30:00", schedule)
    scheduling.file("files/old", "longer")
    scheduling.file("files/newer", "1")
    published_pipelines.change(scheduling.system, W, published, ChangePublished(DISABLED))
    # What could not be submitted is seen again by the next look.
    scheduling.at("2025-03-29T00:40:00", schedule)
    published_pipelines.change(scheduling.system, W, published, ChangePublished(ACTIVE))
    (scheduling.piping.root / "incoming/files/new").unlink()
    scheduling.at("2025-03-29T00:50:00", schedule)
    scheduling.file("files/new", "1")
    scheduling.at("2025-03-29T01:00:00", schedule)
    told = [pipelines.get(scheduling.system, W, run.id).values for run in scheduling.runs(schedule)]
    assert [each["place"]["path"] for each in told] == [
        "incoming/files/new",
        "incoming/files",
        "incoming/files/new",
    ]


def test_a_folder_of_folders_is_looked_at_and_not_read(scheduling: Scheduling) -> None:
    """Only what lies in it counts, however many files are below, on pages of any size."""
    for number in range(130):
        scheduling.file(f"many/f{number:03}", "1")
        scheduling.file(f"many/b{number % 5}/{number}", "1")
    found = schedule_files.versions(scheduling.system, W, DataTrigger(STORE, "/incoming/many/"))
    assert sorted(found) == [f"f{number:03}" for number in range(130)]


PATHS = PipelineParameterSpec("place", PATH, {"datastore": STORE, "path": ""})
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "exactly one of recurrence, cron and data"),
    ({"cron": CronSpec("@daily"), "recurrence": RecurrenceSpec("Day")}, "exactly one"),
    ({"cron": CronSpec("0 3 * *")}, "five fields"),
    ({"cron": CronSpec("0 0 30 2 *")}, "would never be due"),
    ({"cron": CronSpec("@daily", "Mars/Phobos")}, "no time zone 'Mars/Phobos'"),
    ({"recurrence": RecurrenceSpec("Day", time_zone="Mars/Phobos")}, "no time zone"),
    ({"recurrence": RecurrenceSpec("Year")}, "frequency is 'Year'"),
    ({"recurrence": RecurrenceSpec("Month", 900_000, "2019-01-01T00:00:00")}, "would never be due"),
    ({"cron": CronSpec("@daily"), "overlap": "never"}, "skip, queue, allow"),
    ({"cron": CronSpec("@daily"), "values": {"count": "many"}}, "is of the kind int"),
    ({"cron": CronSpec("@daily"), "endpoint": "x"}, "give either pipeline"),
    ({"data": DataTrigger(STORE, polling_minutes=0)}, "polling_interval is 0 minutes"),
    ({"data": DataTrigger(STORE, parameter="count")}, "no parameter 'count' whose default is"),
    ({"data": DataTrigger("gone")}, "no datastore 'gone'"),
    ({"data": DataTrigger(STORE, "a/../../b")}, "'a/../../b'"),
    ({"cron": CronSpec("@daily"), "pipeline": "gone"}, "no published pipeline 'gone'"),
]


@pytest.mark.parametrize(("given", "told"), REFUSED)
def test_what_could_never_be_is_refused(
    scheduling: Scheduling, given: dict[str, Any], told: str
) -> None:
    """Before anything is made, and in words that say what would be right."""
    published = scheduling.publish(PipelineParameterSpec("count", WHOLE, 1), PATHS)
    before = len(schedules.list_(scheduling.system, W, ScheduleQuery()).items)
    with pytest.raises((InvalidRequest, NotFound), match=re.escape(told)):
        scheduling.create(**{"pipeline": published, **given})
    assert len(schedules.list_(scheduling.system, W, ScheduleQuery()).items) == before


def test_an_endpoint_s_version_of_the_day_is_run(scheduling: Scheduling) -> None:
    """The schedule follows when another version becomes the default."""
    one, two = scheduling.publish(), scheduling.publish()
    order = CreatePipelineEndpoint(f"e-{one}", one)
    endpoint = pipeline_endpoints.create(scheduling.system, W, order).id
    body = CreateSchedule("s", "exp", endpoint=endpoint, cron=CronSpec("@hourly"))
    schedule = schedules.create(scheduling.system, W, body).id
    scheduling.at("2025-03-29T01:00:00", schedule)
    pipeline_endpoints.add(scheduling.system, W, endpoint, AddEndpointVersion(two, default=True))
    scheduling.at("2025-03-29T02:00:00", schedule)
    told = [run.properties["azureml.pipelineid"] for run in scheduling.runs(schedule)]
    assert told == [one, two]
    of = schedules.list_(scheduling.system, W, ScheduleQuery(endpoint=endpoint)).items
    assert [each.id for each in of] == [schedule]


def test_a_schedule_is_changed_switched_off_and_deleted(scheduling: Scheduling) -> None:
    """It is due by its new times, by none while it is off, and leaves its runs behind."""
    published = scheduling.publish()
    schedule = scheduling.create(published, recurrence=RecurrenceSpec("Day"))
    scheduling.turn(schedule)
    changed = scheduling.change(schedule, recurrence=RecurrenceSpec("Hour"), name="new")
    assert (changed.name, changed.next_at) == ("new", "2025-03-29T01:00:00.000000Z")
    off = scheduling.change(schedule, status=DISABLED)
    assert (off.status, off.next_at) == ("Disabled", None)
    scheduling.at("2025-03-29T09:30:00", schedule)
    assert len(scheduling.runs(schedule)) == 1
    query = ScheduleQuery(pipeline=published)
    assert schedules.list_(scheduling.system, W, query).items == []
    (found,) = schedules.list_(scheduling.system, W, replace(query, active=False)).items
    assert found == off
    on = scheduling.change(schedule, status=ACTIVE, description="of the hour")
    assert (on.next_at, on.description) == ("2025-03-29T10:00:00.000000Z", "of the hour")
    for wrong in ({"status": "Asleep"}, {"overlap": "x"}, {"cron": CronSpec("x")}, {"name": " "}):
        with pytest.raises(InvalidRequest):
            scheduling.change(schedule, **wrong)
    (run,) = scheduling.runs(schedule)
    schedules.delete(scheduling.system, W, schedule)
    assert scheduling.turn(schedule) is None
    assert runs.get(scheduling.system, W, run.id).id == run.id
    with pytest.raises(NotFound, match="runyard schedules list"):
        scheduling.get(schedule)


def test_a_run_in_the_trash_is_not_told_of(scheduling: Scheduling) -> None:
    """Lists name nothing that cannot be opened."""
    schedule = scheduling.create(recurrence=RecurrenceSpec("Day"))
    scheduling.turn(schedule)
    (run,) = scheduling.runs(schedule)
    runs.cancel(scheduling.system, W, run.id)
    pipeline_turns.advance(scheduling.system, Subject(PIPELINE, W, run.id), no_lock)
    trash.add(scheduling.system, W, AddTrash("run", run.id))
    record = scheduling.get(schedule)
    assert (record.last_run, record.last_status, scheduling.runs(schedule)) == (None, None, [])


def test_a_schedule_may_what_its_person_may(scheduling: Scheduling) -> None:
    """Whoever left submits nothing more; who takes the schedule over does."""
    system = scheduling.system
    users.add(system, AddUser("anna", workspaces={W: "contributor"}))
    users.add(system, AddUser("carl", workspaces={W: "contributor"}))
    anna, carl = (system.acting(Actor(Caller(person=name))) for name in ("anna", "carl"))
    body = CreateSchedule("s", "exp", pipeline=scheduling.publish(), cron=CronSpec("@hourly"))
    schedule = schedules.create(anna, W, body).id
    scheduling.at("2025-03-29T01:00:00", schedule)
    users.remove(system, "anna")
    scheduling.at("2025-03-29T02:00:00", schedule)
    assert (
        "anna, for whom the schedule submits, is no contributor" in scheduling.get(schedule).reason
    )
    schedules.change(carl, W, schedule, ChangeSchedule(status=ACTIVE))
    scheduling.at("2025-03-29T03:00:00", schedule)
    assert [run.submitted_by for run in scheduling.runs(schedule)] == ["anna", "carl"]
    users.remove(system, "carl")


def test_a_workspace_with_schedules_is_not_deleted(scheduling: Scheduling) -> None:
    """They would submit to what nobody finds any more."""
    place = workspaces.create(scheduling.system, CreateWorkspace("scheduled")).id
    scheduling.system.write(lambda work: rows.add(work.connection, _row(place)))
    with pytest.raises(WrongState, match="such as nightly; disable them first"):
        workspace_trash.delete(scheduling.system, place, DeleteWorkspace())
    schedules.change(scheduling.system, place, "s", ChangeSchedule(status=DISABLED))
    assert workspace_trash.delete(scheduling.system, place, DeleteWorkspace()).name == place


def _row(workspace: str) -> rows.ScheduleRow:
    told = ("s", "nightly", "", True, "p", "", "exp", 0, None, None, None, "", "", 0)
    return rows.ScheduleRow(0, workspace, *told, rows.ScheduleSpec(cron=CronSpec("@daily")))


class TestScheduleReconciler(ReconcilerContract):
    """What every reconciler must do."""

    def make_system(self, folder: Path) -> System:
        self.yard = Yard(folder / "home")
        self.piping = Piping(self.yard)
        spec = PipelineSpec([self.piping.node("a")])
        order = PublishPipeline("p", spec)
        self.published = published_pipelines.create(self.yard.system, W, order).id
        return self.yard.system

    def make_reconciler(self, system: System, token: str) -> Reconciler:
        del token
        return ScheduleReconciler(system)

    def want(self, system: System) -> Subject:
        order = CreateSchedule(
            "s", "exp", pipeline=self.published, recurrence=RecurrenceSpec("Day")
        )
        return Subject(SCHEDULE, W, schedules.create(system, W, order).id)

    def is_done(self, system: System, subject: Subject) -> bool:
        return schedules.get(system, W, subject.id).last_run is not None

    def state(self, system: System) -> object:
        found = runs.list_(system, W, runs.RunQuery(include_children=True)).items
        return [each.id for each in found], schedules.list_(system, W, ScheduleQuery()).items

    def clean_up(self, system: System) -> None:
        del system
        self.yard.close()


def test_values_may_be_found_anew_for_each_run(scheduling: Scheduling) -> None:
    """As v1's expressions are; what is none is the text itself, and a wrong one is refused."""
    texts = {
        "day": "@formatDateTime(subtractFromTime(utcNow(), 1, 'Day'), 'ddd d MMM yyyy')",
        "due": "@trigger().scheduledTime",
        "late": "@addMinutes(trigger().scheduledTime, -90, 'HH:mm')",
        "local": "@convertFromUtc(trigger().startTime, 'W. Europe Standard Time', 's')",
        "week": "@dayOfWeek(startOfMonth('2022-01-31T08:00:00Z'))",
        "month": "@addToTime('2024-01-31', 1, 'Month', 'o')",
        "name": "@ann",
        "other": "@runId()",
    }
    pipeline = scheduling.publish(*(PipelineParameterSpec(name, "x") for name in texts))
    rule = RecurrenceSpec("Hour", 2)
    schedule = scheduling.create(pipeline, recurrence=rule, values=texts)
    scheduling.at("2025-03-29T00:00:07", schedule)
    (run,) = scheduling.runs(schedule)
    assert pipelines.get(scheduling.system, W, run.id).values == {
        "day": "Fri 28 Mar 2025",
        "due": "2025-03-29T00:00:00.0000000Z",
        "late": "22:30",
        "local": "2025-03-29T01:00:07",
        "week": 6,
        "month": "2024-02-29T00:00:00.0000000",
        "name": "@ann",
        "other": "@runId()",
    }
    for wrong in ("@addDays('soon', 1)", "@utcNow(1, 2)", "@addToTime(utcNow(), 1, 'Moon')"):
        with pytest.raises(InvalidRequest, match=r"the expression .* cannot be"):
            scheduling.change(schedule, values={"day": wrong})
