"""`runyard datastores`."""

from typing import Annotated

from runyard_server.cli import humane, output, tables
from runyard_server.cli.options import DatastoreName, Json, Limit, Workspace
from runyard_server.cli.parameters import Argument, Group
from runyard_server.cli.tables import Column
from runyard_server.cli.texts import cut_middle

group = Group()


@group.command("list")
def list_(json: Json = False, workspace: Workspace = None) -> None:
    """List the datastores of a workspace.

    Example: `runyard datastores list`
    """
    from runyard.protocol import routes
    from runyard_server.cli import target

    page = target.client(workspace).call(routes.DATASTORES_LIST)
    if json:
        output.as_json(page)
        return
    tables.show(
        [Column("NAME"), Column("TYPE", worth=1), Column("DEFAULT", worth=2)],
        [(d.name, d.datastore_type, "yes" if d.is_default else "") for d in page.items],
        "no datastore yet",
    )


@group.command()
def files(
    datastore: DatastoreName,
    prefix: Annotated[str, Argument("PREFIX", help="Only paths that begin with this.")] = "",
    json: Json = False,
    limit: Limit = 1000,
    workspace: Workspace = None,
) -> None:
    """List the files on a datastore.

    Example: `runyard datastores files workspaceblobstore mnist/`
    """
    from runyard.protocol import routes
    from runyard.protocol.datastores import DatastoreFileQuery
    from runyard_server.cli import target
    from runyard_server.cli.paging import collect

    query, client = DatastoreFileQuery(prefix=prefix), target.client(workspace)
    page = collect(client, routes.DATASTORES_FILES, datastore, query=query, limit=limit)
    if json:
        output.as_json(page)
        return
    tables.show(
        [Column("PATH", cut=cut_middle), Column("SIZE", right=True), Column("AGE", worth=1)],
        [(f.path, humane.size(f.size), humane.age(f.modified_at)) for f in page.items],
        f"{datastore} has no files that begin with {prefix!r}",
    )
    if page.next_page_token:
        output.note(f"more than {limit}: ask with --limit")
