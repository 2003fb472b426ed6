"""Reads metrics: of a run, and of a run with all below it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterable, Optional

from runyard.sdk import metrics as shapes
from runyard.sdk.exceptions import translated

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient
    from runyard.sdk.run_base import RunBase


def read(
    service: WorkspaceClient, run_id: str, name: Optional[str], populate: bool
) -> Dict[str, Any]:
    """Read a run's metrics by name, in the shapes of the v1 SDK."""
    from runyard.protocol.metrics import ARTIFACT, IMAGE

    with translated():
        read_now = service.metrics.list(run_id, name)
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


def read_below(
    runs: Iterable[RunBase], name: Optional[str], populate: bool
) -> Dict[str, Dict[str, Any]]:
    """Run id -> metrics of several runs."""
    return {one.id: read(one.service, one.id, name, populate) for one in runs}
