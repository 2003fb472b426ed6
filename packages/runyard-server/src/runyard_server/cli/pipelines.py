"""`runyard pipelines`: which there were, and how the steps of one stand."""

from runyard_server.cli import output, tables
from runyard_server.cli.options import Experiment, Json, Limit, RunId, Workspace
from runyard_server.cli.parameters import Group

group = Group()


@group.command("list")
def list_(
    experiment: Experiment = None,
    limit: Limit = 20,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """List the runs of pipelines, newest first.

    Examples: `runyard pipelines list`  ·  of one experiment: `runyard pipelines list -e nightly`
    """
    from runyard.protocol.pipelines import PIPELINE_RUN
    from runyard.protocol.runs import RunQuery
    from runyard_server.cli import pipeline_views, target
    from runyard_server.cli.paging import collect

    client = target.client(workspace)
    query = RunQuery(experiment=experiment, run_type=PIPELINE_RUN, include_children=True)
    page = collect(client.runs.list(query, limit))
    if json:
        output.as_json(page)
        return
    tables.show(
        pipeline_views.COLUMNS,
        map(pipeline_views.row, page.items),
        "no pipeline has run; `Pipeline(...).submit('experiment')` runs one",
    )


@group.command()
def show(run: RunId, json: Json = False, workspace: Workspace = None) -> None:
    """Show the steps of a pipeline: how each stands, what it waits for, whether it was reused.

    Examples: `runyard pipelines show nightly/3`  ·  what each step made:
    `runyard pipelines show RUN --json | jq '.nodes[].outputs'`
    """
    from runyard_server.cli import pipeline_views, target
    from runyard_server.cli.run_names import with_run

    client = target.client(workspace)
    record = with_run(client, run, client.pipelines.get)
    if json:
        output.as_json(record)
        return
    pipeline_views.show(record)
