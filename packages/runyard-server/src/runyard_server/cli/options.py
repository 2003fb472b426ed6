"""The options that many commands share, and the completion of ids and names.

Completion asks a service that runs and never starts one; when anything is amiss it offers
nothing, because a shell's prompt is no place for an error.
"""

from typing import TYPE_CHECKING, Annotated

from runyard_server.cli.parameters import Argument, Given, Offers, Option

if TYPE_CHECKING:
    from runyard_server.cli.target import WorkspaceClient

MOST_OFFERED = 50
MOST_NAMES = 100


def _workspaces(_: Given, __: str) -> Offers:
    from runyard_server.cli import target

    return target.workspace_names()


def _run_ids(given: Given, incomplete: str) -> Offers:
    """Offer run ids with their experiment and status, newest first."""
    from runyard.protocol.runs import RunQuery

    query = RunQuery(id_prefix=incomplete or None)
    found = _client(given).runs.list(query, MOST_OFFERED)
    return [(run.id, f"{run.experiment}: {run.status}") for run in found]


def _sweep_ids(given: Given, _: str) -> Offers:
    """Offer the ids of the newest sweeps with their experiment and status."""
    found = _client(given).sweeps.list(limit=MOST_OFFERED)
    return [(each.id, f"{each.spec.experiment}: {each.status}") for each in found]


def _statuses(_: Given, __: str) -> Offers:
    from runyard.protocol import runs

    return runs.STATUSES


def _experiments(given: Given, _: str) -> Offers:
    return [item.name for item in _client(given).experiments.list(MOST_NAMES)]


def _ranks(given: Given, _: str) -> Offers:
    """Offer the processes of the run that was named."""
    if not given.get("run"):
        return []
    found = _client(given).runs.ranks(given["run"])
    return [(str(one.rank), f"{one.name} on {one.node_name}: {one.state}") for one in found]


def models_offered(given: Given, _: str) -> Offers:
    """Offer the names of models."""
    from runyard.protocol.models import ModelQuery

    query = ModelQuery(latest=True)
    return [item.name for item in _client(given).models.list(query, MOST_NAMES)]


def _endpoints(given: Given, _: str) -> Offers:
    """Offer the names of endpoints with their state and what they serve."""
    found = _client(given).endpoints.list(limit=MOST_NAMES)
    return [(each.name, each.state) for each in found]


def _deployments(given: Given, _: str) -> Offers:
    """Offer the deployments of the endpoint that was named."""
    if not given.get("endpoint"):
        return []
    record = _client(given).endpoints.get(given["endpoint"])
    return [(each.name, f"{each.percent} %: {each.state}") for each in record.deployments]


def _compute(given: Given, _: str) -> Offers:
    return [item.name for item in _client(given).compute.list()]


def _datasets(given: Given, _: str) -> Offers:
    return [item.name for item in _client(given).datasets.list(limit=MOST_NAMES)]


def _datastores(given: Given, _: str) -> Offers:
    return [item.name for item in _client(given).datastores.list()]


def _client(given: Given) -> "WorkspaceClient":
    from runyard_server.cli import target

    return target.client(given.get("workspace"), start=False)


RUN_HELP = "A run's id, as much of it as no other has, or EXPERIMENT/NUMBER."

Json = Annotated[bool, Option("--json", help="Print the protocol's records as JSON.")]
Workspace = Annotated[
    str | None,
    Option(
        "--workspace",
        "-w",
        variable="RUNYARD_WORKSPACE",
        metavar="NAME",
        help="The workspace; by default the one that config.json names, else 'default'.",
        complete=_workspaces,
    ),
]
Limit = Annotated[int, Option("--limit", "-n", least=1, help="How many to show.")]
Status = Annotated[
    str | None,
    Option(
        "--status",
        metavar="STATUS",
        help="Only runs in this status, for example Failed.",
        complete=_statuses,
    ),
]
Filters = Annotated[
    list[str] | None,
    Option(
        "--filter",
        metavar="CONDITION",
        help="Only those of which it holds: \"metrics.loss < 0.5 and status = 'Failed'\", "
        "or short: FIELD=VALUE, !=, <, <=, >, >=, FIELD~PART, or FIELD.",
    ),
]
Sort = Annotated[
    str | None,
    Option("--sort", metavar="FIELD", help="The order; with - before it, the largest first."),
]
RunId = Annotated[
    str,
    Argument("RUN", help=RUN_HELP, complete=_run_ids),
]
Rank = Annotated[
    str | None,
    Option(
        "--rank",
        metavar="RANK",
        help="One process of a run with several, by its rank or its name: 3, worker_1.",
        complete=_ranks,
    ),
]
OptionalRun = Annotated[
    str | None,
    Argument("RUN", help=f"{RUN_HELP} None: the front page.", complete=_run_ids),
]
RunIds = Annotated[
    list[str],
    Argument("RUN...", help=RUN_HELP, complete=_run_ids),
]
SweepId = Annotated[
    str,
    Argument("SWEEP", help=f"A sweep's name, or {RUN_HELP[2:]}", complete=_sweep_ids),
]
SweepIds = Annotated[
    list[str],
    Argument("SWEEP...", help=f"A sweep's name, or {RUN_HELP[2:]}", complete=_sweep_ids),
]
ExperimentNames = Annotated[
    list[str], Argument("NAME...", help="Names of experiments.", complete=_experiments)
]
Experiment = Annotated[
    str | None,
    Option(
        "--experiment",
        "-e",
        metavar="NAME",
        help="Only of this experiment.",
        complete=_experiments,
    ),
]
ModelName = Annotated[
    str | None,
    Option("--name", metavar="NAME", help="Only versions of this model.", complete=models_offered),
]
ModelId = Annotated[
    str,
    Argument(
        "MODEL",
        help="`name` for the latest version, `name:version` or `name@alias`.",
        complete=models_offered,
    ),
]
EndpointName = Annotated[
    str,
    Argument("ENDPOINT", help="An endpoint's name.", complete=_endpoints),
]
EndpointNames = Annotated[
    list[str],
    Argument("ENDPOINT...", help="Names of endpoints.", complete=_endpoints),
]
DeploymentName = Annotated[
    str | None,
    Option(
        "--deployment",
        "-d",
        metavar="NAME",
        help="One deployment; by default the one that the traffic goes to.",
        complete=_deployments,
    ),
]
ComputeName = Annotated[
    str,
    Argument("CLUSTER", help="A cluster's name.", complete=_compute),
]
DatasetName = Annotated[
    str,
    Argument("DATASET", help="NAME, NAME:VERSION or an id.", complete=_datasets),
]
OtherDataset = Annotated[
    str,
    Argument("OTHER", help="The version to hold it against.", complete=_datasets),
]
DatastoreName = Annotated[
    str,
    Argument(
        "DATASTORE",
        help="A datastore's name.",
        complete=_datastores,
    ),
]
