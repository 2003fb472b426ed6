"""`runyard runs`: what was run, how it went, what it said; and stopping it."""

from typing import Annotated

from runyard.protocol.errors import InvalidRequest
from runyard_server.cli import output, tables
from runyard_server.cli.options import (
    Experiment,
    Filters,
    Json,
    Limit,
    Rank,
    RunId,
    RunIds,
    Sort,
    Status,
    Workspace,
)
from runyard_server.cli.parameters import Offers, Option
from runyard_server.cli.run_changes import each_of, group

Active = Annotated[bool, Option("--active", "-a", help="Only runs that have not ended.")]
Children = Annotated[bool, Option("--children", help="Child runs too.")]
Archived = Annotated[
    bool, Option("--archived", help="Only archived runs, which are left out without it.")
]
Columns = Annotated[
    str | None,
    Option("--columns", metavar="FIELD,...", help="What to show of each run, in this order."),
]
Seen = Annotated[bool, Option("--seen", help="Note that you have looked at them.")]
View = Annotated[
    str | None,
    Option("--view", metavar="NAME", help="A saved view: its filter, order and columns."),
]
Follow = Annotated[bool, Option("--follow", "-f", help="Go on until the run has ended.")]
File = Annotated[
    str | None,
    Option("--file", metavar="PATH", help="Another of the run's files, such as logs/train.txt."),
]

ExportColumns = Annotated[
    str | None,
    Option("--columns", metavar="FIELD,...", help="What is written of each run, in this order."),
]
Output = Annotated[
    str | None,
    Option("--output", "-o", metavar="FILE", help="The file; without it standard output."),
]
Most = Annotated[
    int | None,
    Option("--limit", "-n", metavar="COUNT", least=0, help="At most so many runs; all without it."),
]


def _formats(_: object, __: str) -> Offers:
    from runyard.protocol.run_export import FORMATS

    return FORMATS


Format = Annotated[
    str | None,
    Option(
        "--format",
        metavar="FORMAT",
        help="csv, jsonl or parquet; without it by the file's ending, else csv.",
        complete=_formats,
    ),
]
Tail = Annotated[
    int | None,
    Option("--tail", metavar="LINES", least=1, help="Only so many of the last lines of each file."),
]


@group.command("list")
def list_(
    experiment: Experiment = None,
    status: Status = None,
    active: Active = False,
    children: Children = False,
    archived: Archived = False,
    filters: Filters = None,
    sort: Sort = None,
    columns: Columns = None,
    view: View = None,
    limit: Limit = 20,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """List runs, newest first, with the last values of their metrics.

    Fields of runs are id, name, experiment, number, status, target, type, user, parent, nodes,
    priority, created, started, ended, time, age, tag.NAME, property.NAME, param.NAME and
    metric.NAME. On a narrow terminal the columns of least worth are left out; --columns keeps those
    it names.

    For example:

    - `runyard runs list --active`: what runs or waits now

    - `runyard runs list -e tf-mnist --sort -metric.accuracy`: the best first

    - `runyard runs list --filter "metrics.loss < 0.5 and params.lr = '0.1'"`

    - `runyard runs list --filter tag.fold=1 --filter 'metric.loss<0.5'`: the same language, short

    - `runyard runs list --columns id,user,params,metric.loss`

    - `runyard runs list --view best`: a view that was saved in the studio or from Python

    - `runyard runs list --status Failed --json | jq -r '.items[].id'`
    """
    from runyard_server.cli import run_lists, target

    run_lists.show(
        target.client(workspace),
        run_lists.Asked(experiment, status, active, children, archived, filters or [], view),
        sort=sort,
        columns=columns,
        limit=limit,
        as_json=json,
        elsewhere=lambda: target.elsewhere(workspace),
    )


@group.command()
def failed(
    seen: Seen = False, limit: Limit = 20, json: Json = False, workspace: Workspace = None
) -> None:
    """List the runs that have failed since you last looked, here or in the studio.

    `runyard runs list --status Failed` lists all that ever did.

    Examples: `runyard runs failed`  ·  `runyard runs failed --seen`
    """
    from runyard_server.cli import run_lists, target

    client = target.client(workspace)
    since = client.seen.get().failures
    # Before they are listed: what fails in between has not been seen.
    newest = run_lists.last_failure(client) if seen else None
    filters = [f"ended > '{since}'"] if since else []
    run_lists.show(
        client,
        run_lists.Asked(status="Failed", children=True, filters=filters),
        sort="-ended",
        columns=None,
        limit=limit,
        as_json=json,
        elsewhere=lambda: target.elsewhere(workspace),
    )
    if newest is not None:
        client.seen.put(newest)


@group.command()
def export(
    experiment: Experiment = None,
    status: Status = None,
    active: Active = False,
    children: Children = False,
    archived: Archived = False,
    filters: Filters = None,
    sort: Sort = None,
    columns: ExportColumns = None,
    view: View = None,
    format_: Format = None,
    file: Output = None,
    limit: Most = None,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Write runs to a file that other programs read: CSV, JSON lines or Parquet.

    Runs are chosen as by `runyard runs list`, and all of them are written, however many. Columns
    are attributes, and `metrics.NAME`, `params.NAME`, `tags.NAME` and `properties.NAME`. With
    --json: JSON lines, or what was written where --output is given.

    For example:

    - `runyard runs export > runs.csv`

    - `runyard runs export -e tf-mnist --output runs.parquet`

    - `runyard runs export --filter 'metric.loss<0.5' --columns id,params,metrics.loss`
    """
    from runyard_server.cli import run_exports, run_lists, target

    run_exports.export(
        target.client(workspace),
        run_lists.Asked(experiment, status, active, children, archived, filters or [], view),
        sort=sort,
        columns=columns,
        form=format_,
        limit=limit,
        file=file,
        as_json=json,
    )


@group.command()
def show(run: RunId, json: Json = False, workspace: Workspace = None) -> None:
    """Show a run: script and arguments, stages, last metrics, files, and why it failed.

    For example:

    - `runyard runs show tf-mnist_1764325876_ab12cd34`

    - `runyard runs show tf-mnist/7`: the seventh run of an experiment

    - `runyard runs show RUN --json | jq .status`
    """
    from runyard_server.cli import run_views, target
    from runyard_server.cli.run_names import with_run

    client = target.client(workspace)
    record = with_run(client, run, client.runs.get)
    if json:
        output.as_json(record)
        return
    run_views.show(client, record)


@group.command()
def explain(run: RunId, json: Json = False, workspace: Workspace = None) -> None:
    """Explain why a run is in its state: what it waits for, and what would free it.

    Example: `runyard runs explain tf-mnist/3`
    """
    from runyard_server.cli import target
    from runyard_server.cli.run_names import with_run

    client = target.client(workspace)
    found = with_run(client, run, client.runs.explain)
    if json:
        output.as_json(found)
        return
    output.say(f"{found.run}: {found.message}")
    if found.advice:
        output.say(f"        {found.advice}")


@group.command()
def ranks(run: RunId, json: Json = False, workspace: Workspace = None) -> None:
    """Show the processes of a run that has several: where each is, how it ended, what it uses.

    Examples: `runyard runs ranks RUN`  ·  `runyard runs ranks RUN --json | jq '.items[].state'`
    """
    from runyard.protocol.jobs import RankPage
    from runyard_server.cli import run_views, target
    from runyard_server.cli.run_names import with_run

    client = target.client(workspace)
    found = with_run(client, run, client.runs.ranks)
    if json:
        output.as_json(RankPage(found))
        return
    tables.show(run_views.RANK_COLUMNS, map(run_views.rank, found), "one process")


@group.command()
def usage(run: RunId, json: Json = False, workspace: Workspace = None) -> None:
    """Show what a run used over time: CPU, memory, disk, network and GPUs, by node and rank.

    Examples: `runyard runs usage RUN`  ·  `runyard runs usage RUN --json | jq '.items[].maximum'`
    """
    from runyard.protocol.usage import UsagePage
    from runyard_server.cli import target, usage_views
    from runyard_server.cli.run_names import with_run

    client = target.client(workspace)
    found = with_run(client, run, client.usage.series)
    if json:
        output.as_json(UsagePage(run, found))
    elif found:
        usage_views.show(found)
    else:
        output.say(
            "nothing was sampled: only runs that were submitted are, and those that end within a "
            "second are not; or the setting system_metrics, or RUNYARD_SYSTEM_METRICS among the "
            "run's variables, is off"
        )


@group.command()
def logs(
    run: RunId,
    follow: Follow = False,
    file: File = None,
    rank: Rank = None,
    tail: Tail = None,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Print what a run said.

    Without --file: the build log while the environment is made, then the script's output.
    With --json: one object per piece, with the fields path, offset and text.

    For example:

    - `runyard runs logs RUN -f`: follow it until it ends

    - `runyard runs logs RUN --tail 20 -f`: only its last lines, and what comes

    - `runyard runs logs RUN --file azureml-logs/20_image_build_log.txt`

    - `runyard runs logs RUN --rank 3 -f`: one process of several
    """
    from runyard_server.cli import target
    from runyard_server.cli.follow import print_logs
    from runyard_server.cli.run_names import with_maker

    if file is not None and rank is not None:
        raise InvalidRequest("give either --file or --rank")
    client = target.client(workspace)
    with_maker(
        client,
        run,
        lambda id_: print_logs(
            client, id_, file=file, rank=rank, follow=follow, as_json=json, tail=tail
        ),
    )


@group.command()
def cancel(runs: RunIds, json: Json = False, workspace: Workspace = None) -> None:
    """Ask runs to stop; what they have written so far is kept.

    Examples: `runyard runs cancel RUN`  ·  several: `runyard runs cancel RUN1 RUN2`
    """
    from runyard_server.cli import target

    client = target.client(workspace)
    each_of(client, runs, client.runs.cancel, lambda record: record.status, json=json)
