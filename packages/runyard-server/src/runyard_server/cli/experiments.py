"""`runyard experiments`."""

from runyard_server.cli import humane, output, tables
from runyard_server.cli.options import Filter, Json, Limit, Sort, Workspace, ordered
from runyard_server.cli.parameters import Group
from runyard_server.cli.tables import Column

group = Group()


@group.command("list")
def list_(
    filter_: Filter = None,
    sort: Sort = None,
    json: Json = False,
    limit: Limit = 100,
    workspace: Workspace = None,
) -> None:
    """List the experiments of a workspace, by name.

    Fields are name, id, runs and created_at.

    For example:

    - `runyard experiments list --sort -created_at`: the newest first

    - `runyard experiments list --filter "name LIKE 'bert%' and runs > 10"`
    """
    from runyard.protocol.search import Search
    from runyard_server.cli import target
    from runyard_server.cli.paging import collect

    search: Search = Search(filter_ or "", ordered(sort))
    page = collect(target.client(workspace).experiments.search(search, limit))
    if json:
        output.as_json(page)
        return
    tables.show(
        [Column("NAME"), Column("RUNS", right=True), Column("AGE", worth=1)],
        [(e.name, str(e.run_count), humane.age(e.created_at)) for e in page.items],
        "no experiment yet; `make demo` or the tutorial makes one",
    )
