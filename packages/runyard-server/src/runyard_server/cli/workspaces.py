"""`runyard workspaces`."""

import typer

from runyard.protocol.workspaces import WorkspacePage
from runyard_server.cli import output, target
from runyard_server.cli.options import Json

app = typer.Typer(help="The places that hold everything a team creates.", no_args_is_help=True)


@app.command("list")
def list_(json: Json = False) -> None:
    """List the workspaces of the service.

    Example: `runyard workspaces list`
    """
    found = target.workspaces()
    if json:
        output.as_json(WorkspacePage(found))
        return
    output.table(
        ["NAME", "RESOURCE GROUP", "SUBSCRIPTION", "CREATED"],
        [(w.name, w.resource_group, w.subscription_id, output.ago(w.created_at)) for w in found],
        "there is no workspace yet",
    )
