"""`runyard models`, the registry: aliases, stages, names, tags, history, files, deleting."""

from typing import TYPE_CHECKING, Annotated

from runyard_server.cli import deleting, failures, humane, output, tables
from runyard_server.cli.deleting import DryRun, Yes
from runyard_server.cli.options import Json, Limit, ModelId, Workspace, models_offered
from runyard_server.cli.parameters import Argument, Group, Option
from runyard_server.cli.tables import Column
from runyard_server.cli.texts import cut_middle

if TYPE_CHECKING:
    from runyard.protocol.models import LineageDataset, ModelChange, ModelLineage, ModelRecord
    from runyard.protocol.registered_models import RegisteredModelRecord

RegisteredName = Annotated[str, Argument("NAME", help="A model's name.", complete=models_offered)]
ModelIds = Annotated[
    list[str],
    Argument("MODEL...", help="`name`, `name:version` or `name@alias`.", complete=models_offered),
]
Alias = Annotated[str | None, Argument("ALIAS", help="The alias; without it all are listed.")]
Version = Annotated[int | None, Argument("VERSION", help="The version it is to point to.")]
Delete = Annotated[bool, Option("--delete", help="Remove the alias; the version stays.")]
Stage = Annotated[str, Argument("STAGE", help="None, Staging, Production or Archived.")]
ArchiveExisting = Annotated[
    bool, Option("--archive-existing", help="Move those that are in that stage to Archived.")
]
NewName = Annotated[str, Argument("NEW_NAME", help="The name that it gets.")]
Tags = Annotated[list[str] | None, Argument("KEY=VALUE...", help="Tags; `KEY=` has no value.")]
Removed = Annotated[list[str] | None, Option("--remove", metavar="KEY", help="A tag to remove.")]
Text = Annotated[str, Argument("TEXT", help="The description.")]
Source = Annotated[str, Argument("PATH", help="A file or folder here.")]
AtFolder = Annotated[str, Option("--to", metavar="FOLDER", help="The folder; it is made.")]
Force = Annotated[bool, Option("--overwrite", help="Replace files that are there.")]

group = Group()


@group.command()
def alias(
    name: RegisteredName,
    alias: Alias = None,
    version: Version = None,
    delete: Delete = False,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """List a model's aliases, set one to a version, or remove one.

    Wherever a model is named, `name@alias` means the version that the alias points to.

    For example:

    - `runyard models alias mnist`

    - `runyard models alias mnist champion 3`: mnist@champion is mnist:3 from now on

    - `runyard models alias mnist champion --delete`
    """
    from runyard_server.cli import target

    registered = target.client(workspace).registered_models
    if alias is None or (version is None and not delete):
        found = registered.get(name)
        wanted = {key: at for key, at in found.aliases.items() if alias in (None, key)}
    elif delete:
        found = registered.delete_alias(name, alias)
        wanted = found.aliases
    else:
        found = registered.set_alias(name, alias, version or 0)
        wanted = {alias: found.aliases[alias]}
    if json:
        output.as_json(found)
        return
    tables.show(
        [Column("ALIAS"), Column("MODEL", cut=cut_middle)],
        [(f"{name}@{key}", f"{name}:{at}") for key, at in wanted.items()],
        f"no such alias; `runyard models alias {name} ALIAS VERSION` sets one",
    )


@group.command()
def stage(
    model: ModelId,
    stage: Stage,
    archive_existing: ArchiveExisting = False,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Move a model version to a stage.

    For example:

    - `runyard models stage mnist:3 Production --archive-existing`

    - `runyard models stage mnist@champion Staging`
    """
    from runyard_server.cli import target

    models = target.client(workspace).models
    found = models.stage(model, stage, archive_existing=archive_existing)
    if json:
        output.as_json(found)
        return
    output.say(f"{found.id} is in stage {found.stage}")


@group.command()
def rename(
    name: RegisteredName, new_name: NewName, json: Json = False, workspace: Workspace = None
) -> None:
    """Rename a model; versions, aliases and history go with it.

    Example: `runyard models rename mnist digits`
    """
    from runyard.protocol.registered_models import ChangeRegisteredModel
    from runyard_server.cli import target

    change = ChangeRegisteredModel(name=new_name)
    found = target.client(workspace).registered_models.change(name, change)
    if json:
        output.as_json(found)
        return
    output.say(f"{name} is {found.name} now")


@group.command()
def describe(model: ModelId, text: Text, json: Json = False, workspace: Workspace = None) -> None:
    """Describe a model (`name`) or one version of it (`name:version`).

    Example: `runyard models describe mnist "digits from 28 x 28 pixels"`
    """
    _change(workspace, model, json=json, description=text)


@group.command()
def tag(
    model: ModelId,
    tags: Tags = None,
    remove: Removed = None,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Tag a model (`name`) or one version of it (`name:version`).

    Examples: `runyard models tag mnist team=vision`  ·  `runyard models tag mnist:3 --remove best
    checked=yes`
    """
    from runyard_server.cli import pairs

    _change(workspace, model, json=json, tags=pairs.read(tags or []), removed_tags=remove or [])


@group.command()
def history(
    model: ModelId, json: Json = False, limit: Limit = 50, workspace: Workspace = None
) -> None:
    """Show who changed what of a model or of one version, newest first.

    Examples: `runyard models history mnist`  ·  `runyard models history mnist:3`
    """
    from runyard.protocol.models import ModelChangePage
    from runyard_server.cli import target

    found = target.client(workspace).models.history(model, limit)
    page = ModelChangePage(list(found), found.next_page_token)
    if json:
        output.as_json(page)
        return
    columns = [Column("WHEN"), Column("VERSION", right=True), Column("WHO", worth=1)]
    columns += [Column("WHAT"), Column("DETAILS", worth=2)]
    tables.show(columns, [_change_row(each) for each in page.items], "nothing was changed yet")


@group.command()
def lineage(model: ModelId, json: Json = False, workspace: Workspace = None) -> None:
    """Show where a model version comes from: run, source, packages, data, metrics.

    Example: `runyard models lineage mnist@champion`
    """
    from runyard_server.cli import target

    found = target.client(workspace).models.lineage(model)
    if json:
        output.as_json(found)
        return
    output.facts(_lineage_facts(found))


@group.command()
def verify(model: ModelId, json: Json = False, workspace: Workspace = None) -> None:
    """Read all files of a model version and compare them with what was registered.

    It ends with status 1 when a file is damaged or missing, and names it.

    Example: `runyard models verify mnist:3`
    """
    from runyard_server.cli import target

    found = target.client(workspace).models.verify(model)
    if json:
        output.as_json(found)
    else:
        for state, paths in (("damaged", found.damaged), ("missing", found.missing)):
            for path in paths:
                output.say(f"{state}: {path}")
        bad = len(found.damaged) + len(found.missing)
        verdict = "all as registered" if found.is_intact else f"{bad} of them not as registered"
        size = humane.size(found.size)
        output.say(f"{found.model}: {humane.many(found.files, 'file')}, {size}, {verdict}")
    if not found.is_intact:
        raise failures.Exit(1)


@group.command()
def download(
    model: ModelId,
    to: AtFolder = ".",
    overwrite: Force = False,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Bring the files of a model version here.

    Examples: `runyard models download mnist`  ·  `runyard models download mnist:3 --to ./models`
    """
    from runyard.sdk import model_files
    from runyard_server.cli import target
    from runyard_server.cli.sdk_calls import told

    client = target.client(workspace)
    found = client.models.get(model)
    with told():
        path = model_files.download(client, found, to, overwrite, goes_on=True)
    if json:
        output.as_json(found)
        return
    output.say(f"{found.id} is in {path}")


@group.command()
def register(
    path: Source, name: RegisteredName, json: Json = False, workspace: Workspace = None
) -> None:
    """Register a file or folder here as the next version of a model.

    Examples: `runyard models register ./model.joblib digits`  ·  `runyard models register ./export
    tf-dnn-mnist`
    """
    from runyard.sdk import model_files, model_orders
    from runyard_server.cli import target
    from runyard_server.cli.sdk_calls import told

    client = target.client(workspace)
    with told():
        made = model_orders.order(name, "", None, None, None, None, None)
        files = model_files.local(path, None)
        found = model_files.register(client, made, path, files)
    if json:
        output.as_json(found)
        return
    output.say(
        f"registered {found.id}: {humane.many(found.file_count, 'file')}, {humane.size(found.size)}"
    )


@group.command()
def delete(
    models: ModelIds,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Delete versions (`name:version`) or whole models (`name`); the trash has them for a week.

    What an endpoint serves or an alias points to is not deleted.

    Examples: `runyard models delete mnist:3`  ·  `runyard models delete mnist --dry-run`
    """
    from runyard_server.cli import target

    client = target.client(workspace)
    deleting.delete(client, "model", models, dry_run=dry_run, yes=yes, json=json)


def _change(workspace: str | None, model: str, *, json: bool, **changes: object) -> None:
    """Change a version, or the name where no version is named."""
    from runyard.protocol.models import ChangeModel
    from runyard.protocol.registered_models import ChangeRegisteredModel
    from runyard_server.cli import target

    client = target.client(workspace)
    record: ModelRecord | RegisteredModelRecord
    if ":" in model or "@" in model:
        record = client.models.change(model, ChangeModel(**changes))  # type: ignore[arg-type]
        name = record.id
    else:
        order = ChangeRegisteredModel(**changes)  # type: ignore[arg-type]
        record = client.registered_models.change(model, order)
        name = record.name
    if json:
        output.as_json(record)
        return
    tags = ", ".join(f"{key}={value}" for key, value in record.tags.items())
    output.facts([("Model", name), ("Description", record.description), ("Tags", tags)])


def _change_row(each: "ModelChange") -> tuple[str, ...]:
    details = ", ".join(f"{name} {text}" for name, text in each.details.items())
    version = "" if each.version is None else str(each.version)
    return humane.ago(each.time), version, each.actor, each.action, details


def _lineage_facts(found: "ModelLineage") -> list[tuple[str, str]]:
    run, source, packages = found.run, found.snapshot, found.environment
    facts = [("Model", found.model)]
    if run is None:
        facts.append(("Run", "none: it was registered from files"))
    else:
        state = "deleted" if run.deleted else run.status
        state = state if run.status else "freed"
        facts.append(("Run", f"{run.id} ({run.experiment}, {state})"))
    if source is not None:
        size = humane.size(source.size)
        facts.append(
            ("Source", f"snapshot {source.id}: {humane.many(source.file_count, 'file')}, {size}")
        )
    commit = found.properties.get("azureml.git.commit", "")
    facts.append(("Commit", commit))
    if packages is not None:
        lock = f"Python {packages.python}, {packages.packages} packages, lock {packages.digest}"
        facts.append(("Environment", lock))
    facts += [("Data", f"{each.datastore}/{each.path} ({each.mode})") for each in found.data]
    facts += [("Dataset", _told_dataset(each)) for each in found.datasets]
    params = ", ".join(f"{name}={value}" for name, value in found.params.items())
    metrics = ", ".join(f"{name} {value:g}" for name, value in found.metrics.items())
    facts += [("Parameters", params), ("Metrics", metrics)]
    return [*facts, ("Served by", ", ".join(found.endpoints))]


def _told_dataset(one: "LineageDataset") -> str:
    name = f"{one.registered}:{one.version}" if one.registered else one.dataset
    changed = ", written meanwhile" if one.changed else ""
    return f"{name} as {one.use}, {one.digest}{changed}"
