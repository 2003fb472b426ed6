"""`runyard drafts`: pipelines that are still changed, submitted as they stand, and published."""

from typing import TYPE_CHECKING, Annotated

from runyard_server.cli import output, tables
from runyard_server.cli.options import Json, Limit, RunId, Workspace
from runyard_server.cli.parameters import Argument, Given, Group, Offers, Option

if TYPE_CHECKING:
    from runyard.protocol.pipeline_drafts import PipelineDraftRecord


def _drafts(given: Given, _: str) -> Offers:
    from runyard_server.cli import target

    found = target.client(given.get("workspace"), start=False).pipeline_drafts.list(limit=100)
    return [(each.id, each.name) for each in found]


Draft = Annotated[
    str, Argument("DRAFT", help="A draft's id: `runyard drafts list`.", complete=_drafts)
]
Description = Annotated[
    str | None, Option("--description", metavar="TEXT", help="What to write about it.")
]
Experiment = Annotated[
    str | None, Option("--experiment", "-e", metavar="NAME", help="The experiment of its runs.")
]
Parameters = Annotated[
    list[str] | None,
    Option("--parameter", "-p", metavar="NAME=VALUE", help="The value of a parameter."),
]

group = Group()


@group.command("list")
def list_(limit: Limit = 100, json: Json = False, workspace: Workspace = None) -> None:
    """List drafts of pipelines, oldest first.

    Example: `runyard drafts list`
    """
    from runyard_server.cli import pipeline_views, target
    from runyard_server.cli.paging import collect

    page = collect(target.client(workspace).pipeline_drafts.list(limit=limit))
    if json:
        output.as_json(page)
        return
    tables.show(
        pipeline_views.DRAFTS,
        map(pipeline_views.draft_row, page.items),
        "there is no draft; `runyard drafts create RUN NAME` makes one",
    )


@group.command()
def show(draft: Draft, json: Json = False, workspace: Workspace = None) -> None:
    """Show a draft: its steps, the values of its parameters, and its last run.

    Example: `runyard drafts show DRAFT`
    """
    from runyard_server.cli import target

    _show(target.client(workspace).pipeline_drafts.get(draft), json=json)


@group.command()
def create(
    run: RunId,
    name: Annotated[str, Argument("NAME", help="What it is to be called.")],
    experiment: Experiment = None,
    parameter: Parameters = None,
    description: Description = None,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Make a draft of what a pipeline run does, to change it before it is published.

    Example: `runyard drafts create nightly/3 "Nightly, with another rate" -e nightly -p rate=0.2`
    """
    from runyard.protocol.pipeline_drafts import CreatePipelineDraft
    from runyard_server.cli import pairs, target
    from runyard_server.cli.run_names import with_run

    client = target.client(workspace)
    values = pairs.read(parameter or [])

    def act(found: str) -> "PipelineDraftRecord":
        order = CreatePipelineDraft(
            name,
            run=found,
            description=description or "",
            experiment=experiment or client.runs.get(found).experiment,
            values=dict(values),
        )
        return client.pipeline_drafts.create(order)

    _show(with_run(client, run, act), json=json)


@group.command()
def change(
    draft: Draft,
    name: Annotated[str | None, Option("--name", metavar="TEXT", help="Its new name.")] = None,
    experiment: Experiment = None,
    parameter: Parameters = None,
    description: Description = None,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Change a draft; its runs stay, and so do values of parameters that are not named.

    Example: `runyard drafts change DRAFT -p rate=0.3`
    """
    from runyard.protocol.pipeline_drafts import ChangePipelineDraft
    from runyard_server.cli import pairs, target

    service = target.client(workspace).pipeline_drafts
    values = {**service.get(draft).values, **pairs.read(parameter)} if parameter else None
    order = ChangePipelineDraft(
        name=name, description=description, experiment=experiment, values=values
    )
    _show(service.change(draft, order), json=json)


@group.command()
def submit(draft: Draft, json: Json = False, workspace: Workspace = None) -> None:
    """Submit a draft as it stands, to its experiment.

    Example: `runyard drafts submit DRAFT`
    """
    from runyard.protocol.pipeline_drafts import SubmitPipelineDraft
    from runyard_server.cli import pipeline_views, target

    order = SubmitPipelineDraft(source="CLI")
    record = target.client(workspace).pipeline_drafts.submit(draft, order)
    if json:
        output.as_json(record)
        return
    pipeline_views.show(record)


@group.command()
def publish(
    draft: Draft,
    version: Annotated[str, Option("--version", metavar="TEXT", help="A version, any text.")] = "",
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Publish a draft as it stands; the values of its parameters become the defaults.

    Example: `runyard drafts publish DRAFT --version 1.0`
    """
    from runyard.protocol.pipeline_drafts import PublishPipelineDraft
    from runyard_server.cli import pipeline_views, target

    client = target.client(workspace)
    record = client.pipeline_drafts.publish(draft, PublishPipelineDraft(version=version))
    if json:
        output.as_json(record)
        return
    pipeline_views.show_published(record, client.connection.url)


@group.command()
def delete(draft: Draft, json: Json = False, workspace: Workspace = None) -> None:
    """Delete a draft; its runs, and what was published of it, stay.

    Example: `runyard drafts delete DRAFT`
    """
    from runyard_server.cli import target

    target.client(workspace).pipeline_drafts.delete(draft)
    if json:
        output.as_json({"deleted": draft})
        return
    output.say(f"deleted {draft}")


def _show(record: "PipelineDraftRecord", *, json: bool) -> None:
    from runyard_server.cli import pipeline_views

    if json:
        output.as_json(record)
        return
    pipeline_views.show_draft(record)
