"""`runyard schedules`: published pipelines that are submitted by the clock, or for new files."""

from typing import TYPE_CHECKING, Annotated

from runyard_server.cli import output, tables
from runyard_server.cli.options import Json, Limit, Workspace
from runyard_server.cli.parameters import Argument, Given, Group, Offers, Option

if TYPE_CHECKING:
    from runyard.protocol.schedules import ScheduleRecord


def _schedules(given: Given, _: str) -> Offers:
    from runyard.protocol.schedules import ScheduleQuery
    from runyard_server.cli import target

    client = target.client(given.get("workspace"), start=False)
    found = client.schedules.list(ScheduleQuery(active=False), 100)
    return [(each.id, f"{each.name}: {each.status}") for each in found]


Schedule = Annotated[
    str,
    Argument(
        "SCHEDULE", help="A schedule's id: `runyard schedules list --all`.", complete=_schedules
    ),
]

Pipeline = Annotated[
    str, Option("--pipeline", metavar="ID", help="The published pipeline that it submits.")
]
Endpoint = Annotated[
    str, Option("--endpoint", metavar="ID", help="The pipeline endpoint that it submits instead.")
]
Cron = Annotated[
    str, Option("--cron", metavar="EXPRESSION", help="When: minute hour day month weekday.")
]
Every = Annotated[
    str, Option("--every", metavar="TIME", help="When: 30m, 6h, 2d or 1w, the first time at once.")
]
Zone = Annotated[
    str, Option("--time-zone", metavar="NAME", help="Of these times, as in Europe/Berlin.")
]
Datastore = Annotated[
    str, Option("--datastore", metavar="NAME", help="When files change on this datastore.")
]
Folder = Annotated[str, Option("--path", metavar="FOLDER", help="The folder of the datastore.")]
Poll = Annotated[
    int, Option("--poll", metavar="MINUTES", least=1, help="How often that is looked at.")
]
DataParameter = Annotated[
    str,
    Option(
        "--data-parameter",
        metavar="NAME",
        help="The parameter that gets the changed file, or the folder when there are several.",
    ),
]
Parameters = Annotated[
    list[str] | None,
    Option("--parameter", "-p", metavar="NAME=VALUE", help="The value of a parameter."),
]
Overlap = Annotated[
    str,
    Option(
        "--overlap",
        metavar="RULE",
        help="While a run of it goes on: skip the time, queue one run, or allow both.",
    ),
]

group = Group()


@group.command("list")
def list_(
    all_: Annotated[bool, Option("--all", "-a", help="Those that are disabled, too.")] = False,
    limit: Limit = 100,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """List schedules, oldest first: when each is due next, and what became of the last time.

    Examples: `runyard schedules list`  ·  those that did not run:
    `runyard schedules list --json | jq '.items[] | select(.reason != "")'`
    """
    from runyard.protocol.schedules import ScheduleQuery
    from runyard_server.cli import schedule_views, target
    from runyard_server.cli.paging import collect

    page = collect(target.client(workspace).schedules.list(ScheduleQuery(active=not all_), limit))
    if json:
        output.as_json(page)
        return
    tables.show(
        schedule_views.COLUMNS,
        map(schedule_views.row, page.items),
        "there is no schedule; `runyard schedules create` makes one",
    )


@group.command()
def show(schedule: Schedule, json: Json = False, workspace: Workspace = None) -> None:
    """Show a schedule: what it submits and when, its last run, and why there is none.

    Example: `runyard schedules show SCHEDULE`
    """
    from runyard_server.cli import target

    _show(target.client(workspace).schedules.get(schedule), json=json)


@group.command()
def create(
    name: Annotated[str, Argument("NAME", help="What it is to be called.")],
    experiment: Annotated[
        str, Argument("EXPERIMENT", help="The experiment of its runs, which is made if need be.")
    ],
    pipeline: Pipeline = "",
    endpoint: Endpoint = "",
    cron: Cron = "",
    every: Every = "",
    time_zone: Zone = "UTC",
    datastore: Datastore = "",
    path: Folder = "",
    poll: Poll = 5,
    data_parameter: DataParameter = "",
    parameter: Parameters = None,
    overlap: Overlap = "allow",
    description: Annotated[
        str, Option("--description", metavar="TEXT", help="What to write about it.")
    ] = "",
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Have a published pipeline submitted by the clock, or when files have changed.

    Examples: `runyard schedules create nightly training --pipeline ID --cron "0 3 * * *"`  ·  for
    new files: `runyard schedules create scoring scores --pipeline ID --datastore workspaceblobstore
    --path incoming`
    """
    from runyard.protocol.schedules import CreateSchedule, CronSpec, DataTrigger
    from runyard_server.cli import pairs, schedule_views, target

    order = CreateSchedule(
        name=name,
        experiment=experiment,
        pipeline=pipeline,
        endpoint=endpoint,
        recurrence=schedule_views.read_every(every, time_zone) if every else None,
        cron=CronSpec(cron, time_zone) if cron else None,
        data=DataTrigger(datastore, path, poll, data_parameter) if datastore else None,
        values=dict(pairs.read(parameter or [])),
        description=description,
        overlap=overlap,
    )
    _show(target.client(workspace).schedules.create(order), json=json)


@group.command()
def enable(schedule: Schedule, json: Json = False, workspace: Workspace = None) -> None:
    """Have a schedule submit again from its next time on, for you.

    Example: `runyard schedules enable SCHEDULE`
    """
    from runyard.protocol.published_pipelines import ACTIVE

    _set(schedule, ACTIVE, workspace, json=json)


@group.command()
def disable(schedule: Schedule, json: Json = False, workspace: Workspace = None) -> None:
    """Have a schedule submit nothing more; its runs go on.

    Example: `runyard schedules disable SCHEDULE`
    """
    from runyard.protocol.published_pipelines import DISABLED

    _set(schedule, DISABLED, workspace, json=json)


@group.command()
def delete(schedule: Schedule, json: Json = False, workspace: Workspace = None) -> None:
    """Delete a schedule; its runs stay.

    Example: `runyard schedules delete SCHEDULE`
    """
    from runyard_server.cli import target

    target.client(workspace).schedules.delete(schedule)
    if json:
        output.as_json({"deleted": schedule})
        return
    output.say(f"deleted {schedule}")


@group.command()
def runs(
    schedule: Schedule, limit: Limit = 20, json: Json = False, workspace: Workspace = None
) -> None:
    """List the runs that a schedule has submitted, newest first.

    Example: `runyard schedules runs SCHEDULE`
    """
    from runyard_server.cli import pipeline_views, target
    from runyard_server.cli.paging import collect

    page = collect(target.client(workspace).schedules.runs(schedule, limit))
    if json:
        output.as_json(page)
        return
    tables.show(
        pipeline_views.COLUMNS, map(pipeline_views.row, page.items), "it has submitted no run yet"
    )


def _set(schedule: str, status: str, workspace: str | None, *, json: bool) -> None:
    from runyard_server.cli import target

    _show(target.client(workspace).schedules.set_status(schedule, status), json=json)


def _show(record: "ScheduleRecord", *, json: bool) -> None:
    from runyard_server.cli import schedule_views

    if json:
        output.as_json(record)
        return
    output.facts(schedule_views.facts(record))
