"""`runyard pipelines`: which there were, how the steps of one stand, and those to submit again."""

from typing import Annotated

from runyard_server.cli import output, tables
from runyard_server.cli.options import Experiment, Json, Limit, RunId, Workspace
from runyard_server.cli.parameters import Argument, Group, Option

Published = Annotated[
    str, Argument("PUBLISHED", help="A published pipeline's id: `runyard pipelines published`.")
]

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


@group.command()
def publish(
    run: RunId,
    name: Annotated[str, Argument("NAME", help="What it is to be called.")],
    description: Annotated[
        str, Option("--description", metavar="TEXT", help="What to write about it.")
    ] = "",
    version: Annotated[str, Option("--version", metavar="TEXT", help="A version, any text.")] = "",
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Keep what a pipeline run does, so that anybody may submit it again without its scripts.

    Example: `runyard pipelines publish nightly/3 "Nightly training"`
    """
    from runyard.protocol.published_pipelines import PublishPipeline
    from runyard_server.cli import pipeline_views, target
    from runyard_server.cli.run_names import with_run

    client = target.client(workspace)

    def act(found: str) -> str:
        order = PublishPipeline(name, run=found, description=description, version=version)
        return client.published_pipelines.create(order).id

    record = client.published_pipelines.get(with_run(client, run, act))
    if json:
        output.as_json(record)
        return
    pipeline_views.show_published(record, client.connection.url)


@group.command()
def published(
    all_: Annotated[bool, Option("--all", "-a", help="Those that are disabled, too.")] = False,
    limit: Limit = 100,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """List published pipelines, oldest first.

    Examples: `runyard pipelines published`  ·  where to POST to:
    `runyard pipelines published --json | jq '.items[].address'`
    """
    from runyard.protocol.published_pipelines import PublishedQuery
    from runyard_server.cli import pipeline_views, target
    from runyard_server.cli.paging import collect

    query = PublishedQuery(active=not all_)
    page = collect(target.client(workspace).published_pipelines.list(query, limit))
    if json:
        output.as_json(page)
        return
    tables.show(
        pipeline_views.PUBLISHED,
        map(pipeline_views.published_row, page.items),
        "no pipeline is published; `runyard pipelines publish RUN NAME` publishes one",
    )


@group.command()
def submit(
    published: Published,
    experiment: Annotated[
        str, Argument("EXPERIMENT", help="The experiment, which is made if it is not there.")
    ],
    parameter: Annotated[
        list[str] | None,
        Option("--parameter", "-p", metavar="NAME=VALUE", help="The value of a parameter."),
    ] = None,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Submit a published pipeline; parameters that are not given have their defaults.

    Example: `runyard pipelines submit PUBLISHED nightly -p rate=0.2`
    """
    from runyard.protocol.published_pipelines import SubmitPublished
    from runyard_server.cli import pairs, pipeline_views, target

    values = dict(pairs.read(parameter or []))
    order = SubmitPublished(experiment, values, source="CLI")
    record = target.client(workspace).published_pipelines.submit(published, order)
    if json:
        output.as_json(record)
        return
    pipeline_views.show(record)


@group.command()
def enable(published: Published, json: Json = False, workspace: Workspace = None) -> None:
    """Let a published pipeline be submitted again.

    Example: `runyard pipelines enable PUBLISHED`
    """
    from runyard.protocol.published_pipelines import ACTIVE

    _set(published, ACTIVE, workspace, json=json)


@group.command()
def disable(published: Published, json: Json = False, workspace: Workspace = None) -> None:
    """Refuse submissions of a published pipeline from now on; its runs go on.

    Example: `runyard pipelines disable PUBLISHED`
    """
    from runyard.protocol.published_pipelines import DISABLED

    _set(published, DISABLED, workspace, json=json)


def _set(published: str, status: str, workspace: str | None, *, json: bool) -> None:
    from runyard_server.cli import target

    record = target.client(workspace).published_pipelines.set_status(published, status)
    if json:
        output.as_json(record)
        return
    output.say(f"{record.name} is {record.status.lower()}")
