"""Reads metrics: of a run, and of a run with all below it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterable, Optional, Sequence

from runyard.sdk import metrics as shapes
from runyard.sdk.exceptions import translated

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient
    from runyard.protocol.metrics import MetricSeries


def read(
    service: WorkspaceClient, run_id: str, name: Optional[str], populate: bool
) -> Dict[str, Any]:
    """Read a run's metrics by name, in the shapes of the v1 SDK.

    Args:
        service: The workspace's connection.
        run_id: Id of the run.
        name: Only this metric; None for all.
        populate: Whether images come as bytes in place of their addresses.
    """
    with translated():
        read_now = service.metrics.list(run_id, name)
    return _shaped(service, run_id, read_now, populate)


def read_many(
    service: WorkspaceClient, run_ids: Sequence[str], name: Optional[str], populate: bool
) -> Dict[str, Dict[str, Any]]:
    """Run id -> metrics of several runs of one workspace, asked for together.

    Args:
        service: The workspace's connection.
        run_ids: Ids of the runs.
        name: Only this metric; None for all.
        populate: Whether images come as bytes in place of their addresses.
    """
    with translated():
        found = service.metrics.read_many(run_ids, [] if name is None else [name])
    return {run: _shaped(service, run, found[run], populate) for run in run_ids}


def _shaped(
    service: WorkspaceClient, run_id: str, read_now: Iterable[MetricSeries], populate: bool
) -> Dict[str, Any]:
    from runyard.protocol.metrics import ARTIFACT, IMAGE

    # v1's address of a file of a run.
    prefix = f"aml://artifactId/ExperimentRun/dcid.{run_id}/"
    found = {}
    for series in read_now:
        value = shapes.shaped(series, prefix)
        if populate and series.kind in (IMAGE, ARTIFACT):
            value = _contents(service, run_id, series.values)
        found[series.name] = value
    return found


def _contents(service: WorkspaceClient, run_id: str, paths: Any) -> Any:
    from runyard.sdk import run_files

    contents = [run_files.content(service, run_id, path) for path in paths]
    return contents[0] if len(contents) == 1 else contents
