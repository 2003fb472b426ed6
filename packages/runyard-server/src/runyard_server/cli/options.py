"""The options that many commands share, and the completion of ids and names.

Completion asks a service that runs and never starts one; when anything is amiss it offers
nothing, because a shell's prompt is no place for an error.
"""

from collections.abc import Callable
from typing import Annotated

import typer

from runyard.protocol import compute, models, routes, runs
from runyard.protocol.errors import RunyardError
from runyard_server.cli import target

MOST_OFFERED = 50

Json = Annotated[bool, typer.Option("--json", help="Print the protocol's records as JSON.")]
Workspace = Annotated[
    str | None,
    typer.Option(
        "--workspace",
        "-w",
        envvar="RUNYARD_WORKSPACE",
        metavar="NAME",
        help="The workspace; by default the one that config.json names, else 'default'.",
        autocompletion=lambda incomplete: _matching(target.workspace_names, incomplete),
    ),
]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="How many to show.")]


def _matching(ask: Callable[[], list[str]], incomplete: str) -> list[str]:
    try:
        return [name for name in ask() if name.startswith(incomplete)]
    except (RunyardError, OSError):
        return []


def _run_ids(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Offer run ids with their experiment and status, newest first."""

    def ask() -> list[runs.RunRecord]:
        query = runs.RunQuery(page_size=MOST_OFFERED)
        return _client(ctx).call(routes.RUNS_LIST, query=query).items

    try:
        found = ask()
    except (RunyardError, OSError):
        return []
    return [
        (run.id, f"{run.experiment}: {run.status}")
        for run in found
        if run.id.startswith(incomplete)
    ]


def _experiments(ctx: typer.Context, incomplete: str) -> list[str]:
    return _matching(
        lambda: [item.name for item in _client(ctx).call(routes.EXPERIMENTS_LIST).items], incomplete
    )


def _ranks(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Offer the processes of the run that was named."""
    # Behind an option that still lacks its value, arguments are not given their names.
    run = ctx.params.get("run") or next(iter(ctx.args), "")
    if not run:
        return []
    try:
        found = _client(ctx).call(routes.GANGS_RANKS, run).items
    except (RunyardError, OSError):
        return []
    return [
        (str(one.rank), f"{one.name} on {one.node_name}: {one.state}")
        for one in found
        if str(one.rank).startswith(incomplete)
    ]


def _models(ctx: typer.Context, incomplete: str) -> list[str]:
    query = models.ModelQuery(latest=True)
    return _matching(
        lambda: [item.name for item in _client(ctx).call(routes.MODELS_LIST, query=query).items],
        incomplete,
    )


def _compute(ctx: typer.Context, incomplete: str) -> list[str]:
    def ask() -> list[str]:
        found: compute.ComputePage = _client(ctx).call(routes.COMPUTE_LIST)
        return [item.name for item in found.items]

    return _matching(ask, incomplete)


def _datastores(ctx: typer.Context, incomplete: str) -> list[str]:
    return _matching(
        lambda: [item.name for item in _client(ctx).call(routes.DATASTORES_LIST).items], incomplete
    )


def _client(ctx: typer.Context) -> target.WorkspaceClient:
    return target.client(ctx.params.get("workspace"), start=False)


RunId = Annotated[
    str,
    typer.Argument(metavar="RUN", help="A run's id.", autocompletion=_run_ids, show_default=False),
]
Rank = Annotated[
    str | None,
    typer.Option(
        "--rank",
        metavar="RANK",
        help="One process of a run with several, by its rank or its name: 3, worker_1.",
        autocompletion=_ranks,
    ),
]
RunIds = Annotated[
    list[str],
    typer.Argument(metavar="RUN...", help="Run ids.", autocompletion=_run_ids, show_default=False),
]
Experiment = Annotated[
    str | None,
    typer.Option(
        "--experiment",
        "-e",
        metavar="NAME",
        help="Only of this experiment.",
        autocompletion=_experiments,
    ),
]
ModelName = Annotated[
    str | None,
    typer.Option(
        "--name", metavar="NAME", help="Only versions of this model.", autocompletion=_models
    ),
]
ModelId = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="`name` for the latest version, or `name:version`.",
        autocompletion=_models,
        show_default=False,
    ),
]
ComputeName = Annotated[
    str,
    typer.Argument(
        metavar="CLUSTER", help="A cluster's name.", autocompletion=_compute, show_default=False
    ),
]
DatastoreName = Annotated[
    str,
    typer.Argument(
        metavar="DATASTORE",
        help="A datastore's name.",
        autocompletion=_datastores,
        show_default=False,
    ),
]
