"""`runyard import`: what other trackers have kept, brought here."""

import sys
from pathlib import Path
from typing import Annotated

from runyard.protocol.mlflow import tracking_uri
from runyard_server.cli import humane, output
from runyard_server.cli.options import Json, Workspace
from runyard_server.cli.parameters import Argument, Group, Option

_WIDTH = 24
_MOST_TOLD = 5

group = Group()


@group.command()
def mlflow(
    place: Annotated[
        str,
        Argument("PATH|URL", help="A database (mlflow.db), a folder (mlruns), or a server."),
    ],
    artifacts: Annotated[
        str | None,
        Option("--artifacts", metavar="PATH", help="Where a server kept files of its runs."),
    ] = None,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Bring the experiments, runs, files and models of an MLflow here.

    Runs keep their ids. What has come already is left as it is, so an import that was
    interrupted goes on, and one that is repeated brings what is new.

    Examples: `runyard import mlflow mlruns`  ·  `runyard import mlflow sqlite:///mlflow.db`  ·
    `runyard import mlflow http://tracking:5000`
    """
    from runyard_server.cli import target
    from runyard_server.cli.importing.bringing import Import
    from runyard_server.cli.importing.opening import opened
    from runyard_server.cli.importing.server import Server

    service = target.client(workspace)
    address = service.connection
    server = Server(tracking_uri(address.url, service.id), address.token)
    source = opened(place, Path(artifacts) if artifacts else None)
    try:
        found = Import(source, server, _progress).bring()
    finally:
        source.close()
    if json:
        output.as_json(found)
        return
    output.say(
        f"{found.runs} runs came, {found.known} were here; {found.experiments} new experiments, "
        f"{found.files} files ({humane.size(found.bytes)}), {found.versions} versions of models, "
        f"{found.logged} logged models"
    )
    for one in found.missing[:_MOST_TOLD]:
        output.say(f"not here: {one}")
    if len(found.missing) > _MOST_TOLD:
        output.say(f"… and {len(found.missing) - _MOST_TOLD} more")


def _progress(done: int, total: int) -> None:
    """Draw how far it is, where somebody looks."""
    if not sys.stderr.isatty():
        return
    full = _WIDTH * done // max(1, total)
    end = "\n" if done == total else ""
    bar = "█" * full + "·" * (_WIDTH - full)
    output.write_error(f"\r{bar} {done}/{total} runs{end}")
