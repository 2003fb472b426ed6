"""`runyard runs`: what was run, how it went, what it said; and stopping it."""

from typing import Annotated

from runyard.protocol.errors import InvalidRequest, RunyardError
from runyard_server.cli import failures, output, tables
from runyard_server.cli.options import (
    Experiment,
    Json,
    Limit,
    Rank,
    RunId,
    RunIds,
    Status,
    Workspace,
)
from runyard_server.cli.parameters import Group, Option

group = Group()

Active = Annotated[bool, Option("--active", "-a", help="Only runs that have not ended.")]
Children = Annotated[bool, Option("--children", help="Child runs too.")]
Follow = Annotated[bool, Option("--follow", "-f", help="Go on until the run has ended.")]
File = Annotated[
    str | None,
    Option("--file", metavar="PATH", help="Another of the run's files, such as logs/train.txt."),
]


@group.command("list")
def list_(
    experiment: Experiment = None,
    status: Status = None,
    active: Active = False,
    children: Children = False,
    limit: Limit = 20,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """List runs, newest first.

    For example:

    - `runyard runs list --active`: what runs or waits now

    - `runyard runs list -e tf-mnist --status Failed -n 100`

    - `runyard runs list --json | jq -r '.items[].id'`
    """
    from runyard.protocol import routes
    from runyard.protocol.runs import RunQuery
    from runyard_server.cli import run_views, target
    from runyard_server.cli.paging import collect

    query = RunQuery(experiment=experiment, status=status, active=active, include_children=children)
    page = collect(target.client(workspace), routes.RUNS_LIST, query=query, limit=limit)
    if json:
        output.as_json(page)
        return
    tables.show(run_views.COLUMNS, map(run_views.row, page.items), "no such run")


@group.command()
def show(run: RunId, json: Json = False, workspace: Workspace = None) -> None:
    """Show a run: its stages, last metrics, files, and why it failed.

    Examples: `runyard runs show RUN`  ·  `runyard runs show RUN --json | jq .status`
    """
    from runyard.protocol import routes
    from runyard_server.cli import run_views, target

    client = target.client(workspace)
    record = client.call(routes.RUNS_GET, run)
    if json:
        output.as_json(record)
        return
    run_views.show(client, record)


@group.command()
def ranks(run: RunId, json: Json = False, workspace: Workspace = None) -> None:
    """Show the processes of a run that has several: where each is, how it ended, what it uses.

    Examples: `runyard runs ranks RUN`  ·  `runyard runs ranks RUN --json | jq '.items[].state'`
    """
    from runyard.protocol import routes
    from runyard_server.cli import run_views, target

    page = target.client(workspace).call(routes.GANGS_RANKS, run)
    if json:
        output.as_json(page)
        return
    tables.show(run_views.RANK_COLUMNS, map(run_views.rank, page.items), "one process")


@group.command()
def logs(
    run: RunId,
    follow: Follow = False,
    file: File = None,
    rank: Rank = None,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Print what a run said.

    Without --file: the build log while the environment is made, then the script's output.
    With --json: one object per piece, with the fields path, offset and text.

    For example:

    - `runyard runs logs RUN -f`: follow it until it ends

    - `runyard runs logs RUN --file azureml-logs/20_image_build_log.txt`

    - `runyard runs logs RUN --rank 3 -f`: one process of several
    """
    from runyard_server.cli import target
    from runyard_server.cli.follow import print_logs

    if file is not None and rank is not None:
        raise InvalidRequest("give either --file or --rank")
    print_logs(target.client(workspace), run, file=file, rank=rank, follow=follow, as_json=json)


@group.command()
def cancel(runs: RunIds, json: Json = False, workspace: Workspace = None) -> None:
    """Ask runs to stop; what they have written so far is kept.

    Examples: `runyard runs cancel RUN`  ·  several: `runyard runs cancel RUN1 RUN2`
    """
    from runyard.protocol import routes
    from runyard_server.cli import target

    client = target.client(workspace)
    failure: RunyardError | None = None
    for run in runs:
        try:
            record = client.call(routes.RUNS_CANCEL, run)
        except RunyardError as error:
            # The others are still asked to stop; the last failure gives the exit status.
            if failure is not None:
                failures.complain(failure, json_wanted=json)
            failure = error
            continue
        if json:
            output.as_json(record)
        else:
            output.say(f"{record.id}: {record.status}")
    if failure is not None:
        raise failure
