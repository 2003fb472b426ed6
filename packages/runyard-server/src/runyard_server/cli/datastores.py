"""`runyard datastores`."""

from typing import Annotated

import typer

from runyard.protocol import routes
from runyard.protocol.datastores import DatastoreFileQuery
from runyard_server.cli import output, target
from runyard_server.cli.options import DatastoreName, Json, Limit, Workspace
from runyard_server.cli.paging import collect

app = typer.Typer(help="Named places where data is kept.", no_args_is_help=True)


@app.command("list")
def list_(json: Json = False, workspace: Workspace = None) -> None:
    """List the datastores of a workspace.

    Example: `runyard datastores list`
    """
    page = target.client(workspace).call(routes.DATASTORES_LIST)
    if json:
        output.as_json(page)
        return
    output.table(
        ["NAME", "TYPE", "DEFAULT"],
        [(d.name, d.datastore_type, "yes" if d.is_default else "") for d in page.items],
        "no datastore yet",
    )


@app.command()
def files(
    datastore: DatastoreName,
    prefix: Annotated[str, typer.Argument(help="Only paths that begin with this.")] = "",
    json: Json = False,
    limit: Limit = 1000,
    workspace: Workspace = None,
) -> None:
    """List the files on a datastore.

    Example: `runyard datastores files workspaceblobstore mnist/`
    """
    query, client = DatastoreFileQuery(prefix=prefix), target.client(workspace)
    page = collect(client, routes.DATASTORES_FILES, datastore, query=query, limit=limit)
    if json:
        output.as_json(page)
        return
    output.table(
        ["PATH", ">SIZE", "CHANGED"],
        [(f.path, output.size(f.size), output.ago(f.modified_at)) for f in page.items],
        f"{datastore} has no files that begin with {prefix!r}",
    )
    if page.next_page_token:
        output.say(f"more than {limit}: ask with --limit")
