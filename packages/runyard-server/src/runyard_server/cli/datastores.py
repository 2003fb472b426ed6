"""`runyard datastores`."""

import os
from typing import TYPE_CHECKING, Annotated

from runyard.protocol.errors import InvalidRequest
from runyard_server.cli import humane, output, tables
from runyard_server.cli.options import DatastoreName, Json, Limit, Workspace
from runyard_server.cli.parameters import Argument, Group, Option
from runyard_server.cli.tables import Column
from runyard_server.cli.texts import cut_middle

if TYPE_CHECKING:
    from runyard.protocol.datastores import DatastoreRecord

Source = Annotated[str, Argument("SOURCE", help="A file or folder here.")]
TargetPath = Annotated[str, Argument("PATH", help="Where on the datastore; by default its root.")]
Prefix = Annotated[str, Argument("PREFIX", help="Only paths that begin with this.")]
Folder = Annotated[str, Option("--to", metavar="FOLDER", help="The folder; it is made.")]
Overwrite = Annotated[bool, Option("--overwrite", help="Replace files that are there.")]

Kind = Annotated[
    str, Argument("KIND", help="s3, azure or gcs.", complete=lambda _, __: ("s3", "azure", "gcs"))
]
Name = Annotated[str, Argument("NAME", help="What it is to be called.")]
Container = Annotated[str, Argument("CONTAINER", help="The bucket or container.")]
File = Annotated[str, Argument("PATH", help="A file on the datastore.")]
Endpoint = Annotated[
    str, Option("--endpoint", metavar="URL", help="The server, if not the provider's own.")
]
Region = Annotated[
    str, Option("--region", variable="AWS_REGION", help="The region of an S3 bucket.")
]
Below = Annotated[str, Option("--prefix", help="Only what is below it.")]
Account = Annotated[
    str, Option("--account", variable="AZURE_STORAGE_ACCOUNT", help="Azure: the account.")
]
Anonymous = Annotated[bool, Option("--anonymous", help="Use no key: what anybody may read.")]
Create = Annotated[bool, Option("--create", help="Make the bucket where there is none.")]
Unchecked = Annotated[bool, Option("--no-check", help="Do not ask the store first.")]
Anew = Annotated[bool, Option("--overwrite", help="Replace a registered one of that name.")]

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
        [
            Column("NAME"),
            Column("TYPE", worth=1),
            Column("WHERE", worth=3),
            Column("DEFAULT", worth=2),
        ],
        [(d.name, d.datastore_type, _where(d), "yes" if d.is_default else "") for d in found],
        "no datastore yet",
    )


@group.command()
def register(
    kind: Kind,
    name: Name,
    container: Container,
    endpoint: Endpoint = "",
    region: Region = "",
    prefix: Below = "",
    account: Account = "",
    anonymous: Anonymous = False,
    create: Create = False,
    unchecked: Unchecked = False,
    overwrite: Anew = False,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Register a bucket or a container as a datastore.

    What opens it is read from the variables that the providers' own tools use, for all users of a
    machine see its command lines: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN;
    AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN; GOOGLE_APPLICATION_CREDENTIALS, which names a
    file. The service keeps it encrypted.

    Example: `runyard datastores register s3 training-data my-bucket --region eu-central-1`
    """
    from runyard.protocol.datastores import S3, RegisterDatastore
    from runyard_server.cli import target

    asked = RegisterDatastore(
        name,
        kind,
        container,
        account_name=account,
        endpoint=endpoint,
        region=region if kind == S3 else "",
        prefix=prefix,
        credentials={} if anonymous else _credentials(kind),
        overwrite=overwrite,
        create_if_not_exists=create,
        skip_validation=unchecked,
    )
    record = target.client(workspace).datastores.register(asked)
    if json:
        output.as_json(record)
        return
    output.say(f"datastore {record.name} is {_where(record)}")


@group.command()
def unregister(datastore: DatastoreName, json: Json = False, workspace: Workspace = None) -> None:
    """Forget a registered datastore; its files stay in their store.

    Example: `runyard datastores unregister training-data`
    """
    from runyard_server.cli import target

    target.client(workspace).datastores.unregister(datastore)
    if not json:
        output.say(f"{datastore} is not registered any more; its files are where they were")


@group.command()
def delete(
    datastore: DatastoreName, path: File, json: Json = False, workspace: Workspace = None
) -> None:
    """Remove a file from a datastore, at once and for ever.

    Example: `runyard datastores delete workspaceblobstore mnist/old.gz`
    """
    from runyard_server.cli import target

    target.client(workspace).datastores.remove(datastore, path)
    if not json:
        output.say(f"removed {path} from {datastore}")


def _credentials(kind: str) -> dict[str, str]:
    """What opens a store of a kind, from the environment.

    Raises:
        InvalidRequest: There is nothing, or no such kind.
    """
    from runyard_server.store.objects import variables

    if kind not in variables.VARIABLES:
        kinds = ", ".join(variables.VARIABLES)
        raise InvalidRequest(f"a store is of the kind {kinds}, not {kind!r}")
    given = variables.credentials(kind, os.environ)
    if not given:
        raise InvalidRequest(
            f"nothing opens the store: set {variables.sufficient(kind)}, or pass "
            "--anonymous for what anybody may read"
        )
    return given


def _where(record: "DatastoreRecord") -> str:
    """Where a datastore's files are, for people."""
    if record.kind == "folder":
        return ""
    parts = (record.account_name, record.container_name, record.prefix)
    at = f" at {record.endpoint}" if record.endpoint else ""
    return f"{record.kind}: {'/'.join(part for part in parts if part)}{at}"


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
