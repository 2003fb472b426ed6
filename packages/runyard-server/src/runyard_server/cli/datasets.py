"""`runyard datasets`."""

from typing import TYPE_CHECKING, Annotated

from runyard.protocol.errors import InvalidRequest
from runyard_server.cli import humane, output, pairs, tables
from runyard_server.cli.options import DatasetName, Json, Limit, OtherDataset, Workspace
from runyard_server.cli.parameters import Argument, Group, Option
from runyard_server.cli.tables import Column
from runyard_server.cli.texts import cut_middle

if TYPE_CHECKING:
    from runyard.protocol.datasets import DatasetReaders, DatasetRecord
    from runyard.sdk.workspaces import Workspace as Place

NewName = Annotated[str, Argument("NAME", help="The dataset's name.")]
Paths = Annotated[
    list[str],
    Argument("PATH", help="DATASTORE:PATH, where * and ** stand for names, or a web address."),
]
Of = Annotated[str | None, Option("--versions-of", metavar="NAME", help="The versions of one.")]
Csv = Annotated[bool, Option("--csv", help="A dataset of records: delimited files.")]
Separator = Annotated[str, Option("--separator", help="What stands between fields.")]
Description = Annotated[str, Option("--description", help="What to write about it.")]
Pin = Annotated[bool, Option("--pin", help="Keep copies: the version stays when files change.")]
Tags = Annotated[
    list[str] | None, Option("--tag", metavar="KEY=VALUE", help="A tag; may be repeated.")
]
Folder = Annotated[str, Option("--to", metavar="FOLDER", help="The folder; it is made.")]
Overwrite = Annotated[bool, Option("--overwrite", help="Replace files that are there.")]

group = Group()


@group.command("list")
def list_(
    versions_of: Of = None, json: Json = False, limit: Limit = 100, workspace: Workspace = None
) -> None:
    """List the datasets of a workspace by name, or the versions of one.

    Example: `runyard datasets list`
    """
    from runyard_server.cli import target
    from runyard_server.cli.paging import collect

    page = collect(target.client(workspace).datasets.list(versions_of, limit))
    if json:
        output.as_json(page)
        return
    tables.show(
        [
            Column("NAME", cut=cut_middle),
            Column("VERSION", right=True),
            Column("KIND", worth=2),
            Column("FILES", right=True, worth=4),
            Column("SIZE", right=True, worth=3),
            Column("DIGEST", worth=1),
            Column("AGE", worth=5),
        ],
        [
            (
                one.name,
                str(one.version),
                one.kind,
                str(one.file_count),
                humane.size(one.size),
                _short(one.digest),
                humane.age(one.created_at),
            )
            for one in page.items
        ],
        "no dataset yet: `runyard datasets register NAME DATASTORE:PATH`",
    )


@group.command()
def show(dataset: DatasetName, json: Json = False, workspace: Workspace = None) -> None:
    """Show a dataset: what it reads, its bytes, and the runs and models that have to do with it.

    Example: `runyard datasets show mnist`
    """
    from runyard_server.cli import target

    client = target.client(workspace).datasets
    record = client.get(dataset)
    if json:
        output.as_json(record)
        return
    _show(record, client.readers(dataset))


@group.command()
def register(
    name: NewName,
    path: Paths,
    csv: Csv = False,
    separator: Separator = ",",
    description: Description = "",
    tag: Tags = None,
    pin: Pin = False,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Register files as a dataset; the latest version's files and bytes are that version.

    Example: `runyard datasets register mnist workspaceblobstore:mnist`
    """
    from runyard.sdk.dataset_factories import Dataset
    from runyard_server.cli.sdk_calls import told, workspace_of

    tags = pairs.read(tag or [])
    with told():
        place = workspace_of(workspace)
        sources = [_source(place, each) for each in path]
        made = (
            Dataset.Tabular.from_delimited_files(sources, separator=separator)
            if csv
            else Dataset.File.from_files(sources)
        )
        found = made.register(place, name, description, tags, create_new_version=True, pin=pin)
        record = place.service.datasets.get(f"{found.name}:{found.version}")
    if json:
        output.as_json(record)
        return
    output.say(f"{name} is version {record.version}: {_told(record)}")


@group.command()
def download(
    dataset: DatasetName,
    to: Folder = ".",
    overwrite: Overwrite = False,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Bring the files of a dataset here, under their names below it.

    Example: `runyard datasets download mnist:1 --to ./mnist`
    """
    from runyard.protocol.dataset_definitions import FILE, meaning
    from runyard.protocol.datasets import DatasetFilePage
    from runyard.sdk.file_datasets import FileDataset
    from runyard_server.cli.sdk_calls import told, workspace_of

    with told():
        place = workspace_of(workspace)
        record = place.service.datasets.get(dataset)
        definition = meaning(record)
        if definition["kind"] != FILE:
            # The files of a dataset of records come as they are: its steps are about records.
            definition = {**definition, "kind": FILE, "steps": []}
        paths = FileDataset(definition, place).download(to, overwrite)
        if json:
            files = place.service.datasets.files(dataset, now=not record.pinned)
            output.as_json(DatasetFilePage(list(files)))
            return
    output.say(f"brought {humane.many(len(paths), 'file')} to {to}")


@group.command()
def lineage(dataset: DatasetName, json: Json = False, workspace: Workspace = None) -> None:
    """Show what a dataset was made of, and the runs and models that came of it.

    Example: `runyard datasets lineage mnist:1`
    """
    from runyard_server.cli import target

    client = target.client(workspace).datasets
    record, readers = client.get(dataset), client.readers(dataset)
    if json:
        output.as_json(readers)
        return
    facts = [("Dataset", f"{record.name}:{record.version}" if record.name else record.id)]
    facts.append(("Digest", record.digest))
    facts.append(("Made by", record.run or "nobody's run: it was registered from files"))
    if record.run:
        facts += [
            ("Which read", f"{each.registered or each.dataset}:{each.version} as {each.name}")
            for each in client.of_run(record.run).items
            if each.use != "output"
        ]
    output.facts([(name, text) for name, text in facts if text])
    _show_readers(readers, "nothing has read it yet")


@group.command()
def diff(
    dataset: DatasetName, other: OtherDataset, json: Json = False, workspace: Workspace = None
) -> None:
    """Show which files another version has added, removed and changed.

    Example: `runyard datasets diff mnist:1 mnist:2`
    """
    from runyard.sdk.datasets import differences
    from runyard_server.cli import target

    client = target.client(workspace).datasets
    found = differences(client.files(dataset), client.files(other))
    if json:
        output.as_json(found)
        return
    signs = {"added": "+", "removed": "-", "changed": "~"}
    lines = [f"{signs[how]} {name}" for how, names in found.items() for name in names]
    output.say("\n".join(lines) or f"{dataset} and {other} have the same files")


@group.command()
def delete(dataset: DatasetName, json: Json = False, workspace: Workspace = None) -> None:
    """Unregister NAME:VERSION, or all versions of NAME; data and lineage stay.

    Example: `runyard datasets delete mnist:1`
    """
    from runyard_server.cli import target

    client = target.client(workspace).datasets
    record = client.get(dataset)
    client.delete(dataset)
    if json:
        output.as_json(record)
        return
    output.say(f"{dataset} is unregistered; its id stays: {record.id}")


def _source(workspace: "Place", text: str) -> object:
    """What a path at the prompt means to the SDK."""
    from runyard.sdk.datastores import Datastore

    if text.startswith(("http://", "https://")):
        return text
    store, colon, path = text.partition(":")
    if not colon:
        raise InvalidRequest(
            f"{text!r} names no datastore: say DATASTORE:PATH, such as workspaceblobstore:{text}; "
            "`runyard datastores upload` brings files there"
        )
    return (Datastore(workspace, store), path)


def _show(record: "DatasetRecord", readers: "DatasetReaders") -> None:
    sources = [
        each.get("url") or f"{each['datastore']}:{each['path'] or '/'}"
        for each in record.definition["sources"]
    ]
    version = f"{record.version} of {record.latest}" if record.version else ""
    facts = [
        ("Name", record.name),
        ("Version", version),
        ("Id", record.id),
        ("Kind", record.kind),
        ("Source", ", ".join(sources)),
        ("Files", _told(record) if record.digest else ""),
        ("Digest", record.digest),
        ("Pinned", "its bytes are kept" if record.pinned else ""),
        ("Description", record.description),
        ("Tags", ", ".join(f"{key}={value}" for key, value in record.tags.items())),
        ("Registered", " ".join(part for part in (record.created_at, record.created_by) if part)),
        ("Made by", record.run),
    ]
    output.facts([(name, text) for name, text in facts if text])
    if readers.items:
        _show_readers(readers, "")


def _show_readers(readers: "DatasetReaders", none: str) -> None:
    tables.show(
        [Column("KIND"), Column("ID"), Column("AS"), Column("DIGEST", worth=1)],
        [(each.kind, each.id, each.use, _short(each.digest)) for each in readers.items],
        none,
    )


def _told(record: "DatasetRecord") -> str:
    return f"{humane.many(record.file_count, 'file')}, {humane.size(record.size)}"


def _short(digest: str) -> str:
    kind, _, rest = digest.partition(":")
    return f"{kind}:{rest[:12]}" if rest else ""
