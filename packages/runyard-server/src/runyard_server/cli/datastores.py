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
    from runyard.protocol.datastores import DatastorePage
    from runyard_server.cli import target

    found = target.client(workspace).datastores.list()
    if json:
        output.as_json(DatastorePage(found))
        return
    tables.show(
        [Column("NAME"), Column("TYPE", worth=1), Column("DEFAULT", worth=2)],
        [(d.name, d.datastore_type, "yes" if d.is_default else "") for d in found],
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
    from runyard_server.cli import target
    from runyard_server.cli.paging import collect

    page = collect(target.client(workspace).datastores.files(datastore, prefix, limit))
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
