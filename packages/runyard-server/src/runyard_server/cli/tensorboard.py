"""`runyard tensorboard`: TensorBoard over runs, and their metrics as event files."""

import threading
from pathlib import Path
from typing import Annotated

from runyard.protocol.errors import InvalidRequest
from runyard.sdk.experiments import Experiment
from runyard.sdk.runs import Run
from runyard.sdk.tensorboard import Tensorboard, export_to_tensorboard
from runyard.sdk.workspaces import Workspace as SdkWorkspace
from runyard_server.cli import output, sdk_calls, target
from runyard_server.cli.options import RUN_HELP, Json, Workspace
from runyard_server.cli.parameters import Argument, Group, Option
from runyard_server.cli.run_names import with_run

PORT = 6006

group = Group()

Runs = Annotated[list[str] | None, Argument("RUN", help=RUN_HELP)]
OfExperiment = Annotated[
    str | None,
    Option("--experiment", "-e", metavar="NAME", help="All runs of this experiment."),
]


@group.command()
def show(
    run: Runs = None,
    experiment: OfExperiment = None,
    port: Annotated[
        int, Option("--port", least=0, most=65535, help="The port; the next free one is taken.")
    ] = PORT,
    browser: Annotated[bool, Option("--browser", help="Open it here; else print where.")] = True,
    path_prefix: Annotated[
        str, Option("--path-prefix", metavar="PATH", help="Where a proxy shows it.")
    ] = "",
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Show runs in TensorBoard until Ctrl-C, also while they go on.

    Runs that write no event files get some from their metrics. TensorBoard is that of this
    Python; where it has none, the service makes an environment with it, once.

    Examples: `runyard tensorboard tf-mnist/3`  ·
    `runyard tensorboard show --experiment tf-mnist`
    """
    with sdk_calls.told():
        board = Tensorboard(_runs(run, experiment, workspace), port=port, _prefix=path_prefix)
        try:
            url = board.start(start_browser=browser, _tell=not json)
            if json:
                output.as_json({"url": url})
            threading.Event().wait()
        except KeyboardInterrupt:
            return
        finally:
            board.stop()


@group.command()
def export(
    folder: Annotated[str, Argument("FOLDER", help="The folder; each run gets one in it.")],
    run: Runs = None,
    experiment: OfExperiment = None,
    recursive: Annotated[
        bool, Option("--recursive", help="Runs below each, too, below its folder.")
    ] = True,
    json: Json = False,
    workspace: Workspace = None,
) -> None:
    """Write the metrics of runs as event files, for any TensorBoard.

    Examples: `runyard tensorboard export boards tf-mnist/3 tf-mnist/4`  ·
    `runyard tensorboard export boards --experiment tf-mnist`
    """
    with sdk_calls.told():
        runs = _runs(run, experiment, workspace)
        export_to_tensorboard(runs, folder, recursive=recursive)
    if json:
        output.as_json({"folder": folder, "runs": [one.id for one in runs]})
        return
    output.say(f"wrote {len(runs)} runs; tensorboard --logdir {Path(folder)} shows them")


group.otherwise = group.commands["show"]


def _runs(names: list[str] | None, experiment: str | None, workspace: str | None) -> list[Run]:
    """The runs that are meant.

    Args:
        names: Their names.
        experiment: All of this experiment, too.
        workspace: The workspace.

    Raises:
        InvalidRequest: None is.
    """
    client = target.client(workspace)
    records = [with_run(client, name, client.runs.get) for name in names or []]
    space = SdkWorkspace("", "", "", _connection=client.connection, _id=client.id)
    found = [Run(Experiment(space, one.experiment), one.id, _record=one) for one in records]
    if experiment is not None:
        found += Experiment(space, experiment).get_runs()
    if not found:
        raise InvalidRequest("name a run, or an experiment that has some with --experiment")
    return found
