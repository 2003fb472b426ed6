"""`runyard models`."""

from typing import Annotated

import typer

from runyard.protocol import routes
from runyard.protocol.models import ModelQuery, ModelRecord
from runyard_server.cli import output, target
from runyard_server.cli.options import Json, Limit, ModelId, ModelName, Workspace
from runyard_server.cli.paging import collect

Latest = Annotated[bool, typer.Option("--latest", help="Only the newest version of each.")]

app = typer.Typer(help="Registered models and their versions.", no_args_is_help=True)


@app.command("list")
def list_(
    json: Json = False,
    name: ModelName = None,
    latest: Latest = False,
    limit: Limit = 50,
    workspace: Workspace = None,
) -> None:
    """List model versions, newest first.

    Examples: `runyard models list --latest`  ·  `runyard models list --name tf-dnn-mnist`
    """
    query = ModelQuery(name=name, latest=latest)
    page = collect(target.client(workspace), routes.MODELS_LIST, query=query, limit=limit)
    if json:
        output.as_json(page)
        return
    output.table(
        ["MODEL", ">SIZE", ">FILES", "RUN", "CREATED"],
        [_row(model) for model in page.items],
        "no model yet; `run.register_model(...)` registers one",
    )


@app.command()
def show(model: ModelId, json: Json = False, workspace: Workspace = None) -> None:
    """Show a model version and its files.

    Examples: `runyard models show tf-dnn-mnist`  ·  `runyard models show tf-dnn-mnist:2 --json`
    """
    found = target.client(workspace).call(routes.MODELS_GET, model)
    if json:
        output.as_json(found)
        return
    output.facts(_facts(found))
    output.table(
        ["FILE", ">SIZE"], [(f.path, output.size(f.size)) for f in found.files], "it has no files"
    )


def _row(model: ModelRecord) -> tuple[str, ...]:
    return (
        model.id,
        output.size(model.size),
        str(model.file_count),
        model.run or "",
        output.ago(model.created_at),
    )


def _facts(model: ModelRecord) -> list[tuple[str, str]]:
    framework = f"{model.framework} {model.framework_version}".strip()
    return [
        ("Model", model.id),
        ("Registered from", model.path),
        ("Run", model.run or ""),
        ("Experiment", model.experiment or ""),
        ("Framework", framework),
        ("Created", f"{model.created_at} ({output.ago(model.created_at)})"),
        ("Size", output.size(model.size)),
        ("Description", model.description),
        ("Tags", ", ".join(f"{key}={value}" for key, value in model.tags.items())),
    ]
