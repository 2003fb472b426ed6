"""`runyard experiments`."""

from runyard_server.cli import humane, output, tables
from runyard_server.cli.options import Json, Limit, Workspace
from runyard_server.cli.parameters import Group
from runyard_server.cli.tables import Column

group = Group()


@group.command("list")
def list_(json: Json = False, limit: Limit = 100, workspace: Workspace = None) -> None:
    """List the experiments of a workspace.

    Example: `runyard experiments list`
    """
    from runyard_server.cli import target
    from runyard_server.cli.paging import collect

    page = collect(target.client(workspace).experiments.list(limit))
    if json:
        output.as_json(page)
        return
    tables.show(
        [Column("NAME"), Column("RUNS", right=True), Column("AGE", worth=1)],
        [(e.name, str(e.run_count), humane.age(e.created_at)) for e in page.items],
        "no experiment yet; `make demo` or the tutorial makes one",
    )
