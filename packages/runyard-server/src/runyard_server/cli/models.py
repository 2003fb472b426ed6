"""`runyard models`."""

from typing import TYPE_CHECKING, Annotated

from runyard_server.cli import humane, output, tables
from runyard_server.cli.options import (
    Filters,
    Json,
    Limit,
    ModelId,
    ModelName,
    Sort,
    Workspace,
)
from runyard_server.cli.parameters import Group, Option
from runyard_server.cli.tables import Column
from runyard_server.cli.texts import cut_middle

if TYPE_CHECKING:
    from runyard.protocol.models import ModelRecord

Latest = Annotated[bool, Option("--latest", help="Only the newest version of each.")]

COLUMNS = [
    Column("MODEL", cut=cut_middle),
    Column("SIZE", right=True, worth=3),
    Column("FILES", right=True, worth=1),
    Column("RUN", worth=2, cut=cut_middle),
    Column("AGE"),
]

group = Group()


@group.command("list")
def list_(
    json: Json = False,
    name: ModelName = None,
    latest: Latest = False,
    filters: Filters = None,
    sort: Sort = None,
    limit: Limit = 50,
    workspace: Workspace = None,
) -> None:
    """List model versions, newest first.

    Fields are name, version, latest, run, experiment, framework, framework_version, path, size,
    files, created_at, description, tags.NAME and properties.NAME.

    For example:

    - `runyard models list --latest`

    - `runyard models list --name tf-dnn-mnist`

    - `runyard models list --filter "tags.team = 'vision' and size > 1000000" --sort -size`

    - `runyard models list --filter tag.team=vision --filter 'size>1000000'`: the same, short
    """
    from runyard_server.cli import conditions, target, typed

    models = target.client(workspace).models
    fields = conditions.Fields(
        texts=(
            "name",
            "run",
            "experiment",
            "framework",
            "framework_version",
            "path",
            "description",
        ),
        switches=("latest",),
    )
    those = [one for text in filters or [] for one in conditions.read(text, fields)]
    if name is not None:
        those.append(typed.option("--name", "name", name))
    if latest:
        those.append(typed.option("--latest", "latest", latest))
    page = typed.found(models.search, those, typed.sort(sort), limit=limit)
    if name is not None and not page.items:
        models.get(name)  # says that there is none, and which are near
    if json:
        output.as_json(page)
        return
    tables.show(
        COLUMNS,
        [_row(model) for model in page.items],
        lambda: (
            "no model yet; `run.register_model(...)` registers one" + target.elsewhere(workspace)
        ),
    )


@group.command()
def show(model: ModelId, json: Json = False, workspace: Workspace = None) -> None:
    """Show a model version and its files.

    Examples: `runyard models show tf-dnn-mnist`  ·  `runyard models show tf-dnn-mnist:2 --json`
    """
    from runyard_server.cli import target

    found = target.client(workspace).models.get(model)
    if json:
        output.as_json(found)
        return
    output.facts(_facts(found))
    tables.show(
        [Column("FILE", cut=cut_middle), Column("SIZE", right=True)],
        [(f.path, humane.size(f.size)) for f in found.files],
        "it has no files",
    )


def _row(model: "ModelRecord") -> tuple[str, ...]:
    return (
        model.id,
        humane.size(model.size),
        str(model.file_count),
        model.run or "",
        humane.age(model.created_at),
    )


def _facts(model: "ModelRecord") -> list[tuple[str, str]]:
    framework = f"{model.framework} {model.framework_version}".strip()
    return [
        ("Model", model.id),
        ("Registered from", model.path),
        ("Run", model.run or ""),
        ("Experiment", model.experiment or ""),
        ("Framework", framework),
        ("Created", f"{model.created_at} ({humane.ago(model.created_at)})"),
        ("Size", humane.size(model.size)),
        ("Description", model.description),
        ("Tags", ", ".join(f"{key}={value}" for key, value in model.tags.items())),
    ]
