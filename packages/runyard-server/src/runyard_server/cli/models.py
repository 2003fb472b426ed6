"""`runyard models`: which there are, what is in one, and serving one."""

from typing import TYPE_CHECKING, Annotated

from runyard_server.cli import humane, output, tables
from runyard_server.cli.model_registry import group
from runyard_server.cli.options import (
    Filters,
    Json,
    Limit,
    ModelId,
    ModelName,
    Sort,
    Workspace,
    models_offered,
)
from runyard_server.cli.parameters import Argument, Option
from runyard_server.cli.serving_options import Environment, Gpus, NoWait, Script, Source
from runyard_server.cli.tables import Column
from runyard_server.cli.texts import cut_middle

if TYPE_CHECKING:
    from runyard.protocol.models import ModelRecord

Latest = Annotated[bool, Option("--latest", help="Only the newest version of each.")]

ServedModel = Annotated[
    str,
    Argument(
        "MODEL",
        help="`name`, `name:version`, `name@alias`, or a file or folder here.",
        complete=models_offered,
    ),
]
EndpointOf = Annotated[
    str | None,
    Option("--name", metavar="NAME", help="The endpoint's name; by default the model's."),
]
Replicas = Annotated[
    str | None,
    Option(
        "--replicas",
        metavar="COUNT",
        help="How many, or the fewest and the most: 2, 1-4, 0-4; by default 1.",
    ),
]
Port = Annotated[
    int | None,
    Option("--port", least=1, most=65535, help="Where it answers; by default a free one, kept."),
]
NoAuth = Annotated[bool, Option("--no-auth", help="Let whoever reaches it call it without a key.")]
Folder = Annotated[
    str,
    Option("--to", metavar="FOLDER", help="The folder to write; it is made."),
]
PackageOf = Annotated[
    str | None,
    Option("--name", metavar="NAME", help="What the image is called; by default as the model."),
]

COLUMNS = [
    Column("MODEL", cut=cut_middle),
    Column("SIZE", right=True, worth=3),
    Column("FILES", right=True, worth=1),
    Column("RUN", worth=2, cut=cut_middle),
    Column("AGE"),
]


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

    Fields are name, version, latest, stage, run, experiment, framework, framework_version, path,
    size, files, created_at, changed_at, created_by, description, tags.NAME and properties.NAME.

    For example:

    - `runyard models list --latest`

    - `runyard models list --name tf-dnn-mnist`

    - `runyard models list --filter "tags.team = 'vision' and size > 1000000" --sort -size`

    - `runyard models list --filter tag.team=vision --filter 'size>1000000'`: the same, short
    """
    from runyard_server.cli import conditions, target, typed

    models = target.client(workspace).models
    # Texts are named, since a version such as 1.13 would be read as a number.
    fields = conditions.Fields(
        texts=(
            "name",
            "run",
            "experiment",
            "framework",
            "framework_version",
            "path",
            "description",
            "stage",
            "created_by",
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


@group.command()
def serve(
    model: ServedModel,
    name: EndpointOf = None,
    script: Script = None,
    source: Source = None,
    environment: Environment = None,
    replicas: Replicas = None,
    gpus: Gpus = None,
    port: Port = None,
    no_auth: NoAuth = False,
    no_wait: NoWait = False,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Serve a model: a registered one, or a file or folder here, which is registered first.

    It answers until it is deleted, also when this command or the service has ended. Serving the
    same model again brings its newest version into the endpoint, without a failed request.

    Without a script the model itself tells how it is served: SavedModel, Keras, scikit-learn,
    ONNX, TorchScript and MLflow folders are known.

    For example:

    - `runyard models serve digits`: the newest version

    - `runyard models serve ./model.joblib --name digits`

    - `runyard models serve tf-dnn-mnist --script score.py`: with init() and run(data)

    - `runyard models serve digits:3 --replicas 0-4 --gpus 1`: none while nobody asks
    """
    from runyard_server.cli import endpoint_changes, serving

    given = {
        "script": script,
        "source": source,
        "environment": environment,
        "replicas": None if replicas is None else endpoint_changes.replicas_of(replicas),
        "gpus": gpus,
        "port": port,
        "auth": "none" if no_auth else None,
    }
    serving.serve(workspace, model, name, given, wait=not no_wait, json_wanted=json)


@group.command()
def package(
    model: ServedModel,
    to: Folder,
    name: PackageOf = None,
    script: Script = None,
    source: Source = None,
    environment: Environment = None,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Pack a model into a folder that any machine with Docker or Podman builds and runs.

    The folder has a Dockerfile, the code, the model, the exact packages with their hashes, and
    what serves them. The container needs no service and no key: it answers at its ports 5001 and
    8080 to POST /score, GET / (200 once the model is loaded), /swagger.json, /metrics, and to
    clients of TensorFlow Serving, Open Inference (KServe, Triton) and MLflow.

    The packages are those that `models serve` would take; a script without any beside it needs
    --environment. Writing to the same folder again writes it anew.

    For example:

    - `runyard models package digits --to ./digits-image`: then `docker build -t digits
      ./digits-image` and `docker run -p 8080:8080 digits`

    - `runyard models package tf-dnn-mnist:2 --to ./image --script score.py --environment
      requirements.txt`
    """
    from runyard_server.cli import packing

    given = {"script": script, "source": source, "environment": environment}
    packing.pack(workspace, model, to, name, given, json_wanted=json)


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
        ("Stage", "" if model.stage == "None" else model.stage),
        ("Aliases", ", ".join(f"@{alias}" for alias in model.aliases)),
        ("Created", f"{model.created_at} ({humane.ago(model.created_at)})"),
        ("By", model.created_by),
        ("Size", humane.size(model.size)),
        ("Description", model.description),
        ("Tags", ", ".join(f"{key}={value}" for key, value in model.tags.items())),
    ]
