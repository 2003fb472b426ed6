"""`runyard experiments`."""

import typer

from runyard.protocol import routes
from runyard.protocol.experiments import ExperimentQuery
from runyard_server.cli import output, target
from runyard_server.cli.options import Json, Limit, Workspace
from runyard_server.cli.paging import collect

app = typer.Typer(help="Named series of runs.", no_args_is_help=True)


@app.command("list")
def list_(json: Json = False, limit: Limit = 100, workspace: Workspace = None) -> None:
    """List the experiments of a workspace.

    Example: `runyard experiments list`
    """
    client = target.client(workspace)
    page = collect(client, routes.EXPERIMENTS_LIST, query=ExperimentQuery(), limit=limit)
    if json:
        output.as_json(page)
        return
    output.table(
        ["NAME", ">RUNS", "CREATED"],
        [(e.name, str(e.run_count), output.ago(e.created_at)) for e in page.items],
        "no experiment yet; `make demo` or the tutorial makes one",
    )
