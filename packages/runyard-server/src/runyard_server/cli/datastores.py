"""`runyard datastores`."""

from typing import Annotated

from runyard_server.cli import humane, output, tables
from runyard_server.cli.options import DatastoreName, Json, Limit, Workspace
from runyard_server.cli.parameters import Argument, Group, Option
from runyard_server.cli.tables import Column
from runyard_server.cli.texts import cut_middle

Source = Annotated[str, Argument("SOURCE", help="A file or folder here.")]
TargetPath = Annotated[str, Argument("PATH", help="Where on the datastore; by default its root.")]
Prefix = Annotated[str, Argument("PREFIX", help="Only paths that begin with this.")]
Folder = Annotated[str, Option("--to", metavar="FOLDER", help="The folder; it is made.")]
Overwrite = Annotated[bool, Option("--overwrite", help="Replace files that are there.")]

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
    prefix: Prefix = "",
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


@group.command()
def upload(
    datastore: DatastoreName,
    source: Source,
    path: TargetPath = "",
    overwrite: Overwrite = False,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Send a file, or the files of a folder, to a datastore.

    Files that are there are left alone without --overwrite.

    Example: `runyard datastores upload workspaceblobstore ./mnist data/mnist`
    """
    from pathlib import Path

    from runyard.protocol.datastores import DatastoreFilePage
    from runyard_server.cli import target
    from runyard_server.cli.sdk_calls import told, workspace_of

    with told():
        store = workspace_of(workspace).datastores[datastore]
        if Path(source).expanduser().is_dir():
            store.upload(source, path or None, overwrite, show_progress=not json)
        else:
            store.upload_files([source], None, path or None, overwrite, show_progress=not json)
    if json:
        files = target.client(workspace).datastores.files(datastore, path, None)
        output.as_json(DatastoreFilePage(list(files)))


@group.command()
def download(
    datastore: DatastoreName,
    prefix: Prefix = "",
    to: Folder = ".",
    overwrite: Overwrite = False,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Bring files of a datastore here, under their whole paths.

    Example: `runyard datastores download workspaceblobstore data/mnist --to ./here`
    """
    from runyard.protocol.datastores import DatastoreFilePage
    from runyard_server.cli import target
    from runyard_server.cli.sdk_calls import told, workspace_of

    with told():
        store = workspace_of(workspace).datastores[datastore]
        count = store.download(to, prefix or None, overwrite, show_progress=not json)
    if json:
        files = target.client(workspace).datastores.files(datastore, prefix, None)
        output.as_json(DatastoreFilePage(list(files)))
        return
    output.say(f"brought {humane.many(count, 'file')} to {to}")
